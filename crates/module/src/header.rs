//! What a module says before its code: types, imports, definitions, exports, element segments.
//!
//! Apart from [`Module`](crate::Module), because it is complete and frozen when the first function body arrives, and is then
//! shared by all threads that validate and compile functions.

mod build;

pub(crate) use build::{HeaderBuilder, for_each_item};

use crate::hints::BranchHints;
use crate::{
    BlockType, ConstExpr, ExternType, Features, FuncIdx, FuncType, GlobalIdx, GlobalType,
    MemoryIdx, MemoryType, RefType, SubType, TableIdx, TableType, TagIdx, TypeIdx, TypeKind,
};
use std::ops::Range;

/// An import: two names and what must be given.
#[derive(Clone, Debug)]
pub struct Import {
    /// The name of the module to import from.
    pub module: Box<str>,
    /// The name of the item.
    pub name: Box<str>,
    /// What the item must be.
    pub ty: ImportType,
}

/// What an import must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ImportType {
    /// A function of a type of the module.
    Func(TypeIdx),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// A global.
    Global(GlobalType),
    /// A tag whose payload is the parameters of a type of the module.
    Tag(TypeIdx),
}

/// An export: a name and what it names.
#[derive(Clone, Debug)]
pub struct Export {
    /// The name; no two exports of a module share one.
    pub name: Box<str>,
    /// What it names.
    pub item: ExportItem,
}

/// Something that can be exported, by its index space.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ExportItem {
    /// A function.
    Func(FuncIdx),
    /// A table.
    Table(TableIdx),
    /// A memory.
    Memory(MemoryIdx),
    /// A global.
    Global(GlobalIdx),
    /// A tag.
    Tag(TagIdx),
}

/// An element segment: references to be copied into tables.
#[derive(Clone, Debug)]
pub struct ElemSegment {
    /// The type of the references.
    pub ty: RefType,
    /// The references.
    pub items: ElemItems,
    /// When they are copied.
    pub mode: ElemMode,
}

/// The references of an element segment.
#[derive(Clone, Debug)]
pub enum ElemItems {
    /// References to these functions.
    Funcs(Box<[FuncIdx]>),
    /// The values of these expressions.
    Exprs(Box<[ConstExpr]>),
}

