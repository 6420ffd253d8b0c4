//! Values as the host sees them, and their bits in slots.

use crate::{AnyHandle, Error, ExnHandle, ExternHandle, FuncHandle, StoreCore};
use abi::Raw;
use module::{HeapType, RefType, ValType};
use ops::V128;

/// A reference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ref {
    /// A function, or null.
    Func(Option<FuncHandle>),
    /// A value of the host or an object made external, or null.
    Extern(Option<ExternHandle>),
    /// An exception, or null.
    Exn(Option<ExnHandle>),
    /// A structure, an array, an i31 or a value of the host made internal, or null.
    Any(Option<AnyHandle>),
}

impl Ref {
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Ref::Func(_) => "funcref",
            Ref::Extern(_) => "externref",
            Ref::Exn(_) => "exnref",
            Ref::Any(_) => "anyref",
        }
    }
}

/// A WebAssembly value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Val {
    /// 32-bit integer.
    I32(i32),
    /// 64-bit integer.
    I64(i64),
    /// 32-bit float, as bits.
    F32(u32),
    /// 64-bit float, as bits.
    F64(u64),
    /// 128-bit vector.
    V128(V128),
    /// A reference.
    Ref(Ref),
}

impl Val {
    /// The type of the value: for references the most general one of its kind.
    pub fn ty(&self) -> ValType {
        match self {
            Val::I32(_) => ValType::I32,
            Val::I64(_) => ValType::I64,
            Val::F32(_) => ValType::F32,
            Val::F64(_) => ValType::F64,
            Val::V128(_) => ValType::V128,
            Val::Ref(Ref::Func(_)) => ValType::FUNCREF,
            Val::Ref(Ref::Extern(_)) => ValType::EXTERNREF,
            Val::Ref(Ref::Exn(_)) => ValType::EXNREF,
            Val::Ref(Ref::Any(_)) => ValType::Ref(RefType {
                nullable: true,
                heap: HeapType::Any,
            }),
        }
    }

    /// The zero or null of a type.
    pub fn default_of(ty: ValType) -> Val {
        match ty {
            ValType::I32 => Val::I32(0),
            ValType::I64 => Val::I64(0),
            ValType::F32 => Val::F32(0),
            ValType::F64 => Val::F64(0),
            ValType::V128 => Val::V128(V128::default()),
            ValType::Ref(ty) if ty.is_func() => Val::Ref(Ref::Func(None)),
            ValType::Ref(ty) if ty.is_exn() => Val::Ref(Ref::Exn(None)),
            ValType::Ref(ty) if ty.is_extern() => Val::Ref(Ref::Extern(None)),
            ValType::Ref(_) => Val::Ref(Ref::Any(None)),
        }
    }
}

impl StoreCore {
    /// The slot for a value that must be of type `ty`.
    pub(crate) fn val_to_raw(&self, value: Val, ty: ValType) -> Result<Raw, Error> {
        match (value, ty) {
            (Val::I32(v), ValType::I32) => Ok(Raw::from_i32(v)),
            (Val::I64(v), ValType::I64) => Ok(Raw::from_i64(v)),
            (Val::F32(v), ValType::F32) => Ok(Raw::from_u32(v)),
            (Val::F64(v), ValType::F64) => Ok(Raw::from_u64(v)),
            (Val::V128(v), ValType::V128) => Ok(Raw::from_u128(v.to_u128())),
            (Val::Ref(v), ValType::Ref(ty)) => Ok(Raw::from_u64(self.ref_to_bits(v, ty)?)),
            (value, ty) => Err(Error::misuse(format!(
                "expected a value of type {ty}, found {}",
                value.ty()
            ))),
        }
    }

    /// The value of type `ty` in a slot.
    ///
    /// # Safety
    /// The slot was filled by code of this store as a value of the type.
    pub(crate) unsafe fn val_from_raw(&self, raw: Raw, ty: ValType) -> Val {
        match ty {
            ValType::I32 => Val::I32(raw.i32()),
            ValType::I64 => Val::I64(raw.i64()),
            ValType::F32 => Val::F32(raw.u32()),
            ValType::F64 => Val::F64(raw.u64()),
            ValType::V128 => Val::V128(V128::from_u128(raw.u128())),
            // SAFETY: the caller's promise.
            ValType::Ref(ty) => Val::Ref(unsafe { self.ref_from_bits(ref_bits(raw, ty), ty) }),
        }
    }
}

/// The significant bits of a reference in a slot: compiled code writes only 32 of a handle.
fn ref_bits(raw: Raw, ty: RefType) -> u64 {
    if ty.is_func() {
        raw.u64()
    } else {
        u64::from(raw.u32())
    }
}

