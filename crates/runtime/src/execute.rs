//! What an interpreter may do with a store: a face without pointers, for an executor that the engine was given.

use crate::func::FuncKind;
use crate::{Cause, Exception, InstanceId, LoadedModule, Raised, StoreCore, TagHandle};
use abi::Raw;
use module::{DataIdx, ElemIdx, FuncIdx, GlobalIdx, MemoryIdx, TableIdx, TagIdx};
use ops::Trap;
use std::sync::Arc;

/// Runs the functions of instances when an engine has no compiler.
pub trait Executor: Send + Sync {
    /// Runs a defined function. The slots hold the arguments and get the results.
    ///
    /// # Errors
    /// If the guest stops, with its frames innermost first.
    fn execute(
        &self,
        store: &mut StoreCore,
        instance: InstanceId,
        func: FuncIdx,
        slots: &mut [Raw],
    ) -> Result<(), Raised>;

    /// Calls the function with every reference into the heap that is in the frames of the store's guests.
    fn visit_roots(&self, store: &mut StoreCore, visit: &mut dyn FnMut(&mut u32));
}

/// What a call arrives at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Callee {
    /// A function defined by an instance.
    Wasm {
        /// The instance.
        instance: InstanceId,
        /// The function, in the instance's module.
        func: FuncIdx,
    },
    /// A function of the host, by its number in the store.
    Host(u32),
}

/// References are bits in slots: 0 is null, a function is its number in the store plus one.
impl StoreCore {
    /// The module of an instance.
    pub fn instance_module(&self, instance: InstanceId) -> &Arc<LoadedModule> {
        self.instance(instance).module()
    }

    /// The number of a memory of an instance in the store.
    pub fn instance_memory(&self, instance: InstanceId, memory: MemoryIdx) -> u32 {
        self.instance(instance).memory(memory)
    }

    /// The bytes of the memory with this number in the store; none if it is shared: see [`StoreCore::read_memory`].
    pub fn memory_bytes(&self, memory: u32) -> &[u8] {
        self.memory_slice(memory)
    }

    /// The bytes of the memory with this number in the store, to be written; none if it is shared: see
    /// [`StoreCore::write_memory`].
    pub fn memory_bytes_mut(&mut self, memory: u32) -> &mut [u8] {
        self.memory_slice_mut(memory)
    }

    /// Copies bytes out of the memory with this number in the store, shared or not.
    ///
    /// # Errors
    /// [`Trap::MemoryOutOfBounds`] if they do not all lie in it.
    pub fn read_memory(&self, memory: u32, address: u64, buffer: &mut [u8]) -> Result<(), Trap> {
        self.copy_from_memory(memory, address, buffer)
    }

    /// Copies bytes into the memory with this number in the store, shared or not.
    ///
    /// # Errors
    /// [`Trap::MemoryOutOfBounds`] if they do not all fit into it.
    pub fn write_memory(&mut self, memory: u32, address: u64, bytes: &[u8]) -> Result<(), Trap> {
        self.init_memory(memory, address, bytes, 0, bytes.len() as u64)
    }

    /// An atomic access to the memory with this number in the store: the operator's result, or 0.
    ///
    /// # Errors
    /// The trap of the operator.
    pub fn exec_atomic(
        &mut self,
        op: ops::Atomic,
        memory: u32,
        address: u64,
        operands: [u64; 2],
    ) -> Result<u64, Trap> {
        self.atomic_access(op, memory, address, operands)
    }

    /// `memory.size`, in pages.
    pub fn exec_memory_size(&self, memory: u32) -> u64 {
        let memory = &self.memories[memory as usize];
        memory.bytes() as u64 >> memory.ty.page_size_log2
    }

    /// `memory.grow`: the old size in pages, or `None`.
    pub fn exec_memory_grow(&mut self, memory: u32, delta_pages: u64) -> Option<u64> {
        self.grow_memory(memory, delta_pages)
    }

    /// `memory.fill`.
    ///
    /// # Errors
    /// The trap of the operator.
    pub fn exec_memory_fill(
        &mut self,
        memory: u32,
        dst: u64,
        value: u8,
        bytes: u64,
    ) -> Result<(), Trap> {
        self.fill_memory(memory, dst, value, bytes)
    }

    /// `memory.copy` from (memory, address) to (memory, address).
    ///
    /// # Errors
    /// The trap of the operator.
    pub fn exec_memory_copy(
        &mut self,
        dst: (u32, u64),
        src: (u32, u64),
        bytes: u64,
    ) -> Result<(), Trap> {
        self.copy_memory(dst, src, bytes)
    }

