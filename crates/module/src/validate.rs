//! Whether a module or a component is valid, for those who do nothing else with it.
//!
//! Apart from decoding, which keeps what it reads, knows no components, and refuses what no tier runs.

use wasmparser::{Encoding, Parser, Payload, ValidPayload, Validator};

use crate::{Error, Features, FuncIdx};

/// Checks a module or a component that may use these features, whether tiers run them or not.
///
/// # Errors
/// What is wrong first.
pub fn validate(bytes: &[u8], features: Features) -> Result<(), Error> {
    if let Some(found) = bytes.get(..4).filter(|found| found != b"\0asm") {
        return Err(Error::magic(found));
    }
    let mut validator = Validator::new_with_features(features.to_parser());
    let mut allocations = Default::default();
    let mut depth = 0usize;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(Error::malformed)?;
        match &payload {
            Payload::Version {
                encoding: Encoding::Component,
                ..
            } if depth == 0 => {
                validator = Validator::new_with_features(features.to_parser_of_components());
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            _ => {}
        }
        match validator.payload(&payload).map_err(Error::invalid)? {
            ValidPayload::Func(func, body) => {
                let mut func = func.into_validator(allocations);
                let idx = FuncIdx(func.index());
                let checked = func.validate(&body).map_err(Error::invalid);
                // In a component there are functions of this number in every module.
                checked.map_err(|error| match depth {
                    0 => error.in_func(idx),
                    _ => error,
                })?;
                allocations = func.into_allocations();
            }
            ValidPayload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::validate;
    use crate::Features;

    fn message(text: &str, features: Features) -> Option<String> {
        let wasm = text::wat_to_wasm(text, None).unwrap();
        let error = validate(&wasm, features).err()?;
        Some(format!("{} {:?}", error.message(), error.func()))
    }

    #[test]
    fn modules_and_components() {
        let all = Features::decodable();
        assert_eq!(message("(module (func nop))", all), None);
        let bad = "(func) (func i32.add)";
        let found = message(&format!("(module {bad})"), all).unwrap();
        assert!(
            found.contains("type mismatch") && found.contains("FuncIdx(1)"),
            "{found}"
        );
        assert_eq!(
            message("(component (core module (func nop)) (type (list u8)))", all),
            None
        );
        let found = message(&format!("(component (core module {bad}))"), all).unwrap();
        assert!(
            found.contains("type mismatch") && found.contains("None"),
            "{found}"
        );
        assert!(
            message(
                "(component (core module (func (result v128) v128.const i64x2 0 0)))",
                Features::NONE
            )
            .is_some()
        );
        assert!(validate(b"no module", all).is_err() && validate(b"\0as", all).is_err());
    }
}
