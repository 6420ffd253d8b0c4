//! What belongs to another store is a stranger here: at every door a function, table, global, tag or exception of another store is
//! refused, though its number may be that of something of this store.

use wharf::{
    ArrayRef, Config, Engine, ErrorKind, Exception, Extern, ExternRef, Func, FuncType, Global,
    GlobalType, HeapType, Instance, Linker, Memory, MemoryType, Module, OwnedRef, Ref, RefType,
    Result, Store, StructRef, Table, TableType, Tag, Tier, TypedFunc, Val, ValType,
};

const GUEST: &str = r#"(module
    (type $f (sub (func (param i32) (result i32))))
    (type $box (sub (struct (field (mut funcref)) (field (mut i32)))))
    (type $row (array (mut funcref)))
    (tag $t (export "tag") (param i32 funcref))
    (table (export "table") 2 funcref)
    (global (export "global") (mut funcref) (ref.null func))
    (memory (export "memory") 1)
    (func $inc (export "inc") (type $f) (i32.add (local.get 0) (i32.const 1)))
    (func (export "other") (param i64) (result i64) (local.get 0))
    (func (export "call") (param (ref null $f)) (result i32) (call_ref $f (i32.const 1) (local.get 0)))
    (func (export "box") (result (ref $box)) (struct.new $box (ref.func $inc) (i32.const 7)))
    (func (export "row") (result (ref $row)) (array.new $row (ref.func $inc) (i32.const 3)))
    (func (export "throw") (throw $t (i32.const 5) (ref.func $inc))))"#;

const FUNCREF: RefType = RefType {
    nullable: true,
    heap: HeapType::Func,
};

struct Guest {
    store: Store<()>,
    instance: Instance,
}

impl Guest {
    fn new(engine: &Engine) -> Guest {
        let module = Module::new(engine, GUEST).expect("the module is valid");
        let mut store = Store::new(engine, ());
        let instance = Instance::new(&mut store, &module, &[]).expect("it instantiates");
        Guest { store, instance }
    }

    fn func(&self, name: &str) -> Func {
        self.instance.get_func(&self.store, name).expect("exported")
    }
}

/// Two guests alike in stores of their own, so that everything in one has the number of its like in the other.
fn with_two(check: impl Fn(&mut Guest, &mut Guest)) {
    for tier in [Tier::Interp, Tier::Optimizing] {
        let engine = Engine::new(Config::new().tier(tier)).expect("both tiers run here");
        check(&mut Guest::new(&engine), &mut Guest::new(&engine));
    }
}

fn refused<T: std::fmt::Debug>(outcome: Result<T>) {
    let error = outcome.expect_err("what is of another store is refused");
    // What a host function returned comes back as its error.
    assert!(
        matches!(error.kind(), ErrorKind::Misuse(_) | ErrorKind::Host(_)),
        "{error}"
    );
    assert!(error.to_string().contains("another store"), "{error}");
}

