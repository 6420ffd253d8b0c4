//! Calls that are expected to arrive at certain functions.

use super::holds_together;
use crate::{BuildOptions, Builder, Expected};
use expect_test::{Expect, expect};
use module::{Features, FuncIdx, ReadScratch};

fn check(wat: &str, expected: u32, expect: Expect) {
    expect.assert_eq(&build(wat, expected));
}

/// The last function of a module, where all calls are expected to arrive at function `expected`.
fn build(wat: &str, expected: u32) -> String {
    build_expecting(wat, &Expected::Func(FuncIdx(expected)))
}

fn build_expecting(wat: &str, expected: &Expected) -> String {
    let bytes = text::wat_to_wasm(wat, None).unwrap_or_else(|error| panic!("{error}"));
    let mut last = None;
    let module = module::decode(bytes, &Features::default(), &mut |_, input| {
        last = Some(input)
    })
    .unwrap_or_else(|error| panic!("{error}"));
    let mut scratch = ReadScratch::default();
    let reader = last.expect("a function").read(&mut scratch).unwrap();
    let mut builder = Builder::new();
    let func =
        builder.build_expecting(reader, BuildOptions::default(), &|_| Some(expected.clone()));
    let text = holds_together(func.unwrap(), module.header());
    let lines = text
        .lines()
        .map(|line| format!("{}\n", line.split(" @").next().unwrap()));
    lines.collect()
}

const MODULE: &str = "(type $t (func (param i32) (result i32)))
    (table 2 funcref) (elem declare func $f $other)
    (func $f (type $t) (local.get 0)) (func $other)";

#[test]
fn a_call_through_a_table_is_tested_and_goes_on_in_one_place() {
    check(
        &format!(
            "{MODULE} (func (param i32) (result i32)
               (i32.add (i32.const 5) (call_indirect (type $t) (i32.const 7) (local.get 0))))"
        ),
        0,
        expect![[r#"
            func (i32) -> (i32) {
            b0(v0: i32):
                v1: funcref = table.callee 0 v0
                v2: i32 = func.is 0 v1
                branch v2, b1, b2
            b1:
                v3: i32 = call 0(i32:7)
                jump b3(v3)
            b2 cold:
                v4: i32 = call_indirect 0 0 v0(i32:7)
                jump b3(v4)
            b3(v5: i32):
                v6: i32 = i32.add i32:5, v5
                return v6
            }
        "#]],
    );
}

#[test]
fn a_call_that_may_throw_is_caught_on_both_ways() {
    check(
        &format!(
            "{MODULE} (func (param (ref null $t)) (result i32)
               (block $caught
                 (try_table (catch_all $caught)
                   (return (call_ref $t (i32.const 7) (local.get 0)))))
               (i32.const 0))"
        ),
        0,
        expect![[r#"
            func (funcref) -> (i32) {
            b0(v0: funcref):
                v1: i32 = func.is 0 v0
                branch v1, b1, b3
            b1:
                v2: i32 = call 0(i32:7)
                v3: ref = exn.caught
                try b2, b6(v3)
            b2:
                jump b5(v2)
            b3 cold:
                v4: i32 = call_ref 0 v0(i32:7)
                v5: ref = exn.caught
                try b4, b6(v5)
            b4 cold:
                jump b5(v4)
            b5(v6: i32):
                return v6
            b6(v7: ref):
                jump b7
            b7:
                return i32:0
            }
        "#]],
    );
}

#[test]
fn a_tail_call_has_two_ends() {
    check(
        &format!(
            "{MODULE} (func (param i32) (result i32)
               (return_call_indirect (type $t) (i32.const 7) (local.get 0)))"
        ),
        0,
        expect![[r#"
            func (i32) -> (i32) {
            b0(v0: i32):
                v1: funcref = table.callee 0 v0
                v2: i32 = func.is 0 v1
                branch v2, b1, b2
            b1:
                return_call 0(i32:7)
            b2 cold:
                return_call_indirect 0 0 v0(i32:7)
            }
        "#]],
    );
}

#[test]
fn what_cannot_be_called_so_is_not_expected() {
    let wat = format!(
        "{MODULE} (func (param i32) (result i32)
           (call_indirect (type $t) (i32.const 7) (local.get 0)))"
    );
    let expect = expect![[r#"
        func (i32) -> (i32) {
        b0(v0: i32):
            v1: i32 = call_indirect 0 0 v0(i32:7)
            return v1
        }
    "#]];
    // Of another type; not in the module.
    for expected in [1, 99] {
        expect.assert_eq(&build(&wat, expected));
    }
}

/// Functions 0 and 3 are expected; 1 can be referred to, 2 not.
#[test]
fn a_call_of_one_of_a_few_is_a_switch() {
    let wat = "(type $t (func (param i32)))
        (table 2 funcref) (elem (i32.const 0) func $a $b $d)
        (func $a (type $t)) (func $b (type $t)) (func $c (type $t)) (func $d (type $t))
        (func (param i32) (call_indirect (type $t) (i32.const 7) (local.get 0)))";
    let expected = |funcs: &[u32]| Expected::Among(funcs.iter().copied().map(FuncIdx).collect());
    expect![[r#"
        func (i32) -> () {
        b0(v0: i32):
            v1: funcref = table.callee 0 v0
            v2: i32 = func.number 0 v1
            switch v2, b1, b3, b2, b3
        b1:
            call 0(i32:7)
            jump b4
        b2:
            call 3(i32:7)
            jump b4
        b3 cold:
            call_indirect 0 0 v0(i32:7)
            jump b4
        b4:
            return
        }
    "#]]
    .assert_eq(&build_expecting(wat, &expected(&[0, 3])));
    // Not in order, or not to be called so: as if nothing were known of these.
    let usual = build(wat, 99);
    assert_eq!(build_expecting(wat, &expected(&[3, 0])), usual);
    assert_eq!(build_expecting(wat, &expected(&[4, 99])), usual);
    assert_eq!(build_expecting(wat, &expected(&[2, 3])), build(wat, 3));
}
