//! Lets ways that only choose values choose them without a branch.
//!
//! Apart from the rules for `select` itself because here blocks go: a branch whose ways compute a little without any effect, and then
//! meet or return.

use crate::effects::effects;
use ir::{Block, Cfg, Def, Effects, Func, Inst, InstId, Term, Value};
use ops::Compute;

/// What a branch may become.
#[derive(Clone, Copy)]
pub(crate) struct Worth {
    /// How many instructions both ways may have, which are executed always then.
    insts: usize,
    /// How many values may be chosen.
    values: usize,
    /// Whether a value that is there already is better kept by not taking the other way: it may be where the choice shall be.
    only_new: bool,
}

impl Worth {
    /// Where bytes count.
    pub(crate) const SIZE: Worth = Worth {
        insts: 4,
        values: 2,
        only_new: true,
    };
    /// Where time counts: no more than what a branch that is not predicted would take.
    pub(crate) const SPEED: Worth = Worth {
        insts: 2,
        values: 1,
        only_new: false,
    };
}

/// Runs the pass.
pub(crate) fn run(func: &mut Func, worth: Worth) {
    func.keep_reachable();
    func.remove_trivial_params();
    let cfg = Cfg::new(func);
    // What is appended to blocks.
    let mut appended: Vec<Vec<InstId>> = vec![Vec::new(); func.n_blocks()];
    let mut has_changed = false;
    // Inner choices first.
    for &block in cfg.rpo().iter().rev() {
        let Some(choice) = choice(func, &cfg, &appended, block, worth) else {
            continue;
        };
        let mut news = Vec::new();
        for way in choice.ways.into_iter().flatten() {
            news.extend_from_slice(func.insts(way));
            news.append(&mut appended[way.index()]);
        }
        let mut values = Vec::with_capacity(choice.pairs.len());
        for (then, otherwise) in choice.pairs {
            if is_same(func, then, otherwise) {
                values.push(then);
                continue;
            }
            let inst = Inst::Select {
                cond: choice.cond,
                then,
                otherwise,
            };
            let ty = func.ty(then);
            let id = func.make_inst(inst, func.term_offset(block), &[ty]);
            values.push(func.result(id));
            news.push(id);
        }
        appended[block.index()].append(&mut news);
        let term = match choice.to {
            Some(to) => Term::Jump(func.add_edge(to, &values)),
            None => Term::Return(func.make_list(&values)),
        };
        func.set_term(block, term);
        has_changed = true;
    }
    if has_changed {
        func.rearrange(|block, old, new| {
            new.extend_from_slice(old);
            new.extend_from_slice(&appended[block.index()]);
        });
        func.keep_reachable();
    }
}

/// A branch that chooses values.
struct Choice {
    cond: Value,
    /// The blocks on the two ways, if there are any.
    ways: [Option<Block>; 2],
    /// What is chosen, for each value.
    pairs: Vec<(Value, Value)>,
    /// Where the ways meet; they return if not.
    to: Option<Block>,
}

/// Where a way leads, and what it passes there.
struct Way {
    block: Option<Block>,
    to: Option<Block>,
    values: Vec<Value>,
    n_insts: usize,
}

fn choice(
    func: &Func,
    cfg: &Cfg,
    appended: &[Vec<InstId>],
    block: Block,
    worth: Worth,
) -> Option<Choice> {
    let Term::Branch {
        cond,
        then,
        otherwise,
    } = func.term(block)
    else {
        return None;
    };
    let way = |edge: ir::EdgeId| {
        let to = func.edge(edge).to;
        let direct = || Way {
            block: None,
            to: Some(to),
            values: func.edge_args(edge).to_vec(),
            n_insts: 0,
        };
        if cfg.preds(to).len() != 1 || to <= block || !func.params(to).is_empty() {
            return direct();
        }
        let insts = || func.insts(to).iter().chain(&appended[to.index()]);
        if insts().count() > worth.insts || !insts().all(|&id| is_cheap(func, id)) {
            return direct();
        }
        let (next, values) = match func.term(to) {
            Term::Jump(edge) => (Some(func.edge(edge).to), func.edge_args(edge).to_vec()),
            Term::Return(list) => (None, func.list(list).to_vec()),
            _ => return direct(),
        };
        Way {
            block: Some(to),
            to: next,
            values,
            n_insts: insts().count(),
        }
    };
    let (a, b) = (way(then), way(otherwise));
    if a.to != b.to || a.n_insts + b.n_insts > worth.insts || a.values.len() != b.values.len() {
        return None;
    }
    let pairs: Vec<(Value, Value)> = a.values.into_iter().zip(b.values).collect();
    let chosen = pairs.iter().filter(|(a, b)| !is_same(func, *a, *b));
    let mut n_chosen = 0;
    let is_new = |way: Option<Block>, value: Value| match (func.def(value), way) {
        (Def::Const(_), _) => true,
        (Def::Result(id, _), Some(way)) => {
            func.insts(way).contains(&id) || appended[way.index()].contains(&id)
        }
        _ => false,
    };
    for &(then, otherwise) in chosen {
        n_chosen += 1;
        let are_new = is_new(a.block, then) && is_new(b.block, otherwise);
        if func.ty(then).is_ref() || worth.only_new && a.to.is_some() && !are_new {
            return None;
        }
    }
    // Ways that choose nothing are no choice, but then there is nothing to compute either.
    (n_chosen <= worth.values).then_some(Choice {
        cond,
        ways: [a.block, b.block],
        pairs,
        to: a.to,
    })
}

/// Whether two values are the same, or the same constant.
fn is_same(func: &Func, a: Value, b: Value) -> bool {
    let bits = func.const_bits(a);
    a == b || bits.is_some() && bits == func.const_bits(b)
}

/// Whether an instruction has no effect and takes hardly any time.
fn is_cheap(func: &Func, id: InstId) -> bool {
    let inst = func.inst(id);
    if effects(func, inst, &[]) != Effects::NONE {
        return false;
    }
    match *inst {
        Inst::Compute { op, .. } => {
            use Compute::{F32Div, F64Div, I64DivS, I64DivU, I64RemS, I64RemU};
            use Compute::{F32Sqrt, F64Sqrt, I32DivS, I32DivU, I32RemS, I32RemU};
            !matches!(
                op,
                I32DivS | I32DivU | I32RemS | I32RemU | I64DivS | I64DivU | I64RemS | I64RemU
            ) && !matches!(op, F32Div | F64Div | F32Sqrt | F64Sqrt)
        }
        Inst::Select { .. } | Inst::RefIsNull { .. } => true,
        _ => false,
    }
}
