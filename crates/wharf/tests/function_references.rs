//! Function references and their types at the boundary: what a host gives must be of the type that is asked for, to the letter,
//! whatever the guest would have made of it.

use wharf::{
    Config, Engine, ErrorKind, Extern, ExternType, Func, FuncType, Global, GlobalType, HeapType,
    Instance, Linker, Module, Ref, RefType, Store, StructType, Table, TableType, Tag, Tier, Trap,
    TypeIdx, TypeKind, Val, ValType,
};

const GUEST: &str = r#"(module
    (type $step (func (param i32) (result i32)))
    (type $other (func (param i64) (result i64)))
    (func (export "inc") (type $step) (i32.add (local.get 0) (i32.const 1)))
    (func $neg (export "neg") (type $other) (i64.sub (i64.const 0) (local.get 0)))
    (func (export "apply") (param (ref $step) i32) (result i32) (call_ref $step (local.get 1) (local.get 0)))
    (func (export "maybe") (param (ref null $step)) (result i32) (call_ref $step (i32.const 7) (local.get 0)))
    (func (export "give") (result (ref $other)) (ref.func $neg))
    (table (export "table") 2 (ref null $step))
    (global (export "global") (mut (ref null $step)) (ref.null $step)))"#;

fn in_each_tier(check: impl Fn(&Engine, &mut Store<()>, Instance)) {
    for tier in [Tier::Interp, Tier::Optimizing] {
        let engine = Engine::new(Config::new().tier(tier)).expect("both tiers run here");
        let mut store = Store::new(&engine, ());
        let module = Module::new(&engine, GUEST).expect("the module is valid");
        let guest = Instance::new(&mut store, &module, &[]).expect("it instantiates");
        check(&engine, &mut store, guest);
    }
}

fn refused<T: std::fmt::Debug>(outcome: wharf::Result<T>) {
    let error = outcome.expect_err("what does not fit is refused");
    assert!(matches!(error.kind(), ErrorKind::Misuse(_)), "{error}");
}

#[test]
fn arguments_are_of_the_type_that_is_asked_for() {
    in_each_tier(|engine, store, guest| {
        let func = |store: &Store<()>, name| guest.get_func(store, name).expect("exported");
        let (inc, neg) = (func(store, "inc"), func(store, "neg"));
        let (apply, maybe) = (func(store, "apply"), func(store, "maybe"));
        assert_eq!(
            apply.call(&mut *store, &[inc.into(), Val::I32(1)]).unwrap(),
            [Val::I32(2)]
        );
        let host = Func::wrap(&mut *store, |x: i32| x * 3);
        assert_eq!(
            maybe.call(&mut *store, &[host.into()]).unwrap(),
            [Val::I32(21)]
        );
        let null = Val::Ref(Ref::Func(None));
        refused(apply.call(&mut *store, &[null, Val::I32(1)]));
        refused(apply.call(&mut *store, &[neg.into(), Val::I32(1)]));
        refused(maybe.call(&mut *store, &[neg.into()]));
        refused(maybe.call(&mut *store, &[Val::Ref(Ref::Extern(None))]));
        let trap = maybe.call(&mut *store, &[null]).unwrap_err().trap();
        assert_eq!(trap, Some(Trap::NullFunctionReference));
        let mut other = Store::new(engine, ());
        let foreign = Func::wrap(&mut other, |x: i32| x);
        refused(apply.call(&mut *store, &[foreign.into(), Val::I32(1)]));
        let given = func(store, "give").call(&mut *store, &[]).unwrap();
        refused(maybe.call(&mut *store, &given));
    });
}

