//! Names of what stays, in the order of its new numbers.
//!
//! Apart from the other sections because they are advice: what cannot be read is left out.

use crate::Renumbering;
use wasm_encoder::{IndirectNameMap, NameMap};
use wasmparser::{IndirectNameMap as TheirIndirectNameMap, NameMap as TheirNameMap};

/// The names of an index space.
pub(crate) fn map(names: TheirNameMap<'_>, numbers: &Renumbering) -> NameMap {
    let mut kept: Vec<(u32, &str)> = names
        .into_iter()
        .map_while(Result::ok)
        .filter(|naming| numbers.keeps(naming.index))
        .filter_map(|naming| Some((numbers.get(naming.index)?, naming.name)))
        .collect();
    kept.sort_by_key(|(index, _)| *index);
    let mut map = NameMap::new();
    for (index, name) in kept {
        map.append(index, name);
    }
    map
}

/// The names of what belongs to the entries of an index space; `keep` says for which entries they are still right.
pub(crate) fn indirect(
    names: TheirIndirectNameMap<'_>,
    numbers: &Renumbering,
    keep: impl Fn(u32) -> bool,
) -> IndirectNameMap {
    let mut kept: Vec<(u32, NameMap)> = names
        .into_iter()
        .map_while(Result::ok)
        .filter(|naming| keep(naming.index) && numbers.keeps(naming.index))
        .filter_map(|naming| {
            let index = numbers.get(naming.index)?;
            let mut inner = NameMap::new();
            for naming in naming.names.map_while(Result::ok) {
                inner.append(naming.index, naming.name);
            }
            Some((index, inner))
        })
        .collect();
    kept.sort_by_key(|(index, _)| *index);
    let mut map = IndirectNameMap::new();
    for (index, names) in &kept {
        map.append(*index, names);
    }
    map
}
