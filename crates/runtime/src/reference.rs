//! References between host and guest: their bits in slots, and the Rust types that stand for them in typed calls.
//!
//! Apart from other values because what a host gives is checked against the type that is asked for, which for references may
//! depend on the object.

use crate::types::TypeRegistry;
use crate::{AnyHandle, Error, ExternHandle, FuncHandle, Ref, StoreCore, WasmTy};
use abi::Raw;
use module::{HeapType, RefType, TypeIdx, TypeKind, ValType};
use std::marker::PhantomData;

impl StoreCore {
    /// The bits of a reference that must be of type `ty`.
    pub(crate) fn ref_to_bits(&self, value: Ref, ty: RefType) -> Result<u64, Error> {
        match value {
            Ref::Func(None) | Ref::Extern(None) | Ref::Exn(None) | Ref::Any(None)
                if !ty.nullable =>
            {
                Err(Error::misuse(format!(
                    "expected a value of type {ty}, found null"
                )))
            }
            Ref::Func(None) if ty.is_func() => Ok(0),
            Ref::Exn(None) if ty.is_exn() => Ok(0),
            Ref::Extern(None) if ty.is_extern() => Ok(0),
            Ref::Any(None) if ty.is_any() => Ok(0),
            Ref::Func(Some(func)) if ty.is_func() => self.func_to_bits(func, ty),
            Ref::Exn(Some(exception)) if ty.is_exn() => self.handle_to_bits(exception.0, ty),
            Ref::Extern(Some(ExternHandle(handle))) if ty.is_extern() => {
                self.handle_to_bits(handle, ty)
            }
            Ref::Any(Some(handle)) if ty.is_any() => self.handle_to_bits(handle, ty),
            _ => Err(Error::misuse(format!(
                "expected a value of type {ty}, found {}",
                value.describe()
            ))),
        }
    }

    fn func_to_bits(&self, func: FuncHandle, ty: RefType) -> Result<u64, Error> {
        let found = TypeIdx(self.func_type_id(func)?);
        let heap = HeapType::Concrete(TypeKind::Func, found);
        if !self.engine.types().heap_matches(heap, ty.heap) {
            let found = self.func_type(func)?;
            return Err(Error::misuse(format!(
                "expected a value of type {ty}, found a function of type {found}"
            )));
        }
        Ok(self.func_bits(func.index))
    }

    fn handle_to_bits(&self, handle: AnyHandle, ty: RefType) -> Result<u64, Error> {
        let reference = self.any_reference(handle)?;
        if !self.is_of_type(reference, ty) {
            let found = self.ref_type(handle)?;
            return Err(Error::misuse(format!(
                "expected a value of type {ty}, found a reference to {found}"
            )));
        }
        Ok(u64::from(reference))
    }

    /// The reference of type `ty` that bits stand for.
    ///
    /// # Safety
    /// The bits come from a place of this store that holds a reference of the type.
    pub(crate) unsafe fn ref_from_bits(&self, bits: u64, ty: RefType) -> Ref {
        if ty.is_func() {
            // SAFETY: the caller's promise.
            return Ref::Func(unsafe { self.func_from_bits(bits) });
        }
        if ty.is_exn() {
            return Ref::Exn(self.exn_from_bits(bits));
        }
        let handle = (bits as u32 != 0).then(|| self.any_handle(bits as u32));
        if ty.is_extern() {
            Ref::Extern(handle.map(ExternHandle))
        } else {
            Ref::Any(handle)
        }
    }

    /// Checks that references in slots are of these types.
    ///
    /// # Errors
    /// If one is not.
    ///
    /// # Safety
    /// The slots were filled by code of this store as values of these types, but for references, which are of any type of the
    /// same hierarchy.
    #[cold]
    pub(crate) unsafe fn check_slots(&self, slots: &[Raw], types: &[ValType]) -> Result<(), Error> {
        for (raw, ty) in slots.iter().zip(types) {
            let ValType::Ref(ty) = *ty else { continue };
            // SAFETY: the caller's promise.
            if !unsafe { self.bits_are(raw.u64(), ty) } {
                return Err(Error::misuse(format!(
                    "expected a value of type {ty}, found a reference of another type"
                )));
            }
        }
        Ok(())
    }

    /// Whether bits that stand for a reference of one type of a hierarchy also stand for one of another.
    ///
    /// # Safety
    /// The bits come from a place of this store that holds a reference of the hierarchy.
    unsafe fn bits_are(&self, bits: u64, ty: RefType) -> bool {
        if ty.is_func() {
            // SAFETY: the caller's promise.
            let Some(func) = (unsafe { self.func_from_bits(bits) }) else {
                return ty.nullable;
            };
            return self.func_to_bits(func, ty).is_ok();
        }
        match bits as u32 {
            0 => ty.nullable,
            reference => self.is_of_type(reference, ty),
        }
    }
}

/// Whether values of some types can be given where values of others are asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Fit {
    /// No value can.
    Never,
    /// It depends on the references.
    Maybe,
    /// All values can.
    Always,
}

impl TypeRegistry {
    /// Whether values of the types `given` can be given where `asked` are asked for. Where the answer is not [`Fit::Never`], bits
    /// mean the same in both.
    pub(crate) fn list_fits(&self, given: &[ValType], asked: &[ValType]) -> Fit {
        if given.len() != asked.len() {
            return Fit::Never;
        }
        let fits = given.iter().zip(asked);
        let fits = fits.map(|(given, asked)| self.fits(*given, *asked));
        fits.min().unwrap_or(Fit::Always)
    }

