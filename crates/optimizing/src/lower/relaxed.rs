//! Relaxed operators on vectors, whose meaning is partly ours to choose: what one instruction of the processor does.
//!
//! Apart from other vectors because there are two ways: the fast one, and that of the deterministic profile, which is the
//! meaning of the rows. A choice holds for all code of a compiler, since the specification allows a program to rely on one
//! meaning throughout; constants are not folded for the same reason.

use super::Lower;
use super::vector::{Half, Sign};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F32X4, F64X2, I8X16, I16X8, I32X4, I64X2};
use cranelift_codegen::ir::{ConstantData, InstBuilder, Opcode, Type, Value};
use ops::Compute;

impl Lower<'_> {
    /// Code for a relaxed operator; `None` for all others.
    pub(super) fn relaxed(&mut self, op: Compute, args: [ir::Value; 3]) -> Option<Value> {
        use Compute::*;
        if let Some(strict) = op.strict(self.settings.deterministic) {
            return self.vector(strict, args);
        }
        let [a, b, c] = args;
        Some(match op {
            F32x4RelaxedMadd => self.multiply_add(F32X4, args, false),
            F64x2RelaxedMadd => self.multiply_add(F64X2, args, false),
            F32x4RelaxedNmadd => self.multiply_add(F32X4, args, true),
            F64x2RelaxedNmadd => self.multiply_add(F64X2, args, true),
            I16x8RelaxedDotI8x16I7x16S => self.dot_of_bytes(a, b),
            I32x4RelaxedDotI8x16I7x16AddS => {
                let dot = self.dot_of_bytes(a, b);
                let sum = self.add_pairs_clif(dot, Sign::Signed);
                let c = self.lanes(c, I32X4);
                self.pos.ins().iadd(sum, c)
            }
            // From here on: what the processor does, at ease with operands that a strict meaning must look for.
            I8x16RelaxedSwizzle => {
                let (a, b) = (self.lanes(a, I8X16), self.lanes(b, I8X16));
                self.pos.ins().x86_pshufb(a, b)
            }
            I32x4RelaxedTruncF32x4S => {
                let a = self.lanes(a, F32X4);
                self.pos.ins().x86_cvtt2dq(I32X4, a)
            }
            I32x4RelaxedTruncF64x2SZero => {
                let (a, zero) = (self.lanes(a, F64X2), self.zero(I64X2));
                let wide = self.pos.ins().x86_cvtt2dq(I64X2, a);
                self.pos.ins().snarrow(wide, zero)
            }
            I8x16RelaxedLaneselect => self.blend(I8X16, args),
            I32x4RelaxedLaneselect => self.blend(I32X4, args),
            I64x2RelaxedLaneselect => self.blend(I64X2, args),
            I16x8RelaxedQ15mulrS => {
                let (a, b) = (self.lanes(a, I16X8), self.lanes(b, I16X8));
                self.pos.ins().x86_pmulhrsw(a, b)
            }
            _ => return None,
        })
    }

    /// `a * b + c`, or with `-a`: rounded once if the processor can, else twice.
    fn multiply_add(&mut self, lanes: Type, args: [ir::Value; 3], negated: bool) -> Value {
        let [mut a, b, c] = args.map(|value| self.lanes(value, lanes));
        if negated {
            a = self.unary(Opcode::Fneg, a);
        }
        if self.has_fma && !self.settings.deterministic {
            return self.pos.ins().fma(a, b, c);
        }
        let product = self.binary_clif(Opcode::Fmul, a, b);
        self.binary_clif(Opcode::Fadd, product, c)
    }

    /// The sum of the products of each two neighbours among bytes, saturated.
    fn dot_of_bytes(&mut self, a: ir::Value, b: ir::Value) -> Value {
        let (a, b) = (self.lanes(a, I8X16), self.lanes(b, I8X16));
        if !self.settings.deterministic {
            return self.pos.ins().x86_pmaddubsw(a, b);
        }
        let [low, high] = [Half::Low, Half::High].map(|half| {
            let a = self.widened_clif(a, Sign::Signed, half);
            let b = self.widened_clif(b, Sign::Signed, half);
            self.pos.ins().imul(a, b)
        });
        let sum = self.pos.ins().iadd_pairwise(low, high);
        // One sum does not fit, of four times -128, and no other gives what it wraps to.
        let least = ConstantData::from(&[0x00, 0x80].repeat(8)[..]);
        let least = self.pos.func.dfg.constants.insert(least);
        let least = self.pos.ins().vconst(I16X8, least);
        let is_least = self.pos.ins().icmp(IntCC::Equal, sum, least);
        self.pos.ins().bxor(sum, is_least)
    }

    /// Of each lane `a` if the mask's highest bit is set, else `b`.
    fn blend(&mut self, lanes: Type, args: [ir::Value; 3]) -> Value {
        let [a, b, mask] = args.map(|value| self.lanes(value, lanes));
        self.pos.ins().blendv(mask, a, b)
    }
}
