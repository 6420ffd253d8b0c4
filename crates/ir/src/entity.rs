//! The numbers by which parts of a function are named, and the types of its values.
//!
//! Apart from the function because instructions, printer and parser all speak of them. All are 32 bits: references into
//! the function's arenas, never pointers.

use module::ValType;
use std::fmt;

macro_rules! entities {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name(pub(crate) u32);

        impl $name {
            /// No such thing; never in a finished function.
            #[allow(dead_code, reason = "not every kind of thing can be absent")]
            pub(crate) const NONE: $name = $name(u32::MAX);

            /// The number as a position in a slice.
            #[inline]
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The thing with this number.
            #[inline]
            pub const fn new(index: u32) -> $name {
                $name(index)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, self.0)
            }
        }
    )*};
}

entities! {
    /// A value: a constant, a block's parameter, or a result of an instruction.
    Value "v";
    /// A block: parameters, instructions, and one terminator.
    Block "b";
    /// An instruction.
    InstId "i";
    /// A control-flow edge: the target block and what its parameters become.
    EdgeId "e";
}

/// The offset of an instruction that no operator of the module's bytes stands for.
pub const NO_OFFSET: u32 = u32::MAX;

/// A list of values in the function's pool.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct List {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

impl List {
    /// The list of no values.
    pub const EMPTY: List = List { start: 0, len: 0 };

    /// Number of values.
    #[inline]
    pub const fn len(self) -> usize {
        self.len as usize
    }

    /// Whether there are no values.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }

    #[inline]
    pub(crate) const fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.start as usize + self.len as usize
    }
}

/// The type of a value: what a register must hold, not what validation knows of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Type {
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
    /// A function reference: the address of a function entry, or 0.
    FuncRef,
    /// Any other reference: a 32-bit handle, or 0.
    Ref,
}

impl Type {
    /// All types.
    pub const ALL: [Type; 7] = [
        Type::I32,
        Type::I64,
        Type::F32,
        Type::F64,
        Type::V128,
        Type::FuncRef,
        Type::Ref,
    ];

    /// The word for the type in the text form.
    pub const fn name(self) -> &'static str {
        match self {
            Type::I32 => "i32",
            Type::I64 => "i64",
            Type::F32 => "f32",
            Type::F64 => "f64",
            Type::V128 => "v128",
            Type::FuncRef => "funcref",
            Type::Ref => "ref",
        }
    }

    /// The number or vector type, or `None` for a reference.
    pub const fn number(self) -> Option<ops::Type> {
        match self {
            Type::I32 => Some(ops::Type::I32),
            Type::I64 => Some(ops::Type::I64),
            Type::F32 => Some(ops::Type::F32),
            Type::F64 => Some(ops::Type::F64),
            Type::V128 => Some(ops::Type::V128),
            Type::FuncRef | Type::Ref => None,
        }
    }

    /// Whether values of the type are references.
    pub const fn is_ref(self) -> bool {
        self.number().is_none()
    }
}

impl From<ops::Type> for Type {
    fn from(ty: ops::Type) -> Type {
        match ty {
            ops::Type::I32 => Type::I32,
            ops::Type::I64 => Type::I64,
            ops::Type::F32 => Type::F32,
            ops::Type::F64 => Type::F64,
            ops::Type::V128 => Type::V128,
        }
    }
}

impl From<ValType> for Type {
    fn from(ty: ValType) -> Type {
        match ty {
            ValType::I32 => Type::I32,
            ValType::I64 => Type::I64,
            ValType::F32 => Type::F32,
            ValType::F64 => Type::F64,
            ValType::V128 => Type::V128,
            ValType::Ref(ty) if ty.is_func() => Type::FuncRef,
            ValType::Ref(_) => Type::Ref,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
