//! Finds the functions of one file again in another: by name, by what they do, and at last by place.
//!
//! Apart from the differences, because matching is a guess where names are missing. Every step is linear: functions are looked up by
//! keys, and what has the same key is matched in the order of the files.

use std::collections::hash_map::{DefaultHasher, HashMap};
use std::hash::{Hash, Hasher};

use wasmparser::FunctionBody;

use crate::anatomy::{Anatomy, ItemKind, operator_shapes};
use crate::demangle;

/// A function of either file or both.
pub struct Pair {
    /// Its item in the older file.
    pub before: Option<u32>,
    /// Its item in the newer file.
    pub after: Option<u32>,
    /// Whether both do the same, apart from the numbers of what they refer to.
    pub is_equal: bool,
    /// Whether they were matched only because of their places.
    pub is_guess: bool,
}

/// What a function is looked up by.
struct Func<'a> {
    item: u32,
    /// Which of the core modules of the file it is in.
    module: u32,
    name: Option<&'a str>,
    bytes: u64,
    shape: u64,
    /// Its place in the other file's list, once it is found.
    found: Option<usize>,
    is_guess: bool,
}

/// Matches all functions. They come in the order of the newer file, those that went at last.
pub fn pairs(before: &Anatomy<'_>, after: &Anatomy<'_>) -> Vec<Pair> {
    let (mut old, mut new) = (funcs(before), funcs(after));
    match_by(&mut old, &mut new, |func| {
        func.name.map(|name| (func.module, name.to_owned()))
    });
    // Hashes in names change with every build.
    match_by(&mut old, &mut new, |func| {
        func.name
            .map(|name| (func.module, demangle::readable(name).into_owned()))
    });
    match_by(&mut old, &mut new, |func| Some((func.module, func.shape)));
    match_by_place(&mut old, &mut new);

    let mut pairs: Vec<Pair> = new
        .iter()
        .map(|func| {
            let other = func.found.map(|place| &old[place]);
            Pair {
                before: other.map(|other| other.item),
                after: Some(func.item),
                is_equal: other.is_some_and(|other| other.shape == func.shape),
                is_guess: func.is_guess,
            }
        })
        .collect();
    pairs.extend(
        old.iter()
            .filter(|func| func.found.is_none())
            .map(|func| Pair {
                before: Some(func.item),
                after: None,
                is_equal: false,
                is_guess: false,
            }),
    );
    pairs
}

/// A hash of bytes. It decides nothing that a file's maker could gain by making two equal.
pub fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

fn funcs<'a>(anatomy: &Anatomy<'a>) -> Vec<Func<'a>> {
    let mut funcs = Vec::new();
    for (n, (_, module)) in anatomy.core_modules().enumerate() {
        let n_imported = module.spaces.funcs.len() - module.bodies.len();
        let defined = &module.spaces.funcs[n_imported..];
        for (body, &item) in module.bodies.iter().zip(defined) {
            let place = &anatomy.items[item as usize];
            debug_assert_eq!(place.kind, ItemKind::Func);
            funcs.push(Func {
                item,
                module: n as u32,
                name: place.name.or_else(|| anatomy.export_of_item(item)),
                bytes: place.bytes(),
                shape: shape(body),
                found: None,
                is_guess: false,
            });
        }
    }
    funcs
}

/// A hash of what a body does, without the indices of functions, types and globals: these change when others are added.
fn shape(body: &FunctionBody<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    let bytes = body.as_bytes();
    let start = body.range().start;
    let at = |offset: u64| ((offset - start) as usize).min(bytes.len());
    let Ok(ops) = body.get_operators_reader() else {
        return hash(bytes);
    };
    // The declarations of locals.
    bytes[..at(ops.original_position())].hash(&mut hasher);
    let end = operator_shapes(ops, &mut |shape| match shape.has_references {
        false => bytes[at(shape.range.start)..at(shape.range.end)].hash(&mut hasher),
        true => shape.digest.hash(&mut hasher),
    });
    // What could not be read.
    bytes[at(end)..].hash(&mut hasher);
    hasher.finish()
}

/// Matches what has the same key and is not matched yet, in the order of the files.
fn match_by<'a, K: Hash + Eq>(
    old: &mut [Func<'a>],
    new: &mut [Func<'a>],
    key: impl Fn(&Func<'a>) -> Option<K>,
) {
    let mut by_key: HashMap<K, Vec<usize>> = HashMap::new();
    // Backwards, so that the first is the last of its list.
    for (place, func) in old.iter().enumerate().rev() {
        if func.found.is_none()
            && let Some(key) = key(func)
        {
            by_key.entry(key).or_default().push(place);
        }
    }
    for (place, func) in new.iter_mut().enumerate() {
        if func.found.is_none()
            && let Some(key) = key(func)
            && let Some(other) = by_key.get_mut(&key).and_then(Vec::pop)
        {
            func.found = Some(other);
            old[other].found = Some(place);
        }
    }
}

/// Matches what stands between the same neighbours in both files, if neither has a name that says otherwise, and the sizes are alike.
fn match_by_place(old: &mut [Func<'_>], new: &mut [Func<'_>]) {
    let mut expected = 0;
    for (place, this) in new.iter_mut().enumerate() {
        if let Some(other) = this.found {
            expected = other + 1;
            continue;
        }
        let Some(other) = old.get_mut(expected) else {
            continue;
        };
        let is_alike = other.found.is_none()
            && other.module == this.module
            && (other.name.is_none() || this.name.is_none())
            && other.bytes <= this.bytes.saturating_mul(2)
            && this.bytes <= other.bytes.saturating_mul(2);
        if is_alike {
            this.found = Some(expected);
            this.is_guess = true;
            other.found = Some(place);
            expected += 1;
        }
    }
}
