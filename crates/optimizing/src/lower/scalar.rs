//! Operators on numbers: what each row of `ops::Compute` becomes.
//!
//! Apart from vectors because there are many of both. Rows without an arm are called instead, so a new row is right before it
//! is fast.

use super::Lower;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Opcode, Type, Value, types};
use ops::Compute;

impl Lower<'_> {
    /// Code for an operator on numbers, if there is any. Comparisons give their truth in 8 bits.
    pub(super) fn scalar(&mut self, op: Compute, args: [ir::Value; 3]) -> Option<Value> {
        use Compute::*;
        let a = self.scratch.values[args[0].index()];
        let [_, b, _] = args;
        Some(match op {
            I32Eqz | I64Eqz => self.pos.ins().icmp_imm_u(IntCC::Equal, a, 0),
            I32Eq | I64Eq => self.icmp(IntCC::Equal, a, b),
            I32Ne | I64Ne => self.icmp(IntCC::NotEqual, a, b),
            I32LtS | I64LtS => self.icmp(IntCC::SignedLessThan, a, b),
            I32LtU | I64LtU => self.icmp(IntCC::UnsignedLessThan, a, b),
            I32GtS | I64GtS => self.icmp(IntCC::SignedGreaterThan, a, b),
            I32GtU | I64GtU => self.icmp(IntCC::UnsignedGreaterThan, a, b),
            I32LeS | I64LeS => self.icmp(IntCC::SignedLessThanOrEqual, a, b),
            I32LeU | I64LeU => self.icmp(IntCC::UnsignedLessThanOrEqual, a, b),
            I32GeS | I64GeS => self.icmp(IntCC::SignedGreaterThanOrEqual, a, b),
            I32GeU | I64GeU => self.icmp(IntCC::UnsignedGreaterThanOrEqual, a, b),
            F32Eq | F64Eq => self.fcmp(FloatCC::Equal, a, b),
            F32Ne | F64Ne => self.fcmp(FloatCC::NotEqual, a, b),
            F32Lt | F64Lt => self.fcmp(FloatCC::LessThan, a, b),
            F32Gt | F64Gt => self.fcmp(FloatCC::GreaterThan, a, b),
            F32Le | F64Le => self.fcmp(FloatCC::LessThanOrEqual, a, b),
            F32Ge | F64Ge => self.fcmp(FloatCC::GreaterThanOrEqual, a, b),

            I32Clz | I64Clz => self.unary(Opcode::Clz, a),
            I32Ctz | I64Ctz => self.unary(Opcode::Ctz, a),
            I32Popcnt | I64Popcnt => self.unary(Opcode::Popcnt, a),
            I32Add | I64Add => self.binary(Opcode::Iadd, a, b),
            I32Sub | I64Sub => self.binary(Opcode::Isub, a, b),
            I32Mul | I64Mul => self.binary(Opcode::Imul, a, b),
            I32DivS | I64DivS => self.binary(Opcode::Sdiv, a, b),
            I32DivU | I64DivU => self.binary(Opcode::Udiv, a, b),
            I32RemS | I64RemS => self.binary(Opcode::Srem, a, b),
            I32RemU | I64RemU => self.binary(Opcode::Urem, a, b),
            I32And | I64And => self.binary(Opcode::Band, a, b),
            I32Or | I64Or => self.binary(Opcode::Bor, a, b),
            I32Xor | I64Xor => self.binary(Opcode::Bxor, a, b),
            I32Shl | I64Shl => self.binary(Opcode::Ishl, a, b),
            I32ShrS | I64ShrS => self.binary(Opcode::Sshr, a, b),
            I32ShrU | I64ShrU => self.binary(Opcode::Ushr, a, b),
            I32Rotl | I64Rotl => self.binary(Opcode::Rotl, a, b),
            I32Rotr | I64Rotr => self.binary(Opcode::Rotr, a, b),

            F32Abs | F64Abs => self.unary(Opcode::Fabs, a),
            F32Neg | F64Neg => self.unary(Opcode::Fneg, a),
            F32Ceil | F64Ceil => self.unary(Opcode::Ceil, a),
            F32Floor | F64Floor => self.unary(Opcode::Floor, a),
            F32Trunc | F64Trunc => self.unary(Opcode::Trunc, a),
            F32Nearest | F64Nearest => self.unary(Opcode::Nearest, a),
            F32Sqrt | F64Sqrt => self.unary(Opcode::Sqrt, a),
            F32Add | F64Add => self.binary(Opcode::Fadd, a, b),
            F32Sub | F64Sub => self.binary(Opcode::Fsub, a, b),
            F32Mul | F64Mul => self.binary(Opcode::Fmul, a, b),
            F32Div | F64Div => self.binary(Opcode::Fdiv, a, b),
            F32Min | F64Min => self.binary(Opcode::Fmin, a, b),
            F32Max | F64Max => self.binary(Opcode::Fmax, a, b),
            F32Copysign | F64Copysign => self.binary(Opcode::Fcopysign, a, b),

            I32WrapI64 => self.pos.ins().ireduce(types::I32, a),
            I64ExtendI32S => self.pos.ins().sextend(types::I64, a),
            I64ExtendI32U => self.pos.ins().uextend(types::I64, a),
            I32Extend8S => self.sign_extend(types::I8, types::I32, a),
            I32Extend16S => self.sign_extend(types::I16, types::I32, a),
            I64Extend8S => self.sign_extend(types::I8, types::I64, a),
            I64Extend16S => self.sign_extend(types::I16, types::I64, a),
            I64Extend32S => self.sign_extend(types::I32, types::I64, a),
            I32TruncF32S | I32TruncF64S => self.pos.ins().fcvt_to_sint(types::I32, a),
            I32TruncF32U | I32TruncF64U => self.pos.ins().fcvt_to_uint(types::I32, a),
            I64TruncF32S | I64TruncF64S => self.pos.ins().fcvt_to_sint(types::I64, a),
            I64TruncF32U | I64TruncF64U => self.pos.ins().fcvt_to_uint(types::I64, a),
            I32TruncSatF32S | I32TruncSatF64S => self.pos.ins().fcvt_to_sint_sat(types::I32, a),
            I32TruncSatF32U | I32TruncSatF64U => self.pos.ins().fcvt_to_uint_sat(types::I32, a),
            I64TruncSatF32S | I64TruncSatF64S => self.pos.ins().fcvt_to_sint_sat(types::I64, a),
            I64TruncSatF32U | I64TruncSatF64U => self.pos.ins().fcvt_to_uint_sat(types::I64, a),
            F32ConvertI32S | F32ConvertI64S => self.pos.ins().fcvt_from_sint(types::F32, a),
            F32ConvertI32U | F32ConvertI64U => self.pos.ins().fcvt_from_uint(types::F32, a),
            F64ConvertI32S | F64ConvertI64S => self.pos.ins().fcvt_from_sint(types::F64, a),
            F64ConvertI32U => self.pos.ins().fcvt_from_uint(types::F64, a),
            F64ConvertI64U => self.f64_from_u64(a),
            F32DemoteF64 => self.pos.ins().fdemote(types::F32, a),
            F64PromoteF32 => self.pos.ins().fpromote(types::F64, a),
            I32ReinterpretF32 => self.reinterpret(types::I32, a),
            I64ReinterpretF64 => self.reinterpret(types::I64, a),
            F32ReinterpretI32 => self.reinterpret(types::F32, a),
            F64ReinterpretI64 => self.reinterpret(types::F64, a),
            _ => return None,
        })
    }

    pub(super) fn unary(&mut self, opcode: Opcode, a: Value) -> Value {
        let ty = self.pos.func.dfg.value_type(a);
        let (inst, dfg) = self.pos.ins().Unary(opcode, ty, a);
        dfg.first_result(inst)
    }

    fn binary(&mut self, opcode: Opcode, a: Value, b: ir::Value) -> Value {
        let b = self.scratch.values[b.index()];
        self.binary_clif(opcode, a, b)
    }

    pub(super) fn binary_clif(&mut self, opcode: Opcode, a: Value, b: Value) -> Value {
        let ty = self.pos.func.dfg.value_type(a);
        let (inst, dfg) = self.pos.ins().Binary(opcode, ty, a, b);
        dfg.first_result(inst)
    }

    fn icmp(&mut self, cond: IntCC, a: Value, b: ir::Value) -> Value {
        let b = self.scratch.values[b.index()];
        self.pos.ins().icmp(cond, a, b)
    }

    fn fcmp(&mut self, cond: FloatCC, a: Value, b: ir::Value) -> Value {
        let b = self.scratch.values[b.index()];
        self.pos.ins().fcmp(cond, a, b)
    }

    fn sign_extend(&mut self, from: Type, to: Type, a: Value) -> Value {
        let low = self.pos.ins().ireduce(from, a);
        self.pos.ins().sextend(to, low)
    }

    fn reinterpret(&mut self, ty: Type, a: Value) -> Value {
        let flags = self.flags.vector(self.pos.func);
        let (inst, dfg) = self.pos.ins().LoadNoOffset(Opcode::Bitcast, ty, flags, a);
        dfg.first_result(inst)
    }

    /// Without the branch of Cranelift's way, which predicts badly and waits for the register's old value: the halves become
    /// the low bits of 2^84 and 2^52, both exact, and are added, which rounds once.
    fn f64_from_u64(&mut self, a: Value) -> Value {
        const TWO_52: u64 = 0x4330_0000_0000_0000;
        const TWO_84: u64 = 0x4530_0000_0000_0000;
        const BOTH: f64 = f64::from_bits(TWO_84) + f64::from_bits(TWO_52);
        let low = self.pos.ins().ireduce(types::I32, a);
        let low = self.pos.ins().uextend(types::I64, low);
        let low = self.pos.ins().bor_imm_u(low, TWO_52 as i64);
        let high = self.pos.ins().ushr_imm_u(a, 32);
        let high = self.pos.ins().bor_imm_u(high, TWO_84 as i64);
        let low = self.reinterpret(types::F64, low);
        let high = self.reinterpret(types::F64, high);
        let both = self.pos.ins().f64const(BOTH);
        let high = self.pos.ins().fsub(high, both);
        self.pos.ins().fadd(high, low)
    }
}
