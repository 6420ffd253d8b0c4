//! Operators on 128-bit numbers, which WebAssembly has as two `i64`: the low half, then the high half.
//!
//! Apart from [`Compute`](crate::Compute) because they have two results.

use crate::row::misused;

/// Reads the rows into [`Wide`]: variant, name in the text format, operands, meaning.
macro_rules! wide {
    ($(
        $variant:ident $opcode:literal $text:literal: ($($param:ident: $param_ty:ty),*) = $meaning:expr;
    )*) => {
        operators! {
            /// An operator on 128-bit numbers.
            ///
            /// A variant is named as in wasmparser, and its documentation is its meaning in Rust. Operands and results are
            /// `i64`s, the low half of a number before its high half.
            Wide { $($variant $opcode $text stringify!($meaning);)* }
        }

        impl Wide {
            /// Number of `i64` operands: 2 or 4. There are always 2 results.
            pub const fn n_operands(self) -> usize {
                match self {
                    $(Wide::$variant => 0 $(+ <$param_ty as Number>::N_OPERANDS)*,)*
                }
            }

            /// What the operator computes from `args`, given in stack order.
            ///
            /// # Panics
            /// If there are not as many as [`Wide::n_operands`] says; a validated module never asks for that.
            pub fn eval(self, args: &[u64]) -> [u64; 2] {
                match self {
                    $(Wide::$variant => {
                        let mut rest = args;
                        $(let Some($param) = <$param_ty as Number>::take(&mut rest) else {
                            misused($text, &[])
                        };)*
                        if !rest.is_empty() {
                            misused($text, &[])
                        }
                        let wide: u128 = $meaning;
                        [wide as u64, (wide >> 64) as u64]
                    })*
                }
            }
        }
    };
}

/// A number as one or more operands.
trait Number: Sized {
    const N_OPERANDS: usize;

    /// Takes the number from the front of the operands.
    fn take(operands: &mut &[u64]) -> Option<Self>;
}

impl Number for u64 {
    const N_OPERANDS: usize = 1;

    fn take(operands: &mut &[u64]) -> Option<u64> {
        operands.split_off_first().copied()
    }
}

impl Number for i64 {
    const N_OPERANDS: usize = 1;

    fn take(operands: &mut &[u64]) -> Option<i64> {
        u64::take(operands).map(|bits| bits as i64)
    }
}

impl Number for u128 {
    const N_OPERANDS: usize = 2;

    fn take(operands: &mut &[u64]) -> Option<u128> {
        let (low, high) = (u64::take(operands)?, u64::take(operands)?);
        Some(u128::from(low) | u128::from(high) << 64)
    }
}

wide! {
    I64Add128 0xfc_0013 "i64.add128": (a: u128, b: u128) = a.wrapping_add(b);
    I64Sub128 0xfc_0014 "i64.sub128": (a: u128, b: u128) = a.wrapping_sub(b);
    I64MulWideS 0xfc_0015 "i64.mul_wide_s": (a: i64, b: i64) = (i128::from(a) * i128::from(b)) as u128;
    I64MulWideU 0xfc_0016 "i64.mul_wide_u": (a: u64, b: u64) = u128::from(a) * u128::from(b);
}

#[cfg(test)]
mod tests;
