//! A module written anew.
//!
//! Apart from what it is asked because it is a list of sections. Everything is read again from the bytes and written with new numbers,
//! so that what this engine does not keep of a module (alignments, the encoding of exceptions) stays as it was.

use crate::{Renumbering, names};
use module::{
    CompositeType, ConstExpr, FieldType, FuncType, Module, StorageType, SubType, TypeIdx, ValType,
    encode,
};
use std::collections::HashMap;
use std::fmt;
use wasm_encoder::SectionId;
use wasm_encoder::reencode::{self, Reencode, utils};
use wasmparser::{BinaryReader, FunctionBody, Parser};

/// What shall change of a module; made so that nothing does.
///
/// Entries may get another order, except imported ones among themselves, and those that need others before them (globals,
/// types). An import that goes is one less of its index space.
pub struct Rewrite<'m> {
    module: &'m Module,
    /// Types; those of a recursion group stay or go together, in their order.
    pub types: Renumbering,
    /// Functions.
    pub funcs: Renumbering,
    /// Tables.
    pub tables: Renumbering,
    /// Memories.
    pub memories: Renumbering,
    /// Globals.
    pub globals: Renumbering,
    /// Tags.
    pub tags: Renumbering,
    /// Element segments.
    pub elems: Renumbering,
    /// Data segments.
    pub datas: Renumbering,
    /// By defined function: another body, whose numbers are the old ones: declarations of locals, then operators.
    pub bodies: Vec<Option<Vec<u8>>>,
    /// By function: another type than it had, by its old number.
    pub func_types: Vec<Option<u32>>,
    /// By function: another type than it had, which is added to the types if there is none like it, with old numbers in it.
    pub new_types: Vec<Option<FuncType>>,
    /// All types that stay, by recursion group: if it is there, the section of types says what these groups say, and
    /// [`types`](Rewrite::types) has the numbers that follow from it.
    pub groups: Option<Vec<Vec<(u32, SubType)>>>,
    /// By global: what it contains instead of what it contained, with old numbers in it.
    pub global_types: Vec<Option<ValType>>,
    /// By defined global: another initial value, with old numbers in it.
    pub global_inits: Vec<Option<ConstExpr>>,
    /// Functions that a segment behind all others declares, by their old numbers.
    pub more_declared: Vec<u32>,
    /// Data segments that come behind all others.
    pub more_datas: Vec<MoreData>,
    /// Whether a custom section stays, by its name. The section of names is brought up to date; whatever else is kept is copied.
    pub keeps_custom: fn(&str) -> bool,
}

/// An active data segment with a constant address.
#[derive(Clone, Debug)]
pub struct MoreData {
    /// The memory, by its old number.
    pub memory: u32,
    /// The address of the first byte.
    pub address: u64,
    /// What is written there.
    pub bytes: Vec<u8>,
}

/// Why a module could not be written anew.
#[derive(Debug)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl From<reencode::Error<Gone>> for Error {
    fn from(error: reencode::Error<Gone>) -> Error {
        Error(match error {
            reencode::Error::UserError(gone) => gone.to_string(),
            reencode::Error::ParseError(error) => error.to_string(),
            other => other.to_string(),
        })
    }
}

/// Something that goes, but is used by what stays.
#[derive(Debug)]
pub(crate) struct Gone {
    space: &'static str,
    index: u32,
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Gone { space, index } = self;
        write!(f, "{space} {index} is removed, but used by what stays")
    }
}

impl std::error::Error for Gone {}

