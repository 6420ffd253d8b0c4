//! Tests of rounding, of minimum and maximum, and of which NaN comes out.

use super::{Float, add, ceil, div, floor, max, min, mul, nearest, pmax, pmin, sqrt, sub, trunc};
use crate::samples::{F32_EDGES, F64_EDGES, Random};

const QUIET: f32 = f32::from_bits(0x7fc0_0001);
const OTHER: f32 = f32::from_bits(0xffc0_0002);
const SIGNALLING: f32 = f32::from_bits(0x7f80_0003);

fn check(found: f32, expected: f32) {
    assert_eq!(
        found.to_bits(),
        expected.to_bits(),
        "found {found:?}, expected {expected:?}"
    );
}

#[test]
fn nearest_takes_the_even_of_two() {
    for (a, expected) in [
        (0.5, 0.0),
        (-0.5, -0.0),
        (1.5, 2.0),
        (2.5, 2.0),
        (-2.5, -2.0),
        (0.499_999_97, 0.0),
        (-0.4, -0.0),
        (4_194_303.5, 4_194_304.0),
        (8_388_607.5, 8_388_608.0),
        (8_388_609.0, 8_388_609.0),
        (f32::INFINITY, f32::INFINITY),
    ] {
        check(nearest(a), expected);
    }
}

#[test]
fn rounding_keeps_the_sign_of_zero() {
    check(ceil(-0.7f32), -0.0);
    check(ceil(0.2f32), 1.0);
    check(floor(-0.2f32), -1.0);
    check(floor(-0.0f32), -0.0);
    check(floor(0.9f32), 0.0);
    check(trunc(-0.9f32), -0.0);
    check(trunc(-1.9f32), -1.0);
}

#[test]
fn rounding_agrees_with_integers() {
    let mut random = Random::new(1);
    for _ in 0..10_000 {
        let quarters = random.next() as i64 >> 12;
        let a = quarters as f64 / 4.0;
        let check = |found: f64, expected: i64| assert_eq!(found, expected as f64, "{a}");
        check(floor(a), quarters.div_euclid(4));
        check(ceil(a), -(-quarters).div_euclid(4));
        check(trunc(a), quarters / 4);
        let below = quarters.div_euclid(4);
        check(
            nearest(a),
            match quarters.rem_euclid(4) {
                0 | 1 => below,
                3 => below + 1,
                _ => below + (below & 1),
            },
        );
    }
}

#[test]
fn minimum_and_maximum_order_the_zeros_and_let_nan_through() {
    check(min(0.0, -0.0), -0.0);
    check(min(-0.0, 0.0), -0.0);
    check(max(0.0, -0.0), 0.0);
    check(max(-0.0, 0.0), 0.0);
    check(min(-0.0, -0.0), -0.0);
    check(max(-0.0, -0.0), -0.0);
    check(min(1.0, 2.0), 1.0);
    check(max(1.0, f32::INFINITY), f32::INFINITY);
    check(min(f32::NEG_INFINITY, 1.0), f32::NEG_INFINITY);
    check(min(QUIET, f32::NEG_INFINITY), QUIET);
    check(max(1.0, OTHER), OTHER);
    check(max(QUIET, OTHER), QUIET);
}

#[test]
fn pseudo_minimum_and_maximum_keep_the_first_when_in_doubt() {
    check(pmin(0.0, -0.0), 0.0);
    check(pmax(-0.0, 0.0), -0.0);
    check(pmin(SIGNALLING, 1.0), SIGNALLING);
    check(pmax(1.0, SIGNALLING), 1.0);
}

#[test]
fn the_first_nan_wins_and_is_made_quiet() {
    for op in [add, sub, mul, div, min, max] {
        check(op(QUIET, OTHER), QUIET);
        check(op(OTHER, QUIET), OTHER);
        check(op(1.0, OTHER), OTHER);
        check(op(SIGNALLING, QUIET), f32::from_bits(0x7fc0_0003));
        check(op(1.0, SIGNALLING), f32::from_bits(0x7fc0_0003));
    }
    for op in [ceil, floor, trunc, nearest, sqrt] {
        check(op(OTHER), OTHER);
        check(op(SIGNALLING), f32::from_bits(0x7fc0_0003));
    }
}

#[test]
fn a_new_nan_is_negative_and_canonical() {
    let infinity = f64::INFINITY;
    for nan in [
        div(0.0, 0.0),
        sub(infinity, infinity),
        add(infinity, -infinity),
        mul(0.0, infinity),
        div(infinity, infinity),
        sqrt(-1.0),
    ] {
        assert_eq!(nan.to_bits(), f64::DEFAULT_NAN.to_bits());
    }
    check(sqrt(-0.0), -0.0);
}

/// The rule of the module's documentation is what the scalar instructions do. Sums and products with two NaNs are left out:
/// a compiler may exchange their operands, so the machine's answer is not ours to predict.
#[test]
#[cfg(target_arch = "x86_64")]
fn nan_bits_are_those_of_the_machine() {
    use std::hint::black_box;
    for &a in F64_EDGES {
        for &b in F64_EDGES {
            let check = |ours: f64, machine: f64| {
                assert_eq!(
                    ours.to_bits(),
                    machine.to_bits(),
                    "{:#x} {:#x}",
                    a.to_bits(),
                    b.to_bits()
                );
            };
            check(sub(a, b), black_box(a) - black_box(b));
            check(div(a, b), black_box(a) / black_box(b));
            if !(a.is_nan() && b.is_nan()) {
                check(add(a, b), black_box(a) + black_box(b));
                check(mul(a, b), black_box(a) * black_box(b));
            }
        }
        assert_eq!(sqrt(a).to_bits(), black_box(a).sqrt().to_bits());
    }
    for &a in F32_EDGES {
        check(sqrt(a), black_box(a).sqrt());
        check(div(a, QUIET), black_box(a) / black_box(QUIET));
    }
}
