//! What runs in Wharf (floor 2): stores and everything in them, entering and leaving compiled code, traps and backtraces.
//!
//! It stands apart because the unsafe heart of the engine must be small and closed: it follows the raw pointers that compiled
//! code shares, and offers the rooms above a face without any. It knows no compiler and no interpreter; both reach it through
//! [`abi::Compiler`] and [`Executor`].
//!
//! Read first: [`Store`] (what owns everything), [`LoadedModule`] (what instances share), [`StoreInner::instantiate`].

mod any_ref;
mod backtrace;
mod builtins;
mod call;
mod code;
mod const_expr;
mod engine;
mod error;
mod exception;
mod execute;
mod execute_gc;
mod extern_value;
mod func;
mod gc_heap;
mod global;
mod handle;
mod host;
mod host_types;
mod instance;
mod instantiate;
mod interrupt;
mod kept;
mod lazy;
mod limits;
mod loaded;
mod memory;
mod object;
mod owned_root;
mod plan;
mod reference;

mod seen;
mod slots;
mod stack_roots;
mod state;
mod store;
mod stubs;
mod table;
mod tiered;
mod types;
mod unwind;
mod value;
mod vectors;
mod vm;

pub use abi::Raw;
pub use any_ref::{AnyHandle, ExternHandle, OwnedHandle};
pub use backtrace::Frame;
pub use call::TypedHandle;
pub use engine::{EngineCore, EngineSettings, Runner};
pub use error::{BoxError, Cause, Error, ErrorKind, LinkError, Raised};
pub use exception::{Exception, ExnHandle};
pub use execute::{Callee, Executor};
pub use func::FuncHandle;
pub use handle::{
    ExternItem, GlobalHandle, InstanceHandle, InstanceId, MemoryHandle, StoreId, TableHandle,
    TagHandle,
};
pub use host::{HostCall, HostFunc};
pub use instantiate::Given;
pub use interrupt::InterruptHandle;
pub use kept::{
    KeptCode, KeptContent, KeptFunc, KeptLoop, KeptLoopCode, KeptSite, KeptTables, KeptText,
};
pub use limits::Limits;
pub use loaded::{CodeSource, LoadedModule, MAIN_MEMORY};
pub use memory::SharedMemory;
pub use object::GcStats;
pub use plan::InstancePlan;
pub use reference::{
    I31Bits, KindAny, KindArray, KindEq, KindExn, KindExtern, KindStruct, RefKind, TypedRef,
};
pub use slots::Pooling;
pub use state::{ElemState, InstanceState, ValueState};
pub use store::{Store, StoreCore, StoreInner};
pub use tiered::{CodeBytes, CodeLevel, Tiers};
pub use value::{Ref, Val, WasmList, WasmTy};
