//! The operators once more, from the specification's formulas over unbounded integers.
//!
//! Apart from the tests that use it, and deliberately written in another way than the rows: everything is an `i128` or a
//! loop over bits, nothing a method of a fixed-width integer.

use crate::{Trap, V128};

/// The `bits`-bit lane `i` of `v`, unsigned.
pub fn lane(v: V128, bits: u32, i: u32) -> i128 {
    (v.to_u128() >> (bits * i)) as i128 & mask(bits)
}

/// `2^bits - 1`, for lanes of up to 64 bits.
fn mask(bits: u32) -> i128 {
    (1 << bits) - 1
}

/// `x`, given modulo `2^bits`, as a signed number.
pub fn signed(x: i128, bits: u32) -> i128 {
    if x >> (bits - 1) & 1 == 1 {
        x - (1 << bits)
    } else {
        x
    }
}

/// `x` as the operator's suffix `_s` or `_u` takes it.
fn extended(x: i128, bits: u32, suffix: &str) -> i128 {
    if suffix == "s" { signed(x, bits) } else { x }
}

/// Brings `x` into the range of `bits`-bit integers of the signedness `suffix`.
fn saturated(x: i128, bits: u32, suffix: &str) -> i128 {
    let (least, greatest) = match suffix {
        "s" => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
        _ => (0, mask(bits)),
    };
    x.max(least).min(greatest)
}

/// The vector whose `bits`-bit lanes are `f(0)`, `f(1)`, ..., each modulo `2^bits`.
fn build(bits: u32, f: impl Fn(u32) -> i128) -> V128 {
    V128::from_u128((0..128 / bits).fold(0, |v, i| v | ((f(i) & mask(bits)) as u128) << (bits * i)))
}

/// Splits `lt_s` into `lt` and `s`; a name without such a suffix keeps all of itself.
fn split(op: &str) -> (&str, &str) {
    match op.rsplit_once('_') {
        Some((stem, suffix @ ("s" | "u"))) => (stem, suffix),
        _ => (op, ""),
    }
}

/// The unary integer operator `op` on `a`, both modulo `2^bits`.
pub fn unary(op: &str, bits: u32, a: i128) -> Option<i128> {
    let ones = |range: std::ops::Range<u32>| range.filter(|i| a >> i & 1 == 1).count() as i128;
    let bit = |i: &u32| a >> i & 1 == 1;
    Some(match op {
        "clz" => (0..bits).rev().take_while(|i| !bit(i)).count() as i128,
        "ctz" => (0..bits).take_while(|i| !bit(i)).count() as i128,
        "popcnt" => ones(0..bits),
        "abs" => signed(a, bits).abs(),
        "neg" => -a,
        "extend8_s" => signed(a & 0xff, 8),
        "extend16_s" => signed(a & 0xffff, 16),
        "extend32_s" => signed(a & 0xffff_ffff, 32),
        _ => return None,
    })
}

/// The binary integer operator `op` on `a` and `b`, all modulo `2^bits`. A comparison gives 0 or 1.
pub fn binary(op: &str, bits: u32, a: i128, b: i128) -> Option<Result<i128, Trap>> {
    let (stem, suffix) = split(op);
    let (x, y) = (extended(a, bits, suffix), extended(b, bits, suffix));
    let n = b % i128::from(bits);
    Some(Ok(match stem {
        "add" => a + b,
        "sub" => a - b,
        "mul" => (a.wrapping_mul(b)) & mask(bits),
        "and" => a & b,
        "or" => a | b,
        "xor" => a ^ b,
        "shl" => a << n & mask(bits),
        "shr" => x >> n,
        "rotl" => a << n & mask(bits) | a >> (i128::from(bits) - n),
        "rotr" => a >> n | a << (i128::from(bits) - n) & mask(bits),
        "eq" => (a == b).into(),
        "ne" => (a != b).into(),
        "lt" => (x < y).into(),
        "gt" => (x > y).into(),
        "le" => (x <= y).into(),
        "ge" => (x >= y).into(),
        "min" => x.min(y),
        "max" => x.max(y),
        "add_sat" => saturated(x + y, bits, suffix),
        "sub_sat" => saturated(x - y, bits, suffix),
        "avgr" => (a + b + 1) / 2,
        "q15mulr_sat" => saturated((x * y + 0x4000) >> 15, bits, "s"),
        "div" | "rem" if b == 0 => return Some(Err(Trap::IntegerDivideByZero)),
        "div" if x / y != saturated(x / y, bits, suffix) => {
            return Some(Err(Trap::IntegerOverflow));
        }
        "div" => x / y,
        "rem" => x % y,
        _ => return None,
    }))
}

/// The vector operator `op` with result lanes of `bits` bits, where lanes of the operands and the result differ in number
/// or width.
pub fn reshaping(op: &str, bits: u32, a: V128, b: V128) -> Option<V128> {
    let (stem, suffix) = split(op);
    let half = bits / 2;
    let narrow_lanes = |v, i| extended(lane(v, half, i), half, suffix);
    let wide_lanes = |v, i| signed(lane(v, bits * 2, i), bits * 2);
    // The first lane of the half that the name says.
    let first = if stem.contains("_high_") {
        128 / bits
    } else {
        0
    };
    let verb = &stem[..stem.find('_').unwrap_or(stem.len())];
    Some(match verb {
        "extend" => build(bits, |i| narrow_lanes(a, first + i)),
        "extmul" => build(bits, |i| {
            narrow_lanes(a, first + i) * narrow_lanes(b, first + i)
        }),
        "extadd" => build(bits, |i| {
            narrow_lanes(a, 2 * i) + narrow_lanes(a, 2 * i + 1)
        }),
        "dot" => build(bits, |i| {
            let product = |i| narrow_lanes(a, i) * narrow_lanes(b, i);
            product(2 * i) + product(2 * i + 1)
        }),
        "narrow" => build(bits, |i| {
            let n = 64 / bits;
            let x = if i < n {
                wide_lanes(a, i)
            } else {
                wide_lanes(b, i - n)
            };
            saturated(x, bits, suffix)
        }),
        "swizzle" => build(bits, |i| match lane(b, 8, i) {
            chosen @ 0..16 => lane(a, 8, chosen as u32),
            _ => 0,
        }),
        _ => return None,
    })
}

/// The operators that ask something of all lanes of `bits` bits.
pub fn asking(op: &str, bits: u32, a: V128) -> Option<i128> {
    let lanes = 0..128 / bits;
    Some(match op {
        "all_true" => lanes.into_iter().all(|i| lane(a, bits, i) != 0).into(),
        "bitmask" => lanes
            .map(|i| i128::from(signed(lane(a, bits, i), bits) < 0) << i)
            .sum(),
        _ => return None,
    })
}
