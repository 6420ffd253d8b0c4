//! Blocks, loops and branches of the binary format from a control-flow graph.
//!
//! Apart from the code in the blocks because it is about the graph alone. A block comes inside the one that dominates it; those that
//! several edges lead to come behind a `block` that ends where they start. Ramsey, "Beyond Relooper: recursive translation of
//! unstructured control flow to structured control flow" (2022); without recursion, since sources may be nested without bound.

use super::EmitError;
use super::locals::Locals;
use super::trees::Code;
use crate::{Block, Cfg, EdgeId, Func, Term};
use module::FuncType;

/// A part of the body, in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    /// Opens a block.
    Block(Label),
    /// Opens a loop.
    Loop {
        /// Where branches to it go.
        label: Label,
        /// Whether it leaves the function's result.
        has_result: bool,
    },
    /// Opens a block that is run if the top of the stack is not zero.
    If {
        /// Whether it is run if that is zero instead.
        negated: bool,
        /// Whether it leaves the function's result.
        has_result: bool,
    },
    /// The other half of it.
    Else,
    /// Closes what was opened last and is not closed.
    End,
    /// The code of a block.
    Code(Block),
    /// What an edge passes.
    Copies(EdgeId),
    /// Goes where a label is.
    Br(Label),
    /// Goes there if the top of the stack is not zero.
    BrIf {
        /// The label.
        to: Label,
        /// Whether it goes there if that is zero instead.
        negated: bool,
    },
    /// Goes to one of the labels in a range of [`Shape::labels`].
    BrTable(u32, u32),
    /// Drops the top of the stack.
    Drop,
    /// Leaves the function.
    Return,
    /// What the terminator of a block does that leads nowhere.
    Leave(Block),
}

/// What branches name: the number of a node, and whether its loop is meant or the block before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Label {
    pub(super) node: u32,
    pub(super) is_loop: bool,
}

pub(super) struct Shape {
    pub(super) parts: Vec<Part>,
    pub(super) labels: Vec<Label>,
    /// Whether the end can only be reached as far as validation can tell.
    pub(super) falls_off: bool,
}

/// A block, or an edge that has something to copy.
#[derive(Clone, Copy)]
enum Node {
    Block(Block),
    Edge(EdgeId),
}

type NodeId = u32;

/// What comes behind a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Node(NodeId),
    /// The end of the function, where its results are expected if no block is around that has none.
    End,
}

enum Task {
    /// A node and all that it dominates.
    Tree(NodeId, Next),
    /// A node and so many of what it dominates.
    Within(NodeId, u32, Next),
    Close,
    Else,
}

/// Puts the blocks of a function in order.
pub(super) fn shape(
    func: &Func,
    cfg: &Cfg,
    code: &Code,
    locals: &Locals,
    ty: &FuncType,
) -> Result<Shape, EmitError> {
    let graph = Graph::new(func, cfg, code, locals)?;
    let mut shaper = Shaper {
        func,
        ty,
        graph,
        parts: Vec::new(),
        labels: Vec::new(),
        tasks: vec![Task::Tree(0, Next::End)],
        untyped: 0,
        open: Vec::new(),
    };
    while let Some(task) = shaper.tasks.pop() {
        shaper.task(task);
    }
    Ok(Shape {
        falls_off: !ty.results().is_empty() && !shaper.ends_with_results(),
        parts: shaper.parts,
        labels: shaper.labels,
    })
}

/// Nodes, numbered in reverse postorder, and what dominates what.
struct Graph {
    nodes: Vec<Node>,
    /// By block.
    node_of_block: Vec<NodeId>,
    /// By edge: its node, if it has one.
    node_of_edge: Vec<NodeId>,
    /// By node: those that come behind a block within it, sorted.
    children: Vec<Vec<NodeId>>,
    /// By node: whether a loop starts there.
    is_header: Vec<bool>,
    /// By node: whether it stands where the only edge to it comes from.
    is_inline: Vec<bool>,
    /// By node: how many edges lead there from before.
    n_preds: Vec<u32>,
}

