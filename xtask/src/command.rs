//! One row a command: what it is called, what it does, how it is run.
//!
//! Apart from `tidy`, which is a command only by being in this table; the others start a program each.

use std::path::Path;
use std::process::Command;

use crate::{root, tidy};

/// A row of the table that `main` chooses from and that `help` prints.
pub struct Row {
    pub name: &'static str,
    pub about: &'static str,
    pub run: fn(&[String]) -> Result<(), String>,
}

pub const ALL: &[Row] = &[
    Row {
        name: "tidy",
        about: "check walls, sources and docs; --bless accepts the number of unsafe",
        run: run_tidy,
    },
    Row {
        name: "ci",
        about: "everything a change must pass: format, lints, tests",
        run: run_ci,
    },
    Row {
        name: "bless",
        about: "rewrite expected outputs, the README's table and the unsafe budget",
        run: run_bless,
    },
    Row {
        name: "bench",
        about: "measure, beside other engines; arguments go to the benchmarks",
        run: run_bench,
    },
    Row {
        name: "fuzz",
        about: "SECONDS of generated modules on all cores, or a TARGET for cargo-fuzz",
        run: run_fuzz,
    },
];

fn run_tidy(args: &[String]) -> Result<(), String> {
    if args.iter().any(|arg| arg == "--bless") {
        tidy::write_unsafe_budget(&root())?;
    }
    let report = tidy::check(&root())?;
    for remark in &report.remarks {
        println!("remark: {remark}");
    }
    for problem in &report.problems {
        eprintln!("error: {problem}");
    }
    match report.problems.len() {
        0 => {
            println!("tidy: {} files, no problems", report.n_files);
            Ok(())
        }
        n => Err(format!("tidy found {n} problem(s)")),
    }
}

fn run_ci(_: &[String]) -> Result<(), String> {
    run(Command::new(root().join(".ci/run")))
}

fn run_bless(args: &[String]) -> Result<(), String> {
    let mut cargo = cargo(&root());
    cargo
        .args(["test", "--workspace"])
        .args(args)
        .env("UPDATE", "1")
        .env("UPDATE_EXPECT", "1");
    tidy::write_unsafe_budget(&root())?;
    run(cargo)
}

fn run_bench(args: &[String]) -> Result<(), String> {
    let mut cargo = cargo(&root().join("bench"));
    cargo.arg("bench").args(args);
    run(cargo)
}

fn run_fuzz(args: &[String]) -> Result<(), String> {
    let mut cargo = cargo(&root().join("fuzz"));
    match args.split_first() {
        Some((target, rest)) if target.parse::<u64>().is_err() => {
            cargo
                .args([
                    "fuzz",
                    "run",
                    "--features",
                    "targets",
                    target,
                    "--fuzz-dir",
                    ".",
                ])
                .args(rest);
        }
        // Without a fuzzing engine: inputs from seeds.
        _ => {
            cargo
                .args(["run", "--release", "--bin", "seeded", "--"])
                .args(args);
        }
    }
    run(cargo)
}

/// The cargo that started us, so that a toolchain chosen on the command line stays chosen.
fn cargo(folder: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(folder);
    cargo
}

fn run(mut command: Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{program} ended with {status}")),
        Err(error) => Err(format!("cannot start {program}: {error}")),
    }
}
