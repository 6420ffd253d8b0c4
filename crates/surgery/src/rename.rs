//! Names in the name section, each given anew.
//!
//! Apart from dropping and adding sections because here the inside of one changes. Which names, and how, is the caller's.

use wasm_encoder::{IndirectNameMap, NameMap, NameSection};
use wasmparser::{BinaryReader, Name, NameSectionReader};

use crate::Error;
use crate::sections::{Fate, with_customs, write_u32};

/// Gives the names of functions, locals and all else in a file anew: `rename` returns the new name, or nothing if it stays.
///
/// The modules in a component are done too; names of modules themselves stay. A name section that is malformed stays as it is, since it is
/// no fault of the module.
///
/// # Errors
/// If sections cannot be told apart.
pub fn rename(
    bytes: &[u8],
    rename: &mut dyn FnMut(&str) -> Option<String>,
) -> Result<Vec<u8>, Error> {
    with_customs(bytes, &mut |custom| {
        if custom.name != "name" || custom.in_component {
            return Fate::Keep;
        }
        match rename_section(custom.data, rename) {
            Some(data) => Fate::Replace(data),
            None => Fate::Keep,
        }
    })
}

fn rename_section(data: &[u8], rename: &mut dyn FnMut(&str) -> Option<String>) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(data.len());
    for names in NameSectionReader::new(BinaryReader::new(data, 0)) {
        let mut section = NameSection::new();
        let mut map = |names: wasmparser::NameMap<'_>| rename_map(names, rename);
        match names.ok()? {
            Name::Module { name, .. } => section.module(name),
            Name::Function(names) => section.functions(&map(names)?),
            Name::Type(names) => section.types(&map(names)?),
            Name::Table(names) => section.tables(&map(names)?),
            Name::Memory(names) => section.memories(&map(names)?),
            Name::Global(names) => section.globals(&map(names)?),
            Name::Element(names) => section.elements(&map(names)?),
            Name::Data(names) => section.data(&map(names)?),
            Name::Tag(names) => section.tags(&map(names)?),
            Name::Local(names) => section.locals(&rename_maps(names, rename)?),
            Name::Label(names) => section.labels(&rename_maps(names, rename)?),
            Name::Field(names) => section.fields(&rename_maps(names, rename)?),
            Name::Parameter(names) => section.parameters(&rename_maps(names, rename)?),
            Name::TagParameter(names) => section.tag_parameters(&rename_maps(names, rename)?),
            Name::Unknown { ty, data, .. } => {
                out.push(ty);
                write_u32(data.len() as u32, &mut out);
                out.extend_from_slice(data);
            }
        }
        out.extend_from_slice(&section.as_custom().data);
    }
    Some(out)
}

fn rename_map(
    names: wasmparser::NameMap<'_>,
    rename: &mut dyn FnMut(&str) -> Option<String>,
) -> Option<NameMap> {
    let mut map = NameMap::new();
    for naming in names {
        let naming = naming.ok()?;
        let new = rename(naming.name);
        map.append(naming.index, new.as_deref().unwrap_or(naming.name));
    }
    Some(map)
}

fn rename_maps(
    names: wasmparser::IndirectNameMap<'_>,
    rename: &mut dyn FnMut(&str) -> Option<String>,
) -> Option<IndirectNameMap> {
    let mut maps = IndirectNameMap::new();
    for naming in names {
        let naming = naming.ok()?;
        maps.append(naming.index, &rename_map(naming.names, rename)?);
    }
    Some(maps)
}
