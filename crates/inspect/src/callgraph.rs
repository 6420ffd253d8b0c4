//! Who calls whom: functions as nodes, calls as edges, and what tables and references can hold between them.
//!
//! Apart from sizes, because a graph of calls knows calls only, but those through tables and references too.

mod signatures;

use std::collections::{BTreeMap, HashMap};

use wasmparser::{ElementItems, ElementKind, ExternalKind, TableInit, TypeRef};

use crate::anatomy::{Anatomy, ModuleParts, Reference, shown};
use signatures::Signatures;

/// The calls of a file. Nodes of different modules have no edges between them.
#[derive(Default)]
pub struct CallGraph {
    /// Functions, and the types of what is called by reference.
    pub nodes: Vec<Node>,
    /// Sorted by caller and callee.
    pub edges: Vec<Edge>,
    /// The node of each function, by its item.
    by_item: HashMap<u32, u32>,
}

/// A node.
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// What it is called.
    pub label: String,
    /// The module, by its place in the file.
    pub module: u32,
    /// The function's index, or that of the table or type.
    pub index: u32,
    /// The bytes of the function.
    pub bytes: u64,
    /// Whether it can be called from outside: exported, or the start function.
    pub is_entry: bool,
}

/// What a node stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NodeKind {
    /// A function.
    Func,
    /// An imported function.
    Import,
    /// Whatever of one type is called in a table that only holds what its segments say.
    ClosedTable,
    /// The same for a table that may hold more: it is imported, exported, or changed by operators.
    OpenTable,
    /// Functions of one type to which there are references.
    Refs,
}

/// A call, or several.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Edge {
    /// The caller, by its place among the nodes.
    pub from: u32,
    /// The callee.
    pub to: u32,
    /// Whether it goes through a table or a reference.
    pub is_indirect: bool,
    /// How many operators of the caller do it.
    pub count: u32,
}

impl CallGraph {
    /// Finds all calls.
    pub fn of(anatomy: &Anatomy<'_>) -> CallGraph {
        let mut graph = CallGraph::default();
        for (place, module) in anatomy.core_modules() {
            Builder::new(&mut graph, anatomy, module, place).add_all();
        }
        graph.edges.sort_unstable();
        graph
    }

    /// The node of a function, by its item.
    pub fn node_of(&self, item: u32) -> Option<u32> {
        self.by_item.get(&item).copied()
    }

    /// Which nodes are at most `depth` calls behind one of some nodes, these included; before them, if `backwards`.
    ///
    /// The step from a table or type to a function is no call of its own.
    pub fn within(&self, of: &[u32], depth: usize, backwards: bool) -> Vec<bool> {
        let ends = |edge: &Edge| match backwards {
            true => (edge.to, edge.from),
            false => (edge.from, edge.to),
        };
        let mut next: Vec<Vec<u32>> = vec![Vec::new(); self.nodes.len()];
        for edge in &self.edges {
            let (from, to) = ends(edge);
            next[from as usize].push(to);
        }
        let mut found = vec![false; self.nodes.len()];
        of.iter().for_each(|node| found[*node as usize] = true);
        let mut front = of.to_vec();
        for _ in 0..depth {
            let mut behind = Vec::new();
            while let Some(node) = front.pop() {
                for &to in &next[node as usize] {
                    if !std::mem::replace(&mut found[to as usize], true) {
                        let is_func = self.nodes[to as usize].kind.is_func();
                        if is_func {
                            behind.push(to)
                        } else {
                            front.push(to)
                        }
                    }
                }
            }
            front = behind;
            if front.is_empty() {
                break;
            }
        }
        found
    }
}

impl NodeKind {
    /// Whether it is a function, imported or not.
    pub fn is_func(self) -> bool {
        matches!(self, NodeKind::Func | NodeKind::Import)
    }

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            NodeKind::Func => "func",
            NodeKind::Import => "import",
            NodeKind::ClosedTable => "closed table",
            NodeKind::OpenTable => "open table",
            NodeKind::Refs => "references",
        }
    }
}

