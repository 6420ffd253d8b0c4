//! Tests of the table as a whole, and of every integer and vector row against another formulation.

use std::collections::HashSet;

use super::Compute;
use crate::samples::Random;
use crate::{Lane, Load, LoadLane, Store, StoreLane, Trap, Type, V128, Value};

mod choice;
mod floats;
mod reference;

/// How many operands of each row are tried.
const TRIES: usize = 400;

/// `i32x4.add` as its shape, the width of a lane in bits, and the operator: `("i32x4", 32, "add")`.
fn parts(op: Compute) -> (&'static str, u32, &'static str) {
    let (shape, operator) = op.name().split_once('.').unwrap();
    let digits = shape[1..].split('x').next().unwrap();
    (shape, digits.parse().unwrap(), operator)
}

/// Runs `check` on random operands of `op`.
fn try_operands(op: Compute, mut check: impl FnMut(&[Value], Result<Value, Trap>)) {
    let mut random = Random::new(op.code().into());
    for _ in 0..TRIES {
        let args: Vec<Value> = op.params().iter().map(|&ty| random.value(ty)).collect();
        check(&args, op.eval(&args));
    }
}

fn vector(value: Value) -> V128 {
    match value {
        Value::V128(v) => v,
        other => panic!("expected a vector, found {other:?}"),
    }
}

#[test]
fn every_operator_has_one_row_and_one_name() {
    // 123 of version 1, 5 sign extensions, 8 saturating conversions; 198 vector operators have no immediate, and 20 relaxed.
    let is_vector = |op: &&Compute| op.name().split('.').next().unwrap().len() > 3;
    assert_eq!(Compute::ALL.len(), 354);
    let vectors = Compute::ALL.iter().filter(is_vector).count();
    assert_eq!((Compute::ALL.len() - vectors, vectors), (136, 218));
    assert_eq!(
        (Lane::ALL.len(), Load::ALL.len(), Store::ALL.len()),
        (14, 27, 10)
    );
    assert_eq!((LoadLane::ALL.len(), StoreLane::ALL.len()), (4, 4));

    let mut names = HashSet::new();
    names.extend(Compute::ALL.iter().map(|op| op.name()));
    names.extend(Lane::ALL.iter().map(|op| op.name()));
    names.extend(Load::ALL.iter().map(|op| op.name()));
    names.extend(Store::ALL.iter().map(|op| op.name()));
    names.extend(LoadLane::ALL.iter().map(|op| op.name()));
    names.extend(StoreLane::ALL.iter().map(|op| op.name()));
    assert_eq!(names.len(), 354 + 14 + 27 + 10 + 4 + 4);
}

#[test]
fn names_and_codes_lead_back() {
    for (code, &op) in Compute::ALL.iter().enumerate() {
        assert_eq!(Compute::from_name(op.name()), Some(op));
        assert_eq!(op.code() as usize, code);
        assert_eq!(Compute::from_code(op.code()), Some(op));
        assert_eq!(op.to_string(), op.name());
    }
    assert_eq!(Compute::from_name("i32.load"), None);
    assert_eq!(Compute::from_code(Compute::ALL.len() as u16), None);
}

#[test]
fn variants_are_named_after_their_names() {
    for op in Compute::ALL {
        let plain = |s: &str| s.replace(['.', '_'], "").to_lowercase();
        assert_eq!(plain(&format!("{op:?}")), plain(op.name()));
    }
}

#[test]
fn results_and_traps_are_as_the_signature_says() {
    for &op in Compute::ALL {
        let mut trapped = false;
        try_operands(op, |args, result| match result {
            Ok(value) => assert_eq!(value.ty(), op.result(), "{op} {args:?}"),
            Err(_) => trapped = true,
        });
        assert_eq!(trapped, op.can_trap(), "{op}");
    }
}

