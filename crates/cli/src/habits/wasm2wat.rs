//! `wasm2wat`: a module to text, on standard output if nothing else is said.
//!
//! Apart, as each tool is.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgAction, Parser};
use text::PrintOptions;

use super::feature_flags::FeatureFlags;
use crate::failure::Outcome;
use crate::input::Input;
use crate::output::Output;
use crate::wasm2wat::{How, write};
use crate::wat2wasm::check;

/// Write a module as text
#[derive(Parser)]
#[command(name = "wasm2wat", version, args_override_self = true)]
pub struct Arguments {
    /// The module
    file: PathBuf,

    #[command(flatten)]
    features: FeatureFlags,

    #[command(flatten)]
    output: Output,

    /// Accepted, and changes nothing
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,

    /// Write instructions around their operands
    #[arg(short, long)]
    fold_exprs: bool,

    /// Give a name to everything that has none
    #[arg(long)]
    generate_names: bool,

    /// Write each export inside of the definition of what it exports
    #[arg(long, alias = "inline-export")]
    inline_exports: bool,

    /// Write each import inside of the definition that it is
    #[arg(long, alias = "inline-import")]
    inline_imports: bool,

    /// Leave out the names that the file gives its parts
    #[arg(long)]
    no_debug_names: bool,

    /// Accepted: what is wrong in custom sections is never an error
    #[arg(long)]
    ignore_custom_section_errors: bool,

    /// Write it even if it is not valid
    #[arg(long)]
    no_check: bool,
}

/// Checks and writes.
pub fn run(arguments: Arguments) -> Outcome {
    let mut input = Input::read(&arguments.file)?;
    let wasm = input.take_wasm_without_lines()?;
    if !arguments.no_check {
        check(&input, &wasm, arguments.features.features())?;
    }
    let how = How {
        options: PrintOptions {
            folded: arguments.fold_exprs,
            name_unnamed: arguments.generate_names,
            ..PrintOptions::default()
        },
        no_names: arguments.no_debug_names,
        inline_imports: arguments.inline_imports,
        inline_exports: arguments.inline_exports,
    };
    write(&input, wasm, &how, &arguments.output)?;
    Ok(ExitCode::SUCCESS)
}
