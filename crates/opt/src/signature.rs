//! Parameters that their function does not use, or that are the same constant in each call, and results that no call uses: they go.
//!
//! Apart from the passes because callers and callees must change at once. Only functions all of whose calls are seen change: those that
//! nothing names but direct calls. If one of the bodies cannot be written, what it takes part in is left alone, and all is done again.

use crate::Error;
use crate::functions::{self, Facts, Worker};
use crate::job::{Changed, Job};
use crate::uses::Uses;
use crate::weigh;
use ir::{Block, Callee, Func, Inst, InstId, Term, Type, Value};
use module::{FuncIdx, FuncType, Header, Module};
use rewrite::Rewrite;
use std::collections::HashSet;

/// So often at most, what turns out not to be writable is left alone.
const TRIES: usize = 4;

/// Changes them.
pub(crate) fn run(module: &Module, job: &Job<'_>) -> Result<Option<Changed>, Error> {
    let options = job.options;
    let uses = Uses::of(module, options)?;
    let facts = Facts::of(module, job)?;
    let header = module.header();
    // One can change if it or a caller is new; then all callers have a say.
    let to_look_at = job.around_new(module)?;
    let seen = functions::for_each(module, options, |worker, func| {
        if !to_look_at[func.index()] {
            return None;
        }
        let built = prepared(worker, module, &facts, func)?;
        Some(Seen::of(built))
    });
    let mut found = vec![None; header.funcs().len()];
    for (at, seen) in seen.iter().enumerate() {
        let func = header.n_imported_funcs() + at;
        if let Some(seen) = seen
            && !uses.escapes[func]
            && uses.funcs[func] > 0
        {
            found[func] = Some(Change::begin(seen));
        }
    }
    // By function: calls that were seen, of those that there are.
    let mut n_seen = vec![0; header.funcs().len()];
    for call in seen.iter().flatten().flat_map(|seen| &seen.calls) {
        n_seen[call.callee.index()] += 1;
        if let Some(change) = &mut found[call.callee.index()] {
            change.meet(call);
        }
    }
    for (func, change) in found.iter_mut().enumerate() {
        if n_seen[func] != uses.funcs[func] || change.as_ref().is_some_and(Change::is_nothing) {
            *change = None;
        }
    }
    let mut bodies = vec![None; seen.len()];
    let mut is_weighed = !options.only_shorter;
    for _ in 0..TRIES {
        if found.iter().all(Option::is_none) {
            return Ok(None);
        }
        let parts = parts(header, &seen, &found);
        write(module, &facts, &found, &parts, &mut bodies);
        let mut stuck = HashSet::new();
        for (body, parts) in bodies.iter().zip(&parts) {
            if let Some(None) = body {
                stuck.extend(parts);
            }
        }
        if stuck.is_empty() && !is_weighed {
            stuck = without_gain(module, &found, &bodies, &parts);
            is_weighed = true;
        }
        if stuck.is_empty() {
            return Ok(Some(apply(module, bodies, &found)?));
        }
        stuck.iter().for_each(|func| found[func.index()] = None);
        for (body, parts) in bodies.iter_mut().zip(&parts) {
            if parts.iter().any(|func| stuck.contains(func)) {
                *body = None;
            }
        }
    }
    Ok(None)
}

/// A function without what it does not need: so what is unused is found, and found again.
fn prepared<'w>(
    worker: &'w mut Worker,
    module: &Module,
    facts: &Facts<'_>,
    func: FuncIdx,
) -> Option<&'w mut Func> {
    let built = worker.build(module, func)?;
    let header = module.header();
    let env = facts.env(header, header.func_type(func));
    passes::run(built, &env, &["dce"]);
    Some(built)
}

/// A number, or null, that is an argument in each call.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Constant {
    ty: Type,
    bits: u128,
}

/// What a call passes and takes.
#[derive(Clone)]
struct Call {
    callee: FuncIdx,
    args: Vec<Option<Constant>>,
    uses_results: bool,
    /// Whether it ends its function.
    is_tail: bool,
}

/// What was seen of a function.
#[derive(Clone)]
struct Seen {
    /// By parameter.
    is_used: Vec<bool>,
    /// Whether it returns values, and all by returns of its own.
    can_drop_results: bool,
    calls: Vec<Call>,
}

