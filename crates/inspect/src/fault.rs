//! Why a file cannot be taken apart. Apart, because all that reads a file as a whole fails in the same ways.

use std::fmt;

/// A file that is malformed where its structure has to be known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    message: String,
    offset: u64,
}

impl Fault {
    /// A fault at a byte of the file.
    pub(crate) fn new(message: impl Into<String>, offset: u64) -> Fault {
        let message = message.into();
        Fault { message, offset }
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The byte of the file where it is wrong.
    pub fn offset(&self) -> u64 {
        self.offset
    }
}

impl From<wasmparser::Error> for Fault {
    fn from(error: wasmparser::Error) -> Fault {
        Fault::new(error.message(), error.offset())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {:#x}", self.message, self.offset)
    }
}

impl std::error::Error for Fault {}
