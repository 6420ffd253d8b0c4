//! Which values stay on the operand stack: instructions become trees, evaluated where they are used.
//!
//! Apart from what follows because it looks at one block at a time. From the last instruction of a block to the first, each
//! operand is computed right before its use if its only use is here, or its first one (`local.tee`), and if nothing between its
//! old place and the new one minds. So a block is written backwards, and turned around at the end.

use super::early::Early;
use super::types::{Convert, Types, Want};
use super::{EmitError, insts};
use crate::inst::{Effects, State};
use crate::{Block, Cfg, Def, Func, Inst, InstId, Term, Value};
use module::{HeapType, RefType};
use std::ops::Range;

/// How many instructions an operand may pass on its way to its use, so that time stays linear.
const PASSED_MAX: usize = 96;

/// How many values may wait on the stack, each for statements within which the next one waits.
const NESTING_MAX: usize = 64;

/// One step of a block's code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Item {
    /// Pushes a value that has a local.
    Get(Value),
    /// Puts the top of the stack into the local of a value.
    Set(Value),
    /// As [`Item::Set`], and leaves it on the stack.
    Tee(Value),
    /// Pushes a constant.
    Const(Value),
    /// Pushes null.
    Null(HeapType),
    /// Makes a reference of another type of the one on the stack.
    Convert(Convert),
    /// Drops the top of the stack.
    Drop,
    /// The operator of an instruction.
    Inst(InstId),
    /// The operator of an instruction whose two operands have changed places.
    Swapped(InstId),
    /// Pushes what a parameter of the next block becomes, if that is not in the parameter's local already.
    Pass {
        /// The value.
        from: Value,
        /// The parameter.
        to: Value,
    },
    /// Puts what [`Item::Pass`] has pushed into the parameter's local.
    Take {
        /// The value.
        from: Value,
        /// The parameter.
        to: Value,
    },
}

/// The code of all blocks, terminators apart: their operands are on the stack at the end.
pub(super) struct Code {
    items: Vec<Item>,
    /// By block.
    blocks: Vec<Range<u32>>,
    /// By block: which item computes what its terminator decides by.
    roots: Vec<u32>,
    /// By value: how often it is used.
    uses: Vec<u32>,
    early: Early,
}

impl Code {
    pub(super) fn new(
        func: &Func,
        cfg: &Cfg,
        types: &Types<'_>,
        early: Early,
    ) -> Result<Code, EmitError> {
        let mut trees = Trees {
            func,
            types,
            out: Vec::new(),
            uses: count_uses(func, cfg, types, &early)?,
            early: &early,
            root: NO_ROOT,
            here: vec![0; func.n_values()],
            home: vec![(Block::NONE, 0); func.n_insts()],
            block: Block::NONE,
            placed: Vec::new(),
            last: 0,
            frames: Vec::new(),
            operands: Vec::new(),
            wants: Vec::new(),
            nesting: 0,
            wanted: Vec::new(),
        };
        for &block in cfg.rpo() {
            for (at, id) in func.insts(block).iter().enumerate() {
                trees.home[id.index()] = (block, at as u32);
            }
        }
        let mut blocks = vec![0..0; func.n_blocks()];
        let mut roots = vec![NO_ROOT; func.n_blocks()];
        // Uses in later blocks are settled first, so that what they do not need after all goes too.
        for &block in cfg.rpo().iter().rev() {
            let start = trees.out.len();
            trees.block(block);
            trees.out[start..].reverse();
            blocks[block.index()] = start as u32..trees.out.len() as u32;
            if trees.root != NO_ROOT {
                // The last item that was written comes first.
                roots[block.index()] = (trees.out.len() - start) as u32 - 1 - trees.root;
            }
        }
        Ok(Code {
            items: trees.out,
            blocks,
            roots,
            uses: trees.uses,
            early,
        })
    }

    /// The steps of a block.
    pub(super) fn of(&self, block: Block) -> &[Item] {
        let range = &self.blocks[block.index()];
        &self.items[range.start as usize..range.end as usize]
    }

