//! Programs that live from garbage collection: see `programs.rs` for how to run them.

mod programs;

use std::process::ExitCode;

/// The programs, each with an amount of work of about a second.
const PROGRAMS: &[(&str, u32)] = &[
    ("binary_trees", 17),
    ("splay", 400_000),
    ("list_churn", 10_000_000),
    ("arrays", 40),
    ("casts", 2_000),
];

fn main() -> ExitCode {
    programs::main("gc", PROGRAMS)
}
