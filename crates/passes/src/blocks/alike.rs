//! Makes one block of several that do the same.
//!
//! Apart from common ends of blocks because whole blocks need nothing to be moved: edges lead to the other one.

use super::{count_uses, is_private};
use crate::loops::Loops;
use ir::{Block, Callee, Cfg, Def, EdgeId, Func, Inst, Preds, Term, Type, Value};
use std::collections::HashMap;

/// Instructions that blocks have at most.
const INSTS_MAX: usize = 256;

/// Leads all edges to the first of blocks that are alike.
pub(super) fn merge(func: &mut Func) -> bool {
    let cfg = Cfg::new(func);
    let loops = Loops::new(func, &cfg);
    let preds = Preds::new(func);
    let uses = count_uses(func);
    // Few blocks look like another one at first sight.
    let sight = |block: Block| {
        let mut first = None;
        func.for_each_edge(block, |edge| first = first.or(Some(func.edge(edge).to)));
        let last = func.insts(block).last();
        let last = last.map(|&id| func.inst(id).without_operands());
        (
            func.insts(block).len(),
            func.params(block).len(),
            first,
            last,
        )
    };
    let mut sights: HashMap<_, u32> = HashMap::new();
    for &block in cfg.rpo().iter().skip(1) {
        *sights.entry(sight(block)).or_default() += 1;
    }
    let mut known: HashMap<Vec<Word>, Block> = HashMap::new();
    let mut merged = Vec::new();
    for &block in cfg.rpo().iter().skip(1) {
        if sights[&sight(block)] < 2
            || func.insts(block).len() > INSTS_MAX
            || loops.is_header(block)
        {
            continue;
        }
        // What others use of it has no counterpart.
        if !is_private(func, block, &uses) {
            continue;
        }
        let Some(mut words) = words(func, block) else {
            continue;
        };
        // What leads on is in a loop if what it leads to is.
        let leads_on = !matches!(
            func.term(block),
            Term::Return(_) | Term::Trap(_) | Term::TailCall { .. } | Term::Throw(_)
        );
        if leads_on {
            words.push(Word::Loop(loops.around(block)));
        }
        match known.get(&words) {
            Some(&first) => merged.push((block, first)),
            None => _ = known.insert(words, block),
        }
    }
    for &(block, first) in &merged {
        for &(_, edge) in preds.of(block) {
            func.redirect(edge, first);
        }
        forget_facts(func, first);
    }
    if merged.is_empty() {
        return false;
    }
    func.keep_reachable();
    true
}

/// What passes found out about the instructions of a block need not hold on other ways there.
pub(super) fn forget_facts(func: &mut Func, block: Block) {
    for at in 0..func.insts(block).len() {
        let id = func.insts(block)[at];
        let inst = *func.inst(id);
        func.set_inst(id, inst);
    }
}

/// A part of what a block does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Word {
    Param(Type),
    /// The instruction apart from operands.
    Inst(Inst),
    /// A parameter or result of the block: which one.
    Own(u32),
    Outer(Value),
    Const(Type, u128),
    Edge(Block),
    Term(u8, u64),
    Loop(Option<Block>),
}

/// What a block does, in words that are the same for blocks that do the same.
fn words(func: &Func, block: Block) -> Option<Vec<Word>> {
    let mut own: HashMap<Value, u32> = HashMap::new();
    let mut words = Vec::new();
    for &param in func.params(block) {
        own.insert(param, own.len() as u32);
        words.push(Word::Param(func.ty(param)));
    }
    for &id in func.insts(block) {
        let inst = func.inst(id);
        // Payloads are read where one clause leads to.
        if matches!(inst, Inst::Exn { .. }) {
            return None;
        }
        words.push(Word::Inst(inst.without_operands()));
        inst.for_each_arg(func, |value| words.push(operand(func, &own, value)));
        for value in func.inst_results(id) {
            own.insert(value, own.len() as u32);
            words.push(Word::Param(func.ty(value)));
        }
    }
    let edge = |words: &mut Vec<Word>, edge: EdgeId| {
        words.push(Word::Edge(func.edge(edge).to));
        let args = func.edge_args(edge).iter();
        words.extend(args.map(|&arg| operand(func, &own, arg)));
    };
    let (kind, detail) = match func.term(block) {
        Term::Jump(_) => (0, 0),
        Term::Branch { .. } => (1, 0),
        Term::Switch { targets, .. } => (2, targets.len() as u64),
        Term::Return(_) => (3, 0),
        Term::Throw(_) => (4, 0),
        Term::Trap(trap) => (5, trap as u64),
        Term::TailCall { callee, .. } => match callee {
            Callee::Func(func) => (6, func.0.into()),
            Callee::Table { ty, table, .. } => (7, u64::from(ty.0) << 32 | u64::from(table.0)),
            Callee::Ref { ty, .. } => (8, ty.0.into()),
        },
        Term::Try { .. } | Term::Open => return None,
    };
    words.push(Word::Term(kind, detail));
    func.for_each_term_arg(block, |value| words.push(operand(func, &own, value)));
    func.for_each_edge(block, |to| edge(&mut words, to));
    Some(words)
}

fn operand(func: &Func, own: &HashMap<Value, u32>, value: Value) -> Word {
    match (func.def(value), own.get(&value)) {
        (Def::Const(bits), _) => Word::Const(func.ty(value), bits),
        (_, Some(&nth)) => Word::Own(nth),
        _ => Word::Outer(value),
    }
}
