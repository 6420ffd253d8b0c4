//! Which locals never need to be null: those that are set before each place that reads them, as validation sees it.
//!
//! Apart from types because it is about the nesting of blocks: what was set in a block does not count as set behind its end. So it
//! can only be found out when blocks are in order; code is then arranged once more, and checked.

use super::locals::Locals;
use super::shape::{Part, Shape};
use super::trees::{Code, Item};
use super::types::Types;
use crate::{Block, Func, Value};
use module::{RefType, ValType};

/// By value: whether its local can be of a type without null. `None` if there are no such values.
pub(super) fn settled(
    func: &Func,
    types: &Types<'_>,
    code: &Code<'_>,
    locals: &Locals,
    shape: &Shape,
) -> Option<Vec<bool>> {
    let is_unset = Walk::new(func, code, locals, shape, By::Value).unset;
    let mut webs = vec![true; func.n_values()];
    let refs = || {
        let values = (0..func.n_values() as u32).map(Value::new);
        values.filter(|&value| func.ty(value).is_ref() && locals.has(value))
    };
    for value in refs() {
        let is_given = func.params(Block::new(0)).contains(&value);
        let can_be_null = types.of(value).is_none_or(|ty| ty.nullable);
        if is_given || can_be_null || is_unset[value.index()] {
            webs[locals.web(value) as usize] = false;
        }
    }
    let mut settled = vec![false; func.n_values()];
    let mut any = false;
    for value in refs() {
        settled[value.index()] = webs[locals.web(value) as usize];
        any |= settled[value.index()];
    }
    any.then_some(settled)
}

/// Whether each local that cannot be null is set where it is read.
pub(super) fn is_valid(
    func: &Func,
    code: &Code<'_>,
    locals: &Locals,
    shape: &Shape,
    n_params: usize,
) -> bool {
    let is_unset = Walk::new(func, code, locals, shape, By::Local).unset;
    let mut local = n_params;
    locals.declared.iter().all(|&(count, ty)| {
        let range = local..local + count as usize;
        local = range.end;
        match ty {
            ValType::Ref(RefType {
                nullable: false, ..
            }) => range.into_iter().all(|local| !is_unset[local]),
            _ => true,
        }
    })
}

/// What is followed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Value,
    Local,
}

struct Walk<'a> {
    func: &'a Func,
    code: &'a Code<'a>,
    locals: &'a Locals,
    by: By,
    is_set: Vec<bool>,
    /// What was set, first to last, with where the open blocks started.
    set: Vec<usize>,
    open: Vec<usize>,
    /// What was read and not set.
    unset: Vec<bool>,
}

impl<'a> Walk<'a> {
    fn new(
        func: &'a Func,
        code: &'a Code<'a>,
        locals: &'a Locals,
        shape: &Shape,
        by: By,
    ) -> Walk<'a> {
        let n_params = func.params(Block::new(0)).len();
        let n_declared: u32 = locals.declared.iter().map(|declared| declared.0).sum();
        let n = func.n_values().max(n_params + n_declared as usize);
        let mut walk = Walk {
            func,
            code,
            locals,
            by,
            is_set: vec![false; n],
            set: Vec::new(),
            open: Vec::new(),
            unset: vec![false; n],
        };
        for (nth, &param) in func.params(Block::new(0)).iter().enumerate() {
            let at = match by {
                By::Value => param.index(),
                By::Local => nth,
            };
            walk.is_set[at] = true;
        }
        for &part in &shape.parts {
            walk.part(part);
        }
        walk
    }

    fn part(&mut self, part: Part) {
        match part {
            Part::Block(..) | Part::Loop { .. } | Part::If { .. } | Part::Try { .. } => {
                self.open.push(self.set.len())
            }
            Part::Else => {
                let start = *self.open.last().expect("something is open");
                self.forget(start);
            }
            Part::End => {
                let start = self.open.pop().expect("something is open");
                self.forget(start);
            }
            Part::Code { block, from, to } => {
                let code = self.code;
                for &item in &code.of(block)[from as usize..to as usize] {
                    self.item(item);
                }
            }
            Part::Copies(edge) => {
                let pairs: Vec<(Value, Value)> = self.code.passed(self.func, edge).collect();
                for &(from, to) in &pairs {
                    self.item(Item::Pass { from, to });
                }
                for (from, to) in pairs {
                    self.item(Item::Take { from, to });
                }
            }
            Part::Br(_)
            | Part::BrIf { .. }
            | Part::BrTable(..)
            | Part::Drop
            | Part::Unreachable
            | Part::Return
            | Part::Leave(_) => {}
        }
    }

    fn item(&mut self, item: Item) {
        match item {
            Item::Get(value) => self.read(value),
            Item::Set(value) | Item::Tee(value) | Item::Enter(value) | Item::EnterTee(value) => {
                self.write(value)
            }
            Item::Pass { from, to } => {
                if !self.func.is_const(from) && self.locals.is_copied(self.func, from, to) {
                    self.read(from);
                }
            }
            Item::Take { from, to } => {
                let is_set = self.locals.is_copied(self.func, from, to)
                    || (self.by == By::Value && self.is_set[from.index()]);
                if is_set {
                    self.write(to);
                }
            }
            Item::Const(_)
            | Item::Null(_)
            | Item::Convert(_)
            | Item::Drop
            | Item::Inst(_)
            | Item::Swapped(_) => {}
        }
    }

    fn key(&self, value: Value) -> usize {
        match self.by {
            By::Value => value.index(),
            By::Local => self.locals.of(value) as usize,
        }
    }

    fn read(&mut self, value: Value) {
        let at = self.key(value);
        self.unset[at] |= !self.is_set[at];
    }

    fn write(&mut self, value: Value) {
        let at = self.key(value);
        if !self.is_set[at] {
            self.is_set[at] = true;
            self.set.push(at);
        }
    }

    fn forget(&mut self, start: usize) {
        for at in self.set.drain(start..) {
            self.is_set[at] = false;
        }
    }
}
