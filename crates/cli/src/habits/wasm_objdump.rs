//! `wasm-objdump`: files, and what to show of them.
//!
//! Apart, as each tool is.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::failure::{Failure, Outcome};
use crate::input::Input;
use crate::objdump::{Wanted, check, dump};
use crate::output;

/// Print information about the contents of wasm binaries
#[derive(Parser)]
#[command(name = "wasm-objdump", version, disable_help_flag = true)]
pub struct Arguments {
    /// The modules
    #[arg(required = true)]
    files: Vec<PathBuf>,

    #[command(flatten)]
    wanted: Wanted,

    /// Accepted for scripts: there is nothing more to say
    #[arg(long)]
    debug: bool,

    /// Print this help message
    #[arg(long, action = clap::ArgAction::Help)]
    help: Option<bool>,
}

/// Shows them one after the other, up to the first with a fault.
pub fn run(arguments: Arguments) -> Outcome {
    let wanted = &arguments.wanted;
    if !(wanted.headers || wanted.details || wanted.disassemble || wanted.full_contents) {
        return Err(Failure::new(
            "At least one of the following switches must be given:\n -d/--disassemble\n -h/--headers\n -x/--details\n -s/--full-contents",
        ));
    }
    for file in &arguments.files {
        let mut input = Input::read(file)?;
        let wasm = input.take_wasm_without_lines()?;
        let faults = output::to_stdout(|out| dump(out, &input.name(), &wasm, wanted))?;
        check(&input.name(), faults)?;
    }
    Ok(ExitCode::SUCCESS)
}
