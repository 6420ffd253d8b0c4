//! Functions that start at a loop: what is loaded, what the loops around bring along, and what is gone.

use super::{holds_together, loops};
use crate::{BuildError, BuildOptions, Builder};
use expect_test::{Expect, expect};
use module::{Features, ReadScratch};

/// Loop number `nth` of the last function of a module, as the start of the function.
fn build(wat: &str, nth: usize, options: BuildOptions) -> Result<String, BuildError> {
    let bytes = text::wat_to_wasm(wat, None).unwrap_or_else(|error| panic!("{error}"));
    let mut last = None;
    let module = module::decode(bytes, &Features::default(), &mut |_, input| {
        last = Some(input)
    })
    .unwrap_or_else(|error| panic!("{error}"));
    let input = last.expect("a function");
    let mut scratch = ReadScratch::default();
    let at = loops(input.clone(), &mut scratch)?[nth];
    let mut builder = Builder::new();
    let func = builder.build_loop(input.read(&mut scratch)?, options, at, &|_| None)?;
    let text = holds_together(func, module.header());
    let lines = text.lines();
    Ok(lines
        .map(|line| format!("{}\n", line.split(" @").next().unwrap()))
        .collect())
}

fn check(wat: &str, nth: usize, expect: Expect) {
    let found = build(wat, nth, BuildOptions::default()).unwrap_or_else(|error| panic!("{error}"));
    expect.assert_eq(&found);
}

