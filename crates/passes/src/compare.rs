//! Loops that compare bytes of two places until they differ or a number of them is through, such as `memcmp`: 16 bytes at a time.
//!
//! Apart because it is about one shape of loop, of two blocks. The loop stays as it is; in front of it, vectors find the round in which
//! it ends, or the last whole vector before its end, and its values are put ahead to that round.
//!
//! ```text
//! before         ──> loop
//! after          ──> many? ──> inside? ──> fast ──> same ──> ahead ──> loop
//!                                           └───> differ ─────┘
//! ```
//! Bytes behind the first that differ are read as well, so all that the number would allow must be in memory; if it is not, the loop
//! does all.

use crate::emit::{Emit, end_with_branch, place_before};
use crate::table::Env;
use crate::tight::{Linear, Rounds, Tight};
use crate::trips::Trips;
use ir::{Func, Inst, Term, Type, Value};
use module::{Header, MemArg, MemoryIdx};
use ops::{Compute, Load};

/// Bytes at a time.
const BYTES: u64 = 16;
/// What is added to an address at most.
const OFFSET_MAX: u64 = 1 << 28;

/// Runs the pass.
pub(crate) fn run(func: &mut Func, env: &Env<'_>) {
    let mut placed = Vec::new();
    for tight in Tight::find_pairs(func) {
        if let Some(compare) = Compare::find(func, env.header, &tight) {
            let first = func.n_blocks();
            compare.emit(func, &tight);
            placed.push((tight.block, first..func.n_blocks()));
        }
    }
    place_before(func, &placed);
}

/// A loop that only compares bytes.
struct Compare {
    sides: [Side; 2],
    trips: Trips,
    /// What each parameter grows by in a round.
    steps: Vec<u32>,
}

/// Where bytes are read.
struct Side {
    memory: MemoryIdx,
    addr: Linear,
    offset: u64,
    /// The operator's place in the module's bytes.
    place: u32,
    loaded: Value,
}

impl Compare {
    fn find(func: &Func, header: &Header, tight: &Tight) -> Option<Compare> {
        let second = tight.second?;
        let rounds = Rounds::new(func, tight);
        let mut sides = Vec::new();
        for &id in func.insts(tight.block) {
            match *func.inst(id) {
                Inst::Load {
                    op: Load::I32Load8U | Load::I32Load8S,
                    memory,
                    offset,
                    addr,
                } => {
                    let ty = header.memories().get(memory.index())?;
                    let addr = rounds.linear(func, addr)?;
                    let is_paged = ty.page_size_log2 == 16 && !ty.memory64;
                    if !is_paged || offset > OFFSET_MAX || addr.step(&rounds) != Some(1) {
                        return None;
                    }
                    sides.push(Side {
                        memory,
                        addr,
                        offset,
                        place: func.offset(id),
                        loaded: func.result(id),
                    });
                }
                Inst::Load { .. } => return None,
                ref inst if inst.effects().is_removable() => {}
                _ => return None,
            }
        }
        let is_simple =
            |inst: &Inst| !matches!(inst, Inst::Load { .. }) && inst.effects().is_removable();
        let mut others = func.insts(second).iter();
        if !others.all(|&id| is_simple(func.inst(id))) {
            return None;
        }
        let sides: [Side; 2] = sides.try_into().ok()?;
        if !goes_on_if_same(func, tight, &sides) {
            return None;
        }
        let params = func.params(tight.block).iter();
        let steps = params
            .map(|&param| rounds.step(param))
            .collect::<Option<Vec<u32>>>()?;
        Some(Compare {
            sides,
            trips: Trips::find(func, tight, &rounds)?,
            steps,
        })
    }

