//! Writes what a command makes: to a file or standard output, and never bytes to a terminal.
//!
//! Apart from the commands, because all of them write the same ways.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::failure::Failure;

/// Where a result goes.
#[derive(Args, Clone, Default)]
pub struct Output {
    /// Where to write the result; `-` is standard output [default: -]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Output {
    /// The path, or standard output for `None` and `-`.
    pub fn to(output: Option<PathBuf>) -> Output {
        Output { output }
    }

    /// The file that was named, if it is one.
    fn path(&self) -> Option<&Path> {
        self.output
            .as_deref()
            .filter(|path| *path != Path::new("-"))
    }

    /// Writes a binary module.
    ///
    /// # Errors
    ///
    /// It cannot be written, or standard output is a terminal and was not asked for by `-`.
    pub fn write_binary(&self, bytes: &[u8]) -> Result<(), Failure> {
        if self.output.is_none() && io::stdout().is_terminal() {
            return Err(
                Failure::usage("the result is binary, and standard output is a terminal")
                    .help("name a file with -o FILE, or ask for it with -o -"),
            );
        }
        self.write(bytes)
    }

    /// Writes text. Whoever reads it may stop reading.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn write_text(&self, text: &str) -> Result<(), Failure> {
        self.write(text.as_bytes())
    }

    fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        match self.path() {
            Some(path) => std::fs::write(path, bytes).map_err(|error| cannot_write(path, &error)),
            None => {
                let mut stdout = io::stdout().lock();
                match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
                    Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(
                        format!("cannot write to standard output: {error}"),
                    )),
                    _ => Ok(()),
                }
            }
        }
    }
}

/// A file that cannot be written.
pub fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    let shown = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => {
            Failure::new(format!("cannot write {shown}: there is no such folder"))
        }
        _ => Failure::new(format!("cannot write {shown}: {error}")),
    }
}
