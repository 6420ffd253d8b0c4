//! Functions that get their code one by one, and better code while they run.

use std::fmt::Write;
use wharf::{Config, Engine, ErrorKind, Instance, Module, Store, Tier, Trap};

/// Engines that compile functions one by one.
fn engines() -> Vec<Engine> {
    let mut lazy = Config::new();
    lazy.tier(Tier::Optimizing).lazy_compilation(true);
    let mut auto = Config::new();
    auto.tier(Tier::Auto).tier_up_after(1);
    let mut waits = auto.clone();
    waits.tier_up_waits(true);
    let mut configs = [lazy, auto, waits];
    let engines = configs.iter_mut().map(|config| {
        config.max_wasm_stack(64 << 10);
        Engine::new(config).unwrap()
    });
    engines.collect()
}

/// A chain of functions, each of which works in a loop and calls the next; the last one is called through a table too.
fn chain(length: u32) -> String {
    let mut text = String::from("(module (type $step (func (param i32) (result i32)))\n");
    for func in 0..length {
        let next = func + 1;
        write!(
            text,
            "(func $f{func} (export \"f{func}\") (type $step) (local i32 i32)
               (local.set 1 (i32.const 5))
               (loop $again
                 (local.set 2 (i32.add (local.get 2) (local.get 0)))
                 (br_if $again (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
               (i32.add (local.get 2) (call $f{next} (i32.const 1))))\n"
        )
        .unwrap();
    }
    write!(
        text,
        "(func $f{length} (type $step) (call_indirect (type $step) (local.get 0) (i32.const 0)))
         (func $end (type $step) (local.get 0))
         (table funcref (elem $end)))"
    )
    .unwrap();
    text
}

#[test]
fn many_threads_call_functions_first_at_the_same_time() {
    const LENGTH: u32 = 40;
    for engine in engines() {
        let module = Module::new(&engine, chain(LENGTH)).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let module = &module;
                scope.spawn(move || {
                    let mut store = Store::new(module.engine(), ());
                    let instance = Instance::new(&mut store, module, &[]).unwrap();
                    for step in 0..LENGTH {
                        let first = (thread * 7 + step * 13) % LENGTH;
                        let name = format!("f{first}");
                        let func = instance.get_typed_func::<i32, i32>(&mut store, &name);
                        let expected = 5 * 3 + 5 * (LENGTH - first - 1) as i32 + 1;
                        assert_eq!(func.unwrap().call(&mut store, 3).unwrap(), expected);
                    }
                });
            }
        });
        let stats = engine.stats();
        let whole = stats.whole.functions;
        assert_eq!(stats.validated.functions + whole, u64::from(LENGTH) + 2);
        let first = stats.first_call.functions + stats.ahead.functions;
        assert!(whole + first > u64::from(LENGTH));
    }
}

#[test]
fn first_calls_at_the_end_of_the_stack_trap_or_run() {
    let text = r#"(module
        (func $deep (export "deep") (param i32) (result i32)
          (if (result i32) (i32.eqz (local.get 0))
            (then (call $late (i32.const 41)))
            (else (i32.add (i32.const 0) (call $deep (i32.sub (local.get 0) (i32.const 1)))))))
        (func $late (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))"#;
    for engine in engines() {
        let (mut ran, mut trapped) = (0, 0);
        for depth in (0..40_000).step_by(1_250) {
            let module = Module::new(&engine, text).unwrap();
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let deep = instance.get_typed_func::<i32, i32>(&mut store, "deep");
            let deep = deep.unwrap();
            match deep.call(&mut store, depth) {
                Ok(result) => {
                    assert_eq!(result, 42);
                    ran += 1;
                }
                Err(error) => {
                    let is_overflow = matches!(error.kind(), ErrorKind::Trap(Trap::StackOverflow));
                    assert!(is_overflow, "{error}");
                    trapped += 1;
                }
            }
            assert_eq!(deep.call(&mut store, 3).unwrap(), 42);
        }
        assert!(ran > 0 && trapped > 0, "{ran} {trapped}");
    }
}

#[test]
fn modules_and_engines_go_while_their_functions_are_compiled() {
    for round in 0..40 {
        for engine in engines() {
            let module = Module::new(&engine, chain(30)).unwrap();
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let func = instance.get_typed_func::<i32, i32>(&mut store, "f0");
            let func = func.unwrap();
            for _ in 0..round % 4 {
                assert_eq!(func.call(&mut store, 1).unwrap(), 151);
            }
            if round % 2 == 0 {
                drop(engine);
            }
        }
    }
}

