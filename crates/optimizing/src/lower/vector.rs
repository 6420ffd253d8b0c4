//! Operators on vectors: what each row of `ops::Compute` and `ops::Lane` becomes.
//!
//! Apart from numbers because a vector has no lanes until an operator sees it: each arm says what lanes it works on.

use super::Lower;
use crate::signature::VECTOR;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{F32X4, F64X2, I8X16, I16X8, I32X4, I64X2};
use cranelift_codegen::ir::{ConstantData, InstBuilder, Opcode, Type, Value, types};
use ops::{Compute, Lane};

/// Which half of a vector's lanes.
#[derive(Clone, Copy)]
pub(super) enum Half {
    Low,
    High,
}

/// How lanes are widened.
#[derive(Clone, Copy)]
pub(super) enum Sign {
    Signed,
    Unsigned,
}

use Half::{High, Low};
use Sign::{Signed, Unsigned};

fn widening(sign: Sign, half: Half) -> Opcode {
    match (sign, half) {
        (Signed, Low) => Opcode::SwidenLow,
        (Signed, High) => Opcode::SwidenHigh,
        (Unsigned, Low) => Opcode::UwidenLow,
        (Unsigned, High) => Opcode::UwidenHigh,
    }
}

impl Lower<'_> {
    /// Code for an operator on vectors, if there is any.
    pub(super) fn vector(&mut self, op: Compute, args: [ir::Value; 3]) -> Option<Value> {
        if let Some((opcode, lanes)) = two_vectors(op) {
            let (a, b) = (self.lanes(args[0], lanes), self.lanes(args[1], lanes));
            return Some(self.binary_clif(opcode, a, b));
        }
        if let Some((opcode, lanes)) = one_vector(op) {
            let a = self.lanes(args[0], lanes);
            return Some(self.unary(opcode, a));
        }
        if let Some((opcode, lanes)) = shift(op) {
            let a = self.lanes(args[0], lanes);
            let count = self.value(args[1]);
            return Some(self.binary_clif(opcode, a, count));
        }
        if let Some((cond, lanes)) = comparison(op) {
            let (a, b) = (self.lanes(args[0], lanes), self.lanes(args[1], lanes));
            return Some(self.pos.ins().icmp(cond, a, b));
        }
        if let Some((cond, lanes)) = float_comparison(op) {
            let (a, b) = (self.lanes(args[0], lanes), self.lanes(args[1], lanes));
            return Some(self.pos.ins().fcmp(cond, a, b));
        }
        if let Some((sign, half, lanes)) = product(op) {
            let a = self.widened(args[0], lanes, sign, half);
            let b = self.widened(args[1], lanes, sign, half);
            return Some(self.pos.ins().imul(a, b));
        }
        self.rare_vector(op, args)
    }

    fn widened(&mut self, value: ir::Value, lanes: Type, sign: Sign, half: Half) -> Value {
        let value = self.lanes(value, lanes);
        self.widened_clif(value, sign, half)
    }

    pub(super) fn widened_clif(&mut self, value: Value, sign: Sign, half: Half) -> Value {
        let lanes = self.pos.func.dfg.value_type(value);
        let (inst, dfg) = self.pos.ins().Unary(widening(sign, half), lanes, value);
        dfg.first_result(inst)
    }

    /// Operators that are like no others.
    fn rare_vector(&mut self, op: Compute, args: [ir::Value; 3]) -> Option<Value> {
        use Compute::*;
        let [a, b, c] = args;
        Some(match op {
            I8x16Splat => self.splat_reduced(a, types::I8, I8X16),
            I16x8Splat => self.splat_reduced(a, types::I16, I16X8),
            I32x4Splat => self.splat(a, I32X4),
            I64x2Splat => self.splat(a, I64X2),
            F32x4Splat => self.splat(a, F32X4),
            F64x2Splat => self.splat(a, F64X2),
            V128Bitselect => {
                let (a, b, mask) = (self.value(a), self.value(b), self.value(c));
                self.pos.ins().bitselect(mask, a, b)
            }
            V128AndNot => {
                let (a, b) = (self.value(a), self.value(b));
                let not_b = self.pos.ins().bnot(b);
                self.pos.ins().band(a, not_b)
            }
            V128AnyTrue => {
                let a = self.value(a);
                self.pos.ins().vany_true(a)
            }
            I8x16AllTrue => self.all_true(a, I8X16),
            I16x8AllTrue => self.all_true(a, I16X8),
            I32x4AllTrue => self.all_true(a, I32X4),
            I64x2AllTrue => self.all_true(a, I64X2),
            I8x16Bitmask => self.bitmask(a, I8X16),
            I16x8Bitmask => self.bitmask(a, I16X8),
            I32x4Bitmask => self.bitmask(a, I32X4),
            I64x2Bitmask => self.bitmask(a, I64X2),
            I16x8ExtAddPairwiseI8x16S => self.add_pairs(a, I8X16, Signed),
            I16x8ExtAddPairwiseI8x16U => self.add_pairs(a, I8X16, Unsigned),
            I32x4ExtAddPairwiseI16x8S => self.add_pairs(a, I16X8, Signed),
            I32x4ExtAddPairwiseI16x8U => self.add_pairs(a, I16X8, Unsigned),
            I32x4DotI16x8S => {
                let products = [Low, High].map(|half| {
                    let a = self.widened(a, I16X8, Signed, half);
                    let b = self.widened(b, I16X8, Signed, half);
                    self.pos.ins().imul(a, b)
                });
                self.pos.ins().iadd_pairwise(products[0], products[1])
            }
            F32x4PMin => self.pseudo_minimum(a, b, F32X4),
            F64x2PMin => self.pseudo_minimum(a, b, F64X2),
            F32x4PMax => self.pseudo_maximum(a, b, F32X4),
            F64x2PMax => self.pseudo_maximum(a, b, F64X2),
            I32x4TruncSatF32x4S => {
                let a = self.lanes(a, F32X4);
                self.pos.ins().fcvt_to_sint_sat(I32X4, a)
            }
            I32x4TruncSatF32x4U => {
                let a = self.lanes(a, F32X4);
                self.pos.ins().fcvt_to_uint_sat(I32X4, a)
            }
            I32x4TruncSatF64x2SZero => {
                let (a, zero) = (self.lanes(a, F64X2), self.zero(I64X2));
                let wide = self.pos.ins().fcvt_to_sint_sat(I64X2, a);
                self.pos.ins().snarrow(wide, zero)
            }
            I32x4TruncSatF64x2UZero => {
                let (a, zero) = (self.lanes(a, F64X2), self.zero(I64X2));
                let wide = self.pos.ins().fcvt_to_uint_sat(I64X2, a);
                self.pos.ins().uunarrow(wide, zero)
            }
            F32x4ConvertI32x4S => {
                let a = self.lanes(a, I32X4);
                self.pos.ins().fcvt_from_sint(F32X4, a)
            }
            F32x4ConvertI32x4U => {
                let a = self.lanes(a, I32X4);
                self.pos.ins().fcvt_from_uint(F32X4, a)
            }
            F64x2ConvertLowI32x4S => {
                let wide = self.widened(a, I32X4, Signed, Low);
                self.pos.ins().fcvt_from_sint(F64X2, wide)
            }
            F64x2ConvertLowI32x4U => {
                let wide = self.widened(a, I32X4, Unsigned, Low);
                self.pos.ins().fcvt_from_uint(F64X2, wide)
            }
            F64x2PromoteLowF32x4 => {
                let a = self.lanes(a, F32X4);
                self.pos.ins().fvpromote_low(a)
            }
            F32x4DemoteF64x2Zero => {
                let a = self.lanes(a, F64X2);
                self.pos.ins().fvdemote(a)
            }
            _ => return None,
        })
    }

    fn splat(&mut self, value: ir::Value, lanes: Type) -> Value {
        let value = self.value(value);
        self.pos.ins().splat(lanes, value)
    }

    fn splat_reduced(&mut self, value: ir::Value, lane: Type, lanes: Type) -> Value {
        let value = self.value(value);
        let value = self.pos.ins().ireduce(lane, value);
        self.pos.ins().splat(lanes, value)
    }

    pub(super) fn zero(&mut self, lanes: Type) -> Value {
        let constant = self
            .pos
            .func
            .dfg
            .constants
            .insert(ConstantData::from(&[0; 16][..]));
        self.pos.ins().vconst(lanes, constant)
    }

    fn all_true(&mut self, value: ir::Value, lanes: Type) -> Value {
        let value = self.lanes(value, lanes);
        self.pos.ins().vall_true(value)
    }

    fn bitmask(&mut self, value: ir::Value, lanes: Type) -> Value {
        let value = self.lanes(value, lanes);
        self.pos.ins().vhigh_bits(types::I32, value)
    }

    fn add_pairs(&mut self, value: ir::Value, lanes: Type, sign: Sign) -> Value {
        let value = self.lanes(value, lanes);
        self.add_pairs_clif(value, sign)
    }

    pub(super) fn add_pairs_clif(&mut self, value: Value, sign: Sign) -> Value {
        let low = self.widened_clif(value, sign, Low);
        let high = self.widened_clif(value, sign, High);
        self.pos.ins().iadd_pairwise(low, high)
    }

    /// `b < a ? b : a`, in the order that Cranelift knows to be one instruction.
    fn pseudo_minimum(&mut self, a: ir::Value, b: ir::Value, lanes: Type) -> Value {
        let (a, b) = (self.lanes(a, lanes), self.lanes(b, lanes));
        let is_less = self.pos.ins().fcmp(FloatCC::LessThan, b, a);
        let is_less = self.with_lanes(is_less, lanes);
        self.pos.ins().bitselect(is_less, b, a)
    }

    /// `a < b ? b : a`, in the order that Cranelift knows to be one instruction.
    fn pseudo_maximum(&mut self, a: ir::Value, b: ir::Value, lanes: Type) -> Value {
        let (a, b) = (self.lanes(a, lanes), self.lanes(b, lanes));
        let is_less = self.pos.ins().fcmp(FloatCC::LessThan, a, b);
        let is_less = self.with_lanes(is_less, lanes);
        self.pos.ins().bitselect(is_less, b, a)
    }

    pub(super) fn shuffle(&mut self, lanes: u32, args: [ir::Value; 2]) -> Value {
        let data = ConstantData::from(&self.func.vector(lanes).0[..]);
        let mask = self.pos.func.dfg.immediates.push(data);
        let (a, b) = (self.value(args[0]), self.value(args[1]));
        self.pos.ins().shuffle(a, b, mask)
    }

    /// Code for an operator on one lane.
    pub(super) fn lane(&mut self, op: Lane, lane: u8, args: [ir::Value; 2]) -> Value {
        let [vector, value] = args;
        let lanes = lanes_of(op);
        let vector = self.lanes(vector, lanes);
        match op {
            Lane::I8x16ExtractLaneS | Lane::I16x8ExtractLaneS => {
                let value = self.pos.ins().extractlane(vector, lane);
                self.pos.ins().sextend(types::I32, value)
            }
            Lane::I8x16ExtractLaneU | Lane::I16x8ExtractLaneU => {
                let value = self.pos.ins().extractlane(vector, lane);
                self.pos.ins().uextend(types::I32, value)
            }
            Lane::I32x4ExtractLane
            | Lane::I64x2ExtractLane
            | Lane::F32x4ExtractLane
            | Lane::F64x2ExtractLane => self.pos.ins().extractlane(vector, lane),
            Lane::I8x16ReplaceLane | Lane::I16x8ReplaceLane => {
                let value = self.value(value);
                let value = self.pos.ins().ireduce(lanes.lane_type(), value);
                self.pos.ins().insertlane(vector, value, lane)
            }
            Lane::I32x4ReplaceLane
            | Lane::I64x2ReplaceLane
            | Lane::F32x4ReplaceLane
            | Lane::F64x2ReplaceLane => {
                let value = self.value(value);
                self.pos.ins().insertlane(vector, value, lane)
            }
        }
    }
}

