//! Tests of the rows on floats, scalar against wider arithmetic and vector against scalar.
//!
//! Apart from the integers because their judge is another: the scalar rows themselves.

use super::{parts, reference, try_operands, vector};
use crate::{Compute, Type, Value};

fn f32_of(value: Value) -> f32 {
    f32::from_bits(value.to_bits() as u32)
}

fn f64_of(value: Value) -> f64 {
    f64::from_bits(value.to_bits() as u64)
}

/// A result of `f64` arithmetic rounded to `f32` is the right `f32`: 53 bits are more than twice 24 and 2.
#[test]
fn f32_arithmetic_is_f64_arithmetic_rounded() {
    type Wide = fn(f64, f64) -> f64;
    let table: [(Compute, Wide); 5] = [
        (Compute::F32Add, |a, b| a + b),
        (Compute::F32Sub, |a, b| a - b),
        (Compute::F32Mul, |a, b| a * b),
        (Compute::F32Div, |a, b| a / b),
        (Compute::F32Sqrt, |a, _| a.sqrt()),
    ];
    for (op, expected) in table {
        try_operands(op, |args, result| {
            let b = args.get(1).map_or(0.0, |&b| f32_of(b));
            let expected = expected(f32_of(args[0]).into(), b.into()) as f32;
            let result = f32_of(result.unwrap());
            if expected.is_nan() {
                assert!(result.is_nan(), "{op} {args:?}");
            } else {
                assert_eq!(result.to_bits(), expected.to_bits(), "{op} {args:?}");
            }
        });
    }
}

#[test]
fn f64_arithmetic_is_exact_where_integers_are() {
    for a in -40i64..40 {
        for b in -40i64..40 {
            let args = [
                Value::F64((a as f64).to_bits()),
                Value::F64((b as f64).to_bits()),
            ];
            let run = |op: Compute| f64_of(op.eval(&args).unwrap());
            assert_eq!(run(Compute::F64Add), (a + b) as f64);
            assert_eq!(run(Compute::F64Sub), (a - b) as f64);
            assert_eq!(run(Compute::F64Mul), (a * b) as f64);
            assert_eq!(run(Compute::F64Min), a.min(b) as f64);
            assert_eq!(run(Compute::F64Max), a.max(b) as f64);
            if b != 0 && a % b == 0 {
                assert_eq!(run(Compute::F64Div), (a / b) as f64);
            }
            let square = [Value::F64(((a * a) as f64).to_bits())];
            let root = f64_of(Compute::F64Sqrt.eval(&square).unwrap());
            assert_eq!(root, a.abs() as f64);
        }
    }
}

#[test]
fn comparisons_order_all_but_nan() {
    for &op in Compute::ALL
        .iter()
        .filter(|op| matches!(parts(**op).0, "f32" | "f64"))
    {
        let (_, bits, operator) = parts(op);
        let float = |v| {
            if bits == 32 {
                f32_of(v).into()
            } else {
                f64_of(v)
            }
        };
        let holds: fn(Option<std::cmp::Ordering>) -> bool = match operator {
            "eq" => |order| order.is_some_and(|o| o.is_eq()),
            "ne" => |order| order.is_none_or(|o| o.is_ne()),
            "lt" => |order| order.is_some_and(|o| o.is_lt()),
            "gt" => |order| order.is_some_and(|o| o.is_gt()),
            "le" => |order| order.is_some_and(|o| o.is_le()),
            "ge" => |order| order.is_some_and(|o| o.is_ge()),
            _ => continue,
        };
        try_operands(op, |args, result| {
            let expected = holds(float(args[0]).partial_cmp(&float(args[1])));
            assert_eq!(result, Ok(Value::I32(expected.into())), "{op} {args:?}");
        });
    }
}

/// Signs are bits, also those of NaN.
#[test]
fn abs_neg_and_copysign_touch_only_the_sign() {
    for &op in Compute::ALL
        .iter()
        .filter(|op| matches!(parts(**op).0, "f32" | "f64"))
    {
        let (_, bits, operator) = parts(op);
        let sign = 1u128 << (bits - 1);
        let expected: fn(u128, u128, u128) -> u128 = match operator {
            "abs" => |a, _, sign| a & !sign,
            "neg" => |a, _, sign| a ^ sign,
            "copysign" => |a, b, sign| a & !sign | b & sign,
            _ => continue,
        };
        try_operands(op, |args, result| {
            let b = args.get(1).map_or(0, |b| b.to_bits());
            let expected = expected(args[0].to_bits(), b, sign);
            assert_eq!(result.unwrap().to_bits(), expected, "{op} {args:?}");
        });
    }
}

