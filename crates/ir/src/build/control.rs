//! Structured control flow: frames, blocks, and the edges between them.
//!
//! Apart from the other operators because only these make blocks. A block gets a join only when something branches to its
//! label, so blocks that no one leaves early cost nothing.

use super::locals::{FrameStart, JoinIdx, Moment};
use super::{BuildError, Builder};
use crate::simplify::eqz_operand;
use crate::{Block, Callee, EdgeId, GcOp, Inst, Term, Type, Value};
use module::{BlockType, Catch, Header, RefType, ValType};

/// An open block.
pub(super) struct Frame {
    pub(super) kind: FrameKind,
    /// Where branches to the label meet, if there were any.
    join: Option<JoinIdx>,
    /// Height of the operand stack below the block's parameters.
    height: u32,
    /// How many values a branch to the label passes.
    n_label: u32,
    ty: BlockType,
    start: FrameStart,
    /// When it began.
    moment: Moment,
    /// The last switch that branches to the label, and its edge.
    switch: u32,
    switch_edge: EdgeId,
    /// Whether what is around it is cold.
    is_cold: bool,
    /// Around the loop that the function starts at: how many values of the stack were held before (see [`super::osr`]).
    held: Option<u32>,
}

pub(super) enum FrameKind {
    /// A block, the body of the function, or an `else`.
    Block,
    Loop,
    /// An `if` before its `else`: where the false condition leads, and the block's parameters (in [`Builder::stack`]
    /// below the frame's height they would be lost).
    If {
        otherwise: EdgeId,
        params: Box<[Value]>,
        /// Whether the condition is likely to hold, so that an `else` is cold.
        is_likely: bool,
    },
    /// A `try_table` that catches something, and where what is thrown in it meets, if anything may be.
    Try {
        catches: Box<[Catch]>,
        dispatch: Option<JoinIdx>,
    },
    /// An `if` whose condition is always true: its `else` cannot be reached.
    Always,
    /// At the next `else` or `end` the place becomes reachable as it was left: an `if` whose condition is always false,
    /// or the unreachable `else` of [`FrameKind::Always`].
    Resume,
}

/// Types of a block's parameters and results.
pub(super) fn block_types(header: &Header, ty: BlockType) -> (&[ValType], &[ValType]) {
    match ty {
        BlockType::Empty => (&[], &[]),
        BlockType::Value(ValType::I32) => (&[], &[ValType::I32]),
        BlockType::Value(ValType::I64) => (&[], &[ValType::I64]),
        BlockType::Value(ValType::F32) => (&[], &[ValType::F32]),
        BlockType::Value(ValType::F64) => (&[], &[ValType::F64]),
        BlockType::Value(ValType::V128) => (&[], &[ValType::V128]),
        BlockType::Value(ValType::Ref(ty)) if ty.is_func() => (&[], &[ValType::FUNCREF]),
        BlockType::Value(ValType::Ref(_)) => (&[], &[ValType::EXTERNREF]),
        BlockType::Func(ty) => {
            let ty = header.type_at(ty);
            (ty.params(), ty.results())
        }
    }
}

impl Builder {
    /// The frame of the function's body.
    pub(super) fn open_body(&mut self, n_results: u32) {
        self.push_frame(FrameKind::Block, BlockType::Empty, 0, n_results);
    }

    pub(super) fn open_block(&mut self, header: &Header, ty: BlockType) {
        let (params, results) = block_types(header, ty);
        self.push_frame(FrameKind::Block, ty, params.len(), results.len() as u32);
    }

    pub(super) fn open_if(&mut self, header: &Header, ty: BlockType, hint: Option<bool>) {
        let cond = self.pop();
        let (params, results) = block_types(header, ty);
        let (n_params, n_results) = (params.len(), results.len() as u32);
        if let Some(bits) = self.func.const_bits(cond) {
            let kind = if bits != 0 {
                FrameKind::Always
            } else {
                FrameKind::Resume
            };
            self.alive = bits != 0;
            self.push_frame(kind, ty, n_params, n_results);
            return;
        }
        let params = self.stack[self.stack.len() - n_params..].into();
        let (then, otherwise) = (
            self.func.push_edge(Block::NONE),
            self.func.push_edge(Block::NONE),
        );
        self.branch(cond, then, otherwise);
        let is_cold = self.func.makes_cold;
        self.func.makes_cold |= hint == Some(false);
        let block = self.func.push_block();
        self.func.edges[then.index()].to = block;
        let kind = FrameKind::If {
            otherwise,
            params,
            is_likely: hint == Some(true),
        };
        self.push_frame(kind, ty, n_params, n_results);
        self.frames.last_mut().expect("pushed above").is_cold = is_cold;
    }

