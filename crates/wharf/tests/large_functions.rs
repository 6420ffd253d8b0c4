//! Functions that the optimizing compiler would take too long for: they have other code, on every tier and in artifacts.

use wharf::{Config, Engine, Instance, Module, Result, Store, Tier};

/// A function of so many loops, each of which adds one to 9; another of so many bytes; and one that calls both.
fn module(n_loops: usize, bytes: usize) -> String {
    let a_loop = "(loop $again
        (local.set 0 (i32.add (local.get 0) (i32.const 1)))
        (br_if $again (i32.lt_s (local.get 0) (i32.const 10))))";
    format!(
        "(module
           (func $loops (param i32) (result i32) {} (local.get 0))
           (func $bytes (param i32) (result i32) {} (i32.add (local.get 0) (i32.const 1)))
           (func (export \"both\") (param i32) (result i32)
             (call $bytes (call $loops (local.get 0)))))",
        a_loop.repeat(n_loops),
        "nop ".repeat(bytes),
    )
}

fn check(engine: &Engine, module: &Module) -> Result<()> {
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, module, &[])?;
    let both = instance.get_typed_func::<i32, i32>(&mut store, "both")?;
    assert_eq!(both.call(&mut store, 9)?, 9 + 9000 + 1);
    Ok(())
}

#[test]
fn have_code_on_every_tier_and_in_artifacts_that_all_read() -> Result<()> {
    let artifact = std::env::temp_dir().join(format!("large-{}.wharf", std::process::id()));
    let text = module(9000, 513 << 10);
    let bytes = text::to_wasm(text.as_bytes(), None, Default::default()).unwrap();
    let bytes = bytes.into_owned();
    let settings = [
        (Tier::Auto, false),
        (Tier::Optimizing, false),
        (Tier::Optimizing, true),
    ];
    let mut is_written = false;
    for (tier, lazy) in settings {
        let mut config = Config::new();
        config.tier(tier).lazy_compilation(lazy);
        let engine = Engine::new(&config)?;
        let module = Module::from_binary(&engine, bytes.clone())?;
        check(&engine, &module)?;
        if !std::mem::replace(&mut is_written, true) {
            std::fs::write(&artifact, module.serialize()?)?;
        }
        let module = Module::from_artifact_file(&engine, &artifact)?;
        check(&engine, &module)?;
    }
    std::fs::remove_file(&artifact)?;
    Ok(())
}
