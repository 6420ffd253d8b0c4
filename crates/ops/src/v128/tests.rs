//! Tests of the vector helpers by example; the rows' tests compare them with formulas.

use std::array;

use super::{bitmask, dot, high, i8x16_shuffle, low, narrow, replace, swizzle, zero_high};
use crate::V128;

#[test]
fn shuffle_chooses_among_both_vectors() {
    let a = V128(array::from_fn(|i| i as u8));
    let b = V128(array::from_fn(|i| 100 + i as u8));
    let all_of_b = array::from_fn(|i| 16 + i as u8);
    assert_eq!(i8x16_shuffle(a, b, all_of_b), b);
    let mut lanes = [0; 16];
    lanes[..4].copy_from_slice(&[31, 16, 15, 0]);
    let mut expected = [0; 16];
    expected[..4].copy_from_slice(&[115, 100, 15, 0]);
    assert_eq!(i8x16_shuffle(a, b, lanes), V128(expected));
}

#[test]
#[should_panic(expected = "lane index 32")]
fn shuffle_of_a_lane_that_is_not_there_is_our_bug() {
    i8x16_shuffle(V128::default(), V128::default(), [32; 16]);
}

#[test]
fn swizzle_of_a_lane_that_is_not_there_is_zero() {
    let a = array::from_fn(|i| 10 + i as u8);
    let mut lanes = [0; 16];
    lanes[..4].copy_from_slice(&[15, 16, 255, 1]);
    assert_eq!(swizzle(a, lanes)[..5], [25, 0, 0, 11, 10]);
}

#[test]
fn halves() {
    assert_eq!(low([1, 2, 3, 4]), [1, 2]);
    assert_eq!(high([1, 2, 3, 4]), [3, 4]);
    assert_eq!(zero_high([1, 2]), [1, 2, 0, 0]);
    assert_eq!(replace([1, 2, 3, 4], 2, 9), [1, 2, 9, 4]);
}

#[test]
fn narrowing_takes_signed_lanes_to_either_range() {
    let a = [i16::MIN, -129, -128, -1, 0, 127, 128, i16::MAX];
    let to_signed: [i8; 16] = narrow(a, [255; 8]);
    let to_unsigned: [u8; 16] = narrow(a, [256; 8]);
    assert_eq!(
        to_signed[..9],
        [-128, -128, -128, -1, 0, 127, 127, 127, 127]
    );
    assert_eq!(to_unsigned[..9], [0, 0, 0, 0, 0, 127, 128, 255, 255]);
}

#[test]
fn the_greatest_dot_product_wraps() {
    assert_eq!(dot([i16::MIN; 8], [i16::MIN; 8]), [i32::MIN; 4]);
    assert_eq!(dot([1, 2, 3, 4, 5, 6, 7, 8], [1; 8]), [3, 7, 11, 15]);
}

#[test]
fn lane_zero_is_the_lowest_bit_of_a_mask() {
    assert_eq!(bitmask([true, false, true, true]), 0b1101);
}
