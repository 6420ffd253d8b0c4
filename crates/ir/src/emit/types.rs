//! Types of references, which the SSA form does not have: what validation will know of them, and what it wants.
//!
//! Apart from arranging code because it is about the specification's type rules alone. A value has the type that its definition
//! gives it, a parameter of a block the narrowest one of all that becomes it. Where a use wants more than is known, the reference
//! is cast: the original function could only be valid because the cast cannot fail.

use super::tries::{Entry, Tries};
use super::{EmitError, insts};
use crate::{Block, Callee, Cfg, Def, ExnOp, Func, GcOp, Inst, InstId, Term, Type, Value};
use crate::{array_element, struct_field};
use module::{
    BlockType, CompositeType, FuncType, Header, HeapType, RefType, StorageType, TypeIdx, TypeKind,
};
use module::{ValType, encode};

use std::collections::{HashMap, HashSet};

/// How often all blocks are looked at until types stay what they are.
const ROUNDS_MAX: usize = 256;

/// What a use of an operand wants: a reference of a type, or nothing in particular.
pub(super) type Want = Option<RefType>;

pub(super) struct Types<'f> {
    header: &'f Header,
    ty: &'f FuncType,
    /// By value: its type, if it is a reference; `None` is null. Empty if there are no references.
    of: Vec<Want>,
    /// By value: whether its local cannot be null. Empty if that is not known yet.
    settled: Vec<bool>,
    /// Parameters that clauses leave on the stack.
    entered: HashSet<Value>,
    /// By instruction: what a null check has to do with it. Empty if there are no references.
    checks: Vec<Check>,
    /// Whether functions are told apart by their types.
    has_typed_funcs: bool,
}

/// A null check right behind the instruction that makes the reference is made part of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Check {
    /// Nothing.
    None,
    /// Its result is checked.
    Checked,
    /// It is the check, done already.
    Fused,
}

/// What makes a reference of another type of the one on the stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Convert {
    /// `any.convert_extern`.
    ToAny,
    /// `extern.convert_any`.
    ToExtern,
    /// `ref.as_non_null`.
    NonNull,
    /// `ref.cast`.
    Cast(RefType),
}

