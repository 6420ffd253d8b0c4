//! Meanings of conversions between number types that are more than a Rust `as`.
//!
//! Apart because they fail or keep NaN payloads in ways that `as` does not.

use crate::Trap;

/// A float that can be truncated to the integer type `I`.
pub trait TruncateTo<I>: Copy {
    /// The integer part as an `I`; `None` if it does not fit or there is none (NaN).
    fn truncated(self) -> Option<I>;

    /// Whether this is NaN.
    fn is_nan(self) -> bool;
}

macro_rules! truncate {
    ($($float:ident: $($int:ident)*;)*) => {$($(
        impl TruncateTo<$int> for $float {
            fn truncated(self) -> Option<$int> {
                // Both bounds are zero or a power of two, so exact in the float type; `MAX` itself would not be.
                let least = <$int>::MIN as $float;
                let limit = (<$int>::MAX as u128 + 1) as $float;
                let whole = self.trunc();
                (least <= whole && whole < limit).then_some(whole as $int)
            }

            fn is_nan(self) -> bool {
                self.is_nan()
            }
        }
    )*)*};
}

truncate! {
    f32: i32 u32 i64 u64;
    f64: i32 u32 i64 u64;
}

/// The trapping `trunc` operators, from a float to an integer.
///
/// # Errors
/// [`Trap::InvalidConversion`] of NaN, [`Trap::IntegerOverflow`] if the integer part does not fit.
pub fn trunc<F: TruncateTo<I>, I>(a: F) -> Result<I, Trap> {
    match a.truncated() {
        Some(whole) => Ok(whole),
        None if a.is_nan() => Err(Trap::InvalidConversion),
        None => Err(Trap::IntegerOverflow),
    }
}

/// `f32.demote_f64`, rounding to nearest, ties to even. A NaN becomes quiet and keeps its sign and upper payload bits.
pub fn demote(a: f64) -> f32 {
    if !a.is_nan() {
        return a as f32;
    }
    let bits = a.to_bits();
    let sign = (bits >> 63 << 31) as u32;
    let payload = (bits >> 29) as u32 & 0x003f_ffff;
    f32::from_bits(sign | 0x7fc0_0000 | payload)
}

/// `f64.promote_f32`, exact. A NaN becomes quiet and keeps its sign and payload.
pub fn promote(a: f32) -> f64 {
    if !a.is_nan() {
        return a.into();
    }
    let bits = u64::from(a.to_bits());
    let sign = bits >> 31 << 63;
    let payload = (bits & 0x003f_ffff) << 29;
    f64::from_bits(sign | 0x7ff8_0000_0000_0000 | payload)
}

#[cfg(test)]
mod tests;
