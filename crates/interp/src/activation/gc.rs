//! Operators on objects of the heap. References are 32 bits: 0 is null, odd ones are i31.
//!
//! Apart because they may collect: operands that are references stay on the stack, where the collector finds them, until there
//! is nothing more to allocate.

use super::Activation;
use module::{DataIdx, ElemIdx, Extend, RefType, TypeIdx};
use ops::Trap;
use runtime::StoreCore;
use std::mem;

impl Activation<'_> {
    fn pop_ref(&mut self) -> u32 {
        self.pop() as u32
    }

    /// The operand with `above` others above it.
    pub(super) fn peek(&self, above: usize) -> u128 {
        self.stack.values[self.stack.values.len() - 1 - above]
    }

    pub(super) fn drop_operands(&mut self, count: usize) {
        let height = self.stack.values.len() - count;
        self.stack.values.truncate(height);
    }

    /// Makes room with the stack in the store, where the collector looks for it.
    #[cold]
    pub(super) fn collect(
        &mut self,
        make_room: impl FnOnce(&mut StoreCore) -> Result<(), Trap>,
    ) -> Result<(), Trap> {
        self.stack.frames.push(self.frame());
        mem::swap(self.store.executor_state(), self.stack);
        let outcome = make_room(self.store);
        mem::swap(self.store.executor_state(), self.stack);
        self.stack.frames.pop();
        outcome
    }

    fn alloc_struct(&mut self, ty: TypeIdx) -> Result<u32, Trap> {
        let instance = self.instance;
        if let Some(object) = self.store.exec_struct_new(instance, ty) {
            return Ok(object);
        }
        self.collect(|store| store.exec_struct_room(instance, ty))?;
        let object = self.store.exec_struct_new(instance, ty);
        Ok(object.expect("room was made"))
    }

    fn alloc_array(&mut self, ty: TypeIdx, len: u32) -> Result<u32, Trap> {
        let instance = self.instance;
        if let Some(array) = self.store.exec_array_new(instance, ty, len) {
            return Ok(array);
        }
        self.collect(|store| store.exec_array_room(instance, ty, len))?;
        let array = self.store.exec_array_new(instance, ty, len);
        Ok(array.expect("room was made"))
    }

    pub(super) fn ref_eq(&mut self) {
        let equal = self.pop_ref() == self.pop_ref();
        self.push(equal.into());
    }

    pub(super) fn ref_i31(&mut self) {
        let value = self.pop() as u32;
        self.push((value << 1 | 1).into());
    }

    pub(super) fn i31_get(&mut self, signed: bool) -> Result<(), Trap> {
        let reference = self.pop_ref();
        if reference == 0 {
            return Err(Trap::NullI31Reference);
        }
        let value = match signed {
            true => (reference as i32 >> 1) as u32,
            false => reference >> 1,
        };
        self.push(value.into());
        Ok(())
    }

    pub(super) fn struct_new_default(&mut self, ty: TypeIdx) -> Result<(), Trap> {
        let object = self.alloc_struct(ty)?;
        self.push(object.into());
        Ok(())
    }

    pub(super) fn struct_new(&mut self, ty: TypeIdx) -> Result<(), Trap> {
        let object = self.alloc_struct(ty)?;
        let types = &self.header.types()[ty.index()];
        let fields = types
            .as_struct()
            .expect("validated as a structure")
            .fields
            .len();
        for field in 0..fields {
            let value = self.peek(fields - 1 - field);
            let at = (ty, field as u32);
            self.store
                .exec_struct_set(self.instance, at, object, value)?;
        }
        self.drop_operands(fields);
        self.push(object.into());
        Ok(())
    }

    pub(super) fn struct_get(
        &mut self,
        ty: TypeIdx,
        field: u32,
        extend: Extend,
    ) -> Result<(), Trap> {
        let object = self.pop_ref();
        let field = (ty, field, extend);
        let value = self.store.exec_struct_get(self.instance, field, object)?;
        self.push(value);
        Ok(())
    }

    pub(super) fn struct_set(&mut self, ty: TypeIdx, field: u32) -> Result<(), Trap> {
        let value = self.pop();
        let object = self.pop_ref();
        self.store
            .exec_struct_set(self.instance, (ty, field), object, value)
    }

    pub(super) fn array_new_default(&mut self, ty: TypeIdx) -> Result<(), Trap> {
        let len = self.pop() as u32;
        let array = self.alloc_array(ty, len)?;
        self.push(array.into());
        Ok(())
    }

    pub(super) fn array_new(&mut self, ty: TypeIdx) -> Result<(), Trap> {
        let array = self.alloc_array(ty, self.top() as u32)?;
        let len = self.pop() as u32;
        let value = self.pop();
        self.store.exec_array_fill((array, 0), value, len)?;
        self.push(array.into());
        Ok(())
    }

    pub(super) fn array_new_fixed(&mut self, ty: TypeIdx, len: u32) -> Result<(), Trap> {
        let array = self.alloc_array(ty, len)?;
        for at in 0..len {
            let value = self.peek((len - 1 - at) as usize);
            self.store
                .exec_array_set(self.instance, ty, (array, at), value)?;
        }
        self.drop_operands(len as usize);
        self.push(array.into());
        Ok(())
    }

    pub(super) fn array_new_data(&mut self, ty: TypeIdx, data: DataIdx) -> Result<(), Trap> {
        let (len, from) = (self.pop() as u32, self.pop() as u32);
        let segment = (ty, data);
        self.store
            .exec_check_data(self.instance, segment, from, len)?;
        let array = self.alloc_array(ty, len)?;
        self.store
            .exec_array_init_data(self.instance, data, (array, 0), from, len)?;
        self.push(array.into());
        Ok(())
    }

    pub(super) fn array_new_elem(&mut self, ty: TypeIdx, elem: ElemIdx) -> Result<(), Trap> {
        let (len, from) = (self.pop() as u32, self.pop() as u32);
        self.store.exec_check_elem(self.instance, elem, from, len)?;
        let array = self.alloc_array(ty, len)?;
        self.store
            .exec_array_init_elem(self.instance, elem, (array, 0), from, len)?;
        self.push(array.into());
        Ok(())
    }

    pub(super) fn array_get(&mut self, ty: TypeIdx, extend: Extend) -> Result<(), Trap> {
        let at = self.pop() as u32;
        let array = self.pop_ref();
        let value = self
            .store
            .exec_array_get(self.instance, (ty, extend), array, at)?;
        self.push(value);
        Ok(())
    }

    pub(super) fn array_set(&mut self, ty: TypeIdx) -> Result<(), Trap> {
        let value = self.pop();
        let at = self.pop() as u32;
        let array = self.pop_ref();
        self.store
            .exec_array_set(self.instance, ty, (array, at), value)
    }

    pub(super) fn array_len(&mut self) -> Result<(), Trap> {
        let array = self.pop_ref();
        let len = self.store.exec_array_len(array)?;
        self.push(len.into());
        Ok(())
    }

    pub(super) fn array_fill(&mut self) -> Result<(), Trap> {
        let len = self.pop() as u32;
        let value = self.pop();
        let at = self.pop() as u32;
        let array = self.pop_ref();
        self.store.exec_array_fill((array, at), value, len)
    }

    pub(super) fn array_copy(&mut self) -> Result<(), Trap> {
        let len = self.pop() as u32;
        let from = self.pop() as u32;
        let source = self.pop_ref();
        let to = self.pop() as u32;
        let target = self.pop_ref();
        self.store
            .exec_array_copy((target, to), (source, from), len)
    }

    pub(super) fn array_init_data(&mut self, data: DataIdx) -> Result<(), Trap> {
        let (len, from, to) = (self.pop() as u32, self.pop() as u32, self.pop() as u32);
        let array = self.pop_ref();
        self.store
            .exec_array_init_data(self.instance, data, (array, to), from, len)
    }

    pub(super) fn array_init_elem(&mut self, elem: ElemIdx) -> Result<(), Trap> {
        let (len, from, to) = (self.pop() as u32, self.pop() as u32, self.pop() as u32);
        let array = self.pop_ref();
        self.store
            .exec_array_init_elem(self.instance, elem, (array, to), from, len)
    }

    pub(super) fn ref_test(&mut self, ty: RefType) {
        let bits = self.pop() as u64;
        let is = self.store.exec_ref_test(self.instance, bits, ty);
        self.push(is.into());
    }

    pub(super) fn ref_cast(&self, ty: RefType) -> Result<(), Trap> {
        let bits = self.top() as u64;
        if self.store.exec_ref_test(self.instance, bits, ty) {
            return Ok(());
        }
        Err(Trap::CastFailure)
    }

    pub(super) fn br_on_cast(&mut self, at: usize, to: RefType, on_fail: bool) {
        let bits = self.top() as u64;
        if self.store.exec_ref_test(self.instance, bits, to) != on_fail {
            self.branch(self.func.branch(at));
        }
    }
}