impl<'m> Rewrite<'m> {
    /// A rewrite that changes nothing.
    pub fn new(module: &'m Module) -> Rewrite<'m> {
        let header = module.header();
        Rewrite {
            module,
            types: Renumbering::identity(header.n_defined_types()),
            funcs: Renumbering::identity(header.funcs().len()),
            tables: Renumbering::identity(header.tables().len()),
            memories: Renumbering::identity(header.memories().len()),
            globals: Renumbering::identity(header.globals().len()),
            tags: Renumbering::identity(header.tags().len()),
            elems: Renumbering::identity(header.elems().len()),
            datas: Renumbering::identity(module.datas().len()),
            bodies: vec![None; module.body_ranges().len()],
            func_types: vec![None; header.funcs().len()],
            new_types: vec![None; header.funcs().len()],
            groups: None,
            global_types: vec![None; header.globals().len()],
            global_inits: vec![None; header.global_inits().len()],
            more_declared: Vec::new(),
            more_datas: Vec::new(),
            keeps_custom: |_| true,
        }
    }

    /// Lets the section of types have these recursion groups, by old numbers, in which types are what `definition` says (with old
    /// numbers as well). What names another type names the one in `by` instead.
    ///
    /// # Panics
    /// If a type is in two groups.
    pub fn set_groups(
        &mut self,
        groups: &[Vec<u32>],
        by: &[u32],
        definition: impl Fn(TypeIdx) -> SubType,
    ) {
        let order: Vec<u32> = groups.iter().flatten().copied().collect();
        self.types = Renumbering::ordered_merging(&order, by);
        let define = |&ty: &u32| (ty, definition(TypeIdx(ty)));
        let groups = groups
            .iter()
            .map(|group| group.iter().map(define).collect());
        self.groups = Some(groups.collect());
    }

    /// By type: whether it has as many fields as it had.
    fn have_same_fields(&self) -> Vec<bool> {
        let n_fields = |ty: &SubType| ty.as_struct().map(|found| found.fields.len());
        let Some(groups) = &self.groups else {
            return Vec::new();
        };
        let header = self.module.header();
        let mut is_same = vec![true; self.types.len()];
        for (ty, new) in groups.iter().flatten() {
            is_same[*ty as usize] = n_fields(new) == n_fields(header.sub_type(TypeIdx(*ty)));
        }
        is_same
    }

    /// The bytes of the module as it shall be.
    ///
    /// # Errors
    /// If something goes that is used by what stays, or the module has something that the encoder does not know.
    pub fn apply(&self) -> Result<Vec<u8>, Error> {
        let mut out = wasm_encoder::Module::new();
        let mut writer = Writer {
            rewrite: self,
            func_types: Vec::new(),
            has_declared: false,
            has_same_fields: self.have_same_fields(),
        };
        writer.parse_core_module(&mut out, Parser::new(0), self.module.bytes())?;
        Ok(out.finish())
    }
}

struct Writer<'r, 'm> {
    rewrite: &'r Rewrite<'m>,
    /// By function: the new number of its type, for those that get one of [`Rewrite::new_types`].
    func_types: Vec<Option<u32>>,
    /// Whether [`Rewrite::more_declared`] is written.
    has_declared: bool,
    /// By type: whether its fields are those that it had, with the names that they had. None if all are.
    has_same_fields: Vec<bool>,
}

impl<'r> Writer<'r, '_> {
    /// Declares what shall be declared beside what is.
    fn declare_more(&mut self, elements: &mut wasm_encoder::ElementSection) -> Written<()> {
        self.has_declared = true;
        let more = &self.rewrite.more_declared;
        if !more.is_empty() {
            let more = more.iter().map(|&func| self.function_index(func));
            let more = more.collect::<Written<Vec<u32>>>()?;
            elements.declared(wasm_encoder::Elements::Functions(more.into()));
        }
        Ok(())
    }

