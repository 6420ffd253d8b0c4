//! Modules made smaller and faster (floor 4): what each function and what a whole module can do without.
//!
//! It stands apart because it alone knows both the passes over functions and how modules are written. Between its stages a module is
//! bytes again: each stage reads bodies, improves them and writes them, so that memory stays bounded, and each can be looked at.
//!
//! Read first: [`optimize`], [`Step`], [`steps`].
//!
//! ```
//! let bytes = text::wat_to_wasm("(module
//!     (func)
//!     (func (export \"f\") (result i32) (i32.add (i32.const 2) (i32.const 3))))", None)?;
//! let steps = [wharf_opt::Step::Level(wharf_opt::Level::Oz)];
//! let smaller = wharf_opt::optimize(bytes, &steps, &wharf_opt::Options::default())?;
//! let module = module::decode(smaller.bytes, &module::Features::default(), &mut |_, _| {})?;
//! assert_eq!(module.header().funcs().len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod callees;
mod canonical;
mod data;
mod devirtualize;
mod functions;
mod globals;
mod inline;
mod job;
mod optimize;
mod order;
mod plan;
mod privacy;
mod reach;
mod refine;
mod same;
mod sections;
mod signature;
mod stage;
mod tables;
mod types;
mod uses;
mod weigh;

pub use optimize::{Error, OnPass, Options, Report, optimize};
pub use plan::{Level, Named, Step, steps};
pub use stage::{STAGES, Stage};
