//! Closures as host functions: the WebAssembly type follows from the Rust type.

use crate::{Caller, Error, Result, WasmParams, WasmTy};
use runtime::{Cause, HostCall, HostFunc};

/// What a host function may return: a value, a tuple, nothing, or a [`Result`] of those.
pub trait WasmResults {
    /// The values without the error.
    type Values: WasmParams;

    #[doc(hidden)]
    fn into_result(self) -> Result<Self::Values>;
}

impl<R: WasmParams> WasmResults for R {
    type Values = R;

    #[inline(always)]
    fn into_result(self) -> Result<R> {
        Ok(self)
    }
}

impl<R: WasmParams> WasmResults for Result<R> {
    type Values = R;

    #[inline(always)]
    fn into_result(self) -> Result<R> {
        self
    }
}

/// A closure that can be a host function: any number up to twelve of [`WasmTy`] parameters, after an optional [`Caller`].
pub trait IntoFunc<T: 'static, Params, Results>: Send + Sync + 'static {
    #[doc(hidden)]
    fn into_host_func(self) -> HostFunc<T>;
}

fn finish<R: WasmResults>(results: R) -> Result<<R::Values as WasmParams>::Runtime, Cause> {
    results
        .into_result()
        .map(WasmParams::to_runtime)
        .map_err(Error::into_cause)
}

macro_rules! closures {
    ($(($($ty:ident),*))*) => {$(
        impl<T, Func, $($ty,)* R> IntoFunc<T, ($($ty,)*), R> for Func
        where
            T: 'static,
            Func: Fn($($ty),*) -> R + Send + Sync + 'static,
            $($ty: WasmTy,)*
            R: WasmResults,
        {
            #[allow(non_snake_case, reason = "one name for the type and its value")]
            fn into_host_func(self) -> HostFunc<T> {
                HostFunc::typed_alone(move |params: ($($ty::Runtime,)*)| {
                    let ($($ty,)*) = params;
                    finish(self($(<$ty as WasmTy>::from_runtime($ty)),*))
                })
            }
        }

        impl<T, Func, $($ty,)* R> IntoFunc<T, (Caller<'_, T>, $($ty,)*), R> for Func
        where
            T: 'static,
            Func: Fn(Caller<'_, T>, $($ty),*) -> R + Send + Sync + 'static,
            $($ty: WasmTy,)*
            R: WasmResults,
        {
            #[allow(non_snake_case, reason = "one name for the type and its value")]
            fn into_host_func(self) -> HostFunc<T> {
                HostFunc::typed(move |call: HostCall<'_, T>, params: ($($ty::Runtime,)*)| {
                    let ($($ty,)*) = params;
                    finish(self(Caller::new(call), $(<$ty as WasmTy>::from_runtime($ty)),*))
                })
            }
        }
    )*};
}

closures! {
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
