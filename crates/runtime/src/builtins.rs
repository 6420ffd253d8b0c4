//! The functions that compiled code calls; `abi` has their signatures.
//!
//! Code reaches each through a thunk, whose frame looks like that of a host trampoline: whoever runs below finds the frames of
//! the guest above from `exit_fp`.
//!
//! ```text
//!   return address, in the guest
//!   frame pointer of the guest     <- exit_fp
//!   return address, in the thunk   the builtin's frame follows
//! ```

mod gc;

use crate::call::Pending;
use crate::instance::Instance;
use crate::vm::StoreCtx;
use crate::{Cause, InstanceId, StoreCore};
use abi::{Builtin, VmctxLayout, for_each_builtin};
use module::{DataIdx, ElemIdx, MemoryIdx, TableIdx, TagIdx};
use ops::{Atomic, Compute, Trap, Value};
use std::arch::naked_asm;
use std::mem::offset_of;

/// What a builtin works on: the store of the calling guest, and its instance.
struct Caller<'a> {
    store: &'a mut StoreCore,
    instance: InstanceId,
}

impl Caller<'_> {
    /// The caller behind a vmctx.
    ///
    /// # Safety
    /// `vmctx` is that of an instance whose code is running, in a store that was entered.
    unsafe fn new<'a>(vmctx: *mut u8) -> Caller<'a> {
        // SAFETY: the layout of vmctx; the store's exclusive use was lent to the guest by whoever entered it.
        unsafe {
            let ctx = vmctx
                .add(VmctxLayout::STORE as usize)
                .cast::<*mut StoreCtx>()
                .read();
            let instance = vmctx
                .add(VmctxLayout::INSTANCE as usize)
                .cast::<u64>()
                .read();
            Caller {
                store: &mut *(*ctx).store,
                instance: InstanceId(instance as u32),
            }
        }
    }

    fn instance(&self) -> &Instance {
        self.store.instance(self.instance)
    }

    fn memory(&self, memory: i32) -> u32 {
        self.instance().memory(MemoryIdx(memory as u32))
    }

    fn table(&self, table: i32) -> u32 {
        self.instance().table(TableIdx(table as u32))
    }

    /// What became of work on many bytes or elements, unless the guest was asked to stop meanwhile: a guest that does little else is
    /// hardly ever in its own code when a signal comes.
    fn unless_asked_to_stop<R>(&self, outcome: Result<R, Trap>) -> Result<R, Trap> {
        if outcome.is_ok() && self.store.interrupt.is_requested() {
            return Err(Trap::Interrupted);
        }
        outcome
    }

    /// 0 for success; else notes the trap and gives 1.
    fn finish(self, outcome: Result<(), Trap>) -> i32 {
        match self.unless_asked_to_stop(outcome) {
            Ok(()) => 0,
            Err(trap) => {
                self.store.pending = Some(Pending::Cause(Cause::Trap(trap)));
                1
            }
        }
    }

    fn memory_atomic_wait32(
        self,
        memory: i32,
        address: i64,
        expected: i32,
        timeout_ns: i64,
    ) -> i64 {
        let operands = [u64::from(expected as u32), timeout_ns as u64];
        self.atomic(Atomic::MemoryAtomicWait32, memory, address, operands)
    }

    fn memory_atomic_wait64(
        self,
        memory: i32,
        address: i64,
        expected: i64,
        timeout_ns: i64,
    ) -> i64 {
        let operands = [expected as u64, timeout_ns as u64];
        self.atomic(Atomic::MemoryAtomicWait64, memory, address, operands)
    }

    fn memory_atomic_notify(self, memory: i32, address: i64, count: i32) -> i64 {
        let operands = [u64::from(count as u32), 0];
        self.atomic(Atomic::MemoryAtomicNotify, memory, address, operands)
    }

    /// The operator's result, or -1 after noting the trap.
    fn atomic(self, op: Atomic, memory: i32, address: i64, operands: [u64; 2]) -> i64 {
        let index = self.memory(memory);
        match self
            .store
            .atomic_access(op, index, address as u64, operands)
        {
            Ok(result) => result as i64,
            Err(trap) => {
                self.finish(Err(trap));
                -1
            }
        }
    }

    fn memory_grow(self, memory: i32, delta_pages: i64) -> i64 {
        let index = self.memory(memory);
        self.store
            .grow_memory(index, delta_pages as u64)
            .map_or(-1, |old| old as i64)
    }

    fn memory_fill(self, memory: i32, dst: i64, value: i32, bytes: i64) -> i32 {
        let index = self.memory(memory);
        let outcome = self
            .store
            .fill_memory(index, dst as u64, value as u8, bytes as u64);
        self.finish(outcome)
    }

    fn memory_copy(self, dst_memory: i32, src_memory: i32, dst: i64, src: i64, bytes: i64) -> i32 {
        let (to, from) = (self.memory(dst_memory), self.memory(src_memory));
        let outcome = self
            .store
            .copy_memory((to, dst as u64), (from, src as u64), bytes as u64);
        self.finish(outcome)
    }

    fn memory_init(self, memory: i32, data: i32, dst: i64, src: i32, bytes: i32) -> i32 {
        let (memory, data) = (MemoryIdx(memory as u32), DataIdx(data as u32));
        let (src, bytes) = (u64::from(src as u32), u64::from(bytes as u32));
        let outcome =
            self.store
                .instance_memory_init(self.instance, memory, data, dst as u64, src, bytes);
        self.finish(outcome)
    }

    fn data_drop(self, data: i32) {
        self.store
            .instance_data_drop(self.instance, DataIdx(data as u32));
    }

    fn table_grow(self, table: i32, value: i64, delta: i64) -> i64 {
        let index = self.table(table);
        self.store
            .grow_table(index, delta as u64, value as u64)
            .map_or(-1, |old| old as i64)
    }

    fn table_fill(self, table: i32, dst: i64, value: i64, count: i64) -> i32 {
        let index = self.table(table);
        let outcome = self
            .store
            .fill_table(index, dst as u64, value as u64, count as u64);
        self.finish(outcome)
    }

    fn table_copy(self, dst_table: i32, src_table: i32, dst: i64, src: i64, count: i64) -> i32 {
        let (to, from) = (self.table(dst_table), self.table(src_table));
        let outcome = self
            .store
            .copy_table((to, dst as u64), (from, src as u64), count as u64);
        self.finish(outcome)
    }

    fn table_init(self, table: i32, elem: i32, dst: i64, src: i32, count: i32) -> i32 {
        let (table, elem) = (TableIdx(table as u32), ElemIdx(elem as u32));
        let (src, count) = (u64::from(src as u32), u64::from(count as u32));
        let outcome =
            self.store
                .instance_table_init(self.instance, table, elem, dst as u64, src, count);
        self.finish(outcome)
    }

    fn elem_drop(self, elem: i32) {
        self.store
            .instance_elem_drop(self.instance, ElemIdx(elem as u32));
    }

    fn subtype(self, sub: i32, sup: i32) -> i32 {
        let types = self.store.engine.types();
        types.is_subtype(sub as u32, sup as u32).into()
    }

    fn exn_new(self, tag: i32) -> i32 {
        let tag = self.instance().tag(TagIdx(tag as u32));
        if let Some(exception) = self.store.exn_alloc(tag) {
            return exception as i32;
        }
        match self.store.exn_room(tag) {
            Ok(()) => self.store.exn_alloc(tag).expect("room was made") as i32,
            Err(trap) => {
                self.finish(Err(trap));
                0
            }
        }
    }

    fn throw(self, exception: i32) {
        let store: *mut StoreCore = self.store;
        // SAFETY: the guest of the store has called out to us, and nothing here needs to be dropped.
        let cause = unsafe { StoreCore::throw(store, exception as u32) };
        self.store.pending = Some(Pending::Cause(cause));
    }

    fn tier_up(self, _ctx: *mut u8, func: i32, at: i32) -> usize {
        let (func, at) = (func as u32, u32::try_from(at).ok());
        let module = self.instance().module.clone();
        let (Some(tiers), Some(tiered)) = (self.store.engine.tiers(), module.tiered()) else {
            return 0;
        };
        let loop_code = || at.and_then(|at| tiered.loop_code(func, at));
        if let Some(code) = loop_code() {
            return code;
        }
        let counter = tiers.hot(&module, func, at);
        tiered.set_counter(func, counter);
        loop_code().unwrap_or(0)
    }

    fn compute(self, op: i32, slots: *mut u8) -> i32 {
        let op = Compute::from_code(op as u16).expect("compiled code names an existing operator");
        let params = op.params();
        // SAFETY: compiled code passes one 16-byte slot per operand of the operator, at least one.
        let slots = unsafe {
            std::slice::from_raw_parts_mut(slots.cast::<[u8; 16]>(), params.len().max(1))
        };
        let args: Vec<Value> = params
            .iter()
            .zip(slots.iter())
            .map(|(ty, slot)| Value::from_bits(*ty, u128::from_le_bytes(*slot)))
            .collect();
        let deterministic = self.store.engine().settings().deterministic;
        let outcome = op.eval(&args).map(|value| {
            let value = if deterministic {
                op.with_canonical_nans(value)
            } else {
                value
            };
            slots[0] = value.to_bits().to_le_bytes();
        });
        self.finish(outcome)
    }
}

