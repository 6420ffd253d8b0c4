//! Calls through tables and references that mostly arrive at one function of the module, or at one of a few.
//!
//! Apart from other calls because they become several blocks. What is expected is a hint: the test finds out, and nothing is assumed
//! of the hint but that the function can be called so at all.
//!
//! ```text
//! v1 = table.callee 0 v0   v2 = func.is 7 v1   branch v2, direct, other
//! direct   v3 = call 7(...)                    jump next(v3)
//! other    v4 = call_indirect 0 0 v0(...)      jump next(v4)      cold
//! next(v5) ...
//! ```
//! For one of a few, it is `v2 = func.number 7 v1   switch v2 [direct, other, direct, ... other]`: by the order of functions that can be
//! referred to, some of which may lie between those that are expected.

use super::{Builder, CallSite, Expected, ExpectedCallee};
use crate::{Block, Callee, EdgeId, Inst, List, Term, Type, Value};
use module::{FuncIdx, FuncType, Header, Op, TypeIdx};

/// Functions from the first to the last of those that a call is expected to arrive at, of which each takes a place in the switch.
const SPAN_MAX: usize = 64;
/// Calls of a function that become switches, and what each may pass and return: each function in a switch is one more call.
const SWITCHES_MAX: usize = 8;
const SWITCH_VALUES_MAX: usize = 8;

impl Builder {
    /// Notes what the calls of the function that was read are expected to arrive at.
    pub(super) fn expect(&mut self, expected: ExpectedCallee<'_>) {
        self.expected.clear();
        // Whether each block that is open is a loop, and how many are.
        let (mut open, mut n_loops) = (Vec::new(), 0usize);
        let mut n_switches = 0;
        for (at, op) in self.source.ops.iter().enumerate() {
            let through_table = match *op {
                Op::Block(_) | Op::If(_) | Op::TryTable { .. } | Op::Loop(_) => {
                    let is_loop = matches!(op, Op::Loop(_));
                    n_loops += usize::from(is_loop);
                    open.push(is_loop);
                    continue;
                }
                Op::End => {
                    // The last one ends the function.
                    n_loops -= usize::from(open.pop() == Some(true));
                    continue;
                }
                Op::CallIndirect { ty, .. } | Op::ReturnCallIndirect { ty, .. } => Some(ty),
                Op::CallRef(_) | Op::ReturnCallRef(_) => None,
                _ => continue,
            };
            let site = CallSite {
                offset: self.source.offsets[at],
                through_table,
                is_in_loop: n_loops > 0,
            };
            let found = expected(site);
            n_switches += usize::from(matches!(found, Some(Expected::Among(_))));
            match found {
                Some(Expected::Among(_)) if n_switches > SWITCHES_MAX => {}
                Some(found) => self.expected.push((at, found)),
                None => {}
            }
        }
    }

    /// What the current operator is expected to call, if that has the type that the call needs.
    pub(super) fn expected_callee(&self, header: &Header, ty: TypeIdx) -> Option<Expected> {
        let found = self.expected.binary_search_by_key(&self.at, |(at, _)| *at);
        let can_be_called = |func: FuncIdx| {
            let own = header.funcs().get(func.index()).copied();
            let is_own = own.is_some() && func.index() >= header.n_imported_funcs();
            let mut types = std::iter::successors(own, |&ty| header.sub_type(ty).supertype);
            is_own && header.escapes(func) && types.any(|found| found == ty)
        };
        match &self.expected[found.ok()?].1 {
            Expected::Func(func) => can_be_called(*func).then_some(Expected::Func(*func)),
            Expected::Among(funcs) => {
                let funcs = funcs.iter().copied();
                let funcs: Vec<FuncIdx> = funcs.filter(|&func| can_be_called(func)).collect();
                let (first, last) = (funcs.first()?, funcs.last()?);
                let is_in_order = funcs.is_sorted_by(|a, b| a < b);
                let span = (first.0..=last.0).filter(|&func| header.escapes(FuncIdx(func)));
                let callee = header.type_at(ty);
                let n_values = callee.params().len() + callee.results().len();
                if !is_in_order || span.count() > SPAN_MAX || n_values > SWITCH_VALUES_MAX {
                    return None;
                }
                match funcs[..] {
                    [only] => Some(Expected::Func(only)),
                    _ => Some(Expected::Among(funcs)),
                }
            }
        }
    }

