//! How long making code of a function will take, as far as that grows faster than the function.
//!
//! Apart from passes because nothing is changed: whoever has code already can do without code that takes too long to make.

use ir::Func;

/// About how many blocks values go through in loops, added up over the values that each loop goes round with: allocating registers
/// takes that long. A loop in thousands of others has all that these go round with.
///
/// Where it was measured, a code generator took a second for 3 million; the most that a function of SQLite, Lua and the like came to
/// was 33 thousand.
pub fn effort(func: &Func) -> u64 {
    let mut effort = 0;
    let mut last = vec![0; func.n_blocks()];
    for block in func.blocks() {
        func.for_each_edge(block, |edge| {
            let to = func.edge(edge).to;
            if to <= block {
                last[to.index()] = block.index();
            }
        });
    }
    for block in func.blocks() {
        let blocks = last[block.index()].saturating_sub(block.index()) as u64;
        effort += blocks * func.params(block).len() as u64;
    }
    effort
}
