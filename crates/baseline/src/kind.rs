//! What a value is to a register: how wide, and of which class.
//!
//! Apart from types because compiled code does not care about most of what they say.

use asm::x64::Size;
use module::ValType;

/// What a value is to a register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Kind {
    /// 32-bit integer; zero-extended to 64 bits wherever it is in a register.
    I32,
    /// 64-bit integer.
    I64,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// Vector.
    V128,
    /// A reference that a collector must know, 32 bits, zero-extended like integers.
    Ref,
    /// The address of a function's entry.
    FuncRef,
}

impl Kind {
    /// Whether values live in vector registers.
    #[inline]
    pub(crate) fn is_xmm(self) -> bool {
        matches!(self, Kind::F32 | Kind::F64 | Kind::V128)
    }

    /// Bits of a value in a general register.
    #[inline]
    pub(crate) fn size(self) -> Size {
        match self {
            Kind::I32 | Kind::Ref | Kind::F32 => Size::S32,
            Kind::I64 | Kind::FuncRef | Kind::F64 | Kind::V128 => Size::S64,
        }
    }

    /// Bytes that a value takes in a frame.
    #[inline]
    pub(crate) fn slot_bytes(self) -> u32 {
        match self {
            Kind::V128 => 16,
            _ => 8,
        }
    }
}

impl From<ValType> for Kind {
    #[inline]
    fn from(ty: ValType) -> Kind {
        match ty {
            ValType::I32 => Kind::I32,
            ValType::I64 => Kind::I64,
            ValType::F32 => Kind::F32,
            ValType::F64 => Kind::F64,
            ValType::V128 => Kind::V128,
            ValType::Ref(ty) if ty.is_func() => Kind::FuncRef,
            ValType::Ref(_) => Kind::Ref,
        }
    }
}

impl From<ops::Type> for Kind {
    #[inline]
    fn from(ty: ops::Type) -> Kind {
        Kind::from(ValType::from(ty))
    }
}
