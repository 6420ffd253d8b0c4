//! Runs a WASI program with the least an embedder has to write: `guest PROGRAM [HOST::GUEST ...] [-- ARGUMENT ...]`.

use std::process::ExitCode;

use wasi::{Access, Ctx, Exit};
use wharf::{Config, Engine, Linker, Module, Store, Tier};

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:?}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode, wharf::Error> {
    let mut words = std::env::args().skip(1);
    let Some(program) = words.next() else {
        return Err(wharf::Error::msg("expected the path of a program"));
    };
    let mut builder = Ctx::builder().arg(&program);
    for word in words.by_ref().take_while(|word| word != "--") {
        let (host, guest) = word.split_once("::").unwrap_or((&word, &word));
        builder = builder.preopen(host, guest, Access::ReadWrite);
    }
    let ctx = builder.args(words).build()?;

    let mut config = Config::new();
    if std::env::var_os("INTERP").is_some() {
        config.tier(Tier::Interp);
    }
    let engine = Engine::new(&config)?;
    let mut linker = Linker::new(&engine);
    wasi::add_to_linker(&mut linker, |ctx: &mut Ctx| ctx)?;
    let module = Module::new(&engine, std::fs::read(program)?)?;
    let mut store = Store::new(&engine, ctx);
    let instance = linker.instantiate(&mut store, &module)?;
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
    let result = start.call(&mut store, ());
    for hint in store.data().hints() {
        eprintln!("hint: {hint}");
    }
    match result {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => match error.downcast_ref::<Exit>() {
            // The low byte is all that a system passes on.
            Some(exit) => Ok(ExitCode::from(exit.0 as u8)),
            None => Err(error),
        },
    }
}
