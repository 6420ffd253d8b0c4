//! The same facts as one JSON document a file.
//!
//! Apart from the layouts for people because programs want names for everything. Items are written one by one, and none is kept.

use std::io::{self, Write};
use std::ops::Range;

use inspect::{
    CustomDetail, Detail, Entity, Field, Frame, FrameKind, Instruction, Instructions, Items, Kind,
    Limits, Part, Space, TypeForm, Value as PartValue,
};
use serde_json::{Value, json};

use super::{DEPTH_MAX, Module, Wanted, bytes, items, words};

/// Writes the document, and gives the file's faults.
pub fn dump(
    out: &mut dyn Write,
    name: &str,
    file: &[u8],
    wanted: &Wanted,
    explained: bool,
) -> io::Result<Vec<String>> {
    let mut dump = Dump {
        out,
        wanted,
        faults: Vec::new(),
    };
    write!(
        dump.out,
        "{{\"file\":{},\"bytes\":{}",
        Value::from(name),
        file.len()
    )?;
    dump.module(file, 0..file.len(), 0)?;
    if explained {
        dump.parts(file)?;
    }
    writeln!(dump.out, "}}")?;
    Ok(dump.faults)
}

struct Dump<'d> {
    out: &'d mut dyn Write,
    wanted: &'d Wanted,
    faults: Vec<String>,
}

/// A list whose elements are written one by one.
struct List<'o> {
    out: &'o mut dyn Write,
    any: bool,
}

impl<'o> List<'o> {
    fn begin(out: &'o mut dyn Write, key: &str) -> io::Result<List<'o>> {
        write!(out, ",\"{key}\":[")?;
        Ok(List { out, any: false })
    }

    fn add(&mut self, value: &Value) -> io::Result<()> {
        if std::mem::replace(&mut self.any, true) {
            write!(self.out, ",")?;
        }
        write!(self.out, "\n{value}")
    }

    fn end(self) -> io::Result<()> {
        write!(self.out, "]")
    }
}

impl Dump<'_> {
    /// The keys of a module or component.
    fn module(&mut self, file: &[u8], range: Range<usize>, depth: usize) -> io::Result<()> {
        let module = Module::new(file, range);
        let kind = match module.frames().next() {
            _ if file.get(module.range.start + 6) == Some(&1) => "component",
            _ => "module",
        };
        write!(self.out, ",\"kind\":\"{kind}\"")?;
        if let Some(name) = module.names.module() {
            write!(self.out, ",\"name\":{}", Value::from(name))?;
        }
        write!(self.out, ",\"sections\":[")?;
        let mut numbers = Items::default();
        let mut any = false;
        for frame in module.frames() {
            let is_wanted = self.wanted.has(&frame);
            if is_wanted && std::mem::replace(&mut any, true) {
                write!(self.out, ",")?;
            }
            if is_wanted {
                let head = section(&frame).to_string();
                write!(self.out, "\n{}", head.trim_end_matches('}'))?;
            }
            self.items(&module, &frame, &mut numbers, is_wanted)?;
            if is_wanted && self.wanted.full_contents {
                let contents: String = file[frame.contents.clone()]
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect();
                write!(self.out, ",\"contents\":\"{contents}\"")?;
            }
            if frame.nested().is_some() && is_wanted && depth < DEPTH_MAX {
                self.module(file, frame.contents, depth + 1)?;
            }
            if is_wanted {
                write!(self.out, "}}")?;
            }
        }
        write!(self.out, "]")?;
        self.faults.extend(super::sections::broken_end(&module));
        Ok(())
    }

    fn items(
        &mut self,
        module: &Module<'_>,
        frame: &Frame,
        numbers: &mut Items,
        is_wanted: bool,
    ) -> io::Result<()> {
        let with_code = self.wanted.disassemble && frame.id == 10;
        let is_shown = is_wanted && (self.wanted.details || with_code);
        if frame.of != FrameKind::Module {
            return Ok(());
        }
        let mut faults = Vec::new();
        let mut list = match is_shown {
            true => Some(List::begin(self.out, "items")?),
            false => None,
        };
        let mut written = Ok(());
        let read = inspect::details(module.file, frame, &module.names, numbers, &mut |detail| {
            if let (Some(list), Ok(())) = (&mut list, &written) {
                let mut value = item(module, &detail);
                if let (Detail::Body { func, range }, true) = (&detail, with_code) {
                    value["instructions"] = body(module, *func, range, &mut faults);
                }
                written = list.add(&value);
            }
        });
        written?;
        if let Some(list) = list {
            list.end()?;
            if let Err(fault) = read {
                write!(self.out, ",\"fault\":{}", Value::from(words(&fault)))?;
                self.faults.push(words(&fault));
            }
        }
        self.faults.extend(faults);
        Ok(())
    }

