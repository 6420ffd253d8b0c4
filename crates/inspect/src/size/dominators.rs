//! Dominators of a graph: for each item the nearest one without which it could not be reached.
//!
//! Apart, because it is an algorithm on numbers: Lengauer and Tarjan's with path compression, near-linear, and without recursion, since
//! chains of calls can be as long as a file has functions.

use super::graph::Graph;

const NONE: u32 = u32::MAX;

/// The dominator tree of what is reached from the roots. All nodes are named by their number in a depth-first walk; 0 is above all roots.
pub struct Dominators {
    /// The item of each number; nothing for 0.
    items: Vec<u32>,
    /// The immediate dominator of each number, which is less than it.
    idom: Vec<u32>,
}

/// The state of a walk, by number.
struct Forest {
    ancestor: Vec<u32>,
    label: Vec<u32>,
    semi: Vec<u32>,
    path: Vec<u32>,
}

impl Dominators {
    /// Computes them.
    pub fn of(graph: &Graph) -> Dominators {
        let (items, parents, number) = walk(graph);
        let n = items.len();
        let (starts, predecessors) = predecessors(graph, &items, &number);
        let mut forest = Forest {
            ancestor: vec![NONE; n],
            label: (0..n as u32).collect(),
            semi: (0..n as u32).collect(),
            path: Vec::new(),
        };
        let mut idom = vec![0; n];
        // Lists of the nodes that have each number as their semidominator.
        let (mut first, mut next) = (vec![NONE; n], vec![NONE; n]);
        for node in (1..n).rev() {
            let range = starts[node] as usize..starts[node + 1] as usize;
            for &before in &predecessors[range] {
                let least = forest.eval(before);
                forest.semi[node] = forest.semi[node].min(forest.semi[least as usize]);
            }
            let semi = forest.semi[node] as usize;
            next[node] = first[semi];
            first[semi] = node as u32;

            let parent = parents[node];
            forest.ancestor[node] = parent;
            let mut waiting = std::mem::replace(&mut first[parent as usize], NONE);
            while waiting != NONE {
                let least = forest.eval(waiting);
                let is_less = forest.semi[least as usize] < forest.semi[waiting as usize];
                idom[waiting as usize] = if is_less { least } else { parent };
                waiting = next[waiting as usize];
            }
        }
        for node in 1..n {
            if idom[node] != forest.semi[node] {
                idom[node] = idom[idom[node] as usize];
            }
        }
        Dominators { items, idom }
    }

    /// Bytes of each item together with all it dominates; 0 for what is not reached.
    pub fn retained(&self, bytes: &[u64]) -> Vec<u64> {
        let mut sums: Vec<u64> = vec![0; self.items.len()];
        let mut retained = vec![0; bytes.len()];
        for node in (1..self.items.len()).rev() {
            let item = self.items[node] as usize;
            sums[node] += bytes[item];
            retained[item] = sums[node];
            sums[self.idom[node] as usize] += sums[node];
        }
        retained
    }

    /// The items that dominate one, nearest first.
    pub fn chain(&self, item: u32) -> Vec<u32> {
        let mut chain = Vec::new();
        if let Some(mut node) = self.items.iter().skip(1).position(|other| *other == item) {
            node += 1;
            while self.idom[node] != 0 {
                node = self.idom[node] as usize;
                chain.push(self.items[node]);
            }
        }
        chain
    }
}

impl Forest {
    /// The node with the least semidominator on the way up from a node, itself included.
    fn eval(&mut self, node: u32) -> u32 {
        let mut top = node;
        while self.ancestor[top as usize] != NONE
            && self.ancestor[self.ancestor[top as usize] as usize] != NONE
        {
            self.path.push(top);
            top = self.ancestor[top as usize];
        }
        while let Some(below) = self.path.pop() {
            let above = self.ancestor[below as usize] as usize;
            let (low, high) = (self.label[below as usize], self.label[above]);
            if self.semi[high as usize] < self.semi[low as usize] {
                self.label[below as usize] = high;
            }
            self.ancestor[below as usize] = self.ancestor[above];
        }
        match self.ancestor[node as usize] {
            NONE => node,
            _ => self.label[node as usize],
        }
    }
}

