//! Types that say no more than is true: of parameters, results, globals, fields and elements, by what is ever put there.
//!
//! Apart from the passes because a place has one type for all functions that use it. Where it is more precise, casts and checks turn out to
//! be decided, and passes drop them. Fields that nothing reads go, and so do those that are always the same.
//!
//! ```text
//! each function ──> flow ──> solve: what each slot holds ──> plan: types ──> edit: each function that names them, by the new header
//! ```
//! Parameters and results change where all calls are seen. Fields and elements change only in types that are private (see
//! [`privacy`](crate::privacy)); these stay as different as they were, since all of them are put into one recursion group.
//!
//! What makes the outcome valid:
//!
//! - A slot (parameter, result, global, field, element) never gets a wider type than it was declared with, so that whatever only reads it
//!   stays valid. Types of functions and tables that can be referred to, tags and segments do not change; nor does what is a subtype of
//!   what.
//! - A body that stays as it is has every slot that it writes pinned to its declared type, and every type of which it names a field; that
//!   goes for operators that are never reached, as validation does not leave them out. All other bodies that name something that changes,
//!   be it only there, are written anew, with casts where a use wants more than is known of a value. These cannot fail.
//! - Where no code is between two slots, one must match the other (see [`bounds`]).
//! - Null flows wherever a default value does, so that fields of types with such objects stay nullable.
//! - Fields are mutable as long as anything may set them. A field goes from a type and all its subtypes at once.
//!
//! Where the module is to become shorter, what bodies gain is weighed against what the same passes make of them with the types as they are.

mod bounds;
mod edit;
mod flow;
mod plan;
mod slots;
mod solve;

use crate::functions::{self, Facts, Worker};
use crate::job::{Changed, Job};
use crate::privacy::private_types;
use crate::uses::Uses;
use crate::{Error, Options, types, weigh};
use flow::Flow;
use module::{
    CompositeType, ConstExpr, ElemItems, ExportItem, FuncIdx, FuncType, Header, Module, Op, TypeIdx,
};
use plan::{Access, Plan, Stored};
use rewrite::{Rewrite, type_uses};
use slots::Slots;
use solve::solve;
use std::collections::HashSet;

/// So often at most, what turns out not to be writable is left alone.
const TRIES: usize = 4;

/// Refines types.
pub(crate) fn run(module: &Module, job: &Job<'_>) -> Result<Option<Changed>, Error> {
    let is_object = |ty: &module::SubType| !matches!(ty.composite, CompositeType::Func(_));
    if !module.header().types().iter().any(is_object) {
        return Ok(None);
    }
    // What is the same changes alike.
    let merged = match types::merge(module)? {
        Some(bytes) => Some(crate::optimize::decode(bytes)?),
        None => None,
    };
    let before = merged.map(|merged| {
        let bytes = merged.bytes().to_vec();
        (merged, Changed::beside_funcs(module, bytes))
    });
    let Some((merged, before)) = before else {
        return refine(module, job);
    };
    Ok(Some(match refine(&merged, job)? {
        Some(refined) => before.then(refined),
        None => before,
    }))
}

