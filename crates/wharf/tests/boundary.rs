//! Values between host and guest, in both directions: each arrives where it belongs, be it in a register or not, and whatever way
//! the call ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use wharf::{
    Caller, Config, Engine, ExternRef, Func, Instance, Linker, Module, Store, Tier, Trap,
    TypedFunc, V128,
};

/// Runs a check in each tier.
fn in_each_tier(check: impl Fn(&Engine)) {
    for tier in [Tier::Interp, Tier::Baseline, Tier::Optimizing, Tier::Auto] {
        let mut config = Config::new();
        config.tier(tier).tier_up_after(1);
        check(&Engine::new(&config).expect("all tiers run here"));
    }
}

fn instance(store: &mut Store<i64>, text: &str, imports: &[Func]) -> Instance {
    let module = Module::new(store.engine(), text).expect("the module is valid");
    let imports: Vec<_> = imports.iter().map(|func| (*func).into()).collect();
    Instance::new(store, &module, &imports).expect("it instantiates")
}

/// Calls a function of the host from a guest that is called with the same arguments and gives the same results.
macro_rules! check_passing {
    ($engine:expr, $wat_params:literal, $wat_result:literal, ($($name:ident: $ty:ty = $value:expr),*) -> $result:ty = $expected:expr) => {{
        let mut store = Store::new($engine, 0);
        #[allow(clippy::too_many_arguments, reason = "that there are many is the point")]
        fn check($($name: $ty),*) -> $result {
            $(assert_eq!($name, $value, "{} {}: {}", $wat_params, $wat_result, stringify!($name));)*
            $expected
        }
        let alone = Func::wrap(&mut store, check);
        let with_store = Func::wrap(&mut store, |mut caller: Caller<'_, i64> $(, $name: $ty)*| {
            *caller.data_mut() += 1;
            check($($name),*)
        });
        let names: &[&str] = &[$(stringify!($name)),*];
        let gets: String = (0..names.len()).map(|at| format!("local.get {at} ")).collect();
        let ty = format!("(type $t (func (param {}) (result {})))", $wat_params, $wat_result);
        let text = format!(
            r#"(module {ty}
              (import "" "alone" (func $alone (type $t)))
              (import "" "with_store" (func $with_store (type $t)))
              (table funcref (elem $alone $with_store))
              (func (export "alone") (type $t) {gets} call $alone)
              (func (export "with_store") (type $t) {gets} call $with_store)
              (func (export "indirect") (type $t) {gets} i32.const 1 call_indirect (type $t))
              (func (export "tail") (type $t) {gets} return_call $with_store))"#
        );
        let instance = instance(&mut store, &text, &[alone, with_store]);
        for _ in 0..3 {
            for name in ["alone", "with_store", "indirect", "tail"] {
                let func: TypedFunc<($($ty,)*), $result> =
                    instance.get_typed_func(&store, name).expect("of this type");
                assert_eq!(func.call(&mut store, ($($value,)*)).expect("no trap"), $expected, "{name}");
            }
        }
        for func in [alone, with_store] {
            let func: TypedFunc<($($ty,)*), $result> = func.typed(&store).expect("of this type");
            assert_eq!(func.call(&mut store, ($($value,)*)).expect("no trap"), $expected);
        }
        assert_eq!(*store.data(), 10);
    }};
}

