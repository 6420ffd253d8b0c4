//! Removes what has no effect and is not used: instructions, and block parameters with what edges pass for them.

use ir::{Def, EdgeId, Func, Inst, Preds, Value};

/// Runs the pass.
pub(crate) fn run(func: &mut Func) {
    let preds = Preds::new(func);
    let live = Live::find(func, &preds);
    func.retain_insts(|func, id| {
        acts(func.inst(id)) || func.inst_results(id).any(|value| live.has(value))
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

/// Whether an instruction must stay though nobody uses its results.
fn acts(inst: &Inst) -> bool {
    !inst.effects().is_removable()
}

/// The values that something needs.
struct Live {
    values: Vec<bool>,
    /// Needed, but what they are made of has not been looked at.
    waiting: Vec<Value>,
}

impl Live {
    fn find(func: &Func, preds: &Preds) -> Live {
        let mut live = Live {
            values: vec![false; func.n_values()],
            waiting: Vec::new(),
        };
        for block in func.blocks() {
            for &id in func.insts(block) {
                if acts(func.inst(id)) {
                    func.inst(id).for_each_arg(func, |value| live.need(value));
                }
            }
            func.for_each_term_arg(block, |value| live.need(value));
        }
        while let Some(value) = live.waiting.pop() {
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

    fn need(&mut self, value: Value) {
        if !std::mem::replace(&mut self.values[value.index()], true) {
            self.waiting.push(value);
        }
    }

    fn has(&self, value: Value) -> bool {
        self.values[value.index()]
    }
}