    pub(super) fn open_loop(&mut self, header: &Header, ty: BlockType) -> Result<(), BuildError> {
        let index = self.next_loop;
        self.next_loop += 1;
        let (params, results) = block_types(header, ty);
        if !self.source.is_target(index) {
            self.push_frame(FrameKind::Block, ty, params.len(), results.len() as u32);
            if self.fuel {
                self.append(Inst::FuelCheck, &[]);
            }
            return Ok(());
        }
        self.n_loops += 1;
        if self.n_loops > super::LOOPS_MAX {
            return Err(BuildError::TooComplex);
        }
        let first_param = self.stack.len() - params.len();
        self.push_frame(FrameKind::Loop, ty, params.len(), params.len() as u32);
        let edge = self.func.push_edge(Block::NONE);
        self.terminate(Term::Jump(edge));
        self.alive = true;
        let block = self.func.push_block();
        self.func.edges[edge.index()].to = block;
        let join = self.locals.new_join(block);
        self.frames.last_mut().expect("pushed above").join = Some(join);
        let moment = self.locals.moment();
        self.locals
            .add_edge(join, edge, moment, &self.stack[first_param..]);
        for (nth, &ty) in params.iter().enumerate() {
            let value = self
                .locals
                .loop_stack(&mut self.func, join, nth as u32, ty.into());
            self.stack[first_param + nth] = value;
        }
        if self.is_around() {
            self.locals.enter_loop_around(join)?;
        } else {
            self.locals.enter_loop(join, self.source.assigned(index))?;
        }
        if self.fuel {
            self.append(Inst::FuelCheck, &[]);
        }
        Ok(())
    }

    /// The loop that the function starts at.
    pub(super) fn open_loop_inside(
        &mut self,
        header: &Header,
        ty: BlockType,
    ) -> Result<(), BuildError> {
        let n_params = block_types(header, ty).0.len();
        let held = self.enter_inside(n_params)?;
        self.open_loop(header, ty)?;
        self.frames.last_mut().expect("opened above").held = Some(held);
        Ok(())
    }

    pub(super) fn open_else(&mut self) {
        let frame = self.frames.last_mut().expect("validation ensures balance");
        match std::mem::replace(&mut frame.kind, FrameKind::Block) {
            FrameKind::If {
                otherwise,
                params,
                is_likely,
            } => {
                if self.alive {
                    let edge = self.edge(0);
                    self.terminate(Term::Jump(edge));
                }
                let frame = self.frames.last().expect("still there");
                self.locals.undo(frame.start);
                self.stack.truncate(frame.height as usize);
                self.stack.extend_from_slice(&params);
                self.func.makes_cold = frame.is_cold || is_likely;
                let block = self.func.push_block();
                self.func.edges[otherwise.index()].to = block;
                self.alive = true;
            }
            FrameKind::Always if self.alive => {
                frame.kind = FrameKind::Resume;
                self.alive = false;
            }
            FrameKind::Resume => self.alive = true,
            FrameKind::Always | FrameKind::Block | FrameKind::Loop | FrameKind::Try { .. } => {}
        }
    }

    pub(super) fn end(&mut self, header: &Header) -> Result<(), BuildError> {
        let held = self.frames.last().and_then(|frame| frame.held);
        self.end_frame(header)?;
        held.map_or(Ok(()), |held| self.release_from(held))
    }

