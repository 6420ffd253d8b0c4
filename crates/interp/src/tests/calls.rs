//! Calls within a module, between instances, and to the host and back.

use super::{Guest, engine, load};
use module::{FuncType, ValType};
use ops::Trap;
use runtime::{
    BoxError, Cause, ErrorKind, ExternItem, FuncHandle, Given, HostFunc, Ref, Store, TypedHandle,
    Val,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

#[test]
fn direct_and_mutual_recursion() {
    let mut guest = Guest::new(
        r#"(module
            (func $fib (export "fib") (param i32) (result i32)
                (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
                    (then (local.get 0))
                    (else (i32.add
                        (call $fib (i32.sub (local.get 0) (i32.const 1)))
                        (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
            (func $even (export "even") (param i32) (result i32)
                (if (result i32) (local.get 0)
                    (then (call $odd (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 1))))
            (func $odd (param i32) (result i32)
                (if (result i32) (local.get 0)
                    (then (call $even (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 0)))))"#,
    );
    assert_eq!(guest.i32s("fib", &[15]), [610]);
    assert_eq!(guest.i32s("even", &[1000]), [1]);
    assert_eq!(guest.i32s("even", &[999]), [0]);
}

#[test]
fn locals_start_as_zeros_whatever_was_on_the_stack() {
    let mut guest = Guest::new(
        r#"(module
            (func $dirty (local i64 i64 i64) (local.set 0 (i64.const -1)) (local.set 1 (i64.const -1)))
            (func $clean (result i32) (local i32 f64 funcref i64)
                (i32.and (i64.eqz (local.get 3)) (ref.is_null (local.get 2))))
            (func (export "f") (result i32) (call $dirty) (call $clean)))"#,
    );
    assert_eq!(guest.i32s("f", &[]), [1]);
}

#[test]
fn several_results() {
    let mut guest = Guest::new(
        r#"(module
            (func $divmod (param i32 i32) (result i32 i32)
                (i32.div_u (local.get 0) (local.get 1)) (i32.rem_u (local.get 0) (local.get 1)))
            (func (export "f") (param i32 i32) (result i32 i32 i32)
                (i32.const 1) (call $divmod (local.get 0) (local.get 1))))"#,
    );
    assert_eq!(guest.i32s("f", &[17, 5]), [1, 3, 2]);
}

#[test]
fn indirect_calls_and_their_traps() {
    let mut guest = Guest::new(
        r#"(module
            (type $binary (func (param i32 i32) (result i32)))
            (table 5 funcref)
            (elem (i32.const 0) $add $sub $nothing)
            (func $add (type $binary) (i32.add (local.get 0) (local.get 1)))
            (func $sub (param i32 i32) (result i32) (i32.sub (local.get 0) (local.get 1)))
            (func $nothing)
            (func (export "f") (param i32) (result i32)
                (call_indirect (type $binary) (i32.const 7) (i32.const 3) (local.get 0))))"#,
    );
    assert_eq!(guest.i32s("f", &[0]), [10]);
    assert_eq!(guest.i32s("f", &[1]), [4]);
    assert_eq!(guest.trap("f", &[2]), Trap::IndirectCallTypeMismatch);
    assert_eq!(guest.trap("f", &[3]), Trap::UninitializedElement);
    assert_eq!(guest.trap("f", &[5]), Trap::UndefinedElement);
    assert_eq!(guest.trap("f", &[-1]), Trap::UndefinedElement);
}

#[test]
fn host_functions_of_few_and_of_many_values() {
    let types = [ValType::I32; 20];
    let reverse = HostFunc::dynamic(FuncType::new(types, types), |_, params, results| {
        for (result, param) in results.iter_mut().zip(params.iter().rev()) {
            *result = *param;
        }
        Ok(())
    });
    let add = HostFunc::typed(|_, (a, b): (i32, i64)| Ok(i64::from(a) + b));
    let swap = HostFunc::typed(|_, (a, b): (i32, f64)| Ok((b, a)));
    let list = "i32 ".repeat(20);
    let constants: String = (0..20).map(|i| format!("(i32.const {i})")).collect();
    let wat = format!(
        r#"(module
            (import "" "reverse" (func $reverse (param {list}) (result {list})))
            (import "" "add" (func $add (param i32 i64) (result i64)))
            (import "" "swap" (func $swap (param i32 f64) (result f64 i32)))
            (func (export "reverse") (result {list}) {constants} (call $reverse))
            (func (export "add") (param i32) (result i32)
                (i32.const 1)
                (i32.wrap_i64 (call $add (local.get 0) (i64.const 5)))
                (i32.add))
            (func (export "swap") (result i32) (local i32)
                (local.set 0 (call $swap (i32.const 3) (f64.const 2.5)))
                (i32.add (i32.trunc_f64_s) (local.get 0))))"#
    );
    let mut guest = Guest::with_imports(&wat, &[reverse, add, swap]);
    let expected: Vec<i32> = (0..20).rev().collect();
    assert_eq!(guest.i32s("reverse", &[]), expected);
    assert_eq!(guest.i32s("add", &[-3]), [3]);
    assert_eq!(guest.i32s("swap", &[]), [5]);
}

#[test]
fn a_host_function_may_call_the_guest_again() {
    let guest_func = Arc::new(OnceLock::<FuncHandle>::new());
    let seen = guest_func.clone();
    // down(n) = n == 0 ? 0 : n + host(n - 1), and host(n) = down(n).
    let host = HostFunc::typed(move |call, n: i32| {
        let func = *seen.get().unwrap();
        let typed = TypedHandle::<i32, i32>::new(call.store, func).unwrap();
        typed
            .call(call.store, n)
            .map_err(|error| Cause::Host(BoxError::from(error)))
    });
    let mut guest = Guest::with_imports(
        r#"(module
            (import "" "host" (func $host (param i32) (result i32)))
            (func (export "down") (param i32) (result i32)
                (if (result i32) (local.get 0)
                    (then (i32.add (local.get 0) (call $host (i32.sub (local.get 0) (i32.const 1)))))
                    (else (i32.const 0)))))"#,
        &[host],
    );
    guest_func.set(guest.func("down")).unwrap();
    assert_eq!(guest.i32s("down", &[20]), [210]);
    // Too deep for the host's stack: an error, and all goes on.
    let Cause::Host(error) = guest.raised("down", &[100_000]).cause else {
        panic!("expected the error of the host function")
    };
    assert_eq!(error.to_string(), "call stack exhausted");
    assert_eq!(guest.i32s("down", &[20]), [210]);
}

#[test]
fn a_backtrace_goes_on_behind_the_host() {
    let inner = Arc::new(OnceLock::<FuncHandle>::new());
    let known = inner.clone();
    let host = HostFunc::typed(move |call, (): ()| {
        let typed = TypedHandle::<(), ()>::new(call.store, *known.get().unwrap()).unwrap();
        typed
            .call(call.store, ())
            .map_err(|error| Cause::Host(BoxError::from(error)))
    });
    let mut guest = Guest::with_imports(
        r#"(module
            (import "" "host" (func $host))
            (func $inner (export "inner") (unreachable))
            (func $outer (export "outer") (call $host)))"#,
        &[host],
    );
    inner.set(guest.func("inner")).unwrap();
    let raised = guest.raised("outer", &[]);
    assert_eq!(super::describe_frames(&raised), "outer at 10\n");
    let Cause::Host(error) = raised.cause else {
        panic!("expected what the host function passed on")
    };
    let error = error.downcast::<runtime::Error>().unwrap();
    let ErrorKind::Raised(raised) = error.into_kind() else {
        panic!("expected a trap")
    };
    assert_eq!(
        super::describe_frames(&raised),
        "inner at 00\nouter at 10\n"
    );
}

#[test]
fn an_error_of_the_host_comes_through_with_the_frames() {
    let fail = HostFunc::typed(|_, (): ()| Err::<(), _>(Cause::Host("no such thing".into())));
    let mut guest = Guest::with_imports(
        r#"(module
            (import "" "fail" (func $fail))
            (func $inner (call $fail))
            (func $outer (export "f") (call $inner)))"#,
        &[fail],
    );
    let raised = guest.raised("f", &[]);
    assert_eq!(
        super::describe_frames(&raised),
        "inner at 10\nouter at 10\n"
    );
    let Cause::Host(error) = raised.cause else {
        panic!("expected an error of the host")
    };
    assert_eq!(error.to_string(), "no such thing");
}

