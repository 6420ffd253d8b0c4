//! Wharf, the WebAssembly engine, as a library: compile, link, instantiate and call modules (floor 4).
//!
//! An [`Engine`] holds what all modules and stores share. A [`Module`] is compiled once and can be instantiated many times, on
//! many threads. A [`Store`] owns instances and everything they can reach, beside data of yours. A [`Linker`] names what a
//! module's imports are satisfied with. Handles such as [`Func`] and [`Memory`] are small and `Copy`; every use names the store,
//! and a handle of another store is an error.
//!
//! Read first: [`Engine`], [`Module`], [`Store`], [`Linker`].
//!
//! ```
//! use wharf::{Caller, Engine, Linker, Module, Store};
//!
//! # fn main() -> Result<(), wharf::Error> {
//! let engine = Engine::default();
//! let module = Module::new(&engine, r#"
//!     (module
//!       (import "host" "double" (func $double (param i32) (result i32)))
//!       (func (export "quadruple") (param i32) (result i32)
//!         local.get 0 call $double call $double))
//! "#)?;
//!
//! let mut linker: Linker<u32> = Linker::new(&engine);
//! linker.func_wrap("host", "double", |mut caller: Caller<'_, u32>, n: i32| {
//!     *caller.data_mut() += 1;
//!     2 * n
//! })?;
//!
//! let mut store = Store::new(&engine, 0);
//! let instance = linker.instantiate(&mut store, &module)?;
//! let quadruple = instance.get_typed_func::<i32, i32>(&mut store, "quadruple")?;
//! assert_eq!(quadruple.call(&mut store, 5)?, 20);
//! assert_eq!(*store.data(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! Objects of garbage-collected guests are at hand as [`StructRef`], [`ArrayRef`] and [`AnyRef`], values of the host in guests as
//! [`ExternRef`]. How long such references are valid is said at [`GcRef`]; a [`RootScope`] ends them earlier, an [`OwnedRef`]
//! outlives scopes. Their types are [`StructType`] and [`ArrayType`].
//!
//! **Invariants.** This is the only crate that knows all tiers; it decides which one runs what. It holds no unsafe code: what
//! needs some lives in `runtime` and `sys`.
#![forbid(unsafe_code)]

mod any_ref;
mod artifact;
mod cache;
mod compile;
mod config;
mod context;
mod engine;
mod error;
mod exception;
mod extern_ref;
mod external;
mod fallback;
mod func;
mod instance;
mod into_func;
mod linker;
mod memory;
mod object;
mod root;
mod shared_memory;
mod stats;
mod store;
mod stream;
mod symbols;
mod table;
mod tiering;
mod typed;
mod types;
mod val;
mod wasm_module;

pub use abi::{Profile, ProfileError};
pub use any_ref::{AnyRef, EqRef, I31};
pub use cache::{CacheConfig, CacheEntry, CacheProblem, FileIdentity};
pub use config::{Config, Tier};
pub use context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
pub use engine::Engine;
pub use error::{Backtrace, Error, ErrorKind, Frame, Result, SourceLocation};
pub use exception::{Exception, ExnRef, Tag};
pub use extern_ref::ExternRef;
pub use external::{Extern, Global};
pub use func::{Caller, Func, TypedFunc};
pub use instance::Instance;
pub use into_func::{IntoFunc, WasmResults};
pub use linker::{InstancePre, Linker};
pub use memory::{Memory, MemoryAccessError};
pub use module::{
    ErrorKind as ModuleErrorKind, ExternType, Feature, Features, FieldType, FuncType, GlobalType,
    HeapType, MemoryType, RefType, StorageType, TableType, TypeIdx, TypeKind, ValType,
};
pub use object::{ArrayRef, StructRef};
pub use ops::{Trap, V128};
pub use optimizing::Inlining;
pub use root::{GcRef, OwnedRef, RootScope};
pub use runtime::{
    ElemState, GcStats, InstanceState, InterruptHandle, Limits, Pooling, ValueState,
};
pub use shared_memory::SharedMemory;
pub use stats::{Stats, Work};
pub use store::Store;
pub use stream::ModuleStream;
pub use table::Table;
pub use typed::{WasmParams, WasmTy};
pub use types::{ArrayType, RecGroup, StructType};
pub use val::{Ref, Val};
pub use wasm_module::{ExportType, ImportType, Module};
