//! Tests of what the specification leaves open: relaxed rows against the strict ones, and canonical NaNs.
//!
//! Apart because other rows judge these.

use super::{parts, reference, try_operands, vector};
use crate::{Compute, Type, V128, Value};

/// The strict operator whose meaning the deterministic profile gives to a relaxed one.
fn strict(relaxed: Compute) -> Option<Compute> {
    let name = match relaxed.name() {
        "i16x8.relaxed_q15mulr_s" => "i16x8.q15mulr_sat_s".to_owned(),
        name if name.ends_with("relaxed_laneselect") => "v128.bitselect".to_owned(),
        name => name
            .replace("relaxed_trunc", "trunc_sat")
            .replace("relaxed_", ""),
    };
    Compute::from_name(&name)
}

#[test]
fn relaxed_rows_mean_what_the_strict_ones_do() {
    let mut rows = 0;
    for &op in Compute::ALL {
        assert_eq!(op.is_relaxed(), op.name().contains("relaxed"), "{op}");
        if let (true, Some(strict)) = (op.is_relaxed(), strict(op)) {
            rows += 1;
            try_operands(op, |args, result| {
                assert_eq!(result, strict.eval(args), "{op} {args:?}")
            });
        }
    }
    // All but four that multiply and add, and two dot products.
    assert_eq!(rows, 20 - 6);
}

#[test]
fn relaxed_multiply_and_add_rounds_twice() {
    for shape in ["f32x4", "f64x2"] {
        let row = |name: &str| Compute::from_name(&format!("{shape}.{name}")).unwrap();
        for (name, negated) in [("relaxed_madd", false), ("relaxed_nmadd", true)] {
            try_operands(row(name), |args, result| {
                let a = if negated {
                    row("neg").eval(&args[..1]).unwrap()
                } else {
                    args[0]
                };
                let product = row("mul").eval(&[a, args[1]]).unwrap();
                assert_eq!(
                    result,
                    row("add").eval(&[product, args[2]]),
                    "{name} {args:?}"
                );
            });
        }
    }
}

#[test]
fn relaxed_dot_products_are_signed_and_saturate() {
    let pair = |a: V128, b: V128, i: u32| {
        let lane = |v, i| reference::signed(reference::lane(v, 8, i), 8);
        let sum = lane(a, 2 * i) * lane(b, 2 * i) + lane(a, 2 * i + 1) * lane(b, 2 * i + 1);
        sum.min(0x7fff)
    };
    let all_least = [Value::V128(V128([0x80; 16])); 2];
    let check = |args: &[Value], result: Value| {
        for i in 0..8 {
            let expected = pair(vector(args[0]), vector(args[1]), i);
            let lane = reference::signed(reference::lane(vector(result), 16, i), 16);
            assert_eq!(lane, expected, "{args:?}");
        }
    };
    let op = Compute::I16x8RelaxedDotI8x16I7x16S;
    try_operands(op, |args, result| check(args, result.unwrap()));
    check(&all_least, op.eval(&all_least).unwrap());
    try_operands(Compute::I32x4RelaxedDotI8x16I7x16AddS, |args, result| {
        let (a, b, c) = (vector(args[0]), vector(args[1]), vector(args[2]));
        for i in 0..4 {
            let sum = pair(a, b, 2 * i) + pair(a, b, 2 * i + 1) + reference::lane(c, 32, i);
            let lane = reference::lane(vector(result.unwrap()), 32, i);
            assert_eq!(lane, sum & 0xffff_ffff, "{args:?}");
        }
    });
}

/// The floats of a result, as bits, with the width that the operator's name says.
fn floats(op: Compute, result: Value) -> Vec<u64> {
    let (_, bits, _) = parts(op);
    let lanes = if result.ty() == Type::V128 {
        128 / bits
    } else {
        1
    };
    let bits_of = |i| reference::lane(V128::from_u128(result.to_bits()), bits, i) as u64;
    (0..lanes).map(bits_of).collect()
}

#[test]
fn canonical_nans_are_made_where_floats_are_computed() {
    // By name, which is not how the table does it.
    let computing = [
        "ceil",
        "floor",
        "trunc",
        "nearest",
        "sqrt",
        "add",
        "sub",
        "mul",
        "div",
        "min",
        "max",
        "demote",
        "promote",
        "relaxed_madd",
        "relaxed_nmadd",
        "relaxed_min",
        "relaxed_max",
    ];
    for &op in Compute::ALL {
        let (shape, bits, operator) = parts(op);
        let verb = match operator.split_once("_f") {
            Some((verb, _)) => verb.trim_end_matches("_low"),
            None => operator,
        };
        let computes = shape.starts_with('f') && computing.contains(&verb);
        assert_eq!(op.chooses_nan(), computes, "{op}");
        let (infinity, canonical) = match bits {
            32 => (0x7f80_0000, 0x7fc0_0000),
            _ => (0x7ff0_0000_0000_0000, 0x7ff8_0000_0000_0000),
        };
        let without_sign = if bits == 32 {
            0x7fff_ffff
        } else {
            u64::MAX >> 1
        };
        try_operands(op, |_, result| {
            let Ok(result) = result else { return };
            let now = op.with_canonical_nans(result);
            if !computes {
                return assert_eq!(now, result, "{op}");
            }
            for (now, before) in floats(op, now).into_iter().zip(floats(op, result)) {
                let is_nan = before & without_sign > infinity;
                assert_eq!(now, if is_nan { canonical } else { before }, "{op}");
            }
        });
    }
}