#[test]
fn numbers_arrive_in_order() {
    in_each_tier(|engine| {
        check_passing!(engine, "", "", () -> () = ());
        check_passing!(engine, "", "i32", () -> i32 = -7);
        check_passing!(engine, "", "i64", () -> u64 = u64::MAX - 1);
        check_passing!(engine, "", "f32", () -> f32 = -1.5);
        check_passing!(engine, "", "f64", () -> f64 = 1e300);
        check_passing!(engine, "i32", "", (a: i32 = i32::MIN) -> () = ());
        check_passing!(engine, "f32", "i32", (a: f32 = 0.25) -> u32 = 9);
        check_passing!(engine, "i64 f64", "f32", (a: i64 = -2, b: f64 = 0.5) -> f32 = 3.5);
        check_passing!(engine, "f64 i32 f32", "f64", (a: f64 = 1.0, b: i32 = -2, c: f32 = 3.0) -> f64 = -0.5);
        check_passing!(
            engine, "i32 i32 i32 i32 i32", "i64",
            (a: i32 = 1, b: i32 = -2, c: i32 = 3, d: i32 = -4, e: i32 = 5) -> i64 = i64::MIN
        );
        // One more than there are registers.
        check_passing!(
            engine, "i64 i64 i64 i64 i64 i64", "i32",
            (a: i64 = 1, b: i64 = -2, c: i64 = 3, d: i64 = -4, e: i64 = 5, f: i64 = -6) -> i32 = 8
        );
        check_passing!(
            engine, "f32 f64 f32 f64 f32 f64 f32 f64 i32 i64 i32 i64", "f32",
            (a: f32 = 1.0, b: f64 = 2.0, c: f32 = 3.0, d: f64 = 4.0, e: f32 = 5.0, f: f64 = 6.0, g: f32 = 7.0, h: f64 = 8.0,
             i: i32 = -9, j: i64 = 10, k: i32 = -11, l: i64 = 12) -> f32 = 0.125
        );
        check_passing!(
            engine, "f64 f64 f64 f64 f64 f64 f64 f64 f64", "f64",
            (a: f64 = 1.0, b: f64 = 2.0, c: f64 = 3.0, d: f64 = 4.0, e: f64 = 5.0, f: f64 = 6.0, g: f64 = 7.0, h: f64 = 8.0,
             i: f64 = 9.0) -> f64 = -9.0
        );
    });
}

const VECTOR: V128 = V128::from_u128(0x0123_4567_89ab_cdef_0011_2233_4455_6677);

#[test]
fn what_no_register_holds_arrives_too() {
    in_each_tier(|engine| {
        check_passing!(engine, "v128 i32", "i32", (a: V128 = VECTOR, b: i32 = 4) -> i32 = 5);
        check_passing!(engine, "i32", "v128", (a: i32 = 4) -> V128 = VECTOR);
        check_passing!(engine, "i32 f64", "f64 i32", (a: i32 = 4, b: f64 = 0.5) -> (f64, i32) = (2.5, -3));
    });
}

#[test]
fn references_arrive_and_end_with_the_call() {
    in_each_tier(|engine| {
        let mut store = Store::new(engine, 0);
        let give = Func::wrap(
            &mut store,
            |caller: Caller<'_, i64>, value: Option<ExternRef>, func: Option<Func>| {
                assert_eq!(
                    func.expect("not null")
                        .ty(&caller)
                        .expect("this store's")
                        .params()
                        .len(),
                    2
                );
                let value = value.expect("not null");
                assert_eq!(
                    value
                        .data(&caller)
                        .expect("this store's")
                        .and_then(|data| data.downcast_ref()),
                    Some(&41)
                );
                Some(value)
            },
        );
        let text = r#"(module
            (import "" "give" (func $give (param externref funcref) (result externref)))
            (elem declare func $give)
            (func (export "give") (param externref) (result externref)
              local.get 0 ref.func $give call $give))"#;
        let instance = instance(&mut store, text, &[give]);
        let give: TypedFunc<Option<ExternRef>, Option<ExternRef>> = instance
            .get_typed_func(&store, "give")
            .expect("of this type");
        let value = ExternRef::new(&mut store, 41).expect("there is room");
        for _ in 0..100 {
            let given = give
                .call(&mut store, Some(value))
                .expect("no trap")
                .expect("not null");
            assert_eq!(
                given
                    .data(&store)
                    .expect("this store's")
                    .and_then(|data| data.downcast_ref()),
                Some(&41)
            );
        }
    });
}

/// What a function of the host does on its n-th call, n being its argument.
const FAILS: &str = r#"(module
    (import "" "fail" (func $fail (param i32) (result f64)))
    (func $inner (param i32) (result f64) local.get 0 call $fail)
    (func (export "f") (param i32) (result f64) local.get 0 call $inner f64.const 1 f64.add)
    (func (export "unreachable") (param i64) (result i64) unreachable))"#;

