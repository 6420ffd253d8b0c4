//! The words of Wharf (floor 0): every operator that only computes or accesses memory is one row here, with its meaning.
//!
//! It stands apart so that the interpreter, constant folding in every compiler, and the tests share one meaning of each
//! operator, written once. It imports nothing of ours and knows nothing of modules, stores or machine code.
//!
//! Read first: [`Compute`] (the rows), [`Value`] (what they work on), [`Trap`] (how they fail).
#![forbid(unsafe_code)]

mod trap;
mod value;

pub use trap::Trap;
pub use value::{Type, V128, Value};
