//! Single lanes: splats, extraction, replacement, shuffles by a constant.
//!
//! Apart because these are about where lanes are, not what they hold.

use super::{Regs, Sequence};
use asm::x64::{Mem, Size, VecOp, Xmm};
use ops::Compute::{self, *};
use ops::Lane;

impl Sequence<'_> {
    pub(super) fn lanes(&mut self, op: Compute, regs: Regs) -> bool {
        let (dst, from) = (regs.dst(), regs.a_gpr());
        match op {
            I8x16Splat => {
                self.asm.xmm_from_gpr(Size::S32, dst, from);
                self.splat_low(Size::S8, dst);
            }
            I16x8Splat => {
                self.asm.xmm_from_gpr(Size::S32, dst, from);
                self.splat_low(Size::S16, dst);
            }
            I32x4Splat => {
                self.asm.xmm_from_gpr(Size::S32, dst, from);
                self.splat_low(Size::S32, dst);
            }
            I64x2Splat => {
                self.asm.xmm_from_gpr(Size::S64, dst, from);
                self.splat_low(Size::S64, dst);
            }
            F32x4Splat => self.asm.vec_unary_imm(VecOp::PSHUFD, dst, regs.a(), 0),
            _ => return false,
        }
        true
    }

    /// Fills a register with its lowest lane.
    pub(crate) fn splat_low(&mut self, lanes: Size, x: Xmm) {
        match lanes {
            Size::S8 if self.asm.features().avx2 => self.asm.vec_unary(VecOp::VPBROADCASTB, x, x),
            Size::S8 => {
                self.asm.vec_zero(self.scratch);
                self.asm.vec(VecOp::PSHUFB, x, x, self.scratch);
            }
            Size::S16 if self.asm.features().avx2 => self.asm.vec_unary(VecOp::VPBROADCASTW, x, x),
            Size::S16 => {
                self.asm.vec_unary_imm(VecOp::PSHUFLW, x, x, 0);
                self.asm.vec_unary_imm(VecOp::PSHUFD, x, x, 0);
            }
            Size::S32 => self.asm.vec_unary_imm(VecOp::PSHUFD, x, x, 0),
            Size::S64 => self.asm.vec_unary_imm(VecOp::PSHUFD, x, x, 0x44),
        }
    }

    /// Code for an operator on one lane.
    pub(crate) fn lane(&mut self, op: Lane, lane: u8, regs: Regs) {
        let (dst, a, b) = (regs.dst(), regs.a(), regs.b());
        let (dst_gpr, b_gpr) = (regs.dst_gpr(), regs.b_gpr());
        match op {
            Lane::I8x16ExtractLaneS => {
                self.asm.vec_extract(Size::S8, dst_gpr, a, lane);
                self.asm.sign_extend(Size::S8, Size::S32, dst_gpr, dst_gpr);
            }
            Lane::I16x8ExtractLaneS => {
                self.asm.vec_extract(Size::S16, dst_gpr, a, lane);
                self.asm.sign_extend(Size::S16, Size::S32, dst_gpr, dst_gpr);
            }
            Lane::I8x16ExtractLaneU => self.asm.vec_extract(Size::S8, dst_gpr, a, lane),
            Lane::I16x8ExtractLaneU => self.asm.vec_extract(Size::S16, dst_gpr, a, lane),
            Lane::I32x4ExtractLane if lane == 0 => self.asm.gpr_from_xmm(Size::S32, dst_gpr, a),
            Lane::I64x2ExtractLane if lane == 0 => self.asm.gpr_from_xmm(Size::S64, dst_gpr, a),
            Lane::I32x4ExtractLane => self.asm.vec_extract(Size::S32, dst_gpr, a, lane),
            Lane::I64x2ExtractLane => self.asm.vec_extract(Size::S64, dst_gpr, a, lane),
            Lane::F32x4ExtractLane | Lane::F64x2ExtractLane if lane == 0 => {
                self.asm.vec_mov(dst, a);
            }
            Lane::F32x4ExtractLane => self.asm.vec_unary_imm(VecOp::PSHUFD, dst, a, lane),
            Lane::F64x2ExtractLane => self.asm.vec_unary_imm(VecOp::PSHUFD, dst, a, 0xEE),
            Lane::I8x16ReplaceLane => self.asm.vec_insert(Size::S8, dst, a, b_gpr, lane),
            Lane::I16x8ReplaceLane => self.asm.vec_insert(Size::S16, dst, a, b_gpr, lane),
            Lane::I32x4ReplaceLane => self.asm.vec_insert(Size::S32, dst, a, b_gpr, lane),
            Lane::I64x2ReplaceLane => self.asm.vec_insert(Size::S64, dst, a, b_gpr, lane),
            Lane::F32x4ReplaceLane => self.op_imm(VecOp::INSERTPS, dst, a, b, lane << 4),
            Lane::F64x2ReplaceLane if lane == 0 => self.op(VecOp::MOVSD, dst, a, b),
            Lane::F64x2ReplaceLane => self.op(VecOp::MOVLHPS, dst, a, b),
        }
    }

    /// Code for a shuffle: of each result lane, which of the 32 lanes of `a` and `b` it is.
    pub(crate) fn shuffle(&mut self, lanes: [u8; 16], regs: Regs) {
        let (dst, a, b) = (regs.dst(), regs.a(), regs.b());
        if a == b || lanes.iter().all(|&lane| lane < 16) {
            return self.shuffle_one(lanes.map(|lane| lane & 15), dst, a);
        }
        if lanes.iter().all(|&lane| lane >= 16) {
            return self.shuffle_one(lanes.map(|lane| lane & 15), dst, b);
        }
        for (pattern, op) in interleavings() {
            if pattern == lanes {
                return self.op(op, dst, a, b);
            }
        }
        if let Some(first) = consecutive(lanes) {
            // The instruction's first source is the high part.
            return self.op_imm(VecOp::PALIGNR, dst, b, a, first);
        }
        let [t, u] = self.temps;
        self.op_const(VecOp::PSHUFB, t, a, mask(lanes, 0));
        self.op_const(VecOp::PSHUFB, u, b, mask(lanes, 16));
        self.op(VecOp::POR, dst, t, u);
    }

    fn shuffle_one(&mut self, lanes: [u8; 16], dst: Xmm, a: Xmm) {
        match order_of_32(lanes) {
            Some(0b11_10_01_00) => self.asm.vec_mov(dst, a),
            Some(order) => self.asm.vec_unary_imm(VecOp::PSHUFD, dst, a, order),
            None => {
                let mask = self.asm.constant128(u128::from_le_bytes(lanes));
                self.asm.vec(VecOp::PSHUFB, dst, a, Mem::constant(mask));
            }
        }
    }
}

