//! Objects of the heap in the hands of the host: made, read, written, kept and let go. No guest is needed for any of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use wharf::{
    AnyRef, ArrayRef, ArrayType, AsContextMut, Config, Engine, ErrorKind, ExternRef, FieldType,
    Func, FuncType, Global, GlobalType, HeapType, I31, Limits, OwnedRef, RecGroup, Ref, RefType,
    RootScope, StorageType, Store, StructRef, StructType, Table, TableType, Tier, Trap, TypeKind,
    V128, Val, ValType,
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

fn refused<T: std::fmt::Debug>(outcome: wharf::Result<T>) {
    let error = outcome.expect_err("what does not fit is refused");
    assert!(matches!(error.kind(), ErrorKind::Misuse(_)), "{error}");
}

fn nullable(heap: HeapType) -> RefType {
    RefType {
        nullable: true,
        heap,
    }
}

const NULL: Val = Val::Ref(Ref::Any(None));

/// `(rec (type $node (struct (field (mut i32)) (field (mut (ref null $node))))))`
fn node_type(engine: &Engine) -> StructType {
    let next = ValType::Ref(nullable(RecGroup::member(TypeKind::Struct, 0)));
    let mut group = RecGroup::new(engine);
    let fields = [FieldType::mutable(ValType::I32), FieldType::mutable(next)];
    group.struct_type(true, None, fields);
    StructType::from_heap_type(engine, group.define().unwrap()[0]).unwrap()
}

fn any(value: Val) -> AnyRef {
    match value {
        Val::Ref(Ref::Any(Some(any))) => any,
        other => panic!("expected an object, found {other:?}"),
    }
}

#[test]
fn fields_hold_every_type() {
    in_each_engine(|engine| {
        let mut store = Store::new(engine, ());
        let array = ArrayType::new(engine, FieldType::mutable(ValType::I64)).unwrap();
        let types = [
            StorageType::I8,
            StorageType::I16,
            ValType::I32.into(),
            ValType::I64.into(),
            ValType::F32.into(),
            ValType::F64.into(),
            ValType::V128.into(),
            ValType::FUNCREF.into(),
            ValType::EXTERNREF.into(),
            ValType::Ref(nullable(HeapType::Any)).into(),
            ValType::Ref(array.ref_type(true)).into(),
            ValType::Ref(nullable(HeapType::I31)).into(),
        ];
        let ty = StructType::new(engine, types.map(FieldType::mutable)).unwrap();
        let zeros: Vec<Val> = types
            .iter()
            .map(|ty| Val::default_of(ty.unpacked()))
            .collect();
        let object = StructRef::new(&mut store, &ty, &zeros).unwrap();
        assert_eq!(object.fields(&store).unwrap(), zeros);
        assert_eq!(object.ty(&store).unwrap(), ty);
        let func = Func::wrap(&mut store, || 7);
        let host = ExternRef::new(&mut store, "host").unwrap();
        let elements = ArrayRef::new(&mut store, &array, 3, Val::I64(-5)).unwrap();
        let values = [
            Val::I32(0x1ff),
            Val::I32(-1),
            Val::I32(-2),
            Val::I64(i64::MIN),
            Val::from(1.5f32),
            Val::from(-0.0f64),
            Val::V128(V128([9; 16])),
            func.into(),
            host.into(),
            object.into(),
            elements.into(),
            AnyRef::from_i31(&store, I31::wrapping(-9)).into(),
        ];
        for (nth, value) in values.into_iter().enumerate() {
            object.set(&mut store, nth, value).unwrap();
        }
        store.gc().unwrap();
        let found = object.fields(&store).unwrap();
        let packed = [Val::I32(0xff), Val::I32(0xffff)];
        assert_eq!(found[..2], packed);
        assert_eq!(found[2..8], values[2..8]);
        let Val::Ref(Ref::Extern(Some(found_host))) = found[8] else {
            panic!("expected a value of the host")
        };
        assert!(found_host.ref_eq(&store, host).unwrap());
        assert!(any(found[9]).ref_eq(&store, object).unwrap());
        let found_array = any(found[10]).as_array(&store).unwrap().unwrap();
        assert_eq!(found_array.get(&store, 2).unwrap(), Val::I64(-5));
        let small = any(found[11]).as_i31(&store).unwrap();
        assert_eq!(small.map(I31::get), Some(-9));
    });
}

