//! Very many instances, one after the other and at once: nothing is left of one when the next comes, neither memory of the process
//! nor anything that a guest wrote.
//!
//! Apart from other tests because memory of the process is measured, and tests of one file run in one process.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use wharf::{
    Config, Engine, ExternRef, Func, Instance, InstancePre, Limits, Linker, Module, Ref, Store,
    Tier, Trap, TypedFunc, Val,
};

/// One test after the other.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn engine(tier: Tier, fuel: bool) -> Engine {
    let mut config = Config::new();
    config.tier(tier).tier_up_after(1).consume_fuel(fuel);
    Engine::new(&config).expect("all tiers run here")
}

fn ready<T>(engine: &Engine, text: &str) -> InstancePre<T> {
    let module = Module::new(engine, text).expect("the module is valid");
    let mut linker = Linker::new(engine);
    linker
        .func_wrap("host", "nop", || ())
        .expect("defined once");
    linker.instantiate_pre(&module).expect("all is defined")
}

/// Bytes of this process that are in memory.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    kib.and_then(|kib| kib.parse::<usize>().ok())
        .expect("a number")
        << 10
}

const SMALL: &str = r#"
    (module
      (import "host" "nop" (func $nop))
      (memory (export "memory") 1 10)
      (data (i32.const 8) "hello")
      (table $t 4 10 funcref)
      (elem (i32.const 0) func $get)
      (global $g (mut i32) (i32.const 1))
      (func $get (export "get") (result i32) (call $nop) (global.get $g))
      (func (export "spoil") (result i32)
        (drop (memory.grow (i32.const 1)))
        (memory.fill (i32.const 100) (i32.const 1) (i32.const 70000))
        (drop (table.grow $t (ref.func $get) (i32.const 3)))
        (global.set $g (i32.const 2))
        (unreachable)))
"#;

#[test]
fn memory_stays_the_same() {
    // As many as would show a leak of a few hundred bytes each.
    const ROUNDS: usize = 30_000;
    const GROWTH_MAX: usize = 8 << 20;
    let _alone = alone();
    for tier in [Tier::Auto, Tier::Interp] {
        let engine = engine(tier, false);
        let kept: InstancePre<u32> = ready(&engine, SMALL);
        let module = kept.module().clone();
        let round = |at: usize| {
            let mut store = Store::new(&engine, at as u32);
            // Most from the pool, and some made anew, as imports are given one by one.
            let instance = if at.is_multiple_of(4) {
                let nop = Func::wrap(&mut store, || ());
                Instance::new(&mut store, &module, &[nop.into()])
            } else {
                kept.instantiate(&mut store)
            };
            let instance = instance.expect("it instantiates");
            let name = if at.is_multiple_of(10) {
                "spoil"
            } else {
                "get"
            };
            let func: TypedFunc<(), i32> = instance.get_typed_func(&store, name).expect("exported");
            match func.call(&mut store, ()) {
                Ok(found) => assert_eq!(found, 1),
                Err(error) => assert_eq!(error.trap(), Some(Trap::Unreachable)),
            }
        };
        (0..ROUNDS / 10).for_each(round);
        let before = resident_bytes();
        (0..ROUNDS).for_each(round);
        let after = resident_bytes();
        assert!(
            after < before + GROWTH_MAX,
            "{ROUNDS} instances left {} bytes",
            after.saturating_sub(before)
        );
    }
}

