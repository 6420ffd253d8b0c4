//! What is named most often gets the smallest numbers, which take one byte; types that are the same become one.
//!
//! Apart from the other stages because nothing changes but numbers.

use crate::Error;
use crate::job::{Changed, Job};
use crate::uses::Uses;
use module::{Module, Op, TypeIdx, ValType};
use rewrite::{Renumbering, Rewrite};
use std::collections::HashMap;

/// Numbers everything anew.
pub(crate) fn run(module: &Module, job: &Job<'_>) -> Result<Option<Changed>, Error> {
    let merged = merge_types(module)?;
    let module_then = merged
        .as_ref()
        .map(|merged| crate::optimize::decode(merged.bytes.clone()))
        .transpose()?;
    let module = module_then.as_ref().unwrap_or(module);
    let header = module.header();
    let uses = Uses::of(module, job.options)?;
    let mut ordered = Rewrite::new(module);
    ordered.funcs = by_count(&uses.funcs, header.n_imported_funcs());
    // An initial value may name only globals before it.
    let names_defined = |op: &Op| matches!(op, Op::GlobalGet(global) if global.0 as usize >= header.n_imported_globals());
    let mut inits = header.global_inits().iter();
    if !inits.any(|init| init.ops().iter().any(names_defined)) {
        ordered.globals = by_count(&uses.globals, header.n_imported_globals());
    }
    if has_plain_types(module) {
        ordered.types = by_count(&uses.types[..header.n_defined_types()], 0);
    }
    let is_same =
        ordered.funcs.is_identity() && ordered.globals.is_identity() && ordered.types.is_identity();
    if is_same {
        return Ok(merged);
    }
    let ordered = Changed::by(module, &ordered)?;
    Ok(Some(match merged {
        Some(merged) => merged.then(ordered),
        None => ordered,
    }))
}

/// The order by falling count; the first entries are imported and stay where they are.
fn by_count(counts: &[u32], n_imported: usize) -> Renumbering {
    let mut order: Vec<u32> = (0..counts.len() as u32).collect();
    order[n_imported..].sort_by_key(|&at| std::cmp::Reverse(counts[at as usize]));
    Renumbering::ordered(counts.len(), &order)
}

/// Whether all types are of functions and name no others, so that their order and number matter to nobody.
pub(crate) fn has_plain_types(module: &Module) -> bool {
    let header = module.header();
    let names_type = |ty: &ValType| matches!(ty, ValType::Ref(ty) if matches!(ty.heap, module::HeapType::Concrete(..)));
    header.rec_groups().iter().all(|group| group.len() == 1)
        && header.types().iter().all(|ty| {
            ty.is_final
                && ty.supertype.is_none()
                && ty
                    .as_func()
                    .is_some_and(|func| !func.params().iter().chain(func.results()).any(names_type))
        })
}

/// One type of each kind, if they can be told apart by what they say alone.
fn merge_types(module: &Module) -> Result<Option<Changed>, Error> {
    if !has_plain_types(module) {
        return Ok(None);
    }
    let header = module.header();
    let mut first = HashMap::new();
    let types = header.types()[..header.n_defined_types()]
        .iter()
        .enumerate();
    let by: Vec<u32> = types
        .map(|(at, ty)| *first.entry(ty).or_insert(at as u32))
        .collect();
    if first.len() == by.len() {
        return Ok(None);
    }
    debug_assert!(
        header
            .funcs()
            .iter()
            .all(|&TypeIdx(ty)| (ty as usize) < by.len())
    );
    let mut fewer = Rewrite::new(module);
    fewer.types = Renumbering::merging(&by);
    Ok(Some(Changed::by(module, &fewer)?))
}
