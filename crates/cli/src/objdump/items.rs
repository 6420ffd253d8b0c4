//! The items of sections, a line each.
//!
//! Apart from the facts themselves because this layout is what scripts look for.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::ops::Range;

use inspect::{CustomDetail, Detail, Entity, Field, Instruction, Limits, Space, TypeForm};

use super::{Module, custom, plain, sections};

/// What is shown so far.
pub struct Shown<'m, 'a> {
    module: &'m Module<'a>,
    /// Where the elements of the current segment go.
    first_element: u64,
    /// The relocations of the data section that are still to come, if they are wanted.
    relocations: VecDeque<custom::Relocation>,
    symbols: custom::Symbols,
    /// Where the section begins that the current relocations belong to.
    relocated: usize,
}

impl<'m, 'a> Shown<'m, 'a> {
    pub fn new(module: &'m Module<'a>, with_relocations: bool) -> Shown<'m, 'a> {
        let relocations = match with_relocations {
            true => custom::relocations(module, 11).into(),
            false => VecDeque::new(),
        };
        Shown {
            module,
            first_element: 0,
            relocations,
            symbols: custom::Symbols::read(module),
            relocated: 0,
        }
    }

    /// Shows an item.
    pub fn item(&mut self, out: &mut dyn Write, item: &Detail<'_>) -> io::Result<()> {
        let module = self.module;
        match item {
            Detail::Type { index, form, .. } => {
                writeln!(out, " - type[{index}] {}", type_words(form))
            }
            Detail::Import {
                module: from,
                name,
                index,
                entity,
            } => {
                write!(out, " - {}", entity_words(*index, entity))?;
                if let Entity::Func(_) | Entity::Tag(_) = entity {
                    write!(out, "{}", module.name(entity.space(), *index))?;
                }
                writeln!(out, "{} <- {}.{}", flags(entity), plain(from), plain(name))
            }
            Detail::Item {
                index,
                entity,
                init,
            } => {
                write!(out, " - {}", entity_words(*index, entity))?;
                if !matches!(entity, Entity::Memory { .. } | Entity::Tag(_)) {
                    write!(out, "{}", module.name(entity.space(), *index))?;
                }
                write!(out, "{}", flags(entity))?;
                if !init.is_empty() {
                    write!(out, " - init {}", value(init, false))?;
                }
                writeln!(out)
            }
            Detail::Export { space, index, name } => {
                let label = match space {
                    Space::Func => module.name(*space, *index),
                    _ => String::new(),
                };
                writeln!(
                    out,
                    " - {}[{index}]{label} -> \"{}\"",
                    word(*space),
                    plain(name)
                )
            }
            Detail::Start(func) => {
                writeln!(
                    out,
                    " - start function: {func}{}",
                    module.name(Space::Func, *func)
                )
            }
            Detail::DataCount(count) => writeln!(out, " - data count: {count}"),
            Detail::Body { func, range } => writeln!(
                out,
                " - func[{func}] size={}{}",
                range.len(),
                module.name(Space::Func, *func)
            ),
            Detail::Elem {
                index,
                flags,
                table,
                offset,
                count,
            } => {
                self.first_element = constant(offset);
                write!(
                    out,
                    " - segment[{index}] flags={flags} table={table} count={count}"
                )?;
                match flags & 1 {
                    0 => writeln!(out, " - init {}", value(offset, true)),
                    _ => writeln!(out),
                }
            }
            Detail::Element {
                number,
                value: element,
            } => {
                let index = self.first_element.wrapping_add(u64::from(*number));
                writeln!(out, "  - elem[{index}] = {}", value(element, false))
            }
            Detail::Data {
                index,
                memory,
                offset,
                range,
            } => self.data(out, *index, *memory, offset, range),
            Detail::Custom(detail) => self.custom(out, detail),
        }
    }

    fn custom(&mut self, out: &mut dyn Write, detail: &CustomDetail<'_>) -> io::Result<()> {
        if let CustomDetail::Relocations(section, _) = detail {
            self.relocated = self.symbols.start(*section);
        }
        custom::show(out, self.module, &self.symbols, self.relocated, detail)
    }

    fn data(
        &mut self,
        out: &mut dyn Write,
        index: u32,
        memory: Option<u32>,
        offset: &[Instruction],
        range: &Range<usize>,
    ) -> io::Result<()> {
        let module = self.module;
        write!(
            out,
            " - segment[{index}]{}",
            module.name(Space::Data, index)
        )?;
        match memory {
            Some(memory) => writeln!(
                out,
                " memory={memory} size={} - init {}",
                range.len(),
                value(offset, true)
            )?,
            None => writeln!(out, " passive size={}", range.len())?,
        }
        let start = constant(offset);
        sections::hex(out, "  - ", &module.file[range.clone()], start)?;
        while let Some(relocation) = self.relocations.pop_front_if(|it| it.at < range.end) {
            let at = start.wrapping_add(relocation.at.saturating_sub(range.start) as u64);
            custom::relocation(out, module, &self.symbols, &relocation, at)?;
        }
        Ok(())
    }
}

