//! Where branches go, by example; heights against the validator, on the whole official suite.

use super::FuncCode;
use super::build::Builder;
use crate::tests::hostile::{Rng, mutate};
use crate::tests::suite::cases;
use crate::tests::{decode_with, validate, wasm};
use crate::{Features, Op, decode_trusted};
use expect_test::{Expect, expect};

fn check(func: &str, expected: Expect) {
    let module = validate(&wasm(&format!("(module {func})")), &Features::default()).unwrap();
    let code = FuncCode::decode(&module, 0).unwrap();
    let mut text = format!("max height {}\n", code.max_height());
    for (at, op) in code.ops().iter().enumerate() {
        text += &format!("{at} {op:?}");
        let count = match op {
            Op::BrTable { count, .. } => *count,
            _ => 1,
        };
        let side = code.side[at] as usize;
        for branch in code
            .branches
            .get(side..side + count as usize)
            .unwrap_or_default()
        {
            text += &format!(
                " -> {} keep {} height {}",
                branch.target, branch.keep, branch.height
            );
        }
        text.push('\n');
    }
    expected.assert_eq(&text);
}

#[test]
fn loops_and_blocks() {
    check(
        "(func (param i32) (result i32)
            i32.const 7
            (block (loop (br_if 1 (local.get 0)) (br 0)))
            i32.const 5 br 0 drop)",
        expect![[r#"
            max height 2
            0 I32Const(7)
            1 Block(Empty)
            2 Loop(Empty)
            3 LocalGet(0)
            4 BrIf(1) -> 8 keep 0 height 1
            5 Br(0) -> 2 keep 0 height 1
            6 End
            7 End
            8 I32Const(5)
            9 Br(0) -> 11 keep 1 height 0
            10 Drop
            11 End
        "#]],
    );
}

#[test]
fn arms_of_if() {
    check(
        "(func (param i32) (result i32) (i64.const 0)
            (if (param i64) (result i32) (local.get 0) (then (i32.wrap_i64)) (else (drop) (return (i32.const 1))))
            (if (local.get 0) (then)))",
        expect![[r#"
            max height 2
            0 I64Const(0)
            1 LocalGet(0)
            2 If(Func(TypeIdx(1))) -> 5 keep 1 height 0
            3 Compute(I32WrapI64)
            4 Else -> 9 keep 1 height 0
            5 Drop
            6 I32Const(1)
            7 Return -> 12 keep 1 height 0
            8 End
            9 LocalGet(0)
            10 If(Empty) -> 12 keep 0 height 1
            11 End
            12 End
        "#]],
    );
}

#[test]
fn tables_and_dead_code() {
    check(
        "(func (param i32)
            (block (block (br_table 0 1 2 (local.get 0)) (if (then (br 1)) (else (br 0)))) (unreachable))
            (loop (br 0)))",
        expect![[r#"
            max height 1
            0 Block(Empty)
            1 Block(Empty)
            2 LocalGet(0)
            3 BrTable { first: 0, count: 3 } -> 10 keep 0 height 0 -> 12 keep 0 height 0 -> 15 keep 0 height 0
            4 If(Empty)
            5 Br(1)
            6 Else
            7 Br(0)
            8 End
            9 End
            10 Unreachable
            11 End
            12 Loop(Empty)
            13 Br(0) -> 12 keep 0 height 0
            14 End
            15 End
        "#]],
    );
}

#[test]
fn heights_are_those_of_the_validator() {
    let mut compared = 0;
    for case in cases().iter().filter(|case| case.valid) {
        let features = Features::default();
        let module = decode_with(&case.bytes, &features, |mut body| {
            let header = body.header().clone();
            let mut builder = Builder::new(&header, body.func());
            while let Some((_, op)) = body.next()? {
                builder.op(op, body.labels(0, body.n_labels())).unwrap();
                let reachable = body.reachable();
                assert_eq!(builder.reachable, reachable, "{}: {op:?}", case.place);
                if reachable {
                    assert_eq!(
                        builder.height,
                        body.operand_height(),
                        "{}: {op:?}",
                        case.place
                    );
                    compared += 1;
                }
            }
            Ok(())
        })
        .unwrap();
        for defined in 0..module.body_ranges().len() {
            let code = FuncCode::decode(&module, defined).unwrap();
            // Every branch of the finished table lands on an operator and within the stack.
            for branch in &code.branches {
                assert!(
                    (branch.target as usize) < code.ops().len(),
                    "{}",
                    case.place
                );
                assert!(
                    (branch.height + branch.keep) as usize <= code.max_height(),
                    "{}",
                    case.place
                );
            }
        }
    }
    assert!(compared > 30_000, "{compared} operators were compared");
}

#[test]
fn bodies_that_were_never_validated() {
    let cases = cases();
    let mut rng = Rng(0xc0de);
    for _ in 0..8000 {
        let mut bytes = cases[rng.below(cases.len())].bytes.clone();
        if bytes.is_empty() {
            continue;
        }
        mutate(&mut bytes, &mut rng);
        if let Ok(module) = decode_trusted(bytes.into()) {
            for defined in 0..module.body_ranges().len() {
                let _ = FuncCode::decode(&module, defined);
            }
        }
    }
}

/// Where what each `throw` throws is caught: the height of the operand stack there, `-` if it is not.
fn handlers(func: &str) -> Vec<String> {
    let module = format!("(module (tag $a) (tag $b) {func})");
    let module = validate(&wasm(&module), &Features::default()).unwrap();
    let code = FuncCode::decode(&module, 0).unwrap();
    let throws = code.ops().iter().enumerate();
    let throws = throws.filter_map(|(at, op)| match op {
        Op::Throw(tag) => Some((at, *tag)),
        _ => None,
    });
    let found = throws.map(|(at, tag)| match code.handler(at, |other| other == tag) {
        Some(handler) => handler.branch.height.to_string(),
        None => "-".to_string(),
    });
    found.collect()
}

#[test]
fn handlers_are_those_around_a_place() {
    let found = handlers(
        "(func
           block i32.const 0 block i32.const 0 block
             try_table (catch $a 0)
               try_table (catch $b 2)
                 block throw $a end block throw $b end
               end
               try_table (catch_all 3) end
               block throw $a end block throw $b end
               try_table (catch_all 3) throw $b end
             end
             block throw $a end
           end drop end drop end
           throw $a)",
    );
    assert_eq!(found, ["2", "1", "2", "-", "0", "-", "-"]);
}

/// What is thrown behind the ends of many blocks is not looked for in each of them.
#[test]
fn handlers_behind_many_blocks() {
    let n = 50_000;
    let func = format!(
        "(func {} {})",
        "block try_table (catch_all 0) ".repeat(n),
        "throw $a end end ".repeat(n)
    );
    assert_eq!(handlers(&func), vec!["0"; n]);
}
