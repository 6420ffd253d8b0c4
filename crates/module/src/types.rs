//! The types of the specification, as our own exhaustive enums.
//!
//! They name all reference types of WebAssembly 3.0, so that later features add rows, not walls.

use crate::{TypeIdx, TypeKind};
use std::fmt;

/// The type of a value (specification: value types).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ValType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 128-bit vector.
    V128,
    /// A reference.
    Ref(RefType),
}

impl ValType {
    /// `funcref`.
    pub const FUNCREF: ValType = ValType::Ref(RefType::FUNCREF);
    /// `externref`.
    pub const EXTERNREF: ValType = ValType::Ref(RefType::EXTERNREF);
    /// `exnref`.
    pub const EXNREF: ValType = ValType::Ref(RefType::EXNREF);

    /// The number or vector type, or `None` for a reference.
    pub const fn number(self) -> Option<ops::Type> {
        match self {
            ValType::I32 => Some(ops::Type::I32),
            ValType::I64 => Some(ops::Type::I64),
            ValType::F32 => Some(ops::Type::F32),
            ValType::F64 => Some(ops::Type::F64),
            ValType::V128 => Some(ops::Type::V128),
            ValType::Ref(_) => None,
        }
    }
}

impl From<ops::Type> for ValType {
    fn from(ty: ops::Type) -> ValType {
        match ty {
            ops::Type::I32 => ValType::I32,
            ops::Type::I64 => ValType::I64,
            ops::Type::F32 => ValType::F32,
            ops::Type::F64 => ValType::F64,
            ops::Type::V128 => ValType::V128,
        }
    }
}

/// The type of a reference: what it points to and whether it may be null.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RefType {
    /// Whether null is a value of the type.
    pub nullable: bool,
    /// What the reference points to.
    pub heap: HeapType,
}

impl RefType {
    /// `(ref null func)`.
    pub const FUNCREF: RefType = RefType {
        nullable: true,
        heap: HeapType::Func,
    };
    /// `(ref null extern)`.
    pub const EXTERNREF: RefType = RefType {
        nullable: true,
        heap: HeapType::Extern,
    };

    /// `(ref null exn)`.
    pub const EXNREF: RefType = RefType {
        nullable: true,
        heap: HeapType::Exn,
    };

    /// Whether values of the type are exceptions.
    pub const fn is_exn(self) -> bool {
        matches!(self.heap, HeapType::Exn | HeapType::NoExn)
    }

    /// Whether values of the type are those of the host, or made external.
    pub const fn is_extern(self) -> bool {
        matches!(self.heap, HeapType::Extern | HeapType::NoExtern)
    }

    /// Whether values of the type are aggregates, i31, or values of the host made internal.
    pub const fn is_any(self) -> bool {
        !self.is_func() && !self.is_extern() && !self.is_exn()
    }

    /// The type of all references that a value of this type can be stored beside: nullable, and the top of its hierarchy.
    pub const fn widest(self) -> RefType {
        let heap = if self.is_func() {
            HeapType::Func
        } else if self.is_extern() {
            HeapType::Extern
        } else if self.is_exn() {
            HeapType::Exn
        } else {
            HeapType::Any
        };
        RefType {
            nullable: true,
            heap,
        }
    }

    /// Whether values of the type are function references (and so pointers to function entries in compiled code).
    pub const fn is_func(self) -> bool {
        matches!(
            self.heap,
            HeapType::Func | HeapType::NoFunc | HeapType::Concrete(TypeKind::Func, _)
        )
    }
}

/// What a reference points to (specification: heap types).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HeapType {
    /// Any function.
    Func,
    /// Anything of the host.
    Extern,
    /// Any aggregate or i31.
    Any,
    /// What can be compared.
    Eq,
    /// A 31-bit integer.
    I31,
    /// Any structure.
    Struct,
    /// Any array.
    Array,
    /// An exception.
    Exn,
    /// No aggregate: the type of `ref.null any`.
    None,
    /// No function.
    NoFunc,
    /// Nothing of the host.
    NoExtern,
    /// No exception.
    NoExn,
    /// A defined type. Its kind stands here too, since it decides how references are represented.
    Concrete(TypeKind, TypeIdx),
}

/// The type of a function: parameters and results.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct FuncType {
    params_results: Box<[ValType]>,
    n_params: u32,
}

impl FuncType {
    /// The function type from `params` to `results`.
    pub fn new(
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> FuncType {
        let mut all: Vec<ValType> = params.into_iter().collect();
        let n_params = all.len() as u32;
        all.extend(results);
        FuncType {
            params_results: all.into(),
            n_params,
        }
    }

    /// The types of the parameters, first to last.
    pub fn params(&self) -> &[ValType] {
        &self.params_results[..self.n_params as usize]
    }

    /// The types of the results, first to last.
    pub fn results(&self) -> &[ValType] {
        &self.params_results[self.n_params as usize..]
    }
}

/// The type of a table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TableType {
    /// What the elements are.
    pub element: RefType,
    /// Whether indices are 64-bit.
    pub table64: bool,
    /// Initial number of elements.
    pub minimum: u64,
    /// Greatest number of elements, if declared.
    pub maximum: Option<u64>,
}