#[test]
fn what_does_not_fit_is_refused() {
    in_each_engine(|engine| {
        let mut store = Store::new(engine, ());
        let node = node_type(engine);
        let object = StructRef::new(&mut store, &node, &[Val::I32(1), NULL]).unwrap();
        let numbers = ArrayType::new(engine, FieldType::constant(ValType::I32)).unwrap();
        let array = ArrayRef::new_fixed(&mut store, &numbers, &[Val::I32(4); 5]).unwrap();
        refused(StructRef::new(&mut store, &node, &[]));
        refused(StructRef::new(&mut store, &node, &[Val::I64(1), NULL]));
        refused(StructRef::new(
            &mut store,
            &node,
            &[Val::I32(1), array.into()],
        ));
        refused(StructRef::new(
            &mut store,
            &node,
            &[Val::I32(1), Val::Ref(Ref::Extern(None))],
        ));
        refused(object.set(&mut store, 1, array.into()));
        refused(object.set(&mut store, 2, Val::I32(1)));
        refused(object.get(&store, 2));
        refused(object.get(&store, usize::MAX));
        refused(array.set(&mut store, 0, Val::I32(1)));
        refused(array.bytes_mut(&mut store));
        refused(array.get(&store, 5));
        refused(array.get(&store, u32::MAX));
        refused(ArrayRef::new(&mut store, &numbers, 2, Val::I64(1)));
        refused(ArrayRef::from_bytes(&mut store, &numbers, &[1, 2, 3]));
        let nodes = FieldType::mutable(ValType::Ref(node.ref_type(true)));
        let nodes = ArrayType::new(engine, nodes).unwrap();
        refused(ArrayRef::from_bytes(&mut store, &nodes, &[1, 2, 3, 4]));
        let of_refs = ArrayRef::new(&mut store, &nodes, 2, object.into()).unwrap();
        refused(of_refs.bytes(&store));
        let exact = FieldType::mutable(ValType::Ref(node.ref_type(false)));
        let exact = ArrayType::new(engine, exact).unwrap();
        refused(ArrayRef::new(&mut store, &exact, 1, NULL));
        let other = Engine::default();
        let foreign = node_type(&other);
        refused(StructRef::new(&mut store, &foreign, &[Val::I32(1), NULL]));
        refused(StructType::with_supertype(engine, true, Some(&foreign), []));
    });
}

