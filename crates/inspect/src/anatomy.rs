//! A file cut into items so that each of its bytes is in exactly one: functions, segments, types, names, headers.
//!
//! Apart from what is asked about them (sizes, calls, differences), because all of these ask about the same items.

mod cut;
mod label;
mod names;
mod references;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ops::Range;

use wasmparser::{
    ConstExpr, Data, Element, Export, FunctionBody, Global, Import, MemoryType, SubType, Table,
    TypeRef,
};

use crate::fault::Fault;
pub use label::{shown, shown_short};
pub use references::Reference;
pub(crate) use references::{in_ref_type as type_of_ref, in_type as types_in, operator_shapes};

/// A file cut into items, and what its modules declare.
///
/// Items lie one after the other: the first begins at byte 0, and each of the others where the one before it ends.
pub struct Anatomy<'a> {
    /// The file.
    pub bytes: &'a [u8],
    /// The items in the order of the file.
    pub items: Vec<Item<'a>>,
    /// Modules and components, outer before inner, in the order in which they begin. There is at least one.
    pub modules: Vec<ModuleParts<'a>>,
    /// The name of the first export of each function that is exported, by the function's item.
    exported: HashMap<u32, &'a str>,
}

/// A piece of a file.
#[derive(Clone)]
pub struct Item<'a> {
    /// What it is.
    pub kind: ItemKind,
    /// The module or component it belongs to directly, by its place in [`Anatomy::modules`].
    pub module: u32,
    /// Its index among those of its kind; the first one for a group of types. For functions, tables, memories, globals and tags it
    /// counts imports.
    pub index: u32,
    /// The section it is in.
    pub section: Section<'a>,
    /// The bytes of the file.
    pub range: Range<u64>,
    /// Its name in the name section, as it stands there.
    pub name: Option<&'a str>,
}

impl Item<'_> {
    /// How many bytes it takes.
    pub fn bytes(&self) -> u64 {
        self.range.end - self.range.start
    }
}

/// Kinds of items.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ItemKind {
    /// Magic number and version of a module or component.
    Header,
    /// Identifier, size and count of a section.
    SectionHeader,
    /// A type, or a group of recursive types.
    Type,
    /// An import.
    Import,
    /// The type indices of all functions.
    FuncTypes,
    /// A table that the module defines.
    Table,
    /// A memory that the module defines.
    Memory,
    /// A tag that the module defines.
    Tag,
    /// A global that the module defines.
    Global,
    /// An export.
    Export,
    /// The start function's index.
    Start,
    /// An element segment.
    Elem,
    /// The number of data segments.
    DataCount,
    /// A function's body.
    Func,
    /// A data segment.
    Data,
    /// A piece of the name section: all names of one kind.
    Names,
    /// A custom section.
    Custom,
    /// A section of a component.
    Component,
    /// A section of an unknown kind.
    Unknown,
}

impl ItemKind {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            ItemKind::Header => "header",
            ItemKind::SectionHeader => "section header",
            ItemKind::Type => "type",
            ItemKind::Import => "import",
            ItemKind::FuncTypes => "function types",
            ItemKind::Table => "table",
            ItemKind::Memory => "memory",
            ItemKind::Tag => "tag",
            ItemKind::Global => "global",
            ItemKind::Export => "export",
            ItemKind::Start => "start",
            ItemKind::Elem => "elem",
            ItemKind::DataCount => "data count",
            ItemKind::Func => "func",
            ItemKind::Data => "data",
            ItemKind::Names => "names",
            ItemKind::Custom => "custom",
            ItemKind::Component => "component",
            ItemKind::Unknown => "unknown",
        }
    }
}

