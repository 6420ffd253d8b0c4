//! References that live across calls: which they are, and the slots of the frame where a collector finds them.
//!
//! Apart from lowering because it is an analysis of its own, which functions without references skip. A collector may run during
//! a call and move what references refer to. So a reference that is needed after a call is stored in a slot where it is defined,
//! and loaded again when it is first used after the call; the call's stack map names the slots that matter. A slot serves
//! several references if no two of them are needed at once.
//!
//! Most places where a collector may run are allocations, though, and most allocations run none. A reference that lives across
//! such places only is not kept in its slot. The rare branch that calls the collector stores it there and loads it again; behind
//! the allocation it is a parameter of the block where both ways meet, and so it is wherever else such ways meet:
//!
//! ```text
//!   block:  is there room?             |  kept:         stored where defined, loaded after calls
//!      yes |        | no (rare)        |  renamed:      stored in the rare branch only
//!          |      store r, call, r' = load
//!   join(object, r''):  r or r'
//! ```
//!
//! Liveness is found by walking from each use up to the definition, value by value: most references live in a few blocks, and
//! what a hostile function costs is bounded.

use super::Lower;
use super::uses::Uses;
use crate::signature::POINTER;
use cranelift_codegen::cursor::Cursor;
use cranelift_codegen::ir::{
    self as clif, BlockArg, InstBuilder, MemFlags, StackSlotData, StackSlotKind, UserStackMapEntry,
    types,
};
use ir::{Block, Def, Func, GcOp, Inst, InstId, Preds, Type, Value};

/// References that live across calls, call by call, in one function at most.
const ACROSS_MAX: usize = 1 << 23;

/// Steps of the walk that finds liveness, in one function at most.
const STEPS_MAX: usize = 1 << 26;

/// What the stack maps of one function may take while it is compiled, in bytes.
const MAP_BYTES_MAX: usize = 256 << 20;

/// Size of a slot, in bytes.
const SLOT_BYTES: u32 = 4;

/// A value that has no slot.
const NO_SLOT: u32 = u32::MAX;
/// A value that needs a slot and has none yet.
const SLOT_NEEDED: u32 = u32::MAX - 1;

/// The function has more references across calls than are worth a stack map.
pub(super) struct TooManyRefs;

/// What is known of a function's references.
#[derive(Default)]
pub(super) struct Refs {
    /// By value: its slot. Empty if no value has one.
    slots: Vec<u32>,
    n_slots: u32,
    /// By value: whether its slot has it from its definition on. Others with a slot are renamed at each allocation.
    kept: Vec<bool>,
    /// Whether all with a slot are kept because there are too many.
    all_kept: bool,
    /// Renamed references that live at the start of blocks which can be entered from several places, by block.
    params: Vec<(Block, Value)>,
    /// References that live across allocations, over all of them.
    n_across_allocs: usize,
    /// By value: the epoch in which lowering last had it. A call ends an epoch, and so does the start of a block that can be
    /// entered from elsewhere than the block before it.
    known: Vec<u32>,
    epoch: u32,
    /// Calls, the last one first, and where what lives across each starts in `across`.
    calls: Vec<(InstId, u32)>,
    across: Vec<Value>,
    /// By value: the block that defines it.
    def_block: Vec<Block>,
    /// Blocks and what lives at their start or end, by block.
    live_in: Vec<(Block, Value)>,
    live_out: Vec<(Block, Value)>,
    /// Last uses: block, position in it, value; the last of the function first.
    deaths: Vec<(Block, u32, Value)>,
}

/// Parameters of blocks, over all edges, that references may become in one function at most; and as many at allocations. Beyond
/// that, all references are kept in slots.
const RENAMED_MAX: usize = 1 << 17;

/// Where a collector may run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Safepoint {
    /// A call: what it takes is gone when the collector runs.
    Call,
    /// An allocation, which calls only if there is no room. Its operands are needed after that.
    Alloc,
}

/// Whether a collector may run during an instruction.
fn safepoint(inst: &Inst) -> Option<Safepoint> {
    match *inst {
        Inst::Gc { op, .. } => match op {
            GcOp::StructNew(_) | GcOp::ArrayNew(_) | GcOp::ArrayNewFixed(_) => {
                Some(Safepoint::Alloc)
            }
            GcOp::ArrayNewData { .. } | GcOp::ArrayNewElem { .. } => Some(Safepoint::Call),
            _ => None,
        },
        Inst::Exn { op, .. } => op.allocates().then_some(Safepoint::Alloc),
        _ => inst.is_call().then_some(Safepoint::Call),
    }
}

