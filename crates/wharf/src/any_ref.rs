//! References whose type says little: `anyref`, `eqref` and `i31ref`, and what they turn out to be.

use crate::{ArrayRef, AsContext, ExternRef, GcRef, Result, StructRef};
use module::HeapType;
use runtime::AnyHandle;

/// A reference to a structure, an array, an i31, or a value of the host that a guest made internal: `(ref any)`.
///
/// For how long it is valid see [`GcRef`].
///
/// ```
/// use wharf::{AnyRef, Engine, I31, Store};
///
/// let store = Store::new(&Engine::default(), ());
/// let any = AnyRef::from_i31(&store, I31::wrapping(-1));
/// assert_eq!(any.as_i31(&store)?.map(I31::get), Some(-1));
/// assert!(any.as_struct(&store)?.is_none());
/// # Ok::<(), wharf::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AnyRef(pub(crate) AnyHandle);

/// A reference that can be compared: to a structure, an array or an i31; `(ref eq)`. For how long it is valid see [`GcRef`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct EqRef(pub(crate) AnyHandle);

/// An integer of 31 bits, which references can be instead of referring to an object.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct I31(pub(crate) u32);

impl I31 {
    /// The integer, if it has 31 bits with its sign.
    pub const fn new(value: i32) -> Option<I31> {
        let wrapped = I31::wrapping(value);
        if wrapped.get() == value {
            Some(wrapped)
        } else {
            None
        }
    }

    /// The low 31 bits of an integer.
    pub const fn wrapping(value: i32) -> I31 {
        I31(value as u32 & (u32::MAX >> 1))
    }

    /// The integer, extended by its sign.
    pub const fn get(self) -> i32 {
        (self.0 << 1) as i32 >> 1
    }

    /// The integer, extended by zeros.
    pub const fn get_unsigned(self) -> u32 {
        self.0
    }
}

impl AnyRef {
    /// The reference that is an i31.
    pub fn from_i31(store: impl AsContext, value: I31) -> AnyRef {
        AnyRef(store.as_context().0.i31(value.0))
    }

    /// The internal reference to what an external one refers to (specification: `any.convert_extern`).
    pub fn convert_extern(value: ExternRef) -> AnyRef {
        AnyRef(value.handle())
    }

    /// The most precise type of what it refers to: a structure or array type of the engine, `i31`, or `any` for a value of the
    /// host.
    ///
    /// # Errors
    /// If the reference is another store's, or no longer valid.
    pub fn ty(&self, store: impl AsContext) -> Result<HeapType> {
        Ok(store.as_context().0.ref_type(self.0)?)
    }

    /// Whether what it refers to is of a type (specification: `ref.test`).
    ///
    /// # Errors
    /// If the reference is another store's, or no longer valid, or the type is another engine's.
    pub fn is_a(&self, store: impl AsContext, ty: HeapType) -> Result<bool> {
        Ok(store.as_context().0.ref_is(self.0, ty)?)
    }

    /// Whether both are the same object, or equal i31 (specification: `ref.eq`).
    ///
    /// # Errors
    /// If a reference is another store's, or no longer valid.
    pub fn ref_eq(&self, store: impl AsContext, other: impl Into<AnyRef>) -> Result<bool> {
        Ok(store.as_context().0.ref_eq(self.0, other.into().0)?)
    }

    /// The integer if it is an i31.
    ///
    /// # Errors
    /// If the reference is another store's, or no longer valid.
    pub fn as_i31(&self, store: impl AsContext) -> Result<Option<I31>> {
        Ok(store.as_context().0.as_i31(self.0)?.map(I31::wrapping))
    }

    /// The same reference if it is to a structure.
    ///
    /// # Errors
    /// If the reference is another store's, or no longer valid.
    pub fn as_struct(&self, store: impl AsContext) -> Result<Option<StructRef>> {
        self.cast(store, HeapType::Struct)
    }

    /// The same reference if it is to an array.
    ///
    /// # Errors
    /// If the reference is another store's, or no longer valid.
    pub fn as_array(&self, store: impl AsContext) -> Result<Option<ArrayRef>> {
        self.cast(store, HeapType::Array)
    }

    /// The same reference if it can be compared.
    ///
    /// # Errors
    /// If the reference is another store's, or no longer valid.
    pub fn as_eq(&self, store: impl AsContext) -> Result<Option<EqRef>> {
        self.cast(store, HeapType::Eq)
    }

    fn cast<R: GcRef>(&self, store: impl AsContext, ty: HeapType) -> Result<Option<R>> {
        Ok(self.is_a(store, ty)?.then(|| R::from_handle(self.0)))
    }
}

impl GcRef for AnyRef {
    fn handle(self) -> AnyHandle {
        self.0
    }

    fn from_handle(handle: AnyHandle) -> AnyRef {
        AnyRef(handle)
    }
}

impl GcRef for EqRef {
    fn handle(self) -> AnyHandle {
        self.0
    }

    fn from_handle(handle: AnyHandle) -> EqRef {
        EqRef(handle)
    }
}

macro_rules! into_any {
    ($($ty:ty)*) => {$(
        impl From<$ty> for AnyRef {
            fn from(reference: $ty) -> AnyRef {
                AnyRef(reference.handle())
            }
        }
    )*};
}

into_any!(EqRef StructRef ArrayRef);

impl From<StructRef> for EqRef {
    fn from(reference: StructRef) -> EqRef {
        EqRef(reference.handle())
    }
}

impl From<ArrayRef> for EqRef {
    fn from(reference: ArrayRef) -> EqRef {
        EqRef(reference.handle())
    }
}
