//! Which value a local has at a place: found when it is read, so that blocks get parameters only for what is needed.
//!
//! Apart from control flow because it is an algorithm of its own. In structured code the value of a local is either the last
//! one set on the straight way here, or it comes through a join, which we then ask at each of its edges:
//!
//! ```text
//! entries   local.set, and "whatever comes through join 3" for each local that was set inside the joined block
//!           each knows the entry it shadows, and when (if) it was undone because its block was left
//! edges     remember how many entries there were, and how many undoings
//! get       current entry known? done. Else per edge of its join: the entry that was current there; if these are
//!           different values, the join gets a parameter
//! ```
//! A local that a loop assigns is a parameter of the loop's start as soon as it is read, because its value on the edges
//! back is not known yet; those are filled in when the loop is closed.

use super::BuildError;
use crate::{Block, EdgeId, Func, List, Type, Value};

const NONE: u32 = u32::MAX;
/// Limits that keep hostile functions from taking memory and time without bound; real ones stay far below.
const ENTRIES_MAX: usize = 1 << 24;
const COLUMNS_MAX: usize = 1 << 26;
const STEPS_MAX: u64 = 1 << 31;
/// Memory is kept for longer only up to this many entries.
const ENTRIES_KEPT: usize = 1 << 16;

/// Number of a join: a block that several edges may enter.
pub(super) type JoinIdx = u32;

/// A moment in the life of the locals; edges happen at one.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    n_entries: u32,
    n_undoings: u32,
}

#[derive(Default)]
pub(super) struct Locals {
    types: Vec<Type>,
    /// By local: the entry that is current.
    current: Vec<u32>,
    /// By local: the entry made last.
    newest: Vec<u32>,
    entries: Vec<Entry>,
    n_undoings: u32,
    /// Entries before this one may be seen by an edge.
    n_entries_seen: u32,
    /// Entries from this one on belong to the innermost frame.
    frame_first: u32,
    /// Locals set since each open frame began.
    touched: Vec<u32>,
    joins: Vec<Join>,
    edges: Vec<JoinEdge>,
    params: Vec<Param>,
    /// What edges pass for parameters: for each parameter a column, edges in the order of the join's list.
    columns: Vec<Value>,
    /// What edges pass for the stack.
    edge_values: Vec<Value>,
    /// Parameters of closed loops whose columns are not made yet.
    pending: Vec<u32>,
    /// By local: the last sweep that met it.
    swept: Vec<u32>,
    n_sweeps: u32,
    work: Vec<u32>,
    found: Vec<u32>,
    steps: u64,
}

#[derive(Clone, Copy)]
struct Entry {
    local: u32,
    /// What was current before; once undone, what became current again.
    shadowed: u32,
    /// The entry of the same local made before.
    older: u32,
    /// How many entries of the local were made before.
    rank: u32,
    /// An entry further back, so that a search takes logarithmic time (Myers, "An applicative random-access stack").
    jump: u32,
    /// The undoing that made it invisible, or [`NONE`].
    undone: u32,
    source: Source,
}

#[derive(Clone, Copy)]
enum Source {
    Known(Value),
    /// What comes through a join whose edges are all known.
    Join(JoinIdx),
    /// What comes through the start of a loop.
    Loop(JoinIdx),
}

#[derive(Clone, Copy)]
struct Join {
    block: Block,
    /// The newest edge; the others follow by `next`.
    last_edge: u32,
    n_edges: u32,
    last_param: u32,
    n_params: u32,
    /// No edges will be added.
    is_closed: bool,
}

#[derive(Clone, Copy)]
struct JoinEdge {
    edge: EdgeId,
    moment: Moment,
    /// Position in `edge_values`.
    first_value: u32,
    next: u32,
}

#[derive(Clone, Copy)]
struct Param {
    value: Value,
    join: JoinIdx,
    of: ParamOf,
    column: u32,
    next: u32,
}

#[derive(Clone, Copy)]
enum ParamOf {
    /// Value of the stack, counted from the first that edges pass.
    Stack(u32),
    /// The local of this entry, which came through the start of a loop.
    Entry(u32),
}

impl Locals {
    pub(super) fn clear(&mut self) {
        self.types.clear();
        self.current.clear();
        self.newest.clear();
        self.entries.clear();
        self.n_undoings = 0;
        self.n_entries_seen = 0;
        self.frame_first = 0;
        self.touched.clear();
        self.joins.clear();
        self.edges.clear();
        self.params.clear();
        self.columns.clear();
        self.edge_values.clear();
        self.pending.clear();
        self.swept.clear();
        self.n_sweeps = 0;
        self.steps = 0;
    }