fn refine(module: &Module, job: &Job<'_>) -> Result<Option<Changed>, Error> {
    let options = job.options;
    let header = module.header();
    let facts = Facts::of(module, job)?;
    let is_private = private_types(module, options.closed_world)?;
    let slots = Slots::new(header);
    let mut outside = outside(module, options, &slots, &is_private)?;
    let mut flows = functions::for_each(module, options, |worker, func| {
        match worker.build(module, func) {
            Some(built) => Some((Flow::of(built, func, header, &slots), true)),
            None => Some((kept(worker, module, func, &slots)?, false)),
        }
    });
    let mut is_weighed = !options.only_shorter;
    let mut usual = vec![None; flows.len()];
    for _ in 0..TRIES {
        // What is not known to the last function is not known.
        if flows.iter().any(Option::is_none) {
            return Ok(None);
        }
        let plan = plan(header, &slots, &is_private, &outside, &flows);
        if plan.is_nothing() {
            return Ok(None);
        }
        let bodies = bodies(module, &facts, &plan, &slots, &flows);
        let mut is_stuck = false;
        for (at, body) in bodies.iter().enumerate() {
            if let Some(None) = body {
                let func = FuncIdx((header.n_imported_funcs() + at) as u32);
                let flow = kept(&mut Worker::default(), module, func, &slots);
                flows[at] = flow.map(|flow| (flow, false));
                is_stuck = true;
            }
        }
        if is_stuck {
            continue;
        }
        if options.only_shorter {
            lengths_as_usual(module, &facts, &bodies, &mut usual);
        }
        if !is_weighed {
            is_weighed = true;
            let lost = without_gain(module, &plan, &flows, &bodies, &usual);
            if !lost.is_empty() {
                lost.iter().for_each(|&func| outside.pin_func(func));
                continue;
            }
        }
        if options.only_shorter && gain_of_all(header, &plan, &bodies, &usual) <= 0 {
            return Ok(None);
        }
        return apply(module, options, &is_private, &plan, bodies);
    }
    Ok(None)
}

/// Finds how long the bodies that change would be if they went through the same passes with the types as they are: what is gained by that
/// alone is no gain of other types.
fn lengths_as_usual(
    module: &Module,
    facts: &Facts<'_>,
    bodies: &[Option<Option<Vec<u8>>>],
    usual: &mut [Option<usize>],
) {
    let n_imported = module.header().n_imported_funcs();
    let at = |func: FuncIdx| func.index() - n_imported;
    let is_wanted = |func| bodies[at(func)].is_some() && usual[at(func)].is_none();
    let found = functions::for_each(module, facts.options, |worker, func| {
        if !is_wanted(func) {
            return None;
        }
        let before = module.body(func)?.bytes_len();
        let built = worker.build(module, func)?;
        let body = functions::finish(module, facts, func, built, facts.pipeline());
        Some(body.map_or(before, |body| body.len().min(before)))
    });
    for (usual, found) in usual.iter_mut().zip(found) {
        *usual = usual.or(found);
    }
}

/// By how many bytes the module becomes shorter by other types.
fn gain_of_all(
    header: &Header,
    plan: &Plan,
    bodies: &[Option<Option<Vec<u8>>>],
    usual: &[Option<usize>],
) -> isize {
    let bodies = bodies.iter().zip(usual).filter_map(|(body, usual)| {
        let body = body.as_ref()?.as_ref()?;
        Some(*usual.as_ref()? as isize - body.len() as isize)
    });
    let mut new_types: HashSet<&FuncType> = plan.funcs.iter().flatten().collect();
    for ty in header.types() {
        ty.as_func().map(|ty| new_types.remove(ty));
    }
    // What it is, and two numbers of types.
    let n_new = |ty: &FuncType| (3 + ty.params().len() + ty.results().len()) as isize;
    let new_types: isize = new_types.into_iter().map(n_new).sum();
    bodies.sum::<isize>() + plan.bytes_spared(header) - new_types
}

/// Functions that make the module longer by their new types.
fn without_gain(
    module: &Module,
    plan: &Plan,
    flows: &[Option<(Flow, bool)>],
    bodies: &[Option<Option<Vec<u8>>>],
    usual: &[Option<usize>],
) -> HashSet<FuncIdx> {
    let header = module.header();
    let new_type = |func: FuncIdx| plan.funcs[func.index()].clone();
    let parts = flows.iter().enumerate().map(|(at, flow)| {
        let own = FuncIdx((header.n_imported_funcs() + at) as u32);
        let calls = flow.iter().flat_map(|(flow, _)| flow.calls.iter().copied());
        let parts = calls.chain([own]);
        parts
            .filter(|func| plan.funcs[func.index()].is_some())
            .collect()
    });
    let parts: Vec<HashSet<FuncIdx>> = parts.collect();
    let all = bodies.iter().zip(flows).zip(&parts).zip(usual);
    let bodies = all.filter_map(|(((body, flow), parts), usual)| {
        let body = body.as_ref()?.as_ref()?;
        Some(weigh::Body {
            gain: usual.as_ref().map_or(0.0, |usual| *usual as f64) - body.len() as f64,
            parts,
            has_more: plan.concerns(&flow.as_ref()?.0),
        })
    });
    weigh::without_gain(header, bodies, new_type)
}

