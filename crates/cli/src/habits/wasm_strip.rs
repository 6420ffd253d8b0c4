//! `wasm-strip`: custom sections of a module, in place.
//!
//! Apart, as each tool is.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use surgery::Strip;

use crate::failure::Outcome;
use crate::input::Input;
use crate::output::Output;
use crate::strip::stripped;

/// Remove sections of a WebAssembly binary file
#[derive(Parser)]
#[command(name = "wasm-strip", version)]
pub struct Arguments {
    /// The module; it is written in place unless -o names another file
    filename: PathBuf,

    /// Output wasm binary file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Section name to keep in the final output
    #[arg(short, long = "keep-section", value_name = "SECTION NAME")]
    keep: Vec<String>,

    /// Section to specifically remove; all others stay then
    #[arg(short = 'R', long = "remove-section", value_name = "SECTION NAME")]
    remove: Vec<String>,
}

/// Strips every custom section, or those that are named.
pub fn run(arguments: Arguments) -> Outcome {
    // Of sections that are both kept and removed, this tool keeps none.
    let is_removed = |name: &String| arguments.remove.contains(name);
    let keep = arguments.keep.iter().filter(|name| !is_removed(name));
    let strip = Strip {
        all: arguments.remove.is_empty(),
        keep: keep.cloned().collect(),
        remove: arguments.remove.clone(),
        ..Strip::default()
    };
    let stripped = stripped(&strip, &mut Input::read(&arguments.filename)?)?;
    let output = arguments.output.unwrap_or(arguments.filename);
    Output::to(Some(output)).write_binary(&stripped)?;
    Ok(ExitCode::SUCCESS)
}
