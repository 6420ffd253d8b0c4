//! Which code of a function is covered by which handlers of exceptions.
//!
//! Apart from branches because nothing here is looked at unless an exception is thrown.

use super::Branch;
use crate::TagIdx;

/// No scope.
pub(super) const NONE: u32 = u32::MAX;

/// Where a caught exception goes on, and what it leaves on the operand stack there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handler {
    /// Where to go on. The values below `height` stay, all others are dropped; `keep` counts what the handler puts there.
    pub branch: Branch,
    /// What it puts there.
    pub kind: HandlerKind,
}

/// What a handler puts on the operand stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HandlerKind {
    /// The tag, whose payload is put: none for those that catch all.
    pub tag: Option<TagIdx>,
    /// Whether the exception itself is put above the payload: `catch_ref` and `catch_all_ref`.
    pub with_ref: bool,
}

/// One catch of a scope.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScopeCatch {
    pub(super) tag: Option<TagIdx>,
    pub(super) with_ref: bool,
    /// Position among the branches.
    pub(super) branch: u32,
}

/// The body of one `try_table`.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    /// The scope around it, where exceptions go that it does not catch.
    pub(super) outer: u32,
    pub(super) catches: Vec<ScopeCatch>,
}

/// Where one scope gives way to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    /// Position of the first operator behind it.
    pub(super) from: u32,
    /// The innermost scope that holds what follows, or [`NONE`].
    pub(super) scope: u32,
}

/// The scopes of a function.
#[derive(Clone, Debug, Default)]
pub(super) struct Scopes {
    pub(super) scopes: Vec<Scope>,
    /// In order. A place is looked up here, so that it does not matter how many scopes ended before it.
    pub(super) bounds: Vec<Bound>,
}

impl Scopes {
    /// The first catch for an exception of the operator at a position for which `matches` holds.
    pub(super) fn find(
        &self,
        op: u32,
        mut matches: impl FnMut(TagIdx) -> bool,
    ) -> Option<ScopeCatch> {
        let after = self.bounds.partition_point(|bound| bound.from <= op);
        let mut at = self.bounds[after.checked_sub(1)?].scope;
        while at != NONE {
            let scope = &self.scopes[at as usize];
            let mut catches = scope.catches.iter();
            if let Some(found) = catches.find(|catch| catch.tag.is_none_or(&mut matches)) {
                return Some(*found);
            }
            at = scope.outer;
        }
        None
    }
}
