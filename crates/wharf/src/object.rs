//! Structures and arrays of guests, made, read and written by the host.

use crate::{ArrayType, AsContext, AsContextMut, GcRef, Result, StructType, Val};
use crate::{StoreContext, StoreContextMut};
use module::HeapType;
use runtime::AnyHandle;

/// A reference to a structure: `(ref struct)`. For how long it is valid see [`GcRef`].
///
/// ```
/// use wharf::{Engine, FieldType, Store, StructRef, StructType, Val, ValType};
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let point = StructType::new(&engine, [FieldType::mutable(ValType::I32), FieldType::constant(ValType::F64)])?;
/// let at = StructRef::new(&mut store, &point, &[Val::I32(1), Val::from(2.5)])?;
/// at.set(&mut store, 0, Val::I32(7))?;
/// assert_eq!(at.fields(&store)?, [Val::I32(7), Val::from(2.5)]);
/// assert!(at.set(&mut store, 1, Val::from(0.0)).is_err());
/// # Ok::<(), wharf::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct StructRef(AnyHandle);

/// A reference to an array: `(ref array)`. For how long it is valid see [`GcRef`].
///
/// ```
/// use wharf::{ArrayRef, ArrayType, Engine, FieldType, StorageType, Store, Val};
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let text = ArrayType::new(&engine, FieldType::mutable(StorageType::I8))?;
/// let greeting = ArrayRef::from_bytes(&mut store, &text, b"hello")?;
/// greeting.set(&mut store, 0, Val::I32(i32::from(b'j')))?;
/// assert_eq!(greeting.bytes(&store)?, b"jello");
/// # Ok::<(), wharf::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ArrayRef(AnyHandle);

impl StructRef {
    /// Makes a structure with these values for its fields.
    ///
    /// # Errors
    /// If a value is not of its field's type or another store's, the type is another engine's, or the heap is full.
    pub fn new(mut store: impl AsContextMut, ty: &StructType, fields: &[Val]) -> Result<StructRef> {
        let store = store.as_context_mut().0;
        ty.check_engine(store.engine())?;
        let fields: Vec<runtime::Val> = fields.iter().map(|value| value.to_runtime()).collect();
        Ok(StructRef(store.make_struct(ty.index(), &fields)?))
    }

    /// The type of the structure.
    ///
    /// # Errors
    /// If the reference is another store's, or no longer valid.
    pub fn ty(&self, store: impl AsContext) -> Result<StructType> {
        let store = store.as_context().0;
        let ty = store.ref_type(self.0)?;
        Ok(StructType::of(store.engine(), ty).expect("structures have a type of structures"))
    }

    /// A field. Packed ones are extended by zeros.
    ///
    /// # Errors
    /// If there is no such field, or the reference is another store's, or no longer valid.
    pub fn get(&self, store: impl AsContext, field: usize) -> Result<Val> {
        let value = store.as_context().0.struct_get(self.0, field)?;
        Ok(Val::from_runtime(value))
    }

    /// Sets a field. Of packed ones the low bits count.
    ///
    /// # Errors
    /// If there is no such field, it is constant, the value is of another type, or a reference is another store's, or no longer
    /// valid.
    pub fn set(&self, mut store: impl AsContextMut, field: usize, value: Val) -> Result<()> {
        let store = store.as_context_mut().0;
        Ok(store.struct_set(self.0, field, value.to_runtime())?)
    }

    /// All fields.
    ///
    /// # Errors
    /// If the reference is another store's, or no longer valid.
    pub fn fields(&self, store: impl AsContext) -> Result<Vec<Val>> {
        let store = store.as_context().0;
        let fields = 0..store.struct_len(self.0)?;
        fields
            .map(|field| Ok(Val::from_runtime(store.struct_get(self.0, field)?)))
            .collect()
    }
}

impl ArrayRef {
    /// Makes an array of `len` elements with the same value.
    ///
    /// # Errors
    /// If the value is not of the element's type or another store's, the type is another engine's, or the heap is full.
    pub fn new(
        mut store: impl AsContextMut,
        ty: &ArrayType,
        len: u32,
        value: Val,
    ) -> Result<ArrayRef> {
        let store = store.as_context_mut().0;
        ty.check_engine(store.engine())?;
        let array = store.make_array(ty.index(), len, value.to_runtime())?;
        Ok(ArrayRef(array))
    }

