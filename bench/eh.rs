//! Programs that throw exceptions, and one that only might: see `programs.rs` for how to run them.

mod programs;

use std::process::ExitCode;

/// The programs, each with an amount of work that takes none of the engines long.
const PROGRAMS: &[(&str, u32)] = &[
    ("throw_here", 5_000_000),
    ("throw_near", 1_000_000),
    ("throw_far", 500_000),
    ("throw_past", 500_000),
    ("quiet", 38),
    ("quiet_without", 38),
];

fn main() -> ExitCode {
    programs::main("eh", PROGRAMS)
}
