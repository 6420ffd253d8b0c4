//! Where instructions may stand: which can be computed where they are used, past what follows them.
//!
//! Apart from writing the trees because it decides and writes nothing.

use super::{NESTING_MAX, PASSED_MAX, Placed, Trees};
use crate::inst::{Effects, State};
use crate::{Def, Inst, InstId, Value};

impl Trees<'_> {
    /// Whether a value can be used from where it is on the stack at the start, so that what is between comes meanwhile.
    pub(super) fn takes_entry(&mut self, value: Value) -> bool {
        let is_lowest = self.frames.iter().all(|frame| frame.start == frame.end);
        let can = self.entry == Some(value)
            && self.here[value.index()] == 1
            && self.nesting == 0
            && self.passing == 0
            && is_lowest
            && self.place_from(0);
        if can {
            self.here[value.index()] -= 1;
            self.is_entry_taken = true;
        }
        can
    }

    /// Whether an instruction may be part of the current statement: what catches what that throws catches this too, and no block ends
    /// while something is passed.
    fn is_caught_alike(&self, id: InstId) -> bool {
        let handler = self.handler_of(id);
        let is_alike = handler.is_none() || self.handler.is_none() || self.handler == handler;
        is_alike && !self.ends_pass(id)
    }

    /// The instruction of a value, if it can be computed right here, or where it is while its result waits on the stack; then this
    /// is its place.
    pub(super) fn take(&mut self, value: Value) -> Option<InstId> {
        let is_first_use = self.here[value.index()] == 1;
        self.here[value.index()] -= 1;
        let Def::Result(id, _) = self.func.def(value) else {
            return None;
        };
        let inst = self.func.inst(id);
        let (block, at) = self.home[id.index()];
        let at = at as usize;
        if !is_first_use
            || block != self.block
            || inst.n_results() != 1
            || self.placed[at] != Placed::No
            || !self.is_caught_alike(id)
        {
            return None;
        }
        self.placed[at] = Placed::Soon;
        let is_placed = self.place_behind(id, at) || self.can_pass(id, at);
        self.placed[at] = match is_placed {
            true => Placed::Yes,
            false => Placed::No,
        };
        if is_placed {
            self.handler = self.handler.or(self.handler_of(id));
        }
        is_placed.then_some(id)
    }

    /// Whether the instruction at a position can come behind those that follow it and have no place.
    fn can_pass(&self, id: InstId, at: usize) -> bool {
        let (inst, effects) = (self.func.inst(id), self.effects(id));
        // What is needed where an exception of a call leads must be there before the call.
        if !self.calls.is_empty() && self.is_outer[self.func.result(id).index()] {
            let next = self.calls.partition_point(|&call| call as usize <= at);
            let next = self.calls.get(next);
            if next.is_some_and(|&call| self.placed[call as usize] != Placed::Yes) {
                return false;
            }
        }
        if effects == Effects::NONE {
            return true;
        }
        let behind = at + 1..self.last;
        let insts = &self.insts;
        behind.len() <= PASSED_MAX
            && behind
                .filter(|&other| self.placed[other] != Placed::Yes)
                .all(|other| {
                    let other = insts[other];
                    !conflict(inst, effects, self.func.inst(other), self.effects(other))
                })
    }

    /// Places what follows an instruction and has no place, if nothing before this place waits for one of their results.
    fn place_behind(&mut self, id: InstId, at: usize) -> bool {
        let handler = self.handler;
        self.handler = handler.or(self.handler_of(id));
        let is_placed = self.place_from(at + 1);
        if !is_placed {
            self.handler = handler;
        }
        is_placed
    }

    /// The same for what comes from a position on.
    pub(super) fn place_from(&mut self, start: usize) -> bool {
        let func = self.func;
        let behind = start..self.last.max(start);
        if behind.len() > PASSED_MAX || self.nesting == NESTING_MAX {
            return false;
        }
        // What is used here but not by another of them is wanted by an operand that comes before.
        let mut wanted = std::mem::take(&mut self.wanted);
        wanted.clear();
        let mut handler = self.handler;
        for other in behind.rev() {
            match self.placed[other] {
                Placed::No => {}
                Placed::Soon => {
                    self.wanted = wanted;
                    return false;
                }
                Placed::Yes => continue,
            }
            let id = self.insts[other];
            let inst = func.inst(id);
            let own = self.handler_of(id);
            let is_alike = handler.is_none() || own.is_none() || handler == own;
            if !is_alike || self.ends_pass(id) {
                self.wanted = wanted;
                return false;
            }
            handler = handler.or(own);
            for value in func.inst_results(id) {
                let by_others = wanted.iter().filter(|&&used| used == value).count();
                if self.here[value.index()] as usize > by_others {
                    self.wanted = wanted;
                    return false;
                }
            }
            inst.for_each_arg(func, |value| {
                if matches!(func.def(value), Def::Result(id, _) if self.home[id.index()].0 == self.block) {
                    wanted.push(value);
                }
            });
        }
        self.wanted = wanted;
        self.nesting += 1;
        while let Some(other) = self.last_unplaced()
            && other >= start
        {
            self.placed[other] = Placed::Yes;
            self.statement(self.insts[other]);
        }
        self.nesting -= 1;
        true
    }
}

/// Whether two instructions must stay in order.
fn conflict(inst: &Inst, effects: Effects, other: &Inst, theirs: Effects) -> bool {
    let is_written = |a: Effects, b: Effects| {
        // Whatever is written is seen by who looks after a trap.
        a.writes.meets(b.reads.or(b.writes)) || (b.traps && a.writes.meets(State::ALL))
    };
    is_written(effects, theirs)
        || is_written(theirs, effects)
        || (effects.traps && theirs.traps && !is_same_trap(inst, other))
}

/// Whether two instructions can only trap in the same way, so that no one knows which came first.
fn is_same_trap(a: &Inst, b: &Inst) -> bool {
    let is_access = |inst: &Inst| {
        matches!(
            inst,
            Inst::Load { .. } | Inst::Store { .. } | Inst::LoadLane { .. } | Inst::StoreLane { .. }
        )
    };
    is_access(a) && is_access(b)
}
