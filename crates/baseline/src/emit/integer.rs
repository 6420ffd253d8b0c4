//! Operators on integers.
//!
//! Apart because nearly all code is made of these: constants, operands in memory and results that a local wants are part of the
//! instruction wherever it allows.

use crate::emitter::{Emitter, Next};
use crate::kind::Kind;
use crate::regs::SCRATCH;
use crate::stack::{Entry, Operand, Place};
use asm::x64::{Alu, Bits, Cond, Gpr, Mem, Scale, Shift, Size, Unary};
use ops::{Compute, Trap, Wide};

impl Emitter<'_> {
    /// Code for an operator on integers; false if it is none.
    #[inline]
    pub(crate) fn integer(&mut self, op: Compute) -> bool {
        use Compute::*;
        use Kind::{I32, I64};
        match op {
            I32Add => self.add(I32),
            I64Add => self.add(I64),
            I32Sub => self.alu(Alu::Sub, I32),
            I64Sub => self.alu(Alu::Sub, I64),
            I32And => self.alu(Alu::And, I32),
            I64And => self.alu(Alu::And, I64),
            I32Or => self.alu(Alu::Or, I32),
            I64Or => self.alu(Alu::Or, I64),
            I32Xor => self.alu(Alu::Xor, I32),
            I64Xor => self.alu(Alu::Xor, I64),
            I32Mul => self.mul(I32),
            I64Mul => self.mul(I64),
            I32Eqz => self.eqz(I32),
            I64Eqz => self.eqz(I64),
            I32Eq => self.compare(Cond::Equal, I32),
            I64Eq => self.compare(Cond::Equal, I64),
            I32Ne => self.compare(Cond::NotEqual, I32),
            I64Ne => self.compare(Cond::NotEqual, I64),
            I32LtS => self.compare(Cond::Less, I32),
            I64LtS => self.compare(Cond::Less, I64),
            I32LtU => self.compare(Cond::Below, I32),
            I64LtU => self.compare(Cond::Below, I64),
            I32GtS => self.compare(Cond::Greater, I32),
            I64GtS => self.compare(Cond::Greater, I64),
            I32GtU => self.compare(Cond::Above, I32),
            I64GtU => self.compare(Cond::Above, I64),
            I32LeS => self.compare(Cond::LessEqual, I32),
            I64LeS => self.compare(Cond::LessEqual, I64),
            I32LeU => self.compare(Cond::BelowEqual, I32),
            I64LeU => self.compare(Cond::BelowEqual, I64),
            I32GeS => self.compare(Cond::GreaterEqual, I32),
            I64GeS => self.compare(Cond::GreaterEqual, I64),
            I32GeU => self.compare(Cond::AboveEqual, I32),
            I64GeU => self.compare(Cond::AboveEqual, I64),
            I32Shl => self.shift(Shift::Shl, I32),
            I64Shl => self.shift(Shift::Shl, I64),
            I32ShrS => self.shift(Shift::Sar, I32),
            I64ShrS => self.shift(Shift::Sar, I64),
            I32ShrU => self.shift(Shift::Shr, I32),
            I64ShrU => self.shift(Shift::Shr, I64),
            I32Rotl => self.shift(Shift::Rol, I32),
            I64Rotl => self.shift(Shift::Rol, I64),
            I32Rotr => self.shift(Shift::Ror, I32),
            I64Rotr => self.shift(Shift::Ror, I64),
            I32DivS => self.divide(I32, Unary::Idiv, false),
            I64DivS => self.divide(I64, Unary::Idiv, false),
            I32DivU => self.divide(I32, Unary::Div, false),
            I64DivU => self.divide(I64, Unary::Div, false),
            I32RemS => self.divide(I32, Unary::Idiv, true),
            I64RemS => self.divide(I64, Unary::Idiv, true),
            I32RemU => self.divide(I32, Unary::Div, true),
            I64RemU => self.divide(I64, Unary::Div, true),
            I32Clz if self.asm.features().lzcnt => self.bits(Bits::Lzcnt, I32),
            I64Clz if self.asm.features().lzcnt => self.bits(Bits::Lzcnt, I64),
            I32Ctz if self.asm.features().bmi1 => self.bits(Bits::Tzcnt, I32),
            I64Ctz if self.asm.features().bmi1 => self.bits(Bits::Tzcnt, I64),
            I32Popcnt if self.asm.features().popcnt => self.bits(Bits::Popcnt, I32),
            I64Popcnt if self.asm.features().popcnt => self.bits(Bits::Popcnt, I64),
            I32WrapI64 => self.wrap(),
            I64ExtendI32U => self.extend_unsigned(),
            I64ExtendI32S => self.extend(Size::S32, I64),
            I32Extend8S => self.extend(Size::S8, I32),
            I32Extend16S => self.extend(Size::S16, I32),
            I64Extend8S => self.extend(Size::S8, I64),
            I64Extend16S => self.extend(Size::S16, I64),
            I64Extend32S => self.extend(Size::S32, I64),
            _ => return false,
        }
        true
    }

    /// Pops two operands; if the first is a constant and they may change places, they do.
    fn pop_two(&mut self, commutes: bool) -> (Operand, Operand) {
        let second = self.pop();
        let first = self.pop();
        // In the order of their pushing, which matters to neither.
        let (a, b) = (self.operand(first), self.operand(second));
        if !commutes {
            return (a, b);
        }
        let b_is_better = match (a, b) {
            (Operand::Imm(_), _) => true,
            (Operand::Gpr(a), Operand::Gpr(b)) => !self.is_temp(a) && self.is_temp(b),
            (Operand::Mem(_), Operand::Gpr(_)) => true,
            _ => false,
        };
        if b_is_better { (b, a) } else { (a, b) }
    }

    /// A register for `a op b` that may be written before `b` is read, with `a` in it. Prefers the home that the result goes to.
    fn first_in_result(&mut self, kind: Kind, a: Operand, b: Operand) -> Gpr {
        if let Some((local, home)) = self.wanted_home(false) {
            let to = Gpr::new(home.trailing_zeros() as u8);
            let is_read = match b {
                Operand::Gpr(gpr) => gpr == to,
                _ => false,
            };
            if !is_read {
                self.claim_home(local, home);
                self.load_operand(kind, to, a);
                self.release_operand(a);
                return to;
            }
        }
        match a {
            Operand::Gpr(gpr) if self.is_temp(gpr) => gpr,
            _ => {
                let gpr = self.alloc_gpr();
                self.load_operand(kind, gpr, a);
                gpr
            }
        }
    }

    fn alu(&mut self, op: Alu, kind: Kind) {
        let (a, b) = self.pop_two(op != Alu::Sub);
        self.alu_of(op, kind, a, b);
    }

    fn alu_of(&mut self, op: Alu, kind: Kind, a: Operand, b: Operand) {
        let size = kind.size();
        let (a, b) = match (a, b) {
            // The result may be where the second operand lives.
            (Operand::Gpr(x), Operand::Gpr(y)) if op != Alu::Sub && self.is_result(y) => {
                (Operand::Gpr(y), Operand::Gpr(x))
            }
            other => other,
        };
        let to = self.first_in_result(kind, a, b);
        match b {
            Operand::Gpr(gpr) => self.asm.alu(op, size, to, gpr),
            Operand::Mem(mem) => self.asm.alu(op, size, to, mem),
            Operand::Imm(bits) => match b.imm32(size) {
                Some(imm) => self.asm.alu_imm(op, size, to, imm),
                None => {
                    self.asm.mov_imm(SCRATCH, bits);
                    self.asm.alu(op, size, to, SCRATCH);
                }
            },
        }
        self.release_operand(b);
        self.push_gpr(kind, to);
    }

    /// Whether a register is the home that the result goes to.
    fn is_result(&self, gpr: Gpr) -> bool {
        match self.wanted_home(false) {
            Some((_, home)) => home.trailing_zeros() == u32::from(gpr.number()),
            None => false,
        }
    }

    fn add(&mut self, kind: Kind) {
        let size = kind.size();
        let (a, b) = self.pop_two(true);
        // From registers that keep their values into another one: one instruction.
        let sum = match (a, b) {
            (Operand::Gpr(x), Operand::Gpr(y)) if !self.is_result(x) && !self.is_result(y) => {
                let is_new =
                    !self.is_temp(x) && !self.is_temp(y) || self.wanted_home(false).is_some();
                is_new.then(|| Mem::indexed(x, y, Scale::X1, 0))
            }
            (Operand::Gpr(x), Operand::Imm(_)) if !self.is_result(x) => {
                let is_new = !self.is_temp(x) || self.wanted_home(false).is_some();
                b.imm32(size).filter(|_| is_new).map(|imm| Mem::new(x, imm))
            }
            _ => None,
        };
        let Some(sum) = sum else {
            return self.alu_of(Alu::Add, kind, a, b);
        };
        let to = self.result_gpr();
        self.asm.lea(size, to, sum);
        self.release_operand(a);
        self.release_operand(b);
        self.push_gpr(kind, to);
    }

    fn mul(&mut self, kind: Kind) {
        let size = kind.size();
        let (a, b) = self.pop_two(true);
        if let Some(imm) = b.imm32(size) {
            let a = match a {
                Operand::Imm(_) => Operand::Gpr(self.in_gpr(kind, a)),
                a => a,
            };
            let to = self.result_gpr_from(&[a]);
            match a {
                Operand::Gpr(gpr) => self.asm.imul_imm(size, to, gpr, imm),
                Operand::Mem(mem) => self.asm.imul_imm(size, to, mem, imm),
                Operand::Imm(_) => unreachable!("it is in a register now"),
            }
            return self.push_gpr(kind, to);
        }
        let (a, b) = match (a, b) {
            (Operand::Gpr(x), Operand::Gpr(y)) if self.is_result(y) => {
                (Operand::Gpr(y), Operand::Gpr(x))
            }
            other => other,
        };
        let to = self.first_in_result(kind, a, b);
        match b {
            Operand::Gpr(gpr) => self.asm.imul(size, to, gpr),
            Operand::Mem(mem) => self.asm.imul(size, to, mem),
            Operand::Imm(bits) => {
                self.asm.mov_imm(SCRATCH, bits);
                self.asm.imul(size, to, SCRATCH);
            }
        }
        self.release_operand(b);
        self.push_gpr(kind, to);
    }

    fn eqz(&mut self, kind: Kind) {
        let entry = self.pop();
        if let Place::Flags(cond) = entry.place {
            return self.push_cond(cond.negate());
        }
        let operand = self.operand(entry);
        self.compare_operands(Cond::Equal, kind, operand, Operand::Imm(0));
    }

    fn compare(&mut self, cond: Cond, kind: Kind) {
        let second = self.pop();
        let first = self.pop();
        let (a, b) = (self.operand(first), self.operand(second));
        match (a, b) {
            (Operand::Imm(_), Operand::Gpr(_) | Operand::Mem(_)) => {
                self.compare_operands(cond.swap(), kind, b, a);
            }
            _ => self.compare_operands(cond, kind, a, b),
        }
    }

    fn compare_operands(&mut self, cond: Cond, kind: Kind, a: Operand, b: Operand) {
        let size = kind.size();
        if let (Operand::Gpr(gpr), Operand::Imm(0)) = (a, b) {
            self.asm.test(size, gpr, gpr);
        } else if let (Operand::Mem(mem), Some(imm)) = (a, b.imm32(size)) {
            self.asm.alu_imm(Alu::Cmp, size, mem, imm);
        } else {
            let first = self.in_gpr(kind, a);
            match b {
                Operand::Gpr(gpr) => self.asm.alu(Alu::Cmp, size, first, gpr),
                Operand::Mem(mem) => self.asm.alu(Alu::Cmp, size, first, mem),
                Operand::Imm(bits) => match b.imm32(size) {
                    Some(imm) => self.asm.alu_imm(Alu::Cmp, size, first, imm),
                    None => {
                        self.asm.mov_imm(SCRATCH, bits);
                        self.asm.alu(Alu::Cmp, size, first, SCRATCH);
                    }
                },
            }
            self.release(first);
        }
        self.release_operand(a);
        self.release_operand(b);
        self.push_cond(cond);
    }

    /// Pushes a truth that is in the flags: there it stays if the next operator takes it from there.
    pub(crate) fn push_cond(&mut self, cond: Cond) {
        // Paying for fuel would overwrite them.
        if self.next == Next::Test && !self.env.fuel {
            return self.push(Kind::I32, Place::Flags(cond));
        }
        let to = self.result_gpr();
        self.asm.setcc(cond, to);
        self.asm.zero_extend(Size::S8, to, to);
        self.push_gpr(Kind::I32, to);
    }

    fn shift(&mut self, op: Shift, kind: Kind) {
        let size = kind.size();
        let by = self.pop();
        if let Place::Const(bits) = by.place {
            let a = self.pop_operand();
            let to = self.first_in_result(kind, a, Operand::Imm(0));
            let by = bits as u8 & if size == Size::S64 { 63 } else { 31 };
            self.asm.shift_imm(op, size, to, by);
            return self.push_gpr(kind, to);
        }
        let is_rotation = matches!(op, Shift::Rol | Shift::Ror);
        if self.asm.features().bmi2 && !is_rotation {
            let operand = self.operand(by);
            let by = self.in_gpr(kind, operand);
            let a = self.pop_operand();
            let a = match a {
                Operand::Imm(_) => Operand::Gpr(self.in_gpr(kind, a)),
                a => a,
            };
            let to = self.result_gpr_from(&[a, Operand::Gpr(by)]);
            match a {
                Operand::Gpr(gpr) => self.asm.shift_by(op, size, to, gpr, by),
                Operand::Mem(mem) => self.asm.shift_by(op, size, to, mem, by),
                Operand::Imm(_) => unreachable!("it is in a register now"),
            }
            return self.push_gpr(kind, to);
        }
        let by = self.operand(by);
        if by != Operand::Gpr(Gpr::RCX) {
            self.take_gpr(Gpr::RCX);
            self.load_operand(kind, Gpr::RCX, by);
            self.release_operand(by);
        }
        let to = self.pop_gpr_mut();
        self.asm.shift_cl(op, size, to);
        self.release(Gpr::RCX);
        self.push_gpr(kind, to);
    }

    fn bits(&mut self, op: Bits, kind: Kind) {
        let a = self.pop_operand();
        let a = match a {
            Operand::Imm(_) => Operand::Gpr(self.in_gpr(kind, a)),
            a => a,
        };
        let to = self.result_gpr_from(&[a]);
        match a {
            Operand::Gpr(gpr) => self.asm.bits(op, kind.size(), to, gpr),
            Operand::Mem(mem) => self.asm.bits(op, kind.size(), to, mem),
            Operand::Imm(_) => unreachable!("it is in a register now"),
        }
        self.push_gpr(kind, to);
    }

    fn wrap(&mut self) {
        match self.pop_operand() {
            Operand::Imm(bits) => self.push_const(Kind::I32, u64::from(bits as u32)),
            operand => {
                let to = self.result_gpr_from(&[operand]);
                match operand {
                    Operand::Gpr(gpr) => self.asm.mov(Size::S32, to, gpr),
                    _ => self.load_operand(Kind::I32, to, operand),
                }
                self.push_gpr(Kind::I32, to);
            }
        }
    }

    fn extend_unsigned(&mut self) {
        match self.pop_operand() {
            Operand::Imm(bits) => self.push_const(Kind::I64, bits),
            // What is in a register is extended already.
            Operand::Gpr(gpr) if self.is_temp(gpr) => self.push(Kind::I64, Place::Gpr(gpr)),
            operand => {
                let to = self.result_gpr_from(&[operand]);
                match operand {
                    Operand::Gpr(gpr) => self.asm.mov(Size::S32, to, gpr),
                    _ => self.load_operand(Kind::I32, to, operand),
                }
                self.push_gpr(Kind::I64, to);
            }
        }
    }

    fn extend(&mut self, from: Size, kind: Kind) {
        let operand = self.pop_operand();
        let operand = match operand {
            Operand::Imm(_) => Operand::Gpr(self.in_gpr(kind, operand)),
            operand => operand,
        };
        let to = self.result_gpr_from(&[operand]);
        match operand {
            Operand::Gpr(gpr) => self.asm.sign_extend(from, kind.size(), to, gpr),
            Operand::Mem(mem) => self.asm.sign_extend(from, kind.size(), to, mem),
            Operand::Imm(_) => unreachable!("it is in a register now"),
        }
        self.push_gpr(kind, to);
    }

    fn divide(&mut self, kind: Kind, op: Unary, rest: bool) {
        let size = kind.size();
        let second = self.pop();
        if let (Place::Const(bits), Unary::Div) = (second.place, op)
            && bits.is_power_of_two()
        {
            return self.divide_by_power(kind, bits, rest);
        }
        let first = self.pop();
        let constant = match second.place {
            Place::Const(bits) => Operand::Imm(bits).imm32(Size::S64).map(|_| bits),
            _ => None,
        };
        // For 32 bits, all ones is -1 as well.
        let minus_one = u64::MAX >> if size == Size::S64 { 0 } else { 32 };
        let may_be_zero = constant.is_none_or(|bits| bits == 0);
        let may_be_minus_one = constant.is_none_or(|bits| bits == minus_one);
        let divisor = self.prepare_division(kind, first, second);
        if op == Unary::Div {
            self.asm.zero(Gpr::RDX);
            if may_be_zero {
                self.fault(Trap::IntegerDivideByZero);
            }
            self.asm.unary(op, size, divisor);
        } else {
            if may_be_zero {
                self.asm.test(size, divisor, divisor);
                self.trap_if(Cond::Equal, Trap::IntegerDivideByZero);
            }
            self.divide_signed(size, divisor, rest, may_be_minus_one);
        }
        self.release(divisor);
        let (result, other) = if rest {
            (Gpr::RDX, Gpr::RAX)
        } else {
            (Gpr::RAX, Gpr::RDX)
        };
        self.release(other);
        self.push(kind, Place::Gpr(result));
    }

    /// `idiv`, whose only fault is a quotient that does not fit.
    fn divide_signed(&mut self, size: Size, divisor: Gpr, rest: bool, may_be_minus_one: bool) {
        if !(rest && may_be_minus_one) {
            self.asm.sign_into_rdx(size);
            if may_be_minus_one {
                self.fault(Trap::IntegerOverflow);
            }
            return self.asm.unary(Unary::Idiv, size, divisor);
        }
        // Any number modulo -1 is 0, also the one whose quotient does not fit.
        self.asm.alu_imm(Alu::Cmp, size, divisor, -1);
        let divides = self.asm.jcc_short(Cond::NotEqual);
        self.asm.zero(Gpr::RDX);
        let done = self.asm.jmp_short();
        self.asm.land(divides);
        self.asm.sign_into_rdx(size);
        self.asm.unary(Unary::Idiv, size, divisor);
        self.asm.land(done);
    }

    /// Brings the dividend to `rax`, makes `rdx` the operator's, and the divisor go elsewhere.
    fn prepare_division(&mut self, kind: Kind, first: Entry, second: Entry) -> Gpr {
        let (a, b) = (self.operand(first), self.operand(second));
        let divisor = match b {
            Operand::Gpr(gpr) if gpr != Gpr::RAX && gpr != Gpr::RDX => gpr,
            b => {
                self.load_operand(kind, SCRATCH, b);
                self.release_operand(b);
                SCRATCH
            }
        };
        if a != Operand::Gpr(Gpr::RAX) {
            self.take_gpr(Gpr::RAX);
            self.load_operand(kind, Gpr::RAX, a);
            self.release_operand(a);
        }
        self.take_gpr(Gpr::RDX);
        divisor
    }

    fn divide_by_power(&mut self, kind: Kind, power: u64, rest: bool) {
        if rest {
            let a = self.pop_operand();
            return self.alu_of(Alu::And, kind, a, Operand::Imm(power - 1));
        }
        let a = self.pop_operand();
        let to = self.first_in_result(kind, a, Operand::Imm(0));
        let by = power.trailing_zeros() as u8;
        self.asm.shift_imm(Shift::Shr, kind.size(), to, by);
        self.push_gpr(kind, to);
    }

    /// Operators on 128-bit numbers.
    pub(crate) fn wide(&mut self, op: Wide) {
        match op {
            Wide::I64Add128 => self.wide_alu(Alu::Add, Alu::Adc),
            Wide::I64Sub128 => self.wide_alu(Alu::Sub, Alu::Sbb),
            Wide::I64MulWideS => self.wide_mul(Unary::Imul),
            Wide::I64MulWideU => self.wide_mul(Unary::Mul),
        }
    }

    fn wide_alu(&mut self, low: Alu, high: Alu) {
        let (second_high, second_low) = (self.pop_gpr(), self.pop_gpr());
        let (first_high, first_low) = (self.pop_gpr_mut(), self.pop_gpr_mut());
        self.asm.alu(low, Size::S64, first_low, second_low);
        self.asm.alu(high, Size::S64, first_high, second_high);
        self.release(second_low);
        self.release(second_high);
        self.push(Kind::I64, Place::Gpr(first_low));
        self.push(Kind::I64, Place::Gpr(first_high));
    }

    fn wide_mul(&mut self, op: Unary) {
        let second = self.pop();
        let first = self.pop();
        let divisor = self.prepare_division(Kind::I64, first, second);
        self.asm.unary(op, Size::S64, divisor);
        self.release(divisor);
        self.push(Kind::I64, Place::Gpr(Gpr::RAX));
        self.push(Kind::I64, Place::Gpr(Gpr::RDX));
    }
}
