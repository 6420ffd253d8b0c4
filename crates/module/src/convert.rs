//! wasmparser's types in our words.
//!
//! Apart from the types themselves, so that those stay free of any parser.

use crate::{
    ArrayType, BlockType, CompositeType, Error, FieldType, FuncType, GlobalType, HeapType, MemArg,
    MemoryIdx, MemoryType, RefType, StorageType, StructType, SubType, TableType, TypeIdx, TypeKind,
    ValType,
};
use wasmparser::{AbstractHeapType, CompositeInnerType, MemArgTarget, UnpackedIndex};

/// The kinds of the types that a module has defined so far, by index.
pub(crate) type Kinds = [TypeKind];

pub(crate) fn val_type(ty: wasmparser::ValType, kinds: &Kinds) -> Result<ValType, Error> {
    Ok(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(ty) => ValType::Ref(ref_type(ty, kinds)?),
    })
}

pub(crate) fn ref_type(ty: wasmparser::RefType, kinds: &Kinds) -> Result<RefType, Error> {
    Ok(RefType {
        nullable: ty.is_nullable(),
        heap: heap_type(ty.heap_type(), kinds)?,
    })
}

pub(crate) fn heap_type(ty: wasmparser::HeapType, kinds: &Kinds) -> Result<HeapType, Error> {
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
        Theirs::Concrete(UnpackedIndex::Module(index)) => {
            let kind = kinds.get(index as usize);
            let kind = *kind.ok_or_else(|| Error::unvalidated("unknown type"))?;
            HeapType::Concrete(kind, TypeIdx(index))
        }
        Theirs::Concrete(_) => return Err(Error::unsupported("gc", "canonical type indices")),
        Theirs::Exact(_) => return Err(Error::unsupported("custom-descriptors", "exact types")),
    })
}

/// The kind of a defined type.
pub(crate) fn kind(ty: &wasmparser::SubType) -> Result<TypeKind, Error> {
    match &ty.composite_type.inner {
        CompositeInnerType::Func(_) => Ok(TypeKind::Func),
        CompositeInnerType::Struct(_) => Ok(TypeKind::Struct),
        CompositeInnerType::Array(_) => Ok(TypeKind::Array),
        CompositeInnerType::Cont(_) => Err(Error::unsupported("stack-switching", "continuations")),
    }
}

pub(crate) fn sub_type(ty: &wasmparser::SubType, kinds: &Kinds) -> Result<SubType, Error> {
    if ty.composite_type.shared {
        return Err(Error::unsupported(
            "shared-everything-threads",
            "shared types",
        ));
    }
    let supertype = match ty.supertype_idxs.first() {
        None => None,
        Some(index) => match index.unpack() {
            UnpackedIndex::Module(index) => Some(TypeIdx(index)),
            _ => return Err(Error::unsupported("gc", "canonical type indices")),
        },
    };
    let val_types = |types: &[wasmparser::ValType]| -> Result<Vec<ValType>, Error> {
        types.iter().map(|ty| val_type(*ty, kinds)).collect()
    };
    let composite = match &ty.composite_type.inner {
        CompositeInnerType::Func(func) => CompositeType::Func(FuncType::new(
            val_types(func.params())?,
            val_types(func.results())?,
        )),
        CompositeInnerType::Struct(ty) => {
            let fields = ty.fields.iter().map(|field| field_type(field, kinds));
            CompositeType::Struct(StructType {
                fields: fields.collect::<Result<_, _>>()?,
            })
        }
        CompositeInnerType::Array(ty) => CompositeType::Array(ArrayType {
            element: field_type(&ty.0, kinds)?,
        }),
        CompositeInnerType::Cont(_) => {
            return Err(Error::unsupported("stack-switching", "continuations"));
        }
    };
    Ok(SubType {
        is_final: ty.is_final,
        supertype,
        composite,
    })
}

fn field_type(ty: &wasmparser::FieldType, kinds: &Kinds) -> Result<FieldType, Error> {
    let storage = match ty.element_type {
        wasmparser::StorageType::I8 => StorageType::I8,
        wasmparser::StorageType::I16 => StorageType::I16,
        wasmparser::StorageType::Val(ty) => StorageType::Val(val_type(ty, kinds)?),
    };
    Ok(FieldType {
        storage,
        mutable: ty.mutable,
    })
}

pub(crate) fn table_type(ty: &wasmparser::TableType, kinds: &Kinds) -> Result<TableType, Error> {
    if ty.shared {
        return Err(Error::unsupported(
            "shared-everything-threads",
            "shared tables",
        ));
    }
    Ok(TableType {
        element: ref_type(ty.element_type, kinds)?,
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

pub(crate) fn global_type(ty: &wasmparser::GlobalType, kinds: &Kinds) -> Result<GlobalType, Error> {
    if ty.shared {
        return Err(Error::unsupported(
            "shared-everything-threads",
            "shared globals",
        ));
    }
    Ok(GlobalType {
        content: val_type(ty.content_type, kinds)?,
        mutable: ty.mutable,
    })
}

pub(crate) fn block_type(ty: wasmparser::BlockType, kinds: &Kinds) -> Result<BlockType, Error> {
    Ok(match ty {
        wasmparser::BlockType::Empty => BlockType::Empty,
        wasmparser::BlockType::Type(ty) => BlockType::Value(val_type(ty, kinds)?),
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
