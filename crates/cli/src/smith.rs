//! `wharf smith`: makes a module of bytes.
//!
//! Apart, as each command is.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use surgery::{Smith, SmithOptions, seed_bytes};

use crate::failure::{Failure, Outcome};
use crate::input::cannot_read;
use crate::product::Product;

/// Make a valid module of random bytes, or of a seed
#[derive(Args)]
#[command(after_help = "\
The same bytes make the same module. More bytes make larger ones.

  wharf smith --seed 7 -o seven.wasm
  head -c 1000 /dev/urandom | wharf smith -o random.wasm")]
pub struct Arguments {
    /// The bytes; standard input without a file or seed
    #[arg(conflicts_with = "seed")]
    file: Option<PathBuf>,

    /// Make the bytes of this number
    #[arg(short, long)]
    seed: Option<u64>,

    /// How many bytes to make of the seed
    #[arg(long, default_value_t = 2048, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(..=16 << 20))]
    size: u32,

    /// Have it trap after so many calls and rounds of loops
    #[arg(short, long)]
    fuel: Option<u32>,

    /// The same, after 100 of them unless --fuel says otherwise
    #[arg(long)]
    ensure_termination: bool,

    #[command(flatten)]
    product: Product,

    #[command(flatten, next_help_heading = "What it may have")]
    options: SmithOptions,
}

/// Makes it, and writes it.
pub fn run(arguments: Arguments) -> Outcome {
    let bytes = match (&arguments.file, arguments.seed) {
        (_, Some(seed)) => seed_bytes(seed, arguments.size as usize),
        (Some(path), None) if path != Path::new("-") => {
            std::fs::read(path).map_err(|error| cannot_read(path, &error))?
        }
        _ => {
            let mut bytes = Vec::new();
            let read = std::io::stdin().lock().read_to_end(&mut bytes);
            read.map_err(|error| Failure::new(format!("cannot read standard input: {error}")))?;
            bytes
        }
    };
    let smith = Smith {
        options: arguments.options,
        imports: None,
        fuel: match arguments.ensure_termination {
            true => Some(arguments.fuel.unwrap_or(100)),
            false => arguments.fuel,
        },
    };
    let wasm = smith.make(&bytes).map_err(Failure::new)?;
    arguments.product.write(&wasm)?;
    Ok(ExitCode::SUCCESS)
}
