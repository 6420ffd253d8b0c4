//! The test suite: every file below `tests/` is a test, and so is every file of the official suites, on every tier.
//!
//! It stands apart from the crates it tests so that nothing in it can be called by them, and a test never names an API:
//! it is a script, a program or a command line with its output. `UPDATE=1 cargo test` rewrites expected outputs.
//!
//! Kinds, each a file here: `scripts` (the official suite and `tests/wast`), `commands` (`tests/cli`, `tests/errors`, `tests/programs`),
//! `optimized` (the same scripts, each module through the optimizer first), `wasi` (the official WASI programs), `golden` and `wabt` (the command-line tests of wasm-tools and wabt),
//! `round_trips` (modules to text and back), `merging` (modules linked and merged). `known` holds what may fail, `differences` where we differ from other projects' tests; `readme` writes what passed into the README.
#![forbid(unsafe_code)]

mod commands;
mod differences;
mod expect;
mod explained;
mod gen_wasm;
mod golden;
mod known;
mod merging;
mod optimized;
mod process;
mod readme;
mod round_trips;
mod scripts;
mod suite;
mod temporary;
mod tier;
mod wabt;
mod wasi;

pub use suite::main;
