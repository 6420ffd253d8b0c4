//! The functions of WASI 0.1 as a guest sees them: called by name with the parameters of the ABI,
//! over a memory and temporary directories. No engine is needed for it.

mod files;
mod hostile;
mod listing;
mod paths;
mod poll;
mod process;
mod sandbox;
mod signatures;
mod sockets;
mod stdio;
mod support;
mod unstable;
