//! How often values are used, before it is known which uses are needed.
//!
//! Apart from the trees because it looks at the whole function, and refuses what cannot be written.

use super::super::early::Early;
use super::super::tries::Tries;
use super::super::types::Types;
use super::super::{EmitError, insts, write};
use crate::{Block, Cfg, Func, Inst, Term, Value};

/// How often each value is used.
///
/// # Errors
/// If there is something that cannot be written.
pub(super) fn count_uses(
    func: &Func,
    cfg: &Cfg,
    types: &Types<'_>,
    tries: &Tries,
    early: &Early,
) -> Result<Vec<u32>, EmitError> {
    let mut uses = vec![0; func.n_values()];
    let mut count = |value: Value| uses[value.index()] += 1;
    let mut news = Vec::new();
    for &block in cfg.rpo() {
        if tries.is_virtual(block) {
            continue;
        }
        for &id in func.insts(block) {
            if tries.is_silent(id) {
                continue;
            }
            let inst = func.inst(id);
            insts::op(func, inst)?;
            if !types.is_fused(id) {
                inst.for_each_arg(func, &mut count);
            }
            if matches!(inst, Inst::Exn { .. }) {
                news.push(func.result(id));
            }
        }
        if let Term::Trap(trap) = func.term(block) {
            write::trap_code(trap)?;
        }
        match tries.thrown(func, block) {
            Some(exception) => count(exception),
            None => func.for_each_term_arg(block, &mut count),
        }
        for &(from, to) in tries.pairs(block) {
            if from != to && !early.of(block).contains(&(from, to)) {
                count(from);
            }
        }
        func.for_each_edge(block, |edge| {
            if tries.is_silent_edge(edge) {
                return;
            }
            let to = func.params(func.edge(edge).to);
            for (nth, (&value, &param)) in func.edge_args(edge).iter().zip(to).enumerate() {
                // What a parameter passes to itself is no use.
                if value != param
                    && let Some(value) = early.late(edge, nth, value)
                {
                    count(value);
                }
            }
        });
        early.of(block).iter().for_each(|&(from, _)| count(from));
    }
    news.retain(|&value| uses[value.index()] != 0);
    let blocks = cfg.rpo().iter();
    let is_thrown = |block: &&Block| {
        !tries.is_virtual(**block) && insts::thrown(func, tries, **block, &uses).is_some()
    };
    match news.len() == blocks.filter(is_thrown).count() {
        true => Ok(uses),
        // An exception is only there if it was thrown.
        false => Err(EmitError::Unsupported("exceptions that are never thrown")),
    }
}
