//! What must hold of the code: a local has the value that it is read for, on every path.
//!
//! Apart because it follows values where locals were given out by intervals: it runs in debug builds, where a mistake should fail at
//! once, not as a wrong answer of the program.

use super::locals::Locals;
use super::trees::{Code, Item};
use crate::{Block, Def, EdgeId, Func, Term, Value};

/// What a local has.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Held {
    /// What is meant by it: several values where one becomes the other without code.
    values: Vec<Value>,
    /// Whether it is still the 0 of its first moment, or was set to 0 since.
    is_zero: bool,
}

impl Held {
    fn new(value: Value) -> Held {
        Held {
            values: vec![value],
            is_zero: false,
        }
    }

    fn also(&mut self, value: Value) {
        if !self.values.contains(&value) {
            self.values.push(value);
        }
    }
}

/// Panics if a local is read for a value that it may not have.
pub(super) fn check(func: &Func, code: &Code<'_>, locals: &Locals, n_params: usize) {
    let n_declared: u32 = locals.declared.iter().map(|declared| declared.0).sum();
    let n_locals = n_params + n_declared as usize;
    let mut at_start: Vec<Option<Vec<Held>>> = vec![None; func.n_blocks()];
    let mut first = vec![
        Held {
            values: Vec::new(),
            is_zero: true
        };
        n_locals
    ];
    for (nth, &param) in func.params(Block::new(0)).iter().enumerate() {
        first[nth] = Held::new(param);
    }
    at_start[0] = Some(first);
    let mut work = vec![Block::new(0)];
    while let Some(block) = work.pop() {
        let mut state = at_start[block.index()].clone().expect("it was reached");
        run(func, code, locals, block, &mut state);
        let tries = code.tries();
        if tries.is_virtual(block) {
            // What is passed on the way through is where it is expected from the start.
            func.for_each_edge(block, |edge| {
                let to = func.edge(edge).to;
                arrive_at(
                    func,
                    code,
                    locals,
                    to,
                    state.clone(),
                    &mut at_start,
                    &mut work,
                );
            });
            continue;
        }
        let mut thrown = state.clone();
        for &(from, to) in tries.pairs(block) {
            if code.is_used(to) {
                // What comes before a call or a throw has been taken already.
                let is_late = code.unwound(func, block).any(|pair| pair == (from, to));
                let there = if is_late { from } else { to };
                stays(locals, &state, there, to);
                thrown[locals.of(to) as usize].also(to);
            }
        }
        let is_jump = matches!(func.term(block), Term::Jump(_));
        let mut arrive = |edge: EdgeId, state: &[Held]| {
            let to = func.edge(edge).to;
            if tries.is_silent_edge(edge) {
                arrive_at(
                    func,
                    code,
                    locals,
                    to,
                    thrown.clone(),
                    &mut at_start,
                    &mut work,
                );
                return;
            }
            let mut state = state.to_vec();
            let pairs: Vec<(Value, Value)> = match is_jump {
                // What a jump passes has been taken already.
                true => Vec::new(),
                false => code.passed(func, edge).collect(),
            };
            for &(from, to) in &pairs {
                match locals.is_copied(func, from, to) {
                    true => read(func, locals, &state, from),
                    false => stays(locals, &state, from, to),
                }
            }
            for (from, to) in pairs {
                let held = &mut state[locals.of(to) as usize];
                held.values = vec![to];
                held.is_zero &= !locals.is_copied(func, from, to);
            }
            arrive_at(func, code, locals, to, state, &mut at_start, &mut work);
        };
        func.for_each_edge(block, |edge| arrive(edge, &state));
    }
}

/// What the locals have, where a block is entered.
fn arrive_at(
    func: &Func,
    code: &Code<'_>,
    locals: &Locals,
    to: Block,
    state: Vec<Held>,
    at_start: &mut [Option<Vec<Held>>],
    work: &mut Vec<Block>,
) {
    if !code.tries().is_virtual(to) {
        let entry = code.tries().entry(to);
        for &param in func.params(to) {
            if code.is_used(param) && !entry.is_some_and(|entry| entry.refs.contains(&param)) {
                stays(locals, &state, param, param);
            }
        }
    }
    match &mut at_start[to.index()] {
        Some(known) => {
            let mut changed = false;
            for (known, held) in known.iter_mut().zip(&state) {
                let n_known = known.values.len();
                known.values.retain(|value| held.values.contains(value));
                changed |= known.values.len() != n_known || known.is_zero && !held.is_zero;
                known.is_zero &= held.is_zero;
            }
            if changed {
                work.push(to);
            }
        }
        unknown => {
            *unknown = Some(state);
            work.push(to);
        }
    }
}

fn read(func: &Func, locals: &Locals, state: &[Held], value: Value) {
    if !matches!(func.def(value), Def::Const(_)) {
        let held = &state[locals.of(value) as usize];
        assert!(
            held.values.contains(&value),
            "{value:?} is read from {held:?}"
        );
    }
}

/// A value becomes a parameter without code.
fn stays(locals: &Locals, state: &[Held], from: Value, to: Value) {
    let held = &state[locals.of(to) as usize];
    assert!(
        held.values.contains(&from),
        "{from:?} becomes {to:?} in {held:?}"
    );
}

/// The items of a block. Of what is passed to the only next block, only what is copied changes a local.
fn run(func: &Func, code: &Code<'_>, locals: &Locals, block: Block, state: &mut [Held]) {
    for (at, item) in code.of(block).iter().enumerate() {
        match *item {
            Item::Get(value) => read(func, locals, state, value),
            Item::Set(value) | Item::Tee(value) | Item::Enter(value) | Item::EnterTee(value) => {
                state[locals.of(value) as usize] = Held::new(value);
            }
            Item::Pass { from, to } if !locals.is_copied(func, from, to) => {}
            Item::Take { from, to } if !locals.is_copied(func, from, to) => {
                stays(locals, state, from, to);
                state[locals.of(to) as usize].also(to);
            }
            Item::Pass { from, .. } => read(func, locals, state, from),
            Item::Take { to, .. } => {
                let local = locals.of(to) as usize;
                let is_zero = locals.is_zero_already(block, at);
                assert!(!is_zero || state[local].is_zero, "what is known to be 0");
                state[local] = Held {
                    values: vec![to],
                    is_zero,
                };
            }
            Item::Const(_)
            | Item::Null(_)
            | Item::Convert(_)
            | Item::Drop
            | Item::Inst(_)
            | Item::Swapped(_) => {}
        }
    }
}
