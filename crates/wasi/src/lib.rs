//! WASI for Wharf: the functions a guest calls to reach the outside, over host objects that know
//! what they were granted. Floor 4; it stands on the embedding crate `wharf`, and apart from the
//! linking glue it knows no engine at all.
//!
//! Read first: [`Ctx`], all that one guest is granted and has open; [`preview1`], the functions of
//! WASI 0.1; [`GuestMemory`], through which each of them touches the guest.
//!
//! **Invariant:** a guest reaches nothing of the host but the objects its [`Ctx`] was built with and
//! what is found below their directories. Paths are resolved by cap-std, one directory at a time or
//! by `openat2`, so that neither `..`, nor an absolute path, nor a symbolic link leads out.

#![forbid(unsafe_code)]

#[cfg(not(target_os = "linux"))]
compile_error!("wharf-wasi lists directories and waits for descriptors with calls of Linux only");

mod builder;
mod clock;
mod ctx;
mod errno;
mod error;
mod hints;
mod interrupt;
mod iovec;
mod link;
mod memory;
mod object;
pub mod preview1;
mod randomness;
mod table;
mod threads;
mod types;
mod unstable;

pub use builder::{Access, BuildError, CtxBuilder, Stdin, Stdout};
pub use ctx::Ctx;
pub use errno::Errno;
pub use error::{Error, Exit, Fault, FaultKind, Interrupted, Result, Stop};
pub use link::add_to_linker;
pub use memory::{GuestMemory, SharedBytes};
pub use object::OutputBuffer;
pub use threads::{Threads, starts_threads};
