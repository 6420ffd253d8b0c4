//! A module of an instance as it is: the sections that say what it starts with, written anew, among those that stay.

use crate::Refusal;
use crate::elements::elements;
use crate::encode::{
    CODE, CUSTOM, DATA, DATA_COUNT, ELEM, END, EXPORT, GLOBAL, MEMORY, REF_FUNC, Reader, START,
    TABLE, sections, vector, write_bytes, write_i64, write_memory_type, write_place, write_u64,
};
use crate::runs::runs;
use module::{DataMode, ExportItem, FuncIdx, Header, ImportType, MemoryType, Op};
use wharf::{InstanceState, ValueState};

/// Bytes of a snapshot at most: what engines take as one module.
const BYTES_MAX: usize = 1 << 30;

/// The module whose instances start with this state, and without a start function. `exports` gives each export its new name, or
/// `None` to leave it out.
///
/// # Errors
/// What cannot be put into a module.
pub fn bake(
    state: &InstanceState<'_>,
    exports: impl Fn(&str) -> Option<String>,
) -> Result<Vec<u8>, Refusal> {
    let header = state.module.header();
    check(state, header)?;
    let old = sections(state.module.bytes()).ok_or(Refusal::TooLarge)?;
    let contents = |id: u8| {
        let found = old.iter().find(|(found, _)| *found == id);
        found.map_or(&[][..], |(_, contents)| contents)
    };
    let lost = lost_declarations(header, &exports, contents(CODE));
    let elements = elements(state, contents(TABLE), contents(ELEM), &lost)?;
    let (n_datas, datas) = data_section(state, header)?;
    let globals = global_section(state, header, contents(GLOBAL)).ok_or(Refusal::TooLarge)?;
    let anew = |id: u8| match id {
        TABLE => elements.tables.clone(),
        MEMORY => Some(memory_section(state, header)),
        GLOBAL => Some(globals.clone()),
        EXPORT => Some(export_section(header, &exports)),
        START => Some(Vec::new()),
        ELEM => elements.elems.clone(),
        DATA_COUNT => Some(vector(n_datas, &[])),
        DATA => Some(datas.clone()),
        _ => None,
    };
    // Sections that the module did not have go where they belong: elements before all that has to do with code, data last.
    let is_late = |id: u8| matches!(id, DATA_COUNT | CODE | DATA);
    let end = 1 + old.iter().rposition(|(id, _)| *id != CUSTOM).unwrap_or(0);
    let first_late = old.iter().position(|(id, _)| is_late(*id)).unwrap_or(end);
    let lacks = |id: u8| !old.iter().any(|(found, _)| *found == id);

    let mut out = state.module.bytes()[..8].to_vec();
    for at in 0..=old.len() {
        if at == first_late.min(old.len()) && lacks(ELEM) {
            write_section(&mut out, ELEM, &elements.elems.clone().unwrap_or_default());
        }
        if at == end.min(old.len()) && lacks(DATA) && n_datas > 0 {
            write_section(&mut out, DATA, &datas);
        }
        if let Some((id, contents)) = old.get(at) {
            match anew(*id) {
                Some(anew) => write_section(&mut out, *id, &anew),
                None => {
                    out.push(*id);
                    write_bytes(&mut out, contents);
                }
            }
        }
        if out.len() > BYTES_MAX {
            return Err(Refusal::TooLarge);
        }
    }
    Ok(out)
}

/// Functions that code may make references to, which it must not unless something declares them, and which something declared
/// that goes: an export, or the first value of a global.
fn lost_declarations(
    header: &Header,
    rename: impl Fn(&str) -> Option<String>,
    code: &[u8],
) -> Vec<FuncIdx> {
    let removed = header
        .exports()
        .iter()
        .filter_map(|export| match export.item {
            ExportItem::Func(func) if rename(&export.name).is_none() => Some(func),
            _ => None,
        });
    let globals = header.globals()[header.n_imported_globals()..].iter();
    let inits = globals.zip(header.global_inits());
    let replaced = inits
        .filter(|(ty, _)| ty.mutable)
        .filter_map(|(_, init)| match init.ops() {
            [Op::RefFunc(func)] => Some(*func),
            _ => None,
        });
    let mut lost: Vec<FuncIdx> = removed.chain(replaced).collect();
    lost.sort_unstable_by_key(|func| func.index());
    lost.dedup();
    if lost.is_empty() {
        return lost;
    }
    // Whatever looks like `ref.func` counts: one declaration too many does no harm.
    let mut named = Vec::new();
    for (at, _) in code
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == REF_FUNC)
    {
        named.extend(Reader(&code[at + 1..]).u64());
    }
    named.sort_unstable();
    lost.retain(|func| named.binary_search(&(func.index() as u64)).is_ok());
    lost
}

/// Refuses what no module can say.
fn check(state: &InstanceState<'_>, header: &Header) -> Result<(), Refusal> {
    if header.memories().iter().any(|memory| memory.shared) {
        return Err(Refusal::SharedMemory);
    }
    for import in header.imports() {
        let is_state = match import.ty {
            ImportType::Memory(_) | ImportType::Table(_) => true,
            ImportType::Global(ty) => ty.mutable,
            ImportType::Func(_) | ImportType::Tag(_) => false,
        };
        if is_state {
            return Err(Refusal::Import {
                module: import.module.to_string(),
                name: import.name.to_string(),
            });
        }
    }
    // Also what a constant refers to may have changed.
    match state
        .globals
        .iter()
        .position(|value| *value == ValueState::Other)
    {
        Some(at) => Err(Refusal::Global(header.n_imported_globals() + at)),
        None => Ok(()),
    }
}