/// Moves between registers of two types keep every bit.
#[test]
fn reinterpretation_keeps_the_bits() {
    for &op in Compute::ALL
        .iter()
        .filter(|op| op.name().contains("reinterpret"))
    {
        try_operands(op, |args, result| {
            assert_eq!(
                result.unwrap().to_bits(),
                args[0].to_bits(),
                "{op} {args:?}"
            );
        });
    }
}

#[test]
fn vector_floats_are_scalar_floats_lane_by_lane() {
    let mut rows = 0;
    for &op in Compute::ALL {
        let (shape, bits, operator) = parts(op);
        let scalar = match shape {
            "f32x4" => Compute::from_name(&format!("f32.{operator}")),
            "f64x2" => Compute::from_name(&format!("f64.{operator}")),
            _ => None,
        };
        let Some(scalar) = scalar else { continue };
        rows += 1;
        try_operands(op, |args, result| {
            for i in 0..128 / bits {
                let lane = |&v: &Value| reference::lane(vector(v), bits, i) as u128;
                let lanes: Vec<Value> = std::iter::zip(args, scalar.params())
                    .map(|(v, &ty)| Value::from_bits(ty, lane(v)))
                    .collect();
                let expected = scalar.eval(&lanes).unwrap();
                let expected = match expected {
                    Value::I32(truth) => u128::from(truth != 0) * ((1 << bits) - 1),
                    float => float.to_bits(),
                };
                assert_eq!(lane(&result.unwrap()), expected, "{op} {args:?} lane {i}");
            }
        });
    }
    // Comparisons; ceil, floor, trunc, nearest, abs, neg, sqrt; add, sub, mul, div, min, max.
    assert_eq!(rows, 2 * (6 + 7 + 6));
}

#[test]
fn vector_conversions_are_scalar_conversions_lane_by_lane() {
    let table = [
        ("i32x4.trunc_sat_f32x4_s", "i32.trunc_sat_f32_s"),
        ("i32x4.trunc_sat_f32x4_u", "i32.trunc_sat_f32_u"),
        ("f32x4.convert_i32x4_s", "f32.convert_i32_s"),
        ("f32x4.convert_i32x4_u", "f32.convert_i32_u"),
        ("i32x4.trunc_sat_f64x2_s_zero", "i32.trunc_sat_f64_s"),
        ("i32x4.trunc_sat_f64x2_u_zero", "i32.trunc_sat_f64_u"),
        ("f64x2.convert_low_i32x4_s", "f64.convert_i32_s"),
        ("f64x2.convert_low_i32x4_u", "f64.convert_i32_u"),
        ("f32x4.demote_f64x2_zero", "f32.demote_f64"),
        ("f64x2.promote_low_f32x4", "f64.promote_f32"),
    ];
    for (name, scalar) in table {
        let op = Compute::from_name(name).unwrap();
        let scalar = Compute::from_name(scalar).unwrap();
        let bits_of = |ty| {
            if matches!(ty, Type::I64 | Type::F64) {
                64
            } else {
                32
            }
        };
        let (from, to) = (bits_of(scalar.params()[0]), bits_of(scalar.result()));
        try_operands(op, |args, result| {
            for i in 0..128 / to {
                let expected = if i < 128 / from {
                    let lane = reference::lane(vector(args[0]), from, i) as u128;
                    let lane = Value::from_bits(scalar.params()[0], lane);
                    scalar.eval(&[lane]).unwrap().to_bits()
                } else {
                    0
                };
                let found = reference::lane(vector(result.unwrap()), to, i) as u128;
                assert_eq!(found, expected, "{op} {args:?} lane {i}");
            }
        });
    }
}