#[test]
fn types_are_the_engines() {
    let engine = Engine::default();
    assert_eq!(node_type(&engine), node_type(&engine));
    assert_ne!(node_type(&engine), node_type(&Engine::default()));
    let i32 = FieldType::constant(ValType::I32);
    let open = StructType::with_supertype(&engine, false, None, [i32]).unwrap();
    let sub = StructType::with_supertype(&engine, false, Some(&open), [i32, i32]).unwrap();
    let sibling = StructType::with_supertype(&engine, true, Some(&open), [i32, i32]).unwrap();
    assert!(sub.matches(&open) && sibling.matches(&open) && !sibling.matches(&sub));
    assert_eq!(sub.supertype(), Some(open.clone()));
    assert!(!sub.is_final() && sibling.is_final());
    refused(StructType::with_supertype(
        &engine,
        true,
        Some(&sibling),
        [i32, i32],
    ));
    refused(StructType::with_supertype(&engine, true, Some(&sub), [i32]));
    let mutable = FieldType::mutable(ValType::I32);
    refused(StructType::with_supertype(
        &engine,
        true,
        Some(&open),
        [mutable],
    ));
    refused(StructType::new(&engine, vec![i32; 10_001]));
    // A reference to what is no member, of the wrong kind, or to a type that the engine never had.
    let bad = |heap| {
        let field = FieldType::mutable(ValType::Ref(nullable(heap)));
        refused(StructType::new(&engine, [field]));
    };
    bad(RecGroup::member(TypeKind::Struct, 1));
    bad(RecGroup::member(TypeKind::Array, 0));
    bad(HeapType::Concrete(TypeKind::Struct, wharf::TypeIdx(0)));
    bad(HeapType::Concrete(
        TypeKind::Struct,
        wharf::TypeIdx(500_000),
    ));
    // A type below itself, and a group of none.
    let mut group = RecGroup::new(&engine);
    group.struct_type(false, Some(RecGroup::member(TypeKind::Struct, 0)), []);
    refused(group.define());
    refused(RecGroup::new(&engine).define());
    let mut group = RecGroup::new(&engine);
    group.func_type(true, Some(open.heap_type()), FuncType::new([], []));
    refused(group.define());
    // Members that refer to each other, one below the other, with a field of a more precise type.
    let member = |n| RecGroup::member(TypeKind::Struct, n);
    let to = |n| FieldType::constant(ValType::Ref(nullable(member(n))));
    let mut group = RecGroup::new(&engine);
    group.struct_type(false, None, [to(0)]);
    group.struct_type(true, Some(member(0)), [to(1), i32]);
    let types = group.define().unwrap();
    let [sup, sub] =
        [types[0], types[1]].map(|ty| StructType::from_heap_type(&engine, ty).unwrap());
    assert!(sub.matches(&sup) && !sup.matches(&sub));
    // Hierarchies have a limit.
    let mut ty = open;
    let mut deep = 0;
    while let Ok(next) = StructType::with_supertype(&engine, false, Some(&ty), [i32]) {
        ty = next;
        deep += 1;
        assert!(deep < 100);
    }
    assert_eq!(deep, 63);
}

#[test]
fn a_list_survives_collections() {
    in_each_engine(|engine| {
        let mut store = Store::new(engine, ());
        let ty = node_type(engine);
        let list = {
            let mut scope = RootScope::new(&mut store);
            let mut list = NULL;
            for n in 0..1000 {
                list = StructRef::new(&mut scope, &ty, &[Val::I32(n), list])
                    .unwrap()
                    .into();
            }
            OwnedRef::new(&scope, any(list)).unwrap()
        };
        store.gc().unwrap();
        let mut scope = RootScope::new(&mut store);
        let mut at = Val::from(list.get(&mut scope).unwrap());
        for n in (0..1000).rev() {
            let node = any(at).as_struct(&scope).unwrap().unwrap();
            assert_eq!(node.get(&scope, 0).unwrap(), Val::I32(n));
            at = node.get(&scope, 1).unwrap();
        }
        assert_eq!(at, NULL);
    });
}

#[test]
fn references_end_with_their_scope() {
    in_each_engine(|engine| {
        let mut store = Store::new(engine, ());
        let ty = node_type(engine);
        let make = |store: &mut RootScope<&mut Store<()>>, n| {
            StructRef::new(store, &ty, &[Val::I32(n), NULL]).unwrap()
        };
        let mut outer = RootScope::new(&mut store);
        let kept = make(&mut outer, 1);
        let (stale, owned) = {
            let mut inner = RootScope::new(&mut outer);
            let inner_ref = StructRef::new(&mut inner, &ty, &[Val::I32(2), NULL]).unwrap();
            (inner_ref, OwnedRef::new(&inner, inner_ref).unwrap())
        };
        refused(stale.get(&outer, 0));
        // What takes its place is another.
        let next = make(&mut outer, 3);
        refused(stale.get(&outer, 0));
        refused(stale.set(&mut outer, 0, Val::I32(4)));
        refused(kept.set(&mut outer, 1, stale.into()));
        refused(OwnedRef::new(&outer, stale));
        refused(AnyRef::from(stale).ref_eq(&outer, kept));
        refused(AnyRef::from(stale).is_a(&outer, HeapType::Any));
        assert_eq!(next.get(&outer, 0).unwrap(), Val::I32(3));
        assert_eq!(kept.get(&outer, 0).unwrap(), Val::I32(1));
        let owned = owned.get(&mut outer).unwrap();
        assert_eq!(owned.get(&outer, 0).unwrap(), Val::I32(2));
        drop(outer);
        refused(kept.get(&store, 0));
    });
}