/// Appends a section, unless it would be empty and can be left out.
fn write_section(out: &mut Vec<u8>, id: u8, contents: &[u8]) {
    if !contents.is_empty() {
        out.push(id);
        write_bytes(out, contents);
    }
}

/// The memories with their present sizes.
fn memory_section(state: &InstanceState<'_>, header: &Header) -> Vec<u8> {
    let mut out = Vec::new();
    for (ty, bytes) in header.memories().iter().zip(&state.memories) {
        let n_bytes = bytes.map_or(0, <[u8]>::len) as u64;
        let now = MemoryType {
            minimum: n_bytes >> ty.page_size_log2,
            ..*ty
        };
        write_memory_type(&mut out, &now);
    }
    vector(state.memories.len(), &out)
}

/// The globals, those that can change with their present values; `None` if the section is not as validation left it.
fn global_section(state: &InstanceState<'_>, header: &Header, section: &[u8]) -> Option<Vec<u8>> {
    if section.is_empty() {
        return Some(Vec::new());
    }
    let mut reader = Reader(section);
    reader.u64()?;
    let mut out = Vec::new();
    let defined = &header.globals()[header.n_imported_globals()..];
    for (ty, value) in defined.iter().zip(&state.globals) {
        let start = reader;
        let spelled = *reader.0.first()?;
        reader.val_type()?;
        let heap = reader.since(start).get(1..)?;
        reader.byte()?;
        let head = reader.since(start);
        reader.expr()?;
        if !ty.mutable {
            out.extend_from_slice(reader.since(start));
            continue;
        }
        out.extend_from_slice(head);
        write_value(&mut out, *value, spelled, heap);
    }
    Some(vector(state.globals.len(), &out))
}

/// Appends the expression of a value whose type is spelled so; of a reference type with a heap type behind it, that is `heap`.
fn write_value(out: &mut Vec<u8>, value: ValueState, spelled: u8, heap: &[u8]) {
    match value {
        ValueState::Bits(bits) => match spelled {
            0x7f => {
                out.push(0x41);
                write_i64(out, i64::from(bits as i32));
            }
            0x7e => {
                out.push(0x42);
                write_i64(out, bits as i64);
            }
            0x7d => {
                out.push(0x43);
                out.extend_from_slice(&(bits as u32).to_le_bytes());
            }
            0x7c => {
                out.push(0x44);
                out.extend_from_slice(&(bits as u64).to_le_bytes());
            }
            _ => {
                out.extend_from_slice(&[0xfd, 0x0c]);
                out.extend_from_slice(&bits.to_le_bytes());
            }
        },
        ValueState::Func(func) => {
            out.push(REF_FUNC);
            write_u64(out, func.index() as u64);
        }
        ValueState::Null | ValueState::Other => {
            out.push(0xd0);
            match heap {
                [] => out.push(spelled),
                heap => out.extend_from_slice(heap),
            }
        }
    }
    out.push(END);
}

fn export_section(header: &Header, rename: impl Fn(&str) -> Option<String>) -> Vec<u8> {
    let (mut out, mut n_exports) = (Vec::new(), 0);
    for export in header.exports() {
        let Some(name) = rename(&export.name) else {
            continue;
        };
        let (kind, index) = match export.item {
            ExportItem::Func(index) => (0, index.index()),
            ExportItem::Table(index) => (1, index.index()),
            ExportItem::Memory(index) => (2, index.index()),
            ExportItem::Global(index) => (3, index.index()),
            ExportItem::Tag(index) => (4, index.index()),
        };
        write_bytes(&mut out, name.as_bytes());
        out.push(kind);
        write_u64(&mut out, index as u64);
        n_exports += 1;
    }
    vector(n_exports, &out)
}

/// How many segments there are, and the section: the old ones if code can name them, and what the memories hold.
fn data_section(state: &InstanceState<'_>, header: &Header) -> Result<(usize, Vec<u8>), Refusal> {
    let (mut out, mut n_datas) = (Vec::new(), 0);
    // Without a count of them, code names no segments.
    if header.n_datas().is_some() {
        for (index, segment) in state.module.datas().iter().enumerate() {
            let is_left = matches!(segment.mode, DataMode::Passive) && !state.datas_dropped[index];
            let left = if is_left {
                state.module.data_bytes(index)
            } else {
                &[]
            };
            // A dropped segment is one without bytes.
            out.push(1);
            write_bytes(&mut out, left);
            n_datas += 1;
        }
    }
    for (index, memory) in state.memories.iter().enumerate() {
        let bytes = memory.ok_or(Refusal::SharedMemory)?;
        for run in runs(bytes) {
            if index == 0 {
                out.push(0);
            } else {
                out.push(2);
                write_u64(&mut out, index as u64);
            }
            let wide = header.memories()[index].memory64;
            write_place(&mut out, run.start as u64, wide);
            write_bytes(&mut out, &bytes[run]);
            n_datas += 1;
            if out.len() > BYTES_MAX {
                return Err(Refusal::TooLarge);
            }
        }
    }
    let section = match (n_datas, header.n_datas()) {
        (0, None) => Vec::new(),
        _ => vector(n_datas, &out),
    };
    Ok((n_datas, section))
}
