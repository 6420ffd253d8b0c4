//! Guests on several threads over one shared memory: what they count is exact, waiting ends, and races harm nobody.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use wharf::{
    Config, Engine, Linker, Memory, MemoryType, Module, Result, SharedMemory, Store, Tier, Trap,
    TypedFunc,
};

const TIERS: [Tier; 2] = [Tier::Interp, Tier::Optimizing];

fn shared_type(minimum: u64, maximum: u64) -> MemoryType {
    MemoryType {
        shared: true,
        ..MemoryType::new(minimum, Some(maximum))
    }
}

/// An engine, a memory of it, and a module that imports the memory.
struct Scene {
    engine: Engine,
    memory: SharedMemory,
    linker: Linker<()>,
    module: Module,
}

impl Scene {
    fn new(tier: Tier, pages: (u64, u64), funcs: &str) -> Scene {
        let engine = Engine::new(Config::new().tier(tier)).unwrap();
        let memory = SharedMemory::new(&engine, shared_type(pages.0, pages.1)).unwrap();
        let mut linker = Linker::new(&engine);
        linker
            .define_shared_memory("env", "memory", &memory)
            .unwrap();
        let text = format!(
            "(module (import \"env\" \"memory\" (memory {} {} shared)) {funcs})",
            pages.0, pages.1
        );
        let module = Module::new(&engine, &text).unwrap();
        Scene {
            engine,
            memory,
            linker,
            module,
        }
    }

    fn func<P: wharf::WasmParams, R: wharf::WasmParams>(
        &self,
        name: &str,
    ) -> (Store<()>, TypedFunc<P, R>) {
        let mut store = Store::new(&self.engine, ());
        let instance = self.linker.instantiate(&mut store, &self.module).unwrap();
        let func = instance.get_typed_func(&mut store, name).unwrap();
        (store, func)
    }

    fn u32_at(&self, offset: usize) -> u32 {
        let mut bytes = [0; 4];
        self.memory.read(offset, &mut bytes).unwrap();
        u32::from_le_bytes(bytes)
    }
}

#[test]
fn what_threads_count_together_is_exact() {
    let funcs = r#"(func (export "run") (param $n i32) (local $old i32)
        (loop $next
            (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
            (drop (i64.atomic.rmw8.add_u (i32.const 9) (i64.const 1)))
            ;; An addition of one's own, by exchange.
            (loop $again
                (local.set $old (i32.atomic.load (i32.const 16)))
                (br_if $again (i32.ne
                    (i32.atomic.rmw.cmpxchg (i32.const 16)
                        (local.get $old)
                        (i32.add (local.get $old) (i32.const 1)))
                    (local.get $old))))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))"#;
    for tier in TIERS {
        let scene = Scene::new(tier, (1, 1), funcs);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let (mut store, run) = scene.func::<i32, ()>("run");
                    run.call(&mut store, 1000).unwrap();
                });
            }
        });
        assert_eq!(scene.u32_at(0), 4000, "{tier:?}");
        assert_eq!(scene.u32_at(16), 4000, "{tier:?}");
        assert_eq!(scene.u32_at(8), (4000 % 256) << 8, "{tier:?}");
    }
}

#[test]
fn a_lock_of_the_guest_excludes() {
    let funcs = r#"(func (export "run") (param $n i32)
        (loop $next
            (block $locked (loop $try
                (br_if $locked (i32.eqz (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 0) (i32.const 1))))
                (drop (memory.atomic.wait32 (i32.const 0) (i32.const 1) (i64.const -1)))
                (br $try)))
            ;; Plain accesses, under the lock.
            (i32.store (i32.const 4) (i32.add (i32.load (i32.const 4)) (i32.const 1)))
            (i32.atomic.store (i32.const 0) (i32.const 0))
            (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))"#;
    for tier in TIERS {
        let scene = Scene::new(tier, (1, 1), funcs);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let (mut store, run) = scene.func::<i32, ()>("run");
                    run.call(&mut store, 500).unwrap();
                });
            }
        });
        assert_eq!(scene.u32_at(4), 1500, "{tier:?}");
    }
}

#[test]
fn growth_is_seen_by_threads_that_run() {
    let funcs = r#"
        (func (export "grow") (result i32) (memory.grow (i32.const 1)))
        (func (export "await") (param $pages i32)
            (loop $again
                atomic.fence
                (br_if $again (i32.lt_u (memory.size) (local.get $pages))))
            (i32.store (i32.sub (i32.mul (local.get $pages) (i32.const 65536)) (i32.const 4)) (i32.const 7)))"#;
    for tier in TIERS {
        let scene = Scene::new(tier, (1, 20), funcs);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (mut store, run) = scene.func::<i32, ()>("await");
                run.call(&mut store, 17).unwrap();
            });
            for _ in 0..2 {
                scope.spawn(|| {
                    let (mut store, grow) = scene.func::<(), i32>("grow");
                    for _ in 0..8 {
                        assert!(grow.call(&mut store, ()).unwrap() >= 1);
                    }
                });
            }
        });
        assert_eq!(scene.memory.bytes(), 17 << 16);
        assert_eq!(scene.u32_at((17 << 16) - 4), 7, "{tier:?}");
        assert_eq!(scene.memory.grow(4), None);
        assert_eq!(scene.memory.grow(3), Some(17));
    }
}

