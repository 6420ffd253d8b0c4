//! Why a command failed, in the words the terminal shows: what, where, and what to do about it.
//!
//! Apart from the commands, because the voice and the exit codes are the same in all of them.

use std::fmt;
use std::process::ExitCode;

/// The guest trapped: what a shell reports for a process that aborted.
pub const EXIT_TRAP: u8 = 134;
/// The command line makes no sense.
pub const EXIT_USAGE: u8 = 2;
/// Everything else.
pub const EXIT_OTHER: u8 = 1;

/// A fault to show, and the exit code that goes with it.
#[derive(Debug)]
pub struct Failure {
    message: String,
    help: Option<String>,
    code: u8,
}

/// What commands return: a code of the guest's own, or a fault to show.
pub type Outcome = Result<ExitCode, Failure>;

impl Failure {
    /// A fault with the exit code for everything that has none of its own.
    ///
    /// The first line of `message` says what; further lines show where.
    pub fn new(message: impl fmt::Display) -> Failure {
        Failure {
            message: message.to_string(),
            help: None,
            code: EXIT_OTHER,
        }
    }

    /// A command line that makes no sense.
    pub fn usage(message: impl fmt::Display) -> Failure {
        Failure {
            code: EXIT_USAGE,
            ..Failure::new(message)
        }
    }

    /// A guest that trapped.
    pub fn trap(message: impl fmt::Display) -> Failure {
        Failure {
            code: EXIT_TRAP,
            ..Failure::new(message)
        }
    }

    /// Adds what to do.
    pub fn help(self, help: impl fmt::Display) -> Failure {
        Failure {
            help: Some(help.to_string()),
            ..self
        }
    }

    /// Adds what to do, if there is something to say.
    pub fn maybe_help(self, help: Option<impl fmt::Display>) -> Failure {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }

    /// Writes the fault to standard error.
    pub fn show(&self) -> ExitCode {
        // A closed standard error leaves nobody to tell.
        let _ = std::io::Write::write_all(&mut std::io::stderr(), self.to_string().as_bytes());
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.message.trim_end())?;
        match &self.help {
            Some(help) => writeln!(f, "help: {help}"),
            None => Ok(()),
        }
    }
}
