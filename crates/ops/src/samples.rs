//! Operands for tests: the edges of every type, and numbers from a seeded generator.
//!
//! Apart because the tests of several tables draw from the same operands.

use crate::{Type, V128, Value};

/// A xorshift generator; the same seed gives the same numbers.
pub(crate) struct Random(u64);

impl Random {
    /// A generator whose sequence depends on `seed`.
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// One of `choices`.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[(self.next() % choices.len() as u64) as usize]
    }

    /// A value of type `ty`: as often an edge as not; a vector has such lanes of one random width.
    pub(crate) fn value(&mut self, ty: Type) -> Value {
        let bits = match ty {
            Type::I32 => self.lane(32).into(),
            Type::I64 => self.lane(64).into(),
            Type::F32 => self.float32().into(),
            Type::F64 => self.float64().into(),
            Type::V128 => self.vector().to_u128(),
        };
        Value::from_bits(ty, bits)
    }

    fn vector(&mut self) -> V128 {
        let kind = self.next() % 6;
        let width = [8, 16, 32, 64, 32, 64][kind as usize];
        let lanes = (0..128 / width).fold(0u128, |bits, _| {
            let lane = match kind {
                4 => self.float32().into(),
                5 => self.float64(),
                _ => self.lane(width),
            };
            bits.checked_shl(width).unwrap_or(0) | u128::from(lane)
        });
        V128::from_u128(lanes)
    }

    /// An integer of `width` bits.
    fn lane(&mut self, width: u32) -> u64 {
        let mask = u64::MAX >> (64 - width);
        let top = 1 << (width - 1);
        let edges = [
            0,
            1,
            2,
            3,
            7,
            8,
            top - 1,
            top,
            top + 1,
            mask - 1,
            mask,
            top >> 1,
        ];
        match self.next() % 2 {
            0 => self.pick(&edges),
            _ => self.next() & mask,
        }
    }

    fn float32(&mut self) -> u32 {
        match self.next() % 3 {
            0 => self.pick(F32_EDGES).to_bits(),
            1 => ((self.next() as i32 >> (self.next() % 32)) as f32 / 4.0).to_bits(),
            _ => self.next() as u32,
        }
    }

    fn float64(&mut self) -> u64 {
        match self.next() % 3 {
            0 => self.pick(F64_EDGES).to_bits(),
            1 => ((self.next() as i64 >> (self.next() % 64)) as f64 / 4.0).to_bits(),
            _ => self.next(),
        }
    }
}

/// Edges of `f32`: zeros, halves, the bounds of the integers and their neighbours, the bounds of the format, NaNs.
pub(crate) const F32_EDGES: &[f32] = &[
    0.0,
    -0.0,
    0.5,
    -0.5,
    1.5,
    -1.5,
    2.5,
    -2.5,
    1.0,
    -1.0,
    0.999_999_94,
    -0.999_999_94,
    8_388_607.5,
    8_388_609.0,
    2_147_483_600.0,
    2_147_483_648.0,
    -2_147_483_648.0,
    -2_147_483_904.0,
    4_294_967_000.0,
    4_294_967_296.0,
    9_223_371_500_000_000_000.0,
    9_223_372_036_854_775_808.0,
    -9_223_372_036_854_775_808.0,
    -9_223_373_136_366_403_584.0,
    18_446_742_974_197_923_840.0,
    18_446_744_073_709_551_616.0,
    f32::MIN_POSITIVE,
    f32::from_bits(1),
    f32::from_bits(0x8000_0001),
    f32::MAX,
    f32::MIN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::from_bits(0x7fc0_0000),
    f32::from_bits(0xffc0_0000),
    f32::from_bits(0x7f80_0001),
    f32::from_bits(0xffa1_2345),
    f32::from_bits(0x7fff_ffff),
];

/// Edges of `f64`, as of `f32`.
pub(crate) const F64_EDGES: &[f64] = &[
    0.0,
    -0.0,
    0.5,
    -0.5,
    1.5,
    -1.5,
    2.5,
    -2.5,
    1.0,
    -1.0,
    0.999_999_999_999_999_9,
    -0.999_999_999_999_999_9,
    4_503_599_627_370_495.5,
    4_503_599_627_370_497.0,
    2_147_483_647.0,
    2_147_483_647.9,
    2_147_483_648.0,
    -2_147_483_648.9,
    -2_147_483_649.0,
    4_294_967_295.9,
    4_294_967_296.0,
    9_223_372_036_854_774_784.0,
    9_223_372_036_854_775_808.0,
    -9_223_372_036_854_775_808.0,
    -9_223_372_036_854_777_856.0,
    18_446_744_073_709_549_568.0,
    18_446_744_073_709_551_616.0,
    f64::MIN_POSITIVE,
    f64::from_bits(1),
    f64::from_bits(0x8000_0000_0000_0001),
    f64::MAX,
    f64::MIN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::from_bits(0x7ff8_0000_0000_0000),
    f64::from_bits(0xfff8_0000_0000_0000),
    f64::from_bits(0x7ff0_0000_0000_0001),
    f64::from_bits(0xfff4_1234_5678_9abc),
    f64::from_bits(0x7fff_ffff_ffff_ffff),
];