#[test]
fn a_panic_of_the_host_passes_through_and_the_store_stays_usable() {
    let calls = AtomicU32::new(0);
    let host = HostFunc::typed(move |_, n: i32| {
        let before = calls.fetch_add(1, Ordering::Relaxed);
        assert!(before != 1, "the second call panics");
        Ok(n + 1)
    });
    let mut guest = Guest::with_imports(
        r#"(module
            (import "" "host" (func $host (param i32) (result i32)))
            (func (export "f") (param i32) (result i32)
                (i32.mul (i32.const 2) (call $host (local.get 0)))))"#,
        &[host],
    );
    assert_eq!(guest.i32s("f", &[4]), [10]);
    let outcome = catch_unwind(AssertUnwindSafe(|| guest.i32s("f", &[4])));
    let payload = outcome.unwrap_err();
    assert_eq!(
        payload.downcast_ref::<&str>(),
        Some(&"the second call panics")
    );
    assert_eq!(guest.i32s("f", &[5]), [12]);
}

#[test]
fn calls_between_instances_run_in_the_callee_s_instance() {
    let engine = engine(false);
    let counter = load(
        &engine,
        r#"(module
            (global $n (mut i32) (i32.const 0))
            (func (export "next") (param i32) (result i32)
                (global.set $n (i32.add (global.get $n) (local.get 0)))
                (global.get $n))
            (func (export "fail") (unreachable)))"#,
    );
    let user = load(
        &engine,
        r#"(module
            (import "" "next" (func $next (param i32) (result i32)))
            (import "" "fail" (func $fail))
            (global $n (mut i32) (i32.const 50))
            (table funcref (elem $next))
            (func $own (param i32) (result i32)
                (i32.add (local.get 0) (global.get $n)))
            (func (export "f") (param i32) (result i32)
                (call $own (i32.mul (i32.const 10) (call $next (local.get 0)))))
            (func (export "indirect") (param i32) (result i32)
                (i32.add (i32.const 1000)
                    (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0))))
            (func $fails (export "fails") (call $fail)))"#,
    );
    let mut store = Store::new(&engine, ());
    let exporter = store.instantiate(&counter, |_| Given::Nothing).unwrap();
    let items = store.exports(exporter).unwrap();
    let item = |at: usize| -> ExternItem { items[at].1 };
    let instance = store
        .instantiate(&user, |at| Given::Item(item(at)))
        .unwrap();
    let mut guest = Guest { store, instance };
    assert_eq!(guest.i32s("f", &[1]), [60]);
    assert_eq!(guest.i32s("f", &[2]), [80]);
    assert_eq!(guest.i32s("indirect", &[3]), [1006]);
    let raised = guest.raised("fails", &[]);
    assert_eq!(super::describe_frames(&raised), "? at 00\nfails at 10\n");
    assert!(Arc::ptr_eq(&raised.frames[0].module, &counter));
    assert!(Arc::ptr_eq(&raised.frames[1].module, &user));
}

