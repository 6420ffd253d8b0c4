//! Rules for conversions between integers.
//!
//! Apart from arithmetic because widths change here: what is extended and cut again was there before, and loads extend by themselves.

use super::{Found, Rules, is_value};
use crate::ints::{Int, Width};
use ir::{Inst, Simplified, Value};
use ops::{Compute, Load};

impl Rules<'_> {
    /// What a conversion makes of a value.
    pub(super) fn convert(&mut self, op: Compute, a: Value) -> Found {
        let bits = self.bits.get(self.func, a)?;
        match op {
            Compute::I32Extend8S | Compute::I64Extend8S => self.extend(op, a, bits.signed, 8),
            Compute::I32Extend16S | Compute::I64Extend16S => self.extend(op, a, bits.signed, 16),
            Compute::I64Extend32S => self.extend(op, a, bits.signed, 32),
            Compute::I64ExtendI32U | Compute::I64ExtendI32S => self.widen(op, a),
            Compute::I32WrapI64 => self.wrap(a),
            _ => None,
        }
    }

    /// The sign of the low bits, of which there are `kept`.
    fn extend(&mut self, op: Compute, a: Value, signed: u32, kept: u32) -> Found {
        let low = u64::MAX >> (64 - kept);
        if signed <= kept {
            return is_value(a);
        }
        // A mask that keeps the bits that are looked at, and other ways to change those above.
        if let Some((_, Int::And, x, mask)) = self.int_const(a)
            && mask & low == low
        {
            return Some(Simplified::Inst(Inst::compute(op, &[x])));
        }
        let load = match (op, self.load_of(a)?) {
            (Compute::I32Extend8S, Load::I32Load8U) => Load::I32Load8S,
            (Compute::I32Extend16S, Load::I32Load16U) => Load::I32Load16S,
            (Compute::I64Extend8S, Load::I64Load8U) => Load::I64Load8S,
            (Compute::I64Extend16S, Load::I64Load16U) => Load::I64Load16S,
            (Compute::I64Extend32S, Load::I64Load32U) => Load::I64Load32S,
            _ => return None,
        };
        self.load_instead(a, load)
    }

    /// An i64 of an i32.
    fn widen(&mut self, op: Compute, a: Value) -> Found {
        if let Some((Compute::I32WrapI64, of)) = self.compute(a) {
            let bits = self.bits.get(self.func, of[0])?;
            let is_same = match op {
                Compute::I64ExtendI32U => bits.ones <= u32::MAX.into(),
                _ => bits.signed <= 32,
            };
            return is_same.then(|| is_value(of[0]))?;
        }
        let load = match (op, self.load_of(a)?) {
            (_, Load::I32Load8U) => Load::I64Load8U,
            (_, Load::I32Load16U) => Load::I64Load16U,
            (Compute::I64ExtendI32S, Load::I32Load8S) => Load::I64Load8S,
            (Compute::I64ExtendI32S, Load::I32Load16S) => Load::I64Load16S,
            (Compute::I64ExtendI32S, Load::I32Load) => Load::I64Load32S,
            (Compute::I64ExtendI32U, Load::I32Load) => Load::I64Load32U,
            _ => return None,
        };
        self.load_before(a, load)
    }

    /// The low half of an i64.
    fn wrap(&mut self, a: Value) -> Found {
        if let Some((_, op, x, number)) = self.int_const(a) {
            let low = u64::from(u32::MAX);
            match op {
                Int::And if number & low == low => {
                    return Some(Simplified::Inst(Inst::compute(Compute::I32WrapI64, &[x])));
                }
                Int::Or | Int::Xor | Int::Add if number & low == 0 => {
                    return Some(Simplified::Inst(Inst::compute(Compute::I32WrapI64, &[x])));
                }
                // What was extended just for this operator need not be.
                Int::And | Int::Or | Int::Xor | Int::Add | Int::Mul if self.is_single(a) => {
                    let (Compute::I64ExtendI32S | Compute::I64ExtendI32U, of) = self.compute(x)?
                    else {
                        return None;
                    };
                    return self.is_int_const(Width::W32, op, of[0], number & low);
                }
                Int::Shl if self.is_single(a) && number < 32 => {
                    let (Compute::I64ExtendI32S | Compute::I64ExtendI32U, of) = self.compute(x)?
                    else {
                        return None;
                    };
                    return self.is_int_const(Width::W32, op, of[0], number);
                }
                _ => {}
            }
        }
        if let Some((_, op, x, y)) = self.int_of(a)
            && matches!(
                op,
                Int::Add | Int::Sub | Int::Mul | Int::And | Int::Or | Int::Xor
            )
            && self.is_single(a)
            && let (Some((extend, of)), Some((other, with))) = (self.compute(x), self.compute(y))
            && matches!(extend, Compute::I64ExtendI32S | Compute::I64ExtendI32U)
            && matches!(other, Compute::I64ExtendI32S | Compute::I64ExtendI32U)
        {
            return self.is_int(Width::W32, op, of[0], with[0]);
        }
        if let Some((Compute::I64Extend32S, of)) = self.compute(a) {
            return Some(Simplified::Inst(Inst::compute(
                Compute::I32WrapI64,
                &of[..1],
            )));
        }
        let load = match self.load_of(a)? {
            Load::I64Load8U => Load::I32Load8U,
            Load::I64Load8S => Load::I32Load8S,
            Load::I64Load16U => Load::I32Load16U,
            Load::I64Load16S => Load::I32Load16S,
            Load::I64Load32U | Load::I64Load32S => Load::I32Load,
            _ => return None,
        };
        self.load_before(a, load)
    }

    /// The load of a value that nothing else uses.
    fn load_of(&self, value: Value) -> Option<Load> {
        match *self.func.def_inst(value)? {
            Inst::Load { op, .. } if self.is_single(value) => Some(op),
            _ => None,
        }
    }

    /// Another load in the place of that of `value`, of another type, is what was asked for.
    fn load_before(&mut self, value: Value, load: Load) -> Found {
        let ir::Def::Result(old, _) = self.func.def(value) else {
            return None;
        };
        let Inst::Load {
            memory,
            offset,
            addr,
            ..
        } = *self.func.inst(old)
        else {
            return None;
        };
        // A load that this walk made has no place among the others yet, so nothing can come before it: the next walk sees it.
        let first_new = self.before.first();
        if first_new.is_some_and(|&(_, new)| old.index() >= new.index()) {
            return None;
        }
        let addr = self.same.now(addr);
        let inst = Inst::Load {
            op: load,
            memory,
            offset,
            addr,
        };
        let id = self.new_inst(old, inst, load.result().into());
        self.gone.push(old);
        is_value(self.func.result(id))
    }

    /// The load of `value` loads in another way, and is what was asked for.
    fn load_instead(&mut self, value: Value, load: Load) -> Found {
        let ir::Def::Result(id, _) = self.func.def(value) else {
            return None;
        };
        if let Inst::Load {
            memory,
            offset,
            addr,
            ..
        } = *self.func.inst(id)
        {
            let inst = Inst::Load {
                op: load,
                memory,
                offset,
                addr,
            };
            let is_in_bounds = self.func.is_in_bounds(id);
            self.func.set_inst(id, inst);
            if is_in_bounds {
                self.func.set_in_bounds(id);
            }
            self.bits.note(self.func, id);
            return is_value(value);
        }
        None
    }
}