const NONE: NodeId = NodeId::MAX;

impl Graph {
    fn new(func: &Func, cfg: &Cfg, code: &Code, locals: &Locals) -> Result<Graph, EmitError> {
        let mut graph = Graph {
            nodes: Vec::new(),
            node_of_block: vec![NONE; func.n_blocks()],
            node_of_edge: vec![NONE; func.n_edges()],
            children: Vec::new(),
            is_header: Vec::new(),
            is_inline: Vec::new(),
            n_preds: Vec::new(),
        };
        // An edge that has something to copy comes right behind the block that it leaves.
        for &block in cfg.rpo() {
            graph.node_of_block[block.index()] = graph.nodes.len() as NodeId;
            graph.nodes.push(Node::Block(block));
            if matches!(func.term(block), Term::Jump(_)) {
                continue;
            }
            func.for_each_edge(block, |edge| {
                if graph.node_of_edge[edge.index()] == NONE && locals.has_copies(func, code, edge) {
                    graph.node_of_edge[edge.index()] = graph.nodes.len() as NodeId;
                    graph.nodes.push(Node::Edge(edge));
                }
            });
        }
        let n = graph.nodes.len();
        let (mut idom, mut depth) = (vec![NONE; n], vec![0u32; n]);
        let mut from_switch = vec![false; n];
        graph.is_header = vec![false; n];
        graph.n_preds = vec![0; n];
        for at in 0..n as NodeId {
            let mut targets = Vec::new();
            let mut is_switch = false;
            match graph.nodes[at as usize] {
                Node::Block(block) => {
                    if at != 0 {
                        let dominator = cfg.idom(block).expect("reached, and not the entry");
                        // An edge may be between the two, if it is the only one that leads here.
                        let mut parent = graph.node_of_block[dominator.index()];
                        if let [(_, edge)] = *cfg.preds(block)
                            && graph.node_of_edge[edge.index()] != NONE
                        {
                            parent = graph.node_of_edge[edge.index()];
                        }
                        idom[at as usize] = parent;
                        depth[at as usize] = depth[parent as usize] + 1;
                    }
                    is_switch = matches!(func.term(block), Term::Switch { .. });
                    func.for_each_edge(block, |edge| {
                        let node = match graph.node_of_edge[edge.index()] {
                            NONE => graph.node_of_block[func.edge(edge).to.index()],
                            node => {
                                idom[node as usize] = at;
                                depth[node as usize] = depth[at as usize] + 1;
                                node
                            }
                        };
                        targets.push(node);
                    });
                }
                Node::Edge(edge) => {
                    targets.push(graph.node_of_block[func.edge(edge).to.index()]);
                }
            }
            for to in targets {
                if to <= at {
                    graph.is_header[to as usize] = true;
                    let mut up = at;
                    while depth[up as usize] > depth[to as usize] {
                        up = idom[up as usize];
                    }
                    if up != to {
                        return Err(EmitError::Unsupported("a loop with two entries"));
                    }
                } else {
                    graph.n_preds[to as usize] += 1;
                    from_switch[to as usize] |= is_switch;
                }
            }
        }
        graph.is_inline = (0..n)
            .map(|at| graph.n_preds[at] == 1 && !from_switch[at])
            .collect();
        graph.children = vec![Vec::new(); n];
        for (at, &parent) in idom.iter().enumerate().skip(1) {
            if !graph.is_inline[at] {
                graph.children[parent as usize].push(at as NodeId);
            }
        }
        Ok(graph)
    }

    /// Where an edge leads first.
    fn target(&self, func: &Func, edge: EdgeId) -> NodeId {
        match self.node_of_edge[edge.index()] {
            NONE => self.node_of_block[func.edge(edge).to.index()],
            node => node,
        }
    }

