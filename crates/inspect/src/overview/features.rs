//! The proposals that a core module needs, found without validating it.
//!
//! Apart because most of it asks for one fact: whether this type or that operator could have been written before some proposal.

use std::collections::BTreeSet;

use wasmparser::{
    AbstractHeapType, BlockType, CompositeInnerType, DataKind, ElementItems, ElementKind,
    ExternalKind, HeapType, Imports, MemArgTarget, MemoryType, Operator, OperatorsReader, RecGroup,
    RefType, SectionLimited, StorageType, TableInit, TableType, TypeRef, ValType,
};

use crate::frames::{Frame, reader};
use crate::operator::row;

/// What was found so far.
#[derive(Default)]
pub(super) struct Needs {
    found: BTreeSet<&'static str>,
    /// Whether each global is mutable, imported ones first.
    mutable_globals: Vec<bool>,
    /// How many types come before the one that is looked at.
    types: u32,
    imported_globals: u32,
    tables: u32,
    memories: u32,
}

impl Needs {
    /// The proposals in the order of the alphabet.
    pub(super) fn names(mut self) -> Vec<&'static str> {
        // What each builds on, before what that builds on.
        for (feature, base) in [
            ("relaxed-simd", "simd"),
            ("gc", "function-references"),
            ("function-references", "reference-types"),
        ] {
            if self.found.contains(feature) {
                self.need(base);
            }
        }
        self.found.into_iter().collect()
    }

    fn need(&mut self, feature: &'static str) {
        self.found.insert(feature);
    }

    /// Looks at a section; what cannot be read needs nothing.
    pub(super) fn section(&mut self, file: &[u8], frame: &Frame) -> wasmparser::Result<()> {
        let inside = reader(file, frame.contents.clone());
        match frame.id {
            1 => {
                for group in SectionLimited::<RecGroup>::new(inside)? {
                    self.group(group?);
                }
            }
            2 => {
                for imports in SectionLimited::<Imports<'_>>::new(inside)? {
                    let imports = imports?;
                    if !matches!(imports, Imports::Single(..)) {
                        self.need("compact-imports");
                    }
                    for import in imports {
                        self.import(import?.1.ty);
                    }
                }
            }
            4 => {
                for table in SectionLimited::<wasmparser::Table<'_>>::new(inside)? {
                    let table = table?;
                    self.table(table.ty);
                    if let TableInit::Expr(init) = table.init {
                        self.need("function-references");
                        self.expression(&init)?;
                    }
                }
            }
            5 => {
                for memory in SectionLimited::<MemoryType>::new(inside)? {
                    self.memory(memory?);
                }
            }
            6 => {
                for global in SectionLimited::<wasmparser::Global<'_>>::new(inside)? {
                    let global = global?;
                    self.val(global.ty.content_type);
                    self.mutable_globals.push(global.ty.mutable);
                    self.expression(&global.init_expr)?;
                }
            }
            7 => {
                for export in SectionLimited::<wasmparser::Export<'_>>::new(inside)? {
                    let export = export?;
                    let is_mutable = self.mutable_globals.get(export.index as usize);
                    if export.kind == ExternalKind::Global && is_mutable == Some(&true) {
                        self.need("mutable-global");
                    }
                }
            }
            9 => self.element_segments(inside)?,
            10 => {
                for body in SectionLimited::<wasmparser::FunctionBody<'_>>::new(inside)? {
                    let body = body?;
                    for local in body.get_locals_reader()? {
                        self.val(local?.1);
                    }
                    self.operators(file, body.get_operators_reader()?)?;
                }
            }
            11 => {
                for data in SectionLimited::<wasmparser::Data<'_>>::new(inside)? {
                    match data?.kind {
                        DataKind::Passive => self.need("bulk-memory"),
                        DataKind::Active { offset_expr, .. } => self.expression(&offset_expr)?,
                    }
                }
            }
            12 => self.need("bulk-memory"),
            13 => self.need("exceptions"),
            _ => {}
        }
        Ok(())
    }

    fn element_segments(&mut self, inside: wasmparser::BinaryReader<'_>) -> wasmparser::Result<()> {
        for segment in SectionLimited::<wasmparser::Element<'_>>::new(inside)? {
            let segment = segment?;
            match segment.kind {
                ElementKind::Active { offset_expr, .. } => self.expression(&offset_expr)?,
                ElementKind::Passive => self.need("bulk-memory"),
                ElementKind::Declared => {
                    self.need("bulk-memory");
                    self.need("reference-types");
                }
            }
            if let ElementItems::Expressions(ty, exprs) = segment.items {
                self.need("bulk-memory");
                self.val(ValType::Ref(ty));
                for expr in exprs {
                    self.expression(&expr?)?;
                }
            }
        }
        Ok(())
    }

    fn group(&mut self, group: RecGroup) {
        if group.is_explicit_rec_group() {
            self.need("gc");
        }
        for ty in group.into_types() {
            if !ty.is_final || !ty.supertype_idxs.is_empty() {
                self.need("gc");
            }
            let composite = &ty.composite_type;
            if composite.shared {
                self.need("shared-everything-threads");
            }
            if composite.describes_idx.is_some() || composite.descriptor_idx.is_some() {
                self.need("custom-descriptors");
            }
            match &composite.inner {
                CompositeInnerType::Func(func) => {
                    if func.results().len() > 1 {
                        self.need("multi-value");
                    }
                    let types = func.params().iter().chain(func.results());
                    types.for_each(|ty| self.val(*ty));
                }
                CompositeInnerType::Struct(ty) => {
                    self.need("gc");
                    ty.fields
                        .iter()
                        .for_each(|field| self.storage(field.element_type));
                }
                CompositeInnerType::Array(ty) => {
                    self.need("gc");
                    self.storage(ty.0.element_type);
                }
                CompositeInnerType::Cont(_) => self.need("stack-switching"),
            }
            self.types = self.types.saturating_add(1);
        }
    }

    fn storage(&mut self, ty: StorageType) {
        if let StorageType::Val(ty) = ty {
            self.val(ty);
        }
    }

    fn val(&mut self, ty: ValType) {
        match ty {
            ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 => {}
            ValType::V128 => self.need("simd"),
            ValType::Ref(ty) => {
                self.need("reference-types");
                self.reference(ty);
            }
        }
    }

    /// A reference type where one could always stand.
    fn reference(&mut self, ty: RefType) {
        if ty == RefType::FUNCREF {
            return;
        }
        if !ty.is_nullable() {
            self.need("function-references");
        }
        self.heap(ty.heap_type());
    }

    fn heap(&mut self, ty: HeapType) {
        match ty {
            HeapType::Concrete(index) => {
                self.need("function-references");
                // Types that refer to themselves came later.
                if index.as_module_index().is_some_and(|it| it >= self.types) {
                    self.need("gc");
                }
            }
            HeapType::Exact(_) => self.need("custom-descriptors"),
            HeapType::Abstract { shared, ty } => {
                if shared {
                    self.need("shared-everything-threads");
                }
                match ty {
                    AbstractHeapType::Func => {}
                    AbstractHeapType::Extern => self.need("reference-types"),
                    AbstractHeapType::Exn | AbstractHeapType::NoExn => self.need("exceptions"),
                    AbstractHeapType::Cont | AbstractHeapType::NoCont => {
                        self.need("stack-switching");
                    }
                    _ => self.need("gc"),
                }
            }
        }
    }

    fn import(&mut self, ty: TypeRef) {
        match ty {
            TypeRef::Func(_) => {}
            TypeRef::FuncExact(_) => self.need("custom-descriptors"),
            TypeRef::Table(ty) => self.table(ty),
            TypeRef::Memory(ty) => self.memory(ty),
            TypeRef::Global(ty) => {
                self.val(ty.content_type);
                self.mutable_globals.push(ty.mutable);
                self.imported_globals += 1;
                if ty.mutable {
                    self.need("mutable-global");
                }
            }
            TypeRef::Tag(_) => self.need("exceptions"),
        }
    }

    fn table(&mut self, ty: TableType) {
        self.tables += 1;
        if self.tables > 1 {
            self.need("reference-types");
        }
        if ty.element_type != RefType::FUNCREF {
            self.val(ValType::Ref(ty.element_type));
        }
        if ty.table64 {
            self.need("memory64");
        }
        if ty.shared {
            self.need("shared-everything-threads");
        }
    }

    fn memory(&mut self, ty: MemoryType) {
        self.memories += 1;
        if self.memories > 1 {
            self.need("multi-memory");
        }
        if ty.memory64 {
            self.need("memory64");
        }
        if ty.shared {
            self.need("threads");
        }
        if ty.page_size_log2.is_some() {
            self.need("custom-page-sizes");
        }
    }

    fn expression(&mut self, expr: &wasmparser::ConstExpr<'_>) -> wasmparser::Result<()> {
        let mut ops = expr.get_operators_reader();
        while !ops.eof() {
            let op = ops.read()?;
            if let Operator::GlobalGet { global_index } = op
                && global_index >= self.imported_globals
            {
                self.need("gc");
            }
            if row(&op).proposal == "mvp" {
                match op {
                    Operator::I32Add
                    | Operator::I32Sub
                    | Operator::I32Mul
                    | Operator::I64Add
                    | Operator::I64Sub
                    | Operator::I64Mul => self.need("extended-const"),
                    _ => {}
                }
            }
            self.operator(&op);
        }
        Ok(())
    }

    fn operators(&mut self, file: &[u8], mut ops: OperatorsReader<'_>) -> wasmparser::Result<()> {
        while !ops.eof() {
            let start = ops.original_position() as usize;
            let op = ops.read()?;
            self.operator(&op);
            let bytes = &file[start..ops.original_position() as usize];
            // Before there were several tables and memories, a byte was zero here, and no number that may be written longer.
            match (&op, bytes) {
                (Operator::CallIndirect { .. }, [.., 0x80..=0xff, 0]) => {
                    self.need("reference-types")
                }
                (
                    Operator::MemorySize { .. } | Operator::MemoryGrow { .. },
                    [_, 0x80..=0xff, ..],
                ) => {
                    self.need("multi-memory");
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn operator(&mut self, op: &Operator<'_>) {
        match op {
            Operator::Block { blockty }
            | Operator::Loop { blockty }
            | Operator::If { blockty }
            | Operator::Try { blockty } => self.block(*blockty),
            Operator::TryTable { try_table } => self.block(try_table.ty),
            Operator::CallIndirect { table_index, .. } if *table_index != 0 => {
                self.need("reference-types");
            }
            Operator::RefNull { hty } => self.heap(*hty),
            Operator::TypedSelect { ty } => self.val(*ty),
            Operator::I32Load { memarg } if matches!(memarg.target, MemArgTarget::Array(_)) => {
                self.need("gc");
            }
            _ => {}
        }
        let feature = match row(op).proposal {
            "mvp" => return,
            "sign_extension" => "sign-extension",
            "saturating_float_to_int" => "saturating-float-to-int",
            "bulk_memory" => "bulk-memory",
            "reference_types" => "reference-types",
            "tail_call" => "tail-call",
            "memory_control" => "memory-control",
            "relaxed_simd" => "relaxed-simd",
            "legacy_exceptions" => "legacy-exceptions",
            "shared_everything_threads" => "shared-everything-threads",
            "function_references" => "function-references",
            "stack_switching" => "stack-switching",
            "wide_arithmetic" => "wide-arithmetic",
            "acquire_release_atomics" => "acquire-release-atomics",
            "custom_descriptors" => "custom-descriptors",
            same => same,
        };
        self.need(feature);
    }

    fn block(&mut self, ty: BlockType) {
        match ty {
            BlockType::Empty => {}
            BlockType::Type(ty) => self.val(ty),
            BlockType::FuncType(_) => self.need("multi-value"),
        }
    }
}