/// The type of a memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MemoryType {
    /// Whether addresses are 64-bit.
    pub memory64: bool,
    /// Whether threads share it.
    pub shared: bool,
    /// Initial size, in pages.
    pub minimum: u64,
    /// Greatest size in pages, if declared.
    pub maximum: Option<u64>,
    /// Base-two logarithm of the page size in bytes: 16 unless the custom-page-sizes proposal says 0.
    pub page_size_log2: u8,
}

impl TableType {
    /// A table of at least `minimum` elements, with 32-bit indices.
    pub const fn new(element: RefType, minimum: u64, maximum: Option<u64>) -> TableType {
        TableType {
            element,
            table64: false,
            minimum,
            maximum,
        }
    }
}

impl MemoryType {
    /// A memory of at least `minimum` pages of 64 KiB, with 32-bit addresses.
    pub const fn new(minimum: u64, maximum: Option<u64>) -> MemoryType {
        MemoryType {
            memory64: false,
            shared: false,
            minimum,
            maximum,
            page_size_log2: 16,
        }
    }

    /// The size of one page, in bytes.
    pub const fn page_bytes(&self) -> u64 {
        1 << self.page_size_log2
    }

    /// The greatest number of pages that the memory can ever have, declared or not.
    pub fn maximum_pages(&self) -> u64 {
        // A number of pages must be an index, too.
        let limit = match (self.memory64, self.page_size_log2) {
            (true, log2) => u64::MAX >> log2,
            (false, 0) => u64::from(u32::MAX),
            (false, log2) => (1 << 32) >> log2,
        };
        self.maximum.map_or(limit, |declared| declared.min(limit))
    }
}

/// The type of a global.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct GlobalType {
    /// The type of the value.
    pub content: ValType,
    /// Whether it can be set.
    pub mutable: bool,
}

/// The type of an import or export.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ExternType {
    /// A function.
    Func(FuncType),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// A global.
    Global(GlobalType),
    /// An exception tag, with the types of its payload.
    Tag(FuncType),
}

impl ExternType {
    /// The word of the text format for this kind: `func`, `table`, `memory`, `global` or `tag`.
    pub const fn kind(&self) -> &'static str {
        match self {
            ExternType::Func(_) => "func",
            ExternType::Table(_) => "table",
            ExternType::Memory(_) => "memory",
            ExternType::Global(_) => "global",
            ExternType::Tag(_) => "tag",
        }
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValType::I32 => f.write_str("i32"),
            ValType::I64 => f.write_str("i64"),
            ValType::F32 => f.write_str("f32"),
            ValType::F64 => f.write_str("f64"),
            ValType::V128 => f.write_str("v128"),
            ValType::Ref(ty) => ty.fmt(f),
        }
    }
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.nullable, self.heap) {
            (true, HeapType::Func) => f.write_str("funcref"),
            (true, HeapType::Extern) => f.write_str("externref"),
            (true, heap) => write!(f, "(ref null {heap})"),
            (false, heap) => write!(f, "(ref {heap})"),
        }
    }
}

impl fmt::Display for HeapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HeapType::Func => "func",
            HeapType::Extern => "extern",
            HeapType::Any => "any",
            HeapType::Eq => "eq",
            HeapType::I31 => "i31",
            HeapType::Struct => "struct",
            HeapType::Array => "array",
            HeapType::Exn => "exn",
            HeapType::None => "none",
            HeapType::NoFunc => "nofunc",
            HeapType::NoExtern => "noextern",
            HeapType::NoExn => "noexn",
            HeapType::Concrete(_, ty) => return write!(f, "{}", ty.0),
        })
    }
}

fn write_list(f: &mut fmt::Formatter<'_>, word: &str, types: &[ValType]) -> fmt::Result {
    write!(f, "({word}")?;
    for ty in types {
        write!(f, " {ty}")?;
    }
    f.write_str(")")
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(func")?;
        if !self.params().is_empty() {
            f.write_str(" ")?;
            write_list(f, "param", self.params())?;
        }
        if !self.results().is_empty() {
            f.write_str(" ")?;
            write_list(f, "result", self.results())?;
        }
        f.write_str(")")
    }
}

fn write_limits(f: &mut fmt::Formatter<'_>, wide: bool, min: u64, max: Option<u64>) -> fmt::Result {
    if wide {
        f.write_str("i64 ")?;
    }
    write!(f, "{min}")?;
    max.map_or(Ok(()), |max| write!(f, " {max}"))
}

impl fmt::Display for ExternType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExternType::Func(ty) => ty.fmt(f),
            ExternType::Tag(ty) => {
                f.write_str("(tag ")?;
                write_list(f, "param", ty.params())?;
                f.write_str(")")
            }
            ExternType::Table(ty) => {
                f.write_str("(table ")?;
                write_limits(f, ty.table64, ty.minimum, ty.maximum)?;
                write!(f, " {})", ty.element)
            }
            ExternType::Memory(ty) => {
                f.write_str("(memory ")?;
                write_limits(f, ty.memory64, ty.minimum, ty.maximum)?;
                if ty.shared {
                    f.write_str(" shared")?;
                }
                if ty.page_size_log2 != 16 {
                    write!(f, " (pagesize {})", ty.page_bytes())?;
                }
                f.write_str(")")
            }
            ExternType::Global(ty) if ty.mutable => write!(f, "(global (mut {}))", ty.content),
            ExternType::Global(ty) => write!(f, "(global {})", ty.content),
        }
    }
}
