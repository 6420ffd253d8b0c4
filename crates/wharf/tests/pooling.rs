//! Kept instances: the next guest finds the state that a new instance has, whatever the last one did, and in whatever way it was
//! put back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use wharf::{
    Caller, Config, Engine, ExternRef, Func, InstancePre, Limits, Linker, Memory, MemoryType,
    Module, Pooling, Ref, Store, Tier, Trap, Val,
};

/// Runs a check in each tier.
fn in_each_tier(pooling: Pooling, check: impl Fn(&Engine)) {
    for tier in [Tier::Interp, Tier::Baseline, Tier::Optimizing, Tier::Auto] {
        let mut config = Config::new();
        config.tier(tier).pooling(pooling).tier_up_after(1);
        check(&Engine::new(&config).expect("all tiers run here"));
    }
}

fn ready(engine: &Engine, text: &str) -> InstancePre<u32> {
    let module = Module::new(engine, text).expect("the module is valid");
    let mut linker = Linker::new(engine);
    let count = |mut caller: Caller<'_, u32>| *caller.data_mut() += 1;
    linker
        .func_wrap("host", "count", count)
        .expect("defined once");
    let fail = || -> wharf::Result<()> { Err(wharf::Error::msg("the host gives up")) };
    linker
        .func_wrap("host", "fail", fail)
        .expect("defined once");
    linker
        .func_wrap("host", "panic", || -> () { panic!("the host is wrong") })
        .expect("defined once");
    linker.instantiate_pre(&module).expect("all is defined")
}

/// The text of a data segment of so many bytes, no two neighbours alike.
fn data(bytes: usize) -> String {
    (0..bytes).map(|at| format!("\\{:02x}", at % 251)).collect()
}

/// Makes an instance, gives where its memory lies and what is in it, and lets `guest` write to it.
fn round(ready: &InstancePre<u32>, guest: impl Fn(&mut [u8])) -> (usize, Vec<u8>) {
    let mut store = Store::new(ready.module().engine(), 0);
    let instance = ready.instantiate(&mut store).expect("it instantiates");
    let memory = instance.get_memory(&store, "memory").expect("exported");
    let bytes = memory.data_mut(&mut store).expect("not shared");
    let found = (bytes.as_ptr().addr(), bytes.to_vec());
    guest(bytes);
    found
}

/// Memories of so many pages with a segment of so many bytes, in each way to put them back.
#[test]
fn memories_are_put_back() {
    let small = Pooling {
        instance_bytes_max: 256 << 10,
        ..Pooling::default()
    };
    let shapes = [
        (1, 0),
        (1, 100),
        (2, 70_000),
        (3, 0),
        (3, 100),
        (40, 100),
        (40, 200_000),
    ];
    in_each_tier(small, |engine| {
        for (pages, bytes) in shapes {
            let text = format!(
                r#"(module (memory (export "memory") {pages} 100) (data (i32.const 5000) "{}"))"#,
                data(bytes)
            );
            let ready = ready(engine, &text);
            let (place, fresh) = round(&ready, |_| ());
            assert_eq!(fresh.len(), pages * 65536);
            assert!(
                fresh[5000..5000 + bytes]
                    .iter()
                    .enumerate()
                    .all(|(at, byte)| *byte == (at % 251) as u8)
            );
            assert!(fresh[5000 + bytes..].iter().all(|byte| *byte == 0));
            let writes: [fn(&mut [u8]); 6] = [
                |_| (),
                |bytes| bytes[0] = 1,
                |bytes| *bytes.last_mut().expect("there are bytes") = 1,
                |bytes| bytes[4096..24_576].fill(0xaa),
                // More ranges than one answer of the kernel has.
                |bytes| bytes.iter_mut().step_by(8192).for_each(|byte| *byte = 0xbb),
                // More than is kept.
                |bytes| bytes.fill(0xcc),
            ];
            for write in writes {
                for _ in 0..2 {
                    let (again, found) = round(&ready, write);
                    assert_eq!(again, place, "{pages} pages: the instance was kept");
                    assert!(
                        found == fresh,
                        "{pages} pages, {bytes} bytes: nothing is left"
                    );
                }
            }
        }
    });
}