#[test]
fn a_guest_that_waits_can_be_stopped() {
    let funcs = r#"(func (export "wait") (result i32)
        (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))"#;
    for tier in TIERS {
        let scene = Scene::new(tier, (1, 1), funcs);
        let (mut store, wait) = scene.func::<(), i32>("wait");
        store.set_timeout(Some(Duration::from_millis(20)));
        let error = wait.call(&mut store, ()).unwrap_err();
        assert_eq!(error.trap(), Some(Trap::Interrupted), "{tier:?}");

        let (mut store, wait) = scene.func::<(), i32>("wait");
        let handle = store.interrupt_handle();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(20));
                handle.interrupt();
            });
            let error = wait.call(&mut store, ()).unwrap_err();
            assert_eq!(error.trap(), Some(Trap::Interrupted), "{tier:?}");
        });
        // One that was stopped is no longer in the way of a notification.
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| wait.call(&mut store, ()));
            let text = r#"(module (import "env" "memory" (memory 1 1 shared))
                (func (export "notify") (result i32) (memory.atomic.notify (i32.const 0) (i32.const 1))))"#;
            let module = Module::new(&scene.engine, text).unwrap();
            let mut store = Store::new(&scene.engine, ());
            let instance = scene.linker.instantiate(&mut store, &module).unwrap();
            let notify = instance.get_typed_func::<(), i32>(&mut store, "notify");
            let notify = notify.unwrap();
            while notify.call(&mut store, ()).unwrap() == 0 {
                std::thread::yield_now();
            }
            assert_eq!(waiting.join().unwrap().unwrap(), 0, "{tier:?}");
        });
    }
}

#[test]
fn waiting_ends_in_time() {
    let funcs = r#"(func (export "wait") (param i64) (result i32)
        (memory.atomic.wait64 (i32.const 8) (i64.const 0) (local.get 0)))"#;
    for tier in TIERS {
        let scene = Scene::new(tier, (1, 1), funcs);
        let (mut store, wait) = scene.func::<i64, i32>("wait");
        assert_eq!(wait.call(&mut store, 0).unwrap(), 2);
        let before = Instant::now();
        assert_eq!(wait.call(&mut store, 30_000_000).unwrap(), 2);
        assert!(before.elapsed() >= Duration::from_millis(30));
        scene.memory.write(8, &[1]).unwrap();
        assert_eq!(wait.call(&mut store, -1).unwrap(), 1);
    }
}

/// One thread changes all bytes and grows, while another does everything that the runtime does with bytes for a guest.
#[test]
fn races_of_guests_harm_nobody() {
    let funcs = r#"
        (data $d "0123456789abcdef")
        (func (export "bulk") (param $n i32)
            (loop $next
                (memory.init $d (i32.const 100) (i32.const 0) (i32.const 16))
                (memory.copy (i32.const 200) (i32.const 100) (i32.const 3000))
                (memory.copy (i32.const 100) (i32.const 201) (i32.const 3001))
                (memory.fill (i32.const 150) (i32.const 0x55) (i32.const 4001))
                (v128.store (i32.const 130) (v128.load (i32.const 333)))
                (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func (export "grow") (drop (memory.grow (i32.const 1))))
        (func (export "outside") (i32.store (i32.const 0x7fff0000) (i32.const 1)))"#;
    for tier in TIERS {
        let scene = Scene::new(tier, (1, 64), funcs);
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let (mut store, bulk) = scene.func::<i32, ()>("bulk");
                    while !done.load(Ordering::Relaxed) {
                        bulk.call(&mut store, 20).unwrap();
                    }
                });
            }
            let (mut store, grow) = scene.func::<(), ()>("grow");
            let (mut other, outside) = scene.func::<(), ()>("outside");
            let mut bytes = [0; 5000];
            for round in 0..60 {
                grow.call(&mut store, ()).unwrap();
                scene.memory.write(90, &[round; 200]).unwrap();
                scene.memory.read(90, &mut bytes).unwrap();
                let error = outside.call(&mut other, ()).unwrap_err();
                assert_eq!(error.trap(), Some(Trap::MemoryOutOfBounds));
            }
            done.store(true, Ordering::Relaxed);
        });
        assert_eq!(scene.memory.bytes(), 61 << 16);
    }
}

#[test]
fn shared_memories_cannot_be_borrowed_and_keep_their_identity() -> Result<()> {
    let engine = Engine::default();
    assert!(SharedMemory::new(&engine, MemoryType::new(1, Some(1))).is_err());
    let memory = SharedMemory::new(&engine, shared_type(1, 2))?;
    let mut store = Store::new(&engine, ());
    let here = Memory::from_shared(&mut store, &memory)?;
    assert_eq!(here, Memory::from_shared(&mut store, &memory)?);
    assert!(here.data(&store).is_err());
    assert!(here.data_mut(&mut store).is_err());
    here.write(&mut store, 65_530, b"abcdef")?;
    let mut bytes = [0; 6];
    memory.read(65_530, &mut bytes)?;
    assert_eq!(&bytes, b"abcdef");
    assert!(memory.read(65_531, &mut bytes).is_err());
    assert!(here.write(&mut store, usize::MAX, b"a").is_err());
    assert_eq!(here.grow(&mut store, 1)?, 1);
    assert_eq!(memory.ty().minimum, 2);
    assert!(SharedMemory::same(
        &memory,
        &here.as_shared(&store)?.unwrap()
    ));

    let mut stranger = Store::new(&Engine::default(), ());
    assert!(Memory::from_shared(&mut stranger, &memory).is_err());
    let mut limited = Store::new(&engine, ());
    limited.set_limits(wharf::Limits {
        memory_bytes_max: 65_536,
        ..Default::default()
    });
    assert!(Memory::from_shared(&mut limited, &memory).is_err());
    // Stores go, the memory stays.
    drop(store);
    memory.write(0, b"x")?;
    Ok(())
}
