//! The locals that a function body declares before its instructions.
//!
//! Apart from the instructions because their end is where these begin.

use std::ops::Range;

use wasmparser::ValType;

use crate::Fault;
use crate::frames::reader;
use crate::type_words::type_words;

/// What a body declares.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Locals {
    /// Locals of the same type, one group after the other.
    pub groups: Vec<LocalGroup>,
    /// Where the instructions begin in the file.
    pub end: usize,
}

/// Locals of the same type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LocalGroup {
    /// The bytes in the file.
    pub range: Range<usize>,
    /// How many there are.
    pub count: u32,
    /// Their type in the words of the text format.
    pub ty: String,
}

/// Reads the locals of the body that fills a range of a file.
///
/// # Errors
///
/// They cannot be read.
pub fn locals(file: &[u8], range: Range<usize>) -> Result<Locals, Fault> {
    let mut reader = reader(file, range);
    let n = reader.read_var_u32()?;
    let mut groups = Vec::new();
    for _ in 0..n {
        let start = reader.original_position() as usize;
        let count = reader.read_var_u32()?;
        let ty = reader.read::<ValType>()?;
        groups.push(LocalGroup {
            range: start..reader.original_position() as usize,
            count,
            ty: type_words(&ty),
        });
    }
    Ok(Locals {
        groups,
        end: reader.original_position() as usize,
    })
}
