//! Makes fewer blocks of a function: ways that are decided are taken, blocks that follow each other become one, and what several
//! blocks do in the same way is done once.
//!
//! Apart from folding, which takes branches that constants decide, because here edges are led elsewhere. No way leads into a loop but
//! by its first block, if none did before.

mod alike;
mod tails;
mod thread;

use crate::algebra::count_uses;
use crate::domtree::Same;
use crate::loops::Loops;
use ir::{Block, Cfg, Func, InstId, Term, Value};

/// How often all of it is tried.
const ROUNDS_MAX: usize = 6;

/// Runs the pass. For size, blocks that end alike get one end.
pub(crate) fn run(func: &mut Func, for_size: bool) {
    for _ in 0..ROUNDS_MAX {
        func.keep_reachable();
        let mut cfg = Cfg::new(func);
        let mut loops = Loops::new(func, &cfg);
        if !loops.is_reducible {
            return;
        }
        let mut has_changed = thread::decided_before(func, &cfg);
        if has_changed {
            cfg = Cfg::new(func);
            loops = Loops::new(func, &cfg);
        }
        has_changed |= thread::thread(func, &cfg, &loops);
        if has_changed {
            clean(func);
        }
        has_changed |= join(func);
        if for_size {
            has_changed |= alike::merge(func);
            has_changed |= tails::merge(func);
        }
        if !has_changed {
            break;
        }
    }
}

/// After edges were led elsewhere.
fn clean(func: &mut Func) {
    func.keep_reachable();
    func.remove_trivial_params();
}

/// Makes one block of those that only follow each other.
fn join(func: &mut Func) -> bool {
    let cfg = Cfg::new(func);
    let mut same = Same::default();
    // By block: the block that it becomes a part of.
    let mut head: Vec<Block> = func.blocks().collect();
    let mut moved: Vec<Vec<InstId>> = vec![Vec::new(); func.n_blocks()];
    let mut has_changed = false;
    for &block in cfg.rpo() {
        let Term::Jump(edge) = func.term(block) else {
            continue;
        };
        let to = func.edge(edge).to;
        if to == block || to == Block::new(0) || cfg.preds(to).len() != 1 {
            continue;
        }
        for (&param, &arg) in func.params(to).iter().zip(func.edge_args(edge)) {
            same.set(func, param, same.now(arg));
        }
        let first = head[block.index()];
        head[to.index()] = first;
        moved[first.index()].extend_from_slice(func.insts(to));
        has_changed = true;
    }
    if !has_changed {
        return false;
    }
    // Each part says how its whole ends, the last of them at last.
    for &block in cfg.rpo() {
        let first = head[block.index()];
        if first != block {
            let (term, offset) = (func.term(block), func.term_offset(block));
            func.end_block(first, term, offset);
        }
    }
    func.rearrange(|block, old, new| {
        if head[block.index()] == block {
            new.extend_from_slice(old);
            new.extend_from_slice(&moved[block.index()]);
        }
    });
    for &block in cfg.rpo() {
        if head[block.index()] != block {
            func.set_term(block, Term::Trap(ops::Trap::Unreachable));
        }
    }
    same.apply(func);
    func.keep_reachable();
    true
}

/// The edges that enter a block, each once, with the blocks that they leave and how often those name them: a switch may take one for
/// several cases.
fn edges_to(cfg: &Cfg, block: Block) -> Vec<(Block, ir::EdgeId, u32)> {
    let mut all = cfg.preds(block).to_vec();
    all.sort_unstable_by_key(|&(_, edge)| edge);
    let alike = all.chunk_by(|a, b| a.1 == b.1);
    alike
        .map(|ways| (ways[0].0, ways[0].1, ways.len() as u32))
        .collect()
}

/// Whether what a block defines is used there only; `uses` counts all uses.
fn is_private(func: &Func, block: Block, uses: &[u32]) -> bool {
    let mut left: std::collections::HashMap<Value, u32> = func
        .params(block)
        .iter()
        .copied()
        .chain(
            func.insts(block)
                .iter()
                .flat_map(|&id| func.inst_results(id)),
        )
        .map(|value| (value, uses[value.index()]))
        .collect();
    let mut used = |value: Value| {
        if let Some(left) = left.get_mut(&value) {
            *left -= 1;
        }
    };
    for &id in func.insts(block) {
        func.inst(id).for_each_arg(func, &mut used);
    }
    func.for_each_term_arg(block, &mut used);
    func.for_each_edge(block, |edge| {
        func.edge_args(edge).iter().copied().for_each(&mut used);
    });
    left.values().all(|&left| left == 0)
}
