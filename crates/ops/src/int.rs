//! Meanings of integer operators that are more than one word of Rust.
//!
//! Apart from the rows because each of them has an edge worth a sentence.

use crate::Trap;

/// An integer type that can be divided: `i32`, `u32`, `i64`, `u64`.
pub trait Divide: Copy {
    /// The quotient, truncated; `None` if the divisor is zero or the quotient does not fit.
    fn quotient(self, divisor: Self) -> Option<Self>;

    /// The remainder with the sign of `self`; `None` if the divisor is zero.
    fn remainder(self, divisor: Self) -> Option<Self>;

    /// Whether this is zero.
    fn is_zero(self) -> bool;
}

macro_rules! divide {
    ($($int:ty)*) => {$(
        impl Divide for $int {
            fn quotient(self, divisor: Self) -> Option<Self> {
                self.checked_div(divisor)
            }

            fn remainder(self, divisor: Self) -> Option<Self> {
                // Wrapping: the least integer has remainder 0 by -1, though the quotient does not fit.
                (divisor != 0).then(|| self.wrapping_rem(divisor))
            }

            fn is_zero(self) -> bool {
                self == 0
            }
        }
    )*};
}

divide! { i32 u32 i64 u64 }

/// `div_s` and `div_u`.
///
/// # Errors
/// [`Trap::IntegerDivideByZero`], and [`Trap::IntegerOverflow`] for the least signed integer by -1.
pub fn div<T: Divide>(a: T, b: T) -> Result<T, Trap> {
    match a.quotient(b) {
        Some(quotient) => Ok(quotient),
        None if b.is_zero() => Err(Trap::IntegerDivideByZero),
        None => Err(Trap::IntegerOverflow),
    }
}

/// `rem_s` and `rem_u`.
///
/// # Errors
/// [`Trap::IntegerDivideByZero`].
pub fn rem<T: Divide>(a: T, b: T) -> Result<T, Trap> {
    a.remainder(b).ok_or(Trap::IntegerDivideByZero)
}

/// A lane type that wider integers are brought into: `i8`, `u8`, `i16`, `u16`.
pub trait Saturate: Into<i32> {
    /// The number of this type that is nearest to `wide`.
    fn saturate(wide: i32) -> Self;
}

macro_rules! saturate {
    ($($int:ty)*) => {$(
        impl Saturate for $int {
            fn saturate(wide: i32) -> Self {
                wide.clamp(<$int>::MIN.into(), <$int>::MAX.into()) as $int
            }
        }
    )*};
}

saturate! { i8 u8 i16 u16 }

/// One lane of `q15mulr_sat_s`: the product of two fixed-point numbers with 15 fractional bits, rounded half up.
pub fn q15mulr_sat(a: i16, b: i16) -> i16 {
    i16::saturate((i32::from(a) * i32::from(b) + 0x4000) >> 15)
}

/// One lane of `avgr_u`: the average, rounded up.
pub fn avgr<T: Saturate>(a: T, b: T) -> T {
    T::saturate((a.into() + b.into() + 1) / 2)
}

#[cfg(test)]
mod tests;
