//! What an operator names: the entries of index spaces among its immediates.
//!
//! Apart from the operators because all who ask what of a module is used ask this, and none of them what operators do.

use super::{BlockType, Op};
use crate::{
    DataIdx, ElemIdx, FuncIdx, GlobalIdx, HeapType, MemoryIdx, RefType, TableIdx, TagIdx, TypeIdx,
    ValType,
};

/// An entry of one of the index spaces.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Index {
    /// A type: of a function that is called, of a block, or of an object that is made or accessed.
    Type(TypeIdx),
    /// A type that a value is a reference to.
    Referent(TypeIdx),
    /// A function.
    Func(FuncIdx),
    /// A table.
    Table(TableIdx),
    /// A memory.
    Memory(MemoryIdx),
    /// A global.
    Global(GlobalIdx),
    /// A tag.
    Tag(TagIdx),
    /// An element segment.
    Elem(ElemIdx),
    /// A data segment.
    Data(DataIdx),
}

impl RefType {
    /// The type that values of the type are references to, if the module defines it.
    pub fn index(self) -> Option<Index> {
        match self.heap {
            HeapType::Concrete(_, ty) => Some(Index::Referent(ty)),
            _ => None,
        }
    }
}

impl ValType {
    /// The type that values of the type are references to, if the module defines it.
    pub fn index(self) -> Option<Index> {
        match self {
            ValType::Ref(ty) => ty.index(),
            _ => None,
        }
    }
}

impl BlockType {
    /// The type that the module defines and that the type of the block names.
    pub fn index(self) -> Option<Index> {
        match self {
            BlockType::Empty => None,
            BlockType::Value(ty) => ty.index(),
            BlockType::Func(ty) => Some(Index::Type(ty)),
        }
    }
}

impl Op {
    /// Calls `visit` with what the operator names, in the order of the binary format.
    ///
    /// The tags of `try_table` are among its [`catches`](crate::BodyReader::catches); the type of a `select` is not kept, nor is
    /// the type that `br_on_cast` takes.
    pub fn for_each_index(&self, mut visit: impl FnMut(Index)) {
        match *self {
            Op::Block(ty) | Op::Loop(ty) | Op::If(ty) | Op::TryTable { ty, .. } => {
                ty.index().into_iter().for_each(visit);
            }
            Op::Call(func) | Op::ReturnCall(func) | Op::RefFunc(func) => visit(Index::Func(func)),
            Op::CallIndirect { ty, table } | Op::ReturnCallIndirect { ty, table } => {
                visit(Index::Type(ty));
                visit(Index::Table(table));
            }
            Op::CallRef(ty)
            | Op::ReturnCallRef(ty)
            | Op::StructNew(ty)
            | Op::StructNewDefault(ty)
            | Op::StructGet { ty, .. }
            | Op::StructSet { ty, .. }
            | Op::ArrayNew(ty)
            | Op::ArrayNewDefault(ty)
            | Op::ArrayNewFixed { ty, .. }
            | Op::ArrayGet { ty, .. }
            | Op::ArraySet(ty)
            | Op::ArrayFill(ty) => visit(Index::Type(ty)),
            Op::ArrayNewData { ty, data } | Op::ArrayInitData { ty, data } => {
                visit(Index::Type(ty));
                visit(Index::Data(data));
            }
            Op::ArrayNewElem { ty, elem } | Op::ArrayInitElem { ty, elem } => {
                visit(Index::Type(ty));
                visit(Index::Elem(elem));
            }
            Op::ArrayCopy { dst, src } => {
                visit(Index::Type(dst));
                visit(Index::Type(src));
            }
            Op::Throw(tag) => visit(Index::Tag(tag)),
            Op::GlobalGet(global) | Op::GlobalSet(global) => visit(Index::Global(global)),
            Op::Load(_, arg)
            | Op::Store(_, arg)
            | Op::LoadLane(_, arg, _)
            | Op::StoreLane(_, arg, _)
            | Op::Atomic(_, arg) => visit(Index::Memory(arg.memory)),
            Op::MemorySize(memory) | Op::MemoryGrow(memory) | Op::MemoryFill(memory) => {
                visit(Index::Memory(memory));
            }
            Op::MemoryCopy { dst, src } => {
                visit(Index::Memory(dst));
                visit(Index::Memory(src));
            }
            Op::MemoryInit { data, memory } => {
                visit(Index::Data(data));
                visit(Index::Memory(memory));
            }
            Op::DataDrop(data) => visit(Index::Data(data)),
            Op::TableGet(table)
            | Op::TableSet(table)
            | Op::TableSize(table)
            | Op::TableGrow(table)
            | Op::TableFill(table) => visit(Index::Table(table)),
            Op::TableCopy { dst, src } => {
                visit(Index::Table(dst));
                visit(Index::Table(src));
            }
            Op::TableInit { elem, table } => {
                visit(Index::Elem(elem));
                visit(Index::Table(table));
            }
            Op::ElemDrop(elem) => visit(Index::Elem(elem)),
            Op::RefNull(ty) | Op::RefTest(ty) | Op::RefCast(ty) | Op::BrOnCast { to: ty, .. } => {
                ty.index().into_iter().for_each(visit);
            }
            Op::Unreachable
            | Op::Nop
            | Op::Else
            | Op::End
            | Op::Br(_)
            | Op::BrIf(_)
            | Op::BrTable { .. }
            | Op::Return
            | Op::ThrowRef
            | Op::Drop
            | Op::Select
            | Op::LocalGet(_)
            | Op::LocalSet(_)
            | Op::LocalTee(_)
            | Op::I32Const(_)
            | Op::I64Const(_)
            | Op::F32Const(_)
            | Op::F64Const(_)
            | Op::V128Const(_)
            | Op::Compute(_)
            | Op::Lane(..)
            | Op::Wide(_)
            | Op::Shuffle(_)
            | Op::AtomicFence
            | Op::RefIsNull
            | Op::RefAsNonNull
            | Op::BrOnNull(_)
            | Op::BrOnNonNull(_)
            | Op::RefEq
            | Op::RefI31
            | Op::I31Get { .. }
            | Op::ArrayLen
            | Op::AnyConvertExtern
            | Op::ExternConvertAny => {}
        }
    }
}
