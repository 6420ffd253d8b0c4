//! Values as the host sees them, and their bits in slots.

use crate::host::{HostCtx, RegisterCall, RegisterOutcome};
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

/// A value as C functions are given it.
pub trait Word: Copy + Default + 'static {
    /// What the value lies in.
    const REGISTER: Register;

    /// The slot that holds the value.
    fn to_raw(self) -> Raw;

    /// The value in a slot.
    fn from_raw(raw: Raw) -> Self;
}

/// What C functions get a value in, or give one in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Register {
    /// A register for integers.
    Integer,
    /// A register for floats.
    Float,
    /// There is no value.
    Nothing,
    /// Not one register.
    Other,
}

/// Arguments beside the first in registers for integers, at most.
const INTEGERS_MAX: usize = 5;

/// Arguments in registers for floats, at most.
const FLOATS_MAX: usize = 8;

/// Whether C functions are given all of these in registers, behind an address.
pub(crate) const fn in_registers(params: &[Register]) -> bool {
    let (mut integers, mut floats, mut others) = (0, 0, 0);
    let mut at = 0;
    while at < params.len() {
        match params[at] {
            Register::Integer => integers += 1,
            Register::Float => floats += 1,
            Register::Nothing | Register::Other => others += 1,
        }
        at += 1;
    }
    integers <= INTEGERS_MAX && floats <= FLOATS_MAX && others == 0
}

/// Puts a value into the next register of its kind.
#[inline(always)]
fn put<W: Word>(raw: Raw, used: &mut (usize, usize), registers: &mut sys::Registers) {
    if matches!(W::REGISTER, Register::Float) {
        registers.floats[used.1] = raw.f64();
        used.1 += 1;
    } else {
        registers.integers[used.0] = raw.u64();
        used.0 += 1;
    }
}

macro_rules! words {
    ($($ty:ty, $register:ident, |$value:ident| $to:expr, |$raw:ident| $from:expr;)*) => {$(
        impl Word for $ty {
            const REGISTER: Register = Register::$register;

            #[inline(always)]
            fn to_raw(self) -> Raw {
                let $value = self;
                $to
            }

            #[inline(always)]
            fn from_raw($raw: Raw) -> $ty {
                $from
            }
        }
    )*};
}

words! {
    u32, Integer, |value| Raw::from_u32(value), |raw| raw.u32();
    u64, Integer, |value| Raw::from_u64(value), |raw| raw.u64();
    f32, Float, |value| Raw::from_f32(value), |raw| raw.f32();
    f64, Float, |value| Raw::from_f64(value), |raw| raw.f64();
    u128, Other, |value| Raw::from_u128(value), |raw| raw.u128();
    (), Nothing, |_value| Raw::default(), |_raw| ();
}

