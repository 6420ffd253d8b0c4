//! Times the collector alone, without any WebAssembly: `cargo run --release -p wharf-gc --example collector -- [NAME] [SCALE]`
//!
//! Each workload stresses one thing: `trees` short-lived objects beside long-lived ones, `lists` survivors, `array` a large old
//! object that refers to young ones, `graph` an old heap of cycles. Printed are the time of all, the share of the pauses, the
//! longest pause, and what was copied.

use std::time::{Duration, Instant};
use wharf_gc::{Heap, HeapSettings, Shape};

/// Two references.
const PAIR: u32 = 1;
/// An array of references.
const ARRAY: u32 = 2;
/// A reference, a number of 4 bytes, and 24 bytes that are not looked at.
const CELL: u32 = 3;

struct Program {
    heap: Heap,
    roots: Vec<u32>,
    seed: u32,
}

impl Program {
    fn new() -> Program {
        let settings = HeapSettings {
            bytes_max: 1 << 32,
            stress: false,
        };
        let mut heap = Heap::new(settings).expect("a heap");
        heap.set_shape(PAIR, Shape::fixed(abi::gc::KIND_STRUCT, 16, &[8, 12]));
        heap.set_shape(ARRAY, Shape::array(2, true));
        heap.set_shape(CELL, Shape::fixed(abi::gc::KIND_STRUCT, 40, &[8]));
        Program {
            heap,
            roots: Vec::new(),
            seed: 1,
        }
    }

    fn room(&mut self, bytes: u64) {
        let roots = &mut self.roots;
        self.heap
            .make_room(
                bytes,
                &mut |visit| roots.iter_mut().for_each(&mut *visit),
                &mut Vec::new(),
            )
            .expect("room for the workload");
    }

    fn new_object(&mut self, ty: u32, bytes: u64) -> u32 {
        if let Some(object) = self.heap.alloc(ty) {
            return object;
        }
        self.room(bytes);
        self.heap.alloc(ty).expect("room was made")
    }

    fn new_array(&mut self, len: u32) -> u32 {
        self.room(self.heap.array_bytes(ARRAY, len));
        self.heap.alloc_array(ARRAY, len).expect("room was made")
    }

    fn random(&mut self) -> u32 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 17;
        self.seed ^= self.seed << 5;
        self.seed
    }

    /// Leaves the tree as the last root.
    fn tree(&mut self, depth: u32) {
        if depth == 0 {
            let node = self.new_object(PAIR, 16);
            self.roots.push(node);
            return;
        }
        self.tree(depth - 1);
        self.tree(depth - 1);
        let node = self.new_object(PAIR, 16);
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

    fn trees(&mut self, scale: u32) {
        let depth = 15 + scale;
        self.tree(depth);
        for d in (4..=depth).step_by(2) {
            for _ in 0..1u32 << (depth - d + 4) {
                self.tree(d);
                let tree = self.roots.pop().expect("a tree");
                assert_eq!(self.count(tree), (1 << (d + 1)) - 1);
            }
        }
        assert_eq!(self.count(self.roots[0]), (1 << (depth + 1)) - 1);
    }

    /// A queue of a fixed length: each object survives for a while.
    fn lists(&mut self, scale: u32) {
        const LENGTH: usize = 1 << 17;
        let first = self.new_object(CELL, 40);
        // The oldest and the newest cell.
        self.roots = vec![first, first];
        for n in 0..(scale as usize) << 22 {
            let cell = self.new_object(CELL, 40);
            let last = self.roots[1];
            self.heap.set_ref(last, 8, cell);
            self.roots[1] = cell;
            if n >= LENGTH {
                self.roots[0] = self.heap.get_u32(self.roots[0], 8);
            }
        }
        let (mut n, mut at) = (0, self.roots[0]);
        while at != 0 {
            n += 1;
            at = self.heap.get_u32(at, 8);
        }
        assert!(n >= LENGTH);
    }

    /// New objects at random places of an array that is far larger than the young space.
    fn array(&mut self, scale: u32) {
        const LENGTH: u32 = 1 << 20;
        let array = self.new_array(LENGTH);
        self.roots.push(array);
        for _ in 0..scale << 22 {
            let object = self.new_object(PAIR, 16);
            let at = self.random() % LENGTH;
            let array = self.roots[0];
            self.heap.set_ref(array, 16 + at * 4, object);
        }
    }

    /// A large graph with cycles, a part of which is replaced between full collections.
    fn graph(&mut self, scale: u32) {
        const NODES: u32 = 1 << 20;
        let array = self.new_array(NODES);
        self.roots.push(array);
        for round in 0..4 * scale {
            for at in 0..NODES {
                if round == 0 || self.random().is_multiple_of(4) {
                    let node = self.new_object(PAIR, 16);
                    for field in [8, 12] {
                        let other = 16 + self.random() % NODES * 4;
                        let other = self.heap.get_u32(self.roots[0], other);
                        self.heap.set_ref(node, field, other);
                    }
                    self.heap.set_ref(self.roots[0], 16 + at * 4, node);
                }
            }
            let roots = &mut self.roots;
            self.heap
                .collect(
                    &mut |visit| roots.iter_mut().for_each(&mut *visit),
                    &mut Vec::new(),
                )
                .expect("room to collect");
        }
    }
}

type Workload = fn(&mut Program, u32);

fn main() {
    let mut arguments = std::env::args().skip(1);
    let chosen = arguments.next();
    let scale = arguments
        .next()
        .map_or(2, |n| n.parse().expect("a scale from 1"));
    let workloads: [(&str, Workload); 4] = [
        ("trees", Program::trees),
        ("lists", Program::lists),
        ("array", Program::array),
        ("graph", Program::graph),
    ];
    println!("workload  seconds  pauses  longest ms  minor  full  promoted MiB");
    for (name, run) in workloads {
        if chosen.as_deref().is_some_and(|chosen| chosen != name) {
            continue;
        }
        let mut program = Program::new();
        let started = Instant::now();
        run(&mut program, scale);
        let seconds = started.elapsed().as_secs_f64();
        let stats = *program.heap.stats();
        println!(
            "{name:8} {seconds:8.3} {:7.3} {:11.2} {:6} {:5} {:13.1}",
            stats.pauses.as_secs_f64(),
            milliseconds(stats.longest_pause),
            stats.minor,
            stats.full,
            stats.promoted_bytes as f64 / f64::from(1 << 20),
        );
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
