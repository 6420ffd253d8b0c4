//! Drops operators that only change bits that nobody looks at.
//!
//! Apart from the other rules because values do not stay what they are: only their bits that matter do. So nothing that is known of all
//! bits of a value may be asked in the same walk.

use crate::domtree::Same;
use crate::ints::{Int, Width};
use ir::{Def, Func, Inst, Preds, Term, Value};
use ops::{Compute, Store};

/// Drops them; whether there were any.
pub(super) fn run(func: &mut Func) -> bool {
    let demanded = Demanded::new(func);
    let mut same = Same::default();
    let mut is_any = false;
    for block in func.blocks() {
        for &id in func.insts(block) {
            let Inst::Compute { op, args } = *func.inst(id) else {
                continue;
            };
            let result = func.result(id);
            if let Some(value) = unchanged(func, op, args, demanded.of[result.index()]) {
                let value = same.now(value);
                same.set(func, result, value);
                is_any = true;
            }
        }
    }
    same.apply(func);
    is_any
}

/// The operand that has the same demanded bits as the result.
fn unchanged(func: &Func, op: Compute, args: [Value; 3], demanded: u64) -> Option<Value> {
    if demanded == 0 {
        return None;
    }
    let of = |value: Value| match func.def_inst(value)? {
        Inst::Compute { op, args } => Some((*op, *args)),
        _ => None,
    };
    if let Some((width, op)) = Int::of(op) {
        let number = func.const_bits(args[1])? as u64;
        let by = number % u64::from(width.bits());
        return match op {
            Int::And if demanded & !number == 0 => Some(args[0]),
            Int::Or | Int::Xor if demanded & number == 0 => Some(args[0]),
            Int::Add | Int::Sub if filled(demanded) & number == 0 => Some(args[0]),
            Int::ShrS | Int::ShrU if demanded & !(width.ones() >> by) == 0 => {
                let (inner, inner_args) = of(args[0])?;
                let is_undone = inner == Int::Shl.op(width)
                    && func.const_bits(inner_args[1]) == func.const_bits(args[1]);
                is_undone.then_some(inner_args[0])
            }
            _ => None,
        };
    }
    let low = |bits: u64| (demanded & !bits == 0).then_some(args[0]);
    match op {
        Compute::I32Extend8S | Compute::I64Extend8S => low(0xff),
        Compute::I32Extend16S | Compute::I64Extend16S => low(0xffff),
        Compute::I64Extend32S => low(u32::MAX.into()),
        Compute::I64ExtendI32S | Compute::I64ExtendI32U if demanded <= u32::MAX.into() => {
            match of(args[0])? {
                (Compute::I32WrapI64, inner) => Some(inner[0]),
                _ => None,
            }
        }
        _ => None,
    }
}

/// All bits up to the highest of some.
fn filled(bits: u64) -> u64 {
    u64::MAX.checked_shr(bits.leading_zeros()).unwrap_or(0)
}

/// Which bits of values matter.
struct Demanded {
    /// By value; all bits for what is no integer.
    of: Vec<u64>,
    waiting: Vec<Value>,
}

impl Demanded {
    fn new(func: &Func) -> Demanded {
        let preds = Preds::new(func);
        let mut demanded = Demanded {
            of: vec![0; func.n_values()],
            waiting: Vec::new(),
        };
        for block in func.blocks() {
            for &id in func.insts(block) {
                let inst = func.inst(id);
                if !inst.effects().is_removable() {
                    demanded.operands(func, inst, u64::MAX);
                }
            }
            func.for_each_term_arg(block, |value| demanded.add(value, u64::MAX));
            if let Term::Throw(value) = func.term(block) {
                demanded.add(value, u64::MAX);
            }
        }
        // Masks only grow, mostly once; a function where they do not is left alone.
        let mut steps = 16 * func.n_values() + 1024;
        while let Some(value) = demanded.waiting.pop() {
            steps -= 1;
            if steps == 0 {
                demanded.of.fill(u64::MAX);
                break;
            }
            let mask = demanded.of[value.index()];
            match func.def(value) {
                Def::Const(_) => {}
                Def::Result(id, _) => demanded.operands(func, func.inst(id), mask),
                Def::Param(block, nth) => {
                    for &(_, edge) in preds.of(block) {
                        demanded.add(func.edge_args(edge)[usize::from(nth)], mask);
                    }
                }
            }
        }
        demanded
    }