    /// Gives back memory that only huge functions need.
    pub(super) fn shrink(&mut self) {
        if self.entries.capacity() > ENTRIES_KEPT {
            *self = Locals::default();
        }
    }

    /// The next local, which begins with this value; gives its number.
    pub(super) fn declare(&mut self, ty: Type, value: Value) -> u32 {
        let local = self.types.len() as u32;
        let entry = self.entries.len() as u32;
        self.types.push(ty);
        self.current.push(entry);
        self.newest.push(entry);
        self.swept.push(0);
        self.entries.push(Entry {
            local,
            shadowed: NONE,
            older: NONE,
            rank: 0,
            jump: entry,
            undone: NONE,
            source: Source::Known(value),
        });
        local
    }

    /// Number of locals.
    pub(super) fn len(&self) -> usize {
        self.types.len()
    }

    pub(super) fn ty(&self, local: u32) -> Type {
        self.types[local as usize]
    }

    pub(super) fn set(&mut self, local: u32, value: Value) {
        let current = self.current[local as usize];
        let is_unseen = current >= self.n_entries_seen && current >= self.frame_first;
        if is_unseen && self.newest[local as usize] == current {
            self.entries[current as usize].source = Source::Known(value);
            return;
        }
        if current < self.frame_first {
            self.touched.push(local);
        }
        self.push_entry(local, Source::Known(value));
    }

    pub(super) fn get(&mut self, func: &mut Func, local: u32) -> Result<Value, BuildError> {
        let entry = self.current[local as usize];
        match self.entries[entry as usize].source {
            Source::Known(value) => Ok(value),
            _ => {
                let value = self.resolve(func, entry)?;
                self.fill_pending(func)?;
                Ok(value)
            }
        }
    }

    fn push_entry(&mut self, local: u32, source: Source) {
        let entry = self.entries.len() as u32;
        let at = local as usize;
        let (shadowed, older) = (self.current[at], self.newest[at]);
        let before = self.entries[older as usize];
        let jump = self.entries[before.jump as usize];
        let jumps_alike =
            before.rank - jump.rank == jump.rank - self.entries[jump.jump as usize].rank;
        self.entries.push(Entry {
            local,
            shadowed,
            older,
            rank: before.rank + 1,
            jump: if jumps_alike { jump.jump } else { older },
            undone: NONE,
            source,
        });
        self.current[at] = entry;
        self.newest[at] = entry;
    }
}

/// Frames.
impl Locals {
    pub(super) fn moment(&self) -> Moment {
        Moment {
            n_entries: self.entries.len() as u32,
            n_undoings: self.n_undoings,
        }
    }

    /// Begins a frame; gives what [`Locals::leave`] and [`Locals::undo`] need to find its beginning.
    pub(super) fn enter(&mut self) -> FrameStart {
        let start = FrameStart {
            outer_first: self.frame_first,
            first: self.entries.len() as u32,
            touched: self.touched.len() as u32,
        };
        self.frame_first = start.first;
        start
    }

    /// Ends a frame; what was set in it stays.
    pub(super) fn leave(&mut self, start: FrameStart) {
        self.frame_first = start.outer_first;
    }

    /// Gives locals the values that they had when the frame began.
    pub(super) fn undo(&mut self, start: FrameStart) {
        self.n_undoings += 1;
        for &local in &self.touched[start.touched as usize..] {
            let current = self.current[local as usize];
            let mut restored = current;
            while restored != NONE && restored >= start.first {
                restored = self.entries[restored as usize].shadowed;
            }
            let mut at = current;
            while at != restored {
                let entry = &mut self.entries[at as usize];
                at = std::mem::replace(&mut entry.shadowed, restored);
                entry.undone = self.n_undoings;
            }
            self.current[local as usize] = restored;
        }
    }

    /// Begins a frame's second part: each local set in the first comes through the join.
    pub(super) fn begin_again(
        &mut self,
        start: FrameStart,
        join: JoinIdx,
    ) -> Result<(), BuildError> {
        self.undo(start);
        self.push_touched(start, join);
        self.check_limits()
    }