fn lanes_of(op: Lane) -> Type {
    match op {
        Lane::I8x16ExtractLaneS | Lane::I8x16ExtractLaneU | Lane::I8x16ReplaceLane => I8X16,
        Lane::I16x8ExtractLaneS | Lane::I16x8ExtractLaneU | Lane::I16x8ReplaceLane => I16X8,
        Lane::I32x4ExtractLane | Lane::I32x4ReplaceLane => I32X4,
        Lane::I64x2ExtractLane | Lane::I64x2ReplaceLane => I64X2,
        Lane::F32x4ExtractLane | Lane::F32x4ReplaceLane => F32X4,
        Lane::F64x2ExtractLane | Lane::F64x2ReplaceLane => F64X2,
    }
}

/// Operators that are one instruction on two vectors.
fn two_vectors(op: Compute) -> Option<(Opcode, Type)> {
    use Compute::*;
    Some(match op {
        V128And => (Opcode::Band, VECTOR),
        V128Or => (Opcode::Bor, VECTOR),
        V128Xor => (Opcode::Bxor, VECTOR),
        I8x16Swizzle => (Opcode::Swizzle, I8X16),
        I8x16Add => (Opcode::Iadd, I8X16),
        I16x8Add => (Opcode::Iadd, I16X8),
        I32x4Add => (Opcode::Iadd, I32X4),
        I64x2Add => (Opcode::Iadd, I64X2),
        I8x16Sub => (Opcode::Isub, I8X16),
        I16x8Sub => (Opcode::Isub, I16X8),
        I32x4Sub => (Opcode::Isub, I32X4),
        I64x2Sub => (Opcode::Isub, I64X2),
        I16x8Mul => (Opcode::Imul, I16X8),
        I32x4Mul => (Opcode::Imul, I32X4),
        I64x2Mul => (Opcode::Imul, I64X2),
        I8x16AddSatS => (Opcode::SaddSat, I8X16),
        I16x8AddSatS => (Opcode::SaddSat, I16X8),
        I8x16AddSatU => (Opcode::UaddSat, I8X16),
        I16x8AddSatU => (Opcode::UaddSat, I16X8),
        I8x16SubSatS => (Opcode::SsubSat, I8X16),
        I16x8SubSatS => (Opcode::SsubSat, I16X8),
        I8x16SubSatU => (Opcode::UsubSat, I8X16),
        I16x8SubSatU => (Opcode::UsubSat, I16X8),
        I8x16MinS => (Opcode::Smin, I8X16),
        I16x8MinS => (Opcode::Smin, I16X8),
        I32x4MinS => (Opcode::Smin, I32X4),
        I8x16MinU => (Opcode::Umin, I8X16),
        I16x8MinU => (Opcode::Umin, I16X8),
        I32x4MinU => (Opcode::Umin, I32X4),
        I8x16MaxS => (Opcode::Smax, I8X16),
        I16x8MaxS => (Opcode::Smax, I16X8),
        I32x4MaxS => (Opcode::Smax, I32X4),
        I8x16MaxU => (Opcode::Umax, I8X16),
        I16x8MaxU => (Opcode::Umax, I16X8),
        I32x4MaxU => (Opcode::Umax, I32X4),
        I8x16AvgrU => (Opcode::AvgRound, I8X16),
        I16x8AvgrU => (Opcode::AvgRound, I16X8),
        I16x8Q15MulrSatS => (Opcode::SqmulRoundSat, I16X8),
        I8x16NarrowI16x8S => (Opcode::Snarrow, I16X8),
        I8x16NarrowI16x8U => (Opcode::Unarrow, I16X8),
        I16x8NarrowI32x4S => (Opcode::Snarrow, I32X4),
        I16x8NarrowI32x4U => (Opcode::Unarrow, I32X4),
        F32x4Add => (Opcode::Fadd, F32X4),
        F64x2Add => (Opcode::Fadd, F64X2),
        F32x4Sub => (Opcode::Fsub, F32X4),
        F64x2Sub => (Opcode::Fsub, F64X2),
        F32x4Mul => (Opcode::Fmul, F32X4),
        F64x2Mul => (Opcode::Fmul, F64X2),
        F32x4Div => (Opcode::Fdiv, F32X4),
        F64x2Div => (Opcode::Fdiv, F64X2),
        F32x4Min => (Opcode::Fmin, F32X4),
        F64x2Min => (Opcode::Fmin, F64X2),
        F32x4Max => (Opcode::Fmax, F32X4),
        F64x2Max => (Opcode::Fmax, F64X2),
        _ => return None,
    })
}