    fn parts(&mut self, file: &[u8]) -> io::Result<()> {
        let mut list = List::begin(self.out, "parts")?;
        let mut written = Ok(());
        let mut shown = bytes::Shown::new(file, self.wanted);
        inspect::explain(file, &mut |part| {
            if let Kind::Fault = part.kind {
                let at = part.range.start;
                self.faults
                    .push(format!("{} (at byte {at:#x})", part.meaning));
            }
            if written.is_ok() && shown.has(&part) {
                written = list.add(&explained(&part));
            }
        });
        written?;
        list.end()
    }
}

fn section(frame: &Frame) -> Value {
    let mut value = json!({
        "id": frame.id,
        "name": frame.name(),
        "start": frame.contents.start,
        "end": frame.contents.end,
        "header": frame.header.start,
    });
    if let Some(name) = &frame.custom {
        value["custom"] = json!(name);
    }
    match frame.count {
        Some(func) if frame.of == FrameKind::Module && frame.id == 8 => {
            value["function"] = json!(func)
        }
        Some(count) => value["count"] = json!(count),
        None => {}
    }
    value
}

fn explained(part: &Part<'_>) -> Value {
    let kind = match part.kind {
        Kind::Heading => "heading",
        Kind::Fixed => "fixed",
        Kind::Leb128 { .. } => "leb128",
        Kind::Text => "text",
        Kind::Raw => "raw",
        Kind::Fault => "fault",
    };
    let mut value = json!({
        "start": part.range.start,
        "end": part.range.end,
        "depth": part.depth,
        "kind": kind,
        "meaning": part.meaning,
    });
    match part.value {
        PartValue::None => {}
        PartValue::Unsigned(number) => value["value"] = json!(number),
        PartValue::Signed(number) => value["value"] = json!(number),
        // JSON has no infinities.
        PartValue::F32(bits) => value["value"] = json!(f32::from_bits(bits).to_string()),
        PartValue::F64(bits) => value["value"] = json!(f64::from_bits(bits).to_string()),
        PartValue::Text(text) => value["value"] = json!(text),
    }
    if !part.note.is_empty() {
        value["note"] = json!(part.note);
    }
    if let Kind::Leb128 { padded: true } = part.kind {
        value["padded"] = json!(true);
    }
    value
}

fn body(module: &Module<'_>, func: u32, range: &Range<usize>, faults: &mut Vec<String>) -> Value {
    let mut list = Vec::new();
    let mut read = || -> Result<(), inspect::Fault> {
        let locals = inspect::locals(module.file, range.clone())?;
        for group in &locals.groups {
            list.push(json!({"start": group.range.start, "locals": group.count, "type": group.ty}));
        }
        let mut read = Instructions::new(module.file, locals.end..range.end, Some(func));
        while let Some(it) = read.next(&module.names)? {
            list.push(instruction(&it));
        }
        Ok(())
    };
    if let Err(fault) = read() {
        list.push(json!({"start": fault.offset(), "fault": fault.message()}));
        faults.push(format!("{} in func[{func}]", words(&fault)));
    }
    Value::from(list)
}

fn instruction(it: &Instruction) -> Value {
    json!({
        "start": it.range.start,
        "bytes": it.range.len(),
        "name": it.name,
        "operands": it.operands,
        "nesting": it.nesting,
    })
}

/// A constant expression as text.
fn expression(instructions: &[Instruction]) -> Value {
    let all: Vec<String> = instructions
        .iter()
        .map(|it| format!("{} {}", it.name, it.operands).trim_end().to_owned())
        .collect();
    json!(all)
}

fn limits(limits: &Limits) -> Value {
    json!({
        "initial": limits.initial,
        "max": limits.max,
        "is_64": limits.is_64,
        "shared": limits.shared,
    })
}

fn entity(entity: &Entity) -> Value {
    let kind = items::word(entity.space());
    match entity {
        Entity::Func(ty) | Entity::Tag(ty) => json!({"kind": kind, "type": ty}),
        Entity::Table { ty, limits: it } => {
            json!({"kind": kind, "type": ty, "limits": limits(it)})
        }
        Entity::Memory {
            limits: it,
            page_bytes,
        } => json!({"kind": kind, "limits": limits(it), "page_bytes": page_bytes}),
        Entity::Global { ty, mutable } => {
            json!({"kind": kind, "type": ty, "mutable": mutable})
        }
    }
}

