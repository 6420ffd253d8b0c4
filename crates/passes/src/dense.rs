//! Lets loops over arrays run ahead without what each access costs: the whole range is checked before, so that addresses need not wrap
//! around at 2^32, and rounds may be done together: in vectors, or all by one operator.
//!
//! Apart because it is the frame for both. The loop stays as it is and does at least the last round. In front of it stands another
//! that does the rounds before, if there are enough of them and all of what they access is there; in every other case, the loop does
//! all, and traps where it always did.
//!
//! ```text
//! before         ──> loop
//! after          ──> many? ──> inside? ──> begin ──> fast ──> ahead ──> loop
//!                      └──────────┴─────────────────────────────────────┘
//! ```
//! If one operator does it, it stands in `begin`, and there is neither `fast` nor `ahead`.

use crate::bulk::Bulk;
use crate::emit::{Emit, end_with_branch, place_before};
use crate::lanes::Lanes;
use crate::streams::Streams;
use crate::table::Env;
use crate::tight::{Rounds, Tight};
use crate::trips::Trips;
use ir::{Block, Func, Inst, NO_OFFSET, Term, Type, Value};
use module::MemoryIdx;
use ops::Compute;

/// Loops of a function that get another one at most.
const LOOPS_MAX: usize = 64;
/// Instructions that a loop has at most to get one that does the same.
const COPIED_MAX: usize = 120;
/// Instructions that a loop has at most to be done twice at once.
const DOUBLED_MAX: usize = 24;
/// As many rounds must be saved an address calculation each.
const ROUNDS_MIN: u64 = 8;

/// Runs the pass.
pub(crate) fn run(func: &mut Func, env: &Env<'_>) {
    let mut placed = Vec::new();
    for tight in Tight::find(func) {
        if placed.len() == LOOPS_MAX {
            break;
        }
        let rounds = Rounds::new(func, &tight);
        let Some(streams) = Streams::find(func, env.header, &tight, &rounds) else {
            continue;
        };
        let Some(trips) = Trips::find(func, &tight, &rounds) else {
            continue;
        };
        let lanes = Lanes::find(func, &tight, &rounds, &streams);
        let n_moving = |streams: &Streams| {
            let moves = |group: usize| streams.groups[group].step != 0;
            let accesses = streams.accesses.iter();
            accesses.filter(|access| moves(access.group)).count()
        };
        if lanes.is_none() && (n_moving(&streams) < 2 || func.insts(tight.block).len() > COPIED_MAX)
        {
            continue;
        }
        let first = func.n_blocks();
        let ahead = Ahead {
            tight: &tight,
            rounds: &rounds,
            streams: &streams,
            trips: &trips,
            lanes: lanes.as_ref(),
            bulk: lanes.as_ref().and_then(|lanes| lanes.bulk(func)),
        };
        ahead.emit(func);
        placed.push((tight.block, first..func.n_blocks()));
    }
    place_before(func, &placed);
}

/// A loop that gets another one in front of it.
struct Ahead<'a> {
    tight: &'a Tight,
    rounds: &'a Rounds,
    streams: &'a Streams,
    trips: &'a Trips,
    lanes: Option<&'a Lanes>,
    bulk: Option<Bulk>,
}

/// What the fast loop is made of, once the checks are emitted.
pub(crate) struct Ready<'a> {
    /// The parameters of the loop, and what they are before the first round.
    pub olds: &'a [Value],
    pub news: &'a [Value],
    /// By group: the address at which it starts, as an i64.
    pub starts: &'a [Value],
    /// By group: what it has grown by, as an i64, if it grows.
    pub grown: &'a [Option<Value>],
}

impl Ready<'_> {
    /// What a value from before the round is before the first.
    pub(crate) fn now(&self, value: Value) -> Value {
        match self.olds.iter().position(|&old| old == value) {
            Some(nth) => self.news[nth],
            None => value,
        }
    }
}