#[test]
fn a_loop_gets_its_locals_from_the_frame() {
    check(
        "(func (param $n i32) (param $unread v128) (param $x i64) (result i32) (local $i i32)
           (loop $next
             (local.set $i (i32.add (local.get $i) (i32.wrap_i64 (local.get $x))))
             (br_if $next (i32.lt_u (local.get $i) (local.get $n))))
           (local.get $i))",
        0,
        expect![[r#"
            func (i64) -> (i32) {
            b0(v0: i64):
                v1: i32 = frame.load 8 v0
                v2: i64 = frame.load 32 v0
                v3: i32 = frame.load 40 v0
                jump b1
            b1:
                jump b2(v3)
            b2(v4: i32):
                v5: i32 = i32.wrap_i64 v2
                v6: i32 = i32.add v4, v5
                v7: i32 = i32.lt_u v6, v1
                branch v7, b2(v6), b3
            b3:
                return v6
            }
        "#]],
    );
}

#[test]
fn the_stack_below_a_loop_comes_from_the_frame_or_from_the_loop_around() {
    check(
        "(func (param $n i32) (result i32) (local $i i32)
           (local.get $n)
           (loop $outer (param i32) (result i32)
             (i32.mul (local.get $n) (i32.const 3))
             (block $skip
               (br_if $skip (local.get $n))
               (loop $inner
                 (local.set $i (i32.add (local.get $i) (i32.const 1)))
                 (br_if $inner (local.get $i))))
             (local.set $n)
             (br_if $outer (local.get $n))))",
        1,
        expect![[r#"
            func (i64) -> (i32) {
            b0(v0: i64):
                v1: i32 = frame.load 16 v0
                v2: i32 = frame.load 24 v0
                v3: i32 = frame.load 32 v0
                jump b1(v1, v3)
            b1(v4: i32, v5: i32):
                jump b2(v4)
            b2(v6: i32):
                v7: i32 = i32.add v6, i32:1
                branch v7, b2(v7), b3
            b3:
                jump b4(v5)
            b4(v8: i32):
                branch v8, b5, b7
            b5:
                v9: i32 = i32.mul v8, i32:3
                branch v8, b4(v9), b6
            b6:
                jump b1(v7, v9)
            b7:
                return v2
            }
        "#]],
    );
}

#[test]
fn parameters_of_the_loop_are_on_top_of_the_stack() {
    check(
        "(global $i (mut i32) (i32.const 0))
         (func (result i32)
           (i32.const 1)
           (i64.const 2)
           (i32.const 3)
           (loop $next (param i64 i32) (result i32)
             (global.set $i)
             (i32.wrap_i64)
             (br_if $next (i64.const 5) (i32.const 6) (global.get $i))
             (drop)
             (drop))
           (i32.add))",
        0,
        expect![[r#"
            func (i64) -> (i32) {
            b0(v0: i64):
                v1: i32 = frame.load 8 v0
                v2: i64 = frame.load 16 v0
                v3: i32 = frame.load 24 v0
                jump b1
            b1:
                jump b2(v2, v3)
            b2(v4: i64, v5: i32):
                global.set 0 v5
                v6: i32 = i32.wrap_i64 v4
                v7: i32 = global.get 0
                branch v7, b2(i64:5, i32:6), b3
            b3:
                v8: i32 = i32.add v1, v6
                return v8
            }
        "#]],
    );
}

#[test]
fn the_other_arm_stays_if_a_loop_around_leads_there() {
    check(
        "(func (param $n i32) (param $x i32) (result i32)
           (loop $outer
             (local.get $x)
             (if (param i32) (local.get $n)
               (then (local.set $x) (loop $inner (br_if $inner (local.get $x))))
               (else (local.set $n)))
             (br_if $outer (local.get $x)))
           (local.get $n))",
        1,
        expect![[r#"
            func (i64) -> (i32) {
            b0(v0: i64):
                v1: i32 = frame.load 8 v0
                v2: i32 = frame.load 16 v0
                jump b1(v1)
            b1(v3: i32):
                jump b2
            b2:
                branch v2, b2, b3
            b3:
                jump b4(v3)
            b4(v4: i32):
                branch v2, b5, b8
            b5:
                branch v4, b6, b7
            b6:
                jump b1(v4)
            b7:
                jump b4(v2)
            b8:
                return v4
            }
        "#]],
    );
}

#[test]
fn what_is_thrown_in_the_loop_is_caught_around_it() {
    check(
        "(tag $t (param i32))
         (func $f (result i32) unreachable)
         (func (param $n i32) (result i32) (local $kept i32)
           (local.set $kept (call $f))
           (block $caught (result i32)
             (try_table (catch $t $caught)
               (drop (call $f))
               (loop $next (br_if $next (call $f))))
             (local.get $n))
           (i32.add (local.get $kept)))",
        0,
        expect![[r#"
            func (i64) -> (i32) {
            b0(v0: i64):
                v1: i32 = frame.load 8 v0
                v2: i32 = frame.load 16 v0
                jump b1
            b1:
                jump b2
            b2:
                v3: i32 = call 0()
                v4: ref = exn.caught
                try b3, b6
            b3:
                branch v3, b2, b4
            b4:
                jump b5
            b5:
                jump b8(v1)
            b6:
                v5: i32 = exn.is 0 v4
                branch v5, b7, b9
            b7:
                v6: i32 = exn.field 0 0 v4
                jump b8(v6)
            b8(v7: i32):
                v8: i32 = i32.add v7, v2
                return v8
            b9:
                throw v4
            }
        "#]],
    );
}

#[test]
fn fuel_is_checked_in_the_loop_and_counted_from_there() {
    let options = BuildOptions {
        fuel: true,
        ..BuildOptions::default()
    };
    let text = build(
        "(func (param $n i32) (nop) (loop $next (br_if $next (local.get $n))))",
        0,
        options,
    );
    expect![[r#"
        func (i64) -> () {
        b0(v0: i64):
            v1: i32 = frame.load 8 v0
            jump b1
        b1:
            jump b2
        b2:
            fuel.check
            fuel 2
            branch v1, b2, b3
        b3:
            return
        }
    "#]]
    .assert_eq(&text.unwrap());
}

#[test]
fn a_loop_that_is_never_reached_cannot_be_entered() {
    let wat = "(func (param i32) (return) (loop $next (br_if $next (local.get 0))))";
    let error = build(wat, 0, BuildOptions::default()).unwrap_err();
    assert!(matches!(error, BuildError::NoLoop), "{error}");
}

#[test]
fn an_if_around_that_is_only_left_by_branches_joins_the_stack_below() {
    check(
        "(func (param $n i32) (result i32)
           (i32.popcnt (local.get $n))
           (loop
             (if (local.get $n)
               (then (loop (br 1))))))",
        1,
        expect![[r#"
            func (i64) -> (i32) {
            b0(v0: i64):
                v1: i32 = frame.load 16 v0
                jump b1
            b1:
                jump b2
            b2:
                return v1
            }
        "#]],
    );
}
