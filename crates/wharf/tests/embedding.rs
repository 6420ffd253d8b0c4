//! What embedders rely on, in both tiers: misuse is an error, limits hold, guests can be stopped, panics and errors come
//! through, and everything goes on afterwards.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};
use wharf::{
    Caller, Config, Engine, Error, ErrorKind, ExternRef, Func, Instance, Limits, Linker, Memory,
    MemoryType, Module, ModuleStream, Ref, RefType, Store, Table, TableType, Tier, Trap, Val,
};

/// Runs a check in each tier.
fn in_each_tier(check: impl Fn(&Engine)) {
    for tier in [Tier::Interp, Tier::Optimizing] {
        let engine = Engine::new(Config::new().tier(tier).consume_fuel(true));
        check(&engine.expect("both tiers run here"));
    }
}

fn store<T>(engine: &Engine, data: T) -> Store<T> {
    let mut store = Store::new(engine, data);
    store.set_fuel(u64::MAX);
    store
}

fn instance(store: &mut Store<()>, text: &str) -> Instance {
    let module = Module::new(store.engine(), text).expect("the module is valid");
    Instance::new(store, &module, &[]).expect("it instantiates")
}

const SPIN: &str = r#"(module (func (export "spin") (loop br 0)) (func (export "seven") (result i32) i32.const 7))"#;

fn seven(store: &mut Store<()>, instance: Instance) -> i32 {
    let seven = instance
        .get_typed_func::<(), i32>(&*store, "seven")
        .expect("exported");
    seven.call(store, ()).expect("no trap")
}

#[test]
fn handles_of_another_store_are_errors() {
    in_each_tier(|engine| {
        let (mut a, mut b) = (store(engine, ()), store(engine, ()));
        let func = Func::wrap(&mut a, |x: i32| x);
        let memory = Memory::new(&mut a, MemoryType::new(1, None)).unwrap();
        let table = Table::new(
            &mut b,
            TableType::new(RefType::FUNCREF, 1, None),
            Ref::Func(None),
        )
        .unwrap();
        let host = ExternRef::new(&mut a, 1).unwrap();
        let misused =
            |error: Error| assert!(matches!(error.kind(), ErrorKind::Misuse(_)), "{error}");
        misused(func.call(&mut b, &[Val::I32(1)]).unwrap_err());
        misused(memory.data(&b).unwrap_err());
        misused(table.set(&mut b, 0, Ref::Func(Some(func))).unwrap_err());
        misused(host.data(&b).map(drop).unwrap_err());
        let echo = Func::wrap(&mut b, |value: Option<ExternRef>| value);
        misused(echo.call(&mut b, &[host.into()]).unwrap_err());
        let module = Module::new(
            engine,
            r#"(module (import "" "" (func (param i32) (result i32))))"#,
        )
        .unwrap();
        misused(Instance::new(&mut b, &module, &[func.into()]).unwrap_err());
    });
}

#[test]
fn wrong_types_are_errors() {
    in_each_tier(|engine| {
        let mut store = store(engine, ());
        let func = Func::wrap(&mut store, |x: i32| x);
        assert!(func.call(&mut store, &[]).is_err());
        assert!(func.call(&mut store, &[Val::I64(1)]).is_err());
        assert!(func.typed::<i64, i32>(&store).is_err());
        let module =
            Module::new(engine, r#"(module (import "a" "b" (func (param i64))))"#).unwrap();
        let error = Instance::new(&mut store, &module, &[func.into()]).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Link(_)));
        let text = error.to_string();
        assert!(
            text.contains("\"a\" \"b\"")
                && text.contains("(param i64)")
                && text.contains("(param i32)"),
            "{text}"
        );
        let error = Instance::new(&mut store, &module, &[]).unwrap_err();
        assert!(error.to_string().contains("not defined"), "{error}");
    });
}

