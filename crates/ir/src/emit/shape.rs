//! Blocks, loops and branches of the binary format from a control-flow graph.
//!
//! Apart from the code in the blocks because it is about the graph alone. A block comes inside the one that dominates it; those that
//! several edges lead to come behind a `block` that ends where they start. Ramsey, "Beyond Relooper: recursive translation of
//! unstructured control flow to structured control flow" (2022); without recursion, since sources may be nested without bound.

use super::EmitError;
use super::locals::Locals;
use super::loops;
use super::regions::{Note, Regions};
use super::skips;
use super::trees::{Code, Piece};
use super::tries::{HandlerIdx, OUTWARDS};
use super::types::Types;
use crate::{Block, Cfg, EdgeId, Func, Term};
use module::{BlockType, FuncType};
use std::collections::{HashMap, HashSet};

/// How many ways of exceptions are followed.
const CLAUSES_MAX: usize = 1 << 20;

/// A part of the body, in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    /// Opens a block.
    Block(Label, BlockType),
    /// Opens a block in which something is caught.
    Try {
        /// What catches it.
        handler: HandlerIdx,
        /// What catches around it.
        around: HandlerIdx,
        /// What it leaves on the stack.
        ty: BlockType,
        /// Where branches to its end go, if there are any.
        label: Option<Label>,
    },
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
        /// What comes behind its end, if a branch there would do as well.
        skips_to: Option<Label>,
    },
    /// The other half of it.
    Else,
    /// Closes what was opened last and is not closed.
    End,
    /// Items of the code of a block.
    Code {
        /// The block.
        block: Block,
        /// The first of them.
        from: u32,
        /// Where the next ones start.
        to: u32,
    },
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
    /// Cannot be reached.
    Unreachable,
    /// Leaves the function.
    Return,
    /// What the terminator of a block does that leads nowhere.
    Leave(Block),
}

impl Part {
    /// Whether what comes behind it cannot be reached, as validation sees it.
    pub(super) fn leaves(&self) -> bool {
        matches!(
            self,
            Part::Br(_) | Part::BrTable(..) | Part::Return | Part::Leave(_) | Part::Unreachable
        )
    }
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
    /// By block: its node.
    nodes: Vec<NodeId>,
    /// Whether the end can only be reached as far as validation can tell.
    pub(super) falls_off: bool,
}

