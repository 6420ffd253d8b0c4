//! Throwing and catching.
//!
//! Apart from the rest of control flow because it hangs on calls: a block that catches has one more block, which is entered with
//! the exception from every call in it that throws, finds out what catches it, and goes on there, or outwards.
//!
//! ```text
//! body       ... v1 = call f(...)   v2 = exn.caught   try next, dispatch(v2)
//! dispatch   (v3: ref) v4 = exn.is 0 v3   branch v4, label, (next clause ... the block around it, or `throw v3`)
//! ```

use super::control::FrameKind;
use super::locals::JoinIdx;
use super::{BuildError, Builder};
use crate::{Block, EdgeId, ExnOp, Inst, Term, Type, Value};
use module::{BlockType, Catch, Header, TagIdx};

/// Calls in blocks that catch, in one function at most: what generating code for them takes grows faster than they do.
const CAUGHT_CALLS_MAX: u32 = 1 << 16;

/// Values of payloads that the clauses of one function read at most: one clause names a tag, which may have many.
const FIELDS_MAX: u32 = 1 << 18;

impl Builder {
    /// `try_table`.
    pub(super) fn open_try(&mut self, header: &Header, ty: BlockType, catches: Box<[Catch]>) {
        self.open_block(header, ty);
        if catches.is_empty() {
            return;
        }
        self.scopes.push(self.frames.len() - 1);
        let frame = self.frames.last_mut().expect("pushed above");
        frame.kind = FrameKind::Try {
            catches,
            dispatch: None,
        };
    }

    /// Follows a call: ends the block if a block around the call catches what it throws.
    pub(super) fn end_call(&mut self) {
        if self.scopes.is_empty() {
            return;
        }
        self.n_caught_calls += 1;
        let args = self.func.make_list(&[]);
        let op = ExnOp::Caught;
        let exception = self.append(Inst::Exn { op, args }, &[Type::Ref]);
        let unwind = self.edge_outwards(exception);
        let normal = self.func.push_edge(Block::NONE);
        self.terminate(Term::Try { normal, unwind });
        let block = self.func.push_block();
        self.func.edges[normal.index()].to = block;
        self.alive = true;
    }

    pub(super) fn throw(&mut self, header: &Header, tag: TagIdx) {
        let op = ExnOp::New(tag);
        let args = self.pop_list(op.params(header).len());
        let exception = self.append(Inst::Exn { op, args }, &[Type::Ref]);
        self.go_outwards(exception);
    }

    pub(super) fn throw_ref(&mut self) {
        let value = self.pop();
        self.append(Inst::NullCheck { value }, &[]);
        self.go_outwards(value);
    }

    /// Goes on where the exception is caught, in this function or behind it.
    fn go_outwards(&mut self, exception: Value) {
        let term = if self.scopes.is_empty() {
            Term::Throw(exception)
        } else {
            Term::Jump(self.edge_outwards(exception))
        };
        self.terminate(term);
    }

    /// A new edge from here to what the innermost block that catches does with an exception.
    fn edge_outwards(&mut self, exception: Value) -> EdgeId {
        let scope = *self.scopes.last().expect("a block catches");
        let FrameKind::Try { dispatch, .. } = &mut self.frames[scope].kind else {
            unreachable!("scopes are such blocks")
        };
        let join = *dispatch.get_or_insert_with(|| self.locals.new_join(Block::NONE));
        let edge = self.func.push_edge(Block::NONE);
        let moment = self.locals.moment();
        self.locals.add_edge(join, edge, moment, &[exception]);
        edge
    }

    /// What happens to exceptions that were thrown in a block which has just ended: its frame and its scope are gone, and the
    /// locals are what comes through `join`, where the exceptions meet.
    pub(super) fn dispatch(
        &mut self,
        header: &Header,
        catches: &[Catch],
        join: JoinIdx,
    ) -> Result<(), BuildError> {
        if self.n_caught_calls > CAUGHT_CALLS_MAX {
            return Err(BuildError::TooComplex);
        }
        let block = self.func.push_block();
        self.locals.place(&mut self.func, join, block);
        self.alive = true;
        let exception = self.locals.joined_stack(&mut self.func, join, 0, Type::Ref);
        for catch in catches {
            let height = self.stack.len();
            self.clause(header, *catch, exception)?;
            self.stack.truncate(height);
            if !self.alive {
                return Ok(());
            }
        }
        self.go_outwards(exception);
        Ok(())
    }

    /// One catch: a branch to its label, and a block for the case that it does not match; none if it surely matches.
    fn clause(
        &mut self,
        header: &Header,
        catch: Catch,
        exception: Value,
    ) -> Result<(), BuildError> {
        let Some(tag) = catch.tag else {
            self.stack.extend(catch.with_ref.then_some(exception));
            self.br(catch.label);
            return Ok(());
        };
        let args = self.func.make_list(&[exception]);
        let op = ExnOp::Is(tag);
        let matches = self.emit(Inst::Exn { op, args }, Type::I32);
        let next = match self.func.const_bits(matches) {
            Some(0) => return Ok(()),
            Some(_) => None,
            None => {
                let found = self.func.push_edge(Block::NONE);
                let next = self.func.push_edge(Block::NONE);
                self.branch(matches, found, next);
                let block = self.func.push_block();
                self.func.edges[found.index()].to = block;
                Some(next)
            }
        };
        let n_fields = ExnOp::New(tag).params(header).len() as u32;
        self.n_fields += n_fields;
        if self.n_fields > FIELDS_MAX {
            return Err(BuildError::TooComplex);
        }
        for field in 0..n_fields {
            let op = ExnOp::Field { tag, field };
            let value = self.emit(Inst::Exn { op, args }, op.result(header));
            self.stack.push(value);
        }
        self.stack.extend(catch.with_ref.then_some(exception));
        self.br(catch.label);
        if let Some(next) = next {
            let block = self.func.push_block();
            self.func.edges[next.index()].to = block;
            self.alive = true;
        }
        Ok(())
    }
}
