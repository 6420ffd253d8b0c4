//! Which values share a local: those that become each other, so that nothing has to be copied, and those that are never there at
//! the same time.
//!
//! Apart from where values live because all it asks of that is whether intervals meet.

use super::ranges::{Interval, Ranges};
use super::trees::{Code, Item};
use super::types::Types;
use crate::{Block, Cfg, EdgeId, Func, Term, Value};
use module::{FuncType, ValType};
use std::cmp::Reverse;
use std::collections::HashMap;

/// How many intervals may be looked at to let values share a local that become each other.
const LOOKS_MAX: usize = 1 << 26;

pub(super) struct Locals {
    /// By value: its local.
    of: Vec<u32>,
    /// What is declared: how many of which type, in order.
    pub(super) declared: Vec<(u32, ValType)>,
    /// Blocks and items that put 0 into a local which has it already.
    zeros: Vec<(Block, u32)>,
    /// By value: the web that it is in.
    webs: Vec<u32>,
    /// By web: when one of its values is needed.
    busy: Vec<Vec<Interval>>,
    /// By block: its first step.
    start: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl Locals {
    pub(super) fn new(
        func: &Func,
        cfg: &Cfg,
        code: &Code<'_>,
        types: &Types<'_>,
        ranges: Ranges,
        ty: &FuncType,
    ) -> Locals {
        let n_params = ty.params().len();
        let mut webs = Webs::new(func, types, ranges, n_params);
        let mut looks = LOOKS_MAX;
        // What would have to be copied on the way of an edge first: a place for that takes code too.
        for first in [true, false] {
            for_each_copy(func, cfg, code, |_, is_conditional, from, to| {
                if is_conditional == first
                    && let (Some(a), Some(b)) = (webs.ranges.var(from), webs.ranges.var(to))
                {
                    webs.join(a, b, &mut looks);
                }
            });
        }
        let colors = webs.color(ty);
        let uses = count(func, cfg, code, &webs, &colors);
        let (numbers, declared) = number(&colors.types, &uses, n_params);
        let mut of = vec![NONE; func.n_values()];
        for (var, &value) in webs.ranges.vars.iter().enumerate() {
            let color = colors.of[webs.root(var)];
            of[value.index()] = numbers[color as usize];
        }
        let mut locals = Locals {
            of,
            declared,
            zeros: Vec::new(),
            webs: vec![NONE; func.n_values()],
            busy: Vec::new(),
            start: Vec::new(),
        };
        for (var, &value) in webs.ranges.vars.iter().enumerate() {
            locals.webs[value.index()] = webs.root(var) as u32;
        }
        locals.zeros = locals.known_zeros(func, cfg, code, &webs.ranges, n_params as u32);
        locals.busy = webs.ranges.of;
        locals.start = webs.ranges.start;
        locals
    }

    /// The local of a value.
    ///
    /// # Panics
    /// If it has none.
    pub(super) fn of(&self, value: Value) -> u32 {
        let local = self.of[value.index()];
        assert_ne!(local, NONE, "the value has a local");
        local
    }

    /// Whether a value has a local.
    pub(super) fn has(&self, value: Value) -> bool {
        self.of[value.index()] != NONE
    }

    /// Whether passing a value to a parameter takes any code.
    pub(super) fn is_copied(&self, func: &Func, from: Value, to: Value) -> bool {
        func.is_const(from) || self.of(from) != self.of(to)
    }

    /// Whether a parameter's local has the 0 that an item of a block would put there.
    pub(super) fn is_zero_already(&self, block: Block, item: usize) -> bool {
        let found = (block, item as u32);
        self.zeros.binary_search(&found).is_ok()
    }

    /// The web of a value: those that share a local because they become each other.
    ///
    /// # Panics
    /// If it has no local.
    pub(super) fn web(&self, value: Value) -> u32 {
        let web = self.webs[value.index()];
        assert_ne!(web, NONE, "the value has a local");
        web
    }

    /// Whether a value of a web is needed where a block starts.
    pub(super) fn is_busy(&self, web: u32, block: Block) -> bool {
        let start = self.start[block.index()];
        meets(&[(start, start + 1)], &self.busy[web as usize])
    }

    /// Whether anything would have to be copied where exceptions lead.
    pub(super) fn has_late_copies(&self, func: &Func, cfg: &Cfg, code: &Code<'_>) -> bool {
        code.tries().any()
            && cfg.rpo().iter().any(|&block| {
                code.unwound(func, block)
                    .any(|(from, to)| from != to && self.is_copied(func, from, to))
            })
    }

    /// Whether an edge has to copy anything.
    pub(super) fn has_copies(&self, func: &Func, code: &Code<'_>, edge: EdgeId) -> bool {
        code.passed(func, edge)
            .any(|(from, to)| self.is_copied(func, from, to))
    }

    /// Locals are 0 at first: what puts 0 there before anything else is put there need not be done, outside of loops.
    fn known_zeros(
        &self,
        func: &Func,
        cfg: &Cfg,
        code: &Code<'_>,
        ranges: &Ranges,
        n_params: u32,
    ) -> Vec<(Block, u32)> {
        let mut writes: Vec<Write> = Vec::new();
        let cycles = Cycles::new(func, cfg);
        for &block in cfg.rpo() {
            let cycle = cycles.of[block.index()];
            for (at, item) in code.of(block).iter().enumerate() {
                let step = (cycle, ranges.step(block, at));
                match *item {
                    Item::Set(value)
                    | Item::Tee(value)
                    | Item::Enter(value)
                    | Item::EnterTee(value) => {
                        writes.push((self.of(value), step, None));
                    }
                    Item::Take { from, to } if self.is_copied(func, from, to) => {
                        let is_zero =
                            func.const_bits(from) == Some(0) && !cycles.repeats[block.index()];
                        let place = is_zero.then_some((block, at as u32));
                        writes.push((self.of(to), step, place));
                    }
                    _ => {}
                }
            }
            if !matches!(func.term(block), Term::Jump(_)) {
                func.for_each_edge(block, |edge| {
                    for (from, to) in code.passed(func, edge) {
                        if self.is_copied(func, from, to) {
                            let step = (cycle, ranges.step(block, code.of(block).len()));
                            writes.push((self.of(to), step, None));
                        }
                    }
                });
            }
        }
        writes.sort_unstable_by_key(|&(local, step, _)| (local, step));
        let mut zeros = Vec::new();
        for writes in writes.chunk_by(|a, b| a.0 == b.0) {
            if writes[0].0 < n_params {
                continue;
            }
            for (block, take) in writes.iter().map_while(|write| write.2) {
                let items = code.of(block);
                let Item::Take { from, to } = items[take as usize] else {
                    unreachable!("only such are known to be 0")
                };
                let pass = items
                    .iter()
                    .position(|item| *item == Item::Pass { from, to });
                let pass = pass.expect("what is taken was passed");
                zeros.extend([(block, pass as u32), (block, take)]);
            }
        }
        zeros.sort_unstable();
        zeros
    }
}

/// Something is put into a local: which, when, and the place if it is a 0 outside of loops.
type Write = (u32, (u32, u32), Option<(Block, u32)>);

/// Calls `visit` with each value that becomes a parameter: the block that it comes from, whether on a conditional edge, both values.
fn for_each_copy(
    func: &Func,
    cfg: &Cfg,
    code: &Code<'_>,
    mut visit: impl FnMut(Block, bool, Value, Value),
) {
    for &block in cfg.rpo() {
        for item in code.of(block) {
            if let Item::Take { from, to } = *item {
                visit(block, false, from, to);
            }
        }
        for (from, to) in code.unwound(func, block).filter(|(from, to)| from != to) {
            visit(block, true, from, to);
        }
        if !matches!(func.term(block), Term::Jump(_)) {
            func.for_each_edge(block, |edge| {
                for (from, to) in code.passed(func, edge) {
                    visit(block, true, from, to);
                }
            });
        }
    }
}

/// Values that share a local because one becomes the other.
struct Webs {
    ranges: Ranges,
    /// By number: another one of the same web, in the end the web's root.
    parent: Vec<u32>,
    /// By root: the parameter of the function that is in the web.
    pinned: Vec<Option<u32>>,
    types: Vec<ValType>,
}

impl Webs {
    fn new(func: &Func, types: &Types<'_>, ranges: Ranges, n_params: usize) -> Webs {
        let n = ranges.vars.len();
        let mut pinned = vec![None; n];
        for (nth, &param) in func.params(Block::new(0)).iter().enumerate().take(n_params) {
            if let Some(var) = ranges.var(param) {
                pinned[var] = Some(nth as u32);
            }
        }
        Webs {
            types: ranges
                .vars
                .iter()
                .map(|&value| types.local(func, value))
                .collect(),
            parent: (0..n as u32).collect(),
            pinned,
            ranges,
        }
    }

