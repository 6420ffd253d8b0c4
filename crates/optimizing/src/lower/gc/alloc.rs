//! New objects: from the young space by a few instructions, and by a call of the runtime where there is no room.
//!
//! Apart from accesses because only here a collector may run. What the young space held before is still there, so every field is
//! written; the runtime's objects are zeros.

use super::super::Lower;
use super::super::memory::Address;
use super::{element, stored_type};
use crate::signature::{POINTER, VECTOR};
use abi::gc::{
    ARRAY_ELEMENTS, ARRAY_LEN, KIND_ARRAY, KIND_STRUCT, OBJECT_ALIGN, OBJECT_TYPE,
    YOUNG_OBJECT_BYTES_MAX, array_bytes, storage_bytes,
};
use abi::{Builtin, StoreCtxLayout};
use cranelift_codegen::cursor::Cursor;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{BlockArg, InstBuilder, MemFlags, Opcode, Type, Value, types};
use ir::InstId;
use module::{StorageType, TypeIdx};

/// Arrays of at most this many bytes of elements are filled without a loop.
const UNROLLED_BYTES_MAX: u32 = 64;

/// What an array is filled with.
#[derive(Clone, Copy)]
enum Filling {
    Zero,
    Value(ir::Value),
}

impl Lower<'_> {
    pub(super) fn struct_new(&mut self, id: InstId, ty: TypeIdx, fields: &[ir::Value]) {
        let layout = self.env.layout.structs.get(self.env.header, ty);
        let number = self.type_number(ty);
        let bytes = u64::from(layout.size);
        let object = if bytes <= u64::from(YOUNG_OBJECT_BYTES_MAX) {
            let size = self.iconst(types::I32, bytes as i64);
            let (object, rare) = self.bump(size);
            self.header(object, number, KIND_STRUCT);
            self.join_allocs(id, Some(object), rare, |lower| {
                lower.builtin_new(Builtin::gc_new_struct, &[number])
            })
        } else {
            let rare = self.rare_only();
            self.join_allocs(id, None, rare, |lower| {
                lower.builtin_new(Builtin::gc_new_struct, &[number])
            })
        };
        let base = self.object(object);
        for (field, &value) in layout.fields.iter().zip(fields) {
            let at = Address {
                base,
                offset: field.offset as i32,
                flags: self.flags.field(self.pos.func, field.offset, None),
            };
            let value = self.value(value);
            self.store_stored(field.storage, value, at);
        }
        self.set(id, object);
    }

    pub(super) fn array_new_fixed(&mut self, id: InstId, ty: TypeIdx, elements: &[ir::Value]) {
        let storage = element(&self.env, ty);
        let object = self.array_of_len(id, ty, storage, elements.len() as u32, None);
        let base = self.object(object);
        let flags = self.flags.array_element(self.pos.func, storage);
        for (nth, &value) in elements.iter().enumerate() {
            let value = self.value(value);
            let offset = ARRAY_ELEMENTS + nth as u32 * storage_bytes(storage);
            let at = Address {
                base,
                offset: offset as i32,
                flags,
            };
            self.store_stored(storage, value, at);
        }
        self.set(id, object);
    }

    pub(super) fn array_new(&mut self, id: InstId, ty: TypeIdx, value: ir::Value, len: ir::Value) {
        let storage = element(&self.env, ty);
        let filling = match self.func.const_bits(value) {
            Some(0) => Filling::Zero,
            _ => Filling::Value(value),
        };
        let known_len = self.func.const_bits(len).map(|bits| bits as u32);
        let (object, len) = match known_len {
            Some(known) => {
                let object = self.array_of_len(id, ty, storage, known, Some(filling));
                (object, self.iconst(types::I32, known.into()))
            }
            None => {
                let len = self.value(len);
                (self.array_of_any_len(id, ty, storage, len, filling), len)
            }
        };
        if let Filling::Value(_) = filling {
            let elements = self.elements_bytes(storage, len);
            self.fill(storage, object, elements, known_len, filling);
        }
        self.set(id, object);
    }

    /// Makes an array of a known length. If it is to be filled with zeros, it is.
    fn array_of_len(
        &mut self,
        id: InstId,
        ty: TypeIdx,
        storage: StorageType,
        len: u32,
        filling: Option<Filling>,
    ) -> Value {
        let number = self.type_number(ty);
        let len_value = self.iconst(types::I32, len.into());
        let bytes = array_bytes(storage, len);
        if bytes > u64::from(YOUNG_OBJECT_BYTES_MAX) {
            let rare = self.rare_only();
            return self.join_allocs(id, None, rare, |lower| {
                lower.builtin_new(Builtin::gc_new_array, &[number, len_value])
            });
        }
        let size = self.iconst(types::I32, bytes as i64);
        let (object, rare) = self.bump(size);
        self.array_header(object, number, len_value);
        if let Some(Filling::Zero) = filling {
            let elements = self.elements_bytes(storage, len_value);
            self.fill(storage, object, elements, Some(len), Filling::Zero);
        }
        self.join_allocs(id, Some(object), rare, |lower| {
            lower.builtin_new(Builtin::gc_new_array, &[number, len_value])
        })
    }

    fn array_of_any_len(
        &mut self,
        id: InstId,
        ty: TypeIdx,
        storage: StorageType,
        len: Value,
        filling: Filling,
    ) -> Value {
        let number = self.type_number(ty);
        let [small, rare] = self.blocks_after_current();
        self.pos.func.layout.set_cold(rare);
        let len_max = (YOUNG_OBJECT_BYTES_MAX - ARRAY_ELEMENTS) / storage_bytes(storage);
        let is_large =
            self.pos
                .ins()
                .icmp_imm_u(IntCC::UnsignedGreaterThan, len, i64::from(len_max));
        self.pos.ins().brif(is_large, rare, &[], small, &[]);
        self.pos.goto_bottom(small);
        let elements = self.elements_bytes(storage, len);
        let size = self
            .pos
            .ins()
            .iadd_imm_u(elements, i64::from(ARRAY_ELEMENTS));
        let object = self.bump_or(size, rare);
        self.array_header(object, number, len);
        if let Filling::Zero = filling {
            self.fill(storage, object, elements, None, filling);
        }
        self.join_allocs(id, Some(object), rare, |lower| {
            lower.builtin_new(Builtin::gc_new_array, &[number, len])
        })
    }

    pub(super) fn array_new_segment(
        &mut self,
        id: InstId,
        (ty, segment): (TypeIdx, u32),
        args: &[ir::Value],
        is_data: bool,
    ) {
        let builtin = if is_data {
            Builtin::array_new_data
        } else {
            Builtin::array_new_elem
        };
        let ty = self.iconst(types::I32, ty.0.into());
        let segment = self.iconst(types::I32, segment.into());
        let (src, len) = (self.value(args[0]), self.value(args[1]));
        let (call, object) = self.builtin_new(builtin, &[ty, segment, src, len]);
        self.safepoint(id, call);
        self.set(id, object);
    }

    /// Takes `size` bytes, a multiple of [`OBJECT_ALIGN`], of the young space; gives the object and the block where there is no
    /// room for it.
    pub(in crate::lower) fn bump(&mut self, size: Value) -> (Value, cranelift_codegen::ir::Block) {
        let [rare] = self.blocks_after_current();
        self.pos.func.layout.set_cold(rare);
        (self.bump_or(size, rare), rare)
    }

    fn bump_or(&mut self, size: Value, rare: cranelift_codegen::ir::Block) -> Value {
        let [room] = self.blocks_after_current();
        let store = self.store_ctx();
        let flags = self.flags.store_ctx(self.pos.func);
        let top = self.load_raw(types::I32, flags, store, StoreCtxLayout::GC_TOP);
        let end = self.load_raw(types::I32, flags, store, StoreCtxLayout::GC_END);
        // Both are far below 4 GiB.
        let next = self.pos.ins().iadd(top, size);
        let is_full = self.pos.ins().icmp(IntCC::UnsignedGreaterThan, next, end);
        self.pos.ins().brif(is_full, rare, &[], room, &[]);
        self.pos.goto_bottom(room);
        self.store_raw(flags, next, store, StoreCtxLayout::GC_TOP);
        top
    }

    /// A block for objects that are always made by the runtime.
    fn rare_only(&mut self) -> cranelift_codegen::ir::Block {
        let [rare] = self.blocks_after_current();
        self.pos.ins().jump(rare, &[]);
        rare
    }

    fn header(&mut self, object: Value, number: Value, kind: u32) {
        let base = self.object(object);
        let flags = self.flags.object_header(self.pos.func, None);
        let number = self.pos.ins().uextend(types::I64, number);
        let header = self.pos.ins().bor_imm_u(number, i64::from(kind) << 32);
        self.store_raw(flags, header, base, OBJECT_TYPE);
    }

    fn array_header(&mut self, array: Value, number: Value, len: Value) {
        self.header(array, number, KIND_ARRAY);
        let base = self.object(array);
        let flags = self.flags.array_len(self.pos.func, None);
        self.store_raw(flags, len, base, ARRAY_LEN);
    }

    /// Bytes of `len` elements, rounded up to [`OBJECT_ALIGN`].
    fn elements_bytes(&mut self, storage: StorageType, len: Value) -> Value {
        let bytes = storage_bytes(storage);
        let shift = i64::from(bytes.trailing_zeros());
        let all = self.pos.ins().ishl_imm_u(len, shift);
        if bytes >= OBJECT_ALIGN {
            return all;
        }
        let all = self.pos.ins().iadd_imm_u(all, i64::from(OBJECT_ALIGN - 1));
        self.pos.ins().band_imm_s(all, -i64::from(OBJECT_ALIGN))
    }

    /// Fills a new array, whose elements take `bytes` bytes, a multiple of 8. What is behind the last element is written too.
    fn fill(
        &mut self,
        storage: StorageType,
        array: Value,
        bytes: Value,
        known_len: Option<u32>,
        filling: Filling,
    ) {
        let flags = self.flags.array_element(self.pos.func, storage);
        let first = self.object(array);
        let known_bytes =
            known_len.map(|len| array_bytes(storage, len) - u64::from(ARRAY_ELEMENTS));
        let word = self.filling_word(storage, filling);
        let vector = self.filling_vector(filling, word);
        if let Some(known) = known_bytes
            && known <= u64::from(UNROLLED_BYTES_MAX)
        {
            let mut at = 0;
            while at < known {
                let is_wide = known - at >= 16;
                let value = if is_wide { vector } else { word };
                let offset = ARRAY_ELEMENTS + at as u32;
                self.store_raw(flags, value, first, offset);
                at += if is_wide { 16 } else { 8 };
            }
            return;
        }
        self.fill_loop(flags, first, bytes, (word, vector));
    }

    fn fill_loop(
        &mut self,
        flags: MemFlags,
        first: Value,
        bytes: Value,
        (word, vector): (Value, Value),
    ) {
        let [done, last, tail, body, head] = self.blocks_after_current();
        let bytes = self.pos.ins().uextend(POINTER, bytes);
        let end = self.pos.ins().iadd(first, bytes);
        self.pos.ins().jump(head, &[BlockArg::Value(first)]);

        let at = self.pos.func.dfg.append_block_param(head, POINTER);
        self.pos.goto_bottom(head);
        let left = self.pos.ins().isub(end, at);
        let is_wide = self
            .pos
            .ins()
            .icmp_imm_u(IntCC::UnsignedGreaterThanOrEqual, left, 16);
        self.pos.ins().brif(is_wide, body, &[], tail, &[]);

        self.pos.goto_bottom(body);
        self.store_raw(flags, vector, at, ARRAY_ELEMENTS);
        let next = self.pos.ins().iadd_imm_u(at, 16);
        self.pos.ins().jump(head, &[BlockArg::Value(next)]);

        self.pos.goto_bottom(tail);
        self.pos.ins().brif(left, last, &[], done, &[]);
        self.pos.goto_bottom(last);
        self.store_raw(flags, word, at, ARRAY_ELEMENTS);
        self.pos.ins().jump(done, &[]);
        self.pos.goto_bottom(done);
    }

    /// 8 bytes of elements, for elements of at most as many.
    fn filling_word(&mut self, storage: StorageType, filling: Filling) -> Value {
        let Filling::Value(value) = filling else {
            return self.iconst(types::I64, 0);
        };
        let value = self.value(value);
        let bits = match stored_type(storage) {
            VECTOR => return self.iconst(types::I64, 0),
            types::F32 => self.bits(types::I32, value),
            types::F64 => self.bits(types::I64, value),
            _ => value,
        };
        match storage_bytes(storage) {
            8 => bits,
            bytes => {
                let bits = match storage {
                    StorageType::I8 => self.pos.ins().band_imm_u(bits, 0xff),
                    StorageType::I16 => self.pos.ins().band_imm_u(bits, 0xffff),
                    StorageType::Val(_) => bits,
                };
                let wide = self.pos.ins().uextend(types::I64, bits);
                let ones = match bytes {
                    1 => 0x0101_0101_0101_0101,
                    2 => 0x0001_0001_0001_0001,
                    _ => 0x0000_0001_0000_0001,
                };
                let ones = self.iconst(types::I64, ones);
                self.pos.ins().imul(wide, ones)
            }
        }
    }

    /// 16 bytes of elements.
    fn filling_vector(&mut self, filling: Filling, word: Value) -> Value {
        match filling {
            Filling::Value(value) if self.func.ty(value) == ir::Type::V128 => self.value(value),
            _ => self.pos.ins().splat(types::I64X2, word),
        }
    }

    /// The bits of a number as another type of the same size.
    pub(super) fn bits(&mut self, ty: Type, value: Value) -> Value {
        let flags = self.flags.vector(self.pos.func);
        let ins = self.pos.ins();
        let (inst, dfg) = ins.LoadNoOffset(Opcode::Bitcast, ty, flags, value);
        dfg.first_result(inst)
    }
}
