//! Tables and element segments: left as they are if initialization changed no table, and written anew otherwise.

use crate::Refusal;
use crate::encode::{END, REF_FUNC, Reader, vector, write_place, write_u64};
use module::{ConstExpr, ElemItems, ElemMode, FuncIdx, Header, Op};
use wharf::{ElemState, InstanceState, ValueState};

/// What the two sections become; `None` for one that stays.
pub struct Elements {
    pub tables: Option<Vec<u8>>,
    pub elems: Option<Vec<u8>>,
}

/// Decides and writes both sections, given as they were; `declared` are functions that must be declared anew.
pub fn elements(
    state: &InstanceState<'_>,
    tables: &[u8],
    elems: &[u8],
    declared: &[FuncIdx],
) -> Result<Elements, Refusal> {
    let header = state.module.header();
    for (index, elem) in state.elems.iter().enumerate() {
        if *elem == ElemState::Other {
            return Err(Refusal::Segment(index));
        }
    }
    for (defined, table) in state.tables.iter().enumerate() {
        if let Some(at) = table
            .iter()
            .position(|element| *element == ValueState::Other)
        {
            return Err(Refusal::Element(header.n_imported_tables() + defined, at));
        }
    }
    let passive_dropped = header
        .elems()
        .iter()
        .zip(&state.elems)
        .any(|(segment, elem)| {
            matches!(segment.mode, ElemMode::Passive) && *elem == ElemState::Dropped
        });
    let stay = !passive_dropped && expected(header).as_ref() == Some(&state.tables);
    let write = || {
        Some(Elements {
            tables: if stay {
                None
            } else {
                Some(table_section(state, tables)?)
            },
            elems: if stay && declared.is_empty() {
                None
            } else {
                Some(elem_section(state, elems, stay, declared)?)
            },
        })
    };
    write().ok_or(Refusal::TooLarge)
}

/// What tables start with, if their segments are simple enough to say.
fn expected(header: &Header) -> Option<Vec<Vec<ValueState>>> {
    let n_imported = header.n_imported_tables();
    let defined = header.tables()[n_imported..].iter();
    let mut tables = Vec::new();
    for (ty, init) in defined.zip(header.table_inits()) {
        let value = init.as_ref().map_or(Some(ValueState::Null), constant)?;
        tables.push(vec![value; usize::try_from(ty.minimum).ok()?]);
    }
    for segment in header.elems() {
        let ElemMode::Active { table, offset } = &segment.mode else {
            continue;
        };
        let offset = match offset.ops() {
            [Op::I32Const(offset)] => u64::from(*offset as u32),
            [Op::I64Const(offset)] => *offset as u64,
            _ => return None,
        };
        let items: Vec<ValueState> = match &segment.items {
            ElemItems::Funcs(funcs) => funcs.iter().map(|func| ValueState::Func(*func)).collect(),
            ElemItems::Exprs(exprs) => exprs.iter().map(constant).collect::<Option<_>>()?,
        };
        let table = tables.get_mut(table.index().checked_sub(n_imported)?)?;
        let start = usize::try_from(offset).ok()?;
        let end = start.checked_add(items.len())?;
        table.get_mut(start..end)?.copy_from_slice(&items);
    }
    Some(tables)
}

fn constant(expr: &ConstExpr) -> Option<ValueState> {
    match expr.ops() {
        [Op::RefNull(_)] => Some(ValueState::Null),
        [Op::RefFunc(func)] => Some(ValueState::Func(*func)),
        _ => None,
    }
}

/// The tables with their present sizes.
fn table_section(state: &InstanceState<'_>, section: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader(section);
    let mut out = Vec::new();
    if section.is_empty() {
        return Some(out);
    }
    let n_tables = reader.u64()?;
    for table in &state.tables {
        let start = reader;
        let has_init = reader.0.starts_with(&[0x40, 0x00]);
        if has_init {
            reader.take(2)?;
        }
        reader.val_type()?;
        out.extend_from_slice(reader.since(start));
        let flags = reader.byte()?;
        reader.u64()?;
        out.push(flags);
        write_u64(&mut out, table.len() as u64);
        let rest = reader;
        if flags & 1 != 0 {
            reader.u64()?;
        }
        if has_init {
            reader.expr()?;
        }
        out.extend_from_slice(reader.since(rest));
    }
    Some(vector(n_tables as usize, &out))
}

