//! What nobody uses goes, and all else gets new numbers.
//!
//! Apart from parts because mostly nothing is missed by it. What is looked for may be in a function that nobody calls: functions stay
//! if the module is not interesting without them.

use super::{Search, by_halves};
use crate::Error;
use crate::merge::MergeInput;
use crate::merge::source::{Kind, Source};
use rewrite::{Renumbering, Rewrite};
use std::convert::Infallible;
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{CodeSection, DataSection, ElementSection, GlobalSection, TableSection};
use wasmparser::{DataKind, ElementKind};

/// Tries the module without what is not used.
pub(super) fn remove(search: &mut Search<'_>) -> Result<(), Error> {
    let wasm = search.best.clone();
    // What this engine does not run, it does not write anew either; then all stays.
    let Ok(module) = module::decode(wasm.clone(), &module::Features::runnable(), &mut |_, _| {})
    else {
        return Ok(());
    };
    let source = Source::read(&MergeInput {
        name: "",
        wasm: &wasm,
    })?;
    let Ok(used) = Used::of(&source, &[]) else {
        return Ok(());
    };
    let idle: Vec<u32> = (source.n_imported(Kind::Func)..)
        .zip(&source.funcs)
        .map(|(func, _)| func)
        .filter(|func| !used.spaces[Kind::Func as usize][*func as usize])
        .collect();
    let mut try_with = |funcs: &[u32]| match Used::of(&source, funcs) {
        Ok(used) => match without_unused(&module, &used) {
            Some(smaller) => search.try_smaller(&smaller),
            None => Ok(false),
        },
        Err(_) => Ok(false),
    };
    if idle.is_empty() {
        try_with(&[])?;
    }
    by_halves(idle.len(), &mut |left| {
        let funcs: Vec<u32> = left.iter().map(|&at| idle[at]).collect();
        try_with(&funcs)
    })
}

/// The module with what is used alone; none if it cannot be written anew.
fn without_unused(module: &module::Module, used: &Used) -> Option<Vec<u8>> {
    let keeping = |used: &[bool]| Renumbering::keeping(used.len(), |at| used[at]);
    let mut rewrite = Rewrite::new(module);
    rewrite.types = keeping(&used.spaces[TYPES]);
    rewrite.funcs = keeping(&used.spaces[Kind::Func as usize]);
    rewrite.tables = keeping(&used.spaces[Kind::Table as usize]);
    rewrite.memories = keeping(&used.spaces[Kind::Memory as usize]);
    rewrite.globals = keeping(&used.spaces[Kind::Global as usize]);
    rewrite.tags = keeping(&used.spaces[Kind::Tag as usize]);
    rewrite.elems = keeping(&used.spaces[ELEMS]);
    rewrite.datas = keeping(&used.spaces[DATAS]);
    rewrite.apply().ok()
}

/// Index spaces beside those of [`Kind`].
const TYPES: usize = Kind::N;
const ELEMS: usize = Kind::N + 1;
const DATAS: usize = Kind::N + 2;
const N_SPACES: usize = Kind::N + 3;

/// What is used, by index space and number.
struct Used {
    spaces: [Vec<bool>; N_SPACES],
    /// What is used, and was not looked into yet.
    open: Vec<(usize, u32)>,
}

type Walked<T> = Result<T, reencode::Error<Infallible>>;

