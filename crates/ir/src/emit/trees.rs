//! Which values stay on the operand stack: instructions become trees, evaluated where they are used.
//!
//! Apart from what follows because it looks at one block at a time. From the last instruction of a block to the first, each
//! operand is computed right before its use if its only use is here, or its first one (`local.tee`), and if nothing between its
//! old place and the new one minds. So a block is written backwards, and turned around at the end.

mod ends;
mod pieces;
mod placing;
mod uses;

use self::pieces::in_pieces;
use self::uses::count_uses;
use super::early::Early;
use super::tries::{Entry, HandlerIdx, OUTWARDS, Tries};
use super::types::{Convert, Types, Want};
use super::{EmitError, insts};
use crate::inst::Effects;
use crate::{Block, Cfg, Def, Func, Inst, InstId, Term, Value};
use module::{HeapType, RefType};
use std::collections::HashMap;
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
    /// Puts the exception on the top of the stack, which a clause has left there, into the local of a value.
    Enter(Value),
    /// As [`Item::Enter`], and leaves it on the stack.
    EnterTee(Value),
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

/// A part of a block's code before which and behind which nothing is on the stack, or no other part is so near to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Piece {
    /// The block.
    pub(super) block: Block,
    /// Its items: from here,
    pub(super) from: u32,
    /// to before there.
    pub(super) to: u32,
    /// What catches what is thrown, if anything may be.
    pub(super) handler: Option<HandlerIdx>,
    /// Whether something is on the stack already.
    pub(super) goes_on: bool,
}

/// The code of all blocks, terminators apart: their operands are on the stack at the end.
pub(super) struct Code<'f> {
    tries: &'f Tries,
    /// Of blocks that catch differently in different places, and those that they go on in. By the first of these blocks.
    pieces: HashMap<Block, Vec<Piece>>,
    items: Vec<Item>,
    /// By block.
    blocks: Vec<Range<u32>>,
    /// By block: which item computes what its terminator decides by.
    roots: Vec<u32>,
    /// By value: how often it is used.
    uses: Vec<u32>,
    early: Early,
}

