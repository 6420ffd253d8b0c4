//! Tests of [`Wide`] against arithmetic on halves of halves.

use super::Wide;
use crate::samples::Random;
use crate::{Type, Value};

/// Schoolbook arithmetic on numbers as 32-bit digits, lowest first.
fn digits(words: &[u64]) -> Vec<u64> {
    let split = |word: &u64| [word & 0xffff_ffff, word >> 32];
    words.iter().flat_map(split).collect()
}

fn words(digits: [u64; 4]) -> [u64; 2] {
    [digits[0] | digits[1] << 32, digits[2] | digits[3] << 32]
}

fn sum(a: &[u64], b: &[u64], mut carry: u64, flip: u64) -> [u64; 2] {
    let (a, b) = (digits(a), digits(b));
    words(std::array::from_fn(|i| {
        let digit = a[i] + (b[i] ^ flip) + carry;
        carry = digit >> 32;
        digit & 0xffff_ffff
    }))
}

fn product(a: u64, b: u64) -> [u64; 2] {
    let (a, b) = (digits(&[a]), digits(&[b]));
    let mut result = [0u64; 4];
    for i in 0..2 {
        let mut carry = 0;
        for j in 0..2 {
            let digit = a[i] * b[j] + result[i + j] + carry;
            result[i + j] = digit & 0xffff_ffff;
            carry = digit >> 32;
        }
        result[i + 2] = carry;
    }
    words(result)
}

/// The product of signed numbers: that of the unsigned ones, less what a negative operand counted too much.
fn signed_product(a: u64, b: u64) -> [u64; 2] {
    let [low, high] = product(a, b);
    let extra = |a: u64, b: u64| if a >> 63 == 1 { b } else { 0 };
    [
        low,
        high.wrapping_sub(extra(a, b)).wrapping_sub(extra(b, a)),
    ]
}

#[test]
fn wide_arithmetic_is_arithmetic_of_digits() {
    let mut random = Random::new(7);
    let mut number = || match random.value(Type::I64) {
        Value::I64(number) => number as u64,
        other => panic!("{other:?}"),
    };
    for _ in 0..2000 {
        let args = [number(), number(), number(), number()];
        let (a, b) = args.split_at(2);
        let [x, y, ..] = args;
        assert_eq!(Wide::I64Add128.eval(&args), sum(a, b, 0, 0), "{args:x?}");
        assert_eq!(
            Wide::I64Sub128.eval(&args),
            sum(a, b, 1, 0xffff_ffff),
            "{args:x?}"
        );
        assert_eq!(
            Wide::I64MulWideU.eval(&args[..2]),
            product(x, y),
            "{args:x?}"
        );
        assert_eq!(
            Wide::I64MulWideS.eval(&args[..2]),
            signed_product(x, y),
            "{args:x?}"
        );
    }
}

#[test]
fn names_and_operands() {
    for &op in Wide::ALL {
        assert_eq!(Wide::from_name(op.name()), Some(op));
        let n = if op.name().ends_with("128") { 4 } else { 2 };
        assert_eq!(op.n_operands(), n);
        op.eval(&[1; 4][..n]);
    }
}

#[test]
#[should_panic(expected = "i64.add128: operands of the wrong number or type")]
fn too_few_operands_are_our_bug() {
    Wide::I64Add128.eval(&[1, 2]);
}
