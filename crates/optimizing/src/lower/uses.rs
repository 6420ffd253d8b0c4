//! Which values are needed, and whether truths are needed as numbers.
//!
//! Apart because it is a walk of its own, backwards, before the one that lowers. It spares Cranelift what no one uses and the
//! extension of each comparison to an i32 that only decides a branch.

use ir::{Func, Inst, InstId, Term, Value};

/// The value is used.
const USED: u8 = 1;
/// The value is used as what it is, and not only as a condition.
const NUMBER: u8 = 2;
/// The value is used as a condition by more than one branch, or by another instruction.
const SEVERAL: u8 = 4;

/// What is needed of a function.
#[derive(Default)]
pub(super) struct Uses {
    values: Vec<u8>,
    needed: Vec<bool>,
    /// By block: how many edges enter it, and where the last one found comes from.
    entered: Vec<(u32, u32)>,
    /// By block: its run.
    runs: Vec<u32>,
}

impl Uses {
    /// Looks at a function.
    pub(super) fn find(&mut self, func: &Func) {
        self.values.clear();
        self.values.resize(func.n_values(), 0);
        self.needed.clear();
        self.needed.resize(func.n_insts(), false);
        self.entered.clear();
        self.entered.resize(func.n_blocks(), (0, 0));
        // Definitions come before uses, except along back edges, which pass values to parameters only: these count as used.
        for block in func.blocks().rev() {
            self.term(func, block);
            for &id in func.insts(block).iter().rev() {
                self.inst(func, id);
            }
        }
        self.runs.clear();
        for block in 0..func.n_blocks() as u32 {
            let run = match self.entered[block as usize] {
                (1, from) if from + 1 == block => self.runs[from as usize],
                _ => block,
            };
            self.runs.push(run);
        }
    }

    /// The run of blocks that a block belongs to: one can only be entered from the one before it, so what is computed in an
    /// earlier one is there in a later one.
    pub(super) fn run(&self, block: ir::Block) -> u32 {
        self.runs[block.index()]
    }

    /// Whether a block can be entered from elsewhere than the block before it.
    pub(super) fn starts_run(&self, block: ir::Block) -> bool {
        self.run(block) == block.index() as u32
    }

    pub(super) fn is_used(&self, value: Value) -> bool {
        self.values[value.index()] != 0
    }

    /// Whether anyone uses the value as more than a condition.
    pub(super) fn is_number(&self, value: Value) -> bool {
        self.values[value.index()] & NUMBER != 0
    }

    /// Whether one branch uses the value, and no one else does.
    pub(super) fn is_one_branch(&self, value: Value) -> bool {
        self.values[value.index()] == USED
    }

    /// Whether the instruction must be executed.
    pub(super) fn is_needed(&self, id: InstId) -> bool {
        self.needed[id.index()]
    }

    fn term(&mut self, func: &Func, block: ir::Block) {
        func.for_each_edge(block, |edge| {
            let entered = &mut self.entered[func.edge(edge).to.index()];
            *entered = (entered.0 + 1, block.index() as u32);
            for value in func.edge_args(edge) {
                self.values[value.index()] = USED | NUMBER;
            }
        });
        if let Term::Try { unwind, .. } = func.term(block) {
            // What the block had computed when its call threw is not all that it computes.
            self.entered[func.edge(unwind).to.index()].0 += 1;
        }
        if let Term::Branch { cond, .. } = func.term(block) {
            self.condition(cond);
        } else {
            func.for_each_term_arg(block, |value| self.values[value.index()] = USED | NUMBER);
        }
    }

    fn condition(&mut self, cond: Value) {
        let uses = &mut self.values[cond.index()];
        *uses |= if *uses & USED != 0 { SEVERAL } else { USED };
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
                self.condition(cond);
                self.values[cond.index()] |= SEVERAL;
                self.values[then.index()] = USED | NUMBER;
                self.values[otherwise.index()] = USED | NUMBER;
            }
            Inst::Compute {
                op: ops::Compute::I32Eqz,
                args,
            } => {
                self.condition(args[0]);
                self.values[args[0].index()] |= SEVERAL;
            }
            _ => inst.for_each_arg(func, |value| self.values[value.index()] = USED | NUMBER),
        }
    }
}
