//! Arithmetic and comparisons of floats, alone and in vectors.
//!
//! Apart because of signs of zeros and of NaNs, which the processor's instructions treat differently; "Floating-Point Operations"
//! in the execution chapter of the core specification.

use super::{Regs, Sequence, rows, splat32, splat64};
use asm::x64::{Alu, Cond, Mem, Round, Size, VecOp, Xmm};
use ops::Compute::{self, *};

/// How two floats are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum FloatCompare {
    /// By an instruction that sets the flags, and a condition that no NaN fulfils.
    Flags {
        op: VecOp,
        /// Whether the second operand is compared with the first.
        swapped: bool,
        cond: Cond,
    },
    /// By an instruction with this immediate that sets all bits or none. In the flags, a NaN would look like an equal number.
    Mask { op: VecOp, predicate: u8 },
}

/// How an operator compares two floats, if it does.
pub(crate) fn float_compare(op: Compute) -> Option<FloatCompare> {
    let (f32, f64) = (VecOp::UCOMISS, VecOp::UCOMISD);
    let (op, swapped, cond) = match op {
        F32Eq => return Some(mask(VecOp::CMPSS, 0)),
        F64Eq => return Some(mask(VecOp::CMPSD, 0)),
        F32Ne => return Some(mask(VecOp::CMPSS, 4)),
        F64Ne => return Some(mask(VecOp::CMPSD, 4)),
        F32Lt => (f32, true, Cond::Above),
        F64Lt => (f64, true, Cond::Above),
        F32Gt => (f32, false, Cond::Above),
        F64Gt => (f64, false, Cond::Above),
        F32Le => (f32, true, Cond::AboveEqual),
        F64Le => (f64, true, Cond::AboveEqual),
        F32Ge => (f32, false, Cond::AboveEqual),
        F64Ge => (f64, false, Cond::AboveEqual),
        _ => return None,
    };
    Some(FloatCompare::Flags { op, swapped, cond })
}

fn mask(op: VecOp, predicate: u8) -> FloatCompare {
    FloatCompare::Mask { op, predicate }
}

/// Floats of one width, alone or in vectors.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Width {
    F32,
    F64,
}

use Width::{F32, F64};

/// Everything but the sign.
fn magnitude(width: Width) -> u128 {
    match width {
        F32 => splat32(0x7FFF_FFFF),
        F64 => splat64(u64::MAX >> 1),
    }
}

/// The sign alone.
pub(super) fn sign(width: Width) -> u128 {
    !magnitude(width)
}

/// The NaN of the deterministic profile.
fn canonical(width: Width) -> u128 {
    match width {
        F32 => splat32(0x7FC0_0000),
        F64 => splat64(0x7FF8_0000_0000_0000),
    }
}

