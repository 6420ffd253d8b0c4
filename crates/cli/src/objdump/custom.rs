//! What custom sections say, above all those of linkers.
//!
//! Apart from other items because symbols and relocations name each other.

use std::io::{self, Write};

use inspect::{CustomDetail, Items, Space, SymbolFlags};

use super::{Module, items, plain, sections};

/// The symbols of an object file: what each stands for.
#[derive(Default)]
pub struct Symbols {
    symbols: Vec<Target>,
    sections: Vec<Section>,
}

/// A section that symbols and relocations may mean by its number.
struct Section {
    id: u8,
    name: String,
    start: usize,
}

/// Sections behind this many are not found by their numbers.
const SECTIONS_MAX: usize = 10_000;

fn numbered(module: &Module<'_>) -> Vec<Section> {
    let section = |frame: inspect::Frame| Section {
        id: frame.id,
        name: match &frame.custom {
            Some(name) => plain(name).into_owned(),
            None => sections::label(&frame).to_owned(),
        },
        start: frame.contents.start,
    };
    module.frames().take(SECTIONS_MAX).map(section).collect()
}

enum Target {
    Item(Space, u32),
    Section(u32),
    Named(String),
}

impl Symbols {
    pub fn read(module: &Module<'_>) -> Symbols {
        let mut symbols = Vec::new();
        let sections = numbered(module);
        custom(module, "linking", &mut |_, detail| {
            if let CustomDetail::Symbol(symbol) = detail {
                symbols.push(match (space(symbol.kind), symbol.kind) {
                    (Some(space), _) => Target::Item(space, symbol.index),
                    (None, 'S') => Target::Section(symbol.index),
                    _ => Target::Named(symbol.name.unwrap_or_default().to_owned()),
                });
            }
        });
        Symbols { symbols, sections }
    }

    fn section(&self, number: u32) -> &str {
        let section = self.sections.get(number as usize);
        section.map_or("", |section| &section.name)
    }

    /// Where a section begins, by its number.
    pub fn start(&self, number: u32) -> usize {
        let section = self.sections.get(number as usize);
        section.map_or(0, |section| section.start)
    }

    fn name(&self, module: &Module<'_>, symbol: u32) -> String {
        match self.symbols.get(symbol as usize) {
            Some(Target::Item(space, index)) => {
                let name = module.names.get(*space, *index).unwrap_or_default();
                plain(&name).into_owned()
            }
            Some(Target::Section(number)) => self.section(*number).to_owned(),
            Some(Target::Named(name)) => plain(name).into_owned(),
            None => "<illegal_symbol_index>".to_owned(),
        }
    }
}

/// A relocation of a section.
pub struct Relocation {
    kind: &'static str,
    /// The place in the file.
    pub at: usize,
    symbol: u32,
    addend: i64,
}

/// The relocations of the sections with an identifier, in their order.
pub fn relocations(module: &Module<'_>, id: u8) -> Vec<Relocation> {
    let mut found = Vec::new();
    let mut start = None;
    let sections = numbered(module);
    custom(module, "reloc.", &mut |_, detail| match detail {
        CustomDetail::Relocations(section, _) => {
            let section = sections.get(section as usize);
            start = section.filter(|it| it.id == id).map(|it| it.start);
        }
        CustomDetail::Relocation(kind, offset, symbol, addend) => {
            if let Some(start) = start {
                found.push(Relocation {
                    kind,
                    at: start + offset as usize,
                    symbol,
                    addend,
                });
            }
        }
        _ => {}
    });
    found
}

/// Reads the custom sections whose names begin so.
fn custom(module: &Module<'_>, name: &str, each: &mut dyn FnMut(&Module<'_>, CustomDetail<'_>)) {
    for frame in module.frames() {
        if frame.custom.as_ref().is_some_and(|it| it.starts_with(name)) {
            // What cannot be read is reported where the section is shown.
            let _ = inspect::details(
                module.file,
                &frame,
                &module.names,
                &mut Items::default(),
                &mut |detail| {
                    if let inspect::Detail::Custom(detail) = detail {
                        each(module, detail);
                    }
                },
            );
        }
    }
}

