//! Copying a function while calls in it are replaced by the bodies of their callees, and self tail calls by loops.
//!
//! Apart from deciding which calls these are, which is for a pass. A function is copied rather than changed, since blocks must
//! stay in order.
//!
//! ```text
//! b0: ... v1 = call 7(v0)          b0: ...  the callee's first block, with v0 for its parameter
//!     more                  ==>    b1: ...  its other blocks; where they return they go to
//!                                  b2(v1):  more
//! ```
//! What the callee throws goes where the call's exception would have gone; what it calls is in the block that catches.

use crate::places::Places;
use crate::{
    Block, Callee, EdgeId, ExnOp, Func, Inst, InstId, List, NO_OFFSET, RefKinds, Simplified, Term,
    Type, Value, simplify,
};
use module::FuncIdx;
use std::sync::Arc;

/// A call to be replaced by the body of its callee.
#[derive(Clone, Debug)]
pub struct InlineSite {
    /// The block that the call is in.
    pub block: Block,
    /// The call; none if the block ends with it, a tail call.
    pub call: Option<InstId>,
    /// The callee.
    pub func: FuncIdx,
    /// The callee's body.
    pub body: Arc<Func>,
    /// Calls in the body to be replaced too, in order.
    pub inner: Vec<InlineSite>,
}

impl InlineSite {
    /// By this, sites of a body are sorted.
    pub fn key(&self) -> (Block, u32) {
        key(self.block, self.call)
    }
}

fn key(block: Block, call: Option<InstId>) -> (Block, u32) {
    (block, call.map_or(u32::MAX, |call| call.0))
}

/// Copies function `index`, which is `func`, to `out`, and replaces calls at `sites` by the bodies of their callees, and tail
/// calls of a function to itself by loops. Without an index, no call arrives where `func` starts.
///
/// A body that makes a tail call through a table or a reference must not be at a site that is not a tail call: what goes wrong in
/// such a call would be told of a frame that is gone.
pub fn inline(func: &Func, index: Option<FuncIdx>, sites: &[InlineSite], out: &mut Func) {
    out.clear();
    out.canonical_nans = func.canonical_nans;
    out.results.extend_from_slice(&func.results);
    out.places = func.places.clone();
    let mut copier = Copier {
        out,
        blocks: Vec::new(),
        pending: Vec::new(),
        landings: Vec::new(),
        may_have_lost: false,
    };
    let outermost = Inside {
        index,
        delta: 0,
        call: NO_OFFSET,
        goes_on: false,
        landing: None,
        is_cold: false,
    };
    copier.body(func, sites, &[], outermost);
    copier.connect();
}

/// Whether a function ends with a call of itself somewhere.
pub fn has_self_tail_call(func: &Func, index: FuncIdx) -> bool {
    let mut terms = func.blocks().map(|block| func.term(block));
    terms.any(|term| is_tail_call_of(term, Some(index)))
}

fn is_tail_call_of(term: Term, index: Option<FuncIdx>) -> bool {
    matches!(term, Term::TailCall { callee: Callee::Func(func), .. } if Some(func) == index)
}

/// Where a body is copied to.
struct Inside {
    /// The function whose body it is, if calls arrive at its start.
    index: Option<FuncIdx>,
    /// Added to its places.
    delta: u32,
    /// The place of the call that it replaces.
    call: u32,
    /// Whether something comes after it where it returns; if not, it ends the outermost function.
    goes_on: bool,
    /// Where exceptions go that leave it, by number; nowhere if they end the outermost function.
    landing: Option<usize>,
    is_cold: bool,
}

/// A body that is being copied.
struct Body<'f> {
    func: &'f Func,
    number: usize,
    inside: Inside,
    /// By value and by edge: what it is in the copy.
    values: Vec<Value>,
    edges: Vec<EdgeId>,
    /// Where self tail calls go, if there are any.
    header: Option<Block>,
    /// Whether it returns once, at its very end.
    returns_last: bool,
    /// Where it returns otherwise.
    returns: Vec<EdgeId>,
    /// What it returns at its end.
    results: Vec<Value>,
}

impl Body<'_> {
    fn place(&self, place: u32) -> u32 {
        match place {
            NO_OFFSET => NO_OFFSET,
            place => place.wrapping_add(self.inside.delta),
        }
    }
}

