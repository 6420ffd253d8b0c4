//! The words of Wharf (floor 0): every operator that only computes or accesses memory is one row here, with its meaning.
//!
//! It stands apart so that the interpreter, constant folding in every compiler, and the tests share one meaning of each
//! operator, written once. It imports nothing of ours and knows nothing of modules, stores or machine code.
//!
//! Read first: [`Compute`] (the rows), [`Value`] (what they work on), [`Trap`] (how they fail).
//!
//! | table | operators | beside the operands |
//! |---|---|---|
//! | [`Compute`] | compute one value from their operands, such as `i32.div_s` | nothing |
//! | [`Lane`] | get or replace one lane of a vector | a lane immediate |
//! | [`Wide`] | compute a 128-bit number as two values | nothing |
//! | [`Load`], [`Store`] | access memory | the bytes |
//! | [`LoadLane`], [`StoreLane`] | access memory for one lane of a vector | the bytes and a lane immediate |
//! | [`Atomic`] | access memory atomically | what was in memory |
//!
//! `i8x16.shuffle` has an immediate of its own and is the function [`v128::i8x16_shuffle`].
//!
//! ```
//! # use wharf_ops as ops;
//! use ops::{Compute, Trap, Value};
//!
//! let div = Compute::from_name("i32.div_s").unwrap();
//! assert_eq!(div.eval(&[Value::I32(-7), Value::I32(2)]), Ok(Value::I32(-3)));
//! assert_eq!(div.eval(&[Value::I32(-7), Value::I32(0)]), Err(Trap::IntegerDivideByZero));
//! ```
#![forbid(unsafe_code)]

#[macro_use]
mod row;

mod bytes;
mod compute;
pub mod convert;
pub mod float;
pub mod int;
mod lane;
mod memory;
mod operand;
mod relaxed;
#[cfg(test)]
mod samples;
mod trap;
pub mod v128;
mod value;
mod wide;

pub use compute::Compute;
pub use lane::Lane;
pub use memory::{Atomic, AtomicKind, AtomicRmw, Load, LoadLane, Store, StoreLane};
pub use trap::Trap;
pub use value::{Type, V128, Value};
pub use wide::Wide;
