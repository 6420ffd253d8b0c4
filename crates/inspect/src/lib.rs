//! What is in a WebAssembly file (floor 3): facts as plain data, for people and for programs.
//!
//! It stands apart so that whoever shows a module (the command, an explorer, a debugger) gets the same facts and decides only how
//! they look. It reads and never changes anything; it does not need a file to be valid to say what it can.
#![forbid(unsafe_code)]

pub mod addr2line;
pub mod anatomy;
pub mod callgraph;
pub mod demangle;
pub mod diff;
mod fault;
pub mod size;

pub use fault::Fault;
