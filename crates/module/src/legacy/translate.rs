//! Translates the operators of one function as they are read.
//!
//! Apart from the plan, which knows the whole function: here there is only the place that the reader has come to.

use super::LegacyOp;
use super::plan::{Plan, Try, TryEnd, params};
use crate::{BlockType, Catch, Error, Header, Op, TagIdx, ValType};
use std::collections::{HashMap, VecDeque};

/// The exception alone on the operand stack.
const EXNREF: BlockType = BlockType::Value(ValType::EXNREF);

/// A function on its way.
pub(crate) struct Translator {
    plan: Box<Plan>,
    /// The local of the first exception that is kept.
    first_kept: u32,
    frames: Vec<Frame>,
    /// How many blocks are open in what has come out, the function among them.
    height: u32,
    next_try: u32,
    /// Where what is delegated arrives, by `try`: which of the open blocks.
    hosts: HashMap<u32, u32>,
    ready: VecDeque<Op>,
    /// Of the original operator that the ready ones stand for.
    offset: u32,
}

/// An open block of the original.
struct Frame {
    /// Which of the open blocks a branch to it leads to.
    label: u32,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Block,
    /// The body of the `try` of this number, which has handlers.
    Body(u32),
    /// The handler with this position among the clauses.
    Handler(u32),
}

fn nonsense() -> Error {
    Error::unvalidated("expected a validated function body, found one that is not")
}

impl Translator {
    /// A translator at the first operator of a function, which is at `offset`, with `n_locals` locals before those of the plan.
    pub(crate) fn new(plan: Box<Plan>, n_locals: u32, offset: u32) -> Translator {
        let mut translator = Translator {
            first_kept: n_locals,
            frames: vec![Frame {
                label: 0,
                kind: Kind::Block,
            }],
            height: 1,
            next_try: 0,
            hosts: HashMap::new(),
            ready: VecDeque::new(),
            offset,
            plan,
        };
        if translator.plan.hosts {
            translator.open(Op::Block(EXNREF));
        }
        translator
    }

    /// The next operator that is ready, with the offset of the one that it stands for.
    pub(crate) fn pop(&mut self) -> Option<(u32, Op)> {
        self.ready.pop_front().map(|op| (self.offset, op))
    }

    /// Takes an operator, one of the legacy encoding if `legacy` is one.
    ///
    /// # Errors
    /// Only if the function is not valid.
    pub(crate) fn push(
        &mut self,
        offset: u32,
        op: Op,
        legacy: Option<LegacyOp>,
        labels: &mut Vec<u32>,
        header: &Header,
    ) -> Result<(), Error> {
        self.offset = offset;
        match legacy {
            None => self.op(op, labels),
            Some(LegacyOp::Try(ty)) => self.try_(ty, labels, header),
            Some(LegacyOp::Catch(tag)) => self.catch(tag),
            Some(LegacyOp::Delegate(_)) => self.end(),
            Some(LegacyOp::Rethrow(depth)) => self.rethrow(depth),
        }
    }

    fn emit(&mut self, op: Op) {
        self.ready.push_back(op);
    }

    fn open(&mut self, op: Op) {
        self.emit(op);
        self.height += 1;
    }

    fn close(&mut self) {
        self.emit(Op::End);
        self.height -= 1;
    }

    /// The relative depth of one of the open blocks.
    fn depth_of(&self, block: u32) -> u32 {
        self.height - 1 - block
    }

    fn frame(&self, depth: u32) -> Result<&Frame, Error> {
        let at = self.frames.len().checked_sub(depth as usize + 1);
        at.map(|at| &self.frames[at]).ok_or_else(nonsense)
    }

    fn relabel(&self, depth: &mut u32) -> Result<(), Error> {
        *depth = self.depth_of(self.frame(*depth)?.label);
        Ok(())
    }

    fn op(&mut self, mut op: Op, labels: &mut [u32]) -> Result<(), Error> {
        match &mut op {
            Op::Block(_) | Op::Loop(_) | Op::If(_) => {
                self.push_frame(Kind::Block);
                self.height += 1;
            }
            Op::TryTable { first, count, .. } => {
                let words = &mut labels[*first as usize..][..usize::from(*count) * Catch::WORDS];
                for words in words.chunks_exact_mut(Catch::WORDS) {
                    let mut catch = Catch::from_words(words);
                    self.relabel(&mut catch.label)?;
                    words.copy_from_slice(&catch.to_words());
                }
                self.push_frame(Kind::Block);
                self.height += 1;
            }
            Op::End => return self.end(),
            Op::Br(depth)
            | Op::BrIf(depth)
            | Op::BrOnNull(depth)
            | Op::BrOnNonNull(depth)
            | Op::BrOnCast { depth, .. } => self.relabel(depth)?,
            Op::BrTable { first, count } => {
                for label in &mut labels[*first as usize..][..*count as usize] {
                    self.relabel(label)?;
                }
            }
            _ => {}
        }
        self.emit(op);
        Ok(())
    }

    fn push_frame(&mut self, kind: Kind) {
        self.frames.push(Frame {
            label: self.height,
            kind,
        });
    }

