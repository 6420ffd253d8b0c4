//! What the sections of a core module declare, item by item.
//!
//! Apart from what single bytes mean because here each item is one fact with its index and its names; bodies are sizes only.

mod custom;
mod read;

use std::ops::Range;

use crate::index_names::Space;
use crate::instruction::Instruction;
pub use custom::{CustomDetail, Symbol, SymbolFlags};
pub use read::{Items, details};

/// An item that a section declares.
#[derive(Clone, PartialEq, Debug)]
pub enum Detail<'a> {
    /// A type.
    Type {
        /// Its index.
        index: u32,
        /// What it is.
        form: TypeForm,
        /// What it may be used as besides: its supertype.
        supertype: Option<u32>,
        /// Whether no other type can be its subtype.
        is_final: bool,
    },
    /// An import.
    Import {
        /// Where it comes from.
        module: &'a str,
        /// What it is called there.
        name: &'a str,
        /// The index that it gets.
        index: u32,
        /// What it is.
        entity: Entity,
    },
    /// A function, a table, a memory, a global or a tag that the module has itself.
    Item {
        /// Its index.
        index: u32,
        /// What it is.
        entity: Entity,
        /// The initial value of a global or table.
        init: Vec<Instruction>,
    },
    /// An export.
    Export {
        /// What is exported.
        space: Space,
        /// Its index.
        index: u32,
        /// What it is called outside.
        name: &'a str,
    },
    /// The function that runs when the module is instantiated.
    Start(u32),
    /// An element segment.
    Elem {
        /// Its index.
        index: u32,
        /// As they stand in the file: the mode, and how elements are written.
        flags: u32,
        /// The table; 0 for segments that are not active.
        table: u32,
        /// Where it goes in the table; nothing unless it is active.
        offset: Vec<Instruction>,
        /// How many elements it has.
        count: u32,
    },
    /// An element of the segment before.
    Element {
        /// The number in the segment.
        number: u32,
        /// What it is.
        value: Vec<Instruction>,
    },
    /// How many data segments there are.
    DataCount(u32),
    /// A function body.
    Body {
        /// The function.
        func: u32,
        /// The bytes in the file, without the size before them.
        range: Range<usize>,
    },
    /// A data segment.
    Data {
        /// Its index.
        index: u32,
        /// The memory that it goes into; none if it is passive.
        memory: Option<u32>,
        /// Where it goes in the memory; nothing unless it is active.
        offset: Vec<Instruction>,
        /// The bytes in the file.
        range: Range<usize>,
    },
    /// A fact of a custom section.
    Custom(CustomDetail<'a>),
}

/// What a type is; value types are in the words of the text format.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TypeForm {
    /// A function's.
    Func {
        /// The types of the parameters.
        params: Vec<String>,
        /// The types of the results.
        results: Vec<String>,
    },
    /// A struct's.
    Struct(Vec<Field>),
    /// An array's.
    Array(Field),
    /// A continuation's, of a function type.
    Cont(u32),
}

/// A field of a struct, or the elements of an array.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    /// The type in the words of the text format.
    pub ty: String,
    /// Whether it can change.
    pub mutable: bool,
}

/// Something that is imported, defined and exported.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Entity {
    /// A function of a type.
    Func(u32),
    /// A table.
    Table {
        /// The type of the elements.
        ty: String,
        /// How many elements there are and may be.
        limits: Limits,
    },
    /// A memory.
    Memory {
        /// How many pages there are and may be.
        limits: Limits,
        /// The size of a page in bytes.
        page_bytes: u64,
    },
    /// A global.
    Global {
        /// The type.
        ty: String,
        /// Whether it can change.
        mutable: bool,
    },
    /// A tag of exceptions, of a function type.
    Tag(u32),
}

impl Entity {
    /// What its index is an index of.
    pub fn space(&self) -> Space {
        match self {
            Entity::Func(_) => Space::Func,
            Entity::Table { .. } => Space::Table,
            Entity::Memory { .. } => Space::Memory,
            Entity::Global { .. } => Space::Global,
            Entity::Tag(_) => Space::Tag,
        }
    }
}

/// How much there is at first, and at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// At first.
    pub initial: u64,
    /// At most.
    pub max: Option<u64>,
    /// Whether indices have 64 bits.
    pub is_64: bool,
    /// Whether threads share it.
    pub shared: bool,
}
