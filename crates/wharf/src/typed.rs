//! Rust types that stand for WebAssembly types in typed calls.
//!
//! They translate handles of this crate into those of the runtime, which alone turns values into bits; numbers pass unchanged.

use crate::{AnyRef, ArrayRef, EqRef, ExnRef, ExternRef, Func, GcRef, I31, StructRef};
use ops::V128;
use runtime::{FuncHandle, I31Bits, TypedRef, WasmList};
use runtime::{KindAny, KindArray, KindEq, KindExn, KindExtern, KindStruct};

/// A Rust type that stands for one WebAssembly type: the integers `i32 u32 i64 u64`, the floats, [`V128`], and the references
/// [`Func`], [`ExternRef`], [`ExnRef`], [`AnyRef`], [`EqRef`], [`I31`], [`StructRef`] and [`ArrayRef`], which are never null, each
/// also as an `Option` that may be: `Option<ExternRef>` is `externref`.
///
/// References fit more types than their own. A host function that takes [`AnyRef`] can be imported as one that takes a structure,
/// and one that returns it as one that returns a structure: what it returns is then checked. Likewise for functions of guests.
pub trait WasmTy: Sized + 'static {
    /// The runtime's type for it.
    #[doc(hidden)]
    type Runtime: runtime::WasmTy;

    #[doc(hidden)]
    fn to_runtime(self) -> Self::Runtime;

    #[doc(hidden)]
    fn from_runtime(value: Self::Runtime) -> Self;
}

macro_rules! same {
    ($($ty:ty)*) => {$(
        impl WasmTy for $ty {
            type Runtime = $ty;

            #[inline(always)]
            fn to_runtime(self) -> $ty {
                self
            }

            #[inline(always)]
            fn from_runtime(value: $ty) -> $ty {
                value
            }
        }
    )*};
}

same!(i32 u32 i64 u64 f32 f64 V128);

macro_rules! references {
    ($($ty:ty, $runtime:ty, $value:ident => $to:expr, $from:expr;)*) => {$(
        impl WasmTy for $ty {
            type Runtime = $runtime;

            fn to_runtime(self) -> $runtime {
                let $value = self;
                $to
            }

            fn from_runtime($value: $runtime) -> $ty {
                $from
            }
        }

        impl WasmTy for Option<$ty> {
            type Runtime = Option<$runtime>;

            fn to_runtime(self) -> Option<$runtime> {
                self.map(WasmTy::to_runtime)
            }

            fn from_runtime(value: Option<$runtime>) -> Option<$ty> {
                value.map(WasmTy::from_runtime)
            }
        }
    )*};
}

references! {
    Func, FuncHandle, value => value.0, Func(value);
    I31, I31Bits, value => I31Bits(value.0), I31(value.0);
    AnyRef, TypedRef<KindAny>, value => TypedRef::new(value.handle()), AnyRef::from_handle(value.0);
    EqRef, TypedRef<KindEq>, value => TypedRef::new(value.handle()), EqRef::from_handle(value.0);
    StructRef, TypedRef<KindStruct>, value => TypedRef::new(value.handle()), StructRef::from_handle(value.0);
    ArrayRef, TypedRef<KindArray>, value => TypedRef::new(value.handle()), ArrayRef::from_handle(value.0);
    ExternRef, TypedRef<KindExtern>, value => TypedRef::new(value.handle()), ExternRef::from_handle(value.0);
    ExnRef, TypedRef<KindExn>, value => TypedRef::new(value.handle()), ExnRef::from_handle(value.0);
}

/// The parameters or results of a function: `()`, one [`WasmTy`], or a tuple of up to twelve.
pub trait WasmParams: Sized + 'static {
    /// The runtime's list for it.
    #[doc(hidden)]
    type Runtime: WasmList;

    #[doc(hidden)]
    fn to_runtime(self) -> Self::Runtime;

    #[doc(hidden)]
    fn from_runtime(values: Self::Runtime) -> Self;
}

impl<A: WasmTy> WasmParams for A {
    type Runtime = A::Runtime;

    #[inline(always)]
    fn to_runtime(self) -> A::Runtime {
        WasmTy::to_runtime(self)
    }

    #[inline(always)]
    fn from_runtime(value: A::Runtime) -> A {
        <A as WasmTy>::from_runtime(value)
    }
}

macro_rules! tuples {
    ($(($($ty:ident),*))*) => {$(
        impl<$($ty: WasmTy),*> WasmParams for ($($ty,)*) {
            type Runtime = ($($ty::Runtime,)*);

            #[inline(always)]
            #[allow(non_snake_case, clippy::unused_unit, reason = "one name for the type and its value")]
            fn to_runtime(self) -> Self::Runtime {
                let ($($ty,)*) = self;
                ($(WasmTy::to_runtime($ty),)*)
            }

            #[inline(always)]
            #[allow(non_snake_case, clippy::unused_unit, reason = "one name for the type and its value")]
            fn from_runtime(values: Self::Runtime) -> Self {
                let ($($ty,)*) = values;
                ($(<$ty as WasmTy>::from_runtime($ty),)*)
            }
        }
    )*};
}

tuples! {
    ()
    (A)
    (A, B)
    (A, B, C)
    (A, B, C, D)
    (A, B, C, D, E)
    (A, B, C, D, E, F)
    (A, B, C, D, E, F, G)
    (A, B, C, D, E, F, G, H)
    (A, B, C, D, E, F, G, H, I)
    (A, B, C, D, E, F, G, H, I, J)
    (A, B, C, D, E, F, G, H, I, J, K)
    (A, B, C, D, E, F, G, H, I, J, K, L)
}
