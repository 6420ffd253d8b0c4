//! Parameters that their function does not use, or that are the same constant in each call, and results that no call uses: they go.
//!
//! Apart from the passes because callers and callees must change at once. Only functions all of whose calls are seen change: those that
//! nothing names but direct calls. If one of the bodies cannot be written, what it takes part in is left alone, and all is done again.

use crate::functions::{self, Facts, Worker};
use crate::uses::Uses;
use crate::{Error, Options};
use ir::{Block, Callee, Func, Inst, InstId, Term, Type, Value};
use module::{FuncIdx, FuncType, Module, ValType};
use rewrite::Rewrite;
use std::collections::HashSet;

/// So often at most, what turns out not to be writable is left alone.
const TRIES: usize = 4;

/// Changes them.
pub(crate) fn run(module: &Module, options: &Options<'_>) -> Result<Option<Vec<u8>>, Error> {
    let uses = Uses::of(module)?;
    let facts = Facts::of(module, options)?;
    let header = module.header();
    let seen = functions::for_each(module, options, |worker, func| {
        let built = prepared(worker, module, &facts, func)?;
        Some(Seen::of(built))
    });
    let mut found = vec![None; header.funcs().len()];
    for (at, seen) in seen.iter().enumerate() {
        let func = header.n_imported_funcs() + at;
        // Where references pass, `ir::emit` asks for the types that functions had.
        let ty = header.func_type(FuncIdx(func as u32));
        let is_number = |ty: &ValType| !matches!(ty, ValType::Ref(_));
        if let Some(seen) = seen
            && ty.params().iter().all(is_number)
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
    for _ in 0..TRIES {
        if found.iter().all(Option::is_none) {
            return Ok(None);
        }
        match apply(module, &facts, &seen, &found)? {
            Ok(bytes) => return Ok(Some(bytes)),
            Err(stuck) => stuck.iter().for_each(|func| found[func.index()] = None),
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
    let ty = module.header().func_type(func);
    passes::run(built, &facts.env(module, ty), &["dce"]);
    Some(built)
}

/// A number that is an argument in each call.
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
            let is_number = matches!(ty, Type::I32 | Type::I64 | Type::F32 | Type::F64);
            let bits = func.const_bits(value).filter(|_| is_number)?;
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

/// The module with these changes, or the functions that cannot change because a body cannot be written.
fn apply(
    module: &Module,
    facts: &Facts<'_>,
    seen: &[Option<Seen>],
    changes: &[Option<Change>],
) -> Result<Result<Vec<u8>, HashSet<FuncIdx>>, Error> {
    let header = module.header();
    // The functions that take part in something, and what they take part in.
    let parts = |at: usize| {
        let own = FuncIdx((header.n_imported_funcs() + at) as u32);
        let called = seen[at]
            .iter()
            .flat_map(|seen| &seen.calls)
            .map(|call| call.callee);
        called
            .chain([own])
            .filter(|func| changes[func.index()].is_some())
            .collect::<HashSet<FuncIdx>>()
    };
    let bodies = functions::for_each(module, facts.options, |worker, func| {
        let at = header.defined_func(func)?;
        if parts(at).is_empty() {
            return None;
        }
        let built = prepared(worker, module, facts, func)?;
        change_calls(built, changes);
        let ty = match &changes[func.index()] {
            Some(change) => {
                change_self(built, change);
                change.ty(header.func_type(func))
            }
            None => header.func_type(func).clone(),
        };
        Some(functions::finish_as(
            module,
            facts,
            func,
            built,
            facts.pipeline(),
            &ty,
        ))
    });
    let mut stuck = HashSet::new();
    let mut better = Rewrite::new(module);
    for (at, body) in bodies.into_iter().enumerate() {
        match body {
            Some(Some(body)) => better.bodies[at] = Some(body),
            Some(None) => stuck.extend(parts(at)),
            None => {}
        }
    }
    if !stuck.is_empty() {
        return Ok(Err(stuck));
    }
    for (func, change) in changes.iter().enumerate() {
        if let Some(change) = change {
            let ty = header.func_type(FuncIdx(func as u32));
            better.new_types[func] = Some(change.ty(ty));
        }
    }
    Ok(Ok(better.apply()?))
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
