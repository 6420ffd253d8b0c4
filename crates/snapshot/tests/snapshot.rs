//! A snapshot's instances start where the one that it was taken of stood; what no module can say is refused.

use snapshot::{Refusal, Snapshot};
use wharf::{Caller, Config, Engine, Error, Instance, Linker, Module, Result, Store, Tier, Val};
use wharf_snapshot as snapshot;

fn linker(engine: &Engine) -> Linker<u32> {
    let mut linker = Linker::new(engine);
    let count = |mut caller: Caller<'_, u32>| *caller.data_mut() += 1;
    linker
        .func_wrap("host", "count", count)
        .expect("defined once");
    linker
}

fn instance(engine: &Engine, store: &mut Store<u32>, wasm: &[u8]) -> Instance {
    let module = Module::new(engine, wasm).expect("the module is valid");
    linker(engine)
        .instantiate(store, &module)
        .expect("it instantiates")
}

/// Takes a snapshot of a module, given as text, after its initialization.
fn take(engine: &Engine, text: &str, snapshot: &Snapshot) -> Result<Vec<u8>> {
    let mut store = Store::new(engine, 0);
    let instance = instance(engine, &mut store, text.as_bytes());
    snapshot.take(&mut store, instance)
}

fn call(store: &mut Store<u32>, instance: Instance, name: &str, args: &[Val]) -> Result<Vec<Val>> {
    let func = instance.get_func(&*store, name);
    let func = func.unwrap_or_else(|| panic!("{name} is exported"));
    func.call(store, args)
}

const EVERYTHING: &str = r#"
    (module
      (import "host" "count" (func $count))
      (import "host" "count" (func $again))
      (memory $m (export "memory") 1 10)
      (memory $wide i64 1)
      (table $t (export "table") 3 10 funcref)
      (table $u 2 funcref (ref.func $two))
      (global $i (mut i32) (i32.const 1))
      (global $l (mut i64) (i64.const 1))
      (global $f (mut f32) (f32.const 1))
      (global $d (mut f64) (f64.const 1))
      (global $v (mut v128) (v128.const i64x2 0 0))
      (global $r (mut funcref) (ref.null func))
      (global $x (mut externref) (ref.null extern))
      (global $fixed i32 (i32.add (i32.const 40) (i32.const 2)))
      (type $two (func (result i32)))
      (global $own (mut (ref null $two)) (ref.func $one))
      (data $gone (i32.const 100) "active")
      (data $left "passive")
      (data $dropped "dropped")
      (elem (table $t) (i32.const 0) func $one)
      (elem $some func $one $two)
      (elem $lost func $two)
      (start $start)
      (func $start (call $count))
      (func $one (result i32) (i32.const 1))
      (func $two (result i32) (i32.const 2))
      (func $only_declared (result i32) (i32.const 3))
      (elem declare func $only_declared $again $count)
      (func (export "_initialize")
        (global.set $i (i32.const -5))
        (global.set $l (i64.const 0x123456789abcdef0))
        (global.set $f (f32.const -0x1.8p-3))
        (global.set $d (f64.const nan:0x8000000000001))
        (global.set $v (v128.const i64x2 7 -8))
        (global.set $r (ref.func $again))
        (global.set $own (ref.func $two)))
      (func (export "wizer-initialize")
        (drop (memory.grow $m (i32.const 2)))
        (i32.store8 (i32.const 196607) (i32.const 9))
        (i32.store8 (i32.const 100) (i32.const 0))
        (i64.store $wide (i64.const 65528) (i64.const -1))
        (memory.init $m $dropped (i32.const 5000) (i32.const 0) (i32.const 7))
        (data.drop $dropped)
        (elem.drop $lost)
        (drop (table.grow $t (ref.func $two) (i32.const 2)))
        (table.set $t (i32.const 0) (ref.null func))
        (table.set $t (i32.const 1) (ref.func $count)))
      (func (export "look") (result i32 i64 f32 i64 i64 i32 i32 i32 i32 i32 i32 i64 i32 i32 i32)
        (global.get $i) (global.get $l) (global.get $f) (i64.reinterpret_f64 (global.get $d))
        (i64x2.extract_lane 1 (global.get $v))
        (ref.is_null (global.get $x))
        (global.get $fixed)
        (call_ref $two (ref.as_non_null (global.get $own)))
        (memory.size $m)
        (i32.load8_u (i32.const 196607))
        (i32.load (i32.const 100))
        (i64.load $wide (i64.const 65528))
        (table.size $t)
        (call_indirect $t (type $two) (i32.const 4))
        (ref.is_null (table.get $t (i32.const 0))))
      (func (export "more") (result i32 i32 i32)
        (call_indirect $t (i32.const 1))
        (memory.init $m $left (i32.const 0) (i32.const 0) (i32.const 7))
        (table.init $t $some (i32.const 0) (i32.const 0) (i32.const 2))
        (i32.load8_u (i32.const 5006))
        (call_indirect $t (type $two) (i32.const 0))
        (call_indirect $u (type $two) (i32.const 1)))
      (func (export "gone") (memory.init $m $gone (i32.const 0) (i32.const 0) (i32.const 1)))
      (func (export "dropped") (memory.init $m $dropped (i32.const 0) (i32.const 0) (i32.const 1)))
      (func (export "lost") (table.init $t $lost (i32.const 0) (i32.const 0) (i32.const 1)))
      (func (export "declared") (result i32) (call_ref $two (ref.func $only_declared))))
