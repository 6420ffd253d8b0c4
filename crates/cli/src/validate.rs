//! `wharf validate`: says whether modules are valid, without compiling them.
//!
//! Apart, as each command is.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::engine::{self, EngineOptions};
use crate::failure::{EXIT_OTHER, Failure, Outcome};
use crate::input::Input;

/// Check that modules are valid
#[derive(Args)]
#[command(after_help = "Says nothing about modules that are valid.")]
pub struct Arguments {
    /// The modules: binary, text, or `-` for standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,

    #[command(flatten)]
    engine: EngineOptions,
}

/// Checks all of them, and fails if one is not valid.
pub fn run(arguments: &Arguments) -> Outcome {
    Ok(
        match validate_all(&arguments.engine.config()?, &arguments.files)? {
            true => ExitCode::SUCCESS,
            false => ExitCode::from(EXIT_OTHER),
        },
    )
}

/// Whether all of some modules are valid; says what is wrong with those that are not.
///
/// # Errors
///
/// There can be no engine of this configuration.
pub fn validate_all(config: &wharf::Config, files: &[PathBuf]) -> Result<bool, Failure> {
    let engine = engine::start(config.clone().tier(wharf::Tier::Interp))?;
    let mut all = true;
    for file in files {
        if let Err(failure) = validate(&engine, file) {
            failure.show();
            all = false;
        }
    }
    Ok(all)
}

fn validate(engine: &wharf::Engine, file: &Path) -> Result<(), Failure> {
    let mut input = Input::read(file)?;
    let wasm = input.take_wasm()?;
    wharf::Module::validate(engine, &wasm).map_err(|error| input.failure(&error))?;
    if let Err(error) = wharf::Module::validate_hints(&wasm) {
        eprintln!("warning: {}: {error}", input.name());
    }
    Ok(())
}