/// Walks depth first: the item of each number, the number of the node it was reached from, and the number of each item.
fn walk(graph: &Graph) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
    let mut number = vec![NONE; graph.len()];
    let (mut items, mut parents) = (vec![NONE], vec![0]);
    // Nodes with those of their targets that are still to be looked at.
    let mut open: Vec<(u32, std::slice::Iter<'_, u32>)> = vec![(0, graph.roots().iter())];
    while let Some((node, targets)) = open.last_mut() {
        let Some(&target) = targets.next() else {
            open.pop();
            continue;
        };
        if number[target as usize] == NONE {
            let new = items.len() as u32;
            number[target as usize] = new;
            items.push(target);
            parents.push(*node);
            open.push((new, graph.targets(target).iter()));
        }
    }
    (items, parents, number)
}

/// From where each number is reached: starts of runs, and the runs.
fn predecessors(graph: &Graph, items: &[u32], number: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let targets_of = |node: usize| match node {
        0 => graph.roots(),
        _ => graph.targets(items[node]),
    };
    let n = items.len();
    let mut starts = vec![0_u32; n + 1];
    for node in 0..n {
        for target in targets_of(node) {
            starts[number[*target as usize] as usize + 1] += 1;
        }
    }
    for node in 0..n {
        starts[node + 1] += starts[node];
    }
    let mut filled = starts.clone();
    let mut predecessors = vec![0; starts[n] as usize];
    for node in 0..n {
        for target in targets_of(node) {
            let slot = &mut filled[number[*target as usize] as usize];
            predecessors[*slot as usize] = node as u32;
            *slot += 1;
        }
    }
    (starts, predecessors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::size::graph::tests::graph;

    /// The definition itself: without the dominator, the node is not reached.
    fn check(n: u32, edges: &[(u32, u32)], roots: &[u32]) {
        let whole = graph(n, edges, roots);
        let reached = whole.reached();
        let dominators = Dominators::of(&whole);
        for item in 0..n {
            let chain = dominators.chain(item);
            for other in (0..n).filter(|other| *other != item) {
                let kept: Vec<_> = edges
                    .iter()
                    .copied()
                    .filter(|(from, to)| *from != other && *to != other)
                    .collect();
                let roots: Vec<_> = roots
                    .iter()
                    .copied()
                    .filter(|root| *root != other)
                    .collect();
                let without = graph(n, &kept, &roots).reached();
                let dominates =
                    reached[item as usize] && reached[other as usize] && !without[item as usize];
                assert_eq!(
                    chain.contains(&other),
                    dominates,
                    "{other} over {item} in {edges:?}"
                );
            }
        }
    }

    #[test]
    fn as_the_definition_says() {
        check(5, &[(0, 1), (0, 2), (1, 3), (2, 3), (3, 4)], &[0]);
        check(4, &[(0, 1), (1, 2), (2, 1), (2, 3)], &[0, 2]);
        check(3, &[(1, 2)], &[0]);
        // Graphs of a simple generator of numbers.
        let mut seed = 1_u32;
        for _ in 0..200 {
            let mut next = |below: u32| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 16) % below
            };
            let n = 2 + next(10);
            let edges: Vec<_> = (0..next(24)).map(|_| (next(n), next(n))).collect();
            check(n, &edges, &[0, next(n)]);
        }
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let n = 300_000;
        let edges: Vec<_> = (1..n).map(|node| (node - 1, node)).collect();
        let graph = graph(n, &edges, &[0]);
        let retained = Dominators::of(&graph).retained(&vec![1; n as usize]);
        assert_eq!((retained[0], retained[n as usize - 1]), (u64::from(n), 1));
    }
}