    /// `memory.init`.
    ///
    /// # Errors
    /// The trap of the operator.
    pub fn exec_memory_init(
        &mut self,
        instance: InstanceId,
        memory: MemoryIdx,
        data: DataIdx,
        dst: u64,
        src: u64,
        bytes: u64,
    ) -> Result<(), Trap> {
        self.instance_memory_init(instance, memory, data, dst, src, bytes)
    }

    /// `data.drop`.
    pub fn exec_data_drop(&mut self, instance: InstanceId, data: DataIdx) {
        self.instance_data_drop(instance, data);
    }

    /// The number of a table of an instance in the store.
    pub fn instance_table(&self, instance: InstanceId, table: TableIdx) -> u32 {
        self.instance(instance).table(table)
    }

    /// `table.get`, as reference bits.
    ///
    /// # Errors
    /// The trap of the operator.
    pub fn exec_table_get(&self, table: u32, at: u64) -> Result<u64, Trap> {
        self.table_element(table, at)
    }

    /// `table.set`, with reference bits.
    ///
    /// # Errors
    /// The trap of the operator.
    pub fn exec_table_set(&mut self, table: u32, at: u64, bits: u64) -> Result<(), Trap> {
        self.set_table_element(table, at, self.checked_bits(bits))
    }

    /// `table.size`.
    pub fn exec_table_size(&self, table: u32) -> u64 {
        self.table_len(table)
    }

    /// `table.grow`: the old size, or `None`.
    pub fn exec_table_grow(&mut self, table: u32, delta: u64, bits: u64) -> Option<u64> {
        self.grow_table(table, delta, self.checked_bits(bits))
    }

    /// `table.fill`.
    ///
    /// # Errors
    /// The trap of the operator.
    pub fn exec_table_fill(
        &mut self,
        table: u32,
        dst: u64,
        bits: u64,
        count: u64,
    ) -> Result<(), Trap> {
        self.fill_table(table, dst, self.checked_bits(bits), count)
    }

    /// `table.copy` from (table, index) to (table, index).
    ///
    /// # Errors
    /// The trap of the operator.
    pub fn exec_table_copy(
        &mut self,
        dst: (u32, u64),
        src: (u32, u64),
        count: u64,
    ) -> Result<(), Trap> {
        self.copy_table(dst, src, count)
    }

    /// `table.init`.
    ///
    /// # Errors
    /// The trap of the operator.
    pub fn exec_table_init(
        &mut self,
        instance: InstanceId,
        table: TableIdx,
        elem: ElemIdx,
        dst: u64,
        src: u64,
        count: u64,
    ) -> Result<(), Trap> {
        self.instance_table_init(instance, table, elem, dst, src, count)
    }

    /// `elem.drop`.
    pub fn exec_elem_drop(&mut self, instance: InstanceId, elem: ElemIdx) {
        self.instance_elem_drop(instance, elem);
    }

    /// `global.get`, as bits.
    pub fn exec_global_get(&self, instance: InstanceId, global: GlobalIdx) -> Raw {
        self.global_raw(self.instance(instance).global(global))
    }

    /// `global.set`, with bits of the global's type.
    pub fn exec_global_set(&mut self, instance: InstanceId, global: GlobalIdx, value: Raw) {
        assert!(
            !self.engine.compiles(),
            "only an executor writes globals without compiled code"
        );
        let index = self.instance(instance).global(global);
        self.set_global_raw(index, value);
    }

    /// `ref.func`, as reference bits.
    pub fn exec_ref_func(&self, instance: InstanceId, func: FuncIdx) -> u64 {
        self.func_bits(self.instance(instance).func_number(func))
    }

    /// What a direct call of an instance's function arrives at.
    pub fn instance_callee(&self, instance: InstanceId, func: FuncIdx) -> Callee {
        match self.instance(instance).imported_func(func) {
            Some(number) => self.callee(number),
            None => Callee::Wasm { instance, func },
        }
    }

    /// What an indirect call arrives at.
    ///
    /// # Errors
    /// [`Trap::UndefinedElement`] past the table, [`Trap::UninitializedElement`] for null,
    /// [`Trap::IndirectCallTypeMismatch`] if the function is not of the type.
    pub fn exec_indirect_callee(
        &self,
        instance: InstanceId,
        table: u32,
        at: u64,
        ty: module::TypeIdx,
    ) -> Result<Callee, Trap> {
        let bits = self
            .table_element(table, at)
            .map_err(|_| Trap::UndefinedElement)?;
        let number = bits.checked_sub(1).ok_or(Trap::UninitializedElement)? as u32;
        let expected = self.instance(instance).module().type_id(ty);
        let found = self.func_type_id(self.func_handle(number));
        let types = self.engine.types();
        if found.is_ok_and(|found| types.is_subtype(found, expected)) {
            Ok(self.callee(number))
        } else {
            Err(Trap::IndirectCallTypeMismatch)
        }
    }