    fn add(&mut self, value: Value, mask: u64) {
        let old = &mut self.of[value.index()];
        if *old | mask != *old {
            *old |= mask;
            self.waiting.push(value);
        }
    }

    /// What is demanded of operands if `mask` is of the result.
    fn operands(&mut self, func: &Func, inst: &Inst, mask: u64) {
        match *inst {
            Inst::Compute { op, args } => match Int::of(op) {
                Some((width, op)) => self.int(func, op, width, args, mask),
                None => {
                    let n = op.params().len();
                    let mask = of_unary(op, mask);
                    args[..n].iter().for_each(|&arg| self.add(arg, mask));
                }
            },
            Inst::Select {
                cond,
                then,
                otherwise,
            } => {
                self.add(cond, u64::MAX);
                self.add(then, mask);
                self.add(otherwise, mask);
            }
            Inst::Store {
                op, addr, value, ..
            } => {
                self.add(addr, u64::MAX);
                let stored = match op {
                    Store::I32Store8 | Store::I64Store8 => 0xff,
                    Store::I32Store16 | Store::I64Store16 => 0xffff,
                    Store::I64Store32 => u32::MAX.into(),
                    _ => u64::MAX,
                };
                self.add(value, stored);
            }
            Inst::MemoryFill { args, .. } => {
                self.add(args[0], u64::MAX);
                self.add(args[1], 0xff);
                self.add(args[2], u64::MAX);
            }
            ref inst => inst.for_each_arg(func, |value| self.add(value, u64::MAX)),
        }
    }

    fn int(&mut self, func: &Func, op: Int, width: Width, args: [Value; 3], mask: u64) {
        let (a, b) = (args[0], args[1]);
        let number = func.const_bits(b).map(|bits| bits as u64);
        let by = number.map(|number| number % u64::from(width.bits()));
        let (left, right) = match op {
            Int::And => (number.map_or(mask, |number| mask & number), mask),
            Int::Or => (number.map_or(mask, |number| mask & !number), mask),
            Int::Xor => (mask, mask),
            Int::Add | Int::Sub | Int::Mul => (filled(mask), filled(mask)),
            Int::Shl => (by.map_or(filled(mask), |by| mask >> by), amount(width)),
            Int::ShrU => (by.map_or(u64::MAX, |by| mask << by), amount(width)),
            Int::ShrS => {
                let sign = 1 << (width.bits() - 1);
                let of_value = |by: u64| {
                    let is_sign_seen = mask & !(width.ones() >> by) != 0;
                    (mask << by) | if is_sign_seen { sign } else { 0 }
                };
                (by.map_or(u64::MAX, of_value), amount(width))
            }
            Int::Rotl | Int::Rotr => (u64::MAX, amount(width)),
            _ => (u64::MAX, u64::MAX),
        };
        self.add(a, left);
        self.add(b, right);
    }
}

/// The bits of what is shifted by that count.
fn amount(width: Width) -> u64 {
    u64::from(width.bits() - 1)
}

/// What a conversion demands of its operand.
fn of_unary(op: Compute, mask: u64) -> u64 {
    let sign_of = |bits: u32| {
        let low = u64::MAX >> (64 - bits);
        let is_sign_seen = mask & !low != 0;
        (mask & low) | if is_sign_seen { 1 << (bits - 1) } else { 0 }
    };
    match op {
        Compute::I32WrapI64 => mask & u64::from(u32::MAX),
        Compute::I64ExtendI32U => mask & u64::from(u32::MAX),
        Compute::I64ExtendI32S | Compute::I64Extend32S => sign_of(32),
        Compute::I32Extend8S | Compute::I64Extend8S => sign_of(8),
        Compute::I32Extend16S | Compute::I64Extend16S => sign_of(16),
        _ => u64::MAX,
    }
}