    /// Ends a frame by a join: each local set in it comes through the join.
    pub(super) fn leave_by(&mut self, start: FrameStart, join: JoinIdx) -> Result<(), BuildError> {
        self.undo(start);
        self.leave(start);
        self.push_touched(start, join);
        self.check_limits()
    }

    /// Each local set since the frame began comes through the join.
    fn push_touched(&mut self, start: FrameStart, join: JoinIdx) {
        self.n_sweeps += 1;
        let mut end = start.touched as usize;
        for at in start.touched as usize..self.touched.len() {
            let local = self.touched[at];
            if self.swept[local as usize] != self.n_sweeps {
                self.swept[local as usize] = self.n_sweeps;
                self.touched[end] = local;
                end += 1;
                self.push_entry(local, Source::Join(join));
            }
        }
        self.touched.truncate(end);
    }

    /// The values of these locals are not known at the start of a loop.
    pub(super) fn enter_loop(&mut self, join: JoinIdx, assigned: &[u32]) -> Result<(), BuildError> {
        for &local in assigned {
            self.touched.push(local);
            self.push_entry(local, Source::Loop(join));
        }
        self.check_limits()
    }

    /// The values of all locals are not known at the start of a loop.
    pub(super) fn enter_loop_around(&mut self, join: JoinIdx) -> Result<(), BuildError> {
        self.all_from(Source::Loop(join))
    }

    /// All locals come through the join.
    pub(super) fn all_through(&mut self, join: JoinIdx) -> Result<(), BuildError> {
        self.all_from(Source::Join(join))
    }

    fn all_from(&mut self, source: Source) -> Result<(), BuildError> {
        for local in 0..self.types.len() as u32 {
            self.touched.push(local);
            self.push_entry(local, source);
        }
        self.check_limits()
    }

    pub(super) fn check_limits(&self) -> Result<(), BuildError> {
        let fits = self.entries.len() <= ENTRIES_MAX
            && self.columns.len() <= COLUMNS_MAX
            && self.edge_values.len() <= COLUMNS_MAX
            && self.steps <= STEPS_MAX;
        if fits {
            Ok(())
        } else {
            Err(BuildError::TooComplex)
        }
    }
}

#[derive(Clone, Copy)]
pub(super) struct FrameStart {
    outer_first: u32,
    first: u32,
    touched: u32,
}

/// Joins and their edges.
impl Locals {
    /// A new join, at this block if it is known already.
    pub(super) fn new_join(&mut self, block: Block) -> JoinIdx {
        self.joins.push(Join {
            block,
            last_edge: NONE,
            n_edges: 0,
            last_param: NONE,
            n_params: 0,
            is_closed: false,
        });
        self.joins.len() as u32 - 1
    }

    pub(super) fn join_block(&self, join: JoinIdx) -> Block {
        self.joins[join as usize].block
    }

    /// Notes that an edge of the function enters the join, from a place and moment at which these values are passed. No edge
    /// noted before is from a later moment.
    pub(super) fn add_edge(&mut self, join: JoinIdx, edge: EdgeId, at: Moment, values: &[Value]) {
        let last = self.joins[join as usize].last_edge;
        debug_assert!(
            last == NONE || self.edges[last as usize].moment.n_entries <= at.n_entries,
            "edges are noted as time goes by"
        );
        self.joins[join as usize].last_edge = self.push_edge(join, edge, at, values, last);
    }

    /// The same of an edge from an earlier moment than all that are noted: where the search for what was current then goes back
    /// from edge to edge, it must come last.
    pub(super) fn add_earliest_edge(
        &mut self,
        join: JoinIdx,
        edge: EdgeId,
        at: Moment,
        values: &[Value],
    ) {
        let added = self.push_edge(join, edge, at, values, NONE);
        let mut before = self.joins[join as usize].last_edge;
        if before == NONE {
            self.joins[join as usize].last_edge = added;
            return;
        }
        while self.edges[before as usize].next != NONE {
            before = self.edges[before as usize].next;
        }
        self.edges[before as usize].next = added;
    }

    fn push_edge(
        &mut self,
        join: JoinIdx,
        edge: EdgeId,
        at: Moment,
        values: &[Value],
        next: u32,
    ) -> u32 {
        let index = self.edges.len() as u32;
        let first_value = self.edge_values.len() as u32;
        self.edges.push(JoinEdge {
            edge,
            moment: at,
            first_value,
            next,
        });
        self.joins[join as usize].n_edges += 1;
        self.edge_values.extend_from_slice(values);
        self.n_entries_seen = self.n_entries_seen.max(at.n_entries);
        index
    }

