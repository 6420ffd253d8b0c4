//! References to objects in calls between host and guest: typed and not, with types that differ, for as long as the call lasts.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use wharf::{
    AnyRef, ArrayRef, AsContextMut, Caller, Config, Engine, EqRef, ErrorKind, ExnRef, ExternRef,
    Func, FuncType, HeapType, I31, Instance, Linker, Module, OwnedRef, RecGroup, Ref, RefType,
    Result, RootScope, Store, StructRef, StructType, Tier, Trap, TypeIdx, TypeKind, TypedFunc, Val,
    ValType,
};

/// On each tier, and with a collection before every allocation.
fn in_each_engine(check: impl Fn(&Engine)) {
    for tier in [Tier::Interp, Tier::Optimizing] {
        for stress in [false, true] {
            let engine = Engine::new(Config::new().tier(tier).gc_stress(stress));
            check(&engine.expect("both tiers run here"));
        }
    }
}

fn refused<T: std::fmt::Debug>(outcome: Result<T>) {
    let error = outcome.expect_err("what does not fit is refused");
    // What a host function returned comes back as its error.
    assert!(
        matches!(error.kind(), ErrorKind::Misuse(_) | ErrorKind::Host(_)),
        "{error}"
    );
}

const GUEST: &str = r#"(module
    (type $point (sub (struct (field $x (mut i32)) (field $y (mut i32)))))
    (type $named (sub $point (struct (field (mut i32)) (field (mut i32)) (field (mut externref)))))
    (type $text (array (mut i8)))
    (func (export "point") (param i32 i32) (result (ref $point))
        (struct.new $point (local.get 0) (local.get 1)))
    (func (export "named") (param externref) (result (ref $named))
        (struct.new $named (i32.const 1) (i32.const 2) (local.get 0)))
    (func (export "sum") (param (ref $point)) (result i32)
        (i32.add (struct.get $point $x (local.get 0)) (struct.get $point $y (local.get 0))))
    (func (export "maybe") (param (ref null $point)) (result (ref null $point)) (local.get 0))
    (func (export "name") (param (ref $named)) (result externref)
        (struct.get $named 2 (local.get 0)))
    (func (export "text") (param i32) (result (ref $text)) (array.new $text (i32.const 97) (local.get 0)))
    (func (export "small") (param i32) (result i31ref) (ref.i31 (local.get 0)))
    (func (export "get") (param i31ref) (result i32) (i31.get_s (local.get 0)))
    (func (export "any") (param anyref) (result anyref) (local.get 0))
    (func (export "eq") (param eqref eqref) (result i32) (ref.eq (local.get 0) (local.get 1)))
    (func (export "garbage") (param i32) (loop
        (drop (array.new_default $text (i32.const 100)))
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#;

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

    fn typed<P: wharf::WasmParams, R: wharf::WasmParams>(
        &mut self,
        name: &str,
    ) -> Result<TypedFunc<P, R>> {
        self.instance.get_typed_func(&mut self.store, name)
    }
}

#[test]
fn typed_calls_take_and_give_references() {
    in_each_engine(|engine| {
        let mut guest = Guest::new(engine);
        let point = guest.typed::<(i32, i32), StructRef>("point").unwrap();
        let sum = guest.typed::<StructRef, i32>("sum").unwrap();
        let at = point.call(&mut guest.store, (3, 4)).unwrap();
        at.set(&mut guest.store, 1, Val::I32(39)).unwrap();
        let garbage = guest.typed::<i32, ()>("garbage").unwrap();
        garbage.call(&mut guest.store, 100).unwrap();
        assert_eq!(sum.call(&mut guest.store, at).unwrap(), 42);
        // More general types on both sides.
        let point = guest.typed::<(i32, i32), Option<AnyRef>>("point").unwrap();
        let sum = guest.typed::<Option<EqRef>, i32>("sum").unwrap();
        let at = point.call(&mut guest.store, (20, 1)).unwrap().unwrap();
        let at = at.as_eq(&guest.store).unwrap();
        assert_eq!(sum.call(&mut guest.store, at).unwrap(), 21);
        refused(sum.call(&mut guest.store, None));
        let text = guest.typed::<i32, ArrayRef>("text").unwrap();
        let text = text.call(&mut guest.store, 3).unwrap();
        assert_eq!(text.bytes(&guest.store).unwrap(), b"aaa");
        let wrong = AnyRef::from(text).as_eq(&guest.store).unwrap();
        refused(sum.call(&mut guest.store, wrong));
        let maybe = guest
            .typed::<Option<AnyRef>, Option<StructRef>>("maybe")
            .unwrap();
        assert_eq!(maybe.call(&mut guest.store, None).unwrap(), None);
        refused(maybe.call(&mut guest.store, Some(text.into())));
        let back = maybe.call(&mut guest.store, at.map(AnyRef::from)).unwrap();
        let same = guest.typed::<(EqRef, Option<EqRef>), i32>("eq").unwrap();
        let same = same.call(&mut guest.store, (back.unwrap().into(), at));
        assert_eq!(same.unwrap(), 1);
        // i31, by value.
        let small = guest.typed::<i32, Option<I31>>("small").unwrap();
        let get = guest.typed::<I31, i32>("get").unwrap();
        for value in [0, -1, (1 << 30) - 1, -(1 << 30)] {
            let found = small.call(&mut guest.store, value).unwrap().unwrap();
            assert_eq!(found.get(), value);
            assert_eq!(get.call(&mut guest.store, found).unwrap(), value);
        }
        let get = guest.typed::<Option<I31>, i32>("get").unwrap();
        let error = get.call(&mut guest.store, None).unwrap_err();
        assert_eq!(error.trap(), Some(Trap::NullI31Reference));
        // Results that might not be so, and other hierarchies.
        assert!(
            guest
                .typed::<Option<AnyRef>, Option<StructRef>>("any")
                .is_err()
        );
        assert!(guest.typed::<(i32, i32), ArrayRef>("point").is_err());
        assert!(guest.typed::<Option<AnyRef>, AnyRef>("any").is_err());
        assert!(guest.typed::<ExternRef, i32>("sum").is_err());
        assert!(guest.typed::<Func, i32>("sum").is_err());
    });
}

#[test]
fn calls_by_value_check_references() {
    in_each_engine(|engine| {
        let mut guest = Guest::new(engine);
        let func = |guest: &Guest, name| guest.instance.get_func(&guest.store, name).unwrap();
        let (sum, name) = (func(&guest, "sum"), func(&guest, "name"));
        let host = ExternRef::new(&mut guest.store, "a name").unwrap();
        let named = guest.typed::<Option<ExternRef>, AnyRef>("named").unwrap();
        let named = named.call(&mut guest.store, Some(host)).unwrap();
        let point = guest.typed::<(i32, i32), AnyRef>("point").unwrap();
        let point = point.call(&mut guest.store, (5, 6)).unwrap();
        // A subtype is given where its supertype is asked for, and not the other way round.
        let store = &mut guest.store;
        assert_eq!(
            sum.call(&mut *store, &[named.into()]).unwrap(),
            [Val::I32(3)]
        );
        assert_eq!(
            sum.call(&mut *store, &[point.into()]).unwrap(),
            [Val::I32(11)]
        );
        refused(name.call(&mut *store, &[point.into()]));
        refused(sum.call(&mut *store, &[Val::Ref(Ref::Any(None))]));
        refused(sum.call(&mut *store, &[Val::Ref(Ref::Extern(Some(host)))]));
        refused(sum.call(&mut *store, &[AnyRef::convert_extern(host).into()]));
        let small = AnyRef::from_i31(&*store, I31::wrapping(1));
        refused(sum.call(&mut *store, &[small.into()]));
        let results = name.call(&mut *store, &[named.into()]).unwrap();
        let [Val::Ref(Ref::Extern(Some(found)))] = results[..] else {
            panic!("expected a value of the host")
        };
        assert!(found.ref_eq(&*store, host).unwrap());
        // The types are there to be read: a point is what the host can make too.
        let ty = point
            .as_struct(&*store)
            .unwrap()
            .unwrap()
            .ty(&*store)
            .unwrap();
        assert_eq!(ty.fields().len(), 2);
        let named_ty = named
            .as_struct(&*store)
            .unwrap()
            .unwrap()
            .ty(&*store)
            .unwrap();
        assert_eq!(named_ty.supertype(), Some(ty.clone()));
        assert!(named.is_a(&*store, ty.heap_type()).unwrap());
        assert!(!point.is_a(&*store, named_ty.heap_type()).unwrap());
        let ours = StructRef::new(&mut *store, &ty, &[Val::I32(7), Val::I32(8)]).unwrap();
        assert_eq!(
            sum.call(&mut *store, &[ours.into()]).unwrap(),
            [Val::I32(15)]
        );
    });
}

#[test]
fn host_functions_fit_imports_of_more_precise_types() {
    in_each_engine(|engine| {
        let mut linker: Linker<i32> = Linker::new(engine);
        linker
            .func_wrap("host", "first", |caller: Caller<'_, i32>, any: AnyRef| {
                let object = any.as_struct(&caller)?.expect("a structure");
                object
                    .get(&caller, 0)?
                    .i32()
                    .ok_or_else(|| wharf::Error::msg("no integer"))
            })
            .unwrap()
            .func_wrap("host", "same", |any: Option<AnyRef>| any)
            .unwrap()
            .func_wrap(
                "host",
                "other",
                |mut caller: Caller<'_, i32>, any: AnyRef| -> Result<AnyRef> {
                    let ty = any.as_struct(&caller)?.expect("a structure").ty(&caller)?;
                    let object = StructRef::new(&mut caller, &ty, &[Val::I32(30)])?;
                    caller.gc()?;
                    Ok(object.into())
                },
            )
            .unwrap()
            .func_wrap("host", "wrong", |caller: Caller<'_, i32>, _: AnyRef| {
                AnyRef::from_i31(&caller, I31::wrapping(7))
            })
            .unwrap()
            .func_wrap(
                "host",
                "call",
                |mut caller: Caller<'_, i32>, func: Func, any: AnyRef| {
                    let results = func.call(&mut caller, &[any.into()])?;
                    *caller.data_mut() += 1;
                    Ok::<i32, wharf::Error>(results[0].i32().expect("an integer"))
                },
            )
            .unwrap();
        let text = r#"(module
            (type $s (sub (struct (field i32))))
            (rec (type $f (sub (func (param (ref $s)) (result i32)))) (type (struct)))
            (import "host" "first" (func $first (type $f)))
            (import "host" "same" (func $same (param (ref null $s)) (result (ref null $s))))
            (import "host" "other" (func $other (param (ref $s)) (result (ref $s))))
            (import "host" "wrong" (func $wrong (param (ref $s)) (result (ref $s))))
            (import "host" "call" (func $call (param (ref $f) (ref $s)) (result i32)))
            (table 1 funcref)
            (elem (i32.const 0) $first)
            (elem declare func $first)
            (func $new (param i32) (result (ref $s)) (struct.new $s (local.get 0)))
            (func (export "first") (param i32) (result i32) (call $first (call $new (local.get 0))))
            (func (export "indirect") (param i32) (result i32)
                (call_indirect (type $f) (call $new (local.get 0)) (i32.const 0)))
            (func (export "same") (param i32) (result i32)
                (struct.get $s 0 (call $same (call $new (local.get 0)))))
            (func (export "null") (result i32) (ref.is_null (call $same (ref.null $s))))
            (func (export "other") (param i32) (result i32) (local (ref null $s))
                (local.set 1 (call $new (local.get 0)))
                (i32.add
                    (struct.get $s 0 (call $other (ref.as_non_null (local.get 1))))
                    (struct.get $s 0 (local.get 1))))
            (func (export "wrong") (result i32) (struct.get $s 0 (call $wrong (call $new (i32.const 1)))))
            (func (export "call") (param i32) (result i32)
                (call $call (ref.func $first) (call $new (local.get 0)))))"#;
        let module = Module::new(engine, text).unwrap();
        let mut store = Store::new(engine, 0);
        let guest = linker.instantiate(&mut store, &module).unwrap();
        let mut call = |name, args: &[Val]| {
            let func = guest.get_func(&store, name).unwrap();
            func.call(&mut store, args)
        };
        assert_eq!(call("first", &[Val::I32(5)]).unwrap(), [Val::I32(5)]);
        assert_eq!(call("indirect", &[Val::I32(6)]).unwrap(), [Val::I32(6)]);
        assert_eq!(call("same", &[Val::I32(7)]).unwrap(), [Val::I32(7)]);
        assert_eq!(call("null", &[]).unwrap(), [Val::I32(1)]);
        assert_eq!(call("other", &[Val::I32(8)]).unwrap(), [Val::I32(38)]);
        refused(call("wrong", &[]));
        assert_eq!(call("call", &[Val::I32(9)]).unwrap(), [Val::I32(9)]);
        // Parameters that the host does not take, results of another hierarchy, and counts stay errors.
        for import in [
            "(import \"host\" \"first\" (func (param anyref) (result i32)))",
            "(import \"host\" \"first\" (func (param externref) (result i32)))",
            "(import \"host\" \"first\" (func (param (ref i31)) (result i64)))",
            "(import \"host\" \"same\" (func (param anyref) (result funcref)))",
            "(import \"host\" \"same\" (func (param anyref)))",
        ] {
            let module = Module::new(engine, format!("(module {import})")).unwrap();
            let error = linker.instantiate(&mut store, &module).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Link(_)), "{error}");
        }
    });
}

