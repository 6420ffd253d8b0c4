//! Where compiled code finds things: byte offsets of every structure it reads.
//!
//! ```text
//! vmctx of an instance                        context of a host function
//!   0  unused by code                           0  unused by code
//!   8  *store context                           8  *store context
//!  16  *builtin addresses                      16  host entry: extern "C" fn(ctx, *mut Raw) -> u32
//!  24  *u32 canonical type numbers             24  (runtime's own)
//!  32  (runtime's own)
//!  40  *function slot each: the module's defined functions, if their code changes as they get hot
//!  48  *call-site record each: likewise
//!  56  imported functions: {code, vmctx, *func entry} each
//!      memories: {base, *memory definition} each
//!      tables, imported: *table definition each;  globals, imported: *16-byte cell each
//!      tables, defined: table definition each     globals, defined: 16-byte cell each
//!      functions, escaping: func entry each
//!      tags: u32 number in the store each
//! ```
//! All pointers are 8 bytes: compiled code is for 64-bit hosts.

use crate::gc::StructLayouts;
use module::{FuncIdx, GlobalIdx, Header, MemoryIdx, MemoryType, TableIdx, TagIdx};

/// Address space behind a 32-bit memory: all that an index can reach.
pub const STATIC_MEMORY_BYTES: u64 = 1 << 32;

/// Inaccessible address space after [`STATIC_MEMORY_BYTES`]. An access whose static offset plus size is at most this needs no
/// bounds check; one with a greater offset is checked explicitly.
pub const MEMORY_GUARD_BYTES: u64 = 32 << 20;

/// A structure either lies in vmctx at an offset, or vmctx holds its address there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// The structure starts at this offset of vmctx.
    Inline(u32),
    /// The address of the structure is at this offset of vmctx, and never changes.
    Pointer(u32),
}

/// Whether memories of this type lie in one place for good, with [`STATIC_MEMORY_BYTES`] and [`MEMORY_GUARD_BYTES`] of address
/// space. Others may move when they grow, and have only the guard behind their last page.
pub const fn is_static(ty: &MemoryType) -> bool {
    !ty.memory64 && ty.page_size_log2 == 16
}

/// Offsets in the store context.
pub struct StoreCtxLayout;

impl StoreCtxLayout {
    /// `i64`: fuel left; negative when used up.
    pub const FUEL: u32 = 0;
    /// `u64`: nonzero when the guest was asked to stop.
    pub const INTERRUPTED: u32 = 8;
    /// `usize`: calls out of compiled code need the stack pointer to be at or above this address.
    pub const STACK_LIMIT: u32 = 16;
    /// `usize`: frame pointer of the trampoline through which the guest last called out.
    pub const EXIT_FP: u32 = 24;
    /// `usize`: address of the garbage-collected heap; 0 while the store has none.
    pub const GC_BASE: u32 = 40;
    /// `u32`: offset in the heap of the next young object.
    pub const GC_TOP: u32 = 48;
    /// `u32`: offset in the heap that young objects must end at; at most [`crate::gc::YOUNG_END`].
    pub const GC_END: u32 = 52;
    /// `usize`: address of the engine's table of types: see [`crate::gc::TypeRowLayout`].
    pub const TYPES: u32 = 56;
    /// `u64`: what a builtin gave that changes no register: an object (32 bits), an address, or anything but 0 for nothing; 0 for a
    /// pending trap, or for lack of stack if none is pending.
    pub const GC_OBJECT: u32 = 120;
    /// Size in bytes.
    pub const SIZE: u32 = 128;
}

/// Offsets in the entry of a function: what a function reference points to.
pub struct FuncRefLayout;

impl FuncRefLayout {
    /// Address of the code, in the convention of compiled code.
    pub const CODE: u32 = 0;
    /// The callee's vmctx: first argument of `CODE`.
    pub const VMCTX: u32 = 8;
    /// `u32`: canonical number of the function's type.
    pub const TYPE: u32 = 16;
    /// `u32`: number of the function in its store (runtime's own).
    pub const FUNC: u32 = 20;
    /// Address of the entry trampoline of the type: `extern "C" fn(code, vmctx, *mut Raw)`.
    pub const ENTRY: u32 = 24;
    /// Size in bytes.
    pub const SIZE: u32 = 32;
}

/// Offsets in the slot of a defined function, of which a module has an array if its functions are compiled one by one.
///
/// Whoever calls through a slot has the number of the function among the defined ones in `eax`, and the callee's vmctx and
/// arguments where the convention of compiled code wants them: the first code of a slot compiles the function.
pub struct FuncSlotLayout;

