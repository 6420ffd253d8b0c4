//! Structures and arrays as the host makes, reads and writes them.
//!
//! Apart from the operators of guests, which validation has checked: here each type and index is checked, and a mistake is an
//! error.

use crate::execute_gc::{load, store};
use crate::types::ObjectType;
use crate::{AnyHandle, Error, StoreCore, Val};
use abi::Raw;
use abi::gc::storage_bytes;
use module::{Extend, FieldType, HeapType, StorageType, TypeIdx, TypeKind, ValType};
use std::sync::Arc;

/// What the collector of a store did so far, and what its heap holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct GcStats {
    /// Bytes of objects, those included that are dead and not collected yet.
    pub heap_bytes: u64,
    /// Collections of young objects.
    pub minor_collections: u64,
    /// Collections of all objects.
    pub full_collections: u64,
    /// Time in collections, all together.
    pub pauses: std::time::Duration,
    /// The longest time that a guest waited for a collection.
    pub longest_pause: std::time::Duration,
}

impl StoreCore {
    /// What the collector did so far.
    pub fn gc_stats(&self) -> GcStats {
        let Some(heap) = &self.heap else {
            return GcStats::default();
        };
        let stats = heap.stats();
        GcStats {
            heap_bytes: heap.used_bytes() + u64::from(self.guest_top() - heap.top()),
            minor_collections: stats.minor,
            full_collections: stats.full,
            pauses: stats.pauses,
            longest_pause: stats.longest_pause,
        }
    }

    /// Makes a structure of the type with this index of the engine.
    ///
    /// # Errors
    /// If there is no such type of structures, a value is not of its field's type or another store's, or the heap is full.
    pub fn make_struct(&mut self, ty: TypeIdx, values: &[Val]) -> Result<AnyHandle, Error> {
        let object_type = self.object_type(ty, TypeKind::Struct)?;
        if values.len() != object_type.fields.len() {
            return Err(Error::misuse(format!(
                "expected {} fields, found {}",
                object_type.fields.len(),
                values.len()
            )));
        }
        for (value, (field, _)) in values.iter().zip(&object_type.fields) {
            self.val_to_raw(*value, field.storage.unpacked())?;
        }
        let object = self.alloc_object(ty, None)?;
        // Collecting may have changed what references are, so only now they are taken.
        for (value, (field, offset)) in values.iter().zip(&object_type.fields) {
            self.write(object, *offset, field.storage, *value)?;
        }
        Ok(self.any_handle(object))
    }

    /// Makes an array of the type with this index of the engine, each element with the same value.
    ///
    /// # Errors
    /// If there is no such type of arrays, the value is not of the element's type or another store's, or the heap is full.
    pub fn make_array(&mut self, ty: TypeIdx, len: u32, value: Val) -> Result<AnyHandle, Error> {
        let storage = self.object_type(ty, TypeKind::Array)?.fields[0].0.storage;
        self.val_to_raw(value, storage.unpacked())?;
        let array = self.alloc_object(ty, Some(len))?;
        let bits = self.val_to_raw(value, storage.unpacked())?.u128();
        if bits != 0 {
            self.heap_mut().fill_elements(array, 0, len, bits);
        }
        Ok(self.any_handle(array))
    }

    /// Makes an array of the type with this index of the engine, with these elements.
    ///
    /// # Errors
    /// If there is no such type of arrays, a value is not of the element's type or another store's, or the heap is full.
    pub fn make_array_fixed(&mut self, ty: TypeIdx, values: &[Val]) -> Result<AnyHandle, Error> {
        let storage = self.object_type(ty, TypeKind::Array)?.fields[0].0.storage;
        for value in values {
            self.val_to_raw(*value, storage.unpacked())?;
        }
        let len = u32::try_from(values.len()).map_err(|_| Error::limit("too many elements"))?;
        let array = self.alloc_object(ty, Some(len))?;
        for (nth, value) in values.iter().enumerate() {
            let offset = element_offset(storage, nth as u32);
            self.write(array, offset, storage, *value)?;
        }
        Ok(self.any_handle(array))
    }