    /// Puts the join at its block, when all edges are there.
    pub(super) fn place(&mut self, func: &mut Func, join: JoinIdx, block: Block) {
        self.joins[join as usize].block = block;
        self.joins[join as usize].is_closed = true;
        let mut at = self.joins[join as usize].last_edge;
        while at != NONE {
            let JoinEdge { edge, next, .. } = self.edges[at as usize];
            func.edges[edge.index()].to = block;
            at = next;
        }
    }

    /// Value number `nth` that edges pass to a placed join: a parameter if they pass different ones.
    pub(super) fn joined_stack(
        &mut self,
        func: &mut Func,
        join: JoinIdx,
        nth: u32,
        ty: Type,
    ) -> Value {
        let column = self.columns.len();
        let mut at = self.joins[join as usize].last_edge;
        while at != NONE {
            let JoinEdge {
                first_value, next, ..
            } = self.edges[at as usize];
            self.columns
                .push(self.edge_values[(first_value + nth) as usize]);
            at = next;
        }
        let first = self.columns[column];
        if self.columns[column..].iter().all(|&value| value == first) {
            self.columns.truncate(column);
            return first;
        }
        self.new_param(func, join, ty, ParamOf::Stack(nth), column as u32)
    }

    /// Parameter of the start of a loop for value number `nth` that edges pass.
    pub(super) fn loop_stack(
        &mut self,
        func: &mut Func,
        join: JoinIdx,
        nth: u32,
        ty: Type,
    ) -> Value {
        self.new_param(func, join, ty, ParamOf::Stack(nth), NONE)
    }

    fn new_param(
        &mut self,
        func: &mut Func,
        join: JoinIdx,
        ty: Type,
        of: ParamOf,
        column: u32,
    ) -> Value {
        let data = &mut self.joins[join as usize];
        let value = func.push_param(data.block, ty);
        self.params.push(Param {
            value,
            join,
            of,
            column,
            next: data.last_param,
        });
        data.last_param = self.params.len() as u32 - 1;
        data.n_params += 1;
        value
    }

    /// All edges of a loop are there: its parameters can be filled in.
    pub(super) fn close_loop(&mut self, func: &mut Func, join: JoinIdx) -> Result<(), BuildError> {
        self.joins[join as usize].is_closed = true;
        let mut at = self.joins[join as usize].last_param;
        while at != NONE {
            self.pending.push(at);
            at = self.params[at as usize].next;
        }
        self.fill_pending(func)
    }

    /// Makes the columns of parameters of closed loops, which may need more parameters.
    fn fill_pending(&mut self, func: &mut Func) -> Result<(), BuildError> {
        while let Some(param) = self.pending.pop() {
            let Param { join, of, .. } = self.params[param as usize];
            let column = self.columns.len();
            self.params[param as usize].column = column as u32;
            let n_edges = self.joins[join as usize].n_edges as usize;
            self.columns.resize(column + n_edges, Value::NONE);
            self.check_limits()?;
            let mut at = self.joins[join as usize].last_edge;
            let mut from = match of {
                ParamOf::Stack(_) => NONE,
                ParamOf::Entry(entry) => self.newest[self.entries[entry as usize].local as usize],
            };
            for nth in 0..n_edges {
                let JoinEdge {
                    moment,
                    first_value,
                    next,
                    ..
                } = self.edges[at as usize];
                let value = match of {
                    ParamOf::Stack(nth) => self.edge_values[(first_value + nth) as usize],
                    ParamOf::Entry(_) => {
                        let seen = self.visible(&mut from, moment);
                        self.resolve(func, seen)?
                    }
                };
                self.columns[column + nth] = value;
                at = next;
            }
        }
        Ok(())
    }

    /// The entry that was current at a moment; `from` is an entry of the local made after it, and then moves back to ease
    /// the search for earlier moments.
    fn visible(&mut self, from: &mut u32, moment: Moment) -> u32 {
        let mut at = *from;
        while at >= moment.n_entries {
            let Entry { older, jump, .. } = self.entries[at as usize];
            at = if jump >= moment.n_entries && jump != at {
                jump
            } else {
                older
            };
            self.steps += 1;
        }
        *from = at;
        while self.entries[at as usize].undone <= moment.n_undoings {
            at = self.entries[at as usize].shadowed;
            self.steps += 1;
        }
        at
    }

