//! The types that a module defines: functions, structures and arrays, with subtyping and recursion groups.
//!
//! Apart from the types of values, because these have an index of their own and refer to each other. The same structures serve
//! two index spaces: in a [`Header`](crate::Header) a [`TypeIdx`] is the module's; in the canonical types of an engine it is the
//! engine's number.

use crate::{FuncType, HeapType, RefType, TypeIdx, ValType};

/// A defined type with its place in the hierarchy (specification: sub types).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SubType {
    /// Whether no type may declare this one as its supertype.
    pub is_final: bool,
    /// The declared supertype.
    pub supertype: Option<TypeIdx>,
    /// What values of the type are.
    pub composite: CompositeType,
}

/// What values of a defined type are (specification: composite types).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum CompositeType {
    /// Functions.
    Func(FuncType),
    /// Structures.
    Struct(StructType),
    /// Arrays.
    Array(ArrayType),
}

/// Which of the composite types a defined type is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TypeKind {
    /// Functions.
    Func,
    /// Structures.
    Struct,
    /// Arrays.
    Array,
}

/// The fields of a structure.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct StructType {
    /// The types of the fields, in order.
    pub fields: Box<[FieldType]>,
}

/// The elements of an array.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ArrayType {
    /// The type of each element.
    pub element: FieldType,
}

/// A field of a structure, or the elements of an array.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FieldType {
    /// What is stored.
    pub storage: StorageType,
    /// Whether it can be set after creation.
    pub mutable: bool,
}

/// What a field stores: a value, or an integer narrower than any value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum StorageType {
    /// 8 bits; read as an `i32`.
    I8,
    /// 16 bits; read as an `i32`.
    I16,
    /// A value.
    Val(ValType),
}

impl StorageType {
    /// The type of the value that is read and written.
    pub const fn unpacked(self) -> ValType {
        match self {
            StorageType::I8 | StorageType::I16 => ValType::I32,
            StorageType::Val(ty) => ty,
        }
    }

    /// Whether values must be extended when read.
    pub const fn is_packed(self) -> bool {
        matches!(self, StorageType::I8 | StorageType::I16)
    }
}

impl From<ValType> for StorageType {
    fn from(ty: ValType) -> StorageType {
        StorageType::Val(ty)
    }
}

impl CompositeType {
    /// Which of the three it is.
    pub const fn kind(&self) -> TypeKind {
        match self {
            CompositeType::Func(_) => TypeKind::Func,
            CompositeType::Struct(_) => TypeKind::Struct,
            CompositeType::Array(_) => TypeKind::Array,
        }
    }
}

impl SubType {
    /// A type of functions as the first versions of WebAssembly have them: final and without a supertype.
    pub const fn func(ty: FuncType) -> SubType {
        SubType {
            is_final: true,
            supertype: None,
            composite: CompositeType::Func(ty),
        }
    }

    /// The function type, if it is one.
    pub const fn as_func(&self) -> Option<&FuncType> {
        match &self.composite {
            CompositeType::Func(ty) => Some(ty),
            _ => None,
        }
    }

    /// The structure type, if it is one.
    pub const fn as_struct(&self) -> Option<&StructType> {
        match &self.composite {
            CompositeType::Struct(ty) => Some(ty),
            _ => None,
        }
    }

    /// The array type, if it is one.
    pub const fn as_array(&self) -> Option<&ArrayType> {
        match &self.composite {
            CompositeType::Array(ty) => Some(ty),
            _ => None,
        }
    }

    /// The same type with each index replaced by `map` of it.
    pub fn map_indices(&self, map: &mut impl FnMut(TypeIdx) -> TypeIdx) -> SubType {
        let composite = match &self.composite {
            CompositeType::Func(ty) => CompositeType::Func(ty.map_indices(map)),
            CompositeType::Struct(ty) => CompositeType::Struct(StructType {
                fields: ty.fields.iter().map(|f| f.map_indices(map)).collect(),
            }),
            CompositeType::Array(ty) => CompositeType::Array(ArrayType {
                element: ty.element.map_indices(map),
            }),
        };
        SubType {
            is_final: self.is_final,
            supertype: self.supertype.map(map),
            composite,
        }
    }
}

impl FieldType {
    /// A field that can be set.
    pub fn mutable(storage: impl Into<StorageType>) -> FieldType {
        FieldType {
            storage: storage.into(),
            mutable: true,
        }
    }

    /// A field that stays as it was made.
    pub fn constant(storage: impl Into<StorageType>) -> FieldType {
        FieldType {
            storage: storage.into(),
            mutable: false,
        }
    }

    fn map_indices(self, map: &mut impl FnMut(TypeIdx) -> TypeIdx) -> FieldType {
        let storage = match self.storage {
            StorageType::Val(ty) => StorageType::Val(ty.map_indices(map)),
            packed => packed,
        };
        FieldType { storage, ..self }
    }
}

impl FuncType {
    /// The same type with each index replaced by `map` of it.
    pub fn map_indices(&self, map: &mut impl FnMut(TypeIdx) -> TypeIdx) -> FuncType {
        let params: Vec<ValType> = self.params().iter().map(|ty| ty.map_indices(map)).collect();
        let results: Vec<ValType> = self
            .results()
            .iter()
            .map(|ty| ty.map_indices(map))
            .collect();
        FuncType::new(params, results)
    }
}

impl ValType {
    /// The same type with the index in it, if any, replaced by `map` of it.
    pub fn map_indices(self, map: &mut impl FnMut(TypeIdx) -> TypeIdx) -> ValType {
        match self {
            ValType::Ref(ty) => ValType::Ref(ty.map_indices(map)),
            number => number,
        }
    }
}

impl RefType {
    /// The same type with the index in it, if any, replaced by `map` of it.
    pub fn map_indices(self, map: &mut impl FnMut(TypeIdx) -> TypeIdx) -> RefType {
        match self.heap {
            HeapType::Concrete(kind, ty) => RefType {
                heap: HeapType::Concrete(kind, map(ty)),
                ..self
            },
            _ => self,
        }
    }
}
