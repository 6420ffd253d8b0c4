//! Finds out what references can be, and drops casts, tests, null checks and branches that are decided by it.
//!
//! Facts come from where references are made, from declared types, and from tests and accesses on the way to a place. They are
//! collected on walks down the tree of dominators: what is known in a block is known in all that it dominates, and a block that
//! several paths reach knows of its parameters what all of them know. Paths that are never taken do not count. The first walk
//! expects the best of back edges; walks are repeated until it comes true, but not often: then whatever still changes is given up.

use crate::domtree::{DomTree, Same};
use crate::facts::{Bound, Fact};
use crate::table::Env;
use ir::{
    Block, Callee, Cfg, Def, EdgeId, ExnOp, Func, GcOp, Inst, InstId, RefKinds, Term, Type, Value,
};
use module::{CompositeType, FuncIdx, GlobalIdx, Header, HeapType, Op, RefType, TypeIdx, TypeKind};
use ops::Compute;

/// Walks before parameters that still change are given up.
const WALKS_MAX: usize = 6;

/// Runs the pass.
pub(crate) fn run(func: &mut Func, env: &Env<'_>) {
    if !func.has_ref_ops() {
        return;
    }
    let cfg = Cfg::new(func);
    let tree = DomTree::new(func, &cfg);
    let mut walk = Walk::new(func, env, &cfg);
    walk.find(func, &tree);
    let rewrite = walk.rewrite(func, &tree);
    rewrite.apply(func);
}

/// What walks learn.
struct Walk<'a> {
    header: &'a Header,
    cfg: &'a Cfg,
    /// By value: the value that casts pass on as this one.
    roots: Vec<Value>,
    /// By value: what is known of it at the current place, if it is its own root.
    now: Vec<Fact>,
    /// What was known before the current block and those above it narrowed it, the latest last.
    undo: Vec<(Value, Fact)>,
    /// By value: what all edges pass for a parameter of a block.
    params: Vec<Fact>,
    /// By block: whether it was reached.
    is_reached: Vec<bool>,
    /// By block: whether the current walk has been there, or has passed by because it was not reached.
    is_visited: Vec<bool>,
    /// By edge: the last terminator from which it was followed, since a switch may have an edge many times.
    followed: Vec<u32>,
    n_followed: u32,
    /// Whether what was assumed of a block turned out to be wrong after it was visited.
    is_wrong: bool,
}

/// What to do at the end of a block's subtree.
enum Step {
    Enter(Block),
    /// Forget what the subtree learned: what was known when there were so many entries to undo.
    Leave(usize),
}

