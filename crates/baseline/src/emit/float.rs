//! Operators that only compute, and have floats or vectors among their operands and results.
//!
//! Apart from integers because these operators find their operands in registers, with few exceptions, and what they do there is
//! a sequence of its own.

use crate::emitter::Emitter;
use crate::kind::Kind;
use crate::regs::{SCRATCH, SCRATCH_XMM};
use crate::sequence::{
    ConversionTraps, FloatCompare, Regs, Sequence, float_compare, needs_no_temps, one_instruction,
    shifts_lanes,
};
use crate::stack::{Entry, Place, XmmOperand};
use asm::x64::{Cond, Gpr, Size, VecOp, Xmm};
use ops::{Compute, Trap, Type};

impl Emitter<'_> {
    /// Code for an operator with floats or vectors, if this is one and there is some.
    pub(crate) fn float_or_vector(&mut self, op: Compute) -> bool {
        if let Some(row) = one_instruction(op, self.settings.deterministic) {
            self.one_instruction(op, row);
            return true;
        }
        if let Some(compare) = float_compare(op) {
            self.compare_floats(op, compare);
            return true;
        }
        let is_integer = |ty: &Type| matches!(ty, Type::I32 | Type::I64);
        if is_integer(&op.result()) && op.params().iter().all(is_integer) {
            return false;
        }
        if let Some(&Entry {
            place: Place::Const(count),
            ..
        }) = self.stack.last()
            && shifts_lanes(op)
        {
            self.drop_operand();
            let operands = self.pop_numbers(&[Type::V128]);
            self.emit_sequence(operands, Type::V128, true, |sequence, regs| {
                sequence.shift_by_constant(op, count, regs);
            });
            return true;
        }
        self.sequence(op);
        true
    }

    /// One instruction with two sources, of which the second may be in memory.
    fn one_instruction(&mut self, op: Compute, row: VecOp) {
        let kind = Kind::from(op.result());
        let b = self.vector_source(kind);
        let a = self.pop_xmm();
        let to = self.result_instead_of(a);
        match b {
            XmmOperand::Mem(mem) => self.asm.vec(row, to, a, mem),
            XmmOperand::Xmm(b) if b != to || a == to || self.asm.features().avx => {
                self.asm.vec(row, to, a, b);
            }
            XmmOperand::Xmm(b) => {
                self.asm.vec_mov(SCRATCH_XMM, b);
                self.asm.vec(row, to, a, SCRATCH_XMM);
            }
        }
        self.release_xmm_operand(b);
        if a != to {
            self.release_xmm(a);
        }
        self.push_xmm(kind, to);
    }

    /// Pops an operand that an instruction may read from memory, aligned or not.
    fn vector_source(&mut self, kind: Kind) -> XmmOperand {
        if kind == Kind::V128 && !self.asm.features().avx {
            return XmmOperand::Xmm(self.pop_xmm());
        }
        self.pop_xmm_operand()
    }

    /// A register for a result: the home that it goes to, or the temporary register of an operand, or another.
    fn result_instead_of(&mut self, operand: Xmm) -> Xmm {
        if self.wanted_home(true).is_none() && self.is_temp_xmm(operand) {
            return operand;
        }
        self.result_xmm()
    }

    fn compare_floats(&mut self, op: Compute, compare: FloatCompare) {
        let kind = Kind::from(op.params()[0]);
        let (x, y, cond) = match compare {
            FloatCompare::Flags { swapped: true, .. } => {
                let b = self.pop_xmm();
                (b, self.vector_source(kind), compare)
            }
            _ => {
                let b = self.vector_source(kind);
                (self.pop_xmm(), b, compare)
            }
        };
        let cond = match cond {
            FloatCompare::Flags { op, cond, .. } => {
                match y {
                    XmmOperand::Xmm(y) => self.asm.vec_unary(op, x, y),
                    XmmOperand::Mem(y) => self.asm.vec_unary(op, x, y),
                }
                cond
            }
            FloatCompare::Mask { op, predicate } => {
                match y {
                    XmmOperand::Xmm(y) => self.asm.vec_imm(op, SCRATCH_XMM, x, y, predicate),
                    XmmOperand::Mem(y) => self.asm.vec_imm(op, SCRATCH_XMM, x, y, predicate),
                }
                self.asm.gpr_from_xmm(Size::S32, SCRATCH, SCRATCH_XMM);
                self.asm.test(Size::S32, SCRATCH, SCRATCH);
                Cond::NotEqual
            }
        };
        self.release_xmm_operand(y);
        self.release_xmm(x);
        self.push_cond(cond);
    }

    /// An operator whose operands are in registers.
    fn sequence(&mut self, op: Compute) {
        let traps = op.can_trap().then(|| ConversionTraps {
            invalid: self.trap_label(Trap::InvalidConversion),
            overflow: self.trap_label(Trap::IntegerOverflow),
        });
        let operands = self.pop_numbers(op.params());
        self.emit_sequence(
            operands,
            op.result(),
            !needs_no_temps(op),
            |sequence, regs| {
                let done = match traps {
                    Some(traps) => sequence.convert_or_trap(op, regs, traps),
                    None => sequence.compute(op, regs),
                };
                assert!(done, "{op:?} has no code");
            },
        );
    }

    /// Pops operands of these types into registers.
    pub(crate) fn pop_numbers(&mut self, types: &'static [Type]) -> Numbers {
        let mut regs = [0; 3];
        for (reg, &ty) in regs.iter_mut().zip(types).rev() {
            *reg = match Kind::from(ty).is_xmm() {
                true => self.pop_xmm().number(),
                false => self.pop_gpr().number(),
            };
        }
        Numbers { types, regs }
    }

    /// Emits a sequence that reads operands, gives back their registers, and pushes the result.
    pub(crate) fn emit_sequence(
        &mut self,
        operands: Numbers,
        result: Type,
        with_temps: bool,
        emit: impl FnOnce(&mut Sequence<'_>, Regs),
    ) {
        let kind = Kind::from(result);
        let dst = self.result_number(kind, operands);
        let temps = match with_temps {
            true => [self.alloc_xmm(), self.alloc_xmm()],
            false => [SCRATCH_XMM; 2],
        };
        let regs = Regs {
            dst,
            args: operands.regs,
        };
        let mut sequence = Sequence {
            asm: self.asm,
            temps,
            scratch: SCRATCH_XMM,
            gpr: SCRATCH,
            deterministic: self.settings.deterministic,
        };
        emit(&mut sequence, regs);
        if with_temps {
            temps.into_iter().for_each(|temp| self.release_xmm(temp));
        }
        for (is_xmm, reg) in operands.each() {
            match is_xmm {
                _ if is_xmm == kind.is_xmm() && reg == dst => {}
                true => self.release_xmm(Xmm::new(reg)),
                false => self.release(Gpr::new(reg)),
            }
        }
        match kind.is_xmm() {
            true => self.push_xmm(kind, Xmm::new(dst)),
            false => self.push_gpr(kind, Gpr::new(dst)),
        }
    }

    /// A register for a result: the home that it goes to, or the temporary register of an operand, or another.
    fn result_number(&mut self, kind: Kind, operands: Numbers) -> u8 {
        let class = kind.is_xmm();
        if self.wanted_home(class).is_none() {
            let found = operands.each().find(|&(is_xmm, reg)| match is_xmm {
                true => class && self.is_temp_xmm(Xmm::new(reg)),
                false => !class && self.is_temp(Gpr::new(reg)),
            });
            if let Some((_, reg)) = found {
                return reg;
            }
        }
        match class {
            true => self.result_xmm().number(),
            false => self.result_gpr().number(),
        }
    }
}

/// Operands in registers, temporary ones or homes.
#[derive(Clone, Copy)]
pub(crate) struct Numbers {
    types: &'static [Type],
    pub(crate) regs: [u8; 3],
}

impl Numbers {
    /// Of each, whether it is in a vector register, and the register.
    fn each(self) -> impl Iterator<Item = (bool, u8)> {
        let types = self.types.iter().map(|&ty| Kind::from(ty).is_xmm());
        types.zip(self.regs)
    }
}
