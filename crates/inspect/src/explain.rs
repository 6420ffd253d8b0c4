//! What every byte of a file means: a tree of values, each with the bytes that it is written in, and no byte left out.
//!
//! Apart from validation because files that are broken are those that one wants to see: what can be read is explained, then comes what
//! is wrong, and the rest is shown as it is, up to the next part whose beginning is known.

mod code;
mod component;
mod component_types;
mod custom;
mod linking;
mod sections;
#[cfg(test)]
mod tests;
mod types;
mod walker;

use std::borrow::Cow;
use std::ops::Range;

use walker::Walker;

/// A part of a file: a value and its bytes, or a heading of what follows deeper.
///
/// **Invariant:** the ranges of one file's parts follow each other without gaps and overlaps; those of headings and faults are empty.
#[derive(Clone, PartialEq, Debug)]
pub struct Part<'a> {
    /// The bytes, as offsets in the file.
    pub range: Range<usize>,
    /// How many headings it stands below.
    pub depth: u32,
    /// How it is written.
    pub kind: Kind,
    /// What it is: `parameters`, `i32.const`.
    pub meaning: Cow<'a, str>,
    /// What the bytes say.
    pub value: Value<'a>,
    /// What the value stands for: the name of the item with an index, a flag's meaning.
    pub note: Cow<'a, str>,
}

/// How a part is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Nothing is: the parts below belong together.
    Heading,
    /// Bytes with a fixed length.
    Fixed,
    /// A LEB128 number, and whether it has more bytes than it needs.
    Leb128 {
        /// Longer than needed.
        padded: bool,
    },
    /// UTF-8.
    Text,
    /// Bytes that mean nothing to the format.
    Raw,
    /// Nothing is: this says what is wrong here.
    Fault,
}

/// What bytes say.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value<'a> {
    /// Nothing beyond the meaning.
    None,
    /// A number without sign.
    Unsigned(u64),
    /// A number with sign.
    Signed(i64),
    /// A floating-point number of 32 bits, as bits.
    F32(u32),
    /// A floating-point number of 64 bits, as bits.
    F64(u64),
    /// Text.
    Text(&'a str),
}

/// Explains all bytes of a file, in their order, to `each`. What is kept meanwhile are the names of the items.
pub fn explain(file: &[u8], each: &mut dyn FnMut(Part<'_>)) {
    Walker::new(file, each).file();
}
