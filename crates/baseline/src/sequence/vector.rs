//! Operators on integers in vectors that are more than one instruction.
//!
//! Apart because the processor lacks a form here and there: shifts of bytes, products of 64 bits, comparisons of unsigned lanes.

use super::{Regs, Sequence, splat8, splat16, splat64};
use asm::x64::{Alu, Cond, Mem, Size, VecOp, VecShift, Xmm};
use ops::Compute::{self, *};

impl Sequence<'_> {
    pub(super) fn vector(&mut self, op: Compute, regs: Regs) -> bool {
        let (dst, a, b) = (regs.dst(), regs.a(), regs.b());
        if self.comparison(op, dst, a, b) || self.shift(op, regs) || self.product(op, dst, a, b) {
            return true;
        }
        let [t, u] = self.temps;
        match op {
            V128Not => {
                self.asm.vec_ones(t);
                self.op(VecOp::PXOR, dst, a, t);
            }
            V128AndNot => self.op(VecOp::PANDN, dst, b, a),
            V128Bitselect => self.select(dst, a, b, regs.c()),
            I8x16Neg => self.negate(VecOp::PSUBB, dst, a),
            I16x8Neg => self.negate(VecOp::PSUBW, dst, a),
            I32x4Neg => self.negate(VecOp::PSUBD, dst, a),
            I64x2Neg => self.negate(VecOp::PSUBQ, dst, a),
            I64x2Abs => {
                self.asm.vec_zero(t);
                self.asm.vec(VecOp::PCMPGTQ, t, t, a);
                self.op(VecOp::PXOR, dst, a, t);
                self.op(VecOp::PSUBQ, dst, dst, t);
            }
            I8x16Popcnt => self.popcnt(dst, a),
            I16x8Q15MulrSatS => {
                // One product does not fit, and no other gives what it wraps to.
                self.op(VecOp::PMULHRSW, t, a, b);
                self.op_const(VecOp::PCMPEQW, u, t, splat16(0x8000));
                self.op(VecOp::PXOR, dst, t, u);
            }
            I8x16Swizzle => {
                // Indices of 16 and more get their highest bit, which makes a zero.
                self.op_const(VecOp::PADDUSB, t, b, splat8(0x70));
                self.op(VecOp::PSHUFB, dst, a, t);
            }
            I16x8ExtAddPairwiseI8x16S => self.const_op(VecOp::PMADDUBSW, dst, splat8(1), a),
            I16x8ExtAddPairwiseI8x16U => self.op_const(VecOp::PMADDUBSW, dst, a, splat8(1)),
            I32x4ExtAddPairwiseI16x8S => self.op_const(VecOp::PMADDWD, dst, a, splat16(1)),
            I32x4ExtAddPairwiseI16x8U => {
                self.asm.vec_shift(VecShift::PSRLD, t, a, 16);
                self.asm.vec_shift(VecShift::PSLLD, u, a, 16);
                self.asm.vec_shift(VecShift::PSRLD, u, u, 16);
                self.op(VecOp::PADDD, dst, t, u);
            }
            I16x8ExtendHighI8x16S => self.extend_high(VecOp::PMOVSXBW, dst, a),
            I32x4ExtendHighI16x8S => self.extend_high(VecOp::PMOVSXWD, dst, a),
            I64x2ExtendHighI32x4S => self.extend_high(VecOp::PMOVSXDQ, dst, a),
            I16x8ExtendHighI8x16U => self.extend_high(VecOp::PMOVZXBW, dst, a),
            I32x4ExtendHighI16x8U => self.extend_high(VecOp::PMOVZXWD, dst, a),
            I64x2ExtendHighI32x4U => self.extend_high(VecOp::PMOVZXDQ, dst, a),
            V128AnyTrue => {
                let dst = regs.dst_gpr();
                self.asm.zero(dst);
                self.asm.vec_unary(VecOp::PTEST, a, a);
                self.asm.setcc(Cond::NotEqual, dst);
            }
            I8x16AllTrue => self.all_true(VecOp::PCMPEQB, regs),
            I16x8AllTrue => self.all_true(VecOp::PCMPEQW, regs),
            I32x4AllTrue => self.all_true(VecOp::PCMPEQD, regs),
            I64x2AllTrue => self.all_true(VecOp::PCMPEQQ, regs),
            I8x16Bitmask => self.asm.vec_signs(Size::S8, regs.dst_gpr(), a),
            I32x4Bitmask => self.asm.vec_signs(Size::S32, regs.dst_gpr(), a),
            I64x2Bitmask => self.asm.vec_signs(Size::S64, regs.dst_gpr(), a),
            I16x8Bitmask => {
                let dst = regs.dst_gpr();
                self.op(VecOp::PACKSSWB, t, a, a);
                self.asm.vec_signs(Size::S8, dst, t);
                self.asm.zero_extend(Size::S8, dst, dst);
            }
            _ => return false,
        }
        true
    }

    /// Bits of `a` where the mask is set, else of `b`.
    pub(super) fn select(&mut self, dst: Xmm, a: Xmm, b: Xmm, mask: Xmm) {
        let [t, u] = self.temps;
        self.op(VecOp::PAND, t, a, mask);
        self.op(VecOp::PANDN, u, mask, b);
        self.op(VecOp::POR, dst, t, u);
    }

    fn comparison(&mut self, op: Compute, dst: Xmm, a: Xmm, b: Xmm) -> bool {
        // Of lanes without their own comparison: one operand is less or equal if it is the minimum.
        let (choose, equal, inverted) = match op {
            I8x16LtS => return self.greater(VecOp::PCMPGTB, dst, b, a),
            I16x8LtS => return self.greater(VecOp::PCMPGTW, dst, b, a),
            I32x4LtS => return self.greater(VecOp::PCMPGTD, dst, b, a),
            I64x2LtS => return self.greater(VecOp::PCMPGTQ, dst, b, a),
            I64x2LeS => return self.not_greater(VecOp::PCMPGTQ, dst, a, b),
            I64x2GeS => return self.not_greater(VecOp::PCMPGTQ, dst, b, a),
            I8x16Ne => return self.not_greater(VecOp::PCMPEQB, dst, a, b),
            I16x8Ne => return self.not_greater(VecOp::PCMPEQW, dst, a, b),
            I32x4Ne => return self.not_greater(VecOp::PCMPEQD, dst, a, b),
            I64x2Ne => return self.not_greater(VecOp::PCMPEQQ, dst, a, b),
            I8x16LeS => (VecOp::PMINSB, VecOp::PCMPEQB, false),
            I8x16LeU => (VecOp::PMINUB, VecOp::PCMPEQB, false),
            I8x16GtU => (VecOp::PMINUB, VecOp::PCMPEQB, true),
            I8x16GeS => (VecOp::PMAXSB, VecOp::PCMPEQB, false),
            I8x16GeU => (VecOp::PMAXUB, VecOp::PCMPEQB, false),
            I8x16LtU => (VecOp::PMAXUB, VecOp::PCMPEQB, true),
            I16x8LeS => (VecOp::PMINSW, VecOp::PCMPEQW, false),
            I16x8LeU => (VecOp::PMINUW, VecOp::PCMPEQW, false),
            I16x8GtU => (VecOp::PMINUW, VecOp::PCMPEQW, true),
            I16x8GeS => (VecOp::PMAXSW, VecOp::PCMPEQW, false),
            I16x8GeU => (VecOp::PMAXUW, VecOp::PCMPEQW, false),
            I16x8LtU => (VecOp::PMAXUW, VecOp::PCMPEQW, true),
            I32x4LeS => (VecOp::PMINSD, VecOp::PCMPEQD, false),
            I32x4LeU => (VecOp::PMINUD, VecOp::PCMPEQD, false),
            I32x4GtU => (VecOp::PMINUD, VecOp::PCMPEQD, true),
            I32x4GeS => (VecOp::PMAXSD, VecOp::PCMPEQD, false),
            I32x4GeU => (VecOp::PMAXUD, VecOp::PCMPEQD, false),
            I32x4LtU => (VecOp::PMAXUD, VecOp::PCMPEQD, true),
            _ => return false,
        };
        let [t, _] = self.temps;
        self.op(choose, t, a, b);
        if inverted {
            return self.not_greater(equal, dst, t, a);
        }
        self.op(equal, dst, t, a);
        true
    }

    fn greater(&mut self, op: VecOp, dst: Xmm, a: Xmm, b: Xmm) -> bool {
        self.op(op, dst, a, b);
        true
    }

    fn not_greater(&mut self, op: VecOp, dst: Xmm, a: Xmm, b: Xmm) -> bool {
        let [_, ones] = self.temps;
        self.op(op, dst, a, b);
        self.asm.vec_ones(ones);
        self.op(VecOp::PXOR, dst, dst, ones);
        true
    }

    fn negate(&mut self, sub: VecOp, dst: Xmm, a: Xmm) {
        let [zero, _] = self.temps;
        self.asm.vec_zero(zero);
        self.op(sub, dst, zero, a);
    }

    fn all_true(&mut self, equal: VecOp, regs: Regs) {
        let [t, _] = self.temps;
        let dst = regs.dst_gpr();
        self.asm.vec_zero(t);
        self.asm.vec(equal, t, t, regs.a());
        self.asm.zero(dst);
        self.asm.vec_unary(VecOp::PTEST, t, t);
        self.asm.setcc(Cond::Equal, dst);
    }

    fn extend_high(&mut self, extend: VecOp, dst: Xmm, a: Xmm) {
        let [t, _] = self.temps;
        self.asm.vec_unary_imm(VecOp::PSHUFD, t, a, 0xEE);
        self.asm.vec_unary(extend, dst, t);
    }

    /// Looks up how many bits each half of a byte has.
    fn popcnt(&mut self, dst: Xmm, a: Xmm) {
        const COUNTS: u128 = 0x0403_0302_0302_0201_0302_0201_0201_0100;
        let [low, high] = self.temps;
        let counts = self.asm.constant128(COUNTS);
        self.asm.vec_shift(VecShift::PSRLW, high, a, 4);
        self.op_const(VecOp::PAND, low, a, splat8(0x0F));
        self.op_const(VecOp::PAND, high, high, splat8(0x0F));
        for nibbles in [low, high] {
            self.asm
                .vec_unary(VecOp::MOVAPS, self.scratch, Mem::constant(counts));
            self.asm
                .vec(VecOp::PSHUFB, self.scratch, self.scratch, nibbles);
            self.asm.vec_mov(nibbles, self.scratch);
        }
        self.op(VecOp::PADDB, dst, low, high);
    }

    fn shift(&mut self, op: Compute, regs: Regs) -> bool {
        let (row, lane_bits) = match op {
            I8x16Shl => return self.shift_bytes(VecOp::PSLLW, VecOp::PACKUSWB, regs),
            I8x16ShrU => return self.shift_bytes(VecOp::PSRLW, VecOp::PACKUSWB, regs),
            I8x16ShrS => return self.shift_bytes(VecOp::PSRAW, VecOp::PACKSSWB, regs),
            I16x8Shl => (VecOp::PSLLW, 16),
            I16x8ShrU => (VecOp::PSRLW, 16),
            I16x8ShrS => (VecOp::PSRAW, 16),
            I32x4Shl => (VecOp::PSLLD, 32),
            I32x4ShrU => (VecOp::PSRLD, 32),
            I32x4ShrS => (VecOp::PSRAD, 32),
            I64x2Shl => (VecOp::PSLLQ, 64),
            I64x2ShrU | I64x2ShrS => (VecOp::PSRLQ, 64),
            _ => return false,
        };
        let [count, sign] = self.temps;
        self.shift_count(regs, lane_bits, 0, count);
        let dst = regs.dst();
        self.op(row, dst, regs.a(), count);
        if op == I64x2ShrS {
            // The shifted sign bit, if it is set, is to fill all above: that is what subtracting it does once it is inverted.
            self.asm.vec_ones(sign);
            self.asm.vec_shift(VecShift::PSLLQ, sign, sign, 63);
            self.asm.vec(row, sign, sign, count);
            self.op(VecOp::PXOR, dst, dst, sign);
            self.op(VecOp::PSUBQ, dst, dst, sign);
        }
        true
    }

    /// Moves the count of a shift, modulo the bits of a lane and plus `more`, to a vector register.
    fn shift_count(&mut self, regs: Regs, lane_bits: i32, more: i32, to: Xmm) {
        self.asm.mov(Size::S32, self.gpr, regs.b_gpr());
        self.asm
            .alu_imm(Alu::And, Size::S32, self.gpr, lane_bits - 1);
        if more != 0 {
            self.asm.alu_imm(Alu::Add, Size::S32, self.gpr, more);
        }
        self.asm.xmm_from_gpr(Size::S32, to, self.gpr);
    }

    /// Bytes are shifted as the high halves of 16 bits, 8 places further, and joined again.
    fn shift_bytes(&mut self, row: VecOp, pack: VecOp, regs: Regs) -> bool {
        let [low, high] = self.temps;
        let a = regs.a();
        self.op(VecOp::PUNPCKLBW, low, a, a);
        self.op(VecOp::PUNPCKHBW, high, a, a);
        let count = self.scratch;
        self.shift_count(regs, 8, 8, count);
        for half in [low, high] {
            self.asm.vec(row, half, half, count);
            if row == VecOp::PSLLW {
                self.asm.vec_shift(VecShift::PSRLW, half, half, 8);
            }
        }
        self.op(pack, regs.dst(), low, high);
        true
    }

    /// A shift whose count is known.
    pub(crate) fn shift_by_constant(&mut self, op: Compute, count: u64, regs: Regs) {
        let (dst, a) = (regs.dst(), regs.a());
        let count = |lane_bits: u8| count as u8 & (lane_bits - 1);
        match op {
            I16x8Shl => self.asm.vec_shift(VecShift::PSLLW, dst, a, count(16)),
            I16x8ShrU => self.asm.vec_shift(VecShift::PSRLW, dst, a, count(16)),
            I16x8ShrS => self.asm.vec_shift(VecShift::PSRAW, dst, a, count(16)),
            I32x4Shl => self.asm.vec_shift(VecShift::PSLLD, dst, a, count(32)),
            I32x4ShrU => self.asm.vec_shift(VecShift::PSRLD, dst, a, count(32)),
            I32x4ShrS => self.asm.vec_shift(VecShift::PSRAD, dst, a, count(32)),
            I64x2Shl => self.asm.vec_shift(VecShift::PSLLQ, dst, a, count(64)),
            I64x2ShrU => self.asm.vec_shift(VecShift::PSRLQ, dst, a, count(64)),
            I64x2ShrS => {
                // As with an unknown count; the shifted sign bit is a constant.
                let sign = splat64(1 << 63 >> count(64));
                self.asm.vec_shift(VecShift::PSRLQ, dst, a, count(64));
                self.op_const(VecOp::PXOR, dst, dst, sign);
                self.op_const(VecOp::PSUBQ, dst, dst, sign);
            }
            // Bytes are shifted with their neighbours, whose bits are then cleared.
            I8x16Shl => {
                self.asm.vec_shift(VecShift::PSLLW, dst, a, count(8));
                self.op_const(VecOp::PAND, dst, dst, splat8(0xFF << count(8)));
            }
            I8x16ShrU => {
                self.asm.vec_shift(VecShift::PSRLW, dst, a, count(8));
                self.op_const(VecOp::PAND, dst, dst, splat8(0xFF >> count(8)));
            }
            I8x16ShrS => {
                let [low, high] = self.temps;
                self.op(VecOp::PUNPCKLBW, low, a, a);
                self.op(VecOp::PUNPCKHBW, high, a, a);
                for half in [low, high] {
                    self.asm
                        .vec_shift(VecShift::PSRAW, half, half, 8 + count(8));
                }
                self.op(VecOp::PACKSSWB, dst, low, high);
            }
            _ => unreachable!("{op:?} shifts no lanes"),
        }
    }

    fn product(&mut self, op: Compute, dst: Xmm, a: Xmm, b: Xmm) -> bool {
        match op {
            I64x2Mul => self.product_of_64(dst, a, b),
            I16x8ExtMulLowI8x16S => self.product_of_bytes(VecOp::PMOVSXBW, false, dst, a, b),
            I16x8ExtMulHighI8x16S => self.product_of_bytes(VecOp::PMOVSXBW, true, dst, a, b),
            I16x8ExtMulLowI8x16U => self.product_of_bytes(VecOp::PMOVZXBW, false, dst, a, b),
            I16x8ExtMulHighI8x16U => self.product_of_bytes(VecOp::PMOVZXBW, true, dst, a, b),
            I32x4ExtMulLowI16x8S => self.product_of_16(VecOp::PMULHW, VecOp::PUNPCKLWD, dst, a, b),
            I32x4ExtMulHighI16x8S => self.product_of_16(VecOp::PMULHW, VecOp::PUNPCKHWD, dst, a, b),
            I32x4ExtMulLowI16x8U => self.product_of_16(VecOp::PMULHUW, VecOp::PUNPCKLWD, dst, a, b),
            I32x4ExtMulHighI16x8U => {
                self.product_of_16(VecOp::PMULHUW, VecOp::PUNPCKHWD, dst, a, b);
            }
            I64x2ExtMulLowI32x4S => self.product_of_32(VecOp::PMULDQ, 0x50, dst, a, b),
            I64x2ExtMulHighI32x4S => self.product_of_32(VecOp::PMULDQ, 0xFA, dst, a, b),
            I64x2ExtMulLowI32x4U => self.product_of_32(VecOp::PMULUDQ, 0x50, dst, a, b),
            I64x2ExtMulHighI32x4U => self.product_of_32(VecOp::PMULUDQ, 0xFA, dst, a, b),
            _ => return false,
        }
        true
    }

    pub(super) fn product_of_bytes(&mut self, extend: VecOp, high: bool, dst: Xmm, a: Xmm, b: Xmm) {
        let [t, u] = self.temps;
        if high {
            self.extend_high(extend, t, a);
            self.asm.vec_unary_imm(VecOp::PSHUFD, u, b, 0xEE);
            self.asm.vec_unary(extend, u, u);
        } else {
            self.asm.vec_unary(extend, t, a);
            self.asm.vec_unary(extend, u, b);
        }
        self.op(VecOp::PMULLW, dst, t, u);
    }

    /// High and low halves of the products, interleaved.
    fn product_of_16(&mut self, high: VecOp, interleave: VecOp, dst: Xmm, a: Xmm, b: Xmm) {
        let [t, u] = self.temps;
        self.op(VecOp::PMULLW, t, a, b);
        self.op(high, u, a, b);
        self.op(interleave, dst, t, u);
    }

    /// The processor multiplies every other lane, so the wanted ones are brought there.
    fn product_of_32(&mut self, multiply: VecOp, order: u8, dst: Xmm, a: Xmm, b: Xmm) {
        let [t, u] = self.temps;
        self.asm.vec_unary_imm(VecOp::PSHUFD, t, a, order);
        self.asm.vec_unary_imm(VecOp::PSHUFD, u, b, order);
        self.op(multiply, dst, t, u);
    }

    /// The product of the low halves, plus the two mixed ones 32 places further.
    fn product_of_64(&mut self, dst: Xmm, a: Xmm, b: Xmm) {
        let [t, u] = self.temps;
        self.asm.vec_shift(VecShift::PSRLQ, t, a, 32);
        self.op(VecOp::PMULUDQ, t, t, b);
        self.asm.vec_shift(VecShift::PSRLQ, u, b, 32);
        self.op(VecOp::PMULUDQ, u, u, a);
        self.op(VecOp::PADDQ, t, t, u);
        self.asm.vec_shift(VecShift::PSLLQ, t, t, 32);
        self.op(VecOp::PMULUDQ, dst, a, b);
        self.op(VecOp::PADDQ, dst, dst, t);
    }
}

/// Whether an operator shifts lanes by a number.
pub(crate) fn shifts_lanes(op: Compute) -> bool {
    matches!(
        op,
        I8x16Shl
            | I8x16ShrS
            | I8x16ShrU
            | I16x8Shl
            | I16x8ShrS
            | I16x8ShrU
            | I32x4Shl
            | I32x4ShrS
            | I32x4ShrU
            | I64x2Shl
            | I64x2ShrS
            | I64x2ShrU
    )
}
