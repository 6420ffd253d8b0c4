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
        let tree = cfg.compute_rpo(func);
        cfg.compute_idom(&tree);
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

    /// Finds the order. What was found first comes first in what is returned, with the position there of what it was found from.
    fn compute_rpo(&mut self, func: &Func) -> Vec<(Block, u32)> {
        let n = func.n_blocks();
        let mut seen = vec![false; n];
        let mut tree: Vec<(Block, u32)> = Vec::with_capacity(n);
        // Each block with its position there and the number of its edges that were followed.
        let mut stack: Vec<(Block, u32, usize)> = Vec::new();
        if n > 0 {
            seen[0] = true;
            tree.push((Block(0), 0));
            stack.push((Block(0), 0, 0));
        }
        while let Some((block, at, followed)) = stack.last_mut() {
            match successor(func, *block, *followed) {
                Some(next) => {
                    *followed += 1;
                    if !std::mem::replace(&mut seen[next.index()], true) {
                        let from = *at;
                        stack.push((next, tree.len() as u32, 0));
                        tree.push((next, from));
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
        tree
    }

    /// Georgiadis, "Linear-Time Algorithms for Dominators and Related Problems" (2005): the algorithm SNCA. Blocks are known by when they
    /// were first reached, the entry as 0; `tree` has them in this order, each with the one that it was reached from.
    fn compute_idom(&mut self, tree: &[(Block, u32)]) {
        let n = tree.len();
        self.idom = vec![Block::NONE; self.rpo_number.len()];
        let mut numbers = vec![UNREACHED; self.rpo_number.len()];
        for (number, (block, _)) in tree.iter().enumerate() {
            numbers[block.index()] = number as u32;
        }
        // The semidominator of each block, that is found from the last one on.
        let mut semi: Vec<u32> = (0..n as u32).collect();
        let mut paths = Paths {
            parent: tree.iter().map(|&(_, parent)| parent).collect(),
            label: (0..n as u32).collect(),
            passed: Vec::new(),
        };
        for at in (1..n as u32).rev() {
            let (block, parent) = tree[at as usize];
            let mut least = parent;
            for &(pred, _) in self.preds(block) {
                let pred = numbers[pred.index()];
                if pred != UNREACHED {
                    let label = paths.label(pred, at + 1, &semi);
                    least = least.min(semi[label as usize]);
                }
            }
            semi[at as usize] = least;
        }
        // Of what a block was reached through, the nearest that is not behind its semidominator.
        let mut idom: Vec<u32> = tree.iter().map(|&(_, parent)| parent).collect();
        for at in 1..n {
            let mut up = idom[at];
            while up > semi[at] {
                up = idom[up as usize];
            }
            idom[at] = up;
        }
        for (&(block, _), &idom) in tree.iter().zip(&idom) {
            self.idom[block.index()] = tree[idom as usize].0;
        }
    }
}

/// The forest of blocks whose semidominators are known, with paths that get shorter as they are walked.
struct Paths {
    /// By block: the next one on its way to the entry.
    parent: Vec<u32>,
    /// By block: which one on the way from it to its parent, that excluded, has the least semidominator.
    label: Vec<u32>,
    /// What is being walked.
    passed: Vec<u32>,
}

impl Paths {
    /// Which block on the way from `block` up to the last one before `first`, that excluded, has the least semidominator.
    fn label(&mut self, block: u32, first: u32, semi: &[u32]) -> u32 {
        let mut at = block;
        while self.parent[at as usize] >= first {
            self.passed.push(at);
            at = self.parent[at as usize];
        }
        let (mut above, mut best) = (self.parent[at as usize], self.label[at as usize]);
        while let Some(at) = self.passed.pop() {
            self.parent[at as usize] = above;
            let own = self.label[at as usize];
            match semi[best as usize] < semi[own as usize] {
                true => self.label[at as usize] = best,
                false => best = own,
            }
            above = self.parent[at as usize];
        }
        self.label[block as usize]
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
