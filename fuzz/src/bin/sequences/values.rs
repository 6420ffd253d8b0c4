//! Operands, mostly where meanings differ, and when results are the same.

use ops::{Type, Value};
use wharf_fuzz::Random;

const FLOATS: [f64; 30] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    -0.99,
    1.5,
    2.5,
    2147483647.0,
    2147483648.0,
    -2147483648.0,
    -2147483649.0,
    -2147483648.9,
    4294967295.0,
    4294967295.5,
    4294967296.0,
    9223372036854775807.0,
    9223372036854774784.0,
    -9223372036854775808.0,
    -9223372036854777856.0,
    18446744073709551615.0,
    18446744073709549568.0,
    1e300,
    -1e300,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    4503599627370495.5,
    5e-324,
];

const INTEGERS: [u64; 12] = [
    0,
    1,
    u64::MAX,
    1 << 63,
    (1 << 63) - 1,
    1 << 31,
    (1 << 31) - 1,
    u32::MAX as u64,
    1 << 53,
    (1 << 53) + 1,
    (1 << 63) + 1025,
    (1 << 24) + 1,
];

fn float64(random: &mut Random) -> u64 {
    match random.below(4) {
        0 => random.number(),
        1 => 0x7ff0_0000_0000_0001 | (random.number() & 0x800f_ffff_ffff_ffff),
        _ => FLOATS[random.below(FLOATS.len())].to_bits(),
    }
}

fn float32(random: &mut Random) -> u32 {
    match random.below(4) {
        0 => random.number() as u32,
        1 => 0x7f80_0001 | (random.number() as u32 & 0x807f_ffff),
        _ => (FLOATS[random.below(FLOATS.len())] as f32).to_bits(),
    }
}

fn integer(random: &mut Random) -> u64 {
    match random.below(4) {
        0 => random.number(),
        1 => random.below(70) as u64,
        2 => INTEGERS[random.below(INTEGERS.len())],
        _ => 1 << random.below(64),
    }
}

fn vector(random: &mut Random) -> u128 {
    let kind = random.below(4);
    let (lanes, bits) = [(2, 64), (2, 64), (4, 32), (16, 8)][kind];
    let lane = |random: &mut Random| match kind {
        0 => random.number(),
        1 => float64(random),
        2 => float32(random).into(),
        _ => [0, 1, 0x7f, 0x80, 0xff, random.number() & 0xff][random.below(6)],
    };
    (0..lanes).fold(0, |vector, _| vector << bits | u128::from(lane(random)))
}

/// Bits of a type, with nothing above them.
pub fn operand(random: &mut Random, ty: Type) -> u128 {
    let bits = match ty {
        Type::I32 | Type::I64 => integer(random).into(),
        Type::F32 => float32(random).into(),
        Type::F64 => float64(random).into(),
        _ => vector(random),
    };
    Value::from_bits(ty, bits).to_bits()
}

/// Whether values are of the registers for floats and vectors.
pub fn is_vector(ty: Type) -> bool {
    !matches!(ty, Type::I32 | Type::I64)
}

/// Floats of so many bits in lanes of which NaNs are made canonical.
pub fn canonical(value: u128, float_bits: u32) -> u128 {
    (0..128 / float_bits).fold(0, |all, lane| {
        let bits = (value >> (lane * float_bits)) as u64;
        let bits = match float_bits {
            32 if f32::from_bits(bits as u32).is_nan() => 0x7fc0_0000,
            32 => u64::from(bits as u32),
            _ if f64::from_bits(bits).is_nan() => 0x7ff8 << 48,
            _ => bits,
        };
        all | u128::from(bits) << (lane * float_bits)
    })
}
