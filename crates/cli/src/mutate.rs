//! `wharf mutate`: changes a module a little.
//!
//! Apart, as each command is.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use surgery::Mutate;

use crate::failure::Outcome;
use crate::input::Input;
use crate::product::Product;
use crate::strip::surgery_failure;

/// Change a module a little, at random but repeatably
#[derive(Args)]
#[command(after_help = "\
The same seed makes the same change. What comes out is valid, and made to test what reads modules.")]
pub struct Arguments {
    /// The module: binary, text, or `-` for standard input
    #[arg(default_value = "-", hide_default_value = true)]
    file: PathBuf,

    /// What decides
    #[arg(short, long, default_value_t = 42)]
    seed: u64,

    /// Only make changes after which it does what it did
    #[arg(long)]
    preserve_semantics: bool,

    /// Only make changes that make it smaller
    #[arg(long)]
    reduce: bool,

    /// How much to try before giving up [default: no limit]
    #[arg(short, long)]
    fuel: Option<u64>,

    #[command(flatten)]
    product: Product,
}

/// Changes it, and writes the result.
pub fn run(arguments: &Arguments) -> Outcome {
    let mutate = Mutate {
        seed: arguments.seed,
        preserve_semantics: arguments.preserve_semantics,
        reduce: arguments.reduce,
        fuel: arguments.fuel.unwrap_or(u64::MAX),
    };
    let mut input = Input::read(&arguments.file)?;
    let wasm = input.take_wasm_without_lines()?;
    let mutated = mutate
        .apply(&wasm)
        .map_err(|error| surgery_failure(&input, &error))?;
    arguments.product.write(&mutated)?;
    Ok(ExitCode::SUCCESS)
}