/// Operators that are one instruction on one vector.
fn one_vector(op: Compute) -> Option<(Opcode, Type)> {
    use Compute::*;
    Some(match op {
        V128Not => (Opcode::Bnot, VECTOR),
        I8x16Abs => (Opcode::Iabs, I8X16),
        I16x8Abs => (Opcode::Iabs, I16X8),
        I32x4Abs => (Opcode::Iabs, I32X4),
        I64x2Abs => (Opcode::Iabs, I64X2),
        I8x16Neg => (Opcode::Ineg, I8X16),
        I16x8Neg => (Opcode::Ineg, I16X8),
        I32x4Neg => (Opcode::Ineg, I32X4),
        I64x2Neg => (Opcode::Ineg, I64X2),
        I8x16Popcnt => (Opcode::Popcnt, I8X16),
        I16x8ExtendLowI8x16S => (widening(Signed, Low), I8X16),
        I16x8ExtendHighI8x16S => (widening(Signed, High), I8X16),
        I16x8ExtendLowI8x16U => (widening(Unsigned, Low), I8X16),
        I16x8ExtendHighI8x16U => (widening(Unsigned, High), I8X16),
        I32x4ExtendLowI16x8S => (widening(Signed, Low), I16X8),
        I32x4ExtendHighI16x8S => (widening(Signed, High), I16X8),
        I32x4ExtendLowI16x8U => (widening(Unsigned, Low), I16X8),
        I32x4ExtendHighI16x8U => (widening(Unsigned, High), I16X8),
        I64x2ExtendLowI32x4S => (widening(Signed, Low), I32X4),
        I64x2ExtendHighI32x4S => (widening(Signed, High), I32X4),
        I64x2ExtendLowI32x4U => (widening(Unsigned, Low), I32X4),
        I64x2ExtendHighI32x4U => (widening(Unsigned, High), I32X4),
        F32x4Ceil => (Opcode::Ceil, F32X4),
        F64x2Ceil => (Opcode::Ceil, F64X2),
        F32x4Floor => (Opcode::Floor, F32X4),
        F64x2Floor => (Opcode::Floor, F64X2),
        F32x4Trunc => (Opcode::Trunc, F32X4),
        F64x2Trunc => (Opcode::Trunc, F64X2),
        F32x4Nearest => (Opcode::Nearest, F32X4),
        F64x2Nearest => (Opcode::Nearest, F64X2),
        F32x4Abs => (Opcode::Fabs, F32X4),
        F64x2Abs => (Opcode::Fabs, F64X2),
        F32x4Neg => (Opcode::Fneg, F32X4),
        F64x2Neg => (Opcode::Fneg, F64X2),
        F32x4Sqrt => (Opcode::Sqrt, F32X4),
        F64x2Sqrt => (Opcode::Sqrt, F64X2),
        _ => return None,
    })
}