/// For `pshufb` of one of the sources: its lanes by number, all others as zeros.
fn mask(lanes: [u8; 16], first: u8) -> u128 {
    let number = |lane: u8| match lane.wrapping_sub(first) {
        number @ 0..16 => number,
        _ => 0x80,
    };
    u128::from_le_bytes(lanes.map(number))
}

/// The order of lanes of 32 bits, as `pshufd` wants it, if these stay whole.
fn order_of_32(lanes: [u8; 16]) -> Option<u8> {
    let (chunks, _) = lanes.as_chunks::<4>();
    let mut order = 0;
    for (nth, &[first, rest @ ..]) in chunks.iter().enumerate() {
        let follow = rest == [first + 1, first + 2, first + 3];
        if !first.is_multiple_of(4) || !follow {
            return None;
        }
        order |= (first / 4) << (2 * nth);
    }
    Some(order)
}

/// The first lane, if all follow each other.
fn consecutive(lanes: [u8; 16]) -> Option<u8> {
    let first = lanes[0];
    let follow = (first..).zip(lanes).all(|(number, lane)| number == lane);
    (follow && first < 16).then_some(first)
}

/// Shuffles that are one instruction, with two sources.
fn interleavings() -> [([u8; 16], VecOp); 8] {
    [
        (interleaved(0, 1), VecOp::PUNPCKLBW),
        (interleaved(0, 2), VecOp::PUNPCKLWD),
        (interleaved(0, 4), VecOp::PUNPCKLDQ),
        (interleaved(0, 8), VecOp::PUNPCKLQDQ),
        (interleaved(8, 1), VecOp::PUNPCKHBW),
        (interleaved(8, 2), VecOp::PUNPCKHWD),
        (interleaved(8, 4), VecOp::PUNPCKHDQ),
        (interleaved(8, 8), VecOp::PUNPCKHQDQ),
    ]
}

/// Lanes of so many bytes of both sources by turns, from this byte on.
const fn interleaved(start: u8, bytes: u8) -> [u8; 16] {
    let mut lanes = [0; 16];
    let mut nth = 0;
    while nth < 16 {
        let pair = nth / (2 * bytes);
        let of_second = nth / bytes % 2 * 16;
        lanes[nth as usize] = start + pair * bytes + nth % bytes + of_second;
        nth += 1;
    }
    lanes
}
