//! Where values live that have locals: intervals over all steps of the function, in the order of its blocks.
//!
//! Apart from giving out locals because it follows control flow, and that only asks whether intervals meet.

use super::EmitError;
use super::trees::{Code, Item};
use crate::{Block, Cfg, Def, Func, Term, Value};

/// How many blocks all values together may live in.
const LIVE_MAX: usize = 1 << 24;

/// No number of a value among those that have locals.
const NONE: u32 = u32::MAX;

/// From one step to another, that one excluded.
pub(super) type Interval = (u32, u32);

pub(super) struct Ranges {
    /// The values that have locals.
    pub(super) vars: Vec<Value>,
    /// By value: its number in `vars`.
    var_of: Vec<u32>,
    /// By number in `vars`: sorted, apart from each other.
    pub(super) of: Vec<Vec<Interval>>,
    /// By block: its first step.
    pub(super) start: Vec<u32>,
}

/// The steps of a block: one for its parameters, one for each item, one for its end.
fn n_steps(code: &Code<'_>, block: Block) -> u32 {
    code.of(block).len() as u32 + 2
}

impl Ranges {
    pub(super) fn new(func: &Func, cfg: &Cfg, code: &Code<'_>) -> Result<Ranges, EmitError> {
        let mut start = vec![0; func.n_blocks()];
        let mut step = 0;
        for &block in cfg.rpo() {
            start[block.index()] = step;
            step += n_steps(code, block);
        }
        let mut ranges = Ranges {
            vars: Vec::new(),
            var_of: vec![NONE; func.n_values()],
            of: Vec::new(),
            start,
        };
        let mut found = Found::default();
        // What a function is given is in locals, used or not.
        for &param in func.params(Block::new(0)) {
            ranges.number(param);
        }
        for &block in cfg.rpo() {
            ranges.find(func, code, block, &mut found);
        }
        found.uses.sort_unstable();
        ranges.follow(func, cfg, code, &found)?;
        for (var, from, to) in found.passing {
            ranges.of[var as usize].push((from, to));
        }
        for intervals in &mut ranges.of {
            join(intervals);
        }
        Ok(ranges)
    }

    /// The number of a value among those that have locals.
    pub(super) fn var(&self, value: Value) -> Option<usize> {
        let var = self.var_of[value.index()];
        (var != NONE).then_some(var as usize)
    }

    /// The step at which an item of a block happens.
    pub(super) fn step(&self, block: Block, item: usize) -> u32 {
        self.start[block.index()] + 1 + item as u32
    }

    fn number(&mut self, value: Value) -> u32 {
        let var = &mut self.var_of[value.index()];
        if *var == NONE {
            *var = self.vars.len() as u32;
            self.vars.push(value);
        }
        *var
    }

    /// Finds where the code of a block defines and uses values.
    fn find(&mut self, func: &Func, code: &Code<'_>, block: Block, found: &mut Found) {
        let first = self.start[block.index()];
        let end = first + n_steps(code, block);
        for &param in func.params(block) {
            if code.is_used(param) {
                let var = self.number(param);
                found.define(var, block, first);
                // It is written even where nothing reads it.
                found.passing.push((var, first, first + 1));
            }
        }
        if let Some(exception) = code.tries().caught(block)
            && code.is_used(exception)
        {
            let var = self.number(exception);
            found.define(var, block, first);
            found.passing.push((var, first, first + 1));
        }
        // What is passed stays where it is until it is taken.
        let mut takes = code.of(block).iter().rev();
        let mut take = end - 1;
        for (at, item) in code.of(block).iter().enumerate() {
            let step = first + 1 + at as u32;
            match *item {
                Item::Get(value) => {
                    let var = self.number(value);
                    found.uses.push((var, block, step));
                }
                Item::Set(value) | Item::Tee(value) => {
                    let var = self.number(value);
                    if matches!(func.def(value), Def::Param(..)) {
                        found.passing.push((var, step, end));
                    } else {
                        found.define(var, block, step);
                        found.passing.push((var, step, step + 1));
                    }
                }
                Item::Enter(value) | Item::EnterTee(value) => {
                    let var = self.number(value);
                    found.passing.push((var, step, step + 1));
                }
                Item::Pass { from, to: _ } => {
                    // The first to be passed is the last to be taken.
                    for item in takes.by_ref() {
                        take -= 1;
                        if matches!(*item, Item::Take { from: taken, .. } if taken == from) {
                            break;
                        }
                    }
                    if !func.is_const(from) {
                        let var = self.number(from);
                        found.uses.push((var, block, take));
                    }
                }
                Item::Take { to, .. } => {
                    let var = self.number(to);
                    found.passing.push((var, step, end));
                }
                Item::Const(_)
                | Item::Null(_)
                | Item::Convert(_)
                | Item::Drop
                | Item::Inst(_)
                | Item::Swapped(_) => {}
            }
        }
        // What a parameter passes to itself is there until then.
        func.for_each_edge(block, |edge| {
            if code.tries().is_silent_edge(edge) {
                return;
            }
            let params = func.params(func.edge(edge).to).iter();
            for (&from, &to) in func.edge_args(edge).iter().zip(params) {
                if from == to && code.is_used(to) {
                    let var = self.number(to);
                    found.uses.push((var, block, end - 1));
                }
            }
        });
        for &(from, to) in code.tries().pairs(block) {
            if from == to && code.is_used(to) {
                let var = self.number(to);
                found.uses.push((var, block, end - 1));
            }
        }
        for (from, to) in code.unwound(func, block) {
            self.number(to);
            if !func.is_const(from) {
                let var = self.number(from);
                found.uses.push((var, block, end - 1));
            }
        }
        if !matches!(func.term(block), Term::Jump(_)) {
            let mut pass = |edge| {
                for (from, to) in code.passed(func, edge) {
                    self.number(to);
                    if !func.is_const(from) {
                        let var = self.number(from);
                        found.uses.push((var, block, end - 1));
                    }
                }
            };
            func.for_each_edge(block, &mut pass);
        }
    }

