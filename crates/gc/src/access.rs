//! Access to objects for those who have no address: the interpreter and the host. Apart because it checks what compiled code
//! knows, and carries the write barrier.

use crate::heap::Heap;
use crate::shape::Kind;
use abi::gc::{ARRAY_ELEMENTS, ARRAY_LEN, OBJECT_ALIGN, YOUNG_END};

/// The reference of an i31 with the low 31 bits of `value`.
pub fn i31(value: u32) -> u32 {
    value << 1 | 1
}

impl Heap {
    /// The type number of the object that `reference` is; `None` for null, i31 and what is no object's place.
    #[inline]
    pub fn type_of(&self, reference: u32) -> Option<u32> {
        (reference.is_multiple_of(OBJECT_ALIGN) && self.space.holds(reference, 8))
            .then(|| self.space.load(reference))
    }

    /// The length of an array.
    ///
    /// # Panics
    /// If there is no object.
    #[inline]
    pub fn array_len(&self, array: u32) -> u32 {
        self.get_u32(array, ARRAY_LEN)
    }

    /// The word at `offset` of an object.
    ///
    /// # Panics
    /// If it is not in the heap.
    #[inline]
    pub fn get_u32(&self, object: u32, offset: u32) -> u32 {
        let bytes = self.field(object, offset, 4);
        u32::from_le_bytes(bytes.try_into().expect("four bytes"))
    }

    /// `bytes` at `offset` of an object.
    ///
    /// # Panics
    /// If they are not in the heap.
    #[inline]
    pub fn field(&self, object: u32, offset: u32, bytes: u32) -> &[u8] {
        let at = object.checked_add(offset).expect("a field in the heap");
        self.space.bytes(at, u64::from(bytes))
    }

    /// As [`field`](Self::field), to be written: with anything but references to objects.
    ///
    /// # Panics
    /// If they are not in the heap.
    #[inline]
    pub fn field_mut(&mut self, object: u32, offset: u32, bytes: u32) -> &mut [u8] {
        let at = object.checked_add(offset).expect("a field in the heap");
        self.space.bytes_mut(at, u64::from(bytes))
    }

    /// Stores a reference at `offset` of an object, with the write barrier.
    ///
    /// # Panics
    /// If it is not in the heap.
    #[inline]
    pub fn set_ref(&mut self, object: u32, offset: u32, value: u32) {
        self.field_mut(object, offset, 4)
            .copy_from_slice(&value.to_le_bytes());
        if object >= YOUNG_END && value < YOUNG_END && value != 0 && value & 1 == 0 {
            self.remember(object);
        }
    }

    /// The bytes of `len` elements from `from` on.
    ///
    /// # Panics
    /// If they are not in the heap.
    pub fn elements(&self, array: u32, from: u32, len: u32) -> &[u8] {
        let (at, bytes) = self.element_range(array, from, len);
        self.space.bytes(at, bytes)
    }

    /// As [`elements`](Self::elements), to be written: with anything but references to objects.
    ///
    /// # Panics
    /// If they are not in the heap.
    pub fn elements_mut(&mut self, array: u32, from: u32, len: u32) -> &mut [u8] {
        let (at, bytes) = self.element_range(array, from, len);
        self.space.bytes_mut(at, bytes)
    }

    /// Copies elements between arrays of one element type, or within one.
    ///
    /// # Panics
    /// If they are not in the heap.
    pub fn copy_elements(&mut self, to: u32, to_from: u32, from: u32, from_from: u32, len: u32) {
        let (source, bytes) = self.element_range(from, from_from, len);
        let (target, _) = self.element_range(to, to_from, len);
        if bytes == 0 {
            return;
        }
        self.space.copy(source, target, bytes);
        self.wrote_refs(to);
    }

    /// Stores the low bytes of one value to many elements.
    ///
    /// # Panics
    /// If they are not in the heap.
    pub fn fill_elements(&mut self, array: u32, from: u32, len: u32, value: u128) {
        if len == 0 {
            return;
        }
        let elements = self.elements_mut(array, from, len);
        let bytes = elements.len() / len as usize;
        let value = value.to_le_bytes();
        if value[..bytes].iter().all(|byte| *byte == value[0]) {
            elements.fill(value[0]);
        } else {
            for element in elements.chunks_exact_mut(bytes) {
                element.copy_from_slice(&value[..bytes]);
            }
        }
        self.wrote_refs(array);
    }

    /// The barrier for an object in which many references may have changed.
    pub fn wrote_refs(&mut self, object: u32) {
        let ty = self.space.load(object);
        if object >= YOUNG_END && self.shapes[ty as usize].has_refs() {
            self.remember(object);
        }
    }

    /// The place of elements; asserts that the array has them.
    fn element_range(&self, array: u32, from: u32, len: u32) -> (u32, u64) {
        let ty = self.type_of(array).expect("an array");
        let Kind::Array { shift, .. } = self.shapes[ty as usize].kind else {
            panic!("type {ty} has no elements");
        };
        let end = u64::from(from) + u64::from(len);
        assert!(
            end <= u64::from(self.array_len(array)),
            "elements up to {end} of an array"
        );
        (
            array + ARRAY_ELEMENTS + (from << shift),
            u64::from(len) << shift,
        )
    }
}
