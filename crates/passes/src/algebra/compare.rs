//! Rules for comparisons and for being zero.
//!
//! Apart from arithmetic because these give 0 or 1: what is compared can be moved to the other side, and what is known of bits often
//! decides.

use super::{Found, Rules, is_value};
use crate::ints::{Int, Width};
use ir::{Inst, Simplified, Value};
use ops::Compute;

impl Rules<'_> {
    /// Whether two integers compare so.
    pub(super) fn compare(&mut self, width: Width, op: Int, a: Value, b: Value) -> Found {
        if a == b {
            let holds = matches!(op, Int::Eq | Int::LeS | Int::LeU | Int::GeS | Int::GeU);
            return self.is_number(Width::W32, holds.into());
        }
        if let Some(number) = self.number(b) {
            return self
                .compare_number(width, op, a, number)
                .or_else(|| self.compare_moved(width, op, a, number));
        }
        let is_equality = matches!(op, Int::Eq | Int::Ne);
        match (self.int_const(a), self.int_const(b)) {
            // The same constant on both sides.
            (Some((_, x @ (Int::Add | Int::Xor), left, c)), Some((_, y, right, d)))
                if is_equality && x == y && c == d && (self.is_single(a) || self.is_single(b)) =>
            {
                self.is_int(width, op, left, right)
            }
            _ => self.narrower(width, op, a, b),
        }
    }

    /// Integers that were extended in the same way compare as they did before.
    fn narrower(&self, width: Width, op: Int, a: Value, b: Value) -> Found {
        if width != Width::W64 || !self.is_single(a) || !self.is_single(b) {
            return None;
        }
        let ((extend, x), (other, y)) = (self.compute(a)?, self.compute(b)?);
        if extend != other {
            return None;
        }
        let op = match (extend, op) {
            (Compute::I64ExtendI32S, op) | (Compute::I64ExtendI32U, op @ (Int::Eq | Int::Ne)) => op,
            (Compute::I64ExtendI32U, op) => unsigned(op),
            _ => return None,
        };
        self.is_int(Width::W32, op, x[0], y[0])
    }

    /// A comparison with a constant that bits decide or make simpler.
    fn compare_number(&mut self, width: Width, op: Int, a: Value, number: u64) -> Found {
        let bits = self.bits.get(self.func, a)?;
        let is_never_negative = bits.ones >> (width.bits() - 1) == 0;
        let signed = width.signed(number);
        let yes = |rules: &mut Self| rules.is_number(Width::W32, 1);
        let no = |rules: &mut Self| rules.is_number(Width::W32, 0);
        match op {
            Int::Eq | Int::Ne if number & !bits.ones != 0 => {
                self.is_number(Width::W32, (op == Int::Ne).into())
            }
            Int::Eq if number == 0 => self.is_zero(width, a),
            // 0 or 1 says itself whether it is 1.
            Int::Ne if number == 0 && width == Width::W32 && bits.is_bool() => is_value(a),
            Int::Eq if number == 1 && width == Width::W32 && bits.is_bool() => is_value(a),
            Int::Ne if number == 1 && bits.is_bool() => self.is_zero(width, a),
            Int::LtU if number == 0 => no(self),
            Int::GeU if number == 0 => yes(self),
            Int::LtU if number == 1 => self.is_zero(width, a),
            Int::LeU if number == 0 => self.is_zero(width, a),
            Int::GtU if number == 0 => self.is_int_const(width, Int::Ne, a, 0),
            Int::GeU if number == 1 => self.is_int_const(width, Int::Ne, a, 0),
            Int::LtU if bits.ones < number => yes(self),
            Int::LeU if bits.ones <= number => yes(self),
            Int::GtU if bits.ones <= number => no(self),
            Int::GeU if bits.ones < number => no(self),
            Int::LtS | Int::LeS if is_never_negative && signed < 0 => no(self),
            Int::GtS | Int::GeS if is_never_negative && signed < 0 => yes(self),
            Int::LtS if is_never_negative && signed == 0 => no(self),
            Int::GeS if is_never_negative && signed == 0 => yes(self),
            Int::GtS if is_never_negative && signed == 0 => self.is_int_const(width, Int::Ne, a, 0),
            Int::LeS if is_never_negative && signed == 0 => self.is_zero(width, a),
            Int::LtS if is_never_negative && bits.ones < number => yes(self),
            Int::LeS if is_never_negative && bits.ones <= number => yes(self),
            Int::GtS if is_never_negative && bits.ones <= number => no(self),
            Int::GeS if is_never_negative && bits.ones < number => no(self),
            Int::LtS if is_never_negative && signed == 1 => self.is_zero(width, a),
            Int::GeS if is_never_negative && signed == 1 => self.is_int_const(width, Int::Ne, a, 0),
            // Nothing is greater than the greatest.
            Int::GtU if number == width.ones() => no(self),
            Int::LeU if number == width.ones() => yes(self),
            _ => None,
        }
    }

    fn is_zero(&self, width: Width, a: Value) -> Found {
        Some(Simplified::Inst(Inst::compute(width.eqz(), &[a])))
    }

    /// A constant that is added to one side and compared with the other.
    fn compare_moved(&mut self, width: Width, op: Int, a: Value, number: u64) -> Found {
        if !self.is_single(a) {
            return None;
        }
        let is_equality = matches!(op, Int::Eq | Int::Ne);
        if let Some((inner, x)) = self.compute(a) {
            let narrow = number & u64::from(u32::MAX);
            match inner {
                Compute::I64ExtendI32U if number == narrow => {
                    let op = if is_equality { op } else { unsigned(op) };
                    return self.is_int_const(Width::W32, op, x[0], narrow);
                }
                Compute::I64ExtendI32S if i64::from(number as u32 as i32) == number as i64 => {
                    return self.is_int_const(Width::W32, op, x[0], narrow);
                }
                _ => {}
            }
        }
        let (_, inner_op, x, inner) = self.int_const(a)?;
        match (inner_op, op) {
            (Int::Add, _) if is_equality => {
                self.is_int_const(width, op, x, number.wrapping_sub(inner))
            }
            (Int::Xor, _) if is_equality => self.is_int_const(width, op, x, number ^ inner),
            // One bit is set just when it is not clear.
            (Int::And, Int::Eq) if number == inner && number.is_power_of_two() => {
                self.is_int_const(width, Int::Ne, a, 0)
            }
            (Int::And, Int::Ne) if number == inner && number.is_power_of_two() => {
                self.is_zero(width, a)
            }
            _ => None,
        }
    }

    /// Whether an integer is zero.
    pub(super) fn eqz(&mut self, width: Width, a: Value) -> Found {
        let bits = self.bits.get(self.func, a)?;
        if bits.ones == 0 {
            return self.is_number(Width::W32, 1);
        }
        let (op, args) = self.compute(a)?;
        if let Some((inner_width, op)) = Int::of(op) {
            let (x, y) = (args[0], args[1]);
            if width == Width::W32
                && let Some(negated) = op.negated()
            {
                let with_zero = self.number(y) == Some(0);
                if op == Int::Ne && with_zero {
                    return self.is_zero(inner_width, x);
                }
                return self
                    .is_single(a)
                    .then(|| self.is_int(inner_width, negated, x, y))?;
            }
            if !self.is_single(a) {
                return None;
            }
            return match (op, self.number(y)) {
                (Int::Sub | Int::Xor, _) => self.is_int(width, Int::Eq, x, y),
                (Int::Add, Some(number)) => {
                    self.is_int_const(width, Int::Eq, x, number.wrapping_neg())
                }
                (Int::Shl, Some(by)) => {
                    // Nothing is lost if no bit is shifted out.
                    let from = self.bits.get(self.func, x)?.ones;
                    let by = by % u64::from(width.bits());
                    let is_kept = from <= width.ones() >> by;
                    is_kept.then(|| self.is_zero(width, x))?
                }
                _ => None,
            };
        }
        match op {
            Compute::I32Eqz if self.is_bool(args[0]) => is_value(args[0]),
            Compute::I32Eqz | Compute::I64Eqz => None,
            Compute::I64ExtendI32S | Compute::I64ExtendI32U => self.is_zero(Width::W32, args[0]),
            Compute::I32WrapI64 => {
                let from = self.bits.get(self.func, args[0])?.ones;
                let fits = from <= u32::MAX.into() && self.is_single(a);
                fits.then(|| self.is_zero(Width::W64, args[0]))?
            }
            Compute::F32Eq | Compute::F32Ne | Compute::F64Eq | Compute::F64Ne
                if self.is_single(a) =>
            {
                let negated = match op {
                    Compute::F32Eq => Compute::F32Ne,
                    Compute::F32Ne => Compute::F32Eq,
                    Compute::F64Eq => Compute::F64Ne,
                    _ => Compute::F64Eq,
                };
                Some(Simplified::Inst(Inst::compute(negated, &args[..2])))
            }
            // Whether there is no bit set shows without counting.
            Compute::I32Popcnt | Compute::I64Popcnt => {
                self.is_zero(Width::of(self.func.ty(args[0]))?, args[0])
            }
            _ => None,
        }
    }
}

/// The comparison of unsigned numbers that answers for numbers that are not negative.
fn unsigned(op: Int) -> Int {
    match op {
        Int::LtS => Int::LtU,
        Int::GtS => Int::GtU,
        Int::LeS => Int::LeU,
        Int::GeS => Int::GeU,
        other => other,
    }
}
