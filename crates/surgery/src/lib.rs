//! Modules cut, joined and varied (floor 3): custom sections dropped, metadata added, modules merged, failing ones reduced.
//!
//! It stands apart because it treats modules as material, whatever they do: it changes nothing of what functions compute. How a
//! module is written anew is `rewrite`'s.
//!
//! Read first: [`with_customs`] (sections stay byte for byte), [`Strip`], [`Metadata`].
#![forbid(unsafe_code)]

mod error;
mod merge;
mod metadata;
mod mutate;
mod rename;
mod sections;
mod shrink;
mod smith;
mod strip;

pub use error::Error;
pub use merge::{ExportConflicts, MergeError, MergeInput, Merged, importer, merge};
pub use metadata::{AddMetadata, Change, Field, Metadata, NOTES};
pub use mutate::Mutate;
pub use rename::rename;
pub use sections::{Custom, Fate, with_customs};
pub use shrink::{Judge, Shrink};
pub use smith::{Smith, SmithOptions, seed_bytes};
pub use strip::{Patterns, Strip};