    /// Adds the types that functions get, as far as there are none like them.
    fn add_types(
        &mut self,
        types: &mut wasm_encoder::TypeSection,
        mut n_types: u32,
    ) -> Written<()> {
        let rewrite = self.rewrite;
        let header = rewrite.module.header();
        let mut known: HashMap<&FuncType, u32> = HashMap::new();
        let mut know = |number: u32, ty: &'r SubType| {
            if let (Some(func), Some(new)) = (ty.as_func(), rewrite.types.get(number))
                && ty.is_final
                && ty.supertype.is_none()
            {
                known.insert(func, new);
            }
        };
        match &rewrite.groups {
            Some(groups) => {
                for group in groups {
                    if let [(number, ty)] = &group[..] {
                        know(*number, ty);
                    }
                }
            }
            None => {
                for group in header.rec_groups().iter().filter(|group| group.len() == 1) {
                    know(group.start, header.sub_type(TypeIdx(group.start)));
                }
            }
        }
        self.func_types = vec![None; rewrite.new_types.len()];
        for (at, ty) in rewrite.new_types.iter().enumerate() {
            let Some(ty) = ty else { continue };
            let number = match known.get(ty) {
                Some(number) => *number,
                None => {
                    let number = n_types;
                    n_types += 1;
                    let params = self.val_types(ty.params())?;
                    let results = self.val_types(ty.results())?;
                    types.ty().function(params, results);
                    known.insert(ty, number);
                    number
                }
            };
            self.func_types[at] = Some(number);
        }
        Ok(())
    }

    /// Writes the groups that there shall be.
    fn groups(
        &mut self,
        types: &mut wasm_encoder::TypeSection,
        groups: &[Vec<(u32, SubType)>],
    ) -> Written<()> {
        for group in groups {
            let mut encoded = Vec::with_capacity(group.len());
            for (_, ty) in group {
                encoded.push(self.sub_type(ty)?);
            }
            match &encoded[..] {
                [only] => types.ty().subtype(only),
                _ => types.ty().rec(encoded),
            }
        }
        Ok(())
    }

    fn sub_type(&mut self, ty: &SubType) -> Written<wasm_encoder::SubType> {
        let inner = match &ty.composite {
            CompositeType::Func(func) => {
                let params = self.val_types(func.params())?;
                let results = self.val_types(func.results())?;
                let func = wasm_encoder::FuncType::new(params, results);
                wasm_encoder::CompositeInnerType::Func(func)
            }
            CompositeType::Struct(found) => {
                let fields = found.fields.iter().map(|&field| self.field_type(field));
                let fields = fields.collect::<Written<_>>()?;
                let found = wasm_encoder::StructType { fields };
                wasm_encoder::CompositeInnerType::Struct(found)
            }
            CompositeType::Array(found) => {
                let element = self.field_type(found.element)?;
                wasm_encoder::CompositeInnerType::Array(wasm_encoder::ArrayType(element))
            }
        };
        let supertype = ty.supertype.map(|ty| self.type_index(ty.0)).transpose()?;
        Ok(wasm_encoder::SubType {
            is_final: ty.is_final,
            supertype_idxs: supertype.into_iter().collect(),
            composite_type: wasm_encoder::CompositeType {
                inner,
                shared: false,
                descriptor: None,
                describes: None,
            },
        })
    }

    fn field_type(&mut self, field: FieldType) -> Written<wasm_encoder::FieldType> {
        Ok(wasm_encoder::FieldType {
            element_type: match field.storage {
                StorageType::I8 => wasm_encoder::StorageType::I8,
                StorageType::I16 => wasm_encoder::StorageType::I16,
                StorageType::Val(ty) => wasm_encoder::StorageType::Val(self.val_types(&[ty])?[0]),
            },
            mutable: field.mutable,
        })
    }

    fn val_types(&mut self, types: &[ValType]) -> Written<Vec<wasm_encoder::ValType>> {
        let mut bytes = Vec::new();
        for &ty in types {
            encode::val_type(&mut bytes, ty);
        }
        let mut reader = BinaryReader::new(&bytes, 0);
        let mut encoded = Vec::with_capacity(types.len());
        for _ in types {
            let ty = reader.read()?;
            encoded.push(self.val_type(ty)?);
        }
        Ok(encoded)
    }
}

type Written<T> = Result<T, reencode::Error<Gone>>;

fn kept(numbers: &Renumbering, space: &'static str, index: u32) -> Written<u32> {
    let gone = Gone { space, index };
    numbers.get(index).ok_or(reencode::Error::UserError(gone))
}

/// What a block results in, if its type is a defined one, and need not be: readers say what such a type says, and not which one it is, so
/// that it may go.
pub(crate) fn short_block_type(module: &Module, ty: wasmparser::BlockType) -> Option<&[ValType]> {
    let wasmparser::BlockType::FuncType(number) = ty else {
        return None;
    };
    let func = module.header().types().get(number as usize)?.as_func()?;
    (func.params().is_empty() && func.results().len() <= 1).then(|| func.results())
}

/// The items of a section of defined things, in their new order.
fn ordered<T: Clone>(
    items: impl IntoIterator<Item = wasmparser::Result<T>>,
    numbers: &Renumbering,
    n_imported: usize,
) -> Written<Vec<T>> {
    let items: Vec<T> = items.into_iter().collect::<wasmparser::Result<_>>()?;
    let order = numbers.order_from(n_imported as u32);
    Ok(order
        .into_iter()
        .map(|old| items[old as usize - n_imported].clone())
        .collect())
}

