//! Loops of one block or two, and what their 32-bit values are as the loop goes round.
//!
//! Apart because several passes ask the same two questions: which loops are small enough to reason about as a whole, and by how much
//! an address moves with each round. Nested and larger loops are left alone: compilers put the time of dense code into these.
//!
//! A value is *linear* if it is a sum of multiples of values from before the round, modulo 2^32:
//!
//! ```text
//! b13(v70: i32):                          v70 grows by 16 a round
//!     v71: i32 = i32.add v42, v70         v42 + v70: grows by 16
//!     v77: i32 = i32.add v71, i32:8       v42 + v70 + 8
//! ```

use ir::{Block, EdgeId, Func, Inst, Preds, Term, Type, Value};
use ops::Compute;
use std::collections::HashMap;

/// Terms that a linear value has at most.
const TERMS_MAX: usize = 6;
/// Instructions that a loop has at most, which bounds the time that passes take for each.
const INSTS_MAX: usize = 200;
/// Parameters that a loop has at most, for the same reason: a loop without instructions can move thousands of locals.
const PARAMS_MAX: usize = 64;

/// A loop of one block, which ends with a branch: back to its start, or out. Or of two, one behind the other, with a branch out
/// of the first as well.
#[derive(Clone, Debug)]
pub(crate) struct Tight {
    /// The first block.
    pub block: Block,
    /// The second one, if there are two.
    pub second: Option<Block>,
    /// The edge back to the start.
    pub back: EdgeId,
    /// What decides.
    pub cond: Value,
    /// Whether the loop goes on if the condition is not zero.
    pub stays_if: bool,
    /// The edges from elsewhere.
    pub entries: Vec<EdgeId>,
}

impl Tight {
    /// All loops of one block.
    pub(crate) fn find(func: &Func) -> Vec<Tight> {
        // Most functions have none, and seeing that should cost little.
        if !func
            .blocks()
            .any(|block| ends(func, block, block).is_some())
        {
            return Vec::new();
        }
        let preds = Preds::new(func);
        let find = |block| Tight::new(func, &preds, block, None);
        func.blocks().filter_map(find).collect()
    }

    /// All loops of two blocks.
    pub(crate) fn find_pairs(func: &Func) -> Vec<Tight> {
        let pair = |second: Block| {
            let Term::Branch {
                then, otherwise, ..
            } = func.term(second)
            else {
                return None;
            };
            // Between the blocks there is none that leads to the first, or the second would not be entered from it alone.
            let to = |edge| func.edge(edge).to;
            let first = [to(then), to(otherwise)]
                .into_iter()
                .find(|to| to.index() + 1 == second.index())?;
            let Term::Branch {
                then, otherwise, ..
            } = func.term(first)
            else {
                return None;
            };
            let leads_on = (to(then) == second) != (to(otherwise) == second);
            (leads_on && func.params(second).is_empty()).then_some((first, second))
        };
        let pairs: Vec<(Block, Block)> = func.blocks().filter_map(pair).collect();
        if pairs.is_empty() {
            return Vec::new();
        }
        let preds = Preds::new(func);
        let find = |(first, second)| match preds.of(second) {
            [_] => Tight::new(func, &preds, first, Some(second)),
            _ => None,
        };
        pairs.into_iter().filter_map(find).collect()
    }

    fn new(func: &Func, preds: &Preds, block: Block, second: Option<Block>) -> Option<Tight> {
        let (back, cond, stays_if) = ends(func, second.unwrap_or(block), block)?;
        let from = preds.of(block).iter();
        let mut entries: Vec<EdgeId> = from
            .map(|&(_, edge)| edge)
            .filter(|&edge| edge != back)
            .collect();
        entries.sort_unstable();
        entries.dedup();
        (!entries.is_empty()).then_some(Tight {
            block,
            second,
            back,
            cond,
            stays_if,
            entries,
        })
    }

    /// A new block in front of the loop that takes over the edges from elsewhere, and what the loop's parameters are there.
    pub(crate) fn take_entries(&self, func: &mut Func) -> (Block, Vec<Value>) {
        if let [only] = self.entries[..] {
            // What the only way in passes is known better than a parameter.
            let front = func.add_block(&[]);
            let args = func.edge_args(only).to_vec();
            func.set_edge(only, front, &[]);
            return (front, args);
        }
        let params = func.params(self.block).iter();
        let types: Vec<Type> = params.map(|&value| func.ty(value)).collect();
        let front = func.add_block(&types);
        for &entry in &self.entries {
            func.redirect(entry, front);
        }
        (front, func.params(front).to_vec())
    }
}

/// How a block ends that leads back to the first of a loop: the edge back, the condition, and whether it is one to stay.
fn ends(func: &Func, block: Block, first: Block) -> Option<(EdgeId, Value, bool)> {
    let Term::Branch {
        cond,
        then,
        otherwise,
    } = func.term(block)
    else {
        return None;
    };
    if func.insts(block).len() > INSTS_MAX || func.params(first).len() > PARAMS_MAX {
        return None;
    }
    let to = |edge| func.edge(edge).to == first;
    match (to(then), to(otherwise)) {
        (true, false) => Some((then, cond, true)),
        (false, true) => Some((otherwise, cond, false)),
        _ => None,
    }
}

