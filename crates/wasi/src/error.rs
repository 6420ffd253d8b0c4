//! How a WASI function ends when it does not succeed: with an error number for the guest, or by
//! stopping the guest; apart because the linking glue and every function share it.

use std::fmt;
use std::io;

use crate::errno::Errno;

/// The guest called `proc_exit` (or raised a deadly signal): not a failure, but the guest's last
/// word. The embedder finds it by downcasting the error of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit(
    /// The exit code, as the guest gave it.
    pub i32,
);

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the guest exited with code {}", self.0)
    }
}

impl std::error::Error for Exit {}

/// The embedder's interrupt hook answered "stop" while the guest was waiting in a WASI function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the guest was interrupted while it waited in a WASI function")
    }
}

impl std::error::Error for Interrupted {}

/// What is wrong with an address that the guest passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The range reaches past the end of the guest's memory.
    OutOfBounds,
    /// The address is not a multiple of the alignment of the value, in bytes.
    Misaligned(u32),
}

/// The guest passed an address that cannot be used. The spec (witx-docs, "Pointers") asks for a
/// trap, not for an error number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong with the address.
    pub kind: FaultKind,
    /// The address in the guest's memory.
    pub address: u32,
    /// Bytes the function wanted to reach from there.
    pub length: u64,
    /// Bytes the guest's memory has.
    pub memory_bytes: u64,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault {
            address,
            length,
            memory_bytes,
            ..
        } = self;
        match self.kind {
            FaultKind::OutOfBounds => write!(
                f,
                "{length} bytes at address {address:#x} are outside of the guest's memory of \
                 {memory_bytes} bytes"
            ),
            FaultKind::Misaligned(align) => {
                write!(f, "address {address:#x} is not aligned to {align} bytes")
            }
        }
    }
}

impl std::error::Error for Fault {}

/// Why the guest does not go on after a WASI function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The guest is done.
    Exit(Exit),
    /// The embedder asked the guest to stop.
    Interrupted(Interrupted),
    /// The guest passed an unusable address to the named function: a trap.
    Fault {
        /// Name of the WASI function.
        function: &'static str,
        /// The address and what is wrong with it.
        fault: Fault,
    },
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::Exit(exit) => exit.fmt(f),
            Stop::Interrupted(interrupted) => interrupted.fmt(f),
            Stop::Fault { function, fault } => {
                write!(f, "bad pointer passed to {function}: {fault}")
            }
        }
    }
}

impl std::error::Error for Stop {}

/// How a function of [`crate::preview1`] ends without success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// The guest gets this number and goes on.
    Errno(Errno),
    /// The guest passed an unusable address and traps.
    Fault(Fault),
    /// The guest is done.
    Exit(Exit),
    /// The embedder asked the guest to stop.
    Interrupted(Interrupted),
}

/// What the functions of [`crate::preview1`] return.
pub type Result<T = ()> = std::result::Result<T, Error>;

impl From<Errno> for Error {
    fn from(errno: Errno) -> Self {
        Error::Errno(errno)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Error::Fault(fault)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Error::Errno(error.into())
    }
}

impl From<rustix::io::Errno> for Error {
    fn from(errno: rustix::io::Errno) -> Self {
        Error::Errno(errno.into())
    }
}