#[test]
fn guests_are_stopped_while_they_get_better_code() {
    let text = r#"(module
        (func $work (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
        (func (export "forever") (local i32)
          (loop $again
            (local.set 0 (call $work (local.get 0)))
            (br $again))))"#;
    for engine in engines() {
        let module = Module::new(&engine, text).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..6 {
                let module = &module;
                scope.spawn(move || {
                    let mut store = Store::new(module.engine(), ());
                    let instance = Instance::new(&mut store, module, &[]).unwrap();
                    let func = instance.get_typed_func::<(), ()>(&mut store, "forever");
                    let func = func.unwrap();
                    for round in 0..5 {
                        let time = std::time::Duration::from_micros(200 * (thread + round));
                        store.set_deadline(Some(std::time::Instant::now() + time));
                        let error = func.call(&mut store, ()).unwrap_err();
                        let is_stopped = matches!(error.kind(), ErrorKind::Trap(Trap::Interrupted));
                        assert!(is_stopped, "{error}");
                        store.set_deadline(None);
                    }
                });
            }
        });
    }
}

#[test]
fn artifacts_hold_all_functions_whatever_ran() {
    for engine in engines() {
        let module = Module::new(&engine, chain(3)).unwrap();
        let artifact = module.serialize().unwrap();
        let path = std::env::temp_dir().join(format!("wharf-tiers-{}.wharf", std::process::id()));
        std::fs::write(&path, artifact).unwrap();
        let module = Module::from_artifact_file(&engine, &path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let func = instance.get_typed_func::<i32, i32>(&mut store, "f0");
        assert_eq!(func.unwrap().call(&mut store, 1).unwrap(), 16);
    }
}

/// Lists of objects, made and summed again and again: the references lie in frames of all tiers while they are collected.
const LISTS: &str = r#"(module
    (type $node (struct (field (ref null $node)) (field i32)))
    (type $push (func (param (ref null $node) i32) (result (ref null $node))))
    (func $push (type $push) (struct.new $node (local.get 0) (local.get 1)))
    (table funcref (elem $push))
    (func $make (param $length i32) (result (ref null $node)) (local $list (ref null $node))
      (loop $more
        (local.set $list
          (call_indirect (type $push) (local.get $list) (local.get $length) (i32.const 0)))
        (br_if $more (local.tee $length (i32.sub (local.get $length) (i32.const 1)))))
      (local.get $list))
    (func $sum (param $list (ref null $node)) (result i32) (local $sum i32)
      (block $end
        (loop $next
          (br_if $end (ref.is_null (local.get $list)))
          (local.set $sum (i32.add (local.get $sum) (struct.get $node 1 (local.get $list))))
          (local.set $list (struct.get $node 0 (local.get $list)))
          (br $next)))
      (local.get $sum))
    (func (export "run") (param $rounds i32) (result i32) (local $kept (ref null $node)) (local $all i32)
      (local.set $kept (call $make (i32.const 7)))
      (loop $again
        (local.set $all (i32.add (local.get $all) (call $sum (call $make (i32.const 20)))))
        (local.set $all (i32.add (local.get $all) (call $sum (local.get $kept))))
        (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
      (local.get $all)))"#;

#[test]
fn objects_stay_what_they_are_while_tiers_change() {
    const ROUNDS: i32 = 60;
    for (after, waits, stress) in [
        (1, true, true),
        (1, false, true),
        (200, false, true),
        (1000, false, false),
    ] {
        let mut config = Config::new();
        config.tier(Tier::Auto).tier_up_after(after);
        config.tier_up_waits(waits).gc_stress(stress);
        let engine = Engine::new(&config).unwrap();
        let module = Module::new(&engine, LISTS).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..6 {
                let module = &module;
                scope.spawn(move || {
                    let mut store = Store::new(module.engine(), ());
                    let instance = Instance::new(&mut store, module, &[]).unwrap();
                    let run = instance.get_typed_func::<i32, i32>(&mut store, "run");
                    let run = run.unwrap();
                    for round in 0..8 {
                        let is_hurried = (thread + round) % 3 == 0;
                        let time = std::time::Duration::from_micros(300 * (round + 1));
                        store.set_timeout(is_hurried.then_some(time));
                        match run.call(&mut store, ROUNDS) {
                            Ok(all) => assert_eq!(all, ROUNDS * (210 + 28)),
                            Err(error) => {
                                let is_stopped =
                                    matches!(error.kind(), ErrorKind::Trap(Trap::Interrupted));
                                assert!(is_hurried && is_stopped, "{error}");
                            }
                        }
                    }
                });
            }
        });
        let stats = engine.stats();
        assert!(!waits || stats.tier_up.functions > 0 && stats.loops.functions > 0);
        assert_eq!(stats.refused, 0);
    }
}

