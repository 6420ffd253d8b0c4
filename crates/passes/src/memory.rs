//! Finds loads from memories whose value is known, and stores that change nothing or that nobody sees.
//!
//! Apart from loads of objects because places in a memory overlap: two accesses are told apart by what their addresses have in common
//! and by offsets, or not at all. A walk down the tree of dominators carries a list of what is known, as it does for objects.
//!
//! What another thread may change is left alone, and a trap finds memories as it would have.

use crate::between::{Between, Changes};
use crate::domtree::{DomTree, Same};
use crate::effects::effects;
use crate::ints::Int;
use crate::table::Env;
use ir::{Block, Cfg, Func, Inst, InstId, State, Type, Value};
use module::MemoryIdx;
use ops::{Load, Store};
use std::rc::Rc;

/// Entries that a list has at most.
const KNOWN_MAX: usize = 48;

/// Runs the pass.
pub(crate) fn run(func: &mut Func, env: &Env<'_>) {
    let is_access = |id: &InstId| matches!(func.inst(*id), Inst::Load { .. } | Inst::Store { .. });
    let n_accesses = func
        .blocks()
        .flat_map(|block| func.insts(block))
        .filter(|id| is_access(id));
    if n_accesses.take(2).count() < 2 {
        return;
    }
    let cfg = Cfg::new(func);
    let tree = DomTree::new(func, &cfg);
    let writes = |block: Block| {
        let mut insts = func.insts(block).iter().map(|&id| func.inst(id));
        let writes = |inst| effects(func, inst, env.callees).writes;
        Writes(insts.any(|inst| writes(inst).meets(State::MEMORY)))
    };
    let writes: Vec<Writes> = func.blocks().map(writes).collect();
    let mut finder = Finder {
        env,
        same: Same::default(),
        gone: vec![false; func.n_insts()],
    };
    let mut between = Between::new(func, &cfg);
    let mut waiting = vec![(Block::new(0), Rc::new(Vec::new()))];
    while let Some((block, above)) = waiting.pop() {
        let mut known: Vec<Known> = Rc::unwrap_or_clone(above);
        if let Some(idom) = cfg.idom(block)
            && cfg.preds(block).len() > 1
            && !known.is_empty()
            && between.changes(&cfg, &writes, idom, block).0
        {
            known.clear();
        }
        for &id in func.insts(block) {
            finder.instruction(func, id, &mut known);
        }
        finder.unseen(func, block);
        let known = Rc::new(known);
        let children = tree.children(block).iter().rev();
        waiting.extend(children.map(|&child| (child, Rc::clone(&known))));
    }
    let Finder { same, gone, .. } = finder;
    if gone.contains(&true) {
        same.apply(func);
        func.retain_insts(|_, id| !gone[id.index()]);
    }
}

/// Whether a block may change a memory.
#[derive(Clone, Copy, Default)]
struct Writes(bool);

impl Changes for Writes {
    const ALL: Writes = Writes(true);

    fn add(&mut self, other: Writes) {
        self.0 |= other.0;
    }
}

/// Where an access starts, as far as it is known, and how many bytes it is of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Place {
    memory: MemoryIdx,
    /// What the address is a sum with, which may wrap around; nothing if it is a constant.
    root: Option<Value>,
    /// The other part of the address.
    number: u64,
    /// What is added without wrapping around.
    offset: u64,
    bytes: u64,
    is_64: bool,
}

impl Place {
    /// Whether two accesses have no byte in common for certain.
    fn is_apart(&self, other: &Place) -> bool {
        if self.memory != other.memory {
            return true;
        }
        if self.root != other.root {
            return false;
        }
        let start = |place: &Place| i128::from(place.number) + i128::from(place.offset);
        let (a, b) = (start(self), start(other));
        // Either sum may have wrapped around.
        let around: i128 = match (
            self.root.is_some() && self.number != other.number,
            self.is_64,
        ) {
            (false, _) => 0,
            (true, false) => 1 << 32,
            (true, true) => 1 << 64,
        };
        [-around, 0, around].iter().all(|by| {
            let b = b + by;
            a + i128::from(self.bytes) <= b || b + i128::from(other.bytes) <= a
        })
    }

