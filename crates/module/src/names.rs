//! The names that a module gives its parts, from its name section.
//!
//! Apart because names are only for people: they are read when someone asks, and garbage in them is no error.

use crate::module::FileRange;
use crate::{Bytes, DataIdx, ElemIdx, FuncIdx, GlobalIdx, MemoryIdx, TableIdx, TagIdx, TypeIdx};
use std::str;
use wasmparser::{BinaryReader, Name, NameMap, NameSectionReader};

/// The names of a module and its parts. Cheap to keep: the text stays in the bytes of the module.
#[derive(Debug, Default)]
pub struct Names {
    /// The contents of the name section.
    bytes: Option<Bytes>,
    module: Option<Place>,
    funcs: Box<[(u32, Place)]>,
    types: Box<[(u32, Place)]>,
    tables: Box<[(u32, Place)]>,
    memories: Box<[(u32, Place)]>,
    globals: Box<[(u32, Place)]>,
    elems: Box<[(u32, Place)]>,
    datas: Box<[(u32, Place)]>,
    tags: Box<[(u32, Place)]>,
    /// By function, then by local; sorted.
    locals: Box<[((u32, u32), Place)]>,
}

/// Where a name is in the section.
#[derive(Clone, Copy, Debug)]
struct Place {
    start: u32,
    len: u32,
}

impl Names {
    /// The name of the module.
    pub fn module(&self) -> Option<&str> {
        self.text(self.module?)
    }

    /// The name of a function.
    pub fn func(&self, func: FuncIdx) -> Option<&str> {
        self.find(&self.funcs, func.0)
    }

    /// The name of a local of a function; parameters come first.
    pub fn local(&self, func: FuncIdx, local: u32) -> Option<&str> {
        self.find(&self.locals, (func.0, local))
    }

    /// The name of a type.
    pub fn ty(&self, ty: TypeIdx) -> Option<&str> {
        self.find(&self.types, ty.0)
    }

    /// The name of a table.
    pub fn table(&self, table: TableIdx) -> Option<&str> {
        self.find(&self.tables, table.0)
    }

    /// The name of a memory.
    pub fn memory(&self, memory: MemoryIdx) -> Option<&str> {
        self.find(&self.memories, memory.0)
    }

    /// The name of a global.
    pub fn global(&self, global: GlobalIdx) -> Option<&str> {
        self.find(&self.globals, global.0)
    }

    /// The name of an element segment.
    pub fn elem(&self, elem: ElemIdx) -> Option<&str> {
        self.find(&self.elems, elem.0)
    }

    /// The name of a data segment.
    pub fn data(&self, data: DataIdx) -> Option<&str> {
        self.find(&self.datas, data.0)
    }

    /// The name of a tag.
    pub fn tag(&self, tag: TagIdx) -> Option<&str> {
        self.find(&self.tags, tag.0)
    }

    /// The functions that have names, in order.
    pub fn funcs(&self) -> impl Iterator<Item = (FuncIdx, &str)> {
        self.funcs
            .iter()
            .filter_map(|&(func, place)| Some((FuncIdx(func), self.text(place)?)))
    }

    fn find<K: Ord + Copy>(&self, names: &[(K, Place)], key: K) -> Option<&str> {
        let found = names.binary_search_by_key(&key, |(key, _)| *key).ok()?;
        self.text(names[found].1)
    }

    fn text(&self, place: Place) -> Option<&str> {
        let start = place.start as usize;
        str::from_utf8(
            self.bytes
                .as_ref()?
                .get(start..start + place.len as usize)?,
        )
        .ok()
    }

    /// Reads as much of the name section as makes sense.
    pub(crate) fn read(file: &Bytes, contents: FileRange) -> Names {
        let bytes = file.slice(contents.as_range());
        let mut names = Names::default();
        let base = bytes.as_ptr() as usize;
        let place = |name: &str| Place {
            start: (name.as_ptr() as usize - base) as u32,
            len: name.len() as u32,
        };
        for subsection in NameSectionReader::new(BinaryReader::new(&bytes, 0)) {
            // The order of subsections does not matter to us; what is broken inside one ends only that one.
            let Ok(subsection) = subsection else { continue };
            match subsection {
                Name::Module { name, .. } => names.module = Some(place(name)),
                Name::Function(map) => names.funcs = read_map(map, place),
                Name::Type(map) => names.types = read_map(map, place),
                Name::Table(map) => names.tables = read_map(map, place),
                Name::Memory(map) => names.memories = read_map(map, place),
                Name::Global(map) => names.globals = read_map(map, place),
                Name::Element(map) => names.elems = read_map(map, place),
                Name::Data(map) => names.datas = read_map(map, place),
                Name::Tag(map) => names.tags = read_map(map, place),
                Name::Local(funcs) => {
                    let mut locals = Vec::new();
                    for func in funcs.map_while(Result::ok) {
                        let named = func.names.map_while(Result::ok);
                        locals.extend(named.map(|n| ((func.index, n.index), place(n.name))));
                    }
                    locals.sort_by_key(|(key, _)| *key);
                    names.locals = locals.into();
                }
                Name::Label(_)
                | Name::Field(_)
                | Name::Parameter(_)
                | Name::TagParameter(_)
                | Name::Unknown { .. } => {}
            }
        }
        names.bytes = Some(bytes);
        names
    }
}

/// The readable names at the start of a map, sorted by index.
fn read_map(map: NameMap<'_>, place: impl Fn(&str) -> Place) -> Box<[(u32, Place)]> {
    // The parser refuses indices that do not increase, so the list is sorted.
    map.map_while(Result::ok)
        .map(|naming| (naming.index, place(naming.name)))
        .collect()
}
