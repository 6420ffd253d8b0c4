//! Finds where branches go, in one pass over the operators of a function.
//!
//! Apart from the finished table, which cannot change. It keeps only the height of the operand stack, no types: the body was
//! validated before.

use super::Branch;
use super::arity::arity;
use super::handlers::Scopes;
use crate::{BlockType, Catch, Error, FuncIdx, Header, Op, SubType};

mod exceptions;

/// No position.
const NONE: u32 = u32::MAX;

/// A block whose `end` has not come yet.
struct Frame {
    kind: Kind,
    /// Whether its start can be reached.
    reachable: bool,
    /// Values below its parameters.
    height: u32,
    n_params: u32,
    n_results: u32,
    /// The last of the branches to its end, each of which holds the one before as its target until the end is known.
    to_end: u32,
    /// The scope that holds what is directly in the block.
    scope: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Block,
    /// The position of the `loop`.
    Loop(u32),
    /// The branch that is taken if the condition is zero.
    If(u32),
    /// A `try_table` that can be reached, with its scope.
    TryTable(u32),
    Func,
}

/// The side table of a function while its operators arrive.
pub(super) struct Builder<'h> {
    header: &'h Header,
    frames: Vec<Frame>,
    side: Vec<u32>,
    branches: Vec<Branch>,
    pub(super) height: u32,
    max_height: u32,
    /// Whether the next operator can be reached; if not, the height means nothing.
    pub(super) reachable: bool,
    scopes: Scopes,
}

fn nonsense() -> Error {
    Error::unvalidated("expected a validated function body, found one that is not")
}