impl Refs {
    /// Looks at a function.
    pub(super) fn find(&mut self, func: &Func, uses: &Uses) -> Result<(), TooManyRefs> {
        self.slots.clear();
        self.n_slots = 0;
        self.kept.clear();
        self.all_kept = false;
        self.params.clear();
        self.n_across_allocs = 0;
        self.calls.clear();
        self.across.clear();
        let is_ref = |value| func.ty(value) == Type::Ref && !func.is_const(value);
        if !(0..func.n_values() as u32).any(|index| is_ref(Value::new(index))) {
            return Ok(());
        }
        let scan = Scan { func, uses };
        self.find_live(&scan)?;
        self.slots.resize(func.n_values(), NO_SLOT);
        self.kept.resize(func.n_values(), false);
        self.find_across(&scan)?;
        if self.across.is_empty() {
            self.slots.clear();
            self.kept.clear();
            return Ok(());
        }
        self.find_params(&scan);
        self.known.clear();
        self.known.resize(func.n_values(), 0);
        self.epoch = 1;
        self.assign_slots(&scan);
        self.check_map_bytes()
    }

    /// Whether what lowering has for a value with a slot is what the slot holds.
    fn is_known(&self, value: Value) -> bool {
        self.known[value.index()] == self.epoch
    }

    fn set_known(&mut self, value: Value) {
        self.known[value.index()] = self.epoch;
    }

    /// From here on, what lowering had for values with slots may be outdated, or not be computed.
    pub(super) fn forget_known(&mut self) {
        self.epoch += 1;
    }

    /// How many slots there are.
    fn n_slots(&self) -> u32 {
        self.n_slots
    }

    /// The slot of a value, if it is kept in one.
    fn kept_slot(&self, value: Value) -> Option<u32> {
        match self.kept.get(value.index()) {
            Some(true) => Some(self.slots[value.index()]),
            _ => None,
        }
    }