impl Seen {
    fn of(func: &Func) -> Seen {
        let mut used = vec![false; func.n_values()];
        let mut mark = |value: Value| used[value.index()] = true;
        let mut has_tail_calls = false;
        for block in func.blocks() {
            for &id in func.insts(block) {
                func.inst(id).for_each_arg(func, &mut mark);
            }
            func.for_each_term_arg(block, &mut mark);
            func.for_each_edge(block, |edge| {
                func.edge_args(edge).iter().copied().for_each(&mut mark);
            });
            has_tail_calls |= matches!(func.term(block), Term::TailCall { .. });
        }
        let constant = |&value: &Value| {
            let ty = func.ty(value);
            let bits = func.const_bits(value).filter(|_| ty != Type::V128)?;
            Some(Constant { ty, bits })
        };
        let mut calls = Vec::new();
        for block in func.blocks() {
            for &id in func.insts(block) {
                if let Inst::Call {
                    func: callee, args, ..
                } = *func.inst(id)
                {
                    calls.push(Call {
                        callee,
                        args: func.list(args).iter().map(constant).collect(),
                        is_tail: false,
                        uses_results: func.inst_results(id).any(|value| used[value.index()]),
                    });
                }
            }
            if let Term::TailCall {
                callee: Callee::Func(callee),
                args,
            } = func.term(block)
            {
                calls.push(Call {
                    callee,
                    args: func.list(args).iter().map(constant).collect(),
                    uses_results: true,
                    is_tail: true,
                });
            }
        }
        // A loop there would have them change.
        let mut loops_to_first = false;
        for block in func.blocks() {
            func.for_each_edge(block, |edge| {
                loops_to_first |= func.edge(edge).to.index() == 0
            });
        }
        let params = func
            .blocks()
            .next()
            .map_or(&[][..], |first| func.params(first));
        Seen {
            is_used: match loops_to_first {
                true => Vec::new(),
                false => params.iter().map(|param| used[param.index()]).collect(),
            },
            can_drop_results: !loops_to_first && !has_tail_calls && !func.results().is_empty(),
            calls,
        }
    }
}

/// What becomes of a parameter.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Param {
    /// It is not used.
    Unused,
    /// No call was seen yet.
    Unknown,
    /// It is this number in all calls.
    Always(Constant),
    /// It stays.
    Stays,
}

/// What becomes of a function.
#[derive(Clone)]
struct Change {
    params: Vec<Param>,
    drops_results: bool,
}

impl Change {
    fn begin(seen: &Seen) -> Change {
        let params = seen.is_used.iter().map(|is_used| match is_used {
            true => Param::Unknown,
            false => Param::Unused,
        });
        Change {
            params: params.collect(),
            drops_results: seen.can_drop_results,
        }
    }

    /// Takes a call into account.
    fn meet(&mut self, call: &Call) {
        self.drops_results &= !call.uses_results;
        if call.is_tail {
            self.params.fill(Param::Stays);
        }
        for (param, arg) in self.params.iter_mut().zip(&call.args) {
            *param = match (*param, *arg) {
                (Param::Unused, _) => Param::Unused,
                (Param::Unknown, Some(constant)) => Param::Always(constant),
                (Param::Always(known), Some(constant)) if known == constant => Param::Always(known),
                _ => Param::Stays,
            };
        }
    }

    fn keeps(&self, param: usize) -> bool {
        let param = self.params.get(param);
        matches!(param, None | Some(Param::Stays | Param::Unknown))
    }

    fn is_nothing(&self) -> bool {
        !self.drops_results && (0..self.params.len()).all(|param| self.keeps(param))
    }

    fn ty(&self, ty: &FuncType) -> FuncType {
        let params = ty.params().iter().enumerate();
        let params = params.filter(|(at, _)| self.keeps(*at)).map(|(_, &ty)| ty);
        let results = ty.results().iter().copied().filter(|_| !self.drops_results);
        FuncType::new(params, results)
    }
}

/// By defined function: the changes that it takes part in, as the function that changes or as one that calls it.
fn parts(
    header: &Header,
    seen: &[Option<Seen>],
    changes: &[Option<Change>],
) -> Vec<HashSet<FuncIdx>> {
    let parts = seen.iter().enumerate().map(|(at, seen)| {
        let own = FuncIdx((header.n_imported_funcs() + at) as u32);
        let called = seen
            .iter()
            .flat_map(|seen| &seen.calls)
            .map(|call| call.callee);
        called
            .chain([own])
            .filter(|func| changes[func.index()].is_some())
            .collect()
    });
    parts.collect()
}

