//! Operators on one lane of a vector, chosen by an immediate.
//!
//! Apart from [`Compute`](crate::Compute) because of the immediate.

use crate::operand::{Outcome, Param};
use crate::row::misused;
use crate::v128::{F32x4, F64x2, I8x16, I16x8, I32x4, I64x2, U8x16, U16x8, replace};
use crate::{Type, Value};

/// Reads the rows into [`Lane`]: variant, name in the text format, lane count, the index's name, operands, result, meaning.
macro_rules! lane {
    ($(
        $variant:ident $opcode:literal $text:literal of $lanes:literal:
        [$lane:ident] ($($param:ident: $param_ty:ty),*) -> $result:ty = $meaning:expr;
    )*) => {
        operators! {
            /// An operator on one lane of a vector, chosen by an immediate.
            ///
            /// A variant is named as in wasmparser, and its documentation is its meaning in Rust.
            Lane { $($variant $opcode $text stringify!($meaning);)* }
        }

        impl Lane {
            /// How many lanes the vector has; the immediate is less.
            pub const fn lanes(self) -> u8 {
                match self {
                    $(Lane::$variant => $lanes,)*
                }
            }

            /// The types of the operands, in stack order (the last one is on top).
            pub const fn params(self) -> &'static [Type] {
                match self {
                    $(Lane::$variant => &[$(<$param_ty as Param>::TYPE),*],)*
                }
            }

            /// The type of the result.
            pub const fn result(self) -> Type {
                match self {
                    $(Lane::$variant => <$result as Outcome>::TYPE,)*
                }
            }

            /// What the operator computes from `args`, given in stack order, and lane number `lane`.
            ///
            /// # Panics
            /// If `args` do not have the types [`Lane::params`] or `lane` is not below [`Lane::lanes`]; a validated module
            /// never asks for that.
            pub fn eval(self, lane: u8, args: &[Value]) -> Value {
                match self {
                    $(Lane::$variant => {
                        let $lane = usize::from(lane);
                        let [$($param),*] = *args else { misused($text, args) };
                        $(let Some($param) = <$param_ty as Param>::from_value($param) else {
                            misused($text, args)
                        };)*
                        <$result as Outcome>::into_value($meaning)
                    })*
                }
            }

            /// What the operator does to a stack of bits without types, as [`Compute::eval_on`](crate::Compute::eval_on)
            /// says; it never traps.
            ///
            /// # Panics
            /// If `stack` has fewer values than the operator has operands or `lane` is not below [`Lane::lanes`].
            pub fn eval_on(self, lane: u8, stack: &mut [u128]) -> usize {
                match self {
                    $(Lane::$variant => {
                        let $lane = usize::from(lane);
                        let [.., $($param),*] = *stack else { misused($text, &[]) };
                        $(let $param = <$param_ty as Param>::from_bits($param);)*
                        let result = <$result as Outcome>::into_bits($meaning);
                        let operands = const { [$(<$param_ty as Param>::TYPE),*].len() };
                        let first = stack.len() - operands;
                        stack[first] = result;
                        operands
                    })*
                }
            }
        }
    };
}

lane! {
    I8x16ExtractLaneS 0xfd_0015 "i8x16.extract_lane_s" of 16: [i] (a: I8x16) -> i32 = a[i].into();
    I8x16ExtractLaneU 0xfd_0016 "i8x16.extract_lane_u" of 16: [i] (a: U8x16) -> u32 = a[i].into();
    I8x16ReplaceLane 0xfd_0017 "i8x16.replace_lane" of 16: [i] (a: I8x16, x: i32) -> I8x16 = replace(a, i, x as i8);
    I16x8ExtractLaneS 0xfd_0018 "i16x8.extract_lane_s" of 8: [i] (a: I16x8) -> i32 = a[i].into();
    I16x8ExtractLaneU 0xfd_0019 "i16x8.extract_lane_u" of 8: [i] (a: U16x8) -> u32 = a[i].into();
    I16x8ReplaceLane 0xfd_001a "i16x8.replace_lane" of 8: [i] (a: I16x8, x: i32) -> I16x8 = replace(a, i, x as i16);
    I32x4ExtractLane 0xfd_001b "i32x4.extract_lane" of 4: [i] (a: I32x4) -> i32 = a[i];
    I32x4ReplaceLane 0xfd_001c "i32x4.replace_lane" of 4: [i] (a: I32x4, x: i32) -> I32x4 = replace(a, i, x);
    I64x2ExtractLane 0xfd_001d "i64x2.extract_lane" of 2: [i] (a: I64x2) -> i64 = a[i];
    I64x2ReplaceLane 0xfd_001e "i64x2.replace_lane" of 2: [i] (a: I64x2, x: i64) -> I64x2 = replace(a, i, x);
    F32x4ExtractLane 0xfd_001f "f32x4.extract_lane" of 4: [i] (a: F32x4) -> f32 = a[i];
    F32x4ReplaceLane 0xfd_0020 "f32x4.replace_lane" of 4: [i] (a: F32x4, x: f32) -> F32x4 = replace(a, i, x);
    F64x2ExtractLane 0xfd_0021 "f64x2.extract_lane" of 2: [i] (a: F64x2) -> f64 = a[i];
    F64x2ReplaceLane 0xfd_0022 "f64x2.replace_lane" of 2: [i] (a: F64x2, x: f64) -> F64x2 = replace(a, i, x);
}

#[cfg(test)]
mod tests;
