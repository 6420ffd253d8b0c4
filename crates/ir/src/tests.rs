//! Functions built from text and from the official suite: what they become, that they hold together, and that text leads back.

mod built;
mod exceptions;
mod gc;
mod suite;

use crate::{BuildOptions, Builder, parse, verify};
use module::{Features, ReadScratch};

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
        let func = match builder.build(input.read(&mut scratch)?, options) {
            Ok(func) => func,
            Err(crate::BuildError::Invalid(error)) => return Err(error),
            Err(error) => panic!("{error}"),
        };
        let text = func.to_string();
        verify(func, Some(module.header())).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let again = parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        verify(&again, Some(module.header())).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(again.to_string(), text);
        texts.push(text);
    }
    Ok(texts)
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
