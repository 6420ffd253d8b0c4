//! What flows where: from where each reference that a function or a constant expression writes can come.
//!
//! Apart from solving because functions are looked at one by one. What is noted here is what writing the function can say of types, too,
//! so that no cast becomes necessary where something is refined.

use super::slots::{Slots, reference};
use ir::{Block, Callee, Cfg, Def, ExnOp, Func, GcOp, Inst, Term, Value};
use module::{
    BodyReader, CompositeType, ConstExpr, FuncIdx, Header, HeapType, Op, RefType, TypeIdx,
    TypeKind, ValType,
};
use std::collections::BTreeSet;

/// Where a reference comes from.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Source {
    Slot(u32),
    /// A node of the function.
    Node(u32),
    /// It has this type.
    Type(RefType),
    Null,
    /// It can be anything; or it is no reference.
    Unknown,
}

/// What a reference passes through on its way.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Node {
    /// It is one of several.
    Join,
    /// It has been cast.
    Cast(RefType),
    /// It is not null.
    NonNull,
}

/// Where it arrives.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Target {
    Slot(u32),
    Node(u32),
}

/// What a function does with slots.
#[derive(Clone, Default)]
pub(super) struct Flow {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<(Source, Target)>,
    /// Pairs of slots of which the first goes into the second without passing through code that could cast it.
    pub(super) bounds: Vec<(u32, u32)>,
    /// Fields that are read.
    pub(super) reads: Vec<u32>,
    /// Fields and elements that are written after their object was made.
    pub(super) sets: Vec<u32>,
    /// What is stored into fields, where it is a number or null.
    pub(super) stores: Vec<(u32, Option<u128>)>,
    /// What it names: types of objects, functions that it calls, globals; each maybe several times.
    pub(super) types: Vec<TypeIdx>,
    pub(super) calls: Vec<FuncIdx>,
    pub(super) globals: Vec<u32>,
    /// What holds what it is declared to hold, and is where it is declared: fields of types, parameters and results of functions.
    pinned_types: Vec<TypeIdx>,
    pinned_funcs: Vec<FuncIdx>,
    /// Types whose fields are where they are declared.
    staying: Vec<TypeIdx>,
}

fn object(header: &Header, ty: TypeIdx) -> RefType {
    RefType {
        nullable: false,
        heap: HeapType::Concrete(header.sub_type(ty).composite.kind(), ty),
    }
}

fn function(header: &Header, func: FuncIdx) -> RefType {
    RefType {
        nullable: false,
        heap: HeapType::Concrete(TypeKind::Func, header.funcs()[func.index()]),
    }
}

fn n_fields(header: &Header, ty: TypeIdx) -> usize {
    match &header.sub_type(ty).composite {
        CompositeType::Struct(found) => found.fields.len(),
        _ => 1,
    }
}

fn typed(ty: ValType) -> Source {
    reference(ty).map_or(Source::Unknown, Source::Type)
}

impl Flow {
    fn node(&mut self, node: Node, from: &[Source]) -> Source {
        let number = self.nodes.len() as u32;
        self.nodes.push(node);
        for &from in from {
            self.edges.push((from, Target::Node(number)));
        }
        Source::Node(number)
    }

    fn write(&mut self, slots: &Slots, slot: u32, from: Source) {
        if slots.declared[slot as usize].is_some() {
            self.edges.push((from, Target::Slot(slot)));
        }
    }

    /// The same, where nothing can be cast on the way.
    pub(super) fn write_as_is(&mut self, slots: &Slots, slot: u32, from: Source) {
        self.write(slots, slot, from);
        if let Source::Slot(from) = from {
            self.bounds.push((from, slot));
        }
    }