    /// The renamed references that are parameters of a block behind those that it has anyway.
    pub(super) fn params(&self, block: Block) -> impl ExactSizeIterator<Item = Value> + '_ {
        let start = self.params.partition_point(|&(at, _)| at < block);
        let end = self.params.partition_point(|&(at, _)| at <= block);
        self.params[start..end].iter().map(|&(_, value)| value)
    }

    /// Calls `visit` with each reference that lives across the call `id`. Calls must be asked for in order.
    fn take_across(&mut self, id: InstId, mut visit: impl FnMut(Value)) {
        if self.slots.is_empty() {
            return;
        }
        let Some((call, first)) = self.calls.pop() else {
            unreachable!("calls are lowered in the order in which they were found");
        };
        assert_eq!(
            call, id,
            "calls are lowered in the order in which they were found"
        );
        self.across.drain(first as usize..).for_each(&mut visit);
    }

    /// Fills `live_in` and `live_out`.
    fn find_live(&mut self, scan: &Scan<'_>) -> Result<(), TooManyRefs> {
        let func = scan.func;
        self.def_block.clear();
        self.def_block.resize(func.n_values(), Block::new(0));
        for block in func.blocks() {
            for param in func.params(block) {
                self.def_block[param.index()] = block;
            }
            for &id in func.insts(block) {
                for result in func.inst_results(id) {
                    self.def_block[result.index()] = block;
                }
            }
        }
        let mut used: Vec<(Value, Block)> = Vec::new();
        for block in func.blocks() {
            scan.for_each_use(block, |_, value| {
                if self.def_block[value.index()] != block {
                    used.push((value, block));
                }
            });
        }
        used.sort_unstable();
        used.dedup();
        self.live_in.clear();
        self.live_out.clear();
        let preds = Preds::new(func);
        let mut lives_in = vec![u32::MAX; func.n_blocks()];
        let mut lives_out = vec![u32::MAX; func.n_blocks()];
        let mut open: Vec<Block> = Vec::new();
        let mut steps = 0;
        for (value, block) in used {
            let mark = value.index() as u32;
            if std::mem::replace(&mut lives_in[block.index()], mark) != mark {
                open.push(block);
            }
            while let Some(block) = open.pop() {
                self.live_in.push((block, value));
                for &(pred, _) in preds.of(block) {
                    if std::mem::replace(&mut lives_out[pred.index()], mark) == mark {
                        continue;
                    }
                    self.live_out.push((pred, value));
                    if self.def_block[value.index()] != pred
                        && std::mem::replace(&mut lives_in[pred.index()], mark) != mark
                    {
                        open.push(pred);
                    }
                }
                steps += 1 + preds.of(block).len();
                if steps > STEPS_MAX {
                    return Err(TooManyRefs);
                }
            }
        }
        self.live_in.sort_unstable();
        self.live_out.sort_unstable();
        Ok(())
    }

    /// Fills `calls`, `across` and `deaths`, and marks the values that need slots.
    fn find_across(&mut self, scan: &Scan<'_>) -> Result<(), TooManyRefs> {
        let func = scan.func;
        self.deaths.clear();
        let mut live = Live::new(func.n_values());
        let mut live_out = self.live_out.as_slice();
        for block in func.blocks().rev() {
            live.clear();
            while let Some((&(at, value), rest)) = live_out.split_last()
                && at == block
            {
                live.insert(value);
                live_out = rest;
            }
            let insts = func.insts(block);
            scan.for_each_term_use(block, |value| {
                if live.insert(value) {
                    self.deaths.push((block, insts.len() as u32, value));
                }
            });
            for (nth, &id) in insts.iter().enumerate().rev() {
                if !scan.uses.is_needed(id) {
                    continue;
                }
                func.inst_results(id).for_each(|value| live.remove(value));
                let safepoint = safepoint(func.inst(id));
                if safepoint == Some(Safepoint::Alloc) {
                    scan.for_each_arg(id, |value| {
                        if live.insert(value) {
                            self.deaths.push((block, nth as u32, value));
                        }
                    });
                    self.n_across_allocs += live.values.len();
                }
                if let Some(safepoint) = safepoint {
                    self.calls.push((id, self.across.len() as u32));
                    self.across.extend_from_slice(&live.values);
                    for value in &live.values {
                        self.slots[value.index()] = SLOT_NEEDED;
                        self.kept[value.index()] |= safepoint == Safepoint::Call;
                    }
                    if self.across.len() > ACROSS_MAX {
                        return Err(TooManyRefs);
                    }
                }
                scan.for_each_arg(id, |value| {
                    if live.insert(value) {
                        self.deaths.push((block, nth as u32, value));
                    }
                });
            }
        }
        Ok(())
    }

    /// Fills `params`, unless that would be too much.
    fn find_params(&mut self, scan: &Scan<'_>) {
        let preds = Preds::new(scan.func);
        let mut n_args = 0;
        for &(block, value) in &self.live_in {
            let is_renamed = self.slots[value.index()] != NO_SLOT && !self.kept[value.index()];
            if is_renamed && scan.uses.starts_run(block) {
                self.params.push((block, value));
                n_args += preds.of(block).len();
            }
        }
        if n_args.max(self.n_across_allocs) > RENAMED_MAX {
            self.params.clear();
            self.all_kept = true;
            for (kept, slot) in self.kept.iter_mut().zip(&self.slots) {
                *kept = *slot != NO_SLOT;
            }
        }
    }

    /// Gives slots to the values that need them: block by block, so that what lives at a block's start already has its slot,
    /// since its definition dominates the block.
    fn assign_slots(&mut self, scan: &Scan<'_>) {
        let func = scan.func;
        let mut free = Slots::default();
        let mut n_live_in = 0;
        for block in func.blocks() {
            free.clear();
            while let Some(&(at, value)) = self.live_in.get(n_live_in)
                && at == block
            {
                free.take(self.slots[value.index()]);
                n_live_in += 1;
            }
            for &param in func.params(block) {
                self.assign(param, &mut free);
            }
            let insts = func.insts(block);
            for nth in 0..=insts.len() {
                while let Some(&(at, position, value)) = self.deaths.last()
                    && (at, position) == (block, nth as u32)
                {
                    free.give_back(self.slots[value.index()]);
                    self.deaths.pop();
                }
                if let Some(&id) = insts.get(nth) {
                    for result in func.inst_results(id) {
                        self.assign(result, &mut free);
                    }
                }
            }
        }
        self.n_slots = free.n_slots;
    }

    /// A stack map is a bit for each byte of the frame, up to the last slot of the call.
    fn check_map_bytes(&self) -> Result<(), TooManyRefs> {
        let mut end = self.across.len();
        let mut bytes = 0;
        for &(_, first) in self.calls.iter().rev() {
            let values = self.across[first as usize..end].iter();
            let last = values.map(|value| self.slots[value.index()] as usize).max();
            bytes += last.map_or(0, |slot| (slot + 1) * SLOT_BYTES as usize / 8);
            end = first as usize;
        }
        if bytes > MAP_BYTES_MAX {
            return Err(TooManyRefs);
        }
        Ok(())
    }

    fn assign(&mut self, value: Value, free: &mut Slots) {
        if self.slots[value.index()] == SLOT_NEEDED {
            self.slots[value.index()] = free.take_first();
        }
    }
}

