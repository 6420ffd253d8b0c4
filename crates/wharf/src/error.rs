//! The one error of the crate, and the backtraces it carries.

use crate::Exception;
use ops::Trap;
use runtime::{BoxError, Cause, Raised};
use std::fmt;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. One pointer.
///
/// Like other general error types it does not implement [`std::error::Error`] itself, so that `?` turns any error into it; it
/// converts into a boxed error. An error that a host function returned comes back from the call and can be
/// [downcast](Error::downcast_ref).
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    backtrace: Backtrace,
}

/// The kinds of [`Error`].
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The guest trapped.
    Trap(Trap),
    /// An exception was thrown and not caught.
    Exception(Exception),
    /// A host function returned an error, or any other error was converted.
    Host(BoxError),
    /// The bytes are not a valid module.
    Module(module::Error),
    /// The text is not a valid module.
    Text(text::TextError),
    /// An import is missing or of another type.
    Link(runtime::LinkError),
    /// An artifact is damaged, or was made for another version, CPU or settings.
    Artifact(String),
    /// A handle of another store, values of other types, and the like.
    Misuse(String),
    /// A limit of the store, the engine or the machine.
    Limit(String),
}

impl Error {
    fn new(kind: ErrorKind) -> Error {
        Error(Box::new(Inner {
            kind,
            backtrace: Backtrace::default(),
        }))
    }

    pub(crate) fn artifact(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Artifact(message.into()))
    }

    pub(crate) fn misuse(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Misuse(message.into()))
    }

    pub(crate) fn limit(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Limit(message.into()))
    }

    pub(crate) fn module(error: module::Error) -> Error {
        Error::new(ErrorKind::Module(error))
    }

    pub(crate) fn text(error: text::TextError) -> Error {
        Error::new(ErrorKind::Text(error))
    }

    /// An error with this message.
    pub fn msg(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Host(message.into().into()))
    }

    /// What kind of error it is.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The trap, if the guest trapped.
    pub fn trap(&self) -> Option<Trap> {
        match self.0.kind {
            ErrorKind::Trap(trap) => Some(trap),
            _ => None,
        }
    }

    /// The exception, if one was thrown and not caught.
    pub fn exception(&self) -> Option<&Exception> {
        match &self.0.kind {
            ErrorKind::Exception(exception) => Some(exception),
            _ => None,
        }
    }

    /// The error of type `E` that a host function returned, if it is one.
    pub fn downcast_ref<E: std::error::Error + 'static>(&self) -> Option<&E> {
        match &self.0.kind {
            ErrorKind::Host(error) => error.downcast_ref(),
            _ => None,
        }
    }

    /// Where the guest was, innermost frame first. Empty unless a guest was stopped.
    pub fn backtrace(&self) -> &Backtrace {
        &self.0.backtrace
    }

    /// The cause as a host function hands it to its caller.
    pub(crate) fn into_cause(self) -> Cause {
        match self.0.kind {
            ErrorKind::Trap(trap) => Cause::Trap(trap),
            ErrorKind::Host(error) => Cause::Host(error),
            ErrorKind::Exception(exception) => Cause::Exception(Box::new(exception.0)),
            _ => Cause::Host(Box::new(Carried(self))),
        }
    }
}

/// An [`Error`] on its way through a guest.
struct Carried(Error);

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for Carried {}