/// More stores than keep stacks of their own, called in turn, in each other, and with traps in between.
#[test]
fn many_stores_share_stacks() {
    const STORES: usize = 100;
    let _alone = alone();
    for tier in [Tier::Baseline, Tier::Optimizing, Tier::Auto] {
        let engine = engine(tier, false);
        let text = r#"
            (module
              (import "host" "next" (func $next (param i32) (result i32)))
              (func $down (export "down") (param i32) (result i32)
                (if (result i32) (local.get 0)
                  (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
                  (else (i32.const 0))))
              (func (export "next") (param i32) (result i32) (i32.add (i32.const 1) (call $next (local.get 0))))
              (func (export "trap") (param i32) (result i32) unreachable))"#;
        let module = Module::new(&engine, text).expect("the module is valid");
        /// The stores that are called next, each by the one before.
        type Rest = Vec<(Store<RestOf>, Instance)>;
        struct RestOf(Rest);
        let mut linker: Linker<RestOf> = Linker::new(&engine);
        let next = |mut caller: wharf::Caller<'_, RestOf>, n: i32| -> wharf::Result<i32> {
            let Some((mut store, instance)) = caller.data_mut().0.pop() else {
                return Ok(n);
            };
            let rest = std::mem::take(&mut caller.data_mut().0);
            store.data_mut().0 = rest;
            let next: TypedFunc<i32, i32> = instance.get_typed_func(&store, "next")?;
            let found = next.call(&mut store, n)?;
            caller.data_mut().0 = std::mem::take(&mut store.data_mut().0);
            caller.data_mut().0.push((store, instance));
            Ok(found)
        };
        linker
            .func_wrap("host", "next", next)
            .expect("defined once");
        let mut stores: Rest = (0..STORES)
            .map(|_| {
                let mut store = Store::new(&engine, RestOf(Vec::new()));
                let instance = linker
                    .instantiate(&mut store, &module)
                    .expect("it instantiates");
                (store, instance)
            })
            .collect();
        for round in 0..3 {
            for (store, instance) in &mut stores {
                let call = |store: &mut Store<RestOf>, name: &str, n: i32| {
                    let func: TypedFunc<i32, i32> =
                        instance.get_typed_func(&*store, name).expect("exported");
                    func.call(store, n)
                };
                assert_eq!(
                    call(store, "down", 100 * round).expect("no trap"),
                    100 * round
                );
                let overflow =
                    call(store, "down", i32::MAX).expect_err("there is not so much stack");
                assert_eq!(overflow.trap(), Some(Trap::StackOverflow));
                let trap = call(store, "trap", 0).expect_err("it traps");
                assert_eq!(trap.trap(), Some(Trap::Unreachable));
            }
            let (mut first, instance) = stores.pop().expect("there are many");
            first.data_mut().0 = std::mem::take(&mut stores);
            let next: TypedFunc<i32, i32> =
                instance.get_typed_func(&first, "next").expect("exported");
            let found = next.call(&mut first, 7).expect("no trap");
            assert_eq!(found, 7 + STORES as i32, "each has added one");
            stores = std::mem::take(&mut first.data_mut().0);
            stores.push((first, instance));
            assert_eq!(stores.len(), STORES);
        }
    }
}