impl<'f> Code<'f> {
    pub(super) fn new(
        func: &Func,
        cfg: &Cfg,
        types: &Types<'_>,
        tries: &'f Tries,
        early: Early,
    ) -> Result<Code<'f>, EmitError> {
        let mut trees = Trees {
            func,
            types,
            tries,
            out: Vec::new(),
            uses: count_uses(func, cfg, types, tries, &early)?,
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
            insts: Vec::new(),
            is_outer: vec![false; func.n_values()],
            calls: Vec::new(),
            handler: None,
            statements: Vec::new(),
            ends: Vec::new(),
            entry: None,
            is_entry_taken: false,
            passing: 0,
            entered: 0,
        };
        for &block in cfg.rpo() {
            if tries.is_next(block) {
                continue;
            }
            let mut unit = Some(block);
            let mut at = 0;
            while let Some(part) = unit {
                for id in func.insts(part) {
                    trees.home[id.index()] = (block, at);
                    at += 1;
                }
                unit = tries.next(part);
            }
        }
        let mut pieces = HashMap::new();
        let mut blocks = vec![0..0; func.n_blocks()];
        let mut roots = vec![NO_ROOT; func.n_blocks()];
        // Uses in later blocks are settled first, so that what they do not need after all goes too.
        for &block in cfg.rpo().iter().rev() {
            if tries.is_virtual(block) || tries.is_next(block) {
                continue;
            }
            let start = trees.out.len();
            trees.unit(block);
            trees.out[start..].reverse();
            let end = trees.out.len() as u32;
            // The last item that was written comes first.
            let turned = |at: u32| end - (at - start as u32);
            let root = match trees.root {
                NO_ROOT => None,
                root => turned(start as u32 + root).checked_sub(1),
            };
            let mut from = start as u32;
            let mut part = block;
            for &(block, at) in trees.ends.iter().rev() {
                if let Some(next) = tries.next(block) {
                    blocks[block.index()] = from..turned(at);
                    from = turned(at);
                    part = next;
                }
            }
            blocks[part.index()] = from..end;
            if let Some(root) = root {
                roots[part.index()] = root.checked_sub(from).unwrap_or(NO_ROOT - 1);
            }
            if tries.any() {
                let statements = trees.statements.iter().rev();
                let statements = statements.map(|&(at, handler)| (turned(at), handler));
                let entry = tries.entry(block).is_some();
                let entry = entry.then_some((turned(trees.entered), trees.is_entry_taken));
                let statements = statements.collect();
                if let Some(found) = in_pieces(tries, &blocks, block, statements, entry) {
                    pieces.insert(block, found);
                }
            }
        }
        Ok(Code {
            tries,
            pieces,
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

    /// What is passed before branches.
    pub(super) fn early(&self) -> &Early {
        &self.early
    }

    /// What catches what.
    pub(super) fn tries(&self) -> &'f Tries {
        self.tries
    }

    /// The parts of a block and of those that it goes on in, if these are not all caught by the same.
    pub(super) fn pieces(&self, block: Block) -> Option<&[Piece]> {
        self.pieces.get(&block).map(|pieces| &pieces[..])
    }

    /// What values become where exceptions of the call lead that a block ends with, as far as it is not passed before the call.
    pub(super) fn unwound<'a>(
        &'a self,
        func: &Func,
        block: Block,
    ) -> impl Iterator<Item = (Value, Value)> + 'a {
        let is_try = matches!(func.term(block), Term::Try { .. });
        let pairs = if is_try { self.tries.pairs(block) } else { &[] };
        let early = self.early.of(block);
        let late = pairs.iter().filter(move |pair| !early.contains(pair));
        late.copied().filter(|&(_, to)| self.is_used(to))
    }

    /// Whether anything uses a value.
    pub(super) fn is_used(&self, value: Value) -> bool {
        self.uses[value.index()] != 0
    }

    /// What is passed on the way of a conditional edge, with the parameters that it becomes, those that nothing needs left out.
    pub(super) fn passed<'a>(
        &'a self,
        func: &'a Func,
        edge: crate::EdgeId,
    ) -> impl DoubleEndedIterator<Item = (Value, Value)> + 'a {
        let params = func.params(func.edge(edge).to).iter();
        let pairs = func.edge_args(edge).iter().zip(params);
        let is_silent = self.tries.is_silent_edge(edge);
        pairs
            .enumerate()
            .filter(move |_| !is_silent)
            .filter_map(move |(nth, (&from, &to))| Some((self.early.late(edge, nth, from)?, to)))
            .filter(|&(from, to)| from != to && self.is_used(to))
    }
}

/// No item of a block has this number, nor the one before: that stands for an item of the block that goes on in it.
const NO_ROOT: u32 = u32::MAX;

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
    tries: &'f Tries,
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
    /// The instructions of the block and of those that it goes on in.
    insts: Vec<InstId>,
    /// By value: whether others than these instructions use it too.
    is_outer: Vec<bool>,
    /// Which of the instructions are calls that blocks end with.
    calls: Vec<u32>,
    /// What catches what the current statement throws, if that is decided.
    handler: Option<HandlerIdx>,
    /// Statements with nothing on the stack before and behind them, the last first: how many items were written before, and what catches
    /// what they throw.
    statements: Vec<(u32, Option<HandlerIdx>)>,
    /// Blocks that end with a call, and how many items were written before that.
    ends: Vec<(Block, u32)>,
    /// What is the lowest on the stack at the start.
    entry: Option<Value>,
    /// Whether it is used from there.
    is_entry_taken: bool,
    /// How many values wait to be passed.
    passing: u32,
    /// How many items had been written before what takes from the stack what a clause has left there.
    entered: u32,
}