#[test]
fn pseudo_minimum_and_maximum_choose_an_operand_bit_for_bit() {
    use Compute::{F32x4PMax, F32x4PMin, F64x2PMax, F64x2PMin};
    for op in [F32x4PMin, F32x4PMax, F64x2PMin, F64x2PMax] {
        let (_, bits, operator) = parts(op);
        try_operands(op, |args, result| {
            for i in 0..128 / bits {
                let lane = |v| reference::lane(vector(v), bits, i) as u128;
                let float = |v| match bits {
                    32 => f32::from_bits(lane(v) as u32).into(),
                    _ => f64::from_bits(lane(v) as u64),
                };
                let (a, b): (f64, f64) = (float(args[0]), float(args[1]));
                let second = if operator == "pmin" { b < a } else { a < b };
                let expected = lane(args[usize::from(second)]);
                assert_eq!(lane(result.unwrap()), expected, "{op} {args:?} lane {i}");
            }
        });
    }
}

/// `x` as a float with `precision` significant bits: the nearest such integer, ties to even, by the definition.
fn rounded(x: i128, precision: u32) -> i128 {
    let size = 128 - x.unsigned_abs().leading_zeros();
    let Some(dropped) = size.checked_sub(precision).filter(|&bits| bits > 0) else {
        return x;
    };
    let unit = 1 << dropped;
    let below = x.div_euclid(unit);
    let twice_rest = x.rem_euclid(unit) * 2;
    let up = twice_rest > unit || (twice_rest == unit && below % 2 != 0);
    (below + i128::from(up)) * unit
}

#[test]
fn integers_convert_to_the_nearest_float() {
    let mut rows = 0;
    for &op in Compute::ALL {
        let (shape, _, operator) = parts(op);
        let Some(from) = operator
            .strip_prefix("convert_i")
            .filter(|_| shape.len() == 3)
        else {
            continue;
        };
        rows += 1;
        let (bits, suffix) = from.split_once('_').unwrap();
        let bits: u32 = bits.parse().unwrap();
        try_operands(op, |args, result| {
            let x = args[0].to_bits() as i128;
            let x = if suffix == "s" {
                reference::signed(x, bits)
            } else {
                x
            };
            // The float is an integer below 2^65, which the wide integer holds exactly.
            let (found, precision) = match result.unwrap() {
                Value::F32(bits) => (f32::from_bits(bits) as i128, 24),
                float => (f64_of(float) as i128, 53),
            };
            assert_eq!(found, rounded(x, precision), "{op} {args:?}");
        });
    }
    assert_eq!(rows, 8);
}

#[test]
fn saturating_truncation_is_truncation_where_that_does_not_trap() {
    let mut rows = 0;
    for &op in Compute::ALL {
        let (shape, bits, operator) = parts(op);
        let Some(from) = operator
            .strip_prefix("trunc_sat_")
            .filter(|_| shape.len() == 3)
        else {
            continue;
        };
        rows += 1;
        let trapping = Compute::from_name(&format!("{shape}.trunc_{from}")).unwrap();
        let (least, greatest) = match from.ends_with("_s") {
            true => (1u128 << (bits - 1), (1u128 << (bits - 1)) - 1),
            false => (0, (1u128 << bits) - 1),
        };
        try_operands(op, |args, result| {
            let float = match args[0] {
                Value::F32(bits) => f32::from_bits(bits).into(),
                float => f64_of(float),
            };
            let expected = match trapping.eval(args) {
                Ok(whole) => whole.to_bits(),
                Err(_) if float.is_nan() => 0,
                Err(_) if float < 0.0 => least,
                Err(_) => greatest,
            };
            assert_eq!(result.unwrap().to_bits(), expected, "{op} {args:?}");
        });
    }
    assert_eq!(rows, 8);
}

/// Just above the middle between two `f32`s; on the way through `f64` these would be rounded twice, and down.
#[test]
fn wide_integers_are_rounded_once() {
    let check = |op: Compute, x: i64, expected: f32| {
        assert_eq!(
            op.eval(&[Value::I64(x)]),
            Ok(Value::F32(expected.to_bits())),
            "{op} {x}"
        );
    };
    let above_middle = (1 << 62) + (1 << 38) + 1;
    check(
        Compute::F32ConvertI64S,
        above_middle,
        4_611_686_568_183_201_792.0,
    );
    check(
        Compute::F32ConvertI64U,
        above_middle,
        4_611_686_568_183_201_792.0,
    );
    check(
        Compute::F32ConvertI64S,
        -above_middle,
        -4_611_686_568_183_201_792.0,
    );
}