/// What flows where in a function whose body stays; `None` if it cannot be read.
fn kept(worker: &mut Worker, module: &Module, func: FuncIdx, slots: &Slots) -> Option<Flow> {
    let mut reader = worker.read(module, func)?;
    Flow::of_ops(&mut reader, func, slots)
}

/// What flows where outside of functions, and from outside the module.
fn outside(
    module: &Module,
    options: &Options<'_>,
    slots: &Slots,
    is_private: &[bool],
) -> Result<Flow, Error> {
    let header = module.header();
    let mut flow = Flow::default();
    let uses = Uses::of(module, options)?;
    for func in 0..header.funcs().len() {
        if uses.escapes[func] || func < header.n_imported_funcs() {
            flow.pin_func(FuncIdx(func as u32));
        }
    }
    let mut pin_global = |global: u32| flow.pin(slots, slots.global(module::GlobalIdx(global)));
    (0..header.n_imported_globals() as u32).for_each(&mut pin_global);
    for export in header.exports() {
        if let ExportItem::Global(global) = export.item {
            pin_global(global.0);
        }
    }
    for (at, init) in header.global_inits().iter().enumerate() {
        let from = flow.expr(init, header, slots);
        let global = (header.n_imported_globals() + at) as u32;
        let slot = slots.global(module::GlobalIdx(global));
        flow.write_as_is(slots, slot, from);
    }
    // What other expressions make stays as it is.
    let elems = header.elems().iter().flat_map(|elem| match &elem.items {
        ElemItems::Exprs(exprs) => &exprs[..],
        ElemItems::Funcs(_) => &[],
    });
    for expr in header.table_inits().iter().flatten().chain(elems) {
        flow.expr(expr, header, slots);
        for op in expr.ops() {
            if let Op::StructNew(ty)
            | Op::StructNewDefault(ty)
            | Op::ArrayNew(ty)
            | Op::ArrayNewDefault(ty)
            | Op::ArrayNewFixed { ty, .. } = *op
            {
                flow.pin_type(ty);
            }
        }
    }
    for (at, is_private) in is_private.iter().enumerate() {
        if !is_private {
            flow.pin_type(TypeIdx(at as u32));
        }
    }
    Ok(flow)
}

/// What is to become of the module.
fn plan(
    header: &Header,
    slots: &Slots,
    is_private: &[bool],
    outside: &Flow,
    flows: &[Option<(Flow, bool)>],
) -> Plan {
    let flows = flows.iter().flatten().map(|(flow, _)| flow);
    let mut flows: Vec<&Flow> = [outside].into_iter().chain(flows).collect();
    let pins = Flow::pins(&flows, header, slots);
    flows.push(&pins);
    let n = slots.len();
    let mut access = Access {
        is_open: vec![false; n],
        is_read: vec![false; n],
        is_set: vec![false; n],
        stores: vec![Stored::Nothing; n],
    };
    let root = |slot: u32| slots.root[slot as usize] as usize;
    for flow in &flows {
        flow.reads
            .iter()
            .for_each(|&slot| access.is_read[root(slot)] = true);
        flow.sets
            .iter()
            .for_each(|&slot| access.is_set[root(slot)] = true);
        for &(slot, bits) in &flow.stores {
            let stored = &mut access.stores[root(slot)];
            *stored = stored.and(bits);
        }
    }
    let mut sideways = Vec::new();
    let fields = |ty: usize| {
        let composite = &header.sub_type(TypeIdx(ty as u32)).composite;
        slots::stored(composite).len() as u32
    };
    for (at, is_private) in is_private.iter().enumerate() {
        for field in 0..fields(at) {
            let slot = slots.field(TypeIdx(at as u32), field);
            access.is_open[root(slot)] |= !is_private;
        }
    }
    for (at, ty) in header.types()[..is_private.len()].iter().enumerate() {
        for field in 0..fields(at) {
            let slot = slots.field(TypeIdx(at as u32), field);
            let mutable = match &ty.composite {
                CompositeType::Struct(found) => found.fields[field as usize].mutable,
                CompositeType::Array(found) => found.element.mutable,
                CompositeType::Func(_) => false,
            };
            // Others may write it.
            access.is_set[root(slot)] |= mutable && access.is_open[root(slot)];
        }
    }
    for slot in 0..n as u32 {
        if let Some(above) = slots.above[slot as usize] {
            sideways.push((slot, above));
            if access.is_set[root(slot)] {
                sideways.push((above, slot));
            }
        }
    }
    let known = solve(header, slots, &flows, &sideways);
    let mut bounds = sideways;
    bounds.extend(flows.iter().flat_map(|flow| flow.bounds.iter()));
    let types = bounds::types(header, slots, &known, &bounds);
    Plan::new(header, slots, &access, &types)
}