    fn try_(&mut self, ty: BlockType, labels: &mut Vec<u32>, header: &Header) -> Result<(), Error> {
        let number = self.next_try;
        self.next_try += 1;
        let Try { end, hosts, .. } = *self.plan.tries.get(number as usize).ok_or_else(nonsense)?;
        match end {
            TryEnd::Plain => {
                self.push_frame(Kind::Block);
                self.open(Op::Block(ty));
            }
            TryEnd::Delegates(target) => {
                // That of the function is the first block inside of it.
                let host = target.map_or(Some(1), |target| self.hosts.get(&target).copied());
                let catch = Catch {
                    tag: None,
                    with_ref: true,
                    label: self.depth_of(host.ok_or_else(nonsense)?),
                };
                self.push_frame(Kind::Block);
                self.open_try_table(ty, [catch].into_iter(), labels);
            }
            TryEnd::Catches => {
                self.push_frame(Kind::Body(number));
                self.open_catching(ty, number, hosts, labels, header);
            }
        }
        Ok(())
    }

    /// Opens a `try` with handlers: all blocks up to its body.
    fn open_catching(
        &mut self,
        ty: BlockType,
        number: u32,
        hosts: bool,
        labels: &mut Vec<u32>,
        header: &Header,
    ) {
        let carriers = self.carriers(params(header, ty));
        let take = |this: &mut Self| {
            let locals = carriers.iter().rev();
            locals.for_each(|&local| this.emit(Op::LocalSet(local)));
        };
        let give = |this: &mut Self| {
            let locals = carriers.iter();
            locals.for_each(|&local| this.emit(Op::LocalGet(local)));
        };
        self.open(Op::Block(ty));
        take(self);
        let clauses = self.plan.tries[number as usize].clauses.clone();
        let tag_of = |this: &Self, at: u32| this.plan.clauses[at as usize].tag;
        for at in clauses.clone().rev() {
            let ty = tag_of(self, at).map_or(EXNREF, |tag| header.catch_type(tag));
            self.open(Op::Block(ty));
        }
        give(self);
        let first = clauses.start;
        let catches: Vec<Catch> = clauses
            .map(|at| Catch {
                tag: tag_of(self, at),
                with_ref: true,
                label: at - first,
            })
            .collect();
        self.open_try_table(ty, catches.into_iter(), labels);
        if hosts {
            take(self);
            self.hosts.insert(number, self.height);
            self.open(Op::Block(EXNREF));
            give(self);
        }
    }

    fn open_try_table(
        &mut self,
        ty: BlockType,
        catches: impl ExactSizeIterator<Item = Catch>,
        labels: &mut Vec<u32>,
    ) {
        let (first, count) = (labels.len() as u32, catches.len() as u16);
        labels.extend(catches.flat_map(Catch::to_words));
        self.open(Op::TryTable { ty, first, count });
    }

    /// The locals that carry parameters of these types.
    fn carriers(&self, params: &[ValType]) -> Vec<u32> {
        let mut n_of_type: HashMap<ValType, usize> = HashMap::new();
        let carriers = params.iter().map(|ty| {
            let nth = n_of_type.entry(*ty).or_default();
            *nth += 1;
            self.plan.carriers[ty][*nth - 1]
        });
        carriers.collect()
    }

    fn catch(&mut self, tag: Option<TagIdx>) -> Result<(), Error> {
        let frame = self.frames.last().ok_or_else(nonsense)?;
        let (label, kind) = (frame.label, frame.kind);
        let clause = match kind {
            Kind::Block => return Err(nonsense()),
            Kind::Handler(clause) => {
                let number = self.plan.clauses[clause as usize].try_;
                let clauses = &self.plan.tries[number as usize].clauses;
                Some(clause + 1).filter(|next| clauses.contains(next))
            }
            Kind::Body(number) => {
                let Try { hosts, clauses, .. } = &self.plan.tries[number as usize];
                let first = clauses.start;
                if *hosts {
                    // The results go to the end of the `try_table`.
                    self.emit(Op::Br(1));
                    self.close_host();
                }
                self.close();
                Some(first)
            }
        };
        let clause = clause.ok_or_else(nonsense)?;
        let planned = self.plan.clauses.get(clause as usize);
        let planned = planned.filter(|planned| planned.tag == tag);
        let kept = planned.ok_or_else(nonsense)?.kept;
        // What comes from above goes to the end of the `try`.
        self.emit(Op::Br(self.depth_of(label)));
        self.close();
        self.emit(match kept {
            Some(kept) => Op::LocalSet(self.first_kept + kept),
            None => Op::Drop,
        });
        self.frames.last_mut().expect("looked at above").kind = Kind::Handler(clause);
        Ok(())
    }

    /// Ends the block where what is delegated arrives, behind a branch.
    fn close_host(&mut self) {
        self.close();
        self.emit(Op::ThrowRef);
    }

    fn end(&mut self) -> Result<(), Error> {
        self.frames.pop().ok_or_else(nonsense)?;
        if self.frames.is_empty() && self.plan.hosts {
            self.emit(Op::Return);
            self.close_host();
        }
        self.close();
        Ok(())
    }

    fn rethrow(&mut self, depth: u32) -> Result<(), Error> {
        let Kind::Handler(clause) = self.frame(depth)?.kind else {
            return Err(nonsense());
        };
        let kept = self.plan.clauses[clause as usize].kept;
        let kept = kept.ok_or_else(nonsense)?;
        self.emit(Op::LocalGet(self.first_kept + kept));
        self.emit(Op::ThrowRef);
        Ok(())
    }
}
