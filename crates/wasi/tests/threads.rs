//! Guests with threads as an embedder runs them, on every tier.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use wasi::{Ctx, Exit, OutputBuffer, Stdout, Threads};
use wharf::{Config, Engine, Error, Linker, Module, Result, Store, Tier, Trap};

const TIERS: [Tier; 2] = [Tier::Interp, Tier::Optimizing];

/// The data of a store, counted as long as it lives.
struct Host {
    wasi: Ctx,
    living: Arc<AtomicUsize>,
}

impl Host {
    fn new(wasi: Ctx, living: &Arc<AtomicUsize>) -> Host {
        living.fetch_add(1, Ordering::SeqCst);
        Host {
            wasi,
            living: Arc::clone(living),
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.living.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What a run left behind, beside its outcome.
struct Ran {
    outcome: Result<()>,
    output: String,
    took: Duration,
}

/// Runs `_start` of a module whose body is `wat` after the usual imports. `prepare` sees the context and every store.
fn run(
    tier: Tier,
    wat: &str,
    ctx: impl FnOnce(&mut Ctx),
    prepare: impl Fn(&mut Store<Host>) + Send + Sync + 'static,
) -> Ran {
    let engine = Engine::new(Config::new().tier(tier)).unwrap();
    let wat = format!(
        r#"(module
            (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_write"
                (func $write (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "poll_oneoff"
                (func $poll (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (import "host" "panic" (func $panic))
            (import "env" "memory" (memory 1 1 shared))
            (export "memory" (memory 0))
            (func $sleep (param $ns i64)
                (i32.store (i32.const 80) (i32.const 1))
                (i64.store (i32.const 88) (local.get $ns))
                (drop (call $poll
                    (i32.const 64) (i32.const 128) (i32.const 1) (i32.const 192))))
            (func $wait (param $at i32) (param $ns i64)
                (drop (memory.atomic.wait32 (local.get $at) (i32.const 0) (local.get $ns))))
            {wat})"#
    );
    let module = Module::new(&engine, wat).unwrap();
    let mut linker = Linker::new(&engine);
    wasi::add_to_linker(&mut linker, |host: &mut Host| &mut host.wasi).unwrap();
    linker
        .func_wrap("host", "panic", || -> Result<()> {
            panic!("the host's own fault")
        })
        .unwrap();

    let output = OutputBuffer::new();
    let stdout = Stdout::Buffer(output.clone());
    let mut wasi = Ctx::builder().stdout(stdout).build().unwrap();
    ctx(&mut wasi);
    let living = Arc::new(AtomicUsize::new(0));
    let new_store = {
        let living = Arc::clone(&living);
        move |wasi| {
            let mut store = Store::new(&engine, Host::new(wasi, &living));
            prepare(&mut store);
            Ok(store)
        }
    };
    let mut store = new_store(wasi).unwrap();
    let began = Instant::now();
    let threads = Threads::new(linker, &module, |host| &mut host.wasi, new_store).unwrap();
    let outcome = threads.threads_max(5).run(&mut store, |store, instance| {
        let start = instance.get_typed_func::<(), ()>(&mut *store, "_start")?;
        start.call(store, ())
    });
    assert_eq!(
        living.load(Ordering::SeqCst),
        1,
        "only the first store is left"
    );
    Ran {
        outcome,
        output: output.text(),
        took: began.elapsed(),
    }
}

fn check_exit(outcome: Result<()>, code: i32) {
    let error: Error = outcome.unwrap_err();
    assert_eq!(error.downcast_ref::<Exit>(), Some(&Exit(code)), "{error}");
}

#[test]
fn threads_write_to_one_output() {
    let wat = r#"
        (data $text "abc")
        (func (export "wasi_thread_start") (param $id i32) (param $at i32)
            (memory.init $text (local.get $at) (i32.const 0) (i32.const 3))
            (i32.store offset=256 (local.get $at) (local.get $at))
            (i32.store offset=260 (local.get $at) (i32.const 3))
            (drop (call $write (i32.const 1) (i32.add (local.get $at) (i32.const 256))
                (i32.const 1) (i32.add (local.get $at) (i32.const 264))))
            (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
            (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))
        (func (export "_start") (local $done i32)
            (drop (call $spawn (i32.const 1024)))
            (drop (call $spawn (i32.const 2048)))
            (drop (call $spawn (i32.const 4096)))
            (loop $again
                (local.set $done (i32.atomic.load (i32.const 0)))
                (drop (memory.atomic.wait32 (i32.const 0) (local.get $done) (i64.const 1_000_000)))
                (br_if $again (i32.ne (i32.atomic.load (i32.const 0)) (i32.const 3)))))"#;
    for tier in TIERS {
        let ran = run(tier, wat, |_| {}, |_| {});
        ran.outcome.unwrap();
        assert_eq!(ran.output, "abcabcabc");
    }
}

/// Threads in every place where one can be when another exits: on memory, in a call that waits, in a loop.
const PLACES: &str = r#"
    (func (export "wasi_thread_start") (param $id i32) (param $role i32)
        (if (i32.eq (local.get $role) (i32.const 0)) (then (call $wait (i32.const 0) (i64.const -1))))
        (if (i32.eq (local.get $role) (i32.const 1)) (then (call $sleep (i64.const 3_600_000_000_000))))
        (if (i32.eq (local.get $role) (i32.const 2)) (then (loop $on (br $on))))
        (call $wait (i32.const 0) (i64.const 30_000_000))
        (if (i32.eq (local.get $role) (i32.const 3)) (then (call $exit (i32.const 5))))
        (if (i32.eq (local.get $role) (i32.const 4)) (then (call $panic)))
        unreachable)
    (func $others
        (drop (call $spawn (i32.const 0)))
        (drop (call $spawn (i32.const 1)))
        (drop (call $spawn (i32.const 2))))"#;

fn places(start: &str) -> String {
    format!(r#"{PLACES} (func (export "_start") (call $others) {start})"#)
}

#[test]
fn an_exit_of_any_thread_ends_all() {
    let others = "(drop (call $spawn (i32.const 3))) (call $sleep (i64.const 3_600_000_000_000)) unreachable";
    let first = "(call $wait (i32.const 0) (i64.const 30_000_000)) (call $exit (i32.const 5))";
    for tier in TIERS {
        for start in [others, first] {
            let ran = run(tier, &places(start), |_| {}, |_| {});
            check_exit(ran.outcome, 5);
            assert!(ran.took < Duration::from_secs(20));
        }
    }
}

#[test]
fn the_guest_is_over_when_its_first_thread_returns() {
    for tier in TIERS {
        let start = "(call $wait (i32.const 0) (i64.const 30_000_000))";
        run(tier, &places(start), |_| {}, |_| {}).outcome.unwrap();
    }
}

#[test]
fn a_trap_of_any_thread_ends_all_and_is_reported() {
    for tier in TIERS {
        let start = "(drop (call $spawn (i32.const 9))) (loop $on (br $on))";
        let ran = run(tier, &places(start), |_| {}, |_| {});
        let error = ran.outcome.unwrap_err();
        assert_eq!(error.trap(), Some(Trap::Unreachable));
        assert!(!error.backtrace().frames().is_empty());
    }
}

#[test]
fn a_panic_of_the_host_arrives_where_the_guest_was_started() {
    for tier in TIERS {
        let start = "(drop (call $spawn (i32.const 4))) (loop $on (br $on))";
        let ran = catch_unwind(AssertUnwindSafe(|| {
            run(tier, &places(start), |_| {}, |_| {})
        }));
        let payload = ran.err().expect("it panicked");
        assert_eq!(payload.downcast_ref(), Some(&"the host's own fault"));
    }
}

#[test]
fn hooks_and_deadlines_end_every_thread() {
    for tier in TIERS {
        // The hook itself never wants a stop.
        let start =
            "(drop (call $spawn (i32.const 3))) (call $sleep (i64.const 3_600_000_000_000))";
        let ran = run(
            tier,
            &places(start),
            |ctx| ctx.set_interrupt(|| false),
            |_| {},
        );
        check_exit(ran.outcome, 5);

        let end = Instant::now() + Duration::from_millis(50);
        let start = "(call $wait (i32.const 0) (i64.const -1))";
        let ran = run(
            tier,
            &places(start),
            |_| {},
            move |store| store.set_deadline(Some(end)),
        );
        assert_eq!(ran.outcome.unwrap_err().trap(), Some(Trap::Interrupted));
    }
}

#[test]
fn a_hook_of_the_store_leaves_the_threads_their_end() {
    let wat = r#"
        (func (export "wasi_thread_start") (param $id i32) (param $place i32)
            (i32.atomic.store (i32.const 0) (i32.const 1))
            (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))
            (call $sleep (i64.const 60_000_000_000)))
        (func (export "_start")
            (drop (call $spawn (i32.const 0)))
            (call $wait (i32.const 0) (i64.const -1)))"#;
    for tier in TIERS {
        let ran = run(
            tier,
            wat,
            |_| {},
            |store| store.data_mut().wasi.set_interrupt(|| false),
        );
        ran.outcome.unwrap();
        assert!(ran.took < Duration::from_secs(30), "{:?}", ran.took);
    }
}

#[test]
fn numbers_of_threads_differ_and_there_are_no_more_than_allowed() {
    let wat = r#"
        (func (export "wasi_thread_start") (param $id i32) (param i32)
            (call $wait (i32.const 0) (i64.const -1)))
        (func (export "_start") (local $seen i32) (local $id i32) (local $n i32)
            (loop $again
                (local.set $id (call $spawn (i32.const 0)))
                (if (i32.gt_s (local.get $id) (i32.const 0)) (then
                    (local.set $n (i32.add (local.get $n) (i32.const 1)))
                    (if (i32.and (local.get $seen) (i32.shl (i32.const 1) (local.get $id)))
                        (then unreachable))
                    (local.set $seen (i32.or (local.get $seen)
                        (i32.shl (i32.const 1) (local.get $id))))
                    (br $again))))
            (call $exit (local.get $n)))"#;
    for tier in TIERS {
        check_exit(run(tier, wat, |_| {}, |_| {}).outcome, 5);
    }
}

#[test]
fn a_module_without_an_entry_for_threads_starts_none() {
    for tier in TIERS {
        let wat = r#"(func (export "_start") (drop (call $spawn (i32.const 0))))"#;
        let error = run(tier, wat, |_| {}, |_| {}).outcome.unwrap_err();
        assert!(error.to_string().contains("wasi_thread_start"), "{error}");
    }
}