impl Shape {
    /// The number that labels have of where a block starts.
    pub(super) fn node(&self, block: Block) -> u32 {
        self.nodes[block.index()]
    }
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
    code: &Code<'_>,
    locals: &Locals,
    types: &Types<'_>,
) -> Result<Shape, EmitError> {
    let ty = types.ty();
    let graph = Graph::new(func, cfg, code, locals)?;
    let mut entries = HashMap::new();
    for &block in cfg.rpo() {
        if let Some(entry) = code.tries().entry(block) {
            entries.insert(graph.node_of_block[block.index()], types.entry(entry)?);
        }
    }
    let mut shaper = Shaper {
        func,
        code,
        ty,
        graph,
        entries,
        parts: Vec::new(),
        notes: Vec::new(),
        labels: Vec::new(),
        tasks: vec![Task::Tree(0, Next::End)],
        untyped: 0,
        open: Vec::new(),
    };
    while let Some(task) = shaper.tasks.pop() {
        shaper.task(task);
    }
    let (tries, nodes) = (code.tries(), &shaper.graph.node_of_block);
    let leads = |note: &Note, visit: &mut dyn FnMut(u32)| {
        if let Some(handler) = note.handler {
            let clauses = tries.clauses(handler, OUTWARDS);
            clauses.for_each(|clause| visit(nodes[clause.to.index()]));
        }
    };
    skips::flattened(
        func,
        code,
        &mut shaper.parts,
        &mut shaper.notes,
        &shaper.labels,
        leads,
    );
    loops::ended(&mut shaper.parts, &mut shaper.notes, &shaper.labels, leads);
    let mut falls_off = !ty.results().is_empty() && !shaper.ends_with_results();
    let mut parts = shaper.parts;
    if code.tries().any() {
        if falls_off {
            parts.push(Part::Unreachable);
            falls_off = false;
        }
        shaper.notes.resize(parts.len(), Note::default());
        let regions = Regions {
            tries: code.tries(),
            nodes: &shaper.graph.node_of_block,
            ty,
        };
        parts = regions.caught(&parts, &shaper.notes)?;
    }
    Ok(Shape {
        falls_off,
        parts,
        labels: shaper.labels,
        nodes: shaper.graph.node_of_block,
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
    /// By node: the last of the blocks that its code goes on in.
    last: Vec<Block>,
}

const NONE: NodeId = NodeId::MAX;

impl Graph {
    fn new(func: &Func, cfg: &Cfg, code: &Code<'_>, locals: &Locals) -> Result<Graph, EmitError> {
        let mut graph = Graph {
            nodes: Vec::new(),
            node_of_block: vec![NONE; func.n_blocks()],
            node_of_edge: vec![NONE; func.n_edges()],
            children: Vec::new(),
            is_header: Vec::new(),
            is_inline: Vec::new(),
            n_preds: Vec::new(),
            last: Vec::new(),
        };
        let tries = code.tries();
        // An edge that has something to copy comes right behind the block that it leaves.
        for &block in cfg.rpo() {
            if tries.is_virtual(block) || tries.is_next(block) {
                // It has the node of what comes before it.
                let before = cfg.idom(block).expect("reached, and not the entry");
                graph.node_of_block[block.index()] = graph.node_of_block[before.index()];
            } else {
                graph.node_of_block[block.index()] = graph.nodes.len() as NodeId;
                graph.nodes.push(Node::Block(block));
                graph.last.push(block);
            }
            if tries.is_virtual(block) {
                continue;
            }
            let node = graph.node_of_block[block.index()];
            graph.last[node as usize] = block;
            if matches!(func.term(block), Term::Jump(_)) {
                continue;
            }
            func.for_each_edge(block, |edge| {
                if graph.node_of_edge[edge.index()] == NONE
                    && !tries.is_silent_edge(edge)
                    && locals.has_copies(func, code, edge)
                {
                    graph.node_of_edge[edge.index()] = graph.nodes.len() as NodeId;
                    graph.nodes.push(Node::Edge(edge));
                    graph.last.push(Block::NONE);
                }
            });
        }
        let n = graph.nodes.len();
        let (mut idom, mut depth) = (vec![NONE; n], vec![0u32; n]);
        let mut from_switch = vec![false; n];
        graph.is_header = vec![false; n];
        graph.n_preds = vec![0; n];
        let blocks = cfg
            .rpo()
            .iter()
            .filter(|&&block| tries.entry(block).is_some());
        let entries: HashSet<NodeId> = blocks
            .map(|&block| graph.node_of_block[block.index()])
            .collect();
        let mut caught = Vec::new();
        let mut n_edges = 0;
        for at in 0..n as NodeId {
            if n_edges > CLAUSES_MAX {
                return Err(EmitError::TooComplex);
            }
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
                    let mut part = block;
                    while let Some(next) = tries.next(part) {
                        graph.thrown(code, part, &mut caught);
                        part = next;
                    }
                    graph.thrown(code, part, &mut caught);
                    if caught.len() > CLAUSES_MAX {
                        return Err(EmitError::TooComplex);
                    }
                    let block = part;
                    is_switch = matches!(func.term(block), Term::Switch { .. });
                    func.for_each_edge(block, |edge| {
                        if tries.is_silent_edge(edge) {
                            return;
                        }
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
            for (to, is_caught) in targets
                .into_iter()
                .map(|to| (to, false))
                .chain(caught.drain(..))
            {
                n_edges += usize::from(is_caught);
                if to <= at && is_caught && entries.contains(&to) {
                    return Err(EmitError::Unsupported(
                        "a loop that starts with an exception",
                    ));
                }
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
                    from_switch[to as usize] |= is_switch || is_caught;
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

    /// Where exceptions lead that the end of a block throws.
    fn thrown(&self, code: &Code<'_>, block: Block, out: &mut Vec<(NodeId, bool)>) {
        let tries = code.tries();
        if tries.any() {
            let clauses = tries.clauses(tries.handler(block), OUTWARDS);
            out.extend(clauses.map(|clause| (self.node_of_block[clause.to.index()], true)));
        }
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
            Node::Block(_) => match func.term(self.last[node as usize]) {
                Term::Jump(edge) | Term::Try { normal: edge, .. } => goes(self.target(func, edge)),
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
    /// Whether a clause leads to its end and leaves something there.
    is_entry: bool,
}

struct Shaper<'f> {
    func: &'f Func,
    code: &'f Code<'f>,
    /// By node: what is on the stack where it starts.
    entries: HashMap<NodeId, BlockType>,
    /// By part: what there is to know of it for what is caught. The last ones may be missing.
    notes: Vec<Note>,
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
                if let Node::Block(block) = self.graph.nodes[node as usize]
                    && self.entries.contains_key(&node)
                {
                    // What is on the stack must be taken before anything opens.
                    self.pieces(block, 0, 1);
                }
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
                let entry = self.entries.get(&child).copied();
                self.parts
                    .push(Part::Block(label, entry.unwrap_or(BlockType::Empty)));
                self.open(Next::Node(child));
                self.open.last_mut().expect("opened above").is_entry = entry.is_some();
                self.tasks.push(Task::Tree(child, next));
                self.tasks.push(Task::Close);
                self.tasks
                    .push(Task::Within(node, n - 1, Next::Node(child)));
            }
            Task::Close => {
                let open = self.open.pop().expect("it was opened");
                self.untyped -= u32::from(!open.has_result);
                if open.is_entry && !self.parts.last().is_some_and(Part::leaves) {
                    self.parts.push(Part::Unreachable);
                }
                self.parts.push(Part::End);
            }
            Task::Else => self.parts.push(Part::Else),
        }
    }

    /// Notes that something is open now that ends before `next`.
    fn open(&mut self, next: Next) -> bool {
        let has_result = self.gives_results(next);
        self.untyped += u32::from(!has_result);
        self.open.push(Open {
            has_result,
            is_entry: false,
        });
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
                // A part that catches would have to be of a type that the module may not have.
                _ => self.open.is_empty() && !self.code.tries().any(),
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
        let n_done = usize::from(self.entries.contains_key(&node));
        self.pieces(block, n_done, usize::MAX);
        let block = self.graph.last[node as usize];
        let tries = self.code.tries();
        match self.func.term(block) {
            Term::Jump(_) if tries.thrown(self.func, block).is_some() => {
                self.leave(block, Some(tries.handler(block)));
            }
            Term::Jump(edge) | Term::Try { normal: edge, .. } => {
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
            Term::TailCall { .. } | Term::Trap(_) => self.leave(block, None),
            Term::Throw(_) => self.leave(block, Some(OUTWARDS)),
            Term::Open => unreachable!("a finished function"),
        }
    }

    fn leave(&mut self, block: Block, handler: Option<HandlerIdx>) {
        self.notes.resize(self.parts.len(), Note::default());
        self.parts.push(Part::Leave(block));
        self.notes.push(Note {
            handler,
            goes_on: self.code.has_root(block),
        });
    }

    /// The code of a block and of those that it goes on in, or so many pieces of it.
    fn pieces(&mut self, block: Block, skipped: usize, taken: usize) {
        let n_items = self.code.of(block).len() as u32;
        let whole = Piece {
            block,
            from: 0,
            to: n_items,
            handler: None,
            goes_on: false,
        };
        let pieces = self
            .code
            .pieces(block)
            .unwrap_or(std::slice::from_ref(&whole));
        for piece in pieces.iter().skip(skipped).take(taken) {
            self.notes.resize(self.parts.len(), Note::default());
            self.parts.push(Part::Code {
                block: piece.block,
                from: piece.from,
                to: piece.to,
            });
            self.notes.push(Note {
                handler: piece.handler,
                goes_on: piece.goes_on,
            });
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
                skips_to: None,
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
            skips_to: None,
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
                skips_to: Some(self.label(from, there)),
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
