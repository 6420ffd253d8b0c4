//! Operators that are one instruction.
//!
//! Apart because it is a table.

use asm::x64::VecOp;
use ops::Compute::{self, *};

/// The instruction with two sources that an operator is, if it is one. Floats whose NaNs may have to be canonical are not here.
pub(super) fn two(op: Compute) -> Option<VecOp> {
    Some(match op {
        V128And => VecOp::PAND,
        V128Or => VecOp::POR,
        V128Xor => VecOp::PXOR,
        I8x16Eq => VecOp::PCMPEQB,
        I16x8Eq => VecOp::PCMPEQW,
        I32x4Eq => VecOp::PCMPEQD,
        I64x2Eq => VecOp::PCMPEQQ,
        I8x16GtS => VecOp::PCMPGTB,
        I16x8GtS => VecOp::PCMPGTW,
        I32x4GtS => VecOp::PCMPGTD,
        I64x2GtS => VecOp::PCMPGTQ,
        I8x16Add => VecOp::PADDB,
        I16x8Add => VecOp::PADDW,
        I32x4Add => VecOp::PADDD,
        I64x2Add => VecOp::PADDQ,
        I8x16Sub => VecOp::PSUBB,
        I16x8Sub => VecOp::PSUBW,
        I32x4Sub => VecOp::PSUBD,
        I64x2Sub => VecOp::PSUBQ,
        I8x16AddSatS => VecOp::PADDSB,
        I16x8AddSatS => VecOp::PADDSW,
        I8x16AddSatU => VecOp::PADDUSB,
        I16x8AddSatU => VecOp::PADDUSW,
        I8x16SubSatS => VecOp::PSUBSB,
        I16x8SubSatS => VecOp::PSUBSW,
        I8x16SubSatU => VecOp::PSUBUSB,
        I16x8SubSatU => VecOp::PSUBUSW,
        I8x16MinS => VecOp::PMINSB,
        I16x8MinS => VecOp::PMINSW,
        I32x4MinS => VecOp::PMINSD,
        I8x16MinU => VecOp::PMINUB,
        I16x8MinU => VecOp::PMINUW,
        I32x4MinU => VecOp::PMINUD,
        I8x16MaxS => VecOp::PMAXSB,
        I16x8MaxS => VecOp::PMAXSW,
        I32x4MaxS => VecOp::PMAXSD,
        I8x16MaxU => VecOp::PMAXUB,
        I16x8MaxU => VecOp::PMAXUW,
        I32x4MaxU => VecOp::PMAXUD,
        I8x16AvgrU => VecOp::PAVGB,
        I16x8AvgrU => VecOp::PAVGW,
        I16x8Mul => VecOp::PMULLW,
        I32x4Mul => VecOp::PMULLD,
        I32x4DotI16x8S => VecOp::PMADDWD,
        I8x16NarrowI16x8S => VecOp::PACKSSWB,
        I8x16NarrowI16x8U => VecOp::PACKUSWB,
        I16x8NarrowI32x4S => VecOp::PACKSSDW,
        I16x8NarrowI32x4U => VecOp::PACKUSDW,
        _ => return None,
    })
}

/// The instruction with one source that an operator is, if it is one.
pub(super) fn one(op: Compute) -> Option<VecOp> {
    Some(match op {
        I8x16Abs => VecOp::PABSB,
        I16x8Abs => VecOp::PABSW,
        I32x4Abs => VecOp::PABSD,
        I16x8ExtendLowI8x16S => VecOp::PMOVSXBW,
        I32x4ExtendLowI16x8S => VecOp::PMOVSXWD,
        I64x2ExtendLowI32x4S => VecOp::PMOVSXDQ,
        I16x8ExtendLowI8x16U => VecOp::PMOVZXBW,
        I32x4ExtendLowI16x8U => VecOp::PMOVZXWD,
        I64x2ExtendLowI32x4U => VecOp::PMOVZXDQ,
        F32x4ConvertI32x4S => VecOp::CVTDQ2PS,
        F64x2ConvertLowI32x4S => VecOp::CVTDQ2PD,
        F64x2Splat => VecOp::MOVDDUP,
        _ => return None,
    })
}

/// The instruction with two sources that an operator on floats is, if it is one but for its NaNs.
pub(super) fn arithmetic(op: Compute) -> Option<VecOp> {
    Some(match op {
        F32Add => VecOp::ADDSS,
        F64Add => VecOp::ADDSD,
        F32x4Add => VecOp::ADDPS,
        F64x2Add => VecOp::ADDPD,
        F32Sub => VecOp::SUBSS,
        F64Sub => VecOp::SUBSD,
        F32x4Sub => VecOp::SUBPS,
        F64x2Sub => VecOp::SUBPD,
        F32Mul => VecOp::MULSS,
        F64Mul => VecOp::MULSD,
        F32x4Mul => VecOp::MULPS,
        F64x2Mul => VecOp::MULPD,
        F32Div => VecOp::DIVSS,
        F64Div => VecOp::DIVSD,
        F32x4Div => VecOp::DIVPS,
        F64x2Div => VecOp::DIVPD,
        _ => return None,
    })
}
