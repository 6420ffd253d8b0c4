//! Making and dropping instances, Wharf and wasmtime with its pools in turn; and what many live instances take.
//!
//! `cargo bench --bench instances` in this folder; times are those of the processor. Apart from `boundary`, which never drops what it
//! measures.

mod processor_time;

use criterion::Criterion;
use processor_time::ProcessorTime;
use std::hint::black_box;
use std::process::Command;

/// A module with `pages` of memory, whose `touch` writes 64 KiB of it, and a little of everything else.
fn module(pages: u32) -> String {
    format!(
        r#"(module
      (import "host" "nop" (func $nop))
      (memory (export "memory") {pages})
      (data (i32.const 8) "hello")
      (table 4 funcref)
      (elem (i32.const 0) $get $touch)
      (global $g (mut i32) (i32.const 1))
      (func $get (export "get") (result i32) (global.get $g))
      (func (export "poke") (result i32) (i32.store8 (i32.const 40000) (i32.const 1)) (i32.const 1))
      (func $touch (export "touch")
        (global.set $g (i32.const 2))
        (memory.fill (i32.const 0) (i32.const 7) (i32.const 65536))
        (call $nop)))"#
    )
}

/// Instances that live at once.
const LIVE: usize = 10_000;

mod ours {
    use wharf::{Engine, InstancePre, Linker, Module};

    pub fn engine() -> Engine {
        Engine::default()
    }

    pub fn prepare(engine: &Engine, text: &str) -> InstancePre<()> {
        let module = Module::new(engine, text).expect("the module is valid");
        let mut linker = Linker::new(engine);
        linker.func_wrap("host", "nop", || {}).expect("defined once");
        linker.instantiate_pre(&module).expect("all imports are defined")
    }
}

mod peer {
    use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, InstancePre, Linker, Module};
    use wasmtime::PoolingAllocationConfig;

    /// As quick as it can be made: a pool that keeps what was touched.
    pub fn engine() -> Engine {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_memories(100).total_tables(100).total_core_instances(100);
        pool.linear_memory_keep_resident(1 << 20).table_keep_resident(1 << 16);
        pool.pagemap_scan(Enabled::Auto);
        let mut config = Config::new();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        Engine::new(&config).expect("the settings fit each other")
    }

    /// As it is by default: its pool is of a size given in advance.
    pub fn engine_on_demand() -> Engine {
        Engine::default()
    }

    pub fn prepare(engine: &Engine, text: &str) -> InstancePre<()> {
        let bytes = wat::parse_str(text).expect("the text is well-formed");
        let module = Module::new(engine, bytes).expect("the module is valid");
        let mut linker = Linker::new(engine);
        linker.func_wrap("host", "nop", || {}).expect("defined once");
        linker.instantiate_pre(&module).expect("all imports are defined")
    }
}

macro_rules! time_instances {
    ($c:ident, $label:literal, $engine:ident, $store:path) => {{
        let engine = $engine::engine();
        for (pages, size) in [(1, "64 KiB"), (16, "1 MiB")] {
            let ready = $engine::prepare(&engine, &module(pages));
            $c.bench_function(&format!("store, instance with {size}, drop: {}", $label), |b| {
                b.iter(|| {
                    let mut store = <$store>::new(&engine, ());
                    black_box(ready.instantiate(&mut store).expect("it instantiates"));
                });
            });
            $c.bench_function(
                &format!("store, instance with {size} of which 64 KiB are touched, drop: {}", $label),
                |b| {
                    b.iter(|| {
                        let mut store = <$store>::new(&engine, ());
                        let instance = ready.instantiate(&mut store).expect("it instantiates");
                        let touch = instance.get_typed_func::<(), ()>(&mut store, "touch");
                        touch.expect("exported").call(&mut store, ()).expect("no trap");
                    });
                },
            );
        }
        let ready = $engine::prepare(&engine, &module(1));
        let mut store = <$store>::new(&engine, ());
        let instance = ready.instantiate(&mut store).expect("it instantiates");
        let touch = instance.get_typed_func::<(), ()>(&mut store, "touch").expect("exported");
        $c.bench_function(&format!("only touching 64 KiB: {}", $label), |b| {
            b.iter(|| touch.call(&mut store, ()).expect("no trap"));
        });
    }};
}

/// What is done with each live instance: the function of it that is called once, if one is.
const TREATMENTS: [(&str, &str); 3] = [
    ("none called", ""),
    ("each called once", "get"),
    ("each called once and one page written", "poke"),
];

macro_rules! weigh_instances {
    ($label:expr, $called:expr, $engine:expr, $prepare:path, $store:path) => {{
        let (name, called) = $called;
        let engine = $engine;
        let ready = $prepare(&engine, &module(1));
        let mut stores = Vec::with_capacity(LIVE);
        let before = Memory::now();
        for _ in 0..LIVE {
            let mut store = <$store>::new(&engine, ());
            let instance = ready.instantiate(&mut store).expect("it instantiates");
            if !called.is_empty() {
                let func = instance.get_typed_func::<(), i32>(&mut store, called);
                func.expect("exported").call(&mut store, ()).expect("no trap");
            }
            stores.push(store);
        }
        let after = Memory::now();
        println!(
            "{LIVE} live instances, {name}: {} bytes each, and {} of page tables: {}",
            (after.resident - before.resident) / LIVE,
            (after.tables - before.tables) / LIVE,
            $label
        );
    }};
}

/// Weighs in a process of its own, as what was freed before would be used again.
fn weigh(label: &str, treatment: usize) {
    let called = TREATMENTS[treatment];
    match label {
        "wharf" => weigh_instances!(label, called, ours::engine(), ours::prepare, wharf::Store::<()>),
        _ => weigh_instances!(
            label,
            called,
            peer::engine_on_demand(),
            peer::prepare,
            wasmtime::Store::<()>
        ),
    }
}

/// Memory of this process, in bytes.
struct Memory {
    resident: usize,
    tables: usize,
}

impl Memory {
    fn now() -> Memory {
        let status = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
        let kib = |name: &str| -> usize {
            let line = status.lines().find(|line| line.starts_with(name)).expect("it is there");
            let number = line.split_whitespace().nth(1).expect("a number follows");
            number.parse().expect("a number")
        };
        Memory { resident: kib("VmRSS:") << 10, tables: kib("VmPTE:") << 10 }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, command, label, treatment] = &arguments[..]
        && command == "weigh"
    {
        weigh(label, treatment.parse().expect("a number"));
        return;
    }
    let own = std::env::current_exe().expect("it runs");
    for treatment in 0..TREATMENTS.len() {
        for label in ["wharf", "wasmtime"] {
            let mut command = Command::new(&own);
            let status = command.args(["weigh", label, &treatment.to_string()]).status();
            assert!(status.expect("it starts").success());
        }
    }
    let mut c = Criterion::default().with_measurement(ProcessorTime).configure_from_args();
    time_instances!(c, "wharf", ours, wharf::Store::<()>);
    time_instances!(c, "wasmtime", peer, wasmtime::Store::<()>);
    c.final_summary();
}
