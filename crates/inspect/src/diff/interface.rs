//! What a file imports and exports, with types, in a form that can be compared.
//!
//! Apart from functions, because these are promises to others.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use wasmparser::{CompositeInnerType, ExternalKind, TypeRef, ValType};

use crate::anatomy::{Anatomy, ModuleParts, shown_short};

/// Names of modules are cut to so many characters, since many imports may share one.
const NAME_MAX: usize = 100;
/// Of longer lists of types, which many functions may share, the rest is told apart by a hash.
const TYPES_MAX: usize = 32;

/// An import or export.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Entry {
    /// Whether it is an import.
    pub is_import: bool,
    /// The name; `module::name` for imports.
    pub name: String,
    /// What it is: `func [i32] -> [i32]`.
    pub ty: String,
}

/// All imports and exports of the core modules of a file.
pub fn interface(anatomy: &Anatomy<'_>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (_, module) in anatomy.core_modules() {
        entries.extend(module.imports.iter().map(|import| Entry {
            is_import: true,
            name: format!("{}::{}", shown_short(import.module, NAME_MAX), import.name),
            ty: type_of(module, &import.ty),
        }));
        // Looked up by index: imports come first in each index space.
        let mut imported: [Vec<TypeRef>; 5] = Default::default();
        for import in &module.imports {
            imported[space_of(&import.ty)].push(import.ty);
        }
        entries.extend(module.exports.iter().map(|export| Entry {
            is_import: false,
            name: export.name.to_owned(),
            ty: exported_type(module, &imported, export),
        }));
    }
    entries
}

/// What only the first file has, and what only the second.
pub fn compare(before: &Anatomy<'_>, after: &Anatomy<'_>) -> (Vec<Entry>, Vec<Entry>) {
    // How often each is there: before as negative numbers, after as positive ones.
    let mut counts: BTreeMap<Entry, i64> = BTreeMap::new();
    for entry in interface(before) {
        *counts.entry(entry).or_default() -= 1;
    }
    for entry in interface(after) {
        *counts.entry(entry).or_default() += 1;
    }
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for (entry, count) in counts {
        match count {
            0 => {}
            ..0 => removed.push(entry),
            1.. => added.push(entry),
        }
    }
    (removed, added)
}

fn space_of(ty: &TypeRef) -> usize {
    match ty {
        TypeRef::Func(_) | TypeRef::FuncExact(_) => 0,
        TypeRef::Table(_) => 1,
        TypeRef::Memory(_) => 2,
        TypeRef::Global(_) => 3,
        TypeRef::Tag(_) => 4,
    }
}

fn func_type(module: &ModuleParts<'_>, word: &str, ty: u32) -> String {
    match module
        .types
        .get(ty as usize)
        .map(|(ty, _)| &ty.composite_type.inner)
    {
        Some(CompositeInnerType::Func(func)) => {
            let list = |types: &[ValType]| {
                let shown = types.iter().take(TYPES_MAX).map(ToString::to_string);
                let mut list = shown.collect::<Vec<_>>().join(" ");
                if types.len() > TYPES_MAX {
                    let mut hasher = DefaultHasher::new();
                    types.hash(&mut hasher);
                    let (n, hash) = (types.len() - TYPES_MAX, hasher.finish());
                    list.push_str(&format!(" and {n} more, {hash:016x}"));
                }
                list
            };
            format!(
                "{word} [{}] -> [{}]",
                list(func.params()),
                list(func.results())
            )
        }
        _ => format!("{word} of unknown type"),
    }
}

fn type_of(module: &ModuleParts<'_>, ty: &TypeRef) -> String {
    let limits = |initial: u64, maximum: Option<u64>| match maximum {
        Some(maximum) => format!("{initial}..{maximum}"),
        None => format!("{initial}.."),
    };
    let flag = |is: bool, word: &'static str| if is { word } else { "" };
    match ty {
        TypeRef::Func(ty) => func_type(module, "func", *ty),
        TypeRef::FuncExact(ty) => func_type(module, "exact func", *ty),
        TypeRef::Tag(tag) => func_type(module, "tag", tag.func_type_idx),
        TypeRef::Table(table) => format!(
            "table{}{} {} {}",
            flag(table.table64, "64"),
            flag(table.shared, " shared"),
            limits(table.initial, table.maximum),
            table.element_type,
        ),
        TypeRef::Memory(memory) => format!(
            "memory{}{} {}",
            flag(memory.memory64, "64"),
            flag(memory.shared, " shared"),
            limits(memory.initial, memory.maximum),
        ),
        TypeRef::Global(global) => format!(
            "global{}{} {}",
            flag(global.mutable, " mut"),
            flag(global.shared, " shared"),
            global.content_type,
        ),
    }
}

fn exported_type(
    module: &ModuleParts<'_>,
    imported: &[Vec<TypeRef>; 5],
    export: &wasmparser::Export<'_>,
) -> String {
    let (space, word) = match export.kind {
        ExternalKind::Func | ExternalKind::FuncExact => {
            let ty = module.func_types.get(export.index as usize);
            return ty.map_or("func".to_owned(), |ty| func_type(module, "func", *ty));
        }
        ExternalKind::Table => (1, "table"),
        ExternalKind::Memory => (2, "memory"),
        ExternalKind::Global => (3, "global"),
        ExternalKind::Tag => (4, "tag"),
    };
    let idx = export.index as usize;
    let defined = idx.checked_sub(imported[space].len());
    let ty = match (defined, space) {
        (None, _) => Some(imported[space][idx]),
        (Some(idx), 1) => module.tables.get(idx).map(|table| TypeRef::Table(table.ty)),
        (Some(idx), 2) => module
            .memories
            .get(idx)
            .map(|memory| TypeRef::Memory(*memory)),
        (Some(idx), 3) => module
            .globals
            .get(idx)
            .map(|global| TypeRef::Global(global.ty)),
        (Some(idx), _) => {
            let ty = module.tag_types.get(idx);
            return ty.map_or(word.to_owned(), |ty| func_type(module, "tag", *ty));
        }
    };
    ty.map_or(word.to_owned(), |ty| type_of(module, &ty))
}
