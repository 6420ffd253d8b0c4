//! Calls through tables and references that mostly arrive at one function of the module.
//!
//! Apart from other calls because they become three blocks. What is expected is a hint: the test finds out, and nothing is assumed
//! of the hint but that the function can be called so at all.
//!
//! ```text
//! v1 = table.callee 0 v0   v2 = func.is 7 v1   branch v2, direct, other
//! direct   v3 = call 7(...)                    jump next(v3)
//! other    v4 = call_indirect 0 0 v0(...)      jump next(v4)      cold
//! next(v5) ...
//! ```

use super::{Builder, ExpectedCallee};
use crate::{Block, Callee, EdgeId, Inst, List, Term, Type, Value};
use module::{FuncIdx, FuncType, Header, Op, TypeIdx};

impl Builder {
    /// Notes what the calls of the function that was read are expected to arrive at.
    pub(super) fn expect(&mut self, expected: ExpectedCallee<'_>) {
        self.expected.clear();
        for (at, op) in self.source.ops.iter().enumerate() {
            let through_table = match *op {
                Op::CallIndirect { ty, .. } | Op::ReturnCallIndirect { ty, .. } => Some(ty),
                Op::CallRef(_) | Op::ReturnCallRef(_) => None,
                _ => continue,
            };
            if let Some(func) = expected(self.source.offsets[at], through_table) {
                self.expected.push((at, func));
            }
        }
    }

    /// What the current operator is expected to call, if that has the type that the call needs.
    pub(super) fn expected_callee(&self, header: &Header, ty: TypeIdx) -> Option<FuncIdx> {
        let found = self.expected.binary_search_by_key(&self.at, |&(at, _)| at);
        let (_, func) = self.expected[found.ok()?];
        let own = *header.funcs().get(func.index())?;
        let is_own = func.index() >= header.n_imported_funcs() && header.escapes(func);
        let mut types = std::iter::successors(Some(own), |&ty| header.sub_type(ty).supertype);
        (is_own && types.any(|found| found == ty)).then_some(func)
    }

    /// A call that mostly arrives at a function: `entry` is the reference that is called.
    pub(super) fn guarded_call(
        &mut self,
        (entry, func): (Value, FuncIdx),
        other: Inst,
        args: List,
        ty: &FuncType,
    ) {
        let n_results = ty.results().len();
        // Each instruction has a list of its own, as passes change them in place.
        let values = self.func.list(args).to_vec();
        let args = self.func.make_list(&values);
        let otherwise = self.guard(entry, func);
        let direct = Inst::Call {
            n_results: n_results as u16,
            func,
            args,
        };
        self.call(direct, ty);
        let met = self.jump_on(n_results);
        let is_cold = self.begin_other(otherwise);
        self.call(other, ty);
        let met = [met, self.jump_on(n_results)];

        self.func.makes_cold = is_cold;
        let next = self.func.push_block();
        for edge in met {
            self.func.edges[edge.index()].to = next;
        }
        let results = ty.results().iter().map(|&ty| Type::from(ty));
        let results: Vec<Value> = results.map(|ty| self.func.push_param(next, ty)).collect();
        let params = self.func.make_list(&results);
        self.func.set_params(next, params);
        self.stack.extend(results);
        self.alive = true;
    }

    /// As above, in place of the function.
    pub(super) fn guarded_tail_call(&mut self, header: &Header, callee: Callee) {
        let func = match callee {
            Callee::Func(_) => None,
            _ => self.expected_callee(header, callee.ty(header)),
        };
        let Some(func) = func else {
            return self.tail_call(header, callee);
        };
        let entry = match callee {
            Callee::Table { table, index, .. } => {
                self.append(Inst::TableCallee { table, index }, &[Type::FuncRef])
            }
            Callee::Ref { callee, .. } => callee,
            Callee::Func(_) => unreachable!("such a call needs no guard"),
        };
        let otherwise = self.guard(entry, func);
        let n_params = header.func_type(func).params().len();
        let args = self
            .func
            .make_list(&self.stack[self.stack.len() - n_params..]);
        let direct = Callee::Func(func);
        self.terminate(Term::TailCall {
            callee: direct,
            args,
        });
        let is_cold = self.begin_other(otherwise);
        self.tail_call(header, callee);
        self.func.makes_cold = is_cold;
    }

    /// Goes on where the reference is the function; gives the edge for where it is not.
    fn guard(&mut self, entry: Value, func: FuncIdx) -> EdgeId {
        let cond = self.append(Inst::FuncIs { value: entry, func }, &[Type::I32]);
        let then = self.func.push_edge(Block::NONE);
        let otherwise = self.func.push_edge(Block::NONE);
        self.branch(cond, then, otherwise);
        let block = self.func.push_block();
        self.func.edges[then.index()].to = block;
        otherwise
    }

    /// Goes on where the guard has led elsewhere, which is cold; gives whether what is around it is.
    fn begin_other(&mut self, otherwise: EdgeId) -> bool {
        let is_cold = std::mem::replace(&mut self.func.makes_cold, true);
        let block = self.func.push_block();
        self.func.edges[otherwise.index()].to = block;
        self.alive = true;
        is_cold
    }

    /// Leaves with results of a call, which are on the stack.
    fn jump_on(&mut self, n_results: usize) -> EdgeId {
        let results = self.pop_list(n_results);
        let edge = self.func.push_edge(Block::NONE);
        self.func.edges[edge.index()].args = results;
        self.terminate(Term::Jump(edge));
        edge
    }
}
