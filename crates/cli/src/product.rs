//! Writes modules that a command has made, as bytes or as text.
//!
//! Apart from [`Output`], which knows nothing of modules.

use clap::Args;
use text::{PrintError, PrintOptions};

use crate::failure::Failure;
use crate::output::Output;

/// Where a module goes, and in which form.
#[derive(Args)]
pub struct Product {
    #[command(flatten)]
    output: Output,

    /// Write text (.wat) instead of bytes
    #[arg(short = 't', long)]
    wat: bool,
}

impl Product {
    /// Writes a module.
    ///
    /// # Errors
    ///
    /// It cannot be written, or has no text.
    pub fn write(&self, wasm: &[u8]) -> Result<(), Failure> {
        if !self.wat {
            return self.output.write_binary(wasm);
        }
        let failed = |error: PrintError| match error {
            PrintError::Io(error) => self.output.cannot_write(&error),
            error => Failure::new(error),
        };
        self.output.write_pieces(|to: &mut dyn std::io::Write| {
            text::print(wasm, &PrintOptions::default(), to).map_err(failed)
        })
    }
}