#[test]
fn references_of_another_store_are_refused() {
    in_each_engine(|engine| {
        let (mut a, mut b) = (Store::new(engine, ()), Store::new(engine, ()));
        let ty = node_type(engine);
        let here = StructRef::new(&mut a, &ty, &[Val::I32(1), NULL]).unwrap();
        let there = StructRef::new(&mut b, &ty, &[Val::I32(2), NULL]).unwrap();
        refused(here.get(&b, 0));
        refused(here.set(&mut b, 0, Val::I32(1)));
        refused(there.set(&mut b, 1, here.into()));
        refused(AnyRef::from(here).ref_eq(&a, there));
        refused(AnyRef::from(here).ty(&b));
        refused(OwnedRef::new(&a, here).unwrap().get(&mut b));
        // An i31 of another store too, though it would mean the same.
        let small = AnyRef::from_i31(&a, I31::wrapping(1));
        refused(small.as_i31(&b));
        let table = TableType::new(nullable(HeapType::Any), 1, None);
        let table = Table::new(&mut b, table, Ref::Any(None)).unwrap();
        refused(table.set(&mut b, 0, Ref::Any(Some(here.into()))));
    });
}

/// Counts drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn values_of_the_host_are_dropped_when_nothing_refers_to_them() {
    in_each_engine(|engine| {
        let drops = Arc::new(AtomicUsize::new(0));
        let dropped = || drops.load(Ordering::Relaxed);
        let mut store = Store::new(engine, ());
        let ty = GlobalType {
            content: ValType::EXTERNREF,
            mutable: true,
        };
        let null = Val::Ref(Ref::Extern(None));
        let global = Global::new(&mut store, ty, null).unwrap();
        let ty = TableType::new(RefType::EXTERNREF, 1, None);
        let table = Table::new(&mut store, ty, Ref::Extern(None)).unwrap();
        let holder = StructType::new(engine, [FieldType::mutable(ValType::EXTERNREF)]).unwrap();
        let (owned, object) = {
            let mut scope = RootScope::new(&mut store);
            let mut make = || ExternRef::new(&mut scope, Counted(drops.clone())).unwrap();
            let made: Vec<ExternRef> = std::iter::repeat_with(&mut make).take(104).collect();
            scope.as_context_mut().gc().unwrap();
            assert_eq!(dropped(), 0, "the scope holds them all");
            let owned = OwnedRef::new(&scope, made[0]).unwrap();
            global.set(&mut scope, made[1].into()).unwrap();
            table
                .set(&mut scope, 0, Ref::Extern(Some(made[2])))
                .unwrap();
            let object = StructRef::new(&mut scope, &holder, &[made[3].into()]).unwrap();
            (owned, OwnedRef::new(&scope, object).unwrap())
        };
        store.gc().unwrap();
        assert_eq!(dropped(), 100);
        store.gc().unwrap();
        assert_eq!(dropped(), 100);
        global.set(&mut store, null).unwrap();
        store.gc().unwrap();
        assert_eq!(dropped(), 101);
        table.set(&mut store, 0, Ref::Extern(None)).unwrap();
        store.gc().unwrap();
        assert_eq!(dropped(), 102);
        let again = owned.clone();
        drop(owned);
        store.gc().unwrap();
        assert_eq!(dropped(), 102);
        std::thread::spawn(move || drop(again)).join().unwrap();
        store.gc().unwrap();
        assert_eq!(dropped(), 103);
        drop(object);
        store.gc().unwrap();
        assert_eq!(dropped(), 104);
        // What is left goes with the store.
        ExternRef::new(&mut store, Counted(drops.clone())).unwrap();
        store.gc().unwrap();
        assert_eq!(dropped(), 104);
        drop(store);
        assert_eq!(dropped(), 105);
    });
}

