//! What stops a guest that would not stop: stack, fuel, requests from outside.

use super::{Guest, STACK_BYTES, engine, load};
use ops::Trap;
use runtime::{BoxError, Cause, FuncHandle, HostFunc, Store, TypedHandle};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn endless_recursion_is_a_trap_and_quick() {
    let mut guest = Guest::new(
        r#"(module
            (func $f (export "f") (param i32) (result i32) (call $f (local.get 0)))
            (func $big (export "big") (local i64 i64 i64 i64 i64 i64 i64 i64) (call $big))
            (func (export "ok") (result i32) (i32.const 1)))"#,
    );
    let begin = Instant::now();
    for _ in 0..10 {
        let raised = guest.raised("f", &[1]);
        assert!(matches!(raised.cause, Cause::Trap(Trap::StackOverflow)));
        assert_eq!(raised.frames.len(), 64);
        assert_eq!(guest.trap("big", &[]), Trap::StackOverflow);
        assert_eq!(guest.i32s("ok", &[]), [1]);
    }
    assert!(begin.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_function_with_more_locals_than_the_stack_has_room_for() {
    let locals = "i64 ".repeat(STACK_BYTES / 8);
    let mut guest = Guest::new(&format!(r#"(module (func (export "f") (local {locals})))"#));
    assert_eq!(guest.trap("f", &[]), Trap::StackOverflow);
}

#[test]
fn one_limit_holds_for_guests_that_host_functions_call() {
    let recurse = Arc::new(OnceLock::<FuncHandle>::new());
    let known = recurse.clone();
    let host = HostFunc::typed(move |call, n: i32| {
        let typed = TypedHandle::<i32, i32>::new(call.store, *known.get().unwrap()).unwrap();
        typed
            .call(call.store, n)
            .map_err(|error| Cause::Host(BoxError::from(error)))
    });
    let mut guest = Guest::with_imports(
        r#"(module
            (import "" "host" (func $host (param i32) (result i32)))
            (func $deep (export "deep") (param i32) (result i32)
                (if (result i32) (local.get 0)
                    (then (call $deep (i32.sub (local.get 0) (i32.const 1))))
                    (else (i32.const 5))))
            (func $twice (export "twice") (param $outer i32) (param $inner i32) (result i32)
                (if (result i32) (local.get $outer)
                    (then (call $twice (i32.sub (local.get $outer) (i32.const 1)) (local.get $inner)))
                    (else (call $host (local.get $inner))))))"#,
        &[host],
    );
    recurse.set(guest.func("deep")).unwrap();
    // Either depth fits, but not one on top of the other.
    assert_eq!(guest.i32s("deep", &[4000]), [5]);
    assert_eq!(guest.i32s("twice", &[4000, 10]), [5]);
    assert_eq!(guest.i32s("twice", &[10, 4000]), [5]);
    let Cause::Host(error) = guest.raised("twice", &[4000, 4000]).cause else {
        panic!("expected the error that the host function passes on")
    };
    assert_eq!(error.to_string(), "call stack exhausted");
}

/// Runs `f` with so much fuel; what is left, or that it ran out.
fn run_with_fuel(wat: &str, fuel: u64, param: i32) -> Result<u64, Trap> {
    let engine = engine(true);
    let module = load(&engine, wat);
    let mut guest = Guest::in_store(Store::new(&engine, ()), &module, &[]);
    guest.store.set_fuel(fuel);
    match guest.call("f", &[runtime::Val::I32(param)]) {
        Ok(_) => Ok(guest.store.fuel()),
        Err(_) => {
            guest.store.set_fuel(fuel);
            Err(guest.trap("f", &[param]))
        }
    }
}

#[test]
fn fuel_is_charged_for_what_is_executed() {
    // `local.get`, `i32.const` and `i32.add` cost one each; what shapes control flow costs nothing.
    let straight = r#"(module (func (export "f") (param i32) (result i32)
        (block (nop)) (i32.add (local.get 0) (i32.const 1))))"#;
    assert_eq!(run_with_fuel(straight, 100, 0), Ok(97));
    // Fuel is only looked at where a function or a round of a loop begins.
    assert_eq!(run_with_fuel(straight, 1, 0), Ok(0));
    let arms = r#"(module (func (export "f") (param i32)
        (if (local.get 0) (then (drop (i32.const 1))) (else (drop (i32.const 2)) (drop (i32.const 3))))))"#;
    assert_eq!(run_with_fuel(arms, 100, 1), Ok(96));
    assert_eq!(run_with_fuel(arms, 100, 0), Ok(94));
    // A trap between two charges leaves what was not charged.
    let calls = r#"(module (func $g) (func (export "f") (param i32) (call $g) (call $g)))"#;
    assert_eq!(run_with_fuel(calls, 100, 0), Ok(98));
}

#[test]
fn fuel_ends_loops_and_recursion() {
    let loops = r#"(module (func (export "f") (param i32)
        (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#;
    // Each round costs five.
    assert_eq!(run_with_fuel(loops, 100, 10), Ok(50));
    assert_eq!(run_with_fuel(loops, 50, 10), Ok(0));
    // The last round begins with 45 spent.
    assert_eq!(run_with_fuel(loops, 45, 10), Ok(0));
    assert_eq!(run_with_fuel(loops, 44, 10), Err(Trap::OutOfFuel));
    let recursion = r#"(module (func $f (export "f") (param i32) (call $f (local.get 0))))"#;
    assert_eq!(run_with_fuel(recursion, 100, 0), Err(Trap::OutOfFuel));
}

#[test]
fn a_handle_or_a_deadline_stops_a_loop() {
    let mut guest = Guest::new(
        r#"(module
            (func (export "spin") (loop $l (br $l)))
            (func (export "ok") (result i32) (i32.const 1)))"#,
    );
    let handle = guest.store.interrupt_handle();
    let stopper = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        handle.interrupt();
    });
    assert_eq!(guest.trap("spin", &[]), Trap::Interrupted);
    stopper.join().unwrap();
    assert_eq!(guest.i32s("ok", &[]), [1]);
    let deadline = Instant::now() + Duration::from_millis(20);
    guest.store.set_deadline(Some(deadline));
    assert_eq!(guest.trap("spin", &[]), Trap::Interrupted);
    assert_eq!(guest.trap("ok", &[]), Trap::Interrupted);
    guest.store.set_deadline(None);
    assert_eq!(guest.i32s("ok", &[]), [1]);
}