/// Changes that make the module longer.
fn without_gain(
    module: &Module,
    changes: &[Option<Change>],
    bodies: &[Option<Option<Vec<u8>>>],
    parts: &[HashSet<FuncIdx>],
) -> HashSet<FuncIdx> {
    let header = module.header();
    let olds = module.body_ranges().iter();
    let bodies = bodies.iter().zip(parts).zip(olds);
    let bodies = bodies.filter_map(|((body, parts), old)| {
        let body = body.as_ref()?.as_ref()?;
        Some(weigh::Body {
            gain: old.len() as f64 - body.len() as f64,
            parts,
            has_more: false,
        })
    });
    weigh::without_gain(header, bodies, |func| {
        let change = changes[func.index()].as_ref()?;
        Some(change.ty(header.func_type(func)))
    })
}

/// The header with these changes.
fn header_then(header: &Header, changes: &[Option<Change>]) -> Header {
    let changed = changes.iter().enumerate().filter_map(|(func, change)| {
        let func = FuncIdx(func as u32);
        Some((func, change.as_ref()?.ty(header.func_type(func))))
    });
    header.with_func_types(changed)
}

/// Makes the bodies that are not there yet of functions that take part in something; `Some(None)` is one that cannot be written.
fn write(
    module: &Module,
    facts: &Facts<'_>,
    changes: &[Option<Change>],
    parts: &[HashSet<FuncIdx>],
    bodies: &mut [Option<Option<Vec<u8>>>],
) {
    let header = module.header();
    let header_then = header_then(header, changes);
    let known: &[Option<Option<Vec<u8>>>] = bodies;
    let new = functions::for_each(module, facts.options, |worker, func| {
        let at = header.defined_func(func)?;
        if parts[at].is_empty() || known[at].is_some() {
            return None;
        }
        let mut written = || {
            let built = prepared(worker, module, facts, func)?;
            change_calls(built, changes);
            if let Some(change) = &changes[func.index()] {
                change_self(built, change);
            }
            functions::finish_as(module, &header_then, facts, func, built, facts.pipeline())
        };
        Some(written())
    });
    for (body, new) in bodies.iter_mut().zip(new) {
        if new.is_some() {
            *body = new;
        }
    }
}

/// The module with these changes and bodies.
fn apply(
    module: &Module,
    bodies: Vec<Option<Option<Vec<u8>>>>,
    changes: &[Option<Change>],
) -> Result<Changed, Error> {
    let header_then = header_then(module.header(), changes);
    let mut better = Rewrite::new(module);
    for (better, body) in better.bodies.iter_mut().zip(bodies) {
        *better = body.flatten();
    }
    for (func, change) in changes.iter().enumerate() {
        if change.is_some() {
            let ty = header_then.func_type(FuncIdx(func as u32));
            better.new_types[func] = Some(ty.clone());
        }
    }
    Changed::by(module, &better)
}

/// Lets calls pass and take what their callees will.
fn change_calls(func: &mut Func, changes: &[Option<Change>]) {
    let blocks: Vec<Block> = func.blocks().collect();
    for block in blocks {
        let insts: Vec<InstId> = func.insts(block).to_vec();
        for id in insts {
            let Inst::Call {
                func: callee,
                args,
                n_results,
            } = *func.inst(id)
            else {
                continue;
            };
            let Some(change) = &changes[callee.index()] else {
                continue;
            };
            let args = kept_args(func, args, change);
            let inst = Inst::Call {
                func: callee,
                args,
                n_results: if change.drops_results { 0 } else { n_results },
            };
            match change.drops_results {
                true => func.replace_unused(id, inst),
                false => func.set_inst(id, inst),
            }
        }
    }
}

fn kept_args(func: &mut Func, args: ir::List, change: &Change) -> ir::List {
    let args: Vec<Value> = func.list(args).to_vec();
    let kept = args.iter().enumerate().filter(|(at, _)| change.keeps(*at));
    let kept: Vec<Value> = kept.map(|(_, &arg)| arg).collect();
    func.make_list(&kept)
}

/// Lets a function have the parameters and results that it will.
fn change_self(func: &mut Func, change: &Change) {
    let Some(first) = func.blocks().next() else {
        return;
    };
    let params: Vec<Value> = func.params(first).to_vec();
    let mut constants = Vec::new();
    for (&param, change) in params.iter().zip(&change.params) {
        if let Param::Always(Constant { ty, bits }) = *change {
            constants.push((param, func.constant(ty, bits)));
        }
    }
    if !constants.is_empty() {
        let constant = |value| constants.iter().find(|(param, _)| *param == value);
        func.map_values(|value| constant(value).map_or(value, |&(_, constant)| constant));
    }
    func.retain_params(first, &[], |at| change.keeps(at));
    if change.drops_results {
        func.drop_results();
    }
}