impl<'a> Walk<'a> {
    fn new(func: &Func, env: &Env<'a>, cfg: &'a Cfg) -> Walk<'a> {
        let mut walk = Walk {
            header: env.header,
            cfg,
            roots: (0..func.n_values() as u32).map(Value::new).collect(),
            now: vec![Fact::ANYTHING; func.n_values()],
            undo: Vec::new(),
            params: vec![Fact::NOTHING; func.n_values()],
            is_reached: vec![false; func.n_blocks()],
            is_visited: vec![false; func.n_blocks()],
            followed: vec![0; func.n_edges()],
            n_followed: 0,
            is_wrong: false,
        };
        let entry = Block::new(0);
        walk.is_reached[0] = true;
        for (nth, &value) in func.params(entry).iter().enumerate() {
            let ty = env.params.get(nth);
            walk.params[value.index()] =
                ty.map_or(Fact::ANYTHING, |&ty| Fact::of_value(env.header, ty));
        }
        walk
    }

    /// Walks until what was assumed is true.
    fn find(&mut self, func: &Func, tree: &DomTree) {
        for n in 1.. {
            self.is_wrong = false;
            self.is_visited.fill(false);
            if n >= WALKS_MAX {
                self.give_up(func, n > WALKS_MAX);
            }
            self.walk(tree, |walk, block| walk.block(func, block));
            if !self.is_wrong {
                return;
            }
        }
    }

    /// Expects nothing any more of back edges, or of any edge.
    fn give_up(&mut self, func: &Func, of_all: bool) {
        for block in func.blocks().skip(1) {
            let mut preds = self.cfg.preds(block).iter();
            if of_all || preds.any(|&(pred, _)| pred >= block) {
                for param in func.params(block) {
                    self.params[param.index()] = Fact::ANYTHING;
                }
            }
        }
        if of_all {
            self.is_reached.fill(true);
        }
    }

    /// Visits the blocks that are reached, with what is known at the start of each.
    fn walk(&mut self, tree: &DomTree, mut visit: impl FnMut(&mut Self, Block)) {
        let mut steps = vec![Step::Enter(Block::new(0))];
        while let Some(step) = steps.pop() {
            match step {
                Step::Enter(block) => {
                    self.is_visited[block.index()] = true;
                    if !self.is_reached[block.index()] {
                        continue;
                    }
                    steps.push(Step::Leave(self.undo.len()));
                    visit(self, block);
                    let children = tree.children(block).iter().rev();
                    steps.extend(children.map(|&child| Step::Enter(child)));
                }
                Step::Leave(n) => {
                    for (value, fact) in self.undo.drain(n..).rev() {
                        self.now[value.index()] = fact;
                    }
                }
            }
        }
    }

    /// What is known of a value at the current place.
    fn fact(&self, func: &Func, value: Value) -> Fact {
        if func.is_const(value) {
            Fact::NULL
        } else {
            self.now[self.roots[value.index()].index()]
        }
    }

    /// More is known of a value from here on.
    fn narrow(&mut self, func: &Func, value: Value, fact: Fact) {
        if func.is_const(value) {
            return;
        }
        let root = self.roots[value.index()];
        let old = std::mem::replace(&mut self.now[root.index()], fact);
        if old != fact {
            self.undo.push((root, old));
        }
    }

    /// Whether casts pass on one value as the other.
    fn is_same(&self, func: &Func, a: Value, b: Value) -> bool {
        let root = |value: Value| (!func.is_const(value)).then(|| self.roots[value.index()]);
        root(a).is_some() && root(a) == root(b)
    }

    fn block(&mut self, func: &Func, block: Block) {
        self.enter(func, block);
        for &id in func.insts(block) {
            self.inst(func, id);
        }
        self.term(func, block);
    }

    /// What is known when a block is entered.
    fn enter(&mut self, func: &Func, block: Block) {
        for &param in func.params(block) {
            self.now[param.index()] = self.params[param.index()];
        }
        if let [(pred, edge)] = *self.cfg.preds(block)
            && let Some((value, fact)) = self.learned(func, pred, edge)
        {
            self.narrow(func, value, fact);
        }
    }

    /// What taking an edge says about a value.
    fn learned(&self, func: &Func, from: Block, edge: EdgeId) -> Option<(Value, Fact)> {
        let Term::Branch { cond, then, .. } = func.term(from) else {
            return None;
        };
        let is_true = edge == then;
        match *func.def_inst(cond)? {
            Inst::RefIsNull { value } => {
                let fact = self.fact(func, value);
                let null = fact.kinds.and(RefKinds::NULL);
                let fact = if is_true {
                    fact.without(fact.kinds.without(null))
                } else {
                    fact.without(null)
                };
                Some((value, fact))
            }
            Inst::Gc {
                op: GcOp::RefTest { heap, nullable },
                args,
            } => {
                let ty = RefType { heap, nullable };
                let value = func.list(args)[0];
                let fact = self.fact(func, value);
                let fact = if is_true {
                    fact.if_of(self.header, ty)
                } else {
                    fact.unless_of(self.header, ty)
                };
                Some((value, fact))
            }
            _ => None,
        }
    }

    /// What is known behind an instruction.
    fn inst(&mut self, func: &Func, id: InstId) {
        let inst = func.inst(id);
        if let Inst::Gc {
            op: GcOp::RefCast { .. },
            args,
        } = *inst
        {
            let operand = func.list(args)[0];
            if !func.is_const(operand) {
                self.roots[func.result(id).index()] = self.roots[operand.index()];
            }
        }
        for value in func.inst_results(id) {
            if self.roots[value.index()] == value && func.ty(value).is_ref() {
                let fact = self.result(func, inst, value);
                self.now[value.index()] = fact;
            }
        }
        if let Some((value, fact)) = self.survived(func, inst) {
            self.narrow(func, value, fact);
        }
    }

    /// What the result of an instruction is.
    fn result(&self, func: &Func, inst: &Inst, value: Value) -> Fact {
        let header = self.header;
        let nth = match func.def(value) {
            Def::Result(_, nth) => usize::from(nth),
            _ => 0,
        };
        let called = |ty: TypeIdx| Fact::of_value(header, header.type_at(ty).results()[nth]);
        match *inst {
            Inst::RefFunc { func } => function(header, func),
            Inst::Select {
                then, otherwise, ..
            } => self
                .fact(func, then)
                .join(self.fact(func, otherwise), header),
            Inst::GlobalGet { global } => {
                Fact::of_value(header, header.globals()[global.index()].content)
            }
            Inst::TableGet { table, .. } => {
                Fact::of_type(header, header.tables()[table.index()].element)
            }
            Inst::Call { func, .. } => called(header.funcs()[func.index()]),
            Inst::CallIndirect { ty, .. } | Inst::CallRef { ty, .. } => called(ty),
            Inst::Gc { op, args } => match op {
                GcOp::RefI31 => Fact::kinds(RefKinds::I31),
                GcOp::StructNew(ty)
                | GcOp::ArrayNew(ty)
                | GcOp::ArrayNewFixed(ty)
                | GcOp::ArrayNewData { ty, .. }
                | GcOp::ArrayNewElem { ty, .. } => Fact::exactly(header, ty),
                GcOp::StructGet { ty, field, .. } => {
                    Fact::of_value(header, ir::struct_field(header, ty, field).unpacked())
                }
                GcOp::ArrayGet { ty, .. } => {
                    Fact::of_value(header, ir::array_element(header, ty).unpacked())
                }
                GcOp::RefCast { heap, nullable } => {
                    let ty = RefType { heap, nullable };
                    self.fact(func, func.list(args)[0]).if_of(header, ty)
                }
                _ => Fact::ANYTHING,
            },
            Inst::Exn { op, .. } => match op {
                ExnOp::Caught | ExnOp::New(_) => Fact::kinds(RefKinds::OTHER),
                ExnOp::Field { tag, field } => {
                    let payload = header.type_at(header.tags()[tag.index()]);
                    Fact::of_value(header, payload.params()[field as usize])
                }
                ExnOp::Is(_) => Fact::ANYTHING,
            },
            _ => Fact::ANYTHING,
        }
    }

    /// What is known of an operand once an instruction has not trapped.
    fn survived(&self, func: &Func, inst: &Inst) -> Option<(Value, Fact)> {
        let not_null = |value| {
            let fact = self.fact(func, value);
            Some((value, fact.without(RefKinds::NULL)))
        };
        match *inst {
            Inst::NullCheck { value } => not_null(value),
            Inst::CallRef { callee, .. } => not_null(callee),
            Inst::Gc { op, args } => match op {
                GcOp::StructGet { .. }
                | GcOp::StructSet { .. }
                | GcOp::ArrayGet { .. }
                | GcOp::ArraySet(_)
                | GcOp::ArrayLen
                | GcOp::ArrayFill(_)
                | GcOp::ArrayCopy { .. }
                | GcOp::ArrayInitData { .. }
                | GcOp::ArrayInitElem { .. }
                | GcOp::I31Get { .. } => not_null(func.list(args)[0]),
                GcOp::RefCast { heap, nullable } => {
                    let value = func.list(args)[0];
                    let ty = RefType { heap, nullable };
                    Some((value, self.fact(func, value).if_of(self.header, ty)))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Where a block leads, and with what.
    fn term(&mut self, func: &Func, block: Block) {
        let taken = self.decided(func, func.term(block));
        self.n_followed += 1;
        func.for_each_edge(block, |edge| {
            let followed = &mut self.followed[edge.index()];
            let is_new = std::mem::replace(followed, self.n_followed) != self.n_followed;
            if is_new && taken.is_none_or(|taken| taken == edge) {
                self.edge(func, block, edge);
            }
        });
    }

    fn edge(&mut self, func: &Func, from: Block, edge: EdgeId) {
        let learned = self.learned(func, from, edge);
        let to = func.edge(edge).to;
        let is_late = self.is_visited[to.index()];
        if !std::mem::replace(&mut self.is_reached[to.index()], true) {
            self.is_wrong |= is_late;
        }
        let args = func.edge_args(edge);
        for (nth, &param) in func.params(to).iter().enumerate() {
            if !func.ty(param).is_ref() {
                continue;
            }
            let fact = match args.get(nth) {
                Some(&arg) => match learned {
                    Some((value, fact)) if self.is_same(func, value, arg) => fact,
                    _ => self.fact(func, arg),
                },
                None => Fact::ANYTHING,
            };
            let old = self.params[param.index()];
            let new = old.join(fact, self.header);
            if new != old {
                self.params[param.index()] = new;
                self.is_wrong |= is_late;
            }
        }
    }

    /// The edge that a terminator always takes, if it is known.
    fn decided(&self, func: &Func, term: Term) -> Option<EdgeId> {
        let Term::Branch {
            cond,
            then,
            otherwise,
        } = term
        else {
            return None;
        };
        let is_true = match func.const_bits(cond) {
            Some(bits) => bits != 0,
            None => self.known_test(func, func.def_inst(cond)?)?,
        };
        Some(if is_true { then } else { otherwise })
    }

    /// What a test of references finds, if it is known.
    fn known_test(&self, func: &Func, inst: &Inst) -> Option<bool> {
        match *inst {
            Inst::RefIsNull { value } => {
                let kinds = self.fact(func, value).kinds;
                if kinds.is_empty() {
                    None
                } else if !kinds.meets(RefKinds::NULL) {
                    Some(false)
                } else {
                    (kinds == RefKinds::NULL).then_some(true)
                }
            }
            Inst::Gc {
                op: GcOp::RefTest { heap, nullable },
                args,
            } => {
                let ty = RefType { heap, nullable };
                self.fact(func, func.list(args)[0]).is_of(self.header, ty)
            }
            Inst::Gc {
                op: GcOp::RefEq,
                args,
            } => {
                let &[a, b] = func.list(args) else {
                    return None;
                };
                if self.is_same(func, a, b) {
                    return Some(true);
                }
                let (a, b) = (self.fact(func, a), self.fact(func, b));
                if a.kinds == RefKinds::NULL && b.kinds == RefKinds::NULL {
                    return Some(true);
                }
                (!a.kinds.meets(b.kinds)).then_some(false)
            }
            _ => None,
        }
    }
}

/// What a reference to a function is. Imported ones may have any subtype.
fn function(header: &Header, func: FuncIdx) -> Fact {
    let mut fact = Fact::exactly(header, header.funcs()[func.index()]);
    if let Some(Bound { is_exact, .. }) = &mut fact.ty {
        *is_exact = header.defined_func(func).is_some();
    }
    fact
}

/// What is to be changed.
#[derive(Default)]
struct Rewrite {
    same: Same,
    /// By instruction: whether it goes.
    is_gone: Vec<bool>,
    /// Instructions that are made of others, each before the one that has its result.
    new: Vec<(InstId, InstId)>,
    has_decided: bool,
}

impl Rewrite {
    fn apply(mut self, func: &mut Func) {
        self.same.apply(func);
        if self.is_gone.contains(&true) || !self.new.is_empty() {
            let mut new = self.new.drain(..).peekable();
            func.rearrange(|_, insts, order| {
                for &id in insts {
                    while let Some((made, _)) = new.next_if(|(_, before)| *before == id) {
                        order.push(made);
                    }
                    if !self.is_gone.get(id.index()).is_some_and(|gone| *gone) {
                        order.push(id);
                    }
                }
            });
        }
        if self.has_decided {
            func.empty_unreachable();
        }
    }
}

impl Walk<'_> {
    /// Walks once more, and changes what is decided.
    fn rewrite(&mut self, func: &mut Func, tree: &DomTree) -> Rewrite {
        let mut rewrite = Rewrite {
            is_gone: vec![false; func.n_insts()],
            ..Rewrite::default()
        };
        let mut terms = Vec::new();
        self.walk(tree, |walk, block| {
            walk.enter(func, block);
            for at in 0..func.insts(block).len() {
                let id = func.insts(block)[at];
                walk.rewrite_inst(func, id, &mut rewrite);
                walk.inst(func, id);
            }
            if let Some(edge) = walk.decided(func, func.term(block)) {
                terms.push((block, Term::Jump(edge)));
            } else if let Term::TailCall {
                callee: Callee::Ref { callee, .. },
                args,
            } = func.term(block)
                && let Some(target) = walk.callee(func, callee)
            {
                let callee = Callee::Func(target);
                terms.push((block, Term::TailCall { callee, args }));
            }
        });
        // What blocks dominate learns from their terminators as they were, so they are replaced only now.
        for (block, term) in terms {
            rewrite.has_decided |= matches!(term, Term::Jump(_));
            func.set_term(block, term);
        }
        // The walk followed the tree, not the order of blocks.
        let mut place = vec![0; func.n_insts()];
        let func: &Func = func;
        let order = func.blocks().flat_map(|block| func.insts(block));
        for (nth, id) in order.enumerate() {
            place[id.index()] = nth;
        }
        rewrite.new.sort_by_key(|(_, before)| place[before.index()]);
        rewrite
    }

    fn rewrite_inst(&mut self, func: &mut Func, id: InstId, rewrite: &mut Rewrite) {
        let inst = *func.inst(id);
        if let Some(found) = self.known_test(func, &inst) {
            let result = func.result(id);
            let constant = func.constant(Type::I32, found.into());
            rewrite.same.set(func, result, constant);
            return;
        }
        match inst {
            Inst::NullCheck { value } => {
                let fact = self.fact(func, value);
                rewrite.is_gone[id.index()] = !fact.kinds.is_empty() && !fact.may_be_null();
            }
            Inst::CallRef {
                n_results,
                ty,
                callee,
                args,
            } => match self.callee(func, callee) {
                // A function of another type is never called: the cast before the call fails.
                Some(target) if self.is_of_type(target, ty) => {
                    let call = Inst::Call {
                        n_results,
                        func: target,
                        args,
                    };
                    func.set_inst(id, call);
                }
                _ => self.set_kinds(func, id, callee),
            },
            Inst::Gc { op, args } if !args.is_empty() => self.rewrite_gc(func, id, op, rewrite),
            _ => {}
        }
    }

    fn rewrite_gc(&mut self, func: &mut Func, id: InstId, op: GcOp, rewrite: &mut Rewrite) {
        let Inst::Gc { args, .. } = *func.inst(id) else {
            return;
        };
        let operand = func.list(args)[0];
        let operand_inst = func.def_inst(operand).copied();
        match op {
            GcOp::RefCast { heap, nullable } | GcOp::RefTest { heap, nullable } => {
                let ty = RefType { heap, nullable };
                let fact = self.fact(func, operand);
                let is_cast = matches!(op, GcOp::RefCast { .. });
                if is_cast && fact.is_of(self.header, ty) == Some(true) {
                    let operand = rewrite.same.now(operand);
                    rewrite.same.set(func, func.result(id), operand);
                    rewrite.is_gone[id.index()] = true;
                    return;
                }
                let ty = fact.easier(self.header, ty);
                let op = if is_cast {
                    GcOp::ref_cast(ty)
                } else {
                    GcOp::ref_test(ty)
                };
                func.set_inst(id, Inst::Gc { op, args });
                self.set_kinds(func, id, operand);
            }
            GcOp::RefEq => {
                let [a, b] = [0, 1].map(|nth| func.list(args)[nth]);
                if func.is_const(a) || func.is_const(b) {
                    let value = if func.is_const(a) { b } else { a };
                    func.set_inst(id, Inst::RefIsNull { value });
                }
            }
            GcOp::I31Get { signed } => match operand_inst {
                Some(Inst::Gc {
                    op: GcOp::RefI31,
                    args,
                }) => {
                    let number = func.list(args)[0];
                    sign_or_zero_extend(func, id, number, signed, rewrite);
                }
                _ => self.set_kinds(func, id, operand),
            },
            GcOp::RefI31 => {
                // What was taken out of an i31 makes the same one again, however it was extended.
                if let Some(Inst::Gc {
                    op: GcOp::I31Get { .. },
                    args,
                }) = operand_inst
                {
                    let old = rewrite.same.now(func.list(args)[0]);
                    rewrite.same.set(func, func.result(id), old);
                }
            }
            GcOp::ArrayLen => {
                let known = match operand_inst {
                    Some(Inst::Gc { op, args }) => match op {
                        GcOp::ArrayNew(_)
                        | GcOp::ArrayNewData { .. }
                        | GcOp::ArrayNewElem { .. } => Some(func.list(args)[1]),
                        GcOp::ArrayNewFixed(_) => {
                            Some(func.constant(Type::I32, args.len() as u128))
                        }
                        _ => None,
                    },
                    _ => None,
                };
                match known {
                    Some(len) => {
                        let len = rewrite.same.now(len);
                        rewrite.same.set(func, func.result(id), len);
                        rewrite.is_gone[id.index()] = true;
                    }
                    None => self.set_kinds(func, id, operand),
                }
            }
            GcOp::StructGet { ty, field, .. } => {
                match self.constant_field(func, operand, ty, field) {
                    Some(Op::RefFunc(target)) => {
                        func.set_inst(id, Inst::RefFunc { func: target });
                    }
                    _ => self.set_kinds(func, id, operand),
                }
            }
            GcOp::StructSet { .. }
            | GcOp::ArrayGet { .. }
            | GcOp::ArraySet(_)
            | GcOp::ArrayFill(_)
            | GcOp::ArrayCopy { .. }
            | GcOp::ArrayInitData { .. }
            | GcOp::ArrayInitElem { .. } => self.set_kinds(func, id, operand),
            GcOp::StructNew(_)
            | GcOp::ArrayNew(_)
            | GcOp::ArrayNewFixed(_)
            | GcOp::ArrayNewData { .. }
            | GcOp::ArrayNewElem { .. } => {}
        }
    }

    /// Writes down what an operand can be, where machine code can be better for it.
    fn set_kinds(&self, func: &mut Func, id: InstId, operand: Value) {
        let kinds = self.fact(func, operand).kinds;
        if !kinds.is_empty() && kinds != RefKinds::ALL {
            func.set_operand_kinds(id, kinds);
        }
    }

    /// Whether a function surely is of a type that it is called with.
    fn is_of_type(&self, func: FuncIdx, ty: TypeIdx) -> bool {
        let ty = RefType {
            nullable: false,
            heap: HeapType::Concrete(TypeKind::Func, ty),
        };
        function(self.header, func).is_of(self.header, ty) == Some(true)
    }

    /// The function that a reference refers to, if it is always the same.
    fn callee(&self, func: &Func, callee: Value) -> Option<FuncIdx> {
        if func.is_const(callee) {
            return None;
        }
        match *func.def_inst(self.roots[callee.index()])? {
            Inst::RefFunc { func } => Some(func),
            Inst::GlobalGet { global } => match *self.constant_global(global)? {
                [Op::RefFunc(func)] => Some(func),
                _ => None,
            },
            Inst::Gc {
                op: GcOp::StructGet { ty, field, .. },
                args,
            } => match self.constant_field(func, func.list(args)[0], ty, field)? {
                Op::RefFunc(func) => Some(func),
                _ => None,
            },
            _ => None,
        }
    }

    /// The operators that a global is always the result of.
    fn constant_global(&self, global: GlobalIdx) -> Option<&[Op]> {
        let header = self.header;
        let defined = global.index().checked_sub(header.n_imported_globals())?;
        let is_mutable = header.globals()[global.index()].mutable;
        (!is_mutable).then(|| header.global_inits()[defined].ops())
    }

    /// The operator that a field is always the result of: one of a structure that a constant global refers to.
    fn constant_field(&self, func: &Func, object: Value, ty: TypeIdx, field: u32) -> Option<Op> {
        let mutable = match &self.header.sub_type(ty).composite {
            CompositeType::Struct(found) => found.fields[field as usize].mutable,
            _ => true,
        };
        if mutable || func.is_const(object) {
            return None;
        }
        let Some(&Inst::GlobalGet { global }) = func.def_inst(self.roots[object.index()]) else {
            return None;
        };
        let (last, fields) = self.constant_global(global)?.split_last()?;
        let is_new = matches!(*last, Op::StructNew(made)
            if matches!(&self.header.sub_type(made).composite,
                CompositeType::Struct(made) if made.fields.len() == fields.len()));
        let is_simple = |op: &Op| {
            matches!(
                op,
                Op::RefFunc(_)
                    | Op::RefNull(_)
                    | Op::GlobalGet(_)
                    | Op::I32Const(_)
                    | Op::I64Const(_)
                    | Op::F32Const(_)
                    | Op::F64Const(_)
                    | Op::V128Const(_)
            )
        };
        (is_new && fields.iter().all(is_simple)).then(|| fields[field as usize])
    }
}

/// Makes `i31.get` of an i31 that was made of `number` what it does to the number.
fn sign_or_zero_extend(
    func: &mut Func,
    id: InstId,
    number: Value,
    signed: bool,
    rewrite: &mut Rewrite,
) {
    if !signed {
        let mask = func.constant(Type::I32, 0x7fff_ffff);
        func.set_inst(id, Inst::compute(Compute::I32And, &[number, mask]));
        return;
    }
    let one = func.constant(Type::I32, 1);
    let shl = Inst::compute(Compute::I32Shl, &[number, one]);
    let shifted = func.make_inst(shl, func.offset(id), &[Type::I32]);
    rewrite.new.push((shifted, id));
    let shifted = func.result(shifted);
    func.set_inst(id, Inst::compute(Compute::I32ShrS, &[shifted, one]));
}