#[test]
fn fuel_is_counted_the_same_while_tiers_change() {
    let used = |mut config: Config, fuel: u64| {
        let engine = Engine::new(config.consume_fuel(true)).unwrap();
        let mut used = Vec::new();
        for (text, name, argument) in [(LISTS, "run", 30), (&chain(5), "f0", 3)] {
            let module = Module::new(&engine, text).unwrap();
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let func = instance.get_typed_func::<i32, i32>(&mut store, name);
            let func = func.unwrap();
            for _ in 0..3 {
                store.set_fuel(fuel);
                let result = func.call(&mut store, argument);
                used.push((result.ok(), store.fuel()));
            }
        }
        used
    };
    for fuel in [1_000_000, 20_000, 5_000, 100, 3] {
        let mut config = Config::new();
        let judge = used(config.tier(Tier::Interp).clone(), fuel);
        config.tier(Tier::Auto).tier_up_after(1);
        assert_eq!(used(config.clone(), fuel), judge);
        assert_eq!(used(config.tier_up_waits(true).clone(), fuel), judge);
        assert_eq!(used(config.tier_up_after(30).clone(), fuel), judge);
    }
}

#[test]
fn very_large_functions_keep_their_first_code() {
    let func = |name: &str, nops: usize| {
        let nops = "nop ".repeat(nops);
        format!(
            "(func (export \"{name}\") (param i32) (result i32) {nops}
               (loop $again
                 (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
               (local.get 0))"
        )
    };
    let text = format!(
        "(module {} {} {})",
        func("small", 0),
        func("medium", 100 << 10),
        func("large", 600 << 10)
    );
    let mut config = Config::new();
    config.tier(Tier::Auto).tier_up_after(1).tier_up_waits(true);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, text).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let mut better = |name| {
        let func = instance.get_typed_func::<i32, i32>(&mut store, name);
        assert_eq!(func.unwrap().call(&mut store, 1000).unwrap(), 0);
        let stats = engine.stats();
        (
            stats.tier_up.functions + stats.loops.functions,
            stats.refused,
        )
    };
    let (small, refused) = better("small");
    assert!(small > 0);
    let (medium, _) = better("medium");
    assert!(medium > small);
    assert_eq!(better("large"), (medium, refused + 1));
}

#[test]
fn a_guest_that_is_stopped_anywhere_has_a_place() {
    let text = r#"(module
        (func (export "spin") (loop (br 0)))
        (func $deep (export "deep") (param i32) (result i32) (local i32)
            (i32.add (call $deep (local.get 0)) (i32.const 1))))"#;
    let mut baseline = Config::new();
    baseline.tier(Tier::Baseline).max_wasm_stack(64 << 10);
    let baseline = Engine::new(&baseline).unwrap();
    for engine in engines().into_iter().chain([baseline]) {
        let module = Module::new(&engine, text).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let deep = instance.get_func(&store, "deep").unwrap();
        let deep = deep.call(&mut store, &[wharf::Val::I32(1)]).unwrap_err();
        assert_eq!(deep.trap(), Some(Trap::StackOverflow));

        let spin = instance.get_func(&store, "spin").unwrap();
        let handle = store.interrupt_handle();
        let other = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(50));
            handle.interrupt();
        });
        let spin = spin.call(&mut store, &[]).unwrap_err();
        other.join().unwrap();
        assert_eq!(spin.trap(), Some(Trap::Interrupted));

        for error in [deep, spin] {
            let frames = error.backtrace().frames();
            assert!(
                frames.iter().all(|frame| frame.module_offset().is_some()),
                "{error}"
            );
        }
    }
}