#[test]
fn guests_are_stopped_by_deadline_and_handle_and_the_store_goes_on() {
    in_each_tier(|engine| {
        let mut store = store(engine, ());
        let guest = instance(&mut store, SPIN);
        let spin = guest.get_typed_func::<(), ()>(&store, "spin").unwrap();
        let stopped = |outcome: Result<(), Error>| {
            assert_eq!(outcome.unwrap_err().trap(), Some(Trap::Interrupted))
        };

        store.set_timeout(Some(Duration::from_millis(20)));
        stopped(spin.call(&mut store, ()));
        // A deadline stays until another is set.
        stopped(spin.call(&mut store, ()));
        store.set_deadline(None);
        assert_eq!(seven(&mut store, guest), 7);

        let handle = store.interrupt_handle();
        let other = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            handle.interrupt();
        });
        stopped(spin.call(&mut store, ()));
        other.join().unwrap();
        assert_eq!(seven(&mut store, guest), 7);

        // Asked for while no guest runs: the next one does not start.
        store.interrupt_handle().interrupt();
        stopped(spin.call(&mut store, ()));
        assert_eq!(seven(&mut store, guest), 7);
    });
}

#[test]
fn guests_that_work_on_many_elements_and_little_else_are_stopped() {
    let text = r#"(module
        (type $row (array (mut i64)))
        (memory 200)
        (table 100000 funcref)
        (func (export "new") (loop
            (drop (array.len (array.new_default $row (i32.const 100000))))
            (br 0)))
        (func (export "array") (local $row (ref $row))
            (local.set $row (array.new_default $row (i32.const 100000)))
            (loop
                (array.fill $row (local.get $row) (i32.const 0) (i64.const 3) (i32.const 100000))
                (br 0)))
        (func (export "memory") (loop
            (memory.copy (i32.const 0) (i32.const 3) (i32.const 10000000))
            (br 0)))
        (func (export "table") (loop
            (table.fill 0 (i32.const 0) (ref.null func) (i32.const 100000))
            (br 0)))
        (func (export "seven") (result i32) (i32.const 7)))"#;
    in_each_tier(|engine| {
        let mut store = store(engine, ());
        let guest = instance(&mut store, text);
        for name in ["new", "array", "memory", "table"] {
            let work = guest.get_typed_func::<(), ()>(&store, name).unwrap();
            let begin = std::time::Instant::now();
            store.set_timeout(Some(Duration::from_millis(50)));
            let error = work.call(&mut store, ()).unwrap_err();
            assert_eq!(error.trap(), Some(Trap::Interrupted));
            assert!(begin.elapsed() < Duration::from_secs(5), "{name}");
            store.set_deadline(None);
            // A request is served once.
            let handle = store.interrupt_handle();
            let other = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(20));
                handle.interrupt();
            });
            let error = work.call(&mut store, ()).unwrap_err();
            assert_eq!(error.trap(), Some(Trap::Interrupted));
            other.join().unwrap();
            assert_eq!(seven(&mut store, guest), 7);
        }
    });
}

#[test]
fn a_request_stops_only_the_store_it_was_for() {
    in_each_tier(|engine| {
        let mut outer = store(engine, ());
        let inner_engine = engine.clone();
        let handle = outer.interrupt_handle();
        let nested = Func::wrap(&mut outer, move || {
            handle.interrupt();
            let mut inner = store(&inner_engine, ());
            let guest = instance(&mut inner, SPIN);
            (0..200).map(|_| seven(&mut inner, guest)).sum::<i32>()
        });
        let module = r#"(module (import "" "" (func $f (result i32))) (func (export "f") (result i32) call $f))"#;
        let module = Module::new(engine, module).unwrap();
        let guest = Instance::new(&mut outer, &module, &[nested.into()]).unwrap();
        let f = guest.get_typed_func::<(), i32>(&outer, "f").unwrap();
        assert_eq!(
            f.call(&mut outer, ()).unwrap_err().trap(),
            Some(Trap::Interrupted)
        );
    });
}