impl<'f> Types<'f> {
    pub(super) fn new(
        func: &Func,
        cfg: &Cfg,
        tries: &Tries,
        header: &'f Header,
        ty: &'f FuncType,
    ) -> Result<Types<'f>, EmitError> {
        let mut types = Types {
            header,
            ty,
            of: Vec::new(),
            settled: Vec::new(),
            entered: tries.entered().collect(),
            checks: Vec::new(),
            has_typed_funcs: false,
        };
        let is_ref = |value: u32| func.ty(Value::new(value)).is_ref();
        if !(0..func.n_values() as u32).any(is_ref) {
            return Ok(types);
        }
        types.of = vec![None; func.n_values()];
        types.checks = vec![Check::None; func.n_insts()];
        for &block in cfg.rpo() {
            for pair in func.insts(block).windows(2) {
                let Inst::NullCheck { value } = *func.inst(pair[1]) else {
                    continue;
                };
                let is_new = func.def(value) == Def::Result(pair[0], 0);
                if is_new && func.inst(pair[0]).n_results() == 1 {
                    // An exception that is made here is there.
                    let is_exception = matches!(
                        func.inst(pair[0]),
                        Inst::Exn {
                            op: ExnOp::New(_),
                            ..
                        }
                    );
                    if !is_exception {
                        types.checks[pair[0].index()] = Check::Checked;
                    }
                    types.checks[pair[1].index()] = Check::Fused;
                }
            }
        }
        types.has_typed_funcs = types.wants_typed_funcs(func, cfg);
        types.infer(func, cfg)?;
        if types.infer_nulls(func, cfg, tries) {
            types.infer(func, cfg)?;
        }
        types.check(func, cfg, tries)?;
        Ok(types)
    }

    /// The function's type.
    pub(super) fn ty(&self) -> &'f FuncType {
        self.ty
    }

    /// Says which values' locals cannot be null.
    pub(super) fn settle(&mut self, settled: Vec<bool>) {
        self.settled = settled;
    }

    /// Whether the result of an instruction is checked not to be null where it is made.
    pub(super) fn is_checked(&self, id: InstId) -> bool {
        self.checks.get(id.index()) == Some(&Check::Checked)
    }

    /// Whether an instruction is a check that was done already.
    pub(super) fn is_fused(&self, id: InstId) -> bool {
        self.checks.get(id.index()) == Some(&Check::Fused)
    }

    /// Whether the function has anything to do with references.
    pub(super) fn has_refs(&self) -> bool {
        !self.of.is_empty()
    }

    /// The type of a reference where it was computed; `None` if it is null.
    pub(super) fn of(&self, value: Value) -> Want {
        self.of[value.index()]
    }

    /// The type of the local of a value.
    pub(super) fn local(&self, func: &Func, value: Value) -> ValType {
        if let Some(number) = func.ty(value).number() {
            return number.into();
        }
        if let Def::Param(block, nth) = func.def(value)
            && block == Block::new(0)
            && let Some(&ty) = self.ty.params().get(usize::from(nth))
        {
            return ty;
        }
        let ty = self.of[value.index()].unwrap_or(any(func.ty(value)));
        // Locals start as null.
        let is_settled = self.settled.get(value.index()).is_some_and(|is| *is);
        ValType::Ref(RefType {
            nullable: ty.nullable || !is_settled,
            ..ty
        })
    }

    /// The type of the local of a reference.
    pub(super) fn local_ref(&self, func: &Func, value: Value) -> RefType {
        reference(self.local(func, value)).expect("it is a reference")
    }

    /// The type that a `select` of references has to name; `None` if it is one of numbers.
    pub(super) fn select(&self, func: &Func, id: InstId) -> Want {
        let result = func.result(id);
        if !func.ty(result).is_ref() {
            return None;
        }
        let ty = self.of[result.index()].unwrap_or(any(func.ty(result)));
        Some(RefType {
            nullable: true,
            ..ty
        })
    }

    /// What `ref.null` names where a reference of a type is wanted.
    pub(super) fn null(&self, func: &Func, value: Value, want: Want) -> HeapType {
        let heap = want.unwrap_or(match func.ty(value) {
            Type::FuncRef => RefType::FUNCREF,
            _ => RefType::EXTERNREF,
        });
        match heap.heap {
            HeapType::Concrete(kind, ty) if encode::signed_len(ty.0.into()) > 1 => match kind {
                TypeKind::Func => HeapType::NoFunc,
                TypeKind::Struct | TypeKind::Array => HeapType::None,
            },
            heap => heap,
        }
    }

    /// What makes a reference of one type one of another, at most two steps.
    pub(super) fn converts(&self, from: RefType, to: RefType) -> [Option<Convert>; 2] {
        let mut from = from;
        let mut first = None;
        if from.is_any() && to.is_extern() {
            first = Some(Convert::ToExtern);
            from.heap = HeapType::Extern;
        } else if from.is_extern() && to.is_any() {
            first = Some(Convert::ToAny);
            from.heap = HeapType::Any;
        }
        let is_null_minded = from.nullable && !to.nullable;
        let second = match is_sub(self.header, from.heap, to.heap) {
            true => is_null_minded.then_some(Convert::NonNull),
            false => Some(Convert::Cast(to)),
        };
        [first, second]
    }

    /// Appends what an instruction wants of its operands, in the order in which they are on the stack.
    pub(super) fn wants(&self, func: &Func, id: InstId, out: &mut Vec<Want>) {
        let header = self.header;
        let inst = func.inst(id);
        let args = |out: &mut Vec<Want>, ty: &FuncType| {
            out.extend(ty.params().iter().map(|&ty| reference(ty)));
        };
        let nullable = |heap| {
            Some(RefType {
                nullable: true,
                heap,
            })
        };
        let start = out.len();
        match *inst {
            Inst::Select { .. } => {
                let ty = self.select(func, id);
                out.extend([ty, ty, None]);
            }
            Inst::GlobalSet { global, .. } => {
                out.push(reference(header.globals()[global.index()].content));
            }
            Inst::TableSet { table, .. } => out.extend([None, self.element(table)]),
            Inst::TableGrow { table, .. } => out.extend([self.element(table), None]),
            Inst::TableFill { table, .. } => out.extend([None, self.element(table), None]),
            Inst::Call { func: callee, .. } => args(out, header.func_type(callee)),
            Inst::CallIndirect { ty, .. } => {
                args(out, header.type_at(ty));
                out.push(None);
            }
            Inst::CallRef { ty, .. } => {
                args(out, header.type_at(ty));
                out.push(nullable(HeapType::Concrete(TypeKind::Func, ty)));
            }
            Inst::Gc { op, .. } => {
                let value = |storage: StorageType| reference(storage.unpacked());
                let object = |ty| nullable(self.concrete(ty));
                let element = |ty| value(array_element(header, ty));
                match op {
                    GcOp::RefEq => out.extend([nullable(HeapType::Eq); 2]),
                    GcOp::RefI31 => out.push(None),
                    GcOp::I31Get { .. } => out.push(nullable(HeapType::I31)),
                    GcOp::StructNew(ty) => {
                        if let CompositeType::Struct(found) = &header.sub_type(ty).composite
                            && !insts::is_default(func, inst)
                        {
                            out.extend(found.fields.iter().map(|field| value(field.storage)));
                        }
                    }
                    GcOp::StructGet { ty, .. } => out.push(object(ty)),
                    GcOp::StructSet { ty, field } => {
                        out.extend([object(ty), value(struct_field(header, ty, field))]);
                    }
                    GcOp::ArrayNew(_) if insts::is_default(func, inst) => out.push(None),
                    GcOp::ArrayNew(ty) => out.extend([element(ty), None]),
                    GcOp::ArrayNewFixed(ty) => {
                        inst.for_each_arg(func, |_| out.push(element(ty)));
                    }
                    GcOp::ArrayNewData { .. } | GcOp::ArrayNewElem { .. } => {
                        out.extend([None, None]);
                    }
                    GcOp::ArrayGet { ty, .. } => out.extend([object(ty), None]),
                    GcOp::ArraySet(ty) => out.extend([object(ty), None, element(ty)]),
                    GcOp::ArrayLen => out.push(nullable(HeapType::Array)),
                    GcOp::ArrayFill(ty) => out.extend([object(ty), None, element(ty), None]),
                    GcOp::ArrayCopy { dst, src } => {
                        out.extend([object(dst), None, object(src), None, None]);
                    }
                    GcOp::ArrayInitData { ty, .. } | GcOp::ArrayInitElem { ty, .. } => {
                        out.extend([object(ty), None, None, None]);
                    }
                    GcOp::RefTest { heap, nullable } | GcOp::RefCast { heap, nullable } => {
                        out.push(Some(RefType { nullable, heap }.widest()));
                    }
                }
            }
            Inst::Exn {
                op: ExnOp::New(tag),
                ..
            } => args(out, header.type_at(header.tags()[tag.index()])),
            _ => inst.for_each_arg(func, |_| out.push(None)),
        }
        debug_assert_eq!(out.len() - start, {
            let mut operands = Vec::new();
            insts::operands(func, inst, &mut operands);
            operands.len()
        });
    }

    /// Appends what the terminator of a block wants of its operands, in the order in which they are on the stack.
    pub(super) fn wants_of_term(&self, func: &Func, block: Block, out: &mut Vec<Want>) {
        let header = self.header;
        match func.term(block) {
            Term::Return(_) => out.extend(self.ty.results().iter().map(|&ty| reference(ty))),
            Term::TailCall { callee, .. } => {
                let params = header.type_at(callee.ty(header)).params().iter();
                out.extend(params.map(|&ty| reference(ty)));
                match callee {
                    Callee::Func(_) => {}
                    Callee::Table { .. } => out.push(None),
                    Callee::Ref { ty, .. } => out.push(Some(RefType {
                        nullable: true,
                        heap: HeapType::Concrete(TypeKind::Func, ty),
                    })),
                }
            }
            Term::Throw(_) => out.push(Some(RefType::EXNREF)),
            _ => func.for_each_term_arg(block, |_| out.push(None)),
        }
    }

    /// The type of a block whose end a clause leads to, by what that leaves on the stack.
    ///
    /// # Errors
    /// If the module does not have the type.
    pub(super) fn entry(&self, entry: &Entry) -> Result<BlockType, EmitError> {
        let mut results: Vec<ValType> = Vec::new();
        if let Some(tag) = entry.tag
            && !entry.fields.is_empty()
        {
            let payload = self.header.type_at(self.header.tags()[tag.index()]);
            results.extend_from_slice(payload.params());
        }
        if !entry.refs.is_empty() {
            results.push(ValType::Ref(RefType::EXNREF));
        }
        if let [result] = *results {
            return Ok(BlockType::Value(result));
        }
        let n_types = self.header.n_defined_types();
        let types = self.header.types().iter().take(n_types);
        let mut types = types.map(|ty| &ty.composite);
        let is_exception = |ty: &ValType| reference(*ty).is_some_and(|ty| ty.heap == HeapType::Exn);
        let found = types.position(|ty| {
            let CompositeType::Func(ty) = ty else {
                return false;
            };
            let mut pairs = ty.results().iter().zip(&results);
            ty.params().is_empty()
                && ty.results().len() == results.len()
                && pairs.all(|(a, b)| a == b || is_exception(a) && is_exception(b))
        });
        let found = found.ok_or(EmitError::Unsupported(
            "a type that the module does not have",
        ));
        found.map(|at| BlockType::Func(TypeIdx(at as u32)))
    }

    fn element(&self, table: module::TableIdx) -> Want {
        Some(self.header.tables()[table.index()].element)
    }

    fn concrete(&self, ty: TypeIdx) -> HeapType {
        HeapType::Concrete(self.header.sub_type(ty).composite.kind(), ty)
    }

    fn wants_typed_funcs(&self, func: &Func, cfg: &Cfg) -> bool {
        let mut wants = Vec::new();
        for &block in cfg.rpo() {
            for &id in func.insts(block) {
                self.wants(func, id, &mut wants);
            }
            self.wants_of_term(func, block, &mut wants);
            if wants.iter().flatten().any(is_typed_func) {
                return true;
            }
            wants.clear();
        }
        false
    }

    /// The type that one of an instruction's results has.
    fn result(&self, func: &Func, id: InstId, nth: usize) -> Want {
        let is_checked = self.is_checked(id);
        self.unchecked_result(func, id, nth).map(|ty| RefType {
            nullable: ty.nullable && !is_checked,
            ..ty
        })
    }

    /// The type that an instruction itself gives to one of its results.
    fn unchecked_result(&self, func: &Func, id: InstId, nth: usize) -> Want {
        let header = self.header;
        let non_null = |heap| {
            Some(RefType {
                nullable: false,
                heap,
            })
        };
        match *func.inst(id) {
            Inst::GlobalGet { global } => reference(header.globals()[global.index()].content),
            Inst::TableGet { table, .. } => self.element(table),
            Inst::RefFunc { func } if self.has_typed_funcs => non_null(HeapType::Concrete(
                TypeKind::Func,
                header.funcs()[func.index()],
            )),
            Inst::RefFunc { .. } => non_null(HeapType::Func),
            Inst::Call { func, .. } => reference(header.func_type(func).results()[nth]),
            Inst::CallIndirect { ty, .. } | Inst::CallRef { ty, .. } => {
                reference(header.type_at(ty).results()[nth])
            }
            Inst::Select {
                then, otherwise, ..
            } => {
                let ty = self.join(self.of[then.index()], self.of[otherwise.index()]);
                ty.map(|ty| RefType {
                    nullable: true,
                    ..ty
                })
            }
            Inst::Gc { op, .. } => match op {
                GcOp::RefI31 => non_null(HeapType::I31),
                GcOp::StructNew(ty)
                | GcOp::ArrayNew(ty)
                | GcOp::ArrayNewFixed(ty)
                | GcOp::ArrayNewData { ty, .. }
                | GcOp::ArrayNewElem { ty, .. } => non_null(self.concrete(ty)),
                GcOp::StructGet { ty, field, .. } => {
                    reference(struct_field(header, ty, field).unpacked())
                }
                GcOp::ArrayGet { ty, .. } => reference(array_element(header, ty).unpacked()),
                GcOp::RefCast { heap, nullable } => Some(RefType { nullable, heap }),
                _ => None,
            },
            Inst::Exn { op, .. } => match op {
                // A clause leaves it with the type of a block's result, which is shorter if it may be null.
                ExnOp::Caught => Some(RefType::EXNREF),
                ExnOp::New(_) => non_null(HeapType::Exn),
                ExnOp::Field { tag, field } => {
                    let payload = header.type_at(header.tags()[tag.index()]);
                    reference(payload.params()[field as usize])
                }
                ExnOp::Is(_) => None,
            },
            _ => None,
        }
    }

    fn infer(&mut self, func: &Func, cfg: &Cfg) -> Result<(), EmitError> {
        let params = func.params(Block::new(0)).iter();
        for (&param, &ty) in params.zip(self.ty.params()) {
            self.of[param.index()] = reference(ty);
        }
        for _ in 0..ROUNDS_MAX {
            let mut has_changed = false;
            for &block in cfg.rpo() {
                for &id in func.insts(block) {
                    for (nth, value) in func.inst_results(id).enumerate() {
                        if func.ty(value).is_ref() {
                            let ty = self.result(func, id, nth).or(self.of[value.index()]);
                            has_changed |= self.of[value.index()] != ty;
                            self.of[value.index()] = ty;
                        }
                    }
                }
                func.for_each_edge(block, |edge| {
                    let params = func.params(func.edge(edge).to).iter();
                    for (&from, &to) in func.edge_args(edge).iter().zip(params) {
                        if func.ty(to).is_ref() {
                            let ty = match (self.of[to.index()], self.of[from.index()]) {
                                (Some(to), Some(from)) => self.join(Some(to), Some(from)),
                                // Not known yet, or null.
                                (to, from) => to.or(from),
                            };
                            // A clause leaves it with the type of a block's result.
                            let is_entered = self.entered.contains(&to);
                            let ty = ty.map(|ty| RefType {
                                nullable: ty.nullable || func.is_const(from) || is_entered,
                                ..ty
                            });
                            has_changed |= self.of[to.index()] != ty;
                            self.of[to.index()] = ty;
                        }
                    }
                });
            }
            if !has_changed {
                return Ok(());
            }
        }
        Err(EmitError::TooComplex)
    }

    /// Gives what is never anything but null, and no constant, a type of the hierarchy in which it is used; whether there is such a thing.
    fn infer_nulls(&mut self, func: &Func, cfg: &Cfg, tries: &Tries) -> bool {
        let mut feeds: HashMap<Value, Vec<Value>> = HashMap::new();
        let mut work: Vec<(Value, RefType)> = Vec::new();
        let of = &self.of;
        let is_null = |value: Value| {
            func.ty(value).is_ref() && of[value.index()].is_none() && !func.is_const(value)
        };
        let (mut wants, mut operands) = (Vec::new(), Vec::new());
        for &block in cfg.rpo() {
            self.wants_of_block(func, block, tries, &mut operands, &mut wants);
            for (&value, want) in operands.iter().zip(&wants) {
                if let Some(want) = want
                    && is_null(value)
                {
                    work.push((value, *want));
                }
            }
            for &id in func.insts(block) {
                if let Inst::Select {
                    then, otherwise, ..
                } = *func.inst(id)
                {
                    let into = feeds.entry(func.result(id)).or_default();
                    into.extend(
                        [then, otherwise]
                            .into_iter()
                            .filter(|&value| is_null(value)),
                    );
                }
            }
            func.for_each_edge(block, |edge| {
                let params = func.params(func.edge(edge).to).iter();
                for (&from, &to) in func.edge_args(edge).iter().zip(params) {
                    if is_null(from) {
                        match of[to.index()] {
                            Some(ty) => work.push((from, ty)),
                            None => feeds.entry(to).or_default().push(from),
                        }
                    }
                }
            });
        }
        let is_any = !work.is_empty();
        while let Some((value, ty)) = work.pop() {
            if self.of[value.index()].is_some() {
                continue;
            }
            self.of[value.index()] = Some(ty.widest());
            let fed = feeds.get(&value).into_iter().flatten();
            work.extend(fed.map(|&from| (from, ty)));
        }
        is_any
    }

    /// What the instructions of a block, and its end, take, and what they want it to be.
    fn wants_of_block(
        &self,
        func: &Func,
        block: Block,
        tries: &Tries,
        operands: &mut Vec<Value>,
        wants: &mut Vec<Want>,
    ) {
        operands.clear();
        wants.clear();
        for &id in func.insts(block) {
            self.wants(func, id, wants);
            insts::operands(func, func.inst(id), operands);
        }
        self.wants_of_term(func, block, wants);
        insts::term_operands(func, block, operands);
        if let (Term::Jump(_), Some(exception)) = (func.term(block), tries.thrown(func, block)) {
            operands.push(exception);
            wants.push(Some(RefType::EXNREF));
        }
    }

    /// Whether everything can become what is wanted.
    fn check(&self, func: &Func, cfg: &Cfg, tries: &Tries) -> Result<(), EmitError> {
        let can_be = |value: Value, want: Want| match (self.of[value.index()], want) {
            (Some(from), Some(to)) => {
                let families = (from.widest().heap, to.widest().heap);
                families.0 == families.1
                    || matches!(
                        families,
                        (HeapType::Any, HeapType::Extern) | (HeapType::Extern, HeapType::Any)
                    )
            }
            // No constant: it is never anything but null.
            (None, Some(to)) => func.is_const(value) || any(func.ty(value)).widest() == to.widest(),
            _ => true,
        };
        let (mut wants, mut operands) = (Vec::new(), Vec::new());
        let mut is_possible = true;
        for &block in cfg.rpo() {
            self.wants_of_block(func, block, tries, &mut operands, &mut wants);
            for (&value, &want) in operands.iter().zip(&wants) {
                is_possible &= can_be(value, want);
            }
            func.for_each_edge(block, |edge| {
                let params = func.params(func.edge(edge).to).iter();
                for (&from, &to) in func.edge_args(edge).iter().zip(params) {
                    is_possible &= can_be(from, reference(self.local(func, to)));
                }
            });
        }
        match is_possible {
            true => Ok(()),
            false => Err(EmitError::Unsupported(
                "references of two kinds in one place",
            )),
        }
    }

    /// The narrowest type of references that are of one type or another.
    fn join(&self, a: Want, b: Want) -> Want {
        let (Some(a), Some(b)) = (a, b) else {
            // Null is of every nullable type.
            return a.or(b).map(|ty| RefType {
                nullable: true,
                ..ty
            });
        };
        Some(RefType {
            nullable: a.nullable || b.nullable,
            heap: self.join_heaps(a, b),
        })
    }

    fn join_heaps(&self, a: RefType, b: RefType) -> HeapType {
        join_heaps(self.header, a.heap, b.heap).unwrap_or(match a.is_any() {
            true => a.widest().heap,
            false => b.widest().heap,
        })
    }
}

