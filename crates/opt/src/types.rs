//! Types of objects: those that are the same become one, unused ones go, and those that are named often get the small numbers.
//!
//! Apart from [`order`](crate::order) because recursion groups are what types are told apart by: a group stays or goes as a whole, with
//! its types in their order, and behind what it names. Only what is private (see [`privacy`](crate::privacy)) may be put into other
//! groups: all of it into one, where types are the same only to themselves, and any order will do.

use crate::canonical::Canonical;
use crate::job::{Changed, Job};
use crate::order::has_plain_types;
use crate::privacy::private_types;
use crate::{Error, Options};
use module::{Header, Module, SubType, TypeIdx};
use rewrite::{Rewrite, type_uses};
use std::collections::HashMap;

/// So many of a group's most used types decide how early it comes: as many as there are numbers of one byte.
const N_SHORT: usize = 64;

/// Changes the section of types.
pub(crate) fn run(module: &Module, job: &Job<'_>) -> Result<Option<Changed>, Error> {
    if has_plain_types(module) {
        return Ok(None);
    }
    let merged = match merge(module)? {
        Some(bytes) => Some(crate::optimize::decode(bytes)?),
        None => None,
    };
    let module = merged.as_ref().unwrap_or(module);
    let arranged = arrange(module, job.options)?;
    let bytes = arranged.or_else(|| Some(merged.as_ref()?.bytes().to_vec()));
    Ok(bytes.map(|bytes| Changed::beside_funcs(module, bytes)))
}

/// The module with one group of all that are the same; `None` if no two are.
pub(crate) fn merge(module: &Module) -> Result<Option<Vec<u8>>, Error> {
    let header = module.header();
    let n = header.n_defined_types() as u32;
    let canonical = Canonical::of(header);
    let by: Vec<u32> = (0..n).map(|ty| canonical.first(TypeIdx(ty)).0).collect();
    let groups: Vec<Vec<u32>> = defined_groups(header)
        .filter(|group| by[group.start as usize] == group.start)
        .map(Iterator::collect)
        .collect();
    if groups.iter().map(Vec::len).sum::<usize>() == n as usize {
        return Ok(None);
    }
    let mut fewer = Rewrite::new(module);
    fewer.set_groups(&groups, &by, |ty| header.sub_type(ty).clone());
    Ok(Some(fewer.apply()?))
}

/// What a group says: what is in it is named by its place there (behind all `n` types), what is not by what stands for it.
fn said(
    group: &[u32],
    n: u32,
    define: impl Fn(TypeIdx) -> SubType,
    other: impl Fn(TypeIdx) -> u32,
) -> Vec<SubType> {
    let places: HashMap<u32, u32> = group.iter().copied().zip(n..).collect();
    let mut number = |ty: TypeIdx| {
        let place = places.get(&ty.0).copied();
        TypeIdx(place.unwrap_or_else(|| other(ty)))
    };
    let types = group.iter();
    types
        .map(|&ty| define(TypeIdx(ty)).map_indices(&mut number))
        .collect()
}

/// The recursion groups that the module itself defines.
fn defined_groups(header: &Header) -> impl Iterator<Item = std::ops::Range<u32>> {
    let n = header.n_defined_types() as u32;
    let groups = header.rec_groups().iter().cloned();
    groups.filter(move |group| group.start < n && !group.is_empty())
}

/// The module without unused types, and with the others in a good order; `None` if that is how it is.
fn arrange(module: &Module, options: &Options<'_>) -> Result<Option<Vec<u8>>, Error> {
    let header = module.header();
    let is_private = private_types(module, options.closed_world)?;
    let uses = type_uses(module)?;
    let define = |ty: TypeIdx| header.sub_type(ty).clone();
    let groups = arranged(header, &is_private, &uses, &define).unwrap_or_else(|| {
        // Then what is private keeps its groups, too.
        let is_private = vec![false; is_private.len()];
        arranged(header, &is_private, &uses, &define).expect("open groups stay as they are")
    });
    let is_same = defined_groups(header)
        .map(Iterator::collect::<Vec<u32>>)
        .eq(groups.iter().cloned());
    if is_same {
        return Ok(None);
    }
    let by: Vec<u32> = (0..header.n_defined_types() as u32).collect();
    let mut better = Rewrite::new(module);
    better.set_groups(&groups, &by, |ty| header.sub_type(ty).clone());
    let bytes = better.apply()?;
    Ok((bytes.len() <= module.bytes().len()).then_some(bytes))
}

