//! The interpreter (floor 3): runs one operator of the file a step, and is the judge of the other tiers.
//!
//! It stands apart because it must be plain enough to be believed: no machine code, no unsafe code, every meaning taken from the
//! rows of [`ops`], and a place in the program is an operator of the user's file. It sees stores only through the face that
//! [`runtime::Executor`] is given, and knows nothing of compilers.
//!
//! Read first: [`Interp`] (what an engine is given), then in the sources `Activation` (the loop over operators) and `Stack`
//! (where guests' values and suspended functions are).
//!
//! ```
//! # use wharf_interp as interp;
//! use runtime::{CodeSource, EngineCore, EngineSettings, Given, LoadedModule, Runner, Store, TypedHandle};
//! use std::sync::Arc;
//!
//! let engine = EngineCore::new(EngineSettings {
//!     runner: Runner::Executor(Arc::new(interp::Interp::new())),
//!     stack_bytes: 1 << 20,
//!     fuel: false,
//!     deterministic: false,
//!     gc_stress: false,
//!     memories_move: false,
//!     pooling: Default::default(),
//! });
//! // (module (func (export "f") (result i32) i32.const 42))
//! let bytes = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x07\x05\x01\x01f\0\0\x0a\x06\x01\x04\0\x41\x2a\x0b";
//! let mut scratch = module::ReadScratch::default();
//! let decoded = module::decode(&bytes[..], &module::Features::default(), &mut |_, body| {
//!     body.validate(&mut scratch).unwrap();
//! })?;
//! let module = LoadedModule::new(&engine, decoded, CodeSource::None)?;
//! let mut store = Store::new(&engine, ());
//! let instance = store.instantiate(&module, |_| Given::Nothing)?;
//! let Some(runtime::ExternItem::Func(f)) = store.export(instance, "f")? else { unreachable!() };
//! assert_eq!(TypedHandle::<(), i32>::new(&store, f)?.call(&mut store, ())?, 42);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod activation;
mod code;
mod interp;
mod stack;
#[cfg(test)]
mod tests;

pub use interp::Interp;
