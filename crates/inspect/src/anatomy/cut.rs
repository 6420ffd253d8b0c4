//! Cuts a file: the walk over its sections, in which each item ends where the next one begins.
//!
//! Apart from what items are, because only here the binary format is walked.

use std::collections::HashMap;
use std::ops::Range;

use wasmparser::{BinaryReader, Encoding, Parser, Payload, SectionLimited, TypeRef};

use super::{Anatomy, Custom, Item, ItemKind, ModuleParts, Section, names};
use crate::fault::Fault;

/// More items than the format's implementation limits allow in any module, which bounds memory: an item can be a single byte.
const ITEMS_MAX: usize = 2_000_000;
/// More modules than any component has.
const MODULES_MAX: usize = 10_000;
/// Components in components: as deep as `wasmparser` validates.
const DEPTH_MAX: usize = 100;

/// Cuts a file.
pub fn cut(bytes: &[u8]) -> Result<Anatomy<'_>, Fault> {
    let mut cutter = Cutter {
        bytes,
        items: Vec::new(),
        modules: Vec::new(),
        open: Vec::new(),
        section: Section::Known("header"),
    };
    for payload in Parser::new(0).parse_all(bytes) {
        cutter.payload(payload?)?;
    }
    let mut anatomy = Anatomy {
        bytes,
        items: cutter.items,
        modules: cutter.modules,
        exported: HashMap::new(),
    };
    // All that is left belongs to the last item, whose end nothing has set.
    if let Some(last) = anatomy.items.last_mut() {
        last.range.end = bytes.len() as u64;
    }
    names::give(&mut anatomy);
    Ok(anatomy)
}

struct Cutter<'a> {
    bytes: &'a [u8],
    items: Vec<Item<'a>>,
    modules: Vec<ModuleParts<'a>>,
    /// The modules and components that have begun and not ended.
    open: Vec<u32>,
    section: Section<'a>,
}

impl<'a> Cutter<'a> {
    /// Begins an item, and so ends the one before. Returns its place.
    fn item(&mut self, kind: ItemKind, index: usize, at: u64) -> Result<u32, Fault> {
        if let Some(last) = self.items.last_mut() {
            last.range.end = at;
        }
        if self.items.len() == ITEMS_MAX {
            return Err(Fault::new(format!("more than {ITEMS_MAX} entries"), at));
        }
        self.items.push(Item {
            kind,
            module: self.open.last().copied().unwrap_or(0),
            index: index as u32,
            section: self.section,
            range: at..at,
            name: None,
        });
        Ok((self.items.len() - 1) as u32)
    }

    /// Where the last item ends that has an end: where the next section begins.
    fn end(&self) -> u64 {
        self.items.last().map_or(0, |item| item.range.end)
    }

