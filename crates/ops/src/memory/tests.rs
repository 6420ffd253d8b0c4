//! Tests of the accesses: sizes from names, values from bytes by another formulation, stores undone by loads.

use super::{Load, LoadLane, Store, StoreLane};
use crate::samples::Random;
use crate::{V128, Value};

fn random_bytes(random: &mut Random) -> [u8; 16] {
    let high = u128::from(random.next());
    (high << 64 | u128::from(random.next())).to_le_bytes()
}

#[test]
fn names_and_codes_lead_back() {
    for (code, &op) in Load::ALL.iter().enumerate() {
        assert_eq!(Load::from_name(op.name()), Some(op));
        assert_eq!(Load::from_code(code as u16), Some(op));
    }
    for (code, &op) in Store::ALL.iter().enumerate() {
        assert_eq!(Store::from_name(op.name()), Some(op));
        assert_eq!(Store::from_code(code as u16), Some(op));
    }
    for (&load, &store) in std::iter::zip(LoadLane::ALL, StoreLane::ALL) {
        assert_eq!(LoadLane::from_name(load.name()), Some(load));
        assert_eq!(StoreLane::from_name(store.name()), Some(store));
        assert_eq!(load.name().replace("load", "store"), store.name());
        assert_eq!((load.bytes(), load.lanes()), (store.bytes(), store.lanes()));
        assert_eq!(load.bytes() * usize::from(load.lanes()), 16);
    }
}

/// What `op` reads, by its name: the bits of one lane in memory, the number of such lanes.
fn stored_lanes(op: Load) -> (usize, usize) {
    let (_, operator) = op.name().split_once('.').unwrap();
    let digits = operator.trim_start_matches("load");
    let digits = digits.split('_').next().unwrap();
    match digits.split_once('x') {
        Some((bits, lanes)) => (bits.parse().unwrap(), lanes.parse().unwrap()),
        None if digits.is_empty() => (op.result().bytes() * 8, 1),
        None => (digits.parse().unwrap(), 1),
    }
}

/// The bits that `op` makes of `bytes`, by its name.
fn expected_bits(op: Load, bytes: u128) -> u128 {
    let (bits, lanes) = stored_lanes(op);
    let lane = |i: usize| bytes >> (bits * i) & (u128::MAX >> (128 - bits));
    let sign_extended = |x: u128| ((x << (128 - bits)) as i128 >> (128 - bits)) as u128;
    let result_bits = op.result().bytes() * 8;
    match op.name().rsplit_once('_') {
        Some((_, "splat")) => (0..128 / bits).fold(0, |v, i| v | lane(0) << (bits * i)),
        Some((_, "s")) => {
            let wide = result_bits.min(if lanes > 1 { bits * 2 } else { result_bits });
            let mask = u128::MAX >> (128 - wide);
            (0..lanes).fold(0, |v, i| v | (sign_extended(lane(i)) & mask) << (wide * i))
        }
        Some((_, "u")) if lanes > 1 => (0..lanes).fold(0, |v, i| v | lane(i) << (bits * 2 * i)),
        _ => lane(0),
    }
}

#[test]
fn loads_make_of_bytes_what_their_names_say() {
    let mut random = Random::new(4);
    for &op in Load::ALL {
        let (bits, lanes) = stored_lanes(op);
        assert_eq!(op.bytes() * 8, bits * lanes, "{op}");
        for _ in 0..200 {
            let bytes = random_bytes(&mut random);
            let expected = expected_bits(op, u128::from_le_bytes(bytes));
            let expected = Value::from_bits(op.result(), expected);
            assert_eq!(op.eval(&bytes[..op.bytes()]), expected, "{op} {bytes:?}");
        }
    }
}

#[test]
fn stores_write_the_low_bytes() {
    let mut random = Random::new(5);
    for &op in Store::ALL {
        let digits = op.name().split_once(".store").unwrap().1;
        let expected = digits
            .parse()
            .map_or(op.operand().bytes(), |bits: usize| bits / 8);
        assert_eq!(op.bytes(), expected, "{op}");
        for _ in 0..200 {
            let value = random.value(op.operand());
            let found = op.eval(value);
            assert_eq!(
                found[..expected],
                value.to_bits().to_le_bytes()[..expected],
                "{op}"
            );
            assert_eq!(found[expected..], [0; 16][expected..], "{op}");
            let mut memory = vec![0; expected];
            op.write_bits(value.to_bits(), &mut memory);
            assert_eq!(found[..expected], memory, "{op}");
        }
    }
}

#[test]
fn lane_accesses_touch_one_lane() {
    let mut random = Random::new(6);
    for (&load, &store) in std::iter::zip(LoadLane::ALL, StoreLane::ALL) {
        for lane in 0..load.lanes() {
            let vector = V128(random_bytes(&mut random));
            let bytes = &random_bytes(&mut random)[..load.bytes()];
            let at = usize::from(lane) * load.bytes();
            let mut expected = vector.0;
            expected[at..][..load.bytes()].copy_from_slice(bytes);
            let loaded = load.eval(bytes, lane, vector);
            assert_eq!(loaded, V128(expected), "{load} {lane}");
            assert_eq!(
                store.eval(lane, loaded)[..store.bytes()],
                *bytes,
                "{store} {lane}"
            );
        }
    }
}

#[test]
#[should_panic(expected = "expected 4 bytes, found 3")]
fn too_few_bytes_are_our_bug() {
    Load::I32Load.eval(&[1, 2, 3]);
}

#[test]
#[should_panic(expected = "i32.store: operands of the wrong number or type")]
fn a_value_of_another_type_is_our_bug() {
    Store::I32Store.eval(Value::F32(0));
}
