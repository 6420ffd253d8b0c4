//! Operators on vectors that have immediates: constants, lanes, shuffles, and what memory holds of vectors.
//!
//! Apart from those that only compute because of the immediates.

use crate::emitter::Emitter;
use crate::kind::Kind;
use crate::regs::{SCRATCH, SCRATCH_XMM};
use crate::sequence::Sequence;
use crate::stack::Place;
use asm::x64::{Mem, Size, VecOp, Xmm};
use module::MemArg;
use ops::{Lane, Load, LoadLane, StoreLane, Trap, Type};

impl Emitter<'_> {
    /// `v128.const`.
    pub(crate) fn vector_const(&mut self, bits: u128) {
        let to = self.result_xmm();
        match bits {
            0 => self.asm.vec_zero(to),
            u128::MAX => self.asm.vec_ones(to),
            _ => {
                let constant = self.asm.constant128(bits);
                self.asm
                    .vec_unary(VecOp::MOVAPS, to, Mem::constant(constant));
            }
        }
        self.push_xmm(Kind::V128, to);
    }

    /// An operator on one lane.
    pub(crate) fn lane(&mut self, op: Lane, lane: u8) {
        let operands = self.pop_numbers(op.params());
        self.emit_sequence(operands, op.result(), false, |sequence, regs| {
            sequence.lane(op, lane, regs);
        });
    }

    /// `i8x16.shuffle`.
    pub(crate) fn shuffle(&mut self, lanes: [u8; 16]) {
        let operands = self.pop_numbers(&[Type::V128, Type::V128]);
        self.emit_sequence(operands, Type::V128, true, |sequence, regs| {
            sequence.shuffle(lanes, regs);
        });
    }

    /// A load of a vector that is not just its bytes.
    pub(crate) fn load_vector(&mut self, op: Load, arg: MemArg) {
        let at = self.address(arg, op.bytes());
        let to = self.result_xmm();
        let mem = at.mem;
        // The instruction that may fault comes first in each of these.
        self.fault(Trap::MemoryOutOfBounds);
        match op {
            Load::V128Load8x8S => self.asm.vec_unary(VecOp::PMOVSXBW, to, mem),
            Load::V128Load8x8U => self.asm.vec_unary(VecOp::PMOVZXBW, to, mem),
            Load::V128Load16x4S => self.asm.vec_unary(VecOp::PMOVSXWD, to, mem),
            Load::V128Load16x4U => self.asm.vec_unary(VecOp::PMOVZXWD, to, mem),
            Load::V128Load32x2S => self.asm.vec_unary(VecOp::PMOVSXDQ, to, mem),
            Load::V128Load32x2U => self.asm.vec_unary(VecOp::PMOVZXDQ, to, mem),
            Load::V128Load32Zero => self.asm.vec_unary(VecOp::MOVSS, to, mem),
            Load::V128Load64Zero => self.asm.vec_unary(VecOp::MOVSD, to, mem),
            Load::V128Load64Splat => self.asm.vec_unary(VecOp::MOVDDUP, to, mem),
            Load::V128Load32Splat => {
                self.asm.vec_unary(VecOp::MOVSS, to, mem);
                self.asm.vec_unary_imm(VecOp::PSHUFD, to, to, 0);
            }
            _ => {
                let lanes = match op {
                    Load::V128Load8Splat => Size::S8,
                    _ => Size::S16,
                };
                self.asm.load(lanes, SCRATCH, mem);
                self.asm.xmm_from_gpr(Size::S32, to, SCRATCH);
                self.splat(lanes, to);
            }
        }
        self.release_operand(at.operand());
        self.push_xmm(Kind::V128, to);
    }

    /// Fills a register with its lowest lane.
    fn splat(&mut self, lanes: Size, x: Xmm) {
        let mut sequence = Sequence {
            asm: self.asm,
            temps: [SCRATCH_XMM; 2],
            scratch: SCRATCH_XMM,
            gpr: SCRATCH,
            deterministic: false,
        };
        sequence.splat_low(lanes, x);
    }

    /// A load of one lane.
    pub(crate) fn load_lane(&mut self, op: LoadLane, arg: MemArg, lane: u8) {
        let vector = self.pop_xmm_mut();
        let at = self.address(arg, op.bytes());
        let lanes = match op {
            LoadLane::V128Load8Lane => Size::S8,
            LoadLane::V128Load16Lane => Size::S16,
            LoadLane::V128Load32Lane => Size::S32,
            LoadLane::V128Load64Lane => Size::S64,
        };
        self.fault(Trap::MemoryOutOfBounds);
        self.asm.vec_insert(lanes, vector, vector, at.mem, lane);
        self.release_operand(at.operand());
        self.push(Kind::V128, Place::Xmm(vector));
    }

    /// A store of one lane.
    pub(crate) fn store_lane(&mut self, op: StoreLane, arg: MemArg, lane: u8) {
        let vector = self.pop_xmm();
        let at = self.address(arg, op.bytes());
        let lanes = match op {
            StoreLane::V128Store8Lane => Size::S8,
            StoreLane::V128Store16Lane => Size::S16,
            StoreLane::V128Store32Lane => Size::S32,
            StoreLane::V128Store64Lane => Size::S64,
        };
        self.fault(Trap::MemoryOutOfBounds);
        match (lanes, lane) {
            (Size::S32, 0) => self.asm.vec_store(VecOp::MOVSS, at.mem, vector),
            (Size::S64, 0) => self.asm.vec_store(VecOp::MOVLPS, at.mem, vector),
            (Size::S64, _) => self.asm.vec_store(VecOp::MOVHPS, at.mem, vector),
            _ => self.asm.vec_extract(lanes, at.mem, vector, lane),
        }
        self.release_operand(at.operand());
        self.release_xmm(vector);
    }
}