const STATEFUL: &str = r#"
    (module
      (import "host" "count" (func $count))
      (import "host" "fail" (func $fail))
      (import "host" "panic" (func $panic))
      (memory (export "memory") 1 4)
      (table $t (export "table") 2 10 funcref)
      (table $x 2 10 externref)
      (global $g (mut i64) (i64.const 7))
      (global $v (mut v128) (v128.const i64x2 1 2))
      (global $x (mut externref) (ref.null extern))
      (data $active (i32.const 0) "active")
      (data $passive "passive")
      (elem (table $t) (i32.const 0) func $seven)
      (elem $refs func $seven $eight)
      (tag $tag (param i32))
      (start $begin)
      (func $begin (call $count) (global.set $g (i64.add (global.get $g) (i64.const 1))))
      (func $seven (result i32) i32.const 7)
      (func $eight (result i32) i32.const 8)
      (func $inner (throw $tag (i32.const 1)))
      (func (export "throw") (result i32)
        (block $caught (result i32) (try_table (catch $tag $caught) (call $inner)) (i32.const 0)))
      (func (export "look") (result i64 i32 i32 i32 i32 i32 i32)
        (global.get $g)
        (memory.size)
        (table.size $t)
        (call_indirect (result i32) (i32.const 0))
        (i32.add (ref.is_null (table.get $t (i32.const 1))) (ref.is_null (table.get $x (i32.const 1))))
        (i32.add (ref.is_null (global.get $x)) (i32.wrap_i64 (i64x2.extract_lane 1 (global.get $v))))
        ;; These trap if their segments were dropped.
        (memory.init $passive (i32.const 100) (i32.const 0) (i32.const 7))
        (table.init $t $refs (i32.const 0) (i32.const 1) (i32.const 1))
        (call_indirect (result i32) (i32.const 0)))
      (func (export "spoil") (param externref)
        (drop (memory.grow (i32.const 2)))
        (memory.fill (i32.const 0) (i32.const 1) (i32.const 196608))
        (drop (table.grow $t (ref.func $eight) (i32.const 5)))
        (drop (table.grow $x (local.get 0) (i32.const 5)))
        (table.set $t (i32.const 0) (ref.func $eight))
        (table.set $t (i32.const 1) (ref.func $seven))
        (table.set $x (i32.const 1) (local.get 0))
        (global.set $x (local.get 0))
        (global.set $g (i64.const -1))
        (global.set $v (v128.const i64x2 -1 -1))
        (data.drop $passive)
        (elem.drop $refs))
      (func (export "fail") (call $fail))
      (func (export "panic") (call $panic))
      (func (export "trap") unreachable))
"#;

/// What a new instance of [`STATEFUL`] shows.
const LOOK: [Val; 7] = [
    Val::I64(8),
    Val::I32(1),
    Val::I32(2),
    Val::I32(7),
    Val::I32(2),
    Val::I32(3),
    Val::I32(8),
];

