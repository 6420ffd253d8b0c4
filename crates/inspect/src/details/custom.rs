//! What custom sections say: names, producers, features, symbols, relocations, and what dynamic libraries need.
//!
//! Apart from the items because none of it is needed to run anything, and a section that is not understood says nothing.

use wasmparser::{
    ComdatSymbolKind, Dylink0Subsection, KnownCustom, Linking, Name, NameMap, SymbolInfo,
};

use crate::Fault;
use crate::frames::{Frame, reader};
use crate::index_names::Space;

/// A fact of a custom section.
#[derive(Clone, PartialEq, Debug)]
pub enum CustomDetail<'a> {
    /// The name of the section; comes first.
    Section(&'a str),
    /// The module's own name.
    ModuleName(&'a str),
    /// The name of an item.
    Name(Space, u32, &'a str),
    /// The name of a local of a function.
    LocalName(u32, u32, &'a str),
    /// A producer: the field, its name and its version.
    Producer(&'a str, &'a str, &'a str),
    /// A feature, behind `+` if it is used, `-` if it must not be.
    Feature(char, &'a str),
    /// How many symbols follow.
    Symbols(u32),
    /// A symbol of an object file.
    Symbol(Symbol<'a>),
    /// How many data segments are described.
    Segments(u32),
    /// What a linker knows of a data segment: its name, the alignment as a power of 2, and flags.
    Segment(u32, &'a str, u32, u32),
    /// How many functions initialize.
    InitFuncs(u32),
    /// A function that initializes: its priority, and its symbol.
    InitFunc(u32, u32),
    /// How many groups there are of which one is kept.
    Comdats(u32),
    /// A group: its name, and how many members follow.
    Comdat(&'a str, u32),
    /// A member of a group.
    ComdatMember(Option<Space>, u32),
    /// How many relocations there are, of the section with a number.
    Relocations(u32, u32),
    /// A relocation: its kind as linkers name it, the offset in the section, the symbol or type, and what is added.
    Relocation(&'static str, u32, u32, i64),
    /// Memory and table of a dynamic library: sizes, and alignments as powers of 2.
    DylinkMemory {
        /// Bytes of memory.
        memory_size: u32,
        /// Their alignment.
        memory_p2align: u32,
        /// Elements of the table.
        table_size: u32,
        /// Their alignment.
        table_p2align: u32,
    },
    /// How many libraries are needed.
    Needed(u32),
    /// A library that is needed.
    NeededLibrary(&'a str),
    /// How many exports or imports of a dynamic library have flags.
    DylinkItems(&'static str, u32),
    /// One of them: where it is imported from, its name, and its flags.
    DylinkItem(Option<&'a str>, &'a str, SymbolFlags),
}

/// The flags of a symbol (tool-conventions, Linking.md).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SymbolFlags(pub u32);

/// A symbol of an object file.
#[derive(Clone, PartialEq, Debug)]
pub struct Symbol<'a> {
    /// Its number.
    pub number: u32,
    /// A letter: F function, D data, G global, S section, E tag, T table.
    pub kind: char,
    /// Its name; none for those that have that of their import.
    pub name: Option<&'a str>,
    /// The item that it stands for; of a section its number.
    pub index: u32,
    /// For data that is defined: segment, offset and size.
    pub data: Option<(u32, u32, u32)>,
    /// How it is linked.
    pub flags: SymbolFlags,
}

/// Reads a custom section; what is not known is only named.
pub(super) fn read<'a>(
    file: &'a [u8],
    frame: &Frame,
    each: &mut dyn FnMut(CustomDetail<'a>),
) -> Result<(), Fault> {
    let mut contents = reader(file, frame.contents.clone());
    let name = contents.read_unlimited_string()?;
    each(CustomDetail::Section(name));
    let at = contents.original_position() as usize;
    let section = wasmparser::CustomSectionReader::new(reader(file, frame.contents.clone()))?;
    match section.as_known() {
        KnownCustom::Name(parts) => {
            for part in parts {
                names(part?, each)?;
            }
        }
        KnownCustom::Producers(fields) => {
            for field in fields {
                let field = field?;
                for value in field.values {
                    let value = value?;
                    each(CustomDetail::Producer(
                        field.name,
                        value.name,
                        value.version,
                    ));
                }
            }
        }
        KnownCustom::Linking(parts) => {
            for part in parts {
                linking(part?, each)?;
            }
        }
        KnownCustom::Reloc(relocations) => {
            let section = relocations.section_index();
            let entries = relocations.entries();
            each(CustomDetail::Relocations(section, entries.count()));
            for entry in entries {
                let entry = entry?;
                let kind = relocation_name(entry.ty as u8);
                each(CustomDetail::Relocation(
                    kind,
                    entry.offset,
                    entry.index,
                    entry.addend,
                ));
            }
        }
        KnownCustom::Dylink0(parts) => {
            for part in parts {
                dylink(part?, each);
            }
        }
        _ if name == "target_features" => {
            let mut contents = reader(file, at..frame.contents.end);
            for _ in 0..contents.read_var_u32()? {
                let prefix = char::from(contents.read_u8()?);
                each(CustomDetail::Feature(
                    prefix,
                    contents.read_unlimited_string()?,
                ));
            }
        }
        _ => {}
    }
    Ok(())
}

fn names<'a>(part: Name<'a>, each: &mut dyn FnMut(CustomDetail<'a>)) -> Result<(), Fault> {
    let mut map = |space, names: NameMap<'a>| -> Result<(), Fault> {
        for naming in names {
            let naming = naming?;
            each(CustomDetail::Name(space, naming.index, naming.name));
        }
        Ok(())
    };
    match part {
        Name::Function(names) => map(Space::Func, names),
        Name::Type(names) => map(Space::Type, names),
        Name::Table(names) => map(Space::Table, names),
        Name::Memory(names) => map(Space::Memory, names),
        Name::Global(names) => map(Space::Global, names),
        Name::Element(names) => map(Space::Elem, names),
        Name::Data(names) => map(Space::Data, names),
        Name::Tag(names) => map(Space::Tag, names),
        Name::Module { name, .. } => {
            each(CustomDetail::ModuleName(name));
            Ok(())
        }
        Name::Local(funcs) => {
            for func in funcs {
                let func = func?;
                for local in func.names {
                    let local = local?;
                    each(CustomDetail::LocalName(func.index, local.index, local.name));
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn linking<'a>(part: Linking<'a>, each: &mut dyn FnMut(CustomDetail<'a>)) -> Result<(), Fault> {
    match part {
        Linking::SymbolTable(symbols) => {
            each(CustomDetail::Symbols(symbols.count()));
            for (number, info) in (0..).zip(symbols) {
                each(CustomDetail::Symbol(symbol(number, info?)));
            }
        }
        Linking::SegmentInfo(segments) => {
            each(CustomDetail::Segments(segments.count()));
            for (number, segment) in (0..).zip(segments) {
                let segment = segment?;
                let (alignment, flags) = (segment.alignment, segment.flags.bits());
                each(CustomDetail::Segment(
                    number,
                    segment.name,
                    alignment,
                    flags,
                ));
            }
        }
        Linking::InitFuncs(funcs) => {
            each(CustomDetail::InitFuncs(funcs.count()));
            for func in funcs {
                let func = func?;
                each(CustomDetail::InitFunc(func.priority, func.symbol_index));
            }
        }
        Linking::ComdatInfo(groups) => {
            each(CustomDetail::Comdats(groups.count()));
            for group in groups {
                let group = group?;
                each(CustomDetail::Comdat(group.name, group.symbols.count()));
                for member in group.symbols {
                    let member = member?;
                    let space = match member.kind {
                        ComdatSymbolKind::Data => Some(Space::Data),
                        ComdatSymbolKind::Func => Some(Space::Func),
                        ComdatSymbolKind::Global => Some(Space::Global),
                        ComdatSymbolKind::Event => Some(Space::Tag),
                        ComdatSymbolKind::Table => Some(Space::Table),
                        ComdatSymbolKind::Section => None,
                    };
                    each(CustomDetail::ComdatMember(space, member.index));
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn symbol(number: u32, info: SymbolInfo<'_>) -> Symbol<'_> {
    let (kind, flags, index, name) = match info {
        SymbolInfo::Func { flags, index, name } => ('F', flags, index, name),
        SymbolInfo::Global { flags, index, name } => ('G', flags, index, name),
        SymbolInfo::Event { flags, index, name } => ('E', flags, index, name),
        SymbolInfo::Table { flags, index, name } => ('T', flags, index, name),
        SymbolInfo::Section { flags, section } => ('S', flags, section, None),
        SymbolInfo::Data { flags, name, .. } => ('D', flags, 0, Some(name)),
    };
    let data = match info {
        SymbolInfo::Data {
            symbol: Some(place),
            ..
        } => Some((place.index, place.offset, place.size)),
        _ => None,
    };
    Symbol {
        number,
        kind,
        name,
        index,
        data,
        flags: SymbolFlags(flags.bits()),
    }
}

fn dylink<'a>(part: Dylink0Subsection<'a>, each: &mut dyn FnMut(CustomDetail<'a>)) {
    match part {
        Dylink0Subsection::MemInfo(info) => each(CustomDetail::DylinkMemory {
            memory_size: info.memory_size,
            memory_p2align: info.memory_alignment,
            table_size: info.table_size,
            table_p2align: info.table_alignment,
        }),
        Dylink0Subsection::Needed(libraries) => {
            each(CustomDetail::Needed(libraries.len() as u32));
            for library in libraries {
                each(CustomDetail::NeededLibrary(library));
            }
        }
        Dylink0Subsection::ExportInfo(exports) => {
            each(CustomDetail::DylinkItems("exports", exports.len() as u32));
            for export in exports {
                let flags = SymbolFlags(export.flags.bits());
                each(CustomDetail::DylinkItem(None, export.name, flags));
            }
        }
        Dylink0Subsection::ImportInfo(imports) => {
            each(CustomDetail::DylinkItems("imports", imports.len() as u32));
            for import in imports {
                let flags = SymbolFlags(import.flags.bits());
                each(CustomDetail::DylinkItem(
                    Some(import.module),
                    import.field,
                    flags,
                ));
            }
        }
        _ => {}
    }
}

/// The name of a kind of relocation, by its number.
fn relocation_name(kind: u8) -> &'static str {
    const NAMES: [&str; 27] = [
        "R_WASM_FUNCTION_INDEX_LEB",
        "R_WASM_TABLE_INDEX_SLEB",
        "R_WASM_TABLE_INDEX_I32",
        "R_WASM_MEMORY_ADDR_LEB",
        "R_WASM_MEMORY_ADDR_SLEB",
        "R_WASM_MEMORY_ADDR_I32",
        "R_WASM_TYPE_INDEX_LEB",
        "R_WASM_GLOBAL_INDEX_LEB",
        "R_WASM_FUNCTION_OFFSET_I32",
        "R_WASM_SECTION_OFFSET_I32",
        "R_WASM_TAG_INDEX_LEB",
        "R_WASM_MEMORY_ADDR_REL_SLEB",
        "R_WASM_TABLE_INDEX_REL_SLEB",
        "R_WASM_GLOBAL_INDEX_I32",
        "R_WASM_MEMORY_ADDR_LEB64",
        "R_WASM_MEMORY_ADDR_SLEB64",
        "R_WASM_MEMORY_ADDR_I64",
        "R_WASM_MEMORY_ADDR_REL_SLEB64",
        "R_WASM_TABLE_INDEX_SLEB64",
        "R_WASM_TABLE_INDEX_I64",
        "R_WASM_TABLE_NUMBER_LEB",
        "R_WASM_MEMORY_ADDR_TLS_SLEB",
        "R_WASM_FUNCTION_OFFSET_I64",
        "R_WASM_MEMORY_ADDR_LOCREL_I32",
        "R_WASM_TABLE_INDEX_REL_SLEB64",
        "R_WASM_MEMORY_ADDR_TLS_SLEB64",
        "R_WASM_FUNCTION_INDEX_I32",
    ];
    NAMES
        .get(usize::from(kind))
        .copied()
        .unwrap_or("R_WASM_UNKNOWN")
}
