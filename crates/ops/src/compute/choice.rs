//! What the specification leaves to the engine: the bits of NaNs, and the meanings of relaxed operators.
//!
//! Apart from the rows because a row makes one choice; here stands which operators have one, and what the deterministic
//! profile of the specification prescribes.

use super::Compute;
use crate::Value;
use crate::float::Float;
use crate::operand::{Outcome, Param};
use crate::v128::{F32x4, F64x2};

/// The floats in a result.
#[derive(Clone, Copy)]
enum Floats {
    F32,
    F64,
    F32x4,
    F64x2,
}

impl Compute {
    /// Whether the specification allows several meanings of the operator, even where no NaN is involved. The row has that
    /// of the deterministic profile; machine code may have another, but always the same.
    pub const fn is_relaxed(self) -> bool {
        use Compute::*;
        matches!(
            self,
            I8x16RelaxedSwizzle
                | I32x4RelaxedTruncF32x4S
                | I32x4RelaxedTruncF32x4U
                | I32x4RelaxedTruncF64x2SZero
                | I32x4RelaxedTruncF64x2UZero
                | F32x4RelaxedMadd
                | F32x4RelaxedNmadd
                | F64x2RelaxedMadd
                | F64x2RelaxedNmadd
                | I8x16RelaxedLaneselect
                | I16x8RelaxedLaneselect
                | I32x4RelaxedLaneselect
                | I64x2RelaxedLaneselect
                | F32x4RelaxedMin
                | F32x4RelaxedMax
                | F64x2RelaxedMin
                | F64x2RelaxedMax
                | I16x8RelaxedQ15mulrS
                | I16x8RelaxedDotI8x16I7x16S
                | I32x4RelaxedDotI8x16I7x16AddS
        )
    }

    /// Whether the operator may choose among several NaNs as its result.
    pub const fn chooses_nan(self) -> bool {
        self.chosen_nans().is_some()
    }

    /// The result with the NaNs of the deterministic profile, where the operator may choose among several: positive,
    /// quiet, without payload. Other results are returned as they are.
    pub fn with_canonical_nans(self, result: Value) -> Value {
        Value::from_bits(result.ty(), self.with_canonical_nan_bits(result.to_bits()))
    }

    /// The same for a result as bits, zero-extended.
    pub fn with_canonical_nan_bits(self, bits: u128) -> u128 {
        match self.chosen_nans() {
            None => bits,
            Some(Floats::F32) => canonical(f32::from_bits(bits as u32)).into_bits(),
            Some(Floats::F64) => canonical(f64::from_bits(bits as u64)).into_bits(),
            Some(Floats::F32x4) => F32x4::from_bits(bits).map(canonical).into_bits(),
            Some(Floats::F64x2) => F64x2::from_bits(bits).map(canonical).into_bits(),
        }
    }

    /// The floats in the result, if they are computed and not only moved.
    const fn chosen_nans(self) -> Option<Floats> {
        use Compute::*;
        match self {
            F32Ceil | F32Floor | F32Trunc | F32Nearest | F32Sqrt | F32Add | F32Sub | F32Mul
            | F32Div | F32Min | F32Max | F32DemoteF64 => Some(Floats::F32),
            F64Ceil | F64Floor | F64Trunc | F64Nearest | F64Sqrt | F64Add | F64Sub | F64Mul
            | F64Div | F64Min | F64Max | F64PromoteF32 => Some(Floats::F64),
            F32x4Ceil | F32x4Floor | F32x4Trunc | F32x4Nearest | F32x4Sqrt | F32x4Add
            | F32x4Sub | F32x4Mul | F32x4Div | F32x4Min | F32x4Max | F32x4DemoteF64x2Zero
            | F32x4RelaxedMadd | F32x4RelaxedNmadd | F32x4RelaxedMin | F32x4RelaxedMax => {
                Some(Floats::F32x4)
            }
            F64x2Ceil | F64x2Floor | F64x2Trunc | F64x2Nearest | F64x2Sqrt | F64x2Add
            | F64x2Sub | F64x2Mul | F64x2Div | F64x2Min | F64x2Max | F64x2PromoteLowF32x4
            | F64x2RelaxedMadd | F64x2RelaxedNmadd | F64x2RelaxedMin | F64x2RelaxedMax => {
                Some(Floats::F64x2)
            }
            _ => None,
        }
    }
}

/// A float as it is, but as NaN the canonical one.
fn canonical<F: Float>(x: F) -> F {
    if x.is_nan() { F::CANONICAL_NAN } else { x }
}
