//! What is written is read as what it was, over the official suite; and lengths are those of what is written.

use super::{END, op, signed, signed_len, unsigned, unsigned_len, val_type};
use crate::tests::suite::cases;
use crate::{FuncInput, Module, Op, ReadScratch, decode};

#[test]
fn lengths_are_those_of_what_is_written() {
    for shift in 0..64 {
        for value in [1u64 << shift, (1 << shift) - 1, !(1u64 << shift)] {
            let mut out = Vec::new();
            unsigned(&mut out, value);
            assert_eq!(out.len(), unsigned_len(value), "{value}");
            for value in [value as i64, -(value as i64).saturating_abs()] {
                let mut out = Vec::new();
                signed(&mut out, value);
                assert_eq!(out.len(), signed_len(value), "{value}");
            }
        }
    }
}

fn read(bytes: Vec<u8>, features: &crate::Features) -> (Module, Vec<FuncInput>) {
    let mut inputs = Vec::new();
    let module = decode(bytes, features, &mut |_, input| inputs.push(input));
    (module.expect("the module is valid"), inputs)
}

/// The operators of a body, its labels and its locals, and the body written anew.
fn rewritten(input: FuncInput) -> (Vec<Op>, Vec<u8>) {
    let mut scratch = ReadScratch::default();
    let mut reader = input.read(&mut scratch).expect("the body is valid");
    let mut body = Vec::new();
    unsigned(&mut body, reader.locals().len() as u64);
    for &(count, ty) in reader.locals() {
        unsigned(&mut body, count.into());
        val_type(&mut body, ty);
    }
    let mut ops = Vec::new();
    while let Some((_, found)) = reader.next().expect("the body is valid") {
        let (first, count) = match found {
            Op::BrTable { first, count } => (first, count),
            Op::TryTable { first, count, .. } => (first, u32::from(count) * 3),
            _ => (0, 0),
        };
        op(&mut body, &found, reader.labels(0, first + count));
        ops.push(found);
    }
    assert_eq!(body.last(), Some(&END));
    (ops, body)
}

#[test]
fn what_is_written_is_read_as_what_it_was() {
    let features = crate::Features::default();
    let mut n_ops = 0;
    for case in cases().into_iter().filter(|case| case.valid) {
        let (module, inputs) = read(case.bytes.clone(), &features);
        let (Some(start), Some(last)) = (module.code_start(), module.body_ranges().last()) else {
            continue;
        };
        let mut contents = Vec::new();
        unsigned(&mut contents, inputs.len() as u64);
        let mut before = Vec::new();
        for input in inputs {
            let (ops, body) = rewritten(input);
            super::bytes(&mut contents, &body);
            before.push(ops);
        }
        // In front of the contents are the section's number and size, in as many bytes as they need or five.
        let size = u64::from(last.end - start);
        let id = [1 + unsigned_len(size), 6].into_iter().find(|&before| {
            let section = start as usize - before;
            case.bytes[section] == 10
        });
        let Some(size) = id else { continue };
        let mut again = case.bytes[..=start as usize - size].to_vec();
        super::bytes(&mut again, &contents);
        again.extend_from_slice(&case.bytes[last.end as usize..]);
        let (_, inputs) = read(again, &features);
        for (input, before) in inputs.into_iter().zip(before) {
            // A selection of references has a type, which the operator does not keep.
            if before.contains(&Op::Select) && case.place.contains("select") {
                continue;
            }
            assert_eq!(rewritten(input).0, before, "{}", case.place);
            n_ops += before.len();
        }
    }
    assert!(n_ops > 30_000, "{n_ops}");
}
