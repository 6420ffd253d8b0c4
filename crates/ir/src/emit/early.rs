//! What is passed before a branch rather than on the way: then the branch itself can go where the edge leads.
//!
//! Apart from choosing locals because it is decided by them: a local may be written early if its content is not needed where
//! the other ways lead. Code is then made once more with what was decided.

use super::locals::Locals;
use super::trees::Code;
use crate::{Block, Cfg, EdgeId, Func, Term, Value};
use std::collections::HashMap;
use std::ops::Range;

/// How many different edges of a switch are looked at.
const EDGES_MAX: usize = 16;

/// What is passed before branches.
#[derive(Clone, Default)]
pub(super) struct Early {
    pairs: Vec<(Value, Value)>,
    /// By block: its part of `pairs`. Empty if there are none at all.
    blocks: Vec<Range<u32>>,
    /// By edge: whether any of its arguments are in `moved`. Empty if there are none at all.
    edges: Vec<bool>,
    /// Arguments that are not passed on the way as they are, by edge and position.
    moved: HashMap<(EdgeId, u32), Moved>,
}

/// Where an argument is passed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moved {
    /// Before the branch.
    Early,
    /// On the way, but from where it was put before the branch.
    From(Value),
}

impl Early {
    /// What a block passes before its branch: values and the parameters that they become.
    pub(super) fn of(&self, block: Block) -> &[(Value, Value)] {
        match self.blocks.get(block.index()) {
            Some(range) => &self.pairs[range.start as usize..range.end as usize],
            None => &[],
        }
    }

    /// What an edge passes on the way for its argument of a position, if anything.
    pub(super) fn late(&self, edge: EdgeId, nth: usize, arg: Value) -> Option<Value> {
        if !self.edges.get(edge.index()).is_some_and(|any| *any) {
            return Some(arg);
        }
        match self.moved.get(&(edge, nth as u32)) {
            None => Some(arg),
            Some(Moved::Early) => None,
            Some(&Moved::From(param)) => Some(param),
        }
    }

    /// The same, and what is not yet where exceptions of calls expect it is passed before the call as well: all of it, or what would
    /// have to be copied.
    pub(super) fn with_thrown(
        &self,
        func: &Func,
        cfg: &Cfg,
        code: &Code<'_>,
        locals: &Locals,
        all: bool,
    ) -> Early {
        let mut early = Early {
            pairs: Vec::new(),
            blocks: vec![0..0; func.n_blocks()],
            edges: match self.edges.is_empty() {
                true => vec![false; func.n_edges()],
                false => self.edges.clone(),
            },
            moved: self.moved.clone(),
        };
        for &block in cfg.rpo() {
            let start = early.pairs.len() as u32;
            early.pairs.extend_from_slice(self.of(block));
            let late = code.unwound(func, block);
            early.pairs.extend(
                late.filter(|&(from, to)| from != to && (all || locals.is_copied(func, from, to))),
            );
            early.blocks[block.index()] = start..early.pairs.len() as u32;
        }
        early
    }

    /// Chooses, for a function whose locals were chosen with nothing early. `None` if there is nothing to gain.
    pub(super) fn choose(
        func: &Func,
        cfg: &Cfg,
        code: &Code<'_>,
        locals: &Locals,
    ) -> Option<Early> {
        let mut early = Early {
            pairs: Vec::new(),
            blocks: vec![0..0; func.n_blocks()],
            edges: vec![false; func.n_edges()],
            moved: HashMap::new(),
        };
        let mut edges: Vec<EdgeId> = Vec::new();
        for &block in cfg.rpo() {
            if code.tries().is_virtual(block) {
                continue;
            }
            if let Term::Try { .. } = func.term(block) {
                let start = early.pairs.len() as u32;
                let pairs = code.unwound(func, block);
                early.pairs.extend(pairs.filter(|&(from, to)| {
                    let is_copied = func.is_const(from) || locals.web(from) != locals.web(to);
                    from != to && is_copied
                }));
                early.blocks[block.index()] = start..early.pairs.len() as u32;
            }
            if matches!(func.term(block), Term::Jump(_) | Term::Try { .. }) {
                continue;
            }
            edges.clear();
            func.for_each_edge(block, |edge| {
                if !edges.contains(&edge) && edges.len() <= EDGES_MAX {
                    edges.push(edge);
                }
            });
            if edges.len() > EDGES_MAX {
                continue;
            }
            let mut choice = Choice {
                func,
                code,
                locals,
                edges: &edges,
                chosen: Vec::new(),
                start: early.pairs.len(),
                early: &mut early,
            };
            choice.make();
            let start = choice.start as u32;
            early.blocks[block.index()] = start..early.pairs.len() as u32;
        }
        (!early.pairs.is_empty()).then_some(early)
    }
}