/// An item as an object; those with names have them.
fn item(module: &Module<'_>, detail: &Detail<'_>) -> Value {
    let named = |space: Space, index: u32, mut value: Value| {
        value["index"] = json!(index);
        if let Some(name) = module.names.get(space, index) {
            value["name"] = json!(name);
        }
        value
    };
    match detail {
        Detail::Type {
            index,
            form,
            supertype,
            is_final,
        } => {
            let value = json!({"type": type_form(form), "supertype": supertype, "final": is_final});
            named(Space::Type, *index, value)
        }
        Detail::Import {
            module: from,
            name,
            index,
            entity: it,
        } => {
            let mut value = named(it.space(), *index, entity(it));
            value["import"] = json!({"module": from, "name": name});
            value
        }
        Detail::Item {
            index,
            entity: it,
            init,
        } => {
            let mut value = named(it.space(), *index, entity(it));
            if !init.is_empty() {
                value["init"] = expression(init);
            }
            value
        }
        Detail::Export { space, index, name } => {
            json!({"export": name, "kind": items::word(*space), "index": index})
        }
        Detail::Start(func) => named(Space::Func, *func, json!({})),
        Detail::DataCount(count) => json!({"count": count}),
        Detail::Body { func, range } => {
            let value = json!({"start": range.start, "bytes": range.len()});
            named(Space::Func, *func, value)
        }
        Detail::Elem {
            index,
            flags,
            table,
            offset,
            count,
        } => {
            let mode = ["active", "passive", "active", "declarative"][(flags & 3) as usize];
            let value = json!({
                "mode": mode, "table": table, "offset": expression(offset), "count": count,
            });
            named(Space::Elem, *index, value)
        }
        Detail::Element { number, value } => {
            json!({"element": number, "value": expression(value)})
        }
        Detail::Data {
            index,
            memory,
            offset,
            range,
        } => {
            let value = json!({
                "memory": memory, "offset": expression(offset),
                "start": range.start, "bytes": range.len(),
            });
            named(Space::Data, *index, value)
        }
        Detail::Custom(detail) => custom(detail),
    }
}

fn type_form(form: &TypeForm) -> Value {
    let field = |field: &Field| json!({"type": field.ty, "mutable": field.mutable});
    match form {
        TypeForm::Func { params, results } => {
            json!({"kind": "func", "params": params, "results": results})
        }
        TypeForm::Struct(fields) => {
            json!({"kind": "struct", "fields": fields.iter().map(field).collect::<Vec<_>>()})
        }
        TypeForm::Array(elements) => json!({"kind": "array", "elements": field(elements)}),
        TypeForm::Cont(ty) => json!({"kind": "cont", "func": ty}),
    }
}

fn custom(detail: &CustomDetail<'_>) -> Value {
    match detail {
        CustomDetail::Section(name) => json!({"section": name}),
        CustomDetail::ModuleName(name) => json!({"kind": "module", "name": name}),
        CustomDetail::Name(space, index, name) => {
            json!({"kind": items::word(*space), "index": index, "name": name})
        }
        CustomDetail::LocalName(func, local, name) => {
            json!({"kind": "local", "function": func, "index": local, "name": name})
        }
        CustomDetail::Producer(field, name, version) => {
            json!({"field": field, "name": name, "version": version})
        }
        CustomDetail::Feature(prefix, name) => json!({"prefix": prefix, "feature": name}),
        CustomDetail::Symbols(count) => json!({"symbols": count}),
        CustomDetail::Symbol(symbol) => json!({
            "symbol": symbol.number, "kind": symbol.kind, "name": symbol.name,
            "index": symbol.index, "data": symbol.data, "flags": symbol.flags.0,
        }),
        CustomDetail::Segments(count) => json!({"segments": count}),
        CustomDetail::Segment(number, name, p2align, flags) => {
            json!({"segment": number, "name": name, "p2align": p2align, "flags": flags})
        }
        CustomDetail::InitFuncs(count) => json!({"init_functions": count}),
        CustomDetail::InitFunc(priority, symbol) => {
            json!({"priority": priority, "symbol": symbol})
        }
        CustomDetail::Comdats(count) => json!({"comdats": count}),
        CustomDetail::Comdat(name, count) => json!({"comdat": name, "count": count}),
        CustomDetail::ComdatMember(space, index) => {
            json!({"kind": space.map_or("section", items::word), "index": index})
        }
        CustomDetail::Relocations(section, count) => {
            json!({"relocations": count, "of_section": section})
        }
        CustomDetail::Relocation(kind, offset, symbol, addend) => {
            json!({"relocation": kind, "offset": offset, "symbol": symbol, "addend": addend})
        }
        CustomDetail::DylinkMemory {
            memory_size,
            memory_p2align,
            table_size,
            table_p2align,
        } => json!({
            "memory_size": memory_size, "memory_p2align": memory_p2align,
            "table_size": table_size, "table_p2align": table_p2align,
        }),
        CustomDetail::Needed(count) => json!({"needed": count}),
        CustomDetail::NeededLibrary(name) => json!({"library": name}),
        CustomDetail::DylinkItems(what, count) => json!({*what: count}),
        CustomDetail::DylinkItem(from, name, flags) => {
            json!({"module": from, "name": name, "flags": flags.0})
        }
    }
}
