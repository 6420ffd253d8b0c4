//! What instructions do beside computing their results, as far as more is known than the operator alone says.
//!
//! Apart from the effects of operators because functions that are called, and operands that are constants, have a say here.

use ir::{Effects, Func, Inst, State};
use ops::Compute;

/// What is known of calls of a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Callee {
    /// What it may do. Not coming back is as much an effect as a trap: whoever may do so traps.
    pub effects: Effects,
    /// Whether it can return: if not, nothing behind a call of it is reached.
    pub returns: bool,
}

impl Callee {
    /// Nothing is known.
    pub const ANY: Callee = Callee {
        effects: Effects {
            reads: State::ALL,
            writes: State::ALL,
            traps: true,
            is_fresh: true,
        },
        returns: true,
    };
}

/// What an instruction does. `callees` is by function; it may be shorter.
pub(crate) fn effects(func: &Func, inst: &Inst, callees: &[Callee]) -> Effects {
    match *inst {
        Inst::Compute { op, args } if op.can_trap() => Effects {
            traps: may_trap(func, op, args[1]),
            ..inst.effects()
        },
        Inst::Call { func, .. } => match callees.get(func.index()) {
            Some(callee) => callee.effects,
            None => Callee::ANY.effects,
        },
        _ => inst.effects(),
    }
}

/// Whether an operator that divides or truncates can trap, by its divisor.
fn may_trap(func: &Func, op: Compute, divisor: ir::Value) -> bool {
    let minus_one = match op {
        Compute::I32DivU | Compute::I32RemU | Compute::I64DivU | Compute::I64RemU => None,
        Compute::I32RemS | Compute::I64RemS => None,
        Compute::I32DivS => Some(u128::from(u32::MAX)),
        Compute::I64DivS => Some(u128::from(u64::MAX)),
        _ => return true,
    };
    match func.const_bits(divisor) {
        None | Some(0) => true,
        bits => bits == minus_one,
    }
}
