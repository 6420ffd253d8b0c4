//! Tests of matching functions without names, apart because they need modules, which are written as text.

use super::Diff;
use crate::anatomy::Anatomy;

/// Compares what changed from one module to another: each function's change, and how many are equal.
fn check(before: &str, after: &str, expected: &[&str], n_equal: usize) {
    let read = |text: &str| text::wat_to_wasm(text, None).unwrap();
    let (before, after) = (read(before), read(after));
    let (before, after) = (
        Anatomy::read(&before).unwrap(),
        Anatomy::read(&after).unwrap(),
    );
    let diff = Diff::of(&before, &after);
    let funcs = diff.funcs.iter().map(|func| {
        let guess = if func.is_guess { "?" } else { "" };
        format!("{} {:+} {}{guess}", func.label, func.change(), func.what())
    });
    assert_eq!(funcs.collect::<Vec<_>>(), expected);
    assert_eq!(diff.n_equal, n_equal);
}

#[test]
fn what_does_the_same_is_found_elsewhere() {
    // The callee's index changes, and the order.
    check(
        "(module (func (call 1)) (func (drop (i32.const 1))) (func (drop (i32.const 2))))",
        "(module (func (drop (i32.const 2))) (func (drop (i32.const 1))) (func (call 1)))",
        &[],
        3,
    );
    // Other immediates count, beside references too.
    check(
        "(module (type (struct (field i32 i32))) (func (param (ref 0)) (drop (struct.get 0 0 (local.get 0)))))",
        "(module (type (struct (field i32 i32))) (func (param (ref 0)) (drop (struct.get 0 1 (local.get 0)))))",
        &["func[0] +0 changed?"],
        0,
    );
}

#[test]
fn what_has_changed_is_found_by_its_place() {
    check(
        "(module (func nop) (func (drop (i32.const 1))) (func nop nop))",
        "(module (func nop) (func (drop (i32.const 1)) nop) (func nop nop) (func (drop (i64.const 0))))",
        &["func[3] +6 added", "func[1] +1 grown?"],
        2,
    );
    // Names say that it is another.
    check(
        "(module (func $a nop))",
        "(module (func $b nop nop))",
        &["b +5 added", "a -4 removed"],
        0,
    );
}