"#;

#[test]
fn everything_a_module_can_say_is_kept() {
    for tier in [Tier::Interp, Tier::Baseline, Tier::Optimizing, Tier::Auto] {
        let engine = Engine::new(Config::new().tier(tier)).expect("all tiers run here");
        let ready = take(&engine, EVERYTHING, &Snapshot::default()).expect("a snapshot");
        let mut store = Store::new(&engine, 0);
        let instance = instance(&engine, &mut store, &ready);
        assert_eq!(*store.data(), 0, "the start function has run already");
        for name in ["_initialize", "wizer-initialize"] {
            assert!(
                instance.get_func(&store, name).is_none(),
                "{name} would run again"
            );
        }
        let look = call(&mut store, instance, "look", &[]).expect("no trap");
        let expected = [
            Val::I32(-5),
            Val::I64(0x1234_5678_9abc_def0),
            Val::F32((-0.1875_f32).to_bits()),
            Val::I64(0x7ff8_0000_0000_0001),
            Val::I64(-8),
            Val::I32(1),
            Val::I32(42),
            Val::I32(2),
            Val::I32(3),
            Val::I32(9),
            Val::I32(i32::from_le_bytes(*b"\0cti")),
            Val::I64(-1),
            Val::I32(5),
            Val::I32(2),
            Val::I32(1),
        ];
        assert_eq!(look, expected);
        let more = call(&mut store, instance, "more", &[]).expect("no trap");
        assert_eq!(more, [Val::I32(i32::from(b'd')), Val::I32(1), Val::I32(2)]);
        assert_eq!(*store.data(), 1, "the table has the imported function");
        for name in ["gone", "dropped", "lost"] {
            call(&mut store, instance, name, &[]).expect_err("the segment is dropped");
        }
        let declared = call(&mut store, instance, "declared", &[]).expect("no trap");
        assert_eq!(declared, [Val::I32(3)]);
    }
}

#[test]
fn what_did_not_change_stays_as_it_was() {
    let engine = Engine::default();
    let text = r#"(module (@custom "note" "kept") (type (func)) (func $f (export "wizer.initialize")) (func (export "f") (result i32) i32.const 1)
        (table 2 funcref) (elem (i32.const 1) func $f) (global (export "g") i32 (i32.const 7)))"#;
    let ready = take(&engine, text, &Snapshot::default()).expect("a snapshot");
    let holds = |part: &[u8]| ready.windows(part.len()).any(|window| window == part);
    assert!(holds(b"\x04notekept"), "custom sections stay");
    assert!(!holds(b"wizer.initialize"));
    // Two functions, the second with `i32.const 1`: the bytes of the code section.
    assert!(holds(&[10, 9, 2, 2, 0, 0x0b, 4, 0, 0x41, 1, 0x0b]));
    let again = Snapshot::default();
    let mut store = Store::new(&engine, 0);
    let instance = instance(&engine, &mut store, &ready);
    let error = again
        .take(&mut store, instance)
        .expect_err("there is nothing to call");
    assert!(error.to_string().contains("wizer-initialize"), "{error}");
}

#[test]
fn a_module_without_data_gets_some() {
    let engine = Engine::default();
    let text = r#"(module (memory (export "memory") 1)
        (func (export "wizer-initialize") (i32.store (i32.const 70) (i32.const 0x01020304)))
        (func (export "get") (result i32) (i32.load (i32.const 70))))"#;
    let ready = take(&engine, text, &Snapshot::default()).expect("a snapshot");
    let mut store = Store::new(&engine, 0);
    let instance = instance(&engine, &mut store, &ready);
    let got = call(&mut store, instance, "get", &[]).expect("no trap");
    assert_eq!(got, [Val::I32(0x0102_0304)]);
    assert!(
        ready.len() < 1000,
        "zeros are not written: {} bytes",
        ready.len()
    );
}

