//! Modules that start where an instance stands: what its initialization computed is in their memories, globals and tables. Apart
//! from the engine because it writes modules and runs nothing.
//!
//! Floor 4. Read first: [`Snapshot`] (what is called before, and how exports change), [`bake`] (a module of an instance as it is),
//! [`Refusal`] (what no module can say).
//!
//! ```
//! use snapshot::Snapshot;
//! use wharf::{Engine, Linker, Module, Store};
//! # use wharf_snapshot as snapshot;
//!
//! let engine = Engine::default();
//! let module = Module::new(&engine, r#"
//!     (module (global $n (mut i32) (i32.const 1))
//!       (func (export "wizer-initialize") (global.set $n (i32.const 42)))
//!       (func (export "get") (result i32) (global.get $n)))"#)?;
//! let mut store = Store::new(&engine, ());
//! let instance = Linker::new(&engine).instantiate(&mut store, &module)?;
//! let ready = Snapshot::default().take(&mut store, instance)?;
//!
//! let mut store = Store::new(&engine, ());
//! let instance = Linker::new(&engine).instantiate(&mut store, &Module::new(&engine, ready)?)?;
//! let get = instance.get_typed_func::<(), i32>(&store, "get")?;
//! assert_eq!(get.call(&mut store, ())?, 42);
//! # Ok::<(), wharf::Error>(())
//! ```
//!
//! **Invariant.** Functions keep their numbers and the code section its bytes, so names, debug information and whatever else tools
//! keep in custom sections stay right.

#![forbid(unsafe_code)]

mod bake;
mod elements;
mod encode;
mod refusal;
mod runs;
mod take;

pub use bake::bake;
pub use refusal::Refusal;
pub use take::{INIT_NAMES, Snapshot};