    /// Whether the addresses are the same.
    fn has_base_of(&self, other: &Place) -> bool {
        self.memory == other.memory && self.root == other.root && self.number == other.number
    }

    fn end(&self) -> u64 {
        self.offset.saturating_add(self.bytes)
    }

    /// Whether all bytes of another access are bytes of this one.
    fn covers(&self, other: &Place) -> bool {
        self.has_base_of(other) && self.offset <= other.offset && other.end() <= self.end()
    }
}

/// What a load is known to give.
#[derive(Clone, Copy, Debug)]
struct Known {
    place: Place,
    load: Load,
    value: Value,
}

struct Finder<'a> {
    env: &'a Env<'a>,
    same: Same,
    /// By instruction.
    gone: Vec<bool>,
}

impl Finder<'_> {
    fn instruction(&mut self, func: &Func, id: InstId, known: &mut Vec<Known>) {
        let inst = func.inst(id);
        match *inst {
            Inst::Load {
                op,
                memory,
                offset,
                addr,
            } => {
                let Some(place) = self.place(func, memory, addr, offset, load_bytes(op)) else {
                    return;
                };
                let result = func.result(id);
                match known
                    .iter()
                    .find(|known| known.place == place && known.load == op)
                {
                    Some(found) => {
                        self.same.set(func, result, found.value);
                        self.gone[id.index()] = true;
                    }
                    None => add(known, place, op, result),
                }
            }
            Inst::Store {
                op,
                memory,
                offset,
                addr,
                value,
            } => {
                let Some(place) = self.place(func, memory, addr, offset, Some(store_bytes(op)))
                else {
                    known.retain(|known| known.place.memory != memory);
                    return;
                };
                let value = self.same.now(value);
                let load = load_of(op);
                let is_there = known.iter().any(|known| {
                    known.place == place && load == Some(known.load) && known.value == value
                });
                if is_there {
                    self.gone[id.index()] = true;
                    return;
                }
                known.retain(|known| known.place.is_apart(&place));
                if let Some(load) = load {
                    add(known, place, load, value);
                }
            }
            _ => {
                if effects(func, inst, self.env.callees)
                    .writes
                    .meets(State::MEMORY)
                {
                    known.clear();
                }
            }
        }
    }

    /// Where an access is; nothing if other threads are there too.
    fn place(
        &self,
        func: &Func,
        memory: MemoryIdx,
        addr: Value,
        offset: u64,
        bytes: Option<u64>,
    ) -> Option<Place> {
        let bytes = bytes?;
        let ty = self.env.header.memories().get(memory.index())?;
        let is_64 = func.ty(addr) == Type::I64;
        if ty.shared || is_64 != ty.memory64 {
            return None;
        }
        let addr = self.same.now(addr);
        let (root, number) = match func.const_bits(addr) {
            Some(bits) => (None, bits as u64),
            None => match self.sum(func, addr) {
                Some((root, number)) => (Some(root), number),
                None => (Some(addr), 0),
            },
        };
        Some(Place {
            memory,
            root,
            number,
            offset,
            bytes,
            is_64,
        })
    }

    /// A value as a sum of another one and a constant.
    fn sum(&self, func: &Func, value: Value) -> Option<(Value, u64)> {
        let &Inst::Compute { op, args } = func.def_inst(value)? else {
            return None;
        };
        let (_, Int::Add) = Int::of(op)? else {
            return None;
        };
        let number = func.const_bits(self.same.now(args[1]))? as u64;
        Some((self.same.now(args[0]), number))
    }

    /// Finds stores whose bytes are stored again in the same block before anything can see them.
    fn unseen(&mut self, func: &Func, block: Block) {
        /// Later stores that are remembered.
        const LATER_MAX: usize = 16;
        let sure = self.in_bounds(func, block);
        let mut later: Vec<Place> = Vec::new();
        // Whether no access lies between the last of them and here.
        let mut is_next = false;
        for (at, &id) in func.insts(block).iter().enumerate().rev() {
            if self.gone[id.index()] {
                continue;
            }
            match *func.inst(id) {
                Inst::Store {
                    op,
                    memory,
                    offset,
                    addr,
                    ..
                } => {
                    let place = self.place(func, memory, addr, offset, Some(store_bytes(op)));
                    let Some(place) = place else {
                        later.clear();
                        continue;
                    };
                    // Where it would have trapped, nothing else may be stored.
                    let is_covered = match later.first() {
                        Some(next) if is_next && next.covers(&place) => true,
                        _ => sure[at] && later.iter().any(|later| later.covers(&place)),
                    };
                    if is_covered {
                        self.gone[id.index()] = true;
                        continue;
                    }
                    // If this one traps, what others stored before is seen.
                    if !sure[at] {
                        later.clear();
                    }
                    later.truncate(LATER_MAX);
                    later.insert(0, place);
                    is_next = true;
                }
                Inst::Load {
                    op,
                    memory,
                    offset,
                    addr,
                } => {
                    is_next = false;
                    match self.place(func, memory, addr, offset, load_bytes(op)) {
                        Some(place) if sure[at] => later.retain(|later| later.is_apart(&place)),
                        _ => later.clear(),
                    }
                }
                ref inst => {
                    let effects = effects(func, inst, self.env.callees);
                    let reads = effects.reads.meets(State::MEMORY);
                    if effects.traps || reads || !effects.is_removable() {
                        later.clear();
                    }
                }
            }
        }
    }

    /// By position in a block: whether an access surely is inside its memory, because one further behind the same address was.
    fn in_bounds(&self, func: &Func, block: Block) -> Vec<bool> {
        /// Accesses that are remembered.
        const EARLIER_MAX: usize = 8;
        let mut earlier: Vec<Place> = Vec::new();
        let sure = |&id: &InstId| {
            let place = match *func.inst(id) {
                Inst::Store {
                    op,
                    memory,
                    offset,
                    addr,
                    ..
                } => self.place(func, memory, addr, offset, Some(store_bytes(op))),
                Inst::Load {
                    op,
                    memory,
                    offset,
                    addr,
                } => self.place(func, memory, addr, offset, load_bytes(op)),
                _ => None,
            };
            let Some(place) = place else { return false };
            let mut same = earlier
                .iter_mut()
                .filter(|earlier| earlier.has_base_of(&place));
            match same.next() {
                Some(earlier) if place.end() <= earlier.end() => true,
                Some(earlier) => {
                    *earlier = place;
                    false
                }
                None => {
                    earlier.truncate(EARLIER_MAX);
                    earlier.insert(0, place);
                    false
                }
            }
        };
        func.insts(block).iter().map(sure).collect()
    }
}