/// Code may refer to functions that only an export or a global's first value declared.
#[test]
fn declarations_are_not_lost() {
    let engine = Engine::default();
    let text = r#"(module (type $t (func)) (global $g (mut funcref) (ref.func $first))
        (func $first) (func $init (export "wizer-initialize") (global.set $g (ref.null func)))
        (func (export "call") (call_ref $t (ref.func $first)) (call_ref $t (ref.func $init))))"#;
    let ready = take(&engine, text, &Snapshot::default()).expect("a snapshot");
    let mut store = Store::new(&engine, 0);
    let instance = instance(&engine, &mut store, &ready);
    call(&mut store, instance, "call", &[]).expect("no trap");
}

#[test]
fn exports_can_be_renamed() {
    let engine = Engine::default();
    let text = r#"(module (func (export "_start") unreachable) (func (export "resume")) (func (export "setup")))"#;
    let mut snapshot = Snapshot::default();
    snapshot
        .init("setup")
        .rename("resume", "_start")
        .keep_init(true);
    let ready = take(&engine, text, &snapshot).expect("a snapshot");
    let mut store = Store::new(&engine, 0);
    let instance = instance(&engine, &mut store, &ready);
    call(&mut store, instance, "_start", &[]).expect("it is what was called resume");
    assert!(instance.get_func(&store, "resume").is_none());
    assert!(
        instance.get_func(&store, "setup").is_some(),
        "it was to be kept"
    );

    let refusal = |snapshot: &Snapshot| refused(take(&engine, text, snapshot));
    assert_eq!(
        refusal(snapshot.rename("none", "x")),
        Refusal::NoExport("none".to_owned())
    );
    let mut twice = Snapshot::default();
    twice
        .init("setup")
        .rename("resume", "x")
        .rename("_start", "x");
    assert_eq!(refusal(&twice), Refusal::TwoExports("x".to_owned()));
}

fn refused(taken: Result<Vec<u8>>) -> Refusal {
    let error: Error = taken.expect_err("this cannot be a module");
    let refusal = error.downcast_ref::<Refusal>();
    refusal
        .unwrap_or_else(|| panic!("not refused, but failed: {error}"))
        .clone()
}

#[test]
fn what_no_module_can_say_is_refused() {
    let engine = Engine::default();
    let cases = [
        (
            r#"(module (type $s (struct)) (global $g (mut (ref null $s)) (ref.null $s))
                 (func (export "wizer-initialize") (global.set $g (struct.new $s))))"#,
            Refusal::Global(0),
        ),
        (
            r#"(module (type $s (struct (field (mut i32)))) (global $g (ref $s) (struct.new $s (i32.const 1)))
                 (func (export "wizer-initialize") (struct.set $s 0 (global.get $g) (i32.const 2))))"#,
            Refusal::Global(0),
        ),
        (
            r#"(module (table $t 3 i31ref)
                 (func (export "wizer-initialize") (table.set $t (i32.const 2) (ref.i31 (i32.const 1)))))"#,
            Refusal::Element(0, 2),
        ),
        (
            r#"(module (elem $e i31ref (ref.i31 (i32.const 1))) (func (export "wizer-initialize")))"#,
            Refusal::Segment(0),
        ),
        (
            r#"(module (memory 1 1 shared) (func (export "wizer-initialize")))"#,
            Refusal::SharedMemory,
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(refused(take(&engine, text, &Snapshot::default())), expected);
    }
}

#[test]
fn imported_state_is_refused() {
    let engine = Engine::default();
    let text = r#"(module (import "a" "m" (memory 1)) (func (export "wizer-initialize")))"#;
    let module = Module::new(&engine, text).expect("the module is valid");
    let mut store = Store::new(&engine, 0_u32);
    let memory = wharf::Memory::new(&mut store, wharf::MemoryType::new(1, None)).expect("room");
    let instance = Instance::new(&mut store, &module, &[memory.into()]).expect("it instantiates");
    let refusal = refused(Snapshot::default().take(&mut store, instance));
    assert_eq!(
        refusal.to_string(),
        r#"the module imports "a" "m", whose state is not its own"#
    );
}

#[test]
fn a_failing_initialization_is_its_error() {
    let engine = Engine::default();
    let text = r#"(module (func (export "wizer-initialize") unreachable))"#;
    let error = take(&engine, text, &Snapshot::default()).expect_err("it traps");
    assert_eq!(error.trap(), Some(wharf::Trap::Unreachable));
}
