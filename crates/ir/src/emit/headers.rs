//! Loops whose last branch would have to pass values on its way back: they get them from the start of the loop instead.
//!
//! Apart from what is passed early because the function changes for it. A parameter of a loop that is needed behind the loop as it was
//! cannot be overwritten before the branch back. If the loop starts by taking a copy of it, which is used instead, it can; and the
//! branch back needs no block of its own. Engines that compute values where they are used first have them before the branch then.
//!
//! ```text
//! loop (v1)  ... v2 ...   branch loop(v2), out       v1 is needed in out
//! ==>
//! loop (v1)  jump body(v1)
//! body (v3)  ... v2 ...   branch loop(v2), out       v3 is needed in out
//! ```

use super::locals::Locals;
use super::trees::Code;
use crate::{Block, Cfg, Func, NO_OFFSET, Term, Type, Value};
use std::collections::HashMap;

/// The function with such copies; `None` if no loop needs one.
pub(super) fn parted(func: &Func, cfg: &Cfg, code: &Code<'_>, locals: &Locals) -> Option<Func> {
    // What catches is where it has to be already.
    if code.tries().any() {
        return None;
    }
    let found = found(func, cfg, code, locals);
    if found.is_empty() {
        return None;
    }
    let mut func = func.clone();
    let mut copies = HashMap::new();
    let mut bodies = HashMap::new();
    for params in found.chunk_by(|a, b| a.0 == b.0) {
        let header = params[0].0;
        let types: Vec<Type> = params.iter().map(|&(_, param)| func.ty(param)).collect();
        let body = func.add_block(&types);
        func.set_cold_like(body, header);
        copies.extend(
            params
                .iter()
                .zip(func.params(body))
                .map(|(&(_, param), &copy)| (param, copy)),
        );
        bodies.insert(header, body);
    }
    func.map_values(|value| copies.get(&value).copied().unwrap_or(value));
    let mut insts = HashMap::new();
    for params in found.chunk_by(|a, b| a.0 == b.0) {
        let header = params[0].0;
        let body = bodies[&header];
        let passed: Vec<Value> = params.iter().map(|&(_, param)| param).collect();
        func.end_block(body, func.term(header), func.term_offset(header));
        let edge = func.add_edge(body, &passed);
        func.end_block(header, Term::Jump(edge), NO_OFFSET);
        insts.insert(body, func.insts(header).to_vec());
    }
    func.rearrange(|block, old, new| match insts.get(&block) {
        Some(insts) => new.extend_from_slice(insts),
        None if bodies.contains_key(&block) => {}
        None => new.extend_from_slice(old),
    });
    Some(func)
}

/// Headers of loops in order, with parameters that conditional branches back have to copy on their way.
fn found(func: &Func, cfg: &Cfg, code: &Code<'_>, locals: &Locals) -> Vec<(Block, Value)> {
    let mut position = vec![0; func.n_blocks()];
    for (at, &block) in cfg.rpo().iter().enumerate() {
        position[block.index()] = at;
    }
    let mut found = Vec::new();
    for &block in cfg.rpo() {
        if matches!(func.term(block), Term::Jump(_)) {
            continue;
        }
        func.for_each_edge(block, |edge| {
            let header = func.edge(edge).to;
            if position[header.index()] > position[block.index()] || header == Block::new(0) {
                return;
            }
            for (from, to) in code.passed(func, edge) {
                if locals.is_copied(func, from, to) {
                    found.push((header, to));
                }
            }
        });
    }
    found.sort_unstable();
    found.dedup();
    found
}
