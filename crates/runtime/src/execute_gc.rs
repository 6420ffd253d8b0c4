//! The operators of garbage collection for an executor: a face without pointers, like that of memories and tables.
//!
//! Apart because objects have types and layouts, which nothing else asks for.

use crate::{InstanceId, StoreCore};
use abi::gc::{ARRAY_ELEMENTS, ObjectLayout, is_traced, storage_bytes};
use gc::Heap;
use module::{
    CompositeType, DataIdx, ElemIdx, Extend, FieldType, HeapType, RefType, StorageType, TypeIdx,
};
use ops::Trap;

/// Object references are 32 bits: 0 is null, odd ones are i31, the rest objects of the store's heap.
impl StoreCore {
    /// `struct.new_default`: a structure whose fields are all zero or null. `None` if a collection is needed first.
    pub fn exec_struct_new(&mut self, instance: InstanceId, ty: TypeIdx) -> Option<u32> {
        let number = self.instance_module(instance).type_id(ty);
        self.alloc(|heap| heap.alloc(number))
    }

    /// Collects, so that a structure of the type can be made next.
    ///
    /// # Errors
    /// If there is no room for it.
    pub fn exec_struct_room(&mut self, instance: InstanceId, ty: TypeIdx) -> Result<(), Trap> {
        self.exec_array_room(instance, ty, 0)
    }

    /// `struct.get`.
    ///
    /// # Errors
    /// [`Trap::NullStructReference`].
    pub fn exec_struct_get(
        &self,
        instance: InstanceId,
        (ty, field, extend): (TypeIdx, u32, Extend),
        object: u32,
    ) -> Result<u128, Trap> {
        if object == 0 {
            return Err(Trap::NullStructReference);
        }
        let field = self.struct_layout(instance, ty).fields[field as usize];
        Ok(load(
            self.heap(),
            object,
            field.offset,
            field.storage,
            extend,
        ))
    }

    /// `struct.set`.
    ///
    /// # Errors
    /// [`Trap::NullStructReference`].
    pub fn exec_struct_set(
        &mut self,
        instance: InstanceId,
        (ty, field): (TypeIdx, u32),
        object: u32,
        value: u128,
    ) -> Result<(), Trap> {
        if object == 0 {
            return Err(Trap::NullStructReference);
        }
        let field = self.struct_layout(instance, ty).fields[field as usize];
        store(self.heap_mut(), object, field.offset, field.storage, value);
        Ok(())
    }

    /// `array.new_default`: an array whose elements are all zero or null. `None` if a collection is needed first.
    pub fn exec_array_new(&mut self, instance: InstanceId, ty: TypeIdx, len: u32) -> Option<u32> {
        let number = self.instance_module(instance).type_id(ty);
        self.alloc(|heap| heap.alloc_array(number, len))
    }

    /// Collects, so that an array of the type and length can be made next.
    ///
    /// # Errors
    /// If there is no room for it.
    pub fn exec_array_room(
        &mut self,
        instance: InstanceId,
        ty: TypeIdx,
        len: u32,
    ) -> Result<(), Trap> {
        let number = self.instance_module(instance).type_id(ty);
        let bytes = self.heap().array_bytes(number, len);
        self.make_room(bytes)
    }

    /// `array.len`.
    ///
    /// # Errors
    /// [`Trap::NullArrayReference`].
    pub fn exec_array_len(&self, array: u32) -> Result<u32, Trap> {
        if array == 0 {
            return Err(Trap::NullArrayReference);
        }
        Ok(self.heap().array_len(array))
    }

    /// `array.get`.
    ///
    /// # Errors
    /// [`Trap::NullArrayReference`], [`Trap::ArrayOutOfBounds`].
    pub fn exec_array_get(
        &self,
        instance: InstanceId,
        (ty, extend): (TypeIdx, Extend),
        array: u32,
        at: u32,
    ) -> Result<u128, Trap> {
        self.check_elements(array, at, 1)?;
        let storage = self.element(instance, ty).storage;
        let offset = ARRAY_ELEMENTS + at * storage_bytes(storage);
        Ok(load(self.heap(), array, offset, storage, extend))
    }

