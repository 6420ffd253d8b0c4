//! Conversions between integers and floats, alone and in vectors, and between bits and floats.
//!
//! Apart because the processor converts signed integers only, and says with one value all that does not fit.

use super::float::Width;
use super::{Regs, Sequence, splat32, splat64};
use asm::x64::{Alu, Cond, Constant, Gpr, Label, Mem, Shift, Size, VecOp, VecShift, Xmm};
use ops::Compute::{self, *};

/// Where a conversion goes that traps.
#[derive(Clone, Copy)]
pub(crate) struct ConversionTraps {
    /// The float is NaN.
    pub(crate) invalid: Label,
    /// The float is beyond the integers.
    pub(crate) overflow: Label,
}

/// Instructions on floats of one width.
struct Float {
    compare: VecOp,
    to_int: VecOp,
    sub: VecOp,
    width: Width,
}

const F32: Float = Float {
    compare: VecOp::UCOMISS,
    to_int: VecOp::CVTTSS2SI,
    sub: VecOp::SUBSS,
    width: Width::F32,
};

const F64: Float = Float {
    compare: VecOp::UCOMISD,
    to_int: VecOp::CVTTSD2SI,
    sub: VecOp::SUBSD,
    width: Width::F64,
};

impl Sequence<'_> {
    pub(super) fn convert(&mut self, op: Compute, regs: Regs) -> bool {
        let (dst, a) = (regs.dst(), regs.a());
        let (dst_gpr, a_gpr) = (regs.dst_gpr(), regs.a_gpr());
        match op {
            I32ReinterpretF32 => self.asm.gpr_from_xmm(Size::S32, dst_gpr, a),
            I64ReinterpretF64 => self.asm.gpr_from_xmm(Size::S64, dst_gpr, a),
            F32ReinterpretI32 => self.asm.xmm_from_gpr(Size::S32, dst, a_gpr),
            F64ReinterpretI64 => self.asm.xmm_from_gpr(Size::S64, dst, a_gpr),
            F32ConvertI32S => self.convert_int(VecOp::CVTSI2SS, Size::S32, dst, a_gpr),
            F32ConvertI64S => self.convert_int(VecOp::CVTSI2SS, Size::S64, dst, a_gpr),
            F64ConvertI32S => self.convert_int(VecOp::CVTSI2SD, Size::S32, dst, a_gpr),
            F64ConvertI64S => self.convert_int(VecOp::CVTSI2SD, Size::S64, dst, a_gpr),
            // 32-bit integers in registers are zero-extended, which 64-bit conversions take for what they are.
            F32ConvertI32U => self.convert_int(VecOp::CVTSI2SS, Size::S64, dst, a_gpr),
            F64ConvertI32U => self.convert_int(VecOp::CVTSI2SD, Size::S64, dst, a_gpr),
            F32ConvertI64U => self.f32_from_u64(dst, a_gpr),
            F64ConvertI64U => self.f64_from_u64(dst, a_gpr),
            I32TruncSatF32S => self.saturate_signed(&F32, Size::S32, dst_gpr, a),
            I32TruncSatF64S => self.saturate_signed(&F64, Size::S32, dst_gpr, a),
            I64TruncSatF32S => self.saturate_signed(&F32, Size::S64, dst_gpr, a),
            I64TruncSatF64S => self.saturate_signed(&F64, Size::S64, dst_gpr, a),
            I32TruncSatF32U => self.saturate_u32(&F32, dst_gpr, a),
            I32TruncSatF64U => self.saturate_u32(&F64, dst_gpr, a),
            I64TruncSatF32U => self.saturate_u64(&F32, dst_gpr, a),
            I64TruncSatF64U => self.saturate_u64(&F64, dst_gpr, a),
            F32x4ConvertI32x4U => self.f32x4_from_u32x4(dst, a),
            F64x2ConvertLowI32x4U => {
                // The low half of 2^52, less 2^52.
                self.op_const(VecOp::UNPCKLPS, dst, a, splat32(0x4330_0000));
                self.op_const(VecOp::SUBPD, dst, dst, splat64(0x4330_0000_0000_0000));
            }
            I32x4TruncSatF32x4S => self.i32x4_from_f32x4(dst, a),
            I32x4TruncSatF32x4U => self.u32x4_from_f32x4(dst, a),
            I32x4TruncSatF64x2SZero => self.i32x4_from_f64x2(dst, a),
            I32x4TruncSatF64x2UZero => self.u32x4_from_f64x2(dst, a),
            _ => return false,
        }
        true
    }

    /// A conversion of a float to an integer that traps where there is none. Whether `op` is one.
    pub(crate) fn convert_or_trap(
        &mut self,
        op: Compute,
        regs: Regs,
        traps: ConversionTraps,
    ) -> bool {
        let (dst, a) = (regs.dst_gpr(), regs.a());
        // The greatest float below the least integer, or the least integer where there is none between.
        match op {
            I32TruncF32S => {
                self.trunc_signed(&F32, Size::S32, dst, a, (0xCF00_0000, Cond::Below), traps);
            }
            I32TruncF64S => {
                let limit = (0xC1E0_0000_0020_0000, Cond::BelowEqual);
                self.trunc_signed(&F64, Size::S32, dst, a, limit, traps);
            }
            I64TruncF32S => {
                self.trunc_signed(&F32, Size::S64, dst, a, (0xDF00_0000, Cond::Below), traps);
            }
            I64TruncF64S => {
                let limit = (0xC3E0_0000_0000_0000, Cond::Below);
                self.trunc_signed(&F64, Size::S64, dst, a, limit, traps);
            }
            I32TruncF32U => self.trunc_u32(&F32, dst, a, traps),
            I32TruncF64U => self.trunc_u32(&F64, dst, a, traps),
            I64TruncF32U => self.trunc_u64(&F32, dst, a, traps),
            I64TruncF64U => self.trunc_u64(&F64, dst, a, traps),
            _ => return false,
        }
        true
    }

    fn convert_int(&mut self, op: VecOp, size: Size, dst: Xmm, a: Gpr) {
        // The instruction keeps the upper part of `dst`, and would wait for it.
        self.asm.vec_zero(dst);
        self.asm.float_from_int(op, size, dst, a);
    }

    /// Integers beyond the signed ones are halved, with the lost bit kept for rounding, and doubled again.
    fn f32_from_u64(&mut self, dst: Xmm, a: Gpr) {
        self.asm.vec_zero(dst);
        self.asm.test(Size::S64, a, a);
        let big = self.asm.jcc_short(Cond::Sign);
        self.asm.float_from_int(VecOp::CVTSI2SS, Size::S64, dst, a);
        let end = self.asm.jmp_short();
        self.asm.land(big);
        self.asm.mov(Size::S64, self.gpr, a);
        self.asm.shift_imm(Shift::Shr, Size::S64, self.gpr, 1);
        let is_even = self.asm.jcc_short(Cond::AboveEqual);
        self.asm.alu_imm(Alu::Or, Size::S64, self.gpr, 1);
        self.asm.land(is_even);
        self.asm
            .float_from_int(VecOp::CVTSI2SS, Size::S64, dst, self.gpr);
        self.asm.vec(VecOp::ADDSS, dst, dst, dst);
        self.asm.land(end);
    }

    /// The halves become the low bits of 2^52 and 2^84, both exact; those are subtracted, and the halves added, which rounds
    /// once.
    fn f64_from_u64(&mut self, dst: Xmm, a: Gpr) {
        const EXPONENTS: u128 = 0x4530_0000_4330_0000;
        const POWERS: u128 = 0x4530_0000_0000_0000_4330_0000_0000_0000;
        let [halves, high] = self.temps;
        self.asm.xmm_from_gpr(Size::S64, halves, a);
        self.op_const(VecOp::PUNPCKLDQ, halves, halves, EXPONENTS);
        self.op_const(VecOp::SUBPD, halves, halves, POWERS);
        self.asm.vec_unary_imm(VecOp::PSHUFD, high, halves, 0xEE);
        self.asm.vec(VecOp::ADDSD, dst, high, halves);
    }

    /// What the processor says of a float that it cannot convert is also right for the least integer. Goes on behind what the
    /// caller emits next if the result is another.
    fn convert_signed(
        &mut self,
        float: &Float,
        size: Size,
        dst: Gpr,
        a: Xmm,
    ) -> asm::x64::ShortJump {
        self.asm.int_from_float(float.to_int, size, dst, a);
        self.asm.alu_imm(Alu::Cmp, size, dst, 1);
        self.asm.jcc_short(Cond::NoOverflow)
    }

    fn trunc_signed(
        &mut self,
        float: &Float,
        size: Size,
        dst: Gpr,
        a: Xmm,
        (limit, below): (u64, Cond),
        traps: ConversionTraps,
    ) {
        let done = self.convert_signed(float, size, dst, a);
        let limit = self.asm.constant64(limit);
        self.asm.vec_unary(float.compare, a, Mem::constant(limit));
        self.asm.jcc(Cond::Parity, traps.invalid);
        self.asm.jcc(below, traps.overflow);
        self.compare_zero(float.compare, a);
        self.asm.jcc(Cond::Above, traps.overflow);
        self.asm.land(done);
    }

    fn saturate_signed(&mut self, float: &Float, size: Size, dst: Gpr, a: Xmm) {
        let done = self.convert_signed(float, size, dst, a);
        self.compare_zero(float.compare, a);
        let ordered = self.asm.jcc_short(Cond::NoParity);
        self.asm.mov_imm(dst, 0);
        let end = self.asm.jmp_short();
        self.asm.land(ordered);
        let negative = self.asm.jcc_short(Cond::BelowEqual);
        self.asm.mov_imm(dst, (1 << (8 * size.bytes() - 1)) - 1);
        self.asm.land(negative);
        self.asm.land(end);
        self.asm.land(done);
    }

    /// Converts to 64 bits, and goes on behind what the caller emits next if that has no more than 32 bits.
    fn convert_u32(&mut self, float: &Float, dst: Gpr, a: Xmm) -> asm::x64::ShortJump {
        self.asm.int_from_float(float.to_int, Size::S64, dst, a);
        let low = self.widened(dst);
        self.asm.alu(Alu::Cmp, Size::S64, low, dst);
        self.asm.jcc_short(Cond::Equal)
    }

    fn trunc_u32(&mut self, float: &Float, dst: Gpr, a: Xmm, traps: ConversionTraps) {
        let done = self.convert_u32(float, dst, a);
        self.asm.vec_unary(float.compare, a, a);
        self.asm.jcc(Cond::Parity, traps.invalid);
        self.asm.jmp(traps.overflow);
        self.asm.land(done);
    }

    fn saturate_u32(&mut self, float: &Float, dst: Gpr, a: Xmm) {
        let done = self.convert_u32(float, dst, a);
        self.compare_zero(float.compare, a);
        self.asm.mov_imm(dst, 0);
        // NaN as well.
        let negative = self.asm.jcc_short(Cond::BelowEqual);
        self.asm.mov_imm(dst, u32::MAX.into());
        self.asm.land(negative);
        self.asm.land(done);
    }

    /// Converts as a signed integer what is below 2^63, and what is not less 2^63. Calls back with the sign in the flags where
    /// the float is small and where it is big, in this order.
    fn convert_u64(
        &mut self,
        float: &Float,
        dst: Gpr,
        a: Xmm,
        mut failed: impl FnMut(&mut Self, bool),
    ) {
        let limit: Constant = match float.width {
            Width::F32 => self.asm.constant64(0x5F00_0000),
            Width::F64 => self.asm.constant64(0x43E0_0000_0000_0000),
        };
        self.asm.vec_unary(float.compare, a, Mem::constant(limit));
        let big = self.asm.jcc_short(Cond::AboveEqual);
        self.asm.int_from_float(float.to_int, Size::S64, dst, a);
        self.asm.test(Size::S64, dst, dst);
        failed(self, false);
        let end = self.asm.jmp_short();
        self.asm.land(big);
        let [rest, _] = self.temps;
        self.asm.vec(float.sub, rest, a, Mem::constant(limit));
        self.asm.int_from_float(float.to_int, Size::S64, dst, rest);
        self.asm.test(Size::S64, dst, dst);
        failed(self, true);
        self.asm.land(end);
    }

    fn trunc_u64(&mut self, float: &Float, dst: Gpr, a: Xmm, traps: ConversionTraps) {
        self.convert_u64(float, dst, a, |this, big| {
            if big {
                this.asm.jcc(Cond::Sign, traps.overflow);
                this.flip_highest(dst);
                return;
            }
            let done = this.asm.jcc_short(Cond::NotSign);
            this.asm.vec_unary(float.compare, a, a);
            this.asm.jcc(Cond::Parity, traps.invalid);
            this.asm.jmp(traps.overflow);
            this.asm.land(done);
        });
    }

    fn saturate_u64(&mut self, float: &Float, dst: Gpr, a: Xmm) {
        self.convert_u64(float, dst, a, |this, big| {
            let fits = this.asm.jcc_short(Cond::NotSign);
            // Negative or NaN, or beyond 2^64; there, the highest bit is about to be flipped.
            let bound = if big { u64::MAX >> 1 } else { 0 };
            this.asm.mov_imm(dst, bound);
            this.asm.land(fits);
            if big {
                this.flip_highest(dst);
            }
        });
    }

    /// The high halves are converted halved, since they would be negative, and doubled; that is exact, and the sum with the
    /// low halves rounds once.
    fn f32x4_from_u32x4(&mut self, dst: Xmm, a: Xmm) {
        let [low, high] = self.temps;
        let asm = &mut *self.asm;
        asm.vec_shift(VecShift::PSLLD, low, a, 16);
        asm.vec_shift(VecShift::PSRLD, low, low, 16);
        asm.vec(VecOp::PSUBD, high, a, low);
        asm.vec_shift(VecShift::PSRLD, high, high, 1);
        asm.vec_unary(VecOp::CVTDQ2PS, low, low);
        asm.vec_unary(VecOp::CVTDQ2PS, high, high);
        asm.vec(VecOp::ADDPS, high, high, high);
        asm.vec(VecOp::ADDPS, dst, high, low);
    }

    /// NaNs become 0 before, and what the processor gives for floats that are too great, the least integer, is inverted.
    fn i32x4_from_f32x4(&mut self, dst: Xmm, a: Xmm) {
        let [mask, number] = self.temps;
        let asm = &mut *self.asm;
        asm.vec_imm(VecOp::CMPPS, mask, a, a, 0);
        asm.vec(VecOp::ANDPS, number, a, mask);
        asm.vec(VecOp::XORPS, mask, mask, number);
        asm.vec_unary(VecOp::CVTTPS2DQ, number, number);
        // The sign is set where the float is positive and the integer is not.
        asm.vec(VecOp::PAND, mask, mask, number);
        asm.vec_shift(VecShift::PSRAD, mask, mask, 31);
        asm.vec(VecOp::PXOR, dst, mask, number);
    }

    /// Two conversions, of the float and of what it is beyond 2^31, each of which gives at most what 31 bits hold, or the least
    /// integer, whose bits are 2^31; their sum is the result.
    fn u32x4_from_f32x4(&mut self, dst: Xmm, a: Xmm) {
        const TWO_31: u32 = 0x4F00_0000;
        let [beyond, number] = self.temps;
        let limit = self.all32(TWO_31);
        let asm = &mut *self.asm;
        asm.vec_zero(beyond);
        asm.vec(VecOp::MAXPS, number, a, beyond);
        asm.vec(VecOp::SUBPS, beyond, number, Mem::constant(limit));
        // All bits where it is beyond 2^32.
        asm.vec_unary(VecOp::MOVAPS, self.scratch, Mem::constant(limit));
        asm.vec_imm(VecOp::CMPPS, self.scratch, self.scratch, beyond, 2);
        asm.vec_unary(VecOp::CVTTPS2DQ, beyond, beyond);
        asm.vec(VecOp::PXOR, beyond, beyond, self.scratch);
        asm.vec_zero(self.scratch);
        asm.vec(VecOp::PMAXSD, beyond, beyond, self.scratch);
        asm.vec_unary(VecOp::CVTTPS2DQ, number, number);
        asm.vec(VecOp::PADDD, dst, number, beyond);
    }

    /// NaNs become 0, and what is too great becomes the greatest integer, before. The processor clears the high half.
    fn i32x4_from_f64x2(&mut self, dst: Xmm, a: Xmm) {
        const MAX: u64 = 0x41DF_FFFF_FFC0_0000;
        let [bound, _] = self.temps;
        self.asm.vec_imm(VecOp::CMPPD, bound, a, a, 0);
        self.op_const(VecOp::ANDPD, bound, bound, splat64(MAX));
        self.op(VecOp::MINPD, dst, a, bound);
        self.asm.vec_unary(VecOp::CVTTPD2DQ, dst, dst);
    }

    /// Between the bounds and without a fraction, a float plus 2^52 has its integer as low bits.
    fn u32x4_from_f64x2(&mut self, dst: Xmm, a: Xmm) {
        const MAX: u64 = 0x41EF_FFFF_FFE0_0000;
        const TWO_52: u64 = 0x4330_0000_0000_0000;
        let [zero, number] = self.temps;
        self.asm.vec_zero(zero);
        self.op(VecOp::MAXPD, number, a, zero);
        self.op_const(VecOp::MINPD, number, number, splat64(MAX));
        self.asm
            .vec_unary_imm(VecOp::ROUNDPD, number, number, asm::x64::Round::Trunc as u8);
        self.op_const(VecOp::ADDPD, number, number, splat64(TWO_52));
        self.asm.vec_imm(VecOp::SHUFPS, dst, number, zero, 0x88);
    }
}
