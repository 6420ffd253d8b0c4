//! What of a module can be reached from outside, and what that needs: all else can go.
//!
//! Apart from the passes over functions because it looks at all of them once, and at nothing inside them but what they name.

use module::{
    ConstExpr, DataMode, ElemItems, ElemMode, ExportItem, FuncIdx, Header, HeapType, Index, Module,
    Op, ReadScratch, TableIdx, TypeIdx, ValType,
};
use rewrite::{Renumbering, Rewrite};

use crate::Error;
use crate::job::{Changed, Job};
use crate::order::has_plain_types;
use std::collections::HashMap;

/// What stays of each index space.
#[derive(Default)]
struct Reached {
    types: Vec<bool>,
    funcs: Vec<bool>,
    tables: Vec<bool>,
    memories: Vec<bool>,
    globals: Vec<bool>,
    tags: Vec<bool>,
    elems: Vec<bool>,
    datas: Vec<bool>,
    /// Functions that are there, as elements of tables, but that nothing can call.
    uncalled: Vec<u32>,
    /// Functions that bodies name, and nothing that stays declares.
    undeclared: Vec<u32>,
}

/// The functions that a segment names.
fn funcs_of(items: &ElemItems) -> impl Iterator<Item = FuncIdx> {
    let (funcs, exprs): (&[FuncIdx], &[ConstExpr]) = match items {
        ElemItems::Funcs(funcs) => (funcs, &[]),
        ElemItems::Exprs(exprs) => (&[], exprs),
    };
    let named = exprs
        .iter()
        .flat_map(|expr| expr.ops())
        .filter_map(named_func);
    funcs.iter().copied().chain(named)
}

/// The function that an operator refers to.
fn named_func(op: &Op) -> Option<FuncIdx> {
    match *op {
        Op::RefFunc(func) => Some(func),
        _ => None,
    }
}

/// A body without locals that traps.
const UNREACHABLE: &[u8] = &[0, 0, 0x0b];

/// Drops what is not needed.
pub(crate) fn run(module: &Module, _job: &Job<'_>) -> Result<Option<Changed>, Error> {
    let mut smaller = Rewrite::new(module);
    let reached = reach(module)?;
    let kept = [
        (&reached.types, &mut smaller.types),
        (&reached.funcs, &mut smaller.funcs),
        (&reached.tables, &mut smaller.tables),
        (&reached.memories, &mut smaller.memories),
        (&reached.globals, &mut smaller.globals),
        (&reached.tags, &mut smaller.tags),
        (&reached.elems, &mut smaller.elems),
        (&reached.datas, &mut smaller.datas),
    ];
    smaller.more_declared = reached.undeclared;
    // Calls that arrive there trap as before, by the type.
    let mut changes = false;
    for func in reached.uncalled {
        let at = func as usize - module.header().n_imported_funcs();
        let body = &module.bytes()[module.body_ranges()[at].as_range()];
        if body != UNREACHABLE {
            smaller.bodies[at] = Some(UNREACHABLE.to_vec());
            changes = true;
        }
    }
    for (kept, numbers) in kept {
        changes |= kept.iter().take(numbers.len()).any(|kept| !kept);
        *numbers = Renumbering::keeping(numbers.len(), |at| kept.get(at).is_none_or(|&kept| kept));
    }
    changes.then(|| Changed::by(module, &smaller)).transpose()
}

/// Something that is needed, and whose needs were not looked at.
enum Item {
    Func(u32),
    Table(u32),
    Memory(u32),
    Global(u32),
    Elem(u32),
    Data(u32),
}

/// What of a module is needed.
///
/// # Errors
/// If a body is not valid.
fn reach(module: &Module) -> Result<Reached, module::Error> {
    let header = module.header();
    let mut reach = Reach {
        module,
        header,
        reached: Reached {
            types: vec![false; header.types().len()],
            funcs: vec![false; header.funcs().len()],
            tables: vec![false; header.tables().len()],
            memories: vec![false; header.memories().len()],
            globals: vec![false; header.globals().len()],
            tags: vec![false; header.tags().len()],
            elems: vec![false; header.elems().len()],
            datas: vec![false; module.datas().len()],
            uncalled: Vec::new(),
            undeclared: Vec::new(),
        },
        work: Vec::new(),
        elements: Elements::of(module),
        named_by_ref: vec![false; header.funcs().len()],
        names_types: false,
        scratch: ReadScratch::default(),
    };
    reach.roots();
    while let Some(item) = reach.work.pop() {
        reach.item(item)?;
    }
    reach.uncalled();
    reach.declarations();
    reach.types();
    Ok(reach.reached)
}

