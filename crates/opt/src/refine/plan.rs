//! What becomes of types, functions and globals, by what their slots hold.
//!
//! Apart from finding that out because here the rules of validation have their say: what a subtype has must match what is above it.

use super::bounds::bottom;
use super::flow::Flow;
use super::slots::{Slots, stored};
use module::{
    CompositeType, ConstExpr, FieldType, FuncIdx, FuncType, GlobalIdx, GlobalType, Header, Op,
    RefType, StorageType, StructType, SubType, TypeIdx, ValType, encode,
};

/// What a field is, besides its type.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Fate {
    Stays,
    /// It is never read.
    Goes,
    /// It is always this number, or null: it is read no more, and goes.
    Always(u128),
}

/// What becomes of a module.
pub(super) struct Plan {
    /// By type: what it says.
    pub(super) types: Vec<SubType>,
    /// By type: what becomes of its fields; empty if all stay.
    pub(super) fields: Vec<Vec<Fate>>,
    /// By type: whether it says something else, beside what is mutable.
    pub(super) is_changed: Vec<bool>,
    /// By slot: whether it could be written, and can be no more.
    pub(super) is_fixed: Vec<bool>,
    /// By function: another type.
    pub(super) funcs: Vec<Option<FuncType>>,
    /// By global: what else it contains.
    pub(super) globals: Vec<Option<ValType>>,
    /// By defined global: another initial value.
    pub(super) inits: Vec<Option<ConstExpr>>,
}

/// By slot of a field or element: what all that is done with it leaves possible. Only roots count.
pub(super) struct Access {
    pub(super) is_open: Vec<bool>,
    pub(super) is_read: Vec<bool>,
    pub(super) is_set: Vec<bool>,
    pub(super) stores: Vec<Stored>,
}

/// What was stored into a field.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Stored {
    Nothing,
    Always(u128),
    Various,
}

impl Stored {
    pub(super) fn and(self, bits: Option<u128>) -> Stored {
        match (self, bits) {
            (Stored::Nothing, Some(bits)) => Stored::Always(bits),
            (Stored::Always(known), Some(bits)) if known == bits => self,
            _ => Stored::Various,
        }
    }
}

/// `ref.null` of the type below all others of its hierarchy.
fn narrowest_null(op: Op) -> Op {
    let Op::RefNull(ty) = op else { return op };
    let heap = bottom(ty);
    Op::RefNull(RefType { heap, ..ty })
}

impl Plan {
    /// `now` is what slots are said to hold from now on.
    pub(super) fn new(
        header: &Header,
        slots: &Slots,
        access: &Access,
        now: &[Option<RefType>],
    ) -> Plan {
        let n = header.n_defined_types();
        let mut plan = Plan {
            types: Vec::with_capacity(n),
            fields: Vec::with_capacity(n),
            is_changed: Vec::with_capacity(n),
            is_fixed: vec![false; slots.len()],
            funcs: Vec::with_capacity(header.funcs().len()),
            globals: Vec::with_capacity(header.globals().len()),
            inits: Vec::new(),
        };
        for at in 0..n {
            plan.add_type(header, slots, access, now, TypeIdx(at as u32));
        }
        for func in 0..header.funcs().len() {
            let func = FuncIdx(func as u32);
            let ty = header.func_type(func);
            let refs = |types: &[ValType], first: u32| -> Vec<ValType> {
                let types = types.iter().enumerate();
                let new =
                    types.map(|(nth, &ty)| now[first as usize + nth].map_or(ty, ValType::Ref));
                new.collect()
            };
            let new = FuncType::new(
                refs(ty.params(), slots.param(func, 0)),
                refs(ty.results(), slots.result(func, 0)),
            );
            plan.funcs.push((new != *ty).then_some(new));
        }
        for (at, ty) in header.globals().iter().enumerate() {
            let new = now[slots.global(GlobalIdx(at as u32)) as usize].map(ValType::Ref);
            plan.globals.push(new.filter(|new| *new != ty.content));
        }
        let inits = header.global_inits().iter();
        plan.inits = inits.map(|init| plan.init(header, init)).collect();
        plan
    }

