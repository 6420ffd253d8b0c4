//! Objects: new ones, fields, elements.
//!
//! Apart from memories because objects move during calls that may collect, so that what is known of one ends there: references
//! among operands are in the frame during such calls.

use crate::emit::slow::Slow;
use crate::emitter::{Cold, Emitter};
use crate::frame::{TOP_BYTES, field};
use crate::kind::Kind;
use crate::regs::{SCRATCH, VMCTX};
use crate::stack::{Entry, Operand, Place};
use abi::gc::{
    ARRAY_ELEMENTS, ARRAY_LEN, FieldLayout, INFO_REMEMBERED, KIND_STRUCT, NULL_GUARD_BYTES,
    OBJECT_INFO, OBJECT_TYPE, STRUCT_FIELDS, YOUNG_END, YOUNG_START, is_traced, storage_bytes,
};
use abi::{Builtin, StoreCtxLayout, VmctxLayout};
use asm::x64::{Alu, Cond, Gpr, Mem, Scale, Shift, Size};
use module::{CompositeType, DataIdx, ElemIdx, Extend, StorageType, TypeIdx};
use ops::Trap;

/// Larger structures are made by the runtime.
const BUMPED_BYTES_MAX: u32 = 512;

/// How many places of references one structure may keep until the end of the function.
const PLACES_MAX: usize = 1 << 10;