struct Reach<'m> {
    module: &'m Module,
    header: &'m Header,
    reached: Reached,
    work: Vec<Item>,
    elements: Elements,
    /// By function: whether `ref.func` in a body names it, for which it must be declared.
    named_by_ref: Vec<bool>,
    /// Whether references to defined types occur, whose types may stand where operators do not show them.
    names_types: bool,
    scratch: ReadScratch,
}

/// Functions that are elements of tables, which only calls through tables can arrive at.
struct Elements {
    /// Whether they can get nowhere else: tables are neither imported nor exported, and no element was seen to be read.
    is_closed: bool,
    /// By type: the first one like it.
    like: Vec<u32>,
    /// By type: whether something calls functions of it through tables, and those that wait for that.
    types: Vec<(bool, Vec<FuncIdx>)>,
    /// By function: whether it can be called.
    is_called: Vec<bool>,
}

impl Elements {
    fn of(module: &Module) -> Elements {
        let header = module.header();
        let mut exports = header.exports().iter();
        let is_closed = header.n_imported_tables() == 0
            && !exports.any(|export| matches!(export.item, ExportItem::Table(_)))
            && has_plain_types(module);
        let mut first = HashMap::new();
        let types = header.types().iter().enumerate();
        let like = types.map(|(at, ty)| *first.entry(ty).or_insert(at as u32));
        Elements {
            is_closed,
            like: like.collect(),
            types: vec![(false, Vec::new()); header.types().len()],
            is_called: vec![false; header.funcs().len()],
        }
    }
}

/// Notes that an entry is needed; whether that is new.
fn mark(kept: &mut [bool], index: u32) -> bool {
    !std::mem::replace(&mut kept[index as usize], true)
}

