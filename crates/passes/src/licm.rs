//! Computes before a loop what is the same each time round.
//!
//! Apart from value numbering because instructions move: what has no effect can be computed though the loop might not have come to it.
//! Operators that take no more than a register would stay: keeping their result has a price too.

use crate::effects::{Callee, effects};
use crate::loops::Loops;
use ir::{Block, Cfg, Def, Effects, Func, Inst, InstId, State, Term, Value};
use ops::Compute;

/// Out of how many loops an instruction goes at most.
const LOOPS_MAX: u32 = 8;

/// Runs the pass.
pub(crate) fn run(func: &mut Func, callees: &[Callee]) {
    let cfg = Cfg::new(func);
    let loops = Loops::new(func, &cfg);
    if !loops.is_reducible {
        return;
    }
    let before: Vec<Option<Block>> = func
        .blocks()
        .map(|block| {
            loops
                .is_header(block)
                .then(|| block_before(func, &cfg, block))?
        })
        .collect();
    let sets_globals = sets_globals(func, &cfg, &loops, callees);
    let mut home = vec![Block::new(0); func.n_insts()];
    let mut worth = Vec::new();
    // Where instructions shall go: those of a block, in order.
    let mut moved: Vec<Vec<InstId>> = vec![Vec::new(); func.n_blocks()];
    let mut is_moved = vec![false; func.n_insts()];
    for &block in cfg.rpo() {
        for &id in func.insts(block) {
            home[id.index()] = block;
            // From loop to loop outwards, as far as operands allow.
            let mut left = LOOPS_MAX;
            while left > 0
                && let Some(header) = loops.around(home[id.index()])
                && let Some(to) = before[header.index()]
                && is_same_each_time(func, callees, &home, id, header, &sets_globals)
            {
                home[id.index()] = to;
                left -= 1;
            }
            if home[id.index()] != block {
                worth.push((id, block));
            }
        }
    }
    // What is cheap goes only if something that goes needs it.
    let mut goes = vec![false; func.n_insts()];
    for &(id, _) in worth.iter().rev() {
        if !goes[id.index()] && is_cheap(func, id) {
            continue;
        }
        goes[id.index()] = true;
        func.inst(id).for_each_arg(func, |value| {
            if let Def::Result(of, _) = func.def(value) {
                goes[of.index()] = true;
            }
        });
    }
    for &(id, _) in &worth {
        if goes[id.index()] {
            moved[home[id.index()].index()].push(id);
            is_moved[id.index()] = true;
        }
    }
    if is_moved.contains(&true) {
        func.rearrange(|block, old, new| {
            new.extend(old.iter().filter(|id| !is_moved[id.index()]));
            new.extend_from_slice(&moved[block.index()]);
        });
    }
}

/// The block from which alone a loop is entered, if it leads nowhere else.
fn block_before(func: &Func, cfg: &Cfg, header: Block) -> Option<Block> {
    let mut outside = cfg.preds(header).iter().filter(|(pred, _)| *pred < header);
    let &(before, _) = outside.next()?;
    let is_only = outside.next().is_none() && matches!(func.term(before), Term::Jump(_));
    is_only.then_some(before)
}

/// By header: whether globals may be set in the loop.
fn sets_globals(func: &Func, cfg: &Cfg, loops: &Loops, callees: &[Callee]) -> Vec<bool> {
    let mut sets = vec![false; func.n_blocks()];
    for &block in cfg.rpo() {
        let mut insts = func.insts(block).iter().map(|&id| func.inst(id));
        let writes = |inst| effects(func, inst, callees).writes;
        if insts.any(|inst| writes(inst).meets(State::GLOBAL)) {
            let mut at = loops.around(block);
            while let Some(header) = at
                && !std::mem::replace(&mut sets[header.index()], true)
            {
                at = loops.outside(header);
            }
        }
    }
    sets
}

/// Whether an instruction in a loop computes the same each time round.
fn is_same_each_time(
    func: &Func,
    callees: &[Callee],
    home: &[Block],
    id: InstId,
    header: Block,
    sets_globals: &[bool],
) -> bool {
    let inst = func.inst(id);
    let is_global = matches!(inst, Inst::GlobalGet { .. }) && !sets_globals[header.index()];
    if effects(func, inst, callees) != Effects::NONE && !is_global {
        return false;
    }
    // A call may be what its block ends with; what an exception is asked for depends on what was asked before.
    if matches!(inst, Inst::FrameLoad { .. } | Inst::Exn { .. }) || inst.is_call() {
        return false;
    }
    let is_outside = |value: Value| {
        let block = match func.def(value) {
            Def::Const(_) => return true,
            Def::Param(block, _) => block,
            Def::Result(id, _) => home[id.index()],
        };
        // Both dominate the instruction; the one that comes first dominates the other.
        block < header
    };
    let mut is_same = true;
    inst.for_each_arg(func, |value| is_same &= is_outside(value));
    is_same
}

/// Whether computing it again is as good as keeping it.
fn is_cheap(func: &Func, id: InstId) -> bool {
    match *func.inst(id) {
        Inst::Compute { op, args } => {
            use Compute::{I32Mul, I64Mul};
            let is_number = matches!(op.result(), ops::Type::I32 | ops::Type::I64);
            let of_numbers = op
                .params()
                .iter()
                .all(|ty| matches!(ty, ops::Type::I32 | ops::Type::I64));
            let with_constant = args[1..op.params().len().max(1)]
                .iter()
                .all(|&arg| func.is_const(arg));
            is_number && of_numbers && with_constant && !matches!(op, I32Mul | I64Mul)
        }
        Inst::RefIsNull { .. } | Inst::RefFunc { .. } => true,
        _ => false,
    }
}
