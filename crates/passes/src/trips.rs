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

/// How many rounds end with another one.
pub(crate) struct Count {
    /// As an i64, less than 2^33.
    pub rounds: Value,
    /// An i32 that is zero if the number is not right.
    pub is_right: Option<Value>,
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

    /// Code for the number of rounds that end with another one; `now` says what values are before the first.
    pub(crate) fn emit(&self, emit: &mut Emit<'_>, now: impl Fn(Value) -> Value) -> Count {
        use Compute::*;
        let first = emit.linear(&self.first, &now);
        let bound = emit.linear(&self.bound, &now);
        let grows = (self.step as i32) > 0;
        let step = (self.step as i32).unsigned_abs();
        let way = if grows {
            [bound, first]
        } else {
            [first, bound]
        };
        let way = emit.compute(I32Sub, &way);
        match self.test {
            Test::Differs => {
                let divisor = emit.i32(step);
                let rounds = emit.compute(I32DivU, &[way, divisor]);
                let is_right = (step != 1).then(|| {
                    let again = emit.times(rounds, step);
                    emit.compute(I32Eq, &[again, way])
                });
                let rounds = emit.compute(I64ExtendI32U, &[rounds]);
                Count { rounds, is_right }
            }
            Test::Before {
                is_signed,
                or_equal,
            } => {
                let op = match (grows, is_signed, or_equal) {
                    (true, false, false) => I32LtU,
                    (true, false, true) => I32LeU,
                    (true, true, false) => I32LtS,
                    (true, true, true) => I32LeS,
                    (false, false, false) => I32GtU,
                    (false, false, true) => I32GeU,
                    (false, true, false) => I32GtS,
                    (false, true, true) => I32GeS,
                };
                let goes_on = emit.compute(op, &[first, bound]);
                let way = emit.compute(I64ExtendI32U, &[way]);
                // A whole step leads out of it; one more that lands on the bound is counted if that still counts.
                let up = emit.i64(if or_equal { step } else { step - 1 }.into());
                let way = emit.compute(I64Add, &[way, up]);
                let divisor = emit.i64(step.into());
                let rounds = emit.compute(I64DivU, &[way, divisor]);
                let none = emit.i64(0);
                let rounds = emit.select(goes_on, rounds, none);
                Count {
                    rounds,
                    is_right: None,
                }
            }
        }
    }
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
