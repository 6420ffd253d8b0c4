//! `wharf strip`: takes custom sections out of a file.
//!
//! Apart, as each command is.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use surgery::{Patterns, Strip};

use crate::failure::{Failure, Outcome};
use crate::input::Input;
use crate::product::Product;

/// Remove names, debugging information and other custom sections
#[derive(Args)]
#[command(after_help = "\
Without options that say what to remove, every custom section goes but names, `component-type:` and `dylink.0`. Modules within
components are stripped too. What stays is not touched.

  wharf strip app.wasm -o small.wasm              all but names
  wharf strip --all app.wasm -o smallest.wasm
  wharf strip --debug --producers app.wasm -o out.wasm
  wharf strip -R linking -d '^reloc' app.wasm -o out.wasm")]
pub struct Arguments {
    /// The file: binary, text, or `-` for standard input
    #[arg(default_value = "-", hide_default_value = true)]
    file: PathBuf,

    /// Remove every custom section
    #[arg(short, long)]
    all: bool,

    /// Remove names of functions, locals and so on
    #[arg(long)]
    names: bool,

    /// Remove what debuggers read: DWARF, and where source maps are
    #[arg(short = 'g', long)]
    debug: bool,

    /// Remove which tools made the file
    #[arg(long)]
    producers: bool,

    /// Remove sections of this name
    #[arg(
        short = 'R',
        long = "remove",
        visible_alias = "remove-section",
        value_name = "NAME"
    )]
    remove: Vec<String>,

    /// Remove sections whose names match
    #[arg(short, long, value_name = "REGEX")]
    delete: Vec<String>,

    /// Keep sections of this name in any case
    #[arg(
        short,
        long = "keep",
        visible_alias = "keep-section",
        value_name = "NAME"
    )]
    keep: Vec<String>,

    #[command(flatten)]
    product: Product,
}

/// Strips, and writes what is left.
pub fn run(arguments: Arguments) -> Outcome {
    let strip = Strip {
        all: arguments.all,
        names: arguments.names,
        debug: arguments.debug,
        producers: arguments.producers,
        remove: arguments.remove,
        remove_matching: Patterns::new(&arguments.delete).map_err(Failure::usage)?,
        keep: arguments.keep,
    };
    let stripped = stripped(&strip, &mut Input::read(&arguments.file)?)?;
    arguments.product.write(&stripped)?;
    Ok(ExitCode::SUCCESS)
}

/// What is left of a file.
///
/// # Errors
///
/// It is malformed.
pub fn stripped(strip: &Strip, input: &mut Input) -> Result<Vec<u8>, Failure> {
    let wasm = input.take_wasm_without_lines()?;
    strip
        .apply(&wasm)
        .map_err(|error| surgery_failure(input, &error))
}

/// A file that cannot be worked on: what is wrong, and where.
pub fn surgery_failure(input: &Input, error: &surgery::Error) -> Failure {
    let place = match error.offset() {
        Some(at) => format!(": byte {at:#x}"),
        None => String::new(),
    };
    Failure::new(format!("{error}\n  --> {}{place}", input.name()))
}
