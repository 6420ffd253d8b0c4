//! What a guest does and where it is told to have failed does not depend on which calls were replaced by the bodies of their
//! callees: backtraces name the functions that the interpreter names, and their operators.

use wharf::{Config, Engine, Error, Inlining, Instance, Linker, Module, Store, Tier, Val};

fn engines() -> [(&'static str, Engine); 3] {
    let engine = |config: &mut Config| Engine::new(config.verify_compilers(true)).unwrap();
    [
        ("interp", engine(Config::new().tier(Tier::Interp))),
        (
            "optimizing",
            engine(
                Config::new()
                    .tier(Tier::Optimizing)
                    .inlining(Inlining::Usual),
            ),
        ),
        (
            "everything inlined",
            engine(Config::new().tier(Tier::Optimizing).inlining(Inlining::All)),
        ),
    ]
}

/// Results of a call, or by what and where it failed: functions, and the offsets of their operators.
type Outcome = (String, Vec<(u32, Option<u32>)>);

fn outcome(module: &Module, arg: i32) -> Outcome {
    let engine = module.engine();
    let mut store = Store::new(engine, ());
    let mut linker = Linker::new(engine);
    let fails = |arg: i32| -> Result<i32, Error> {
        match arg {
            0 => Err(Error::msg("the host fails")),
            arg => Ok(arg),
        }
    };
    linker.func_wrap("host", "check", fails).unwrap();
    let instance: Instance = linker.instantiate(&mut store, module).unwrap();
    let run = instance.get_func(&store, "run").unwrap();
    match run.call(&mut store, &[Val::I32(arg)]) {
        Ok(results) => (format!("{results:?}"), Vec::new()),
        Err(error) => {
            let frames = error.backtrace().frames().iter();
            let frames = frames.map(|frame| (frame.func_index(), frame.module_offset()));
            (error.to_string(), frames.collect())
        }
    }
}

/// Runs a program with some arguments, and gives how many frames each failure has.
///
/// Functions whose bytes arrive in pieces are compiled each for itself: what they do must be what the others do, to the
/// operator. Where the optimizing tier says that an operator is may differ a little from where the interpreter is.
fn compare(wat: &str) -> Vec<usize> {
    const ARGS: [i32; 8] = [-1, 0, 1, 2, 3, 4, 5, 9];
    let [interp, optimizing, inlined] = engines().map(|(_, engine)| engine);
    let wasm = text::wat_to_wasm(wat, None).unwrap();
    let outcomes = |module: &Module| ARGS.map(|arg| outcome(module, arg));
    let alone = outcomes(&Module::from_reader(&optimizing, &wasm[..]).unwrap());
    assert_eq!(
        outcomes(&Module::new(&optimizing, &wasm).unwrap()),
        alone,
        "{wat}"
    );
    assert_eq!(
        outcomes(&Module::new(&inlined, &wasm).unwrap()),
        alone,
        "{wat}, all inlined"
    );
    let judge = outcomes(&Module::new(&interp, &wasm).unwrap());
    let funcs = |outcomes: &[Outcome]| -> Vec<(String, Vec<u32>)> {
        let outcomes = outcomes.iter().cloned();
        outcomes
            .map(|(message, frames)| (message, frames.iter().map(|frame| frame.0).collect()))
            .collect()
    };
    assert_eq!(funcs(&alone), funcs(&judge), "{wat}, interpreted");
    alone.map(|(_, frames)| frames.len()).into()
}

#[test]
fn traps_in_callees_of_callees() {
    let frames = compare(
        r#"(module
        (memory 1)
        (func $div (param i32) (result i32) (i32.div_s (i32.const 60) (local.get 0)))
        (func $load (param i32) (result i32)
            (i32.add (i32.load (i32.mul (local.get 0) (i32.const 16000))) (call $div (local.get 0))))
        (func (export "run") (param i32) (result i32)
            (i32.add (call $load (i32.sub (local.get 0) (i32.const 1))) (call $div (local.get 0)))))"#,
    );
    assert_eq!(frames, [2, 2, 3, 0, 0, 0, 0, 2]);
}

#[test]
fn traps_in_functions_that_call_themselves() {
    let frames = compare(
        r#"(module
        (func $f (export "run") (param i32) (result i32)
            (if (i32.lt_s (local.get 0) (i32.const 0)) (then (unreachable)))
            (i32.add
                (i32.div_u (i32.const 8) (i32.sub (local.get 0) (i32.const 1)))
                (call $f (i32.sub (local.get 0) (i32.const 2))))))"#,
    );
    assert_eq!(frames, [1, 2, 1, 3, 2, 4, 3, 5]);
}