/// New bodies of the functions that change: `Some(None)` is one that cannot be written.
fn bodies(
    module: &Module,
    facts: &Facts<'_>,
    plan: &Plan,
    slots: &Slots,
    flows: &[Option<(Flow, bool)>],
) -> Vec<Option<Option<Vec<u8>>>> {
    let header = module.header();
    let then = plan.header(header);
    let has_other_type = |func: &FuncIdx| plan.funcs[func.index()].is_some();
    functions::for_each(module, facts.options, |worker, func| {
        let (flow, can_change) = flows[header.defined_func(func)?].as_ref()?;
        if !can_change {
            return None;
        }
        let concerns = |flow: &Flow| flow.calls.iter().any(has_other_type) || plan.concerns(flow);
        // Code that is never reached has to be valid as well: it goes when the body is written.
        let changes = has_other_type(&func)
            || concerns(flow)
            || kept(worker, module, func, slots).is_none_or(|flow| concerns(&flow));
        if !changes {
            return None;
        }
        let built = worker.build(module, func)?;
        edit::edit(built, header, plan);
        let pipeline = facts.pipeline();
        Some(functions::finish_as(
            module, &then, facts, func, built, pipeline,
        ))
    })
}

/// The module as planned; `None` if it cannot be, or does not become smaller where that matters.
fn apply(
    module: &Module,
    options: &Options<'_>,
    is_private: &[bool],
    plan: &Plan,
    bodies: Vec<Option<Option<Vec<u8>>>>,
) -> Result<Option<Changed>, Error> {
    let mut better = Rewrite::new(module);
    better.bodies = bodies.into_iter().map(Option::flatten).collect();
    better.new_types.clone_from(&plan.funcs);
    better.global_types.clone_from(&plan.globals);
    better.global_inits.clone_from(&plan.inits);
    // What fields that go declared may still be named by bodies.
    for (old, new) in module.header().global_inits().iter().zip(&plan.inits) {
        let Some(new) = new else { continue };
        let still: HashSet<u32> = funcs_of(new).collect();
        let gone = funcs_of(old).filter(|func| !still.contains(func));
        better.more_declared.extend(gone);
    }
    better.more_declared.sort_unstable();
    better.more_declared.dedup();
    if plan.is_changed.contains(&true) {
        // Which ones are not needed shows when all is written.
        let uses: Vec<u32> = type_uses(module)?.iter().map(|&n| n.max(1)).collect();
        let define = |ty: TypeIdx| plan.types[ty.index()].clone();
        let Some(groups) = types::arranged(module.header(), is_private, &uses, &define) else {
            return Ok(None);
        };
        let by: Vec<u32> = (0..is_private.len() as u32).collect();
        better.set_groups(&groups, &by, define);
    }
    let changed = Changed::by(module, &better)?;
    let is_longer = changed.bytes.len() > module.bytes().len();
    Ok((!is_longer || !options.only_shorter).then_some(changed))
}

/// The functions that an initial value refers to.
fn funcs_of(init: &ConstExpr) -> impl Iterator<Item = u32> {
    init.ops().iter().filter_map(|op| match *op {
        Op::RefFunc(func) => Some(func.0),
        _ => None,
    })
}
