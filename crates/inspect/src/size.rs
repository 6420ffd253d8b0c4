//! Where a file's bytes go, and what keeps them there.
//!
//! Apart from the items, because sizes are one question among several about them. What is shown of the answers, and how, is the
//! caller's choice.

mod dominators;
mod graph;
mod groups;
mod lines;
mod monos;
mod tree;

use crate::anatomy::{Anatomy, Item, ItemKind};
pub use graph::Graph;
pub use groups::{Group, GroupBy};
pub use monos::Generic;
pub use tree::Node;

/// The sizes of a file's items, and who refers to whom.
pub struct Sizes<'a, 'b> {
    anatomy: &'b Anatomy<'a>,
    graph: Graph,
}

/// What keeps an item in the file.
pub struct Paths {
    /// A shortest way to it from something that is there in its own right; the item itself last. Empty if there is none.
    pub chain: Vec<u32>,
    /// Everything that refers to it directly.
    pub referrers: Vec<u32>,
    /// Items without any one of which it could not be reached, nearest first.
    pub dominators: Vec<u32>,
}

impl<'a, 'b> Sizes<'a, 'b> {
    /// Reads all functions for what they refer to.
    pub fn of(anatomy: &'b Anatomy<'a>) -> Sizes<'a, 'b> {
        let graph = Graph::of(anatomy);
        Sizes { anatomy, graph }
    }

    /// Items by their bytes, largest first; of equal ones, the first of the file.
    pub fn shallow(anatomy: &Anatomy<'_>) -> Vec<u32> {
        let bytes = |item: u32| anatomy.items[item as usize].bytes();
        largest_first(anatomy.items.len(), bytes)
    }

    /// How many bytes would go with each item: its own, and those of all that is reached only through it. 0 for what is not reached.
    pub fn retained(&self) -> Vec<u64> {
        let bytes: Vec<u64> = self.anatomy.items.iter().map(Item::bytes).collect();
        dominators::Dominators::of(&self.graph).retained(&bytes)
    }

    /// Items by what they retain, largest first.
    pub fn by_retained(retained: &[u64]) -> Vec<u32> {
        largest_first(retained.len(), |item| retained[item as usize])
    }

    /// What nothing reaches from the exports, the start function, or what holds imported tables and memories; largest first.
    ///
    /// That a segment that does not fit its table or memory would trap is not looked at.
    pub fn garbage(&self) -> Vec<u32> {
        let reached = self.graph.reached();
        let mut garbage = Sizes::shallow(self.anatomy);
        garbage.retain(|item| !reached[*item as usize]);
        garbage
    }

    /// What keeps an item in the file.
    pub fn paths(&self, item: u32) -> Paths {
        Paths {
            chain: self.graph.chain_to(item),
            referrers: self.graph.referrers(item),
            dominators: dominators::Dominators::of(&self.graph).chain(item),
        }
    }

    /// Groups all bytes of the file.
    pub fn grouped(anatomy: &Anatomy<'_>, by: GroupBy) -> Vec<Group> {
        groups::grouped(anatomy, by)
    }

    /// Functions that are instances of the same generic one, those first that could save most.
    pub fn generics(anatomy: &Anatomy<'_>) -> Vec<Generic> {
        monos::generics(anatomy)
    }

    /// The file as a tree: sections, then crates and namespaces of functions, then items.
    pub fn tree(anatomy: &Anatomy<'_>) -> Node {
        tree::tree(anatomy)
    }
}

/// Functions and other items that a person means by a word: a name, a label such as `func[3]`, or a function's index.
pub fn find(anatomy: &Anatomy<'_>, word: &str) -> Vec<u32> {
    let is_func = |item: &Item<'_>| item.kind == ItemKind::Func;
    let mut found = Vec::new();
    let index: Option<u32> = word.parse().ok();
    for (place, item) in anatomy.items.iter().enumerate() {
        let is_it = match index {
            Some(index) => is_func(item) && item.index == index,
            None => {
                let is_index = || {
                    let inner = word.strip_prefix(item.kind.name());
                    let inner = inner.and_then(|rest| rest.strip_prefix('['));
                    let inner = inner.and_then(|rest| rest.strip_suffix(']'));
                    inner.and_then(|index| index.parse().ok()) == Some(item.index)
                };
                item.name == Some(word)
                    || is_index()
                    || anatomy.export_of_item(place as u32) == Some(word)
                    || anatomy.label(item) == word
            }
        };
        if is_it {
            found.push(place as u32);
        }
    }
    found
}

fn largest_first(n: usize, bytes: impl Fn(u32) -> u64) -> Vec<u32> {
    let mut order: Vec<u32> = (0..n as u32).collect();
    order.sort_by_key(|item| (std::cmp::Reverse(bytes(*item)), *item));
    order
}
