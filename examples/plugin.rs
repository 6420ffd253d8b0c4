//! A plugin: guest code that a program loads, with a host function that it may call, limits, fuel and a deadline.
//!
//! `cargo run -p wharf --example plugin`

use std::time::Duration;
use wharf::{Caller, Config, Engine, Error, Limits, Linker, Module, Store, Trap};

/// What the host keeps for one plugin.
#[derive(Default)]
struct Session {
    log: Vec<String>,
}

const PLUGIN: &str = r#"
    (module
      (import "host" "log" (func $log (param i32 i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "pricing the order")
      (func (export "price") (param $pieces i32) (result i32)
        (call $log (i32.const 0) (i32.const 17))
        (i32.mul (local.get $pieces) (i32.const 250)))
      (func (export "spin") (loop $forever (br $forever))))
"#;

/// The guest passes text as an address and a length in its own memory.
fn log(mut caller: Caller<'_, Session>, address: i32, length: i32) -> Result<(), Error> {
    let (memory, session) = caller
        .memory_and_data("memory")
        .ok_or_else(|| Error::msg("the plugin exports no memory"))?;
    let (start, length) = (address as u32 as usize, length as u32 as usize);
    let text = memory
        .get(start..)
        .and_then(|rest| rest.get(..length))
        .ok_or(Trap::MemoryOutOfBounds)?;
    session.log.push(String::from_utf8_lossy(text).into_owned());
    Ok(())
}

fn main() -> Result<(), Error> {
    let engine = Engine::new(Config::new().consume_fuel(true))?;
    let module = Module::new(&engine, PLUGIN)?;
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "log", log)?;

    let mut store = Store::new(&engine, Session::default());
    store.set_limits(Limits {
        memory_bytes_max: 1 << 20,
        ..Limits::default()
    });
    store.set_fuel(1_000_000);
    store.set_timeout(Some(Duration::from_secs(1)));
    let plugin = linker.instantiate(&mut store, &module)?;

    let price = plugin.get_typed_func::<i32, i32>(&mut store, "price")?;
    println!("4 pieces cost {}", price.call(&mut store, 4)?);
    println!("the plugin says: {:?}", store.data().log);

    let spin = plugin.get_typed_func::<(), ()>(&mut store, "spin")?;
    let error = spin
        .call(&mut store, ())
        .expect_err("an endless loop is stopped");
    println!("a plugin that never ends is stopped: {error}");
    assert_eq!(error.trap(), Some(Trap::OutOfFuel));
    Ok(())
}