impl Sequence<'_> {
    pub(super) fn float(&mut self, op: Compute, regs: Regs) -> bool {
        let (dst, a, b) = (regs.dst(), regs.a(), regs.b());
        if let Some(row) = rows::arithmetic(op) {
            self.op(row, dst, a, b);
            self.canonicalize(op, dst);
            return true;
        }
        match op {
            F32Abs | F32x4Abs => self.op_const(VecOp::ANDPS, dst, a, magnitude(F32)),
            F64Abs | F64x2Abs => self.op_const(VecOp::ANDPS, dst, a, magnitude(F64)),
            F32Neg | F32x4Neg => self.op_const(VecOp::XORPS, dst, a, sign(F32)),
            F64Neg | F64x2Neg => self.op_const(VecOp::XORPS, dst, a, sign(F64)),
            F32Copysign => self.copy_sign(F32, dst, a, b),
            F64Copysign => self.copy_sign(F64, dst, a, b),
            F32Ceil | F32Floor | F32Trunc | F32Nearest => {
                self.op_imm(VecOp::ROUNDSS, dst, a, a, rounding(op));
            }
            F64Ceil | F64Floor | F64Trunc | F64Nearest => {
                self.op_imm(VecOp::ROUNDSD, dst, a, a, rounding(op));
            }
            F32x4Ceil | F32x4Floor | F32x4Trunc | F32x4Nearest => {
                self.asm.vec_unary_imm(VecOp::ROUNDPS, dst, a, rounding(op));
            }
            F64x2Ceil | F64x2Floor | F64x2Trunc | F64x2Nearest => {
                self.asm.vec_unary_imm(VecOp::ROUNDPD, dst, a, rounding(op));
            }
            F32Sqrt => self.op(VecOp::SQRTSS, dst, a, a),
            F64Sqrt => self.op(VecOp::SQRTSD, dst, a, a),
            F32x4Sqrt => self.asm.vec_unary(VecOp::SQRTPS, dst, a),
            F64x2Sqrt => self.asm.vec_unary(VecOp::SQRTPD, dst, a),
            F32DemoteF64 => self.op(VecOp::CVTSD2SS, dst, a, a),
            F64PromoteF32 => self.op(VecOp::CVTSS2SD, dst, a, a),
            F32x4DemoteF64x2Zero => self.asm.vec_unary(VecOp::CVTPD2PS, dst, a),
            F64x2PromoteLowF32x4 => self.asm.vec_unary(VecOp::CVTPS2PD, dst, a),
            F32Min | F32Max | F64Min | F64Max => self.extremum(op, dst, a, b),
            F32x4Min | F64x2Min => self.vector_minimum(width(op), dst, a, b),
            F32x4Max | F64x2Max => self.vector_maximum(width(op), dst, a, b),
            // The processor's minimum and maximum are these, with the operands the other way round.
            F32x4PMin => self.op(VecOp::MINPS, dst, b, a),
            F64x2PMin => self.op(VecOp::MINPD, dst, b, a),
            F32x4PMax => self.op(VecOp::MAXPS, dst, b, a),
            F64x2PMax => self.op(VecOp::MAXPD, dst, b, a),
            F32x4Eq => self.op_imm(VecOp::CMPPS, dst, a, b, 0),
            F64x2Eq => self.op_imm(VecOp::CMPPD, dst, a, b, 0),
            F32x4Ne => self.op_imm(VecOp::CMPPS, dst, a, b, 4),
            F64x2Ne => self.op_imm(VecOp::CMPPD, dst, a, b, 4),
            F32x4Lt => self.op_imm(VecOp::CMPPS, dst, a, b, 1),
            F64x2Lt => self.op_imm(VecOp::CMPPD, dst, a, b, 1),
            F32x4Gt => self.op_imm(VecOp::CMPPS, dst, b, a, 1),
            F64x2Gt => self.op_imm(VecOp::CMPPD, dst, b, a, 1),
            F32x4Le => self.op_imm(VecOp::CMPPS, dst, a, b, 2),
            F64x2Le => self.op_imm(VecOp::CMPPD, dst, a, b, 2),
            F32x4Ge => self.op_imm(VecOp::CMPPS, dst, b, a, 2),
            F64x2Ge => self.op_imm(VecOp::CMPPD, dst, b, a, 2),
            _ => return false,
        }
        if makes_nan(op) {
            self.canonicalize(op, dst);
        }
        true
    }

    fn copy_sign(&mut self, width: Width, dst: Xmm, a: Xmm, b: Xmm) {
        let [sign_of_b, _] = self.temps;
        self.op_const(VecOp::ANDPS, sign_of_b, b, sign(width));
        self.op_const(VecOp::ANDPS, dst, a, magnitude(width));
        self.op(VecOp::ORPS, dst, dst, sign_of_b);
    }

    /// Minimum or maximum of two floats: equal ones may be zeros of both signs, and a NaN wins.
    fn extremum(&mut self, op: Compute, dst: Xmm, a: Xmm, b: Xmm) {
        let (compare, choose, of_equal, add) = match op {
            F32Min => (VecOp::UCOMISS, VecOp::MINSS, VecOp::ORPS, VecOp::ADDSS),
            F32Max => (VecOp::UCOMISS, VecOp::MAXSS, VecOp::ANDPS, VecOp::ADDSS),
            F64Min => (VecOp::UCOMISD, VecOp::MINSD, VecOp::ORPS, VecOp::ADDSD),
            _ => (VecOp::UCOMISD, VecOp::MAXSD, VecOp::ANDPS, VecOp::ADDSD),
        };
        self.asm.vec_unary(compare, a, b);
        let unequal = self.asm.jcc_short(Cond::NotEqual);
        let unordered = self.asm.jcc_short(Cond::Parity);
        self.op(of_equal, dst, a, b);
        let end_of_equal = self.asm.jmp_short();
        self.asm.land(unordered);
        self.op(add, dst, a, b);
        let end_of_unordered = self.asm.jmp_short();
        self.asm.land(unequal);
        self.op(choose, dst, a, b);
        self.asm.land(end_of_equal);
        self.asm.land(end_of_unordered);
    }

    /// Two minima, one for each order of the operands, differ where operands are zeros of both signs or one is NaN: their union
    /// is the negative zero, or a NaN, whose payload is then cleared.
    fn vector_minimum(&mut self, width: Width, dst: Xmm, a: Xmm, b: Xmm) {
        let (min, compare) = match width {
            F32 => (VecOp::MINPS, VecOp::CMPPS),
            F64 => (VecOp::MINPD, VecOp::CMPPD),
        };
        let [one, other] = self.temps;
        self.op(min, one, a, b);
        self.op(min, other, b, a);
        self.op(VecOp::ORPS, one, one, other);
        self.op_imm(compare, other, other, one, 3);
        self.op(VecOp::ORPS, one, one, other);
        self.clear_payload(width, other);
        self.op(VecOp::ANDNPS, dst, other, one);
    }

    /// Two maxima, one for each order of the operands, differ where operands are zeros of both signs or one is NaN: subtracting
    /// their difference in bits leaves the positive zero, or a NaN, whose payload is then cleared.
    fn vector_maximum(&mut self, width: Width, dst: Xmm, a: Xmm, b: Xmm) {
        let (max, sub, compare) = match width {
            F32 => (VecOp::MAXPS, VecOp::SUBPS, VecOp::CMPPS),
            F64 => (VecOp::MAXPD, VecOp::SUBPD, VecOp::CMPPD),
        };
        let [one, other] = self.temps;
        self.op(max, one, a, b);
        self.op(max, other, b, a);
        self.op(VecOp::XORPS, other, other, one);
        self.op(VecOp::ORPS, one, one, other);
        self.asm.vec(sub, self.scratch, one, other);
        self.op_imm(compare, other, one, one, 3);
        self.clear_payload(width, other);
        self.asm.vec(VecOp::ANDNPS, other, other, self.scratch);
        self.asm.vec_mov(dst, other);
    }

    /// Of a mask of NaNs: the bits that a NaN without payload does not have.
    fn clear_payload(&mut self, width: Width, mask: Xmm) {
        match width {
            F32 => self
                .asm
                .vec_shift(asm::x64::VecShift::PSRLD, mask, mask, 10),
            F64 => self
                .asm
                .vec_shift(asm::x64::VecShift::PSRLQ, mask, mask, 13),
        }
    }

    /// Replaces NaNs by the canonical one, if that is wanted.
    pub(super) fn canonicalize(&mut self, op: Compute, x: Xmm) {
        if !self.deterministic {
            return;
        }
        let width = width(op);
        if matches!(op.result(), ops::Type::F32 | ops::Type::F64) {
            let (compare, load) = match width {
                F32 => (VecOp::UCOMISS, VecOp::MOVSS),
                F64 => (VecOp::UCOMISD, VecOp::MOVSD),
            };
            self.asm.vec_unary(compare, x, x);
            let is_number = self.asm.jcc_short(Cond::NoParity);
            let constant = self.asm.constant128(canonical(width));
            self.asm.vec_unary(load, x, Mem::constant(constant));
            self.asm.land(is_number);
            return;
        }
        self.canonicalize_lanes(width, x);
    }

    pub(super) fn canonicalize_lanes(&mut self, width: Width, x: Xmm) {
        if !self.deterministic {
            return;
        }
        let compare = match width {
            F32 => VecOp::CMPPS,
            F64 => VecOp::CMPPD,
        };
        let [nans, replaced] = self.temps;
        self.asm.vec_imm(compare, nans, x, x, 3);
        self.op_const(VecOp::ANDPS, replaced, nans, canonical(width));
        self.asm.vec(VecOp::ANDNPS, nans, nans, x);
        self.asm.vec(VecOp::ORPS, x, replaced, nans);
    }

    /// Sets the flags by comparing a float with zero.
    pub(super) fn compare_zero(&mut self, compare: VecOp, x: Xmm) {
        let [zero, _] = self.temps;
        self.asm.vec_zero(zero);
        self.asm.vec_unary(compare, x, zero);
    }

    /// `x`, exclusive or with a constant of this size.
    pub(super) fn flip_highest(&mut self, x: asm::x64::Gpr) {
        self.asm.mov_imm(self.gpr, 1 << 63);
        self.asm.alu(Alu::Xor, Size::S64, x, self.gpr);
    }
}