    /// What a call of a function reference arrives at, given as reference bits.
    ///
    /// # Errors
    /// [`Trap::NullFunctionReference`] for null.
    pub fn exec_ref_callee(&self, bits: u64) -> Result<Callee, Trap> {
        let number = bits.checked_sub(1).ok_or(Trap::NullFunctionReference)?;
        Ok(self.callee(number as u32))
    }

    fn callee(&self, number: u32) -> Callee {
        match self.funcs[number as usize].kind {
            FuncKind::Wasm { instance, func } => Callee::Wasm { instance, func },
            FuncKind::Host(_) => Callee::Host(number),
        }
    }

    /// Calls a function of the host. The slots hold the arguments and get the results; there are as many as the greater of
    /// both counts.
    ///
    /// # Errors
    /// What the function returned, or that the guest was asked to stop meanwhile.
    ///
    /// # Panics
    /// If the number is not that of a host function, or with the function's own panic.
    pub fn exec_call_host(&mut self, number: u32, slots: &mut [Raw]) -> Result<(), Cause> {
        assert!(
            !self.engine.compiles(),
            "only an executor calls host functions without a trampoline"
        );
        self.call_host(number, slots)
    }

    /// Whether a tag of an instance's module is a tag of the store.
    pub fn is_instance_tag(&self, instance: InstanceId, tag: TagIdx, found: TagHandle) -> bool {
        self.tag_handle(self.instance(instance).tag(tag)) == found
    }

    /// An exception whose payload is all zeros and nulls: what `throw` fills in. `None` if a collection is needed first.
    pub fn exec_exn_new(&mut self, instance: InstanceId, tag: TagIdx) -> Option<u32> {
        self.exn_alloc(self.instance(instance).tag(tag))
    }

    /// Collects, so that an exception with the tag can be made next.
    ///
    /// # Errors
    /// If there is no room for it.
    pub fn exec_exn_room(&mut self, instance: InstanceId, tag: TagIdx) -> Result<(), Trap> {
        self.exn_room(self.instance(instance).tag(tag))
    }

    /// Sets one value of the payload of an exception that was just made.
    pub fn exec_exn_set(&mut self, exn: u32, nth: usize, bits: u128) {
        assert!(
            !self.engine.compiles(),
            "only an executor writes references without compiled code"
        );
        self.exn_set(exn, nth, bits);
    }

    /// One value of the payload of an exception, as bits.
    pub fn exec_exn_get(&self, exn: u32, nth: usize) -> u128 {
        self.exn_field(exn, nth).u128()
    }

    /// The exception that a reference stands for, as it is thrown.
    ///
    /// # Errors
    /// [`Trap::NullReference`] for null.
    pub fn exec_exception(&self, exn: u32) -> Result<Exception, Trap> {
        if exn == 0 {
            return Err(Trap::NullReference);
        }
        Ok(self.exn_exception(exn))
    }

    /// The reference of an exception that was thrown.
    pub fn exec_exception_ref(&self, exception: &Exception) -> u32 {
        self.exception_reference(exception)
    }

    /// Subtracts fuel if the engine counts it.
    pub fn exec_charge_fuel(&mut self, fuel: u64) {
        if self.engine.settings().fuel {
            let ctx = self.ctx();
            // SAFETY: the context belongs to the store, which is held mutably.
            unsafe { (*ctx).fuel = (*ctx).fuel.wrapping_sub(fuel as i64) };
        }
    }

    /// Whether the guest must stop now: asked at function entry and at each pass of a loop's start.
    ///
    /// # Errors
    /// [`Trap::Interrupted`], or [`Trap::OutOfFuel`] if fuel is counted and was charged below zero.
    pub fn exec_check_stop(&self) -> Result<(), Trap> {
        if self.interrupt.is_requested() {
            return Err(Trap::Interrupted);
        }
        // SAFETY: the context belongs to the store; no guest runs while it is borrowed.
        if self.engine.settings().fuel && unsafe { (*self.ctx()).fuel } < 0 {
            return Err(Trap::OutOfFuel);
        }
        Ok(())
    }

    /// Reference bits as an interpreter may write them into a table: a number without a function is null.
    ///
    /// Under an interpreter bits are never followed as an address, so this keeps even a wrong interpreter harmless.
    fn checked_bits(&self, bits: u64) -> u64 {
        assert!(
            !self.engine.compiles(),
            "only an executor writes references without compiled code"
        );
        bits
    }
}
