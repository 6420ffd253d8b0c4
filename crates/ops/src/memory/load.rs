//! Loads of a whole value.
//!
//! Apart from stores because the rows read the other way: from bytes to a value.

use crate::bytes::Bytes;
use crate::operand::Outcome;
use crate::v128::{I16x8, I32x4, I64x2, U8x16, U16x8, U32x4, U64x2};
use crate::{Type, Value};

/// Reads the rows into [`Load`]: variant, name in the text format, what lies in memory, the value, the one from the other.
macro_rules! load {
    ($(
        $variant:ident $text:literal: ($m:ident: $stored:ty) -> $result:ty = $meaning:expr;
    )*) => {
        operators! {
            /// An operator that loads a value from memory.
            ///
            /// A variant is named as in wasmparser, and its documentation is its meaning in Rust, `m` being what lies in
            /// memory.
            Load { $($variant $text stringify!($meaning);)* }
        }

        impl Load {
            /// How many bytes of memory are read.
            pub const fn bytes(self) -> usize {
                match self {
                    $(Load::$variant => <$stored as Bytes>::SIZE,)*
                }
            }

            /// The type of the value.
            pub const fn result(self) -> Type {
                match self {
                    $(Load::$variant => <$result as Outcome>::TYPE,)*
                }
            }

            /// The value that lies in memory as `bytes`.
            ///
            /// # Panics
            /// If these are not [`Load::bytes`] bytes.
            pub fn eval(self, bytes: &[u8]) -> Value {
                Value::from_bits(self.result(), self.eval_bits(bytes))
            }

            /// The bits, zero-extended, of the value that lies in memory as `bytes`.
            ///
            /// # Panics
            /// If these are not [`Load::bytes`] bytes.
            pub fn eval_bits(self, bytes: &[u8]) -> u128 {
                match self {
                    $(Load::$variant => {
                        let $m = <$stored as Bytes>::decode(bytes);
                        <$result as Outcome>::into_bits($meaning)
                    })*
                }
            }
        }
    };
}

load! {
    I32Load "i32.load": (m: i32) -> i32 = m;
    I64Load "i64.load": (m: i64) -> i64 = m;
    F32Load "f32.load": (m: f32) -> f32 = m;
    F64Load "f64.load": (m: f64) -> f64 = m;
    I32Load8S "i32.load8_s": (m: i8) -> i32 = m.into();
    I32Load8U "i32.load8_u": (m: u8) -> u32 = m.into();
    I32Load16S "i32.load16_s": (m: i16) -> i32 = m.into();
    I32Load16U "i32.load16_u": (m: u16) -> u32 = m.into();
    I64Load8S "i64.load8_s": (m: i8) -> i64 = m.into();
    I64Load8U "i64.load8_u": (m: u8) -> u64 = m.into();
    I64Load16S "i64.load16_s": (m: i16) -> i64 = m.into();
    I64Load16U "i64.load16_u": (m: u16) -> u64 = m.into();
    I64Load32S "i64.load32_s": (m: i32) -> i64 = m.into();
    I64Load32U "i64.load32_u": (m: u32) -> u64 = m.into();

    V128Load "v128.load": (m: u128) -> u128 = m;
    V128Load8x8S "v128.load8x8_s": (m: [i8; 8]) -> I16x8 = m.map(Into::into);
    V128Load8x8U "v128.load8x8_u": (m: [u8; 8]) -> U16x8 = m.map(Into::into);
    V128Load16x4S "v128.load16x4_s": (m: [i16; 4]) -> I32x4 = m.map(Into::into);
    V128Load16x4U "v128.load16x4_u": (m: [u16; 4]) -> U32x4 = m.map(Into::into);
    V128Load32x2S "v128.load32x2_s": (m: [i32; 2]) -> I64x2 = m.map(Into::into);
    V128Load32x2U "v128.load32x2_u": (m: [u32; 2]) -> U64x2 = m.map(Into::into);
    V128Load8Splat "v128.load8_splat": (m: u8) -> U8x16 = [m; 16];
    V128Load16Splat "v128.load16_splat": (m: u16) -> U16x8 = [m; 8];
    V128Load32Splat "v128.load32_splat": (m: u32) -> U32x4 = [m; 4];
    V128Load64Splat "v128.load64_splat": (m: u64) -> U64x2 = [m; 2];
    V128Load32Zero "v128.load32_zero": (m: u32) -> u128 = m.into();
    V128Load64Zero "v128.load64_zero": (m: u64) -> u128 = m.into();
}