struct Copier<'o> {
    out: &'o mut Func,
    /// By number of the body, and by its block: the block in the copy.
    blocks: Vec<Vec<Block>>,
    /// Edges whose target has no number yet: the body, and its block.
    pending: Vec<(EdgeId, usize, Block)>,
    /// Edges that pass an exception to where one of the calls that were replaced is caught.
    landings: Vec<Vec<EdgeId>>,
    /// Whether there may be blocks now that are not reached.
    may_have_lost: bool,
}

impl Copier<'_> {
    /// Copies a body; gives what it returns, with which the current block goes on if the body was inlined.
    fn body(
        &mut self,
        func: &Func,
        sites: &[InlineSite],
        args: &[Value],
        inside: Inside,
    ) -> Vec<Value> {
        let number = self.blocks.len();
        self.blocks.push(vec![Block::NONE; func.n_blocks()]);
        let exits = |block: &Block| {
            let term = func.term(*block);
            matches!(term, Term::Return(_) | Term::TailCall { .. })
                && !is_tail_call_of(term, inside.index)
        };
        let returns_last = func.blocks().filter(exits).count() == 1
            && func.blocks().next_back().is_some_and(|last| exits(&last));
        let mut body = Body {
            func,
            number,
            values: vec![Value::NONE; func.n_values()],
            edges: vec![EdgeId::NONE; func.n_edges()],
            header: None,
            returns_last,
            returns: Vec::new(),
            results: Vec::new(),
            inside,
        };
        for block in func.blocks() {
            self.begin_block(&mut body, block, args);
            self.block(&mut body, block, sites);
        }
        self.finish(body)
    }

    /// Edges get the blocks that they lead to.
    fn connect(&mut self) {
        for &(edge, body, block) in &self.pending {
            self.out.edges[edge.index()].to = self.blocks[body][block.index()];
        }
        if self.may_have_lost {
            self.out.empty_unreachable();
        }
    }

    /// Goes on behind a body that was inlined, with what it returns.
    fn finish(&mut self, body: Body<'_>) -> Vec<Value> {
        if !body.inside.goes_on || (body.returns_last && body.returns.is_empty()) {
            return body.results;
        }
        self.may_have_lost |= body.returns.is_empty();
        self.out.makes_cold = body.inside.is_cold;
        let block = self.out.push_block();
        let results = self.make_params(block, body.func.results.iter().copied());
        for edge in body.returns {
            self.out.edges[edge.index()].to = block;
        }
        results
    }

    fn make_params(&mut self, block: Block, types: impl Iterator<Item = Type>) -> Vec<Value> {
        let values: Vec<Value> = types.map(|ty| self.out.push_param(block, ty)).collect();
        let list = self.out.make_list(&values);
        self.out.set_params(block, list);
        values
    }

    /// Begins a block; the first one of an inlined body goes on with the current block.
    fn begin_block(&mut self, body: &mut Body<'_>, block: Block, args: &[Value]) {
        let func = body.func;
        self.out.makes_cold = body.inside.is_cold || func.is_cold(block);
        let types = || func.params(block).iter().map(|&param| func.ty(param));
        let mut params = args.to_vec();
        let is_first = block.index() == 0;
        if !is_first || body.number == 0 {
            let copy = self.out.push_block();
            self.blocks[body.number][block.index()] = copy;
            params = self.make_params(copy, types());
        }
        if is_first
            && body
                .inside
                .index
                .is_some_and(|index| has_self_tail_call(func, index))
        {
            let edge = self.out.push_edge(Block::NONE);
            self.out.edges[edge.index()].args = self.out.make_list(&params);
            self.terminate(Term::Jump(edge), NO_OFFSET);
            let header = self.out.push_block();
            self.out.edges[edge.index()].to = header;
            params = self.make_params(header, types());
            body.header = Some(header);
        }
        for (&param, value) in func.params(block).iter().zip(params) {
            body.values[param.index()] = value;
        }
    }

    fn block(&mut self, body: &mut Body<'_>, block: Block, sites: &[InlineSite]) {
        let func = body.func;
        let tried = func.try_call(block);
        let mut landing = None;
        for &id in func.insts(block) {
            if landing.is_some() && tried.is_some_and(|(_, caught)| caught == Some(id)) {
                continue;
            }
            let is_call = func.inst(id).is_call();
            let is_tried = tried.is_some_and(|(call, _)| call == id);
            if is_call && let Some(site) = self.find(sites, block, Some(id)) {
                if is_tried {
                    landing = Some(self.landings.len());
                    self.landings.push(Vec::new());
                }
                let leaving = if is_tried {
                    landing
                } else {
                    body.inside.landing
                };
                self.inlined_call(body, id, site, leaving);
                self.out.makes_cold = body.inside.is_cold || func.is_cold(block);
                continue;
            }
            self.inst(body, id);
            if is_call && !is_tried {
                self.end_call(body, body.place(func.offset(id)));
            }
        }
        match (func.term(block), landing) {
            (Term::Try { normal, unwind }, Some(landing)) => {
                let place = body.place(func.term_offset(block));
                let normal = self.edge(body, normal);
                self.terminate(Term::Jump(normal), place);
                let caught = tried.and_then(|(_, caught)| caught);
                self.land(body, landing, caught, unwind, place);
            }
            _ => self.term(body, block, sites),
        }
    }

    /// What was thrown in a body that replaced a call goes where the call's exception would have gone.
    fn land(
        &mut self,
        body: &mut Body<'_>,
        landing: usize,
        caught: Option<InstId>,
        unwind: EdgeId,
        place: u32,
    ) {
        let edges = std::mem::take(&mut self.landings[landing]);
        if edges.is_empty() {
            // Nothing is thrown.
            self.may_have_lost = true;
            return;
        }
        let block = self.out.push_block();
        let exception = self.make_params(block, [Type::Ref].into_iter());
        for edge in edges {
            self.out.edges[edge.index()].to = block;
        }
        if let Some(caught) = caught {
            body.values[body.func.result(caught).index()] = exception[0];
        }
        let unwind = self.edge(body, unwind);
        self.terminate(Term::Jump(unwind), place);
    }

    /// The site of a call, if it is to be inlined.
    fn find<'s>(
        &self,
        sites: &'s [InlineSite],
        block: Block,
        call: Option<InstId>,
    ) -> Option<&'s InlineSite> {
        let found = sites.binary_search_by_key(&key(block, call), InlineSite::key);
        let site = &sites[found.ok()?];
        self.out
            .places
            .have_room_for(&site.body.places)
            .then_some(site)
    }

    fn inlined_call(
        &mut self,
        body: &mut Body<'_>,
        id: InstId,
        site: &InlineSite,
        landing: Option<usize>,
    ) {
        let args: Vec<Value> = match *body.func.inst(id) {
            Inst::Call { args, .. } => self.values(body, args),
            ref other => unreachable!("{other:?} has no body"),
        };
        let call = body.place(body.func.offset(id));
        let inside = self.enter(site, call, landing, true);
        let results = self.body(&site.body, &site.inner, &args, inside);
        for (result, value) in body.func.inst_results(id).zip(results) {
            body.values[result.index()] = value;
        }
    }

    /// A body that replaces a call at a place.
    fn enter(
        &mut self,
        site: &InlineSite,
        call: u32,
        landing: Option<usize>,
        goes_on: bool,
    ) -> Inside {
        let body: &Places = &site.body.places;
        Inside {
            index: Some(site.func),
            delta: self.out.places.add(body, site.func, call),
            call,
            goes_on,
            landing,
            is_cold: self.out.makes_cold,
        }
    }

    fn value(&mut self, body: &Body<'_>, value: Value) -> Value {
        let func = body.func;
        if let Some(bits) = func.const_bits(value) {
            return self.out.constant(func.ty(value), bits);
        }
        match body.values[value.index()] {
            // Only what cannot be reached uses what is not there.
            Value::NONE => self.out.constant(func.ty(value), 0),
            found => found,
        }
    }

    fn values(&mut self, body: &Body<'_>, list: List) -> Vec<Value> {
        let values = body.func.list(list).iter();
        values.map(|&value| self.value(body, value)).collect()
    }

    fn list(&mut self, body: &Body<'_>, list: List) -> List {
        let values = self.values(body, list);
        self.out.make_list(&values)
    }

    /// Copies an instruction, or finds its result without it.
    fn inst(&mut self, body: &mut Body<'_>, id: InstId) {
        let func = body.func;
        let mut inst = *func.inst(id);
        match &mut inst {
            Inst::Shuffle { lanes, .. } => *lanes = self.out.push_vector(func.vector(*lanes)),
            Inst::Call { args, .. }
            | Inst::CallIndirect { args, .. }
            | Inst::CallRef { args, .. }
            | Inst::Atomic { args, .. }
            | Inst::Gc { args, .. }
            | Inst::Exn { args, .. } => *args = self.out.make_list(func.list(*args)),
            _ => {}
        }
        // Constants are no list's concern, so that lists can be away while operands are made.
        let mut pool = std::mem::take(&mut self.out.pool);
        inst.map_args(&mut pool, &mut |value| self.value(body, value));
        self.out.pool = pool;
        if inst.n_results() == 1 {
            let simplified = simplify(self.out, &inst);
            match simplified {
                Simplified::Keep => {}
                Simplified::Inst(simpler) => inst = simpler,
                Simplified::Value(value) => {
                    body.values[func.result(id).index()] = value;
                    return;
                }
            }
        }
        let types: Vec<Type> = func.inst_results(id).map(|value| func.ty(value)).collect();
        let first = self
            .out
            .push_inst(inst, body.place(func.offset(id)), &types);
        for (nth, result) in func.inst_results(id).enumerate() {
            body.values[result.index()] = Value(first.0 + nth as u32);
        }
        let copy = InstId(self.out.insts.len() as u32 - 1);
        if func.operand_kinds(id) != RefKinds::ALL {
            self.out.set_operand_kinds(copy, func.operand_kinds(id));
        }
        if func.is_in_bounds(id) {
            self.out.set_in_bounds(copy);
        }
    }

    /// Ends the block of a call whose exception is caught around the body.
    fn end_call(&mut self, body: &Body<'_>, place: u32) {
        let Some(landing) = body.inside.landing else {
            return;
        };
        let args = List::EMPTY;
        let op = ExnOp::Caught;
        let exception = self
            .out
            .push_inst(Inst::Exn { op, args }, place, &[Type::Ref]);
        let unwind = self.throw_edge(landing, exception);
        let normal = self.out.push_edge(Block::NONE);
        self.terminate(Term::Try { normal, unwind }, place);
        let block = self.out.push_block();
        self.out.edges[normal.index()].to = block;
    }

    /// A new edge to what catches an exception.
    fn throw_edge(&mut self, landing: usize, exception: Value) -> EdgeId {
        let edge = self.out.push_edge(Block::NONE);
        self.out.edges[edge.index()].args = self.out.make_list(&[exception]);
        self.landings[landing].push(edge);
        edge
    }

    fn edge(&mut self, body: &mut Body<'_>, id: EdgeId) -> EdgeId {
        let known = body.edges[id.index()];
        if known != EdgeId::NONE {
            return known;
        }
        let from = body.func.edge(id);
        let edge = self.out.push_edge(Block::NONE);
        self.out.edges[edge.index()].args = self.list(body, from.args);
        self.pending.push((edge, body.number, from.to));
        body.edges[id.index()] = edge;
        edge
    }

    fn term(&mut self, body: &mut Body<'_>, block: Block, sites: &[InlineSite]) {
        let func = body.func;
        let place = body.place(func.term_offset(block));
        let term = match func.term(block) {
            Term::Jump(edge) => Term::Jump(self.edge(body, edge)),
            Term::Branch {
                cond,
                then,
                otherwise,
            } => {
                let cond = self.value(body, cond);
                match self.out.const_bits(cond) {
                    Some(bits) => {
                        self.may_have_lost = true;
                        Term::Jump(self.edge(body, if bits == 0 { otherwise } else { then }))
                    }
                    None => Term::Branch {
                        cond,
                        then: self.edge(body, then),
                        otherwise: self.edge(body, otherwise),
                    },
                }
            }
            Term::Switch { index, targets } => self.switch(body, index, targets),
            Term::Try { normal, unwind } => Term::Try {
                normal: self.edge(body, normal),
                unwind: self.edge(body, unwind),
            },
            Term::Return(list) => {
                let values = self.values(body, list);
                return self.leave(body, values, place);
            }
            Term::TailCall { callee, args } => {
                return self.tail_call(body, block, callee, args, sites);
            }
            Term::Throw(exception) => {
                let exception = self.value(body, exception);
                match body.inside.landing {
                    Some(landing) => Term::Jump(self.throw_edge(landing, exception)),
                    None => Term::Throw(exception),
                }
            }
            Term::Trap(trap) => Term::Trap(trap),
            Term::Open => unreachable!("a finished function"),
        };
        self.terminate(term, place);
    }

    fn switch(&mut self, body: &mut Body<'_>, index: Value, targets: List) -> Term {
        let index = self.value(body, index);
        let edges: Vec<EdgeId> = body.func.targets(targets).collect();
        if let Some(bits) = self.out.const_bits(index) {
            self.may_have_lost = true;
            let nth = (bits as u32 as usize).min(edges.len() - 1);
            return Term::Jump(self.edge(body, edges[nth]));
        }
        let edges: Vec<Value> = edges
            .into_iter()
            .map(|edge| Value(self.edge(body, edge).0))
            .collect();
        let targets = self.out.make_list(&edges);
        Term::Switch { index, targets }
    }

    /// Ends a body with results.
    fn leave(&mut self, body: &mut Body<'_>, values: Vec<Value>, place: u32) {
        if !body.inside.goes_on {
            let list = self.out.make_list(&values);
            self.terminate(Term::Return(list), place);
        } else if body.returns_last {
            body.results = values;
        } else {
            let edge = self.out.push_edge(Block::NONE);
            self.out.edges[edge.index()].args = self.out.make_list(&values);
            body.returns.push(edge);
            self.terminate(Term::Jump(edge), place);
        }
    }

    /// A tail call of a body. The frame of an inlined one is not there to be left: the call is an ordinary one from where the body
    /// was called.
    fn tail_call(
        &mut self,
        body: &mut Body<'_>,
        block: Block,
        callee: Callee,
        args: List,
        sites: &[InlineSite],
    ) {
        let func = body.func;
        let place = body.place(func.term_offset(block));
        if let (Callee::Func(index), Some(header)) = (callee, body.header)
            && Some(index) == body.inside.index
        {
            let edge = self.out.push_edge(header);
            self.out.edges[edge.index()].args = self.list(body, args);
            return self.terminate(Term::Jump(edge), place);
        }
        if let Some(site) = self.find(sites, block, None) {
            let args = self.values(body, args);
            let Inside {
                call,
                landing,
                goes_on,
                ..
            } = body.inside;
            let inside = self.enter(site, call, landing, goes_on);
            let values = self.body(&site.body, &site.inner, &args, inside);
            if goes_on {
                self.leave(body, values, call);
            }
            return;
        }
        let args = self.list(body, args);
        let callee = match callee {
            Callee::Func(func) => Callee::Func(func),
            Callee::Table { ty, table, index } => Callee::Table {
                ty,
                table,
                index: self.value(body, index),
            },
            Callee::Ref { ty, callee } => Callee::Ref {
                ty,
                callee: self.value(body, callee),
            },
        };
        if !body.inside.goes_on {
            return self.terminate(Term::TailCall { callee, args }, place);
        }
        let call = body.inside.call;
        let n_results = func.results.len() as u16;
        let inst = match callee {
            Callee::Func(func) => Inst::Call {
                n_results,
                func,
                args,
            },
            Callee::Table { ty, table, index } => Inst::CallIndirect {
                n_results,
                ty,
                table,
                index,
                args,
            },
            Callee::Ref { ty, callee } => Inst::CallRef {
                n_results,
                ty,
                callee,
                args,
            },
        };
        let first = self.out.push_inst(inst, call, &func.results);
        let values = (first.0..).map(Value).take(func.results.len()).collect();
        self.end_call(body, call);
        self.leave(body, values, call);
    }

    /// Ends the current block.
    fn terminate(&mut self, term: Term, place: u32) {
        let block = self.out.blocks.last_mut().expect("a block is open");
        block.term = term;
        block.term_offset = place;
    }
}
