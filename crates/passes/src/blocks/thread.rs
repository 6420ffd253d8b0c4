//! Leads edges past blocks that do nothing on the way, or whose branch the edge decides.
//!
//! Apart from what makes equal blocks one because nothing is compared here.

use super::{count_uses, edges_to, is_private};
use crate::loops::Loops;
use ir::{Block, Cfg, Def, EdgeId, Func, Inst, Simplified, Term, Value, simplify};

/// Dominators that are asked about a condition.
const DOMINATORS_MAX: usize = 16;

/// Parameters of a block that edges are led past: more are not worth looking at.
const PARAMS_MAX: usize = 32;

/// Takes branches whose condition has decided another branch on the only way there.
pub(super) fn decided_before(func: &mut Func, cfg: &Cfg) -> bool {
    let mut has_changed = false;
    for &block in cfg.rpo() {
        let Term::Branch {
            cond,
            then,
            otherwise,
        } = func.term(block)
        else {
            continue;
        };
        let edge = match decided(func, cfg, block, cond) {
            Some(true) => then,
            Some(false) => otherwise,
            None => continue,
        };
        func.set_term(block, Term::Jump(edge));
        has_changed = true;
    }
    has_changed
}

/// Whether a condition holds in a block, if an edge on the way there says so.
fn decided(func: &Func, cfg: &Cfg, block: Block, cond: Value) -> Option<bool> {
    let mut at = block;
    for _ in 0..DOMINATORS_MAX {
        if let [(pred, edge)] = *cfg.preds(at)
            && let Term::Branch {
                cond: other, then, ..
            } = func.term(pred)
            && other == cond
        {
            return Some(edge == then);
        }
        at = cfg.idom(at)?;
    }
    None
}

/// Leads edges past blocks.
pub(super) fn thread(func: &mut Func, cfg: &Cfg, loops: &Loops) -> bool {
    let mut uses = count_uses(func);
    let mut has_changed = false;
    // A block past which edges were led, or to which they were led, is looked at again the next time.
    let mut is_stale = vec![false; func.n_blocks()];
    // Later ones first: when edges past earlier ones are led to them, what they pass may be needed elsewhere.
    for &block in cfg.rpo().iter().skip(1).rev() {
        if is_stale[block.index()]
            || loops.is_header(block)
            || func.insts(block).len() > 1
            || func.params(block).len() > PARAMS_MAX
        {
            continue;
        }
        let is_private = is_private(func, block, &uses);
        if !is_private {
            continue;
        }
        for (pred, edge, n_ways) in edges_to(cfg, block) {
            if is_stale[pred.index()] || func.edge(edge).to != block {
                continue;
            }
            let Some(next) = way(func, cfg, block, edge) else {
                continue;
            };
            let to = func.edge(next).to;
            let Some(args) = passed(func, block, edge, next) else {
                continue;
            };
            if to == block {
                continue;
            }
            for arg in func.edge_args(edge) {
                uses[arg.index()] -= n_ways;
            }
            for arg in &args {
                uses[arg.index()] += n_ways;
            }
            func.set_edge(edge, to, &args);
            is_stale[to.index()] = true;
            is_stale[block.index()] = true;
            has_changed = true;
        }
    }
    has_changed
}

/// The edge over which a block is left that was entered over an edge, if that is certain and a way around the block is no longer.
fn way(func: &mut Func, cfg: &Cfg, block: Block, edge: EdgeId) -> Option<EdgeId> {
    match func.term(block) {
        Term::Jump(next) if func.insts(block).is_empty() => {
            // What is passed but does not come over the edge would be passed by several edges.
            let is_own = |arg: &Value| matches!(func.def(*arg), Def::Param(of, _) if of == block);
            let is_free = cfg.preds(block).len() == 1 || func.edge_args(next).iter().all(is_own);
            is_free.then_some(next)
        }
        Term::Branch {
            cond,
            then,
            otherwise,
        } => {
            let cond = value_over(func, block, edge, cond)?;
            Some(match func.const_bits(cond)? {
                0 => otherwise,
                _ => then,
            })
        }
        Term::Switch { index, targets } => {
            let index = value_over(func, block, edge, index)?;
            let index = func.const_bits(index)? as usize;
            let last = func.targets(targets).len() - 1;
            func.targets(targets).nth(index.min(last))
        }
        _ => None,
    }
}

/// What a value is in a block that was entered over an edge, if it is the block's own and constant then.
fn value_over(func: &mut Func, block: Block, edge: EdgeId, value: Value) -> Option<Value> {
    let over = |func: &Func, value: Value| match func.def(value) {
        Def::Param(of, nth) if of == block => func.edge_args(edge)[usize::from(nth)],
        _ => value,
    };
    match func.def(value) {
        // An instruction that nobody asks for must do nothing else.
        Def::Param(of, _) if of == block && func.insts(block).is_empty() => Some(over(func, value)),
        Def::Result(id, 0) if func.insts(block) == [id] => {
            let inst = match *func.inst(id) {
                Inst::Compute { op, args } if !op.can_trap() => {
                    let mut args = args;
                    for arg in args.iter_mut().take(op.params().len()) {
                        *arg = over(func, *arg);
                    }
                    Inst::Compute { op, args }
                }
                _ => return None,
            };
            match simplify(func, &inst) {
                Simplified::Value(value) => Some(value),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What is passed over an edge out of a block to which `edge` leads, in the terms of where that comes from.
fn passed(func: &Func, block: Block, edge: EdgeId, next: EdgeId) -> Option<Vec<Value>> {
    let args = func.edge_args(next).iter();
    args.map(|&arg| match func.def(arg) {
        Def::Param(of, nth) if of == block => Some(func.edge_args(edge)[usize::from(nth)]),
        Def::Result(id, _) if func.insts(block).contains(&id) => None,
        _ => Some(arg),
    })
    .collect()
}
