//! Expressions in the functions of such modules.
//!
//! Apart from statements because these are half of the code. What is read or cast hardly ever traps: it is known what places hold.

use super::LEAVES;
use super::code::{DEPTH_MAX, Writer};
use super::types::{Heap, Kind, Place, RefType, Types};

impl Writer<'_> {
    pub(super) fn value(&mut self, kind: Kind, depth: usize) {
        match kind {
            Kind::Ref(place) => self.reference(place, depth),
            _ => self.number(depth),
        }
    }

    /// What can be read that never holds more than that: how, and the place.
    pub(super) fn readable(&mut self, holds: RefType) -> Option<(String, Place)> {
        let locals = self.locals.iter();
        let locals = locals.map(|(name, kind)| (format!("(local.get {name})"), *kind));
        let globals = self.globals.iter().enumerate();
        let globals = globals.map(|(nth, global)| (format!("(global.get $g{nth})"), global.kind));
        let table = [(
            "(table.get $objects (i32.const 2))".to_owned(),
            Kind::Ref(self.table),
        )];
        let found: Vec<(String, Place)> = locals
            .chain(globals)
            .chain(table)
            .filter_map(|(text, kind)| match kind {
                Kind::Ref(place) if self.types.matches(place.holds, holds) => Some((text, place)),
                _ => None,
            })
            .collect();
        match found.is_empty() {
            true => None,
            false => Some(found[self.random.below(found.len())].clone()),
        }
    }

    /// Puts something that is in a place where less is allowed than its type.
    pub(super) fn put_as(&mut self, text: &str, from: Place, to: RefType) {
        match self.types.matches(from.ty, to) {
            true => self.put(text),
            false => self.put(format!("(ref.cast {} {text})", from.holds)),
        }
    }

    /// An object of a type, or a subtype, for an access to it.
    pub(super) fn object(&mut self, at: usize, depth: usize) {
        let ty = RefType::null(Heap::Object(at));
        let found = self.readable(ty);
        match found {
            Some((text, place)) if !place.holds.nullable || self.one_in(16) => {
                self.put_as(&text, place, ty);
            }
            Some((text, place)) if depth <= DEPTH_MAX || self.one_in(2) => {
                let label = self.label();
                self.put(format!("(block $l{label} (result {})", ty.non_null()));
                self.put(format!("(br_on_non_null $l{label}"));
                self.put_as(&text, place, ty);
                self.put(")");
                self.new_object(at, depth + 2);
                self.put(")");
            }
            _ => self.new_object(at, depth + 1),
        }
    }

    /// Reads a field or an element of which that is true; gives whether there is one.
    pub(super) fn field(
        &mut self,
        depth: usize,
        is_wanted: impl Fn(&Types, Kind) -> bool,
    ) -> Option<Place> {
        let types = self.types.0.iter().enumerate();
        let fields = types.flat_map(|(at, object)| {
            let fields = object.fields.iter().enumerate();
            fields.map(move |(nth, field)| (at, nth, *field))
        });
        let found: Vec<(usize, usize, Kind)> = fields
            .filter(|(_, _, field)| field.is_read && is_wanted(&self.types, field.kind))
            .map(|(at, nth, field)| (at, nth, field.kind))
            .collect();
        if found.is_empty() {
            return None;
        }
        let (at, nth, kind) = found[self.random.below(found.len())];
        let place = match kind {
            Kind::Ref(place) => place,
            _ => Place::of(RefType::null(Heap::Any)),
        };
        let get = if kind == Kind::I8 { "get_s" } else { "get" };
        match self.types.0[at].is_array {
            false => {
                self.put(format!("(struct.{get} $y{at} {nth}"));
                self.object(at, depth + 1);
                self.put(")");
            }
            true => {
                self.put(format!("(array.{get} $y{at}"));
                self.object(at, depth + 1);
                self.put("(i32.and (i32.const 1)");
                self.number(depth + 1);
                self.put("))");
            }
        }
        Some(place)
    }

    pub(super) fn number(&mut self, depth: usize) {
        let place = self.types.place(self.random);
        let n_choices = if depth > DEPTH_MAX { 4 } else { 14 };
        match self.random.below(n_choices) {
            0 => {
                let number = self.random.below(20);
                self.put(format!("(i32.const {number})"));
            }
            1 | 2 => {
                let name = ["$i0", "$i1", "$n0"][self.random.below(3)];
                self.put(format!("(local.get {name})"));
            }
            3 => match self
                .globals
                .iter()
                .position(|global| global.kind == Kind::I32)
            {
                Some(nth) => self.put(format!("(global.get $g{nth})")),
                None => self.put("(i32.const 1)"),
            },
            4 | 5 => {
                let op = ["add", "sub", "xor", "mul"][self.random.below(4)];
                self.put(format!("(i32.{op}"));
                self.number(depth + 1);
                self.number(depth + 1);
                self.put(")");
            }
            6..=8 => {
                let is_number = |_: &Types, kind: Kind| !matches!(kind, Kind::Ref(_));
                if self.field(depth, is_number).is_none() {
                    self.put("(i32.const 8)");
                }
            }
            9 => {
                self.put("(ref.is_null");
                self.reference(place, depth + 1);
                self.put(")");
            }
            10 => {
                let narrower = self
                    .types
                    .narrower(self.random, place.ty, self.types.0.len());
                self.put(format!("(ref.test {narrower}"));
                self.reference(place, depth + 1);
                self.put(")");
            }
            11 => {
                self.put("(i31.get_s");
                self.reference(Place::of(RefType::null(Heap::I31).non_null()), depth + 1);
                self.put(")");
            }
            12 => {
                let callee = |kinds: &[Kind]| kinds == [Kind::I32];
                self.call(depth, |writer, nth| callee(&writer.funcs[nth].results));
            }
            _ => {
                self.put("(ref.eq");
                for _ in 0..2 {
                    self.reference(Place::of(RefType::null(Heap::Eq)), depth + 1);
                }
                self.put(")");
            }
        }
    }

    /// Calls a function, if there is one; else it is the number 2.
    pub(super) fn call(
        &mut self,
        depth: usize,
        is_wanted: impl Fn(&Self, usize) -> bool,
    ) -> Option<usize> {
        let callees = (self.first_callee()..self.own).filter(|&nth| is_wanted(self, nth));
        let callees: Vec<usize> = callees.collect();
        if callees.is_empty() || depth > DEPTH_MAX {
            self.put("(i32.const 2)");
            return None;
        }
        let nth = callees[self.random.below(callees.len())];
        let how = if nth < LEAVES {
            self.random.below(3)
        } else {
            0
        };
        let which = ["$t", "$u"][nth % 2];
        match how {
            0 => self.put(format!("(call $f{nth}")),
            1 => self.put(format!("(call_indirect $calls (type {which})")),
            _ => self.put(format!("(call_ref {which}")),
        }
        self.arguments(nth, depth);
        match how {
            0 => {}
            1 => self.put(format!("(i32.const {nth})")),
            _ => self.put(format!("(ref.func $f{nth})")),
        }
        self.put(")");
        Some(nth)
    }

    /// A reference that may be put into a place.
    pub(super) fn reference(&mut self, want: Place, depth: usize) {
        let objects = self.types.objects_of(want.holds.heap);
        if depth > DEPTH_MAX {
            match self.readable(want.holds) {
                Some((text, place)) if self.one_in(2) => self.put_as(&text, place, want.ty),
                _ => self.simple(want.holds),
            }
            return;
        }
        match self.random.below(17) {
            0 => self.simple(want.holds),
            1..=3 => match self.readable(want.holds) {
                Some((text, place)) => self.put_as(&text, place, want.ty),
                None => self.simple(want.holds),
            },
            4..=6 if !objects.is_empty() => {
                let at = objects[self.random.below(objects.len())];
                self.new_object(at, depth);
            }
            7 | 8 => {
                let start = self.out.len();
                let holds = want.holds;
                let is_wanted = |types: &Types, kind: Kind| matches!(kind, Kind::Ref(place) if types.matches(place.holds, holds));
                match self.field(depth, is_wanted) {
                    Some(place) => {
                        let text = self.out.split_off(start);
                        self.put_as(&text, place, want.ty);
                    }
                    None => self.simple(want.holds),
                }
            }
            9 => {
                let start = self.out.len();
                let called = self.call(depth, |writer, nth| {
                    let results = &writer.funcs[nth].results;
                    matches!(results[..], [Kind::Ref(place)] if writer.types.matches(place.holds, want.holds))
                });
                let text = self.out.split_off(start);
                match called.map(|nth| self.funcs[nth].results[0]) {
                    Some(Kind::Ref(place)) => self.put_as(&text, place, want.ty),
                    _ => self.simple(want.holds),
                }
            }
            10 => {
                let op = ["if", "select"][self.random.below(2)];
                let ty = want.ty;
                if op == "if" {
                    self.put(format!("(if (result {ty})"));
                    self.number(depth + 1);
                    self.put("(then");
                    self.reference(want, depth + 1);
                    self.put(") (else");
                    self.reference(want, depth + 1);
                    self.put("))");
                } else {
                    self.put(format!("(select (result {ty})"));
                    self.reference(want, depth + 1);
                    self.reference(want, depth + 1);
                    self.number(depth + 1);
                    self.put(")");
                }
            }
            11 => self.cast_or_else(want, depth, false),
            12 => self.cast_or_else(want, depth, true),
            13 => {
                // Null goes one way, all else the other.
                let label = self.label();
                let from = Place {
                    ty: RefType::null(want.ty.heap),
                    holds: RefType::null(want.holds.heap),
                };
                self.put(format!("(block $l{label} (result {})", want.ty.non_null()));
                self.put(format!(
                    "(block $n{label} (br $l{label} (br_on_null $n{label}"
                ));
                self.reference(from, depth + 1);
                self.put(")))");
                match want.holds.heap {
                    Heap::Array => self.put("(unreachable)"),
                    _ => self.simple(want.holds.non_null()),
                }
                self.put(")");
            }
            14 if want.holds.heap == Heap::Any => {
                self.put("(any.convert_extern");
                let ty = RefType {
                    heap: Heap::Extern,
                    ..want.holds
                };
                self.reference(Place::of(ty), depth + 1);
                self.put(")");
            }
            14 if want.holds.heap == Heap::Extern => {
                self.put("(extern.convert_any");
                let ty = RefType {
                    heap: Heap::Any,
                    ..want.holds
                };
                self.reference(Place::of(ty), depth + 1);
                self.put(")");
            }
            15 => {
                let label = self.label();
                self.put(format!("(block $l{label} (result {})", want.ty));
                self.put(format!("(br $l{label}"));
                self.reference(want, depth + 1);
                self.put(")");
                self.labels.push(label);
                let labels = std::mem::take(&mut self.labels);
                self.dead(depth + 1);
                self.labels = labels;
                self.labels.pop();
                self.put(")");
            }
            _ => self.simple(want.holds),
        }
    }

    /// Something of a wider type if it is of the right one, else something simple.
    pub(super) fn cast_or_else(&mut self, want: Place, depth: usize, fails: bool) {
        let mut wide = RefType::null(want.holds.heap);
        if let Heap::Object(at) = wide.heap {
            wide.heap = match (self.types.0[at].above, self.random.below(3)) {
                (Some(above), 0) => Heap::Object(above),
                (_, 1) => Heap::Eq,
                _ => Heap::Any,
            };
        }
        let to = want.holds;
        let label = self.label();
        let kind = if fails {
            "br_on_cast_fail"
        } else {
            "br_on_cast"
        };
        if fails {
            let rest = match to.nullable {
                true => wide.non_null(),
                false => wide,
            };
            self.put(format!(
                "(block $l{label} (result {}) (block $f{label} (result {rest})",
                want.ty
            ));
            self.put(format!("(br $l{label} ({kind} $f{label} {wide} {to}"));
            self.reference(Place::of(wide), depth + 1);
            self.put(")))");
        } else {
            self.put(format!("(block $l{label} (result {})", want.ty));
            self.put(format!("({kind} $l{label} {wide} {to}"));
            self.reference(Place::of(wide), depth + 1);
            self.put(")");
        }
        self.put("(drop)");
        self.simple(to);
        self.put(")");
    }
}
