//! One newtype for each index space of a module, so that a table is never asked for a function's number.

macro_rules! index_spaces {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The index as a position in a slice.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl From<u32> for $name {
            fn from(index: u32) -> $name {
                $name(index)
            }
        }
    )*};
}

index_spaces! {
    /// A type of the module, after flattening recursion groups.
    TypeIdx;
    /// A function: imported ones first, then defined ones.
    FuncIdx;
    /// A table: imported ones first, then defined ones.
    TableIdx;
    /// A memory: imported ones first, then defined ones.
    MemoryIdx;
    /// A global: imported ones first, then defined ones.
    GlobalIdx;
    /// A tag: imported ones first, then defined ones.
    TagIdx;
    /// An element segment.
    ElemIdx;
    /// A data segment.
    DataIdx;
}
