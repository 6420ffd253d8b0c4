//! Prints what a function of a module becomes on its way to machine code.
//!
//! `cargo run -p wharf-optimizing --example dump -- FILE.wasm FUNC [ir|clif|optimized|code] [LOOP]`, where LOOP is the
//! offset of the operator of a loop that the code starts at, in hexadecimal digits.

use abi::{CompileEnv, VmctxLayout};
use module::{Features, FuncIdx};
use wharf_optimizing::{Optimizing, Settings};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [path, func, rest @ ..] = &args[..] else {
        return Err("expected a file and the number of a function".into());
    };
    let func = FuncIdx(func.parse()?);
    let bytes = std::fs::read(path)?;
    let bytes = text::to_wasm(&bytes, None, text::Options::default())?.into_owned();
    let mut found = None;
    let module = module::decode(bytes, &Features::runnable(), &mut |_, input| {
        if input.func() == func {
            found = Some(input);
        }
    })?;
    let input = found.ok_or("the module defines no such function")?;
    let layout = VmctxLayout::new(module.header());
    let env = CompileEnv {
        header: module.header(),
        layout: &layout,
        fuel: false,
        around: None,
    };
    let compiler = Optimizing::new(Settings::default())?;
    let dump = match rest.get(1) {
        Some(at) => compiler.dump_loop(env, input, u32::from_str_radix(at, 16)?)?,
        None => compiler.dump(env, input)?,
    };
    match rest.first().map(String::as_str) {
        Some("ir") => println!("{}", dump.ir),
        Some("clif") => println!("{}", dump.clif),
        Some("optimized") => println!("{}", dump.clif_optimized),
        Some("code") => println!("{}", dump.code),
        _ => println!("{}\n{}\n{}", dump.ir, dump.clif, dump.code),
    }
    Ok(())
}
