//! The number and vector values that operators compute with.
//!
//! Floats are carried as bits, because a NaN's payload must survive every copy.

use std::fmt;

/// The type of a number or vector.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
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
}

impl Type {
    /// The name in the text format.
    pub const fn name(self) -> &'static str {
        match self {
            Type::I32 => "i32",
            Type::I64 => "i64",
            Type::F32 => "f32",
            Type::F64 => "f64",
            Type::V128 => "v128",
        }
    }

    /// The size of a value of this type, in bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Type::I32 | Type::F32 => 4,
            Type::I64 | Type::F64 => 8,
            Type::V128 => 16,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A 128-bit vector: sixteen bytes, lane 0 first, each lane little-endian.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(transparent)]
pub struct V128(pub [u8; 16]);

impl V128 {
    /// The vector as one little-endian integer.
    pub const fn to_u128(self) -> u128 {
        u128::from_le_bytes(self.0)
    }

    /// The vector whose little-endian bytes are those of `bits`.
    pub const fn from_u128(bits: u128) -> V128 {
        V128(bits.to_le_bytes())
    }
}

/// A number or vector with its type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Value {
    /// 32-bit integer.
    I32(i32),
    /// 64-bit integer.
    I64(i64),
    /// 32-bit float, as bits.
    F32(u32),
    /// 64-bit float, as bits.
    F64(u64),
    /// 128-bit vector.
    V128(V128),
}

impl Value {
    /// The type of the value.
    pub const fn ty(self) -> Type {
        match self {
            Value::I32(_) => Type::I32,
            Value::I64(_) => Type::I64,
            Value::F32(_) => Type::F32,
            Value::F64(_) => Type::F64,
            Value::V128(_) => Type::V128,
        }
    }

    /// The value's bits, zero-extended to 128.
    pub const fn to_bits(self) -> u128 {
        match self {
            Value::I32(v) => v as u32 as u128,
            Value::I64(v) => v as u64 as u128,
            Value::F32(v) => v as u128,
            Value::F64(v) => v as u128,
            Value::V128(v) => v.to_u128(),
        }
    }

    /// The value of type `ty` in the low bits of `bits`; higher bits are ignored.
    pub const fn from_bits(ty: Type, bits: u128) -> Value {
        match ty {
            Type::I32 => Value::I32(bits as i32),
            Type::I64 => Value::I64(bits as i64),
            Type::F32 => Value::F32(bits as u32),
            Type::F64 => Value::F64(bits as u64),
            Type::V128 => Value::V128(V128::from_u128(bits)),
        }
    }
}
