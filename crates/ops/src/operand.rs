//! How the Rust types that rows are written in stand for the types of WebAssembly.
//!
//! Apart from the rows, so that a row reads as a signature: `u32` is an `i32` taken as unsigned, `[i16; 8]` a vector seen
//! as eight lanes, `bool` the `i32` 0 or 1.

use crate::bytes::Bytes;
use crate::{Type, Value};

/// A Rust type that a row may take as a parameter.
pub(crate) trait Param: Sized {
    /// The type of the operand on the stack.
    const TYPE: Type;

    /// The operand in the low bits of `bits`.
    fn from_bits(bits: u128) -> Self;

    /// The operand as this type; `None` if it has another WebAssembly type.
    fn from_value(value: Value) -> Option<Self> {
        (value.ty() == Self::TYPE).then(|| Self::from_bits(value.to_bits()))
    }
}

/// A Rust type that a row may give as its result.
pub(crate) trait Outcome: Sized {
    /// The type of the result on the stack.
    const TYPE: Type;

    /// The result's bits, zero-extended.
    fn into_bits(self) -> u128;

    /// The result as a value.
    fn into_value(self) -> Value {
        Value::from_bits(Self::TYPE, self.into_bits())
    }
}

macro_rules! scalars {
    ($($rust:ty = $ty:ident, $from:expr, $into:expr;)*) => {$(
        impl Param for $rust {
            const TYPE: Type = Type::$ty;

            #[inline]
            fn from_bits(bits: u128) -> Self {
                $from(bits)
            }
        }

        impl Outcome for $rust {
            const TYPE: Type = Type::$ty;

            #[inline]
            fn into_bits(self) -> u128 {
                u128::from($into(self))
            }
        }
    )*};
}

scalars! {
    i32 = I32, |bits| bits as i32, |v| v as u32;
    u32 = I32, |bits| bits as u32, |v| v;
    i64 = I64, |bits| bits as i64, |v| v as u64;
    u64 = I64, |bits| bits as u64, |v| v;
    f32 = F32, |bits| f32::from_bits(bits as u32), f32::to_bits;
    f64 = F64, |bits| f64::from_bits(bits as u64), f64::to_bits;
    u128 = V128, |bits| bits, |v| v;
}

impl Outcome for bool {
    const TYPE: Type = Type::I32;

    #[inline]
    fn into_bits(self) -> u128 {
        self.into()
    }
}

/// Vectors are seen as lanes; `lanes!` lists the lane types.
macro_rules! lanes {
    ($($lane:ty)*) => {$(
        impl<const N: usize> Param for [$lane; N] {
            const TYPE: Type = Type::V128;

            #[inline]
            fn from_bits(bits: u128) -> Self {
                Self::decode(&bits.to_le_bytes())
            }
        }

        impl<const N: usize> Outcome for [$lane; N] {
            const TYPE: Type = Type::V128;

            #[inline]
            fn into_bits(self) -> u128 {
                u128::from_le_bytes(self.encode())
            }
        }
    )*};
}

lanes! { i8 u8 i16 u16 i32 u32 i64 u64 f32 f64 }

/// A vector of truth: each lane all ones or all zeros, `N` lanes over the sixteen bytes.
impl<const N: usize> Outcome for [bool; N] {
    const TYPE: Type = Type::V128;

    #[inline]
    fn into_bits(self) -> u128 {
        let lane_bytes = 16 / N;
        u128::from_le_bytes(std::array::from_fn(|i| {
            if self[i / lane_bytes] { 0xff } else { 0 }
        }))
    }
}