/// What a host function was given, and what it made its own.
type Kept = Vec<(AnyRef, OwnedRef<AnyRef>)>;

#[test]
fn what_a_host_function_is_given_ends_with_its_call() {
    in_each_engine(|engine| {
        let kept: Arc<Mutex<Kept>> = Arc::default();
        let mut linker: Linker<()> = Linker::new(engine);
        let keep = kept.clone();
        linker
            .func_wrap(
                "host",
                "keep",
                move |caller: Caller<'_, ()>, any: AnyRef| -> Result<()> {
                    let owned = OwnedRef::new(&caller, any)?;
                    keep.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((any, owned));
                    Ok(())
                },
            )
            .unwrap()
            .func_wrap("host", "fail", |_: AnyRef| -> Result<()> {
                Err(wharf::Error::msg("failed"))
            })
            .unwrap();
        let text = r#"(module
            (type $s (struct (field i32)))
            (import "host" "keep" (func $keep (param (ref $s))))
            (import "host" "fail" (func $fail (param (ref $s))))
            (func (export "keep") (param i32) (call $keep (struct.new $s (local.get 0))))
            (func (export "fail") (call $fail (struct.new $s (i32.const 1))))
            (func (export "first") (param (ref $s)) (result i32) (struct.get $s 0 (local.get 0))))"#;
        let module = Module::new(engine, text).unwrap();
        let mut store = Store::new(engine, ());
        let guest = linker.instantiate(&mut store, &module).unwrap();
        let keep = guest.get_typed_func::<i32, ()>(&mut store, "keep").unwrap();
        let fail = guest.get_typed_func::<(), ()>(&mut store, "fail").unwrap();
        let first = guest
            .get_typed_func::<AnyRef, i32>(&mut store, "first")
            .unwrap();
        for n in 0..20 {
            keep.call(&mut store, n).unwrap();
            assert!(fail.call(&mut store, ()).is_err());
        }
        store.gc().unwrap();
        let kept = std::mem::take(&mut *kept.lock().unwrap());
        for (n, (given, owned)) in (0..).zip(kept) {
            refused(first.call(&mut store, given));
            refused(given.ty(&store));
            let given = owned.get(&mut store).unwrap();
            assert_eq!(first.call(&mut store, given).unwrap(), n);
        }
    });
}