/// A guest that writes secrets wherever it can, and ends in some way; and looks whether there are any when it starts.
const SECRETS: &str = r#"
    (module
      (import "host" "nop" (func $nop))
      (memory $m (export "memory") 3 8)
      (table $f 3 20 funcref)
      (table $x 3 20 externref)
      (global $a (mut i64) (i64.const 0))
      (global $b (mut f64) (f64.const 0))
      (global $v (mut v128) (v128.const i64x2 0 0))
      (global $x (mut externref) (ref.null extern))
      (tag $tag (param i64))
      (elem declare func $nop)
      ;; How many things are not as they were made: all the memory, grown to its limit, and all else.
      (func (export "secrets") (result i32) (local $at i32) (local $found i32)
        (drop (memory.grow (i32.const 5)))
        (drop (table.grow $f (ref.null func) (i32.const 10)))
        (drop (table.grow $x (ref.null extern) (i32.const 10)))
        (loop $again
          (local.set $found (i32.add (local.get $found) (i64.ne (i64.load (local.get $at)) (i64.const 0))))
          (br_if $again (i32.lt_u
            (local.tee $at (i32.add (local.get $at) (i32.const 8)))
            (i32.mul (memory.size) (i32.const 65536)))))
        (local.set $at (i32.const 0))
        (loop $again
          (local.set $found (i32.add (local.get $found)
            (i32.add (i32.eqz (ref.is_null (table.get $f (local.get $at))))
                     (i32.eqz (ref.is_null (table.get $x (local.get $at)))))))
          (br_if $again (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.const 13))))
        (i32.add (local.get $found)
          (i32.add (i32.add (i64.ne (global.get $a) (i64.const 0)) (f64.ne (global.get $b) (f64.const 0)))
                   (i32.add (v128.any_true (global.get $v)) (i32.eqz (ref.is_null (global.get $x)))))))
      (func $write (param $secret i64) (param $x externref) (local $at i32)
        (drop (memory.grow (i32.const 2)))
        (loop $again
          (i64.store (local.get $at) (local.get $secret))
          (br_if $again (i32.lt_u
            (local.tee $at (i32.add (local.get $at) (i32.const 4096)))
            (i32.mul (memory.size) (i32.const 65536)))))
        (drop (table.grow $f (ref.func $nop) (i32.const 4)))
        (drop (table.grow $x (local.get $x) (i32.const 4)))
        (table.fill $f (i32.const 0) (ref.func $nop) (i32.const 7))
        (table.fill $x (i32.const 0) (local.get $x) (i32.const 7))
        (global.set $a (local.get $secret))
        (global.set $b (f64.const 1))
        (global.set $v (i64x2.splat (local.get $secret)))
        (global.set $x (local.get $x)))
      (func (export "returns") (param i64 externref) (call $write (local.get 0) (local.get 1)))
      (func (export "traps") (param i64 externref)
        (call $write (local.get 0) (local.get 1))
        (i64.store (i32.const -8) (local.get 0)))
      (func (export "throws") (param i64 externref)
        (call $write (local.get 0) (local.get 1))
        (throw $tag (local.get 0)))
      (func $recurses (export "recurses") (param i64 externref)
        (call $write (local.get 0) (local.get 1))
        (call $recurses (local.get 0) (local.get 1))
        (call $write (local.get 0) (local.get 1)))
      (func (export "spins") (param i64 externref)
        (call $write (local.get 0) (local.get 1))
        (loop $again (memory.fill (i32.const 0) (i32.const 0xaa) (i32.const 196608)) (br $again)))
      (func (export "grows") (param i64 externref)
        (call $write (local.get 0) (local.get 1))
        (loop $again (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
        (loop $again (br_if $again (i32.ne (table.grow $f (ref.func $nop) (i32.const 1)) (i32.const -1))))
        (memory.fill (i32.const 0) (i32.const 0x55) (i32.mul (memory.size) (i32.const 65536)))))
"#;

#[test]
fn no_secret_is_left_however_a_guest_ends() {
    let _alone = alone();
    for tier in [Tier::Interp, Tier::Baseline, Tier::Optimizing, Tier::Auto] {
        let engine = engine(tier, true);
        let ready: InstancePre<()> = ready(&engine, SECRETS);
        let mut place = None;
        for end in [
            "returns", "traps", "throws", "recurses", "grows", "no fuel", "limits", "late",
            "stopped",
        ] {
            for _ in 0..2 {
                let mut store = Store::new(&engine, ());
                store.set_fuel(u64::MAX);
                let instance = ready.instantiate(&mut store).expect("it instantiates");
                let memory = instance.get_memory(&store, "memory").expect("exported");
                let bytes = memory.data(&store).expect("not shared");
                assert_eq!(
                    *place.get_or_insert(bytes.as_ptr().addr()),
                    bytes.as_ptr().addr(),
                    "it was kept"
                );
                if end == "limits" {
                    store.set_limits(Limits {
                        memory_bytes_max: 4 << 16,
                        ..Limits::default()
                    });
                }
                match end {
                    "no fuel" => store.set_fuel(5_000),
                    "late" => store.set_deadline(Some(Instant::now() + Duration::from_millis(5))),
                    _ => {}
                }
                let handle = store.interrupt_handle();
                let name = match end {
                    "no fuel" | "late" | "stopped" => "spins",
                    "limits" => "grows",
                    end => end,
                };
                let stopper = (end == "stopped").then(|| {
                    std::thread::spawn(move || {
                        std::thread::sleep(Duration::from_millis(3));
                        handle.interrupt();
                    })
                });
                let secret = ExternRef::new(&mut store, "secret").expect("there is room");
                let args = [Val::I64(0x5ec4e7), Val::Ref(Ref::Extern(Some(secret)))];
                let func = instance.get_func(&store, name).expect("exported");
                let ended = func.call(&mut store, &args);
                assert_eq!(
                    ended.is_ok(),
                    matches!(name, "returns" | "grows"),
                    "{end}: {ended:?}"
                );
                if let Some(stopper) = stopper {
                    stopper.join().expect("it only stops the guest");
                }
                drop(store);
                let mut store = Store::new(&engine, ());
                store.set_fuel(u64::MAX);
                let instance = ready.instantiate(&mut store).expect("it instantiates");
                let secrets: TypedFunc<(), i32> = instance
                    .get_typed_func(&store, "secrets")
                    .expect("exported");
                assert_eq!(
                    secrets.call(&mut store, ()).expect("no trap"),
                    0,
                    "after a guest that {end}"
                );
            }
        }
    }
}
