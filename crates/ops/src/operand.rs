//! How the Rust types that rows are written in stand for the types of WebAssembly.
//!
//! Apart from the rows, so that a row reads as a signature: `u32` is an `i32` taken as unsigned, `[i16; 8]` a vector seen
//! as eight lanes, `bool` the `i32` 0 or 1.

use crate::bytes::Bytes;
use crate::{Type, V128, Value};

/// A Rust type that a row may take as a parameter.
pub(crate) trait Param: Sized {
    /// The type of the operand on the stack.
    const TYPE: Type;

    /// The operand as this type; `None` if it has another WebAssembly type.
    fn from_value(value: Value) -> Option<Self>;
}

/// A Rust type that a row may give as its result.
pub(crate) trait Outcome {
    /// The type of the result on the stack.
    const TYPE: Type;

    /// The result as a value.
    fn into_value(self) -> Value;
}

macro_rules! scalars {
    ($($rust:ty = $ty:ident, $from:expr, $into:expr;)*) => {$(
        impl Param for $rust {
            const TYPE: Type = Type::$ty;

            fn from_value(value: Value) -> Option<Self> {
                match value {
                    Value::$ty(bits) => Some($from(bits)),
                    _ => None,
                }
            }
        }

        impl Outcome for $rust {
            const TYPE: Type = Type::$ty;

            fn into_value(self) -> Value {
                Value::$ty($into(self))
            }
        }
    )*};
}

scalars! {
    i32 = I32, |v| v, |v| v;
    u32 = I32, |v| v as u32, |v| v as i32;
    i64 = I64, |v| v, |v| v;
    u64 = I64, |v| v as u64, |v| v as i64;
    f32 = F32, f32::from_bits, f32::to_bits;
    f64 = F64, f64::from_bits, f64::to_bits;
    u128 = V128, V128::to_u128, V128::from_u128;
}

impl Outcome for bool {
    const TYPE: Type = Type::I32;

    fn into_value(self) -> Value {
        Value::I32(self.into())
    }
}

/// Vectors are seen as lanes; `lanes!` lists the lane types.
macro_rules! lanes {
    ($($lane:ty)*) => {$(
        impl<const N: usize> Param for [$lane; N] {
            const TYPE: Type = Type::V128;

            fn from_value(value: Value) -> Option<Self> {
                match value {
                    Value::V128(vector) => Some(Self::decode(&vector.0)),
                    _ => None,
                }
            }
        }

        impl<const N: usize> Outcome for [$lane; N] {
            const TYPE: Type = Type::V128;

            fn into_value(self) -> Value {
                Value::V128(V128(self.encode()))
            }
        }
    )*};
}

lanes! { i8 u8 i16 u16 i32 u32 i64 u64 f32 f64 }

/// A vector of truth: each lane all ones or all zeros, `N` lanes over the sixteen bytes.
impl<const N: usize> Outcome for [bool; N] {
    const TYPE: Type = Type::V128;

    fn into_value(self) -> Value {
        let lane_bytes = 16 / N;
        Value::V128(V128(std::array::from_fn(|i| {
            if self[i / lane_bytes] { 0xff } else { 0 }
        })))
    }
}