impl Trees<'_> {
    /// A block, and those that it goes on in.
    fn unit(&mut self, block: Block) {
        let (func, tries) = (self.func, self.tries);
        self.block = block;
        self.insts.clear();
        self.calls.clear();
        self.statements.clear();
        self.ends.clear();
        let mut last = block;
        let mut is_caught = false;
        loop {
            is_caught |= tries.handler(last) != OUTWARDS;
            self.insts.extend_from_slice(func.insts(last));
            if let Some((call, _)) = tries.any().then(|| func.try_call(last)).flatten() {
                self.calls.push(self.home[call.index()].1);
                for &(from, _) in self.early.of(last) {
                    self.here[from.index()] += 1;
                }
                for &(from, to) in tries.pairs(last) {
                    let is_late = from != to && !self.early.of(last).contains(&(from, to));
                    if is_late && self.uses[to.index()] == 0 {
                        self.release(from);
                    }
                }
            }
            match tries.next(last) {
                Some(next) => last = next,
                None => break,
            }
        }
        self.placed.clear();
        self.placed.resize(self.insts.len(), Placed::No);
        self.last = self.insts.len();
        for (at, &id) in self.insts.iter().enumerate() {
            if self.types.is_fused(id) || tries.is_silent(id) {
                self.placed[at] = Placed::Yes;
                continue;
            }
            let here = &mut self.here;
            func.inst(id)
                .for_each_arg(func, |value| here[value.index()] += 1);
        }
        let pairs = self.pairs(last);
        for &(from, _) in &pairs {
            self.here[from.index()] += 1;
        }
        match tries.thrown(func, last) {
            Some(exception) => self.here[exception.index()] += 1,
            None => func.for_each_term_arg(last, |value| self.here[value.index()] += 1),
        }
        if !self.calls.is_empty() {
            for &id in &self.insts {
                for value in func.inst_results(id) {
                    self.is_outer[value.index()] =
                        self.uses[value.index()] > self.here[value.index()];
                }
            }
        }
        let entry = tries.entry(block);
        self.is_entry_taken = false;
        // Blocks may have to be opened before what branches or is caught.
        let branches = matches!(func.term(last), Term::Branch { .. } | Term::Switch { .. });
        let entry_stays = !branches && !is_caught;
        self.entry = entry.filter(|_| entry_stays).and_then(|entry| {
            let lowest = entry.pops().next_back()?.iter().copied();
            let mut used = lowest.filter(|value| self.uses[value.index()] != 0);
            used.next().filter(|_| used.next().is_none())
        });
        self.statement_of(|trees| trees.term(last, &pairs));
        while let Some(at) = self.last_unplaced() {
            self.placed[at] = Placed::Yes;
            let id = self.insts[at];
            self.statement_of(|trees| trees.statement(id));
        }
        self.entered = self.out.len() as u32;
        if let Some(entry) = entry {
            self.enter(entry);
        }
    }

    /// Notes what `write` writes as a statement.
    fn statement_of(&mut self, write: impl FnOnce(&mut Self)) {
        self.handler = None;
        let before = self.out.len() as u32;
        write(self);
        if self.tries.any() && self.out.len() as u32 != before {
            self.statements.push((before, self.handler));
        }
    }

    /// What a block passes at its end, before it is known which of that is needed.
    fn pairs(&self, block: Block) -> Vec<(Value, Value)> {
        let func = self.func;
        let is_copied = |&(from, to): &(Value, Value)| from != to;
        match func.term(block) {
            Term::Jump(_) if self.tries.thrown(func, block).is_some() => {
                let pairs = self.tries.pairs(block).iter().copied();
                pairs.filter(is_copied).collect()
            }
            Term::Jump(edge) => {
                let params = func.params(func.edge(edge).to).iter();
                let pairs = func.edge_args(edge).iter().zip(params);
                let pairs = pairs.map(|(&from, &to)| (from, to));
                pairs.filter(is_copied).collect()
            }
            // Those are passed before the call.
            Term::Try { .. } => Vec::new(),
            _ => self.early.of(block).to_vec(),
        }
    }

    /// Takes from the stack what a clause has left there.
    fn enter(&mut self, entry: &Entry) {
        let mut items = Vec::new();
        for (nth, values) in entry.pops().enumerate() {
            let is_lowest = nth + 1 == entry.len();
            if is_lowest && self.is_entry_taken {
                continue;
            }
            let is_ref = nth == 0 && !entry.refs.is_empty();
            let used = values.iter().copied();
            let used: Vec<Value> = used.filter(|value| self.uses[value.index()] != 0).collect();
            let Some((&last, others)) = used.split_last() else {
                items.push(Item::Drop);
                continue;
            };
            for &value in others {
                items.push(if is_ref {
                    Item::EnterTee(value)
                } else {
                    Item::Tee(value)
                });
            }
            items.push(if is_ref {
                Item::Enter(last)
            } else {
                Item::Set(last)
            });
        }
        self.out.extend(items.into_iter().rev());
    }

    fn last_unplaced(&mut self) -> Option<usize> {
        while let Some(at) = self.last.checked_sub(1) {
            match self.placed[at] {
                Placed::Yes => self.last = at,
                Placed::No => return Some(at),
                // What is before it may not come behind it, as long as it has no place.
                Placed::Soon => return None,
            }
        }
        None
    }

    fn term(&mut self, block: Block, pairs: &[(Value, Value)]) {
        let outer = self.frames.len();
        let start = self.operands.len();
        self.root = NO_ROOT;
        if let Some(exception) = self.tries.thrown(self.func, block) {
            self.handler = self.tries.any().then(|| self.tries.handler(block));
            self.throw(block, exception);
        } else if let Term::Jump(_) = self.func.term(block) {
            self.pass(pairs);
            return;
        } else {
            self.term_operands(block);
        }
        self.release_unused(block);
        // What is passed before the branch is passed with its operands on the stack.
        let first = self.out.len();
        let end = self.operands.len();
        self.pass(pairs);
        self.frames.push(start..end);
        if start != end {
            self.root = (self.out.len() - first) as u32;
        }
        self.place_operands(outer);
    }

    /// The operands of what throws an exception.
    fn throw(&mut self, block: Block, exception: Value) {
        if let Some(id) = insts::thrown(self.func, self.tries, block, &self.uses) {
            let (_, at) = self.home[id.index()];
            self.here[exception.index()] -= 1;
            self.placed[at as usize] = Placed::Yes;
            insts::operands(self.func, self.func.inst(id), &mut self.operands);
            if self.types.has_refs() {
                self.types.wants(self.func, id, &mut self.wants);
            }
            return;
        }
        // Throwing traps on null by itself.
        if let Some((&last, before)) = self.insts.split_last()
            && let Inst::NullCheck { value } = *self.func.inst(last)
            && value == exception
            && !self.types.is_fused(last)
        {
            self.placed[before.len()] = Placed::Yes;
            self.here[value.index()] -= 1;
            self.release(value);
        }
        self.operands.push(exception);
        if self.types.has_refs() {
            self.wants.push(Some(RefType::EXNREF));
        }
    }

    /// What edges pass on their way to parameters that nothing uses is not needed for that.
    fn release_unused(&mut self, block: Block) {
        let func = self.func;
        func.for_each_edge(block, |edge| {
            if self.tries.is_silent_edge(edge) {
                return;
            }
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
        self.passing += 1;
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
        self.passing -= 1;
    }

    /// An instruction for its effects, or for results that have locals.
    fn statement(&mut self, id: InstId) {
        let func = self.func;
        let inst = func.inst(id);
        self.handler = self.handler.or(self.handler_of(id));
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
            let end = self.operands.len();
            let tried = self.tries.tried_block(id);
            if let Some(block) = tried {
                self.ends.push((block, self.out.len() as u32));
            }
            self.out.push(Item::Inst(id));
            if let Some(block) = tried {
                let early = self.early;
                self.pass(early.of(block));
            }
            debug_assert_eq!(end, self.operands.len(), "what is passed has been placed");
        }
        self.frames.push(start..self.operands.len());
    }

    /// What catches what an instruction throws, if it throws anything.
    fn handler_of(&self, id: InstId) -> Option<HandlerIdx> {
        let throws = self.tries.any() && self.func.inst(id).is_call();
        throws.then(|| self.tries.handler_of_call(id))
    }

    /// Whether a block would end while something is passed.
    fn ends_pass(&self, id: InstId) -> bool {
        self.passing > 0 && self.tries.tried_block(id).is_some()
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
            let is_entry = self.takes_entry(value);
            let taken = match is_entry {
                true => None,
                false => self.take(value),
            };
            let is_kept = taken.is_none() && !is_entry || self.uses[value.index()] > 1;
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
                None if is_entry && is_kept => {
                    let is_field = matches!(self.func.def(value), Def::Result(id, _)
                        if self.home[id.index()].0 == self.block);
                    self.out.push(match is_field {
                        true => Item::Tee(value),
                        false => Item::EnterTee(value),
                    });
                }
                // It needs no local.
                None if is_entry => self.uses[value.index()] = 0,
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
}
