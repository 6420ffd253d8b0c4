//! Meanings of floating-point operators.
//!
//! Apart because of NaN. The specification lets an operator that yields NaN choose among several; a judge of compiled code
//! and a constant folder need one choice that depends on nothing but the operands. Ours is the one that the scalar
//! instructions of x86-64 make:
//!
//! 1. if the first operand is NaN, the result is that NaN made quiet;
//! 2. otherwise, if the second operand is NaN, that one made quiet;
//! 3. otherwise (0/0, inf-inf, the root of a negative number) the negative canonical NaN, [`Float::DEFAULT_NAN`].
//!
//! Each is among the NaNs that the specification allows; an engine that must be deterministic on any machine replaces them by
//! the canonical NaN, [`Float::CANONICAL_NAN`], afterwards. The choice is made here in so many words and never left to Rust's
//! own arithmetic, whose NaN bits may differ between run time and compile time, and from one machine to another.

use std::ops::{Add, Div, Mul, Sub};

/// `f32` or `f64`: what the meanings need of a floating-point type.
pub trait Float:
    Copy
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
{
    /// The NaN made from operands that are not: negative, quiet, no payload.
    const DEFAULT_NAN: Self;

    /// The NaN of the deterministic profile: positive, quiet, no payload.
    const CANONICAL_NAN: Self;

    /// This NaN with its quiet bit set; sign and payload stay.
    fn quieted(self) -> Self;

    /// Whether this is NaN.
    fn is_nan(self) -> bool;

    /// Whether the sign bit is set, be it of a zero or a NaN.
    fn is_sign_negative(self) -> bool;

    /// The nearest integer, ties to even; a zero keeps the operand's sign.
    fn round_ties_even(self) -> Self;

    /// The nearest integer that is not below.
    fn ceil(self) -> Self;

    /// The nearest integer that is not above.
    fn floor(self) -> Self;

    /// The nearest integer that is not farther from zero.
    fn trunc(self) -> Self;

    /// The square root, correctly rounded.
    fn sqrt(self) -> Self;
}

macro_rules! float {
    ($($float:ident: $default_nan:literal, $quiet_bit:literal;)*) => {$(
        impl Float for $float {
            const DEFAULT_NAN: Self = Self::from_bits($default_nan);
            const CANONICAL_NAN: Self = Self::from_bits($default_nan << 1 >> 1);

            fn quieted(self) -> Self {
                Self::from_bits(self.to_bits() | $quiet_bit)
            }

            fn is_nan(self) -> bool {
                self.is_nan()
            }

            fn is_sign_negative(self) -> bool {
                self.is_sign_negative()
            }

            fn round_ties_even(self) -> Self {
                self.round_ties_even()
            }

            fn ceil(self) -> Self {
                self.ceil()
            }

            fn floor(self) -> Self {
                self.floor()
            }

            fn trunc(self) -> Self {
                self.trunc()
            }

            fn sqrt(self) -> Self {
                self.sqrt()
            }
        }
    )*};
}

float! {
    f32: 0xffc0_0000, 0x0040_0000;
    f64: 0xfff8_0000_0000_0000, 0x0008_0000_0000_0000;
}

/// `result`, or if that is NaN the one that an operator on `a` yields.
fn nan_from_one<F: Float>(a: F, result: F) -> F {
    if !result.is_nan() {
        result
    } else if a.is_nan() {
        a.quieted()
    } else {
        F::DEFAULT_NAN
    }
}

/// `result`, or if that is NaN the one that an operator on `a` and `b` yields.
fn nan_from_two<F: Float>(a: F, b: F, result: F) -> F {
    if !result.is_nan() {
        result
    } else if a.is_nan() {
        a.quieted()
    } else {
        nan_from_one(b, result)
    }
}

/// `ceil`.
pub fn ceil<F: Float>(a: F) -> F {
    nan_from_one(a, a.ceil())
}

/// `floor`.
pub fn floor<F: Float>(a: F) -> F {
    nan_from_one(a, a.floor())
}

/// `trunc`, to an integer of the same type.
pub fn trunc<F: Float>(a: F) -> F {
    nan_from_one(a, a.trunc())
}

/// `nearest`: to an integer, ties to even.
pub fn nearest<F: Float>(a: F) -> F {
    nan_from_one(a, a.round_ties_even())
}

/// `sqrt`.
pub fn sqrt<F: Float>(a: F) -> F {
    nan_from_one(a, a.sqrt())
}

/// `add`.
pub fn add<F: Float>(a: F, b: F) -> F {
    nan_from_two(a, b, a + b)
}

/// `sub`.
pub fn sub<F: Float>(a: F, b: F) -> F {
    nan_from_two(a, b, a - b)
}

/// `mul`.
pub fn mul<F: Float>(a: F, b: F) -> F {
    nan_from_two(a, b, a * b)
}

/// `div`.
pub fn div<F: Float>(a: F, b: F) -> F {
    nan_from_two(a, b, a / b)
}

/// `min`: NaN if either is NaN; -0 is less than +0.
pub fn min<F: Float>(a: F, b: F) -> F {
    if a < b {
        a
    } else if b < a {
        b
    } else if a == b {
        if a.is_sign_negative() { a } else { b }
    } else {
        nan_from_two(a, b, F::DEFAULT_NAN)
    }
}

/// `max`: NaN if either is NaN; +0 is greater than -0.
pub fn max<F: Float>(a: F, b: F) -> F {
    if a > b {
        a
    } else if b > a {
        b
    } else if a == b {
        if a.is_sign_negative() { b } else { a }
    } else {
        nan_from_two(a, b, F::DEFAULT_NAN)
    }
}

/// `pmin`: the second operand if it is less, otherwise the first, bit for bit.
pub fn pmin<F: Float>(a: F, b: F) -> F {
    if b < a { b } else { a }
}

/// `pmax`: the second operand if it is greater, otherwise the first, bit for bit.
pub fn pmax<F: Float>(a: F, b: F) -> F {
    if a < b { b } else { a }
}

#[cfg(test)]
mod tests;
