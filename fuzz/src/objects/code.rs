//! The functions of such modules, and what stands before them.
//!
//! Apart from the types because this is where everything is used.

use super::types::{Heap, Kind, Place, RefType, Types};
use super::{Global, LEAVES, Signature};
use crate::Random;

/// Statements in each other, and expressions in these, at most.
pub(super) const DEPTH_MAX: usize = 6;

/// Locals of references beside the parameters.
const LOCALS: usize = 4;

pub(super) struct Writer<'r> {
    pub(super) random: &'r mut Random,
    pub(super) out: String,
    pub(super) types: Types,
    pub(super) funcs: Vec<Signature>,
    /// Whether functions throw and catch.
    pub(super) throws: bool,
    pub(super) globals: Vec<Global>,
    /// What the elements of the table are.
    pub(super) table: Place,
    /// Of the function that is written: its number, its locals, its labels, the statements that may still come.
    pub(super) own: usize,
    pub(super) locals: Vec<(String, Kind)>,
    pub(super) labels: Vec<usize>,
    pub(super) n_labels: usize,
    pub(super) n_left: usize,
}

impl<'r> Writer<'r> {
    pub(super) fn new(random: &'r mut Random, types: Types) -> Writer<'r> {
        let mut table = types.place(random);
        table.ty.nullable = true;
        Writer {
            random,
            out: String::new(),
            types,
            funcs: Vec::new(),
            throws: false,
            globals: Vec::new(),
            table,
            own: 0,
            locals: Vec::new(),
            labels: Vec::new(),
            n_labels: 0,
            n_left: 0,
        }
    }

    pub(super) fn n_globals(&self) -> usize {
        self.globals.len()
    }

    pub(super) fn put(&mut self, text: impl AsRef<str>) {
        self.out += text.as_ref();
        self.out.push(' ');
    }

    pub(super) fn one_in(&mut self, n: usize) -> bool {
        self.random.below(n) == 0
    }

    /// Globals, each with what may be there from the start.
    pub(super) fn globals(&mut self) {
        for nth in 0..3 + self.random.below(4) {
            let mutable = self.random.below(3) != 0;
            let kind = match self.random.below(4) {
                0 => Kind::I32,
                _ => Kind::Ref(self.types.place(self.random)),
            };
            let ty = match mutable {
                true => format!("(mut {kind})"),
                false => kind.to_string(),
            };
            self.put(format!("(global $g{nth} {ty}"));
            match kind {
                Kind::Ref(place) => self.constant(place),
                _ => self.put("(i32.const 3)"),
            }
            self.put(")\n");
            self.globals.push(Global { kind, mutable });
        }
    }

    /// A table of objects and one of functions, and segments for arrays.
    pub(super) fn segments(&mut self) {
        let (ty, table) = (self.table.ty, self.table);
        self.put(format!("(table $objects {ty} (elem"));
        for _ in 0..4 {
            self.put("(item");
            self.constant(table);
            self.put(")");
        }
        self.put("))\n(table $calls funcref (elem $f0 $f1 $f2 $f3))\n");
        for at in 0..self.types.0.len() {
            if let (true, Kind::Ref(place)) = self.element(at) {
                let holds = Place::of(place.holds);
                self.put(format!("(elem $e{at} {}", place.holds));
                for _ in 0..3 {
                    self.put("(item");
                    self.constant(holds);
                    self.put(")");
                }
                self.put(")\n");
            }
        }
    }

    /// Whether a type is an array, and what its elements or first field are.
    pub(super) fn element(&self, at: usize) -> (bool, Kind) {
        let object = &self.types.0[at];
        let kind = object.fields.first().map_or(Kind::I32, |field| field.kind);
        (object.is_array, kind)
    }

    /// A constant expression.
    pub(super) fn constant(&mut self, place: Place) {
        let earlier = (0..self.globals.len()).filter(|&nth| {
            let global = &self.globals[nth];
            let Kind::Ref(held) = global.kind else {
                return false;
            };
            !global.mutable
                && self.types.matches(held.ty, place.ty)
                && self.types.matches(held.holds, place.holds)
        });
        let earlier: Vec<usize> = earlier.collect();
        if !earlier.is_empty() && self.one_in(2) {
            let nth = earlier[self.random.below(earlier.len())];
            self.put(format!("(global.get $g{nth})"));
        } else {
            self.simple(place.holds);
        }
    }

    /// What is not much: null, a number, a function, an object of such. It is a constant expression.
    pub(super) fn simple(&mut self, ty: RefType) {
        match ty.heap {
            heap if ty.nullable && (self.one_in(3) || heap == Heap::Array) => {
                let bottom = match heap {
                    Heap::Extern => "noextern",
                    Heap::Func | Heap::Callable(_) => "nofunc",
                    _ => "none",
                };
                match self.one_in(2) {
                    true => self.put(format!("(ref.null {bottom})")),
                    false => self.put(format!("(ref.null {heap})")),
                }
            }
            Heap::Any | Heap::Eq | Heap::I31 => {
                let number = self.random.below(20);
                self.put(format!("(ref.i31 (i32.const {number}))"));
            }
            Heap::Array => self.put("(unreachable)"),
            Heap::Extern => self.put("(extern.convert_any (ref.i31 (i32.const 5)))"),
            Heap::Func => {
                let nth = self.random.below(LEAVES);
                self.put(format!("(ref.func $f{nth})"));
            }
            Heap::Callable(which) => {
                let nth = which + 2 * self.random.below(2);
                self.put(format!("(ref.func $f{nth})"));
            }
            // With null in it where that is possible, there is an end.
            Heap::Object(_) | Heap::Struct if ty.nullable => {
                self.put(format!("(ref.null {})", ty.heap));
            }
            Heap::Struct => self.simple(RefType::null(Heap::Object(0)).non_null()),
            Heap::Object(at) => self.new_object(at, DEPTH_MAX + 2),
        }
    }

    /// A new object of exactly this type.
    pub(super) fn new_object(&mut self, at: usize, depth: usize) {
        let object = self.types.0[at].clone();
        let simple = depth > DEPTH_MAX;
        if !object.is_array {
            let is_default = |kind: &Kind| match kind {
                Kind::Ref(place) => place.holds.nullable,
                _ => true,
            };
            if object.fields.iter().all(|field| is_default(&field.kind)) && self.one_in(6) {
                self.put(format!("(struct.new_default $y{at})"));
                return;
            }
            self.put(format!("(struct.new $y{at}"));
            for field in &object.fields {
                self.content(field.kind, field.is_same, simple, depth);
            }
            self.put(")");
            return;
        }
        let field = object.fields[0];
        let choice = if simple { 0 } else { self.random.below(5) };
        match (choice, field.kind) {
            (1, _) => {
                self.put(format!("(array.new $y{at}"));
                self.content(field.kind, field.is_same, simple, depth);
                self.put("(i32.const 3))");
            }
            (2, Kind::I8) => {
                self.put(format!(
                    "(array.new_data $y{at} $d (i32.const 1) (i32.const 4))"
                ));
            }
            (2, Kind::Ref(_)) => {
                self.put(format!(
                    "(array.new_elem $y{at} $e{at} (i32.const 1) (i32.const 2))"
                ));
            }
            (3, Kind::Ref(place)) if place.holds.nullable => {
                self.put(format!("(array.new_default $y{at} (i32.const 2))"));
            }
            _ => {
                let n = 2 + self.random.below(2);
                self.put(format!("(array.new_fixed $y{at} {n}"));
                for _ in 0..n {
                    self.content(field.kind, field.is_same, simple, depth);
                }
                self.put(")");
            }
        }
    }

    pub(super) fn content(&mut self, kind: Kind, is_same: bool, simple: bool, depth: usize) {
        match kind {
            Kind::Ref(place) if is_same && place.holds.nullable => {
                self.put(format!("(ref.null {})", place.holds.heap));
            }
            Kind::Ref(place) if simple => self.simple(place.holds),
            Kind::Ref(place) => self.reference(place, depth + 1),
            _ if is_same => self.put("(i32.const 300)"),
            _ if simple => {
                let number = self.random.below(400);
                self.put(format!("(i32.const {number})"));
            }
            _ => self.number(depth + 1),
        }
    }

    pub(super) fn function(&mut self, nth: usize) {
        self.own = nth;
        self.n_left = 5 + self.random.below(30);
        let signature = self.funcs[nth].clone();
        self.put(format!("(func $f{nth}"));
        match signature.callable {
            Some(0) => self.put("(type $t)"),
            Some(_) => self.put("(type $u)"),
            None => {}
        }
        self.locals.clear();
        for (at, &kind) in signature.params.iter().enumerate() {
            self.put(format!("(param $p{at} {kind})"));
            self.locals.push((format!("$p{at}"), kind));
        }
        for kind in &signature.results {
            self.put(format!("(result {kind})"));
        }
        self.put("(local $i0 i32) (local $i1 i32) (local $n0 i32) (local $n1 i32) (local $n2 i32)");
        for at in 0..2 {
            self.locals.push((format!("$i{at}"), Kind::I32));
        }
        for at in 0..LOCALS {
            let mut place = self.types.place(self.random);
            (place.ty.nullable, place.holds.nullable) = (true, true);
            self.put(format!("(local $r{at} {})", place.ty));
            self.locals.push((format!("$r{at}"), Kind::Ref(place)));
        }
        self.put("\n");
        self.statements(0);
        self.results();
        self.put(")\n");
    }

    /// What the function gives.
    pub(super) fn results(&mut self) {
        for kind in self.funcs[self.own].results.clone() {
            self.value(kind, 2);
        }
    }

    pub(super) fn statements(&mut self, depth: usize) {
        for _ in 0..1 + self.random.below(4) {
            if self.n_left == 0 {
                return;
            }
            self.n_left -= 1;
            self.statement(depth);
            self.put("\n");
        }
    }

    pub(super) fn label(&mut self) -> usize {
        self.n_labels += 1;
        self.n_labels
    }

    pub(super) fn statement(&mut self, depth: usize) {
        match self.random.below(if depth >= 4 { 10 } else { 17 }) {
            0..=2 => {
                let (name, kind) = self.locals[self.random.below(self.locals.len())].clone();
                self.put(format!("(local.set {name}"));
                self.value(kind, depth);
                self.put(")");
            }
            3 | 4 => {
                let nth = self.random.below(self.globals.len());
                if self.globals[nth].mutable {
                    self.put(format!("(global.set $g{nth}"));
                    self.value(self.globals[nth].kind, depth);
                    self.put(")");
                }
            }
            5..=7 => self.set(depth),
            8 => {
                self.put("(table.set $objects (i32.and (i32.const 3)");
                self.number(depth + 1);
                self.put(")");
                self.reference(self.table, depth + 1);
                self.put(")");
            }
            9 => {
                self.put("(drop");
                let place = self.types.place(self.random);
                self.reference(place, depth + 1);
                self.put(")");
            }
            10 | 11 => {
                self.put("(if");
                self.number(depth + 1);
                self.put("(then");
                self.statements(depth + 1);
                self.put(") (else");
                self.statements(depth + 1);
                self.put("))");
            }
            12 if depth < 3 => {
                let label = self.label();
                self.put(format!(
                    "(local.set $n{depth} (i32.const 3)) (loop $l{label}"
                ));
                self.statements(depth + 1);
                self.put(format!(
                    "(br_if $l{label} (local.tee $n{depth} (i32.sub (local.get $n{depth}) (i32.const 1)))))"
                ));
            }
            12 | 13 => {
                let label = self.label();
                self.put(format!("(block $l{label}"));
                self.labels.push(label);
                self.statements(depth + 1);
                if self.one_in(2) {
                    let label = self.labels[self.random.below(self.labels.len())];
                    self.put(format!("(br $l{label})"));
                    self.dead(depth + 1);
                }
                self.labels.pop();
                self.put(")");
            }
            14 => self.leave(depth),
            15 if self.throws => self.catch(depth),
            _ => self.call_for_two(depth),
        }
    }

    /// The function ends under a condition.
    pub(super) fn leave(&mut self, depth: usize) {
        self.put("(if");
        self.number(depth + 1);
        self.put("(then");
        let own = self.funcs[self.own].results.clone();
        let same: Vec<usize> = (self.first_callee()..self.own)
            .filter(|&nth| {
                let results = &self.funcs[nth].results;
                results.len() == own.len()
                    && results
                        .iter()
                        .zip(&own)
                        .all(|pair| self.fits(*pair.0, *pair.1))
            })
            .collect();
        match self.random.below(4) {
            0 if self.throws => {
                self.put("(throw $e");
                self.reference(Place::of(RefType::null(Heap::Object(0))), depth + 1);
                self.put(")");
            }
            1 | 2 if !same.is_empty() && self.own >= LEAVES => {
                let nth = same[self.random.below(same.len())];
                self.put(format!("(return_call $f{nth}"));
                self.arguments(nth, depth);
                self.put(")");
            }
            _ => {
                self.put("(return");
                self.results();
                self.put(")");
            }
        }
        if self.one_in(2) {
            self.dead(depth + 1);
        }
        self.put("))");
    }

    /// Leaves call nothing, so that references to them can be called without end.
    pub(super) fn first_callee(&self) -> usize {
        if self.own < LEAVES { self.own } else { 0 }
    }

    pub(super) fn fits(&self, from: Kind, to: Kind) -> bool {
        match (from, to) {
            (Kind::Ref(from), Kind::Ref(to)) => {
                self.types.matches(from.ty, to.ty) && self.types.matches(from.holds, to.holds)
            }
            (Kind::Ref(_), _) | (_, Kind::Ref(_)) => false,
            _ => true,
        }
    }

    pub(super) fn catch(&mut self, depth: usize) {
        let payload = RefType::null(Heap::Object(0));
        let label = self.label();
        let fitting = self.locals.iter().filter(|(_, kind)| {
            matches!(kind, Kind::Ref(place) if self.types.matches(payload, place.holds))
        });
        let name = fitting.map(|(name, _)| name.clone()).next();
        match name {
            Some(name) => self.put(format!("(local.set {name}")),
            None => self.put("(drop"),
        }
        self.put(format!(
            "(block $l{label} (result {payload}) (try_table (catch $e $l{label})"
        ));
        self.statements(depth + 1);
        self.put(")");
        self.simple(payload);
        self.put("))");
    }

    /// Calls a function that gives something else than one result.
    pub(super) fn call_for_two(&mut self, depth: usize) {
        let callees: Vec<usize> = (self.first_callee()..self.own)
            .filter(|&nth| self.funcs[nth].results.len() == 2)
            .collect();
        if callees.is_empty() {
            return;
        }
        let nth = callees[self.random.below(callees.len())];
        self.put(format!("(call $f{nth}"));
        self.arguments(nth, depth);
        self.put(")");
        for kind in self.funcs[nth].results.clone().into_iter().rev() {
            let fitting = self.locals.iter().filter(|(_, to)| self.fits(kind, *to));
            let name = fitting.map(|(name, _)| name.clone()).next();
            match name {
                Some(name) => self.put(format!("(local.set {name})")),
                None => self.put("(drop)"),
            }
        }
    }

    pub(super) fn arguments(&mut self, nth: usize, depth: usize) {
        for kind in self.funcs[nth].params.clone() {
            self.value(kind, depth + 1);
        }
    }

    /// Writes a field or elements.
    pub(super) fn set(&mut self, depth: usize) {
        let at = self.random.below(self.types.0.len());
        let object = self.types.0[at].clone();
        let settable = (0..object.fields.len()).filter(|&nth| object.fields[nth].is_set);
        let settable: Vec<usize> = settable.collect();
        if settable.is_empty() {
            return;
        }
        let nth = settable[self.random.below(settable.len())];
        let field = object.fields[nth];
        if !object.is_array {
            self.put(format!("(struct.set $y{at} {nth}"));
            self.object(at, depth + 1);
            self.content(field.kind, field.is_same, false, depth);
            self.put(")");
            return;
        }
        let from = (0..self.types.0.len()).filter(|&from| {
            let from = &self.types.0[from];
            let packed = |kind| matches!(kind, Kind::I8);
            from.is_array
                && self.fits(from.fields[0].kind, field.kind)
                && packed(from.fields[0].kind) == packed(field.kind)
        });
        let from: Vec<usize> = from.collect();
        match self.random.below(4) {
            0 => {
                let from = from[self.random.below(from.len())];
                self.put(format!("(array.copy $y{at} $y{from}"));
                self.object(at, depth + 1);
                self.put("(i32.const 0)");
                self.object(from, depth + 1);
                self.put("(i32.const 1) (i32.const 1))");
            }
            1 => {
                self.put(format!("(array.fill $y{at}"));
                self.object(at, depth + 1);
                self.put("(i32.const 0)");
                self.content(field.kind, field.is_same, false, depth);
                self.put("(i32.const 2))");
            }
            2 if matches!(field.kind, Kind::Ref(_)) => {
                self.put(format!("(array.init_elem $y{at} $e{at}"));
                self.object(at, depth + 1);
                self.put("(i32.const 1) (i32.const 1) (i32.const 1))");
            }
            _ => {
                self.put(format!("(array.set $y{at}"));
                self.object(at, depth + 1);
                self.put("(i32.const 1)");
                self.content(field.kind, field.is_same, false, depth);
                self.put(")");
            }
        }
    }

    /// What is behind a branch: operators whose operands are not there, and some whose are.
    pub(super) fn dead(&mut self, depth: usize) {
        for _ in 0..1 + self.random.below(3) {
            let at = self.random.below(self.types.0.len());
            let object = &self.types.0[at];
            let nth = self.random.below(object.fields.len().max(1));
            let (field, is_array) = (object.fields.get(nth).copied(), object.is_array);
            let get = match field.map(|field| field.kind) {
                Some(Kind::I8) => "get_u",
                _ => "get",
            };
            let func = self.random.below(self.funcs.len());
            let global = self.random.below(self.globals.len());
            match (self.random.below(9), field) {
                (0, Some(_)) if !is_array => self.put(format!("struct.{get} $y{at} {nth} drop")),
                (0, _) if is_array => self.put(format!("array.{get} $y{at} drop")),
                (1, Some(field)) if field.mutable && !is_array => {
                    self.put(format!("struct.set $y{at} {nth}"));
                }
                (1, Some(field)) if field.mutable => self.put(format!("array.set $y{at}")),
                (2, _) if is_array => self.put(format!("array.new_fixed $y{at} 2 drop")),
                (2, _) => self.put(format!("struct.new $y{at} drop")),
                (3, Some(_)) if !is_array => {
                    self.put(format!(
                        "(struct.{get} $y{at} {nth} (ref.null $y{at})) drop"
                    ));
                }
                (3, Some(field)) if field.mutable => {
                    self.put(format!("array.copy $y{at} $y{at}"));
                }
                (4, _) => {
                    let drops = "drop ".repeat(self.funcs[func].results.len());
                    self.put(format!("call $f{func} {drops}"));
                }
                (5, _) => {
                    let signature = self.funcs[func].clone();
                    if let Some(Kind::Ref(place)) = signature.params.last()
                        && place.ty.nullable
                    {
                        let drops = "drop ".repeat(signature.results.len());
                        self.put(format!("ref.null {} call $f{func} {drops}", place.ty.heap));
                    }
                }
                (6, _) if self.globals[global].mutable => {
                    self.put(format!("global.set $g{global}"))
                }
                (6, _) => self.put(format!("global.get $g{global} drop")),
                _ => self.statement(depth + 1),
            }
        }
    }
}
