//! What is in a WebAssembly file (floor 3): facts as plain data, for people and for programs.
//!
//! It stands apart so that whoever shows a module (the command, an explorer, a debugger) gets the same facts and decides only how
//! they look. It reads and never changes anything; it does not need a file to be valid to say what it can.
//!
//! Read first: [`anatomy::Anatomy`] (a file cut into items, so that each byte is in one), [`size::Sizes`] (who refers to whom, and what would
//! go with what), [`explain()`] (what each byte means), [`frames()`] (the sections), [`overview()`] (what it is
//! for), [`addr2line::Locator`].
//!
//! ```
//! use wharf_inspect::{anatomy::Anatomy, size::Sizes};
//!
//! let bytes = text::wat_to_wasm("(module (func (export \"run\") call $inner) (func $inner nop))", None)?;
//! let anatomy = Anatomy::read(&bytes)?;
//! let largest = Sizes::shallow(&anatomy)[0];
//! assert_eq!(anatomy.label(&anatomy.items[largest as usize]), "names of functions");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

pub mod addr2line;
pub mod anatomy;
pub mod callgraph;
pub mod demangle;
mod details;
pub mod diff;
mod explain;
mod fault;
mod frames;
mod index_names;
mod instruction;
mod locals;
mod operator;
mod overview;
pub mod size;
mod type_words;

pub use details::{
    CustomDetail, Detail, Entity, Field, Items, Limits, Symbol, SymbolFlags, TypeForm, details,
};
pub use explain::{Kind, Part, Value, explain};
pub use fault::Fault;
pub use frames::{Frame, FrameKind, Frames, frames};
pub use index_names::{IndexNames, Space};
pub use instruction::{Instruction, Instructions};
pub use locals::{LocalGroup, Locals, locals};
pub use overview::{
    Ask, Capability, Certainty, Export, FunctionSize, Maker, Memory, Overview, Purpose,
    SectionSize, overview,
};