    /// The number of fields of a structure.
    ///
    /// # Errors
    /// If the handle is no structure, another store's, or no longer valid.
    pub fn struct_len(&self, handle: AnyHandle) -> Result<usize, Error> {
        Ok(self.object(handle, TypeKind::Struct)?.1.fields.len())
    }

    /// A field of a structure; packed ones are extended by zeros.
    ///
    /// # Errors
    /// If there is no such field, or the handle is no structure, another store's, or no longer valid.
    pub fn struct_get(&self, handle: AnyHandle, nth: usize) -> Result<Val, Error> {
        let (object, ty) = self.object(handle, TypeKind::Struct)?;
        let (field, offset) = field(&ty, nth)?;
        Ok(self.read(object, offset, field.storage))
    }

    /// Sets a field of a structure; of packed ones the low bits count.
    ///
    /// # Errors
    /// If there is no such field, it is constant, the value is of another type, or a handle is no structure, another store's, or
    /// no longer valid.
    pub fn struct_set(&mut self, handle: AnyHandle, nth: usize, value: Val) -> Result<(), Error> {
        let (object, ty) = self.object(handle, TypeKind::Struct)?;
        let (field, offset) = field(&ty, nth)?;
        if !field.mutable {
            return Err(Error::misuse(format!(
                "field {nth} is constant and cannot be set"
            )));
        }
        self.write(object, offset, field.storage, value)
    }

    /// The length of an array.
    ///
    /// # Errors
    /// If the handle is no array, another store's, or no longer valid.
    pub fn array_len(&self, handle: AnyHandle) -> Result<u32, Error> {
        let (array, _) = self.object(handle, TypeKind::Array)?;
        Ok(self.heap().array_len(array))
    }

    /// An element of an array; packed ones are extended by zeros.
    ///
    /// # Errors
    /// If there is no such element, or the handle is no array, another store's, or no longer valid.
    pub fn array_get(&self, handle: AnyHandle, nth: u32) -> Result<Val, Error> {
        let (array, element) = self.array_element(handle, nth)?;
        let offset = element_offset(element.storage, nth);
        Ok(self.read(array, offset, element.storage))
    }

    /// Sets an element of an array; of packed ones the low bits count.
    ///
    /// # Errors
    /// If there is no such element, elements are constant, the value is of another type, or a handle is no array, another
    /// store's, or no longer valid.
    pub fn array_set(&mut self, handle: AnyHandle, nth: u32, value: Val) -> Result<(), Error> {
        let (array, element) = self.array_element(handle, nth)?;
        if !element.mutable {
            return Err(Error::misuse("the elements are constant and cannot be set"));
        }
        let offset = element_offset(element.storage, nth);
        self.write(array, offset, element.storage, value)
    }

    /// The elements of an array of numbers as they lie in the heap: little-endian.
    ///
    /// # Errors
    /// If the elements are references, or the handle is no array, another store's, or no longer valid.
    pub fn array_bytes(&self, handle: AnyHandle) -> Result<&[u8], Error> {
        let (array, ty) = self.object(handle, TypeKind::Array)?;
        check_numbers(&ty)?;
        let heap = self.heap();
        Ok(heap.elements(array, 0, heap.array_len(array)))
    }

    /// As [`array_bytes`](Self::array_bytes), to be changed.
    ///
    /// # Errors
    /// As there, or if the elements are constant.
    pub fn array_bytes_mut(&mut self, handle: AnyHandle) -> Result<&mut [u8], Error> {
        let (array, ty) = self.object(handle, TypeKind::Array)?;
        check_numbers(&ty)?;
        if !ty.fields[0].0.mutable {
            return Err(Error::misuse("the elements are constant and cannot be set"));
        }
        let heap = self.heap_mut();
        let len = heap.array_len(array);
        Ok(heap.elements_mut(array, 0, len))
    }

