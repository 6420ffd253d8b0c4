//! The functions as imports of real modules, on every tier.

use std::time::{Duration, Instant};

use wasi::{Ctx, Exit, OutputBuffer, Stdin, Stdout, Stop};
use wharf::{Config, Engine, Error, Linker, Module, Store, Tier, Trap};

const TIERS: [Tier; 2] = [Tier::Interp, Tier::Optimizing];

/// A store whose guest's standard output goes to the buffer.
fn store(engine: &Engine) -> (Store<Ctx>, OutputBuffer) {
    let output = OutputBuffer::new();
    let ctx = Ctx::builder()
        .stdin(Stdin::Null)
        .stdout(Stdout::Buffer(output.clone()))
        .build()
        .unwrap();
    (Store::new(engine, ctx), output)
}

fn engine(tier: Tier) -> Engine {
    Engine::new(Config::new().tier(tier)).unwrap()
}

/// Runs `_start` of a module in text form.
fn start(store: &mut Store<Ctx>, engine: &Engine, wat: &str) -> Result<(), Error> {
    let mut linker = Linker::new(engine);
    wasi::add_to_linker(&mut linker, |ctx: &mut Ctx| ctx)?;
    let instance = linker.instantiate(&mut *store, &Module::new(engine, wat)?)?;
    let start = instance.get_typed_func::<(), ()>(&mut *store, "_start")?;
    start.call(store, ())
}

const HELLO: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_unstable" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 8) "\10\00\00\00\06\00\00\00" "hello\0a")
    (func (export "_start")
        (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0)))
        (call $exit (i32.load (i32.const 0)))))"#;

#[test]
fn a_guest_writes_and_exits() {
    for tier in TIERS {
        let engine = engine(tier);
        let (mut store, output) = store(&engine);
        let error = start(&mut store, &engine, HELLO).unwrap_err();
        assert_eq!(error.downcast_ref::<Exit>(), Some(&Exit(6)));
        assert_eq!(output.text(), "hello\n");
    }
}

#[test]
fn a_bad_pointer_stops_the_guest() {
    let wat = r#"(module
        (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "_start") (drop (call $time (i32.const 0) (i64.const 0) (i32.const 65536)))))"#;
    for tier in TIERS {
        let engine = engine(tier);
        let (mut store, _) = store(&engine);
        let error = start(&mut store, &engine, wat).unwrap_err();
        assert!(matches!(
            error.downcast_ref(),
            Some(Stop::Fault {
                function: "clock_time_get",
                ..
            })
        ));
        let expected = "bad pointer passed to clock_time_get: 8 bytes at address 0x10000 are \
                        outside of the guest's memory of 65536 bytes";
        assert_eq!(error.to_string(), expected);
        // Without a memory every address is a bad one.
        let bare = wat.replace("(memory (export \"memory\") 1)", "");
        let error = start(&mut store, &engine, &bare).unwrap_err();
        assert!(error.to_string().ends_with("memory of 0 bytes"), "{error}");
    }
}

/// Sleeps for the nanoseconds at `$for`, from now, and exits with the error number.
const SLEEP: &str = r#"(module
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start")
        (i32.store (i32.const 16) (i32.const 1))
        (i64.store (i32.const 24) (i64.const FOR))
        (call $exit (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))))"#;

#[test]
fn a_sleeping_guest_is_interrupted() {
    for tier in TIERS {
        let engine = engine(tier);
        let (mut store, _) = store(&engine);
        let handle = store.interrupt_handle();
        let stopper = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            handle.interrupt();
        });
        let begin = Instant::now();
        let wat = SLEEP.replace("FOR", "100_000_000_000");
        let error = start(&mut store, &engine, &wat).unwrap_err();
        assert_eq!(error.trap(), Some(Trap::Interrupted));
        assert!(begin.elapsed() < Duration::from_secs(20));
        stopper.join().unwrap();
        // The store can be used again, and sleeps as long as it is told.
        let begin = Instant::now();
        let error = start(&mut store, &engine, &SLEEP.replace("FOR", "30_000_000")).unwrap_err();
        assert_eq!(error.downcast_ref::<Exit>(), Some(&Exit(0)));
        assert!(begin.elapsed() >= Duration::from_millis(30));
    }
}

#[test]
fn a_deadline_ends_a_sleep() {
    for tier in TIERS {
        let engine = engine(tier);
        let (mut store, _) = store(&engine);
        store.set_deadline(Some(Instant::now() + Duration::from_millis(50)));
        let begin = Instant::now();
        let wat = SLEEP.replace("FOR", "100_000_000_000");
        let error = start(&mut store, &engine, &wat).unwrap_err();
        assert_eq!(error.trap(), Some(Trap::Interrupted));
        assert!(begin.elapsed() < Duration::from_secs(20));
    }
}

