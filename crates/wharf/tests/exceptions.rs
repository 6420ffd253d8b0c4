//! Exceptions between guests and the host: on their way through host functions, and as errors of calls.

use std::time::{Duration, Instant};
use wharf::{
    Caller, Config, Engine, Error, Exception, Func, Instance, Linker, Module, Result, Store, Tag,
    Tier, Trap, Val, ValType,
};

const TIERS: [Tier; 2] = [Tier::Interp, Tier::Optimizing];

fn engines() -> [Engine; 2] {
    TIERS.map(|tier| Engine::new(Config::new().tier(tier)).unwrap())
}

#[test]
fn an_exception_of_the_host_that_no_one_catches_is_the_error_of_the_call() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let tag = Tag::new(&mut store, &[ValType::I32, ValType::F64]).unwrap();
        let throw = Func::wrap(
            &mut store,
            move |mut caller: Caller<'_, ()>, value: i32| -> Result<()> {
                let values = [Val::I32(value), Val::from(0.5)];
                Err(Exception::new(&mut caller, tag, &values)?.into())
            },
        );
        let module = Module::new(
            &engine,
            r#"(module (import "" "throw" (func $throw (param i32)))
                (func (export "f") (call $throw (i32.const 7)) unreachable))"#,
        );
        let instance = Instance::new(&mut store, &module.unwrap(), &[throw.into()]).unwrap();
        let func = instance.get_typed_func::<(), ()>(&store, "f").unwrap();
        let error: Error = func.call(&mut store, ()).unwrap_err();
        let exception = error.exception().expect("an exception was thrown");
        assert_eq!(exception.tag(), tag);
        let values = exception.values(&store).unwrap();
        assert_eq!(values, [Val::I32(7), Val::from(0.5)]);
        assert_eq!(
            exception.to_string(),
            "uncaught exception: tag 0(i32 7, f64 0.5)"
        );
        assert_eq!(error.backtrace().frames().len(), 1);
    }
}

#[test]
fn values_must_fit_the_tag_and_handles_the_store() {
    for engine in engines() {
        let (mut store, mut other) = (Store::new(&engine, ()), Store::new(&engine, ()));
        let tag = Tag::new(&mut store, &[ValType::I64]).unwrap();
        assert!(Exception::new(&mut store, tag, &[Val::I64(1)]).is_ok());
        assert!(Exception::new(&mut store, tag, &[Val::I32(1)]).is_err());
        assert!(Exception::new(&mut store, tag, &[]).is_err());
        assert!(Exception::new(&mut other, tag, &[Val::I64(1)]).is_err());
        assert!(tag.ty(&other).is_err());
        assert_eq!(tag.ty(&store).unwrap().params(), [ValType::I64]);
    }
}

#[test]
fn an_uncaught_exception_says_its_tag_its_payload_and_where_it_was_thrown() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let module = Module::new(
            &engine,
            r#"(module (tag $failure (param i32 i64))
                (func $inner (throw $failure (i32.const -1) (i64.const 2)))
                (func $outer (export "f") (call $inner)))"#,
        );
        let instance = Instance::new(&mut store, &module.unwrap(), &[]).unwrap();
        let func = instance.get_typed_func::<(), ()>(&store, "f").unwrap();
        let error = func.call(&mut store, ()).unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("uncaught exception: failure(i32 -1, i64 2)"),
            "{text}"
        );
        let frames = error.backtrace().frames();
        let names: Vec<_> = frames.iter().map(|frame| frame.func_name()).collect();
        assert_eq!(names, [Some("inner"), Some("outer")]);
    }
}

/// A guest that catches what a host function throws, what it lets through, and what comes from a call that the host nests.
#[test]
fn a_module_may_have_many_tags_wide_ones_and_exported_ones() {
    const N_EXPORTED: usize = 40_000;
    let params = "i32 ".repeat(900);
    let tags: String = (0..N_EXPORTED)
        .map(|nth| format!("(tag (type $wide)) (tag (export \"t{nth}\"))"))
        .collect();
    let last = 2 * N_EXPORTED - 1;
    let wat = format!(
        "(module (type $wide (func (param {params}))) {tags} (func (export \"f\") (throw {last})))"
    );
    for engine in engines() {
        let module = Module::new(&engine, &wat).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let func = instance.get_typed_func::<(), ()>(&store, "f").unwrap();
        let error = func.call(&mut store, ()).unwrap_err();
        // Without names in the file a tag is called what it is exported as.
        let name = format!("t{}", N_EXPORTED - 1);
        let text = error.exception().unwrap().to_string();
        assert_eq!(text, format!("uncaught exception: {name}()"));
    }
}