/// The section of an item.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Section<'a> {
    /// One of the specification's, or the `header` of a module, by its name.
    Known(&'static str),
    /// A custom section, by its name.
    Custom(&'a str),
}

/// What a core module or a component declares, by index space.
///
/// For a component only the places of things are known, not what they are.
#[derive(Default)]
pub struct ModuleParts<'a> {
    /// Whether it is a component.
    pub is_component: bool,
    /// How many of its like there are before it, the whole file aside.
    pub number: u32,
    /// The component that it is in.
    pub parent: Option<u32>,
    /// The bytes of the file.
    pub range: Range<u64>,
    /// Its name in its name section.
    pub name: Option<&'a str>,
    /// The types, and the item of each.
    pub types: Vec<(SubType, u32)>,
    /// Where each group of recursive types begins: its first type.
    pub rec_groups: Vec<u32>,
    /// All imports.
    pub imports: Vec<Import<'a>>,
    /// All exports.
    pub exports: Vec<Export<'a>>,
    /// The start function.
    pub start: Option<u32>,
    /// The type of each function, imports first.
    pub func_types: Vec<u32>,
    /// The bodies of functions that are not imported.
    pub bodies: Vec<FunctionBody<'a>>,
    /// Tables that are not imported.
    pub tables: Vec<Table<'a>>,
    /// Memories that are not imported.
    pub memories: Vec<MemoryType>,
    /// Globals that are not imported.
    pub globals: Vec<Global<'a>>,
    /// Types of tags that are not imported.
    pub tag_types: Vec<u32>,
    /// Element segments.
    pub elems: Vec<Element<'a>>,
    /// Data segments.
    pub data: Vec<Data<'a>>,
    /// Custom sections.
    pub customs: Vec<Custom<'a>>,
    /// The contents of the code section.
    pub code: Option<Range<u64>>,
    /// The item of each function, table, memory, global, tag and segment.
    pub spaces: Spaces,
}

/// The item that stands for each index of an index space; the import's for what is imported.
#[derive(Default)]
#[allow(missing_docs)]
pub struct Spaces {
    pub funcs: Vec<u32>,
    pub tables: Vec<u32>,
    pub memories: Vec<u32>,
    pub globals: Vec<u32>,
    pub tags: Vec<u32>,
    pub elems: Vec<u32>,
    pub data: Vec<u32>,
}

/// A custom section.
#[derive(Clone, Copy)]
pub struct Custom<'a> {
    /// Its name.
    pub name: &'a str,
    /// What follows the name.
    pub data: &'a [u8],
    /// Where that begins in the file.
    pub offset: u64,
}

impl<'a> Anatomy<'a> {
    /// Cuts a binary module or component into items.
    ///
    /// It need not be valid: only its structure has to be readable, down to the entries of sections.
    ///
    /// # Errors
    ///
    /// The structure is malformed, or has more entries than any engine accepts.
    pub fn read(bytes: &'a [u8]) -> Result<Anatomy<'a>, Fault> {
        cut::cut(bytes)
    }

    /// The core modules, each with its place in [`Anatomy::modules`].
    pub fn core_modules(&self) -> impl Iterator<Item = (u32, &ModuleParts<'a>)> {
        let all = self.modules.iter().enumerate();
        all.filter(|(_, module)| !module.is_component)
            .map(|(place, module)| (place as u32, module))
    }
}

impl<'a> ModuleParts<'a> {
    /// How many functions are imported.
    pub fn n_imported_funcs(&self) -> usize {
        self.func_types.len().saturating_sub(self.bodies.len())
    }

    /// The imports of one kind, in the order of their indices.
    pub fn imports_of(&self, is: fn(&TypeRef) -> bool) -> impl Iterator<Item = &Import<'a>> {
        self.imports.iter().filter(move |import| is(&import.ty))
    }

    /// The body of a function by its index; none for imports.
    pub fn body(&self, func: u32) -> Option<&FunctionBody<'a>> {
        let defined = (func as usize).checked_sub(self.n_imported_funcs())?;
        self.bodies.get(defined)
    }

    /// A custom section; the first one of this name.
    pub fn custom(&self, name: &str) -> Option<&Custom<'a>> {
        self.customs.iter().find(|custom| custom.name == name)
    }

    /// Calls `each` with everything that a body refers to, in its order. It stops where the body is malformed.
    pub fn body_references(body: &FunctionBody<'a>, each: &mut dyn FnMut(Reference)) {
        if let Ok(ops) = body.get_operators_reader() {
            references::in_operators(ops, each);
        }
    }

    /// Calls `each` with everything that a constant expression refers to.
    pub fn expr_references(expr: &ConstExpr<'a>, each: &mut dyn FnMut(Reference)) {
        references::in_operators(expr.get_operators_reader(), each);
    }
}