#[test]
fn hosts_that_fail() {
    let frames = compare(
        r#"(module
        (import "host" "check" (func $check (param i32) (result i32)))
        (func $inner (param i32) (result i32)
            (i32.add (call $check (local.get 0)) (i32.const 1)))
        (func $outer (param i32) (result i32)
            (i32.mul (call $inner (local.get 0)) (call $inner (i32.sub (local.get 0) (i32.const 3)))))
        (func (export "run") (param i32) (result i32)
            (i32.sub (call $outer (local.get 0)) (call $inner (i32.sub (local.get 0) (i32.const 5))))))"#,
    );
    assert_eq!(frames, [0, 3, 0, 0, 3, 0, 2, 0]);
}

#[test]
fn exceptions_that_nobody_catches_and_that_callers_catch() {
    compare(
        r#"(module
        (import "host" "check" (func $check (param i32) (result i32)))
        (tag $e (param i32))
        (tag $other)
        (func $throws (param i32) (result i32)
            (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $e (i32.const 40))))
            (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $other)))
            (if (i32.eq (local.get 0) (i32.const 3)) (then (return (i32.const 70))))
            (call $check (local.get 0)))
        (func $catches (param i32) (result i32)
            (block $caught (result i32)
                (try_table (result i32) (catch $e $caught)
                    (i32.add (call $throws (local.get 0)) (call $throws (i32.sub (local.get 0) (i32.const 1)))))
                (return))
            (i32.add (i32.const 1000)))
        (func (export "run") (param i32) (result i32)
            (local $seen i32)
            (block $caught (result exnref)
                (try_table (result i32) (catch_all_ref $caught)
                    (local.set $seen (i32.const 5))
                    (local.set $seen (call $catches (local.get 0)))
                    (call $throws (i32.sub (local.get 0) (i32.const 3))))
                (return (i32.add (local.get $seen))))
            (throw_ref)))"#,
    );
}

#[test]
fn tail_calls() {
    let frames = compare(
        r#"(module
        (import "host" "check" (func $check (param i32) (result i32)))
        (func $ends (param i32) (result i32)
            (i32.add (i32.div_u (i32.const 1) (i32.sub (local.get 0) (i32.const 4))) (call $check (local.get 0))))
        (func $next (param i32) (result i32)
            (if (i32.eq (local.get 0) (i32.const 2)) (then (unreachable)))
            (return_call $ends (local.get 0)))
        (func $count (param i32 i32) (result i32)
            (if (i32.eqz (local.get 0)) (then (return_call $next (local.get 1))))
            (return_call $count (i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 1) (i32.const 1))))
        (func (export "run") (param i32) (result i32)
            (if (i32.eq (local.get 0) (i32.const 9))
                (then (return_call $count (i32.const 1000000) (i32.const -1000000))))
            (i32.mul (call $next (local.get 0)) (call $count (i32.const 3) (i32.sub (local.get 0) (i32.const 3))))))"#,
    );
    assert_eq!(frames[7], 1, "frames of callers that are gone");
    assert!(
        frames[1] == 2 && frames[3] == 2 && frames[5] == 2,
        "{frames:?}"
    );
}

#[test]
fn tail_calls_of_each_other_need_no_stack() {
    compare(
        r#"(module
        (func $odd (param i32) (result i32)
            (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
                (else (return_call $even (i32.sub (local.get 0) (i32.const 1))))))
        (func $even (param i32) (result i32)
            (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
                (else (return_call $odd (i32.sub (local.get 0) (i32.const 1))))))
        (func (export "run") (param i32) (result i32)
            (i32.add (call $even (i32.const 1000001)) (call $odd (i32.add (local.get 0) (i32.const 1000000))))))"#,
    );
}

#[test]
fn stacks_run_out_in_functions_that_call_themselves() {
    for (name, engine) in engines() {
        let wat = r#"(module (func $f (export "run") (param i32) (result i32)
            (i32.add (call $f (i32.add (local.get 0) (i32.const 1))) (i32.const 1))))"#;
        let (message, frames) = outcome(&Module::new(&engine, wat).unwrap(), 0);
        assert!(
            message.contains("call stack exhausted"),
            "{name}: {message}"
        );
        assert!(
            frames.len() > 8 && frames.iter().all(|frame| frame.0 == 0),
            "{name}"
        );
    }
}

#[test]
fn artifacts_know_the_frames_of_replaced_calls() {
    let wat = r#"(module
        (func $div (param i32) (result i32) (i32.div_s (i32.const 60) (local.get 0)))
        (func (export "run") (param i32) (result i32) (call $div (local.get 0))))"#;
    let engine = Engine::new(Config::new().tier(Tier::Optimizing).inlining(Inlining::All)).unwrap();
    let bytes = Module::new(&engine, wat).unwrap().serialize().unwrap();
    let path = std::env::temp_dir().join(format!("wharf-inlining-{}", std::process::id()));
    std::fs::write(&path, bytes).unwrap();
    let module = Module::from_artifact_file(&engine, &path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
    let error = run.call(&mut store, 0).unwrap_err();
    let frames = error.backtrace().frames().iter();
    assert_eq!(
        frames.map(|frame| frame.func_index()).collect::<Vec<_>>(),
        [0, 1]
    );
}