impl Used {
    /// All that exports, the start function, active segments and some more functions lead to.
    fn of(source: &Source<'_>, funcs: &[u32]) -> Walked<Used> {
        let n = |kind| (source.n_imported(kind) + source.n_defined(kind)) as usize;
        // By type: its group, and the first type of this.
        let mut groups: Vec<(usize, u32)> = Vec::new();
        for (at, group) in source.groups.iter().enumerate() {
            let first = groups.len() as u32;
            groups.extend(group.types().map(|_| (at, first)));
        }
        let mut used = Used {
            spaces: [
                vec![false; n(Kind::Func)],
                vec![false; n(Kind::Table)],
                vec![false; n(Kind::Memory)],
                vec![false; n(Kind::Global)],
                vec![false; n(Kind::Tag)],
                vec![false; groups.len()],
                vec![false; source.elems.len()],
                vec![false; source.datas.len()],
            ],
            open: Vec::new(),
        };
        for export in &source.exports {
            used.mark(Kind::of_export(export) as usize, export.index);
        }
        for &func in funcs {
            used.mark(Kind::Func as usize, func);
        }
        if let Some(start) = source.start {
            used.mark(Kind::Func as usize, start);
        }
        for (at, elem) in source.elems.iter().enumerate() {
            match elem.kind {
                ElementKind::Active { .. } => used.mark(ELEMS, at as u32),
                // It stays without those of its functions that go.
                ElementKind::Declared => used.spaces[ELEMS][at] = true,
                ElementKind::Passive => {}
            }
        }
        for (at, data) in source.datas.iter().enumerate() {
            if matches!(data.kind, DataKind::Active { .. }) {
                used.mark(DATAS, at as u32);
            }
        }
        while let Some((space, index)) = used.open.pop() {
            match space {
                TYPES => used.walk_group(source, &groups, index)?,
                ELEMS => {
                    let elem = source.elems[index as usize].clone();
                    used.parse_element(&mut ElementSection::new(), elem)?;
                }
                DATAS => {
                    let data = source.datas[index as usize].clone();
                    used.parse_data(&mut DataSection::new(), data)?;
                }
                _ => used.walk(source, space, index)?,
            }
        }
        Ok(used)
    }

    fn mark(&mut self, space: usize, index: u32) {
        if let Some(is_used) = self.spaces[space].get_mut(index as usize)
            && !*is_used
        {
            *is_used = true;
            self.open.push((space, index));
        }
    }

    /// Types of a group stay together.
    fn walk_group(
        &mut self,
        source: &Source<'_>,
        groups: &[(usize, u32)],
        index: u32,
    ) -> Walked<()> {
        let (group, first) = groups[index as usize];
        if index != first {
            self.mark(TYPES, first);
            return Ok(());
        }
        for (at, ty) in source.groups[group].types().enumerate() {
            self.mark(TYPES, first + at as u32);
            self.sub_type(ty.clone())?;
        }
        Ok(())
    }

    /// Looks into something that can be imported.
    fn walk(&mut self, source: &Source<'_>, space: usize, index: u32) -> Walked<()> {
        let kinds = [
            Kind::Func,
            Kind::Table,
            Kind::Memory,
            Kind::Global,
            Kind::Tag,
        ];
        let kind = kinds[space];
        if let Some(import) = source.import(kind, index) {
            self.entity_type(import.ty)?;
            return Ok(());
        }
        let at = (index - source.n_imported(kind)) as usize;
        match kind {
            Kind::Func => {
                self.type_index(source.funcs[at])?;
                if let Some(body) = source.bodies.get(at) {
                    self.parse_function_body(&mut CodeSection::new(), body.clone())?;
                }
            }
            Kind::Table => {
                self.parse_table(&mut TableSection::new(), source.tables[at].clone())?;
            }
            Kind::Global => {
                self.parse_global(&mut GlobalSection::new(), source.globals[at].clone())?;
            }
            Kind::Tag => {
                self.tag_type(source.tags[at])?;
            }
            Kind::Memory => {}
        }
        Ok(())
    }
}

impl Reencode for Used {
    type Error = Infallible;

    fn type_index(&mut self, index: u32) -> Walked<u32> {
        self.mark(TYPES, index);
        Ok(index)
    }

    fn function_index(&mut self, index: u32) -> Walked<u32> {
        self.mark(Kind::Func as usize, index);
        Ok(index)
    }

    fn table_index(&mut self, index: u32) -> Walked<u32> {
        self.mark(Kind::Table as usize, index);
        Ok(index)
    }

    fn memory_index(&mut self, index: u32) -> Walked<u32> {
        self.mark(Kind::Memory as usize, index);
        Ok(index)
    }

    fn global_index(&mut self, index: u32) -> Walked<u32> {
        self.mark(Kind::Global as usize, index);
        Ok(index)
    }

    fn tag_index(&mut self, index: u32) -> Walked<u32> {
        self.mark(Kind::Tag as usize, index);
        Ok(index)
    }

    fn element_index(&mut self, index: u32) -> Walked<u32> {
        self.mark(ELEMS, index);
        Ok(index)
    }

    fn data_index(&mut self, index: u32) -> Walked<u32> {
        self.mark(DATAS, index);
        Ok(index)
    }
}
