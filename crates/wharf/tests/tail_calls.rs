//! Tail calls that never end can be stopped, and count fuel alike in both tiers: a loop without a loop's start or a deeper stack
//! has only the entries of functions to be caught at.

use std::time::{Duration, Instant};
use wharf::{Config, Engine, Instance, Linker, Module, Store, Tier, Trap};

const TIERS: [Tier; 2] = [Tier::Interp, Tier::Optimizing];

/// Two instances that call each other in tail position, through an import and through a table.
fn endless(engine: &Engine) -> (Store<()>, Instance) {
    let mut store = Store::new(engine, ());
    store.set_fuel(u64::MAX);
    let mut linker = Linker::new(engine);
    let first = r#"(module
        (table (export "table") 1 funcref)
        (func (export "there") (param i32) (return_call_indirect (param i32) (local.get 0) (i32.const 0))))"#;
    let first = Module::new(engine, first).unwrap();
    let first = linker.instantiate(&mut store, &first).unwrap();
    linker.instance(&store, "first", first).unwrap();
    let second = r#"(module
        (import "first" "there" (func $there (param i32)))
        (import "first" "table" (table 1 funcref))
        (elem (i32.const 0) $back)
        (func $back (param i32) (return_call $there (i32.add (local.get 0) (i32.const 1))))
        (func (export "spin") (return_call $back (i32.const 0))))"#;
    let second = Module::new(engine, second).unwrap();
    let second = linker.instantiate(&mut store, &second).unwrap();
    (store, second)
}

#[test]
fn fuel_ends_them_at_the_same_place_in_both_tiers() {
    let left = TIERS.map(|tier| {
        let engine = Engine::new(Config::new().tier(tier).consume_fuel(true)).unwrap();
        let (mut store, guest) = endless(&engine);
        let spin = guest.get_typed_func::<(), ()>(&store, "spin").unwrap();
        (0..40)
            .map(|fuel| {
                store.set_fuel(fuel);
                let error = spin.call(&mut store, ()).unwrap_err();
                assert_eq!(error.trap(), Some(Trap::OutOfFuel));
                error.backtrace().frames().len()
            })
            .collect::<Vec<_>>()
    });
    assert_eq!(left[0], left[1]);
    assert!(
        left[0].iter().all(|&frames| frames == 1),
        "no frame is left behind"
    );
}

#[test]
fn interrupts_end_them() {
    for tier in TIERS {
        let engine = Engine::new(Config::new().tier(tier)).unwrap();
        let (mut store, guest) = endless(&engine);
        let spin = guest.get_typed_func::<(), ()>(&store, "spin").unwrap();
        let handle = store.interrupt_handle();
        let began = Instant::now();
        let other = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(30));
            handle.interrupt();
        });
        let error = spin.call(&mut store, ()).unwrap_err();
        assert_eq!(error.trap(), Some(Trap::Interrupted));
        assert!(began.elapsed() < Duration::from_secs(10));
        other.join().unwrap();
    }
}
