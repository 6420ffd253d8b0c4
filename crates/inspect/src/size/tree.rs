//! The file as a tree of sizes, for maps.
//!
//! Apart from groups, which have one level.

use std::collections::HashMap;

use crate::anatomy::{Anatomy, ItemKind, shown_short};
use crate::demangle;

/// A part of the file and its parts.
pub struct Node {
    /// What it is called among its siblings.
    pub label: String,
    /// All its bytes, those of its parts included.
    pub bytes: u64,
    /// Its parts, largest first. None for an item.
    pub parts: Vec<Node>,
}

/// Namespaces deeper than this are one part.
const DEPTH_MAX: usize = 8;
/// Labels are cut to so many characters: nobody reads more on a map.
const LABEL_MAX: usize = 300;

/// Builds the tree: modules of a component, sections, namespaces of functions, items.
pub fn tree(anatomy: &Anatomy<'_>) -> Node {
    let mut root = Building::default();
    for item in &anatomy.items {
        let mut path: Vec<String> = Vec::new();
        if anatomy.modules.len() > 1 {
            path.push(anatomy.module_label(item.module));
        }
        path.push(shown_short(&item.section.label(), LABEL_MAX).into_owned());
        let label = shown_short(&anatomy.label_in_module(item), LABEL_MAX).into_owned();
        if let (ItemKind::Func, Some(name)) = (item.kind, item.name) {
            let name = demangle::readable(name);
            if let Some(namespace) = demangle::namespace_of(&name) {
                let words = namespace.split("::").take(DEPTH_MAX);
                path.extend(words.map(|word| shown_short(word, LABEL_MAX).into_owned()));
            }
        }
        let mut at = &mut root;
        for word in path {
            at.bytes += item.bytes();
            at = at.parts.entry(word).or_default();
        }
        at.bytes += item.bytes();
        at.items.push((label, item.bytes()));
    }
    root.finish("file".to_owned())
}

#[derive(Default)]
struct Building {
    bytes: u64,
    parts: HashMap<String, Building>,
    items: Vec<(String, u64)>,
}

impl Building {
    /// The depth is that of paths, which is bounded.
    fn finish(self, label: String) -> Node {
        let parts = self.parts.into_iter();
        let mut parts: Vec<Node> = parts.map(|(label, part)| part.finish(label)).collect();
        parts.extend(self.items.into_iter().map(|(label, bytes)| Node {
            label,
            bytes,
            parts: Vec::new(),
        }));
        parts.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.label.cmp(&b.label)));
        Node {
            label,
            bytes: self.bytes,
            parts,
        }
    }
}
