//! Removes what has no effect and is not used: instructions, and block parameters with what edges pass for them.
//!
//! A store to an object that was made in the function has no effect if nothing else uses the object.

use crate::effects::{Callee, effects};
use ir::{Def, EdgeId, Func, GcOp, Inst, InstId, Preds, Term, Value};
use std::collections::HashSet;

/// Runs the pass.
pub(crate) fn run(func: &mut Func, callees: &[Callee]) {
    if callees.iter().any(|callee| !callee.returns) {
        cut(func, callees);
    }
    let preds = Preds::new(func);
    let tried = tried(func);
    let acts = |func: &Func, id: InstId| acts(func, func.inst(id), callees) || tried.contains(&id);
    let live = Live::find(func, &preds, &acts);
    func.retain_insts(|func, id| match stored_into(func, func.inst(id)) {
        Some(object) => live.has(object),
        None => acts(func, id) || func.inst_results(id).any(|value| live.has(value)),
    });
    for block in func.blocks().skip(1) {
        if func.params(block).iter().all(|&param| live.has(param)) {
            continue;
        }
        let keep: Vec<bool> = func
            .params(block)
            .iter()
            .map(|&param| live.has(param))
            .collect();
        let mut edges: Vec<EdgeId> = preds.of(block).iter().map(|&(_, edge)| edge).collect();
        edges.sort_unstable();
        edges.dedup();
        func.retain_params(block, &edges, |nth| keep[nth]);
    }
}

/// Ends blocks with calls that do not return, unless what these throw goes on here.
fn cut(func: &mut Func, callees: &[Callee]) {
    let never_returns = |func: &Func, id: InstId| match *func.inst(id) {
        Inst::Call { func, .. } => callees
            .get(func.index())
            .is_some_and(|callee| !callee.returns),
        _ => false,
    };
    let mut is_behind = vec![false; func.n_insts()];
    for block in func.blocks() {
        let insts = func.insts(block);
        let last = insts.iter().position(|&id| never_returns(func, id));
        let (Some(last), false) = (last, matches!(func.term(block), Term::Try { .. })) else {
            continue;
        };
        for &id in &insts[last + 1..] {
            is_behind[id.index()] = true;
        }
        func.set_term(block, Term::Trap(ops::Trap::Unreachable));
    }
    func.retain_insts(|_, id| !is_behind[id.index()]);
    func.empty_unreachable();
}

/// The calls that blocks end with: how these go on depends on them.
fn tried(func: &Func) -> HashSet<InstId> {
    let calls = func.blocks().filter_map(|block| func.try_call(block));
    calls.map(|(call, _)| call).collect()
}

/// Whether an instruction must stay though nobody uses its results.
fn acts(func: &Func, inst: &Inst, callees: &[Callee]) -> bool {
    /// Arrays of up to so many elements fit every heap: not making them is no difference to anyone.
    const SMALL_LEN_MAX: u128 = 1 << 10;
    if let Inst::Gc {
        op: GcOp::ArrayNew(_),
        args,
    } = *inst
    {
        let len = func.const_bits(func.list(args)[1]);
        return len.is_none_or(|len| len > SMALL_LEN_MAX);
    }
    !effects(func, inst, callees).is_removable()
}

/// The object that was made in this function and that an instruction stores something into, which surely succeeds.
fn stored_into(func: &Func, inst: &Inst) -> Option<Value> {
    let Inst::Gc { op, args } = *inst else {
        return None;
    };
    let args = func.list(args);
    let Some(Inst::Gc {
        op: made,
        args: made_of,
    }) = func.def_inst(*args.first()?)
    else {
        return None;
    };
    let len = match (op, made) {
        (GcOp::StructSet { .. }, GcOp::StructNew(_)) => return Some(args[0]),
        (GcOp::ArraySet(_), GcOp::ArrayNewFixed(_)) => made_of.len() as u128,
        (GcOp::ArraySet(_), GcOp::ArrayNew(_)) => func.const_bits(func.list(*made_of)[1])?,
        _ => return None,
    };
    (func.const_bits(args[1])? < len).then_some(args[0])
}

/// The values that something needs.
struct Live {
    values: Vec<bool>,
    /// Needed, but what they are made of has not been looked at.
    waiting: Vec<Value>,
    /// Objects and what is stored into them, which is needed if they are; sorted.
    stores: Vec<(Value, InstId)>,
}

impl Live {
    fn find(func: &Func, preds: &Preds, acts: &impl Fn(&Func, InstId) -> bool) -> Live {
        let mut live = Live {
            values: vec![false; func.n_values()],
            waiting: Vec::new(),
            stores: Vec::new(),
        };
        for block in func.blocks() {
            for &id in func.insts(block) {
                if let Some(object) = stored_into(func, func.inst(id)) {
                    live.stores.push((object, id));
                } else if acts(func, id) {
                    func.inst(id).for_each_arg(func, |value| live.need(value));
                }
            }
            func.for_each_term_arg(block, |value| live.need(value));
        }
        live.stores.sort_unstable();
        while let Some(value) = live.waiting.pop() {
            live.need_stores(func, value);
            match func.def(value) {
                Def::Result(id, _) => func.inst(id).for_each_arg(func, |value| live.need(value)),
                Def::Param(block, nth) => {
                    for &(_, edge) in preds.of(block) {
                        live.need(func.edge_args(edge)[nth as usize]);
                    }
                }
                Def::Const(_) => {}
            }
        }
        live
    }

    /// Needs what is stored into an object that is needed.
    fn need_stores(&mut self, func: &Func, object: Value) {
        let mut at = self.stores.partition_point(|&(other, _)| other < object);
        while let Some(&(other, id)) = self.stores.get(at)
            && other == object
        {
            func.inst(id).for_each_arg(func, |value| self.need(value));
            at += 1;
        }
    }

    fn need(&mut self, value: Value) {
        if !std::mem::replace(&mut self.values[value.index()], true) {
            self.waiting.push(value);
        }
    }

    fn has(&self, value: Value) -> bool {
        self.values[value.index()]
    }
}