    fn module(&mut self) -> &mut ModuleParts<'a> {
        let place = self.open.last().copied().unwrap_or(0);
        &mut self.modules[place as usize]
    }

    /// Begins a section whose contents end at `end`.
    fn header(&mut self, section: Section<'a>, end: u64) -> Result<(), Fault> {
        self.section = section;
        let at = self.end();
        self.item(ItemKind::SectionHeader, 0, at)?;
        self.close(end);
        Ok(())
    }

    /// Says where the last item of a section ends.
    fn close(&mut self, end: u64) {
        if let Some(last) = self.items.last_mut() {
            last.range.end = end;
        }
    }

    /// Cuts a section into one item for each entry; `put` gets the entry and its item.
    fn entries<T: wasmparser::FromReader<'a>>(
        &mut self,
        name: &'static str,
        kind: ItemKind,
        reader: SectionLimited<'a, T>,
        first: usize,
        mut put: impl FnMut(&mut ModuleParts<'a>, T, u32),
    ) -> Result<(), Fault> {
        let end = reader.range().end;
        self.header(Section::Known(name), end)?;
        for (n, entry) in reader.into_iter_with_offsets().enumerate() {
            let (at, entry) = entry?;
            let item = self.item(kind, first + n, at)?;
            put(self.module(), entry, item);
        }
        self.close(end);
        Ok(())
    }

    fn payload(&mut self, payload: Payload<'a>) -> Result<(), Fault> {
        let range = payload.as_section().map(|(_, range)| range);
        match payload {
            Payload::Version {
                encoding, range, ..
            } => self.begin(encoding == Encoding::Component, range)?,
            Payload::End(at) => {
                if let Some(place) = self.open.pop() {
                    self.modules[place as usize].range.end = at;
                }
            }
            Payload::TypeSection(reader) => self.types(reader)?,
            Payload::ImportSection(reader) => self.imports(reader)?,
            Payload::FunctionSection(reader) => self.func_types(reader)?,
            Payload::TableSection(reader) => {
                let first = self.module().spaces.tables.len();
                self.entries(
                    "table",
                    ItemKind::Table,
                    reader,
                    first,
                    |module, table, item| {
                        module.tables.push(table);
                        module.spaces.tables.push(item);
                    },
                )?;
            }
            Payload::MemorySection(reader) => {
                let first = self.module().spaces.memories.len();
                self.entries(
                    "memory",
                    ItemKind::Memory,
                    reader,
                    first,
                    |module, memory, item| {
                        module.memories.push(memory);
                        module.spaces.memories.push(item);
                    },
                )?;
            }
            Payload::TagSection(reader) => {
                let first = self.module().spaces.tags.len();
                self.entries("tag", ItemKind::Tag, reader, first, |module, tag, item| {
                    module.tag_types.push(tag.func_type_idx);
                    module.spaces.tags.push(item);
                })?;
            }
            Payload::GlobalSection(reader) => {
                let first = self.module().spaces.globals.len();
                self.entries(
                    "global",
                    ItemKind::Global,
                    reader,
                    first,
                    |module, global, item| {
                        module.globals.push(global);
                        module.spaces.globals.push(item);
                    },
                )?;
            }
            Payload::ExportSection(reader) => {
                self.entries(
                    "export",
                    ItemKind::Export,
                    reader,
                    0,
                    |module, export, _| {
                        module.exports.push(export);
                    },
                )?;
            }
            Payload::StartSection { func, range } => {
                self.header(Section::Known("start"), range.start)?;
                self.item(ItemKind::Start, 0, range.start)?;
                self.close(range.end);
                self.module().start = Some(func);
            }
            Payload::ElementSection(reader) => {
                self.entries("elem", ItemKind::Elem, reader, 0, |module, elem, item| {
                    module.elems.push(elem);
                    module.spaces.elems.push(item);
                })?;
            }
            Payload::DataCountSection { range, .. } => {
                self.whole(ItemKind::DataCount, Section::Known("data count"), range)?;
            }
            Payload::CodeSectionStart {
                unchecked_range, ..
            } => self.code(unchecked_range)?,
            Payload::CodeSectionEntry(body) => self.body(body)?,
            Payload::DataSection(reader) => {
                self.entries("data", ItemKind::Data, reader, 0, |module, data, item| {
                    module.data.push(data);
                    module.spaces.data.push(item);
                })?;
            }
            Payload::CustomSection(reader) => self.custom(&reader)?,
            // What they hold follows as payloads of its own.
            Payload::ModuleSection {
                unchecked_range, ..
            } => {
                self.header(Section::Known("core module"), unchecked_range.start)?;
            }
            Payload::ComponentSection {
                unchecked_range, ..
            } => {
                self.header(Section::Known("component"), unchecked_range.start)?;
            }
            other => {
                let (kind, name) = other_section(&other);
                if let Some(range) = range {
                    self.whole(kind, Section::Known(name), range)?;
                }
            }
        }
        Ok(())
    }

    fn begin(&mut self, is_component: bool, range: Range<u64>) -> Result<(), Fault> {
        if self.open.len() == DEPTH_MAX {
            return Err(Fault::new("components are nested too deep", range.start));
        }
        if self.modules.len() == MODULES_MAX {
            return Err(Fault::new(
                format!("more than {MODULES_MAX} modules"),
                range.start,
            ));
        }
        let place = self.modules.len() as u32;
        let parent = self.open.last().copied();
        let is_like = |other: &&ModuleParts<'_>| other.is_component == is_component;
        let number = self.modules.iter().rev().find(is_like);
        let number = number.map_or(0, |like| like.number + u32::from(like.parent.is_some()));
        self.modules.push(ModuleParts {
            is_component,
            number,
            parent,
            range: range.clone(),
            ..ModuleParts::default()
        });
        self.open.push(place);
        self.section = Section::Known("header");
        self.item(ItemKind::Header, 0, range.start)?;
        self.close(range.end);
        Ok(())
    }

    /// A section of one item beside its header.
    fn whole(
        &mut self,
        kind: ItemKind,
        section: Section<'a>,
        contents: Range<u64>,
    ) -> Result<(), Fault> {
        self.header(section, contents.start)?;
        self.item(kind, 0, contents.start)?;
        self.close(contents.end);
        Ok(())
    }

    fn types(&mut self, reader: wasmparser::TypeSectionReader<'a>) -> Result<(), Fault> {
        let end = reader.range().end;
        self.header(Section::Known("type"), end)?;
        for group in reader.into_iter_with_offsets() {
            let (at, group) = group?;
            let first = self.module().types.len();
            let item = self.item(ItemKind::Type, first, at)?;
            let module = self.module();
            module.rec_groups.push(first as u32);
            module.types.extend(group.into_types().map(|ty| (ty, item)));
        }
        self.close(end);
        Ok(())
    }

    fn imports(&mut self, reader: wasmparser::ImportSectionReader<'a>) -> Result<(), Fault> {
        let end = reader.range().end;
        self.header(Section::Known("import"), end)?;
        for import in reader.into_imports_with_offsets() {
            let (at, import) = import?;
            let index = self.module().imports.len();
            let item = self.item(ItemKind::Import, index, at)?;
            let module = self.module();
            module.imports.push(import);
            match import.ty {
                TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                    module.func_types.push(ty);
                    module.spaces.funcs.push(item);
                }
                TypeRef::Table(_) => module.spaces.tables.push(item),
                TypeRef::Memory(_) => module.spaces.memories.push(item),
                TypeRef::Global(_) => module.spaces.globals.push(item),
                TypeRef::Tag(_) => module.spaces.tags.push(item),
            }
        }
        self.close(end);
        Ok(())
    }

    fn func_types(&mut self, reader: wasmparser::FunctionSectionReader<'a>) -> Result<(), Fault> {
        let range = reader.range();
        // The first of them begins behind the count.
        let mut at = range.start;
        let mut is_first = true;
        self.header(Section::Known("function"), range.start)?;
        for ty in reader.into_iter_with_offsets() {
            let (start, ty) = ty?;
            if std::mem::take(&mut is_first) {
                at = start;
            }
            let module = self.module();
            if module.func_types.len() == ITEMS_MAX {
                return Err(Fault::new(
                    format!("more than {ITEMS_MAX} functions"),
                    start,
                ));
            }
            module.func_types.push(ty);
        }
        self.item(ItemKind::FuncTypes, 0, at)?;
        self.close(range.end);
        Ok(())
    }

    fn code(&mut self, range: Range<u64>) -> Result<(), Fault> {
        self.header(Section::Known("code"), range.start)?;
        let contents = self.bytes.get(range.start as usize..).unwrap_or_default();
        let mut count = BinaryReader::new(contents, range.start);
        count.read_var_u32()?;
        self.close(count.original_position());
        self.module().code = Some(range);
        Ok(())
    }

    fn body(&mut self, body: wasmparser::FunctionBody<'a>) -> Result<(), Fault> {
        let (start, end) = (self.end(), body.range().end);
        let index = self.module().spaces.funcs.len();
        let item = self.item(ItemKind::Func, index, start)?;
        self.close(end);
        let module = self.module();
        module.spaces.funcs.push(item);
        module.bodies.push(body);
        Ok(())
    }

    fn custom(&mut self, reader: &wasmparser::CustomSectionReader<'a>) -> Result<(), Fault> {
        let (name, data) = (reader.name(), reader.data_range());
        self.module().customs.push(Custom {
            name,
            data: reader.data(),
            offset: data.start,
        });
        self.header(Section::Custom(name), data.start)?;
        if name == "name" {
            let mut at = data.start;
            let mut pieces = BinaryReader::new(reader.data(), data.start);
            while !pieces.eof() {
                let (Ok(id), Ok(_)) = (pieces.read_u8(), pieces.read_reader()) else {
                    break;
                };
                self.item(ItemKind::Names, id.into(), at)?;
                at = pieces.original_position();
            }
            if at < data.end {
                self.item(ItemKind::Unknown, 0, at)?;
            }
        } else if !data.is_empty() {
            self.item(ItemKind::Custom, 0, data.start)?;
        }
        self.close(data.end);
        Ok(())
    }
}

/// Sections that are one item.
fn other_section(payload: &Payload<'_>) -> (ItemKind, &'static str) {
    let name = match payload {
        Payload::InstanceSection(_) => "core instance",
        Payload::CoreTypeSection(_) => "core type",
        Payload::ComponentInstanceSection(_) => "instance",
        Payload::ComponentAliasSection(_) => "alias",
        Payload::ComponentTypeSection(_) => "component type",
        Payload::ComponentCanonicalSection(_) => "canon",
        Payload::ComponentStartSection { .. } => "component start",
        Payload::ComponentImportSection(_) => "component import",
        Payload::ComponentExportSection(_) => "component export",
        _ => return (ItemKind::Unknown, "unknown"),
    };
    (ItemKind::Component, name)
}
