//! What legacy functions become, by example; what they do is tested by scripts.

use crate::tests::{decode_with, validate, wasm};
use crate::{ErrorKind, Features, FuncCode, Op};
use expect_test::{Expect, expect};
use std::fmt::Write;

/// The operators that come out, with their offsets from the first one, indented by blocks.
fn check(func: &str, expected: Expect) {
    let module = format!(
        "(module (tag $e) (tag $i (param i32)) (tag $two (param i64 i32))
           (func (export \"f\") {func}))"
    );
    let bytes = wasm(&module);
    validate(&bytes, &Features::decodable()).unwrap();
    let mut text = String::new();
    let module = decode_with(&bytes, &Features::decodable(), |mut body| {
        let start = body.offset();
        writeln!(text, "locals {:?}", body.locals()).unwrap();
        let mut depth = 0;
        while let Some((offset, op)) = body.next()? {
            depth -= usize::from(matches!(op, Op::End | Op::Else) && depth > 0);
            let offset = offset as usize - start;
            write!(text, "{offset:3} {}{op:?}", "  ".repeat(depth)).unwrap();
            match op {
                Op::TryTable { first, count, .. } => {
                    for catch in body.catches(first, count) {
                        let tag = catch.tag.map(|tag| tag.0);
                        write!(text, " {tag:?}->{}", catch.label).unwrap();
                    }
                }
                Op::BrTable { first, count } => {
                    write!(text, " {:?}", body.labels(first, count)).unwrap();
                }
                _ => {}
            }
            text.push('\n');
            depth += usize::from(matches!(
                op,
                Op::Block(_) | Op::Loop(_) | Op::If(_) | Op::Else | Op::TryTable { .. }
            ));
        }
        Ok(())
    })
    .unwrap();
    // Who reads without validating gets the same.
    let code = FuncCode::decode(&module, 0).unwrap();
    let n_ops = text.lines().count() - 1;
    assert_eq!(code.ops().len(), n_ops);
    expected.assert_eq(&text);
}

#[test]
fn handlers_and_rethrow() {
    check(
        "(result i64)
         (try (result i64)
           (do (throw $i (i32.const 1)))
           (catch $i (i64.extend_i32_u))
           (catch $two (drop))
           (catch_all (rethrow 0)))",
        expect![[r#"
            locals [(1, Ref(RefType { nullable: true, heap: Exn }))]
              0 Block(Value(I64))
              0   Block(Value(Ref(RefType { nullable: true, heap: Exn })))
              0     Block(Func(TypeIdx(5)))
              0       Block(Func(TypeIdx(4)))
              0         TryTable { ty: Value(I64), first: 0, count: 3 } Some(1)->0 Some(2)->1 None->2
              2           I32Const(1)
              4           Throw(TagIdx(1))
              6         End
              6         Br(3)
              6       End
              6       Drop
              8       Compute(I64ExtendI32U)
              9       Br(2)
              9     End
              9     Drop
             11     Drop
             12     Br(1)
             12   End
             12   LocalSet(0)
             13   LocalGet(0)
             13   ThrowRef
             15 End
             16 End
        "#]],
    );
}

#[test]
fn labels_count_blocks_that_were_added() {
    check(
        "(param i32)
         (block
           (try
             (do (br 0) (br 1) (block (br_if 1 (local.get 0)) (br_table 0 1 2 3 (local.get 0))))
             (catch $e (br 0) (br 1))
             (catch $i (br_if 0) (br 2))))",
        expect![[r#"
            locals []
              0 Block(Empty)
              2   Block(Empty)
              2     Block(Func(TypeIdx(3)))
              2       Block(Value(Ref(RefType { nullable: true, heap: Exn })))
              2         TryTable { ty: Empty, first: 0, count: 2 } Some(0)->0 Some(1)->1
              4           Br(3)
              6           Br(4)
              8           Block(Empty)
             10             LocalGet(0)
             12             BrIf(4)
             14             LocalGet(0)
             16             BrTable { first: 6, count: 4 } [0, 4, 5, 6]
             22           End
             23         End
             23         Br(2)
             23       End
             23       Drop
             25       Br(1)
             27       Br(2)
             29       Br(1)
             29     End
             29     Drop
             31     BrIf(0)
             33     Br(2)
             35   End
             36 End
             37 End
        "#]],
    );
}

#[test]
fn delegates() {
    check(
        "(try $target
           (do
             (try
               (do (try (do (throw $e)) (delegate $target)))
               (catch_all)))
           (catch $e))
         (try (do (try (do (throw $e)) (delegate 1))) (catch_all))
         (try (do (try (do (throw $e)) (delegate 0))) (catch_all))",
        expect![[r#"
            locals []
              0 Block(Value(Ref(RefType { nullable: true, heap: Exn })))
              0   Block(Empty)
              0     Block(Value(Ref(RefType { nullable: true, heap: Exn })))
              0       TryTable { ty: Empty, first: 0, count: 1 } Some(0)->0
              0         Block(Value(Ref(RefType { nullable: true, heap: Exn })))
              2           Block(Empty)
              2             Block(Value(Ref(RefType { nullable: true, heap: Exn })))
              2               TryTable { ty: Empty, first: 3, count: 1 } None->0
              4                 TryTable { ty: Empty, first: 6, count: 1 } None->3
              6                   Throw(TagIdx(0))
              8                 End
             10               End
             10               Br(1)
             10             End
             10             Drop
             11           End
             12           Br(1)
             12         End
             12         ThrowRef
             12       End
             12       Br(1)
             12     End
             12     Drop
             14   End
             15   Block(Empty)
             15     Block(Value(Ref(RefType { nullable: true, heap: Exn })))
             15       TryTable { ty: Empty, first: 9, count: 1 } None->0
             17         TryTable { ty: Empty, first: 12, count: 1 } None->3
             19           Throw(TagIdx(0))
             21         End
             23       End
             23       Br(1)
             23     End
             23     Drop
             24   End
             25   Block(Empty)
             25     Block(Value(Ref(RefType { nullable: true, heap: Exn })))
             25       TryTable { ty: Empty, first: 15, count: 1 } None->0
             27         Block(Empty)
             29           Throw(TagIdx(0))
             31         End
             33       End
             33       Br(1)
             33     End
             33     Drop
             34   End
             35   Return
             35 End
             35 ThrowRef
             35 End
        "#]],
    );
}

#[test]
fn delegates_to_places_that_catch_nothing() {
    check(
        "(try $outer
           (do
             (try
               (do (throw $e))
               (catch $e
                 ;; The handlers of this `try` do not see what its own handler throws.
                 (try (do (throw $i (i32.const 1))) (delegate 0))
                 (loop (try (do (throw $i (i32.const 2))) (delegate 0))))))
           (catch $i drop))",
        expect![[r#"
            locals []
              0 Block(Empty)
              0   Block(Func(TypeIdx(3)))
              0     TryTable { ty: Empty, first: 0, count: 1 } Some(1)->0
              2       Block(Empty)
              2         Block(Value(Ref(RefType { nullable: true, heap: Exn })))
              2           TryTable { ty: Empty, first: 3, count: 1 } Some(0)->0
              4             Throw(TagIdx(0))
              6           End
              6           Br(1)
              6         End
              6         Drop
              8         Block(Empty)
             10           I32Const(1)
             12           Throw(TagIdx(1))
             14         End
             16         Loop(Empty)
             18           Block(Empty)
             20             I32Const(2)
             22             Throw(TagIdx(1))
             24           End
             26         End
             27       End
             28     End
             28     Br(1)
             28   End
             28   Drop
             30   Drop
             31 End
             32 End
        "#]],
    );
}

#[test]
fn parameters_and_nested_rethrows() {
    check(
        "(param i64 f32 i64)
         local.get 0 local.get 1 local.get 2
         try (param i64 f32 i64)
           drop drop drop
           try try throw $e delegate 1 catch $i drop end
         catch $e
           try throw $e catch_all rethrow 0 end
           rethrow 0
         catch_all
           try throw $e catch_all rethrow 1 end
         end",
        expect![[r#"
            locals [(2, Ref(RefType { nullable: true, heap: Exn })), (1, I64), (1, F32), (1, I64)]
              0 LocalGet(0)
              2 LocalGet(1)
              4 LocalGet(2)
              6 Block(Func(TypeIdx(3)))
              6   LocalSet(7)
              6   LocalSet(6)
              6   LocalSet(5)
              6   Block(Value(Ref(RefType { nullable: true, heap: Exn })))
              6     Block(Value(Ref(RefType { nullable: true, heap: Exn })))
              6       LocalGet(5)
              6       LocalGet(6)
              6       LocalGet(7)
              6       TryTable { ty: Func(TypeIdx(3)), first: 0, count: 2 } Some(0)->0 None->1
              6         LocalSet(7)
              6         LocalSet(6)
              6         LocalSet(5)
              6         Block(Value(Ref(RefType { nullable: true, heap: Exn })))
              6           LocalGet(5)
              6           LocalGet(6)
              6           LocalGet(7)
              8           Drop
              9           Drop
             10           Drop
             11           Block(Empty)
             11             Block(Func(TypeIdx(4)))
             11               TryTable { ty: Empty, first: 6, count: 1 } Some(1)->0
             13                 TryTable { ty: Empty, first: 9, count: 1 } None->3
             15                   Throw(TagIdx(0))
             17                 End
             19               End
             19               Br(1)
             19             End
             19             Drop
             21             Drop
             22           End
             23           Br(1)
             23         End
             23         ThrowRef
             23       End
             23       Br(2)
             23     End
             23     LocalSet(3)
             25     Block(Empty)
             25       Block(Value(Ref(RefType { nullable: true, heap: Exn })))
             25         TryTable { ty: Empty, first: 12, count: 1 } None->0
             27           Throw(TagIdx(0))
             29         End
             29         Br(1)
             29       End
             29       LocalSet(4)
             30       LocalGet(4)
             30       ThrowRef
             32     End
             33     LocalGet(3)
             33     ThrowRef
             35     Br(1)
             35   End
             35   LocalSet(3)
             36   Block(Empty)
             36     Block(Value(Ref(RefType { nullable: true, heap: Exn })))
             36       TryTable { ty: Empty, first: 15, count: 1 } None->0
             38         Throw(TagIdx(0))
             40       End
             40       Br(1)
             40     End
             40     Drop
             41     LocalGet(3)
             41     ThrowRef
             43   End
             44 End
             45 End
        "#]],
    );
}

#[test]
fn code_that_is_not_reached() {
    check(
        "unreachable
         try (result i32) i32.const 1 catch $two br 1 catch_all rethrow 0 end
         drop",
        expect![[r#"
            locals [(1, Ref(RefType { nullable: true, heap: Exn }))]
              0 Unreachable
              1 Block(Value(I32))
              1   Block(Value(Ref(RefType { nullable: true, heap: Exn })))
              1     Block(Func(TypeIdx(4)))
              1       TryTable { ty: Value(I32), first: 0, count: 2 } Some(2)->0 None->1
              3         I32Const(1)
              5       End
              5       Br(2)
              5     End
              5     Drop
              7     Br(2)
              9     Br(1)
              9   End
              9   LocalSet(0)
             10   LocalGet(0)
             10   ThrowRef
             12 End
             13 Drop
             14 End
        "#]],
    );
}

#[test]
fn what_is_not_valid_is_refused_as_before() {
    let refused = |func: &str| {
        let bytes = wasm(&format!("(module (tag $e) (func {func}))"));
        validate(&bytes, &Features::decodable()).expect_err("must be refused")
    };
    for func in [
        "try catch 7 end",
        "catch_all",
        "block catch $e end",
        "try catch_all catch $e end",
        "try (result i32) catch_all end",
        "try rethrow 0 end",
        "block rethrow 0 end",
        "try delegate 9",
        "try catch_all delegate 0",
        "try",
        "try catch $e",
    ] {
        refused(func);
    }
}

#[test]
fn depth_costs_no_more_than_length() {
    // Without a limit on depth, each of these is a place for something quadratic.
    let nested = |open: &str, close: &str, depth: usize| {
        let func = format!("{}{}", open.repeat(depth), close.repeat(depth));
        let bytes = wasm(&format!("(module (tag $e) (func {func}))"));
        validate(&bytes, &Features::decodable())
    };
    let depth = 50_000;
    for (open, close) in [
        ("try ", "catch_all end "),
        ("try ", "delegate 0 "),
        ("try ", "end "),
        ("try catch_all try ", "catch_all end end "),
        ("try try ", "delegate 1 catch_all end "),
    ] {
        let module = nested(open, close, depth).unwrap();
        FuncCode::decode(&module, 0).unwrap();
    }
    // Each exception is kept in a local of its own.
    let error = nested("try catch_all ", "rethrow 0 end ", depth + 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
}
