//! Functions built from text and from the official suite: what they become, that they hold together, and that text leads back.

mod built;
mod caught;
mod dominators;
mod emitted;
mod exceptions;
mod gc;
mod guards;
mod osr;
mod suite;

use crate::{BuildOptions, Builder, Func, parse, verify};
use module::{Features, FuncInput, Header, Op, ReadScratch};

/// The functions of a module as text, each verified and parsed back.
fn build_all(bytes: Vec<u8>, options: BuildOptions) -> Result<Vec<String>, module::Error> {
    let mut inputs = Vec::new();
    let module = module::decode(bytes, &Features::default(), &mut |_, input| {
        inputs.push(input)
    })?;
    let mut builder = Builder::new();
    let mut scratch = ReadScratch::default();
    let mut texts = Vec::new();
    for input in inputs {
        let again = input.clone();
        let func = match builder.build(input.read(&mut scratch)?, options) {
            Ok(func) => func,
            Err(crate::BuildError::Invalid(error)) => return Err(error),
            Err(error) => panic!("{error}"),
        };
        texts.push(holds_together(func, module.header()));
        for at in loops(again.clone(), &mut scratch)? {
            match builder.build_loop(again.clone().read(&mut scratch)?, options, at, &|_| None) {
                Ok(func) => _ = holds_together(func, module.header()),
                Err(crate::BuildError::NoLoop) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    Ok(texts)
}

/// The text of a function that is verified and parsed back.
fn holds_together(func: &Func, header: &Header) -> String {
    let text = func.to_string();
    verify(func, Some(header)).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let again = parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    verify(&again, Some(header)).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(again.to_string(), text);
    text
}

/// Where the loops of a function are; some of them, if there are very many.
fn loops(input: FuncInput, scratch: &mut ReadScratch) -> Result<Vec<u32>, module::Error> {
    let mut reader = input.read(scratch)?;
    let mut loops = Vec::new();
    while let Some((offset, op)) = reader.next()? {
        if matches!(op, Op::Loop(_)) {
            loops.push(offset);
        }
    }
    let step = 1 + loops.len() / 64;
    Ok(loops.into_iter().step_by(step).collect())
}

/// The functions of a module in the text format.
fn build_wat(wat: &str, options: BuildOptions) -> String {
    let bytes = text::wat_to_wasm(wat, None).unwrap_or_else(|error| panic!("{error}"));
    let texts = build_all(bytes, options).unwrap_or_else(|error| panic!("{error}"));
    // Offsets would make the expectations hard to read and to keep.
    let lines = texts.iter().flat_map(|text| text.lines());
    lines
        .map(|line| format!("{}\n", line.split(" @").next().unwrap()))
        .collect()
}
