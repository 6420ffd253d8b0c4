//! `wharf validate`: says whether modules and components are valid, without compiling them.
//!
//! Apart, as each command is.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::engine::EngineOptions;
use crate::failure::{EXIT_OTHER, Failure, Outcome};
use crate::input::Input;

/// Check that modules and components are valid
#[derive(Args)]
#[command(after_help = "Says nothing about modules that are valid.")]
pub struct Arguments {
    /// The modules: binary, text, or `-` for standard input
    #[arg(default_value = "-")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    engine: EngineOptions,
}

/// Checks all of them, and fails if one is not valid.
pub fn run(arguments: &Arguments) -> Outcome {
    Ok(
        match validate_all(arguments.engine.features()?, &arguments.files) {
            true => ExitCode::SUCCESS,
            false => ExitCode::from(EXIT_OTHER),
        },
    )
}

/// Whether all of some modules and components are valid; says what is wrong with those that are not.
pub fn validate_all(features: wharf::Features, files: &[PathBuf]) -> bool {
    let mut all = true;
    for file in files {
        if let Err(failure) = validate(features, file) {
            failure.show();
            all = false;
        }
    }
    all
}

fn validate(features: wharf::Features, file: &Path) -> Result<(), Failure> {
    let mut input = Input::read(file)?;
    let wasm = input.take_wasm()?;
    wharf::Module::validate_binary(&wasm, features).map_err(|error| input.failure(&error))?;
    if let Err(error) = wharf::Module::validate_hints(&wasm) {
        eprintln!("warning: {}: {error}", input.name());
    }
    Ok(())
}