    fn root(&self, var: usize) -> usize {
        let mut at = var;
        while self.parent[at] as usize != at {
            at = self.parent[at] as usize;
        }
        at
    }

    /// Lets two values share a local, if they never live at the same time.
    fn join(&mut self, a: usize, b: usize, looks: &mut usize) {
        let (a, b) = (self.root(a), self.root(b));
        let is_possible = self.types[a] == self.types[b]
            && (self.pinned[a].is_none() || self.pinned[b].is_none());
        if a == b || !is_possible {
            return;
        }
        let (few, many) = if self.ranges.of[a].len() < self.ranges.of[b].len() {
            (a, b)
        } else {
            (b, a)
        };
        let cost = self.ranges.of[a].len() + self.ranges.of[b].len();
        if *looks < cost || meets(&self.ranges.of[few], &self.ranges.of[many]) {
            return;
        }
        *looks -= cost;
        let taken = std::mem::take(&mut self.ranges.of[few]);
        merge(&mut self.ranges.of[many], &taken);
        self.pinned[many] = self.pinned[many].or(self.pinned[few]);
        self.parent[few] = many as u32;
    }

    /// Gives each web a local that is free wherever the web lives.
    fn color(&self, ty: &FuncType) -> Colors {
        let mut colors = Colors {
            of: vec![NONE; self.parent.len()],
            types: Vec::new(),
        };
        let mut taken: Vec<Vec<Interval>> = Vec::new();
        for &param in ty.params() {
            colors.types.push(param);
            taken.push(Vec::new());
        }
        let mut order = Vec::new();
        for var in 0..self.parent.len() {
            if self.root(var) != var {
                continue;
            }
            match self.pinned[var] {
                Some(param) => {
                    colors.of[var] = param;
                    merge(&mut taken[param as usize], &self.ranges.of[var]);
                }
                None => order.push(var),
            }
        }
        order.sort_by_key(|&var| self.ranges.of[var].first().copied());
        for var in order {
            let found = (0..taken.len()).find(|&color| {
                colors.types[color] == self.types[var]
                    && !meets(&self.ranges.of[var], &taken[color])
            });
            let color = found.unwrap_or_else(|| {
                colors.types.push(self.types[var]);
                taken.push(Vec::new());
                taken.len() - 1
            });
            colors.of[var] = color as u32;
            merge(&mut taken[color], &self.ranges.of[var]);
        }
        colors
    }
}

struct Colors {
    /// By root of a web.
    of: Vec<u32>,
    types: Vec<ValType>,
}

/// How often the code names each color.
fn count(func: &Func, cfg: &Cfg, code: &Code<'_>, webs: &Webs, colors: &Colors) -> Vec<u32> {
    let mut uses = vec![0; colors.types.len()];
    let mut add = |value: Value| {
        if let Some(var) = webs.ranges.var(value) {
            uses[colors.of[webs.root(var)] as usize] += 1;
        }
    };
    for &block in cfg.rpo() {
        for item in code.of(block) {
            match *item {
                Item::Get(value)
                | Item::Set(value)
                | Item::Tee(value)
                | Item::Enter(value)
                | Item::EnterTee(value) => add(value),
                _ => {}
            }
        }
    }
    for_each_copy(func, cfg, code, |_, _, from, to| {
        add(from);
        add(to);
    });
    uses
}

/// Numbers colors so that those that are named often have small numbers, and those of a type are together. Gives the numbers by
/// color, and what is declared.
fn number(types: &[ValType], uses: &[u32], n_params: usize) -> (Vec<u32>, Vec<(u32, ValType)>) {
    // How often each type is named, with the first color that has it.
    let mut total: HashMap<ValType, (u64, usize)> = HashMap::new();
    for (color, &ty) in types.iter().enumerate().skip(n_params) {
        total.entry(ty).or_insert((0, color)).0 += u64::from(uses[color]);
    }
    let mut order: Vec<usize> = (n_params..types.len()).collect();
    order.sort_by_key(|&color| {
        let (total, first) = total[&types[color]];
        (Reverse(total), first, Reverse(uses[color]), color)
    });
    let mut numbers: Vec<u32> = (0..types.len() as u32).collect();
    let mut declared: Vec<(u32, ValType)> = Vec::new();
    for (nth, &color) in order.iter().enumerate() {
        numbers[color] = (n_params + nth) as u32;
        match declared.last_mut() {
            Some((n, ty)) if *ty == types[color] => *n += 1,
            _ => declared.push((1, types[color])),
        }
    }
    (numbers, declared)
}

/// Whether intervals of one list meet those of another; both are sorted.
fn meets(few: &[Interval], many: &[Interval]) -> bool {
    few.iter().any(|&(from, to)| {
        let after = many.partition_point(|other| other.1 <= from);
        many.get(after).is_some_and(|other| other.0 < to)
    })
}

/// Adds intervals to others that they do not meet; both are sorted.
fn merge(into: &mut Vec<Interval>, from: &[Interval]) {
    if from.len() == 1 {
        let at = into.partition_point(|other| other.0 < from[0].0);
        into.insert(at, from[0]);
        return;
    }
    let mut all = Vec::with_capacity(into.len() + from.len());
    let (mut a, mut b) = (into.iter().peekable(), from.iter().peekable());
    while let (Some(first), Some(second)) = (a.peek(), b.peek()) {
        all.extend(if first < second { a.next() } else { b.next() });
    }
    all.extend(a);
    all.extend(b);
    *into = all;
}

/// Which blocks lead to each other, and the order of such groups.
struct Cycles {
    /// By block: the number of its group; a block only leads to groups with the same number or greater ones.
    of: Vec<u32>,
    /// By block: whether it can lead to itself.
    repeats: Vec<bool>,
}

impl Cycles {
    /// Tarjan, "Depth-first search and linear graph algorithms", without recursion.
    fn new(func: &Func, cfg: &Cfg) -> Cycles {
        const NEW: u32 = u32::MAX;
        let n = func.n_blocks();
        let (mut number, mut low) = (vec![NEW; n], vec![0; n]);
        let mut on_stack = vec![false; n];
        let mut cycles = Cycles {
            of: vec![0; n],
            repeats: vec![false; n],
        };
        let mut successors: Vec<Vec<Block>> = vec![Vec::new(); n];
        for &block in cfg.rpo() {
            func.for_each_edge(block, |edge| {
                let to = func.edge(edge).to;
                cycles.repeats[block.index()] |= to == block;
                successors[block.index()].push(to);
            });
        }
        let (mut stack, mut path) = (Vec::new(), Vec::new());
        let mut next = 0;
        // Groups are found from the last to the first.
        let mut group = n as u32;
        if n > 0 {
            path.push((Block::new(0), 0));
        }
        while let Some(&mut (block, ref mut followed)) = path.last_mut() {
            let at = block.index();
            if number[at] == NEW {
                number[at] = next;
                low[at] = next;
                next += 1;
                stack.push(block);
                on_stack[at] = true;
            }
            if let Some(&to) = successors[at].get(*followed) {
                *followed += 1;
                if number[to.index()] == NEW {
                    path.push((to, 0));
                } else if on_stack[to.index()] {
                    low[at] = low[at].min(number[to.index()]);
                }
                continue;
            }
            path.pop();
            if let Some(&(parent, _)) = path.last() {
                low[parent.index()] = low[parent.index()].min(low[at]);
            }
            if low[at] == number[at] {
                group -= 1;
                while let Some(member) = stack.pop() {
                    on_stack[member.index()] = false;
                    cycles.of[member.index()] = group;
                    cycles.repeats[member.index()] |= member != block;
                    // The first of the group is the last to be found.
                    cycles.repeats[at] |= member != block;
                    if member == block {
                        break;
                    }
                }
            }
        }
        cycles
    }
}
