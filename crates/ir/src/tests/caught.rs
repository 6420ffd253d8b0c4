//! Functions that catch, written back: which calls one `try_table` is around, and what its clauses are.

use super::emitted::check;
use expect_test::{Expect, expect};

/// The functions after the first of a module that has tags and can call a function.
fn caught(funcs: &str, expected: Expect) {
    let wat = format!(
        "(module (import \"m\" \"f\" (func $f (param i32) (result i32)))
           (tag $e (param i32)) (tag $empty) (tag $two (param i32 i64)) (global $g (mut i32) (i32.const 0))
           (type (func (result i32 i64))) {funcs})"
    );
    check(&wat, expected);
}

#[test]
fn calls_that_are_caught_alike_have_one_block_around() {
    caught(
        "(func (param i32) (result i32)
           (block $caught (result i32)
             (try_table (catch $e $caught)
               (drop (call $f (local.get 0)))
               (global.set $g (i32.const 1))
               (drop (call $f (call $f (local.get 0)))))
             (return (i32.const 7))))",
        expect![[r#"
            Block(Value(I32))
              TryTable(Empty) catch 0 -> 0
                LocalGet(0)
                Call(FuncIdx(0))
                Drop
                I32Const(1)
                GlobalSet(GlobalIdx(0))
                LocalGet(0)
                Call(FuncIdx(0))
                Call(FuncIdx(0))
                Drop
              End
              I32Const(7)
              Return
            End
            LocalSet(0)
            LocalGet(0)
            End
        "#]],
    );
}

#[test]
fn a_local_is_set_before_the_call_that_throws() {
    caught(
        "(func (param i32) (result i32) (local $at i32)
           (block $caught
             (try_table (catch_all $caught)
               (local.set $at (i32.const 1))
               (drop (call $f (local.get 0)))
               (local.set $at (i32.const 2))
               (drop (call $f (local.get 0)))
               (local.set $at (i32.const 3))))
           (local.get $at))",
        expect![[r#"
            local 1 i32
            Block(Empty)
              Block(Empty)
                TryTable(Empty) catch_all -> 0
                  LocalGet(0)
                  I32Const(1)
                  LocalSet(1)
                  Call(FuncIdx(0))
                  Drop
                  LocalGet(0)
                  I32Const(2)
                  LocalSet(1)
                  Call(FuncIdx(0))
                  Drop
                End
                I32Const(3)
                LocalSet(1)
                Br(1)
              End
            End
            LocalGet(1)
            End
        "#]],
    );
}

#[test]
fn what_clauses_leave_is_taken_where_they_lead() {
    caught(
        "(func (param i32) (result i64) (local $n i32) (local $w i64) (local $x exnref)
           (block $all (result exnref)
             (block $two (result i32 i64)
               (try_table (catch $two $two) (catch_all_ref $all)
                 (drop (call $f (local.get 0))))
               (return (i64.const 0)))
             (local.set $w)
             (global.set $g)
             (return (local.get $w)))
           (drop (call $f (i32.const 1)))
           (throw_ref))",
        expect![[r#"
            local 1 (ref null exn)
            local 1 i64
            Block(Value(Ref(RefType { nullable: true, heap: Exn })))
              TryTable(Func(TypeIdx(0))) catch_all_ref -> 0
                TryTable(Empty) catch 2 -> 0
                  LocalGet(0)
                  Call(FuncIdx(0))
                  Drop
                End
                I64Const(0)
                Return
              End
              LocalSet(2)
              LocalSet(0)
              LocalGet(0)
              GlobalSet(GlobalIdx(0))
              LocalGet(2)
              Return
            End
            LocalSet(1)
            I32Const(1)
            Call(FuncIdx(0))
            Drop
            LocalGet(1)
            ThrowRef
            End
        "#]],
    );
}

#[test]
fn what_is_outside_of_the_original_block_stays_outside() {
    caught(
        "(func (param i32) (result i32)
           (block $caught
             (drop (call $f (i32.const 1)))
             (try_table (catch $empty $caught)
               (drop (call $f (call $f (local.get 0)))))
             (return (call $f (i32.const 3))))
           (i32.const 9))",
        expect![[r#"
            Block(Empty)
              I32Const(1)
              Call(FuncIdx(0))
              Drop
              TryTable(Empty) catch 1 -> 0
                LocalGet(0)
                Call(FuncIdx(0))
                Call(FuncIdx(0))
                Drop
              End
              I32Const(3)
              Call(FuncIdx(0))
              Return
            End
            I32Const(9)
            End
        "#]],
    );
}

#[test]
fn blocks_that_catch_are_in_each_other_again() {
    caught(
        "(func (param i32) (local $x exnref)
           (block $outer
             (try_table (catch $empty $outer)
               (drop (call $f (i32.const 1)))
               (block $done
                 (block $inner (result exnref)
                   (try_table (catch_all_ref $inner)
                     (drop (call $f (local.get 0))))
                   (br $done))
                 (local.set $x)
                 (drop (call $f (i32.const 2)))
                 (throw_ref (local.get $x)))
               (drop (call $f (i32.const 3))))))",
        expect![[r#"
            local 1 (ref null exn)
            Block(Empty)
              Block(Empty)
                TryTable(Empty) catch 1 -> 0
                  Block(Value(Ref(RefType { nullable: true, heap: Exn })))
                    I32Const(1)
                    Call(FuncIdx(0))
                    Drop
                    TryTable(Empty) catch_all_ref -> 0
                      LocalGet(0)
                      Call(FuncIdx(0))
                      Drop
                    End
                    I32Const(3)
                    Call(FuncIdx(0))
                    Drop
                    Br(3)
                  End
                  LocalSet(1)
                  I32Const(2)
                  Call(FuncIdx(0))
                  Drop
                  LocalGet(1)
                  ThrowRef
                End
              End
            End
            End
        "#]],
    );
}

#[test]
fn what_is_thrown_where_it_is_caught_is_thrown() {
    caught(
        "(func (param i32) (result i32)
           (block $caught (result i32)
             (try_table (catch $e $caught)
               (if (local.get 0) (then (throw $e (i32.const 5))))
               (drop (call $f (i32.const 1))))
             (i32.const 2)))",
        expect![[r#"
            Block(Empty)
              Block(Value(I32))
                TryTable(Empty) catch 0 -> 0
                  LocalGet(0)
                  If(Empty)
                    I32Const(5)
                    Throw(TagIdx(0))
                  End
                  I32Const(1)
                  Call(FuncIdx(0))
                  Drop
                End
                I32Const(2)
                LocalSet(0)
                Br(1)
              End
              LocalSet(0)
            End
            LocalGet(0)
            End
        "#]],
    );
}

#[test]
fn an_exception_is_kept_for_the_handler_around_another_one() {
    caught(
        "(func (local $kept exnref) (local $first exnref)
           (local.set $first
             (block $caught (result exnref)
               (try_table (catch_all_ref $caught) (drop (call $f (i32.const 0))))
               (return)))
           (block $others
             (try_table (catch_all $others)
               (drop (call $f (i32.const 1)))
               (local.set $kept (local.get $first))
               (block $second (result i32)
                 (try_table (catch $e $second) (drop (call $f (i32.const 2))))
                 (return))
               (drop))
             (return))
           (throw_ref (local.get $kept)))",
        expect![[r#"
            local 2 (ref null exn)
            Block(Value(Ref(RefType { nullable: true, heap: Exn })))
              TryTable(Empty) catch_all_ref -> 0
                I32Const(0)
                Call(FuncIdx(0))
                Drop
              End
              Return
            End
            LocalSet(0)
            Block(Empty)
              Block(Value(Ref(RefType { nullable: true, heap: Exn })))
                Block(Value(Ref(RefType { nullable: true, heap: Exn })))
                  Block(Value(I32))
                    TryTable(Empty) catch_all_ref -> 2
                      I32Const(1)
                      Call(FuncIdx(0))
                      Drop
                    End
                    TryTable(Empty) catch 0 -> 0 catch_all_ref -> 1
                      I32Const(2)
                      Call(FuncIdx(0))
                      Drop
                    End
                    Return
                  End
                  Drop
                  Return
                End
                Drop
                Br(1)
              End
              Drop
              LocalGet(1)
              LocalSet(0)
            End
            LocalGet(0)
            ThrowRef
            End
        "#]],
    );
}

#[test]
fn a_tail_call_takes_what_a_call_that_is_caught_has_left() {
    caught(
        "(func (param i32) (result i32)
           (block $caught (result i32)
             (try_table (catch $e $caught)
               (if (local.get 0) (then (return_call $f (call $f (local.get 0))))))
             (i32.const 1))
           (global.set $g) (i32.const 5))",
        expect![[r#"
            LocalGet(0)
            If(Empty)
              Block(Value(I32))
                TryTable(Value(I32)) catch 0 -> 0
                  LocalGet(0)
                  Call(FuncIdx(0))
                  ReturnCall(FuncIdx(0))
                End
              End
              LocalSet(0)
            Else
              I32Const(1)
              LocalSet(0)
            End
            LocalGet(0)
            GlobalSet(GlobalIdx(0))
            I32Const(5)
            End
        "#]],
    );
}
