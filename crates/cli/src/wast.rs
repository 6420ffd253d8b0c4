//! `wharf wast`: runs test scripts.
//!
//! Apart, as each command is.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::engine::EngineOptions;
use crate::failure::{EXIT_OTHER, Failure, Outcome};
use crate::input::Input;

/// Run test scripts (.wast)
#[derive(Args)]
pub struct Arguments {
    /// The scripts, or `-` for standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,

    #[command(flatten)]
    engine: EngineOptions,
}

/// Runs all of them, and fails if anything in one of them did.
pub fn run(arguments: &Arguments) -> Outcome {
    let config = arguments.engine.config()?;
    let mut code = ExitCode::SUCCESS;
    for file in &arguments.files {
        match run_script(file, &config) {
            Ok(line) => println!("{line}"),
            Err(failure) => {
                failure.show();
                code = ExitCode::from(EXIT_OTHER);
            }
        }
    }
    Ok(code)
}

fn run_script(file: &Path, config: &wharf::Config) -> Result<String, Failure> {
    let input = Input::read(file)?;
    let name = input.name();
    let source = input
        .as_text()
        .ok_or_else(|| Failure::new(format!("{name} is not UTF-8 text")))?;
    let report = script::run(source, Some(Path::new(&*name)), config).map_err(Failure::new)?;
    Ok(format!("{name}: {} assertions held", report.assertions))
}
