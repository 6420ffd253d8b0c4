//! Looks ahead in a function: how each `try` ends, where what is delegated arrives, and which exceptions are thrown again.
//!
//! Apart from translating because all of this must be known when the function, or a `try`, begins. The function has not been
//! validated: what is wrong with it is found later, so here it only must do no harm.

use super::LegacyOp;
use crate::convert::Kinds;
use crate::fold::Fold;
use crate::{BlockType, Error, Header, Op, TagIdx, ValType};
use std::collections::HashMap;
use std::ops::Range;
use wasmparser::{BinaryReader, FrameKind, OperatorsReader};

/// The byte of `try`: without one there is nothing to translate.
const TRY: u8 = 0x06;

/// Locals that translating may add to a function.
const LOCALS_MAX: usize = 50_000;

/// Catches that one `try` may have: as many as the parser accepts of a `try_table`.
const CATCHES_MAX: usize = 10_000;

/// What must be known of a function before it is translated.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// In the order in which they begin.
    pub(super) tries: Vec<Try>,
    /// Those of one `try` are together, in order.
    pub(super) clauses: Vec<Clause>,
    /// Whether something is delegated to the caller of the function.
    pub(super) hosts: bool,
    /// How many exceptions are to be kept for `rethrow` at once.
    pub(super) n_kept: u32,
    /// Which local carries the parameters of one type, by position among those of the type.
    pub(super) carriers: HashMap<ValType, Vec<u32>>,
    /// The types of the locals that are added.
    pub(crate) locals: Vec<(u32, ValType)>,
}

/// How a `try` ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TryEnd {
    /// It catches nothing, or lets everything go where it would go anyway.
    Plain,
    /// With handlers.
    Catches,
    /// All exceptions go to the handlers of this `try`, or to the caller.
    Delegates(Option<u32>),
}

#[derive(Debug)]
pub(super) struct Try {
    pub(super) ty: BlockType,
    pub(super) end: TryEnd,
    /// Positions among the clauses.
    pub(super) clauses: Range<u32>,
    /// Whether something inside delegates to it from behind other handlers.
    pub(super) hosts: bool,
    /// The next `try` around it whose body it is in.
    outer: Option<u32>,
}

/// One `catch`.
#[derive(Debug)]
pub(super) struct Clause {
    pub(super) try_: u32,
    pub(super) tag: Option<TagIdx>,
    /// The next handler around it, by order of beginning.
    outer: Option<u32>,
    /// Where the exception is kept, if it is thrown again: counted among the kept ones.
    pub(super) kept: Option<u32>,
    is_rethrown: bool,
}

/// An open block.
#[derive(Clone, Copy)]
struct Frame {
    /// The `try` that it is.
    try_: Option<u32>,
    /// The next `try`, this one included, whose body the place is in.
    body_of: Option<u32>,
    /// The next handler, this one included, that the place is in.
    handler_of: Option<u32>,
    /// Whether it is a handler itself.
    is_handler: bool,
}

/// The plan in the making.
struct Scan {
    plan: Plan,
    frames: Vec<Frame>,
    /// Whether there is a `delegate`, and whether there is a `try_table`.
    delegates: bool,
    tables: bool,
}

impl Plan {
    /// The plan for a function whose operators follow; `None` if it has no `try`. `n_locals` counts the parameters too.
    ///
    /// # Errors
    /// If it would take too many locals, or has both `delegate` and `try_table`: no toolchain mixes them, and what is delegated
    /// would have to pass by handlers that only the other encoding knows.
    pub(crate) fn of(
        reader: &BinaryReader<'_>,
        header: &Header,
        n_locals: u32,
    ) -> Result<Option<Box<Plan>>, Error> {
        let rest = reader.clone().read_bytes(reader.bytes_remaining());
        if !rest.is_ok_and(|bytes| bytes.contains(&TRY)) {
            return Ok(None);
        }
        let mut scan = Scan {
            plan: Plan::default(),
            frames: vec![Frame {
                try_: None,
                body_of: None,
                handler_of: None,
                is_handler: false,
            }],
            delegates: false,
            tables: false,
        };
        // Where it goes wrong the reader will find the same.
        let _ = scan.read(reader.clone(), header.kinds());
        if scan.delegates && scan.tables {
            return Err(Error::legacy_mixed());
        }
        let mut plan = scan.plan;
        if plan.tries.is_empty() {
            return Ok(None);
        }
        plan.resolve_delegates();
        plan.place_kept()?;
        plan.place_carriers(header, n_locals)?;
        plan.group_clauses()?;
        Ok(Some(Box::new(plan)))
    }

    /// Finds the handlers that each `delegate` reaches. A `try` begins after those around it.
    fn resolve_delegates(&mut self) {
        // The handlers that see what is thrown in the body of a `try`.
        let mut seen_by: Vec<Option<u32>> = Vec::with_capacity(self.tries.len());
        for at in 0..self.tries.len() {
            let handlers = |try_: Option<u32>| try_.and_then(|try_| seen_by[try_ as usize]);
            let around = handlers(self.tries[at].outer);
            let seen = match self.tries[at].end {
                TryEnd::Catches => Some(at as u32),
                TryEnd::Plain => around,
                TryEnd::Delegates(target) => {
                    let target = handlers(target);
                    self.tries[at].end = if target == around {
                        TryEnd::Plain
                    } else {
                        match target {
                            Some(target) => self.tries[target as usize].hosts = true,
                            None => self.hosts = true,
                        }
                        TryEnd::Delegates(target)
                    };
                    target
                }
            };
            seen_by.push(seen);
        }
    }