impl FuncSlotLayout {
    /// Address of the best code that there is. Changes at any time, in one store.
    pub const CODE: u32 = 0;
    /// `i32`: how much more the function may do in baseline code before it asks for better code. Threads count without locks, so
    /// some counts are lost.
    pub const COUNTER: u32 = 8;
    /// Size in bytes.
    pub const SIZE: u32 = 16;
}

/// Offsets in the record of a place that calls through a table or a reference, which baseline code keeps.
///
/// It finds the majority of what is called: the candidate gains a hit when it is called; another callee costs it one, and takes
/// its place when none are left. Threads write without locks, so the record is a hint and never more.
pub struct CallSiteLayout;

impl CallSiteLayout {
    /// `u64`: the candidate: the address of its function entry less that of the caller's vmctx, which is the same in all
    /// instances if the function is the module's own.
    pub const TARGET: u32 = 0;
    /// `i32`: hits left.
    pub const HITS: u32 = 8;
    /// `i32`: how often another one was called.
    pub const MISSES: u32 = 12;
    /// Size in bytes.
    pub const SIZE: u32 = 16;
}

/// Offsets in a table definition.
pub struct TableDefLayout;

impl TableDefLayout {
    /// Address of the elements: 8 bytes each, a function entry's address or a zero-extended 32-bit handle; 0 is null.
    pub const BASE: u32 = 0;
    /// `u64`: number of elements.
    pub const LEN: u32 = 8;
    /// Size in bytes.
    pub const SIZE: u32 = 16;
}

/// Offsets in a memory definition.
pub struct MemoryDefLayout;

impl MemoryDefLayout {
    /// Address of the first byte.
    pub const BASE: u32 = 0;
    /// `u64`: size in bytes.
    pub const BYTES: u32 = 8;
    /// Size in bytes.
    pub const SIZE: u32 = 16;
}

/// Offsets in the context of a host function.
pub struct HostCtxLayout;

impl HostCtxLayout {
    /// Address of the store context: the same place as in an instance's vmctx.
    pub const STORE: u32 = VmctxLayout::STORE;
    /// Address of the host entry: `extern "C" fn(ctx, *mut Raw) -> u32`, 0 for success, else a trap is pending; or as
    /// [`Trampolines::host_in_registers`](crate::Trampolines::host_in_registers) says.
    pub const ENTRY: u32 = 16;
}

/// Offsets in the vmctx of every instance of one module.
#[derive(Clone, Debug)]
pub struct VmctxLayout {
    imported_funcs: u32,
    memories: u32,
    imported_tables: u32,
    imported_globals: u32,
    tables: u32,
    globals: u32,
    func_refs: u32,
    tags: u32,
    size: u32,
    n_imported_tables: u32,
    n_imported_globals: u32,
    n_imported_funcs: u32,
    /// Position among the function entries, by function; `u32::MAX` for functions that no reference can be made of.
    func_ref_slots: Box<[u32]>,
    /// The functions that have an entry, by its position.
    escaping: Box<[FuncIdx]>,
    /// Where the fields of the module's structures lie.
    pub structs: StructLayouts,
}

impl VmctxLayout {
    /// Address of the store context.
    pub const STORE: u32 = 8;
    /// Address of the table of builtins' addresses.
    pub const BUILTINS: u32 = 16;
    /// Address of the canonical type numbers, one `u32` per type of the module.
    pub const TYPE_IDS: u32 = 24;
    /// The runtime's own pointer.
    pub const INSTANCE: u32 = 32;
    /// Address of the array of the defined functions' slots (see [`FuncSlotLayout`]); 0 if the module's code is all there and
    /// final.
    pub const FUNC_SLOTS: u32 = 40;
    /// Address of the array of call-site records (see [`CallSiteLayout`]); 0 if nothing is recorded.
    pub const CALL_SITES: u32 = 48;
    const IMPORTED_FUNCS: u32 = 56;
    /// Size of an imported function's record: code, vmctx, address of the function entry.
    const IMPORTED_FUNC_SIZE: u32 = 24;
    const MEMORY_SIZE: u32 = 16;
    /// Size of a global's cell.
    pub const GLOBAL_SIZE: u32 = 16;

