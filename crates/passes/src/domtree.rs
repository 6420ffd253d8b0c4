//! The tree of dominators, to be walked from the entry down.
//!
//! Apart from the graph, which only knows each block's immediate dominator: passes need the way down, and in an order in which a
//! block comes after all that lead to it, except along back edges.

use ir::{Block, Cfg, Func};

/// The blocks that each block immediately dominates.
pub(crate) struct DomTree {
    /// By block: where its children start; one more at the end.
    first: Vec<u32>,
    children: Vec<Block>,
}

impl DomTree {
    /// The tree of a graph.
    pub(crate) fn new(func: &Func, cfg: &Cfg) -> DomTree {
        let mut first = vec![0; func.n_blocks() + 1];
        for &block in cfg.rpo() {
            if let Some(idom) = cfg.idom(block) {
                first[idom.index() + 1] += 1;
            }
        }
        for at in 1..first.len() {
            first[at] += first[at - 1];
        }
        let mut next = first.clone();
        let mut children =
            vec![Block::new(0); *first.last().expect("one more than blocks") as usize];
        for &block in cfg.rpo() {
            if let Some(idom) = cfg.idom(block) {
                let at = &mut next[idom.index()];
                children[*at as usize] = block;
                *at += 1;
            }
        }
        DomTree { first, children }
    }

    /// The blocks that a block immediately dominates, in reverse postorder of the graph.
    pub(crate) fn children(&self, block: Block) -> &[Block] {
        let (start, end) = (self.first[block.index()], self.first[block.index() + 1]);
        &self.children[start as usize..end as usize]
    }
}

/// Replacements of values by others that are the same.
#[derive(Default)]
pub(crate) struct Same {
    values: Vec<Option<ir::Value>>,
}

impl Same {
    /// What a value is now.
    pub(crate) fn now(&self, mut value: ir::Value) -> ir::Value {
        while let Some(Some(other)) = self.values.get(value.index()) {
            value = *other;
        }
        value
    }

    /// Says that a value is another one, which is not replaced itself.
    pub(crate) fn set(&mut self, func: &Func, value: ir::Value, other: ir::Value) {
        if self.values.len() < func.n_values() {
            self.values.resize(func.n_values(), None);
        }
        self.values[value.index()] = Some(other);
    }

    /// Makes the function use what values are now.
    pub(crate) fn apply(&self, func: &mut Func) {
        if !self.values.is_empty() {
            func.map_values(|value| self.now(value));
        }
    }
}
