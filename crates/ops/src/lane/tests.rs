//! Tests of the lane operators: what is replaced is what is extracted, and nothing else changes.

use super::Lane;
use crate::samples::Random;
use crate::{Type, V128, Value};

/// The width of a lane, in bytes, from the operator's name.
fn width(op: Lane) -> usize {
    16 / usize::from(op.lanes())
}

#[test]
fn names_and_codes_lead_back() {
    for (code, &op) in Lane::ALL.iter().enumerate() {
        assert_eq!(Lane::from_name(op.name()), Some(op));
        assert_eq!(Lane::from_code(code as u16), Some(op));
        let shape = op.name().split('.').next().unwrap();
        assert!(shape.ends_with(&format!("x{}", op.lanes())), "{op}");
    }
}

#[test]
fn extraction_reads_and_replacement_writes_the_bytes_of_one_lane() {
    let mut random = Random::new(3);
    for &op in Lane::ALL {
        for lane in (0..op.lanes()).cycle().take(100) {
            let Value::V128(vector) = random.value(Type::V128) else {
                unreachable!()
            };
            let at = usize::from(lane) * width(op)..(usize::from(lane) + 1) * width(op);
            if let [_, ty] = *op.params() {
                let x = random.value(ty);
                let mut expected = vector.0;
                expected[at.clone()].copy_from_slice(&x.to_bits().to_le_bytes()[..width(op)]);
                let mut stack = [7, vector.to_u128(), x.to_bits() | u128::MAX << 64];
                assert_eq!(op.eval_on(lane, &mut stack), 2);
                assert_eq!(stack[..2], [7, u128::from_le_bytes(expected)], "{op}");
                let found = op.eval(lane, &[Value::V128(vector), x]);
                assert_eq!(found, Value::V128(V128(expected)), "{op} {lane}");
            } else {
                let negative = vector.0[at.end - 1] >= 0x80;
                let fill = if negative && op.name().ends_with("_s") {
                    0xff
                } else {
                    0
                };
                let mut expected = [fill; 16];
                expected[..width(op)].copy_from_slice(&vector.0[at]);
                let expected = Value::from_bits(op.result(), u128::from_le_bytes(expected));
                let mut stack = [7, vector.to_u128()];
                assert_eq!(op.eval_on(lane, &mut stack), 1);
                assert_eq!(stack, [7, expected.to_bits()], "{op}");
                assert_eq!(
                    op.eval(lane, &[Value::V128(vector)]),
                    expected,
                    "{op} {lane}"
                );
            }
        }
    }
}

#[test]
#[should_panic]
fn a_lane_that_is_not_there_is_our_bug() {
    Lane::I32x4ExtractLane.eval(4, &[Value::V128(V128::default())]);
}