#[test]
fn references_go_to_the_host_and_back() {
    let mut guest = Guest::new(
        r#"(module
            (func $seven (export "seven") (result i32) (i32.const 7))
            (table $t 1 funcref)
            (func (export "get") (result funcref) (ref.func $seven))
            (func (export "call") (param funcref) (result i32)
                (table.set $t (i32.const 0) (local.get 0))
                (call_indirect (result i32) (i32.const 0)))
            (func (export "same") (param externref) (result externref) (local.get 0)))"#,
    );
    let func = guest.call("get", &[]).unwrap();
    assert_eq!(func, [Val::Ref(Ref::Func(Some(guest.func("seven"))))]);
    assert_eq!(guest.call("call", &func).unwrap(), [Val::I32(7)]);
    let null = guest.call("call", &[Val::Ref(Ref::Func(None))]);
    assert!(matches!(
        null.unwrap_err().kind(),
        ErrorKind::Raised(raised) if matches!(raised.cause, Cause::Trap(Trap::UninitializedElement))
    ));
    let held = guest.store.new_extern(Box::new("a value")).unwrap();
    let null = [Val::Ref(Ref::Extern(None))];
    assert_eq!(guest.call("same", &null).unwrap(), null);
    let results = guest.call("same", &[Val::Ref(Ref::Extern(Some(held)))]);
    let [Val::Ref(Ref::Extern(Some(back)))] = results.unwrap()[..] else {
        panic!("expected a value of the host")
    };
    assert!(guest.store.ref_eq(held.0, back.0).unwrap());
}