#[test]
fn fuel_is_the_same_in_both_tiers_and_runs_out() {
    let left = [Tier::Interp, Tier::Optimizing].map(|tier| {
        let engine = Engine::new(Config::new().tier(tier).consume_fuel(true)).unwrap();
        let mut store = store(&engine, ());
        let guest = instance(
            &mut store,
            r#"(module (func (export "sum") (param i32) (result i32) (local i32)
                 (loop (local.set 1 (i32.add (local.get 1) (local.get 0)))
                       (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                 local.get 1))"#,
        );
        let sum = guest.get_typed_func::<i32, i32>(&store, "sum").unwrap();
        store.set_fuel(1000);
        assert_eq!(sum.call(&mut store, 10).unwrap(), 55);
        let left = store.fuel();
        assert_eq!(
            sum.call(&mut store, 1 << 30).unwrap_err().trap(),
            Some(Trap::OutOfFuel)
        );
        assert_eq!(store.fuel(), 0);
        left
    });
    assert_eq!(left[0], left[1]);
    assert!(left[0] < 1000);
}

#[test]
fn limits_hold() {
    in_each_tier(|engine| {
        let mut store = store(engine, ());
        store.set_limits(Limits {
            memory_bytes_max: 3 << 16,
            table_elements_max: 10,
            instances_max: 2,
            ..Limits::default()
        });
        let guest = instance(
            &mut store,
            r#"(module (memory 1) (table 1 funcref)
                 (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
                 (func (export "table") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))"#,
        );
        let grow = guest.get_typed_func::<i32, i32>(&store, "grow").unwrap();
        assert_eq!(grow.call(&mut store, 3).unwrap(), -1);
        assert_eq!(grow.call(&mut store, 2).unwrap(), 1);
        assert_eq!(grow.call(&mut store, 1).unwrap(), -1);
        let table = guest.get_typed_func::<i32, i32>(&store, "table").unwrap();
        assert_eq!(table.call(&mut store, 10).unwrap(), -1);
        assert_eq!(table.call(&mut store, 9).unwrap(), 1);
        let big = Module::new(engine, "(module (memory 65536))").unwrap();
        assert!(matches!(
            Instance::new(&mut store, &big, &[]).unwrap_err().kind(),
            ErrorKind::Limit(_)
        ));
        let empty = Module::new(engine, "(module)").unwrap();
        assert!(Instance::new(&mut store, &empty, &[]).is_err());
    });
}

#[test]
fn panics_and_errors_of_host_functions_come_through_guests() {
    #[derive(Debug)]
    struct Refused(i32);
    impl std::fmt::Display for Refused {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "refused {}", self.0)
        }
    }
    impl std::error::Error for Refused {}

    in_each_tier(|engine| {
        let mut linker = Linker::new(engine);
        linker
            .func_wrap("host", "panic", || -> () { panic!("of the host") })
            .unwrap();
        linker
            .func_wrap("host", "refuse", |n: i32| -> Result<(), Error> {
                Err(Refused(n).into())
            })
            .unwrap();
        let text = r#"(module
            (import "host" "panic" (func $panic)) (import "host" "refuse" (func $refuse (param i32)))
            (func (export "panic") call $panic)
            (func $inner (param i32) local.get 0 call $refuse)
            (func (export "refuse") (param i32) local.get 0 call $inner)
            (func (export "seven") (result i32) i32.const 7))"#;
        let module = Module::new(engine, text).unwrap();
        let mut store = store(engine, ());
        let guest = linker.instantiate(&mut store, &module).unwrap();
        for _ in 0..3 {
            let panic = guest.get_typed_func::<(), ()>(&store, "panic").unwrap();
            let payload =
                catch_unwind(AssertUnwindSafe(|| panic.call(&mut store, ()))).unwrap_err();
            assert_eq!(payload.downcast_ref::<&str>(), Some(&"of the host"));
            let refuse = guest.get_typed_func::<i32, ()>(&store, "refuse").unwrap();
            let error = refuse.call(&mut store, 5).unwrap_err();
            assert_eq!(
                error.downcast_ref::<Refused>().map(|refused| refused.0),
                Some(5)
            );
            let names: Vec<_> = error
                .backtrace()
                .frames()
                .iter()
                .map(|frame| frame.func_name())
                .collect();
            assert_eq!(names, [Some("inner"), None]);
            assert_eq!(seven(&mut store, guest), 7);
        }
    });
}