    /// A call that mostly arrives at what is expected: `entry` is the reference that is called.
    pub(super) fn guarded_call(
        &mut self,
        header: &Header,
        (entry, expected): (Value, Expected),
        other: Inst,
        args: List,
        ty: &FuncType,
    ) {
        let n_results = ty.results().len();
        // Each instruction has a list of its own, as passes change them in place.
        let values = self.func.list(args).to_vec();
        let (arms, otherwise) = match expected {
            Expected::Func(func) => {
                let (then, otherwise) = self.guard(entry, func);
                (vec![(func, then)], otherwise)
            }
            Expected::Among(funcs) => self.guards(header, entry, &funcs),
        };
        let mut met = Vec::with_capacity(arms.len() + 1);
        for (func, edge) in arms {
            let block = self.func.push_block();
            self.func.edges[edge.index()].to = block;
            self.alive = true;
            let args = self.func.make_list(&values);
            let direct = Inst::Call {
                n_results: n_results as u16,
                func,
                args,
            };
            self.call(direct, ty);
            met.push(self.jump_on(n_results));
        }
        let is_cold = self.begin_other(otherwise);
        self.call(other, ty);
        met.push(self.jump_on(n_results));

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
        let expected = match callee {
            Callee::Func(_) => None,
            _ => self.expected_callee(header, callee.ty(header)),
        };
        let Some(Expected::Func(func)) = expected else {
            return self.tail_call(header, callee);
        };
        let entry = match callee {
            Callee::Table { table, index, .. } => {
                self.append(Inst::TableCallee { table, index }, &[Type::FuncRef])
            }
            Callee::Ref { callee, .. } => callee,
            Callee::Func(_) => unreachable!("such a call needs no guard"),
        };
        let (then, otherwise) = self.guard(entry, func);
        let block = self.func.push_block();
        self.func.edges[then.index()].to = block;
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

    /// Asks whether the reference is the function; gives the edges for where it is, and where it is not.
    fn guard(&mut self, entry: Value, func: FuncIdx) -> (EdgeId, EdgeId) {
        let cond = self.append(Inst::FuncIs { value: entry, func }, &[Type::I32]);
        let then = self.func.push_edge(Block::NONE);
        let otherwise = self.func.push_edge(Block::NONE);
        self.branch(cond, then, otherwise);
        (then, otherwise)
    }

    /// Asks which of several functions the reference is; gives each with its edge, and the edge for where it is none of them.
    fn guards(
        &mut self,
        header: &Header,
        entry: Value,
        funcs: &[FuncIdx],
    ) -> (Vec<(FuncIdx, EdgeId)>, EdgeId) {
        let (first, last) = (funcs[0], funcs[funcs.len() - 1]);
        let number = Inst::FuncNumber {
            value: entry,
            from: first,
        };
        let index = self.append(number, &[Type::I32]);
        let otherwise = self.func.push_edge(Block::NONE);
        let mut arms = Vec::with_capacity(funcs.len());
        let mut targets = Vec::new();
        for func in (first.0..=last.0).map(FuncIdx) {
            if funcs.binary_search(&func).is_ok() {
                let edge = self.func.push_edge(Block::NONE);
                arms.push((func, edge));
                targets.push(Value(edge.0));
            } else if header.escapes(func) {
                targets.push(Value(otherwise.0));
            }
        }
        targets.push(Value(otherwise.0));
        let targets = self.func.make_list(&targets);
        self.terminate(Term::Switch { index, targets });
        (arms, otherwise)
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