fn add(known: &mut Vec<Known>, place: Place, load: Load, value: Value) {
    if known.len() == KNOWN_MAX {
        known.remove(0);
    }
    known.push(Known { place, load, value });
}

/// How many bytes a load reads, if it gives a value of just these.
fn load_bytes(op: Load) -> Option<u64> {
    Some(match op {
        Load::I32Load8S | Load::I32Load8U | Load::I64Load8S | Load::I64Load8U => 1,
        Load::I32Load16S | Load::I32Load16U | Load::I64Load16S | Load::I64Load16U => 2,
        Load::I32Load | Load::F32Load | Load::I64Load32S | Load::I64Load32U => 4,
        Load::I64Load | Load::F64Load => 8,
        Load::V128Load => 16,
        _ => return None,
    })
}

fn store_bytes(op: Store) -> u64 {
    match op {
        Store::I32Store8 | Store::I64Store8 => 1,
        Store::I32Store16 | Store::I64Store16 => 2,
        Store::I32Store | Store::F32Store | Store::I64Store32 => 4,
        Store::I64Store | Store::F64Store => 8,
        Store::V128Store => 16,
    }
}

/// The load that gives what a store has stored.
fn load_of(op: Store) -> Option<Load> {
    Some(match op {
        Store::I32Store => Load::I32Load,
        Store::I64Store => Load::I64Load,
        Store::F32Store => Load::F32Load,
        Store::F64Store => Load::F64Load,
        Store::V128Store => Load::V128Load,
        _ => return None,
    })
}