#[test]
fn functions_of_another_store_are_refused_at_every_door() {
    with_two(|here, there| {
        let stranger = there.func("inc");
        let store = &mut here.store;
        let instance = here.instance;
        let func = |store: &Store<()>, name| instance.get_func(store, name).unwrap();
        // To be called, asked about, or handed to a guest.
        refused(stranger.call(&mut *store, &[Val::I32(1)]));
        refused(stranger.ty(&*store));
        refused(stranger.heap_type(&*store));
        refused(stranger.typed::<i32, i32>(&*store).map(|_| ()));
        let typed: TypedFunc<i32, i32> = stranger.typed(&there.store).unwrap();
        refused(typed.call(&mut *store, 1));
        refused(func(store, "call").call(&mut *store, &[stranger.into()]));
        let call = instance.get_typed_func::<Func, i32>(&mut *store, "call");
        refused(call.unwrap().call(&mut *store, stranger));
        // To be kept.
        let table = instance.get_table(&*store, "table").unwrap();
        refused(table.set(&mut *store, 0, Ref::Func(Some(stranger))));
        refused(table.grow(&mut *store, 1, Ref::Func(Some(stranger))));
        assert_eq!(table.size(&*store).unwrap(), 2);
        let ty = TableType::new(FUNCREF, 1, None);
        refused(Table::new(&mut *store, ty, Ref::Func(Some(stranger))));
        let global = instance.get_global(&*store, "global").unwrap();
        refused(global.set(&mut *store, stranger.into()));
        let ty = GlobalType {
            content: ValType::Ref(FUNCREF),
            mutable: true,
        };
        refused(Global::new(&mut *store, ty, stranger.into()));
        // In objects, and in what is thrown.
        let object =
            |store: &mut Store<()>, name| match func(store, name).call(store, &[]).unwrap()[..] {
                [Val::Ref(Ref::Any(Some(found)))] => found,
                _ => panic!("expected an object"),
            };
        let of_box = object(store, "box").as_struct(&*store).unwrap().unwrap();
        refused(of_box.set(&mut *store, 0, stranger.into()));
        let ty = of_box.ty(&*store).unwrap();
        let fields = [stranger.into(), Val::I32(1)];
        refused(StructRef::new(&mut *store, &ty, &fields));
        let row = object(store, "row").as_array(&*store).unwrap().unwrap();
        refused(row.set(&mut *store, 0, stranger.into()));
        let ty = row.ty(&*store).unwrap();
        refused(ArrayRef::new(&mut *store, &ty, 3, stranger.into()));
        refused(ArrayRef::new_fixed(&mut *store, &ty, &[stranger.into()]));
        let tag = instance.get_tag(&*store, "tag").unwrap();
        let values = [Val::I32(1), stranger.into()];
        refused(Exception::new(&mut *store, tag, &values));
        // As what a host function gives back, to the host and to a guest.
        let ty = FuncType::new([], [ValType::Ref(FUNCREF)]);
        let giving = Func::new(&mut *store, ty, move |_, _, results| {
            results[0] = stranger.into();
            Ok(())
        });
        let giving = giving.unwrap();
        refused(giving.call(&mut *store, &[]));
        let typed = Func::wrap(&mut *store, move || Some(stranger));
        refused(typed.call(&mut *store, &[]));
        let text = r#"(module (import "" "give" (func $give (result funcref)))
            (func (export "f") (result i32) (ref.is_null (call $give))))"#;
        let module = Module::new(store.engine(), text).unwrap();
        for giving in [giving, typed] {
            let guest = Instance::new(&mut *store, &module, &[giving.into()]).unwrap();
            let f = guest.get_func(&*store, "f").unwrap();
            refused(f.call(&mut *store, &[]));
        }
        // Those that are here are still what they were.
        let ours = func(store, "inc");
        assert_eq!(of_box.get(&*store, 0).unwrap(), ours.into());
        let results = func(store, "call").call(&mut *store, &[ours.into()]);
        assert_eq!(results.unwrap(), [Val::I32(2)]);
    });
}

#[test]
fn exports_of_another_store_are_refused_as_imports() {
    with_two(|here, there| {
        let store = &mut there.store;
        let exports = there.instance.exports(&*store).unwrap();
        let memory = Memory::new(&mut *store, MemoryType::new(1, None)).unwrap();
        let all = exports
            .into_iter()
            .chain([("one".to_string(), memory.into())]);
        for (_, export) in all {
            let import = match export {
                Extern::Func(func) if func == there.instance.get_func(&*store, "inc").unwrap() => {
                    r#"(type $f (sub (func (param i32) (result i32)))) (import "a" "b" (func (type $f)))"#
                }
                Extern::Func(_) => continue,
                Extern::Table(_) => r#"(import "a" "b" (table 1 funcref))"#,
                Extern::Global(_) => r#"(import "a" "b" (global (mut funcref)))"#,
                Extern::Memory(_) => r#"(import "a" "b" (memory 1))"#,
                Extern::Tag(_) => r#"(import "a" "b" (tag (param i32 funcref)))"#,
            };
            let module = Module::new(here.store.engine(), format!("(module {import})")).unwrap();
            refused(Instance::new(&mut here.store, &module, &[export]));
            let mut linker = Linker::new(here.store.engine());
            if linker.define("a", "b", export).is_ok() {
                refused(linker.instantiate(&mut here.store, &module));
            }
            refused(export.ty(&here.store));
            // It is fit for its own store.
            Instance::new(&mut *store, &module, &[export]).unwrap();
        }
        assert!(there.instance.get_export(&here.store, "inc").is_none());
        assert!(there.instance.get_func(&here.store, "inc").is_none());
        refused(there.instance.exports(&here.store));
    });
}