fn space(kind: char) -> Option<Space> {
    Some(match kind {
        'F' => Space::Func,
        'G' => Space::Global,
        'E' => Space::Tag,
        'T' => Space::Table,
        _ => return None,
    })
}

/// A relocation between what it changes.
pub fn relocation(
    out: &mut dyn Write,
    module: &Module<'_>,
    symbols: &Symbols,
    it: &Relocation,
    at: u64,
) -> io::Result<()> {
    write!(out, "           {at:06x}: {:<18} {}", it.kind, it.symbol)?;
    if it.addend != 0 {
        write!(out, " + {}", it.addend)?;
    }
    match it.kind {
        "R_WASM_TYPE_INDEX_LEB" => writeln!(out),
        _ => writeln!(out, " <{}>", symbols.name(module, it.symbol)),
    }
}

/// A fact of a custom section; relocations are of the section that begins at `start`.
pub fn show(
    out: &mut dyn Write,
    module: &Module<'_>,
    symbols: &Symbols,
    start: usize,
    detail: &CustomDetail<'_>,
) -> io::Result<()> {
    match detail {
        CustomDetail::Section(name) => writeln!(out, " - name: \"{}\"", plain(name)),
        CustomDetail::ModuleName(name) => writeln!(out, " - module <{}>", plain(name)),
        CustomDetail::Name(space, index, name) => {
            let word = match space {
                Space::Elem => "elemseg",
                Space::Data => "dataseg",
                space => items::word(*space),
            };
            writeln!(out, " - {word}[{index}] <{}>", plain(name))
        }
        CustomDetail::LocalName(func, local, name) => match name.is_empty() {
            true => Ok(()),
            false => writeln!(out, " - func[{func}] local[{local}] <{}>", plain(name)),
        },
        CustomDetail::Producer(field, name, version) => {
            writeln!(
                out,
                "  - {}: {} {}",
                plain(field),
                plain(name),
                plain(version)
            )
        }
        CustomDetail::Feature(prefix, name) => {
            writeln!(out, "  - [{}] {}", plain(&prefix.to_string()), plain(name))
        }
        CustomDetail::Symbols(count) => writeln!(out, "  - symbol table [count={count}]"),
        CustomDetail::Symbol(symbol) => show_symbol(out, module, symbols, symbol),
        CustomDetail::Segments(count) => writeln!(out, "  - segment info [count={count}]"),
        CustomDetail::Segment(number, name, alignment, flags) => {
            write!(out, "   - {number}: {} p2align={alignment} [", plain(name))?;
            let words = [(1, "STRINGS"), (2, "TLS"), (4, "RETAIN")];
            show_bits(out, *flags, &words)?;
            writeln!(out, " ]")
        }
        CustomDetail::InitFuncs(count) => writeln!(out, "  - init functions [count={count}]"),
        CustomDetail::InitFunc(priority, symbol) => {
            let name = symbols.name(module, *symbol);
            writeln!(out, "   - {symbol}: priority={priority} <{name}>")
        }
        CustomDetail::Comdats(count) => writeln!(out, "  - comdat groups [count={count}]"),
        CustomDetail::Comdat(name, count) => {
            writeln!(out, "   - {}: [count={count}]", plain(name))
        }
        CustomDetail::ComdatMember(space, index) => {
            let word = match space {
                Some(Space::Data) => "segment",
                Some(space) => items::word(*space),
                None => "section",
            };
            let name = space.map_or(String::new(), |space| module.name(space, *index));
            writeln!(out, "    - {word}[{index}]{name}")
        }
        CustomDetail::Relocations(section, count) => {
            let name = symbols.section(*section);
            writeln!(
                out,
                "  - relocations for section: {section} ({name}) [{count}]"
            )
        }
        CustomDetail::Relocation(kind, offset, symbol, addend) => {
            let name = symbols.name(module, *symbol);
            show_relocation(out, start, &name, (kind, *offset, *symbol, *addend))
        }
        CustomDetail::DylinkMemory {
            memory_size,
            memory_p2align,
            table_size,
            table_p2align,
        } => {
            writeln!(out, " - mem_size     : {memory_size}")?;
            writeln!(out, " - mem_p2align  : {memory_p2align}")?;
            writeln!(out, " - table_size   : {table_size}")?;
            writeln!(out, " - table_p2align: {table_p2align}")
        }
        CustomDetail::Needed(0) => Ok(()),
        CustomDetail::Needed(count) => writeln!(out, " - needed_dynlibs[{count}]:"),
        CustomDetail::NeededLibrary(name) => writeln!(out, "  - {}", plain(name)),
        CustomDetail::DylinkItems(what, count) => writeln!(out, " - {what}[{count}]:"),
        CustomDetail::DylinkItem(from, name, flags) => {
            write!(out, "  - ")?;
            if let Some(from) = from {
                write!(out, "{}.", plain(from))?;
            }
            write!(out, "{}", plain(name))?;
            show_symbol_flags(out, *flags)
        }
    }
}