#[test]
fn what_a_host_function_is_given_ends_when_it_panics() {
    in_each_engine(|engine| {
        let mut store = Store::new(engine, ());
        let given: Arc<Mutex<Option<AnyRef>>> = Arc::default();
        let keep = given.clone();
        let fail = Func::wrap(&mut store, move |any: AnyRef| {
            *keep.lock().unwrap_or_else(PoisonError::into_inner) = Some(any);
            if keep.lock().is_ok() {
                panic!("this panic is part of the test");
            }
        });
        let text = r#"(module
            (import "host" "fail" (func $fail (param (ref any))))
            (func (export "run") (call $fail (array.new_fixed $a 0)))
            (type $a (array i8)))"#;
        let module = Module::new(engine, text).unwrap();
        let guest = Instance::new(&mut store, &module, &[fail.into()]).unwrap();
        let run = guest.get_typed_func::<(), ()>(&mut store, "run").unwrap();
        let call = AssertUnwindSafe(|| run.call(&mut store, ()));
        assert!(catch_unwind(call).is_err());
        let given = given.lock().unwrap().expect("the function was called");
        refused(given.ty(&store));
    });
}

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn guests_keep_values_of_the_host_alive() {
    in_each_engine(|engine| {
        let drops = Arc::new(AtomicUsize::new(0));
        let dropped = || drops.load(Ordering::Relaxed);
        let mut linker: Linker<()> = Linker::new(engine);
        let made = drops.clone();
        linker
            .func_wrap("host", "make", move |mut caller: Caller<'_, ()>| {
                ExternRef::new(&mut caller, Counted(made.clone()))
            })
            .unwrap();
        let text = r#"(module
            (type $box (struct (field (mut externref))))
            (import "host" "make" (func $make (result (ref extern))))
            (global $g (mut externref) (ref.null extern))
            (table $t 4 externref)
            (global $b (mut (ref null $box)) (ref.null $box))
            (func (export "fill")
                (global.set $g (call $make))
                (table.set $t (i32.const 3) (call $make))
                (global.set $b (struct.new $box (call $make)))
                (drop (call $make)))
            (func (export "clear")
                (global.set $g (ref.null extern))
                (table.fill $t (i32.const 0) (ref.null extern) (i32.const 4))
                (struct.set $box 0 (global.get $b) (ref.null extern)))
            (func (export "churn") (param i32)
                (loop
                    (drop (call $make))
                    (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#;
        let module = Module::new(engine, text).unwrap();
        let mut store = Store::new(engine, ());
        let guest = linker.instantiate(&mut store, &module).unwrap();
        let run = |store: &mut Store<()>, name, args: &[Val]| {
            let func = guest.get_func(&*store, name).unwrap();
            func.call(&mut *store, args).unwrap();
            store.gc().unwrap();
        };
        run(&mut store, "fill", &[]);
        assert_eq!(dropped(), 1);
        run(&mut store, "clear", &[]);
        assert_eq!(dropped(), 4);
        run(&mut store, "churn", &[Val::I32(1000)]);
        assert_eq!(dropped(), 1004);
        run(&mut store, "fill", &[]);
        drop(store);
        assert_eq!(dropped(), 1008);
    });
}

#[test]
fn nested_calls_nest_their_scopes() {
    in_each_engine(|engine| {
        let mut store = Store::new(engine, ());
        let inner = Func::wrap(&mut store, |mut caller: Caller<'_, ()>, any: AnyRef| {
            // What is made here ends here; what was given comes back.
            for n in 0..10 {
                ExternRef::new(&mut caller, n)?;
            }
            Ok::<AnyRef, wharf::Error>(any)
        });
        let outer = Func::wrap(
            &mut store,
            move |mut caller: Caller<'_, ()>, value: ExternRef| {
                let any = AnyRef::convert_extern(value);
                let results = inner.call(&mut caller, &[any.into()])?;
                let [Val::Ref(Ref::Any(Some(back)))] = results[..] else {
                    panic!("expected an object")
                };
                caller.gc()?;
                assert!(back.ref_eq(&caller, any)?);
                let mut scope = RootScope::new(&mut caller);
                ExternRef::new(&mut scope, "more")?;
                assert!(back.is_a(&scope, HeapType::Any)?);
                scope.as_context_mut().gc()?;
                Ok::<ExternRef, wharf::Error>(ExternRef::convert_any(back))
            },
        );
        let value = ExternRef::new(&mut store, 5u64).unwrap();
        let results = outer.call(&mut store, &[value.into()]).unwrap();
        let [Val::Ref(Ref::Extern(Some(back)))] = results[..] else {
            panic!("expected a value of the host")
        };
        let data = back.data(&store).unwrap().unwrap();
        assert_eq!(data.downcast_ref(), Some(&5u64));
    });
}

