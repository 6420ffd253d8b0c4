//! Prints how fast modules compile on one thread, and what the parts of it take.
//!
//! `cargo run --release -p wharf-optimizing --example throughput -- FILE.wasm...`

use abi::{CompileEnv, Compiler, VmctxLayout};
use module::{Features, FuncInput, Module, ReadScratch};
use std::time::Duration;
use wharf_optimizing::{Optimizing, Settings};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let compiler = Optimizing::new(Settings::default())?;
    println!(
        "{:>10} {:>10} {:>10} {:>10} {:>8} {:>10}  file",
        "bytes", "validate", "+ ir", "all", "MB/s", "code"
    );
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path)?;
        let n_bytes = bytes.len();
        let (module, validate) = each(&bytes, |input, (scratch, _)| Ok(input.validate(scratch)?))?;
        let (_, build) = each(&bytes, |input, (scratch, builder)| {
            builder.build(input.read(scratch)?, ir::BuildOptions::default())?;
            Ok(())
        })?;
        let mut scratch = compiler.scratch();
        let mut code = 0;
        let header = module.header();
        let layout = VmctxLayout::new(header);
        let env = CompileEnv {
            header,
            layout: &layout,
            fuel: false,
            around: None,
        };
        let (_, all) = each(&bytes, |input, _| {
            code += compiler.compile(env, input, &mut *scratch)?.code.len();
            Ok(())
        })?;
        let rate = n_bytes as f64 / all.as_secs_f64() / 1e6;
        println!(
            "{n_bytes:>10} {validate:>10.1?} {build:>10.1?} {all:>10.1?} {rate:>8.2} {code:>10}  {path}"
        );
    }
    Ok(())
}

type Tools = (ReadScratch, ir::Builder);

/// Decodes a module, then does something with each of its functions; gives the time of the latter.
fn each(
    bytes: &[u8],
    mut act: impl FnMut(FuncInput, &mut Tools) -> Result<(), Box<dyn std::error::Error>>,
) -> Result<(Module, Duration), Box<dyn std::error::Error>> {
    let mut inputs = Vec::new();
    let module = module::decode(bytes.to_vec(), &Features::runnable(), &mut |_, input| {
        inputs.push(input)
    })?;
    let mut tools = Tools::default();
    let start = processor_time();
    for input in inputs {
        act(input, &mut tools)?;
    }
    Ok((module, processor_time() - start))
}

/// How long this thread has run: other processes' share of the machine is not in it.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells");
    let nanoseconds = text.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.expect("the first number"))
}
