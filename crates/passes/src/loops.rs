//! Which loop each block is in.
//!
//! Apart from the graph because only passes that move code ask: nothing may get into a loop by another way than its first block, or
//! there would be no way to write the loop.

use ir::{Block, Cfg, Func};

/// The loops of a function.
pub(crate) struct Loops {
    /// By block: the first block of the innermost loop around it.
    header: Vec<Option<Block>>,
    /// By block: whether a loop starts there.
    is_header: Vec<bool>,
    /// Whether each loop is entered by its first block only.
    pub is_reducible: bool,
}

impl Loops {
    /// The loops of a graph. Each block is looked at once for each loop that ends at it: what was found inside is passed over.
    pub(crate) fn new(func: &Func, cfg: &Cfg) -> Loops {
        let n = func.n_blocks();
        let mut number = vec![u32::MAX; n];
        for (at, &block) in cfg.rpo().iter().enumerate() {
            number[block.index()] = at as u32;
        }
        let mut loops = Loops {
            header: vec![None; n],
            is_header: vec![false; n],
            is_reducible: true,
        };
        // By block: the outermost loop found so far that it is in, or itself.
        let mut outer: Vec<Block> = func.blocks().collect();
        let mut waiting = Vec::new();
        // Inner loops start behind those around them.
        for &header in cfg.rpo().iter().rev() {
            for &(latch, _) in cfg.preds(header) {
                if cfg.is_reachable(latch) && number[latch.index()] >= number[header.index()] {
                    loops.is_header[header.index()] = true;
                    waiting.push(latch);
                }
            }
            while let Some(block) = waiting.pop() {
                let block = find(&mut outer, block);
                if block == header {
                    continue;
                }
                if number[block.index()] < number[header.index()] {
                    // What leads into the loop does not come from its first block.
                    loops.is_reducible = false;
                    continue;
                }
                loops.header[block.index()] = Some(header);
                outer[block.index()] = header;
                let preds = cfg.preds(block).iter().map(|&(pred, _)| pred);
                waiting.extend(preds.filter(|&pred| cfg.is_reachable(pred)));
            }
        }
        loops
    }

    /// Whether a loop starts at a block.
    pub(crate) fn is_header(&self, block: Block) -> bool {
        self.is_header[block.index()]
    }

    /// The first block of the innermost loop that a block is in.
    pub(crate) fn around(&self, block: Block) -> Option<Block> {
        if self.is_header(block) {
            Some(block)
        } else {
            self.header[block.index()]
        }
    }

    /// The first block of the loop around the one that starts at a block.
    pub(crate) fn outside(&self, header: Block) -> Option<Block> {
        self.header[header.index()]
    }
}

/// The last of a chain; the way there is shortened.
fn find(outer: &mut [Block], mut block: Block) -> Block {
    while outer[block.index()] != block {
        let next = outer[block.index()];
        outer[block.index()] = outer[next.index()];
        block = next;
    }
    block
}