#[test]
fn host_and_guest_call_each_other_deeply() {
    in_each_tier(|engine| {
        let mut store = store(engine, None::<Func>);
        let down = Func::wrap(
            &mut store,
            |mut caller: Caller<'_, Option<Func>>, n: i32| -> Result<i32, Error> {
                let func = caller.data().expect("set below");
                let results = func.call(&mut caller, &[Val::I32(n)])?;
                Ok(results[0].i32().expect("an integer"))
            },
        );
        let text = r#"(module (import "" "" (func $down (param i32) (result i32)))
            (func (export "f") (param i32) (result i32)
              (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
                (else (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1))))))))"#;
        let module = Module::new(engine, text).unwrap();
        let guest = Instance::new(&mut store, &module, &[down.into()]).unwrap();
        let f = guest.get_func(&store, "f").unwrap();
        *store.data_mut() = Some(f);
        assert_eq!(f.call(&mut store, &[Val::I32(20)]).unwrap(), [Val::I32(20)]);
        let error = f.call(&mut store, &[Val::I32(1_000_000)]).unwrap_err();
        assert_eq!(error.trap(), Some(Trap::StackOverflow));
        assert_eq!(f.call(&mut store, &[Val::I32(20)]).unwrap(), [Val::I32(20)]);
    });
}

#[test]
fn reused_memory_is_clean() {
    in_each_tier(|engine| {
        let text = r#"(module (memory (export "m") 1) (data (i32.const 5) "abc")
            (func (export "dirty") (drop (memory.grow (i32.const 8))) (memory.fill (i32.const 0) (i32.const 255) (i32.const 589824))))"#;
        let module = Module::new(engine, text).unwrap();
        let larger = Module::new(engine, r#"(module (memory (export "m") 12))"#).unwrap();
        for _ in 0..4 {
            let mut store = store(engine, ());
            let guest = Instance::new(&mut store, &module, &[]).unwrap();
            let memory = guest.get_memory(&store, "m").unwrap();
            let data = memory.data(&store).unwrap();
            assert_eq!(&data[5..8], b"abc");
            assert_eq!(data.iter().filter(|byte| **byte != 0).count(), 3);
            guest
                .get_typed_func::<(), ()>(&store, "dirty")
                .unwrap()
                .call(&mut store, ())
                .unwrap();
            let other = Instance::new(&mut store, &larger, &[]).unwrap();
            let other = other.get_memory(&store, "m").unwrap();
            assert!(other.data(&store).unwrap().iter().all(|byte| *byte == 0));
        }
    });
}

#[test]
fn a_module_in_pieces_is_the_same_module() {
    in_each_tier(|engine| {
        let bytes = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x07\x05\x01\x01f\0\0\x0a\x06\x01\x04\0\x41\x2a\x0b";
        let mut stream = ModuleStream::new(engine);
        for byte in bytes {
            stream.push(&[*byte]).unwrap();
        }
        let module = stream.finish().unwrap();
        let mut store = store(engine, ());
        let guest = Instance::new(&mut store, &module, &[]).unwrap();
        let f = guest.get_typed_func::<(), i32>(&store, "f").unwrap();
        assert_eq!(f.call(&mut store, ()).unwrap(), 42);
    });
}

#[test]
fn artifacts_run_and_damaged_ones_are_refused() {
    let engine = Engine::default();
    let module = Module::new(&engine, SPIN).unwrap();
    let path = std::env::temp_dir().join(format!("wharf-artifact-test-{}", std::process::id()));
    let bytes = module.serialize().unwrap();
    std::fs::write(&path, &bytes).unwrap();
    let loaded = Module::from_file(&engine, &path).unwrap();
    let mut store = Store::new(&engine, ());
    let guest = Instance::new(&mut store, &loaded, &[]).unwrap();
    assert_eq!(seven(&mut store, guest), 7);

    let step = bytes.len() / 97 + 1;
    for at in (8..bytes.len()).step_by(step) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        std::fs::write(&path, &damaged).unwrap();
        let error = Module::from_file(&engine, &path).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Artifact(_)),
            "byte {at}: {error}"
        );
        std::fs::write(&path, &bytes[..at]).unwrap();
        assert!(Module::from_file(&engine, &path).is_err(), "cut at {at}");
    }
    std::fs::write(&path, &bytes).unwrap();
    let fueled = Engine::new(Config::new().consume_fuel(true)).unwrap();
    assert!(matches!(
        Module::from_file(&fueled, &path).unwrap_err().kind(),
        ErrorKind::Artifact(_)
    ));
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn many_threads_trap_at_once() {
    let engine = Engine::default();
    let text = r#"(module (memory 1)
        (func (export "wild") (param i32) (result i32) (i32.load (local.get 0)))
        (func $deep (export "deep") call $deep))"#;
    let module = Module::new(&engine, text).unwrap();
    let end = Instant::now() + Duration::from_millis(200);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while Instant::now() < end {
                    let mut store = Store::new(&engine, ());
                    let guest = Instance::new(&mut store, &module, &[]).unwrap();
                    let wild = guest.get_typed_func::<i32, i32>(&store, "wild").unwrap();
                    assert_eq!(
                        wild.call(&mut store, -1).unwrap_err().trap(),
                        Some(Trap::MemoryOutOfBounds)
                    );
                    assert_eq!(wild.call(&mut store, 0).unwrap(), 0);
                    let deep = guest.get_typed_func::<(), ()>(&store, "deep").unwrap();
                    assert_eq!(
                        deep.call(&mut store, ()).unwrap_err().trap(),
                        Some(Trap::StackOverflow)
                    );
                }
            });
        }
    });
}