    /// What a function does of which the form is known.
    pub(super) fn of(func: &Func, own: FuncIdx, header: &Header, slots: &Slots) -> Flow {
        let cfg = Cfg::new(func);
        let mut flow = Flow::default();
        let mut from = vec![Source::Unknown; func.n_values()];
        for &block in cfg.rpo() {
            for (nth, &param) in func.params(block).iter().enumerate() {
                if !func.ty(param).is_ref() {
                    continue;
                }
                let is_first = block == Block::new(0);
                let passed = slots.param(own, nth);
                from[param.index()] = match (is_first, cfg.preds(block).is_empty()) {
                    (true, true) => Source::Slot(passed),
                    (true, false) => flow.node(Node::Join, &[Source::Slot(passed)]),
                    (false, _) => flow.node(Node::Join, &[]),
                };
            }
        }
        for &block in cfg.rpo() {
            let insts = func.insts(block);
            for (at, &id) in insts.iter().enumerate() {
                let inst = func.inst(id);
                for value in func.inst_results(id) {
                    if func.ty(value).is_ref() {
                        from[value.index()] = flow.result(func, inst, value, header, slots, &from);
                    }
                }
                // A check right behind it becomes part of it.
                if let Some(Inst::NullCheck { value }) = insts.get(at + 1).map(|&id| func.inst(id))
                    && func.def(*value) == Def::Result(id, 0)
                    && inst.n_results() == 1
                {
                    let unchecked = from[value.index()];
                    from[value.index()] = flow.node(Node::NonNull, &[unchecked]);
                }
                let source = |value: Value| source(func, &from, value);
                flow.inst(func, inst, header, slots, &source);
            }
            let source = |value: Value| source(func, &from, value);
            flow.term(func, func.term(block), own, header, slots, &source);
            func.for_each_edge(block, |edge| {
                let args = func.edge_args(edge);
                for (nth, &param) in func.params(func.edge(edge).to).iter().enumerate() {
                    if let Some(node) = join_of(func, &from, param) {
                        let from = args.get(nth).map_or(Source::Unknown, |&arg| source(arg));
                        flow.edges.push((from, node));
                    }
                }
            });
        }
        // What is not reached is written as well, maybe.
        for block in func.blocks().filter(|&block| !cfg.is_reachable(block)) {
            for &id in func.insts(block) {
                flow.inst(func, func.inst(id), header, slots, &|_| Source::Unknown);
            }
            flow.term(func, func.term(block), own, header, slots, &|_| {
                Source::Unknown
            });
        }
        flow.names();
        flow
    }

    fn names(&mut self) {
        self.types.sort_unstable_by_key(|ty| ty.0);
        self.types.dedup();
        self.calls.sort_unstable_by_key(|func| func.0);
        self.calls.dedup();
        self.globals.sort_unstable();
        self.globals.dedup();
        for types in [&mut self.pinned_types, &mut self.staying] {
            types.sort_unstable_by_key(|ty| ty.0);
            types.dedup();
        }
        self.pinned_funcs.sort_unstable_by_key(|func| func.0);
        self.pinned_funcs.dedup();
    }

    /// Where a result of an instruction comes from.
    fn result(
        &mut self,
        func: &Func,
        inst: &Inst,
        value: Value,
        header: &Header,
        slots: &Slots,
        from: &[Source],
    ) -> Source {
        let nth = match func.def(value) {
            Def::Result(_, nth) => usize::from(nth),
            _ => 0,
        };
        let of = |value| source(func, from, value);
        match *inst {
            Inst::GlobalGet { global } => Source::Slot(slots.global(global)),
            Inst::TableGet { table, .. } => Source::Type(header.tables()[table.index()].element),
            Inst::RefFunc { func } => Source::Type(function(header, func)),
            Inst::Call { func, .. } => Source::Slot(slots.result(func, nth)),
            Inst::CallIndirect { ty, .. } | Inst::CallRef { ty, .. } => {
                typed(header.type_at(ty).results()[nth])
            }
            // The operator's type is nullable.
            Inst::Select {
                then, otherwise, ..
            } => self.node(Node::Join, &[of(then), of(otherwise), Source::Null]),
            Inst::Gc { op, args } => match op {
                GcOp::RefI31 => Source::Type(RefType {
                    nullable: false,
                    heap: HeapType::I31,
                }),
                GcOp::StructNew(ty)
                | GcOp::ArrayNew(ty)
                | GcOp::ArrayNewFixed(ty)
                | GcOp::ArrayNewData { ty, .. }
                | GcOp::ArrayNewElem { ty, .. } => Source::Type(object(header, ty)),
                GcOp::StructGet { ty, field, .. } => Source::Slot(slots.field(ty, field)),
                GcOp::ArrayGet { ty, .. } => Source::Slot(slots.field(ty, 0)),
                GcOp::RefCast { heap, nullable } => {
                    let cast = of(func.list(args)[0]);
                    self.node(Node::Cast(RefType { nullable, heap }), &[cast])
                }
                _ => Source::Unknown,
            },
            Inst::Exn { op, .. } => match op {
                ExnOp::Caught | ExnOp::New(_) => Source::Type(RefType {
                    nullable: false,
                    heap: HeapType::Exn,
                }),
                ExnOp::Field { tag, field } => {
                    let payload = header.type_at(header.tags()[tag.index()]);
                    typed(payload.params()[field as usize])
                }
                ExnOp::Is(_) => Source::Unknown,
            },
            _ => Source::Unknown,
        }
    }