/// The word for a kind of items.
pub fn word(space: Space) -> &'static str {
    match space {
        Space::Func => "func",
        Space::Type => "type",
        Space::Table => "table",
        Space::Memory => "memory",
        Space::Global => "global",
        Space::Elem => "elem",
        Space::Data => "data",
        Space::Tag => "tag",
    }
}

fn type_words(form: &TypeForm) -> String {
    let field = |field: &Field| match field.mutable {
        true => format!(" (mut {})", field.ty),
        false => format!(" {}", field.ty),
    };
    match form {
        TypeForm::Func { params, results } => {
            let results = match &results[..] {
                [] => "nil".to_owned(),
                [one] => one.clone(),
                several => format!("({})", several.join(", ")),
            };
            format!("({}) -> {results}", params.join(", "))
        }
        TypeForm::Struct(fields) => {
            format!("(struct{})", fields.iter().map(field).collect::<String>())
        }
        TypeForm::Array(elements) => format!("(array{})", field(elements)),
        TypeForm::Cont(ty) => format!("(cont {ty})"),
    }
}

/// What something is, without names.
fn entity_words(index: u32, entity: &Entity) -> String {
    let kind = word(entity.space());
    match entity {
        Entity::Func(ty) | Entity::Tag(ty) => format!("{kind}[{index}] sig={ty}"),
        Entity::Table { ty, limits } => {
            format!(
                "table[{index}] type={ty} initial={}{}",
                limits.initial,
                max(limits)
            )
        }
        Entity::Memory { limits, .. } => {
            format!(
                "memory[{index}] pages: initial={}{}",
                limits.initial,
                max(limits)
            )
        }
        Entity::Global { ty, mutable } => {
            format!("global[{index}] {ty} mutable={}", u8::from(*mutable))
        }
    }
}

fn max(limits: &Limits) -> String {
    limits
        .max
        .map_or(String::new(), |max| format!(" max={max}"))
}

/// What stands behind the name.
fn flags(entity: &Entity) -> String {
    let (limits, page_bytes) = match entity {
        Entity::Table { limits, .. } => (limits, 1 << 16),
        Entity::Memory { limits, page_bytes } => (limits, *page_bytes),
        _ => return String::new(),
    };
    let shared = ["", " shared"][usize::from(limits.shared)];
    let is_64 = ["", " i64"][usize::from(limits.is_64)];
    let page = match page_bytes {
        0x1_0000 => String::new(),
        bytes => format!(" (pagesize {bytes})"),
    };
    format!("{shared}{is_64}{page}")
}

/// A constant expression in short.
fn value(instructions: &[Instruction], unsigned: bool) -> String {
    let [one] = instructions else {
        if instructions.is_empty() {
            return "<EMPTY>".to_owned();
        }
        let all: Vec<String> = instructions
            .iter()
            .map(|it| plain(format!("{} {}", it.name, it.operands).trim_end()).into_owned())
            .collect();
        return format!("({})", all.join(", "));
    };
    let operands = plain(&one.operands);
    let signed = |text: String| if unsigned { operands.to_string() } else { text };
    let number = operands.parse::<u64>().unwrap_or(0);
    match one.name {
        "i32.const" => format!("i32={}", signed((number as u32).cast_signed().to_string())),
        "i64.const" => format!("i64={}", signed(number.cast_signed().to_string())),
        "f32.const" => format!("f32={operands}"),
        "f64.const" => format!("f64={operands}"),
        "v128.const" => format!("v128={operands} "),
        "global.get" => format!("global={operands}"),
        "ref.func" => format!("ref.func:{operands}"),
        "ref.null" => match &*operands {
            "func" | "extern" | "exn" | "any" | "eq" | "i31" | "struct" | "array" => {
                format!("ref.null {operands}ref")
            }
            _ => format!("ref.null {operands}"),
        },
        name => format!("{name} {operands}"),
    }
}

/// The place that a constant expression means, if it is a constant alone.
fn constant(instructions: &[Instruction]) -> u64 {
    match instructions {
        [one] if matches!(one.name, "i32.const" | "i64.const") => one.operands.parse().unwrap_or(0),
        _ => 0,
    }
}