    fn emit(&self, func: &mut Func, tight: &Tight) {
        use Compute::*;
        let first = func.n_blocks();
        let olds: Vec<Value> = func.params(tight.block).to_vec();
        let place = self.sides[0].place;
        let (many, news) = tight.take_entries(func);
        let now = |value: Value| match olds.iter().position(|&old| old == value) {
            Some(nth) => news[nth],
            None => value,
        };
        let mut emit = Emit {
            func,
            offset: place,
        };
        let (is_many, way) = self.trips.many(&mut emit, BYTES, now);

        let inside = emit.func.add_block(&[]);
        let (rounds, mut all) = self.trips.count(&mut emit, &way);
        let starts = [0, 1].map(|nth| {
            let Side {
                memory,
                ref addr,
                offset,
                ..
            } = self.sides[nth];
            let start = emit.linear(addr, now);
            let start = emit.compute(I64ExtendI32U, &[start]);
            let end = emit.compute(I64Add, &[start, rounds]);
            let offset = emit.i64(offset);
            let end = emit.compute(I64Add, &[end, offset]);
            let bytes = emit.memory_bytes(memory);
            let is_inside = emit.compute(I64LeU, &[end, bytes]);
            all = emit.and(all, is_inside);
            start
        });
        let mask = emit.i64(!(BYTES - 1));
        let whole = emit.compute(I64And, &[rounds, mask]);

        let fast = emit.func.add_block(&[Type::I64]);
        let at = emit.func.params(fast)[0];
        let [a, b] = [0, 1].map(|nth: usize| {
            let side = &self.sides[nth];
            emit.offset = side.place;
            let address = emit.compute(I64Add, &[starts[nth], at]);
            let arg = MemArg {
                memory: side.memory,
                offset: side.offset,
            };
            let load = Inst::load(Load::V128Load, arg, address);
            emit.in_bounds(load, Some(Type::V128))
        });
        let same = emit.compute(I8x16Eq, &[a, b]);
        let same = emit.compute(I8x16Bitmask, &[same]);
        let ones = emit.i32(0xffff);
        let differ = emit.compute(I32Xor, &[same, ones]);

        let go_on = emit.func.add_block(&[]);
        let bytes = emit.i64(BYTES);
        let next = emit.compute(I64Add, &[at, bytes]);
        let is_more = emit.compute(I64Ne, &[next, whole]);

        let found = emit.func.add_block(&[]);
        let nth = emit.compute(I32Ctz, &[differ]);
        let nth = emit.compute(I64ExtendI32U, &[nth]);
        let found_at = emit.compute(I64Add, &[at, nth]);

        let ahead = emit.func.add_block(&[Type::I64]);
        let skipped = emit.func.params(ahead)[0];
        let skipped = emit.compute(I32WrapI64, &[skipped]);
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

        let zero = func.constant(Type::I64, 0);
        let to_inside = func.add_edge(inside, &[]);
        let to_loop = func.add_edge(tight.block, &news);
        end_with_branch(func, many, is_many, (to_inside, to_loop), place);
        let to_fast = func.add_edge(fast, &[zero]);
        let to_loop = func.add_edge(tight.block, &news);
        end_with_branch(func, inside, all, (to_fast, to_loop), place);
        let to_found = func.add_edge(found, &[]);
        let to_next = func.add_edge(go_on, &[]);
        end_with_branch(func, fast, differ, (to_found, to_next), place);
        let back = func.add_edge(fast, &[next]);
        let to_ahead = func.add_edge(ahead, &[next]);
        end_with_branch(func, go_on, is_more, (back, to_ahead), place);
        let to_ahead = func.add_edge(ahead, &[found_at]);
        func.end_block(found, Term::Jump(to_ahead), place);
        let to_loop = func.add_edge(tight.block, &args);
        func.end_block(ahead, Term::Jump(to_loop), place);
        for new in first..func.n_blocks() {
            func.set_cold_like(ir::Block::new(new as u32), tight.block);
        }
    }
}

/// Whether the first block leads to the second one just if the bytes of both sides are the same.
fn goes_on_if_same(func: &Func, tight: &Tight, sides: &[Side; 2]) -> bool {
    let Term::Branch { cond, then, .. } = func.term(tight.block) else {
        return false;
    };
    let Some(&Inst::Compute { op, args }) = func.def_inst(cond) else {
        return false;
    };
    let goes_on_if = Some(func.edge(then).to) == tight.second;
    let is_same_if = match op {
        Compute::I32Eq => true,
        Compute::I32Ne | Compute::I32Sub | Compute::I32Xor => false,
        _ => return false,
    };
    let [a, b] = [sides[0].loaded, sides[1].loaded];
    let compares = args[..2] == [a, b] || args[..2] == [b, a];
    // Bytes that are extended in different ways can be the same and differ.
    let extension = |value: Value| match func.def_inst(value) {
        Some(Inst::Load { op, .. }) => Some(*op),
        _ => None,
    };
    compares && extension(a) == extension(b) && goes_on_if == is_same_if
}
