//! Dominators of any graph are what is found by leaving out one block after the other.

use crate::{Block, Cfg, Func, parse};
use std::fmt::Write;

/// A function whose blocks lead to any others.
fn function(state: &mut u64, n_blocks: usize) -> Func {
    let mut below = |n: usize| {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (*state % n as u64) as usize
    };
    let mut text = String::from("func (i32) -> () {\n");
    for block in 0..n_blocks {
        let param = if block == 0 { "(v0: i32)" } else { "" };
        let _ = writeln!(text, "b{block}{param}:");
        // Few ways lead back, or most blocks would be dominated by the entry alone.
        let mut to = || match below(4) {
            0 => 1 + below(n_blocks - 1),
            _ => (block + 1 + below(3)).min(n_blocks - 1),
        };
        let (first, second) = (to(), to());
        let _ = match below(5) {
            0 => writeln!(text, "    return"),
            1 => writeln!(text, "    jump b{first}"),
            _ => writeln!(text, "    branch v0, b{first}, b{second}"),
        };
    }
    text += "}\n";
    parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Which blocks can be reached without one of them.
fn reached(func: &Func, without: Option<Block>) -> Vec<bool> {
    let mut seen = vec![false; func.n_blocks()];
    let mut work = vec![Block::new(0)];
    while let Some(block) = work.pop() {
        if Some(block) != without && !std::mem::replace(&mut seen[block.index()], true) {
            func.for_each_edge(block, |edge| work.push(func.edge(edge).to));
        }
    }
    seen
}

#[test]
fn a_block_is_dominated_by_those_without_which_it_cannot_be_reached() {
    let mut state = 0x9e37_79b9_7f4a_7c15;
    for nth in 0..600 {
        let func = function(&mut state, 2 + nth % 30);
        let cfg = Cfg::new(&func);
        let all = reached(&func, None);
        let mut dominators = vec![Vec::new(); func.n_blocks()];
        for block in func.blocks().filter(|block| all[block.index()]) {
            for (at, still) in reached(&func, Some(block)).into_iter().enumerate() {
                if all[at] && !still && at != block.index() {
                    dominators[at].push(block);
                }
            }
        }
        for block in func.blocks() {
            let mut found = Vec::new();
            let mut at = block;
            while let Some(idom) = cfg.idom(at) {
                found.push(idom);
                at = idom;
            }
            found.sort_unstable();
            assert_eq!(found, dominators[block.index()], "{block:?} of\n{func}");
        }
    }
}