#[test]
fn failures_of_the_host_come_through_registers() {
    in_each_tier(|engine| {
        let mut store = Store::new(engine, 0);
        let fail = Func::wrap(
            &mut store,
            |mut caller: Caller<'_, i64>, how: i32| -> wharf::Result<f64> {
                *caller.data_mut() += 1;
                match how {
                    0 => Ok(41.0),
                    1 => Err(wharf::Error::msg("the host gives up")),
                    2 => Err(Trap::IntegerDivideByZero.into()),
                    3 => panic!("the host is wrong"),
                    _ => {
                        caller.interrupt_handle().interrupt();
                        Ok(1.0)
                    }
                }
            },
        );
        let instance = instance(&mut store, FAILS, &[fail]);
        let f: TypedFunc<i32, f64> = instance.get_typed_func(&store, "f").expect("of this type");
        let unreachable: TypedFunc<i64, i64> = instance
            .get_typed_func(&store, "unreachable")
            .expect("of this type");
        for round in 0..20 {
            assert_eq!(f.call(&mut store, 0).expect("no trap"), 42.0);
            let error = f.call(&mut store, 1).expect_err("the host fails");
            assert!(error.to_string().contains("the host gives up"), "{error}");
            assert_eq!(
                error.backtrace().frames().len(),
                2,
                "two functions of the guest"
            );
            let error = f.call(&mut store, 2).expect_err("the host traps");
            assert_eq!(error.trap(), Some(Trap::IntegerDivideByZero));
            let payload = catch_unwind(AssertUnwindSafe(|| f.call(&mut store, 3)))
                .expect_err("the host panics");
            assert_eq!(payload.downcast_ref(), Some(&"the host is wrong"));
            let error = f.call(&mut store, 4).expect_err("the guest is stopped");
            assert_eq!(error.trap(), Some(Trap::Interrupted));
            let error = unreachable.call(&mut store, 1).expect_err("it traps");
            assert_eq!(error.trap(), Some(Trap::Unreachable));
            assert_eq!(error.backtrace().frames().len(), 1);
            assert_eq!(*store.data(), 5 * (round + 1));
        }
    });
}

#[test]
fn guests_are_entered_again_from_host_functions() {
    in_each_tier(|engine| {
        let mut store = Store::new(engine, 0);
        let again = |mut caller: Caller<'_, i64>, n: i32, x: f64| -> wharf::Result<f64> {
            if n == 0 {
                return Ok(x);
            }
            let f = caller
                .get_export("f")
                .and_then(|item| item.into_func())
                .expect("exported");
            let f: TypedFunc<(i32, f64), f64> = f.typed(&caller)?;
            if n == 3 {
                // What happens inside of a nested call stays there.
                let error = f.call(&mut caller, (-1, 0.0)).expect_err("it traps");
                assert_eq!(error.trap(), Some(Trap::Unreachable));
            }
            f.call(&mut caller, (n - 1, x + 1.0))
        };
        let text = r#"(module
            (import "" "again" (func $again (param i32 f64) (result f64)))
            (func (export "f") (param i32 f64) (result f64)
              (if (i32.lt_s (local.get 0) (i32.const 0)) (then unreachable))
              (f64.mul (f64.const 2) (call $again (local.get 0) (local.get 1)))))"#;
        let module = Module::new(engine, text).expect("the module is valid");
        let mut linker = Linker::new(engine);
        linker.func_wrap("", "again", again).expect("defined once");
        let instance = linker
            .instantiate(&mut store, &module)
            .expect("it instantiates");
        let f: TypedFunc<(i32, f64), f64> =
            instance.get_typed_func(&store, "f").expect("of this type");
        for _ in 0..10 {
            assert_eq!(f.call(&mut store, (6, 0.5)).expect("no trap"), 6.5 * 128.0);
        }
    });
}
