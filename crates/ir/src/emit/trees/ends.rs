//! What the ends of blocks take.
//!
//! Apart from the trees because it is asked of them when they are there.

use super::super::insts;
use super::{Code, Item, NO_ROOT};
use crate::{Block, Func, InstId};

impl Code<'_> {
    /// The item of a block that computes what its terminator decides by; no item has the number if none does.
    pub(in crate::emit) fn root(&self, block: Block) -> usize {
        self.roots[block.index()] as usize
    }

    /// Whether the terminator of a block has operands.
    pub(in crate::emit) fn has_root(&self, block: Block) -> bool {
        self.roots[block.index()] != NO_ROOT
    }

    /// The comparison that the terminator of a block decides by, if it is made right before and can be turned around.
    pub(in crate::emit) fn negatable(&self, func: &Func, block: Block) -> Option<InstId> {
        match *self.of(block).get(self.root(block))? {
            Item::Inst(id) | Item::Swapped(id) => insts::is_negatable(func.inst(id)).then_some(id),
            _ => None,
        }
    }

    /// The instruction that makes what a block throws, if that is thrown as it is made.
    pub(in crate::emit) fn thrown(&self, func: &Func, block: Block) -> Option<InstId> {
        insts::thrown(func, self.tries, block, &self.uses)
    }
}