    /// From each use back to the definition.
    fn follow(
        &mut self,
        func: &Func,
        cfg: &Cfg,
        code: &Code<'_>,
        found: &Found,
    ) -> Result<(), EmitError> {
        self.of = vec![Vec::new(); self.vars.len()];
        let mut seen_for = vec![NONE; func.n_blocks()];
        // By block: the step up to which the value lives there.
        let mut until = vec![0; func.n_blocks()];
        let (mut blocks, mut work) = (Vec::new(), Vec::new());
        let mut n_live = 0;
        for uses in found.uses.chunk_by(|a, b| a.0 == b.0) {
            let var = uses[0].0;
            let (home, defined) = found.defs[var as usize];
            debug_assert_ne!(home, Block::NONE, "what is used is defined");
            blocks.clear();
            let mut reach = |block: Block, step: u32, work: &mut Vec<Block>| {
                let at = block.index();
                if seen_for[at] != var {
                    seen_for[at] = var;
                    until[at] = step;
                    blocks.push(block);
                    if block != home {
                        work.push(block);
                    }
                } else {
                    until[at] = until[at].max(step);
                }
            };
            for &(_, block, step) in uses {
                reach(block, step, &mut work);
                while let Some(block) = work.pop() {
                    for &(pred, _) in cfg.preds(block) {
                        if cfg.is_reachable(pred) {
                            let end = self.start[pred.index()] + n_steps(code, pred);
                            reach(pred, end, &mut work);
                        }
                    }
                }
            }
            n_live += blocks.len();
            if n_live > LIVE_MAX {
                return Err(EmitError::TooComplex);
            }
            let intervals = blocks.iter().map(|&block| {
                let from = if block == home {
                    defined
                } else {
                    self.start[block.index()]
                };
                (from, until[block.index()])
            });
            self.of[var as usize] = intervals.collect();
        }
        Ok(())
    }
}

/// What the code of the blocks says.
#[derive(Default)]
struct Found {
    /// By number of the value: block and step.
    defs: Vec<(Block, u32)>,
    /// Number of the value, block, step.
    uses: Vec<(u32, Block, u32)>,
    /// Number of a value, and steps at which it is in its local whether it is used or not: those where it is put there, and for a
    /// parameter those from there to the end of a block that leads to its own.
    passing: Vec<(u32, u32, u32)>,
}

impl Found {
    fn define(&mut self, var: u32, block: Block, step: u32) {
        let at = var as usize;
        if self.defs.len() <= at {
            self.defs.resize(at + 1, (Block::NONE, 0));
        }
        self.defs[at] = (block, step);
    }
}

/// Sorts intervals, and joins those that touch.
fn join(intervals: &mut Vec<Interval>) {
    intervals.retain(|&(from, to)| from < to);
    intervals.sort_unstable();
    intervals.dedup_by(|next, last| {
        let touches = next.0 <= last.1;
        if touches {
            last.1 = last.1.max(next.1);
        }
        touches
    });
}
