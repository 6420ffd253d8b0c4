//! The `wharf` command (floor 5): parses arguments, calls the engine, prints.
//!
//! It stands apart so that no engine crate knows of terminals, exit codes or flags, and it knows nothing of how a module
//! is compiled or run: one file a command, each a thin layer over [`wharf`], [`wasi`] and [`script`].
//!
//! Read first: `arguments` (what can be typed), `failure` (how faults are shown, and the exit codes), `run`.
#![forbid(unsafe_code)]

mod addr2line;
mod arguments;
mod cache;
mod callgraph;
mod compile;
mod completion;
mod demangle;
mod diff;
mod engine;
mod failure;
mod habits;
mod input;
mod inspect;
mod json;
mod merge;
mod metadata;
mod mutate;
mod objdump;
mod opt;
mod output;
mod product;
mod progress;
mod quantity;
mod run;
mod shrink;
mod size;
mod smith;
mod snapshot;
mod strip;
mod validate;
mod wasm2wat;
mod wast;
mod wat2wasm;

pub use arguments::{command, main};
