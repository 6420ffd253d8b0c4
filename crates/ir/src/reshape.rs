//! Blocks and parameters that a function turns out not to need.
//!
//! Apart from the function because it follows the graph: what builds a function that starts elsewhere than at its beginning
//! leaves blocks that nothing leads to, and parameters for which what is left of the edges passes one value.

use crate::{Block, Cfg, EdgeId, Func, List, Preds, Value};

/// Looks at all parameters, after which those are left that only several more would find out about.
const ROUNDS_MAX: usize = 8;

impl Func {
    /// Removes blocks that cannot be reached, and numbers the others so that each comes after those that dominate it.
    pub fn keep_reachable(&mut self) {
        let cfg = Cfg::new(self);
        let mut numbers = vec![Block::NONE; self.n_blocks()];
        let mut order = Vec::with_capacity(self.order.len());
        let mut blocks = Vec::with_capacity(cfg.rpo().len());
        for (number, &block) in cfg.rpo().iter().enumerate() {
            numbers[block.index()] = Block(number as u32);
            let mut data = self.blocks[block.index()];
            data.first = order.len() as u32;
            order.extend_from_slice(self.insts(block));
            data.end = order.len() as u32;
            blocks.push(data);
        }
        self.order = order;
        self.blocks = blocks;
        for edge in &mut self.edges {
            let number = numbers.get(edge.to.index());
            edge.to = number.copied().unwrap_or(Block::NONE);
        }
        for block in self.blocks() {
            let params: List = self.blocks[block.index()].params;
            self.set_params(block, params);
        }
    }

    /// Replaces parameters for which all edges pass one value, or the parameter itself, by this value.
    pub fn remove_trivial_params(&mut self) {
        let preds = Preds::new(self);
        let mut same: Vec<Value> = (0..self.n_values() as u32).map(Value).collect();
        for _ in 0..ROUNDS_MAX {
            let mut has_changed = false;
            for block in self.blocks().skip(1) {
                for (nth, &param) in self.params(block).iter().enumerate() {
                    if same[param.index()] == param
                        && let Some(value) = self.only_value(&preds, &mut same, (block, nth), param)
                    {
                        same[param.index()] = value;
                        has_changed = true;
                    }
                }
            }
            if !has_changed {
                break;
            }
        }
        for block in self.blocks().skip(1) {
            let params = self.params(block).iter();
            let keep: Vec<bool> = params.map(|&param| same[param.index()] == param).collect();
            if keep.iter().all(|&keep| keep) {
                continue;
            }
            let mut edges: Vec<EdgeId> = preds.of(block).iter().map(|&(_, edge)| edge).collect();
            edges.sort_unstable();
            edges.dedup();
            self.retain_params(block, &edges, |nth| keep[nth]);
        }
        self.map_values(|value| find(&mut same, value));
    }

    /// The value that parameter `at` always is, if there is one beside the parameter itself.
    fn only_value(
        &self,
        preds: &Preds,
        same: &mut [Value],
        (block, nth): (Block, usize),
        param: Value,
    ) -> Option<Value> {
        let mut only = None;
        for &(_, edge) in preds.of(block) {
            let value = find(same, self.edge_args(edge)[nth]);
            if value == param || only == Some(value) {
                continue;
            }
            if only.is_some() {
                return None;
            }
            only = Some(value);
        }
        only
    }
}

/// What a value is replaced by in the end; the way there is shortened.
fn find(same: &mut [Value], mut value: Value) -> Value {
    while same[value.index()] != value {
        let next = same[value.index()];
        same[value.index()] = same[next.index()];
        value = next;
    }
    value
}
