//! The legacy encoding of exceptions (`try`, `catch`, `catch_all`, `delegate`, `rethrow`) as `try_table` and `throw_ref`.
//!
//! Apart from reading because the rest of the house knows one kind of exceptions. What is validated is the original; what comes
//! out has the same effect, with the places of the original operators. [`plan`] looks ahead in a function: at its `try` one must
//! know how it ends. [`translate`] goes along with the reader.
//!
//! ```text
//! try ty            block ty                     <- a label of the try is this one
//!                     block payload exnref         one for each catch, that of the first innermost
//!                       try_table ty (catch_ref $tag 0)
//!   body                  body
//!                       end
//!                       br to the end
//! catch $tag          end
//!                     local.set                    if there is a `rethrow` for it, else drop
//!   handler           handler
//! end               end
//!
//! rethrow           local.get  throw_ref
//!
//! try ty            try_table ty (catch_all_ref $there)
//!   body              body
//! delegate          end
//! ```
//! What is delegated to arrives at a block of its own, `$there`, directly inside of the `try_table` of the target, or of the
//! function, and is thrown again: so handlers between do not see it. One that would reach the same handlers anyway is a `block`.
//! The parameters of a block go through locals, for there may be no function type for the blocks between.

pub(crate) mod plan;
#[cfg(test)]
mod tests;
pub(crate) mod translate;

use crate::{BlockType, TagIdx};

/// An operator of the legacy encoding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LegacyOp {
    /// `try`: a block until the first `catch`, `catch_all` or `delegate`.
    Try(BlockType),
    /// `catch`, or `catch_all` if there is no tag.
    Catch(Option<TagIdx>),
    /// `delegate` to a relative depth: ends a `try`.
    Delegate(u32),
    /// `rethrow` what the `catch` at a relative depth has caught.
    Rethrow(u32),
}
