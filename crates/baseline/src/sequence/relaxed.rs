//! Relaxed operators on vectors, whose meaning is partly ours to choose: the one that the optimizing tier chooses as well, since
//! a program may rely on one meaning throughout, and runs in both tiers.
//!
//! Apart from other vectors because there are two ways: what the processor does, and what the rows say, for the deterministic
//! profile.

use super::float::{Width, sign};
use super::{Regs, Sequence, splat16};
use asm::x64::{Size, VecOp, VecShift, Xmm};
use ops::Compute::{self, *};

impl Sequence<'_> {
    pub(super) fn relaxed(&mut self, op: Compute, regs: Regs) -> bool {
        if let Some(strict) = op.strict(self.deterministic) {
            return self.compute(strict, regs);
        }
        let (dst, a, b) = (regs.dst(), regs.a(), regs.b());
        match op {
            F32x4RelaxedMadd | F32x4RelaxedNmadd | F64x2RelaxedMadd | F64x2RelaxedNmadd => {
                self.multiply_add(op, regs);
            }
            I16x8RelaxedDotI8x16I7x16S => self.dot_of_bytes(dst, a, b),
            I32x4RelaxedDotI8x16I7x16AddS => {
                let [_, dot] = self.temps;
                self.dot_of_bytes(dot, a, b);
                self.op_const(VecOp::PMADDWD, dot, dot, splat16(1));
                self.op(VecOp::PADDD, dst, dot, regs.c());
            }
            // From here on: what the processor does, at ease with operands that a strict meaning must look for.
            I8x16RelaxedSwizzle => self.op(VecOp::PSHUFB, dst, a, b),
            I32x4RelaxedTruncF32x4S => self.asm.vec_unary(VecOp::CVTTPS2DQ, dst, a),
            I32x4RelaxedTruncF64x2SZero => self.asm.vec_unary(VecOp::CVTTPD2DQ, dst, a),
            I8x16RelaxedLaneselect => self.blend(Size::S8, regs),
            I32x4RelaxedLaneselect => self.blend(Size::S32, regs),
            I64x2RelaxedLaneselect => self.blend(Size::S64, regs),
            I16x8RelaxedQ15mulrS => self.op(VecOp::PMULHRSW, dst, a, b),
            _ => return false,
        }
        true
    }

    /// `a * b + c`, or with `-a`: rounded once if the processor can and may, else twice.
    fn multiply_add(&mut self, op: Compute, regs: Regs) {
        let (dst, a, b, c) = (regs.dst(), regs.a(), regs.b(), regs.c());
        let is_negated = matches!(op, F32x4RelaxedNmadd | F64x2RelaxedNmadd);
        let (width, mul, add) = match op {
            F32x4RelaxedMadd | F32x4RelaxedNmadd => (Width::F32, VecOp::MULPS, VecOp::ADDPS),
            _ => (Width::F64, VecOp::MULPD, VecOp::ADDPD),
        };
        let [t, _] = self.temps;
        let features = self.asm.features();
        if features.avx && features.fma && !self.deterministic {
            let fused = match (width, is_negated) {
                (Width::F32, false) => VecOp::VFMADD213PS,
                (Width::F32, true) => VecOp::VFNMADD213PS,
                (Width::F64, false) => VecOp::VFMADD213PD,
                (Width::F64, true) => VecOp::VFNMADD213PD,
            };
            self.asm.vec_mov(t, a);
            self.asm.vec(fused, t, b, c);
            return self.asm.vec_mov(dst, t);
        }
        if is_negated {
            self.op_const(VecOp::XORPS, t, a, sign(width));
            self.op(mul, t, t, b);
        } else {
            self.op(mul, t, a, b);
        }
        self.op(add, dst, t, c);
        self.canonicalize_lanes(width, dst);
    }

    /// The sum of the products of each two neighbours among bytes, saturated; the second operand's are expected to have seven
    /// bits.
    fn dot_of_bytes(&mut self, dst: Xmm, a: Xmm, b: Xmm) {
        if !self.deterministic {
            return self.op(VecOp::PMADDUBSW, dst, b, a);
        }
        // Sign-extended in place, so that neighbours stay neighbours: odd bytes by a shift, even ones by two.
        let [t, u] = self.temps;
        let odd = |this: &mut Self, to: Xmm, from: Xmm| {
            this.asm.vec_shift(VecShift::PSRAW, to, from, 8);
        };
        let even = |this: &mut Self, to: Xmm, from: Xmm| {
            this.asm.vec_shift(VecShift::PSLLW, to, from, 8);
            this.asm.vec_shift(VecShift::PSRAW, to, to, 8);
        };
        odd(self, t, a);
        odd(self, u, b);
        self.op(VecOp::PMULLW, t, t, u);
        even(self, u, a);
        even(self, self.scratch, b);
        self.asm.vec(VecOp::PMULLW, u, u, self.scratch);
        self.op(VecOp::PADDSW, dst, t, u);
    }

    /// Of each lane `a` if the mask's highest bit is set, else `b`.
    fn blend(&mut self, lanes: Size, regs: Regs) {
        let (dst, a, b, mask) = (regs.dst(), regs.a(), regs.b(), regs.c());
        if self.asm.features().avx {
            return self.asm.vec_blend(lanes, dst, b, a, mask);
        }
        // The instruction without AVX wants its mask in a certain register; lanes of all ones or zeros do as well.
        let [whole, _] = self.temps;
        match lanes {
            Size::S32 => self.asm.vec_shift(VecShift::PSRAD, whole, mask, 31),
            Size::S64 => {
                self.asm.vec_zero(whole);
                self.asm.vec(VecOp::PCMPGTQ, whole, whole, mask);
            }
            Size::S8 | Size::S16 => {
                self.asm.vec_zero(whole);
                self.asm.vec(VecOp::PCMPGTB, whole, whole, mask);
            }
        }
        let [_, t] = self.temps;
        self.op(VecOp::PAND, t, a, whole);
        self.op(VecOp::PANDN, whole, whole, b);
        self.op(VecOp::POR, dst, t, whole);
    }
}