/// A sum of multiples of values, and a number, modulo 2^32.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Linear {
    /// Values in order, with factors that are not zero.
    pub terms: Vec<(Value, u32)>,
    pub number: u32,
}

impl Linear {
    fn value(value: Value) -> Linear {
        Linear {
            terms: vec![(value, 1)],
            number: 0,
        }
    }

    fn number(number: u32) -> Linear {
        Linear {
            terms: Vec::new(),
            number,
        }
    }

    /// The value times a factor.
    pub(crate) fn times(mut self, factor: u32) -> Linear {
        self.number = self.number.wrapping_mul(factor);
        for term in &mut self.terms {
            term.1 = term.1.wrapping_mul(factor);
        }
        self.terms.retain(|term| term.1 != 0);
        self
    }

    /// The sum, if it is not too long.
    pub(crate) fn plus(&self, other: &Linear) -> Option<Linear> {
        let mut sum = self.clone();
        sum.number = sum.number.wrapping_add(other.number);
        for &(value, factor) in &other.terms {
            match sum.terms.binary_search_by_key(&value, |term| term.0) {
                Ok(at) => sum.terms[at].1 = sum.terms[at].1.wrapping_add(factor),
                Err(at) => sum.terms.insert(at, (value, factor)),
            }
        }
        sum.terms.retain(|term| term.1 != 0);
        (sum.terms.len() <= TERMS_MAX).then_some(sum)
    }

    /// What is added to the value in each round, if the values that it is made of are `rounds`'.
    pub(crate) fn step(&self, rounds: &Rounds) -> Option<u32> {
        let mut step = 0u32;
        for &(value, factor) in &self.terms {
            step = step.wrapping_add(rounds.step(value)?.wrapping_mul(factor));
        }
        Some(step)
    }
}

/// What the values of a loop are in each round.
pub(crate) struct Rounds {
    block: Block,
    second: Option<Block>,
    /// The i32 values that the loop computes and that are linear.
    linear: HashMap<Value, Linear>,
    /// The loop's parameters, and what each grows by in a round.
    steps: Vec<(Value, Option<u32>)>,
}

impl Rounds {
    pub(crate) fn new(func: &Func, tight: &Tight) -> Rounds {
        let params = func.params(tight.block);
        let mut rounds = Rounds {
            block: tight.block,
            second: tight.second,
            linear: HashMap::new(),
            steps: Vec::new(),
        };
        for &param in params {
            if func.ty(param) == Type::I32 {
                rounds.linear.insert(param, Linear::value(param));
            }
        }
        let second = tight.second.map_or(&[][..], |second| func.insts(second));
        for &id in func.insts(tight.block).iter().chain(second) {
            if let Inst::Compute { op, args } = *func.inst(id)
                && let Some(linear) = rounds.compute(func, op, args)
            {
                rounds.linear.insert(func.result(id), linear);
            }
        }
        let next = func.edge_args(tight.back);
        for (&param, &next) in params.iter().zip(next) {
            let step = if next == param {
                Some(0)
            } else {
                rounds.grown(func, param, next)
            };
            rounds.steps.push((param, step));
        }
        rounds
    }

    /// By how much a parameter grows that becomes `next`.
    fn grown(&self, func: &Func, param: Value, next: Value) -> Option<u32> {
        if func.ty(param) != Type::I32 {
            return None;
        }
        let next = self.linear(func, next)?;
        (next.terms[..] == [(param, 1)]).then_some(next.number)
    }

    fn compute(&self, func: &Func, op: Compute, args: [Value; 3]) -> Option<Linear> {
        let linear = |nth: usize| self.linear(func, args[nth]);
        let factor = || func.const_bits(args[1]).map(|bits| bits as u32);
        match op {
            Compute::I32Add => linear(0)?.plus(&linear(1)?),
            Compute::I32Sub => linear(0)?.plus(&linear(1)?.times(u32::MAX)),
            Compute::I32Mul => match func.const_bits(args[0]) {
                Some(bits) => Some(linear(1)?.times(bits as u32)),
                None => Some(linear(0)?.times(factor()?)),
            },
            Compute::I32Shl => Some(linear(0)?.times(1u32 << (factor()? & 31))),
            _ => None,
        }
    }

    /// An i32 as a sum of values from before the round.
    pub(crate) fn linear(&self, func: &Func, value: Value) -> Option<Linear> {
        if let Some(bits) = func.const_bits(value) {
            return Some(Linear::number(bits as u32));
        }
        if let Some(linear) = self.linear.get(&value) {
            return Some(linear.clone());
        }
        (func.ty(value) == Type::I32 && self.is_from_outside(func, value))
            .then(|| Linear::value(value))
    }

    /// Whether a value is the same in every round because it was there before the loop.
    pub(crate) fn is_from_outside(&self, func: &Func, value: Value) -> bool {
        match func.def(value) {
            ir::Def::Const(_) => true,
            ir::Def::Param(block, _) => block != self.block,
            ir::Def::Result(id, _) => {
                let second = self.second.map_or(&[][..], |second| func.insts(second));
                !func.insts(self.block).contains(&id) && !second.contains(&id)
            }
        }
    }

    /// By how much a value grows in a round, which a linear value is made of.
    pub(crate) fn step(&self, value: Value) -> Option<u32> {
        match self.steps.iter().find(|(param, _)| *param == value) {
            Some(&(_, step)) => step,
            None => Some(0),
        }
    }
}
