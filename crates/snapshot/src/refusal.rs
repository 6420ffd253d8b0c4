//! What cannot be put into a module, in words.

use std::fmt;

/// Why there can be no snapshot of an instance.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// It imports a memory, table or global that can change, whose content is not its own.
    Import {
        /// The name of the module to import from.
        module: String,
        /// The name of the item.
        name: String,
    },
    /// It shares a memory with threads, which would have to be stopped and started.
    SharedMemory,
    /// A global, by its number, refers to an object, or to something of the host or another instance.
    Global(usize),
    /// An element of a table does, by the number of the table and its own.
    Element(usize, usize),
    /// An element segment does, by its number.
    Segment(usize),
    /// The module would be larger than a module may be.
    TooLarge,
    /// An export that shall get a new name does not exist.
    NoExport(String),
    /// There would be two exports of this name.
    TwoExports(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = "a reference to an object or to something of the host";
        match self {
            Refusal::Import { module, name } => write!(
                f,
                "the module imports \"{module}\" \"{name}\", whose state is not its own"
            ),
            Refusal::SharedMemory => f.write_str("the module shares a memory with threads"),
            Refusal::Global(index) => write!(f, "global {index} holds {object}"),
            Refusal::Element(table, at) => write!(f, "element {at} of table {table} is {object}"),
            Refusal::Segment(index) => write!(f, "element segment {index} holds {object}"),
            Refusal::TooLarge => f.write_str("the snapshot would be larger than a module may be"),
            Refusal::NoExport(name) => write!(f, "the module exports no \"{name}\" to rename"),
            Refusal::TwoExports(name) => write!(f, "there would be two exports called \"{name}\""),
        }
    }
}

impl std::error::Error for Refusal {}