/// The segments. Unless they stay, those that are dropped only declare their functions, and what tables hold now comes behind them.
fn elem_section(
    state: &InstanceState<'_>,
    section: &[u8],
    stay: bool,
    declared: &[FuncIdx],
) -> Option<Vec<u8>> {
    let header = state.module.header();
    let mut out = Vec::new();
    let mut n_segments = state.elems.len();
    let mut reader = Reader(section);
    if !section.is_empty() {
        reader.u64()?;
    }
    for state in &state.elems {
        let segment = Segment::read(&mut reader)?;
        match state {
            ElemState::Dropped if !stay => segment.write_declared(&mut out),
            _ => out.extend_from_slice(segment.all),
        }
    }
    if !declared.is_empty() {
        out.extend_from_slice(&[3, 0]);
        write_u64(&mut out, declared.len() as u64);
        for func in declared {
            write_u64(&mut out, func.index() as u64);
        }
        n_segments += 1;
    }
    if stay {
        return Some(vector(n_segments, &out));
    }
    for (defined, table) in state.tables.iter().enumerate() {
        let index = header.n_imported_tables() + defined;
        let ty = header.tables()[index];
        if table.is_empty() {
            continue;
        }
        // The type is spelled as the table's own is, and so are its nulls.
        let spelled = spelled_type(state, index)?;
        out.push(6);
        write_u64(&mut out, index as u64);
        write_place(&mut out, 0, ty.table64);
        out.extend_from_slice(&spelled);
        write_u64(&mut out, table.len() as u64);
        for element in table {
            match element {
                ValueState::Func(func) => {
                    out.push(REF_FUNC);
                    write_u64(&mut out, func.index() as u64);
                }
                _ => {
                    out.push(0xd0);
                    out.extend_from_slice(null_type(&spelled));
                }
            }
            out.push(END);
        }
        n_segments += 1;
    }
    Some(vector(n_segments, &out))
}

/// The element type of a defined table, as the file spells it.
fn spelled_type(state: &InstanceState<'_>, index: usize) -> Option<Vec<u8>> {
    let sections = crate::encode::sections(state.module.bytes())?;
    let (_, section) = sections
        .iter()
        .find(|(id, _)| *id == crate::encode::TABLE)?;
    let mut reader = Reader(section);
    reader.u64()?;
    let mut at = state.module.header().n_imported_tables();
    loop {
        let has_init = reader.0.starts_with(&[0x40, 0x00]);
        if has_init {
            reader.take(2)?;
        }
        let start = reader;
        reader.val_type()?;
        if at == index {
            return Some(reader.since(start).to_vec());
        }
        reader.limits()?;
        if has_init {
            reader.expr()?;
        }
        at += 1;
    }
}

/// The heap type in the spelling of a reference type: short ones are their own.
fn null_type(spelled: &[u8]) -> &[u8] {
    match spelled {
        [0x63 | 0x64, heap @ ..] => heap,
        short => short,
    }
}

/// A segment in the file.
struct Segment<'a> {
    all: &'a [u8],
    /// Whether items are expressions.
    exprs: bool,
    /// The type of the references if the segment spells it, otherwise that of functions is meant.
    ty: Option<&'a [u8]>,
    /// How many, and the items.
    items: &'a [u8],
}

impl<'a> Segment<'a> {
    fn read(reader: &mut Reader<'a>) -> Option<Segment<'a>> {
        let start = *reader;
        let flags = reader.u64()?;
        let (active, explicit, exprs) = (flags & 1 == 0, flags & 2 != 0, flags & 4 != 0);
        if active {
            if explicit {
                reader.u64()?;
            }
            reader.expr()?;
        }
        // Active segments for the first table leave the type out.
        let ty_start = *reader;
        if !active || explicit {
            if exprs {
                reader.val_type()?;
            } else {
                reader.byte()?;
            }
        }
        let ty = reader.since(ty_start);
        let items_start = *reader;
        for _ in 0..reader.u64()? {
            if exprs {
                reader.expr()?;
            } else {
                reader.u64()?;
            }
        }
        Some(Segment {
            all: reader.since(start),
            exprs,
            ty: (!ty.is_empty()).then_some(ty),
            items: reader.since(items_start),
        })
    }

    /// Appends the segment as one that only declares its functions, so that code may still refer to them.
    fn write_declared(&self, out: &mut Vec<u8>) {
        out.push(if self.exprs { 7 } else { 3 });
        let func_type: &[u8] = if self.exprs { &[0x70] } else { &[0x00] };
        out.extend_from_slice(self.ty.unwrap_or(func_type));
        out.extend_from_slice(self.items);
    }
}