#[test]
fn tags_and_exceptions_of_another_store_are_refused() {
    with_two(|here, there| {
        let tag = there.instance.get_tag(&there.store, "tag").unwrap();
        let null = Val::Ref(Ref::Func(None));
        refused(Exception::new(&mut here.store, tag, &[Val::I32(1), null]));
        refused(tag.ty(&here.store));
        let error = there.func("throw").call(&mut there.store, &[]).unwrap_err();
        let thrown = error.exception().expect("it throws");
        refused(thrown.values(&here.store));
        assert_eq!(thrown.tag(), tag);
        assert_ne!(
            thrown.tag(),
            here.instance.get_tag(&here.store, "tag").unwrap()
        );
        let values = thrown.values(&there.store).unwrap();
        assert_eq!(values, [Val::I32(5), there.func("inc").into()]);
        // The host throws it in a store where a tag of the same number and type would catch it.
        let error = std::sync::Mutex::new(Some(error));
        let throw = Func::wrap(&mut here.store, move || -> Result<()> {
            Err(error.lock().unwrap().take().expect("called once"))
        });
        let text = r#"(module (import "" "throw" (func $throw)) (import "" "tag" (tag $t (param i32 funcref)))
            (func (export "f") (result i32 funcref)
                (try_table (result i32 funcref) (catch $t 0) (call $throw) unreachable)))"#;
        let module = Module::new(here.store.engine(), text).unwrap();
        let tag = here.instance.get_tag(&here.store, "tag").unwrap();
        let imports = [throw.into(), tag.into()];
        let guest = Instance::new(&mut here.store, &module, &imports).unwrap();
        let f = guest.get_func(&here.store, "f").unwrap();
        refused(f.call(&mut here.store, &[]));
    });
}

#[test]
fn a_function_passed_between_stores_by_the_host_runs_in_its_own() {
    // What is allowed: a host function that closes over the other store.
    for tier in [Tier::Interp, Tier::Optimizing] {
        let engine = Engine::new(Config::new().tier(tier)).expect("both tiers run here");
        let there = Guest::new(&engine);
        let (throw, inc) = (there.func("throw"), there.func("inc"));
        let there = std::sync::Mutex::new(there);
        let mut store = Store::new(&engine, ());
        let bridge = Func::wrap(&mut store, move |choice: i32| -> Result<i32> {
            let store = &mut there.lock().unwrap().store;
            match choice {
                0 => throw.call(store, &[]).map(|_| 0),
                _ => match inc.call(store, &[Val::I32(choice)])?[..] {
                    [Val::I32(found)] => Ok(found),
                    _ => Ok(-1),
                },
            }
        });
        let text = r#"(module (import "" "bridge" (func $bridge (param i32) (result i32)))
            (func (export "f") (param i32) (result i32)
                (block (try_table (catch_all 0) (return (call $bridge (local.get 0)))))
                (i32.const 99)))"#;
        let module = Module::new(&engine, text).unwrap();
        let guest = Instance::new(&mut store, &module, &[bridge.into()]).unwrap();
        let f = guest.get_typed_func::<i32, i32>(&store, "f").unwrap();
        assert_eq!(f.call(&mut store, 6).unwrap(), 7);
        // An exception of the other store is no exception here: it is an error that no guest catches.
        refused(f.call(&mut store, 0));
        assert_eq!(f.call(&mut store, 8).unwrap(), 9);
    }
}

#[test]
fn references_that_outlive_their_store_are_refused() {
    with_two(|here, there| {
        let (kept, owned, func, tag) = {
            let mut gone = Guest::new(there.store.engine());
            let kept = ExternRef::new(&mut gone.store, 1_u8).unwrap();
            let owned = OwnedRef::new(&gone.store, kept).unwrap();
            let tag = Tag::new(&mut gone.store, &[]).unwrap();
            (kept, owned, gone.func("inc"), tag)
        };
        refused(kept.data(&here.store).map(|_| ()));
        refused(owned.get(&mut here.store));
        refused(func.call(&mut here.store, &[Val::I32(1)]));
        refused(Exception::new(&mut here.store, tag, &[]));
        drop(owned);
        here.store.gc().unwrap();
    });
}
