//! The garbage-collected heap of a store (floor 2): allocation, the collector, and access to objects by 32-bit references.
//!
//! It stands apart because it is small, has invariants of its own, and can be tested without any WebAssembly: it knows shapes of
//! objects and root slots, not types, instances or frames. Whoever owns the roots brings them to [`Heap::make_room`].
//!
//! ```text
//! 0           YOUNG_START            YOUNG_END                                4 GiB
//! | no access | young: bump, emptied | old: bump, compacted by sliding        | guard |
//! ```
//! References and objects are those of [`abi::gc`].
//!
//! A *minor* collection copies what lives in the young space to the end of the old one, and so costs what survives. A *full*
//! collection marks the old space in a bitmap, from which new addresses are computed, and slides objects down; it costs what
//! lives, needs a fortieth of the space used, and leaves no gaps. Neither recurses, whatever the shape of the guest's data.
//!
//! Every access is the base plus 32 bits, so that even a heap with wrong contents cannot reach the memory of the host.
//!
//! Read first: [`Heap`], [`Shape`], [`Heap::make_room`].

mod access;
mod full;
mod heap;
mod host;
mod minor;
mod shape;
mod space;
mod stats;
mod verify;

#[cfg(test)]
mod tests;

pub use access::i31;
pub use heap::{Dead, Exhausted, Heap, HeapSettings, RootVisitor};
pub use host::HostValue;
pub use shape::Shape;
pub use stats::Stats;