impl Reach<'_> {
    /// A function that can be called.
    fn func(&mut self, func: FuncIdx) {
        self.reached.funcs[func.index()] = true;
        if mark(&mut self.elements.is_called, func.0) {
            self.work.push(Item::Func(func.0));
        }
    }

    /// A function that is an element of a table.
    fn element(&mut self, func: FuncIdx) {
        let ty = self.header.funcs()[func.index()];
        let class = self.elements.like[ty.index()] as usize;
        let (is_called, waiting) = &mut self.elements.types[class];
        if *is_called || !self.elements.is_closed {
            return self.func(func);
        }
        waiting.push(func);
        self.reached.funcs[func.index()] = true;
        self.ty(ty);
    }

    /// Elements of a type are called.
    fn calls_elements(&mut self, ty: TypeIdx) {
        let class = self.elements.like[ty.index()] as usize;
        self.elements.types[class].0 = true;
        let waiting = std::mem::take(&mut self.elements.types[class].1);
        waiting.into_iter().for_each(|func| self.func(func));
    }

    /// Elements can get anywhere.
    fn reads_elements(&mut self) {
        self.elements.is_closed = false;
        for class in 0..self.elements.types.len() {
            let waiting = std::mem::take(&mut self.elements.types[class].1);
            waiting.into_iter().for_each(|func| self.func(func));
        }
    }

    /// Functions of which only the type matters.
    fn uncalled(&mut self) {
        let funcs = self
            .reached
            .funcs
            .iter()
            .zip(&self.elements.is_called)
            .enumerate();
        let uncalled = funcs.filter(|(at, (is_there, is_called))| {
            **is_there && !**is_called && *at >= self.header.n_imported_funcs()
        });
        self.reached.uncalled = uncalled.map(|(at, _)| at as u32).collect();
    }

    fn table(&mut self, table: TableIdx) {
        if mark(&mut self.reached.tables, table.0) {
            self.work.push(Item::Table(table.0));
        }
    }

    fn memory(&mut self, memory: u32) {
        if mark(&mut self.reached.memories, memory) {
            self.work.push(Item::Memory(memory));
        }
    }

    fn global(&mut self, global: u32) {
        if mark(&mut self.reached.globals, global) {
            self.work.push(Item::Global(global));
        }
    }

    fn elem(&mut self, elem: u32) {
        if mark(&mut self.reached.elems, elem) {
            self.work.push(Item::Elem(elem));
        }
    }

    fn data(&mut self, data: u32) {
        if mark(&mut self.reached.datas, data) {
            self.work.push(Item::Data(data));
        }
    }

    fn tag(&mut self, tag: u32) {
        if mark(&mut self.reached.tags, tag) {
            let ty = self.header.tags()[tag as usize];
            self.ty(ty);
        }
    }

    fn ty(&mut self, ty: TypeIdx) {
        // Beyond the module's own there are those that translating it needs.
        if let Some(kept) = self.reached.types.get_mut(ty.index()) {
            *kept = true;
        }
    }

    fn referent(&mut self, ty: Option<Index>) {
        ty.into_iter().for_each(|ty| self.index(ty));
    }

    fn index(&mut self, index: Index) {
        match index {
            Index::Type(ty) => self.ty(ty),
            Index::Referent(ty) => {
                self.names_types = true;
                self.ty(ty);
            }
            Index::Func(func) => self.func(func),
            Index::Table(table) => self.table(table),
            Index::Memory(memory) => self.memory(memory.0),
            Index::Global(global) => self.global(global.0),
            Index::Tag(tag) => self.tag(tag.0),
            Index::Elem(elem) => self.elem(elem.0),
            Index::Data(data) => self.data(data.0),
        }
    }

    /// What can be reached from outside, and what instantiation does that may fail.
    fn roots(&mut self) {
        for export in self.header.exports() {
            match export.item {
                ExportItem::Func(func) => self.func(func),
                ExportItem::Table(table) => self.table(table),
                ExportItem::Memory(memory) => self.memory(memory.0),
                ExportItem::Global(global) => self.global(global.0),
                ExportItem::Tag(tag) => self.tag(tag.0),
            }
        }
        if let Some(start) = self.header.start() {
            self.func(start);
        }
        let (header, module) = (self.header, self.module);
        for (at, elem) in header.elems().iter().enumerate() {
            if let ElemMode::Active { table, offset } = &elem.mode {
                let ty = header.tables()[table.index()];
                let is_ours = table.index() >= header.n_imported_tables();
                if !is_ours || !fits(offset, elem.items.len() as u64, ty.minimum) {
                    self.elem(at as u32);
                }
            }
        }
        for (at, data) in module.datas().iter().enumerate() {
            if let DataMode::Active { memory, offset } = &data.mode {
                let ty = header.memories()[memory.index()];
                let is_ours = memory.index() >= header.n_imported_memories();
                let size = ty.minimum.saturating_mul(ty.page_bytes());
                if !is_ours || !fits(offset, data.range.len() as u64, size) {
                    self.data(at as u32);
                }
            }
        }
    }

    fn item(&mut self, item: Item) -> Result<(), module::Error> {
        let (header, module) = (self.header, self.module);
        match item {
            Item::Func(func) => {
                self.ty(header.funcs()[func as usize]);
                self.body(FuncIdx(func))?;
            }
            Item::Table(table) => {
                self.referent(header.tables()[table as usize].element.index());
                let defined = (table as usize).checked_sub(header.n_imported_tables());
                if let Some(Some(init)) = defined.map(|at| &header.table_inits()[at]) {
                    self.expr(init);
                }
                for (at, elem) in header.elems().iter().enumerate() {
                    if matches!(elem.mode, ElemMode::Active { table: to, .. } if to.0 == table) {
                        self.elem(at as u32);
                    }
                }
            }
            Item::Memory(memory) => {
                for (at, data) in module.datas().iter().enumerate() {
                    if matches!(data.mode, DataMode::Active { memory: to, .. } if to.0 == memory) {
                        self.data(at as u32);
                    }
                }
            }
            Item::Global(global) => {
                self.referent(header.globals()[global as usize].content.index());
                let defined = (global as usize).checked_sub(header.n_imported_globals());
                if let Some(at) = defined {
                    self.expr(&header.global_inits()[at]);
                }
            }
            Item::Elem(elem) => {
                let elem = &header.elems()[elem as usize];
                self.referent(elem.ty.index());
                if let ElemMode::Active { table, offset } = &elem.mode {
                    self.table(*table);
                    self.expr(offset);
                }
                // What is only declared is needed by what names it, if that is.
                if !matches!(elem.mode, ElemMode::Declared) {
                    match &elem.items {
                        ElemItems::Funcs(funcs) => {
                            funcs.iter().for_each(|&func| self.element(func));
                        }
                        ElemItems::Exprs(exprs) => exprs.iter().for_each(|expr| self.expr(expr)),
                    }
                }
            }
            Item::Data(data) => {
                if let DataMode::Active { memory, offset } = &module.datas()[data as usize].mode {
                    self.memory(memory.0);
                    self.expr(offset);
                }
            }
        }
        Ok(())
    }

    fn expr(&mut self, expr: &ConstExpr) {
        for op in expr.ops() {
            self.op(op);
        }
    }

    fn body(&mut self, func: FuncIdx) -> Result<(), module::Error> {
        let Some(input) = self.module.body(func) else {
            return Ok(());
        };
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut reader = input.trusted().read(&mut scratch)?;
        for &(_, ty) in reader.locals() {
            self.referent(ty.index());
        }
        while let Some((_, op)) = reader.next()? {
            match op {
                Op::TryTable { first, count, .. } => {
                    let tags: Vec<u32> = reader
                        .catches(first, count)
                        .filter_map(|catch| Some(catch.tag?.0))
                        .collect();
                    tags.into_iter().for_each(|tag| self.tag(tag));
                }
                Op::RefFunc(func) => self.named_by_ref[func.index()] = true,
                _ => {}
            }
            self.op(&op);
        }
        drop(reader);
        self.scratch = scratch;
        Ok(())
    }

    fn op(&mut self, op: &Op) {
        match *op {
            Op::CallIndirect { ty, .. } | Op::ReturnCallIndirect { ty, .. } => {
                self.calls_elements(ty);
            }
            Op::TableGet(_) | Op::ArrayNewElem { .. } | Op::ArrayInitElem { .. } => {
                self.reads_elements();
            }
            _ => {}
        }
        op.for_each_index(|index| self.index(index));
    }

    /// Segments that declare what bodies name. Of those they declare, what goes is left out when the module is written.
    fn declarations(&mut self) {
        let header = self.header;
        for (at, elem) in header.elems().iter().enumerate() {
            if matches!(elem.mode, ElemMode::Declared) {
                let names = |func: FuncIdx| self.named_by_ref[func.index()];
                self.reached.elems[at] |= funcs_of(&elem.items).any(names);
            }
        }
        let mut is_declared = vec![false; header.funcs().len()];
        let mut declare = |func: FuncIdx| is_declared[func.index()] = true;
        for export in header.exports() {
            if let ExportItem::Func(func) = export.item {
                declare(func);
            }
        }
        for (at, elem) in header.elems().iter().enumerate() {
            if self.reached.elems[at] {
                funcs_of(&elem.items).for_each(&mut declare);
            }
        }
        let n_imported = header.n_imported_globals();
        for (at, init) in header.global_inits().iter().enumerate() {
            if self.reached.globals[n_imported + at] {
                init.ops()
                    .iter()
                    .filter_map(named_func)
                    .for_each(&mut declare);
            }
        }
        for (func, is_declared) in is_declared.into_iter().enumerate() {
            if self.named_by_ref[func] && !is_declared {
                self.reached.undeclared.push(func as u32);
            }
        }
    }

    /// Types that are named by others, and those that cannot be told to be unused.
    fn types(&mut self) {
        let header = self.header;
        let is_plain = |ty: &module::SubType| {
            let func = ty.as_func();
            func.is_some_and(|func| {
                let all = func.params().iter().chain(func.results());
                all.copied()
                    .all(|ty| !matches!(ty, ValType::Ref(ty) if matches!(ty.heap, HeapType::Concrete(..))))
            }) && ty.supertype.is_none()
        };
        let is_simple = !self.names_types
            && header.types().iter().all(is_plain)
            && header.rec_groups().iter().all(|group| group.len() == 1);
        if !is_simple {
            self.reached.types.fill(true);
        }
    }
}

/// Whether so many from an offset on are surely there.
fn fits(offset: &ConstExpr, n: u64, size: u64) -> bool {
    let offset = match *offset.ops() {
        [Op::I32Const(offset)] => u64::from(offset as u32),
        [Op::I64Const(offset)] => offset as u64,
        _ => return false,
    };
    offset.checked_add(n).is_some_and(|end| end <= size)
}
