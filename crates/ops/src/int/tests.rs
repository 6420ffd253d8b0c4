//! Tests of the edges; the rows' tests cover the rest.

use super::{avgr, div, q15mulr_sat, rem};
use crate::Trap;

#[test]
fn division_truncates_and_traps_where_there_is_no_quotient() {
    assert_eq!(div(7i32, -2), Ok(-3));
    assert_eq!(div(-7i32, 2), Ok(-3));
    assert_eq!(div(i32::MIN, -1), Err(Trap::IntegerOverflow));
    assert_eq!(div(i64::MIN, -1), Err(Trap::IntegerOverflow));
    assert_eq!(div(i32::MIN as u32, u32::MAX), Ok(0));
    assert_eq!(div(1i32, 0), Err(Trap::IntegerDivideByZero));
    assert_eq!(div(i64::MIN, 0), Err(Trap::IntegerDivideByZero));
    assert_eq!(div(0u64, 0), Err(Trap::IntegerDivideByZero));
}

#[test]
fn remainders_take_the_sign_of_the_dividend() {
    assert_eq!(rem(7i32, -2), Ok(1));
    assert_eq!(rem(-7i32, 2), Ok(-1));
    assert_eq!(rem(i32::MIN, -1), Ok(0));
    assert_eq!(rem(i64::MIN, -1), Ok(0));
    assert_eq!(rem(7u32, 4), Ok(3));
    assert_eq!(rem(1i64, 0), Err(Trap::IntegerDivideByZero));
}

#[test]
fn fixed_point_products_round_and_saturate() {
    assert_eq!(q15mulr_sat(i16::MIN, i16::MIN), i16::MAX);
    assert_eq!(q15mulr_sat(0x4000, 0x4000), 0x2000);
    assert_eq!(q15mulr_sat(1, 0x4000), 1);
    assert_eq!(q15mulr_sat(-1, 0x4000), 0);
}

#[test]
fn averages_round_up_and_do_not_overflow() {
    assert_eq!(avgr(0u8, 1), 1);
    assert_eq!(avgr(255u8, 255), 255);
    assert_eq!(avgr(65_535u16, 65_534), 65_535);
}