    fn fits(&self, given: ValType, asked: ValType) -> Fit {
        if self.val_matches(given, asked) {
            return Fit::Always;
        }
        let (ValType::Ref(given), ValType::Ref(asked)) = (given, asked) else {
            return Fit::Never;
        };
        let hierarchy = |ty: RefType| (ty.is_func(), ty.is_extern(), ty.is_exn());
        if hierarchy(given) == hierarchy(asked) {
            Fit::Maybe
        } else {
            Fit::Never
        }
    }
}

/// What a [`TypedRef`] refers to.
pub trait RefKind: 'static {
    /// The heap type.
    const HEAP: HeapType;
}

/// A reference to an object of one of the abstract types, in typed calls.
#[derive(Clone, Copy)]
pub struct TypedRef<K>(pub AnyHandle, PhantomData<fn() -> K>);

impl<K> TypedRef<K> {
    /// A handle, which must be of the kind when it is used.
    pub fn new(handle: AnyHandle) -> TypedRef<K> {
        TypedRef(handle, PhantomData)
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $heap:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub enum $name {}

        impl RefKind for $name {
            const HEAP: HeapType = HeapType::$heap;
        }
    )*};
}

kinds! {
    /// `any`.
    KindAny = Any;
    /// `eq`.
    KindEq = Eq;
    /// `struct`.
    KindStruct = Struct;
    /// `array`.
    KindArray = Array;
    /// `extern`.
    KindExtern = Extern;
    /// `exn`.
    KindExn = Exn;
}

const fn non_null(heap: HeapType) -> RefType {
    RefType {
        nullable: false,
        heap,
    }
}

const fn nullable(heap: HeapType) -> RefType {
    RefType {
        nullable: true,
        heap,
    }
}

// SAFETY: the bits are those of an object of the kind, which `handle_to_bits` checks.
unsafe impl<K: RefKind> WasmTy for TypedRef<K> {
    const TYPE: ValType = ValType::Ref(non_null(K::HEAP));
    type Word = u32;

    fn to_raw(self, store: &StoreCore) -> Result<Raw, Error> {
        Ok(Raw::from_u64(
            store.handle_to_bits(self.0, non_null(K::HEAP))?,
        ))
    }

    unsafe fn from_raw(raw: Raw, store: &StoreCore) -> TypedRef<K> {
        TypedRef::new(store.any_handle(raw.u32()))
    }
}

// SAFETY: as for those that are never null; null is a value of the type.
unsafe impl<K: RefKind> WasmTy for Option<TypedRef<K>> {
    const TYPE: ValType = ValType::Ref(nullable(K::HEAP));
    type Word = u32;

    fn to_raw(self, store: &StoreCore) -> Result<Raw, Error> {
        match self {
            Some(reference) => reference.to_raw(store),
            None => Ok(Raw::from_u64(0)),
        }
    }

    unsafe fn from_raw(raw: Raw, store: &StoreCore) -> Option<TypedRef<K>> {
        (raw.u32() != 0).then(|| TypedRef::new(store.any_handle(raw.u32())))
    }
}

/// An integer of 31 bits, in typed calls: the low bits count.
#[derive(Clone, Copy)]
pub struct I31Bits(pub u32);

// SAFETY: the bits are those of an i31.
unsafe impl WasmTy for I31Bits {
    const TYPE: ValType = ValType::Ref(non_null(HeapType::I31));
    type Word = u32;

    fn to_raw(self, _: &StoreCore) -> Result<Raw, Error> {
        Ok(Raw::from_u64(u64::from(gc::i31(self.0))))
    }

    unsafe fn from_raw(raw: Raw, _: &StoreCore) -> I31Bits {
        I31Bits(raw.u32() >> 1)
    }
}

// SAFETY: as for those that are never null; null is a value of the type.
unsafe impl WasmTy for Option<I31Bits> {
    const TYPE: ValType = ValType::Ref(nullable(HeapType::I31));
    type Word = u32;

    fn to_raw(self, store: &StoreCore) -> Result<Raw, Error> {
        match self {
            Some(value) => value.to_raw(store),
            None => Ok(Raw::from_u64(0)),
        }
    }

    unsafe fn from_raw(raw: Raw, _: &StoreCore) -> Option<I31Bits> {
        (raw.u32() != 0).then(|| I31Bits(raw.u32() >> 1))
    }
}

// SAFETY: the bits are those of a function of the store, which `func_to_bits` checks.
unsafe impl WasmTy for FuncHandle {
    const TYPE: ValType = ValType::Ref(non_null(HeapType::Func));
    type Word = u64;

    fn to_raw(self, store: &StoreCore) -> Result<Raw, Error> {
        Ok(Raw::from_u64(store.func_to_bits(self, RefType::FUNCREF)?))
    }

    unsafe fn from_raw(raw: Raw, store: &StoreCore) -> FuncHandle {
        // SAFETY: the caller's promise.
        let func = unsafe { store.func_from_bits(raw.u64()) };
        func.expect("a value of this type is not null")
    }
}

// SAFETY: as for those that are never null; null is a value of the type.
unsafe impl WasmTy for Option<FuncHandle> {
    const TYPE: ValType = ValType::FUNCREF;
    type Word = u64;

    fn to_raw(self, store: &StoreCore) -> Result<Raw, Error> {
        match self {
            Some(func) => func.to_raw(store),
            None => Ok(Raw::from_u64(0)),
        }
    }

    unsafe fn from_raw(raw: Raw, store: &StoreCore) -> Option<FuncHandle> {
        // SAFETY: the caller's promise.
        unsafe { store.func_from_bits(raw.u64()) }
    }
}