#[test]
fn functions_of_defined_types() {
    in_each_engine(|engine| {
        let mut group = RecGroup::new(engine);
        let same = ValType::Ref(RefType {
            nullable: true,
            heap: RecGroup::member(TypeKind::Func, 0),
        });
        group.func_type(false, None, FuncType::new([same], [ValType::I32]));
        let ty = group.define().unwrap()[0];
        let mut store = Store::new(engine, ());
        let func = Func::new_of_type(&mut store, ty, |_, params, results| {
            results[0] = Val::I32(i32::from(params[0] == Val::Ref(Ref::Func(None))));
            Ok(())
        });
        let func = func.unwrap();
        assert_eq!(func.heap_type(&store).unwrap(), ty);
        let text = r#"(module
            (type $f (sub (func (param (ref null $f)) (result i32))))
            (type $other (func (param i32) (result i32)))
            (import "host" "f" (func $f (type $f)))
            (func (export "call") (param (ref $f)) (result i32)
                (call_ref $f (local.get 0) (local.get 0)))
            (func (export "null") (result i32) (call $f (ref.null $f)))
            (func (export "other") (type $other) (local.get 0)))"#;
        let module = Module::new(engine, text).unwrap();
        let guest = Instance::new(&mut store, &module, &[func.into()]).unwrap();
        let null = guest.get_typed_func::<(), i32>(&mut store, "null").unwrap();
        assert_eq!(null.call(&mut store, ()).unwrap(), 1);
        let call = guest
            .get_typed_func::<Func, i32>(&mut store, "call")
            .unwrap();
        assert_eq!(call.call(&mut store, func).unwrap(), 0);
        let other = guest.get_func(&store, "other").unwrap();
        refused(call.call(&mut store, other));
        refused(func.call(&mut store, &[other.into()]));
        assert_ne!(other.heap_type(&store).unwrap(), ty);
        // What is no such type.
        let no = |ty: HeapType, store: &mut Store<()>| {
            refused(Func::new_of_type(store, ty, |_, _, _| Ok(())));
        };
        no(HeapType::Func, &mut store);
        no(HeapType::Concrete(TypeKind::Func, TypeIdx(0)), &mut store);
        no(
            HeapType::Concrete(TypeKind::Func, TypeIdx(400_000)),
            &mut store,
        );
        let object = StructType::new(engine, []).unwrap();
        no(object.heap_type(), &mut store);
        let HeapType::Concrete(_, index) = object.heap_type() else {
            panic!("a defined type")
        };
        no(HeapType::Concrete(TypeKind::Func, index), &mut store);
    });
}

