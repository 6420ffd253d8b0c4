//! Fields of structures, elements of arrays, and what a collector must be told of stores to them.
//!
//! Apart from allocation because these are accesses to objects that exist. An element is found with 32-bit arithmetic, so that
//! what a processor speculates with a wrong index still lies in the heap.

use super::super::Lower;
use super::super::memory::Address;
use super::{element, null_trap, stored_type};
use crate::code::trap_code;
use abi::gc::{
    ARRAY_ELEMENTS, ARRAY_LEN, INFO_REMEMBERED, NULL_GUARD_BYTES, OBJECT_INFO, YOUNG_END,
    YOUNG_START, is_traced, storage_bytes,
};
use abi::{Builtin, gc};
use cranelift_codegen::cursor::Cursor;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Opcode, Value, types};
use ir::{GcOp, InstId, RefKinds};
use module::{Extend, StorageType, TypeIdx};
use ops::Trap;

impl Lower<'_> {
    pub(super) fn struct_get(
        &mut self,
        field: (TypeIdx, u32),
        extend: Extend,
        object: ir::Value,
        kinds: RefKinds,
    ) -> Value {
        let (at, storage) = self.field(field, object, kinds);
        self.load_stored(storage, extend, at)
    }

    pub(super) fn struct_set(
        &mut self,
        field: (TypeIdx, u32),
        object: ir::Value,
        value: ir::Value,
        kinds: RefKinds,
    ) {
        let (at, storage) = self.field(field, object, kinds);
        let stored = self.value(value);
        if is_traced(storage) && self.may_be_young(value) {
            let object = self.value(object);
            self.barrier(object, stored);
        }
        self.store_stored(storage, stored, at);
    }

    /// Where a field of a structure is; faults if that is null.
    fn field(
        &mut self,
        (ty, field): (TypeIdx, u32),
        object: ir::Value,
        kinds: RefKinds,
    ) -> (Address, StorageType) {
        let layout = self.env.layout.structs.get(self.env.header, ty);
        let gc::FieldLayout { offset, storage } = layout.fields[field as usize];
        let reference = self.value(object);
        let mut null = null_trap(kinds, Trap::NullStructReference);
        if offset + storage_bytes(storage) > NULL_GUARD_BYTES
            && let Some(trap) = null.take()
        {
            self.pos.ins().trapz(reference, trap_code(trap));
        }
        let at = Address {
            base: self.object(reference),
            offset: offset as i32,
            flags: self.flags.field(self.pos.func, offset, null),
        };
        (at, storage)
    }

    pub(super) fn array_get(
        &mut self,
        id: InstId,
        ty: TypeIdx,
        extend: Extend,
        at: (ir::Value, ir::Value),
    ) -> Value {
        let storage = element(&self.env, ty);
        let at = self.array_element(storage, at, id);
        self.load_stored(storage, extend, at)
    }

    pub(super) fn array_set(
        &mut self,
        id: InstId,
        ty: TypeIdx,
        (array, index): (ir::Value, ir::Value),
        value: ir::Value,
    ) {
        let storage = element(&self.env, ty);
        let at = self.array_element(storage, (array, index), id);
        let stored = self.value(value);
        if is_traced(storage) && self.may_be_young(value) {
            let array = self.value(array);
            self.barrier(array, stored);
        }
        self.store_stored(storage, stored, at);
    }

    /// The length of an array; faults if it is null.
    pub(super) fn array_len(&mut self, array: Value, kinds: RefKinds) -> Value {
        let base = self.object(array);
        let null = null_trap(kinds, Trap::NullArrayReference);
        let flags = self.flags.array_len(self.pos.func, null);
        self.load_raw(types::I32, flags, base, ARRAY_LEN)
    }

    /// Where an element of an array is; traps if there is none.
    fn array_element(
        &mut self,
        storage: StorageType,
        (array, index): (ir::Value, ir::Value),
        id: InstId,
    ) -> Address {
        let (array, index) = (self.value(array), self.value(index));
        if !self.func.is_in_bounds(id) {
            let len = self.array_len(array, self.func.operand_kinds(id));
            let is_outside = self
                .pos
                .ins()
                .icmp(IntCC::UnsignedGreaterThanOrEqual, index, len);
            self.pos
                .ins()
                .trapnz(is_outside, trap_code(Trap::ArrayOutOfBounds));
        }
        let shift = storage_bytes(storage).trailing_zeros();
        let offset = self.pos.ins().ishl_imm_u(index, i64::from(shift));
        let offset = self.pos.ins().iadd(array, offset);
        Address {
            base: self.object(offset),
            offset: ARRAY_ELEMENTS as i32,
            flags: self.flags.array_element(self.pos.func, storage),
        }
    }

    fn load_stored(&mut self, storage: StorageType, extend: Extend, at: Address) -> Value {
        let opcode = match (storage, extend) {
            (StorageType::I8, Extend::Signed) => Opcode::Sload8,
            (StorageType::I8, _) => Opcode::Uload8,
            (StorageType::I16, Extend::Signed) => Opcode::Sload16,
            (StorageType::I16, _) => Opcode::Uload16,
            (StorageType::Val(_), _) => Opcode::Load,
        };
        self.load_op(opcode, stored_type(storage), at)
    }

    pub(in crate::lower) fn store_stored(
        &mut self,
        storage: StorageType,
        value: Value,
        at: Address,
    ) {
        let opcode = match storage {
            StorageType::I8 => Opcode::Istore8,
            StorageType::I16 => Opcode::Istore16,
            StorageType::Val(_) => Opcode::Store,
        };
        self.store_op(opcode, at, value);
    }

    /// Whether a reference may be to a young object as far as it shows.
    fn may_be_young(&self, value: ir::Value) -> bool {
        let is_i31 = matches!(
            self.func.def_inst(value),
            Some(ir::Inst::Gc {
                op: GcOp::RefI31,
                ..
            })
        );
        !is_i31 && !self.func.is_const(value)
    }

    /// Tells the collector that an old object will refer to a young one, unless it knows of it. That comes before the store: code may
    /// be abandoned at any instruction, and the heap lives on. Null is not old, and faults at the store.
    fn barrier(&mut self, object: Value, value: Value) {
        let [done, call, known, value_check] = self.blocks_after_current();
        self.pos.func.layout.set_cold(call);
        let is_old = self.pos.ins().icmp_imm_u(
            IntCC::UnsignedGreaterThanOrEqual,
            object,
            i64::from(YOUNG_END),
        );
        self.pos.ins().brif(is_old, value_check, &[], done, &[]);

        // An i31 may look young, which costs a little and harms no one.
        self.pos.goto_bottom(value_check);
        let above = self.pos.ins().iadd_imm_s(value, -i64::from(YOUNG_START));
        let bytes = i64::from(YOUNG_END - YOUNG_START);
        let is_young = self
            .pos
            .ins()
            .icmp_imm_u(IntCC::UnsignedLessThan, above, bytes);
        self.pos.ins().brif(is_young, known, &[], done, &[]);

        self.pos.goto_bottom(known);
        let base = self.object(object);
        let flags = self.flags.object_header(self.pos.func, None);
        let info = self.load_raw(types::I32, flags, base, OBJECT_INFO);
        let is_known = self.pos.ins().band_imm_u(info, i64::from(INFO_REMEMBERED));
        self.pos.ins().brif(is_known, done, &[], call, &[]);

        self.pos.goto_bottom(call);
        self.builtin_new(Builtin::gc_remember, &[object]);
        self.pos.ins().jump(done, &[]);
        self.pos.goto_bottom(done);
    }
}
