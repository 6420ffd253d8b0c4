//! Finds loads of objects and globals whose value is known already: it was loaded, stored or made on every way to the place. Finds
//! elements that need no check, because the same one was accessed before, or the index was compared with the length.
//!
//! A walk down the tree of dominators carries a list of what is available: what a field of an object holds, and which value that
//! is. Stores and calls take from the list what they may change. Where paths meet, what any block between the place and its
//! dominator may change is taken too, loops included; what can never change always stays. The list is short: the oldest entries
//! make room, which bounds the time.

use crate::between::{self, Between};
use crate::domtree::{DomTree, Same};
use crate::effects::effects;
use crate::facts::may_share;
use crate::table::Env;
use ir::{Block, Cfg, Def, EdgeId, Func, GcOp, Inst, InstId, State, Term, Value};
use module::{CompositeType, Extend, GlobalIdx, Header, HeapType, StorageType, TypeIdx};
use ops::Compute;
use std::rc::Rc;

/// Entries that a list has at most.
const AVAILABLE_MAX: usize = 48;

/// Runs the pass.
pub(crate) fn run(func: &mut Func, env: &Env<'_>) {
    if !func.has_ref_ops() {
        return;
    }
    let cfg = Cfg::new(func);
    let tree = DomTree::new(func, &cfg);
    let mut finder = Finder {
        env,
        cfg: &cfg,
        changes: func
            .blocks()
            .map(|block| Changes::of(env, func, block))
            .collect(),
        between: Between::new(func, &cfg),
        roots: (0..func.n_values() as u32).map(Value::new).collect(),
        same: Same::default(),
        is_gone: vec![false; func.n_insts()],
        in_bounds: Vec::new(),
    };
    finder.walk(func, &tree);
    let Finder {
        same,
        is_gone,
        in_bounds,
        ..
    } = finder;
    for id in in_bounds {
        func.set_in_bounds(id);
    }
    if is_gone.contains(&true) {
        same.apply(func);
        func.retain_insts(|_, id| !is_gone[id.index()]);
    }
}

/// Where a value is.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Place {
    Field {
        object: Value,
        field: u32,
        extend: Extend,
    },
    Element {
        array: Value,
        index: Index,
        extend: Extend,
    },
    Length {
        array: Value,
    },
    Test {
        value: Value,
        heap: HeapType,
        nullable: bool,
    },
    Global(GlobalIdx),
    /// Nothing is there, but the element exists.
    Checked {
        array: Value,
        index: Index,
    },
    /// Nothing is there, but the index is smaller.
    Below {
        index: Index,
        length: Index,
        signed: bool,
    },
}

/// The index of an element.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Index {
    Constant(u128),
    Value(Value),
}

/// A value that is known to be at a place.
#[derive(Clone, Copy, Debug)]
struct Available {
    place: Place,
    value: Value,
    /// The type through which an object was accessed.
    ty: Option<TypeIdx>,
    /// Whether something can change it.
    is_mutable: bool,
}

/// What a block may change.
#[derive(Clone, Copy, Default)]
struct Changes {
    /// All elements of arrays.
    elements: bool,
    /// Fields by their index: the last bit stands for all from there on.
    fields: u64,
    /// Globals that the module defines, likewise.
    globals: u64,
    /// All imported globals: any two may be the same one.
    imported_globals: bool,
}

fn is_imported(header: &Header, global: GlobalIdx) -> bool {
    global.index() < header.n_imported_globals()
}

fn bit(index: u32) -> u64 {
    1 << index.min(63)
}

impl Changes {
    fn of(env: &Env<'_>, func: &Func, block: Block) -> Changes {
        let mut changes = Changes::default();
        for &id in func.insts(block) {
            match *func.inst(id) {
                Inst::Gc { op, .. } => match op {
                    GcOp::StructSet { field, .. } => changes.fields |= bit(field),
                    op => changes.elements |= op.effects().writes.meets(State::HEAP),
                },
                Inst::GlobalSet { global, .. } if is_imported(env.header, global) => {
                    changes.imported_globals = true;
                }
                Inst::GlobalSet { global, .. } => changes.globals |= bit(global.0),
                ref inst => changes.any_of(effects(func, inst, env.callees).writes),
            }
        }
        changes
    }

    /// Adds everything of these kinds.
    fn any_of(&mut self, kinds: State) {
        if kinds.meets(State::HEAP) {
            self.elements = true;
            self.fields = u64::MAX;
        }
        if kinds.meets(State::GLOBAL) {
            self.globals = u64::MAX;
            self.imported_globals = true;
        }
    }

    fn may_change(&self, header: &Header, known: &Available) -> bool {
        known.is_mutable
            && match known.place {
                Place::Field { field, .. } => self.fields & bit(field) != 0,
                Place::Element { .. } => self.elements,
                Place::Global(global) if is_imported(header, global) => self.imported_globals,
                Place::Global(global) => self.globals & bit(global.0) != 0,
                _ => false,
            }
    }
}