    /// Whether a node is certain to leave for somewhere else than what comes behind it.
    fn leaves(&self, func: &Func, node: NodeId, next: Next) -> bool {
        if !self.children[node as usize].is_empty() {
            return false;
        }
        let goes =
            |to: NodeId| to <= node || (!self.is_inline[to as usize] && Next::Node(to) != next);
        match self.nodes[node as usize] {
            Node::Block(block) => match func.term(block) {
                Term::Jump(edge) => goes(self.target(func, edge)),
                Term::Return(_) => next != Next::End,
                Term::Trap(_) | Term::TailCall { .. } | Term::Throw(_) => true,
                _ => false,
            },
            Node::Edge(edge) => goes(self.node_of_block[func.edge(edge).to.index()]),
        }
    }
}

/// What is open around a place.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Open {
    /// Whether what is left on the stack at its end is the function's result.
    has_result: bool,
}

struct Shaper<'f> {
    func: &'f Func,
    ty: &'f FuncType,
    graph: Graph,
    parts: Vec<Part>,
    labels: Vec<Label>,
    tasks: Vec<Task>,
    /// How many of the open ones leave nothing on the stack.
    untyped: u32,
    open: Vec<Open>,
}

impl Shaper<'_> {
    fn task(&mut self, task: Task) {
        match task {
            Task::Tree(node, next) => {
                let n = self.graph.children[node as usize].len() as u32;
                if self.graph.is_header[node as usize] {
                    let label = Label {
                        node,
                        is_loop: true,
                    };
                    let has_result = self.open(next);
                    self.parts.push(Part::Loop { label, has_result });
                    self.tasks.push(Task::Close);
                }
                self.tasks.push(Task::Within(node, n, next));
            }
            Task::Within(node, 0, next) => self.node(node, next),
            Task::Within(node, n, next) => {
                let child = self.graph.children[node as usize][n as usize - 1];
                let label = Label {
                    node: child,
                    is_loop: false,
                };
                self.parts.push(Part::Block(label));
                self.open(Next::Node(child));
                self.tasks.push(Task::Tree(child, next));
                self.tasks.push(Task::Close);
                self.tasks
                    .push(Task::Within(node, n - 1, Next::Node(child)));
            }
            Task::Close => {
                let open = self.open.pop().expect("it was opened");
                self.untyped -= u32::from(!open.has_result);
                self.parts.push(Part::End);
            }
            Task::Else => self.parts.push(Part::Else),
        }
    }

    /// Notes that something is open now that ends before `next`.
    fn open(&mut self, next: Next) -> bool {
        let has_result = self.gives_results(next);
        self.untyped += u32::from(!has_result);
        self.open.push(Open { has_result });
        has_result
    }

    /// Whether what ends before `next` can leave the function's result on the stack.
    fn gives_results(&self, next: Next) -> bool {
        next == Next::End && self.ty.results().len() == 1 && self.untyped == 0
    }

    /// Whether the results of the function can be left on the stack at a place before `next`.
    fn can_fall_off(&self, next: Next) -> bool {
        next == Next::End
            && match self.ty.results().len() {
                0 => true,
                1 => self.untyped == 0,
                _ => self.open.is_empty(),
            }
    }

    /// Whether the last part leaves the function's results on the stack, as validation sees it.
    fn ends_with_results(&self) -> bool {
        match self.parts.last() {
            // What is closed last has been opened before the end of the function.
            Some(Part::End) => self.ty.results().len() == 1,
            _ => true,
        }
    }

    fn node(&mut self, node: NodeId, next: Next) {
        let block = match self.graph.nodes[node as usize] {
            Node::Edge(edge) => {
                self.parts.push(Part::Copies(edge));
                let to = self.graph.node_of_block[self.func.edge(edge).to.index()];
                return self.go(node, to, next);
            }
            Node::Block(block) => block,
        };
        self.parts.push(Part::Code(block));
        match self.func.term(block) {
            Term::Jump(edge) => {
                let to = self.graph.target(self.func, edge);
                self.go(node, to, next);
            }
            Term::Branch {
                then, otherwise, ..
            } => {
                let then = self.graph.target(self.func, then);
                let otherwise = self.graph.target(self.func, otherwise);
                self.branch(node, then, otherwise, next);
            }
            Term::Switch { targets, .. } => {
                let first = self.labels.len();
                let targets: Vec<EdgeId> = self.func.targets(targets).collect();
                for edge in targets {
                    let to = self.graph.target(self.func, edge);
                    self.labels.push(self.label(node, to));
                }
                let count = self.labels.len() - first;
                self.parts.push(Part::BrTable(first as u32, count as u32));
            }
            Term::Return(_) => {
                if !self.can_fall_off(next) {
                    self.parts.push(Part::Return);
                }
            }
            Term::TailCall { .. } | Term::Trap(_) | Term::Throw(_) => {
                self.parts.push(Part::Leave(block));
            }
            Term::Try { .. } | Term::Open => {
                unreachable!("refused before the blocks were put in order")
            }
        }
    }

    fn is_inline(&self, from: NodeId, to: NodeId) -> bool {
        to > from && self.graph.is_inline[to as usize]
    }

    fn label(&self, from: NodeId, to: NodeId) -> Label {
        Label {
            node: to,
            is_loop: to <= from,
        }
    }

    /// Goes on at a node, whatever it takes.
    fn go(&mut self, from: NodeId, to: NodeId, next: Next) {
        if self.is_inline(from, to) {
            self.tasks.push(Task::Tree(to, next));
        } else if to <= from || Next::Node(to) != next {
            self.parts.push(Part::Br(self.label(from, to)));
        }
    }

    fn branch(&mut self, from: NodeId, then: NodeId, otherwise: NodeId, next: Next) {
        let is_next = |to: NodeId| to > from && Next::Node(to) == next;
        match (self.is_inline(from, then), self.is_inline(from, otherwise)) {
            (true, true) => self.both(then, otherwise, next),
            (true, false) => self.one(from, then, otherwise, false, next),
            (false, true) => self.one(from, otherwise, then, true, next),
            (false, false) if then == otherwise => {
                self.parts.push(Part::Drop);
                self.go(from, then, next);
            }
            (false, false) if is_next(then) => {
                let to = self.label(from, otherwise);
                self.parts.push(Part::BrIf { to, negated: true });
            }
            (false, false) => {
                let to = self.label(from, then);
                self.parts.push(Part::BrIf { to, negated: false });
                self.go(from, otherwise, next);
            }
        }
    }

    /// Both ways go on right here.
    fn both(&mut self, then: NodeId, otherwise: NodeId, next: Next) {
        let then_leaves = self.graph.leaves(self.func, then, next);
        let otherwise_leaves = self.graph.leaves(self.func, otherwise, next);
        // What leaves needs no way around the other.
        let (first, second, negated) = match (then_leaves, otherwise_leaves) {
            (false, true) => (otherwise, then, true),
            _ => (then, otherwise, false),
        };
        if then_leaves || otherwise_leaves {
            self.parts.push(Part::If {
                negated,
                has_result: false,
            });
            // Behind its end comes the other way.
            self.open(Next::Node(second));
            self.tasks.push(Task::Tree(second, next));
            self.tasks.push(Task::Close);
            self.tasks.push(Task::Tree(first, Next::Node(second)));
            return;
        }
        let has_result = self.open(next);
        self.parts.push(Part::If {
            negated,
            has_result,
        });
        self.tasks.push(Task::Close);
        self.tasks.push(Task::Tree(second, next));
        self.tasks.push(Task::Else);
        self.tasks.push(Task::Tree(first, next));
    }

    /// One way goes on right here; `negated`: if the condition is zero.
    fn one(&mut self, from: NodeId, here: NodeId, there: NodeId, negated: bool, next: Next) {
        if there > from && Next::Node(there) == next {
            self.parts.push(Part::If {
                negated,
                has_result: false,
            });
            self.open(next);
            self.tasks.push(Task::Close);
            self.tasks.push(Task::Tree(here, next));
        } else {
            let to = self.label(from, there);
            self.parts.push(Part::BrIf {
                to,
                negated: !negated,
            });
            self.tasks.push(Task::Tree(here, next));
        }
    }
}