/// Shifts of each lane by the same count.
fn shift(op: Compute) -> Option<(Opcode, Type)> {
    use Compute::*;
    Some(match op {
        I8x16Shl => (Opcode::Ishl, I8X16),
        I16x8Shl => (Opcode::Ishl, I16X8),
        I32x4Shl => (Opcode::Ishl, I32X4),
        I64x2Shl => (Opcode::Ishl, I64X2),
        I8x16ShrS => (Opcode::Sshr, I8X16),
        I16x8ShrS => (Opcode::Sshr, I16X8),
        I32x4ShrS => (Opcode::Sshr, I32X4),
        I64x2ShrS => (Opcode::Sshr, I64X2),
        I8x16ShrU => (Opcode::Ushr, I8X16),
        I16x8ShrU => (Opcode::Ushr, I16X8),
        I32x4ShrU => (Opcode::Ushr, I32X4),
        I64x2ShrU => (Opcode::Ushr, I64X2),
        _ => return None,
    })
}

fn comparison(op: Compute) -> Option<(IntCC, Type)> {
    use Compute::*;
    Some(match op {
        I8x16Eq => (IntCC::Equal, I8X16),
        I8x16Ne => (IntCC::NotEqual, I8X16),
        I8x16LtS => (IntCC::SignedLessThan, I8X16),
        I8x16LtU => (IntCC::UnsignedLessThan, I8X16),
        I8x16GtS => (IntCC::SignedGreaterThan, I8X16),
        I8x16GtU => (IntCC::UnsignedGreaterThan, I8X16),
        I8x16LeS => (IntCC::SignedLessThanOrEqual, I8X16),
        I8x16LeU => (IntCC::UnsignedLessThanOrEqual, I8X16),
        I8x16GeS => (IntCC::SignedGreaterThanOrEqual, I8X16),
        I8x16GeU => (IntCC::UnsignedGreaterThanOrEqual, I8X16),
        I16x8Eq => (IntCC::Equal, I16X8),
        I16x8Ne => (IntCC::NotEqual, I16X8),
        I16x8LtS => (IntCC::SignedLessThan, I16X8),
        I16x8LtU => (IntCC::UnsignedLessThan, I16X8),
        I16x8GtS => (IntCC::SignedGreaterThan, I16X8),
        I16x8GtU => (IntCC::UnsignedGreaterThan, I16X8),
        I16x8LeS => (IntCC::SignedLessThanOrEqual, I16X8),
        I16x8LeU => (IntCC::UnsignedLessThanOrEqual, I16X8),
        I16x8GeS => (IntCC::SignedGreaterThanOrEqual, I16X8),
        I16x8GeU => (IntCC::UnsignedGreaterThanOrEqual, I16X8),
        I32x4Eq => (IntCC::Equal, I32X4),
        I32x4Ne => (IntCC::NotEqual, I32X4),
        I32x4LtS => (IntCC::SignedLessThan, I32X4),
        I32x4LtU => (IntCC::UnsignedLessThan, I32X4),
        I32x4GtS => (IntCC::SignedGreaterThan, I32X4),
        I32x4GtU => (IntCC::UnsignedGreaterThan, I32X4),
        I32x4LeS => (IntCC::SignedLessThanOrEqual, I32X4),
        I32x4LeU => (IntCC::UnsignedLessThanOrEqual, I32X4),
        I32x4GeS => (IntCC::SignedGreaterThanOrEqual, I32X4),
        I32x4GeU => (IntCC::UnsignedGreaterThanOrEqual, I32X4),
        I64x2Eq => (IntCC::Equal, I64X2),
        I64x2Ne => (IntCC::NotEqual, I64X2),
        I64x2LtS => (IntCC::SignedLessThan, I64X2),
        I64x2GtS => (IntCC::SignedGreaterThan, I64X2),
        I64x2LeS => (IntCC::SignedLessThanOrEqual, I64X2),
        I64x2GeS => (IntCC::SignedGreaterThanOrEqual, I64X2),
        _ => return None,
    })
}