/// A Rust type that stands for one WebAssembly type in typed calls.
///
/// # Safety
/// `to_raw` gives a slot that holds a value of type [`WasmTy::TYPE`].
pub unsafe trait WasmTy: Sized + 'static {
    /// The WebAssembly type.
    const TYPE: ValType;

    /// The slot that holds the value.
    ///
    /// # Errors
    /// If the value is a handle of another store.
    fn to_raw(self, store: &StoreCore) -> Result<Raw, Error>;

    /// The value in a slot.
    ///
    /// # Safety
    /// The slot was filled by code of `store` as a value of [`WasmTy::TYPE`].
    unsafe fn from_raw(raw: Raw, store: &StoreCore) -> Self;
}

macro_rules! number_types {
    ($($ty:ty, $wasm:ident, $from:ident, $get:ident;)*) => {$(
        // SAFETY: the slot is made from a number of the type's width.
        unsafe impl WasmTy for $ty {
            const TYPE: ValType = ValType::$wasm;

            #[inline(always)]
            fn to_raw(self, _: &StoreCore) -> Result<Raw, Error> {
                Ok(Raw::$from(self))
            }

            #[inline(always)]
            unsafe fn from_raw(raw: Raw, _: &StoreCore) -> $ty {
                raw.$get()
            }
        }
    )*};
}

number_types! {
    i32, I32, from_i32, i32;
    u32, I32, from_u32, u32;
    i64, I64, from_i64, i64;
    u64, I64, from_u64, u64;
    f32, F32, from_f32, f32;
    f64, F64, from_f64, f64;
}

// SAFETY: the slot holds all 128 bits.
unsafe impl WasmTy for V128 {
    const TYPE: ValType = ValType::V128;

    fn to_raw(self, _: &StoreCore) -> Result<Raw, Error> {
        Ok(Raw::from_u128(self.to_u128()))
    }

    unsafe fn from_raw(raw: Raw, _: &StoreCore) -> V128 {
        V128::from_u128(raw.u128())
    }
}

/// A list of Rust types that stands for the parameters or results of a function: `()`, one type, or a tuple.
///
/// # Safety
/// `to_slots` fills the first [`WasmList::LEN`] slots with values of the types that `types` gives.
pub unsafe trait WasmList: Sized + 'static {
    /// Number of values.
    const LEN: usize;

    /// Whether some are references.
    const REFS: bool;

    /// The WebAssembly types.
    fn types() -> Vec<ValType>;

    /// Writes the values into the first slots.
    ///
    /// # Errors
    /// If a value is a handle of another store.
    ///
    /// # Panics
    /// If there are fewer than [`WasmList::LEN`] slots.
    fn to_slots(self, slots: &mut [Raw], store: &StoreCore) -> Result<(), Error>;

    /// Reads the values from the first slots.
    ///
    /// # Safety
    /// The slots were filled by code of `store` as values of the types.
    unsafe fn from_slots(slots: &[Raw], store: &StoreCore) -> Self;
}

// SAFETY: one value, one slot.
unsafe impl<A: WasmTy> WasmList for A {
    const LEN: usize = 1;
    const REFS: bool = matches!(A::TYPE, ValType::Ref(_));

    fn types() -> Vec<ValType> {
        vec![A::TYPE]
    }

    #[inline(always)]
    fn to_slots(self, slots: &mut [Raw], store: &StoreCore) -> Result<(), Error> {
        slots[0] = self.to_raw(store)?;
        Ok(())
    }

    #[inline(always)]
    unsafe fn from_slots(slots: &[Raw], store: &StoreCore) -> A {
        // SAFETY: the caller's promise.
        unsafe { A::from_raw(slots[0], store) }
    }
}

macro_rules! tuples {
    ($($len:literal: $($ty:ident $at:tt),*;)*) => {$(
        // SAFETY: each value goes into the slot of its place.
        unsafe impl<$($ty: WasmTy),*> WasmList for ($($ty,)*) {
            const LEN: usize = $len;
            const REFS: bool = false $(|| matches!($ty::TYPE, ValType::Ref(_)))*;

            fn types() -> Vec<ValType> {
                vec![$($ty::TYPE),*]
            }

            #[inline(always)]
            #[allow(unused_variables, reason = "the empty tuple uses neither")]
            fn to_slots(self, slots: &mut [Raw], store: &StoreCore) -> Result<(), Error> {
                $(slots[$at] = self.$at.to_raw(store)?;)*
                Ok(())
            }

            #[inline(always)]
            #[allow(unused_variables, clippy::unused_unit, reason = "the empty tuple uses neither")]
            unsafe fn from_slots(slots: &[Raw], store: &StoreCore) -> Self {
                // SAFETY: the caller's promise.
                ($(unsafe { $ty::from_raw(slots[$at], store) },)*)
            }
        }
    )*};
}

tuples! {
    0: ;
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
    7: A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
    9: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8;
    10: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9;
    11: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10;
    12: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11;
}
