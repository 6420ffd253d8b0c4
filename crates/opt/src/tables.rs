//! Tables that nothing can change once the module is instantiated: what is in them is known.
//!
//! Apart from the calls that this decides because it is about the module outside of its functions.

use module::{ConstExpr, ElemItems, ElemMode, ExportItem, FuncIdx, Header, Module, Op, TableIdx};
use std::collections::HashMap;

/// What an element of a table is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Element {
    /// Null.
    Null,
    /// A function of the module.
    Func(FuncIdx),
    /// It is not known.
    Unknown,
}

/// A table whose elements stay as they are.
struct Closed {
    n_elements: u64,
    /// What no segment says.
    usual: Element,
    elements: HashMap<u64, Element>,
}

/// The tables of a module, of which some are closed.
pub(crate) struct Tables(Vec<Option<Closed>>);

impl Tables {
    /// The tables of a module, if `is_written` says which of them its code may change.
    pub(crate) fn of(module: &Module, is_written: &[bool]) -> Tables {
        let header = module.header();
        let n_imported = header.n_imported_tables();
        let mut tables = Tables(Vec::new());
        for (at, table) in header.tables().iter().enumerate() {
            let defined = at.checked_sub(n_imported);
            tables.0.push(match defined {
                Some(defined) if !is_written[at] => Some(Closed {
                    n_elements: table.minimum,
                    usual: header.table_inits()[defined]
                        .as_ref()
                        .map_or(Element::Null, element),
                    elements: HashMap::new(),
                }),
                _ => None,
            });
        }
        for export in header.exports() {
            if let ExportItem::Table(table) = export.item {
                tables.0[table.index()] = None;
            }
        }
        if !tables.fill(header) {
            tables.0.iter_mut().for_each(|table| *table = None);
        }
        tables
    }

    /// Puts in what segments say. `false` if one might not fit: then those behind it never get in, while code that got out before
    /// may yet be called.
    fn fill(&mut self, header: &Header) -> bool {
        for elem in header.elems() {
            let ElemMode::Active { table, offset } = &elem.mode else {
                continue;
            };
            let ty = header.tables()[table.index()];
            let fits = |offset: u64| {
                let end = offset.checked_add(elem.items.len() as u64);
                end.is_some_and(|end| end <= ty.minimum)
            };
            let Some(start) = number(offset).filter(|&offset| fits(offset)) else {
                return false;
            };
            let Some(closed) = &mut self.0[table.index()] else {
                continue;
            };
            match &elem.items {
                ElemItems::Funcs(funcs) => closed
                    .elements
                    .extend((start..).zip(funcs.iter().map(|&func| Element::Func(func)))),
                ElemItems::Exprs(exprs) => closed
                    .elements
                    .extend((start..).zip(exprs.iter().map(element))),
            }
        }
        true
    }

    /// What is at an index of a table; `None` if the table may change, or ends before.
    pub(crate) fn element(&self, table: TableIdx, index: u64) -> Option<Element> {
        let closed = self.0[table.index()].as_ref()?;
        let element = *closed.elements.get(&index).unwrap_or(&closed.usual);
        (index < closed.n_elements).then_some(element)
    }

    /// Whether a table is known.
    pub(crate) fn is_closed(&self, table: TableIdx) -> bool {
        self.0[table.index()].is_some()
    }
}

/// A constant offset.
fn number(offset: &ConstExpr) -> Option<u64> {
    match *offset.ops() {
        [Op::I32Const(offset)] => Some(u64::from(offset as u32)),
        [Op::I64Const(offset)] => Some(offset as u64),
        _ => None,
    }
}

/// What an expression gives.
fn element(expr: &ConstExpr) -> Element {
    match *expr.ops() {
        [Op::RefNull(_)] => Element::Null,
        [Op::RefFunc(func)] => Element::Func(func),
        _ => Element::Unknown,
    }
}