#[test]
fn tables_globals_and_segments_are_put_back() {
    in_each_tier(Pooling::default(), |engine| {
        let ready = ready(engine, STATEFUL);
        let mut places = Vec::new();
        for round in 0..8 {
            let mut store = Store::new(engine, 10);
            let instance = ready.instantiate(&mut store).expect("it instantiates");
            assert_eq!(
                *store.data(),
                11,
                "the start function called this store's host"
            );
            let memory = instance.get_memory(&store, "memory").expect("exported");
            places.push(memory.data(&store).expect("not shared").as_ptr());
            let call = |store: &mut Store<u32>, name: &str, args: &[Val]| {
                let func = instance.get_func(&*store, name).expect("exported");
                func.call(&mut *store, args)
            };
            let look = call(&mut store, "look", &[]).expect("no trap");
            assert_eq!(look, LOOK, "in round {round}");
            assert_eq!(
                call(&mut store, "throw", &[]).expect("no trap"),
                [Val::I32(1)]
            );
            let host = ExternRef::new(&mut store, "of the host").expect("there is room");
            call(&mut store, "spoil", &[Val::Ref(Ref::Extern(Some(host)))]).expect("no trap");
            // Whatever else is put into the store, and however a guest ends.
            let table = instance.get_table(&store, "table").expect("exported");
            let func = Func::wrap(&mut store, || 5_i32);
            table
                .set(&mut store, 0, Ref::Func(Some(func)))
                .expect("in the table");
            Memory::new(&mut store, MemoryType::new(1, None)).expect("there is room");
            match round % 4 {
                0 => assert_eq!(
                    call(&mut store, "trap", &[]).unwrap_err().trap(),
                    Some(Trap::Unreachable)
                ),
                1 => assert!(call(&mut store, "fail", &[]).is_err()),
                2 => {
                    let panicked = AssertUnwindSafe(|| call(&mut store, "panic", &[]));
                    assert!(catch_unwind(panicked).is_err());
                }
                _ => {
                    ready.instantiate(&mut store).expect("one more of the same");
                }
            }
        }
        assert!(
            places.iter().all(|place| *place == places[0]),
            "one instance served all"
        );
    });
}

#[test]
fn limits_hold_for_kept_instances() {
    in_each_tier(Pooling::default(), |engine| {
        let ready = ready(
            engine,
            r#"(module (memory (export "memory") 2) (table 5 funcref))"#,
        );
        round(&ready, |_| ());
        let cases = [
            Limits {
                memory_bytes_max: 65536,
                ..Limits::default()
            },
            Limits {
                table_elements_max: 4,
                ..Limits::default()
            },
            Limits {
                memories_max: 0,
                ..Limits::default()
            },
            Limits {
                tables_max: 0,
                ..Limits::default()
            },
            Limits {
                instances_max: 0,
                ..Limits::default()
            },
        ];
        for limits in cases {
            let mut store = Store::new(engine, 0);
            store.set_limits(limits);
            ready
                .instantiate(&mut store)
                .expect_err("more than is allowed");
        }
        let mut store = Store::new(engine, 0);
        store.set_limits(Limits {
            memory_bytes_max: 131_072,
            ..Limits::default()
        });
        ready.instantiate(&mut store).expect("just what is allowed");
        // What a kept instance has counts: nothing more fits.
        Memory::new(&mut store, MemoryType::new(1, None)).expect_err("the limit is reached");
    });
}

#[test]
fn nothing_is_kept_if_nothing_shall_be() {
    let none = Pooling {
        instances_max: 0,
        ..Pooling::default()
    };
    in_each_tier(none, |engine| {
        let ready = ready(
            engine,
            r#"(module (memory (export "memory") 1) (data (i32.const 0) "x"))"#,
        );
        for _ in 0..3 {
            let (_, found) = round(&ready, |bytes| bytes.fill(9));
            assert!(found[0] == b'x' && found[1..].iter().all(|byte| *byte == 0));
        }
    });
}