    /// The item of a block that computes what its terminator decides by; no item has the number if none does.
    pub(super) fn root(&self, block: Block) -> usize {
        self.roots[block.index()] as usize
    }

    /// What is passed before branches.
    pub(super) fn early(&self) -> &Early {
        &self.early
    }

    /// The instruction that makes what a block throws, if that is thrown as it is made.
    pub(super) fn thrown(&self, func: &Func, block: Block) -> Option<InstId> {
        insts::thrown(func, block, &self.uses)
    }

    /// Whether anything uses a value.
    pub(super) fn is_used(&self, value: Value) -> bool {
        self.uses[value.index()] != 0
    }

    /// What is passed on the way of a conditional edge, with the parameters that it becomes, those that nothing needs left out.
    pub(super) fn passed<'f>(
        &'f self,
        func: &'f Func,
        edge: crate::EdgeId,
    ) -> impl DoubleEndedIterator<Item = (Value, Value)> + 'f {
        let params = func.params(func.edge(edge).to).iter();
        let pairs = func.edge_args(edge).iter().zip(params);
        pairs
            .enumerate()
            .filter_map(move |(nth, (&from, &to))| Some((self.early.late(edge, nth, from)?, to)))
            .filter(|&(from, to)| from != to && self.is_used(to))
    }
}

/// No item of a block has this number.
const NO_ROOT: u32 = u32::MAX;

/// How often each value is used.
///
/// # Errors
/// If there is something that cannot be written.
fn count_uses(
    func: &Func,
    cfg: &Cfg,
    types: &Types<'_>,
    early: &Early,
) -> Result<Vec<u32>, EmitError> {
    let mut uses = vec![0; func.n_values()];
    let mut count = |value: Value| uses[value.index()] += 1;
    let mut news = 0;
    for &block in cfg.rpo() {
        for &id in func.insts(block) {
            let inst = func.inst(id);
            insts::op(func, inst)?;
            if !types.is_fused(id) {
                inst.for_each_arg(func, &mut count);
            }
            news += u32::from(matches!(inst, Inst::Exn { .. }));
        }
        match func.term(block) {
            Term::Trap(trap) => _ = super::write::trap_code(trap)?,
            Term::Try { .. } => {
                return Err(EmitError::Unsupported("exceptions that are caught"));
            }
            _ => {}
        }
        func.for_each_term_arg(block, &mut count);
        func.for_each_edge(block, |edge| {
            let to = func.params(func.edge(edge).to);
            for (nth, (&value, &param)) in func.edge_args(edge).iter().zip(to).enumerate() {
                // What a parameter passes to itself is no use.
                if value != param
                    && let Some(value) = early.late(edge, nth, value)
                {
                    count(value);
                }
            }
        });
        early.of(block).iter().for_each(|&(from, _)| count(from));
    }
    let blocks = cfg.rpo().iter();
    let is_thrown = |block: &&Block| insts::thrown(func, **block, &uses).is_some();
    match news == blocks.filter(is_thrown).count() as u32 {
        true => Ok(uses),
        // An exception is only there if it was thrown.
        false => Err(EmitError::Unsupported("exceptions that are caught")),
    }
}

/// Whether an instruction has a place in the code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Placed {
    No,
    /// It will be before what is being placed.
    Soon,
    Yes,
}

struct Trees<'f> {
    func: &'f Func,
    types: &'f Types<'f>,
    early: &'f Early,
    /// Backwards within the current block.
    out: Vec<Item>,
    uses: Vec<u32>,
    /// By value: uses in the current block that were not arrived at.
    here: Vec<u32>,
    /// By instruction: where it is.
    home: Vec<(Block, u32)>,
    block: Block,
    /// By position in the block: whether the instruction has a place.
    placed: Vec<Placed>,
    /// How many items of the block were written before the operands of its terminator.
    root: u32,
    /// The first position behind which all have one.
    last: usize,
    /// Instructions whose operands are being placed: which of `operands` are left.
    frames: Vec<Range<usize>>,
    operands: Vec<Value>,
    /// What is wanted of them; nothing is here if there are no references.
    wants: Vec<Want>,
    /// How many instructions wait for others to be placed.
    nesting: usize,
    /// Used while it is found out whether they can.
    wanted: Vec<Value>,
}

