//! The development commands of Wharf, as `cargo xtask COMMAND`.
//!
//! A crate of its own, with nothing but the standard library, so that it builds in a second, runs on every platform that
//! Rust runs on, and is reviewed like the rest of the code. Its tests run `tidy`, so `cargo test` keeps the walls.
#![forbid(unsafe_code)]

mod command;
mod json;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = match args.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("help", &[][..]),
    };
    if let Some(command) = command::ALL.iter().find(|command| command.name == name) {
        return match (command.run)(rest) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => {
                eprintln!("error: {message}");
                ExitCode::FAILURE
            }
        };
    }
    if !matches!(name, "help" | "--help" | "-h") {
        eprintln!("error: no such command: {name}\n");
    }
    eprintln!("cargo xtask COMMAND\n");
    for command in command::ALL {
        eprintln!("  {:<8}{}", command.name, command.about);
    }
    ExitCode::from(if matches!(name, "help" | "--help" | "-h") {
        0
    } else {
        2
    })
}

/// The folder that holds the whole project.
fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask
        .parent()
        .expect("xtask lies in the project's root")
        .to_owned()
}
