//! `wharf completion`: prints what a shell needs to complete our commands.
//!
//! Apart, as each command is; the script follows from the declarations in the other files.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use clap_complete::Shell;

use crate::failure::{Failure, Outcome};

/// Print a completion script for a shell
#[derive(Args)]
pub struct Arguments {
    /// The shell that will read the script
    shell: Shell,
}

/// Prints the script.
pub fn run(arguments: &Arguments) -> Outcome {
    let mut script = Vec::new();
    let mut command = crate::arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "wharf", &mut script);
    let written = std::io::stdout().write_all(&script);
    written.map_err(|error| Failure::new(format!("cannot write to standard output: {error}")))?;
    Ok(ExitCode::SUCCESS)
}