impl<'h> Builder<'h> {
    pub(super) fn new(header: &'h Header, func: FuncIdx) -> Builder<'h> {
        let n_results = header.func_type(func).results().len() as u32;
        let body = Frame {
            kind: Kind::Func,
            reachable: true,
            height: 0,
            n_params: 0,
            n_results,
            to_end: NONE,
            scope: NONE,
        };
        Builder {
            header,
            frames: vec![body],
            side: Vec::new(),
            branches: Vec::new(),
            height: 0,
            max_height: 0,
            reachable: true,
            scopes: Scopes::default(),
        }
    }

    /// Takes the next operator; `labels` are those of all operators so far.
    pub(super) fn op(&mut self, op: Op, labels: &[u32]) -> Result<(), Error> {
        let at = self.side.len() as u32;
        self.side.push(NONE);
        match op {
            Op::Block(ty) => self.enter(ty, Kind::Block)?,
            Op::Loop(ty) => self.enter(ty, Kind::Loop(at))?,
            Op::If(ty) => {
                self.pop(1)?;
                self.enter(ty, Kind::If(NONE))?;
                self.branch_if_zero();
            }
            Op::Else => self.enter_else(at)?,
            Op::End => self.leave(at)?,
            Op::Br(depth) => {
                self.branch(depth)?;
                self.reachable = false;
            }
            Op::BrIf(depth) => {
                self.pop(1)?;
                self.branch(depth)?;
            }
            Op::BrTable { first, count } => {
                self.pop(1)?;
                let end = first.checked_add(count).ok_or_else(nonsense)?;
                let labels = labels
                    .get(first as usize..end as usize)
                    .ok_or_else(nonsense)?;
                for &label in labels {
                    self.branch(label)?;
                }
                self.reachable = false;
            }
            Op::Return => {
                self.branch(self.frames.len() as u32 - 1)?;
                self.reachable = false;
            }
            Op::ReturnCall(_) | Op::ReturnCallIndirect { .. } | Op::ReturnCallRef(_) => {
                let (pops, _) = arity(op, self.header).ok_or_else(nonsense)?;
                self.pop(pops)?;
                self.reachable = false;
            }
            Op::Unreachable => self.reachable = false,
            Op::Throw(tag) => {
                self.pop(self.payload(tag)?)?;
                self.reachable = false;
            }
            Op::ThrowRef => {
                self.pop(1)?;
                self.reachable = false;
            }
            Op::TryTable { ty, first, count } => {
                let words = (first as usize).checked_add(usize::from(count) * Catch::WORDS);
                let words = words.and_then(|end| labels.get(first as usize..end));
                self.enter_try_table(at, ty, words.ok_or_else(nonsense)?)?;
            }
            // Null is dropped on the way; anything else stays.
            Op::BrOnNull(depth) => {
                self.pop(1)?;
                self.branch(depth)?;
                self.push(1);
            }
            // The reference is the last value of the label.
            Op::BrOnNonNull(depth) => {
                self.branch(depth)?;
                self.pop(1)?;
            }
            Op::BrOnCast { depth, .. } => self.branch(depth)?,
            _ => {
                let (pops, pushes) = arity(op, self.header).ok_or_else(nonsense)?;
                self.pop(pops)?;
                self.push(pushes);
            }
        }
        Ok(())
    }

    /// The side positions, the branches, the greatest height and the scopes of handlers, after the last operator.
    pub(super) fn finish(self) -> (Box<[u32]>, Box<[Branch]>, u32, Scopes) {
        let (side, branches) = (self.side.into(), self.branches.into());
        (side, branches, self.max_height, self.scopes)
    }

    fn pop(&mut self, count: u32) -> Result<(), Error> {
        if self.reachable {
            self.height = self.height.checked_sub(count).ok_or_else(nonsense)?;
        }
        Ok(())
    }

    fn push(&mut self, count: u32) {
        if self.reachable {
            self.set_height(self.height + count);
        }
    }

    fn set_height(&mut self, height: u32) {
        self.height = height;
        self.max_height = self.max_height.max(height);
    }

    fn enter(&mut self, ty: BlockType, kind: Kind) -> Result<(), Error> {
        let (n_params, n_results) = match ty {
            BlockType::Empty => (0, 0),
            BlockType::Value(_) => (0, 1),
            BlockType::Func(ty) => {
                let ty = self.header.types().get(ty.index());
                let ty = ty.and_then(SubType::as_func).ok_or_else(nonsense)?;
                (ty.params().len() as u32, ty.results().len() as u32)
            }
        };
        let height = match self.reachable {
            true => self.height.checked_sub(n_params).ok_or_else(nonsense)?,
            false => 0,
        };
        let reachable = self.reachable;
        let scope = self.scope();
        self.frames.push(Frame {
            kind,
            reachable,
            height,
            n_params,
            n_results,
            to_end: NONE,
            scope,
        });
        Ok(())
    }

    /// Notes where the `if` just entered goes if its condition is zero: to its `else` or `end`, whichever comes first.
    fn branch_if_zero(&mut self) {
        let frame = self.frames.last_mut().expect("just entered");
        if frame.reachable {
            frame.kind = Kind::If(self.branches.len() as u32);
            let branch = Branch {
                target: NONE,
                keep: frame.n_params,
                height: frame.height,
            };
            self.add(branch);
        }
    }

    fn enter_else(&mut self, at: u32) -> Result<(), Error> {
        if self.reachable {
            // The end of the first arm goes to the end of the block.
            self.branch(0)?;
        }
        let frame = self.frames.last_mut().ok_or_else(nonsense)?;
        let Kind::If(if_zero) = frame.kind else {
            return Err(nonsense());
        };
        frame.kind = Kind::Block;
        self.reachable = frame.reachable;
        if frame.reachable {
            let height = frame.height + frame.n_params;
            self.branches[if_zero as usize].target = at + 1;
            self.set_height(height);
        }
        Ok(())
    }

    fn leave(&mut self, at: u32) -> Result<(), Error> {
        let frame = self.frames.pop().ok_or_else(nonsense)?;
        if let Kind::TryTable(scope) = frame.kind {
            self.close_scope(scope, at);
        }
        self.reachable = frame.reachable;
        if !frame.reachable {
            return Ok(());
        }
        let target = if frame.kind == Kind::Func { at } else { at + 1 };
        if let Kind::If(if_zero) = frame.kind {
            self.branches[if_zero as usize].target = target;
        }
        let mut next = frame.to_end;
        while next != NONE {
            next = std::mem::replace(&mut self.branches[next as usize].target, target);
        }
        self.set_height(frame.height + frame.n_results);
        Ok(())
    }

    /// Adds a branch of the current operator to the label at a depth.
    fn branch(&mut self, depth: u32) -> Result<(), Error> {
        if !self.reachable {
            return Ok(());
        }
        let depth = depth as usize + 1;
        let frame = self.frames.len().checked_sub(depth).ok_or_else(nonsense)?;
        let frame = &mut self.frames[frame];
        let branch = match frame.kind {
            Kind::Loop(at) => Branch {
                target: at,
                keep: frame.n_params,
                height: frame.height,
            },
            _ => {
                let before = std::mem::replace(&mut frame.to_end, self.branches.len() as u32);
                Branch {
                    target: before,
                    keep: frame.n_results,
                    height: frame.height,
                }
            }
        };
        self.add(branch);
        Ok(())
    }

    fn add(&mut self, branch: Branch) {
        let side = self
            .side
            .last_mut()
            .expect("the current operator has a place");
        if *side == NONE {
            *side = self.branches.len() as u32;
        }
        self.branches.push(branch);
    }
}