    /// Finds where exceptions are kept: handlers inside of each other need different places.
    fn place_kept(&mut self) -> Result<(), Error> {
        let mut used: Vec<u32> = Vec::with_capacity(self.clauses.len());
        for at in 0..self.clauses.len() {
            let clause = &mut self.clauses[at];
            let before = clause.outer.map_or(0, |outer| used[outer as usize]);
            clause.kept = clause.is_rethrown.then_some(before);
            used.push(before + u32::from(clause.is_rethrown));
        }
        self.n_kept = used.into_iter().max().unwrap_or(0);
        if self.n_kept as usize > LOCALS_MAX {
            return Err(Error::legacy_limit());
        }
        if self.n_kept > 0 {
            self.locals.push((self.n_kept, ValType::EXNREF));
        }
        Ok(())
    }

    /// Finds locals for the parameters of blocks. They are read as soon as they are set, so all blocks share them.
    fn place_carriers(&mut self, header: &Header, n_locals: u32) -> Result<(), Error> {
        let mut next = n_locals + self.n_kept;
        let mut n_of_type: HashMap<ValType, usize> = HashMap::new();
        for try_ in &self.tries {
            n_of_type.clear();
            for &ty in params(header, try_.ty) {
                let nth = n_of_type.entry(ty).or_default();
                let carriers = self.carriers.entry(ty).or_default();
                if *nth == carriers.len() {
                    carriers.push(next);
                    next += 1;
                    self.locals.push((1, ty));
                }
                *nth += 1;
            }
            if self.locals.len() > LOCALS_MAX {
                return Err(Error::legacy_limit());
            }
        }
        Ok(())
    }

    fn group_clauses(&mut self) -> Result<(), Error> {
        self.clauses.sort_by_key(|clause| clause.try_);
        let mut first = 0;
        for group in self.clauses.chunk_by(|a, b| a.try_ == b.try_) {
            if group.len() > CATCHES_MAX {
                return Err(Error::legacy_limit());
            }
            let end = first + group.len() as u32;
            self.tries[group[0].try_ as usize].clauses = first..end;
            first = end;
        }
        Ok(())
    }
}

/// The parameters of a block; none if its type is not valid.
pub(super) fn params(header: &Header, ty: BlockType) -> &[ValType] {
    let BlockType::Func(ty) = ty else {
        return &[];
    };
    let ty = header.types().get(ty.index());
    ty.and_then(|ty| ty.as_func()).map_or(&[], |ty| ty.params())
}

impl Scan {
    fn read(&mut self, reader: BinaryReader<'_>, kinds: &Kinds) -> Result<(), Error> {
        let mut ops = OperatorsReader::new(reader);
        let mut labels = Vec::new();
        while !ops.eof() {
            let (mut op, mut legacy) = (Op::Nop, None);
            let mut fold = Fold {
                op: &mut op,
                legacy: &mut legacy,
                labels: &mut labels,
                kinds,
                frame: FrameKind::Block,
            };
            ops.visit_operator(&mut fold).map_err(Error::malformed)??;
            labels.clear();
            match legacy {
                Some(legacy) => self.legacy_op(legacy),
                None => self.op(op),
            }
        }
        Ok(())
    }

    fn op(&mut self, op: Op) {
        self.tables |= matches!(op, Op::TryTable { .. });
        match op {
            Op::Block(_) | Op::Loop(_) | Op::If(_) | Op::TryTable { .. } => {
                let outer = self.frames.last().copied();
                self.frames.extend(outer.map(|outer| Frame {
                    try_: None,
                    is_handler: false,
                    ..outer
                }));
            }
            Op::End => _ = self.frames.pop(),
            _ => {}
        }
    }

    fn legacy_op(&mut self, op: LegacyOp) {
        match op {
            LegacyOp::Try(ty) => {
                let Some(outer) = self.frames.last().copied() else {
                    return;
                };
                let number = self.plan.tries.len() as u32;
                self.plan.tries.push(Try {
                    ty,
                    end: TryEnd::Plain,
                    clauses: 0..0,
                    hosts: false,
                    outer: outer.body_of,
                });
                self.frames.push(Frame {
                    try_: Some(number),
                    body_of: Some(number),
                    is_handler: false,
                    ..outer
                });
            }
            LegacyOp::Catch(tag) => {
                let Some(frame) = self.frames.pop() else {
                    return;
                };
                let (Some(try_), Some(outer)) = (frame.try_, self.frames.last().copied()) else {
                    return;
                };
                let number = self.plan.clauses.len() as u32;
                self.plan.tries[try_ as usize].end = TryEnd::Catches;
                self.plan.clauses.push(Clause {
                    try_,
                    tag,
                    outer: outer.handler_of,
                    kept: None,
                    is_rethrown: false,
                });
                self.frames.push(Frame {
                    try_: Some(try_),
                    body_of: outer.body_of,
                    handler_of: Some(number),
                    is_handler: true,
                });
            }
            LegacyOp::Delegate(depth) => {
                self.delegates = true;
                let frame = self.frames.pop();
                let target = self.frame(depth).map(|target| target.body_of);
                if let (Some(try_), Some(target)) = (frame.and_then(|frame| frame.try_), target) {
                    self.plan.tries[try_ as usize].end = TryEnd::Delegates(target);
                }
            }
            LegacyOp::Rethrow(depth) => {
                let handler = self.frame(depth).filter(|frame| frame.is_handler);
                if let Some(clause) = handler.and_then(|frame| frame.handler_of) {
                    self.plan.clauses[clause as usize].is_rethrown = true;
                }
            }
        }
    }

    /// The block at a relative depth.
    fn frame(&self, depth: u32) -> Option<&Frame> {
        let at = self.frames.len().checked_sub(depth as usize + 1)?;
        self.frames.get(at)
    }
}
