//! Builds a [`Header`] from the sections of a file, in order.
//!
//! Apart from the header, which cannot change. Sections are read here before the validator sees them, so an error here means that
//! the bytes do not follow the grammar. Nothing may be indexed or reserved by what they say.

use super::{ElemItems, ElemMode, ElemSegment, Export, ExportItem, Header, Import, ImportType};
use crate::convert::{global_type, kind, memory_type, ref_type, sub_type, table_type};
use crate::hints::BranchHints;
use crate::{
    BlockType, ConstExpr, Error, Features, FuncIdx, FuncType, GlobalIdx, GlobalType, MemoryIdx,
    MemoryType, Op, RefType, SubType, TableIdx, TableType, TagIdx, TypeIdx, TypeKind, ValType,
};
use std::collections::HashMap;
use std::ops::Range;
use wasmparser::{
    ElementItems, ElementKind, ExternalKind, FromReader, SectionLimited, TableInit, TypeRef,
};

/// Functions of a type in element segments are not told one by one if they are more.
const ELEMENTS_MAX: usize = 16;

/// The lists of a header while sections arrive.
#[derive(Default)]
pub(crate) struct HeaderBuilder {
    types: Vec<SubType>,
    kinds: Vec<TypeKind>,
    rec_groups: Vec<Range<u32>>,
    imports: Vec<Import>,
    funcs: Vec<TypeIdx>,
    tables: Vec<TableType>,
    memories: Vec<MemoryType>,
    globals: Vec<GlobalType>,
    tags: Vec<TypeIdx>,
    global_inits: Vec<ConstExpr>,
    table_inits: Vec<Option<ConstExpr>>,
    exports: Vec<Export>,
    start: Option<FuncIdx>,
    elems: Vec<ElemSegment>,
    n_datas: Option<u32>,
    branch_hints: BranchHints,
}

/// Calls `item` for each item of a section, with the item's offset on errors that have none.
pub(crate) fn for_each_item<'a, T: FromReader<'a>>(
    section: &SectionLimited<'a, T>,
    mut item: impl FnMut(T) -> Result<(), Error>,
) -> Result<(), Error> {
    for read in section.clone().into_iter_with_offsets() {
        let (offset, value) = read.map_err(Error::malformed)?;
        item(value).map_err(|error| error.at(offset as usize))?;
    }
    Ok(())
}

impl HeaderBuilder {
    pub(crate) fn types(
        &mut self,
        section: &wasmparser::TypeSectionReader<'_>,
    ) -> Result<(), Error> {
        for_each_item(section, |group| {
            // Types of a group may refer to those behind them.
            for ty in group.types() {
                self.kinds.push(kind(ty)?);
            }
            let first = self.types.len() as u32;
            for ty in group.types() {
                self.types.push(sub_type(ty, &self.kinds)?);
            }
            self.rec_groups.push(first..self.types.len() as u32);
            Ok(())
        })
    }

    /// The kinds of the types so far.
    pub(crate) fn kinds(&self) -> &[TypeKind] {
        &self.kinds
    }

    pub(crate) fn imports(
        &mut self,
        section: &wasmparser::ImportSectionReader<'_>,
    ) -> Result<(), Error> {
        for import in section.clone().into_imports_with_offsets() {
            let (offset, import) = import.map_err(Error::malformed)?;
            let ty = match import.ty {
                TypeRef::Func(ty) => Ok(ImportType::Func(TypeIdx(ty))),
                TypeRef::FuncExact(_) => {
                    Err(Error::unsupported("custom-descriptors", "exact functions"))
                }
                TypeRef::Table(ty) => table_type(&ty, &self.kinds).map(ImportType::Table),
                TypeRef::Memory(ty) => Ok(ImportType::Memory(memory_type(&ty))),
                TypeRef::Global(ty) => global_type(&ty, &self.kinds).map(ImportType::Global),
                TypeRef::Tag(ty) => Ok(ImportType::Tag(TypeIdx(ty.func_type_idx))),
            };
            let ty = ty.map_err(|error| error.at(offset as usize))?;
            match ty {
                ImportType::Func(ty) => self.funcs.push(ty),
                ImportType::Table(ty) => self.tables.push(ty),
                ImportType::Memory(ty) => self.memories.push(ty),
                ImportType::Global(ty) => self.globals.push(ty),
                ImportType::Tag(ty) => self.tags.push(ty),
            }
            self.imports.push(Import {
                module: import.module.into(),
                name: import.name.into(),
                ty,
            });
        }
        Ok(())
    }

    pub(crate) fn funcs(
        &mut self,
        section: &wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        for_each_item(section, |ty| {
            self.funcs.push(TypeIdx(ty));
            Ok(())
        })
    }

