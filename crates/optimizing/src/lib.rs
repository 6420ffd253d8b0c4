//! The optimizing tier (floor 3): functions in SSA form to machine code through Cranelift.
//!
//! It stands apart because it is the only crate that names Cranelift. It sees the module and the contract with the runtime,
//! never the runtime itself, and it implements that contract's [`abi::Compiler`].
//!
//! ```text
//! module::FuncInput ──> ir::Builder ──> lower: IR to CLIF ──> Cranelift ──> code: abi::CompiledFunc
//! ```
//!
//! Read first: [`Optimizing`] (the compiler), [`Settings`], and in the sources `lower.rs`.
#![forbid(unsafe_code)]

mod code;
mod compiler;
mod dump;
mod host;
mod inlining;
mod lower;
mod settings;
mod signature;
#[cfg(test)]
mod tests;

pub use compiler::Optimizing;
pub use dump::Dump;
pub use settings::{Inlining, Settings, SettingsError};
