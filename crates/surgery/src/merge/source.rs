//! What a module has, by section.
//!
//! Apart from joining because it is reading only: everything after works on items, whatever sections they stood in.

use super::MergeInput;
use crate::Error;
use std::collections::HashMap;
use wasmparser::{
    Data, Element, Export, FunctionBody, Global, Import, MemoryType, Parser, Payload, RecGroup,
    Table, TagType, TypeRef, Validator, WasmFeatures,
};

/// The kinds of things that have index spaces of their own, and can be imported.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Kind {
    Func,
    Table,
    Memory,
    Global,
    Tag,
}

impl Kind {
    /// How many there are.
    pub(crate) const N: usize = 5;

    /// What an import or export is.
    pub(crate) fn of(ty: &TypeRef) -> Kind {
        match ty {
            TypeRef::Func(_) | TypeRef::FuncExact(_) => Kind::Func,
            TypeRef::Table(_) => Kind::Table,
            TypeRef::Memory(_) => Kind::Memory,
            TypeRef::Global(_) => Kind::Global,
            TypeRef::Tag(_) => Kind::Tag,
        }
    }

    /// What an export is.
    pub(crate) fn of_export(export: &Export<'_>) -> Kind {
        use wasmparser::ExternalKind as External;
        match export.kind {
            External::Func | External::FuncExact => Kind::Func,
            External::Table => Kind::Table,
            External::Memory => Kind::Memory,
            External::Global => Kind::Global,
            External::Tag => Kind::Tag,
        }
    }

    /// What people call it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Kind::Func => "function",
            Kind::Table => "table",
            Kind::Memory => "memory",
            Kind::Global => "global",
            Kind::Tag => "tag",
        }
    }
}

/// A module, read.
pub(crate) struct Source<'a> {
    /// What imports call it.
    pub name: &'a str,
    pub groups: Vec<RecGroup>,
    /// All imports, in order.
    pub imports: Vec<Import<'a>>,
    /// By kind: the imports of it, as places among all.
    pub imported: [Vec<u32>; Kind::N],
    /// Types of defined functions.
    pub funcs: Vec<u32>,
    pub tables: Vec<Table<'a>>,
    pub memories: Vec<MemoryType>,
    pub globals: Vec<Global<'a>>,
    pub tags: Vec<TagType>,
    pub exports: Vec<Export<'a>>,
    /// Exports by name, as places among all.
    pub export_named: HashMap<&'a str, u32>,
    pub start: Option<u32>,
    pub elems: Vec<Element<'a>>,
    pub has_data_count: bool,
    pub datas: Vec<Data<'a>>,
    pub bodies: Vec<FunctionBody<'a>>,
    /// Names and contents of custom sections.
    pub customs: Vec<(&'a str, &'a [u8])>,
}

impl<'a> Source<'a> {
    /// Reads a module, and validates it, with all features there are.
    pub(crate) fn read(input: &MergeInput<'a>) -> Result<Source<'a>, Error> {
        if !Parser::is_core_wasm(input.wasm) {
            return Err(Error::new(match Parser::is_component(input.wasm) {
                true => "this is a component, and only core modules can be merged",
                false => "this is no WebAssembly module",
            }));
        }
        Validator::new_with_features(WasmFeatures::all()).validate_all(input.wasm)?;
        let mut source = Source {
            name: input.name,
            groups: Vec::new(),
            imports: Vec::new(),
            imported: Default::default(),
            funcs: Vec::new(),
            tables: Vec::new(),
            memories: Vec::new(),
            globals: Vec::new(),
            tags: Vec::new(),
            exports: Vec::new(),
            export_named: HashMap::new(),
            start: None,
            elems: Vec::new(),
            has_data_count: false,
            datas: Vec::new(),
            bodies: Vec::new(),
            customs: Vec::new(),
        };
        for payload in Parser::new(0).parse_all(input.wasm) {
            source.take(payload?)?;
        }
        for (at, import) in source.imports.iter().enumerate() {
            source.imported[Kind::of(&import.ty) as usize].push(at as u32);
        }
        for (at, export) in source.exports.iter().enumerate() {
            source.export_named.insert(export.name, at as u32);
        }
        Ok(source)
    }

    fn take(&mut self, payload: Payload<'a>) -> Result<(), Error> {
        fn all<T>(
            items: impl IntoIterator<Item = wasmparser::Result<T>>,
        ) -> wasmparser::Result<Vec<T>> {
            items.into_iter().collect()
        }
        match payload {
            Payload::TypeSection(section) => self.groups = all(section)?,
            Payload::ImportSection(section) => self.imports = all(section.into_imports())?,
            Payload::FunctionSection(section) => self.funcs = all(section)?,
            Payload::TableSection(section) => self.tables = all(section)?,
            Payload::MemorySection(section) => self.memories = all(section)?,
            Payload::GlobalSection(section) => self.globals = all(section)?,
            Payload::TagSection(section) => self.tags = all(section)?,
            Payload::ExportSection(section) => self.exports = all(section)?,
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::ElementSection(section) => self.elems = all(section)?,
            Payload::DataCountSection { .. } => self.has_data_count = true,
            Payload::DataSection(section) => self.datas = all(section)?,
            Payload::CodeSectionEntry(body) => self.bodies.push(body),
            Payload::CustomSection(section) => {
                self.customs.push((section.name(), section.data()));
            }
            _ => {}
        }
        Ok(())
    }

    /// How many of a kind are imported.
    pub(crate) fn n_imported(&self, kind: Kind) -> u32 {
        self.imported[kind as usize].len() as u32
    }

    /// How many of a kind are defined.
    pub(crate) fn n_defined(&self, kind: Kind) -> u32 {
        let n = match kind {
            Kind::Func => self.funcs.len(),
            Kind::Table => self.tables.len(),
            Kind::Memory => self.memories.len(),
            Kind::Global => self.globals.len(),
            Kind::Tag => self.tags.len(),
        };
        n as u32
    }

    /// The import that is a given entry of an index space; `None` if it is defined.
    pub(crate) fn import(&self, kind: Kind, index: u32) -> Option<&Import<'a>> {
        let at = *self.imported[kind as usize].get(index as usize)?;
        self.imports.get(at as usize)
    }

    /// The type of something that is defined.
    pub(crate) fn defined_type(&self, kind: Kind, defined: u32) -> TypeRef {
        let at = defined as usize;
        match kind {
            Kind::Func => TypeRef::FuncExact(self.funcs[at]),
            Kind::Table => TypeRef::Table(self.tables[at].ty),
            Kind::Memory => TypeRef::Memory(self.memories[at]),
            Kind::Global => TypeRef::Global(self.globals[at].ty),
            Kind::Tag => TypeRef::Tag(self.tags[at]),
        }
    }
}
