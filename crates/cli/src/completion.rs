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
    let script = script(arguments.shell);
    let written = std::io::stdout().write_all(&script);
    written.map_err(|error| Failure::new(format!("cannot write to standard output: {error}")))?;
    Ok(ExitCode::SUCCESS)
}

fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(
        shell,
        &mut crate::arguments::command(),
        "wharf",
        &mut script,
    );
    script
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;
    use clap_complete::Shell;

    #[test]
    fn every_shell_learns_every_command() {
        for shell in Shell::value_variants() {
            let script = String::from_utf8(super::script(*shell)).unwrap();
            for word in ["compile", "validate", "max-memory", "wharf"] {
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }
}
