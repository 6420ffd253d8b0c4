//! Who refers to whom: items as nodes, references as edges.
//!
//! Apart from what is computed over it. A file is the same graph whether one asks for garbage, for paths or for dominators.

use wasmparser::{DataKind, ElementItems, ElementKind, ExternalKind, TableInit, TypeRef};

use crate::anatomy::{Anatomy, ItemKind, ModuleParts, Reference, Spaces};

/// A directed graph over the items of a file.
pub struct Graph {
    /// Where the targets of each item begin in `targets`; one more than there are items.
    starts: Vec<u32>,
    targets: Vec<u32>,
    /// What is there in its own right.
    roots: Vec<u32>,
}

impl Graph {
    /// Reads what all items refer to.
    pub fn of(anatomy: &Anatomy<'_>) -> Graph {
        let mut edges = Edges::default();
        for (place, module) in anatomy.core_modules() {
            of_module(place, module, anatomy, &mut edges);
        }
        for (place, item) in anatomy.items.iter().enumerate() {
            let is_root = match item.kind {
                ItemKind::Header
                | ItemKind::SectionHeader
                | ItemKind::FuncTypes
                | ItemKind::Export
                | ItemKind::Start
                | ItemKind::DataCount
                | ItemKind::Names
                | ItemKind::Custom
                | ItemKind::Component
                | ItemKind::Unknown => true,
                ItemKind::Type
                | ItemKind::Import
                | ItemKind::Table
                | ItemKind::Memory
                | ItemKind::Tag
                | ItemKind::Global
                | ItemKind::Elem
                | ItemKind::Func
                | ItemKind::Data => false,
            };
            if is_root {
                edges.roots.push(place as u32);
            }
        }
        edges.into_graph(anatomy.items.len())
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is there in its own right.
    pub fn roots(&self) -> &[u32] {
        &self.roots
    }

    /// What an item refers to, each once.
    pub fn targets(&self, item: u32) -> &[u32] {
        let range = self.starts[item as usize]..self.starts[item as usize + 1];
        &self.targets[range.start as usize..range.end as usize]
    }

    /// Everything that refers to an item.
    pub fn referrers(&self, item: u32) -> Vec<u32> {
        let all = 0..self.len() as u32;
        all.filter(|from| self.targets(*from).binary_search(&item).is_ok())
            .collect()
    }

    /// Which items are reached from the roots.
    pub fn reached(&self) -> Vec<bool> {
        let from = self.from(&mut self.roots.clone());
        from.iter().map(Option::is_some).collect()
    }

    /// A shortest way from a root to an item, both included; empty if there is none.
    pub fn chain_to(&self, item: u32) -> Vec<u32> {
        let from = self.from(&mut self.roots.clone());
        let mut chain = Vec::new();
        let mut at = item;
        while let Some(before) = from[at as usize] {
            chain.push(at);
            if before == at {
                chain.reverse();
                return chain;
            }
            at = before;
        }
        Vec::new()
    }

    /// From where each item is reached first, breadth first; a root from itself.
    fn from(&self, queue: &mut Vec<u32>) -> Vec<Option<u32>> {
        let mut from = vec![None; self.len()];
        queue
            .iter()
            .for_each(|root| from[*root as usize] = Some(*root));
        let mut next = 0;
        while let Some(&item) = queue.get(next) {
            next += 1;
            for &target in self.targets(item) {
                if from[target as usize].is_none() {
                    from[target as usize] = Some(item);
                    queue.push(target);
                }
            }
        }
        from
    }
}

/// The edges as they are found.
#[derive(Default)]
struct Edges {
    all: Vec<(u32, u32)>,
    roots: Vec<u32>,
}

impl Edges {
    /// Adds the targets of one item; what does not exist is no target.
    fn add(&mut self, from: u32, targets: &mut Vec<Option<u32>>) {
        targets.sort_unstable();
        targets.dedup();
        let targets = targets.drain(..).flatten();
        self.all.extend(targets.map(|target| (from, target)));
    }

