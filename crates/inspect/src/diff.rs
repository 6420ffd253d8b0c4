//! What changed from one file to another: functions, sections, imports, exports.
//!
//! Apart from sizes, because functions of two files have to be found again in each other first.

mod interface;
mod matching;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::anatomy::{Anatomy, ItemKind};
pub use interface::{Entry, interface};

/// All differences of two files.
pub struct Diff {
    /// Sections by name, in the order of the names: bytes before and after.
    pub sections: Vec<(String, u64, u64)>,
    /// Functions that are not equal, the largest change first.
    pub funcs: Vec<Func>,
    /// How many functions are equal, apart from the numbers of what they refer to.
    pub n_equal: usize,
    /// Data segments that are not equal, by their index in the file.
    pub data: Vec<Segment>,
    /// What only the first file imports or exports, and what only the second.
    pub removed: Vec<Entry>,
    /// See `removed`.
    pub added: Vec<Entry>,
}

/// A function that changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Func {
    /// What it is called in the newer file, or in the older one if it went.
    pub label: String,
    /// Its bytes before; none if it is new.
    pub before: Option<u64>,
    /// Its bytes after; none if it went.
    pub after: Option<u64>,
    /// Whether it was found again only because of its place.
    pub is_guess: bool,
}

/// A data segment that changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// What it is called.
    pub label: String,
    /// Its bytes before; none if it is new.
    pub before: Option<u64>,
    /// Its bytes after; none if it went.
    pub after: Option<u64>,
}

impl Func {
    /// By how many bytes it changed.
    pub fn change(&self) -> i64 {
        self.after.unwrap_or(0) as i64 - self.before.unwrap_or(0) as i64
    }

    /// The word for what happened to it.
    pub fn what(&self) -> &'static str {
        match (self.before, self.after) {
            (None, _) => "added",
            (_, None) => "removed",
            (Some(before), Some(after)) if before < after => "grown",
            (Some(before), Some(after)) if before > after => "shrunk",
            _ => "changed",
        }
    }
}

impl Diff {
    /// Compares two files.
    pub fn of(before: &Anatomy<'_>, after: &Anatomy<'_>) -> Diff {
        let mut funcs = Vec::new();
        let mut n_equal = 0;
        for pair in matching::pairs(before, after) {
            let label = match (pair.after, pair.before) {
                (Some(item), _) => after.label(&after.items[item as usize]),
                (None, Some(item)) => before.label(&before.items[item as usize]),
                (None, None) => continue,
            };
            if pair.is_equal {
                n_equal += 1;
                continue;
            }
            funcs.push(Func {
                label,
                before: pair.before.map(|item| before.items[item as usize].bytes()),
                after: pair.after.map(|item| after.items[item as usize].bytes()),
                is_guess: pair.is_guess,
            });
        }
        // The largest change first, and of changes that add nothing the largest function.
        funcs.sort_by(|a, b| {
            let key = |func: &Func| (func.change().unsigned_abs(), func.after.max(func.before));
            key(b).cmp(&key(a)).then_with(|| a.label.cmp(&b.label))
        });
        let (removed, added) = interface::compare(before, after);
        Diff {
            sections: sections(before, after),
            funcs,
            n_equal,
            data: data(before, after),
            removed,
            added,
        }
    }

    /// Whether nothing differs but the numbers of things and the sizes of headers.
    pub fn is_empty(&self) -> bool {
        self.funcs.is_empty()
            && self.data.is_empty()
            && self.removed.is_empty()
            && self.added.is_empty()
            && self
                .sections
                .iter()
                .all(|(_, before, after)| before == after)
    }
}

fn sections(before: &Anatomy<'_>, after: &Anatomy<'_>) -> Vec<(String, u64, u64)> {
    let mut sums: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for item in &before.items {
        sums.entry(item.section.label()).or_default().0 += item.bytes();
    }
    for item in &after.items {
        sums.entry(item.section.label()).or_default().1 += item.bytes();
    }
    let sums = sums.into_iter();
    sums.map(|(label, (before, after))| (label, before, after))
        .collect()
}

/// Segments have names at most, so that their order says which is which.
fn data(before: &Anatomy<'_>, after: &Anatomy<'_>) -> Vec<Segment> {
    let segments = |anatomy: &Anatomy<'_>| -> Vec<(String, u64, u64)> {
        let items = anatomy.items.iter();
        let items = items.filter(|item| item.kind == ItemKind::Data);
        items
            .map(|item| {
                let bytes = &anatomy.bytes[item.range.start as usize..item.range.end as usize];
                (anatomy.label(item), item.bytes(), matching::hash(bytes))
            })
            .collect()
    };
    let (before, after) = (segments(before), segments(after));
    let n = before.len().max(after.len());
    (0..n)
        .filter_map(|i| {
            let (old, new) = (before.get(i), after.get(i));
            let label = new.or(old).map(|(label, ..)| label.clone())?;
            let is_equal = old.map(|(.., hash)| hash) == new.map(|(.., hash)| hash);
            (!is_equal).then(|| Segment {
                label,
                before: old.map(|(_, bytes, _)| *bytes),
                after: new.map(|(_, bytes, _)| *bytes),
            })
        })
        .collect()
}
