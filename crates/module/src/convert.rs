//! wasmparser's types in our words.
//!
//! Apart from the types themselves, so that those stay free of any parser.

use crate::{
    BlockType, Error, FuncType, GlobalType, HeapType, MemArg, MemoryIdx, MemoryType, RefType,
    TableType, TypeIdx, ValType,
};
use wasmparser::{AbstractHeapType, CompositeInnerType, MemArgTarget, SubType, UnpackedIndex};

pub(crate) fn val_type(ty: wasmparser::ValType) -> Result<ValType, Error> {
    Ok(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(ty) => ValType::Ref(ref_type(ty)?),
    })
}

pub(crate) fn ref_type(ty: wasmparser::RefType) -> Result<RefType, Error> {
    Ok(RefType {
        nullable: ty.is_nullable(),
        heap: heap_type(ty.heap_type())?,
    })
}

pub(crate) fn heap_type(ty: wasmparser::HeapType) -> Result<HeapType, Error> {
    use wasmparser::HeapType as Theirs;
    Ok(match ty {
        Theirs::Abstract { shared: true, .. } => {
            return Err(Error::unsupported(
                "shared-everything-threads",
                "shared references",
            ));
        }
        Theirs::Abstract { shared: false, ty } => match ty {
            AbstractHeapType::Func => HeapType::Func,
            AbstractHeapType::Extern => HeapType::Extern,
            AbstractHeapType::Any => HeapType::Any,
            AbstractHeapType::Eq => HeapType::Eq,
            AbstractHeapType::I31 => HeapType::I31,
            AbstractHeapType::Struct => HeapType::Struct,
            AbstractHeapType::Array => HeapType::Array,
            AbstractHeapType::Exn => HeapType::Exn,
            AbstractHeapType::None => HeapType::None,
            AbstractHeapType::NoFunc => HeapType::NoFunc,
            AbstractHeapType::NoExtern => HeapType::NoExtern,
            AbstractHeapType::NoExn => HeapType::NoExn,
            AbstractHeapType::Cont | AbstractHeapType::NoCont => {
                return Err(Error::unsupported("stack-switching", "continuations"));
            }
        },
        Theirs::Concrete(UnpackedIndex::Module(index)) => HeapType::Concrete(TypeIdx(index)),
        Theirs::Concrete(_) => return Err(Error::unsupported("gc", "canonical type indices")),
        Theirs::Exact(_) => return Err(Error::unsupported("custom-descriptors", "exact types")),
    })
}

pub(crate) fn func_type(ty: &SubType) -> Result<FuncType, Error> {
    let CompositeInnerType::Func(func) = &ty.composite_type.inner else {
        return Err(Error::unsupported("gc", "struct and array types"));
    };
    let convert = |types: &[wasmparser::ValType]| -> Result<Vec<ValType>, Error> {
        types.iter().copied().map(val_type).collect()
    };
    Ok(FuncType::new(
        convert(func.params())?,
        convert(func.results())?,
    ))
}

pub(crate) fn table_type(ty: &wasmparser::TableType) -> Result<TableType, Error> {
    if ty.shared {
        return Err(Error::unsupported(
            "shared-everything-threads",
            "shared tables",
        ));
    }
    Ok(TableType {
        element: ref_type(ty.element_type)?,
        table64: ty.table64,
        minimum: ty.initial,
        maximum: ty.maximum,
    })
}

pub(crate) fn memory_type(ty: &wasmparser::MemoryType) -> MemoryType {
    MemoryType {
        memory64: ty.memory64,
        shared: ty.shared,
        minimum: ty.initial,
        maximum: ty.maximum,
        // Validation refuses all but 0 and 16; the binary format could say more.
        page_size_log2: ty.page_size_log2().min(63) as u8,
    }
}

pub(crate) fn global_type(ty: &wasmparser::GlobalType) -> Result<GlobalType, Error> {
    if ty.shared {
        return Err(Error::unsupported(
            "shared-everything-threads",
            "shared globals",
        ));
    }
    Ok(GlobalType {
        content: val_type(ty.content_type)?,
        mutable: ty.mutable,
    })
}

pub(crate) fn block_type(ty: wasmparser::BlockType) -> Result<BlockType, Error> {
    Ok(match ty {
        wasmparser::BlockType::Empty => BlockType::Empty,
        wasmparser::BlockType::Type(ty) => BlockType::Value(val_type(ty)?),
        wasmparser::BlockType::FuncType(index) => BlockType::Func(TypeIdx(index)),
    })
}

pub(crate) fn mem_arg(arg: &wasmparser::MemArg) -> Result<MemArg, Error> {
    match arg.target {
        MemArgTarget::Memory(memory) => Ok(MemArg {
            memory: MemoryIdx(memory),
            offset: arg.offset,
        }),
        MemArgTarget::Array(_) => Err(Error::unsupported(
            "multibyte-array-access",
            "memory accesses of arrays",
        )),
    }
}