/// A Rust type that stands for one WebAssembly type in typed calls.
///
/// # Safety
/// `to_raw` gives a slot that holds a value of type [`WasmTy::TYPE`], and compiled code passes such values as C passes a
/// [`WasmTy::Word`], unless that is in no register.
pub unsafe trait WasmTy: Sized + 'static {
    /// The WebAssembly type.
    const TYPE: ValType;

    /// The significant bits, as C functions are given them.
    type Word: Word;

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
    ($($ty:ty, $wasm:ident, $word:ident, $from:ident, $get:ident;)*) => {$(
        // SAFETY: slot and word are made from a number of the type's width.
        unsafe impl WasmTy for $ty {
            const TYPE: ValType = ValType::$wasm;
            type Word = $word;

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
    i32, I32, u32, from_i32, i32;
    u32, I32, u32, from_u32, u32;
    i64, I64, u64, from_i64, i64;
    u64, I64, u64, from_u64, u64;
    f32, F32, f32, from_f32, f32;
    f64, F64, f64, from_f64, f64;
}

// SAFETY: the slot holds all 128 bits, and the word is in no register.
unsafe impl WasmTy for V128 {
    const TYPE: ValType = ValType::V128;
    type Word = u128;

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
/// `to_slots` fills the first [`WasmList::LEN`] slots with values of the types that `types` gives. `REGISTERS` and `Result` are
/// those of the types.
pub unsafe trait WasmList: Sized + 'static {
    /// Number of values.
    const LEN: usize;

    /// Whether some are references.
    const REFS: bool;

    /// What each is in.
    const REGISTERS: &'static [Register];

    /// As which word a C function returns the list; in no register if these are several values.
    type Result: Word;

    /// The address of a C function that takes the context of a host function and such parameters, and calls it.
    fn register_entry<C: RegisterCall<Params = Self>>() -> *const ();

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

    /// Writes the values to registers, of which there are enough.
    ///
    /// # Errors
    /// If a value is a handle of another store.
    ///
    /// # Panics
    /// If there are not enough.
    fn to_registers(self, registers: &mut sys::Registers, store: &StoreCore) -> Result<(), Error>;

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
    const REGISTERS: &'static [Register] = &[A::Word::REGISTER];
    type Result = A::Word;

    fn register_entry<C: RegisterCall<Params = A>>() -> *const () {
        unsafe extern "C" fn entry<A: WasmTy, C: RegisterCall<Params = A>>(
            ctx: *mut HostCtx,
            a: A::Word,
        ) -> RegisterOutcome<<C::Results as WasmList>::Result> {
            // SAFETY: compiled code has passed a context of this function, and a value of the type.
            unsafe { C::call(ctx, |store| A::from_raw(a.to_raw(), store)) }
        }
        entry::<A, C> as *const ()
    }

    fn types() -> Vec<ValType> {
        vec![A::TYPE]
    }

    #[inline(always)]
    fn to_slots(self, slots: &mut [Raw], store: &StoreCore) -> Result<(), Error> {
        slots[0] = self.to_raw(store)?;
        Ok(())
    }

    #[inline(always)]
    fn to_registers(self, registers: &mut sys::Registers, store: &StoreCore) -> Result<(), Error> {
        put::<A::Word>(self.to_raw(store)?, &mut (0, 0), registers);
        Ok(())
    }

    #[inline(always)]
    unsafe fn from_slots(slots: &[Raw], store: &StoreCore) -> A {
        // SAFETY: the caller's promise.
        unsafe { A::from_raw(slots[0], store) }
    }
}

macro_rules! tuples {
    ($($len:literal: $result:ty: $($ty:ident $at:tt),*;)*) => {$(
        // SAFETY: each value goes into the slot of its place.
        unsafe impl<$($ty: WasmTy),*> WasmList for ($($ty,)*) {
            const LEN: usize = $len;
            const REFS: bool = false $(|| matches!($ty::TYPE, ValType::Ref(_)))*;
            const REGISTERS: &'static [Register] = &[$($ty::Word::REGISTER),*];
            type Result = $result;

            #[allow(non_snake_case, reason = "one name for the type and its value")]
            fn register_entry<Call: RegisterCall<Params = Self>>() -> *const () {
                #[allow(unused_variables, clippy::unused_unit, reason = "the empty tuple needs no store")]
                unsafe extern "C" fn entry<$($ty: WasmTy,)* Call: RegisterCall<Params = ($($ty,)*)>>(
                    ctx: *mut HostCtx,
                    $($ty: $ty::Word),*
                ) -> RegisterOutcome<<Call::Results as WasmList>::Result> {
                    // SAFETY: compiled code has passed a context of this function, and values of the types.
                    unsafe { Call::call(ctx, |store| ($($ty::from_raw($ty.to_raw(), store),)*)) }
                }
                entry::<$($ty,)* Call> as *const ()
            }

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
            #[allow(unused_variables, unused_mut, reason = "the empty tuple uses none")]
            fn to_registers(
                self,
                registers: &mut sys::Registers,
                store: &StoreCore,
            ) -> Result<(), Error> {
                let mut used = (0, 0);
                $(put::<$ty::Word>(self.$at.to_raw(store)?, &mut used, registers);)*
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
    0: (): ;
    1: A::Word: A 0;
    2: u128: A 0, B 1;
    3: u128: A 0, B 1, C 2;
    4: u128: A 0, B 1, C 2, D 3;
    5: u128: A 0, B 1, C 2, D 3, E 4;
    6: u128: A 0, B 1, C 2, D 3, E 4, F 5;
    7: u128: A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    8: u128: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
    9: u128: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8;
    10: u128: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9;
    11: u128: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10;
    12: u128: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11;
}
