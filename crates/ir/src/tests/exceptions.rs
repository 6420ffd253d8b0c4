//! Throwing and catching: what blocks that catch become, and what the verifier asks of them.

use super::build_wat;
use crate::{BuildOptions, parse, verify};
use expect_test::{Expect, expect};

/// The function of a module that has tags and can call a function.
fn check(func: &str, expect: Expect) {
    let wat = format!(
        "(module (import \"m\" \"f\" (func $f (param i32) (result i32)))
           (tag $e (param i32)) (tag $empty) {func})"
    );
    expect.assert_eq(&build_wat(&wat, BuildOptions::default()));
}

#[test]
fn a_local_is_in_the_handler_what_it_was_at_the_call() {
    check(
        "(func (param $p i32) (result i32) (local $at i32)
           (block $caught (result i32)
             (try_table (catch $e $caught)
               (local.set $at (i32.const 1))
               (drop (call $f (local.get $p)))
               (local.set $at (i32.const 2))
               (drop (call $f (local.get $p)))
               (local.set $at (i32.const 3)))
             (return (local.get $at)))
           (i32.add (local.get $at)))",
        expect![[r#"
            func (i32) -> (i32) {
            b0(v0: i32):
                v1: i32 = call 0(v0)
                v2: ref = exn.caught
                try b1, b3(v2, i32:1)
            b1:
                v3: i32 = call 0(v0)
                v4: ref = exn.caught
                try b2, b3(v4, i32:2)
            b2:
                jump b6
            b3(v5: ref, v6: i32):
                v7: i32 = exn.is 0 v5
                branch v7, b4, b5
            b4:
                v8: i32 = exn.field 0 0 v5
                jump b7
            b5:
                throw v5
            b6:
                return i32:3
            b7:
                v9: i32 = i32.add v8, v6
                return v9
            }
        "#]],
    );
}

#[test]
fn what_no_clause_matches_goes_on_to_the_block_around() {
    check(
        "(func (param $p i32)
           (block $outer (result exnref)
             (block $inner
               (try_table (catch_all_ref $outer)
                 (try_table (catch $empty $inner)
                   (drop (call $f (local.get $p))))))
             (return))
           (throw_ref))",
        expect![[r#"
            func (i32) -> () {
            b0(v0: i32):
                v1: i32 = call 0(v0)
                v2: ref = exn.caught
                try b1, b2
            b1:
                jump b5
            b2:
                v3: i32 = exn.is 1 v2
                branch v3, b3, b4
            b3:
                jump b8
            b4:
                jump b6
            b5:
                jump b7
            b6:
                jump b9
            b7:
                jump b8
            b8:
                return
            b9:
                null_check v2
                throw v2
            }
        "#]],
    );
}

#[test]
fn what_is_thrown_where_it_is_caught_is_only_a_jump() {
    check(
        "(func (param $p i32) (result i32)
           (block $caught (result i32)
             (try_table (catch $e $caught)
               (throw $e (local.get $p)))
             (unreachable)))",
        expect![[r#"
            func (i32) -> (i32) {
            b0(v0: i32):
                v1: ref = exn.new 0 v0
                jump b1
            b1:
                jump b2
            b2:
                return v0
            }
        "#]],
    );
}

#[test]
fn a_throw_that_nothing_around_it_catches_ends_the_function() {
    check(
        "(func (param $p i32)
           (try_table (throw $e (local.get $p))))",
        expect![[r#"
            func (i32) -> () {
            b0(v0: i32):
                v1: ref = exn.new 0 v0
                throw v1
            }
        "#]],
    );
}

#[test]
fn a_block_around_no_call_has_no_handler_and_a_tail_call_leaves_it() {
    check(
        "(func (param $p i32) (result i32)
           (block $caught
             (try_table (catch_all $caught)
               (return_call $f (local.get $p))))
           (i32.const 0))",
        expect![[r#"
            func (i32) -> (i32) {
            b0(v0: i32):
                return_call 0(v0)
            }
        "#]],
    );
}

#[test]
fn a_loop_may_be_a_label_of_a_catch() {
    check(
        "(func (param $p i32) (local $n i32)
           (loop $again
             (local.set $n (i32.add (local.get $n) (i32.const 1)))
             (try_table (catch_all $again)
               (drop (call $f (local.get $n))))))",
        expect![[r#"
            func (i32) -> () {
            b0(v0: i32):
                jump b1(i32:0)
            b1(v1: i32):
                v2: i32 = i32.add v1, i32:1
                v3: i32 = call 0(v2)
                v4: ref = exn.caught
                try b2, b3
            b2:
                jump b4
            b3:
                jump b1(v2)
            b4:
                return
            }
        "#]],
    );
}

/// A function whose code would take too long to make.
#[test]
fn more_calls_that_are_caught_than_any_program_has_are_too_complex() {
    let build = |n_calls: usize| {
        let calls = "(call $f)".repeat(n_calls);
        let wat = format!(
            "(module (import \"m\" \"f\" (func $f)) (func (block $b (try_table (catch_all $b) {calls}))))"
        );
        let bytes = text::wat_to_wasm(&wat, None).unwrap_or_else(|error| panic!("{error}"));
        let mut input = None;
        let features = module::Features::default();
        module::decode(bytes, &features, &mut |_, found| input = Some(found)).expect("valid");
        let mut scratch = module::ReadScratch::default();
        let reader = input.expect("a function").read(&mut scratch);
        let mut builder = crate::Builder::new();
        let built = builder.build(reader.expect("a body"), BuildOptions::default());
        built.map(|func| func.n_blocks())
    };
    assert!(build(60_000).is_ok());
    assert!(matches!(build(70_000), Err(crate::BuildError::TooComplex)));
}

fn refused(body: &str, expect: Expect) {
    let text = format!("func (i32) -> () {{\n{body}}}\n");
    let func = parse(&text).unwrap_or_else(|error| panic!("{error}"));
    let error = verify(&func, None).expect_err("refused");
    expect.assert_eq(&error.to_string());
}

#[test]
fn a_try_that_follows_no_call_is_refused() {
    refused(
        "b0(v0: i32):\n    try b1, b2\nb1:\n    return\nb2:\n    return\n",
        expect!["b0: no call before `try`"],
    );
}

#[test]
fn nothing_is_caught_where_nothing_is_tried() {
    refused(
        "b0(v0: i32):\n    call 0(v0)\n    v1: ref = exn.caught\n    throw v1\n",
        expect!["b0, instruction 1: nothing is caught here"],
    );
}

#[test]
fn ways_out_of_a_call_do_not_use_what_is_there_only_on_the_other() {
    refused(
        "b0(v0: i32):\n    v1: i32 = call 0(v0)\n    try b1, b2(v1)\nb1:\n    return\nb2(v2: i32):\n    return\n",
        expect!["b0: a call that throws has no results"],
    );
    refused(
        "b0(v0: i32):
    call 0(v0)
    v1: ref = exn.caught
    try b1(v1), b2(v1)
b1(v2: ref):
    return
b2(v3: ref):
    throw v3
",
        expect!["b0: a call that returns has thrown nothing"],
    );
}
