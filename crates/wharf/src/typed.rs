//! Rust types that stand for WebAssembly types in typed calls.
//!
//! They translate handles of this crate into those of the runtime, which alone turns values into bits; numbers pass unchanged.

use crate::{ExternRef, Func};
use ops::V128;
use runtime::{ExternHandle, FuncHandle, WasmList};

/// A Rust type that stands for one WebAssembly type: the integers `i32 u32 i64 u64`, the floats, [`V128`], `Option<Func>` for
/// `funcref` and `Option<ExternRef>` for `externref`.
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

impl WasmTy for Option<Func> {
    type Runtime = Option<FuncHandle>;

    fn to_runtime(self) -> Option<FuncHandle> {
        self.map(|func| func.0)
    }

    fn from_runtime(value: Option<FuncHandle>) -> Option<Func> {
        value.map(Func)
    }
}

impl WasmTy for Option<ExternRef> {
    type Runtime = Option<ExternHandle>;

    fn to_runtime(self) -> Option<ExternHandle> {
        self.map(|value| value.0)
    }

    fn from_runtime(value: Option<ExternHandle>) -> Option<ExternRef> {
        value.map(ExternRef)
    }
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