/// Adds one module.
struct Builder<'a, 'b, 'c> {
    graph: &'c mut CallGraph,
    anatomy: &'b Anatomy<'a>,
    module: &'b ModuleParts<'a>,
    place: u32,
    signatures: Signatures,
    /// The node of the module's first function.
    first: u32,
    /// Nodes of what is called in a table by a type; the table is none for references.
    through: HashMap<(Option<u32>, u32), u32>,
    tables: Vec<Table>,
    /// Functions to which there are references.
    referred: Vec<bool>,
}

/// What is known about the contents of a table.
#[derive(Clone, Default)]
struct Table {
    is_open: bool,
    funcs: Vec<u32>,
}

impl<'a, 'b, 'c> Builder<'a, 'b, 'c> {
    fn new(
        graph: &'c mut CallGraph,
        anatomy: &'b Anatomy<'a>,
        module: &'b ModuleParts<'a>,
        place: u32,
    ) -> Builder<'a, 'b, 'c> {
        let first = graph.nodes.len() as u32;
        Builder {
            graph,
            anatomy,
            module,
            place,
            signatures: Signatures::of(module),
            first,
            through: HashMap::new(),
            tables: vec![Table::default(); module.spaces.tables.len()],
            referred: vec![false; module.spaces.funcs.len()],
        }
    }

    fn add_all(mut self) {
        self.add_funcs();
        self.read_tables();
        self.add_calls();
        self.add_held();
    }

    fn n_funcs(&self) -> u32 {
        self.module.spaces.funcs.len() as u32
    }

    fn add_funcs(&mut self) {
        let mut is_entry = vec![false; self.n_funcs() as usize];
        let exports = self.module.exports.iter();
        let exports = exports.filter(|export| export.kind == ExternalKind::Func);
        for func in exports.map(|export| export.index).chain(self.module.start) {
            if let Some(is_entry) = is_entry.get_mut(func as usize) {
                *is_entry = true;
            }
        }
        let n_imported = self.n_funcs() as usize - self.module.bodies.len();
        for (func, &item) in self.module.spaces.funcs.iter().enumerate() {
            let node = self.first + func as u32;
            self.graph.by_item.insert(item, node);
            let item = &self.anatomy.items[item as usize];
            let is_import = func < n_imported;
            self.graph.nodes.push(Node {
                kind: if is_import {
                    NodeKind::Import
                } else {
                    NodeKind::Func
                },
                label: self.anatomy.label(item),
                module: self.place,
                index: func as u32,
                bytes: if is_import { 0 } else { item.bytes() },
                is_entry: is_entry[func],
            });
        }
    }

    /// Finds out what tables hold at first, and whether outsiders can change that.
    fn read_tables(&mut self) {
        let module = self.module;
        let is_table = |ty: &TypeRef| matches!(ty, TypeRef::Table(_));
        let n_imported = module.imports_of(is_table).count();
        self.tables
            .iter_mut()
            .take(n_imported)
            .for_each(|table| table.is_open = true);
        for export in module
            .exports
            .iter()
            .filter(|export| export.kind == ExternalKind::Table)
        {
            self.open(export.index);
        }
        for (table, idx) in module.tables.iter().zip(n_imported..) {
            if let TableInit::Expr(expr) = &table.init {
                ModuleParts::expr_references(expr, &mut |reference| {
                    self.put(idx as u32, reference)
                });
            }
        }
        for global in &module.globals {
            ModuleParts::expr_references(&global.init_expr, &mut |reference| {
                if let Reference::FuncRef(func) = reference {
                    self.refer(func);
                }
            });
        }
        for elem in &module.elems {
            let table = match &elem.kind {
                ElementKind::Active { table_index, .. } => Some(table_index.unwrap_or(0)),
                ElementKind::Passive | ElementKind::Declared => None,
            };
            // What no table holds yet can still be referred to.
            let mut put = |reference| match (table, reference) {
                (Some(table), reference) => self.put(table, reference),
                (None, Reference::FuncRef(func)) => self.refer(func),
                (None, _) => {}
            };
            match &elem.items {
                ElementItems::Functions(funcs) => {
                    let funcs = funcs.clone().into_iter().map_while(Result::ok);
                    funcs.for_each(|func| put(Reference::FuncRef(func)));
                }
                ElementItems::Expressions(_, exprs) => {
                    for expr in exprs.clone().into_iter().map_while(Result::ok) {
                        ModuleParts::expr_references(&expr, &mut put);
                    }
                }
            }
        }
    }

    fn refer(&mut self, func: u32) {
        if let Some(referred) = self.referred.get_mut(func as usize) {
            *referred = true;
        }
    }

    fn open(&mut self, table: u32) {
        if let Some(table) = self.tables.get_mut(table as usize) {
            table.is_open = true;
        }
    }

    /// Puts what a constant expression refers to into a table.
    fn put(&mut self, table: u32, reference: Reference) {
        match reference {
            Reference::FuncRef(func) => {
                self.refer(func);
                if let Some(table) = self.tables.get_mut(table as usize) {
                    table.funcs.push(func);
                }
            }
            // Nobody knows what an imported global holds.
            Reference::Global(_) => self.open(table),
            _ => {}
        }
    }

    fn add_calls(&mut self) {
        let n_imported = self.n_funcs() as usize - self.module.bodies.len();
        let (module, first) = (self.module, self.first);
        for (body, func) in module.bodies.iter().zip(n_imported..) {
            // By callee, and whether it is indirect.
            let mut calls: BTreeMap<(u32, bool), u32> = BTreeMap::new();
            ModuleParts::body_references(body, &mut |reference| match reference {
                Reference::Call(callee) if callee < self.n_funcs() => {
                    *calls.entry((first + callee, false)).or_default() += 1;
                }
                Reference::CallIndirect { ty, table } => {
                    let node = self.through(Some(table), ty);
                    *calls.entry((node, true)).or_default() += 1;
                }
                Reference::CallRef { ty } => {
                    let node = self.through(None, ty);
                    *calls.entry((node, true)).or_default() += 1;
                }
                Reference::FuncRef(func) => self.refer(func),
                Reference::TableWrite(table) => self.open(table),
                _ => {}
            });
            let calls = calls.into_iter().map(|((to, is_indirect), count)| Edge {
                from: first + func as u32,
                to,
                is_indirect,
                count,
            });
            self.graph.edges.extend(calls);
        }
    }

    /// The node of what is called by a type.
    fn through(&mut self, table: Option<u32>, ty: u32) -> u32 {
        let ty = self.signatures.canonical(ty);
        let Builder {
            graph,
            through,
            module,
            place,
            ..
        } = self;
        *through.entry((table, ty)).or_insert_with(|| {
            let signature = module.types.get(ty as usize);
            let signature = signature.map_or(String::new(), |(ty, _)| signatures::shown(ty));
            let (kind, what) = match table {
                Some(table) => (NodeKind::ClosedTable, format!("table[{table}]")),
                None => (NodeKind::Refs, "references".to_owned()),
            };
            graph.nodes.push(Node {
                kind,
                label: shown(&format!("{what} {signature}")).into_owned(),
                module: *place,
                index: table.unwrap_or(ty),
                bytes: 0,
                is_entry: false,
            });
            (graph.nodes.len() - 1) as u32
        })
    }

    /// Adds what tables hold and references refer to, as far as it is called.
    fn add_held(mut self) {
        let tables = std::mem::take(&mut self.tables);
        let referred = (0..self.n_funcs()).filter(|func| self.referred[*func as usize]);
        let referred: Vec<u32> = referred.collect();
        self.hold(None, &referred);
        let mut is_open = Vec::with_capacity(tables.len());
        for (table, idx) in tables.into_iter().zip(0..) {
            let mut funcs = table.funcs;
            funcs.sort_unstable();
            funcs.dedup();
            self.hold(Some(idx), &funcs);
            is_open.push(table.is_open);
        }
        for ((table, _), node) in &self.through {
            if table.is_some_and(|table| is_open.get(table as usize) == Some(&true)) {
                self.graph.nodes[*node as usize].kind = NodeKind::OpenTable;
            }
        }
    }

    fn hold(&mut self, table: Option<u32>, funcs: &[u32]) {
        for &func in funcs {
            let Some(&ty) = self.module.func_types.get(func as usize) else {
                continue;
            };
            // A function can be called by its type and those above that.
            for ty in self.signatures.with_supertypes(ty) {
                if let Some(&from) = self.through.get(&(table, ty)) {
                    self.graph.edges.push(Edge {
                        from,
                        to: self.first + func,
                        is_indirect: true,
                        count: 1,
                    });
                }
            }
        }
    }
}