macro_rules! table {
    (@ty i32) => { i32 };
    (@ty i64) => { i64 };
    (@ty pointer) => { *mut u8 };
    (@ty trap) => { i32 };
    (@ty none) => { () };
    (@ty object) => { i32 };
    (@ty address) => { usize };
    (@ty quiet) => { () };
    (@thunk object $name:ident) => { table!(@preserving $name, "mov [rsi + {gc_object}], eax"); };
    (@thunk address $name:ident) => { table!(@preserving $name, "mov [rsi + {gc_object}], rax"); };
    (@thunk quiet $name:ident) => {
        table!(@preserving $name, "mov dword ptr [rsi + {gc_object}], 1");
    };
    (@thunk $result:ident $name:ident) => {
        // SAFETY: the instructions are a whole function: they make a frame, note it, and leave arguments and result as they are.
        #[unsafe(naked)]
        pub(super) unsafe extern "C" fn $name() {
            naked_asm!(
                ".cfi_startproc",
                "push rbp",
                ".cfi_def_cfa_offset 16",
                ".cfi_offset rbp, -16",
                "mov rbp, rsp",
                ".cfi_def_cfa_register rbp",
                "mov rax, [rdi + {store}]",
                "mov [rax + {exit_fp}], rbp",
                "call {builtin}",
                "pop rbp",
                ".cfi_def_cfa rsp, 8",
                "ret",
                ".cfi_endproc",
                store = const VmctxLayout::STORE,
                exit_fp = const offset_of!(StoreCtx, exit_fp),
                builtin = sym super::$name,
            )
        }
    };
    // What C preserves, the builtin does; the thunk adds the rest: general registers in 9 words below the frame pointer, then
    // vectors. Code that calls these has not looked whether there is room on the stack, so as not to prepare for it on its way;
    // without room the thunk must not touch the stack, since only code may fault there.
    (@preserving $name:ident, $keep_result:literal) => {
        // SAFETY: the instructions are a whole function: they make a frame, note it, and give every register back.
        #[unsafe(naked)]
        pub(super) unsafe extern "C" fn $name() {
            naked_asm!(
                ".cfi_startproc",
                "cmp rsp, [rsi + {stack_limit}]",
                "jb 2f",
                "push rbp",
                ".cfi_def_cfa_offset 16",
                ".cfi_offset rbp, -16",
                "mov rbp, rsp",
                ".cfi_def_cfa_register rbp",
                "sub rsp, 336",
                "mov [rbp - 8], rax",
                "mov [rbp - 16], rcx",
                "mov [rbp - 24], rdx",
                "mov [rbp - 32], rsi",
                "mov [rbp - 40], rdi",
                "mov [rbp - 48], r8",
                "mov [rbp - 56], r9",
                "mov [rbp - 64], r10",
                "mov [rbp - 72], r11",
                store_arguments!(),
                store_others!(),
                "mov [rsi + {exit_fp}], rbp",
                "call {builtin}",
                "mov rsi, [rbp - 32]",
                $keep_result,
                "mov rcx, [rbp - 16]",
                "mov rdx, [rbp - 24]",
                "mov rdi, [rbp - 40]",
                "mov r8, [rbp - 48]",
                "mov r9, [rbp - 56]",
                "mov r10, [rbp - 64]",
                "mov r11, [rbp - 72]",
                load_arguments!(),
                load_others!(),
                "mov rax, [rbp - 8]",
                "mov rsp, rbp",
                "pop rbp",
                ".cfi_def_cfa rsp, 8",
                "ret",
                "2:",
                "mov qword ptr [rsi + {gc_object}], 0",
                "ret",
                ".cfi_endproc",
                gc_object = const offset_of!(StoreCtx, gc_object),
                stack_limit = const offset_of!(StoreCtx, stack_limit),
                exit_fp = const offset_of!(StoreCtx, exit_fp),
                builtin = sym super::$name,
            )
        }
    };
    ($($(#[$doc:meta])* $name:ident($($param:ident: $ty:ident),*) -> $result:ident;)*) => {
        $(
            unsafe extern "C" fn $name(vmctx: *mut u8, $($param: table!(@ty $ty)),*) -> table!(@ty $result) {
                // SAFETY: compiled code passes its own vmctx.
                unsafe { Caller::new(vmctx) }.$name($($param),*)
            }
        )*

        /// What code calls instead of the builtins.
        mod thunk {
            use super::{StoreCtx, VmctxLayout, naked_asm, offset_of};
            use crate::vectors::{load_arguments, load_others, store_arguments, store_others};

            $(table!(@thunk $result $name);)*
        }

        /// The addresses of the builtins' thunks, by number.
        #[repr(transparent)]
        pub(crate) struct Builtins(pub(crate) [*const u8; Builtin::ALL.len()]);

        // SAFETY: addresses of functions.
        unsafe impl Sync for Builtins {}

        /// What every vmctx points to.
        pub(crate) static BUILTINS: Builtins = Builtins([$(thunk::$name as *const u8),*]);
    };
}

for_each_builtin!(table);