    fn add_type(
        &mut self,
        header: &Header,
        slots: &Slots,
        access: &Access,
        now: &[Option<RefType>],
        ty: TypeIdx,
    ) {
        let old = header.sub_type(ty);
        let is_fixed = &mut self.is_fixed;
        let mut field = |nth: usize, field: FieldType| {
            let slot = slots.field(ty, nth as u32) as usize;
            let root = slots.root[slot] as usize;
            let storage = match (field.storage, now[slot]) {
                (StorageType::Val(ValType::Ref(_)), Some(ty)) => ValType::Ref(ty).into(),
                (storage, _) => storage,
            };
            let mutable = field.mutable && (access.is_set[root] || access.is_open[root]);
            is_fixed[slot] = field.mutable && !mutable;
            FieldType { storage, mutable }
        };
        let fate = |nth: usize| {
            let root = slots.root[slots.field(ty, nth as u32) as usize] as usize;
            match (
                access.is_open[root],
                access.is_read[root],
                access.stores[root],
            ) {
                (true, _, _) => Fate::Stays,
                (_, false, _) => Fate::Goes,
                (_, _, Stored::Always(bits)) => Fate::Always(bits),
                _ => Fate::Stays,
            }
        };
        let mut fates = Vec::new();
        let composite = match &old.composite {
            CompositeType::Func(_) => old.composite.clone(),
            CompositeType::Struct(found) => {
                fates = (0..found.fields.len()).map(fate).collect();
                let fields = found.fields.iter().enumerate();
                let fields = fields.filter(|(nth, _)| fates[*nth] == Fate::Stays);
                CompositeType::Struct(StructType {
                    fields: fields.map(|(nth, &old)| field(nth, old)).collect(),
                })
            }
            CompositeType::Array(found) => CompositeType::Array(module::ArrayType {
                element: field(0, found.element),
            }),
        };
        if fates.iter().all(|fate| *fate == Fate::Stays) {
            fates.clear();
        }
        let is_changed = stored(&composite) != stored(&old.composite);
        self.types.push(SubType {
            composite,
            ..old.clone()
        });
        self.fields.push(fates);
        self.is_changed.push(is_changed);
    }

    /// An initial value without the fields that go, in which null is of all types; `None` if it stays.
    fn init(&self, header: &Header, init: &ConstExpr) -> Option<ConstExpr> {
        let has_fates = |ty: TypeIdx| !self.fields[ty.index()].is_empty();
        let concerns = |op: &Op| match *op {
            Op::StructNew(ty) => has_fates(ty),
            op => narrowest_null(op) != op,
        };
        if !init.ops().iter().any(concerns) {
            return None;
        }
        let mut stack: Vec<Vec<Op>> = Vec::new();
        for &op in init.ops() {
            let n_operands = match op {
                Op::StructNew(ty) => stored(&header.sub_type(ty).composite).len(),
                Op::ArrayNewFixed { len, .. } => len as usize,
                Op::ArrayNew(_) | Op::Compute(_) => 2,
                Op::ArrayNewDefault(_)
                | Op::RefI31
                | Op::AnyConvertExtern
                | Op::ExternConvertAny => 1,
                _ => 0,
            };
            let operands = stack.split_off(stack.len().checked_sub(n_operands)?);
            let keeps = |nth: usize| match op {
                Op::StructNew(ty) => {
                    let fate = self.fields[ty.index()].get(nth);
                    fate.is_none_or(|fate| *fate == Fate::Stays)
                }
                _ => true,
            };
            let operands = operands.into_iter().enumerate();
            let mut ops: Vec<Op> = operands
                .filter(|(nth, _)| keeps(*nth))
                .flat_map(|(_, ops)| ops)
                .collect();
            ops.push(narrowest_null(op));
            stack.push(ops);
        }
        stack.pop().map(ConstExpr::new)
    }

    /// Whether nothing changes that anybody would notice.
    pub(super) fn is_nothing(&self) -> bool {
        !self.is_changed.contains(&true)
            && self.funcs.iter().all(Option::is_none)
            && self.globals.iter().all(Option::is_none)
    }

    /// By about how many bytes types of objects and initial values get shorter.
    pub(super) fn bytes_spared(&self, header: &Header) -> isize {
        let len = |ty: &SubType| {
            let mut bytes = Vec::new();
            for storage in stored(&ty.composite) {
                bytes.push(0);
                match storage {
                    StorageType::Val(ty) => encode::val_type(&mut bytes, ty),
                    StorageType::I8 | StorageType::I16 => bytes.push(0),
                }
            }
            bytes.len() as isize
        };
        let types = header.types().iter().zip(&self.types);
        let types: isize = types.map(|(old, new)| len(old) - len(new)).sum();
        // An operator and a small number.
        let n_bytes = |init: &ConstExpr| 2 * init.ops().len() as isize;
        let inits = header.global_inits().iter().zip(&self.inits);
        let inits = inits.filter_map(|(old, new)| Some(n_bytes(old) - n_bytes(new.as_ref()?)));
        types + inits.sum::<isize>()
    }

    /// Whether a function names types or globals that change, or writes what no longer can be.
    pub(super) fn concerns(&self, flow: &Flow) -> bool {
        let changes = |ty: &TypeIdx| self.is_changed[ty.index()];
        let mut globals = flow.globals.iter();
        let mut sets = flow.sets.iter();
        flow.types.iter().any(changes)
            || globals.any(|&at| self.globals[at as usize].is_some())
            || sets.any(|&slot| self.is_fixed[slot as usize])
    }

    /// The header with all that.
    pub(super) fn header(&self, header: &Header) -> Header {
        let globals = header.globals().iter().enumerate().map(|(at, ty)| {
            let content = self.globals[at].unwrap_or(ty.content);
            let defined = at.checked_sub(header.n_imported_globals());
            let init = defined.and_then(|at| self.inits[at].clone());
            (GlobalType { content, ..*ty }, init)
        });
        let funcs = self.funcs.iter().enumerate();
        let funcs = funcs.filter_map(|(func, ty)| Some((FuncIdx(func as u32), ty.clone()?)));
        let types = header.with_types(self.types.iter().cloned(), globals);
        types.with_func_types(funcs)
    }
}
