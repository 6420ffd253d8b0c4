//! All bytes of a file, grouped: by section, by module, by where functions come from.
//!
//! Apart from single items, because a group has a name of its own.

use std::collections::HashMap;

use super::lines;
use crate::anatomy::{Anatomy, Item, ItemKind, shown};
use crate::demangle;

/// What bytes are grouped by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GroupBy {
    /// The section, custom sections by name.
    Section,
    /// The module or component in a component.
    Module,
    /// The crate, or outermost namespace, of functions.
    Crate,
    /// The path that functions are in.
    Namespace,
    /// The source file, by DWARF's lines.
    File,
}

/// Bytes that belong together.
#[derive(Debug)]
pub struct Group {
    /// What they have in common; `(no name)` and the like in parentheses, since nothing in the file is called so.
    pub label: String,
    /// How many.
    pub bytes: u64,
    /// In how many items, or runs of code.
    pub n: u64,
}

/// Groups all bytes of a file, largest group first.
pub fn grouped(anatomy: &Anatomy<'_>, by: GroupBy) -> Vec<Group> {
    let mut groups = Groups::default();
    let code = match by {
        GroupBy::File => lines::count(anatomy, &mut |file, bytes| groups.add(file, bytes)),
        _ => 0,
    };
    let mut code = code;
    for item in &anatomy.items {
        let mut bytes = item.bytes();
        let label = match (by, item.kind) {
            (GroupBy::Section, _) => section(item),
            (GroupBy::Module, _) => anatomy.module_label(item.module),
            (GroupBy::File, ItemKind::Func) => {
                // What has a line was counted by file.
                let counted = bytes.min(code);
                code -= counted;
                bytes -= counted;
                "(code without lines)".to_owned()
            }
            (GroupBy::Crate, ItemKind::Func) => {
                of_name(item, |name| demangle::crate_of(name).map(str::to_owned))
            }
            (GroupBy::Namespace, ItemKind::Func) => {
                of_name(item, |name| demangle::namespace_of(name).map(str::to_owned))
            }
            _ => format!("({})", section(item)),
        };
        if bytes > 0 {
            groups.add(label, bytes);
        }
    }
    groups.sorted()
}

fn section(item: &Item<'_>) -> String {
    item.section.label()
}

fn of_name(item: &Item<'_>, part: impl Fn(&str) -> Option<String>) -> String {
    let Some(name) = item.name else {
        return "(code without names)".to_owned();
    };
    match part(&demangle::readable(name)) {
        Some(part) => shown(&part).into_owned(),
        None => "(names without a path)".to_owned(),
    }
}

#[derive(Default)]
struct Groups {
    by_label: HashMap<String, (u64, u64)>,
}

impl Groups {
    fn add(&mut self, label: String, bytes: u64) {
        let group = self.by_label.entry(label).or_default();
        group.0 += bytes;
        group.1 += 1;
    }

    fn sorted(self) -> Vec<Group> {
        let groups = self.by_label.into_iter();
        let mut groups: Vec<Group> = groups
            .map(|(label, (bytes, n))| Group { label, bytes, n })
            .collect();
        groups.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.label.cmp(&b.label)));
        groups
    }
}