    /// `array.set`.
    ///
    /// # Errors
    /// [`Trap::NullArrayReference`], [`Trap::ArrayOutOfBounds`].
    pub fn exec_array_set(
        &mut self,
        instance: InstanceId,
        ty: TypeIdx,
        (array, at): (u32, u32),
        value: u128,
    ) -> Result<(), Trap> {
        self.check_elements(array, at, 1)?;
        let storage = self.element(instance, ty).storage;
        let offset = ARRAY_ELEMENTS + at * storage_bytes(storage);
        store(self.heap_mut(), array, offset, storage, value);
        Ok(())
    }

    /// `array.fill`.
    ///
    /// # Errors
    /// [`Trap::NullArrayReference`], [`Trap::ArrayOutOfBounds`].
    pub fn exec_array_fill(
        &mut self,
        (array, at): (u32, u32),
        value: u128,
        len: u32,
    ) -> Result<(), Trap> {
        self.check_elements(array, at, len)?;
        self.heap_mut().fill_elements(array, at, len, value);
        Ok(())
    }

    /// `array.copy` from (array, index) to (array, index).
    ///
    /// # Errors
    /// [`Trap::NullArrayReference`], [`Trap::ArrayOutOfBounds`].
    pub fn exec_array_copy(
        &mut self,
        dst: (u32, u32),
        src: (u32, u32),
        len: u32,
    ) -> Result<(), Trap> {
        self.check_elements(dst.0, dst.1, len)?;
        self.check_elements(src.0, src.1, len)?;
        self.heap_mut()
            .copy_elements(dst.0, dst.1, src.0, src.1, len);
        Ok(())
    }

    /// Whether a data segment has `len` elements of a type at `at`: what `array.new_data` asks first.
    ///
    /// # Errors
    /// [`Trap::MemoryOutOfBounds`].
    pub fn exec_check_data(
        &self,
        instance: InstanceId,
        (ty, data): (TypeIdx, DataIdx),
        at: u32,
        len: u32,
    ) -> Result<(), Trap> {
        let bytes = u64::from(len) * u64::from(storage_bytes(self.element(instance, ty).storage));
        self.check_data_bytes(instance, data, at, bytes)
    }

    fn check_data_bytes(
        &self,
        instance: InstanceId,
        data: DataIdx,
        at: u32,
        bytes: u64,
    ) -> Result<(), Trap> {
        if u64::from(at) + bytes > self.data(instance, data).len() as u64 {
            return Err(Trap::MemoryOutOfBounds);
        }
        Ok(())
    }

    /// `array.init_data` to (array, index).
    ///
    /// # Errors
    /// [`Trap::NullArrayReference`], [`Trap::ArrayOutOfBounds`], [`Trap::MemoryOutOfBounds`].
    pub fn exec_array_init_data(
        &mut self,
        instance: InstanceId,
        data: DataIdx,
        dst: (u32, u32),
        src: u32,
        len: u32,
    ) -> Result<(), Trap> {
        self.check_elements(dst.0, dst.1, len)?;
        let bytes = self.heap().elements(dst.0, dst.1, len).len();
        self.check_data_bytes(instance, data, src, bytes as u64)?;
        let module = self.instance_module(instance).clone();
        let dropped = self.instance(instance).dropped_datas[data.index()];
        let elements = self.heap_mut().elements_mut(dst.0, dst.1, len);
        if !dropped {
            let bytes = module.module().data_bytes(data.index());
            elements.copy_from_slice(&bytes[src as usize..][..elements.len()]);
        }
        Ok(())
    }

    /// Whether an element segment has `len` elements at `at`: what `array.new_elem` asks first.
    ///
    /// # Errors
    /// [`Trap::TableOutOfBounds`].
    pub fn exec_check_elem(
        &self,
        instance: InstanceId,
        elem: ElemIdx,
        at: u32,
        len: u32,
    ) -> Result<(), Trap> {
        let items = self.instance(instance).elems[elem.index()].len();
        if u64::from(at) + u64::from(len) > items as u64 {
            return Err(Trap::TableOutOfBounds);
        }
        Ok(())
    }

