//! Computes what constants determine, and takes branches that they decide.
//!
//! The builder asks the same questions of each instruction as it appends it, but does not know yet what loops bring round. This
//! pass asks again when the function is complete. It changes nothing unless something is found, which is rare and cheap to see.

use ir::{Block, Cfg, Func, Inst, InstId, Simplified, Term, Value, simplify, simplify_wide};

/// Runs the pass.
pub(crate) fn run(func: &mut Func) {
    let mut found = Found::default();
    let mut operands = Vec::new();
    for block in Cfg::new(func).rpo().to_vec() {
        found.take_block(func, block, &mut operands);
    }
    if !found.values.is_empty() {
        func.map_values(|value| found.now(value));
    }
    for block in func.blocks() {
        if let Some(edge) = decided(func, func.term(block)) {
            func.set_term(block, Term::Jump(edge));
        }
    }
}

/// Values that are others, by number; empty until the first is found.
#[derive(Default)]
struct Found {
    values: Vec<Option<Value>>,
}

impl Found {
    /// What a value is now.
    fn now(&self, value: Value) -> Value {
        let other = self.values.get(value.index());
        other.copied().flatten().unwrap_or(value)
    }

    fn set(&mut self, func: &Func, value: Value, other: Value) {
        if self.values.len() <= value.index() {
            self.values.resize(func.n_values(), None);
        }
        self.values[value.index()] = Some(other);
    }

    fn take_block(&mut self, func: &mut Func, block: Block, operands: &mut Vec<Value>) {
        for at in 0..func.insts(block).len() {
            let id = func.insts(block)[at];
            let inst = *func.inst(id);
            if let Inst::Wide { .. } = inst {
                self.take_wide(func, id, inst);
            }
            if inst.n_results() != 1 {
                continue;
            }
            operands.clear();
            inst.for_each_arg(func, |value| operands.push(value));
            let changed = operands.iter().any(|value| self.now(*value) != *value);
            // Only constants and what defines an operand decide: neither is new unless an operand is.
            if !changed && !operands.iter().any(|value| func.is_const(*value)) {
                continue;
            }
            let inst = if changed {
                inst.with_own_args(|value| self.now(value))
            } else {
                inst
            };
            match simplify(func, &inst) {
                Simplified::Value(value) => {
                    let (result, value) = (func.result(id), self.now(value));
                    self.set(func, result, value);
                }
                Simplified::Inst(simpler) => func.set_inst(id, simpler),
                Simplified::Keep => {}
            }
        }
    }

    /// The same for an instruction with two results.
    fn take_wide(&mut self, func: &mut Func, id: InstId, inst: Inst) {
        let inst = inst.with_own_args(|value| self.now(value));
        if let Some(values) = simplify_wide(func, &inst) {
            for (result, value) in func.inst_results(id).zip(values) {
                self.set(func, result, value);
            }
        }
    }
}

/// The edge that a terminator always takes, if constants decide it.
fn decided(func: &Func, term: Term) -> Option<ir::EdgeId> {
    match term {
        Term::Branch {
            cond,
            then,
            otherwise,
        } => Some(match func.const_bits(cond)? {
            0 => otherwise,
            _ => then,
        }),
        Term::Switch { index, targets } => {
            let index = func.const_bits(index)? as u32 as usize;
            let last = func.targets(targets).len() - 1;
            func.targets(targets).nth(index.min(last))
        }
        _ => None,
    }
}
