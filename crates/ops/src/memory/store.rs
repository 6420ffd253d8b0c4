//! Stores of a whole value.
//!
//! Apart from loads because the rows read the other way: from a value to bytes.

use crate::bytes::Bytes;
use crate::operand::Param;
use crate::row::misused;
use crate::{Type, Value};

/// Reads the rows into [`Store`]: variant, name in the text format, the value, what will lie in memory, the one from the other.
macro_rules! store {
    ($(
        $variant:ident $opcode:literal $text:literal: ($value:ident: $operand:ty) -> $stored:ty = $meaning:expr;
    )*) => {
        operators! {
            /// An operator that stores a value into memory.
            ///
            /// A variant is named as in wasmparser, and its documentation is what will lie in memory, in Rust.
            Store { $($variant $opcode $text stringify!($meaning);)* }
        }

        impl Store {
            /// How many bytes of memory are written.
            pub const fn bytes(self) -> usize {
                match self {
                    $(Store::$variant => <$stored as Bytes>::SIZE,)*
                }
            }

            /// The type of the value.
            pub const fn operand(self) -> Type {
                match self {
                    $(Store::$variant => <$operand as Param>::TYPE,)*
                }
            }

            /// What to write for `value`: the first [`Store::bytes`] bytes; the rest are zero.
            ///
            /// # Panics
            /// If `value` is not of the type [`Store::operand`].
            pub fn eval(self, value: Value) -> [u8; 16] {
                match self {
                    $(Store::$variant => {
                        let Some($value) = <$operand as Param>::from_value(value) else {
                            misused($text, &[value])
                        };
                        <$stored as Bytes>::encode($meaning)
                    })*
                }
            }

            /// Writes to `memory` what [`Store::eval`] gives for the value in the low bits of `bits`.
            ///
            /// # Panics
            /// If `memory` is not [`Store::bytes`] bytes.
            pub fn write_bits(self, bits: u128, memory: &mut [u8]) {
                match self {
                    $(Store::$variant => {
                        let $value = <$operand as Param>::from_bits(bits);
                        let stored = <$stored as Bytes>::encode($meaning);
                        memory.copy_from_slice(&stored[..<$stored as Bytes>::SIZE]);
                    })*
                }
            }
        }
    };
}

store! {
    I32Store 0x36 "i32.store": (a: i32) -> i32 = a;
    I64Store 0x37 "i64.store": (a: i64) -> i64 = a;
    F32Store 0x38 "f32.store": (a: f32) -> f32 = a;
    F64Store 0x39 "f64.store": (a: f64) -> f64 = a;
    I32Store8 0x3a "i32.store8": (a: i32) -> i8 = a as i8;
    I32Store16 0x3b "i32.store16": (a: i32) -> i16 = a as i16;
    I64Store8 0x3c "i64.store8": (a: i64) -> i8 = a as i8;
    I64Store16 0x3d "i64.store16": (a: i64) -> i16 = a as i16;
    I64Store32 0x3e "i64.store32": (a: i64) -> i32 = a as i32;
    V128Store 0xfd_000b "v128.store": (a: u128) -> u128 = a;
}
