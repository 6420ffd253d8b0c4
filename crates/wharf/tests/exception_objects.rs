//! Exceptions as objects of a store's heap, seen by the host: how long they live, what they count against, and whose they are.

use wharf::{
    Caller, Config, Engine, ErrorKind, ExnRef, Features, Func, Instance, Limits, Module, Ref,
    Store, Tag, Tier, Trap, Val, ValType,
};

const GUEST: &str = r#"(module
    (type $box (struct (field (mut i32))))
    (tag $boxed (export "boxed") (param i32 (ref null $box)))
    (tag $number (export "number") (param i64))
    (global $kept (mut exnref) (ref.null exn))
    (table $held 0 exnref)
    (func (export "throw") (param i32) (throw $boxed (local.get 0) (struct.new $box (local.get 0))))
    (func $litter (export "litter") (param i32)
      (loop
        (drop (struct.new $box (local.get 0)))
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "open") (param exnref) (result i32)
      (block $caught (result i32 (ref null $box))
        (try_table (catch $boxed $caught) (throw_ref (local.get 0)))
        unreachable)
      struct.get $box 0
      i32.add)
    (func (export "catch") (param i32) (result exnref)
      (block $caught (result exnref)
        (try_table (catch_all_ref $caught)
          (throw $boxed (local.get 0) (struct.new $box (local.get 0))))
        unreachable))
    ;; Throws and catches often; each exception is garbage afterwards.
    (func (export "churn") (param i32)
      (loop
        (block $caught (result i64)
          (try_table (catch $number $caught) (throw $number (i64.const 1)))
          unreachable)
        drop
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    ;; Throws and keeps all.
    (func (export "hoard")
      (loop
        (drop (table.grow $held
          (block $caught (result exnref)
            (try_table (catch_all_ref $caught) (throw $number (i64.const 1)))
            unreachable)
          (i32.const 1)))
        (br_if 0 (i32.lt_u (table.size $held) (i32.const 100000))))))"#;

/// Engines of all tiers, collecting now and then or at every allocation.
fn engines() -> Vec<Engine> {
    let calm = engines_that(false);
    calm.into_iter().chain(engines_that(true)).collect()
}

fn engines_that(stress: bool) -> Vec<Engine> {
    if !Features::default().has("exceptions") {
        println!("skipped: exceptions are not enabled");
        return Vec::new();
    }
    let mut engines = Vec::new();
    for tier in [Tier::Interp, Tier::Optimizing] {
        let engine = Engine::new(Config::new().tier(tier).gc_stress(stress));
        engines.push(engine.expect("both tiers run here"));
    }
    engines
}

fn guest(engine: &Engine) -> (Store<()>, Instance) {
    let mut store = Store::new(engine, ());
    store.set_limits(Limits {
        gc_heap_bytes_max: 256 << 10,
        ..Limits::default()
    });
    let module = Module::new(engine, GUEST).expect("the module is valid");
    let guest = Instance::new(&mut store, &module, &[]).expect("it instantiates");
    (store, guest)
}

fn call(
    store: &mut Store<()>,
    guest: Instance,
    name: &str,
    params: &[Val],
) -> wharf::Result<Vec<Val>> {
    let func = guest.get_func(&mut *store, name).expect("exported");
    func.call(store, params)
}

fn exnref(value: &Val) -> ExnRef {
    match value {
        Val::Ref(Ref::Exn(Some(exn))) => *exn,
        other => panic!("expected an exception, found {other:?}"),
    }
}

#[test]
fn an_exception_that_the_host_holds_keeps_what_it_carries() {
    for engine in engines() {
        let (mut store, guest) = guest(&engine);
        let error = call(&mut store, guest, "throw", &[Val::I32(5)]).unwrap_err();
        let exception = error.exception().expect("an exception was thrown");
        call(&mut store, guest, "litter", &[Val::I32(5000)]).unwrap();
        let values = exception.values(&store).unwrap();
        assert_eq!(values[0], Val::I32(5));
        assert!(matches!(values[1], Val::Ref(Ref::Any(Some(_)))));
        assert_eq!(
            exception.to_string(),
            "uncaught exception: boxed(i32 5, anyref)"
        );
        // It can be told, though not looked into, when the store is gone.
        drop(store);
        assert_eq!(
            error.to_string(),
            "uncaught exception: boxed(i32 5, anyref)"
        );
        let other = Store::new(&engine, ());
        let foreign = error.exception().unwrap().values(&other).unwrap_err();
        assert!(matches!(foreign.kind(), ErrorKind::Misuse(_)), "{foreign}");
    }
}

#[test]
fn references_go_out_and_in() {
    for engine in engines() {
        let (mut store, guest) = guest(&engine);
        let caught = call(&mut store, guest, "catch", &[Val::I32(21)]).unwrap();
        call(&mut store, guest, "litter", &[Val::I32(5000)]).unwrap();
        let exception = exnref(&caught[0]).exception(&store).unwrap();
        assert_eq!(exception.values(&store).unwrap()[0], Val::I32(21));
        let opened = call(&mut store, guest, "open", &caught).unwrap();
        assert_eq!(opened, [Val::I32(42)]);
        let null = call(&mut store, guest, "open", &[Val::Ref(Ref::Exn(None))]).unwrap_err();
        assert_eq!(null.trap(), Some(Trap::NullReference));
        // Of another hierarchy, or another store.
        let values = exception.values(&store).unwrap();
        for wrong in [
            values[1],
            Val::Ref(Ref::Any(None)),
            Val::Ref(Ref::Extern(None)),
        ] {
            let error = call(&mut store, guest, "open", &[wrong]).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Misuse(_)), "{error}");
        }
        let (mut other, other_guest) = self::guest(&engine);
        let error = call(&mut other, other_guest, "open", &caught).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Misuse(_)), "{error}");
        assert!(exnref(&caught[0]).exception(&other).is_err());
    }
}

