//! What an operator on floats or vectors is in instructions, when its operands are in registers.
//!
//! Apart from the operand stack, so that a sequence of instructions can be read as such: it is given registers and gives no
//! thought to where they come from. Operators that are one instruction are rows of `rows`; the others stand in a file for each
//! kind.
//!
//! **Invariant:** `dst` may be the register of any operand, so a sequence writes it only when it has read all operands, or in
//! one instruction that reads the last of them. No other operand is written. Temporaries differ from everything else.

mod convert;
mod float;
mod lanes;
mod relaxed;
mod rows;
#[cfg(test)]
mod tests;
mod vector;

pub(crate) use convert::ConversionTraps;
pub(crate) use float::{FloatCompare, float_compare};
pub(crate) use vector::shifts_lanes;

use asm::x64::{Assembler, Constant, Gpr, Mem, Size, VecOp, Xmm};
use ops::Compute;

/// The registers of an operator, as numbers: its types say of which class each is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Regs {
    pub(crate) dst: u8,
    pub(crate) args: [u8; 3],
}

impl Regs {
    fn dst(self) -> Xmm {
        Xmm::new(self.dst)
    }

    fn dst_gpr(self) -> Gpr {
        Gpr::new(self.dst)
    }

    fn a(self) -> Xmm {
        Xmm::new(self.args[0])
    }

    fn b(self) -> Xmm {
        Xmm::new(self.args[1])
    }

    fn c(self) -> Xmm {
        Xmm::new(self.args[2])
    }

    fn a_gpr(self) -> Gpr {
        Gpr::new(self.args[0])
    }

    fn b_gpr(self) -> Gpr {
        Gpr::new(self.args[1])
    }
}

/// Emits sequences with these registers besides the operands'.
pub(crate) struct Sequence<'a> {
    pub(crate) asm: &'a mut Assembler,
    /// Temporaries of the operator.
    pub(crate) temps: [Xmm; 2],
    /// Free between any two instructions.
    pub(crate) scratch: Xmm,
    /// Free between any two instructions.
    pub(crate) gpr: Gpr,
    /// Whether NaNs are canonical and relaxed operators mean what their rows say.
    pub(crate) deterministic: bool,
}

impl Sequence<'_> {
    /// Code for an operator that cannot trap and has an operand or a result that is no integer. Whether there is some.
    pub(crate) fn compute(&mut self, op: Compute, regs: Regs) -> bool {
        if let Some(row) = rows::two(op) {
            self.op(row, regs.dst(), regs.a(), regs.b());
            return true;
        }
        if let Some(row) = rows::one(op) {
            self.asm.vec_unary(row, regs.dst(), regs.a());
            return true;
        }
        self.float(op, regs)
            || self.convert(op, regs)
            || self.vector(op, regs)
            || self.lanes(op, regs)
            || self.relaxed(op, regs)
    }

    /// `op dst, x, y`, whichever of them are the same.
    fn op(&mut self, op: VecOp, dst: Xmm, x: Xmm, y: Xmm) {
        if self.overwrites(op, dst, x, y) {
            self.asm.vec_mov(self.scratch, y);
            self.asm.vec(op, dst, x, self.scratch);
        } else {
            self.asm.vec(op, dst, x, y);
        }
    }

    /// `op dst, x, y, imm`, whichever of them are the same.
    fn op_imm(&mut self, op: VecOp, dst: Xmm, x: Xmm, y: Xmm, imm: u8) {
        if self.overwrites(op, dst, x, y) {
            self.asm.vec_mov(self.scratch, y);
            self.asm.vec_imm(op, dst, x, self.scratch, imm);
        } else {
            self.asm.vec_imm(op, dst, x, y, imm);
        }
    }

    /// Whether without AVX the copy of `x` to `dst` would overwrite `y`.
    fn overwrites(&self, op: VecOp, dst: Xmm, x: Xmm, y: Xmm) -> bool {
        !self.asm.features().avx && dst == y && dst != x && !op.is_commutative()
    }

    /// `op dst, x, constant`.
    fn op_const(&mut self, op: VecOp, dst: Xmm, x: Xmm, constant: u128) {
        let constant = self.asm.constant128(constant);
        self.asm.vec(op, dst, x, Mem::constant(constant));
    }

    /// `op dst, constant, y`.
    fn const_op(&mut self, op: VecOp, dst: Xmm, constant: u128, y: Xmm) {
        let constant = self.asm.constant128(constant);
        self.asm
            .vec_unary(VecOp::MOVAPS, self.scratch, Mem::constant(constant));
        self.asm.vec(op, self.scratch, self.scratch, y);
        self.asm.vec_mov(dst, self.scratch);
    }

    /// A constant of 16 bytes with the same value in all lanes.
    fn all32(&mut self, lane: u32) -> Constant {
        self.asm.constant128(splat32(lane))
    }

    /// The bits of an integer register, 32 of them zero-extended, in the scratch register.
    fn widened(&mut self, from: Gpr) -> Gpr {
        self.asm.mov(Size::S32, self.gpr, from);
        self.gpr
    }
}

/// The instruction with two sources that an operator is, if it is one and nothing else.
pub(crate) fn one_instruction(op: Compute, deterministic: bool) -> Option<VecOp> {
    match rows::arithmetic(op) {
        Some(row) if !deterministic => Some(row),
        _ => rows::two(op),
    }
}

/// Whether an operator on floats, with one result, does without temporaries.
pub(crate) fn needs_no_temps(op: Compute) -> bool {
    use Compute::*;
    matches!(
        op,
        F32Abs
            | F64Abs
            | F32Neg
            | F64Neg
            | F32Ceil
            | F64Ceil
            | F32Floor
            | F64Floor
            | F32Trunc
            | F64Trunc
            | F32Nearest
            | F64Nearest
            | F32Sqrt
            | F64Sqrt
            | F32Min
            | F64Min
            | F32Max
            | F64Max
            | F32DemoteF64
            | F64PromoteF32
            | F32ConvertI32S
            | F64ConvertI32S
            | F32ConvertI32U
            | F64ConvertI32U
            | F32ConvertI64S
            | F64ConvertI64S
            | F32ConvertI64U
            | I32ReinterpretF32
            | I64ReinterpretF64
            | F32ReinterpretI32
            | F64ReinterpretI64
            | I32TruncF32U
            | I32TruncF64U
    )
}

const fn splat8(lane: u8) -> u128 {
    u128::MAX / 0xFF * lane as u128
}

const fn splat16(lane: u16) -> u128 {
    u128::MAX / 0xFFFF * lane as u128
}

const fn splat32(lane: u32) -> u128 {
    u128::MAX / 0xFFFF_FFFF * lane as u128
}

const fn splat64(lane: u64) -> u128 {
    (lane as u128) << 64 | lane as u128
}