    pub(crate) fn tables(
        &mut self,
        section: &wasmparser::TableSectionReader<'_>,
    ) -> Result<(), Error> {
        for_each_item(section, |table| {
            self.table_inits.push(match &table.init {
                TableInit::RefNull => None,
                TableInit::Expr(expr) => Some(ConstExpr::read(expr, &self.kinds)?),
            });
            self.tables.push(table_type(&table.ty, &self.kinds)?);
            Ok(())
        })
    }

    pub(crate) fn memories(
        &mut self,
        section: &wasmparser::MemorySectionReader<'_>,
    ) -> Result<(), Error> {
        for_each_item(section, |ty| {
            self.memories.push(memory_type(&ty));
            Ok(())
        })
    }

    pub(crate) fn tags(&mut self, section: &wasmparser::TagSectionReader<'_>) -> Result<(), Error> {
        for_each_item(section, |ty| {
            self.tags.push(TypeIdx(ty.func_type_idx));
            Ok(())
        })
    }

    pub(crate) fn globals(
        &mut self,
        section: &wasmparser::GlobalSectionReader<'_>,
    ) -> Result<(), Error> {
        for_each_item(section, |global| {
            self.globals.push(global_type(&global.ty, &self.kinds)?);
            self.global_inits
                .push(ConstExpr::read(&global.init_expr, &self.kinds)?);
            Ok(())
        })
    }

    pub(crate) fn exports(
        &mut self,
        section: &wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), Error> {
        for_each_item(section, |export| {
            let item = match export.kind {
                ExternalKind::Func | ExternalKind::FuncExact => {
                    ExportItem::Func(FuncIdx(export.index))
                }
                ExternalKind::Table => ExportItem::Table(TableIdx(export.index)),
                ExternalKind::Memory => ExportItem::Memory(MemoryIdx(export.index)),
                ExternalKind::Global => ExportItem::Global(GlobalIdx(export.index)),
                ExternalKind::Tag => ExportItem::Tag(TagIdx(export.index)),
            };
            self.exports.push(Export {
                name: export.name.into(),
                item,
            });
            Ok(())
        })
    }

    pub(crate) fn start(&mut self, func: u32) {
        self.start = Some(FuncIdx(func));
    }

    pub(crate) fn elems(
        &mut self,
        section: &wasmparser::ElementSectionReader<'_>,
    ) -> Result<(), Error> {
        for_each_item(section, |elem| {
            let mode = match &elem.kind {
                ElementKind::Active {
                    table_index,
                    offset_expr,
                } => ElemMode::Active {
                    table: TableIdx(table_index.unwrap_or(0)),
                    offset: ConstExpr::read(offset_expr, &self.kinds)?,
                },
                ElementKind::Passive => ElemMode::Passive,
                ElementKind::Declared => ElemMode::Declared,
            };
            let (ty, items) = match elem.items {
                ElementItems::Functions(section) => {
                    let mut funcs = Vec::new();
                    for_each_item(&section, |func| {
                        funcs.push(FuncIdx(func));
                        Ok(())
                    })?;
                    (RefType::FUNCREF, ElemItems::Funcs(funcs.into()))
                }
                ElementItems::Expressions(ty, section) => {
                    let mut exprs = Vec::new();
                    for_each_item(&section, |expr| {
                        exprs.push(ConstExpr::read(&expr, &self.kinds)?);
                        Ok(())
                    })?;
                    (ref_type(ty, &self.kinds)?, ElemItems::Exprs(exprs.into()))
                }
            };
            self.elems.push(ElemSegment { ty, items, mode });
            Ok(())
        })
    }

    /// Takes the contents of the section; only before the code does it count.
    pub(crate) fn branch_hints(&mut self, contents: &[u8]) {
        self.branch_hints = BranchHints::read(contents);
    }

    pub(crate) fn n_datas(&mut self, count: u32) {
        self.n_datas = Some(count);
    }

