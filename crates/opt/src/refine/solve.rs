//! What each slot holds, from what flows where: the least answer that all flows agree with.
//!
//! Apart from collecting flows because it sees nodes and edges only, of the whole module.

use super::flow::{Flow, Node, Source, Target};
use super::slots::Slots;
use ir::{is_sub, join_heaps};
use module::{Header, HeapType, RefType};

/// What is known of the references at a place.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Known {
    pub(super) nullable: bool,
    pub(super) heap: Heap,
}

/// What references that are not null refer to.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Heap {
    /// There are none.
    Nothing,
    /// They are of this type.
    Of(HeapType),
    /// Nothing is known.
    Anything,
}

impl Known {
    const NOTHING: Known = Known {
        nullable: false,
        heap: Heap::Nothing,
    };

    fn of(source: Source) -> Known {
        match source {
            Source::Type(RefType { nullable, heap }) => Known {
                nullable,
                heap: match heap {
                    HeapType::None | HeapType::NoFunc | HeapType::NoExtern | HeapType::NoExn => {
                        Heap::Nothing
                    }
                    heap => Heap::Of(heap),
                },
            },
            Source::Null => Known {
                nullable: true,
                heap: Heap::Nothing,
            },
            Source::Unknown | Source::Slot(_) | Source::Node(_) => Known {
                nullable: true,
                heap: Heap::Anything,
            },
        }
    }

    fn join(self, other: Known, header: &Header) -> Known {
        let heap = match (self.heap, other.heap) {
            (Heap::Nothing, heap) | (heap, Heap::Nothing) => heap,
            (Heap::Of(a), Heap::Of(b)) => join_heaps(header, a, b).map_or(Heap::Anything, Heap::Of),
            _ => Heap::Anything,
        };
        Known {
            nullable: self.nullable || other.nullable,
            heap,
        }
    }

    /// What passes through a node.
    fn through(self, node: Node, header: &Header) -> Known {
        match node {
            Node::Join => self,
            Node::NonNull => Known {
                nullable: false,
                ..self
            },
            Node::Cast(to) => Known {
                nullable: self.nullable && to.nullable,
                heap: match self.heap {
                    Heap::Nothing => Heap::Nothing,
                    Heap::Of(heap) if is_sub(header, heap, to.heap) => self.heap,
                    _ => Known::of(Source::Type(to)).heap,
                },
            },
        }
    }
}

/// What each slot holds. `sideways` are edges between slots.
pub(super) fn solve(
    header: &Header,
    slots: &Slots,
    flows: &[&Flow],
    sideways: &[(u32, u32)],
) -> Vec<Known> {
    let n_slots = slots.len();
    let n = n_slots + flows.iter().map(|flow| flow.nodes.len()).sum::<usize>();
    let mut nodes = vec![Node::Join; n_slots];
    nodes.reserve(n - n_slots);
    let mut known = vec![Known::NOTHING; n];
    let mut edges: Vec<(u32, u32)> = sideways.to_vec();
    let mut work: Vec<u32> = Vec::new();
    for flow in flows {
        let first = nodes.len() as u32;
        nodes.extend(&flow.nodes);
        for &(from, to) in &flow.edges {
            let to = match to {
                Target::Slot(slot) => slot,
                Target::Node(node) => first + node,
            };
            match from {
                Source::Slot(slot) => edges.push((slot, to)),
                Source::Node(node) => edges.push((first + node, to)),
                from => {
                    let found = Known::of(from).through(nodes[to as usize], header);
                    known[to as usize] = known[to as usize].join(found, header);
                    work.push(to);
                }
            }
        }
    }
    // By node: where its edges start.
    edges.sort_unstable();
    edges.dedup();
    let mut starts = vec![0; n + 1];
    for &(from, _) in &edges {
        starts[from as usize + 1] += 1;
    }
    for at in 0..n {
        starts[at + 1] += starts[at];
    }
    work.sort_unstable();
    work.dedup();
    let mut waits = vec![false; n];
    work.iter().for_each(|&node| waits[node as usize] = true);
    while let Some(node) = work.pop() {
        waits[node as usize] = false;
        let found = known[node as usize];
        for &(_, to) in &edges[starts[node as usize]..starts[node as usize + 1]] {
            let at = to as usize;
            let new = known[at].join(found.through(nodes[at], header), header);
            if new != known[at] {
                known[at] = new;
                if !std::mem::replace(&mut waits[at], true) {
                    work.push(to);
                }
            }
        }
    }
    known.truncate(n_slots);
    known
}
