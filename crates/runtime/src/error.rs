//! What can go wrong, for those who embed: the guest's traps, the host's own errors, and misuse.

use crate::{Exception, Frame};
use module::ExternType;
use ops::Trap;
use std::fmt;

/// An error of the host, as host functions return it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a guest stopped.
#[derive(Debug)]
pub enum Cause {
    /// A fault of the guest.
    Trap(Trap),
    /// An error that a host function returned.
    Host(BoxError),
    /// An exception that was thrown and not caught.
    Exception(Box<Exception>),
}

impl From<Trap> for Cause {
    fn from(trap: Trap) -> Cause {
        Cause::Trap(trap)
    }
}

/// A guest that stopped, with where it was, innermost frame first.
#[derive(Debug)]
pub struct Raised {
    /// Why.
    pub cause: Cause,
    /// Where.
    pub frames: Vec<Frame>,
}

impl From<Trap> for Raised {
    fn from(trap: Trap) -> Raised {
        Raised {
            cause: Cause::Trap(trap),
            frames: Vec::new(),
        }
    }
}

impl From<Cause> for Raised {
    fn from(cause: Cause) -> Raised {
        Raised {
            cause,
            frames: Vec::new(),
        }
    }
}

/// An import that could not be satisfied.
#[derive(Debug)]
pub struct LinkError {
    /// Position among the imports.
    pub index: usize,
    /// Module part of the import's name.
    pub module: String,
    /// Field part of the import's name.
    pub name: String,
    /// What the module asks for.
    pub expected: ExternType,
    /// What was given, described; `None` if nothing was.
    pub found: Option<String>,
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LinkError {
            module,
            name,
            expected,
            found,
            ..
        } = self;
        match found {
            None => write!(
                f,
                "unknown import: \"{module}\" \"{name}\" is not defined, expected {expected}"
            ),
            Some(found) => write!(
                f,
                "incompatible import type: \"{module}\" \"{name}\" expects {expected}, found {found}"
            ),
        }
    }
}

/// The kinds of [`Error`].
#[derive(Debug)]
pub enum ErrorKind {
    /// The guest trapped or a host function failed.
    Raised(Raised),
    /// An import is missing or of another type.
    Link(LinkError),
    /// The embedder used something wrongly: a handle of another store, values of other types.
    Misuse(String),
    /// A limit of the store or the machine.
    Limit(String),
}

/// An error of running guests. One pointer.
#[derive(Debug)]
pub struct Error(Box<ErrorKind>);

const _: () = assert!(size_of::<Error>() == size_of::<usize>());

impl Error {
    /// What kind of error it is.
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }

    /// The kind, owned.
    pub fn into_kind(self) -> ErrorKind {
        *self.0
    }

    pub(crate) fn misuse(message: impl Into<String>) -> Error {
        Error(Box::new(ErrorKind::Misuse(message.into())))
    }

    /// A limit of the store or the machine was reached.
    pub fn limit(message: impl Into<String>) -> Error {
        Error(Box::new(ErrorKind::Limit(message.into())))
    }

    pub(crate) fn os(what: &str, error: std::io::Error) -> Error {
        Error::limit(format!("the operating system refused to {what}: {error}"))
    }
}

impl From<Raised> for Error {
    fn from(raised: Raised) -> Error {
        Error(Box::new(ErrorKind::Raised(raised)))
    }
}

impl From<Trap> for Error {
    fn from(trap: Trap) -> Error {
        Raised::from(trap).into()
    }
}

impl From<LinkError> for Error {
    fn from(error: LinkError) -> Error {
        Error(Box::new(ErrorKind::Link(error)))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            ErrorKind::Raised(Raised {
                cause: Cause::Trap(trap),
                ..
            }) => trap.fmt(f),
            ErrorKind::Raised(Raised {
                cause: Cause::Host(error),
                ..
            }) => error.fmt(f),
            ErrorKind::Raised(Raised {
                cause: Cause::Exception(exception),
                ..
            }) => exception.fmt(f),
            ErrorKind::Link(error) => error.fmt(f),
            ErrorKind::Misuse(message) | ErrorKind::Limit(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Error {}