#[test]
fn a_panic_of_a_drop_goes_no_further() {
    struct Bad(#[expect(dead_code, reason = "only its drop counts")] Counted);
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("this panic is part of the test");
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let mut store = Store::new(&Engine::default(), ());
    {
        let mut scope = RootScope::new(&mut store);
        for _ in 0..3 {
            ExternRef::new(&mut scope, Bad(Counted(drops.clone()))).unwrap();
        }
    }
    store.gc().unwrap();
    assert_eq!(drops.load(Ordering::Relaxed), 3);
    ExternRef::new(&mut store, 1).unwrap();
}

#[test]
fn a_value_may_own_references_of_its_store() {
    let drops = Arc::new(AtomicUsize::new(0));
    let mut store = Store::new(&Engine::default(), ());
    {
        let mut scope = RootScope::new(&mut store);
        let inner = ExternRef::new(&mut scope, Counted(drops.clone())).unwrap();
        let owned = OwnedRef::new(&scope, inner).unwrap();
        ExternRef::new(&mut scope, owned).unwrap();
    }
    store.gc().unwrap();
    assert_eq!(drops.load(Ordering::Relaxed), 0);
    store.gc().unwrap();
    assert_eq!(drops.load(Ordering::Relaxed), 1);
}

#[test]
fn scopes_bound_what_references_take() {
    let drops = Arc::new(AtomicUsize::new(0));
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    store.set_limits(Limits {
        gc_heap_bytes_max: 4 << 20,
        ..Limits::default()
    });
    let ty = node_type(&engine);
    for n in 0..1_000_000 {
        let mut scope = RootScope::new(&mut store);
        StructRef::new(&mut scope, &ty, &[Val::I32(n), NULL]).unwrap();
        if n % 10 == 0 {
            ExternRef::new(&mut scope, Counted(drops.clone())).unwrap();
        }
    }
    store.gc().unwrap();
    assert_eq!(drops.load(Ordering::Relaxed), 100_000);
    let stats = store.gc_stats();
    assert_eq!(stats.heap_bytes, 0);
    assert!(stats.minor_collections > 5 && stats.full_collections > 0);
    assert!(stats.longest_pause <= stats.pauses);
}

#[test]
fn a_full_heap_is_an_error() {
    in_each_engine(|engine| {
        let mut store = Store::new(engine, ());
        store.set_limits(Limits {
            gc_heap_bytes_max: 1 << 20,
            ..Limits::default()
        });
        let numbers = ArrayType::new(engine, FieldType::mutable(ValType::I64)).unwrap();
        let too_large = ArrayRef::new(&mut store, &numbers, 1 << 20, Val::I64(0)).unwrap_err();
        assert_eq!(too_large.trap(), Some(Trap::AllocationTooLarge));
        let largest = ArrayRef::new(&mut store, &numbers, u32::MAX, Val::I64(0)).unwrap_err();
        assert_eq!(largest.trap(), Some(Trap::AllocationTooLarge));
        {
            let mut scope = RootScope::new(&mut store);
            let mut made = 0;
            let error = loop {
                match ArrayRef::new(&mut scope, &numbers, 1 << 10, Val::I64(made)) {
                    Ok(_) => made += 1,
                    Err(error) => break error,
                }
                assert!(made < 1000, "a limit of 1 MiB holds");
            };
            assert_eq!(error.trap(), Some(Trap::HeapExhausted));
            assert!(made >= 64, "half of the limit can be used, not only {made}");
            let error = ExternRef::new(&mut scope, [0u8; 100]);
            // Small things may still fit; if not, the error is the same.
            assert!(error.map_or_else(|error| error.trap() == Some(Trap::HeapExhausted), |_| true));
        }
        let array = ArrayRef::new(&mut store, &numbers, 1 << 10, Val::I64(3)).unwrap();
        assert_eq!(array.get(&store, 1023).unwrap(), Val::I64(3));
    });
}

#[test]
fn tables_and_globals_keep_the_types_of_references() {
    in_each_engine(|engine| {
        let mut store = Store::new(engine, ());
        let node = node_type(engine);
        let object = StructRef::new(&mut store, &node, &[Val::I32(5), NULL]).unwrap();
        let numbers = ArrayType::new(engine, FieldType::mutable(ValType::I32)).unwrap();
        let array = ArrayRef::new(&mut store, &numbers, 1, Val::I32(1)).unwrap();
        let of = |heap| GlobalType {
            content: ValType::Ref(heap),
            mutable: true,
        };
        let global = Global::new(&mut store, of(node.ref_type(false)), object.into()).unwrap();
        refused(Global::new(&mut store, of(node.ref_type(false)), NULL));
        refused(global.set(&mut store, array.into()));
        refused(global.set(&mut store, NULL));
        let ty = TableType::new(nullable(HeapType::Struct), 1, None);
        let table = Table::new(&mut store, ty, Ref::Any(None)).unwrap();
        let object_ref = Ref::Any(Some(object.into()));
        refused(table.set(&mut store, 0, Ref::Any(Some(array.into()))));
        refused(table.grow(&mut store, 1, Ref::Extern(None)));
        table.set(&mut store, 0, object_ref).unwrap();
        assert_eq!(table.grow(&mut store, 3, object_ref).unwrap(), 1);
        store.gc().unwrap();
        let found = [
            global.get(&store).unwrap(),
            Val::Ref(table.get(&store, 3).unwrap().unwrap()),
        ];
        for found in found {
            assert!(any(found).ref_eq(&store, object).unwrap());
            assert_eq!(any(found).ty(&store).unwrap(), node.heap_type());
        }
    });
}

#[test]
fn internal_and_external_references_convert() {
    in_each_engine(|engine| {
        let mut store = Store::new(engine, ());
        let node = node_type(engine);
        let object = StructRef::new(&mut store, &node, &[Val::I32(5), NULL]).unwrap();
        let outside = ExternRef::convert_any(object);
        assert!(outside.data(&store).unwrap().is_none());
        let host = ExternRef::new(&mut store, 6u8).unwrap();
        *host
            .data_mut(&mut store)
            .unwrap()
            .unwrap()
            .downcast_mut::<u8>()
            .unwrap() += 1;
        let inside = AnyRef::convert_extern(host);
        assert_eq!(inside.ty(&store).unwrap(), HeapType::Any);
        assert!(inside.as_eq(&store).unwrap().is_none());
        assert!(inside.is_a(&store, HeapType::Any).unwrap());
        assert!(!inside.is_a(&store, HeapType::Extern).unwrap());
        let back = ExternRef::convert_any(inside);
        let value = back.data(&store).unwrap().unwrap();
        assert_eq!(value.downcast_ref(), Some(&7u8));
        let small = ExternRef::convert_any(AnyRef::from_i31(&store, I31::wrapping(3)));
        assert!(small.data(&store).unwrap().is_none());
        assert!(
            !AnyRef::convert_extern(outside)
                .ref_eq(&store, inside)
                .unwrap()
        );
        // Through a function, by the types of its parameters and results.
        let swap = Func::wrap(&mut store, |a: AnyRef, b: Option<ExternRef>| {
            (ExternRef::convert_any(a), b.map(AnyRef::convert_extern))
        });
        let results = swap.call(&mut store, &[inside.into(), outside.into()]);
        let [Val::Ref(Ref::Extern(Some(a))), Val::Ref(Ref::Any(Some(b)))] = results.unwrap()[..]
        else {
            panic!("expected an external and an internal reference")
        };
        assert!(a.ref_eq(&store, host).unwrap() && b.ref_eq(&store, object).unwrap());
        refused(swap.call(&mut store, &[host.into(), outside.into()]));
        refused(swap.call(&mut store, &[NULL, outside.into()]));
    });
}

#[test]
fn i31_has_31_bits() {
    assert_eq!(I31::new(1 << 30), None);
    assert_eq!(I31::new(-(1 << 30) - 1), None);
    for value in [0, 1, -1, (1 << 30) - 1, -(1 << 30)] {
        assert_eq!(I31::new(value).map(I31::get), Some(value));
    }
    assert_eq!(I31::wrapping(-1).get_unsigned(), (1 << 31) - 1);
    assert_eq!(I31::wrapping(i32::MIN).get(), 0);
}