impl Reencode for Writer<'_, '_> {
    type Error = Gone;

    fn type_index(&mut self, index: u32) -> Written<u32> {
        kept(&self.rewrite.types, "type", index)
    }

    fn function_index(&mut self, index: u32) -> Written<u32> {
        kept(&self.rewrite.funcs, "function", index)
    }

    fn table_index(&mut self, index: u32) -> Written<u32> {
        kept(&self.rewrite.tables, "table", index)
    }

    fn memory_index(&mut self, index: u32) -> Written<u32> {
        kept(&self.rewrite.memories, "memory", index)
    }

    fn global_index(&mut self, index: u32) -> Written<u32> {
        kept(&self.rewrite.globals, "global", index)
    }

    fn tag_index(&mut self, index: u32) -> Written<u32> {
        kept(&self.rewrite.tags, "tag", index)
    }

    fn element_index(&mut self, index: u32) -> Written<u32> {
        kept(&self.rewrite.elems, "element segment", index)
    }

    fn data_index(&mut self, index: u32) -> Written<u32> {
        kept(&self.rewrite.datas, "data segment", index)
    }

    fn block_type(&mut self, ty: wasmparser::BlockType) -> Written<wasm_encoder::BlockType> {
        match short_block_type(self.rewrite.module, ty) {
            Some([]) => Ok(wasm_encoder::BlockType::Empty),
            Some(results) => {
                let results = self.val_types(results)?;
                Ok(wasm_encoder::BlockType::Result(results[0]))
            }
            None => utils::block_type(self, ty),
        }
    }

    fn intersperse_section_hook(
        &mut self,
        module: &mut wasm_encoder::Module,
        _after: Option<SectionId>,
        before: Option<SectionId>,
    ) -> Written<()> {
        // The last place for a section of elements, if the module had none.
        let is_last = matches!(before, Some(SectionId::DataCount | SectionId::Code));
        if is_last && !self.has_declared && !self.rewrite.more_declared.is_empty() {
            let mut elements = wasm_encoder::ElementSection::new();
            self.declare_more(&mut elements)?;
            module.section(&elements);
        }
        Ok(())
    }