#[test]
fn tables_and_globals_keep_their_type() {
    in_each_tier(|_, store, guest| {
        let inc = guest.get_func(&*store, "inc").expect("exported");
        let neg = guest.get_func(&*store, "neg").expect("exported");
        let table = guest.get_table(&*store, "table").expect("exported");
        let global = guest.get_global(&*store, "global").expect("exported");
        table.set(&mut *store, 0, Ref::Func(Some(inc))).unwrap();
        refused(table.set(&mut *store, 0, Ref::Func(Some(neg))));
        refused(table.grow(&mut *store, 1, Ref::Func(Some(neg))));
        global.set(&mut *store, inc.into()).unwrap();
        refused(global.set(&mut *store, neg.into()));
        // The type of the table serves to make another one.
        let ty = table.ty(&*store).unwrap();
        let copy = Table::new(&mut *store, ty, Ref::Func(Some(inc))).unwrap();
        refused(copy.set(&mut *store, 0, Ref::Func(Some(neg))));
        let solid = RefType {
            nullable: false,
            ..ty.element
        };
        let solid = TableType::new(solid, 1, None);
        refused(Table::new(&mut *store, solid, Ref::Func(None)));
        Table::new(&mut *store, solid, Ref::Func(Some(inc))).unwrap();
    });
}

#[test]
fn types_that_the_engine_does_not_have_are_refused() {
    in_each_tier(|_, store, _| {
        for (kind, number) in [
            (TypeKind::Func, 0),
            (TypeKind::Func, 1 << 30),
            (TypeKind::Func, u32::MAX),
            (TypeKind::Struct, 1),
            (TypeKind::Array, 1),
        ] {
            let element = RefType {
                nullable: true,
                heap: HeapType::Concrete(kind, TypeIdx(number)),
            };
            let null = match kind {
                TypeKind::Func => Ref::Func(None),
                _ => Ref::Extern(None),
            };
            refused(Table::new(
                &mut *store,
                TableType::new(element, 1, None),
                null,
            ));
            let content = ValType::Ref(element);
            let ty = GlobalType {
                content,
                mutable: true,
            };
            refused(Global::new(&mut *store, ty, Val::Ref(null)));
            let ty = FuncType::new([content], []);
            refused(Func::new(&mut *store, ty, |_, _, _| Ok(())));
        }
    });
}

#[test]
fn the_types_of_imports_and_exports_are_the_engines() {
    const ASKS: &str = r#"(module
        (type $pair (struct (field i32 i64)))
        (type $step (func (param i32) (result i32)))
        (import "host" "global" (global (ref null $pair)))
        (import "host" "table" (table 1 (ref null $step)))
        (import "host" "tag" (tag (param (ref null $pair))))
        (import "host" "func" (func (param (ref null $pair)) (result (ref null $step))))
        (export "global" (global 0)))"#;
    for tier in [Tier::Interp, Tier::Optimizing] {
        let engine = Engine::new(Config::new().tier(tier)).expect("both tiers run here");
        // The first module makes the engine's numbers differ from the second's indices.
        Module::new(&engine, GUEST).expect("the module is valid");
        let module = Module::new(&engine, ASKS).expect("the module is valid");
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        for import in module.imports() {
            let (from, name) = (&import.module, &import.name);
            let null = |ty| Val::default_of(ValType::Ref(ty));
            let item: Extern = match import.ty {
                ExternType::Global(ty) => {
                    assert_eq!(
                        module.export("global"),
                        Some(ExternType::Global(ty)),
                        "the same in an export"
                    );
                    let ValType::Ref(content) = ty.content else {
                        panic!("a reference, not {ty:?}");
                    };
                    assert!(StructType::from_heap_type(&engine, content.heap).is_some());
                    let null = Val::default_of(ty.content);
                    Global::new(&mut store, ty, null).unwrap().into()
                }
                ExternType::Table(ty) => {
                    let Val::Ref(null) = null(ty.element) else {
                        panic!("a reference, not {ty:?}");
                    };
                    Table::new(&mut store, ty, null).unwrap().into()
                }
                ExternType::Tag(ty) => Tag::new(&mut store, ty.params()).unwrap().into(),
                _ => continue,
            };
            linker.define(from, name, item).expect("a name each");
        }
        linker
            .define_unknown_imports_as_traps(&module)
            .expect("the function is left");
        let instance = linker.instantiate(&mut store, &module);
        instance.expect("each is of the type that is asked for");
    }
}
