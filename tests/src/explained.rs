//! What is said of a valid module: every byte is explained once, and the features that it is said to need are enough for it.
//!
//! Apart from the round trips, which only share the modules.

use inspect::{FrameKind, Kind, Part, overview};

/// Checks both.
pub fn check(wasm: &[u8]) -> Result<(), String> {
    let mut at = 0;
    let mut fault = None;
    let mut is_custom = false;
    inspect::explain(wasm, &mut |part: Part<'_>| {
        if part.kind == Kind::Heading && part.meaning.ends_with(" section") {
            is_custom = part.meaning == "custom section";
        }
        // A module is valid whatever is wrong in its custom sections.
        let is_lost = !is_custom && (part.meaning == "not explained" || part.kind == Kind::Fault);
        if part.range.start != at || is_lost {
            fault.get_or_insert_with(|| format!("byte {at:#x} is explained as {part:?}"));
        }
        at = part.range.end;
    });
    match fault {
        Some(fault) => return Err(fault),
        None if at != wasm.len() => return Err(format!("bytes from {at:#x} on are not explained")),
        None => {}
    }
    let overview = overview(wasm);
    if overview.is == Some(FrameKind::Module) && validate(wasm, wharf::Features::runnable()).is_ok()
    {
        let needed = overview
            .features
            .iter()
            .try_fold(wharf::Features::NONE, |set, name| set.with(name));
        let needed = needed.map_err(|error| error.to_string())?;
        validate(wasm, needed)
            .map_err(|error| format!("it needs more than {:?}: {error}", overview.features))?;
    }
    Ok(())
}

fn validate(wasm: &[u8], features: wharf::Features) -> Result<(), String> {
    let mut config = wharf::Config::new();
    config.features(features).tier(wharf::Tier::Interp);
    let engine = wharf::Engine::new(&config).map_err(|error| error.to_string())?;
    wharf::Module::validate(&engine, wasm).map_err(|error| error.to_string())
}