impl Lower<'_> {
    /// Makes the slots of the function.
    pub(super) fn make_ref_slots(&mut self) {
        let n_slots = self.scratch.refs.n_slots();
        if n_slots != 0 {
            let align_log2 = SLOT_BYTES.trailing_zeros() as u8;
            let bytes = n_slots * SLOT_BYTES;
            let data = StackSlotData::new(StackSlotKind::ExplicitSlot, bytes, align_log2);
            self.ref_slots = Some(self.pos.func.create_sized_stack_slot(data));
        }
    }

    /// Stores a reference that was just defined, if it lives across calls.
    pub(super) fn keep_ref(&mut self, result: Value) {
        if let Some(slot) = self.scratch.refs.kept_slot(result) {
            self.store_ref(slot, self.scratch.values[result.index()]);
            self.scratch.refs.set_known(result);
        }
    }

    /// A value as it is now: a reference may have been changed by a collector since it was defined.
    pub(super) fn current(&mut self, value: Value) -> clif::Value {
        if let Some(slot) = self.scratch.refs.kept_slot(value)
            && !self.scratch.refs.is_known(value)
        {
            self.scratch.values[value.index()] = self.load_ref(slot);
            self.scratch.refs.set_known(value);
        }
        self.scratch.values[value.index()]
    }

    /// Tells the collector which references live across instruction `id`, which is `call` in Cranelift's form.
    pub(super) fn safepoint(&mut self, id: InstId, call: clif::Inst) {
        if self.ref_slots.is_none() {
            return;
        }
        let mut across = std::mem::take(&mut self.scratch.across);
        across.clear();
        self.scratch
            .refs
            .take_across(id, |value| across.push(value));
        self.stack_map(call, &across);
        self.scratch.across = across;
        self.scratch.refs.forget_known();
    }

    fn stack_map(&mut self, call: clif::Inst, across: &[Value]) {
        for value in across {
            let entry = UserStackMapEntry {
                ty: types::I32,
                slot: self.ref_slots.expect("made if any value has a slot"),
                offset: self.scratch.refs.slots[value.index()] * SLOT_BYTES,
            };
            self.pos.func.dfg.append_user_stack_map_entry(call, entry);
        }
    }

    /// Ends the current block, in which `object` was made, and the block `rare`, in which `call` makes it by a call that may
    /// collect, with jumps to one where both ways meet; goes on there, and gives the object. What lives across is right there.
    /// Without an `object`, the current block is ended already, and `rare` is the only way.
    pub(super) fn join_allocs(
        &mut self,
        id: InstId,
        object: Option<clif::Value>,
        rare: clif::Block,
        call: impl FnOnce(&mut Self) -> (clif::Inst, clif::Value),
    ) -> clif::Value {
        let mut across = std::mem::take(&mut self.scratch.across);
        across.clear();
        let refs = &mut self.scratch.refs;
        refs.take_across(id, |value| across.push(value));
        // Those that lowering has, and that change.
        let is_renamed = |refs: &Refs, value| refs.kept_slot(value).is_none();
        let moved: Vec<Value> = across
            .iter()
            .copied()
            .filter(|&v| is_renamed(refs, v) || !refs.all_kept && refs.is_known(v))
            .collect();
        let join = self.pos.func.dfg.make_block();
        let current = self.pos.current_block().expect("in a block");
        self.pos.func.layout.insert_block_after(join, current);
        let mut args: Vec<BlockArg> = Vec::with_capacity(moved.len() + 1);
        if let Some(object) = object {
            args.push(BlockArg::Value(object));
            let values = &self.scratch.values;
            args.extend(moved.iter().map(|v| BlockArg::Value(values[v.index()])));
            self.pos.ins().jump(join, &args);
        }

        self.pos.goto_bottom(rare);
        for &value in &moved {
            if is_renamed(&self.scratch.refs, value) {
                let slot = self.scratch.refs.slots[value.index()];
                self.store_ref(slot, self.scratch.values[value.index()]);
            }
        }
        let (call, object) = call(self);
        self.stack_map(call, &across);
        args.clear();
        args.push(BlockArg::Value(object));
        for &value in &moved {
            let slot = self.scratch.refs.slots[value.index()];
            args.push(BlockArg::Value(self.load_ref(slot)));
        }
        self.pos.ins().jump(join, &args);

        self.pos.goto_bottom(join);
        let object = self.pos.func.dfg.append_block_param(join, types::I32);
        for value in moved {
            let param = self.pos.func.dfg.append_block_param(join, types::I32);
            self.scratch.values[value.index()] = param;
        }
        if self.scratch.refs.all_kept {
            self.scratch.refs.forget_known();
        }
        self.scratch.across = across;
        object
    }

    fn store_ref(&mut self, slot: u32, value: clif::Value) {
        let (base, flags) = self.ref_slot(slot);
        self.store_raw(flags, value, base, slot * SLOT_BYTES);
    }

    fn load_ref(&mut self, slot: u32) -> clif::Value {
        let (base, flags) = self.ref_slot(slot);
        self.load_raw(types::I32, flags, base, slot * SLOT_BYTES)
    }

    fn ref_slot(&mut self, slot: u32) -> (clif::Value, MemFlags) {
        let slots = self.ref_slots.expect("made if any value has a slot");
        let base = self.pos.ins().stack_addr(POINTER, slots, 0);
        (base, self.flags.ref_slot(self.pos.func, slot))
    }
}