impl ElemItems {
    /// How many references there are.
    pub fn len(&self) -> usize {
        match self {
            ElemItems::Funcs(funcs) => funcs.len(),
            ElemItems::Exprs(exprs) => exprs.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// When the references of an element segment are copied.
#[derive(Clone, Debug)]
pub enum ElemMode {
    /// At instantiation, into a table.
    Active {
        /// The table.
        table: TableIdx,
        /// The first element to set.
        offset: ConstExpr,
    },
    /// When `table.init` asks for it.
    Passive,
    /// Never: the segment only declares that references to its functions are made.
    Declared,
}

/// All that precedes the code of a module.
///
/// **Invariant:** it has been validated, so every index in it is in bounds.
#[derive(Clone, Debug, Default)]
pub struct Header {
    features: Features,
    types: Box<[SubType]>,
    kinds: Box<[TypeKind]>,
    n_defined_types: usize,
    rec_groups: Box<[Range<u32>]>,
    imports: Box<[Import]>,
    funcs: Box<[TypeIdx]>,
    tables: Box<[TableType]>,
    memories: Box<[MemoryType]>,
    globals: Box<[GlobalType]>,
    tags: Box<[TypeIdx]>,
    n_imported_funcs: usize,
    n_imported_tables: usize,
    n_imported_memories: usize,
    n_imported_globals: usize,
    n_imported_tags: usize,
    global_inits: Box<[ConstExpr]>,
    table_inits: Box<[Option<ConstExpr>]>,
    exports: Box<[Export]>,
    /// Positions of exports, sorted by name.
    exports_by_name: Box<[u32]>,
    start: Option<FuncIdx>,
    elems: Box<[ElemSegment]>,
    n_datas: Option<u32>,
    may_have_legacy: bool,
    /// By tag.
    catch_types: Box<[BlockType]>,
    /// One bit per function.
    escaping: Box<[u64]>,
    /// By type.
    elements: Box<[Box<[FuncIdx]>]>,
    branch_hints: BranchHints,
}

impl Header {
    /// The features that the module was decoded with.
    pub fn features(&self) -> Features {
        self.features
    }

    /// Whether a function has branch hints.
    pub fn has_branch_hints(&self, func: FuncIdx) -> bool {
        self.branch_hints.has(func)
    }

    /// Whether the branch at an offset from the start of a function's body, in bytes, is likely to be taken; `None` without a
    /// hint. It is advice of the toolchain, and may be wrong.
    pub fn branch_hint(&self, func: FuncIdx, offset: u32) -> Option<bool> {
        self.branch_hints.get(func, offset)
    }

    /// The types that the module defines, and behind them those that translating it needs.
    pub fn types(&self) -> &[SubType] {
        &self.types
    }

    /// How many types the module defines.
    pub fn n_defined_types(&self) -> usize {
        self.n_defined_types
    }

    /// The kinds of the types that the module defines.
    pub(crate) fn kinds(&self) -> &[TypeKind] {
        &self.kinds
    }

    /// The recursion groups, in order: ranges of type indices that together are all of them.
    pub fn rec_groups(&self) -> &[Range<u32>] {
        &self.rec_groups
    }

    /// The defined type with this index.
    ///
    /// # Panics
    /// If there is none.
    pub fn sub_type(&self, ty: TypeIdx) -> &SubType {
        &self.types[ty.index()]
    }

    /// The function type with this index.
    ///
    /// # Panics
    /// If there is none, or it is of structures or arrays: validation lets no operator say so.
    pub fn type_at(&self, ty: TypeIdx) -> &FuncType {
        let func = self.sub_type(ty).as_func();
        func.expect("validation ensures a function type")
    }

    /// The imports, in order.
    pub fn imports(&self) -> &[Import] {
        &self.imports
    }

    /// The types of all functions, imported ones first.
    pub fn funcs(&self) -> &[TypeIdx] {
        &self.funcs
    }

    /// How many functions are imported.
    pub fn n_imported_funcs(&self) -> usize {
        self.n_imported_funcs
    }

    /// How many functions are defined.
    pub fn n_defined_funcs(&self) -> usize {
        self.funcs.len() - self.n_imported_funcs
    }

    /// The position of a function among the defined ones, or `None` if it is imported.
    pub fn defined_func(&self, func: FuncIdx) -> Option<usize> {
        func.index().checked_sub(self.n_imported_funcs)
    }

    /// The type of a function.
    ///
    /// # Panics
    /// If there is no such function.
    pub fn func_type(&self, func: FuncIdx) -> &FuncType {
        self.type_at(self.funcs[func.index()])
    }

    /// The header as it will be once functions have other types, which stand behind all others: for whoever changes a module.
    ///
    /// # Panics
    /// If there is no such function.
    pub fn with_func_types(&self, types: impl IntoIterator<Item = (FuncIdx, FuncType)>) -> Header {
        let mut header = self.clone();
        let mut all = std::mem::take(&mut header.types).into_vec();
        for (func, ty) in types {
            header.funcs[func.index()] = TypeIdx(all.len() as u32);
            all.push(SubType::func(ty));
        }
        header.types = all.into();
        header
    }

    /// The header as it will be once defined types say something else, and globals contain something else: for whoever changes a module.
    ///
    /// # Panics
    /// If there are not as many as there are.
    pub fn with_types(
        &self,
        types: impl IntoIterator<Item = SubType>,
        globals: impl IntoIterator<Item = (GlobalType, Option<ConstExpr>)>,
    ) -> Header {
        let mut header = self.clone();
        let mut types = types.into_iter();
        header.types[..self.n_defined_types].fill_with(|| types.next().expect("all are given"));
        let mut globals = globals.into_iter();
        for at in 0..header.globals.len() {
            let (ty, init) = globals.next().expect("all are given");
            header.globals[at] = ty;
            if let (Some(at), Some(init)) = (at.checked_sub(self.n_imported_globals), init) {
                header.global_inits[at] = init;
            }
        }
        header
    }

    /// The types of all tables, imported ones first.
    pub fn tables(&self) -> &[TableType] {
        &self.tables
    }

    /// How many tables are imported.
    pub fn n_imported_tables(&self) -> usize {
        self.n_imported_tables
    }

    /// The types of all memories, imported ones first.
    pub fn memories(&self) -> &[MemoryType] {
        &self.memories
    }

    /// How many memories are imported.
    pub fn n_imported_memories(&self) -> usize {
        self.n_imported_memories
    }

    /// The types of all globals, imported ones first.
    pub fn globals(&self) -> &[GlobalType] {
        &self.globals
    }

    /// How many globals are imported.
    pub fn n_imported_globals(&self) -> usize {
        self.n_imported_globals
    }

    /// The initial values of the defined globals.
    pub fn global_inits(&self) -> &[ConstExpr] {
        &self.global_inits
    }

    /// The initial elements of defined tables, in order; none stands for null.
    pub fn table_inits(&self) -> &[Option<ConstExpr>] {
        &self.table_inits
    }

    /// The types of all tags, imported ones first; a tag carries the parameters.
    pub fn tags(&self) -> &[TypeIdx] {
        &self.tags
    }

    /// How many tags are imported.
    pub fn n_imported_tags(&self) -> usize {
        self.n_imported_tags
    }

    /// The type of a block that ends with the payload of a tag and the exception itself: what legacy exceptions are translated
    /// with. Empty if the module may have none, or no such tag.
    pub(crate) fn catch_type(&self, tag: TagIdx) -> BlockType {
        let ty = self.catch_types.get(tag.index());
        ty.copied().unwrap_or(BlockType::Empty)
    }

    /// Whether operators of legacy exceptions are accepted.
    pub(crate) fn may_have_legacy(&self) -> bool {
        self.may_have_legacy
    }

    /// The exports, in order.
    pub fn exports(&self) -> &[Export] {
        &self.exports
    }

    /// The export of this name.
    pub fn export(&self, name: &str) -> Option<ExportItem> {
        let named = |&at: &u32| &self.exports[at as usize];
        let found = self
            .exports_by_name
            .binary_search_by(|at| (*named(at).name).cmp(name))
            .ok()?;
        Some(named(&self.exports_by_name[found]).item)
    }

    /// The function that instantiation calls.
    pub fn start(&self) -> Option<FuncIdx> {
        self.start
    }

    /// The element segments.
    pub fn elems(&self) -> &[ElemSegment] {
        &self.elems
    }

    /// How many data segments will follow the code, if the module says so; code that names a data segment makes it say so.
    pub fn n_datas(&self) -> Option<usize> {
        self.n_datas.map(|n| n as usize)
    }

    /// Whether the function can be reached other than by a direct call: it is exported, in an element segment, named by
    /// `ref.func` in a constant expression, or the start function. Validation refuses `ref.func` of any other function.
    ///
    /// # Panics
    /// If there is no such function.
    pub fn escapes(&self, func: FuncIdx) -> bool {
        assert!(func.index() < self.funcs.len());
        self.escaping[func.index() / 64] >> (func.index() % 64) & 1 != 0
    }

    /// The functions of a type that element segments bring into tables, in order, if they bring few of it; else none. What else
    /// tables hold is for code and hosts to say: so these are what a call through a table most likely arrives at, and no more.
    pub fn elements(&self, ty: TypeIdx) -> &[FuncIdx] {
        self.elements.get(ty.index()).map_or(&[], |funcs| funcs)
    }

    /// The type of an item of the module.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn extern_type(&self, item: ExportItem) -> ExternType {
        match item {
            ExportItem::Func(func) => ExternType::Func(self.func_type(func).clone()),
            ExportItem::Table(table) => ExternType::Table(self.tables[table.index()]),
            ExportItem::Memory(memory) => ExternType::Memory(self.memories[memory.index()]),
            ExportItem::Global(global) => ExternType::Global(self.globals[global.index()]),
            ExportItem::Tag(tag) => ExternType::Tag(self.type_at(self.tags[tag.index()]).clone()),
        }
    }

    /// The type of the import at this position.
    ///
    /// # Panics
    /// If there is no such import.
    pub fn import_type(&self, import: usize) -> ExternType {
        match self.imports[import].ty {
            ImportType::Func(ty) => ExternType::Func(self.type_at(ty).clone()),
            ImportType::Table(ty) => ExternType::Table(ty),
            ImportType::Memory(ty) => ExternType::Memory(ty),
            ImportType::Global(ty) => ExternType::Global(ty),
            ImportType::Tag(ty) => ExternType::Tag(self.type_at(ty).clone()),
        }
    }
}
