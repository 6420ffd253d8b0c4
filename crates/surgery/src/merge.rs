//! Several modules as one, in which each sees what it would see if they were linked.
//!
//! Apart from other operations because it is a linker: `merge/source.rs` reads what each module has, `merge/types.rs` finds types
//! that are the same, `merge/link.rs` finds what imports mean, `merge/write.rs` writes it all with new numbers, and
//! `merge/customs.rs` joins names and producers.
//!
//! **What may be told apart from linking.** All segments are written into memories and tables before the first start function
//! runs, and a fault in one leaves no instance of any module.

mod customs;
mod link;
mod order;
pub(crate) mod source;
mod types;
mod write;

use crate::Error;
use source::Source;
use wasmparser::{Validator, WasmFeatures};

/// A module that is merged with others.
#[derive(Clone, Copy, Debug)]
pub struct MergeInput<'a> {
    /// What the others' imports call it.
    pub name: &'a str,
    /// The module.
    pub wasm: &'a [u8],
}

/// What becomes of exports of different things under one name.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum ExportConflicts {
    /// They are an error.
    #[default]
    Refuse,
    /// All but the first get another name.
    Rename,
    /// Only the first is exported.
    Skip,
}

/// Modules that became one.
#[derive(Debug)]
pub struct Merged {
    /// The module.
    pub wasm: Vec<u8>,
    /// What was lost, or may be a mistake: a sentence each.
    pub warnings: Vec<String>,
}

/// Why modules cannot be merged.
#[derive(Debug)]
pub struct MergeError {
    /// Which of the modules is at fault, if it is one alone.
    pub input: Option<usize>,
    /// What is wrong.
    pub error: Error,
}

impl From<Error> for MergeError {
    fn from(error: Error) -> MergeError {
        MergeError { input: None, error }
    }
}

/// One module that has everything of several. An import from a module that is among them means what that module exports; other
/// imports stay, once if several modules have them. All exports stay, start functions run in order, and names and producers are
/// joined. Other custom sections do not survive.
///
/// # Errors
/// If one is not valid, or not a core module; two have the same name; an import is of another type than what it means; two export
/// different things under one name, and this is refused.
pub fn merge(inputs: &[MergeInput<'_>], conflicts: ExportConflicts) -> Result<Merged, MergeError> {
    let mut sources = Vec::with_capacity(inputs.len());
    for (at, input) in inputs.iter().enumerate() {
        if inputs[..at].iter().any(|other| other.name == input.name) {
            let message = format!("two modules have the name `{}`", input.name);
            return Err(Error::new(message).into());
        }
        let source = Source::read(input).map_err(|error| MergeError {
            input: Some(at),
            error,
        })?;
        sources.push(source);
    }
    let mut types = types::join(&sources)?;
    let mut warnings = Vec::new();
    let links = link::link(&sources, &types, &mut warnings)?;
    let mut module = write::module(&sources, &mut types, &links, conflicts)?;
    customs::append(&mut module, &sources, &types, &links, &mut warnings);
    let wasm = module.finish();
    // The whole has limits that no part exceeds.
    if let Err(error) = Validator::new_with_features(WasmFeatures::all()).validate_all(&wasm) {
        let message = format!("together they make no valid module: {}", error.message());
        return Err(Error::new(message).into());
    }
    Ok(Merged { wasm, warnings })
}

/// A module that imports all that another exports, from a module of a given name, and has nothing else.
///
/// # Errors
/// If the other is not valid, or not a core module.
pub fn importer(input: &MergeInput<'_>) -> Result<Vec<u8>, Error> {
    let sources = [Source::read(input)?];
    let types = types::join(&sources)?;
    let links = link::link(&sources, &types, &mut Vec::new())?;
    let mut imports = wasm_encoder::ImportSection::new();
    for export in &sources[0].exports {
        let kind = source::Kind::of_export(export);
        let ty = links.entity_type(&sources, &types, 0, kind, export.index)?;
        imports.import(input.name, export.name, ty);
    }
    let mut module = wasm_encoder::Module::new();
    module.section(types.section());
    module.section(&imports);
    Ok(module.finish())
}