    /// The layout for instances of the module with this header.
    ///
    /// # Panics
    /// If the structure would exceed 4 GiB, which the limits of validation exclude.
    pub fn new(header: &Header) -> VmctxLayout {
        let mut at = Self::IMPORTED_FUNCS;
        let mut take = |count: usize, size: u32, align: u32| {
            let start = at.next_multiple_of(align);
            at = start + u32::try_from(count).expect("count fits") * size;
            start
        };
        let imported_funcs = take(header.n_imported_funcs(), Self::IMPORTED_FUNC_SIZE, 8);
        let memories = take(header.memories().len(), Self::MEMORY_SIZE, 8);
        let imported_tables = take(header.n_imported_tables(), 8, 8);
        let imported_globals = take(header.n_imported_globals(), 8, 8);
        let n_tables = header.tables().len() - header.n_imported_tables();
        let tables = take(n_tables, TableDefLayout::SIZE, 8);
        let n_globals = header.globals().len() - header.n_imported_globals();
        let globals = take(n_globals, Self::GLOBAL_SIZE, 16);
        let mut escaping = Vec::new();
        let func_ref_slots: Box<[u32]> = (0..header.funcs().len())
            .map(|index| {
                let func = FuncIdx(index as u32);
                let defined = index >= header.n_imported_funcs();
                if defined && header.escapes(func) {
                    escaping.push(func);
                    escaping.len() as u32 - 1
                } else {
                    u32::MAX
                }
            })
            .collect();
        let func_refs = take(escaping.len(), FuncRefLayout::SIZE, 8);
        let tags = take(header.tags().len(), 4, 4);
        VmctxLayout {
            imported_funcs,
            memories,
            imported_tables,
            imported_globals,
            tables,
            globals,
            func_refs,
            tags,
            size: at.next_multiple_of(16),
            n_imported_tables: header.n_imported_tables() as u32,
            n_imported_globals: header.n_imported_globals() as u32,
            n_imported_funcs: header.n_imported_funcs() as u32,
            func_ref_slots,
            escaping: escaping.into(),
            structs: StructLayouts::default(),
        }
    }

    /// Size of the structure in bytes, a multiple of 16.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// Offset of an imported function's code address.
    pub fn imported_func_code(&self, func: FuncIdx) -> u32 {
        debug_assert!(func.0 < self.n_imported_funcs);
        self.imported_funcs + func.0 * Self::IMPORTED_FUNC_SIZE
    }

    /// Offset of an imported function's vmctx.
    pub fn imported_func_vmctx(&self, func: FuncIdx) -> u32 {
        self.imported_func_code(func) + 8
    }

    /// Offset of the copy of a memory's base address; constant for static memories, not to be used for others.
    pub fn memory_base(&self, memory: MemoryIdx) -> u32 {
        self.memories + memory.0 * Self::MEMORY_SIZE
    }

    /// Offset of the address of a memory's definition.
    pub fn memory_def(&self, memory: MemoryIdx) -> u32 {
        self.memory_base(memory) + 8
    }

    /// Where a table's definition is.
    pub fn table(&self, table: TableIdx) -> Place {
        match table.0.checked_sub(self.n_imported_tables) {
            Some(defined) => Place::Inline(self.tables + defined * TableDefLayout::SIZE),
            None => Place::Pointer(self.imported_tables + table.0 * 8),
        }
    }

    /// Where a global's cell is.
    pub fn global(&self, global: GlobalIdx) -> Place {
        match global.0.checked_sub(self.n_imported_globals) {
            Some(defined) => Place::Inline(self.globals + defined * Self::GLOBAL_SIZE),
            None => Place::Pointer(self.imported_globals + global.0 * 8),
        }
    }

    /// Offset of the number that a tag has in the store, a `u32` that never changes.
    pub fn tag(&self, tag: TagIdx) -> u32 {
        self.tags + 4 * tag.0
    }

    /// The defined function whose entry is at this offset; `None` if none is.
    pub fn func_of_ref(&self, offset: u64) -> Option<FuncIdx> {
        let inner = offset.checked_sub(self.func_refs.into())?;
        let size = u64::from(FuncRefLayout::SIZE);
        let is_start = inner.is_multiple_of(size);
        let position = usize::try_from(inner / size).ok().filter(|_| is_start)?;
        self.escaping.get(position).copied()
    }

    /// Where a function's entry is, or `None` if no reference to the function can be made.
    pub fn func_ref(&self, func: FuncIdx) -> Option<Place> {
        if func.0 < self.n_imported_funcs {
            return Some(Place::Pointer(self.imported_func_code(func) + 16));
        }
        match self.func_ref_slots[func.index()] {
            u32::MAX => None,
            slot => Some(Place::Inline(self.func_refs + slot * FuncRefLayout::SIZE)),
        }
    }
}
