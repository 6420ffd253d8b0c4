//! Calls between host and guest, and making instances: Wharf and wasmtime in turn, in one process.
//!
//! `cargo bench` in this folder. Each group prints both engines, one after the other; times are those of the processor.

mod processor_time;

use criterion::{Criterion, criterion_group, criterion_main};
use processor_time::ProcessorTime;
use std::hint::black_box;

const MODULE: &str = r#"
    (module
      (import "host" "nop" (func $nop))
      (import "host" "add" (func $add (param i32 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 8) "hello")
      (table 4 funcref)
      (elem (i32.const 0) $get $sum)
      (global $g (mut i32) (i32.const 1))
      (func $get (export "get") (result i32) (global.get $g))
      (func $sum (export "sum") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func (export "call_nop") (param i32)
        (loop $again
          (call $nop)
          (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
      (func (export "call_add") (param i32) (result i32)
        (local $sum i32)
        (loop $again
          (local.set $sum (call $add (local.get $sum) (local.get 0)))
          (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get $sum)))
"#;

/// Calls out of the guest in one iteration: the figure printed is for all of them.
const CALLS: i32 = 1000;

mod ours {
    use super::MODULE;
    use wharf::{Engine, InstancePre, Linker, Module};

    pub fn prepare() -> (Engine, InstancePre<()>) {
        let engine = Engine::default();
        let module = Module::new(&engine, MODULE).expect("the module is valid");
        let mut linker = Linker::new(&engine);
        linker.func_wrap("host", "nop", || {}).expect("defined once");
        linker.func_wrap("host", "add", |a: i32, b: i32| a.wrapping_add(b)).expect("defined once");
        (engine, linker.instantiate_pre(&module).expect("all imports are defined"))
    }
}

mod peer {
    use super::MODULE;
    use wasmtime::{Engine, InstancePre, Linker, Module};

    pub fn prepare() -> (Engine, InstancePre<()>) {
        let engine = Engine::default();
        let bytes = wat::parse_str(MODULE).expect("the text is well-formed");
        let module = Module::new(&engine, bytes).expect("the module is valid");
        let mut linker = Linker::new(&engine);
        linker.func_wrap("host", "nop", || {}).expect("defined once");
        linker.func_wrap("host", "add", |a: i32, b: i32| a.wrapping_add(b)).expect("defined once");
        (engine, linker.instantiate_pre(&module).expect("all imports are defined"))
    }
}

macro_rules! engine_benches {
    ($c:ident, $label:literal, $engine:ident, $store:path) => {{
        let (engine, ready) = $engine::prepare();
        let mut store = <$store>::new(&engine, ());
        let instance = ready.instantiate(&mut store).expect("it instantiates");
        let get = instance.get_typed_func::<(), i32>(&mut store, "get").expect("exported");
        $c.bench_function(concat!("host to guest, typed, no arguments: ", $label), |b| {
            b.iter(|| black_box(get.call(&mut store, ()).expect("no trap")));
        });
        let sum = instance.get_typed_func::<(i32, i32), i32>(&mut store, "sum").expect("exported");
        $c.bench_function(concat!("host to guest, typed, (i32, i32) -> i32: ", $label), |b| {
            b.iter(|| black_box(sum.call(&mut store, (black_box(1), black_box(2))).expect("no trap")));
        });
        let nop = instance.get_typed_func::<i32, ()>(&mut store, "call_nop").expect("exported");
        $c.bench_function(concat!("1000 x guest to host, () -> (): ", $label), |b| {
            b.iter(|| nop.call(&mut store, CALLS).expect("no trap"));
        });
        let add = instance.get_typed_func::<i32, i32>(&mut store, "call_add").expect("exported");
        $c.bench_function(concat!("1000 x guest to host, (i32, i32) -> i32: ", $label), |b| {
            b.iter(|| black_box(add.call(&mut store, CALLS).expect("no trap")));
        });
        $c.bench_function(concat!("store, instance of a small module, drop: ", $label), |b| {
            b.iter(|| {
                let mut store = <$store>::new(&engine, ());
                black_box(ready.instantiate(&mut store).expect("it instantiates"));
            });
        });
    }};
}

/// A program that asks the host for something small, by WASI: what each call costs beside the work.
const WASI: &str = r#"
    (module
      (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "call_sizes") (param i32)
        (loop $again
          (drop (call $sizes (i32.const 8) (i32.const 16)))
          (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
"#;

fn wasi_calls(c: &mut Criterion<ProcessorTime>) {
    let engine = wharf::Engine::default();
    let module = wharf::Module::new(&engine, WASI).expect("the module is valid");
    let mut linker = wharf::Linker::new(&engine);
    wasi::add_to_linker(&mut linker, |ctx: &mut wasi::Ctx| ctx).expect("defined once");
    let ctx = wasi::Ctx::builder().build().expect("nothing is granted");
    let mut store = wharf::Store::new(&engine, ctx);
    let instance = linker.instantiate(&mut store, &module).expect("it instantiates");
    let sizes = instance.get_typed_func::<i32, ()>(&store, "call_sizes").expect("exported");
    c.bench_function("1000 x args_sizes_get of WASI: wharf", |b| {
        b.iter(|| sizes.call(&mut store, CALLS).expect("no trap"));
    });
}

fn boundary(c: &mut Criterion<ProcessorTime>) {
    engine_benches!(c, "wharf", ours, wharf::Store::<()>);
    wasi_calls(c);
    engine_benches!(c, "wasmtime", peer, wasmtime::Store::<()>);
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(ProcessorTime);
    targets = boundary
}
criterion_main!(benches);
