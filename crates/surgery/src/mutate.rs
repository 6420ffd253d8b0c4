//! A module changed a little, at random but repeatably.
//!
//! Apart from shrinking because what it makes need not be smaller, nor do what it did.

use crate::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wasm_mutate::{ErrorKind, WasmMutate};
use wasmparser::{Validator, WasmFeatures};

/// How a module is changed.
#[derive(Clone, Copy, Debug)]
pub struct Mutate {
    /// What decides; the same seed makes the same of the same module.
    pub seed: u64,
    /// Whether it must do what it did.
    pub preserve_semantics: bool,
    /// Whether it must become smaller.
    pub reduce: bool,
    /// How much is tried before giving up.
    pub fuel: u64,
}

/// How many changes that turn out impossible are passed over.
const TRIES_MAX: usize = 100;
/// How many seeds follow from one, until one finds a change: what makes changes picks a kind, and gives up if there is none of it.
const SEEDS_MAX: u64 = 100;

impl Mutate {
    /// The module with one change.
    ///
    /// # Errors
    /// If it is not valid or has something that changes are not known of; or no change was found.
    pub fn apply(&self, wasm: &[u8]) -> Result<Vec<u8>, Error> {
        // The changes are made of what is valid, and trust that it is.
        Validator::new_with_features(WasmFeatures::all()).validate_all(wasm)?;
        let mut last = None;
        for nth in 0..SEEDS_MAX {
            // Far apart, so that neighboring seeds do not come to the same changes.
            let seed = self.seed.wrapping_add(nth << 32);
            // What makes the changes expects more of modules than that they are valid.
            let changed = catch_unwind(AssertUnwindSafe(|| self.change(wasm, seed)));
            match changed {
                Ok(Ok(Some(changed))) => return Ok(changed),
                Ok(Ok(None)) => {}
                Ok(Err(error)) => return Err(error),
                Err(_) => last = Some("changes are not known of what this module has"),
            }
        }
        Err(Error::new(last.unwrap_or("no change was found")))
    }

    /// A change that this seed finds, if it finds one.
    fn change(&self, wasm: &[u8], seed: u64) -> Result<Option<Vec<u8>>, Error> {
        let mut mutate = WasmMutate::default();
        mutate
            .seed(seed)
            .preserve_semantics(self.preserve_semantics)
            .reduce(self.reduce)
            .fuel(self.fuel);
        let changes = match mutate.run(wasm) {
            Err(error) if matches!(error.kind(), ErrorKind::NoMutationsApplicable) => {
                return Ok(None);
            }
            changes => changes.map_err(|error| fault(&error))?,
        };
        for changed in changes.take(TRIES_MAX) {
            match changed {
                Ok(changed) if changed != wasm && is_valid(&changed) => return Ok(Some(changed)),
                Ok(_) => {}
                Err(error) if matches!(error.kind(), ErrorKind::NoMutationsApplicable) => {}
                Err(error) => return Err(fault(&error)),
            }
        }
        Ok(None)
    }
}

fn is_valid(wasm: &[u8]) -> bool {
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    validator.validate_all(wasm).is_ok()
}

fn fault(error: &wasm_mutate::Error) -> Error {
    match error.kind() {
        ErrorKind::Parse(error) => Error::new(format!(
            "changes are not known of this: {}",
            error.message()
        )),
        ErrorKind::NoMutationsApplicable => Error::new("no change was found"),
        ErrorKind::OutOfFuel => Error::new("the fuel is used up, and no change was found"),
        ErrorKind::Unsupported(what) => Error::new(format!("changes are not known of {what}")),
        ErrorKind::Other(what) => Error::new(what.clone()),
    }
}
