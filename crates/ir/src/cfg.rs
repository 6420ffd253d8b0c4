//! The control-flow graph of a function: predecessors, reverse postorder, dominators.
//!
//! Apart from the function because only the verifier and some passes need it; it is computed when asked for and not kept up
//! to date. Nothing recurses, so that deep nesting of the source cannot overflow the host's stack.

use crate::{Block, EdgeId, Func};

/// Predecessors, reverse postorder and immediate dominators of a function's blocks.
#[derive(Clone, Debug, Default)]
pub struct Cfg {
    preds: Vec<(Block, EdgeId)>,
    first_pred: Vec<u32>,
    rpo: Vec<Block>,
    rpo_number: Vec<u32>,
    idom: Vec<Block>,
}

const UNREACHED: u32 = u32::MAX;

impl Cfg {
    /// The graph of a function as it is now.
    pub fn new(func: &Func) -> Cfg {
        let mut cfg = Cfg::default();
        cfg.compute_preds(func);
        cfg.compute_rpo(func);
        cfg.compute_idom();
        cfg
    }

    /// The edges that enter a block, with the blocks they come from. An edge that a switch has several times is here
    /// several times.
    pub fn preds(&self, block: Block) -> &[(Block, EdgeId)] {
        let range = self.first_pred[block.index()]..self.first_pred[block.index() + 1];
        &self.preds[range.start as usize..range.end as usize]
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

    fn compute_preds(&mut self, func: &Func) {
        let n = func.n_blocks();
        let mut edges = Vec::new();
        for from in func.blocks() {
            func.for_each_edge(from, |edge| edges.push((from, edge)));
        }
        self.first_pred = vec![0; n + 1];
        for &(_, edge) in &edges {
            self.first_pred[func.edge(edge).to.index() + 1] += 1;
        }
        for at in 0..n {
            self.first_pred[at + 1] += self.first_pred[at];
        }
        let mut next = self.first_pred.clone();
        self.preds = vec![(Block::NONE, EdgeId::NONE); edges.len()];
        for (from, edge) in edges {
            let slot = &mut next[func.edge(edge).to.index()];
            self.preds[*slot as usize] = (from, edge);
            *slot += 1;
        }
    }

    fn compute_rpo(&mut self, func: &Func) {
        let n = func.n_blocks();
        let mut seen = vec![false; n];
        let mut stack: Vec<(Block, Vec<Block>)> = Vec::new();
        let successors = |block: Block| {
            let mut found = Vec::new();
            func.for_each_edge(block, |edge| found.push(func.edge(edge).to));
            found
        };
        if n > 0 {
            seen[0] = true;
            stack.push((Block(0), successors(Block(0))));
        }
        while let Some((block, left)) = stack.last_mut() {
            match left.pop() {
                Some(next) if !seen[next.index()] => {
                    seen[next.index()] = true;
                    stack.push((next, successors(next)));
                }
                Some(_) => {}
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
        while changed {
            changed = false;
            for &block in &self.rpo[1..] {
                let mut idom = Block::NONE;
                for &(pred, _) in self.preds(block) {
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
