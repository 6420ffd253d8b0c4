//! Meanings of vector operators, as functions over arrays of lanes.
//!
//! Apart because they know nothing of particular operators: with `zip(a, b, i8::saturating_add)` a row says all there is to
//! say. Lane 0 is first, as in the specification ("Vector Operations").

use std::array;
use std::ops::{Add, Mul};

use crate::V128;
use crate::int::Saturate;

/// Sixteen signed bytes.
pub type I8x16 = [i8; 16];
/// Sixteen unsigned bytes.
pub type U8x16 = [u8; 16];
/// Eight signed 16-bit integers.
pub type I16x8 = [i16; 8];
/// Eight unsigned 16-bit integers.
pub type U16x8 = [u16; 8];
/// Four signed 32-bit integers.
pub type I32x4 = [i32; 4];
/// Four unsigned 32-bit integers.
pub type U32x4 = [u32; 4];
/// Two signed 64-bit integers.
pub type I64x2 = [i64; 2];
/// Two unsigned 64-bit integers.
pub type U64x2 = [u64; 2];
/// Four 32-bit floats.
pub type F32x4 = [f32; 4];
/// Two 64-bit floats.
pub type F64x2 = [f64; 2];

/// `i8x16.shuffle`: lane `i` of the result is lane `lanes[i]` of the 32 lanes of `a` and then `b`.
///
/// # Panics
/// If a lane index is 32 or more; validation refuses those.
pub fn i8x16_shuffle(a: V128, b: V128, lanes: [u8; 16]) -> V128 {
    V128(lanes.map(|lane| match lane {
        0..16 => a.0[usize::from(lane)],
        16..32 => b.0[usize::from(lane - 16)],
        _ => panic!("i8x16.shuffle: lane index {lane} is not below 32"),
    }))
}

/// `i8x16.swizzle`: lane `i` of the result is lane `lanes[i]` of `a`, or 0 if there is no such lane.
pub fn swizzle(a: U8x16, lanes: U8x16) -> U8x16 {
    lanes.map(|lane| a.get(usize::from(lane)).copied().unwrap_or(0))
}

/// `f` of each pair of lanes.
pub fn zip<A: Copy, B: Copy, R, const N: usize>(
    a: [A; N],
    b: [B; N],
    f: impl Fn(A, B) -> R,
) -> [R; N] {
    array::from_fn(|i| f(a[i], b[i]))
}

/// `a` with lane `lane` replaced by `x`.
///
/// # Panics
/// If there is no such lane.
pub fn replace<T, const N: usize>(mut a: [T; N], lane: usize, x: T) -> [T; N] {
    a[lane] = x;
    a
}

/// The first half of the lanes.
pub fn low<T: Copy, const N: usize, const HALF: usize>(a: [T; N]) -> [T; HALF] {
    const { assert!(HALF * 2 == N) };
    array::from_fn(|i| a[i])
}

/// The second half of the lanes.
pub fn high<T: Copy, const N: usize, const HALF: usize>(a: [T; N]) -> [T; HALF] {
    const { assert!(HALF * 2 == N) };
    array::from_fn(|i| a[HALF + i])
}

/// The lanes, followed by as many zeros.
pub fn zero_high<T: Copy + Default, const N: usize, const TWICE: usize>(a: [T; N]) -> [T; TWICE] {
    const { assert!(TWICE == N * 2) };
    array::from_fn(|i| a.get(i).copied().unwrap_or_default())
}

/// `narrow`: the lanes of `a`, then of `b`, each brought into the narrower type's range.
pub fn narrow<A, R, const N: usize, const TWICE: usize>(a: [A; N], b: [A; N]) -> [R; TWICE]
where
    A: Copy + Into<i32>,
    R: Saturate,
{
    const { assert!(TWICE == N * 2) };
    array::from_fn(|i| R::saturate(if i < N { a[i] } else { b[i - N] }.into()))
}

/// `extmul`: the full product of each pair of lanes.
pub fn extmul<A: Copy, R: From<A> + Mul<Output = R>, const N: usize>(
    a: [A; N],
    b: [A; N],
) -> [R; N] {
    zip(a, b, |x, y| R::from(x) * R::from(y))
}

/// `extadd_pairwise`: the full sum of each two neighbours.
pub fn extadd_pairwise<A, R, const N: usize, const HALF: usize>(a: [A; N]) -> [R; HALF]
where
    A: Copy,
    R: From<A> + Add<Output = R>,
{
    const { assert!(HALF * 2 == N) };
    array::from_fn(|i| R::from(a[2 * i]) + R::from(a[2 * i + 1]))
}

/// `dot`: the sum of the products of each two neighbours; it wraps if all four are the least `i16`.
pub fn dot(a: I16x8, b: I16x8) -> I32x4 {
    let products: [i32; 8] = extmul(a, b);
    array::from_fn(|i| products[2 * i].wrapping_add(products[2 * i + 1]))
}

/// The sum of the products of each two neighbours, brought into range: only that of four times -128 is not in it.
pub fn dot_sat(a: I8x16, b: I8x16) -> I16x8 {
    let products: [i16; 16] = extmul(a, b);
    array::from_fn(|i| products[2 * i].saturating_add(products[2 * i + 1]))
}

/// The truth of each lane as a bit, lane 0 the lowest.
pub fn bitmask<const N: usize>(a: [bool; N]) -> u32 {
    a.into_iter()
        .rev()
        .fold(0, |mask, bit| mask << 1 | u32::from(bit))
}

#[cfg(test)]
mod tests;
