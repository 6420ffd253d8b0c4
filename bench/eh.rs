//! Programs that throw exceptions, and one that only might: see `programs.rs` for how to run them.

mod programs;

use std::process::ExitCode;

/// The programs, each with an amount of work of about a second.
const PROGRAMS: &[(&str, u32)] = &[
    ("throw_here", 300_000_000),
    ("throw_near", 5_000_000),
    ("throw_far", 2_000_000),
    ("throw_past", 2_000_000),
    ("quiet", 42),
    ("quiet_without", 42),
];

fn main() -> ExitCode {
    programs::main("eh", PROGRAMS)
}
