//! The baseline tier (floor 3): operators to machine code in one pass, for code that must start at once.
//!
//! It stands apart because it has no form between operators and code: no graph, no second look. It sees the module and the contract
//! with the runtime, never the runtime itself, and implements that contract's [`abi::Compiler`]. Its code can count, record what it
//! calls, and leave loops for better code, so that another compiler can follow where it pays.
//!
//! ```text
//! module::Survey ──> locals: which ones live in registers
//! module::BodyReader ──> Emitter: one operator after the other, operands as late as possible ──> abi::CompiledFunc
//! ```
//!
//! Read first: [`Baseline`] (the compiler), `emitter.rs` (the state while a function is compiled), `stack.rs` (operands that are not
//! computed yet), `emit.rs` (which file has which operators).
#![forbid(unsafe_code)]

mod compiler;
mod convention;
mod emit;
mod emitter;
mod frame;
mod kind;
mod locals;
mod moves;
mod regs;
mod sequence;
mod stack;
#[cfg(test)]
mod tests;
mod trampoline;

pub use compiler::{Baseline, Settings};
pub use trampoline::Trampolines;
