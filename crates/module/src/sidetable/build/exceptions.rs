//! Blocks that catch: their scopes, and what each catch does with the operand stack.
//!
//! Apart from the other blocks because few functions have any.

use super::{Builder, Kind, NONE, nonsense};
use crate::sidetable::handlers::{Bound, Scope, ScopeCatch};
use crate::{BlockType, Catch, Error, SubType, TagIdx};

impl Builder<'_> {
    /// The scope that holds the current place.
    pub(super) fn scope(&self) -> u32 {
        self.frames.last().map_or(NONE, |frame| frame.scope)
    }

    /// How many values exceptions of a tag carry.
    pub(super) fn payload(&self, tag: TagIdx) -> Result<u32, Error> {
        let ty = self.header.tags().get(tag.index()).ok_or_else(nonsense)?;
        let ty = self.header.types().get(ty.index());
        let ty = ty.and_then(SubType::as_func).ok_or_else(nonsense)?;
        Ok(ty.params().len() as u32)
    }

    /// A new scope, for the block that the operator at this position has just entered.
    fn open_scope(&mut self, start: u32, catches: Vec<ScopeCatch>) -> u32 {
        let (outer, scope) = (self.scope(), self.scopes.scopes.len() as u32);
        self.scopes.scopes.push(Scope { outer, catches });
        let from = start + 1;
        self.scopes.bounds.push(Bound { from, scope });
        self.frames.last_mut().expect("just entered").scope = scope;
        scope
    }

    /// Ends a scope by the operator at this position.
    pub(super) fn close_scope(&mut self, scope: u32, end: u32) {
        if let Some(Scope { outer, .. }) = self.scopes.scopes.get(scope as usize) {
            let (from, scope) = (end, *outer);
            self.scopes.bounds.push(Bound { from, scope });
        }
    }

    pub(super) fn enter_try_table(
        &mut self,
        at: u32,
        ty: BlockType,
        words: &[u32],
    ) -> Result<(), Error> {
        let mut catches = Vec::new();
        if self.reachable {
            // Labels count from outside of the block.
            for words in words.chunks_exact(Catch::WORDS) {
                let catch = Catch::from_words(words);
                let branch = self.branches.len() as u32;
                self.branch(catch.label)?;
                catches.push(ScopeCatch {
                    tag: catch.tag,
                    with_ref: catch.with_ref,
                    branch,
                });
            }
        }
        self.enter(ty, Kind::Block)?;
        if !catches.is_empty() {
            let scope = self.open_scope(at, catches);
            self.frames.last_mut().expect("just entered").kind = Kind::TryTable(scope);
        }
        Ok(())
    }
}