    fn into_graph(mut self, n: usize) -> Graph {
        self.all.sort_unstable();
        self.all.dedup();
        let mut starts = vec![0_u32; n + 1];
        self.all
            .iter()
            .for_each(|(from, _)| starts[*from as usize + 1] += 1);
        for i in 0..n {
            starts[i + 1] += starts[i];
        }
        Graph {
            starts,
            targets: self.all.into_iter().map(|(_, target)| target).collect(),
            roots: self.roots,
        }
    }
}

fn of_module(place: u32, module: &ModuleParts<'_>, anatomy: &Anatomy<'_>, edges: &mut Edges) {
    let spaces = &module.spaces;
    let target = |reference: Reference| item_of(module, reference);
    let mut found: Vec<Option<u32>> = Vec::new();

    for (ty, item) in &module.types {
        let first = anatomy.items[*item as usize].index;
        crate::anatomy::types_in(ty, &mut |idx| {
            let idx = idx
                .as_module_index()
                .or(idx.as_rec_group_index().map(|idx| first + idx));
            found.push(idx.and_then(|idx| target(Reference::Type(idx))));
        });
        found.retain(|found| *found != Some(*item));
        edges.add(*item, &mut found);
    }

    let mut imported = Spaces::default();
    for import in &module.imports {
        let (space, of_import, ty) = match import.ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                (&spaces.funcs, &mut imported.funcs, Some(ty))
            }
            TypeRef::Tag(tag) => (&spaces.tags, &mut imported.tags, Some(tag.func_type_idx)),
            TypeRef::Global(global) => (
                &spaces.globals,
                &mut imported.globals,
                in_value(global.content_type),
            ),
            TypeRef::Table(table) => {
                let ty = crate::anatomy::type_of_ref(table.element_type);
                (&spaces.tables, &mut imported.tables, ty)
            }
            TypeRef::Memory(_) => (&spaces.memories, &mut imported.memories, None),
        };
        let item = space[of_import.len()];
        of_import.push(item);
        found.push(ty.and_then(|ty| target(Reference::Type(ty))));
        edges.add(item, &mut found);
    }

    for (table, item) in module
        .tables
        .iter()
        .zip(&spaces.tables[imported.tables.len()..])
    {
        let ty = crate::anatomy::type_of_ref(table.ty.element_type);
        found.push(ty.and_then(|ty| target(Reference::Type(ty))));
        if let TableInit::Expr(expr) = &table.init {
            ModuleParts::expr_references(expr, &mut |reference| found.push(target(reference)));
        }
        edges.add(*item, &mut found);
    }
    for (global, item) in module
        .globals
        .iter()
        .zip(&spaces.globals[imported.globals.len()..])
    {
        found.push(in_value(global.ty.content_type).and_then(|ty| target(Reference::Type(ty))));
        let expr = &global.init_expr;
        ModuleParts::expr_references(expr, &mut |reference| found.push(target(reference)));
        edges.add(*item, &mut found);
    }
    for (ty, item) in module
        .tag_types
        .iter()
        .zip(&spaces.tags[imported.tags.len()..])
    {
        found.push(target(Reference::Type(*ty)));
        edges.add(*item, &mut found);
    }

    of_exports(place, module, anatomy, edges);
    of_segments(module, &imported, edges);

    let n_imported = imported.funcs.len();
    let defined = spaces.funcs[n_imported..].iter();
    for ((body, item), ty) in module.bodies.iter().zip(defined).zip(n_imported..) {
        let ty = module.func_types.get(ty).copied();
        found.push(ty.and_then(|ty| target(Reference::Type(ty))));
        // Runs of the same memory or global are common, and would make long lists.
        let mut last = None;
        ModuleParts::body_references(body, &mut |reference| {
            if last != Some(reference) {
                last = Some(reference);
                found.push(target(reference));
                if let Reference::CallIndirect { ty, .. } = reference {
                    found.push(target(Reference::Type(ty)));
                }
            }
        });
        edges.add(*item, &mut found);
    }
}

