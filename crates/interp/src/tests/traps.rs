//! Traps: which, and the functions and operators that a backtrace names.

use super::{Guest, describe_frames};
use expect_test::expect;
use ops::Trap;

#[test]
fn operators_trap_as_their_rows_say() {
    let mut guest = Guest::new(
        r#"(module
            (func (export "unreachable") (unreachable))
            (func (export "div_s") (param i32 i32) (result i32)
                (i32.div_s (local.get 0) (local.get 1)))
            (func (export "trunc") (result i32) (i32.trunc_f32_s (f32.const nan))))"#,
    );
    assert_eq!(guest.trap("unreachable", &[]), Trap::Unreachable);
    assert_eq!(guest.trap("div_s", &[1, 0]), Trap::IntegerDivideByZero);
    assert_eq!(guest.trap("div_s", &[i32::MIN, -1]), Trap::IntegerOverflow);
    assert_eq!(guest.trap("trunc", &[]), Trap::InvalidConversion);
    assert_eq!(guest.i32s("div_s", &[7, 2]), [3]);
}

#[test]
fn a_backtrace_names_each_function_and_its_operator() {
    let mut guest = Guest::new(
        r#"(module
            (memory 1)
            (table funcref (elem $middle))
            (func $inner (param i32) (result i32)
                (block (br_if 0 (local.get 0)) (unreachable))
                (i32.load (local.get 0)))
            (func $middle (param i32) (result i32)
                (i32.add (i32.const 1) (call $inner (local.get 0))))
            (func $outer (export "f") (param i32) (result i32)
                (drop (call $inner (i32.const 4)))
                (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0))))"#,
    );
    assert_eq!(guest.i32s("f", &[4]), [1]);
    let raised = guest.raised("f", &[0]);
    expect![[r#"
        inner at 00
        middle at 10
        outer at 11
    "#]]
    .assert_eq(&describe_frames(&raised));
    let raised = guest.raised("f", &[-4]);
    expect![[r#"
        inner at 28
        middle at 10
        outer at 11
    "#]]
    .assert_eq(&describe_frames(&raised));
}

#[test]
fn a_start_function_that_traps_says_so() {
    let engine = super::engine(false);
    let module = super::load(&engine, "(module (func $main (unreachable)) (start $main))");
    let mut store = runtime::Store::new(&engine, ());
    let error = store.instantiate(&module, |_| runtime::Given::Nothing);
    let runtime::ErrorKind::Raised(raised) = error.unwrap_err().into_kind() else {
        panic!("expected a trap")
    };
    assert_eq!(describe_frames(&raised), "main at 00\n");
}
