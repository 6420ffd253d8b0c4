//! Compilation of the official suite with every check on, and what code is expected to look like.

mod limits;
mod lowered;
mod stack_maps;
mod suite;

use crate::{Optimizing, Settings};
use abi::{CompileEnv, VmctxLayout};
use module::{Features, FuncInput, Op, ReadScratch};

/// Calls with the last function of a module, and with what surrounds it.
fn with_last<R>(wat: &str, compile: impl FnOnce(CompileEnv<'_>, FuncInput) -> R) -> R {
    let bytes = text::wat_to_wasm(wat, None).unwrap_or_else(|error| panic!("{error}"));
    let mut last = None;
    let module = module::decode(bytes, &Features::default(), &mut |_, input| {
        last = Some(input)
    })
    .unwrap_or_else(|error| panic!("{error}"));
    let layout = VmctxLayout::new(module.header());
    let env = CompileEnv {
        header: module.header(),
        layout: &layout,
        fuel: false,
        around: None,
    };
    compile(env, last.expect("a function"))
}

/// A compiler with every check on.
fn checking() -> Optimizing {
    let settings = Settings {
        verify: true,
        ..Settings::default()
    };
    Optimizing::new(settings).expect("this machine is supported")
}

/// The offsets of the loops of a function that is valid.
fn loops_of(input: &FuncInput) -> Vec<u32> {
    let mut scratch = ReadScratch::default();
    let mut reader = input.clone().read(&mut scratch).expect("valid locals");
    let mut loops = Vec::new();
    while let Some((offset, op)) = reader.next().expect("valid operators") {
        if matches!(op, Op::Loop(_)) {
            loops.push(offset);
        }
    }
    loops
}
