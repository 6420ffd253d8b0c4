//! `wasm-validate`: a module, and flags for features.
//!
//! Apart, as each tool is.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::failure::Outcome;
use crate::validate::validate_all;

/// Check that a module is valid
#[derive(Parser)]
#[command(name = "wasm-validate", version)]
pub struct Arguments {
    /// The module
    file: PathBuf,
}

/// Checks it, with all features.
pub fn run(arguments: Arguments) -> Outcome {
    let mut config = wharf::Config::new();
    config.features(wharf::Features::runnable());
    Ok(match validate_all(&config, &[arguments.file])? {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(crate::failure::EXIT_OTHER),
    })
}
