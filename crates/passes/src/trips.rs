//! How often a loop goes round, as code in front of it.
//!
//! Apart because it is arithmetic modulo 2^32 with a case for each comparison, and nothing else depends on which case it was.

use crate::emit::Emit;
use crate::tight::{Linear, Rounds, Tight};
use ir::{Func, Inst, Value};
use ops::Compute;

/// What keeps a loop going: a comparison of what changes with what does not.
#[derive(Clone, Debug)]
pub(crate) struct Trips {
    test: Test,
    /// What changes, in the first round.
    first: Linear,
    /// By how much it changes in a round: not 0.
    step: u32,
    /// What it is compared with.
    bound: Linear,
}

/// The loop goes on while what changes is so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Test {
    Differs,
    /// Below, and growing; or above, and shrinking.
    Before {
        is_signed: bool,
        or_equal: bool,
    },
}

impl Trips {
    /// What decides when a loop ends, if it is that simple.
    pub(crate) fn find(func: &Func, tight: &Tight, rounds: &Rounds) -> Option<Trips> {
        let compared = match func.def_inst(tight.cond) {
            Some(&Inst::Compute { op, args }) => comparison(op).map(|found| (found, args)),
            _ => None,
        };
        let Some(((op, is_signed), [a, b, _])) = compared else {
            return Trips::nonzero(func, tight, rounds);
        };
        if op == Order::Zero {
            if tight.stays_if {
                return None;
            }
            return Trips::differs(rounds, rounds.linear(func, a)?, Linear::default());
        }
        let (a, b) = (rounds.linear(func, a)?, rounds.linear(func, b)?);
        let op = if tight.stays_if { op } else { op.opposite() };
        let (op, first, bound) = match (a.step(rounds)?, b.step(rounds)?) {
            (_, 0) => (op, a, b),
            (0, _) => (op.swapped(), b, a),
            _ if op == Order::NotEqual => return Trips::differs(rounds, a, b),
            _ => return None,
        };
        let step = first.step(rounds)?;
        let (is_up, or_equal) = match op {
            Order::NotEqual => return Trips::differs(rounds, first, bound),
            Order::Less => (true, false),
            Order::LessOrEqual => (true, true),
            Order::Greater => (false, false),
            Order::GreaterOrEqual => (false, true),
            Order::Equal | Order::Zero => return None,
        };
        let grows = (step as i32) > 0;
        (step != 0 && grows == is_up).then_some(Trips {
            test: Test::Before {
                is_signed,
                or_equal,
            },
            first,
            step,
            bound,
        })
    }

    fn nonzero(func: &Func, tight: &Tight, rounds: &Rounds) -> Option<Trips> {
        if !tight.stays_if {
            return None;
        }
        Trips::differs(rounds, rounds.linear(func, tight.cond)?, Linear::default())
    }

    fn differs(rounds: &Rounds, a: Linear, b: Linear) -> Option<Trips> {
        let first = a.plus(&b.times(u32::MAX))?;
        let step = first.step(rounds)?;
        (step != 0).then_some(Trips {
            test: Test::Differs,
            first,
            step,
            bound: Linear::default(),
        })
    }

    /// Code for whether at least so many rounds end with another one; `now` says what values are before the first. It is little, as
    /// most loops that do not run long need no more.
    pub(crate) fn many(
        &self,
        emit: &mut Emit<'_>,
        least: u64,
        now: impl Fn(Value) -> Value,
    ) -> (Value, Way) {
        use Compute::*;
        let first = emit.linear(&self.first, &now);
        let bound = emit.linear(&self.bound, &now);
        let [to, from] = if (self.step as i32) > 0 {
            [bound, first]
        } else {
            [first, bound]
        };
        let way = emit.compute(I32Sub, &[to, from]);
        let step = u64::from((self.step as i32).unsigned_abs());
        let (op, up) = match self.test {
            Test::Differs => (None, 0),
            // A whole step leads out of it; one that lands on the bound is counted if that still counts.
            Test::Before {
                is_signed,
                or_equal,
            } => {
                let op = match (is_signed, or_equal) {
                    (false, false) => I32LtU,
                    (false, true) => I32LeU,
                    (true, false) => I32LtS,
                    (true, true) => I32LeS,
                };
                (Some(op), if or_equal { step } else { step - 1 })
            }
        };
        let Ok(least) = u32::try_from(least * step - up) else {
            return (emit.i32(0), Way { way, up, step });
        };
        let least = emit.i32(least);
        let is_long = emit.compute(I32GeU, &[way, least]);
        let is_many = match op {
            Some(op) => {
                let goes_on = emit.compute(op, &[from, to]);
                emit.and(goes_on, is_long)
            }
            None => is_long,
        };
        (is_many, Way { way, up, step })
    }

    /// Code for the number of rounds that end with another one, if there are many: as an i64, less than 2^33, and an i32 that is zero
    /// if the number is not right.
    pub(crate) fn count(&self, emit: &mut Emit<'_>, way: &Way) -> (Value, Value) {
        use Compute::*;
        let Way { way, up, step } = *way;
        let wide = emit.compute(I64ExtendI32U, &[way]);
        let up = emit.i64(up);
        let divisor = emit.i64(step);
        let sum = emit.compute(I64Add, &[wide, up]);
        let rounds = emit.compute(I64DivU, &[sum, divisor]);
        let is_right = if self.test == Test::Differs && step != 1 {
            let again = emit.compute(I64Mul, &[rounds, divisor]);
            emit.compute(I64Eq, &[again, wide])
        } else {
            emit.i32(1)
        };
        (rounds, is_right)
    }
}

/// How far it is to the bound.
pub(crate) struct Way {
    /// As an i32, unsigned.
    way: Value,
    /// What is added to it, for the number of steps to be rounded right.
    up: u64,
    step: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Zero,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    fn opposite(self) -> Order {
        match self {
            Order::Zero => Order::Zero,
            Order::Equal => Order::NotEqual,
            Order::NotEqual => Order::Equal,
            Order::Less => Order::GreaterOrEqual,
            Order::LessOrEqual => Order::Greater,
            Order::Greater => Order::LessOrEqual,
            Order::GreaterOrEqual => Order::Less,
        }
    }

    fn swapped(self) -> Order {
        match self {
            Order::Less => Order::Greater,
            Order::LessOrEqual => Order::GreaterOrEqual,
            Order::Greater => Order::Less,
            Order::GreaterOrEqual => Order::LessOrEqual,
            same => same,
        }
    }
}

/// What a row compares, and whether as signed numbers.
fn comparison(op: Compute) -> Option<(Order, bool)> {
    Some(match op {
        Compute::I32Eqz => (Order::Zero, false),
        Compute::I32Eq => (Order::Equal, false),
        Compute::I32Ne => (Order::NotEqual, false),
        Compute::I32LtS => (Order::Less, true),
        Compute::I32LtU => (Order::Less, false),
        Compute::I32GtS => (Order::Greater, true),
        Compute::I32GtU => (Order::Greater, false),
        Compute::I32LeS => (Order::LessOrEqual, true),
        Compute::I32LeU => (Order::LessOrEqual, false),
        Compute::I32GeS => (Order::GreaterOrEqual, true),
        Compute::I32GeU => (Order::GreaterOrEqual, false),
        _ => return None,
    })
}
