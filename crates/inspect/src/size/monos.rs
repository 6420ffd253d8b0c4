//! Functions that are instances of one generic function, and what writing it once could save.
//!
//! Apart, because it rests on names alone: a module without names has no generics.

use std::collections::HashMap;

use crate::anatomy::{Anatomy, ItemKind};
use crate::demangle;

/// A generic function with all of its instances.
pub struct Generic {
    /// Its name without the arguments.
    pub name: String,
    /// The items of its instances, largest first. At least two.
    pub instances: Vec<u32>,
    /// What they take together.
    pub bytes: u64,
    /// What would go if only the largest stayed: an upper bound for what can be saved.
    pub savings: u64,
}

/// Groups functions by the names that they have without generic arguments.
pub fn generics(anatomy: &Anatomy<'_>) -> Vec<Generic> {
    let mut groups: HashMap<(u32, String), Vec<u32>> = HashMap::new();
    for (place, item) in anatomy.items.iter().enumerate() {
        if let (ItemKind::Func, Some(name)) = (item.kind, item.name) {
            let name = demangle::readable(name);
            let generic = demangle::generic_name(&name).unwrap_or_else(|| name.into_owned());
            groups
                .entry((item.module, generic))
                .or_default()
                .push(place as u32);
        }
    }
    groups.retain(|_, instances| instances.len() > 1);
    let mut generics: Vec<Generic> = groups
        .into_iter()
        .map(|((_, name), mut instances)| {
            let bytes_of = |item: u32| anatomy.items[item as usize].bytes();
            instances.sort_by_key(|item| (std::cmp::Reverse(bytes_of(*item)), *item));
            let bytes = instances.iter().map(|item| bytes_of(*item)).sum();
            Generic {
                savings: bytes - bytes_of(instances[0]),
                name,
                instances,
                bytes,
            }
        })
        .collect();
    generics.sort_by(|a, b| {
        let key = |generic: &Generic| (generic.savings, generic.bytes);
        key(b)
            .cmp(&key(a))
            .then_with(|| a.instances.cmp(&b.instances))
    });
    generics
}