#[test]
fn a_stack_of_bits_changes_as_values_do() {
    for &op in Compute::ALL {
        try_operands(op, |args, result| {
            // What lies below the operands stays, and so does what an operand has above its own bits.
            let dirt = |bits: u128, ty: Type| {
                bits | u128::MAX.checked_shl(ty.bytes() as u32 * 8).unwrap_or(0)
            };
            let mut stack = vec![7];
            stack.extend(args.iter().map(|arg| dirt(arg.to_bits(), arg.ty())));
            let outcome = op.eval_on(&mut stack);
            let expected = result.map(|value| (args.len(), value.to_bits()));
            assert_eq!(outcome.map(|n| (n, stack[1])), expected, "{op} {args:?}");
            assert_eq!(stack[0], 7);
        });
    }
}

#[test]
#[should_panic(expected = "i32.add: operands of the wrong number or type")]
fn too_short_a_stack_is_our_bug() {
    let _ = Compute::I32Add.eval_on(&mut [1]);
}

#[test]
#[should_panic(expected = "i32.add: operands of the wrong number or type")]
fn too_few_operands_are_our_bug() {
    let _ = Compute::I32Add.eval(&[Value::I32(1)]);
}

#[test]
#[should_panic(expected = "i32.add: operands of the wrong number or type")]
fn operands_of_another_type_are_our_bug() {
    let _ = Compute::I32Add.eval(&[Value::I32(1), Value::I64(1)]);
}

#[test]
fn scalar_integers_follow_the_formulas() {
    let mut rows = 0;
    for &op in Compute::ALL
        .iter()
        .filter(|op| matches!(parts(**op).0, "i32" | "i64"))
    {
        let (_, bits, operator) = parts(op);
        if reference::unary(operator, bits, 0).is_none()
            && reference::binary(operator, bits, 0, 1).is_none()
        {
            continue;
        }
        rows += 1;
        try_operands(op, |args, result| {
            let a = args[0].to_bits() as i128;
            let expected = match args.get(1) {
                None => Ok(reference::unary(operator, bits, a).unwrap()),
                Some(b) => reference::binary(operator, bits, a, b.to_bits() as i128).unwrap(),
            };
            let expected = expected.map(|x| Value::from_bits(op.result(), x as u128));
            assert_eq!(result, expected, "{op} {args:?}");
        });
    }
    // All but eqz, the conversions and the reinterpretations.
    assert_eq!(rows, 2 * (10 + 18) + 5);
}

#[test]
fn eqz_wrap_and_extend() {
    use Compute::{I32Eqz, I32WrapI64, I64Eqz, I64ExtendI32S, I64ExtendI32U};
    let check = |op: Compute, arg, expected| assert_eq!(op.eval(&[arg]), Ok(expected), "{op}");
    check(I32Eqz, Value::I32(0), Value::I32(1));
    check(I32Eqz, Value::I32(i32::MIN), Value::I32(0));
    check(I64Eqz, Value::I64(0), Value::I32(1));
    check(I64Eqz, Value::I64(1 << 32), Value::I32(0));
    check(I32WrapI64, Value::I64(0x1_8000_0000), Value::I32(i32::MIN));
    check(I64ExtendI32S, Value::I32(-2), Value::I64(-2));
    check(I64ExtendI32U, Value::I32(-2), Value::I64(0xffff_fffe));
}

#[test]
fn vector_integers_follow_the_formulas_lane_by_lane() {
    let mut rows = 0;
    for &op in Compute::ALL {
        let (shape, bits, operator) = parts(op);
        let lanewise = reference::unary(operator, bits, 0).is_some()
            || reference::binary(operator, bits, 0, 1).is_some();
        if !matches!(shape, "i8x16" | "i16x8" | "i32x4" | "i64x2") || !lanewise {
            continue;
        }
        rows += 1;
        let is_comparison =
            matches!(&operator[..2], "eq" | "ne" | "lt" | "gt" | "le" | "ge") && operator != "neg";
        try_operands(op, |args, result| {
            let result = vector(result.unwrap());
            for i in 0..128 / bits {
                let a = reference::lane(vector(args[0]), bits, i);
                let expected = match args.get(1) {
                    None => reference::unary(operator, bits, a).unwrap(),
                    Some(&b) => {
                        let b = match b {
                            Value::V128(b) => reference::lane(b, bits, i),
                            count => count.to_bits() as i128,
                        };
                        reference::binary(operator, bits, a, b).unwrap().unwrap()
                    }
                };
                let expected = if is_comparison { -expected } else { expected };
                let expected = expected & ((1 << bits) - 1);
                assert_eq!(
                    reference::lane(result, bits, i),
                    expected,
                    "{op} {args:?} lane {i}"
                );
            }
        });
    }
    // Comparisons; abs, neg, shifts, add, sub; saturating, min, max, avgr; mul; popcnt, q15mulr.
    assert_eq!(rows, 3 * 10 + 6 + 4 * 7 + 2 * 4 + 3 * 4 + 2 + 3 + 2);
}