impl Trees<'_> {
    fn block(&mut self, block: Block) {
        let func = self.func;
        let insts = func.insts(block);
        self.block = block;
        self.placed.clear();
        self.placed.resize(insts.len(), Placed::No);
        self.last = insts.len();
        let here = &mut self.here;
        for (at, &id) in insts.iter().enumerate() {
            if self.types.is_fused(id) {
                self.placed[at] = Placed::Yes;
                continue;
            }
            func.inst(id)
                .for_each_arg(func, |value| here[value.index()] += 1);
        }
        func.for_each_term_arg(block, |value| here[value.index()] += 1);
        self.term(block);
        while let Some(at) = self.last_unplaced() {
            self.placed[at] = Placed::Yes;
            self.statement(insts[at]);
        }
    }

    fn last_unplaced(&mut self) -> Option<usize> {
        while self.last > 0 {
            self.last -= 1;
            if self.placed[self.last] == Placed::No {
                self.last += 1;
                return Some(self.last - 1);
            }
        }
        None
    }

    fn term(&mut self, block: Block) {
        let outer = self.frames.len();
        let start = self.operands.len();
        self.root = NO_ROOT;
        match self.func.term(block) {
            Term::Jump(edge) => {
                let func = self.func;
                let params = func.params(func.edge(edge).to).iter();
                let pairs = func.edge_args(edge).iter().zip(params);
                let pairs = pairs.map(|(&from, &to)| (from, to));
                let pairs: Vec<(Value, Value)> = pairs.filter(|(from, to)| from != to).collect();
                self.pass(&pairs);
                return;
            }
            Term::Throw(exception) => match insts::thrown(self.func, block, &self.uses) {
                Some(id) => {
                    let (_, at) = self.home[id.index()];
                    self.here[exception.index()] -= 1;
                    self.placed[at as usize] = Placed::Yes;
                    insts::operands(self.func, self.func.inst(id), &mut self.operands);
                    if self.types.has_refs() {
                        self.types.wants(self.func, id, &mut self.wants);
                    }
                }
                None => {
                    // Throwing traps on null by itself.
                    if let Some((&last, before)) = self.func.insts(block).split_last()
                        && let Inst::NullCheck { value } = *self.func.inst(last)
                        && value == exception
                        && !self.types.is_fused(last)
                    {
                        self.placed[before.len()] = Placed::Yes;
                        self.here[value.index()] -= 1;
                        self.release(value);
                    }
                    self.term_operands(block);
                }
            },
            _ => self.term_operands(block),
        }
        self.release_unused(block);
        // What is passed before the branch is passed with its operands on the stack.
        let early = self.early.of(block);
        let first = self.out.len();
        self.pass(early);
        self.frames.push(start..self.operands.len());
        if start != self.operands.len() {
            self.root = (self.out.len() - first) as u32;
        }
        self.place_operands(outer);
    }

    /// What edges pass on their way to parameters that nothing uses is not needed for that.
    fn release_unused(&mut self, block: Block) {
        let func = self.func;
        func.for_each_edge(block, |edge| {
            let params = func.params(func.edge(edge).to).iter();
            for (nth, (&from, &to)) in func.edge_args(edge).iter().zip(params).enumerate() {
                if from != to
                    && self.uses[to.index()] == 0
                    && let Some(from) = self.early.late(edge, nth, from)
                {
                    self.release(from);
                }
            }
        });
    }

    fn term_operands(&mut self, block: Block) {
        insts::term_operands(self.func, block, &mut self.operands);
        if self.types.has_refs() {
            self.types.wants_of_term(self.func, block, &mut self.wants);
        }
    }

    /// What parameters of next blocks become.
    fn pass(&mut self, pairs: &[(Value, Value)]) {
        // They are pushed in order, and so taken backwards; and all of this is written backwards. Whether a value is computed here
        // is known only when it is asked for, which is when those that are taken before stand there already.
        let at = self.out.len();
        let mut taken = Vec::new();
        // What is passed must be there when its turn comes to be pushed.
        for &(from, _) in pairs {
            self.here[from.index()] += 1;
        }
        for &(from, to) in pairs.iter().rev() {
            if self.uses[to.index()] == 0 {
                self.here[from.index()] -= 1;
                self.release(from);
                continue;
            }
            let is_here = self.uses[from.index()] == 1
                && matches!(self.func.def(from), Def::Result(id, 0) if self.func.inst(id).n_results() == 1);
            match is_here.then(|| self.take(from)).flatten() {
                Some(id) => {
                    taken.push(Item::Set(to));
                    if self.func.ty(to).is_ref() {
                        let to = self.types.local_ref(self.func, to);
                        self.convert(self.types.of(from), to);
                    }
                    let outer = self.frames.len();
                    self.instruction(id);
                    self.place_operands(outer);
                }
                None => {
                    self.here[from.index()] -= u32::from(!is_here);
                    taken.push(Item::Take { from, to });
                    self.out.push(Item::Pass { from, to });
                }
            }
        }
        // Backwards, what is taken comes before what is pushed; the last that is pushed is taken first.
        taken.reverse();
        self.out.splice(at..at, taken);
    }

    /// An instruction for its effects, or for results that have locals.
    fn statement(&mut self, id: InstId) {
        let func = self.func;
        let inst = func.inst(id);
        let used = func
            .inst_results(id)
            .any(|value| self.uses[value.index()] != 0);
        if !used && self.effects(id).is_removable() {
            let mut operands = Vec::new();
            insts::operands(func, inst, &mut operands);
            for value in operands {
                self.here[value.index()] -= 1;
                self.release(value);
            }
            return;
        }
        for value in func.inst_results(id) {
            self.out.push(if self.uses[value.index()] == 0 {
                Item::Drop
            } else {
                Item::Set(value)
            });
        }
        if matches!(inst, Inst::NullCheck { .. }) {
            // It passes its operand on.
            self.out.push(Item::Drop);
        }
        let outer = self.frames.len();
        self.instruction(id);
        self.place_operands(outer);
    }

    /// What an instruction does, the null check that goes with it included.
    fn effects(&self, id: InstId) -> Effects {
        let effects = self.func.inst(id).effects();
        Effects {
            traps: effects.traps || self.types.is_checked(id),
            ..effects
        }
    }

    /// A use of a value turned out not to be one.
    fn release(&mut self, value: Value) {
        self.uses[value.index()] -= 1;
    }

    /// The operator, whose operands come next.
    fn instruction(&mut self, id: InstId) {
        let start = self.operands.len();
        if self.types.is_checked(id) {
            self.out.push(Item::Convert(Convert::NonNull));
        }
        insts::operands(self.func, self.func.inst(id), &mut self.operands);
        if self.types.has_refs() {
            self.types.wants(self.func, id, &mut self.wants);
        }
        if self.is_better_swapped(id) {
            // They are numbers.
            self.operands[start..].reverse();
            self.out.push(Item::Swapped(id));
        } else {
            self.out.push(Item::Inst(id));
        }
        self.frames.push(start..self.operands.len());
    }

    /// Whether the first operand has to be computed behind the second, and that can be.
    fn is_better_swapped(&self, id: InstId) -> bool {
        let Inst::Compute { op, args } = *self.func.inst(id) else {
            return false;
        };
        if insts::swapped(op).is_none() {
            return false;
        }
        let place = |value: Value| {
            let Def::Result(id, 0) = self.func.def(value) else {
                return None;
            };
            let (block, at) = self.home[id.index()];
            let is_candidate = self.uses[value.index()] == 1
                && block == self.block
                && self.placed[at as usize] == Placed::No
                && self.effects(id) != Effects::NONE;
            is_candidate.then_some(at)
        };
        match (place(args[0]), place(args[1])) {
            (Some(first), Some(second)) => first > second,
            _ => false,
        }
    }

    /// Places what the open frames still want, from the last operand to the first; not those of the outermost so many.
    fn place_operands(&mut self, outer: usize) {
        while self.frames.len() > outer {
            let frame = self.frames.last_mut().expect("there are more");
            if frame.start == frame.end {
                let start = frame.start;
                self.operands.truncate(start);
                self.wants.truncate(start);
                self.frames.pop();
                continue;
            }
            frame.end -= 1;
            let value = self.operands[frame.end];
            let want = self.wants.get(frame.end).copied().flatten();
            if self.func.is_const(value) {
                self.here[value.index()] -= 1;
                self.constant(value, want);
                continue;
            }
            let taken = self.take(value);
            let is_kept = taken.is_none() || self.uses[value.index()] > 1;
            if let Some(want) = want {
                let ty = match is_kept {
                    true => Some(self.types.local_ref(self.func, value)),
                    false => self.types.of(value),
                };
                self.convert(ty, want);
            }
            match taken {
                Some(id) => {
                    if is_kept {
                        self.out.push(Item::Tee(value));
                    }
                    self.instruction(id);
                }
                None => self.out.push(Item::Get(value)),
            }
        }
    }

    /// Pushes a constant; if it is null, as a reference of the type that is wanted.
    fn constant(&mut self, value: Value, want: Want) {
        if !self.func.ty(value).is_ref() {
            return self.out.push(Item::Const(value));
        }
        // No reference that is not null is a constant: here, it is certain to trap.
        if want.is_some_and(|want| !want.nullable) {
            self.out.push(Item::Convert(Convert::NonNull));
        }
        let heap = self.types.null(self.func, value, want);
        self.out.push(Item::Null(heap));
    }

    /// Makes what comes before a reference of the type that is wanted.
    fn convert(&mut self, from: Want, to: RefType) {
        let Some(from) = from else {
            return;
        };
        let converts = self.types.converts(from, to).into_iter().flatten();
        let items: Vec<Item> = converts.map(Item::Convert).collect();
        self.out.extend(items.into_iter().rev());
    }

    /// The instruction of a value, if it can be computed right here, or where it is while its result waits on the stack; then this
    /// is its place.
    fn take(&mut self, value: Value) -> Option<InstId> {
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
        {
            return None;
        }
        self.placed[at] = Placed::Soon;
        let is_placed = self.place_behind(at) || self.can_pass(id, at);
        self.placed[at] = match is_placed {
            true => Placed::Yes,
            false => Placed::No,
        };
        is_placed.then_some(id)
    }

    /// Whether the instruction at a position can come behind those that follow it and have no place.
    fn can_pass(&self, id: InstId, at: usize) -> bool {
        let (inst, effects) = (self.func.inst(id), self.effects(id));
        if effects == Effects::NONE {
            return true;
        }
        let behind = at + 1..self.last;
        let insts = self.func.insts(self.block);
        behind.len() <= PASSED_MAX
            && behind
                .filter(|&other| self.placed[other] != Placed::Yes)
                .all(|other| {
                    let other = insts[other];
                    !conflict(inst, effects, self.func.inst(other), self.effects(other))
                })
    }

    /// Places what follows a position and has no place, if nothing before this place waits for one of their results.
    fn place_behind(&mut self, at: usize) -> bool {
        let func = self.func;
        let insts = func.insts(self.block);
        let behind = at + 1..self.last;
        if behind.len() > PASSED_MAX || self.nesting == NESTING_MAX {
            return false;
        }
        // What is used here but not by another of them is wanted by an operand that comes before.
        let mut wanted = std::mem::take(&mut self.wanted);
        wanted.clear();
        for other in behind.rev() {
            match self.placed[other] {
                Placed::No => {}
                Placed::Soon => {
                    self.wanted = wanted;
                    return false;
                }
                Placed::Yes => continue,
            }
            let inst = func.inst(insts[other]);
            for value in func.inst_results(insts[other]) {
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
            && other > at
        {
            self.placed[other] = Placed::Yes;
            self.statement(insts[other]);
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