    /// What an instruction does with slots.
    fn inst(
        &mut self,
        func: &Func,
        inst: &Inst,
        header: &Header,
        slots: &Slots,
        source: &impl Fn(Value) -> Source,
    ) {
        match *inst {
            Inst::GlobalGet { global } => self.globals.push(global.0),
            Inst::GlobalSet { global, value } => {
                self.globals.push(global.0);
                self.write(slots, slots.global(global), source(value));
            }
            Inst::Call {
                func: callee, args, ..
            } => {
                self.calls.push(callee);
                for (nth, &arg) in func.list(args).iter().enumerate() {
                    self.write(slots, slots.param(callee, nth), source(arg));
                }
            }
            Inst::Gc { op, args } => {
                let args = func.list(args);
                let elem_type =
                    |elem: module::ElemIdx| Source::Type(header.elems()[elem.0 as usize].ty);
                match op {
                    GcOp::StructNew(ty) => {
                        self.types.push(ty);
                        for (nth, &arg) in args.iter().enumerate() {
                            let slot = slots.field(ty, nth as u32);
                            self.write(slots, slot, source(arg));
                            self.stores.push((slot, func.const_bits(arg)));
                        }
                    }
                    GcOp::StructGet { ty, field, .. } => {
                        self.types.push(ty);
                        self.reads.push(slots.field(ty, field));
                        self.null(func, args[0], slots.field(ty, field));
                    }
                    GcOp::StructSet { ty, field } => {
                        self.types.push(ty);
                        let slot = slots.field(ty, field);
                        self.sets.push(slot);
                        self.write(slots, slot, source(args[1]));
                        self.stores.push((slot, func.const_bits(args[1])));
                        self.null(func, args[0], slot);
                    }
                    GcOp::ArrayNew(ty) => {
                        self.types.push(ty);
                        self.write(slots, slots.field(ty, 0), source(args[0]));
                    }
                    GcOp::ArrayNewFixed(ty) => {
                        self.types.push(ty);
                        for &arg in args {
                            self.write(slots, slots.field(ty, 0), source(arg));
                        }
                    }
                    GcOp::ArrayNewData { ty, .. } | GcOp::ArrayGet { ty, .. } => {
                        self.types.push(ty);
                    }
                    GcOp::ArrayNewElem { ty, elem } => {
                        self.types.push(ty);
                        self.write(slots, slots.field(ty, 0), elem_type(elem));
                    }
                    GcOp::ArraySet(ty) | GcOp::ArrayFill(ty) => {
                        self.types.push(ty);
                        self.sets.push(slots.field(ty, 0));
                        self.write(slots, slots.field(ty, 0), source(args[2]));
                    }
                    GcOp::ArrayCopy { dst, src } => {
                        self.types.extend([dst, src]);
                        self.sets.push(slots.field(dst, 0));
                        let from = Source::Slot(slots.field(src, 0));
                        self.write_as_is(slots, slots.field(dst, 0), from);
                    }
                    GcOp::ArrayInitData { ty, .. } => {
                        self.types.push(ty);
                        self.sets.push(slots.field(ty, 0));
                    }
                    GcOp::ArrayInitElem { ty, elem } => {
                        self.types.push(ty);
                        self.sets.push(slots.field(ty, 0));
                        self.write(slots, slots.field(ty, 0), elem_type(elem));
                    }
                    GcOp::RefEq
                    | GcOp::RefI31
                    | GcOp::I31Get { .. }
                    | GcOp::ArrayLen
                    | GcOp::RefTest { .. }
                    | GcOp::RefCast { .. } => {}
                }
            }
            _ => {}
        }
    }

    /// An access that surely traps keeps the field, so that its trap is that of an access.
    fn null(&mut self, func: &Func, object: Value, slot: u32) {
        if func.is_const(object) {
            self.reads.push(slot);
            self.stores.push((slot, None));
        }
    }

