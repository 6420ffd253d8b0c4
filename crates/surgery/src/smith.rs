//! Modules made of bytes: whatever the bytes, the module is valid.
//!
//! Apart from mutation because it starts from nothing.

use crate::Error;
use arbitrary::Unstructured;
use wasm_smith::{Config, Module};

/// What modules may have; every option may be left out.
pub use wasm_smith::InternalOptionalConfig as SmithOptions;

/// How a module is made.
#[derive(Clone, Default, Debug)]
pub struct Smith {
    /// What it may have.
    pub options: SmithOptions,
    /// A module whose imports are all that it may import, such as [`importer`] makes; anything if none.
    pub imports: Option<Vec<u8>>,
    /// How many calls and rounds of loops it makes before it traps; no limit if none.
    pub fuel: Option<u32>,
}

impl Smith {
    /// The module that the bytes describe; more bytes make larger modules.
    ///
    /// # Errors
    /// If the options make no sense together, or name a module of imports or exports that is not valid.
    pub fn make(&self, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let fault = |error: &dyn std::fmt::Display| Error::new(error.to_string());
        let mut config = Config::try_from(self.options.clone()).map_err(|error| fault(&error))?;
        config.available_imports = self.imports.clone().or(config.available_imports);
        let described = [
            &config.available_imports,
            &config.exports,
            &config.module_shape,
        ];
        for module in described.into_iter().flatten() {
            wasmparser::validate(module)?;
        }
        let mut module =
            Module::new(config, &mut Unstructured::new(bytes)).map_err(|error| fault(&error))?;
        if let Some(fuel) = self.fuel {
            let fault = |error| Error::new(format!("{error:#}"));
            module.ensure_termination(fuel).map_err(fault)?;
        }
        Ok(module.to_bytes())
    }
}

/// Bytes that follow from a number, as [`Smith::make`] takes them.
pub fn seed_bytes(seed: u64, n: usize) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(n + 8);
    while bytes.len() < n {
        // The generator SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(z ^ (z >> 31)).to_le_bytes());
    }
    bytes.truncate(n);
    bytes
}