#[test]
fn an_exception_of_another_store_is_not_thrown_here() {
    for engine in engines() {
        let (mut other, other_guest) = guest(&engine);
        let error = call(&mut other, other_guest, "throw", &[Val::I32(1)]).unwrap_err();
        let error = std::sync::Mutex::new(Some(error));
        let mut store = Store::new(&engine, ());
        let throw = Func::wrap(&mut store, move || -> wharf::Result<()> {
            Err(error.lock().unwrap().take().expect("called once"))
        });
        let module = r#"(module (import "" "throw" (func $throw))
            (func (export "f") (block (try_table (catch_all 0) (call $throw)))))"#;
        let module = Module::new(&engine, module).unwrap();
        let guest = Instance::new(&mut store, &module, &[throw.into()]).unwrap();
        let error = call(&mut store, guest, "f", &[]).unwrap_err();
        assert!(error.exception().is_none());
        assert!(error.to_string().contains("another store"), "{error}");
    }
}

#[test]
fn dead_exceptions_make_room() {
    // Collecting each time while ever more is held would take long.
    for engine in engines_that(false) {
        let (mut store, guest) = guest(&engine);
        let tag = guest.get_tag(&mut store, "number").expect("exported");
        call(&mut store, guest, "churn", &[Val::I32(20_000)]).unwrap();
        // Those of the host too: none is held here.
        for value in 0..20_000 {
            wharf::Exception::new(&mut store, tag, &[Val::I64(value)]).unwrap();
        }
        // What is held counts against the limit.
        let error = call(&mut store, guest, "hoard", &[]).unwrap_err();
        assert_eq!(error.trap(), Some(Trap::HeapExhausted), "{error}");
        let mut held = Vec::new();
        let error = loop {
            match wharf::Exception::new(&mut store, tag, &[Val::I64(1)]) {
                Ok(exception) => held.push(exception),
                Err(error) => break error,
            }
        };
        assert_eq!(error.trap(), Some(Trap::HeapExhausted), "{error}");
    }
}

#[test]
fn a_host_function_throws_again_what_a_guest_gave_it() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let tag = Tag::new(&mut store, &[ValType::I32, ValType::EXTERNREF]).unwrap();
        let throw = Func::wrap(
            &mut store,
            move |mut caller: Caller<'_, ()>, value: i32| -> wharf::Result<()> {
                let carried = wharf::ExternRef::new(&mut caller, value)?;
                let values = [Val::I32(value), carried.into()];
                Err(wharf::Exception::new(&mut caller, tag, &values)?.into())
            },
        );
        let again = Func::new(
            &mut store,
            wharf::FuncType::new([ValType::EXNREF], []),
            |caller, params, _| Err(exnref(&params[0]).exception(&caller)?.into()),
        );
        let module = r#"(module
            (import "" "throw" (func $throw (param i32)))
            (import "" "again" (func $again (param exnref)))
            (func (export "f") (param i32)
              (block $caught (result exnref)
                (try_table (catch_all_ref $caught) (call $throw (local.get 0)))
                unreachable)
              call $again))"#;
        let module = Module::new(&engine, module).unwrap();
        let imports = [throw.into(), again.unwrap().into()];
        let guest = Instance::new(&mut store, &module, &imports).unwrap();
        for value in 0..3 {
            let error = call(&mut store, guest, "f", &[Val::I32(value)]).unwrap_err();
            let exception = error.exception().expect("an exception was thrown");
            assert_eq!(exception.tag(), tag);
            let values = exception.values(&store).unwrap();
            assert_eq!(values[0], Val::I32(value));
            let Val::Ref(Ref::Extern(Some(carried))) = values[1] else {
                panic!("{values:?}")
            };
            assert_eq!(
                carried.data(&store).unwrap().unwrap().downcast_ref(),
                Some(&value)
            );
        }
    }
}