    fn parse_type_section(
        &mut self,
        types: &mut wasm_encoder::TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Written<()> {
        let rewrite = self.rewrite;
        if let Some(groups) = &rewrite.groups {
            self.groups(types, groups)?;
            let n_types = groups.iter().map(Vec::len).sum::<usize>();
            return self.add_types(types, n_types as u32);
        }
        let mut groups = Vec::new();
        let mut first = 0;
        for group in section {
            let group = group?;
            let next = first + group.types().len() as u32;
            if let Some(new) = self.rewrite.types.get(first)
                && self.rewrite.types.keeps(first)
            {
                groups.push((new, group));
            }
            first = next;
        }
        groups.sort_by_key(|(new, _)| *new);
        let mut n_types = 0;
        for (_, group) in groups {
            n_types += group.types().len() as u32;
            self.parse_recursive_type_group(types.ty(), group)?;
        }
        self.add_types(types, n_types)
    }

    fn parse_import_section(
        &mut self,
        imports: &mut wasm_encoder::ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Written<()> {
        use wasmparser::TypeRef;
        let rewrite = self.rewrite;
        let mut next = [0; 5];
        for import in section.into_imports() {
            let mut import = import?;
            let (numbers, at) = match import.ty {
                TypeRef::Func(_) | TypeRef::FuncExact(_) => (&rewrite.funcs, 0),
                TypeRef::Table(_) => (&rewrite.tables, 1),
                TypeRef::Memory(_) => (&rewrite.memories, 2),
                TypeRef::Global(_) => (&rewrite.globals, 3),
                TypeRef::Tag(_) => (&rewrite.tags, 4),
            };
            let index: u32 = next[at];
            next[at] += 1;
            if let (0, Some(ty)) = (
                at,
                rewrite.func_types.get(index as usize).copied().flatten(),
            ) {
                import.ty = TypeRef::Func(ty);
            }
            if numbers.keeps(index) {
                self.parse_import(imports, import)?;
            }
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut wasm_encoder::FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Written<()> {
        let rewrite = self.rewrite;
        let n_imported = rewrite.module.header().n_imported_funcs();
        let types = section
            .into_iter()
            .collect::<wasmparser::Result<Vec<u32>>>()?;
        for func in rewrite.funcs.order_from(n_imported as u32) {
            let other = rewrite.func_types[func as usize];
            let ty = other.unwrap_or(types[func as usize - n_imported]);
            let number = match self.func_types.get(func as usize).copied().flatten() {
                Some(number) => number,
                None => self.type_index(ty)?,
            };
            functions.function(number);
        }
        Ok(())
    }

    fn parse_table_section(
        &mut self,
        tables: &mut wasm_encoder::TableSection,
        section: wasmparser::TableSectionReader<'_>,
    ) -> Written<()> {
        let n_imported = self.rewrite.module.header().n_imported_tables();
        for table in ordered(section, &self.rewrite.tables, n_imported)? {
            self.parse_table(tables, table)?;
        }
        Ok(())
    }

    fn parse_memory_section(
        &mut self,
        memories: &mut wasm_encoder::MemorySection,
        section: wasmparser::MemorySectionReader<'_>,
    ) -> Written<()> {
        let n_imported = self.rewrite.module.header().n_imported_memories();
        for memory in ordered(section, &self.rewrite.memories, n_imported)? {
            memories.memory(self.memory_type(memory)?);
        }
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut wasm_encoder::GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Written<()> {
        let rewrite = self.rewrite;
        let n_imported = rewrite.module.header().n_imported_globals();
        let all = section
            .into_iter()
            .collect::<wasmparser::Result<Vec<_>>>()?;
        for old in rewrite.globals.order_from(n_imported as u32) {
            let at = old as usize - n_imported;
            let global = &all[at];
            let mut ty = self.global_type(global.ty)?;
            if let Some(content) = rewrite.global_types[old as usize] {
                ty.val_type = self.val_types(&[content])?[0];
            }
            let init = match &rewrite.global_inits[at] {
                None => self.const_expr(global.init_expr.clone())?,
                Some(init) => {
                    let mut bytes = Vec::new();
                    for op in init.ops() {
                        encode::op(&mut bytes, op, &[]);
                    }
                    bytes.push(encode::END);
                    let init = wasmparser::ConstExpr::new(BinaryReader::new(&bytes, 0));
                    self.const_expr(init)?
                }
            };
            globals.global(ty, &init);
        }
        Ok(())
    }

    fn parse_tag_section(
        &mut self,
        tags: &mut wasm_encoder::TagSection,
        section: wasmparser::TagSectionReader<'_>,
    ) -> Written<()> {
        let n_imported = self.rewrite.module.header().n_imported_tags();
        for tag in ordered(section, &self.rewrite.tags, n_imported)? {
            tags.tag(self.tag_type(tag)?);
        }
        Ok(())
    }

    fn parse_element_section(
        &mut self,
        elements: &mut wasm_encoder::ElementSection,
        section: wasmparser::ElementSectionReader<'_>,
    ) -> Written<()> {
        for element in ordered(section, &self.rewrite.elems, 0)? {
            self.parse_element(elements, element)?;
        }
        self.declare_more(elements)
    }

    fn parse_element(
        &mut self,
        elements: &mut wasm_encoder::ElementSection,
        element: wasmparser::Element<'_>,
    ) -> Written<()> {
        use wasmparser::{ElementItems, ElementKind};
        match (&element.kind, element.items.clone()) {
            // What only declares functions that are named may declare fewer.
            (ElementKind::Declared, ElementItems::Functions(funcs)) => {
                let mut kept = Vec::new();
                for func in funcs {
                    kept.extend(self.rewrite.funcs.get(func?));
                }
                elements.declared(wasm_encoder::Elements::Functions(kept.into()));
                Ok(())
            }
            (ElementKind::Declared, ElementItems::Expressions(ty, exprs)) => {
                let mut kept = Vec::new();
                for expr in exprs {
                    let expr = expr?;
                    let named = expr.get_operators_reader().read()?;
                    let goes = |func| !self.rewrite.funcs.keeps(func);
                    if !matches!(named, wasmparser::Operator::RefFunc { function_index } if goes(function_index))
                    {
                        kept.push(self.const_expr(expr)?);
                    }
                }
                let ty = self.ref_type(ty)?;
                elements.declared(wasm_encoder::Elements::Expressions(ty, kept.into()));
                Ok(())
            }
            _ => utils::parse_element(self, elements, element),
        }
    }

    fn data_count(&mut self, _count: u32) -> Written<u32> {
        Ok(self.rewrite.datas.n_kept() + self.rewrite.more_datas.len() as u32)
    }

    fn parse_data_section(
        &mut self,
        data: &mut wasm_encoder::DataSection,
        section: wasmparser::DataSectionReader<'_>,
    ) -> Written<()> {
        for segment in ordered(section, &self.rewrite.datas, 0)? {
            self.parse_data(data, segment)?;
        }
        for more in &self.rewrite.more_datas {
            let ty = self.rewrite.module.header().memories()[more.memory as usize];
            let offset = match ty.memory64 {
                true => wasm_encoder::ConstExpr::i64_const(more.address as i64),
                false => wasm_encoder::ConstExpr::i32_const(more.address as i32),
            };
            let memory = self.memory_index(more.memory)?;
            data.active(memory, &offset, more.bytes.iter().copied());
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut wasm_encoder::CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Written<()> {
        let rewrite = self.rewrite;
        let n_imported = rewrite.module.header().n_imported_funcs();
        let bodies = section
            .into_iter()
            .collect::<wasmparser::Result<Vec<_>>>()?;
        for func in rewrite.funcs.order_from(n_imported as u32) {
            let at = func as usize - n_imported;
            match &rewrite.bodies[at] {
                Some(bytes) => {
                    let body = FunctionBody::new(BinaryReader::new(bytes, 0));
                    self.parse_function_body(code, body)?;
                }
                None => self.parse_function_body(code, bodies[at].clone())?,
            }
        }
        Ok(())
    }

    fn parse_custom_section(
        &mut self,
        module: &mut wasm_encoder::Module,
        section: wasmparser::CustomSectionReader<'_>,
    ) -> Written<()> {
        if !(self.rewrite.keeps_custom)(section.name()) {
            return Ok(());
        }
        utils::parse_custom_section(self, module, section)
    }

    fn parse_custom_name_subsection(
        &mut self,
        out: &mut wasm_encoder::NameSection,
        section: wasmparser::Name<'_>,
    ) -> Written<()> {
        use wasmparser::Name;
        let rewrite = self.rewrite;
        let n_imported = rewrite.module.header().n_imported_funcs();
        // Locals and labels of other bodies are others.
        let is_same_body = |func: u32| {
            let at = (func as usize).checked_sub(n_imported);
            at.is_none_or(|at| rewrite.bodies.get(at).is_some_and(Option::is_none))
        };
        match section {
            Name::Module { name, .. } => {
                out.module(name);
            }
            Name::Function(map) => out.functions(&names::map(map, &rewrite.funcs)),
            Name::Type(map) => out.types(&names::map(map, &rewrite.types)),
            Name::Table(map) => out.tables(&names::map(map, &rewrite.tables)),
            Name::Memory(map) => out.memories(&names::map(map, &rewrite.memories)),
            Name::Global(map) => out.globals(&names::map(map, &rewrite.globals)),
            Name::Element(map) => out.elements(&names::map(map, &rewrite.elems)),
            Name::Data(map) => out.data(&names::map(map, &rewrite.datas)),
            Name::Tag(map) => out.tags(&names::map(map, &rewrite.tags)),
            Name::Local(map) => {
                out.locals(&names::indirect(map, &rewrite.funcs, is_same_body));
            }
            Name::Label(map) => {
                out.labels(&names::indirect(map, &rewrite.funcs, is_same_body));
            }
            Name::Field(map) => {
                let is_same = |ty: u32| self.has_same_fields.get(ty as usize) != Some(&false);
                out.fields(&names::indirect(map, &rewrite.types, is_same));
            }
            Name::Parameter(map) => {
                out.parameters(&names::indirect(map, &rewrite.types, |_| true));
            }
            Name::TagParameter(map) => {
                out.tag_parameters(&names::indirect(map, &rewrite.tags, |_| true));
            }
            other => utils::parse_custom_name_subsection(self, out, other)?,
        }
        Ok(())
    }
}
