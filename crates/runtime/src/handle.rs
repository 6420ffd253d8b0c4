//! Handles of things in a store: an index and the identity of the store.
//!
//! **Invariant:** a handle never holds an address, so using one with another store is found by one compare and can do no harm.

use crate::FuncHandle;
use std::sync::atomic::{AtomicU64, Ordering};

/// The identity of a store, unique in the process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct StoreId(u64);

impl StoreId {
    pub(crate) fn fresh() -> StoreId {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        StoreId(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// An instance by its number in the store.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct InstanceId(pub(crate) u32);

macro_rules! handles {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub struct $name {
            pub(crate) store: StoreId,
            pub(crate) index: u32,
        }

        impl $name {
            /// The store that the handle belongs to.
            pub fn store(self) -> StoreId {
                self.store
            }
        }
    )*};
}

handles! {
    /// An instance of a store.
    InstanceHandle;
    /// A memory of a store.
    MemoryHandle;
    /// A table of a store.
    TableHandle;
    /// A global of a store.
    GlobalHandle;
    /// A tag of a store.
    TagHandle;
}

/// Anything that can be imported or exported, by handle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExternItem {
    /// A function.
    Func(FuncHandle),
    /// A table.
    Table(TableHandle),
    /// A memory.
    Memory(MemoryHandle),
    /// A global.
    Global(GlobalHandle),
    /// A tag.
    Tag(TagHandle),
}
