//! The structures that compiled code reads and writes, as Rust sees them; `abi` has the offsets.
//!
//! Everything here is reached through raw pointers from both sides, so no long-lived reference to it is ever made.

use crate::StoreCore;
use abi::{FuncRefLayout, MemoryDefLayout, Raw, StoreCtxLayout, TableDefLayout, VmctxLayout};
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::mem::offset_of;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

/// The part of a store that compiled code sees.
#[repr(C)]
pub(crate) struct StoreCtx {
    pub(crate) fuel: i64,
    pub(crate) interrupted: u64,
    pub(crate) stack_limit: usize,
    pub(crate) exit_fp: usize,
    /// The store itself, for builtins and host entries. Set anew at each entry into compiled code.
    pub(crate) store: *mut StoreCore,
    pub(crate) gc_base: *mut u8,
    pub(crate) gc_top: u32,
    pub(crate) gc_end: u32,
    pub(crate) types: *const u8,
    /// Code that fails for lack of stack, if the engine has stubs.
    pub(crate) overflow: *const u8,
    _reserved: [u64; 6],
    /// Written by thunks of builtins only.
    pub(crate) gc_object: u64,
}

const _: () = {
    assert!(offset_of!(StoreCtx, fuel) == StoreCtxLayout::FUEL as usize);
    assert!(offset_of!(StoreCtx, interrupted) == StoreCtxLayout::INTERRUPTED as usize);
    assert!(offset_of!(StoreCtx, stack_limit) == StoreCtxLayout::STACK_LIMIT as usize);
    assert!(offset_of!(StoreCtx, exit_fp) == StoreCtxLayout::EXIT_FP as usize);
    assert!(offset_of!(StoreCtx, gc_base) == StoreCtxLayout::GC_BASE as usize);
    assert!(offset_of!(StoreCtx, gc_top) == StoreCtxLayout::GC_TOP as usize);
    assert!(offset_of!(StoreCtx, gc_end) == StoreCtxLayout::GC_END as usize);
    assert!(offset_of!(StoreCtx, types) == StoreCtxLayout::TYPES as usize);
    assert!(offset_of!(StoreCtx, gc_object) == StoreCtxLayout::GC_OBJECT as usize);
    assert!(size_of::<StoreCtx>() == StoreCtxLayout::SIZE as usize);
};

impl StoreCtx {
    pub(crate) fn new() -> StoreCtx {
        StoreCtx {
            fuel: 0,
            interrupted: 0,
            stack_limit: 0,
            exit_fp: 0,
            store: std::ptr::null_mut(),
            gc_base: std::ptr::null_mut(),
            gc_top: 0,
            gc_end: 0,
            types: std::ptr::null(),
            overflow: std::ptr::null(),
            _reserved: [0; 6],
            gc_object: 0,
        }
    }

    /// Whether somebody has asked the store's guests to stop.
    #[inline(always)]
    pub(crate) fn is_asked_to_stop(&self) -> bool {
        // SAFETY: the word is valid, aligned, and accessed only atomically wherever other threads may.
        let word = unsafe { AtomicU64::from_ptr((&raw const self.interrupted).cast_mut()) };
        word.load(Ordering::Relaxed) != 0
    }
}

/// The entry of a function: what references point to.
#[repr(C)]
pub(crate) struct FuncRef {
    pub(crate) code: *const u8,
    pub(crate) vmctx: *mut u8,
    pub(crate) ty: u32,
    pub(crate) func: u32,
    pub(crate) entry: *const u8,
}

const _: () = {
    assert!(offset_of!(FuncRef, code) == FuncRefLayout::CODE as usize);
    assert!(offset_of!(FuncRef, vmctx) == FuncRefLayout::VMCTX as usize);
    assert!(offset_of!(FuncRef, ty) == FuncRefLayout::TYPE as usize);
    assert!(offset_of!(FuncRef, func) == FuncRefLayout::FUNC as usize);
    assert!(offset_of!(FuncRef, entry) == FuncRefLayout::ENTRY as usize);
    assert!(size_of::<FuncRef>() == FuncRefLayout::SIZE as usize);
};

/// Where a memory is now.
#[repr(C)]
pub(crate) struct MemoryDef {
    pub(crate) base: *mut u8,
    pub(crate) bytes: u64,
}

const _: () = {
    assert!(offset_of!(MemoryDef, base) == MemoryDefLayout::BASE as usize);
    assert!(offset_of!(MemoryDef, bytes) == MemoryDefLayout::BYTES as usize);
    assert!(size_of::<MemoryDef>() == MemoryDefLayout::SIZE as usize);
};

/// Where a table's elements are now.
#[repr(C)]
pub(crate) struct TableDef {
    pub(crate) base: *mut u64,
    pub(crate) len: u64,
}

const _: () = {
    assert!(offset_of!(TableDef, base) == TableDefLayout::BASE as usize);
    assert!(offset_of!(TableDef, len) == TableDefLayout::LEN as usize);
    assert!(size_of::<TableDef>() == TableDefLayout::SIZE as usize);
};

/// The vmctx of one instance: zeroed memory that stays where it is until dropped.
pub(crate) struct Vmctx {
    bytes: NonNull<u8>,
    layout: Layout,
}

// SAFETY: the memory is owned; whoever reads or writes it holds the store.
unsafe impl Send for Vmctx {}
// SAFETY: as above; a shared reference allows no access.
unsafe impl Sync for Vmctx {}

impl Vmctx {
    pub(crate) fn new(size: u32) -> Vmctx {
        let size = (size as usize).max(VmctxLayout::INSTANCE as usize + 8);
        let layout = Layout::from_size_align(size, 16).expect("size is below 4 GiB");
        // SAFETY: the size is not zero.
        let bytes = unsafe { alloc_zeroed(layout) };
        let Some(bytes) = NonNull::new(bytes) else {
            handle_alloc_error(layout)
        };
        Vmctx { bytes, layout }
    }

    pub(crate) fn as_ptr(&self) -> *mut u8 {
        self.bytes.as_ptr()
    }

    /// The address of the field at `offset`.
    ///
    /// # Panics
    /// If a field of type `F` does not fit or is not aligned there: our bug.
    pub(crate) fn field<F>(&self, offset: u32) -> *mut F {
        let offset = offset as usize;
        assert!(
            offset + size_of::<F>() <= self.layout.size() && offset.is_multiple_of(align_of::<F>())
        );
        // SAFETY: in bounds by the assertion.
        unsafe { self.bytes.as_ptr().add(offset).cast() }
    }
}

impl Drop for Vmctx {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout in `new`.
        unsafe { dealloc(self.bytes.as_ptr(), self.layout) }
    }
}

/// A cell for a global that belongs to no instance.
pub(crate) type GlobalCell = Raw;