/// Choosing for one block.
struct Choice<'a> {
    func: &'a Func,
    code: &'a Code<'a>,
    locals: &'a Locals,
    edges: &'a [EdgeId],
    chosen: Vec<EdgeId>,
    /// Where what the block passes starts.
    start: usize,
    early: &'a mut Early,
}

impl Choice<'_> {
    fn make(&mut self) {
        let (func, locals) = (self.func, self.locals);
        for &edge in self.edges {
            let is_free = locals.has_copies(func, self.code, edge) && self.can_be_early(edge);
            if !is_free {
                continue;
            }
            self.chosen.push(edge);
            for (nth, from, to) in passed(func, self.code, edge) {
                if from == to || !self.is_copied(from, to) {
                    continue;
                }
                let same =
                    |pair: &&(Value, Value)| pair.0 == from && locals.web(pair.1) == locals.web(to);
                let before = self.early.pairs[self.start..].iter().find(same);
                let moved = match before {
                    Some(&(_, param)) => Moved::From(param),
                    None => Moved::Early,
                };
                if moved == Moved::Early {
                    self.early.pairs.push((from, to));
                }
                self.moved(edge, nth, moved);
            }
        }
        if self.chosen.is_empty() {
            return;
        }
        for &edge in self.edges {
            if self.chosen.contains(&edge) {
                continue;
            }
            for (nth, from, to) in passed(func, self.code, edge) {
                if from == to || func.is_const(from) || !self.is_copied(from, to) {
                    continue;
                }
                let pairs = &self.early.pairs[self.start..];
                if let Some(&(_, param)) = pairs.iter().find(|pair| pair.0 == from) {
                    self.moved(edge, nth, Moved::From(param));
                }
            }
        }
    }

    fn moved(&mut self, edge: EdgeId, nth: u32, moved: Moved) {
        self.early.edges[edge.index()] = true;
        self.early.moved.insert((edge, nth), moved);
    }

    /// Whether passing a value takes code unless two webs happen to have the same local.
    fn is_copied(&self, from: Value, to: Value) -> bool {
        self.func.is_const(from) || self.locals.web(from) != self.locals.web(to)
    }

    /// Whether no one minds if all that an edge passes is passed before the branch.
    fn can_be_early(&self, edge: EdgeId) -> bool {
        let (func, locals) = (self.func, self.locals);
        passed(func, self.code, edge)
            .filter(|&(_, from, to)| from != to && self.is_copied(from, to))
            .all(|(_, from, to)| {
                let web = locals.web(to);
                let pairs = &self.early.pairs[self.start..];
                pairs
                    .iter()
                    .all(|pair| locals.web(pair.1) != web || pair.0 == from)
                    && self
                        .edges
                        .iter()
                        .all(|&other| other == edge || !self.needs(other, web))
            })
    }

    /// Whether a value of a web is needed where an edge leads, or on the way there.
    fn needs(&self, edge: EdgeId, web: u32) -> bool {
        let (func, locals) = (self.func, self.locals);
        let is_early = self.chosen.contains(&edge);
        let mut is_passed = false;
        for (_, from, to) in passed(func, self.code, edge) {
            let stays = from == to || !self.is_copied(from, to);
            if !func.is_const(from) && locals.web(from) == web && (stays || !is_early) {
                return true;
            }
            is_passed |= locals.web(to) == web;
        }
        !is_passed && locals.is_busy(web, func.edge(edge).to)
    }
}

/// What an edge passes to parameters that are used, and their positions; to themselves included.
fn passed<'a>(
    func: &'a Func,
    code: &'a Code<'_>,
    edge: EdgeId,
) -> impl Iterator<Item = (u32, Value, Value)> + 'a {
    let params = func.params(func.edge(edge).to).iter();
    let pairs = func.edge_args(edge).iter().zip(params).enumerate();
    pairs
        .map(|(nth, (&from, &to))| (nth as u32, from, to))
        .filter(|&(_, _, to)| code.is_used(to))
}
