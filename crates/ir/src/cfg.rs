//! The control-flow graph of a function: predecessors, reverse postorder, dominators.
//!
//! Apart from the function because only the verifier and some passes need it; it is computed when asked for and not kept up
//! to date. Nothing recurses, so that deep nesting of the source cannot overflow the host's stack.

use crate::{Block, EdgeId, Func, Term};

/// The edges that enter each block.
#[derive(Clone, Debug, Default)]
pub struct Preds {
    edges: Vec<(Block, EdgeId)>,
    /// By block: where its edges start in `edges`; one more at the end.
    first: Vec<u32>,
}

impl Preds {
    /// The edges of a function as it is now.
    pub fn new(func: &Func) -> Preds {
        let n = func.n_blocks();
        let mut first = vec![0; n + 1];
        for from in func.blocks() {
            func.for_each_edge(from, |edge| first[func.edge(edge).to.index()] += 1);
        }
        let mut end = 0;
        for count in &mut first {
            end += *count;
            *count = end;
        }
        // Each position is now the end of the block's edges, and moves to their start as they are put there.
        let mut edges = vec![(Block::NONE, EdgeId::NONE); end as usize];
        for from in func.blocks().rev() {
            func.for_each_edge(from, |edge| {
                let position = &mut first[func.edge(edge).to.index()];
                *position -= 1;
                edges[*position as usize] = (from, edge);
            });
        }
        Preds { edges, first }
    }

    /// The edges that enter a block, with the blocks they come from. An edge that a switch has several times is here
    /// several times.
    pub fn of(&self, block: Block) -> &[(Block, EdgeId)] {
        let (start, end) = (self.first[block.index()], self.first[block.index() + 1]);
        &self.edges[start as usize..end as usize]
    }
}

/// Predecessors, reverse postorder and immediate dominators of a function's blocks.
#[derive(Clone, Debug, Default)]
pub struct Cfg {
    preds: Preds,
    rpo: Vec<Block>,
    rpo_number: Vec<u32>,
    idom: Vec<Block>,
}

const UNREACHED: u32 = u32::MAX;

impl Cfg {
    /// The graph of a function as it is now.
    pub fn new(func: &Func) -> Cfg {
        let mut cfg = Cfg {
            preds: Preds::new(func),
            ..Cfg::default()
        };
        cfg.compute_rpo(func);
        cfg.compute_idom();
        cfg
    }

    /// The edges that enter a block: see [`Preds::of`].
    pub fn preds(&self, block: Block) -> &[(Block, EdgeId)] {
        self.preds.of(block)
    }

    /// The blocks that can be reached, each before those it leads to, except along back edges.
    pub fn rpo(&self) -> &[Block] {
        &self.rpo
    }

    /// Whether a block can be reached from the entry.
    pub fn is_reachable(&self, block: Block) -> bool {
        self.rpo_number[block.index()] != UNREACHED
    }

    /// The nearest block that every path to `block` passes; `None` for the entry and for blocks that are not reached.
    pub fn idom(&self, block: Block) -> Option<Block> {
        let idom = self.idom[block.index()];
        (idom != Block::NONE && idom != block).then_some(idom)
    }

    fn compute_rpo(&mut self, func: &Func) {
        let n = func.n_blocks();
        let mut seen = vec![false; n];
        // Each block with the number of its edges that were followed.
        let mut stack: Vec<(Block, usize)> = Vec::new();
        if n > 0 {
            seen[0] = true;
            stack.push((Block(0), 0));
        }
        while let Some((block, followed)) = stack.last_mut() {
            match successor(func, *block, *followed) {
                Some(next) => {
                    *followed += 1;
                    if !std::mem::replace(&mut seen[next.index()], true) {
                        stack.push((next, 0));
                    }
                }
                None => {
                    self.rpo.push(*block);
                    stack.pop();
                }
            }
        }
        self.rpo.reverse();
        self.rpo_number = vec![UNREACHED; n];
        for (number, block) in self.rpo.iter().enumerate() {
            self.rpo_number[block.index()] = number as u32;
        }
    }

    /// Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm".
    fn compute_idom(&mut self) {
        self.idom = vec![Block::NONE; self.rpo_number.len()];
        let Some(&entry) = self.rpo.first() else {
            return;
        };
        self.idom[entry.index()] = entry;
        let mut changed = true;
        let mut preds = Vec::new();
        while changed {
            changed = false;
            for &block in &self.rpo[1..] {
                let mut idom = Block::NONE;
                // The last ones first: of blocks that follow each other each is met where the one behind it has led.
                preds.clear();
                preds.extend(self.preds(block).iter().map(|&(pred, _)| pred));
                preds.sort_unstable_by_key(|pred| std::cmp::Reverse(self.rpo_number[pred.index()]));
                for &pred in &preds {
                    if self.idom[pred.index()] == Block::NONE {
                        continue;
                    }
                    idom = if idom == Block::NONE {
                        pred
                    } else {
                        self.meet(pred, idom)
                    };
                }
                if idom != self.idom[block.index()] {
                    self.idom[block.index()] = idom;
                    changed = true;
                }
            }
        }
    }

    fn meet(&self, mut a: Block, mut b: Block) -> Block {
        let number = |block: Block| self.rpo_number[block.index()];
        while a != b {
            while number(a) > number(b) {
                a = self.idom[a.index()];
            }
            while number(b) > number(a) {
                b = self.idom[b.index()];
            }
        }
        a
    }
}

/// Where edge number `nth` out of a block leads, counted from the last.
fn successor(func: &Func, block: Block, nth: usize) -> Option<Block> {
    let edge = match func.term(block) {
        Term::Jump(edge) => [edge].get(nth).copied(),
        Term::Branch {
            then, otherwise, ..
        } => [otherwise, then].get(nth).copied(),
        Term::Switch { targets, .. } => {
            let targets = func.list(targets);
            let at = targets.len().checked_sub(nth + 1);
            at.map(|at| EdgeId(targets[at].0))
        }
        Term::Try { normal, unwind } => [unwind, normal].get(nth).copied(),
        Term::Open | Term::Return(_) | Term::TailCall { .. } | Term::Throw(_) | Term::Trap(_) => {
            None
        }
    };
    edge.map(|edge| func.edge(edge).to)
}