/// The groups that are needed, in a good order, where types are what `define` says; `None` if what is private would be the same as
/// something that is not.
pub(crate) fn arranged(
    header: &Header,
    is_private: &[bool],
    uses: &[u32],
    define: &impl Fn(TypeIdx) -> SubType,
) -> Option<Vec<Vec<u32>>> {
    let n = header.n_defined_types();
    let mut units: Vec<Vec<u32>> = Vec::new();
    let mut unit_of = vec![0; n];
    let mut private = Vec::new();
    for group in defined_groups(header) {
        // A group is open or private as a whole.
        if is_private[group.start as usize] {
            private.extend(group);
            continue;
        }
        group
            .clone()
            .for_each(|ty| unit_of[ty as usize] = units.len());
        units.push(group.collect());
    }
    let private_unit = units.len();
    private
        .iter()
        .for_each(|&ty| unit_of[ty as usize] = private_unit);
    units.push(private);
    // What is needed: of open groups all or nothing.
    let mut is_needed = vec![false; n];
    let mut work: Vec<u32> = (0..n as u32).filter(|&ty| uses[ty as usize] > 0).collect();
    while let Some(ty) = work.pop() {
        if std::mem::replace(&mut is_needed[ty as usize], true) {
            continue;
        }
        for_each_named(&define(TypeIdx(ty)), |named| work.push(named));
        if unit_of[ty as usize] != private_unit {
            work.extend(&units[unit_of[ty as usize]]);
        }
    }
    units[private_unit].retain(|&ty| is_needed[ty as usize]);
    // How often each is named, by others as well.
    let mut counts = uses.to_vec();
    for ty in (0..n).filter(|&ty| is_needed[ty]) {
        for_each_named(&define(TypeIdx(ty as u32)), |named| {
            counts[named as usize] += 1
        });
    }
    order_private(header, &mut units[private_unit], &counts);
    let says = |unit: &[u32]| said(unit, n as u32, define, |ty| ty.0);
    let (open, private) = units.split_at(private_unit);
    let private = &private[0];
    let alike = open
        .iter()
        .filter(|unit| unit.len() == private.len() && !private.is_empty());
    let mut alike = alike.filter(|unit| is_needed[unit[0] as usize]).peekable();
    if alike.peek().is_some() {
        let private = says(private);
        if alike.any(|unit| says(unit) == private) {
            return None;
        }
    }
    let mut next: Vec<usize> = (0..units.len()).collect();
    next.retain(|&unit| {
        units[unit]
            .first()
            .is_some_and(|&ty| is_needed[ty as usize])
    });
    let weight = |unit: &Vec<u32>| {
        let mut counts: Vec<u32> = unit.iter().map(|&ty| counts[ty as usize]).collect();
        counts.sort_unstable_by_key(|&count| std::cmp::Reverse(count));
        counts.truncate(N_SHORT);
        counts.iter().map(|&count| f64::from(count)).sum::<f64>() / counts.len().max(1) as f64
    };
    let weights: Vec<f64> = units.iter().map(weight).collect();
    next.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]));
    // Each behind what it names.
    let mut order = Vec::with_capacity(next.len());
    let mut is_placed = vec![false; units.len()];
    let mut is_entered = vec![false; units.len()];
    let mut stack: Vec<usize> = next.into_iter().rev().collect();
    while let Some(&unit) = stack.last() {
        if is_placed[unit] {
            stack.pop();
        } else if std::mem::replace(&mut is_entered[unit], true) {
            is_placed[unit] = true;
            order.push(unit);
            stack.pop();
        } else {
            for &ty in &units[unit] {
                for_each_named(&define(TypeIdx(ty)), |named| {
                    let other = unit_of[named as usize];
                    if !is_entered[other] {
                        stack.push(other);
                    }
                });
            }
        }
    }
    let order = order.into_iter();
    let groups = order.map(|unit| std::mem::take(&mut units[unit]));
    Some(groups.collect())
}

/// Puts types into the order of falling counts, each behind its supertypes.
fn order_private(header: &Header, types: &mut Vec<u32>, counts: &[u32]) {
    let mut by_count = std::mem::take(types);
    by_count.sort_by_key(|&ty| std::cmp::Reverse(counts[ty as usize]));
    let mut is_placed = vec![false; counts.len()];
    let mut is_ours = vec![false; counts.len()];
    by_count.iter().for_each(|&ty| is_ours[ty as usize] = true);
    let mut chain = Vec::new();
    for ty in by_count {
        let supertypes =
            std::iter::successors(Some(TypeIdx(ty)), |&ty| header.sub_type(ty).supertype);
        chain.extend(supertypes.take_while(|ty| is_ours[ty.index()] && !is_placed[ty.index()]));
        while let Some(ty) = chain.pop() {
            is_placed[ty.index()] = true;
            types.push(ty.0);
        }
    }
}

/// The types that a type names.
fn for_each_named(ty: &SubType, mut visit: impl FnMut(u32)) {
    // There is no other way to see them all.
    ty.map_indices(&mut |named| {
        visit(named.0);
        named
    });
}