    fn end_frame(&mut self, header: &Header) -> Result<(), BuildError> {
        let frame = self.frames.pop().expect("validation ensures balance");
        let mut join = frame.join;
        self.func.makes_cold = frame.is_cold;
        match frame.kind {
            FrameKind::Loop => {
                self.locals.leave(frame.start);
                let join = frame.join.expect("made when the loop was opened");
                return self.locals.close_loop(&mut self.func, join);
            }
            FrameKind::If {
                otherwise,
                ref params,
                ..
            } => {
                let join = *join.get_or_insert_with(|| self.locals.new_join(Block::NONE));
                // It left when the frame began, before all branches in it.
                self.locals
                    .add_earliest_edge(join, otherwise, frame.moment, params);
            }
            FrameKind::Try {
                ref catches,
                dispatch,
            } => {
                self.scopes.pop();
                if let Some(dispatch) = dispatch {
                    if self.alive {
                        let join = *join.get_or_insert_with(|| self.locals.new_join(Block::NONE));
                        self.jump_to(join, frame.n_label);
                    }
                    self.stack.truncate(frame.height as usize);
                    self.locals.begin_again(frame.start, dispatch)?;
                    self.dispatch(header, catches, dispatch)?;
                }
            }
            FrameKind::Resume => self.alive = true,
            FrameKind::Always | FrameKind::Block => {}
        }
        let Some(join) = join else {
            self.locals.leave(frame.start);
            return self.end_straight(&frame);
        };
        if self.alive {
            self.jump_to(join, frame.n_label);
        }
        self.alive = true;
        let block = self.func.push_block();
        self.locals.place(&mut self.func, join, block);
        self.locals.leave_by(frame.start, join)?;
        self.stack.truncate(frame.height as usize);
        let is_body = self.frames.is_empty();
        for nth in 0..frame.n_label {
            let ty = if is_body {
                self.func.results[nth as usize]
            } else {
                Type::from(block_types(header, frame.ty).1[nth as usize])
            };
            let value = self.locals.joined_stack(&mut self.func, join, nth, ty);
            self.stack.push(value);
        }
        self.end_straight(&frame)
    }

    /// Goes on where a join will be, with the top values of the stack.
    fn jump_to(&mut self, join: JoinIdx, n_values: u32) {
        let edge = self.func.push_edge(Block::NONE);
        let moment = self.locals.moment();
        let values = &self.stack[self.stack.len() - n_values as usize..];
        self.locals.add_edge(join, edge, moment, values);
        self.terminate(Term::Jump(edge));
    }

    /// The end of a block after branches to it, if any, have met.
    fn end_straight(&mut self, frame: &Frame) -> Result<(), BuildError> {
        if !self.alive {
            self.stack.truncate(frame.height as usize);
        } else if self.frames.is_empty() {
            self.leave(self.func.results.len());
        }
        Ok(())
    }

    pub(super) fn br(&mut self, depth: u32) {
        let edge = self.edge(depth);
        self.terminate(Term::Jump(edge));
    }

    pub(super) fn br_if(&mut self, depth: u32, hint: Option<bool>) {
        let cond = self.pop();
        match self.func.const_bits(cond) {
            Some(0) => {}
            Some(_) => self.br(depth),
            None => {
                let is_unlikely = hint == Some(false);
                // The label may be reached from elsewhere too, so what is unlikely is a block on the way to it.
                let then = if is_unlikely {
                    self.func.push_edge(Block::NONE)
                } else {
                    self.edge(depth)
                };
                let otherwise = self.func.push_edge(Block::NONE);
                self.branch(cond, then, otherwise);
                if is_unlikely {
                    let is_cold = std::mem::replace(&mut self.func.makes_cold, true);
                    let block = self.func.push_block();
                    self.func.edges[then.index()].to = block;
                    self.br(depth);
                    self.func.makes_cold = is_cold;
                }
                // What comes after a branch that is likely to be taken is cold until the end of the block around it.
                self.func.makes_cold |= hint == Some(true);
                let block = self.func.push_block();
                self.func.edges[otherwise.index()].to = block;
                self.alive = true;
            }
        }
    }

    pub(super) fn br_on_null(&mut self, depth: u32) {
        let value = self.pop();
        let is_null = self.emit(Inst::RefIsNull { value }, Type::I32);
        self.stack.push(is_null);
        self.br_if(depth, None);
        if self.alive {
            self.stack.push(value);
        }
    }

