//! From an address to a place in the source: by DWARF, by a source map, or at least to a function.
//!
//! Apart, because debug information is a format of its own, which no other question about a file needs.

mod guard;
mod source_map;

use gimli::{Dwarf, EndianSlice, LittleEndian};

use crate::anatomy::{Anatomy, ModuleParts};
use crate::demangle;
pub use source_map::SourceMap;

type Reader<'a> = EndianSlice<'a, LittleEndian>;

/// A function and a place in its source.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Frame {
    /// The function, demangled.
    pub function: Option<String>,
    /// The file, as the compiler named it.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column, from 1.
    pub column: Option<u32>,
}

/// What is known about an address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// From the source: the innermost inlined function first. There is at least one.
    Frames(Vec<Frame>),
    /// Only in which function it is, and how far behind the start of its body.
    Func {
        /// What the function is called.
        name: String,
        /// Bytes from the start of its body.
        offset: u64,
    },
    /// In a module, but in no function.
    NoFunc,
    /// In no module.
    NoModule,
}

/// Looks up addresses in one file.
pub struct Locator<'a, 'b> {
    anatomy: &'b Anatomy<'a>,
    source_map: Option<SourceMap>,
    /// For each module, once it was asked for: its DWARF, if it has any that can be used.
    contexts: Vec<Option<Option<addr2line::Context<Reader<'a>>>>>,
}

impl<'a, 'b> Locator<'a, 'b> {
    /// A source map counts if DWARF says nothing.
    pub fn new(anatomy: &'b Anatomy<'a>, source_map: Option<SourceMap>) -> Locator<'a, 'b> {
        Locator {
            anatomy,
            source_map,
            contexts: anatomy.modules.iter().map(|_| None).collect(),
        }
    }

    /// What is at a byte of the file; with `in_code`, of the contents of the code section of the only core module.
    ///
    /// None if `in_code` means no module, or one of several.
    pub fn find(&mut self, address: u64, in_code: bool) -> Option<Found> {
        let (place, module) = match in_code {
            true => {
                let mut modules = self.anatomy.core_modules();
                let only = modules.next()?;
                if modules.next().is_some() {
                    return None;
                }
                only
            }
            false => {
                // Modules lie within components, so that the last one that begins before it is the innermost.
                let is_around = |(_, module): &(u32, &ModuleParts<'_>)| {
                    (module.range.start..=module.range.end).contains(&address)
                };
                let Some(around) = self.anatomy.core_modules().find(is_around) else {
                    return Some(Found::NoModule);
                };
                around
            }
        };
        let code = module.code.as_ref().map(|code| code.start);
        let (offset, relative) = match (code, in_code) {
            (Some(start), true) => (start.checked_add(address), Some(address)),
            (Some(start), false) => (Some(address), address.checked_sub(start)),
            (None, _) => (None, None),
        };
        let (Some(offset), Some(relative)) = (offset, relative) else {
            return Some(Found::NoFunc);
        };
        let frames = self.frames_of_dwarf(place, relative);
        Some(match frames.is_empty() {
            false => Found::Frames(frames),
            true => self.without_dwarf(module, offset),
        })
    }

    fn frames_of_dwarf(&mut self, place: u32, relative: u64) -> Vec<Frame> {
        let module = &self.anatomy.modules[place as usize];
        let context = self.contexts[place as usize].get_or_insert_with(|| {
            let dwarf = dwarf_of(module).ok()?;
            // The crate that reads it trusts it to be of reasonable depth and size.
            guard::is_reasonable(&dwarf).then_some(())?;
            addr2line::Context::from_dwarf(dwarf).ok()
        });
        let mut found = Vec::new();
        let Some(context) = context else {
            return found;
        };
        let Ok(mut frames) = context.find_frames(relative).skip_all_loads() else {
            return found;
        };
        while let Ok(Some(frame)) = frames.next() {
            let name = frame.function.as_ref();
            let name = name.and_then(|function| Some(function.raw_name().ok()?.into_owned()));
            let location = frame.location.as_ref();
            found.push(Frame {
                function: name.map(|name| demangle::readable(&name).into_owned()),
                file: location
                    .and_then(|location| location.file)
                    .map(str::to_owned),
                line: location.and_then(|location| location.line),
                column: location.and_then(|location| location.column),
            });
        }
        found
    }

    fn without_dwarf(&self, module: &ModuleParts<'a>, offset: u64) -> Found {
        let after = module
            .bodies
            .partition_point(|body| body.range().start <= offset);
        let body = after
            .checked_sub(1)
            .map(|body| (body, module.bodies[body].range()));
        let Some((body, range)) = body.filter(|(_, range)| range.contains(&offset)) else {
            return Found::NoFunc;
        };
        let item = module.spaces.funcs[module.spaces.funcs.len() - module.bodies.len() + body];
        let name = self
            .anatomy
            .label_in_module(&self.anatomy.items[item as usize]);
        match self
            .source_map
            .as_ref()
            .and_then(|map| map.find(offset, range.start))
        {
            Some(frame) => Found::Frames(vec![Frame {
                function: Some(name),
                ..frame
            }]),
            None => Found::Func {
                name,
                offset: offset - range.start,
            },
        }
    }
}

/// The address of a module's source map, if it names one.
pub fn source_map_url<'a>(anatomy: &Anatomy<'a>) -> Option<&'a str> {
    let (_, module) = anatomy.core_modules().next()?;
    let custom = module.custom("sourceMappingURL")?;
    let mut reader = wasmparser::BinaryReader::new(custom.data, custom.offset);
    reader.read_unlimited_string().ok()
}

/// The DWARF sections of a module; empty ones where it has none.
pub(crate) fn dwarf_of<'a>(module: &ModuleParts<'a>) -> gimli::Result<Dwarf<Reader<'a>>> {
    Dwarf::load(|id| {
        let custom = module.custom(id.name());
        let section = custom.map_or(&[][..], |custom| custom.data);
        Ok(EndianSlice::new(section, LittleEndian))
    })
}

/// Whether all DWARF of a module can be read in reasonable time.
pub(crate) fn is_reasonable(dwarf: &Dwarf<Reader<'_>>) -> bool {
    guard::is_reasonable(dwarf)
}
