//! A function that catches in the form that clauses can be read off.
//!
//! Apart from reading them because it changes the function: what would need code on the way to where a clause leads, or on the way to
//! where clauses are chosen, gets a block of its own there.

use super::Virtual;
use crate::emit::EmitError;
use crate::{Block, Cfg, Def, EdgeId, ExnOp, Func, Inst, InstId, NO_OFFSET, Term, Type, Value};
use std::collections::{HashMap, HashSet};

/// Whether there is anything to do with exceptions that are caught.
pub(super) fn has_tries(func: &Func) -> bool {
    func.blocks().any(|block| {
        let asks = |id: &InstId| {
            matches!(*func.inst(*id), Inst::Exn { op, .. } if !matches!(op, ExnOp::New(_)))
        };
        matches!(func.term(block), Term::Try { .. }) || func.insts(block).iter().any(asks)
    })
}

/// The test that decides how a block ends, if it is there.
fn test(func: &Func, block: Block) -> Option<InstId> {
    let Term::Branch { cond, .. } = func.term(block) else {
        return None;
    };
    let Def::Result(id, 0) = func.def(cond) else {
        return None;
    };
    let is_test = matches!(*func.inst(id), Inst::Exn { op, .. } if matches!(op, ExnOp::Is(_)));
    (is_test && func.insts(block).contains(&id)).then_some(id)
}

/// By block: whether it only chooses a clause, or throws on what is thrown anyway.
pub(super) fn virtual_blocks(func: &Func, cfg: &Cfg) -> Vec<bool> {
    let mut is_virtual = vec![false; func.n_blocks()];
    for &block in cfg.rpo().iter().skip(1) {
        is_virtual[block.index()] = test(func, block).is_some_and(|id| func.insts(block) == [id]);
    }
    let throws = |block: Block| {
        matches!(func.term(block), Term::Throw(_))
            && func.insts(block).is_empty()
            && block != Block::new(0)
    };
    let mut rethrows = Vec::new();
    for &block in cfg.rpo() {
        let edge = match func.term(block) {
            Term::Try { unwind, .. } => unwind,
            Term::Branch { otherwise, .. } if is_virtual[block.index()] => otherwise,
            _ => continue,
        };
        let to = func.edge(edge).to;
        if throws(to) {
            rethrows.push(to);
        }
    }
    for block in rethrows {
        is_virtual[block.index()] = true;
    }
    is_virtual
}

/// The function in this form; `None` if it catches nothing.
///
/// # Errors
/// If tags are asked for in a way that cannot be written.
pub(in crate::emit) fn normalized(func: &Func) -> Result<Option<Func>, EmitError> {
    if !has_tries(func) {
        return Ok(None);
    }
    let mut func = func.clone();
    for block in func.blocks() {
        if let Term::Try { normal, .. } = func.term(block)
            && func.try_call(block).is_none()
        {
            func.set_term(block, Term::Jump(normal));
        }
    }
    part_tests(&mut func)?;
    let mut normalizer = Normalizer::new(&mut func);
    normalizer.part_edges();
    Ok(Some(func))
}

/// Puts what decides on a tag into blocks of its own.
fn part_tests(func: &mut Func) -> Result<(), EmitError> {
    let mut moved: HashMap<Block, InstId> = HashMap::new();
    let mut is_moved: HashSet<InstId> = HashSet::new();
    for block in func.blocks() {
        let Some(id) = test(func, block) else {
            continue;
        };
        if func.insts(block) == [id] && block != Block::new(0) {
            continue;
        }
        let (term, offset) = (func.term(block), func.term_offset(block));
        let next = func.add_block(&[]);
        func.end_block(next, term, offset);
        let edge = func.add_edge(next, &[]);
        func.end_block(block, Term::Jump(edge), NO_OFFSET);
        moved.insert(next, id);
        is_moved.insert(id);
    }
    if !moved.is_empty() {
        func.rearrange(|block, old, new| {
            new.extend(old.iter().filter(|id| !is_moved.contains(id)));
            new.extend(moved.get(&block));
        });
    }
    // What asks for a tag does it for one branch.
    let mut uses: HashMap<Value, u32> = HashMap::new();
    for block in func.blocks() {
        let mut note = |value: Value| *uses.entry(value).or_default() += 1;
        for &id in func.insts(block) {
            func.inst(id).for_each_arg(func, &mut note);
        }
        func.for_each_term_arg(block, &mut note);
        func.for_each_edge(block, |edge| {
            func.edge_args(edge).iter().copied().for_each(&mut note);
        });
    }
    let is_used_twice = |block: Block| {
        test(func, block).is_some_and(|id| uses.get(&func.result(id)).is_some_and(|&n| n > 1))
    };
    match func.blocks().any(is_used_twice) {
        true => Err(EmitError::Unsupported("tags that are asked for as values")),
        false => Ok(()),
    }
}

