//! Rules for arithmetic and bits.
//!
//! Apart from comparisons because these give numbers: constants are gathered, masks and shifts that change nothing go.

use super::{Found, Rules, is_value};
use crate::ints::{Int, Width, leb_len};
use ir::Value;

impl Rules<'_> {
    /// What an operator makes of two integers that are no comparison.
    pub(super) fn combine(&mut self, width: Width, op: Int, a: Value, b: Value) -> Found {
        if let Some(number) = self.number(b) {
            return self
                .with_constant(width, op, a, number)
                .or_else(|| self.gathered(width, op, a, number));
        }
        if a == b
            && let Some(found) = self.with_itself(width, op, a)
        {
            return Some(found);
        }
        match op {
            Int::Add => self.sum(width, a, b),
            Int::Sub => self.difference(width, a, b),
            Int::And | Int::Or => self.absorbed(op, a, b),
            Int::Xor => match (self.int_of(a), self.int_of(b)) {
                // x ^ (x ^ y) is y.
                (_, Some((_, Int::Xor, x, y))) if x == a => is_value(y),
                (_, Some((_, Int::Xor, x, y))) if y == a => is_value(x),
                (Some((_, Int::Xor, x, y)), _) if x == b => is_value(y),
                (Some((_, Int::Xor, x, y)), _) if y == b => is_value(x),
                _ => None,
            },
            Int::Shl | Int::ShrS | Int::ShrU | Int::Rotl | Int::Rotr => {
                self.amount(width, op, a, b)
            }
            _ => None,
        }
    }

    /// The same operand twice.
    fn with_itself(&mut self, width: Width, op: Int, a: Value) -> Found {
        match op {
            Int::And | Int::Or => is_value(a),
            Int::Sub | Int::Xor => self.is_number(width, 0),
            _ => None,
        }
    }

    fn sum(&mut self, width: Width, a: Value, b: Value) -> Found {
        // a + (0 - x) is a - x.
        for (a, b) in [(a, b), (b, a)] {
            if let Some((_, Int::Sub, zero, x)) = self.int_of(b)
                && self.number(zero) == Some(0)
            {
                return self.is_int(width, Int::Sub, a, x);
            }
            // (x - y) + y is x.
            if let Some((_, Int::Sub, x, y)) = self.int_of(a)
                && y == b
            {
                return is_value(x);
            }
        }
        // (x + c) + (y + d) has one constant too much.
        if let (Some((_, Int::Add, x, c)), Some((_, Int::Add, y, d))) =
            (self.int_const(a), self.int_const(b))
            && self.is_single(a)
            && self.is_single(b)
        {
            let sum = self.new_compute(Int::Add.op(width), &[x, y]);
            return self.is_int_const(width, Int::Add, sum, c.wrapping_add(d));
        }
        None
    }

    fn difference(&mut self, width: Width, a: Value, b: Value) -> Found {
        match self.int_of(b) {
            // a - (0 - x) is a + x.
            Some((_, Int::Sub, zero, x)) if self.number(zero) == Some(0) => {
                return self.is_int(width, Int::Add, a, x);
            }
            // x - (x - y) is y; x - (x + y) is -y.
            Some((_, Int::Sub, x, y)) if x == a => return is_value(y),
            _ => {}
        }
        match self.int_of(a) {
            // (x + y) - y is x.
            Some((_, Int::Add, x, y)) if y == b => return is_value(x),
            Some((_, Int::Add, x, y)) if x == b => return is_value(y),
            _ => {}
        }
        // (x + c) - (y + d).
        if let (Some((_, Int::Add, x, c)), Some((_, Int::Add, y, d))) =
            (self.int_const(a), self.int_const(b))
            && self.is_single(a)
            && self.is_single(b)
        {
            let difference = self.new_compute(Int::Sub.op(width), &[x, y]);
            return self.is_int_const(width, Int::Add, difference, c.wrapping_sub(d));
        }
        // c - (x + d) is (c - d) - x.
        if let (Some(c), Some((_, Int::Add, x, d))) = (self.number(a), self.int_const(b))
            && self.is_single(b)
        {
            let number = self.constant(width, c.wrapping_sub(d));
            return self.is_int(width, Int::Sub, number, x);
        }
        None
    }

    /// x & (x | y), (x & y) & y and their like.
    fn absorbed(&mut self, op: Int, a: Value, b: Value) -> Found {
        for (a, b) in [(a, b), (b, a)] {
            if let Some((_, inner @ (Int::And | Int::Or), x, y)) = self.int_of(b)
                && (x == a || y == a)
            {
                return is_value(if inner == op { b } else { a });
            }
        }
        None
    }

    /// What a shift is shifted by counts modulo the width.
    fn amount(&mut self, width: Width, op: Int, a: Value, b: Value) -> Found {
        let (_, Int::And, x, mask) = self.int_const(b)? else {
            return None;
        };
        let needed = u64::from(width.bits() - 1);
        (mask & needed == needed).then(|| self.is_int(width, op, a, x))?
    }

    /// A constant on the right.
    fn with_constant(&mut self, width: Width, op: Int, a: Value, number: u64) -> Found {
        let bits = self.bits.get(self.func, a)?;
        match op {
            Int::Sub => {
                // Sums are what other rules look for.
                self.is_int_const(width, Int::Add, a, number.wrapping_neg())
            }
            Int::And => {
                if bits.ones & number == 0 {
                    return self.is_number(width, 0);
                }
                // Bits that are 0 already need no mask.
                if bits.ones & !number == 0 {
                    return is_value(a);
                }
                None
            }
            Int::Xor if number == 1 && bits.is_bool() && width == Width::W32 => {
                Some(ir::Simplified::Inst(ir::Inst::compute(width.eqz(), &[a])))
            }
            Int::Mul if number == width.ones() => {
                let zero = self.constant(width, 0);
                self.is_int(width, Int::Sub, zero, a)
            }
            Int::Mul if number.is_power_of_two() => {
                self.is_int_const(width, Int::Shl, a, number.trailing_zeros().into())
            }
            Int::DivU if number.is_power_of_two() => {
                self.is_int_const(width, Int::ShrU, a, number.trailing_zeros().into())
            }
            Int::RemU if number.is_power_of_two() => {
                self.is_int_const(width, Int::And, a, number - 1)
            }
            Int::RemS if number == 1 || number == width.ones() => self.is_number(width, 0),
            Int::DivS | Int::RemS
                if bits.ones >> (width.bits() - 1) == 0
                    && number.is_power_of_two()
                    && width.signed(number) > 0 =>
            {
                let op = match op {
                    Int::DivS => Int::DivU,
                    _ => Int::RemU,
                };
                self.is_int_const(width, op, a, number)
            }
            Int::Shl | Int::ShrS | Int::ShrU | Int::Rotl | Int::Rotr => {
                let by = number % u64::from(width.bits());
                if by == 0 {
                    return is_value(a);
                }
                if op == Int::ShrU && bits.ones >> by == 0 {
                    return self.is_number(width, 0);
                }
                (by != number).then(|| self.is_int_const(width, op, a, by))?
            }
            _ => None,
        }
    }

    /// Constants on the right of an operator and of its operand.
    fn gathered(&mut self, width: Width, op: Int, a: Value, outer: u64) -> Found {
        let (_, inner_op, x, inner) = match self.int_const(a) {
            Some(found) => found,
            None => return self.constant_before(width, op, a, outer),
        };
        let single = self.is_single(a);
        match (inner_op, op) {
            (Int::Add, Int::Add) => {
                let sum = inner.wrapping_add(outer);
                // Of two values that are there anyway, the nearer one.
                let is_shorter = len(width, sum) < len(width, outer) || sum == 0;
                (single || is_shorter).then(|| self.is_int_const(width, Int::Add, x, sum))?
            }
            (Int::Mul, Int::Mul) if single => {
                self.is_int_const(width, Int::Mul, x, inner.wrapping_mul(outer))
            }
            (Int::And, Int::And) if single => self.is_int_const(width, Int::And, x, inner & outer),
            (Int::Or, Int::Or) if single => self.is_int_const(width, Int::Or, x, inner | outer),
            (Int::Xor, Int::Xor) if single => self.is_int_const(width, Int::Xor, x, inner ^ outer),
            (Int::Or, Int::And) if inner & outer == 0 => {
                self.is_int_const(width, Int::And, x, outer)
            }
            (Int::Shl | Int::ShrS | Int::ShrU, op) if op == inner_op && single => {
                let bits = u64::from(width.bits());
                let by = inner % bits + outer % bits;
                match op {
                    _ if by < bits => self.is_int_const(width, op, x, by),
                    Int::ShrS => self.is_int_const(width, op, x, bits - 1),
                    _ => self.is_number(width, 0),
                }
            }
            // (x << c) >> c keeps the low bits, (x >> c) << c the high ones.
            (Int::Shl, Int::ShrU) if single && inner == outer => {
                let mask = width.ones() >> outer;
                (len(width, mask) <= 3).then(|| self.is_int_const(width, Int::And, x, mask))?
            }
            (Int::ShrU | Int::ShrS, Int::Shl) if single && inner == outer => {
                let mask = (width.ones() << outer) & width.ones();
                (len(width, mask) <= 3).then(|| self.is_int_const(width, Int::And, x, mask))?
            }
            (Int::Shl, Int::ShrS) if inner == outer => {
                // What the sign is already is extended for nothing.
                let bits = self.bits.get(self.func, x)?;
                let kept = u64::from(width.bits()) - outer % u64::from(width.bits());
                (u64::from(bits.signed) <= kept).then(|| is_value(x))?
            }
            _ => None,
        }
    }

    /// c - x, with another constant behind it.
    fn constant_before(&mut self, width: Width, op: Int, a: Value, outer: u64) -> Found {
        let (_, Int::Sub, c, x) = self.int_of(a)? else {
            return None;
        };
        let c = self.number(c)?;
        if op != Int::Add || !self.is_single(a) {
            return None;
        }
        let number = self.constant(width, c.wrapping_add(outer));
        self.is_int(width, Int::Sub, number, x)
    }
}

/// How many bytes a constant takes.
fn len(width: Width, number: u64) -> u32 {
    leb_len(width.signed(number))
}
