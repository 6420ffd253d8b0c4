//! `wharf wat2wasm`: text to the binary format.
//!
//! Apart, as each command is.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::failure::{Failure, Outcome};
use crate::input::Input;
use crate::output::Output;

/// Translate text (.wat) to the binary format (.wasm)
#[derive(Args)]
#[command(visible_alias = "parse")]
#[command(
    after_help = "The result is checked, with all features; what is wrong is shown in the text.\n\nExample: wharf wat2wasm add.wat -o add.wasm"
)]
pub struct Arguments {
    /// The module or component: text, binary, or `-` for standard input
    #[arg(default_value = "-")]
    file: PathBuf,

    #[command(flatten)]
    output: Output,

    /// Write it even if it is not valid
    #[arg(long)]
    no_check: bool,

    /// Leave out names of functions, locals and the like
    #[arg(long)]
    no_names: bool,

    /// Add DWARF line tables, so that debuggers and backtraces name lines of the text
    #[arg(short = 'g', long)]
    lines: bool,
}

/// Translates, checks and writes.
pub fn run(arguments: &Arguments) -> Outcome {
    let mut input = Input::read(&arguments.file)?;
    let mut wasm = translate(&mut input, arguments.lines)?;
    if !arguments.no_check {
        check(&input, &wasm, wharf::Features::decodable())?;
    }
    if arguments.no_names {
        wasm = text::without_names(&wasm);
    }
    arguments.output.write_binary(&wasm)?;
    Ok(ExitCode::SUCCESS)
}

/// The bytes of a module or component, with line tables or without.
///
/// # Errors
///
/// The text is malformed.
pub fn translate(input: &mut Input, lines: bool) -> Result<Vec<u8>, Failure> {
    match lines {
        true => input.take_wasm(),
        false => input.take_wasm_without_lines(),
    }
}

/// Checks what a text became.
///
/// # Errors
///
/// It is not valid: what is wrong, and where in the text.
pub fn check(input: &Input, wasm: &[u8], features: wharf::Features) -> Result<(), Failure> {
    wharf::Module::validate_binary(wasm, features).map_err(|error| input.failure(&error))
}
