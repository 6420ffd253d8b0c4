//! The joint module, section by section, with everything under its joint number.
//!
//! Apart from linking because nothing is decided here but what exports are called.

use super::ExportConflicts;
use super::link::Links;
use super::source::{Kind, Source};
use super::types::Types;
use crate::Error;
use std::collections::HashMap;
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{
    CodeSection, DataCountSection, DataSection, ElementSection, Elements, ExportKind,
    ExportSection, FunctionSection, GlobalSection, ImportSection, MemorySection, Module,
    StartSection, TableSection, TagSection,
};
use wasmparser::{ConstExpr, Operator};

/// Writes all sections but custom ones.
///
/// # Errors
/// If different things are exported under one name, and this is refused; or globals cannot be put in an order.
pub(super) fn module(
    sources: &[Source<'_>],
    types: &mut Types,
    links: &Links<'_>,
    conflicts: ExportConflicts,
) -> Result<Module, Error> {
    let starts = starts(sources, links)?;
    // Several start functions are called by one, whose type must be there.
    let plain = (starts.len() > 1).then(|| types.plain());
    let types = &*types;
    let writer = |source| Writer {
        sources,
        types,
        links,
        source,
        before_globals: false,
    };
    let mut module = Module::new();
    module.section(types.section());
    module.section(&imports(links));
    let mut funcs = FunctionSection::new();
    let mut tables = TableSection::new();
    let mut memories = MemorySection::new();
    let mut tags = TagSection::new();
    for (at, source) in sources.iter().enumerate() {
        let mut writer = writer(at);
        for &func in &source.funcs {
            funcs.function(writer.type_index(func)?);
        }
        writer.before_globals = true;
        for table in &source.tables {
            writer.parse_table(&mut tables, table.clone())?;
        }
        for &memory in &source.memories {
            memories.memory(writer.memory_type(memory)?);
        }
        for &tag in &source.tags {
            tags.tag(writer.tag_type(tag)?);
        }
    }
    funcs_with_chain(&mut funcs, plain);
    module.section(&funcs);
    write_unless(tables.is_empty(), &mut module, &tables);
    write_unless(memories.is_empty(), &mut module, &memories);
    write_unless(tags.is_empty(), &mut module, &tags);
    let mut section = GlobalSection::new();
    for &(source, at) in &links.globals {
        writer(source).parse_global(&mut section, sources[source].globals[at].clone())?;
    }
    write_unless(section.is_empty(), &mut module, &section);
    let (exports, undeclared) = exports(sources, links, conflicts)?;
    write_unless(exports.is_empty(), &mut module, &exports);
    let chain = links.n_all(sources, Kind::Func);
    if let Some(&only) = starts.first() {
        let function_index = if plain.is_some() { chain } else { only };
        module.section(&StartSection { function_index });
    }
    elements(sources, &writer, undeclared, &mut module)?;
    code(sources, &writer, plain.map(|_| &starts[..]), &mut module)?;
    Ok(module)
}

fn funcs_with_chain(funcs: &mut FunctionSection, plain: Option<u32>) {
    if let Some(plain) = plain {
        funcs.function(plain);
    }
}

fn write_unless(is_empty: bool, module: &mut Module, section: &impl wasm_encoder::Section) {
    if !is_empty {
        module.section(section);
    }
}

fn imports(links: &Links<'_>) -> ImportSection {
    let mut section = ImportSection::new();
    for kept in &links.kept {
        section.import(kept.module, kept.name, kept.ty);
    }
    section
}

/// The joint numbers of the start functions.
fn starts(sources: &[Source<'_>], links: &Links<'_>) -> Result<Vec<u32>, Error> {
    let mut starts = Vec::new();
    for (at, source) in sources.iter().enumerate() {
        if let Some(start) = source.start {
            starts.push(number(sources, links, at, Kind::Func, start)?);
        }
    }
    Ok(starts)
}

fn elements<'s>(
    sources: &'s [Source<'_>],
    writer: &impl Fn(usize) -> Writer<'s, 's>,
    undeclared: Vec<u32>,
    module: &mut Module,
) -> Result<(), Error> {
    let mut section = ElementSection::new();
    for (at, source) in sources.iter().enumerate() {
        for elem in &source.elems {
            writer(at).parse_element(&mut section, elem.clone())?;
        }
    }
    if !undeclared.is_empty() {
        section.declared(Elements::Functions(undeclared.into()));
    }
    write_unless(section.is_empty(), module, &section);
    Ok(())
}

fn code<'s>(
    sources: &'s [Source<'_>],
    writer: &impl Fn(usize) -> Writer<'s, 's>,
    chained: Option<&[u32]>,
    module: &mut Module,
) -> Result<(), Error> {
    let mut datas = DataSection::new();
    let mut code = CodeSection::new();
    for (at, source) in sources.iter().enumerate() {
        let mut writer = writer(at);
        for body in &source.bodies {
            writer.parse_function_body(&mut code, body.clone())?;
        }
        for data in &source.datas {
            writer.parse_data(&mut datas, data.clone())?;
        }
    }
    if let Some(starts) = chained {
        let mut chain = wasm_encoder::Function::new([]);
        for &start in starts {
            chain.instructions().call(start);
        }
        chain.instructions().end();
        code.function(&chain);
    }
    if sources.iter().any(|source| source.has_data_count) {
        let count = datas.len();
        module.section(&DataCountSection { count });
    }
    write_unless(code.is_empty(), module, &code);
    write_unless(datas.is_empty(), module, &datas);
    Ok(())
}

