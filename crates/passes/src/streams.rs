//! What a loop accesses in memory: addresses that grow by the same number in each round, and how far they reach.
//!
//! Apart because every way to run a loop ahead asks first whether all it will access is there. Accesses whose addresses differ only
//! by a number are one group, so that one question serves them all:
//!
//! ```text
//! start                                                   one round reaches up to `span` behind the start,
//!   | at: 0 |        | at: 16 |   |                       `n` rounds up to `(n - 1) * step + span`
//!   |<----------- span ---------->|
//! ```
//! If that is inside the memory, no address of these has wrapped around, and each is the start plus what the group has grown by.

use crate::tight::{Linear, Rounds, Tight};
use ir::{Func, Inst, InstId, Value};
use module::{Header, MemoryIdx};

/// Groups that a loop has at most: each costs a check.
const GROUPS_MAX: usize = 6;
/// How far apart the accesses of a group are at most, and what is added to an address at most.
const REACH_MAX: u64 = 1 << 28;
/// What an address grows by at most.
const STEP_MAX: u32 = 1 << 20;

/// An access that belongs to a group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    pub id: InstId,
    /// Its place among the instructions of the loop.
    pub position: usize,
    pub is_store: bool,
    pub bytes: u64,
    pub group: usize,
    /// Where it is, from the start of the group.
    pub at: u64,
}

/// Accesses whose addresses differ by numbers.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub memory: MemoryIdx,
    /// Whether the memory is imported: two of these may be the same.
    pub is_imported: bool,
    /// The lowest address, in the first round.
    pub start: Linear,
    /// By how much it grows in a round.
    pub step: u32,
    /// How far one round reaches from the start.
    pub span: u64,
    pub has_store: bool,
}

/// The accesses of a loop.
#[derive(Clone, Debug, Default)]
pub(crate) struct Streams {
    pub accesses: Vec<Access>,
    pub groups: Vec<Group>,
    /// Whether accesses are left that belong to no group.
    pub has_others: bool,
}

/// An access before its group is known.
struct Found {
    access: Access,
    addr: Linear,
    offset: u64,
}

impl Streams {
    /// The accesses of a loop that does nothing but computing, loading and storing.
    pub(crate) fn find(
        func: &Func,
        header: &Header,
        tight: &Tight,
        rounds: &Rounds,
    ) -> Option<Streams> {
        let mut streams = Streams::default();
        let mut found: Vec<Found> = Vec::new();
        for (position, &id) in func.insts(tight.block).iter().enumerate() {
            let (memory, addr, offset, bytes, is_store) = match *func.inst(id) {
                Inst::Load {
                    op,
                    memory,
                    addr,
                    offset,
                } => (memory, addr, offset, op.bytes(), false),
                Inst::Store {
                    op,
                    memory,
                    addr,
                    offset,
                    ..
                } => (memory, addr, offset, op.bytes(), true),
                Inst::Compute { .. }
                | Inst::Wide { .. }
                | Inst::Lane { .. }
                | Inst::Shuffle { .. }
                | Inst::Select { .. }
                | Inst::GlobalGet { .. } => continue,
                _ => return None,
            };
            let access = Access {
                id,
                position,
                is_store,
                bytes: bytes as u64,
                group: 0,
                at: 0,
            };
            match streams.place(func, header, rounds, access, (memory, addr, offset)) {
                Some(one) => found.push(one),
                None => streams.has_others = true,
            }
        }
        streams.settle(found);
        Some(streams)
    }

    /// Finds or makes the group of an access.
    fn place(
        &mut self,
        func: &Func,
        header: &Header,
        rounds: &Rounds,
        mut access: Access,
        (memory, addr, offset): (MemoryIdx, Value, u64),
    ) -> Option<Found> {
        let ty = header.memories().get(memory.index())?;
        if ty.memory64 || ty.page_size_log2 != 16 || offset > REACH_MAX {
            return None;
        }
        let addr = rounds.linear(func, addr)?;
        let step = addr.step(rounds)?;
        if step > STEP_MAX {
            return None;
        }
        let same = self.groups.iter().position(|group| {
            group.memory == memory && group.step == step && group.start.terms == addr.terms
        });
        access.group = match same {
            Some(group) => group,
            None if self.groups.len() == GROUPS_MAX => return None,
            None => {
                self.groups.push(Group {
                    memory,
                    is_imported: memory.index() < header.n_imported_memories(),
                    start: addr.clone(),
                    step,
                    span: 0,
                    has_store: false,
                });
                self.groups.len() - 1
            }
        };
        let start = self.groups[access.group].start.number;
        let apart = addr.number.wrapping_sub(start) as i32;
        if u64::from(apart.unsigned_abs()) > REACH_MAX {
            return None;
        }
        Some(Found {
            access,
            addr,
            offset,
        })
    }

    /// Lets each group start at its lowest address.
    fn settle(&mut self, found: Vec<Found>) {
        let firsts: Vec<u32> = self.groups.iter().map(|group| group.start.number).collect();
        let apart = |one: &Found| {
            let first = firsts[one.access.group];
            i64::from(one.addr.number.wrapping_sub(first) as i32)
        };
        let mut lowest = vec![0; firsts.len()];
        for one in &found {
            let lowest = &mut lowest[one.access.group];
            *lowest = apart(one).min(*lowest);
        }
        for (group, &lowest) in self.groups.iter_mut().zip(&lowest) {
            group.start.number = group.start.number.wrapping_add(lowest as u32);
        }
        for one in found {
            let mut access = one.access;
            access.at = (apart(&one) - lowest[access.group]) as u64 + one.offset;
            let group = &mut self.groups[access.group];
            group.span = group.span.max(access.at + access.bytes);
            group.has_store |= access.is_store;
            self.accesses.push(access);
        }
    }
}
