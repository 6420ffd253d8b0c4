//! The order of globals: each behind those whose values it needs.
//!
//! Apart from linking because modules may import from each other in both directions, and only globals care.

use super::link::{Links, Meaning};
use super::source::{Kind, Source};
use crate::Error;
use std::collections::HashSet;
use wasmparser::Operator;

/// A global: the module that defines it, and its place among those that this one defines.
type Global = (usize, usize);

/// All defined globals: in the order of the modules, but those first that others need.
///
/// # Errors
/// If they need each other in a circle.
pub(super) fn globals(sources: &[Source<'_>], links: &Links<'_>) -> Result<Vec<Global>, Error> {
    let mut order = Vec::new();
    // Those that are in the order, or about to be.
    let mut seen: HashSet<Global> = HashSet::new();
    let mut done: HashSet<Global> = HashSet::new();
    for (source, defines) in sources.iter().enumerate() {
        for at in 0..defines.globals.len() {
            if !seen.insert((source, at)) {
                continue;
            }
            let mut path = vec![((source, at), needed(sources, links, (source, at))?)];
            while let Some((global, needs)) = path.last_mut() {
                let Some(next) = needs.pop() else {
                    done.insert(*global);
                    order.push(*global);
                    path.pop();
                    continue;
                };
                if seen.insert(next) {
                    path.push((next, needed(sources, links, next)?));
                } else if !done.contains(&next) {
                    return Err(Error::new("globals need each other's values in a circle"));
                }
            }
        }
    }
    Ok(order)
}

/// By module and place: the place in an order.
pub(super) fn places(sources: &[Source<'_>], order: &[Global]) -> Vec<Vec<u32>> {
    let mut places: Vec<Vec<u32>> = sources
        .iter()
        .map(|source| vec![0; source.globals.len()])
        .collect();
    for (place, &(source, at)) in order.iter().enumerate() {
        places[source][at] = place as u32;
    }
    places
}

/// The globals that must stand before a global. Of other modules, those that are constant need not.
fn needed(
    sources: &[Source<'_>],
    links: &Links<'_>,
    (source, at): Global,
) -> Result<Vec<Global>, Error> {
    let mut needed = Vec::new();
    let init = &sources[source].globals[at].init_expr;
    for op in init.get_operators_reader() {
        let Operator::GlobalGet { global_index } = op? else {
            continue;
        };
        let meaning = links.meaning(sources, source, Kind::Global, global_index)?;
        let Meaning::Defined { source: other, at } = meaning else {
            continue;
        };
        let is_constant =
            other != source && links.constant(sources, source, global_index)?.is_some();
        if !is_constant {
            needed.push((other, at as usize));
        }
    }
    // They are taken from the end.
    needed.reverse();
    Ok(needed)
}