/// Modules are shared by threads; a store moves between them if its data can.
#[test]
fn what_is_shared_and_what_moves() {
    fn shared<T: Send + Sync>() {}
    fn moves<T: Send>() {}
    shared::<Engine>();
    shared::<Module>();
    shared::<Linker<std::cell::Cell<i32>>>();
    moves::<Store<i32>>();
}

/// Guests called by a host function that the host itself called, or from another thread while one is suspended.
#[test]
fn guests_run_on_stacks_of_the_store_wherever_they_are_called_from() {
    in_each_tier(|engine| {
        let mut outer = store(engine, None::<Func>);
        let text = r#"(module (import "" "" (func $host))
            (func $deep (export "deep") call $deep)
            (func (export "call") call $host)
            (func (export "call_and_spin") call $host (loop br 0)))"#;
        let module = Module::new(engine, text).unwrap();
        let on_thread = Func::wrap(&mut outer, |mut caller: Caller<'_, Option<Func>>| {
            let deep = caller.data().expect("set below");
            std::thread::scope(|scope| {
                let trapped = scope.spawn(|| deep.call(&mut caller, &[]).unwrap_err().trap());
                assert_eq!(trapped.join().unwrap(), Some(Trap::StackOverflow));
            });
        });
        let guest = Instance::new(&mut outer, &module, &[on_thread.into()]).unwrap();
        *outer.data_mut() = guest.get_func(&outer, "deep");
        on_thread.call(&mut outer, &[]).unwrap();
        let call = guest.get_func(&outer, "call").unwrap();
        for _ in 0..3 {
            call.call(&mut outer, &[]).unwrap();
        }
        let spin = guest.get_func(&outer, "call_and_spin").unwrap();
        outer.set_timeout(Some(Duration::from_millis(50)));
        assert_eq!(
            spin.call(&mut outer, &[]).unwrap_err().trap(),
            Some(Trap::Interrupted)
        );
    });
}

/// A module without code lies nowhere: it must not take the place of another.
#[test]
fn modules_without_code_take_no_place() {
    let engine = Engine::default();
    for padding in 0..70 {
        let nops = "nop ".repeat(padding);
        let adds = "(i32.store (i32.const 0) (i32.const 1)) ".repeat(padding);
        let text =
            format!(r#"(module (memory 1) (func (export "trap") {nops} {adds} unreachable))"#);
        let module = Module::new(&engine, text).unwrap();
        let empty = Module::new(&engine, "(module)").unwrap();
        let mut store = Store::new(&engine, ());
        let guest = Instance::new(&mut store, &module, &[]).unwrap();
        let trap = guest.get_typed_func::<(), ()>(&store, "trap").unwrap();
        assert_eq!(
            trap.call(&mut store, ()).unwrap_err().trap(),
            Some(Trap::Unreachable)
        );
        drop(empty);
        assert_eq!(
            trap.call(&mut store, ()).unwrap_err().trap(),
            Some(Trap::Unreachable)
        );
    }
}