    /// What the end of a block does with slots.
    fn term(
        &mut self,
        func: &Func,
        term: Term,
        own: FuncIdx,
        header: &Header,
        slots: &Slots,
        source: &impl Fn(Value) -> Source,
    ) {
        match term {
            Term::Return(values) => {
                for (nth, &value) in func.list(values).iter().enumerate() {
                    self.write(slots, slots.result(own, nth), source(value));
                }
            }
            Term::TailCall { callee, args } => {
                if let Callee::Func(callee) = callee {
                    self.calls.push(callee);
                    for (nth, &arg) in func.list(args).iter().enumerate() {
                        self.write(slots, slots.param(callee, nth), source(arg));
                    }
                }
                let results = header.type_at(callee.ty(header)).results();
                for (nth, &ty) in results.iter().enumerate() {
                    let from = match callee {
                        Callee::Func(callee) => Source::Slot(slots.result(callee, nth)),
                        _ => typed(ty),
                    };
                    self.write_as_is(slots, slots.result(own, nth), from);
                }
            }
            _ => {}
        }
    }

    /// What a function does whose body stays as it is: whatever it writes must stay as it was declared. `None` if it cannot be read.
    pub(super) fn of_ops(reader: &mut BodyReader<'_>, own: FuncIdx, slots: &Slots) -> Option<Flow> {
        let mut flow = Flow::default();
        flow.pin_func(own);
        while let Some((_, op)) = reader.next().ok()? {
            flow.op(op, slots);
        }
        flow.names();
        Some(flow)
    }

    /// What an operator does that stays, be it reached or not.
    fn op(&mut self, op: Op, slots: &Slots) {
        match op {
            Op::GlobalGet(global) => self.globals.push(global.0),
            Op::GlobalSet(global) => {
                self.globals.push(global.0);
                self.pin(slots, slots.global(global));
            }
            Op::Call(func) | Op::ReturnCall(func) => {
                self.calls.push(func);
                self.pin_func(func);
            }
            Op::StructGet { ty, .. } => {
                self.types.push(ty);
                // Its number is that of the field.
                self.staying.push(ty);
            }
            Op::StructSet { ty, field } => {
                self.types.push(ty);
                self.pin_type(ty);
                self.sets.push(slots.field(ty, field));
            }
            Op::ArrayGet { ty, .. } => self.types.push(ty),
            Op::StructNew(ty)
            | Op::StructNewDefault(ty)
            | Op::ArrayNew(ty)
            | Op::ArrayNewDefault(ty)
            | Op::ArrayNewFixed { ty, .. }
            | Op::ArrayNewData { ty, .. }
            | Op::ArrayNewElem { ty, .. } => {
                self.types.push(ty);
                self.pin_type(ty);
            }
            Op::ArraySet(ty)
            | Op::ArrayFill(ty)
            | Op::ArrayCopy { dst: ty, .. }
            | Op::ArrayInitData { ty, .. }
            | Op::ArrayInitElem { ty, .. } => {
                self.types.push(ty);
                self.pin_type(ty);
                self.sets.push(slots.field(ty, 0));
            }
            _ => {}
        }
        if let Op::ArrayCopy { src, .. } = op {
            self.types.push(src);
        }
    }

    /// A slot holds what it is declared to hold.
    pub(super) fn pin(&mut self, slots: &Slots, slot: u32) {
        if let Some(ty) = slots.declared[slot as usize] {
            self.edges.push((Source::Type(ty), Target::Slot(slot)));
        }
    }

    /// Parameters and results of a function hold what they are declared to hold.
    pub(super) fn pin_func(&mut self, func: FuncIdx) {
        self.pinned_funcs.push(func);
    }

    /// All fields of a type hold what they are declared to hold, and stay where they are.
    pub(super) fn pin_type(&mut self, ty: TypeIdx) {
        self.pinned_types.push(ty);
    }

    /// What all flows together pin. Apart from them because a type has many fields, and is named often.
    pub(super) fn pins(flows: &[&Flow], header: &Header, slots: &Slots) -> Flow {
        let distinct = |named: fn(&Flow) -> &[TypeIdx]| -> BTreeSet<u32> {
            let all = flows.iter().flat_map(|flow| named(flow));
            all.map(|ty| ty.0).collect()
        };
        let pinned = distinct(|flow| &flow.pinned_types);
        let staying = distinct(|flow| &flow.staying);
        let mut pins = Flow::default();
        for &ty in &pinned {
            let ty = TypeIdx(ty);
            if matches!(header.sub_type(ty).composite, CompositeType::Func(_)) {
                continue;
            }
            for field in 0..n_fields(header, ty) {
                pins.pin(slots, slots.field(ty, field as u32));
            }
            pins.stay(ty, header, slots);
        }
        for &ty in staying.difference(&pinned) {
            pins.stay(TypeIdx(ty), header, slots);
        }
        let funcs = flows.iter().flat_map(|flow| &flow.pinned_funcs);
        let funcs: BTreeSet<u32> = funcs.map(|func| func.0).collect();
        for func in funcs.into_iter().map(FuncIdx) {
            let ty = header.func_type(func);
            for nth in 0..ty.params().len() {
                pins.pin(slots, slots.param(func, nth));
            }
            for nth in 0..ty.results().len() {
                pins.pin(slots, slots.result(func, nth));
            }
        }
        pins
    }

