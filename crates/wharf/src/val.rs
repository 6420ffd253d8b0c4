//! Values at the boundary between host and guest.

use crate::{AnyRef, ArrayRef, EqRef, ExnRef, ExternRef, Func, StructRef};
use module::ValType;
use ops::V128;

/// A reference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ref {
    /// A function, or null.
    Func(Option<Func>),
    /// A value of the host or a reference made external, or null.
    Extern(Option<ExternRef>),
    /// An exception, or null.
    Exn(Option<ExnRef>),
    /// A structure, an array, an i31 or a value of the host made internal, or null.
    Any(Option<AnyRef>),
}

/// A WebAssembly value. Floats are bits, so that no NaN changes on its way.
///
/// ```
/// use wharf::{Val, ValType};
///
/// let value = Val::from(1.5f64);
/// assert_eq!((value.ty(), value.f64()), (ValType::F64, Some(1.5)));
/// ```
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
        self.to_runtime().ty()
    }

    /// The zero or null of a type.
    pub fn default_of(ty: ValType) -> Val {
        Val::from_runtime(runtime::Val::default_of(ty))
    }

    /// The value if it is a 32-bit integer.
    pub fn i32(&self) -> Option<i32> {
        if let Val::I32(value) = *self {
            Some(value)
        } else {
            None
        }
    }

    /// The value if it is a 64-bit integer.
    pub fn i64(&self) -> Option<i64> {
        if let Val::I64(value) = *self {
            Some(value)
        } else {
            None
        }
    }

    /// The value if it is a 32-bit float.
    pub fn f32(&self) -> Option<f32> {
        if let Val::F32(bits) = *self {
            Some(f32::from_bits(bits))
        } else {
            None
        }
    }

    /// The value if it is a 64-bit float.
    pub fn f64(&self) -> Option<f64> {
        if let Val::F64(bits) = *self {
            Some(f64::from_bits(bits))
        } else {
            None
        }
    }

    pub(crate) fn to_runtime(self) -> runtime::Val {
        match self {
            Val::I32(value) => runtime::Val::I32(value),
            Val::I64(value) => runtime::Val::I64(value),
            Val::F32(bits) => runtime::Val::F32(bits),
            Val::F64(bits) => runtime::Val::F64(bits),
            Val::V128(value) => runtime::Val::V128(value),
            Val::Ref(value) => runtime::Val::Ref(value.to_runtime()),
        }
    }

    pub(crate) fn from_runtime(value: runtime::Val) -> Val {
        match value {
            runtime::Val::I32(value) => Val::I32(value),
            runtime::Val::I64(value) => Val::I64(value),
            runtime::Val::F32(bits) => Val::F32(bits),
            runtime::Val::F64(bits) => Val::F64(bits),
            runtime::Val::V128(value) => Val::V128(value),
            runtime::Val::Ref(value) => Val::Ref(Ref::from_runtime(value)),
        }
    }
}

impl Ref {
    pub(crate) fn to_runtime(self) -> runtime::Ref {
        match self {
            Ref::Func(func) => runtime::Ref::Func(func.map(|func| func.0)),
            Ref::Extern(value) => runtime::Ref::Extern(value.map(|value| value.0)),
            Ref::Exn(value) => runtime::Ref::Exn(value.map(|value| value.0)),
            Ref::Any(value) => runtime::Ref::Any(value.map(|value| value.0)),
        }
    }

    pub(crate) fn from_runtime(value: runtime::Ref) -> Ref {
        match value {
            runtime::Ref::Func(func) => Ref::Func(func.map(Func)),
            runtime::Ref::Extern(value) => Ref::Extern(value.map(ExternRef)),
            runtime::Ref::Exn(value) => Ref::Exn(value.map(ExnRef)),
            runtime::Ref::Any(value) => Ref::Any(value.map(AnyRef)),
        }
    }
}

macro_rules! from {
    ($($ty:ty, $value:ident => $make:expr;)*) => {$(
        impl From<$ty> for Val {
            fn from($value: $ty) -> Val {
                $make
            }
        }
    )*};
}

from! {
    i32, value => Val::I32(value);
    i64, value => Val::I64(value);
    f32, value => Val::F32(value.to_bits());
    f64, value => Val::F64(value.to_bits());
    V128, value => Val::V128(value);
    Ref, value => Val::Ref(value);
    Func, value => Val::Ref(Ref::Func(Some(value)));
    ExternRef, value => Val::Ref(Ref::Extern(Some(value)));
    AnyRef, value => Val::Ref(Ref::Any(Some(value)));
    EqRef, value => Val::from(AnyRef::from(value));
    StructRef, value => Val::from(AnyRef::from(value));
    ArrayRef, value => Val::from(AnyRef::from(value));
}