fn of_exports(place: u32, module: &ModuleParts<'_>, anatomy: &Anatomy<'_>, edges: &mut Edges) {
    // Exports and the start function have items in the order of their section.
    let first = anatomy
        .items
        .partition_point(|item| item.range.start < module.range.start);
    let items = anatomy.items[first..].iter().zip(first as u32..);
    let items = items.take_while(|(item, _)| item.range.start < module.range.end);
    for (item, from) in items.filter(|(item, _)| item.module == place) {
        let reference = match item.kind {
            ItemKind::Start => module.start.map(Reference::Call),
            ItemKind::Export => module
                .exports
                .get(item.index as usize)
                .map(|export| match export.kind {
                    ExternalKind::Func | ExternalKind::FuncExact => Reference::Call(export.index),
                    ExternalKind::Table => Reference::Table(export.index),
                    ExternalKind::Memory => Reference::Memory(export.index),
                    ExternalKind::Global => Reference::Global(export.index),
                    ExternalKind::Tag => Reference::Tag(export.index),
                }),
            _ => None,
        };
        if let Some(target) = reference.and_then(|reference| item_of(module, reference)) {
            edges.all.push((from, target));
        }
    }
}

/// Segments refer to functions and globals; what they fill holds the active ones.
fn of_segments(module: &ModuleParts<'_>, imported: &Spaces, edges: &mut Edges) {
    let target = |reference: Reference| item_of(module, reference);
    let mut found = Vec::new();
    for (elem, item) in module.elems.iter().zip(&module.spaces.elems) {
        match &elem.items {
            ElementItems::Functions(funcs) => {
                let funcs = funcs.clone().into_iter().map_while(Result::ok);
                found.extend(funcs.map(|func| target(Reference::FuncRef(func))));
            }
            ElementItems::Expressions(ty, exprs) => {
                let ty = crate::anatomy::type_of_ref(*ty);
                found.push(ty.and_then(|ty| target(Reference::Type(ty))));
                for expr in exprs.clone().into_iter().map_while(Result::ok) {
                    ModuleParts::expr_references(&expr, &mut |reference| {
                        found.push(target(reference));
                    });
                }
            }
        }
        if let ElementKind::Active {
            table_index,
            offset_expr,
        } = &elem.kind
        {
            ModuleParts::expr_references(offset_expr, &mut |reference| {
                found.push(target(reference))
            });
            let table = target(Reference::Table(table_index.unwrap_or(0)));
            edges.all.extend(table.map(|table| (table, *item)));
            // Whoever gave the table sees what is written to it.
            if (table_index.unwrap_or(0) as usize) < imported.tables.len() {
                edges.roots.push(*item);
            }
        }
        edges.add(*item, &mut found);
    }
    for (data, item) in module.data.iter().zip(&module.spaces.data) {
        if let DataKind::Active {
            memory_index,
            offset_expr,
        } = &data.kind
        {
            ModuleParts::expr_references(offset_expr, &mut |reference| {
                found.push(target(reference))
            });
            let memory = target(Reference::Memory(*memory_index));
            edges.all.extend(memory.map(|memory| (memory, *item)));
            if (*memory_index as usize) < imported.memories.len() {
                edges.roots.push(*item);
            }
        }
        edges.add(*item, &mut found);
    }
}

fn in_value(ty: wasmparser::ValType) -> Option<u32> {
    ty.as_reference_type().and_then(crate::anatomy::type_of_ref)
}

/// The item that a reference means.
fn item_of(module: &ModuleParts<'_>, reference: Reference) -> Option<u32> {
    let spaces = &module.spaces;
    let (space, idx) = match reference {
        Reference::Call(idx) | Reference::FuncRef(idx) => (&spaces.funcs, idx),
        Reference::CallIndirect { table: idx, .. }
        | Reference::TableWrite(idx)
        | Reference::Table(idx) => (&spaces.tables, idx),
        Reference::Type(idx) | Reference::CallRef { ty: idx } => {
            return module.types.get(idx as usize).map(|(_, item)| *item);
        }
        Reference::Memory(idx) => (&spaces.memories, idx),
        Reference::Global(idx) => (&spaces.globals, idx),
        Reference::Tag(idx) => (&spaces.tags, idx),
        Reference::Elem(idx) => (&spaces.elems, idx),
        Reference::Data(idx) => (&spaces.data, idx),
    };
    space.get(idx as usize).copied()
}

#[cfg(test)]
pub mod tests {
    use super::{Edges, Graph};

    /// A graph of numbers.
    pub fn graph(n: u32, edges: &[(u32, u32)], roots: &[u32]) -> Graph {
        let (all, roots) = (edges.to_vec(), roots.to_vec());
        Edges { all, roots }.into_graph(n as usize)
    }
}
