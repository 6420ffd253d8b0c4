//! Loops that go through bytes of memory up to one that is, or is not, a certain one, such as `strlen`: 32 bytes at a time.
//!
//! Apart because it is about one shape of loop. The loop stays as it is. In front of it, vectors find the round in which it ends, and
//! its values are put ahead to that round, so that whatever follows from them follows as before.
//!
//! ```text
//! before         ──> loop
//! after          ──> first (the rest of 32 aligned bytes) ──> more (32 bytes a round) ──> ahead ──> loop
//! ```
//! No byte is read whose neighbour in the same 32 aligned bytes the loop would not read. A memory of whole 64 KiB pages has all of
//! them or none, so an access traps if the loop's own would.

use crate::emit::{Emit, end_with_branch, place_before};
use crate::table::Env;
use crate::tight::{Linear, Rounds, Tight};
use ir::{Block, Func, Inst, InstId, Term, Type, Value};
use module::{Header, MemArg, MemoryIdx};
use ops::{Compute, Load};

/// How many bytes the new loop looks at in a round.
const BYTES: u32 = 32;

/// Runs the pass.
pub(crate) fn run(func: &mut Func, env: &Env<'_>) {
    let mut placed = Vec::new();
    for tight in Tight::find(func) {
        if let Some(search) = Search::find(func, env.header, &tight) {
            let first = func.n_blocks();
            search.emit(func, &tight);
            placed.push((tight.block, first..func.n_blocks()));
        }
    }
    place_before(func, &placed);
}

/// What a loop does that only looks for a byte.
struct Search {
    access: Access,
    /// The address of the byte in a round.
    addr: Linear,
    /// What is looked for.
    byte: u8,
    /// Whether it looks for something else than the byte.
    is_other: bool,
    /// What each parameter grows by in a round.
    steps: Vec<u32>,
}

/// Where bytes are read.
#[derive(Clone, Copy)]
struct Access {
    memory: MemoryIdx,
    offset: u64,
    /// The operator's place in the module's bytes.
    place: u32,
}

impl Search {
    fn find(func: &Func, header: &Header, tight: &Tight) -> Option<Search> {
        let id = only_load(func, tight.block)?;
        let Inst::Load {
            op,
            memory,
            offset,
            addr,
        } = *func.inst(id)
        else {
            return None;
        };
        let ty = header.memories().get(memory.index())?;
        let is_paged = ty.page_size_log2 == 16 && !ty.memory64;
        if !is_paged || !offset.is_multiple_of(BYTES.into()) {
            return None;
        }
        let (byte, stays_on_it) = condition(func, tight, op, func.result(id))?;
        let rounds = Rounds::new(func, tight);
        let addr = rounds.linear(func, addr)?;
        if addr.step(&rounds) != Some(1) {
            return None;
        }
        let params = func.params(tight.block).iter();
        let steps = params
            .map(|&param| rounds.step(param))
            .collect::<Option<Vec<u32>>>()?;
        Some(Search {
            access: Access {
                memory,
                offset,
                place: func.offset(id),
            },
            addr,
            byte,
            is_other: stays_on_it,
            steps,
        })
    }