    /// All fields of a type stay where they are.
    fn stay(&mut self, ty: TypeIdx, header: &Header, slots: &Slots) {
        for field in 0..n_fields(header, ty) {
            let slot = slots.field(ty, field as u32);
            self.reads.push(slot);
            self.stores.push((slot, None));
        }
    }

    /// What a constant expression does, and what comes of it.
    pub(super) fn expr(&mut self, expr: &ConstExpr, header: &Header, slots: &Slots) -> Source {
        let mut stack: Vec<(Source, Option<u128>)> = Vec::new();
        for op in expr.ops() {
            let one = match *op {
                Op::I32Const(number) => (Source::Unknown, Some(u128::from(number as u32))),
                Op::I64Const(number) => (Source::Unknown, Some(u128::from(number as u64))),
                Op::F32Const(bits) => (Source::Unknown, Some(u128::from(bits))),
                Op::F64Const(bits) => (Source::Unknown, Some(u128::from(bits))),
                Op::RefNull(_) => (Source::Null, Some(0)),
                Op::RefFunc(func) => (Source::Type(function(header, func)), None),
                Op::GlobalGet(global) => (Source::Slot(slots.global(global)), None),
                Op::RefI31 => {
                    stack.pop();
                    let heap = HeapType::I31;
                    let nullable = false;
                    (Source::Type(RefType { nullable, heap }), None)
                }
                Op::StructNew(ty) => {
                    let first = stack.len() - n_fields(header, ty).min(stack.len());
                    for (nth, (from, bits)) in stack.split_off(first).into_iter().enumerate() {
                        let slot = slots.field(ty, nth as u32);
                        self.write_as_is(slots, slot, from);
                        self.stores.push((slot, bits));
                    }
                    (Source::Type(object(header, ty)), None)
                }
                Op::StructNewDefault(ty) => {
                    for field in 0..n_fields(header, ty) {
                        let slot = slots.field(ty, field as u32);
                        self.write(slots, slot, Source::Null);
                        self.stores.push((slot, Some(0)));
                    }
                    (Source::Type(object(header, ty)), None)
                }
                Op::ArrayNew(ty) => {
                    stack.pop();
                    let element = stack.pop().map_or(Source::Unknown, |(from, _)| from);
                    self.write_as_is(slots, slots.field(ty, 0), element);
                    (Source::Type(object(header, ty)), None)
                }
                Op::ArrayNewDefault(ty) => {
                    stack.pop();
                    self.write(slots, slots.field(ty, 0), Source::Null);
                    (Source::Type(object(header, ty)), None)
                }
                Op::ArrayNewFixed { ty, len } => {
                    let first = stack.len() - (len as usize).min(stack.len());
                    for (from, _) in stack.split_off(first) {
                        self.write_as_is(slots, slots.field(ty, 0), from);
                    }
                    (Source::Type(object(header, ty)), None)
                }
                // Of a conversion nothing is known but the kind; of two numbers comes one.
                Op::AnyConvertExtern | Op::ExternConvertAny => {
                    stack.pop();
                    (Source::Unknown, None)
                }
                Op::Compute(_) => {
                    stack.pop();
                    stack.pop();
                    (Source::Unknown, None)
                }
                _ => (Source::Unknown, None),
            };
            stack.push(one);
        }
        stack.pop().map_or(Source::Unknown, |(from, _)| from)
    }
}

fn source(func: &Func, from: &[Source], value: Value) -> Source {
    match func.is_const(value) && func.ty(value).is_ref() {
        true => Source::Null,
        false => from[value.index()],
    }
}

/// The node of a block's parameter.
fn join_of(func: &Func, from: &[Source], param: Value) -> Option<Target> {
    match from[param.index()] {
        Source::Node(node) if func.ty(param).is_ref() => Some(Target::Node(node)),
        _ => None,
    }
}