impl between::Changes for Changes {
    const ALL: Changes = Changes {
        elements: true,
        fields: u64::MAX,
        globals: u64::MAX,
        imported_globals: true,
    };

    fn add(&mut self, other: Changes) {
        self.elements |= other.elements;
        self.fields |= other.fields;
        self.globals |= other.globals;
        self.imported_globals |= other.imported_globals;
    }
}

struct Finder<'a> {
    env: &'a Env<'a>,
    cfg: &'a Cfg,
    /// By block.
    changes: Vec<Changes>,
    between: Between,
    /// By value: the value that casts pass on as this one.
    roots: Vec<Value>,
    same: Same,
    /// By instruction.
    is_gone: Vec<bool>,
    in_bounds: Vec<InstId>,
}

impl Finder<'_> {
    fn walk(&mut self, func: &Func, tree: &DomTree) {
        let mut waiting = vec![(Block::new(0), Rc::new(Vec::new()))];
        while let Some((block, above)) = waiting.pop() {
            let mut known = Rc::unwrap_or_clone(above);
            self.enter(func, block, &mut known);
            for &id in func.insts(block) {
                self.inst(func, id, &mut known);
            }
            let known = Rc::new(known);
            let children = tree.children(block).iter().rev();
            waiting.extend(children.map(|&child| (child, Rc::clone(&known))));
        }
    }

    /// What of the dominator's list is still available at the start of a block.
    fn enter(&mut self, func: &Func, block: Block, known: &mut Vec<Available>) {
        let preds = self.cfg.preds(block);
        if let [(pred, edge)] = *preds
            && let Some((index, length, signed)) = compared(func, pred, edge)
        {
            let (index, length) = (self.index(func, index), self.index(func, length));
            let place = Place::Below {
                index,
                length,
                signed,
            };
            self.add(known, place, None, Value::new(0), false);
        }
        let Some(idom) = self.cfg.idom(block) else {
            return;
        };
        if preds.len() > 1 && known.iter().any(|known| known.is_mutable) {
            let changes = self.between.changes(self.cfg, &self.changes, idom, block);
            known.retain(|known| !changes.may_change(self.env.header, known));
        }
    }

    fn root(&self, func: &Func, value: Value) -> Value {
        let value = self.same.now(value);
        if func.is_const(value) {
            value
        } else {
            self.roots[value.index()]
        }
    }

    fn inst(&mut self, func: &Func, id: InstId, known: &mut Vec<Available>) {
        let inst = func.inst(id);
        self.check(func, id, known);
        if let Some(place) = self.place(func, inst) {
            let result = func.result(id);
            let found = known.iter().find(|known| known.place == place);
            match found {
                Some(found) if func.ty(found.value) == func.ty(result) => {
                    self.same.set(func, result, found.value);
                    self.is_gone[id.index()] = true;
                }
                Some(_) => {}
                None => self.is_at(known, place, accessed(inst), result),
            }
            return;
        }
        match *inst {
            Inst::GlobalSet { global, value } => {
                let place = Place::Global(global);
                let is_imported = |global| is_imported(self.env.header, global);
                known.retain(|known| match known.place {
                    Place::Global(other) if is_imported(global) => {
                        !(known.is_mutable && is_imported(other))
                    }
                    other => other != place,
                });
                self.is_at(known, place, None, value);
            }
            Inst::Gc { op, args } => self.gc(func, id, op, func.list(args), known),
            _ => {
                let mut changes = Changes::default();
                changes.any_of(effects(func, inst, self.env.callees).writes);
                known.retain(|known| !changes.may_change(self.env.header, known));
            }
        }
    }

    /// Whether an element that an instruction accesses exists; it does afterwards.
    fn check(&mut self, func: &Func, id: InstId, known: &mut Vec<Available>) {
        let Inst::Gc {
            op: GcOp::ArrayGet { .. } | GcOp::ArraySet(_),
            args,
        } = *func.inst(id)
        else {
            return;
        };
        let args = func.list(args);
        let (array, index) = (self.root(func, args[0]), self.index(func, args[1]));
        let checked = Place::Checked { array, index };
        if known.iter().any(|known| known.place == checked) || self.fits(func, known, array, index)
        {
            self.in_bounds.push(id);
        } else {
            self.add(known, checked, None, Value::new(0), false);
        }
    }

    /// Whether an index is less than a known length of an array.
    fn fits(&self, func: &Func, known: &[Available], array: Value, index: Index) -> bool {
        let is_length = |known: &&Available| known.place == Place::Length { array };
        known.iter().filter(is_length).any(|found| {
            let length = self.index(func, found.value);
            if let (Index::Constant(index), Index::Constant(length)) = (index, length) {
                return index < length;
            }
            let is_below = |signed| {
                let place = Place::Below {
                    index,
                    length,
                    signed,
                };
                known.iter().any(|known| known.place == place)
            };
            // If it is not negative, then the length is not either, being greater.
            is_below(false) || is_below(true) && self.is_not_negative(func, index)
        })
    }

    /// Whether an index is a constant from zero, or counts up from one, by one each time and only after it was compared: then it
    /// cannot overflow.
    fn is_not_negative(&self, func: &Func, index: Index) -> bool {
        /// Edges that a loop may be entered and repeated by.
        const PREDS_MAX: usize = 8;
        let is_natural = |bits: u128| bits as i32 >= 0;
        let index = match index {
            Index::Constant(bits) => return is_natural(bits),
            Index::Value(index) => index,
        };
        let Def::Param(header, nth) = func.def(index) else {
            return false;
        };
        let preds = self.cfg.preds(header);
        (1..=PREDS_MAX).contains(&preds.len())
            && preds.iter().all(|&(pred, edge)| {
                let Some(&arg) = func.edge_args(edge).get(usize::from(nth)) else {
                    return false;
                };
                if let Some(bits) = func.const_bits(arg) {
                    return is_natural(bits);
                }
                let is_next = matches!(func.def_inst(arg),
                    Some(Inst::Compute { op: Compute::I32Add, args })
                        if args[0] == index && func.const_bits(args[1]) == Some(1));
                is_next && self.was_compared(func, index, header, pred)
            })
    }

    /// Whether an index was found to be less than something, as a signed number, on every way from the start of a block to the end
    /// of another one.
    fn was_compared(&self, func: &Func, index: Value, from: Block, to: Block) -> bool {
        /// Dominators that are looked at.
        const STEPS_MAX: usize = 32;
        let mut at = to;
        for _ in 0..STEPS_MAX {
            if at == from {
                return false;
            }
            if let [(pred, edge)] = *self.cfg.preds(at)
                && let Some((smaller, _, true)) = compared(func, pred, edge)
                && smaller == index
            {
                return true;
            }
            match self.cfg.idom(at) {
                Some(idom) => at = idom,
                None => return false,
            }
        }
        false
    }

    /// What an instruction loads, if it is something that can be known.
    fn place(&self, func: &Func, inst: &Inst) -> Option<Place> {
        if let Inst::GlobalGet { global } = *inst {
            return Some(Place::Global(global));
        }
        let Inst::Gc { op, args } = *inst else {
            return None;
        };
        let args = func.list(args);
        let object = self.root(func, *args.first()?);
        if func.is_const(object) {
            return None;
        }
        Some(match op {
            GcOp::StructGet { field, extend, .. } => Place::Field {
                object,
                field,
                extend,
            },
            GcOp::ArrayGet { extend, .. } => Place::Element {
                array: object,
                index: self.index(func, args[1]),
                extend,
            },
            GcOp::ArrayLen => Place::Length { array: object },
            GcOp::RefTest { heap, nullable } => Place::Test {
                value: object,
                heap,
                nullable,
            },
            _ => return None,
        })
    }

    fn index(&self, func: &Func, index: Value) -> Index {
        let index = self.same.now(index);
        match func.const_bits(index) {
            Some(bits) => Index::Constant(bits),
            None => Index::Value(index),
        }
    }

    fn gc(
        &mut self,
        func: &Func,
        id: InstId,
        op: GcOp,
        args: &[Value],
        known: &mut Vec<Available>,
    ) {
        match op {
            GcOp::RefCast { .. } if !func.is_const(args[0]) => {
                self.roots[func.result(id).index()] = self.root(func, args[0]);
            }
            GcOp::StructNew(ty) => {
                for (field, &value) in args.iter().enumerate().take(AVAILABLE_MAX / 2) {
                    self.field_is(known, ty, func.result(id), field as u32, value);
                }
            }
            GcOp::ArrayNew(_) | GcOp::ArrayNewData { .. } | GcOp::ArrayNewElem { .. } => {
                let array = func.result(id);
                self.is_at(known, Place::Length { array }, None, args[1]);
            }
            GcOp::ArrayNewFixed(ty) => {
                for (nth, &value) in args.iter().enumerate().take(AVAILABLE_MAX / 2) {
                    let index = Index::Constant(nth as u128);
                    self.element_is(known, ty, func.result(id), index, value);
                }
            }
            GcOp::StructSet { ty, field } => {
                let object = self.root(func, args[0]);
                known.retain(|known| !self.may_be_field(func, known, ty, object, field));
                self.field_is(known, ty, object, field, args[1]);
            }
            GcOp::ArraySet(ty) => {
                self.elements_change(ty, known);
                let (array, index) = (self.root(func, args[0]), self.index(func, args[1]));
                self.element_is(known, ty, array, index, args[2]);
            }
            GcOp::ArrayFill(ty)
            | GcOp::ArrayCopy { dst: ty, .. }
            | GcOp::ArrayInitData { ty, .. }
            | GcOp::ArrayInitElem { ty, .. } => self.elements_change(ty, known),
            _ => {}
        }
    }

    /// Whether something known is a field that changes if this one does.
    fn may_be_field(
        &self,
        func: &Func,
        known: &Available,
        ty: TypeIdx,
        object: Value,
        field: u32,
    ) -> bool {
        let Place::Field {
            object: other,
            field: other_field,
            ..
        } = known.place
        else {
            return false;
        };
        let is_fresh = |object| {
            let inst = func.def_inst(object);
            inst.is_some_and(|inst| inst.effects().is_fresh)
        };
        let may_be_object = other == object
            || !(is_fresh(object) && is_fresh(other))
                && known
                    .ty
                    .is_none_or(|other| may_share(self.env.header, ty, other));
        known.is_mutable && field == other_field && may_be_object
    }

    fn elements_change(&self, ty: TypeIdx, known: &mut Vec<Available>) {
        known.retain(|known| {
            !(known.is_mutable
                && matches!(known.place, Place::Element { .. })
                && known
                    .ty
                    .is_none_or(|other| may_share(self.env.header, ty, other)))
        });
    }

    /// Says that a field holds a value. A packed one does not hold all of it.
    fn field_is(
        &self,
        known: &mut Vec<Available>,
        ty: TypeIdx,
        object: Value,
        field: u32,
        value: Value,
    ) {
        if matches!(
            ir::struct_field(self.env.header, ty, field),
            StorageType::Val(_)
        ) {
            let place = Place::Field {
                object,
                field,
                extend: Extend::None,
            };
            self.is_at(known, place, Some(ty), value);
        }
    }

    /// Says that an element holds a value.
    fn element_is(
        &self,
        known: &mut Vec<Available>,
        ty: TypeIdx,
        array: Value,
        index: Index,
        value: Value,
    ) {
        if matches!(ir::array_element(self.env.header, ty), StorageType::Val(_)) {
            let place = Place::Element {
                array,
                index,
                extend: Extend::None,
            };
            self.is_at(known, place, Some(ty), value);
        }
    }

    fn is_at(&self, known: &mut Vec<Available>, place: Place, ty: Option<TypeIdx>, value: Value) {
        let field = |field: u32| match &self.env.header.sub_type(ty?).composite {
            CompositeType::Struct(found) => Some(found.fields[field as usize].mutable),
            _ => None,
        };
        let element = || match &self.env.header.sub_type(ty?).composite {
            CompositeType::Array(found) => Some(found.element.mutable),
            _ => None,
        };
        let is_mutable = match place {
            Place::Field { field: nth, .. } => field(nth).unwrap_or(true),
            Place::Element { .. } => element().unwrap_or(true),
            Place::Global(global) => self.env.header.globals()[global.index()].mutable,
            _ => false,
        };
        self.add(known, place, ty, self.same.now(value), is_mutable);
    }

    fn add(
        &self,
        known: &mut Vec<Available>,
        place: Place,
        ty: Option<TypeIdx>,
        value: Value,
        is_mutable: bool,
    ) {
        if known.len() == AVAILABLE_MAX {
            known.remove(0);
        }
        known.push(Available {
            place,
            value,
            ty,
            is_mutable,
        });
    }
}

/// What taking an edge says about two numbers: that the first is less than the second, as signed numbers or not.
fn compared(func: &Func, from: Block, edge: EdgeId) -> Option<(Value, Value, bool)> {
    let Term::Branch { cond, then, .. } = func.term(from) else {
        return None;
    };
    let Some(Inst::Compute { op, args }) = func.def_inst(cond) else {
        return None;
    };
    let [a, b, _] = *args;
    let is_true = edge == then;
    match (op, is_true) {
        (Compute::I32LtU, true) | (Compute::I32GeU, false) => Some((a, b, false)),
        (Compute::I32GtU, true) | (Compute::I32LeU, false) => Some((b, a, false)),
        (Compute::I32LtS, true) | (Compute::I32GeS, false) => Some((a, b, true)),
        (Compute::I32GtS, true) | (Compute::I32LeS, false) => Some((b, a, true)),
        _ => None,
    }
}

/// The type through which an instruction accesses an object.
fn accessed(inst: &Inst) -> Option<TypeIdx> {
    match *inst {
        Inst::Gc {
            op: GcOp::StructGet { ty, .. } | GcOp::ArrayGet { ty, .. },
            ..
        } => Some(ty),
        _ => None,
    }
}
