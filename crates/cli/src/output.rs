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

    /// Whether a file or standard output was asked for.
    pub fn is_named(&self) -> bool {
        self.output.is_some()
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

    /// Writes text as it comes into being. Whoever reads it may stop reading; a file of which only a part could be written goes.
    ///
    /// # Errors
    ///
    /// What `pieces` returns, which should be [`Output::cannot_write`] if writing failed.
    pub fn write_pieces(
        &self,
        pieces: impl FnOnce(&mut dyn Write) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Some(path) = self.path() else {
            let mut stdout = Pipe {
                to: io::BufWriter::new(io::stdout().lock()),
                is_closed: false,
            };
            let written = pieces(&mut stdout);
            if stdout.is_closed {
                return Ok(());
            }
            return written
                .and_then(|()| stdout.flush().map_err(|error| self.cannot_write(&error)));
        };
        let file = std::fs::File::create(path).map_err(|error| cannot_write(path, &error))?;
        let mut file = io::BufWriter::new(file);
        let written = pieces(&mut file)
            .and_then(|()| file.flush().map_err(|error| cannot_write(path, &error)));
        if written.is_err() && path.is_file() {
            // What is left says less than the error does.
            let _ = std::fs::remove_file(path);
        }
        written
    }

    /// The fault that something cannot be written there.
    pub fn cannot_write(&self, error: &io::Error) -> Failure {
        match self.path() {
            Some(path) => cannot_write(path, error),
            None => Failure::new(format!("cannot write to standard output: {error}")),
        }
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

/// Standard output, of which the reader may have had enough.
struct Pipe<W> {
    to: W,
    is_closed: bool,
}

impl<W: Write> Write for Pipe<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes);
        self.note(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.to.flush();
        self.note(flushed)
    }
}

impl<W> Pipe<W> {
    fn note<T>(&mut self, done: io::Result<T>) -> io::Result<T> {
        let is_pipe = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
        self.is_closed |= done.as_ref().is_err_and(is_pipe);
        done
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

/// Writes text to standard output as it is made. Whoever reads it may stop reading.
///
/// # Errors
///
/// It cannot be written.
pub fn to_stdout<T: Default>(
    write: impl FnOnce(&mut dyn Write) -> io::Result<T>,
) -> Result<T, Failure> {
    let mut stdout = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let written = write(&mut stdout).and_then(|made| stdout.flush().map(|()| made));
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(T::default()),
        Err(error) => Err(Failure::new(format!(
            "cannot write to standard output: {error}"
        ))),
        Ok(made) => Ok(made),
    }
}