impl Emitter<'_> {
    pub(crate) fn ref_eq(&mut self) {
        let b = self.pop_gpr();
        let a = self.pop_gpr();
        self.asm.alu(Alu::Cmp, Size::S32, a, b);
        self.release(a);
        self.release(b);
        self.push_cond(Cond::Equal);
    }

    pub(crate) fn ref_i31(&mut self) {
        let gpr = self.pop_gpr_mut();
        self.asm.shift_imm(Shift::Shl, Size::S32, gpr, 1);
        self.asm.alu_imm(Alu::Or, Size::S32, gpr, 1);
        self.push(Kind::Ref, Place::Gpr(gpr));
    }

    pub(crate) fn i31_get(&mut self, signed: bool) {
        let gpr = self.pop_gpr_mut();
        self.asm.test(Size::S32, gpr, gpr);
        self.trap_if(Cond::Equal, Trap::NullI31Reference);
        let op = if signed { Shift::Sar } else { Shift::Shr };
        self.asm.shift_imm(op, Size::S32, gpr, 1);
        self.push(Kind::I32, Place::Gpr(gpr));
    }

    /// Loads the number of a type in the engine.
    pub(crate) fn load_type_number(&mut self, to: Gpr, ty: TypeIdx) {
        self.asm
            .load(Size::S64, to, field(VMCTX, VmctxLayout::TYPE_IDS));
        self.asm.load(Size::S32, to, field(to, 4 * ty.0));
    }

    /// Stores references among operands that are in registers: a collector may run.
    fn spill_refs(&mut self) {
        let mut held = self.regs.held;
        while held != 0 {
            let bit = held & held.wrapping_neg();
            held &= !bit;
            let position = self.regs.owner(bit) as usize;
            if self.stack[position].kind == Kind::Ref {
                self.spill(position);
            }
        }
    }

    pub(crate) fn struct_new(&mut self, ty: TypeIdx, has_fields: bool) {
        let layout = self.env.layout.structs.get(self.env.header, ty);
        let size = layout.size;
        let n_refs = self.ref_locals.len() + self.refs.len();
        if size > BUMPED_BYTES_MAX || n_refs > PLACES_MAX {
            let object = self.new_by_call(Builtin::gc_new_struct, ty, None);
            let address = self.alloc_gpr();
            self.load_heap(address);
            self.asm.alu(Alu::Add, Size::S64, address, object);
            if has_fields {
                self.pop_fields(&layout.fields, address);
            }
            self.release(address);
            return self.push(Kind::Ref, Place::Gpr(object));
        }
        self.spill_refs();
        let (object, address) = (self.alloc_gpr(), self.alloc_gpr());
        let (rare, back) = (self.asm.label(), self.asm.label());
        // The number of the type goes where the object will be, for both ways.
        self.load_type_number(object, ty);
        self.asm
            .load(Size::S64, SCRATCH, field(VMCTX, VmctxLayout::STORE));
        let (top, end) = (StoreCtxLayout::GC_TOP, StoreCtxLayout::GC_END);
        self.asm.load(Size::S32, address, field(SCRATCH, top));
        self.asm.alu_imm(Alu::Add, Size::S32, address, size as i32);
        self.asm
            .alu(Alu::Cmp, Size::S32, address, field(SCRATCH, end));
        self.asm.jcc(Cond::Above, rare);
        self.asm.store(Size::S32, field(SCRATCH, top), address);
        let base = field(SCRATCH, StoreCtxLayout::GC_BASE);
        self.asm.alu(Alu::Add, Size::S64, address, base);
        self.asm.alu_imm(Alu::Sub, Size::S64, address, size as i32);
        self.asm
            .store(Size::S32, field(address, OBJECT_TYPE), object);
        self.asm
            .store_imm(Size::S32, field(address, OBJECT_INFO), KIND_STRUCT as i32);
        self.asm.mov(Size::S64, object, address);
        self.asm.alu(Alu::Sub, Size::S64, object, base);
        if !has_fields {
            // The runtime's objects are zeros; those from here are not.
            for at in (STRUCT_FIELDS..size).step_by(8) {
                self.asm.store_imm(Size::S64, field(address, at), 0);
            }
        }
        self.asm.bind(back);
        let places = self.ref_places();
        self.cold.push(Cold::Slow(Slow::NewStruct {
            label: rare,
            back,
            offset: self.offset,
            object,
            address,
            places,
        }));
        if has_fields {
            self.pop_fields(&layout.fields, address);
        }
        self.release(address);
        self.push(Kind::Ref, Place::Gpr(object));
    }

    /// Where all references are that a collector must know, as distances from the frame pointer.
    fn ref_places(&mut self) -> Box<[u32]> {
        let operands = self
            .refs
            .iter()
            .map(|&position| self.stack[position as usize])
            .filter(|entry| entry.place == Place::Spilled)
            .map(|entry| entry.end);
        let ends = self.ref_locals.iter().copied().chain(operands);
        let places: Box<[u32]> = ends.map(|end| TOP_BYTES + end).collect();
        self.n_slow_places += places.len();
        if self.n_slow_places > crate::emitter::MAP_PLACES_MAX {
            self.limit = Some("the function holds too many references during calls");
        }
        places
    }

    /// Pops the fields of a new structure and stores them.
    fn pop_fields(&mut self, fields: &[FieldLayout], address: Gpr) {
        for stored in fields.iter().rev() {
            let entry = self.pop();
            self.store_stored(stored.storage, entry, field(address, stored.offset));
        }
    }

    /// Stores a popped operand in an object, and gives back its register.
    fn store_stored(&mut self, storage: StorageType, entry: Entry, to: Mem) {
        let size = match storage {
            StorageType::I8 => Size::S8,
            StorageType::I16 => Size::S16,
            StorageType::Val(_) => {
                self.store_entry(entry, to);
                return self.release_entry(entry);
            }
        };
        let operand = self.operand(entry);
        match operand.imm32(size) {
            Some(imm) => self.asm.store_imm(size, to, imm),
            None => {
                let from = match operand {
                    Operand::Gpr(gpr) => gpr,
                    operand => {
                        self.load_operand(Kind::I32, SCRATCH, operand);
                        SCRATCH
                    }
                };
                self.asm.store(size, to, from);
            }
        }
        self.release_operand(operand);
    }

    /// Makes an object by a call; `len` is the length of an array, an operand that is still on the stack.
    fn new_by_call(&mut self, builtin: Builtin, ty: TypeIdx, len: Option<Entry>) -> Gpr {
        self.spill_temps();
        self.load_type_number(Gpr::RDX, ty);
        if let Some(len) = len {
            let operand = match len.place {
                // It was in a register until a moment ago.
                Place::Gpr(_) => Operand::Mem(self.slot(len.end)),
                _ => self.operand(len),
            };
            self.load_operand(Kind::I32, Gpr::RCX, operand);
        }
        self.call_quietly(builtin);
        let offset = self.asm.offset();
        self.note_refs(offset);
        let object = self.alloc_gpr();
        self.load_given(object);
        object
    }

    /// What an array stores in each element.
    fn element_storage(&self, ty: TypeIdx) -> StorageType {
        match &self.env.header.types()[ty.index()].composite {
            CompositeType::Array(ty) => ty.element.storage,
            _ => unreachable!("validated"),
        }
    }

    pub(crate) fn array_new(&mut self, ty: TypeIdx, has_value: bool) {
        let len = *self.stack.last().expect("validated");
        let object = self.new_by_call(Builtin::gc_new_array, ty, Some(len));
        let len = self.pop_arg();
        if !has_value {
            self.release_operand(len);
            return self.push(Kind::Ref, Place::Gpr(object));
        }
        let value = self.pop();
        if value.place == Place::Const(0) {
            self.release_operand(len);
            return self.push(Kind::Ref, Place::Gpr(object));
        }
        let (low, high) = self.halves(value);
        // The object outlives the call in the frame, like any operand.
        self.push(Kind::Ref, Place::Gpr(object));
        let array = self.alloc_gpr();
        self.asm.mov(Size::S32, array, object);
        let args = [Operand::Gpr(array), Operand::Imm(0), low, high, len];
        self.call_builtin(Builtin::array_fill, &args, false);
        self.check_builtin();
    }

    /// The low and the high 64 bits of a popped operand.
    fn halves(&mut self, entry: Entry) -> (Operand, Operand) {
        if !entry.kind.is_xmm() {
            let operand = self.operand(entry);
            let operand = match operand {
                Operand::Mem(_) => Operand::Gpr(self.in_gpr(entry.kind, operand)),
                operand => operand,
            };
            return (operand, Operand::Imm(0));
        }
        if let Place::Const(bits) = entry.place {
            return (Operand::Imm(bits), Operand::Imm(0));
        }
        let from = match self.xmm_operand(entry) {
            crate::stack::XmmOperand::Xmm(xmm) => xmm,
            crate::stack::XmmOperand::Mem(mem) => {
                let xmm = self.alloc_xmm();
                self.load_xmm(entry.kind, xmm, mem);
                xmm
            }
        };
        let low = self.alloc_gpr();
        self.asm.gpr_from_xmm(entry.kind.size(), low, from);
        let high = if entry.kind == Kind::V128 {
            let high = self.alloc_gpr();
            self.asm.vec_extract(Size::S64, high, from, 1);
            Operand::Gpr(high)
        } else {
            Operand::Imm(0)
        };
        self.release_xmm(from);
        (Operand::Gpr(low), high)
    }

    pub(crate) fn array_new_fixed(&mut self, ty: TypeIdx, len: u32) {
        let storage = self.element_storage(ty);
        let constant = Entry {
            place: Place::Const(len.into()),
            kind: Kind::I32,
            end: 0,
            link: 0,
        };
        let object = self.new_by_call(Builtin::gc_new_array, ty, Some(constant));
        let address = self.alloc_gpr();
        self.load_heap(address);
        self.asm.alu(Alu::Add, Size::S64, address, object);
        for nth in (0..len).rev() {
            let entry = self.pop();
            let offset = ARRAY_ELEMENTS + nth * storage_bytes(storage);
            self.store_stored(storage, entry, field(address, offset));
        }
        self.release(address);
        self.push(Kind::Ref, Place::Gpr(object));
    }

    pub(crate) fn array_new_data(&mut self, ty: TypeIdx, data: DataIdx) {
        self.array_new_segment(Builtin::array_new_data, ty, data.0);
    }

    pub(crate) fn array_new_elem(&mut self, ty: TypeIdx, elem: ElemIdx) {
        self.array_new_segment(Builtin::array_new_elem, ty, elem.0);
    }

    fn array_new_segment(&mut self, builtin: Builtin, ty: TypeIdx, segment: u32) {
        let len = self.pop_arg();
        let src = self.pop_arg();
        let (ty, segment) = (Operand::Imm(ty.0.into()), Operand::Imm(segment.into()));
        self.call_builtin(builtin, &[ty, segment, src, len], true);
        self.asm.test(Size::S32, Gpr::RAX, Gpr::RAX);
        self.trap_pending_if(Cond::Equal);
        self.push_builtin_result(Kind::Ref);
    }

    /// Pops a structure: where a field is. Faults when that is read or written if it is null: say so before.
    fn struct_field(&mut self, ty: TypeIdx, number: u32) -> (Mem, Gpr, Gpr, StorageType) {
        let layout = self.env.layout.structs.get(self.env.header, ty);
        let FieldLayout { offset, storage } = layout.fields[number as usize];
        let object = self.pop_gpr();
        if offset + storage_bytes(storage) > NULL_GUARD_BYTES {
            self.asm.test(Size::S32, object, object);
            self.trap_if(Cond::Equal, Trap::NullStructReference);
        }
        let heap = self.alloc_gpr();
        self.load_heap(heap);
        let at = Mem::indexed(heap, object, Scale::X1, offset as i32);
        (at, heap, object, storage)
    }

    pub(crate) fn struct_get(&mut self, ty: TypeIdx, number: u32, extend: Extend) {
        let (at, heap, object, storage) = self.struct_field(ty, number);
        self.load_stored(
            storage,
            extend,
            at,
            heap,
            object,
            Some(Trap::NullStructReference),
        );
    }

    /// Loads from an object and pushes; gives back the registers of the address.
    fn load_stored(
        &mut self,
        storage: StorageType,
        extend: Extend,
        at: Mem,
        heap: Gpr,
        index: Gpr,
        null: Option<Trap>,
    ) {
        let (from, kind) = match storage {
            StorageType::I8 => (Size::S8, Kind::I32),
            StorageType::I16 => (Size::S16, Kind::I32),
            StorageType::Val(ty) => {
                let kind = Kind::from(ty);
                (kind.size(), kind)
            }
        };
        if kind.is_xmm() {
            let to = self.alloc_xmm();
            if let Some(trap) = null {
                self.fault(trap);
            }
            self.load_xmm(kind, to, at);
            self.release(heap);
            self.release(index);
            return self.push(kind, Place::Xmm(to));
        }
        // The address of the heap is in a register that may be written.
        if let Some(trap) = null {
            self.fault(trap);
        }
        match extend {
            Extend::Signed => self.asm.sign_extend(from, Size::S32, heap, at),
            _ => self.asm.load(from, heap, at),
        }
        self.release(index);
        self.push(kind, Place::Gpr(heap));
    }

    pub(crate) fn struct_set(&mut self, ty: TypeIdx, number: u32) {
        let value = self.pop_value();
        let (at, heap, object, storage) = self.struct_field(ty, number);
        self.barrier(storage, value, object, heap);
        self.fault(Trap::NullStructReference);
        self.store_stored(storage, value, at);
        self.release(heap);
        self.release(object);
    }

    /// Pops an operand that is to be stored in an object: a constant, or in a register.
    fn pop_value(&mut self) -> Entry {
        let entry = self.pop();
        if let Place::Const(bits) = entry.place
            && Operand::Imm(bits).imm32(entry.kind.size()).is_some()
        {
            return entry;
        }
        let place = if entry.kind.is_xmm() {
            match self.xmm_operand(entry) {
                crate::stack::XmmOperand::Xmm(xmm) => Place::Xmm(xmm),
                crate::stack::XmmOperand::Mem(mem) => {
                    let xmm = self.alloc_xmm();
                    self.load_xmm(entry.kind, xmm, mem);
                    Place::Xmm(xmm)
                }
            }
        } else {
            let operand = self.operand(entry);
            Place::Gpr(self.in_gpr(entry.kind, operand))
        };
        Entry { place, ..entry }
    }

    /// Tells the collector that an old object will refer to a young one, unless it knows of it. That comes before the store: code
    /// may be abandoned at any instruction, and the heap lives on. Null is not old, and faults at the store.
    fn barrier(&mut self, storage: StorageType, value: Entry, object: Gpr, heap: Gpr) {
        let Place::Gpr(value) = value.place else {
            return;
        };
        if !is_traced(storage) {
            return;
        }
        let (rare, done) = (self.asm.label(), self.asm.label());
        self.asm
            .alu_imm(Alu::Cmp, Size::S32, object, YOUNG_END as i32);
        self.asm.jcc(Cond::Below, done);
        // An i31 may look young, which costs a little and harms no one.
        let above = Mem::new(value, -(YOUNG_START as i32));
        self.asm.lea(Size::S32, SCRATCH, above);
        self.asm.alu_imm(
            Alu::Cmp,
            Size::S32,
            SCRATCH,
            (YOUNG_END - YOUNG_START) as i32,
        );
        self.asm.jcc(Cond::AboveEqual, done);
        let info = Mem::indexed(heap, object, Scale::X1, OBJECT_INFO as i32);
        self.asm.test_imm(Size::S32, info, INFO_REMEMBERED as i32);
        self.asm.jcc(Cond::Equal, rare);
        self.asm.bind(done);
        self.cold.push(Cold::Slow(Slow::Remember {
            label: rare,
            back: done,
            offset: self.offset,
            object,
        }));
    }

    /// Pops an index and an array: where the element is. Traps if there is none.
    fn array_element(&mut self, storage: StorageType) -> (Mem, Gpr, Gpr, Gpr) {
        let index = self.pop_gpr_mut();
        let array = self.pop_gpr();
        let heap = self.alloc_gpr();
        self.load_heap(heap);
        let len = Mem::indexed(heap, array, Scale::X1, ARRAY_LEN as i32);
        self.fault(Trap::NullArrayReference);
        self.asm.alu(Alu::Cmp, Size::S32, index, len);
        self.trap_if(Cond::AboveEqual, Trap::ArrayOutOfBounds);
        // With 32 bits, what a processor speculates with a wrong index still lies in the heap.
        let shift = storage_bytes(storage).trailing_zeros() as u8;
        if shift > 0 {
            self.asm.shift_imm(Shift::Shl, Size::S32, index, shift);
        }
        self.asm.alu(Alu::Add, Size::S32, index, array);
        let at = Mem::indexed(heap, index, Scale::X1, ARRAY_ELEMENTS as i32);
        (at, heap, index, array)
    }

    pub(crate) fn array_get(&mut self, ty: TypeIdx, extend: Extend) {
        let storage = self.element_storage(ty);
        let (at, heap, index, array) = self.array_element(storage);
        self.release(array);
        self.load_stored(storage, extend, at, heap, index, None);
    }

    pub(crate) fn array_set(&mut self, ty: TypeIdx) {
        let storage = self.element_storage(ty);
        let value = self.pop_value();
        let (at, heap, index, array) = self.array_element(storage);
        self.barrier(storage, value, array, heap);
        self.store_stored(storage, value, at);
        self.release(heap);
        self.release(index);
        self.release(array);
    }

    pub(crate) fn array_len(&mut self) {
        let array = self.pop_gpr();
        let heap = self.alloc_gpr();
        self.load_heap(heap);
        self.fault(Trap::NullArrayReference);
        let len = Mem::indexed(heap, array, Scale::X1, ARRAY_LEN as i32);
        self.asm.load(Size::S32, heap, len);
        self.release(array);
        self.push(Kind::I32, Place::Gpr(heap));
    }

    pub(crate) fn array_fill(&mut self) {
        let len = self.pop_arg();
        let value = self.pop();
        let (low, high) = self.halves(value);
        let at = self.pop_arg();
        let array = self.pop_arg();
        self.call_builtin(Builtin::array_fill, &[array, at, low, high, len], false);
        self.check_builtin();
    }

    pub(crate) fn array_copy(&mut self) {
        let len = self.pop_arg();
        let src = self.pop_arg();
        let src_array = self.pop_arg();
        let dst = self.pop_arg();
        let array = self.pop_arg();
        let args = [array, dst, src_array, src, len];
        self.call_builtin(Builtin::array_copy, &args, false);
        self.check_builtin();
    }

    pub(crate) fn array_init(&mut self, segment: u32, is_data: bool) {
        let builtin = if is_data {
            Builtin::array_init_data
        } else {
            Builtin::array_init_elem
        };
        let len = self.pop_arg();
        let src = self.pop_arg();
        let dst = self.pop_arg();
        let array = self.pop_arg();
        let args = [Operand::Imm(segment.into()), array, dst, src, len];
        self.call_builtin(builtin, &args, false);
        self.check_builtin();
    }
}
