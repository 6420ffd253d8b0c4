//! Bytes to a validated module (floor 1): decoding, validation, and the operators that every tier consumes.
//!
//! It stands apart because it is the only crate that names wasmparser: everything above sees our own exhaustive types, so that
//! rustc lists every place a new operator or section must be handled. It knows nothing of stores, memory or machine code.
//!
//! Read first: [`Module`] (what a file says), [`Op`] (one operator), [`BodyReader`] (one function's operators).
//!
//! ```
//! # use wharf_module as module;
//! // A module with one function that returns 42, and its header when the body arrives.
//! let bytes = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x0a\x06\x01\x04\0\x41\x2a\x0b";
//! let mut ops = Vec::new();
//! let mut scratch = module::ReadScratch::default();
//! module::decode(&bytes[..], &module::Features::default(), &mut |header, body| {
//!     assert_eq!(header.func_type(body.func()).to_string(), "(func (result i32))");
//!     let mut body = body.read(&mut scratch).unwrap();
//!     while let Some((_offset, op)) = body.next().unwrap() {
//!         ops.push(op);
//!     }
//! })?;
//! assert_eq!(ops, [module::Op::I32Const(42), module::Op::End]);
//! # Ok::<(), module::Error>(())
//! ```
#![forbid(unsafe_code)]

mod body;
mod bytes;
mod composite;
mod const_expr;
mod convert;
mod decode;
pub mod encode;
mod error;
mod features;
mod fold;
mod header;
mod hints;
mod index;
mod legacy;
mod module;
mod names;
mod op;
mod sidetable;
mod survey;
#[cfg(test)]
mod tests;
mod types;
mod validate;

pub use body::{BodyReader, FuncInput, ReadScratch};
pub use bytes::Bytes;
pub use composite::{
    ArrayType, CompositeType, FieldType, StorageType, StructType, SubType, TypeKind,
};
pub use const_expr::ConstExpr;
pub use decode::{Decoder, OnBody, decode, decode_trusted};
pub use error::{Error, ErrorKind};
pub use features::{Feature, Features};
pub use header::{
    ElemItems, ElemMode, ElemSegment, Export, ExportItem, Header, Import, ImportType,
};
pub use hints::check_branch_hints;
pub use index::{DataIdx, ElemIdx, FuncIdx, GlobalIdx, MemoryIdx, TableIdx, TagIdx, TypeIdx};
pub use module::{CustomSection, DataMode, DataSegment, FileRange, Module};
pub use names::Names;
pub use op::{BlockType, Catch, Extend, Index, MemArg, Op};
pub use sidetable::{Branch, FuncCode, Handler, HandlerKind};
pub use survey::Survey;
pub use types::{
    ExternType, FuncType, GlobalType, HeapType, MemoryType, RefType, TableType, ValType,
};
pub use validate::validate;