const CATCHES: &str = r#"(module
    (import "host" "tag" (tag $tag (param i32)))
    (import "host" "throw" (func $throw (param i32)))
    (import "host" "through" (func $through (param funcref)))
    (table 1 funcref)
    (func $thrower (export "thrower") (throw $tag (i32.const 40)))
    (elem declare func $thrower)
    (func (export "direct") (param i32) (result i32) (local $seen i32)
        (block $caught (result i32)
            (try_table (catch $tag $caught)
                (local.set $seen (i32.const 100))
                (call $throw (local.get 0))
                (local.set $seen (i32.const 1000)))
            (return (i32.const -1)))
        (i32.add (local.get $seen)))
    (func (export "nested") (result i32)
        (block $caught (result i32)
            (try_table (catch $tag $caught) (call $through (ref.func $thrower)))
            (return (i32.const -1)))))"#;

fn catching(engine: &Engine) -> (Store<u32>, Instance) {
    let mut store = Store::new(engine, 0);
    let tag = Tag::new(&mut store, &[ValType::I32]).unwrap();
    let throw = Func::wrap(
        &mut store,
        move |mut caller: Caller<'_, u32>, value: i32| -> Result<()> {
            if value == 0 {
                return Ok(());
            }
            Err(Exception::new(&mut caller, tag, &[Val::I32(value)])?.into())
        },
    );
    let through = Func::wrap(
        &mut store,
        |mut caller: Caller<'_, u32>, callee: Option<Func>| -> Result<()> {
            *caller.data_mut() += 1;
            let outcome = callee.unwrap().call(&mut caller, &[]);
            // The host sees the exception as an error on its way, and may do its own work before it goes on.
            let error = outcome.expect_err("the guest throws");
            assert!(error.exception().is_some());
            *caller.data_mut() += 10;
            Err(error)
        },
    );
    let mut linker = Linker::new(engine);
    linker.define("host", "tag", tag).unwrap();
    linker.define("host", "throw", throw).unwrap();
    linker.define("host", "through", through).unwrap();
    let module = Module::new(engine, CATCHES).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    (store, instance)
}

#[test]
fn guests_catch_what_host_functions_throw() {
    for engine in engines() {
        let (mut store, guest) = catching(&engine);
        let direct = guest.get_typed_func::<i32, i32>(&store, "direct").unwrap();
        for _ in 0..3 {
            assert_eq!(direct.call(&mut store, 7).unwrap(), 107);
            assert_eq!(direct.call(&mut store, 0).unwrap(), -1);
        }
    }
}

#[test]
fn exceptions_pass_through_host_functions_that_call_guests() {
    for engine in engines() {
        let (mut store, guest) = catching(&engine);
        let nested = guest.get_typed_func::<(), i32>(&store, "nested").unwrap();
        for round in 1..=3 {
            assert_eq!(nested.call(&mut store, ()).unwrap(), 40);
            assert_eq!(*store.data(), 11 * round);
        }
        let thrower = guest.get_typed_func::<(), ()>(&store, "thrower").unwrap();
        let error = thrower.call(&mut store, ()).unwrap_err();
        assert_eq!(
            error.exception().unwrap().values(&store).unwrap(),
            [Val::I32(40)]
        );
    }
}

#[test]
fn other_errors_of_host_functions_are_not_caught() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let fail = Func::wrap(&mut store, |_: Caller<'_, ()>| -> Result<()> {
            Err(Error::msg("the disk is full"))
        });
        let module = Module::new(
            &engine,
            r#"(module (import "" "fail" (func $fail))
                (func $divide (param i32) (drop (i32.div_u (i32.const 1) (local.get 0))))
                (func (export "fail") (block $caught (try_table (catch_all $caught) (call $fail))))
                (func (export "trap")
                    (block $caught (try_table (catch_all $caught) (call $divide (i32.const 0))))))"#,
        );
        let instance = Instance::new(&mut store, &module.unwrap(), &[fail.into()]).unwrap();
        let func = instance.get_typed_func::<(), ()>(&store, "fail").unwrap();
        let error = func.call(&mut store, ()).unwrap_err();
        assert!(error.to_string().contains("the disk is full"), "{error}");
        let func = instance.get_typed_func::<(), ()>(&store, "trap").unwrap();
        let error = func.call(&mut store, ()).unwrap_err();
        assert_eq!(error.trap(), Some(Trap::IntegerDivideByZero));
    }
}