#[test]
fn reshaping_vector_operators_follow_the_formulas() {
    let mut rows = 0;
    for &op in Compute::ALL {
        let (shape, bits, operator) = parts(op);
        let zero = V128::default();
        if !shape.starts_with('i') || reference::reshaping(operator, bits, zero, zero).is_none() {
            continue;
        }
        if op.result() != Type::V128 {
            continue;
        }
        rows += 1;
        try_operands(op, |args, result| {
            let b = args.get(1).map_or(zero, |&b| vector(b));
            let expected = reference::reshaping(operator, bits, vector(args[0]), b).unwrap();
            assert_eq!(result, Ok(Value::V128(expected)), "{op} {args:?}");
        });
    }
    // extend, extmul; extadd; narrow; dot, swizzle.
    assert_eq!(rows, 2 * 12 + 4 + 4 + 2);
}

#[test]
fn questions_about_all_lanes_follow_the_formulas() {
    let mut rows = 0;
    for &op in Compute::ALL {
        let (_, bits, operator) = parts(op);
        if reference::asking(operator, bits, V128::default()).is_none() {
            continue;
        }
        rows += 1;
        let check = |args: &[Value], result| {
            let expected = reference::asking(operator, bits, vector(args[0])).unwrap();
            assert_eq!(result, Ok(Value::I32(expected as i32)), "{op} {args:?}");
        };
        try_operands(op, check);
        let ones = [Value::V128(V128([0xff; 16]))];
        check(&ones, op.eval(&ones));
    }
    assert_eq!(rows, 8);
}

#[test]
fn bitwise_vector_operators_work_on_each_bit() {
    type Bits = fn(bool, bool, bool) -> bool;
    let table: [(Compute, Bits); 6] = [
        (Compute::V128Not, |a, _, _| !a),
        (Compute::V128And, |a, b, _| a && b),
        (Compute::V128AndNot, |a, b, _| a && !b),
        (Compute::V128Or, |a, b, _| a || b),
        (Compute::V128Xor, |a, b, _| a != b),
        (Compute::V128Bitselect, |a, b, c| if c { a } else { b }),
    ];
    for (op, expected) in table {
        try_operands(op, |args, result| {
            let bit = |n: usize, i: u32| args.get(n).is_some_and(|v| v.to_bits() >> i & 1 == 1);
            let result = result.unwrap().to_bits();
            for i in 0u32..128 {
                let expected = expected(bit(0, i), bit(1, i), bit(2, i));
                assert_eq!(result >> i & 1 == 1, expected, "{op} {args:?} bit {i}");
            }
        });
    }
    let any = |bits| Compute::V128AnyTrue.eval(&[Value::V128(V128::from_u128(bits))]);
    assert_eq!(any(0), Ok(Value::I32(0)));
    assert_eq!(any(1 << 127), Ok(Value::I32(1)));
}

#[test]
fn splats_repeat_the_low_bits() {
    use Compute::{F32x4Splat, F64x2Splat, I8x16Splat, I16x8Splat, I32x4Splat, I64x2Splat};
    for op in [
        I8x16Splat, I16x8Splat, I32x4Splat, I64x2Splat, F32x4Splat, F64x2Splat,
    ] {
        let (_, bits, _) = parts(op);
        try_operands(op, |args, result| {
            for i in 0..128 / bits {
                let expected = args[0].to_bits() as i128 & ((1 << bits) - 1);
                let lane = reference::lane(vector(result.unwrap()), bits, i);
                assert_eq!(lane, expected, "{op} {args:?}");
            }
        });
    }
}
