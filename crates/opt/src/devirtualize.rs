//! Calls through tables and references whose callee is known: they become calls of it.
//!
//! Apart from the passes because what is in a table, and in a global, takes the whole module to know. That a reference that is known is
//! called directly is theirs to do.

use crate::Error;
use crate::canonical::Canonical;
use crate::functions::{self, Facts, Worker};
use crate::job::{Changed, Job};
use crate::tables::{Element, Tables};
use ir::{Block, Callee, Func, Inst, InstId, Term, Value};
use module::{FuncIdx, GlobalIdx, Module, Op, TableIdx, TypeIdx};

/// Replaces them.
pub(crate) fn run(module: &Module, job: &Job<'_>) -> Result<Option<Changed>, Error> {
    let options = job.options;
    let seen = functions::for_each(module, options, |worker, func| seen(worker, module, func));
    // What cannot be read may do anything.
    if seen.iter().any(Option::is_none) {
        return Ok(None);
    }
    let mut is_written = vec![false; module.header().tables().len()];
    for table in seen.iter().flatten().flat_map(|seen| &seen.writes) {
        is_written[table.index()] = true;
    }
    let known = Known {
        module,
        canonical: Canonical::of(module.header()),
        tables: Tables::of(module, &is_written),
        globals: globals(module),
    };
    let may_change = |seen: &Seen| {
        let mut reads = seen.reads.iter();
        let mut globals = seen.globals.iter();
        reads.any(|&table| known.tables.is_closed(table))
            || globals.any(|global| known.globals[global.index()].is_some())
    };
    if !seen.iter().flatten().any(may_change) {
        return Ok(None);
    }
    let facts = Facts::of(module, job)?;
    let might = |func| {
        let at = module.header().defined_func(func);
        at.and_then(|at| seen[at].as_ref()).is_some_and(may_change)
    };
    functions::with_changed(module, &facts, might, |built| known.change(built))
}

/// What a body does with tables and globals.
#[derive(Clone, Default)]
struct Seen {
    /// Tables that it may change.
    writes: Vec<TableIdx>,
    /// Tables that it reads, or calls through, at an index that is a constant.
    reads: Vec<TableIdx>,
    /// Globals whose value it calls.
    globals: Vec<GlobalIdx>,
}

fn seen(worker: &mut Worker, module: &Module, func: FuncIdx) -> Option<Seen> {
    let mut reader = worker.read(module, func)?;
    let mut seen = Seen::default();
    let mut before = Op::Nop;
    while let Some((_, op)) = reader.next().ok()? {
        match op {
            Op::TableSet(table)
            | Op::TableGrow(table)
            | Op::TableFill(table)
            | Op::TableCopy { dst: table, .. }
            | Op::TableInit { table, .. } => seen.writes.push(table),
            Op::TableGet(table)
            | Op::CallIndirect { table, .. }
            | Op::ReturnCallIndirect { table, .. }
                if matches!(before, Op::I32Const(_) | Op::I64Const(_)) =>
            {
                seen.reads.push(table);
            }
            Op::CallRef(_) | Op::ReturnCallRef(_) => {
                if let Op::GlobalGet(global) = before {
                    seen.globals.push(global);
                }
            }
            _ => {}
        }
        before = op;
    }
    Some(seen)
}

/// By global: the function that it refers to for ever.
fn globals(module: &Module) -> Vec<Option<FuncIdx>> {
    let header = module.header();
    let mut globals = vec![None; header.globals().len()];
    for (at, init) in header.global_inits().iter().enumerate() {
        let global = header.n_imported_globals() + at;
        if let [Op::RefFunc(func)] = *init.ops()
            && !header.globals()[global].mutable
        {
            globals[global] = Some(func);
        }
    }
    globals
}

/// What is known of a module.
struct Known<'m> {
    module: &'m Module,
    canonical: Canonical<'m>,
    tables: Tables,
    globals: Vec<Option<FuncIdx>>,
}

impl Known<'_> {
    /// Whether anything changed.
    fn change(&self, func: &mut Func) -> bool {
        let mut changes = false;
        let blocks: Vec<Block> = func.blocks().collect();
        for block in blocks {
            let insts: Vec<InstId> = func.insts(block).to_vec();
            for id in insts {
                if let Some(inst) = self.inst(func, func.inst(id)) {
                    func.set_inst(id, inst);
                    changes = true;
                }
            }
            if let Term::TailCall { callee, args } = func.term(block)
                && let Some(callee) = self.callee(func, callee)
            {
                func.set_term(
                    block,
                    Term::TailCall {
                        callee: Callee::Func(callee),
                        args,
                    },
                );
                changes = true;
            }
        }
        changes
    }

    /// What an instruction becomes.
    fn inst(&self, func: &Func, inst: &Inst) -> Option<Inst> {
        let (callee, n_results, args) = match *inst {
            Inst::CallIndirect {
                n_results,
                ty,
                table,
                index,
                args,
            } => (Callee::Table { ty, table, index }, n_results, args),
            Inst::CallRef {
                n_results,
                ty,
                callee,
                args,
            } => (Callee::Ref { ty, callee }, n_results, args),
            Inst::TableGet { table, index } => {
                let func = self.in_table(func, table, index)?;
                return Some(Inst::RefFunc { func });
            }
            _ => return None,
        };
        Some(Inst::Call {
            n_results,
            func: self.callee(func, callee)?,
            args,
        })
    }

    /// The function that a call arrives at for certain.
    fn callee(&self, func: &Func, callee: Callee) -> Option<FuncIdx> {
        match callee {
            Callee::Func(_) => None,
            Callee::Table { ty, table, index } => {
                let callee = self.in_table(func, table, index)?;
                self.is_of(callee, ty).then_some(callee)
            }
            Callee::Ref { ty, callee } => {
                let callee = match *func.def_inst(callee)? {
                    Inst::GlobalGet { global } => self.globals[global.index()]?,
                    Inst::TableGet { table, index } => self.in_table(func, table, index)?,
                    Inst::RefFunc { func } => func,
                    _ => return None,
                };
                self.is_of(callee, ty).then_some(callee)
            }
        }
    }

    fn is_of(&self, func: FuncIdx, ty: TypeIdx) -> bool {
        let own = self.module.header().funcs()[func.index()];
        self.canonical.is_sub(own, ty)
    }

    /// The function at an index of a table.
    fn in_table(&self, func: &Func, table: TableIdx, index: Value) -> Option<FuncIdx> {
        let index = func.const_bits(index)? as u64;
        match self.tables.element(table, index)? {
            Element::Func(func) => Some(func),
            Element::Null | Element::Unknown => None,
        }
    }
}
