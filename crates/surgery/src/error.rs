//! Why a module cannot be worked on.
//!
//! Apart from the operations because all of them fail the same way: a sentence, and often a byte of the file.

use std::fmt;

/// What is wrong, and where in the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    message: String,
    offset: Option<u64>,
}

impl Error {
    /// A fault of no place in particular.
    pub fn new(message: impl Into<String>) -> Error {
        Error {
            message: message.into(),
            offset: None,
        }
    }

    pub(crate) fn at(offset: usize, message: impl Into<String>) -> Error {
        Error {
            message: message.into(),
            offset: Some(offset as u64),
        }
    }

    /// The byte of the file that the fault is about, if it is about one.
    pub fn offset(&self) -> Option<u64> {
        self.offset
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<wasmparser::BinaryReaderError> for Error {
    fn from(error: wasmparser::BinaryReaderError) -> Error {
        Error {
            message: error.message().to_owned(),
            offset: Some(error.offset()),
        }
    }
}

impl From<wasm_encoder::reencode::Error<Error>> for Error {
    fn from(error: wasm_encoder::reencode::Error<Error>) -> Error {
        use wasm_encoder::reencode::Error as Reencode;
        match error {
            Reencode::UserError(error) => error,
            Reencode::ParseError(error) => error.into(),
            other => Error::new(other.to_string()),
        }
    }
}