fn is_typed_func(ty: &RefType) -> bool {
    matches!(ty.heap, HeapType::Concrete(TypeKind::Func, _))
}

/// The type of what is never anything but null.
fn any(ty: Type) -> RefType {
    match ty {
        Type::FuncRef => RefType::FUNCREF,
        _ => RefType {
            nullable: true,
            heap: HeapType::Any,
        },
    }
}

fn reference(ty: ValType) -> Want {
    match ty {
        ValType::Ref(ty) => Some(ty),
        _ => None,
    }
}

/// The type above another one, where there is one; types below all others are not asked for.
fn above(header: &Header, heap: HeapType) -> Option<HeapType> {
    Some(match heap {
        HeapType::Concrete(kind, ty) => match header.sub_type(ty).supertype {
            Some(above) => HeapType::Concrete(kind, above),
            None => match kind {
                TypeKind::Func => HeapType::Func,
                TypeKind::Struct => HeapType::Struct,
                TypeKind::Array => HeapType::Array,
            },
        },
        HeapType::I31 | HeapType::Struct | HeapType::Array => HeapType::Eq,
        HeapType::Eq => HeapType::Any,
        HeapType::NoFunc => HeapType::Func,
        HeapType::NoExtern => HeapType::Extern,
        HeapType::NoExn => HeapType::Exn,
        HeapType::None => HeapType::Any,
        HeapType::Any | HeapType::Func | HeapType::Extern | HeapType::Exn => return None,
    })
}

/// The narrowest type of what two types are of, if they are of one hierarchy.
pub fn join_heaps(header: &Header, a: HeapType, b: HeapType) -> Option<HeapType> {
    let mut supertypes = std::iter::successors(Some(a), |&heap| above(header, heap));
    supertypes.find(|&heap| is_sub(header, b, heap))
}

/// Whether references of one type are references of another.
pub fn is_sub(header: &Header, sub: HeapType, sup: HeapType) -> bool {
    let ref_to = |heap| RefType {
        nullable: true,
        heap,
    };
    let is_bottom = matches!(
        sub,
        HeapType::None | HeapType::NoFunc | HeapType::NoExtern | HeapType::NoExn
    );
    if is_bottom {
        return ref_to(sub).widest() == ref_to(sup).widest();
    }
    let mut at = Some(sub);
    while let Some(heap) = at {
        if heap == sup {
            return true;
        }
        at = above(header, heap);
    }
    false
}