fn show_symbol(
    out: &mut dyn Write,
    module: &Module<'_>,
    symbols: &Symbols,
    symbol: &inspect::Symbol<'_>,
) -> io::Result<()> {
    let space = space(symbol.kind);
    let name = match (symbol.name, space) {
        (Some(name), _) if !name.is_empty() => name.to_owned(),
        (_, Some(space)) => module
            .names
            .get(space, symbol.index)
            .unwrap_or_default()
            .into_owned(),
        _ => symbols.section(symbol.index).to_owned(),
    };
    write!(
        out,
        "   - {}: {} <{}>",
        symbol.number,
        symbol.kind,
        plain(&name)
    )?;
    match (space, symbol.data) {
        (Some(space), _) => write!(out, " {}={}", items::word(space), symbol.index)?,
        (None, Some((_, offset, size))) if symbol.flags.0 & 0x200 != 0 => {
            write!(out, " address={offset} size={size}")?;
        }
        (None, Some((segment, offset, size))) => {
            write!(out, " segment={segment} offset={offset} size={size}")?;
        }
        (None, None) if symbol.kind == 'S' => write!(out, " section={}", symbol.index)?,
        (None, None) => {}
    }
    show_symbol_flags(out, symbol.flags)
}

fn show_symbol_flags(out: &mut dyn Write, flags: SymbolFlags) -> io::Result<()> {
    let binding = match flags.0 & 3 {
        0 => "global",
        1 => "weak",
        _ => "local",
    };
    let visibility = ["default", "hidden"][usize::from(flags.0 & 4 != 0)];
    let words = [
        (0x10, "undefined"),
        (0x20, "exported"),
        (0x40, "explicit_name"),
        (0x80, "no_strip"),
        (0x100, "tls"),
        (0x200, "absolute"),
    ];
    write!(out, " [")?;
    show_bits(out, flags.0 & !7, &words)?;
    writeln!(out, " binding={binding} vis={visibility} ]")
}

fn show_bits(out: &mut dyn Write, mut flags: u32, words: &[(u32, &str)]) -> io::Result<()> {
    for (bit, word) in words {
        if flags & bit != 0 {
            write!(out, " {word}")?;
            flags &= !bit;
        }
    }
    match flags {
        0 => Ok(()),
        unknown => write!(out, " unknown_flags={unknown:#x}"),
    }
}

fn show_relocation(
    out: &mut dyn Write,
    start: usize,
    name: &str,
    (kind, offset, symbol, addend): (&str, u32, u32, i64),
) -> io::Result<()> {
    let at = start + offset as usize;
    write!(out, "   - {kind:<18} offset={offset:#08x}(file={at:#08x}) ")?;
    match kind {
        "R_WASM_TYPE_INDEX_LEB" => write!(out, "type={symbol}")?,
        _ => write!(out, "symbol={symbol} <{name}>")?,
    }
    match addend {
        0 => writeln!(out),
        less @ ..0 => writeln!(out, "-{:#x}", less.unsigned_abs()),
        more => writeln!(out, "+{more:#x}"),
    }
}
