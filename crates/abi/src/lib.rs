//! What compiled code and the runtime agree on (floor 1): layouts, builtins, trampolines, and the form of compiled code.
//!
//! It stands apart so that compilers never see the runtime and the runtime never sees a compiler. It holds numbers and plain
//! data only; no pointer is followed here.
//!
//! Read first: [`VmctxLayout`] (where things are), [`CompiledFunc`] (what a compiler returns), [`Compiler`] (the contract).
#![forbid(unsafe_code)]

mod builtin;
mod code;
mod compiler;
pub mod gc;
pub mod inlined;
mod osr;
mod profile;
mod raw;
mod vmctx;

pub use builtin::{Builtin, BuiltinSig, BuiltinType};
pub use code::{
    CodeImage, CodeImageBuilder, CompiledFunc, FuncLocation, Handler, PcEntry, Reloc, RelocTarget,
    StackMap, StackMaps, TRAP_PENDING, TrapEntry,
};
pub use compiler::{
    Around, CallTarget, CompileEnv, CompileError, Compiler, Trampolines, returns_in_memory,
};
pub use osr::OsrFrame;
pub use profile::{Profile, ProfileError, Times};
pub use raw::Raw;
pub use vmctx::{
    CallSiteLayout, FuncRefLayout, FuncSlotLayout, HostCtxLayout, MEMORY_GUARD_BYTES,
    MemoryDefLayout, Place, STATIC_MEMORY_BYTES, StoreCtxLayout, TableDefLayout, VmctxLayout,
    is_static,
};