fn float_comparison(op: Compute) -> Option<(FloatCC, Type)> {
    use Compute::*;
    Some(match op {
        F32x4Eq => (FloatCC::Equal, F32X4),
        F32x4Ne => (FloatCC::NotEqual, F32X4),
        F32x4Lt => (FloatCC::LessThan, F32X4),
        F32x4Gt => (FloatCC::GreaterThan, F32X4),
        F32x4Le => (FloatCC::LessThanOrEqual, F32X4),
        F32x4Ge => (FloatCC::GreaterThanOrEqual, F32X4),
        F64x2Eq => (FloatCC::Equal, F64X2),
        F64x2Ne => (FloatCC::NotEqual, F64X2),
        F64x2Lt => (FloatCC::LessThan, F64X2),
        F64x2Gt => (FloatCC::GreaterThan, F64X2),
        F64x2Le => (FloatCC::LessThanOrEqual, F64X2),
        F64x2Ge => (FloatCC::GreaterThanOrEqual, F64X2),
        _ => return None,
    })
}

/// Products of widened lanes.
fn product(op: Compute) -> Option<(Sign, Half, Type)> {
    use Compute::*;
    Some(match op {
        I16x8ExtMulLowI8x16S => (Signed, Low, I8X16),
        I16x8ExtMulHighI8x16S => (Signed, High, I8X16),
        I16x8ExtMulLowI8x16U => (Unsigned, Low, I8X16),
        I16x8ExtMulHighI8x16U => (Unsigned, High, I8X16),
        I32x4ExtMulLowI16x8S => (Signed, Low, I16X8),
        I32x4ExtMulHighI16x8S => (Signed, High, I16X8),
        I32x4ExtMulLowI16x8U => (Unsigned, Low, I16X8),
        I32x4ExtMulHighI16x8U => (Unsigned, High, I16X8),
        I64x2ExtMulLowI32x4S => (Signed, Low, I32X4),
        I64x2ExtMulHighI32x4S => (Signed, High, I32X4),
        I64x2ExtMulLowI32x4U => (Unsigned, Low, I32X4),
        I64x2ExtMulHighI32x4U => (Unsigned, High, I32X4),
        _ => return None,
    })
}