/// How wide the floats of an operator's result are.
fn width(op: Compute) -> Width {
    match op {
        F64Add | F64Sub | F64Mul | F64Div | F64Sqrt | F64Ceil | F64Floor | F64Trunc
        | F64Nearest | F64Min | F64Max | F64PromoteF32 | F64x2Add | F64x2Sub | F64x2Mul
        | F64x2Div | F64x2Sqrt | F64x2Ceil | F64x2Floor | F64x2Trunc | F64x2Nearest | F64x2Min
        | F64x2Max | F64x2PromoteLowF32x4 => F64,
        _ => F32,
    }
}

/// Whether an operator's NaN may be one that is not canonical, and it is not one that only moves bits.
fn makes_nan(op: Compute) -> bool {
    matches!(
        op,
        F32Ceil
            | F32Floor
            | F32Trunc
            | F32Nearest
            | F32Sqrt
            | F32Min
            | F32Max
            | F32DemoteF64
            | F64Ceil
            | F64Floor
            | F64Trunc
            | F64Nearest
            | F64Sqrt
            | F64Min
            | F64Max
            | F64PromoteF32
            | F32x4Ceil
            | F32x4Floor
            | F32x4Trunc
            | F32x4Nearest
            | F32x4Sqrt
            | F32x4Min
            | F32x4Max
            | F32x4DemoteF64x2Zero
            | F64x2Ceil
            | F64x2Floor
            | F64x2Trunc
            | F64x2Nearest
            | F64x2Sqrt
            | F64x2Min
            | F64x2Max
            | F64x2PromoteLowF32x4
    )
}

fn rounding(op: Compute) -> u8 {
    let round = match op {
        F32Ceil | F64Ceil | F32x4Ceil | F64x2Ceil => Round::Ceil,
        F32Floor | F64Floor | F32x4Floor | F64x2Floor => Round::Floor,
        F32Trunc | F64Trunc | F32x4Trunc | F64x2Trunc => Round::Trunc,
        _ => Round::Nearest,
    };
    round as u8
}
