//! How often code and the rest of a module name the entries of its index spaces.
//!
//! Apart from the stages because several of them ask the same.

use crate::Options;
use crate::functions;
use module::{
    ConstExpr, ElemItems, ExportItem, FuncIdx, ImportType, Index, Module, Op, ReadScratch,
};

/// Counts, by entry.
pub(crate) struct Uses {
    /// Operators in bodies that name functions.
    pub(crate) funcs: Vec<u32>,
    /// Whether functions are named otherwise than by direct calls: by exports, segments, `ref.func`, as the start.
    pub(crate) escapes: Vec<bool>,
    /// Operators in bodies that read or write globals.
    pub(crate) globals: Vec<u32>,
    /// Of these, those that write.
    pub(crate) global_sets: Vec<u32>,
    /// Whether globals are named by exports or other initial values.
    pub(crate) global_escapes: Vec<bool>,
    /// All that names types, with those of functions.
    pub(crate) types: Vec<u32>,
    /// Whether operators name data segments.
    pub(crate) datas: Vec<bool>,
}

impl Uses {
    /// Counts them all.
    ///
    /// # Errors
    /// If a body is not valid.
    pub(crate) fn of(module: &Module, options: &Options<'_>) -> Result<Uses, module::Error> {
        let begin = || (Uses::none(module), ReadScratch::default(), Ok(()));
        let found =
            functions::shared_out(module, options, begin, |(uses, scratch, ended), func| {
                if ended.is_ok() {
                    *ended = uses.body(module, scratch, func);
                }
            });
        let mut uses = Uses::none(module);
        for (some, _, ended) in found {
            ended?;
            uses.add(&some);
        }
        uses.outside_bodies(module);
        Ok(uses)
    }

    /// Nothing is named.
    fn none(module: &Module) -> Uses {
        let header = module.header();
        let n_funcs = header.funcs().len();
        Uses {
            funcs: vec![0; n_funcs],
            escapes: vec![false; n_funcs],
            globals: vec![0; header.globals().len()],
            global_sets: vec![0; header.globals().len()],
            global_escapes: vec![false; header.globals().len()],
            types: vec![0; header.types().len()],
            datas: vec![false; module.datas().len()],
        }
    }

    /// Adds what others found in other bodies.
    fn add(&mut self, other: &Uses) {
        let counts = [
            (&mut self.funcs, &other.funcs),
            (&mut self.globals, &other.globals),
            (&mut self.global_sets, &other.global_sets),
            (&mut self.types, &other.types),
        ];
        for (counts, others) in counts {
            for (count, other) in counts.iter_mut().zip(others) {
                *count += other;
            }
        }
        let marks = [
            (&mut self.escapes, &other.escapes),
            (&mut self.global_escapes, &other.global_escapes),
            (&mut self.datas, &other.datas),
        ];
        for (marks, others) in marks {
            for (mark, other) in marks.iter_mut().zip(others) {
                *mark |= other;
            }
        }
    }

    fn body(
        &mut self,
        module: &Module,
        scratch: &mut ReadScratch,
        func: FuncIdx,
    ) -> Result<(), module::Error> {
        let Some(input) = module.body(func) else {
            return Ok(());
        };
        let mut reader = input.trusted().read(scratch)?;
        for &(_, ty) in reader.locals() {
            ty.index().into_iter().for_each(|ty| self.index(ty));
        }
        while let Some((_, op)) = reader.next()? {
            self.op(&op);
        }
        Ok(())
    }

    fn outside_bodies(&mut self, module: &Module) {
        let header = module.header();
        for ty in header.funcs().iter().chain(header.tags()) {
            self.types[ty.index()] += 1;
        }
        for import in header.imports() {
            if let ImportType::Global(ty) = &import.ty {
                ty.content.index().into_iter().for_each(|ty| self.index(ty));
            }
        }
        for export in header.exports() {
            match export.item {
                ExportItem::Func(func) => self.escapes[func.index()] = true,
                ExportItem::Global(global) => self.global_escapes[global.0 as usize] = true,
                _ => {}
            }
        }
        if let Some(start) = header.start() {
            self.escapes[start.index()] = true;
        }
        for elem in header.elems() {
            match &elem.items {
                ElemItems::Funcs(funcs) => {
                    funcs
                        .iter()
                        .for_each(|func| self.escapes[func.index()] = true);
                }
                ElemItems::Exprs(exprs) => exprs.iter().for_each(|expr| self.expr(expr)),
            }
            if let module::ElemMode::Active { offset, .. } = &elem.mode {
                self.expr(offset);
            }
        }
        for data in module.datas() {
            if let module::DataMode::Active { offset, .. } = &data.mode {
                self.expr(offset);
            }
        }
        header
            .global_inits()
            .iter()
            .for_each(|init| self.expr(init));
        header
            .table_inits()
            .iter()
            .flatten()
            .for_each(|init| self.expr(init));
    }

    /// What a constant expression names is needed as it is.
    fn expr(&mut self, expr: &ConstExpr) {
        for op in expr.ops() {
            match *op {
                Op::RefFunc(func) => self.escapes[func.index()] = true,
                Op::GlobalGet(global) => self.global_escapes[global.index()] = true,
                _ => {}
            }
        }
    }

    fn index(&mut self, index: Index) {
        match index {
            // Beyond the module's own types there are those that translating it needs.
            Index::Type(ty) | Index::Referent(ty) => {
                if let Some(count) = self.types.get_mut(ty.index()) {
                    *count += 1;
                }
            }
            Index::Func(func) => self.funcs[func.index()] += 1,
            Index::Global(global) => self.globals[global.index()] += 1,
            Index::Data(data) => self.datas[data.index()] = true,
            Index::Table(_) | Index::Memory(_) | Index::Tag(_) | Index::Elem(_) => {}
        }
    }

    fn op(&mut self, op: &Op) {
        op.for_each_index(|index| self.index(index));
        match *op {
            Op::RefFunc(func) => self.escapes[func.index()] = true,
            Op::GlobalSet(global) => self.global_sets[global.index()] += 1,
            _ => {}
        }
    }
}