    fn emit(&self, func: &mut Func, tight: &Tight) {
        let olds: Vec<Value> = func.params(tight.block).to_vec();
        let place = self.access.place;
        let (first, news) = tight.take_entries(func);
        let mut emit = Emit {
            func,
            offset: place,
        };
        // The rest of the first 32 bytes.
        let now = |value: Value| match olds.iter().position(|&old| old == value) {
            Some(nth) => news[nth],
            None => value,
        };
        let start = emit.linear(&self.addr, now);
        let [down, within] = [BYTES.wrapping_neg(), BYTES - 1].map(|bits| emit.i32(bits));
        let aligned = emit.compute(Compute::I32And, &[start, down]);
        let found = self.found(&mut emit, aligned);
        let mask = self.mask(&mut emit, found);
        let skipped = emit.compute(Compute::I32And, &[start, within]);
        let rest = emit.compute(Compute::I32ShrU, &[mask, skipped]);
        let at_once = emit.compute(Compute::I32Ctz, &[rest]);
        let bytes = emit.i32(BYTES);
        let next = emit.add(aligned, bytes);

        // Whole ones.
        let more = emit.func.add_block(&[Type::I32]);
        let at = emit.func.params(more)[0];
        let found = self.found(&mut emit, at);
        let [low, high] = found;
        let either = emit.compute(Compute::V128Or, &[low, high]);
        let is_found = emit.compute(Compute::V128AnyTrue, &[either]);
        let following = emit.add(at, bytes);

        let last = emit.func.add_block(&[]);
        let mask = self.mask(&mut emit, found);
        let offset = emit.compute(Compute::I32Ctz, &[mask]);
        let end = emit.add(at, offset);
        let later = emit.compute(Compute::I32Sub, &[end, start]);

        // On to the round that it takes.
        let ahead = emit.func.add_block(&[Type::I32]);
        let skipped = emit.func.params(ahead)[0];
        let mut args = Vec::with_capacity(news.len());
        for (&value, &step) in news.iter().zip(&self.steps) {
            args.push(match step {
                0 => value,
                _ => {
                    let growth = emit.times(skipped, step);
                    emit.add(value, growth)
                }
            });
        }

        let then = func.add_edge(ahead, &[at_once]);
        let otherwise = func.add_edge(more, &[next]);
        end_with_branch(func, first, rest, (then, otherwise), place);
        let then = func.add_edge(last, &[]);
        let otherwise = func.add_edge(more, &[following]);
        end_with_branch(func, more, is_found, (then, otherwise), place);
        let edge = func.add_edge(ahead, &[later]);
        func.end_block(last, Term::Jump(edge), place);
        let edge = func.add_edge(tight.block, &args);
        func.end_block(ahead, Term::Jump(edge), place);
        for block in [first, more, last, ahead] {
            func.set_cold_like(block, tight.block);
        }
    }

    /// Where what is looked for stands in 32 bytes: two vectors of lanes that are all ones.
    fn found(&self, emit: &mut Emit<'_>, at: Value) -> [Value; 2] {
        let bytes = u128::from_le_bytes([self.byte; 16]);
        let bytes = emit.func.constant(Type::V128, bytes);
        let op = if self.is_other {
            Compute::I8x16Ne
        } else {
            Compute::I8x16Eq
        };
        [0, 16].map(|half| {
            let arg = MemArg {
                memory: self.access.memory,
                offset: self.access.offset + half,
            };
            let load = Inst::load(Load::V128Load, arg, at);
            let vector = emit.inst(load, Type::V128);
            emit.compute(op, &[vector, bytes])
        })
    }

    /// The same as 32 bits.
    fn mask(&self, emit: &mut Emit<'_>, found: [Value; 2]) -> Value {
        let [low, high] = found.map(|half| emit.compute(Compute::I8x16Bitmask, &[half]));
        let sixteen = emit.i32(16);
        let high = emit.compute(Compute::I32Shl, &[high, sixteen]);
        emit.compute(Compute::I32Or, &[low, high])
    }
}

/// The load of a block that does nothing else that could be noticed.
fn only_load(func: &Func, block: Block) -> Option<InstId> {
    let mut found = None;
    for &id in func.insts(block) {
        match func.inst(id) {
            Inst::Load { .. } if found.is_none() => found = Some(id),
            inst if inst.effects().is_removable() => {}
            _ => return None,
        }
    }
    found
}

/// The byte that what was loaded is compared with, and whether the loop goes on if it is equal.
fn condition(func: &Func, tight: &Tight, op: Load, loaded: Value) -> Option<(u8, bool)> {
    if tight.cond == loaded {
        return matches!(op, Load::I32Load8U | Load::I32Load8S).then_some((0, !tight.stays_if));
    }
    let Some(Inst::Compute { op: compare, args }) = func.def_inst(tight.cond) else {
        return None;
    };
    let [a, b, _] = *args;
    let constant = |value| func.const_bits(value).map(|bits| bits as u32);
    let (number, is_equal) = match compare {
        Compute::I32Eqz if a == loaded => (0, true),
        Compute::I32Eq | Compute::I32Ne => {
            let number = if a == loaded {
                constant(b)?
            } else if b == loaded {
                constant(a)?
            } else {
                return None;
            };
            (number, *compare == Compute::I32Eq)
        }
        _ => return None,
    };
    let byte = number as u8;
    let extended = match op {
        Load::I32Load8U => byte.into(),
        Load::I32Load8S => byte as i8 as u32,
        _ => return None,
    };
    (extended == number).then_some((byte, is_equal == tight.stays_if))
}