#[test]
fn references_to_exceptions() {
    in_each_engine(|engine| {
        let text = r#"(module
            (tag $t (export "tag") (param i32))
            (func (export "catch") (param i32) (result (ref exn))
                (block $caught (result (ref exn))
                    (try_table (catch_all_ref $caught) (throw $t (local.get 0)))
                    (unreachable)))
            (func (export "throw") (param exnref) (throw_ref (local.get 0))))"#;
        let module = Module::new(engine, text).unwrap();
        let mut store = Store::new(engine, ());
        let guest = Instance::new(&mut store, &module, &[]).unwrap();
        let catch = guest
            .get_typed_func::<i32, ExnRef>(&mut store, "catch")
            .unwrap();
        let throw = guest
            .get_typed_func::<Option<ExnRef>, ()>(&mut store, "throw")
            .unwrap();
        let (ended, owned) = {
            let mut scope = RootScope::new(&mut store);
            let exn = catch.call(&mut scope, 42).unwrap();
            (exn, OwnedRef::new(&scope, exn).unwrap())
        };
        store.gc().unwrap();
        refused(ended.exception(&store));
        refused(throw.call(&mut store, Some(ended)));
        let exn = owned.get(&mut store).unwrap();
        let values = exn.exception(&store).unwrap().values(&store).unwrap();
        assert_eq!(values, [Val::I32(42)]);
        let error = throw.call(&mut store, Some(exn)).unwrap_err();
        let thrown = error.exception().expect("it is thrown again");
        assert_eq!(thrown.values(&store).unwrap(), [Val::I32(42)]);
        let error = throw.call(&mut store, None).unwrap_err();
        assert_eq!(error.trap(), Some(Trap::NullReference));
    });
}