    pub(super) fn br_on_non_null(&mut self, depth: u32) {
        let value = *self.stack.last().expect("validation ensures operands");
        let is_null = self.emit(Inst::RefIsNull { value }, Type::I32);
        match self.func.const_bits(is_null) {
            Some(0) => return self.br(depth),
            Some(_) => {}
            None => {
                // The reference is the last of the values that the label gets.
                let taken = self.edge(depth);
                let falls = self.func.push_edge(Block::NONE);
                self.branch(is_null, falls, taken);
                let block = self.func.push_block();
                self.func.edges[falls.index()].to = block;
            }
        }
        self.pop();
    }

    /// Branches if the reference on the stack is of the type, or if it is not; either way it stays.
    pub(super) fn br_on_cast(&mut self, depth: u32, to: RefType, on_fail: bool) {
        let value = *self.stack.last().expect("validation ensures operands");
        let args = self.func.make_list(&[value]);
        let op = GcOp::ref_test(to);
        let cond = self.emit(Inst::Gc { op, args }, Type::I32);
        let label = self.edge(depth);
        let next = self.func.push_edge(Block::NONE);
        if on_fail {
            self.branch(cond, next, label);
        } else {
            self.branch(cond, label, next);
        }
        let block = self.func.push_block();
        self.func.edges[next.index()].to = block;
        self.alive = true;
    }

    pub(super) fn br_table(&mut self, labels: &[u32]) {
        let index = self.pop();
        if let Some(bits) = self.func.const_bits(index) {
            let nth = (bits as usize).min(labels.len() - 1);
            return self.br(labels[nth]);
        }
        if labels.iter().all(|&label| label == labels[0]) {
            return self.br(labels[0]);
        }
        // One edge per label, however often it occurs.
        self.n_switches += 1;
        let mut targets = Vec::with_capacity(labels.len());
        for &label in labels {
            let at = self.frames.len() - 1 - label as usize;
            if self.frames[at].switch != self.n_switches {
                self.frames[at].switch = self.n_switches;
                self.frames[at].switch_edge = self.edge(label);
            }
            targets.push(Value(self.frames[at].switch_edge.0));
        }
        let targets = self.func.make_list(&targets);
        self.terminate(Term::Switch { index, targets });
    }

    /// Ends the function with the top values of the stack.
    pub(super) fn leave(&mut self, n_results: usize) {
        let list = self.pop_list(n_results);
        self.terminate(Term::Return(list));
    }

    /// Ends the function with a call in its place.
    pub(super) fn tail_call(&mut self, header: &Header, callee: Callee) {
        let n_params = header.type_at(callee.ty(header)).params().len();
        let args = self.pop_list(n_params);
        self.terminate(Term::TailCall { callee, args });
    }

    /// Ends the current block; the place after it cannot be reached.
    pub(super) fn terminate(&mut self, term: Term) {
        let block = self.func.blocks.last_mut().expect("a block is open");
        block.term = term;
        block.term_offset = self.offset;
        self.alive = false;
    }

    pub(super) fn branch(&mut self, cond: Value, then: EdgeId, otherwise: EdgeId) {
        let term = match eqz_operand(&self.func, cond) {
            Some(cond) => Term::Branch {
                cond,
                then: otherwise,
                otherwise: then,
            },
            None => Term::Branch {
                cond,
                then,
                otherwise,
            },
        };
        self.terminate(term);
        self.alive = true;
    }

    /// A new edge from here to the label at this depth, which passes the top values of the stack.
    fn edge(&mut self, depth: u32) -> EdgeId {
        let at = self.frames.len() - 1 - depth as usize;
        let frame = &mut self.frames[at];
        let join = *frame
            .join
            .get_or_insert_with(|| self.locals.new_join(Block::NONE));
        let edge = self.func.push_edge(self.locals.join_block(join));
        let values = &self.stack[self.stack.len() - frame.n_label as usize..];
        let moment = self.locals.moment();
        self.locals.add_edge(join, edge, moment, values);
        edge
    }

    fn push_frame(&mut self, kind: FrameKind, ty: BlockType, n_params: usize, n_label: u32) {
        let height = (self.stack.len() - n_params) as u32;
        let held = self.is_around().then(|| self.hold_below(height));
        self.frames.push(Frame {
            kind,
            join: None,
            height,
            n_label,
            ty,
            switch: 0,
            switch_edge: EdgeId::NONE,
            moment: self.locals.moment(),
            start: self.locals.enter(),
            is_cold: self.func.makes_cold,
            held,
        });
    }
}
