//! What may change on the ways from a block's immediate dominator to it.
//!
//! Apart from the passes that ask because the search is the same whatever it is that changes.

use ir::{Block, Cfg, Func};

/// What a block may change.
pub(crate) trait Changes: Copy + Default {
    /// All that can be.
    const ALL: Self;

    /// Adds what another block may change.
    fn add(&mut self, other: Self);
}

/// Finds the blocks on the ways from a block's immediate dominator to it.
pub(crate) struct Between {
    /// By block: the last search that came there.
    seen: Vec<u32>,
    n_searches: u32,
    waiting: Vec<Block>,
    /// Edges that may still be followed, so that deep nests of loops cost no more than some looks at each edge.
    steps_left: usize,
}

impl Between {
    pub(crate) fn new(func: &Func, cfg: &Cfg) -> Between {
        let n_edges: usize = func.blocks().map(|block| cfg.preds(block).len()).sum();
        Between {
            seen: vec![0; func.n_blocks()],
            n_searches: 0,
            waiting: Vec::new(),
            steps_left: 16 * n_edges + 256,
        }
    }

    /// What blocks between `from` and `to`, neither included unless a loop leads from it to itself, may change.
    pub(crate) fn changes<C: Changes>(
        &mut self,
        cfg: &Cfg,
        changes: &[C],
        from: Block,
        to: Block,
    ) -> C {
        let mut found = C::default();
        self.n_searches += 1;
        self.waiting.clear();
        self.wait_for_preds(cfg, from, to);
        while let Some(block) = self.waiting.pop() {
            let n_edges = cfg.preds(block).len();
            if self.steps_left < n_edges {
                found.add(C::ALL);
                break;
            }
            self.steps_left -= n_edges;
            found.add(changes[block.index()]);
            self.wait_for_preds(cfg, from, block);
        }
        found
    }

    fn wait_for_preds(&mut self, cfg: &Cfg, from: Block, block: Block) {
        for &(pred, _) in cfg.preds(block) {
            let seen = &mut self.seen[pred.index()];
            if pred != from && cfg.is_reachable(pred) && *seen != self.n_searches {
                *seen = self.n_searches;
                self.waiting.push(pred);
            }
        }
    }
}