/// The exports of all modules, and functions that code refers to and that none of these declares any more.
fn exports(
    sources: &[Source<'_>],
    links: &Links<'_>,
    conflicts: ExportConflicts,
) -> Result<(ExportSection, Vec<u32>), Error> {
    let mut section = ExportSection::new();
    let mut undeclared = Vec::new();
    // Who exported what under a name.
    let mut taken: HashMap<String, (usize, Kind, u32)> = HashMap::new();
    let all = |name: &String| sources.iter().any(|s| s.export_named.contains_key(&**name));
    let mut n_renamed: HashMap<&str, u32> = HashMap::new();
    for (at, source) in sources.iter().enumerate() {
        for export in &source.exports {
            let kind = Kind::of_export(export);
            let index = number(sources, links, at, kind, export.index)?;
            let mut name = export.name.to_owned();
            match (taken.get(&name), conflicts) {
                (None, _) => {}
                (Some(&(_, other_kind, other)), _) if (other_kind, other) == (kind, index) => {
                    continue;
                }
                (Some(&(first, ..)), ExportConflicts::Refuse) => {
                    return Err(Error::new(format!(
                        "both `{}` and `{}` export `{name}`, and mean different things",
                        sources[first].name, source.name
                    )));
                }
                (Some(_), ExportConflicts::Skip) => {
                    if kind == Kind::Func {
                        undeclared.push(index);
                    }
                    continue;
                }
                (Some(_), ExportConflicts::Rename) => {
                    let next = n_renamed.entry(export.name).or_insert(0);
                    while taken.contains_key(&name) || all(&name) {
                        *next += 1;
                        name = format!("{}_{next}", export.name);
                    }
                }
            }
            section.export(&name, export_kind(kind), index);
            taken.insert(name, (at, kind, index));
        }
    }
    undeclared.sort_unstable();
    undeclared.dedup();
    Ok((section, undeclared))
}

fn export_kind(kind: Kind) -> ExportKind {
    match kind {
        Kind::Func => ExportKind::Func,
        Kind::Table => ExportKind::Table,
        Kind::Memory => ExportKind::Memory,
        Kind::Global => ExportKind::Global,
        Kind::Tag => ExportKind::Tag,
    }
}

fn number(
    sources: &[Source<'_>],
    links: &Links<'_>,
    source: usize,
    kind: Kind,
    index: u32,
) -> Result<u32, Error> {
    Ok(links.number(kind, links.meaning(sources, source, kind, index)?))
}

/// Writes what one of the modules has.
struct Writer<'s, 'a> {
    sources: &'s [Source<'a>],
    types: &'s Types,
    links: &'s Links<'a>,
    source: usize,
    /// Whether what is written stands before all defined globals, and so must not read them.
    before_globals: bool,
}

type Written<T> = Result<T, reencode::Error<Error>>;

impl Writer<'_, '_> {
    fn number(&self, kind: Kind, index: u32) -> Written<u32> {
        number(self.sources, self.links, self.source, kind, index)
            .map_err(reencode::Error::UserError)
    }

    /// How many segments the modules before this one have.
    fn first(&self, n: impl Fn(&Source<'_>) -> usize) -> u32 {
        self.sources[..self.source].iter().map(n).sum::<usize>() as u32
    }
}

impl Reencode for Writer<'_, '_> {
    type Error = Error;

    fn type_index(&mut self, index: u32) -> Written<u32> {
        let joint = self.types.joint(self.source, index);
        joint.map_err(reencode::Error::UserError)
    }

    fn function_index(&mut self, index: u32) -> Written<u32> {
        self.number(Kind::Func, index)
    }

    fn table_index(&mut self, index: u32) -> Written<u32> {
        self.number(Kind::Table, index)
    }

    fn memory_index(&mut self, index: u32) -> Written<u32> {
        self.number(Kind::Memory, index)
    }

    fn global_index(&mut self, index: u32) -> Written<u32> {
        self.number(Kind::Global, index)
    }

    fn tag_index(&mut self, index: u32) -> Written<u32> {
        self.number(Kind::Tag, index)
    }

    fn element_index(&mut self, index: u32) -> Written<u32> {
        Ok(self.first(|source| source.elems.len()) + index)
    }

    fn data_index(&mut self, index: u32) -> Written<u32> {
        Ok(self.first(|source| source.datas.len()) + index)
    }

    /// What another module says is constant is written as the constant, so that less depends on the order of globals, and engines
    /// of the first standard can read it.
    fn const_expr(&mut self, expr: ConstExpr<'_>) -> Written<wasm_encoder::ConstExpr> {
        let mut bytes = Vec::new();
        let mut ops = expr.get_operators_reader();
        while !ops.is_end_then_eof() {
            let op = ops.read()?;
            let Operator::GlobalGet { global_index } = op else {
                wasm_encoder::Encode::encode(&self.instruction(op)?, &mut bytes);
                continue;
            };
            let is_imported = global_index < self.sources[self.source].n_imported(Kind::Global);
            let value = match is_imported {
                true => self
                    .links
                    .constant(self.sources, self.source, global_index)
                    .map_err(reencode::Error::UserError)?,
                false => None,
            };
            let stays = |links: &Links<'_>, number| number < links.n_kept(Kind::Global);
            let instruction = match value {
                Some((source, value)) => {
                    let mut writer = Writer { source, ..*self };
                    wasm_encoder::Encode::encode(&writer.instruction(value)?, &mut bytes);
                    continue;
                }
                None => {
                    let number = self.global_index(global_index)?;
                    if self.before_globals && !stays(self.links, number) {
                        return Err(reencode::Error::UserError(Error::new(format!(
                            "`{}` has a table that is filled with a global of another module, which is not constant",
                            self.sources[self.source].name
                        ))));
                    }
                    wasm_encoder::Instruction::GlobalGet(number)
                }
            };
            wasm_encoder::Encode::encode(&instruction, &mut bytes);
        }
        Ok(wasm_encoder::ConstExpr::raw(bytes))
    }
}