    /// The finished header. All sections must have been validated.
    pub(crate) fn freeze(mut self, features: Features) -> Header {
        let n_defined_types = self.types.len();
        let may_have_legacy = features.has("legacy-exceptions");
        let catch_types = match may_have_legacy {
            true => self.catch_types(),
            false => Vec::new(),
        };
        let imported = |kind: fn(&ImportType) -> bool| {
            self.imports
                .iter()
                .filter(|import| kind(&import.ty))
                .count()
        };
        let mut exports_by_name: Vec<u32> = (0..self.exports.len() as u32).collect();
        exports_by_name.sort_unstable_by_key(|&at| &*self.exports[at as usize].name);
        Header {
            features,
            n_imported_funcs: imported(|ty| matches!(ty, ImportType::Func(_))),
            n_imported_tables: imported(|ty| matches!(ty, ImportType::Table(_))),
            n_imported_memories: imported(|ty| matches!(ty, ImportType::Memory(_))),
            n_imported_globals: imported(|ty| matches!(ty, ImportType::Global(_))),
            n_imported_tags: imported(|ty| matches!(ty, ImportType::Tag(_))),
            escaping: self.escaping(),
            elements: self.elements(),
            exports_by_name: exports_by_name.into(),
            types: self.types.into(),
            kinds: self.kinds.into(),
            n_defined_types,
            rec_groups: self.rec_groups.into(),
            imports: self.imports.into(),
            funcs: self.funcs.into(),
            tables: self.tables.into(),
            memories: self.memories.into(),
            globals: self.globals.into(),
            tags: self.tags.into(),
            global_inits: self.global_inits.into(),
            table_inits: self.table_inits.into(),
            exports: self.exports.into(),
            start: self.start,
            elems: self.elems.into(),
            n_datas: self.n_datas,
            may_have_legacy,
            catch_types: catch_types.into(),
            branch_hints: self.branch_hints,
        }
    }

    /// The type of a block that ends with the payload and the exception itself, for each tag. Those that take a function type
    /// get one behind those of the module.
    fn catch_types(&mut self) -> Vec<BlockType> {
        let mut known: HashMap<TypeIdx, BlockType> = HashMap::new();
        let mut catch_types = Vec::with_capacity(self.tags.len());
        for at in 0..self.tags.len() {
            let tag_type = self.tags[at];
            let ty = *known.entry(tag_type).or_insert_with(|| {
                let payload = self.types[tag_type.index()].as_func();
                let payload = payload.expect("validated as a function type").params();
                if payload.is_empty() {
                    return BlockType::Value(ValType::EXNREF);
                }
                let results = payload.iter().copied().chain([ValType::EXNREF]);
                let ty = SubType::func(FuncType::new([], results));
                let index = self.types.len() as u32;
                self.types.push(ty);
                self.kinds.push(TypeKind::Func);
                self.rec_groups.push(index..index + 1);
                BlockType::Func(TypeIdx(index))
            });
            catch_types.push(ty);
        }
        catch_types
    }

    /// One bit per function: whether it can be reached other than by a direct call.
    fn escaping(&self) -> Box<[u64]> {
        let mut bits = vec![0; self.funcs.len().div_ceil(64)];
        let mut escapes = |func: FuncIdx| bits[func.index() / 64] |= 1 << (func.index() % 64);
        let mut in_expr = |expr: &ConstExpr| {
            for op in expr.ops() {
                if let Op::RefFunc(func) = op {
                    escapes(*func);
                }
            }
        };
        self.global_inits.iter().for_each(&mut in_expr);
        self.table_inits.iter().flatten().for_each(&mut in_expr);
        for elem in &self.elems {
            if let ElemItems::Exprs(exprs) = &elem.items {
                exprs.iter().for_each(&mut in_expr);
            }
        }
        for elem in &self.elems {
            if let ElemItems::Funcs(funcs) = &elem.items {
                funcs.iter().copied().for_each(&mut escapes);
            }
        }
        for export in &self.exports {
            if let ExportItem::Func(func) = export.item {
                escapes(func);
            }
        }
        // Instantiation calls the start function as the host calls any other.
        self.start.iter().copied().for_each(&mut escapes);
        bits.into()
    }
    /// By type: the functions of it in element segments that are for tables, if they are few.
    fn elements(&self) -> Box<[Box<[FuncIdx]>]> {
        let mut elements: Vec<Vec<FuncIdx>> = vec![Vec::new(); self.types.len()];
        let mut holds = |func: FuncIdx| {
            let known = &mut elements[self.funcs[func.index()].index()];
            if known.len() <= ELEMENTS_MAX && !known.contains(&func) {
                known.push(func);
            }
        };
        for elem in &self.elems {
            match (&elem.mode, &elem.items) {
                (ElemMode::Declared, _) => {}
                (_, ElemItems::Funcs(funcs)) => funcs.iter().copied().for_each(&mut holds),
                (_, ElemItems::Exprs(exprs)) => {
                    for op in exprs.iter().flat_map(|expr| expr.ops()) {
                        if let Op::RefFunc(func) = op {
                            holds(*func);
                        }
                    }
                }
            }
        }
        let few = elements.into_iter().map(|mut funcs| {
            if funcs.len() > ELEMENTS_MAX {
                funcs.clear();
            }
            funcs.sort_unstable();
            funcs.into()
        });
        few.collect()
    }
}