/// Throws and catches for ever, a call between both.
const ENDLESS: &str = r#"(module (tag $tag)
    (func $throw (throw $tag))
    (func (export "spin")
        (loop $again (try_table (catch $tag $again) (call $throw)))))"#;

#[test]
fn a_guest_that_throws_for_ever_can_be_stopped() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let module = Module::new(&engine, ENDLESS).unwrap();
        let guest = Instance::new(&mut store, &module, &[]).unwrap();
        let spin = guest.get_typed_func::<(), ()>(&store, "spin").unwrap();
        store.set_timeout(Some(Duration::from_millis(50)));
        let began = Instant::now();
        let error = spin.call(&mut store, ()).unwrap_err();
        assert_eq!(error.trap(), Some(Trap::Interrupted));
        assert!(began.elapsed() < Duration::from_secs(20));
    }
}

#[test]
fn fuel_ends_a_guest_that_throws_at_the_same_place_in_both_tiers() {
    let left = TIERS.map(|tier| {
        let engine = Engine::new(Config::new().tier(tier).consume_fuel(true)).unwrap();
        let mut store = Store::new(&engine, ());
        let module = Module::new(&engine, ENDLESS).unwrap();
        store.set_fuel(1000);
        let guest = Instance::new(&mut store, &module, &[]).unwrap();
        let spin = guest.get_typed_func::<(), ()>(&store, "spin").unwrap();
        let places = (0..20).map(|fuel| {
            store.set_fuel(fuel);
            let error = spin.call(&mut store, ()).unwrap_err();
            assert_eq!(error.trap(), Some(Trap::OutOfFuel));
            error.backtrace().frames().len()
        });
        places.collect::<Vec<_>>()
    });
    assert_eq!(left[0], left[1]);
}

#[test]
fn a_stack_that_overflows_under_a_handler_is_a_trap() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let module = Module::new(
            &engine,
            r#"(module (tag $tag)
                (func $down (export "down") (param i32)
                    (block $caught
                        (try_table (catch_all $caught)
                            (call $down (i32.add (local.get 0) (i32.const 1)))))))"#,
        );
        let guest = Instance::new(&mut store, &module.unwrap(), &[]).unwrap();
        let down = guest.get_typed_func::<i32, ()>(&store, "down").unwrap();
        let error = down.call(&mut store, 0).unwrap_err();
        assert_eq!(error.trap(), Some(Trap::StackOverflow));
    }
}

/// References that live across a call which throws are moved by the collector meanwhile.
#[test]
fn what_lives_across_a_call_that_throws_survives_collections() {
    for tier in TIERS {
        let engine = Engine::new(Config::new().tier(tier).gc_stress(true)).unwrap();
        let mut store = Store::new(&engine, ());
        let module = Module::new(
            &engine,
            r#"(module
                (type $box (struct (field i32)))
                (tag $tag (param (ref $box) i32))
                (func $throw (param i32)
                    (drop (struct.new $box (i32.const 99)))
                    (throw $tag (struct.new $box (local.get 0)) (i32.const 1000)))
                (func (export "f") (result i32)
                    (local $kept (ref null $box)) (local $exn exnref) (local $sum i32)
                    (local.set $kept (struct.new $box (i32.const 10)))
                    (block $caught (result (ref $box) i32 exnref)
                        (try_table (catch_ref $tag $caught) (call $throw (i32.const 7)))
                        unreachable)
                    local.set $exn
                    local.set $sum
                    struct.get $box 0
                    local.get $sum
                    i32.add
                    local.set $sum
                    (drop (struct.new $box (i32.const 98)))
                    (block $again (result (ref $box) i32)
                        (try_table (catch $tag $again) (throw_ref (local.get $exn)))
                        unreachable)
                    local.get $sum
                    i32.add
                    local.set $sum
                    struct.get $box 0
                    local.get $sum
                    i32.add
                    (struct.get $box 0 (local.get $kept))
                    i32.add))"#,
        );
        let guest = Instance::new(&mut store, &module.unwrap(), &[]).unwrap();
        let func = guest.get_typed_func::<(), i32>(&store, "f").unwrap();
        assert_eq!(func.call(&mut store, ()).unwrap(), 2024);
    }
}