impl Ahead<'_> {
    fn emit(&self, func: &mut Func) {
        let block = self.tight.block;
        let first = func.n_blocks();
        let olds: Vec<Value> = func.params(block).to_vec();
        let place = func.term_offset(block);
        let at_once = match (self.bulk, self.lanes) {
            (Some(_), _) => 1,
            (None, Some(lanes)) => lanes.rounds(),
            (None, None) => self.copies(func),
        };
        let mut emit = Emit {
            func,
            offset: NO_OFFSET,
        };

        let (many, news) = self.tight.take_entries(emit.func);
        let mut ready = Ready {
            olds: &olds,
            news: &news,
            starts: &[],
            grown: &[],
        };
        let mut least = ROUNDS_MIN.max(2 * at_once);
        if let Some(bulk) = self.bulk {
            let step = self.streams.groups[bulk.to.group].step;
            least = least.max(Bulk::BYTES_MIN / u64::from(step));
        }
        let (is_enough, way) = self.trips.many(&mut emit, least, |value| ready.now(value));
        let to_slow = emit.func.add_edge(block, &news);
        if emit.func.const_bits(is_enough) == Some(0) {
            return emit.func.end_block(many, Term::Jump(to_slow), place);
        }

        let inside = emit.func.add_block(&[]);
        let (rounds, is_right) = self.trips.count(&mut emit, &way);
        let mask = emit.i64(!(at_once - 1));
        let rounds = emit.compute(Compute::I64And, &[rounds, mask]);
        let (starts, ends, is_inside) = self.bounds(&mut emit, rounds, &ready);
        let is_inside = emit.and(is_right, is_inside);
        ready.starts = &starts;
        let is_good = match self.lanes {
            Some(lanes) => {
                lanes.apart(&mut emit, self.streams, rounds, (&starts, &ends), is_inside)
            }
            None => is_inside,
        };

        let begin = emit.func.add_block(&[]);
        let (last, args) = match self.bulk {
            Some(bulk) => {
                let step = self.streams.groups[bulk.to.group].step;
                let step = emit.i64(step.into());
                let bytes = emit.compute(Compute::I64Mul, &[rounds, step]);
                bulk.emit(&mut emit, self.streams, bytes, &ready);
                emit.offset = NO_OFFSET;
                (begin, self.ahead(&mut emit, rounds, &ready, &[]))
            }
            None => self.fast(&mut emit, begin, (rounds, at_once), &ready),
        };

        let to_inside = func.add_edge(inside, &[]);
        end_with_branch(func, many, is_enough, (to_inside, to_slow), place);
        let to_begin = func.add_edge(begin, &[]);
        let to_slow = func.add_edge(block, &news);
        end_with_branch(func, inside, is_good, (to_begin, to_slow), place);
        let to_slow = func.add_edge(block, &args);
        func.end_block(last, Term::Jump(to_slow), place);
        for new in first..func.n_blocks() {
            func.set_cold_like(Block::new(new as u32), block);
        }
    }

    /// The fast loop, from the block that leads to it to the one behind it, which is given with what the parameters of the loop are
    /// there.
    fn fast(
        &self,
        emit: &mut Emit<'_>,
        begin: Block,
        (rounds, at_once): (Value, u64),
        ready: &Ready<'_>,
    ) -> (Block, Vec<Value>) {
        let place = emit.func.term_offset(self.tight.block);
        let steps = self.steps();
        let zero = emit.i64(0);
        let mut begins: Vec<Value> = vec![zero; steps.len()];
        let mut fast_types: Vec<Type> = vec![Type::I64; steps.len()];
        let step = emit.i64(steps[0].into());
        let end = emit.compute(Compute::I64Mul, &[rounds, step]);
        match self.lanes {
            Some(lanes) => lanes.begin(emit, ready, &mut begins, &mut fast_types),
            None => {
                begins.extend_from_slice(ready.news);
                fast_types.extend(ready.olds.iter().map(|&value| emit.func.ty(value)));
            }
        }

        let fast = emit.func.add_block(&fast_types);
        let params: Vec<Value> = emit.func.params(fast).to_vec();
        let (grown, carried) = params.split_at(steps.len());
        let by_group = self.streams.groups.iter().map(|group| {
            let nth = steps.iter().position(|&step| step == group.step);
            nth.map(|nth| grown[nth])
        });
        let by_group: Vec<Option<Value>> = by_group.collect();
        let ready = Ready {
            grown: &by_group,
            ..*ready
        };
        let next_carried = match self.lanes {
            Some(lanes) => lanes.round(emit, self.streams, carried, &ready),
            None => {
                let mut carried = carried.to_vec();
                for round in 0..at_once {
                    carried = self.copy(emit, round, &carried, &ready);
                }
                carried
            }
        };
        emit.offset = NO_OFFSET;
        let mut next = Vec::with_capacity(params.len());
        for (&step, &value) in steps.iter().zip(grown) {
            let step = emit.i64(u64::from(step) * at_once);
            next.push(emit.compute(Compute::I64Add, &[value, step]));
        }
        let goes_on = emit.compute(Compute::I64Ne, &[next[0], end]);
        next.extend_from_slice(&next_carried);

        let ahead = emit.func.add_block(&[]);
        let args = self.ahead(emit, rounds, &ready, &next_carried);
        let func = &mut *emit.func;
        let to_fast = func.add_edge(fast, &begins);
        func.end_block(begin, Term::Jump(to_fast), place);
        let back = func.add_edge(fast, &next);
        let out = func.add_edge(ahead, &[]);
        end_with_branch(func, fast, goes_on, (back, out), place);
        (ahead, args)
    }

    /// The different numbers by which groups grow, the one of a group that certainly does first.
    fn steps(&self) -> Vec<u32> {
        let mut steps: Vec<u32> = Vec::new();
        for group in &self.streams.groups {
            if group.step != 0 && !steps.contains(&group.step) {
                steps.push(group.step);
            }
        }
        steps
    }

    /// Where each group starts and ends, if it is gone through so many times, and whether all of that is in memory.
    fn bounds(
        &self,
        emit: &mut Emit<'_>,
        rounds: Value,
        ready: &Ready<'_>,
    ) -> (Vec<Value>, Vec<Value>, Value) {
        use Compute::*;
        let (mut starts, mut ends) = (Vec::new(), Vec::new());
        let mut all = emit.i32(1);
        let mut sizes: Vec<(MemoryIdx, Value)> = Vec::new();
        for group in &self.streams.groups {
            let bytes = match sizes.iter().find(|(memory, _)| *memory == group.memory) {
                Some(&(_, bytes)) => bytes,
                None => {
                    let memory = group.memory;
                    let bytes = emit.memory_bytes(memory);
                    sizes.push((memory, bytes));
                    bytes
                }
            };
            let start = emit.linear(&group.start, |value| ready.now(value));
            let start = emit.compute(I64ExtendI32U, &[start]);
            let step = emit.i64(group.step.into());
            let grown = emit.compute(I64Mul, &[rounds, step]);
            // There is at least one round.
            let more = emit.i64(group.span.wrapping_sub(group.step.into()));
            let end = emit.compute(I64Add, &[start, grown]);
            let end = emit.compute(I64Add, &[end, more]);
            let is_inside = emit.compute(I64LeU, &[end, bytes]);
            all = emit.and(all, is_inside);
            starts.push(start);
            ends.push(end);
        }
        (starts, ends, all)
    }

    /// Rounds of the fast loop that are done at once if they are done as they were: of small ones more, as they mostly count.
    fn copies(&self, func: &Func) -> u64 {
        if func.insts(self.tight.block).len() <= DOUBLED_MAX {
            2
        } else {
            1
        }
    }

    /// A round as it was, but for the addresses; gives what the loop's parameters become.
    fn copy(
        &self,
        emit: &mut Emit<'_>,
        round: u64,
        params: &[Value],
        ready: &Ready<'_>,
    ) -> Vec<Value> {
        let mut now: Vec<(Value, Value)> = Vec::new();
        now.extend(ready.olds.iter().copied().zip(params.iter().copied()));
        let mut addresses: Vec<Option<Value>> = vec![None; self.streams.groups.len()];
        let mut accesses = self.streams.accesses.iter().peekable();
        for at in 0..emit.func.insts(self.tight.block).len() {
            let id = emit.func.insts(self.tight.block)[at];
            let access = accesses.next_if(|access| access.position == at);
            let address = access.map(|access| {
                emit.offset = emit.func.offset(id);
                *addresses[access.group].get_or_insert_with(|| address(emit, access.group, ready))
            });
            let find = |value: Value| {
                let found = now.iter().rev().find(|(old, _)| *old == value);
                found.map_or(value, |&(_, new)| new)
            };
            let copy = emit.func.append_copy(id, find);
            if let (Some(access), Some(address)) = (access, address) {
                let mut inst = *emit.func.inst(copy);
                if let Inst::Load { addr, offset, .. } | Inst::Store { addr, offset, .. } =
                    &mut inst
                {
                    let step = self.streams.groups[access.group].step;
                    (*addr, *offset) = (address, access.at + round * u64::from(step));
                }
                emit.func.set_inst(copy, inst);
                emit.func.set_in_bounds(copy);
            }
            let results = emit.func.inst_results(id).zip(emit.func.inst_results(copy));
            now.extend(results);
        }
        let next = emit.func.edge_args(self.tight.back).iter();
        let find = |&value: &Value| {
            let found = now.iter().rev().find(|(old, _)| *old == value);
            found.map_or(value, |&(_, new)| new)
        };
        next.map(find).collect()
    }

    /// What the loop's parameters are after so many rounds.
    fn ahead(
        &self,
        emit: &mut Emit<'_>,
        rounds: Value,
        ready: &Ready<'_>,
        carried: &[Value],
    ) -> Vec<Value> {
        let rounds = emit.compute(Compute::I32WrapI64, &[rounds]);
        let mut args = Vec::with_capacity(ready.olds.len());
        for (nth, (&old, &new)) in ready.olds.iter().zip(ready.news).enumerate() {
            args.push(match (self.rounds.step(old), self.lanes) {
                (Some(0), _) => new,
                (Some(step), _) => {
                    let growth = emit.times(rounds, step);
                    emit.add(new, growth)
                }
                (None, None) => carried[nth],
                (None, Some(lanes)) => lanes.last(emit, old, carried),
            });
        }
        args
    }
}

/// Where a group is in this round: the start plus what it has grown by, in this order, which keeps the start in a register.
pub(crate) fn address(emit: &mut Emit<'_>, group: usize, ready: &Ready<'_>) -> Value {
    match ready.grown[group] {
        Some(grown) => emit.compute(Compute::I64Add, &[ready.starts[group], grown]),
        None => ready.starts[group],
    }
}
