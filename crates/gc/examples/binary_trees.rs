//! Times the collector alone: short-lived binary trees beside a long-lived one. `cargo run --release -p wharf-gc --example binary_trees -- 18`

use std::time::Instant;
use wharf_gc::{Heap, HeapSettings, Shape};

const NODE: u32 = 1;

struct Trees {
    heap: Heap,
    roots: Vec<u32>,
}

impl Trees {
    fn node(&mut self) -> u32 {
        if let Some(node) = self.heap.alloc(NODE) {
            return node;
        }
        let roots = &mut self.roots;
        self.heap
            .make_room(16, &mut |visit| roots.iter_mut().for_each(&mut *visit))
            .expect("room for a tree");
        self.heap.alloc(NODE).expect("room was made")
    }

    /// Leaves the tree as the last root.
    fn tree(&mut self, depth: u32) {
        if depth == 0 {
            let node = self.node();
            self.roots.push(node);
            return;
        }
        self.tree(depth - 1);
        self.tree(depth - 1);
        let node = self.node();
        let right = self.roots.pop().expect("a subtree");
        let left = self.roots.pop().expect("a subtree");
        self.heap.set_ref(node, 8, left);
        self.heap.set_ref(node, 12, right);
        self.roots.push(node);
    }

    fn count(&self, node: u32) -> u32 {
        if node == 0 {
            return 0;
        }
        1 + self.count(self.heap.get_u32(node, 8)) + self.count(self.heap.get_u32(node, 12))
    }
}

fn main() {
    let depth = std::env::args()
        .nth(1)
        .map_or(16, |n| n.parse().expect("a depth"));
    let mut heap = Heap::new(HeapSettings {
        bytes_max: 1 << 32,
        stress: false,
    })
    .expect("a heap");
    heap.set_shape(NODE, Shape::fixed(abi::gc::KIND_STRUCT, 16, &[8, 12]));
    let mut trees = Trees {
        heap,
        roots: Vec::new(),
    };
    let started = Instant::now();
    trees.tree(depth);
    let mut nodes = 1u64 << (depth + 1);
    for d in (4..=depth).step_by(2) {
        let n = 1u32 << (depth - d + 4);
        for _ in 0..n {
            trees.tree(d);
            let tree = trees.roots.pop().expect("a tree");
            assert_eq!(trees.count(tree), (1 << (d + 1)) - 1);
            nodes += 1 << (d + 1);
        }
    }
    assert_eq!(trees.count(trees.roots[0]), (1 << (depth + 1)) - 1);
    let time = started.elapsed();
    println!(
        "depth {depth}: {time:.2?}, {:.1} ns a node\n{:#?}",
        time.as_nanos() as f64 / nodes as f64,
        trees.heap.stats()
    );
}