/// A guest whose memory threads share: strings come in, go out in parts, and come back from a file into parts.
const SHARED: &str = r#"(module
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1 1 shared)
    (data (i32.const 8) "\00\01\00\00\05\00\00\00" "\05\01\00\00\02\00\00\00" "\40\00\00\00\08\00\00\00")
    (func $check (param i32) (if (local.get 0) (then (call $exit (local.get 0)))))
    (func (export "_start")
        (call $check (call $sizes (i32.const 512) (i32.const 516)))
        (call $check (i32.sub (i32.load (i32.const 516)) (i32.const 14)))
        (call $check (call $args (i32.const 520) (i32.const 256)))
        ;; "prog" with its zero, and two letters of the other argument.
        (call $check (call $write (i32.const 1) (i32.const 8) (i32.const 2) (i32.const 0)))
        (call $check (i32.sub (i32.load (i32.const 0)) (i32.const 7)))
        (call $check (call $random (i32.const 1024) (i32.const 5000)))
        (call $check (i64.eqz (i64.load (i32.const 2000))))
        ;; Eleven letters of standard input, into five, two and eight bytes.
        (call $check (call $read (i32.const 0) (i32.const 8) (i32.const 3) (i32.const 0)))
        (call $check (i32.sub (i32.load (i32.const 0)) (i32.const 11)))
        (call $check (call $write (i32.const 1) (i32.const 8) (i32.const 3) (i32.const 0)))
        (call $check (call $write (i32.const 1) (i32.const 65532) (i32.const 1) (i32.const 0)))))"#;

#[test]
fn a_shared_memory_is_read_and_written_by_copies() {
    for tier in TIERS {
        let engine = engine(tier);
        let output = OutputBuffer::new();
        let ctx = Ctx::builder()
            .args(["prog", "--option"])
            .stdin(Stdin::Bytes(b"hello world".to_vec()))
            .stdout(Stdout::Buffer(output.clone()))
            .build()
            .unwrap();
        let mut store = Store::new(&engine, ctx);
        let error = start(&mut store, &engine, SHARED).unwrap_err();
        let expected = "bad pointer passed to fd_write: 8 bytes at address 0xfffc are outside of \
                        the guest's memory of 65536 bytes";
        assert_eq!(error.to_string(), expected, "{tier:?}");
        assert_eq!(output.text(), "prog\0--hello world\0\0\0\0", "{tier:?}");
    }
}

/// The list of buffers changes while it is read and used: what is written is what one of the lists says.
#[test]
fn a_list_of_buffers_may_change_while_it_is_used() {
    let wat = r#"(module
        (import "env" "memory" (memory 1 1 shared))
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (export "memory" (memory 0))
        (func (export "_start")
            (local $n i32)
            (loop $next
                (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0)))
                (br_if $next (i32.lt_u
                    (local.tee $n (i32.add (local.get $n) (i32.const 1)))
                    (i32.const 3000))))))"#;
    for tier in TIERS {
        let engine = engine(tier);
        let ty = wharf::MemoryType {
            shared: true,
            ..wharf::MemoryType::new(1, Some(1))
        };
        let memory = wharf::SharedMemory::new(&engine, ty).unwrap();
        memory.write(12, &4_u32.to_le_bytes()).unwrap();
        memory.write(100, b"aaaa").unwrap();
        memory.write(65_532, b"bbbb").unwrap();
        memory.write(8, &100_u32.to_le_bytes()).unwrap();
        let mut linker = Linker::new(&engine);
        wasi::add_to_linker(&mut linker, |ctx: &mut Ctx| ctx).unwrap();
        linker
            .define_shared_memory("env", "memory", &memory)
            .unwrap();
        let module = Module::new(&engine, wat).unwrap();
        let done = std::sync::atomic::AtomicBool::new(false);
        let text = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    memory.write(8, &65_532_u32.to_le_bytes()).unwrap();
                    memory.write(8, &100_u32.to_le_bytes()).unwrap();
                }
            });
            let (mut store, output) = store(&engine);
            let instance = linker.instantiate(&mut store, &module).unwrap();
            let start = instance.get_typed_func::<(), ()>(&mut store, "_start");
            let outcome = start.unwrap().call(&mut store, ());
            done.store(true, std::sync::atomic::Ordering::Relaxed);
            outcome.unwrap();
            output.text()
        });
        assert_eq!(text.len(), 3000 * 4);
        let (chunks, _) = text.as_bytes().as_chunks::<4>();
        assert!(chunks.iter().all(|part| part == b"aaaa" || part == b"bbbb"));
    }
}
