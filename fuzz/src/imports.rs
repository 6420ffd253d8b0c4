//! What modules import, changed or made so that they can be instantiated: a module that cannot be says little.
//!
//! Apart from `host`, which needs an engine: this reads and writes bytes.

use std::borrow::Cow;
use std::collections::HashSet;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    ExportKind, ExportSection, ImportSection, Module, RawSection, SectionId, TagKind, TagSection,
    TagType,
};
use wasmparser::{Import, Parser, Payload, TypeRef};

/// The sections of a module whose encoding is valid, each with its number and bytes.
fn sections(bytes: &[u8]) -> impl Iterator<Item = (Payload<'_>, Option<RawSection<'_>>)> {
    Parser::new(0).parse_all(bytes).map(|payload| {
        let payload = payload.expect("only valid modules are judged");
        let section = payload.as_section().map(|(id, range)| RawSection {
            id,
            data: &bytes[range.start as usize..range.end as usize],
        });
        (payload, section)
    })
}

fn imports(bytes: &[u8]) -> Vec<Import<'_>> {
    let mut imports = Vec::new();
    for (payload, _) in sections(bytes) {
        if let Payload::ImportSection(section) = payload {
            imports.extend(section.into_imports().map(|import| import.expect("valid")));
        }
    }
    imports
}

/// A valid module in which nothing is imported twice under one name: one name can mean only one thing.
pub fn distinct(bytes: &[u8]) -> Cow<'_, [u8]> {
    let imports = imports(bytes);
    let mut names = HashSet::new();
    if imports
        .iter()
        .all(|import| names.insert((import.module, import.name)))
    {
        return Cow::Borrowed(bytes);
    }
    let mut distinct = ImportSection::new();
    for (index, import) in imports.iter().enumerate() {
        let ty = RoundtripReencoder.entity_type(import.ty);
        distinct.import(
            import.module,
            &index.to_string(),
            ty.expect("a type of an import"),
        );
    }
    let mut module = Module::new();
    for (payload, section) in sections(bytes) {
        match (payload, section) {
            (Payload::ImportSection(_), _) => _ = module.section(&distinct),
            (_, Some(section)) => _ = module.section(&section),
            _ => {}
        }
    }
    Cow::Owned(module.finish())
}

/// A module that exports a tag for each that a valid module imports, named by its place among those: a tag is of one type with
/// another only if their types were defined among the same others, which a host has no way to do.
pub fn with_tags(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut tags, mut exports) = (TagSection::new(), ExportSection::new());
    for (index, import) in imports(bytes).iter().enumerate() {
        if let TypeRef::Tag(ty) = import.ty {
            exports.export(&index.to_string(), ExportKind::Tag, tags.len());
            tags.tag(TagType {
                kind: TagKind::Exception,
                func_type_idx: ty.func_type_idx,
            });
        }
    }
    if tags.is_empty() {
        return None;
    }
    let mut module = Module::new();
    for (_, section) in sections(bytes) {
        if let Some(section) = section.filter(|section| section.id == SectionId::Type as u8) {
            module.section(&section);
        }
    }
    module.section(&tags).section(&exports);
    Some(module.finish())
}
