//! What the items of one module are called, by their indices, from all that gives them names.
//!
//! Apart from whoever shows indices because the sources and their order are the same for all: what an import or export is called, what
//! the name section says, and the symbols of object files.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use wasmparser::{ExternalKind, Linking, Name, NameMap, SymbolInfo, TypeRef};

use crate::frames::{Frame, FrameKind, frames, reader};

/// The items that have indices of their own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Space {
    /// Functions.
    Func,
    /// Types.
    Type,
    /// Tables.
    Table,
    /// Memories.
    Memory,
    /// Globals.
    Global,
    /// Element segments.
    Elem,
    /// Data segments.
    Data,
    /// Tags.
    Tag,
}

/// A name as it stands in the file: nothing is copied, because many imports may share one long name of a module.
#[derive(Clone, Copy)]
enum Source<'a> {
    Whole(&'a str),
    Import(&'a str, &'a str),
}

/// The names of one module.
#[derive(Default)]
pub struct IndexNames<'a> {
    names: HashMap<(Space, u32), Source<'a>>,
    locals: HashMap<(u32, u32), &'a str>,
    /// The module's own.
    module: Option<&'a str>,
    /// How many functions are imported.
    imported_funcs: u32,
}

impl<'a> IndexNames<'a> {
    /// Reads the names of the core module that fills a range of a file.
    pub fn read(file: &'a [u8], range: Range<usize>) -> IndexNames<'a> {
        let mut names = IndexNames::default();
        for frame in frames(file, range) {
            // What cannot be read has no names; whoever shows it says why.
            match (frame.of, frame.id) {
                (FrameKind::Module, 2) => names.imports(file, &frame),
                (FrameKind::Module, 7) => names.exports(file, &frame),
                (FrameKind::Module, 0) => names.custom(file, &frame),
                _ => {}
            }
        }
        names
    }

    /// The name of an item.
    pub fn get(&self, space: Space, index: u32) -> Option<Cow<'a, str>> {
        Some(match *self.names.get(&(space, index))? {
            Source::Whole(name) => name.into(),
            Source::Import(module, name) => format!("{module}.{name}").into(),
        })
    }

    /// The name of a local of a function; parameters come first.
    pub fn local(&self, func: u32, local: u32) -> Option<&str> {
        self.locals.get(&(func, local)).copied()
    }

    /// The name of the module itself.
    pub fn module(&self) -> Option<&str> {
        self.module
    }

    /// How many functions are imported: the index of the first that has a body.
    pub fn imported_funcs(&self) -> u32 {
        self.imported_funcs
    }

    fn set(&mut self, space: Space, index: u32, name: &'a str) {
        if !name.is_empty() {
            self.names.insert((space, index), Source::Whole(name));
        }
    }

    fn imports(&mut self, file: &'a [u8], frame: &Frame) {
        let Ok(section) =
            wasmparser::ImportSectionReader::new(reader(file, frame.contents.clone()))
        else {
            return;
        };
        let (mut tables, mut globals, mut tags, mut memories) = (0, 0, 0, 0);
        for import in section.into_imports().map_while(Result::ok) {
            let (space, next) = match import.ty {
                TypeRef::Func(_) | TypeRef::FuncExact(_) => (Space::Func, &mut self.imported_funcs),
                TypeRef::Table(_) => (Space::Table, &mut tables),
                TypeRef::Memory(_) => (Space::Memory, &mut memories),
                TypeRef::Global(_) => (Space::Global, &mut globals),
                TypeRef::Tag(_) => (Space::Tag, &mut tags),
            };
            let index = *next;
            *next += 1;
            if space != Space::Memory {
                let name = Source::Import(import.module, import.name);
                self.names.insert((space, index), name);
            }
        }
    }

    fn exports(&mut self, file: &'a [u8], frame: &Frame) {
        let Ok(section) =
            wasmparser::ExportSectionReader::new(reader(file, frame.contents.clone()))
        else {
            return;
        };
        for export in section.into_iter().map_while(Result::ok) {
            match export.kind {
                ExternalKind::Func => self.set(Space::Func, export.index, export.name),
                ExternalKind::Global => self.set(Space::Global, export.index, export.name),
                _ => {}
            }
        }
    }

    fn custom(&mut self, file: &'a [u8], frame: &Frame) {
        let (Some("name" | "linking"), Some(data)) =
            (frame.custom.as_deref(), frame.custom_data(file))
        else {
            return;
        };
        if frame.custom.as_deref() == Some("linking") {
            if let Ok(section) = wasmparser::LinkingSectionReader::new(reader(file, data)) {
                section.into_iter().map_while(Result::ok).for_each(|part| {
                    if let Linking::SymbolTable(symbols) = part {
                        self.symbols(symbols);
                    }
                });
            }
            return;
        }
        for part in wasmparser::NameSectionReader::new(reader(file, data)).map_while(Result::ok) {
            match part {
                Name::Module { name, .. } => self.module = Some(name),
                Name::Function(map) => self.map(Space::Func, map),
                Name::Type(map) => self.map(Space::Type, map),
                Name::Table(map) => self.map(Space::Table, map),
                Name::Memory(map) => self.map(Space::Memory, map),
                Name::Global(map) => self.map(Space::Global, map),
                Name::Element(map) => self.map(Space::Elem, map),
                Name::Data(map) => self.map(Space::Data, map),
                Name::Tag(map) => self.map(Space::Tag, map),
                Name::Local(funcs) => {
                    for func in funcs.into_iter().map_while(Result::ok) {
                        for local in func.names.map_while(Result::ok) {
                            self.locals.insert((func.index, local.index), local.name);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn map(&mut self, space: Space, map: NameMap<'a>) {
        for naming in map.into_iter().map_while(Result::ok) {
            self.set(space, naming.index, naming.name);
        }
    }

    fn symbols(&mut self, symbols: wasmparser::SymbolInfoMap<'a>) {
        for symbol in symbols.into_iter().map_while(Result::ok) {
            match symbol {
                SymbolInfo::Func {
                    index,
                    name: Some(name),
                    ..
                } => self.set(Space::Func, index, name),
                SymbolInfo::Global {
                    index,
                    name: Some(name),
                    ..
                } => {
                    self.set(Space::Global, index, name);
                }
                SymbolInfo::Table {
                    index,
                    name: Some(name),
                    ..
                } => {
                    self.set(Space::Table, index, name);
                }
                SymbolInfo::Event {
                    index,
                    name: Some(name),
                    ..
                } => self.set(Space::Tag, index, name),
                _ => {}
            }
        }
    }
}
