//! Which values are needed, and whether truths are needed as numbers.
//!
//! Apart because it is a walk of its own, backwards, before the one that lowers. It spares Cranelift what no one uses and the
//! extension of each comparison to an i32 that only decides a branch.

use ir::{Func, Inst, InstId, Term, Value};

/// The value is used.
const USED: u8 = 1;
/// The value is used as what it is, and not only as a condition.
const NUMBER: u8 = 2;

/// What is needed of a function.
#[derive(Default)]
pub(super) struct Uses {
    values: Vec<u8>,
    needed: Vec<bool>,
}

impl Uses {
    /// Looks at a function.
    pub(super) fn find(&mut self, func: &Func) {
        self.values.clear();
        self.values.resize(func.n_values(), 0);
        self.needed.clear();
        self.needed.resize(func.n_insts(), false);
        // Definitions come before uses, except along back edges, which pass values to parameters only: these count as used.
        for block in func.blocks().rev() {
            self.term(func, block);
            for &id in func.insts(block).iter().rev() {
                self.inst(func, id);
            }
        }
    }

    pub(super) fn is_used(&self, value: Value) -> bool {
        self.values[value.index()] != 0
    }

    /// Whether anyone uses the value as more than a condition.
    pub(super) fn is_number(&self, value: Value) -> bool {
        self.values[value.index()] & NUMBER != 0
    }

    /// Whether the instruction must be executed.
    pub(super) fn is_needed(&self, id: InstId) -> bool {
        self.needed[id.index()]
    }

    fn term(&mut self, func: &Func, block: ir::Block) {
        func.for_each_edge(block, |edge| {
            for value in func.edge_args(edge) {
                self.values[value.index()] = USED | NUMBER;
            }
        });
        if let Term::Branch { cond, .. } = func.term(block) {
            self.values[cond.index()] |= USED;
        } else {
            func.for_each_term_arg(block, |value| self.values[value.index()] = USED | NUMBER);
        }
    }

    fn inst(&mut self, func: &Func, id: InstId) {
        let inst = func.inst(id);
        let is_needed =
            func.inst_results(id).any(|v| self.is_used(v)) || !inst.effects().is_removable();
        if !is_needed {
            return;
        }
        self.needed[id.index()] = true;
        match *inst {
            Inst::Select {
                cond,
                then,
                otherwise,
            } => {
                self.values[cond.index()] |= USED;
                self.values[then.index()] = USED | NUMBER;
                self.values[otherwise.index()] = USED | NUMBER;
            }
            Inst::Compute {
                op: ops::Compute::I32Eqz,
                args,
            } => {
                self.values[args[0].index()] |= USED;
            }
            _ => inst.for_each_arg(func, |value| self.values[value.index()] = USED | NUMBER),
        }
    }
}
