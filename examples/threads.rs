//! One module on many threads: compiled once, with a store and an instance for each thread.
//!
//! `cargo run -p wharf --example threads`

use std::thread;
use wharf::{Engine, Error, Linker, Module, Store};

const GUEST: &str = r#"
    (module
      (import "host" "seed" (func $seed (result i64)))
      ;; How many steps the Collatz sequence of the seed takes to reach one.
      (func (export "steps") (result i32)
        (local $n i64) (local $steps i32)
        (local.set $n (call $seed))
        (loop $next
          (if (i64.gt_u (local.get $n) (i64.const 1))
            (then
              (local.set $n
                (if (result i64) (i32.wrap_i64 (i64.and (local.get $n) (i64.const 1)))
                  (then (i64.add (i64.mul (local.get $n) (i64.const 3)) (i64.const 1)))
                  (else (i64.shr_u (local.get $n) (i64.const 1)))))
              (local.set $steps (i32.add (local.get $steps) (i32.const 1)))
              (br $next))))
        (local.get $steps)))
"#;

fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let module = Module::new(&engine, GUEST)?;
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "seed", |caller: wharf::Caller<'_, i64>| {
        *caller.data()
    })?;
    // Names are looked up once; making an instance is then quick.
    let ready = linker.instantiate_pre(&module)?;

    let results = thread::scope(|scope| {
        let threads: Vec<_> = (1..=8)
            .map(|number| {
                let (engine, ready) = (&engine, &ready);
                scope.spawn(move || -> Result<(i64, i32), Error> {
                    let seed = 27 * number;
                    let mut store = Store::new(engine, seed);
                    let instance = ready.instantiate(&mut store)?;
                    let steps = instance.get_typed_func::<(), i32>(&mut store, "steps")?;
                    Ok((seed, steps.call(&mut store, ())?))
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no thread panics"))
            .collect::<Result<Vec<_>, _>>()
    })?;
    assert_eq!(results[0], (27, 111));
    for (seed, steps) in results {
        println!("{seed} reaches one after {steps} steps");
    }
    Ok(())
}