    /// Makes an array of these elements.
    ///
    /// # Errors
    /// If a value is not of the element's type or another store's, the type is another engine's, or the heap is full.
    pub fn new_fixed(
        mut store: impl AsContextMut,
        ty: &ArrayType,
        elements: &[Val],
    ) -> Result<ArrayRef> {
        let store = store.as_context_mut().0;
        ty.check_engine(store.engine())?;
        let elements: Vec<runtime::Val> = elements.iter().map(|value| value.to_runtime()).collect();
        Ok(ArrayRef(store.make_array_fixed(ty.index(), &elements)?))
    }

    /// Makes an array of numbers from their bytes, each little-endian.
    ///
    /// # Errors
    /// If the elements are references, their size does not divide the number of bytes, the type is another engine's, or the heap
    /// is full.
    pub fn from_bytes(
        mut store: impl AsContextMut,
        ty: &ArrayType,
        bytes: &[u8],
    ) -> Result<ArrayRef> {
        let store = store.as_context_mut().0;
        ty.check_engine(store.engine())?;
        Ok(ArrayRef(store.make_array_from_bytes(ty.index(), bytes)?))
    }

    /// The type of the array.
    ///
    /// # Errors
    /// If the reference is another store's, or no longer valid.
    pub fn ty(&self, store: impl AsContext) -> Result<ArrayType> {
        let store = store.as_context().0;
        let ty = store.ref_type(self.0)?;
        Ok(ArrayType::of(store.engine(), ty).expect("arrays have a type of arrays"))
    }

    /// The number of elements.
    ///
    /// # Errors
    /// If the reference is another store's, or no longer valid.
    pub fn len(&self, store: impl AsContext) -> Result<u32> {
        Ok(store.as_context().0.array_len(self.0)?)
    }

    /// An element. Packed ones are extended by zeros.
    ///
    /// # Errors
    /// If there is no such element, or the reference is another store's, or no longer valid.
    pub fn get(&self, store: impl AsContext, index: u32) -> Result<Val> {
        let value = store.as_context().0.array_get(self.0, index)?;
        Ok(Val::from_runtime(value))
    }

    /// Sets an element. Of packed ones the low bits count.
    ///
    /// # Errors
    /// If there is no such element, elements are constant, the value is of another type, or a reference is another store's, or
    /// no longer valid.
    pub fn set(&self, mut store: impl AsContextMut, index: u32, value: Val) -> Result<()> {
        let store = store.as_context_mut().0;
        Ok(store.array_set(self.0, index, value.to_runtime())?)
    }

    /// All elements of an array of numbers, as bytes: each little-endian.
    ///
    /// # Errors
    /// If the elements are references, or the reference is another store's, or no longer valid.
    pub fn bytes<'a, T: 'static>(&self, store: impl Into<StoreContext<'a, T>>) -> Result<&'a [u8]> {
        Ok(store.into().0.array_bytes(self.0)?)
    }

    /// As [`bytes`](Self::bytes), to be changed.
    ///
    /// # Errors
    /// As there, or if the elements are constant.
    pub fn bytes_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<&'a mut [u8]> {
        Ok(store.into().0.array_bytes_mut(self.0)?)
    }
}

macro_rules! gc_refs {
    ($($ty:ident)*) => {$(
        impl GcRef for $ty {
            fn handle(self) -> AnyHandle {
                self.0
            }

            fn from_handle(handle: AnyHandle) -> $ty {
                $ty(handle)
            }
        }

        impl $ty {
            /// Whether it is of a type, whose supertypes it also is of (specification: `ref.test`).
            ///
            /// # Errors
            /// If the reference is another store's, or no longer valid, or the type is another engine's.
            pub fn is_a(&self, store: impl AsContext, ty: HeapType) -> Result<bool> {
                Ok(store.as_context().0.ref_is(self.0, ty)?)
            }

            /// Whether both are the same object (specification: `ref.eq`).
            ///
            /// # Errors
            /// If a reference is another store's, or no longer valid.
            pub fn ref_eq(&self, store: impl AsContext, other: impl Into<crate::AnyRef>) -> Result<bool> {
                Ok(store.as_context().0.ref_eq(self.0, other.into().0)?)
            }
        }
    )*};
}

gc_refs!(StructRef ArrayRef);
