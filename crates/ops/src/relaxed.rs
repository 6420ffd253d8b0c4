//! What machine code does for relaxed operators, where that is what another operator does.
//!
//! Apart from the rows, which say what the deterministic profile does: a program may rely on one meaning throughout, and runs in
//! code of several compilers, so that all of them must choose alike.

use crate::Compute;

impl Compute {
    /// The operator with one meaning that compilers use for a relaxed one: always, if results must be the same on every machine,
    /// and where the processor has nothing better. `None` for the other relaxed operators, and for those that are not relaxed.
    pub fn strict(self, deterministic: bool) -> Option<Compute> {
        use Compute::*;
        Some(match self {
            I32x4RelaxedTruncF32x4U => I32x4TruncSatF32x4U,
            I32x4RelaxedTruncF64x2UZero => I32x4TruncSatF64x2UZero,
            I16x8RelaxedLaneselect => V128Bitselect,
            F32x4RelaxedMin if deterministic => F32x4Min,
            F64x2RelaxedMin if deterministic => F64x2Min,
            F32x4RelaxedMax if deterministic => F32x4Max,
            F64x2RelaxedMax if deterministic => F64x2Max,
            F32x4RelaxedMin => F32x4PMin,
            F64x2RelaxedMin => F64x2PMin,
            F32x4RelaxedMax => F32x4PMax,
            F64x2RelaxedMax => F64x2PMax,
            I8x16RelaxedSwizzle if deterministic => I8x16Swizzle,
            I32x4RelaxedTruncF32x4S if deterministic => I32x4TruncSatF32x4S,
            I32x4RelaxedTruncF64x2SZero if deterministic => I32x4TruncSatF64x2SZero,
            I8x16RelaxedLaneselect | I32x4RelaxedLaneselect | I64x2RelaxedLaneselect
                if deterministic =>
            {
                V128Bitselect
            }
            I16x8RelaxedQ15mulrS if deterministic => I16x8Q15MulrSatS,
            _ => return None,
        })
    }
}
