//! Many threads over one module while its functions get better code: results, traps, exceptions, fuel and what they count together in
//! shared memory are what they are without any of that.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use wharf::{
    Config, Engine, ErrorKind, Linker, MemoryType, Module, SharedMemory, Store, Tier, Trap,
    TypedFunc,
};

/// `work(seed, rounds, cell)` counts its rounds in a cell of the memory, and each round calls one of four functions: one that
/// computes, one that stores into the memory, one that throws now and then, one that makes a list of objects.
const WORK: &str = r#"(module
    (import "" "memory" (memory 1 1 shared))
    (type $step (func (param i32 i32) (result i32)))
    (type $node (struct (field (ref null $node)) (field i32)))
    (tag $odd (param i32))
    (table funcref (elem $add $keep $throw $list))
    (func $add (type $step) (i32.xor (i32.mul (local.get 0) (i32.const 31)) (local.get 1)))
    (func $keep (type $step)
      (drop (i32.atomic.rmw.or (i32.const 64) (local.get 1)))
      (i32.add (local.get 0) (local.get 1)))
    (func $throw (type $step)
      (if (i32.eqz (i32.rem_u (local.get 1) (i32.const 3)))
        (then (throw $odd (i32.xor (local.get 0) (local.get 1)))))
      (i32.sub (local.get 0) (local.get 1)))
    (func $list (type $step) (local $list (ref null $node)) (local $sum i32)
      (local.set 1 (i32.const 5))
      (loop $more
        (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
        (local.set $list (struct.new $node (local.get $list) (i32.add (local.get 0) (local.get 1))))
        (br_if $more (local.get 1)))
      (loop $next
        (local.set $sum (i32.add (local.get $sum) (struct.get $node 1 (local.get $list))))
        (br_if $next (i32.eqz (ref.is_null
          (local.tee $list (struct.get $node 0 (local.get $list)))))))
      (local.get $sum))
    (func $round (param $all i32) (param $round i32) (result i32)
      (block $thrown (result i32)
        (return (try_table (result i32) (catch $odd $thrown)
          (call_indirect (type $step) (local.get $all) (local.get $round)
            (i32.and (local.get $round) (i32.const 3))))))
      (i32.add (i32.const 1)))
    (func (export "work") (param $seed i32) (param $rounds i32) (param $cell i32) (result i32)
      (local $all i32)
      (local.set $all (local.get $seed))
      (loop $again
        (drop (i32.atomic.rmw.add (local.get $cell) (i32.const 1)))
        (local.set $all (call $round (local.get $all) (local.get $rounds)))
        (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
      (if (i32.eq (i32.rem_u (local.get $seed) (i32.const 5)) (i32.const 3))
        (then (throw $odd (local.get $all))))
      (i32.add (local.get $all)
        (i32.div_u (i32.const 100)
          (i32.ne (i32.rem_u (local.get $seed) (i32.const 5)) (i32.const 4))))))"#;

/// How a call ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Returns(i32),
    Throws,
    DividesByZero,
    IsStopped,
}

fn expected(seed: i32, rounds: i32) -> End {
    let mut all = seed;
    for round in (1..=rounds).rev() {
        all = match round & 3 {
            0 => all.wrapping_mul(31) ^ round,
            1 => all.wrapping_add(round),
            2 if round % 3 == 0 => (all ^ round).wrapping_add(1),
            2 => all.wrapping_sub(round),
            _ => all.wrapping_mul(5).wrapping_add(10),
        };
    }
    match seed % 5 {
        3 => End::Throws,
        4 => End::DividesByZero,
        _ => End::Returns(all.wrapping_add(100)),
    }
}

type Work = TypedFunc<(i32, i32, i32), i32>;

fn call(store: &mut Store<()>, work: &Work, seed: i32, rounds: i32, cell: i32) -> End {
    match work.call(store, (seed, rounds, cell)) {
        Ok(all) => End::Returns(all),
        Err(error) if error.exception().is_some() => End::Throws,
        Err(error) => match error.kind() {
            ErrorKind::Trap(Trap::IntegerDivideByZero) => End::DividesByZero,
            ErrorKind::Trap(Trap::Interrupted) => End::IsStopped,
            _ => panic!("{error}"),
        },
    }
}

const THREADS: i32 = 10;
const CALLS: i32 = 12;

/// Fuel that no call uses up.
const FUEL: u64 = 1 << 40;

/// Runs all threads, which may wait for better code; gives the fuel that each call used which was not stopped.
fn run(config: &Config, waits: bool) -> Vec<Vec<u64>> {
    let engine = Engine::new(config).unwrap();
    let ty = MemoryType {
        shared: true,
        ..MemoryType::new(1, Some(1))
    };
    let memory = SharedMemory::new(&engine, ty).unwrap();
    let module = Module::new(&engine, WORK).unwrap();
    let counted = AtomicU32::new(0);
    let used = std::thread::scope(|scope| {
        let threads = (0..THREADS).map(|thread| {
            let (engine, memory, counted) = (&engine, &memory, &counted);
            // Some have modules of their own, which go while there is work for them.
            let module = match thread % 4 {
                3 => Module::new(engine, WORK).unwrap(),
                _ => module.clone(),
            };
            scope.spawn(move || {
                let mut linker = Linker::new(engine);
                linker.define_shared_memory("", "memory", memory).unwrap();
                let mut store = Store::new(engine, ());
                let instance = linker.instantiate(&mut store, &module).unwrap();
                let work: Work = instance.get_typed_func(&mut store, "work").unwrap();
                drop(module);
                let mut used = Vec::new();
                for nth in 0..CALLS {
                    let (seed, rounds) = (thread + nth, 40 + 30 * (nth % 4));
                    store.set_fuel(FUEL);
                    assert_eq!(
                        call(&mut store, &work, seed, rounds, 0),
                        expected(seed, rounds)
                    );
                    used.push(FUEL - store.fuel());
                    counted.fetch_add(rounds as u32, Ordering::Relaxed);
                    // In a hurry, and counting elsewhere.
                    store.set_timeout(Some(Duration::from_micros(100 + 150 * nth as u64)));
                    let end = call(&mut store, &work, seed, rounds, 4);
                    assert!(end == End::IsStopped || end == expected(seed, rounds));
                    store.set_timeout(None);
                }
                used
            })
        });
        let threads: Vec<_> = threads.collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let mut cell = [0; 4];
    memory.read(0, &mut cell).unwrap();
    assert_eq!(u32::from_le_bytes(cell), counted.into_inner());
    let stats = engine.stats();
    assert_eq!(stats.refused, 0);
    assert!(!waits || stats.tier_up.functions > 0 && stats.loops.functions > 0);
    used
}

#[test]
fn many_threads_get_better_code_at_once() {
    let mut judge = Config::new();
    judge.tier(Tier::Interp).consume_fuel(true);
    let judge = run(&judge, false);
    for (after, waits, fuel, stress) in [
        (1, true, true, false),
        (1, false, true, false),
        (1, true, false, true),
        (3, false, false, true),
        (40, true, true, false),
        (40, false, false, false),
        (300, false, true, false),
    ] {
        let mut config = Config::new();
        config
            .tier(Tier::Auto)
            .tier_up_after(after)
            .tier_up_waits(waits);
        config.consume_fuel(fuel).gc_stress(stress);
        let used = run(&config, waits);
        assert!(!fuel || used == judge);
    }
}
