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
        $variant:ident $opcode:literal $text:literal: ($m:ident: $stored:ty) -> $result:ty = $meaning:expr;
    )*) => {
        operators! {
            /// An operator that loads a value from memory.
            ///
            /// A variant is named as in wasmparser, and its documentation is its meaning in Rust, `m` being what lies in
            /// memory.
            Load { $($variant $opcode $text stringify!($meaning);)* }
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
    I32Load 0x28 "i32.load": (m: i32) -> i32 = m;
    I64Load 0x29 "i64.load": (m: i64) -> i64 = m;
    F32Load 0x2a "f32.load": (m: f32) -> f32 = m;
    F64Load 0x2b "f64.load": (m: f64) -> f64 = m;
    I32Load8S 0x2c "i32.load8_s": (m: i8) -> i32 = m.into();
    I32Load8U 0x2d "i32.load8_u": (m: u8) -> u32 = m.into();
    I32Load16S 0x2e "i32.load16_s": (m: i16) -> i32 = m.into();
    I32Load16U 0x2f "i32.load16_u": (m: u16) -> u32 = m.into();
    I64Load8S 0x30 "i64.load8_s": (m: i8) -> i64 = m.into();
    I64Load8U 0x31 "i64.load8_u": (m: u8) -> u64 = m.into();
    I64Load16S 0x32 "i64.load16_s": (m: i16) -> i64 = m.into();
    I64Load16U 0x33 "i64.load16_u": (m: u16) -> u64 = m.into();
    I64Load32S 0x34 "i64.load32_s": (m: i32) -> i64 = m.into();
    I64Load32U 0x35 "i64.load32_u": (m: u32) -> u64 = m.into();

    V128Load 0xfd_0000 "v128.load": (m: u128) -> u128 = m;
    V128Load8x8S 0xfd_0001 "v128.load8x8_s": (m: [i8; 8]) -> I16x8 = m.map(Into::into);
    V128Load8x8U 0xfd_0002 "v128.load8x8_u": (m: [u8; 8]) -> U16x8 = m.map(Into::into);
    V128Load16x4S 0xfd_0003 "v128.load16x4_s": (m: [i16; 4]) -> I32x4 = m.map(Into::into);
    V128Load16x4U 0xfd_0004 "v128.load16x4_u": (m: [u16; 4]) -> U32x4 = m.map(Into::into);
    V128Load32x2S 0xfd_0005 "v128.load32x2_s": (m: [i32; 2]) -> I64x2 = m.map(Into::into);
    V128Load32x2U 0xfd_0006 "v128.load32x2_u": (m: [u32; 2]) -> U64x2 = m.map(Into::into);
    V128Load8Splat 0xfd_0007 "v128.load8_splat": (m: u8) -> U8x16 = [m; 16];
    V128Load16Splat 0xfd_0008 "v128.load16_splat": (m: u16) -> U16x8 = [m; 8];
    V128Load32Splat 0xfd_0009 "v128.load32_splat": (m: u32) -> U32x4 = [m; 4];
    V128Load64Splat 0xfd_000a "v128.load64_splat": (m: u64) -> U64x2 = [m; 2];
    V128Load32Zero 0xfd_005c "v128.load32_zero": (m: u32) -> u128 = m.into();
    V128Load64Zero 0xfd_005d "v128.load64_zero": (m: u64) -> u128 = m.into();
}