impl Error {
    fn from_runtime(error: runtime::Error) -> Error {
        match error.into_kind() {
            runtime::ErrorKind::Raised(Raised { cause, frames }) => {
                let backtrace = Backtrace::new(frames);
                match cause {
                    Cause::Trap(trap) => Error(Box::new(Inner {
                        kind: ErrorKind::Trap(trap),
                        backtrace,
                    })),
                    Cause::Exception(exception) => Error(Box::new(Inner {
                        kind: ErrorKind::Exception(Exception(*exception)),
                        backtrace,
                    })),
                    Cause::Host(error) => match error.downcast::<Carried>() {
                        Ok(carried) => {
                            let mut error = carried.0;
                            if error.0.backtrace.frames().is_empty() {
                                error.0.backtrace = backtrace;
                            }
                            error
                        }
                        Err(error) => Error(Box::new(Inner {
                            kind: ErrorKind::Host(error),
                            backtrace,
                        })),
                    },
                }
            }
            runtime::ErrorKind::Link(error) => Error::new(ErrorKind::Link(error)),
            runtime::ErrorKind::Misuse(message) => Error::misuse(message),
            runtime::ErrorKind::Limit(message) => Error::limit(message),
        }
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Error {
        let error: BoxError = Box::new(error);
        // Errors of our own floors keep their kind.
        let error = match error.downcast::<runtime::Error>() {
            Ok(error) => return Error::from_runtime(*error),
            Err(error) => error,
        };
        let error = match error.downcast::<module::Error>() {
            Ok(error) => return Error::module(*error),
            Err(error) => error,
        };
        let error = match error.downcast::<text::TextError>() {
            Ok(error) => return Error::text(*error),
            Err(error) => error,
        };
        match error.downcast::<Trap>() {
            Ok(trap) => Error::new(ErrorKind::Trap(*trap)),
            Err(error) => Error::new(ErrorKind::Host(error)),
        }
    }
}

impl From<Exception> for Error {
    fn from(exception: Exception) -> Error {
        Error::new(ErrorKind::Exception(exception))
    }
}

impl From<Error> for BoxError {
    fn from(error: Error) -> BoxError {
        Box::new(Carried(error))
    }
}

impl From<Error> for Box<dyn std::error::Error> {
    fn from(error: Error) -> Box<dyn std::error::Error> {
        Box::new(Carried(error))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.kind {
            ErrorKind::Trap(trap) => write!(f, "wasm trap: {trap}")?,
            ErrorKind::Exception(exception) => exception.fmt(f)?,
            ErrorKind::Host(error) => error.fmt(f)?,
            ErrorKind::Module(error) => error.fmt(f)?,
            ErrorKind::Text(error) => error.fmt(f)?,
            ErrorKind::Link(error) => error.fmt(f)?,
            ErrorKind::Artifact(message)
            | ErrorKind::Misuse(message)
            | ErrorKind::Limit(message) => f.write_str(message)?,
        }
        if f.alternate() && !self.0.backtrace.frames().is_empty() {
            write!(f, "\n{}", self.0.backtrace)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#}")
    }
}

/// Where a guest was when it stopped.
#[derive(Clone, Debug, Default)]
pub struct Backtrace {
    frames: Vec<Frame>,
}

impl Backtrace {
    fn new(frames: Vec<runtime::Frame>) -> Backtrace {
        Backtrace {
            frames: frames.into_iter().map(Frame).collect(),
        }
    }

    /// The frames, innermost first; of very deep stacks only the innermost.
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }
}

/// One function in a [`Backtrace`].
#[derive(Clone, Debug)]
pub struct Frame(runtime::Frame);

impl Frame {
    /// The index of the function in its module.
    pub fn func_index(&self) -> u32 {
        self.0.func.0
    }

    /// The name of the function, from the module's name section.
    pub fn func_name(&self) -> Option<&str> {
        self.0.module.module().func_name(self.0.func)
    }

    /// The name of the module, from its name section.
    pub fn module_name(&self) -> Option<&str> {
        self.0.module.module().names().module()
    }

    /// The offset of the operator in the module's bytes.
    pub fn module_offset(&self) -> Option<u32> {
        self.0.offset
    }

    /// Where the operator is in the program's source, where the module carries DWARF: innermost inlined function first.
    pub fn source(&self) -> Vec<SourceLocation> {
        match self.0.offset {
            Some(offset) => crate::symbols::locate(&self.0.module, offset),
            None => Vec::new(),
        }
    }
}

pub use crate::symbols::SourceLocation;

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.func_name() {
            Some(name) => f.write_str(&crate::symbols::demangle(name))?,
            None => write!(f, "function {}", self.func_index())?,
        }
        if let Some(module) = self.module_name() {
            write!(f, " in {module}")?;
        }
        if let Some(offset) = self.module_offset() {
            write!(f, " at offset {offset:#x}")?;
        }
        for location in self.source() {
            write!(f, "\n        {location}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Backtrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wasm backtrace:")?;
        for (depth, frame) in self.frames.iter().enumerate() {
            write!(f, "\n  {depth:>3}: {frame}")?;
        }
        Ok(())
    }
}