/// A function, and which of its instructions will be executed.
struct Scan<'a> {
    func: &'a Func,
    uses: &'a Uses,
}

impl Scan<'_> {
    fn visit(&self, value: Value, visit: &mut impl FnMut(Value)) {
        if self.func.ty(value) == Type::Ref && !matches!(self.func.def(value), Def::Const(_)) {
            visit(value);
        }
    }

    fn for_each_arg(&self, id: InstId, mut visit: impl FnMut(Value)) {
        let inst = self.func.inst(id);
        inst.for_each_arg(self.func, |value| self.visit(value, &mut visit));
    }

    fn for_each_term_use(&self, block: Block, mut visit: impl FnMut(Value)) {
        self.func
            .for_each_term_arg(block, |value| self.visit(value, &mut visit));
        self.func.for_each_edge(block, |edge| {
            for &value in self.func.edge_args(edge) {
                self.visit(value, &mut visit);
            }
        });
    }

    fn for_each_use(&self, block: Block, mut visit: impl FnMut(Option<InstId>, Value)) {
        for &id in self.func.insts(block) {
            if self.uses.is_needed(id) {
                self.for_each_arg(id, |value| visit(Some(id), value));
            }
        }
        self.for_each_term_use(block, |value| visit(None, value));
    }
}

/// A set of values.
struct Live {
    values: Vec<Value>,
    /// By value: its position in `values`, or `u32::MAX`.
    positions: Vec<u32>,
}

impl Live {
    fn new(n_values: usize) -> Live {
        Live {
            values: Vec::new(),
            positions: vec![u32::MAX; n_values],
        }
    }

    fn clear(&mut self) {
        for value in self.values.drain(..) {
            self.positions[value.index()] = u32::MAX;
        }
    }

    /// Whether the value was not there.
    fn insert(&mut self, value: Value) -> bool {
        let position = &mut self.positions[value.index()];
        let is_new = *position == u32::MAX;
        if is_new {
            *position = self.values.len() as u32;
            self.values.push(value);
        }
        is_new
    }

    fn remove(&mut self, value: Value) {
        let position = std::mem::replace(&mut self.positions[value.index()], u32::MAX);
        if position != u32::MAX {
            self.values.swap_remove(position as usize);
            if let Some(moved) = self.values.get(position as usize) {
                self.positions[moved.index()] = position;
            }
        }
    }
}

/// Which slots are taken.
#[derive(Default)]
struct Slots {
    /// One bit a slot.
    taken: Vec<u64>,
    /// Slots ever taken.
    n_slots: u32,
}

impl Slots {
    fn clear(&mut self) {
        self.taken.fill(0);
    }

    fn take(&mut self, slot: u32) {
        if slot < self.n_slots {
            self.taken[slot as usize / 64] |= 1 << (slot % 64);
        }
    }

    fn give_back(&mut self, slot: u32) {
        if slot < self.n_slots {
            self.taken[slot as usize / 64] &= !(1 << (slot % 64));
        }
    }

    fn take_first(&mut self) -> u32 {
        let word = self.taken.iter().position(|word| *word != u64::MAX);
        let word = word.unwrap_or_else(|| {
            self.taken.push(0);
            self.taken.len() - 1
        });
        let slot = word as u32 * 64 + self.taken[word].trailing_ones();
        self.n_slots = self.n_slots.max(slot + 1);
        self.take(slot);
        slot
    }
}