/// Objects and shared memories are beyond what can be put back: such instances are made anew.
#[test]
fn what_cannot_be_put_back_is_made_anew() {
    in_each_tier(Pooling::default(), |engine| {
        let texts = [
            r#"(module (type $s (struct (field (mut i32))))
                 (global $g (ref $s) (struct.new $s (i32.const 3)))
                 (func (export "next") (result i32)
                   (struct.set $s 0 (global.get $g) (i32.add (struct.get $s 0 (global.get $g)) (i32.const 1)))
                   (struct.get $s 0 (global.get $g))))"#,
            r#"(module (memory 1 1 shared)
                 (func (export "next") (result i32)
                   (i32.add (i32.atomic.rmw.add (i32.const 0) (i32.const 1)) (i32.const 4))))"#,
            r#"(module (memory i64 1)
                 (func (export "next") (result i32)
                   (i64.store (i64.const 0) (i64.add (i64.load (i64.const 0)) (i64.const 4)))
                   (i32.load (i64.const 0))))"#,
        ];
        for text in texts {
            let ready = ready(engine, text);
            for _ in 0..3 {
                let mut store = Store::new(engine, 0);
                let instance = ready.instantiate(&mut store).expect("it instantiates");
                let next = instance
                    .get_typed_func::<(), i32>(&store, "next")
                    .expect("exported");
                assert_eq!(next.call(&mut store, ()).expect("no trap"), 4, "{text}");
            }
        }
    });
}

#[test]
fn many_threads_share_a_pool() {
    let few = Pooling {
        instances_max: 3,
        ..Pooling::default()
    };
    in_each_tier(few, |engine| {
        let ready = ready(engine, STATEFUL);
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    for _ in 0..30 {
                        let mut store = Store::new(engine, 0);
                        let instance = ready.instantiate(&mut store).expect("it instantiates");
                        let look = instance.get_func(&store, "look").expect("exported");
                        assert_eq!(look.call(&mut store, &[]).expect("no trap"), LOOK);
                        let spoil = instance.get_func(&store, "spoil").expect("exported");
                        spoil
                            .call(&mut store, &[Val::Ref(Ref::Extern(None))])
                            .expect("no trap");
                    }
                });
            }
        });
    });
}

/// A store outlives the plan, the module and the engine's own handle.
#[test]
fn a_store_may_be_dropped_last() {
    let engine = Engine::default();
    let ready = ready(&engine, STATEFUL);
    let mut stores: Vec<Store<u32>> = (0..4).map(|_| Store::new(&engine, 0)).collect();
    for store in &mut stores {
        ready.instantiate(store).expect("it instantiates");
    }
    drop(stores.pop());
    drop(ready);
    drop(engine);
}

/// A function that is called for the first time where hardly any stack is left: also in an instance that was kept.
#[test]
fn first_calls_at_the_end_of_the_stack_fail() {
    const FUNCS: u32 = 100;
    let last: String = (0..FUNCS)
        .map(|nth| format!("(func $last{nth} (result i32) (i32.const {nth}))"))
        .collect();
    let names: String = (0..FUNCS).map(|nth| format!("$last{nth} ")).collect();
    let text = format!(
        r#"(module
            (type $last (func (result i32)))
            (table funcref (elem {names}))
            {last}
            (func $down (export "down") (param i32 i32) (result i32)
                (if (result i32) (local.get 0)
                    (then (i32.add (i32.const 0) (call $down (i32.sub (local.get 0) (i32.const 1)) (local.get 1))))
                    (else (call_indirect (type $last) (local.get 1))))))"#
    );
    for tier in [Tier::Baseline, Tier::Optimizing, Tier::Auto] {
        let engine = Engine::new(Config::new().tier(tier)).expect("all tiers run here");
        let ready = ready(&engine, &text);
        let mut failed = 0;
        for nth in 0..FUNCS {
            // Some of these depths end where the host still has room, but guests that call it have not.
            let depth = nth * 1500;
            let mut store = Store::new(&engine, 0);
            let instance = ready.instantiate(&mut store).expect("it instantiates");
            let down = instance
                .get_typed_func::<(u32, u32), u32>(&mut store, "down")
                .expect("exported");
            match down.call(&mut store, (depth, nth)) {
                Ok(found) => assert_eq!(found, nth),
                Err(error) => {
                    assert_eq!(error.trap(), Some(Trap::StackOverflow), "{error}");
                    failed += 1;
                }
            }
        }
        assert!(failed > 0, "the stack is larger than the test expects");
    }
}