    /// Makes an array of numbers from its elements as they lie in the heap: little-endian.
    ///
    /// # Errors
    /// If there is no such type of arrays, the elements are references or do not come out even, or the heap is full.
    pub fn make_array_from_bytes(&mut self, ty: TypeIdx, bytes: &[u8]) -> Result<AnyHandle, Error> {
        let object_type = self.object_type(ty, TypeKind::Array)?;
        check_numbers(&object_type)?;
        let each = storage_bytes(object_type.fields[0].0.storage) as usize;
        if !bytes.len().is_multiple_of(each) {
            return Err(Error::misuse(format!(
                "{} bytes are not a number of elements of {each} bytes",
                bytes.len()
            )));
        }
        let len = bytes.len() / each;
        let len = u32::try_from(len).map_err(|_| Error::limit("too many elements"))?;
        let array = self.alloc_object(ty, Some(len))?;
        let elements = self.heap_mut().elements_mut(array, 0, len);
        elements.copy_from_slice(bytes);
        Ok(self.any_handle(array))
    }

    /// What objects of the type with this index look like.
    fn object_type(&self, ty: TypeIdx, kind: TypeKind) -> Result<Arc<ObjectType>, Error> {
        self.engine.types().check(ValType::Ref(module::RefType {
            nullable: false,
            heap: HeapType::Concrete(kind, ty),
        }))?;
        Ok(self.engine.types().object(ty.0))
    }

    /// The object of a kind behind a handle.
    fn object(&self, handle: AnyHandle, kind: TypeKind) -> Result<(u32, Arc<ObjectType>), Error> {
        let reference = self.any_reference(handle)?;
        if let HeapType::Concrete(found, number) = self.ref_type(handle)?
            && found == kind
        {
            return Ok((reference, self.engine.types().object(number.0)));
        }
        let expected = match kind {
            TypeKind::Struct => "a structure",
            TypeKind::Array => "an array",
            TypeKind::Func => "a function",
        };
        Err(Error::misuse(format!(
            "expected {expected}, found a reference to something else"
        )))
    }

    fn array_element(&self, handle: AnyHandle, nth: u32) -> Result<(u32, FieldType), Error> {
        let (array, ty) = self.object(handle, TypeKind::Array)?;
        let len = self.heap().array_len(array);
        if nth >= len {
            return Err(Error::misuse(format!(
                "element {nth} of an array of {len} elements"
            )));
        }
        Ok((array, ty.fields[0].0))
    }

    fn read(&self, object: u32, offset: u32, storage: StorageType) -> Val {
        let bits = load(self.heap(), object, offset, storage, Extend::None);
        // SAFETY: fields hold values of their type: what is written there is checked by validation, or by `write`.
        unsafe { self.val_from_raw(Raw::from_u128(bits), storage.unpacked()) }
    }

    fn write(
        &mut self,
        object: u32,
        offset: u32,
        storage: StorageType,
        value: Val,
    ) -> Result<(), Error> {
        let bits = self.val_to_raw(value, storage.unpacked())?.u128();
        store(self.heap_mut(), object, offset, storage, bits);
        Ok(())
    }

    /// An object of a type of the engine, all zeros; an array if there is a length. May collect.
    fn alloc_object(&mut self, ty: TypeIdx, len: Option<u32>) -> Result<u32, Error> {
        self.prepare_heap_for(ty.0)?;
        let object = match len {
            Some(len) => self.new_array(ty.0, len)?,
            None => self.new_struct(ty.0)?,
        };
        Ok(object)
    }
}

fn field(ty: &ObjectType, nth: usize) -> Result<(FieldType, u32), Error> {
    ty.fields.get(nth).copied().ok_or_else(|| {
        Error::misuse(format!(
            "field {nth} of a structure of {} fields",
            ty.fields.len()
        ))
    })
}

fn element_offset(storage: StorageType, nth: u32) -> u32 {
    abi::gc::ARRAY_ELEMENTS + nth * storage_bytes(storage)
}

fn check_numbers(ty: &ObjectType) -> Result<(), Error> {
    match ty.fields[0].0.storage {
        StorageType::Val(ValType::Ref(_)) => Err(Error::misuse(
            "expected an array of numbers, found one of references",
        )),
        _ => Ok(()),
    }
}