    /// The value of an entry; joins and loops get the parameters that this takes.
    fn resolve(&mut self, func: &mut Func, entry: u32) -> Result<Value, BuildError> {
        let mut work = std::mem::take(&mut self.work);
        work.push(entry);
        while let Some(&at) = work.last() {
            match self.entries[at as usize].source {
                Source::Known(_) => {
                    work.pop();
                }
                Source::Loop(join) => {
                    self.resolve_loop(func, at, join);
                    work.pop();
                }
                Source::Join(join) => {
                    let n = work.len();
                    self.resolve_join(func, at, join, &mut work);
                    if work.len() == n {
                        work.pop();
                    }
                    self.check_limits()?;
                }
            }
        }
        self.work = work;
        match self.entries[entry as usize].source {
            Source::Known(value) => Ok(value),
            _ => unreachable!("resolved above"),
        }
    }

    fn resolve_loop(&mut self, func: &mut Func, entry: u32, join: JoinIdx) {
        let ty = self.types[self.entries[entry as usize].local as usize];
        let value = self.new_param(func, join, ty, ParamOf::Entry(entry), NONE);
        self.entries[entry as usize].source = Source::Known(value);
        if self.joins[join as usize].is_closed {
            self.pending.push(self.params.len() as u32 - 1);
        }
    }

    /// Resolves an entry that comes through a join, or adds to `work` what must be resolved before.
    fn resolve_join(&mut self, func: &mut Func, entry: u32, join: JoinIdx, work: &mut Vec<u32>) {
        let Entry { local, older, .. } = self.entries[entry as usize];
        self.found.clear();
        let n_work = work.len();
        let mut from = older;
        let mut at = self.joins[join as usize].last_edge;
        while at != NONE {
            let JoinEdge { moment, next, .. } = self.edges[at as usize];
            let seen = self.visible(&mut from, moment);
            match self.entries[seen as usize].source {
                Source::Known(_) => self.found.push(seen),
                Source::Loop(outer) => {
                    self.resolve_loop(func, seen, outer);
                    self.found.push(seen);
                }
                Source::Join(_) => work.push(seen),
            }
            at = next;
        }
        if work.len() > n_work {
            return;
        }
        let known = |entry: u32| match self.entries[entry as usize].source {
            Source::Known(value) => value,
            _ => unreachable!("only known entries were found"),
        };
        let first = known(self.found[0]);
        let value = if self.found.iter().all(|&entry| known(entry) == first) {
            first
        } else {
            let column = self.columns.len() as u32;
            for at in 0..self.found.len() {
                let value = known(self.found[at]);
                self.columns.push(value);
            }
            self.new_param(
                func,
                join,
                self.types[local as usize],
                ParamOf::Entry(entry),
                column,
            )
        };
        self.entries[entry as usize].source = Source::Known(value);
    }

    /// Gives blocks their parameters and edges their arguments.
    pub(super) fn finish(&mut self, func: &mut Func) -> Result<(), BuildError> {
        debug_assert!(self.pending.is_empty(), "filled as soon as made");
        self.check_limits()?;
        for join in 0..self.joins.len() {
            let Join {
                block,
                last_edge,
                n_params,
                last_param,
                ..
            } = self.joins[join];
            if n_params == 0 {
                continue;
            }
            // From the newest parameter to the oldest.
            let list = reserve(&mut func.pool, n_params);
            let mut param = last_param;
            for at in list.range().rev() {
                func.pool[at] = self.params[param as usize].value;
                param = self.params[param as usize].next;
            }
            func.set_params(block, list);
            let (mut edge, mut nth) = (last_edge, 0);
            while edge != NONE {
                let args = reserve(&mut func.pool, n_params);
                let mut param = last_param;
                for at in args.range().rev() {
                    let Param { column, next, .. } = self.params[param as usize];
                    func.pool[at] = self.columns[(column + nth) as usize];
                    param = next;
                }
                let JoinEdge { edge: id, next, .. } = self.edges[edge as usize];
                func.edges[id.index()].args = args;
                edge = next;
                nth += 1;
            }
        }
        Ok(())
    }
}

fn reserve(pool: &mut Vec<Value>, len: u32) -> List {
    let start = pool.len() as u32;
    pool.resize(pool.len() + len as usize, Value::NONE);
    List { start, len }
}