struct Normalizer<'f> {
    func: &'f mut Func,
    cfg: Cfg,
    is_virtual: Vec<bool>,
    /// By value: whether anything but choosing a clause needs it.
    is_needed: Vec<bool>,
}

impl Normalizer<'_> {
    fn new(func: &mut Func) -> Normalizer<'_> {
        let cfg = Cfg::new(func);
        let is_virtual = virtual_blocks(func, &cfg);
        let mut is_needed = vec![false; func.n_values()];
        for &block in cfg.rpo() {
            if is_virtual[block.index()] {
                continue;
            }
            let mut note = |value: Value| is_needed[value.index()] = true;
            for &id in func.insts(block) {
                let inst = func.inst(id);
                let reads = |op| matches!(op, ExnOp::Field { .. });
                if !matches!(*inst, Inst::Exn { op, .. } if reads(op)) {
                    inst.for_each_arg(func, &mut note);
                }
            }
            func.for_each_term_arg(block, &mut note);
            let own = caught(func, block);
            func.for_each_edge(block, |edge| {
                let args = func.edge_args(edge).iter().copied();
                args.filter(|&arg| Some(arg) != own).for_each(&mut note);
            });
        }
        let mut normalizer = Normalizer {
            func,
            cfg,
            is_virtual,
            is_needed,
        };
        normalizer.spread_needs();
        normalizer
    }

    /// What blocks that are no code pass each other is one exception, whatever it is called.
    fn spread_needs(&mut self) {
        let mut same: HashMap<Value, Vec<Value>> = HashMap::new();
        for &block in self.cfg.rpo() {
            self.func.for_each_edge(block, |edge| {
                let to = self.func.edge(edge).to;
                if !self.is_virtual(to) {
                    return;
                }
                let exception = Virtual::of(self.func, to).exception();
                if let Def::Param(of, nth) = self.func.def(exception)
                    && of == to
                {
                    let arg = self.func.edge_args(edge)[usize::from(nth)];
                    same.entry(arg).or_default().push(exception);
                    same.entry(exception).or_default().push(arg);
                }
            });
        }
        let is_needed = &mut self.is_needed;
        let known = same.keys().copied();
        let mut work: Vec<Value> = known.filter(|value| is_needed[value.index()]).collect();
        while let Some(value) = work.pop() {
            for &other in &same[&value] {
                if !std::mem::replace(&mut is_needed[other.index()], true) {
                    work.push(other);
                }
            }
        }
    }

    /// Gives blocks to edges that need them.
    fn part_edges(&mut self) {
        for at in 0..self.cfg.rpo().len() {
            let block = self.cfg.rpo()[at];
            if self.is_virtual[block.index()] {
                self.part_choice(block);
                continue;
            }
            let mut edges = Vec::new();
            self.func.for_each_edge(block, |edge| edges.push(edge));
            edges.sort_unstable();
            edges.dedup();
            match self.func.term(block) {
                Term::Jump(_) => {}
                Term::Try { normal, unwind } => {
                    self.part_virtual(normal);
                    let to = self.func.edge(unwind).to;
                    let caught = caught(self.func, block);
                    if self.is_virtual(to) && !self.arrives(unwind, caught) {
                        self.part(unwind);
                    }
                }
                _ => edges.into_iter().for_each(|edge| self.part_virtual(edge)),
            }
        }
        self.part_landings();
    }

    fn is_virtual(&self, block: Block) -> bool {
        self.is_virtual.get(block.index()) == Some(&true)
    }

    /// Whether the exception that a block that is no code is about is this one, if the block is entered over this edge.
    fn arrives(&self, edge: EdgeId, exception: Option<Value>) -> bool {
        let to = self.func.edge(edge).to;
        let wanted = Virtual::of(self.func, to).exception();
        let wanted = match self.func.def(wanted) {
            Def::Param(of, nth) if of == to => self.func.edge_args(edge)[usize::from(nth)],
            _ => wanted,
        };
        Some(wanted) == exception
    }

    fn part_choice(&mut self, block: Block) {
        let Virtual::Test {
            exception,
            then,
            otherwise,
            ..
        } = Virtual::of(self.func, block)
        else {
            return;
        };
        let is_needed = self.is_needed[exception.index()];
        for (edge, is_match) in [(then, true), (otherwise, false)] {
            let to = self.func.edge(edge).to;
            let is_direct = match self.is_virtual(to) {
                true => !is_match && self.arrives(edge, Some(exception)),
                false => {
                    let is_only = self.is_new(to) || self.cfg.preds(to).len() == 1;
                    self.func.edge_args(edge).is_empty() && (is_only || !is_match && !is_needed)
                }
            };
            if !is_direct {
                self.part(edge);
            }
        }
    }

    /// Whether a block was made here, for one edge.
    fn is_new(&self, block: Block) -> bool {
        block.index() >= self.is_virtual.len()
    }

    fn part_virtual(&mut self, edge: EdgeId) {
        if self.is_virtual(self.func.edge(edge).to) {
            self.part(edge);
        }
    }

    /// Puts a block on the way of an edge.
    fn part(&mut self, edge: EdgeId) {
        let to = self.func.edge(edge).to;
        let args = self.func.edge_args(edge).to_vec();
        let between = self.func.add_block(&[]);
        let on = self.func.add_edge(to, &args);
        self.func.end_block(between, Term::Jump(on), NO_OFFSET);
        self.func.set_edge(edge, between, &[]);
    }

    /// What is entered with an exception is entered so by whatever leads there.
    fn part_landings(&mut self) {
        let mut by_target: HashMap<Block, Vec<EdgeId>> = HashMap::new();
        let mut passed: HashMap<EdgeId, Vec<usize>> = HashMap::new();
        for &block in self.cfg.rpo() {
            let Term::Try { unwind, .. } = self.func.term(block) else {
                continue;
            };
            let to = self.func.edge(unwind).to;
            if self.is_virtual(to) || self.is_new(to) {
                continue;
            }
            let own = caught(self.func, block);
            let args = self.func.edge_args(unwind).iter().enumerate();
            let at = args.filter(|&(_, &arg)| Some(arg) == own);
            passed.insert(unwind, at.map(|(nth, _)| nth).collect());
            by_target.entry(to).or_default().push(unwind);
        }
        let mut targets: Vec<(Block, Vec<EdgeId>)> = by_target.into_iter().collect();
        targets.sort_unstable_by_key(|(block, _)| *block);
        for (to, edges) in targets {
            let n_preds = self.cfg.preds(to).len();
            let first = &passed[&edges[0]];
            let is_alike = edges.iter().all(|edge| passed[edge] == *first);
            if is_alike && (n_preds == edges.len() || first.is_empty()) {
                continue;
            }
            if !is_alike {
                edges.into_iter().for_each(|edge| self.part(edge));
                continue;
            }
            let params = self.func.params(to).iter();
            let types: Vec<Type> = params.map(|&param| self.func.ty(param)).collect();
            let between = self.func.add_block(&types);
            let params = self.func.params(between).to_vec();
            let on = self.func.add_edge(to, &params);
            self.func.end_block(between, Term::Jump(on), NO_OFFSET);
            for edge in edges {
                self.func.redirect(edge, between);
            }
        }
    }
}

/// The exception that the call at the end of a block threw.
fn caught(func: &Func, block: Block) -> Option<Value> {
    let (_, caught) = func.try_call(block)?;
    caught.map(|id| func.result(id))
}