    /// `array.init_elem` to (array, index).
    ///
    /// # Errors
    /// [`Trap::NullArrayReference`], [`Trap::ArrayOutOfBounds`], [`Trap::TableOutOfBounds`].
    pub fn exec_array_init_elem(
        &mut self,
        instance: InstanceId,
        elem: ElemIdx,
        dst: (u32, u32),
        src: u32,
        len: u32,
    ) -> Result<(), Trap> {
        self.check_elements(dst.0, dst.1, len)?;
        self.exec_check_elem(instance, elem, src, len)?;
        let StoreCore {
            heap, instances, ..
        } = self;
        let heap = heap.as_mut().expect("there is an array, so a heap");
        let items = &instances[instance.0 as usize].elems[elem.index()];
        let items = &items[src as usize..][..len as usize];
        let elements = heap.elements_mut(dst.0, dst.1, len);
        let bytes = elements.len() / items.len().max(1);
        for (element, item) in elements.chunks_exact_mut(bytes.max(1)).zip(items) {
            element.copy_from_slice(&item.to_le_bytes()[..bytes]);
        }
        heap.wrote_refs(dst.0);
        Ok(())
    }

    /// Whether a reference is of a type of the instance's module (specification: `ref.test`).
    pub fn exec_ref_test(&self, instance: InstanceId, bits: u64, ty: RefType) -> bool {
        if ty.is_func() {
            return self.func_test(instance, bits, ty);
        }
        let reference = bits as u32;
        if reference == 0 {
            return ty.nullable;
        }
        let ty = self.instance_module(instance).canonical_ref(ty);
        self.is_of_type(reference, ty)
    }

    fn func_test(&self, instance: InstanceId, bits: u64, ty: RefType) -> bool {
        assert!(
            !self.engine.compiles(),
            "only an executor tests references without compiled code"
        );
        // SAFETY: under an executor the bits are a number, which is not followed.
        let Some(func) = (unsafe { self.func_from_bits(bits) }) else {
            return ty.nullable;
        };
        match ty.heap {
            HeapType::Func => true,
            HeapType::Concrete(_, ty) => {
                let expected = self.instance_module(instance).type_id(ty);
                let found = self.func_type_id(func);
                found.is_ok_and(|found| self.engine.types().is_subtype(found, expected))
            }
            _ => false,
        }
    }

    fn struct_layout(&self, instance: InstanceId, ty: TypeIdx) -> &ObjectLayout {
        self.instance_module(instance).struct_layout(ty)
    }

    fn element(&self, instance: InstanceId, ty: TypeIdx) -> FieldType {
        let header = self.instance_module(instance).module().header();
        match &header.types()[ty.index()].composite {
            CompositeType::Array(ty) => ty.element,
            other => panic!("validation allows elements only of arrays, not {other:?}"),
        }
    }

    fn data(&self, instance: InstanceId, data: DataIdx) -> &[u8] {
        let instance = self.instance(instance);
        if instance.dropped_datas[data.index()] {
            return &[];
        }
        instance.module.module().data_bytes(data.index())
    }

    /// Whether an array has `len` elements from `at` on.
    fn check_elements(&self, array: u32, at: u32, len: u32) -> Result<(), Trap> {
        let end = u64::from(at) + u64::from(len);
        if end > u64::from(self.exec_array_len(array)?) {
            return Err(Trap::ArrayOutOfBounds);
        }
        Ok(())
    }
}

/// Bits of a field.
pub(crate) fn load(
    heap: &Heap,
    object: u32,
    offset: u32,
    storage: StorageType,
    extend: Extend,
) -> u128 {
    let bytes = heap.field(object, offset, storage_bytes(storage));
    let mut bits = [0; 16];
    bits[..bytes.len()].copy_from_slice(bytes);
    let bits = u128::from_le_bytes(bits);
    match (extend, storage) {
        (Extend::Signed, StorageType::I8) => u128::from(i32::from(bits as i8) as u32),
        (Extend::Signed, StorageType::I16) => u128::from(i32::from(bits as i16) as u32),
        _ => bits,
    }
}

/// Sets a field, with the write barrier.
pub(crate) fn store(heap: &mut Heap, object: u32, offset: u32, storage: StorageType, value: u128) {
    if is_traced(storage) {
        heap.set_ref(object, offset, value as u32);
        return;
    }
    let bytes = storage_bytes(storage);
    heap.field_mut(object, offset, bytes)
        .copy_from_slice(&value.to_le_bytes()[..bytes as usize]);
}
