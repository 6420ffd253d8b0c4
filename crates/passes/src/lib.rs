//! The optimizer (floor 3): passes over the SSA form of one function.
//!
//! It stands apart so that improvements are written once, whatever becomes of the function afterwards. It knows the SSA form and,
//! through it, what operators mean; no machine, no store.
//!
//! A pass is a row of [`PASSES`]; a pipeline is a list of their names. Every pass leaves a function that [`ir::verify`] accepts
//! and that does the same.
//!
//! Read first: [`PASSES`], [`run`], [`COMPILE`], [`SIZE`], [`SPEED`].
//!
//! ```
//! use wharf_passes as passes;
//!
//! let mut func = ir::parse("\
//! func () -> (i32) {
//! b0:
//!     v0: i32 = i32.add i32:2, i32:3
//!     return v0
//! }
//! ").unwrap();
//! let header = module::Header::default();
//! let env = passes::Env::new(&header, &[]);
//! passes::run(&mut func, &env, &["fold", "dce"]);
//! assert_eq!(func.to_string(), "\
//! func () -> (i32) {
//! b0:
//!     return i32:5
//! }
//! ");
//! ```
#![forbid(unsafe_code)]

mod algebra;
mod between;
mod bits;
mod blocks;
mod bulk;
mod compare;
mod dce;
mod dense;
mod domtree;
mod effects;
mod effort;
mod emit;
mod facts;
mod fold;
mod gvn;
mod inline;
mod ints;
mod lanes;
mod licm;
mod loads;
mod loops;
mod memory;
mod refs;
mod search;
mod select;
mod short;
mod streams;
mod table;
mod tight;
mod trips;

pub use effects::Callee;
pub use effort::effort;
pub use inline::{BODY_BYTES_MAX, Bodies, Body, Limits, inline_sites};
pub use table::{COMPILE, Env, PASSES, Pass, SIZE, SPEED, run};
