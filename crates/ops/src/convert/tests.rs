//! Tests of the bounds of every truncation, and of NaN through promotion and demotion.

use super::{demote, promote, trunc};
use crate::Trap;
use crate::samples::{F32_EDGES, F64_EDGES, Random};

/// Checks `trunc` from both float types to `$int` against truncation to a much wider integer.
macro_rules! check_truncation {
    ($int:ty, $floats:expr) => {
        for a in $floats {
            // `as` saturates, far outside the range of the type under test.
            let whole = a as i128;
            let expected = if a.is_nan() {
                Err(Trap::InvalidConversion)
            } else {
                <$int>::try_from(whole).map_err(|_| Trap::IntegerOverflow)
            };
            assert_eq!(
                trunc::<_, $int>(a),
                expected,
                "{a:e} to {}",
                stringify!($int)
            );
        }
    };
}

#[test]
fn truncation_traps_exactly_outside_the_range() {
    let mut random = Random::new(2);
    let mut f32s = F32_EDGES.to_vec();
    let mut f64s = F64_EDGES.to_vec();
    for _ in 0..20_000 {
        f32s.push(f32::from_bits(random.next() as u32));
        f64s.push(f64::from_bits(random.next()));
    }
    // Each neighbour of each bound.
    for bound in [0.0, 1.0, 31.0, 32.0, 63.0, 64.0].map(f64::exp2) {
        for x in [
            bound,
            -bound,
            bound.next_up(),
            (-bound).next_down(),
            bound.next_down(),
        ] {
            f64s.extend([x, -x, x - 1.0, x + 1.0]);
        }
        let bound = bound as f32;
        f32s.extend([
            bound,
            -bound,
            bound.next_up(),
            bound.next_down(),
            (-bound).next_down(),
        ]);
    }
    check_truncation!(i32, f32s.iter().copied());
    check_truncation!(u32, f32s.iter().copied());
    check_truncation!(i64, f32s.iter().copied());
    check_truncation!(u64, f32s.iter().copied());
    check_truncation!(i32, f64s.iter().copied());
    check_truncation!(u32, f64s.iter().copied());
    check_truncation!(i64, f64s.iter().copied());
    check_truncation!(u64, f64s.iter().copied());
}

#[test]
fn truncation_drops_the_fraction() {
    assert_eq!(trunc::<_, i32>(-2_147_483_648.9f64), Ok(i32::MIN));
    assert_eq!(
        trunc::<_, i32>(-2_147_483_649.0f64),
        Err(Trap::IntegerOverflow)
    );
    assert_eq!(trunc::<_, u32>(-0.9f32), Ok(0));
    assert_eq!(trunc::<_, u32>(-1.0f32), Err(Trap::IntegerOverflow));
    assert_eq!(trunc::<_, u64>(f64::INFINITY), Err(Trap::IntegerOverflow));
    assert_eq!(trunc::<_, i64>(f32::NAN), Err(Trap::InvalidConversion));
}

#[test]
fn demotion_keeps_sign_and_upper_payload_of_nan() {
    let demoted = |bits| demote(f64::from_bits(bits)).to_bits();
    assert_eq!(demoted(0x7ff8_0000_0000_0000), 0x7fc0_0000);
    assert_eq!(demoted(0xfff8_0000_0000_0000), 0xffc0_0000);
    assert_eq!(demoted(0x7ff0_0000_0000_0001), 0x7fc0_0000);
    assert_eq!(demoted(0xfff5_5555_5555_5555), 0xffea_aaaa);
    assert_eq!(demote(1e300), f32::INFINITY);
    assert_eq!(demoted(1), 0);
    assert_eq!(demoted(0x8000_0000_0000_0001), 0x8000_0000);
}

#[test]
fn promotion_keeps_sign_and_payload_of_nan() {
    let promoted = |bits| promote(f32::from_bits(bits)).to_bits();
    assert_eq!(promoted(0x7fc0_0000), 0x7ff8_0000_0000_0000);
    assert_eq!(promoted(0xff80_0001), 0xfff8_0000_2000_0000);
    assert_eq!(promoted(0x7fff_ffff), 0x7fff_ffff_e000_0000);
    assert_eq!(promoted(0x8000_0000), 0x8000_0000_0000_0000);
    assert_eq!(promote(f32::from_bits(1)), 2f64.powi(-149));
}

/// On x86-64 the machine's conversions keep the same bits of NaN.
#[test]
#[cfg(target_arch = "x86_64")]
fn nan_bits_are_those_of_the_machine() {
    use std::hint::black_box;
    for &a in F64_EDGES {
        assert_eq!(demote(a).to_bits(), (black_box(a) as f32).to_bits());
    }
    for &a in F32_EDGES {
        assert_eq!(promote(a).to_bits(), f64::from(black_box(a)).to_bits());
    }
}
