//! References that live across calls: how many each call's stack map names, and how many slots they share.

use super::{checking, with_last};
use abi::{CompileError, CompiledFunc, Compiler};

fn compile_last(wat: &str) -> Result<CompiledFunc, CompileError> {
    with_last(wat, |env, input| {
        let compiler = checking();
        let mut scratch = compiler.scratch();
        compiler.compile(env, input, &mut *scratch)
    })
}

/// The number of references in the stack map of each call that has one, in the order of the code, and the number of places
/// that all of them use.
#[track_caller]
fn check(wat: &str, per_call: &[usize], places: usize) {
    let maps = compile_last(wat).expect("compiles").stack_maps;
    assert!(maps.is_consistent());
    let found: Vec<usize> = maps
        .calls
        .iter()
        .map(|call| maps.at(call.return_offset).len())
        .collect();
    assert_eq!(found, per_call);
    let mut used = maps.places.clone();
    used.sort_unstable();
    used.dedup();
    assert_eq!(used.len(), places);
}

const IMPORTS: &str = "(import \"m\" \"f\" (func $f))
    (import \"m\" \"take\" (func $take (param externref)))
    (import \"m\" \"make\" (func $make (result externref)))";

#[test]
fn functions_without_references_have_no_maps() {
    check(
        &format!("{IMPORTS} (func (param i32) (result i32) call $f local.get 0)"),
        &[],
        0,
    );
}

#[test]
fn a_reference_that_only_goes_into_a_call_does_not_live_across_it() {
    check(
        &format!("{IMPORTS} (func (param externref) local.get 0 call $take)"),
        &[],
        0,
    );
}

#[test]
fn a_reference_that_is_needed_after_a_call_lives_across_it() {
    check(
        &format!(
            "{IMPORTS} (func (param externref externref) (result externref)
               (call $f) (call $take (local.get 1)) (call $f) (local.get 0))"
        ),
        &[2, 1, 1],
        2,
    );
}

#[test]
fn references_that_live_one_after_the_other_share_a_slot() {
    check(
        &format!(
            "{IMPORTS} (func (local externref)
               (local.set 0 (call $make)) (call $f) (call $take (local.get 0))
               (local.set 0 (call $make)) (call $f) (call $take (local.get 0)))"
        ),
        &[1, 1],
        1,
    );
}

#[test]
fn a_reference_of_a_loop_lives_across_the_calls_in_it() {
    check(
        &format!(
            "{IMPORTS} (func (param externref i32) (local externref)
               (loop $again
                 (call $take (local.get 2))
                 (local.set 2 (call $make))
                 (br_if $again (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
               (call $take (local.get 0)))"
        ),
        &[1, 1],
        1,
    );
}

#[test]
fn both_sides_of_a_branch_are_seen() {
    check(
        &format!(
            "{IMPORTS} (func (param externref externref i32) (result externref)
               (if (result externref) (local.get 2)
                 (then (call $f) (local.get 0))
                 (else (call $f) (local.get 1))))"
        ),
        &[1, 1],
        2,
    );
}

#[test]
fn more_references_across_calls_than_stack_maps_can_tell_are_refused() {
    let n = 4000;
    let params = "externref ".repeat(n);
    let calls = "call $f ".repeat(n);
    let takes: String = (0..n)
        .map(|n| format!("local.get {n} call $take "))
        .collect();
    let body = format!(
        "(local {params}) {}",
        (0..n)
            .map(|n| format!("call $make local.set {n} "))
            .collect::<String>()
    );
    let wat = format!("{IMPORTS} (func {body} {calls} {takes})");
    let result = compile_last(&wat);
    assert!(matches!(result, Err(CompileError::Limit(_))));
}
