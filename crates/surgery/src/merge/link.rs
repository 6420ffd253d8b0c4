//! What imports mean: something that another of the modules defines, or an import that stays.
//!
//! Apart from writing because numbers follow from it: imports that stay come first, then what each module defines.

use super::order;
use super::source::{Kind, Source};
use super::types::Types;
use crate::Error;
use std::collections::HashMap;
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{Encode, EntityType};
use wasmparser::{Operator, TypeRef};

/// How far it is followed that a global has the value of another, before it is read when the module starts.
const VALUE_STEPS_MAX: usize = 64;

/// What an entry of an index space means.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Meaning {
    /// An import that stays: which of its kind.
    Import(u32),
    /// What a module defines: its place among what the module defines of the kind.
    Defined { source: usize, at: u32 },
}

/// An import that stays.
pub(super) struct Kept<'a> {
    pub module: &'a str,
    pub name: &'a str,
    pub ty: EntityType,
}

/// What all imports mean.
pub(super) struct Links<'a> {
    /// By module and kind: what its imports of the kind mean.
    imports: Vec<[Vec<Meaning>; Kind::N]>,
    /// All imports that stay, in order.
    pub kept: Vec<Kept<'a>>,
    /// By kind: those of it, as places among all that stay.
    kept_of: [Vec<u32>; Kind::N],
    /// By kind and module: how many the modules before it define.
    firsts: [Vec<u32>; Kind::N],
    /// All defined globals in their order, as module and place among those that it defines.
    pub globals: Vec<(usize, usize)>,
    /// By module and place: the place in this order.
    global_places: Vec<Vec<u32>>,
}

/// A type in the joint numbering.
pub(super) fn joint_type(types: &Types, source: usize, ty: TypeRef) -> Result<EntityType, Error> {
    struct Writer<'t> {
        types: &'t Types,
        source: usize,
    }
    impl Reencode for Writer<'_> {
        type Error = Error;
        fn type_index(&mut self, index: u32) -> Result<u32, reencode::Error<Error>> {
            let joint = self.types.joint(self.source, index);
            joint.map_err(reencode::Error::UserError)
        }
    }
    Ok(Writer { types, source }.entity_type(ty)?)
}

/// An entry of an index space of a module.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Entry {
    source: usize,
    kind: Kind,
    index: u32,
}

/// Where an import leads in one step.
enum Step {
    To(Entry),
    /// Nowhere: it stays.
    Stays,
}

struct Linker<'l, 'a> {
    sources: &'l [Source<'a>],
    types: &'l Types,
    by_name: HashMap<&'a str, usize>,
    /// Imports that stay, by what they say.
    known: HashMap<(&'a str, &'a str, Vec<u8>), Meaning>,
    found: HashMap<Entry, Meaning>,
    links: Links<'a>,
}

/// Finds out what all imports mean.
///
/// # Errors
/// If one means something of another type, or nothing but itself.
pub(super) fn link<'a>(
    sources: &[Source<'a>],
    types: &Types,
    warnings: &mut Vec<String>,
) -> Result<Links<'a>, Error> {
    let mut linker = Linker {
        sources,
        types,
        by_name: sources
            .iter()
            .enumerate()
            .map(|(at, source)| (source.name, at))
            .collect(),
        known: HashMap::new(),
        found: HashMap::new(),
        links: Links {
            imports: Vec::new(),
            kept: Vec::new(),
            kept_of: Default::default(),
            firsts: Default::default(),
            globals: Vec::new(),
            global_places: Vec::new(),
        },
    };
    for (source, module) in sources.iter().enumerate() {
        let mut meanings: [Vec<Meaning>; Kind::N] = Default::default();
        for import in &module.imports {
            let kind = Kind::of(&import.ty);
            let index = meanings[kind as usize].len() as u32;
            let entry = Entry {
                source,
                kind,
                index,
            };
            let meaning = linker.follow(entry, warnings)?;
            linker.check(entry, meaning)?;
            meanings[kind as usize].push(meaning);
        }
        linker.links.imports.push(meanings);
    }
    for kind in [
        Kind::Func,
        Kind::Table,
        Kind::Memory,
        Kind::Global,
        Kind::Tag,
    ] {
        let mut first = 0;
        for source in sources {
            linker.links.firsts[kind as usize].push(first);
            first += source.n_defined(kind);
        }
    }
    let mut links = linker.links;
    links.globals = order::globals(sources, &links)?;
    links.global_places = order::places(sources, &links.globals);
    Ok(links)
}

impl<'a> Linker<'_, 'a> {
    /// What an entry means, through all modules that only pass it on.
    fn follow(&mut self, entry: Entry, warnings: &mut Vec<String>) -> Result<Meaning, Error> {
        let mut path = vec![entry];
        let meaning = loop {
            let at = path[path.len() - 1];
            if let Some(&meaning) = self.found.get(&at) {
                break meaning;
            }
            let source = &self.sources[at.source];
            if source.import(at.kind, at.index).is_none() {
                break Meaning::Defined {
                    source: at.source,
                    at: at.index - source.n_imported(at.kind),
                };
            }
            match self.step(at, warnings)? {
                Step::Stays => break self.keep(at)?,
                // A path without a circle has no entry twice, so it is not longer than what all modules import.
                Step::To(_) if path.len() > self.n_imports() => {
                    return Err(self.error(entry, "means nothing: it leads back to itself"));
                }
                Step::To(next) => path.push(next),
            }
        };
        for entry in path {
            self.found.insert(entry, meaning);
        }
        Ok(meaning)
    }

    fn n_imports(&self) -> usize {
        self.sources.iter().map(|source| source.imports.len()).sum()
    }

    fn step(&self, entry: Entry, warnings: &mut Vec<String>) -> Result<Step, Error> {
        let source = &self.sources[entry.source];
        let import = source.import(entry.kind, entry.index);
        let import = import.ok_or_else(|| Error::new("only imports lead further"))?;
        let Some(&next) = self.by_name.get(import.module) else {
            return Ok(Step::Stays);
        };
        let exporter = &self.sources[next];
        let Some(&export) = exporter.export_named.get(import.name) else {
            warnings.push(format!(
                "`{}` imports `{}` from `{}`, which does not export it; the import stays",
                source.name, import.name, import.module
            ));
            return Ok(Step::Stays);
        };
        let export = &exporter.exports[export as usize];
        let kind = Kind::of_export(export);
        if kind != entry.kind {
            let message = format!("is a {}, but a {} there", entry.kind.word(), kind.word());
            return Err(self.error(entry, &message));
        }
        Ok(Step::To(Entry {
            source: next,
            kind,
            index: export.index,
        }))
    }

    /// An import that stays; the same one, if another module has it too.
    fn keep(&mut self, entry: Entry) -> Result<Meaning, Error> {
        let source = &self.sources[entry.source];
        let import = source.import(entry.kind, entry.index);
        let import = import.ok_or_else(|| Error::new("only imports stay imports"))?;
        let ty = joint_type(self.types, entry.source, import.ty)?;
        let mut key = Vec::new();
        ty.encode(&mut key);
        let key = (import.module, import.name, key);
        if let Some(&meaning) = self.known.get(&key) {
            return Ok(meaning);
        }
        let of_kind = &mut self.links.kept_of[entry.kind as usize];
        let meaning = Meaning::Import(of_kind.len() as u32);
        of_kind.push(self.links.kept.len() as u32);
        self.links.kept.push(Kept {
            module: import.module,
            name: import.name,
            ty,
        });
        self.known.insert(key, meaning);
        Ok(meaning)
    }

    /// Checks that what an import means can be imported as it.
    fn check(&self, entry: Entry, meaning: Meaning) -> Result<(), Error> {
        let Meaning::Defined { source, at } = meaning else {
            return self.check_kept(entry, meaning);
        };
        let defined = self.sources[source].defined_type(entry.kind, at);
        let is = joint_type(self.types, source, defined)?;
        self.check_type(entry, &is)
    }

    fn check_kept(&self, entry: Entry, meaning: Meaning) -> Result<(), Error> {
        let Meaning::Import(at) = meaning else {
            return Ok(());
        };
        let kept = self.links.kept_of[entry.kind as usize][at as usize];
        self.check_type(entry, &self.links.kept[kept as usize].ty)
    }

    fn check_type(&self, entry: Entry, is: &EntityType) -> Result<(), Error> {
        let source = &self.sources[entry.source];
        let Some(import) = source.import(entry.kind, entry.index) else {
            return Ok(());
        };
        let wanted = joint_type(self.types, entry.source, import.ty)?;
        match self.types.matches(is, &wanted) {
            true => Ok(()),
            false => {
                let message = format!("is a {} of another type there", entry.kind.word());
                Err(self.error(entry, &message))
            }
        }
    }

    /// A fault of an import.
    fn error(&self, entry: Entry, message: &str) -> Error {
        let source = &self.sources[entry.source];
        match source.import(entry.kind, entry.index) {
            Some(import) => Error::new(format!(
                "`{}` imports `{}` from `{}`, which {message}",
                source.name, import.name, import.module
            )),
            None => Error::new(message),
        }
    }
}

impl Links<'_> {
    /// What an entry of an index space of a module means.
    ///
    /// # Errors
    /// If there is no such entry.
    pub(super) fn meaning(
        &self,
        sources: &[Source<'_>],
        source: usize,
        kind: Kind,
        index: u32,
    ) -> Result<Meaning, Error> {
        let imports = &self.imports[source][kind as usize];
        if let Some(&meaning) = imports.get(index as usize) {
            return Ok(meaning);
        }
        let at = index - imports.len() as u32;
        match at < sources[source].n_defined(kind) {
            true => Ok(Meaning::Defined { source, at }),
            false => Err(Error::new(format!("there is no {} {index}", kind.word()))),
        }
    }

    /// The constant that a global has, with the module whose numbers it is in; `None` if it must be computed.
    ///
    /// # Errors
    /// If there is no such global.
    pub(super) fn constant<'s>(
        &self,
        sources: &'s [Source<'_>],
        mut source: usize,
        mut index: u32,
    ) -> Result<Option<(usize, Operator<'s>)>, Error> {
        for _ in 0..VALUE_STEPS_MAX {
            let meaning = self.meaning(sources, source, Kind::Global, index)?;
            let Meaning::Defined { source: next, at } = meaning else {
                return Ok(None);
            };
            let global = &sources[next].globals[at as usize];
            let mut ops = global.init_expr.get_operators_reader();
            let op = ops.read()?;
            if global.ty.mutable || !ops.is_end_then_eof() {
                return Ok(None);
            }
            source = next;
            match op {
                Operator::GlobalGet { global_index } => index = global_index,
                Operator::I32Const { .. }
                | Operator::I64Const { .. }
                | Operator::F32Const { .. }
                | Operator::F64Const { .. }
                | Operator::V128Const { .. }
                | Operator::RefNull { .. }
                | Operator::RefFunc { .. } => return Ok(Some((source, op))),
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// How many there are of a kind, together.
    pub(super) fn n_all(&self, sources: &[Source<'_>], kind: Kind) -> u32 {
        let n_defined: u32 = sources.iter().map(|source| source.n_defined(kind)).sum();
        self.n_kept(kind) + n_defined
    }

    /// How many imports of a kind stay.
    pub(super) fn n_kept(&self, kind: Kind) -> u32 {
        self.kept_of[kind as usize].len() as u32
    }

    /// The type of an entry of an index space.
    ///
    /// # Errors
    /// If there is no such entry.
    pub(super) fn entity_type(
        &self,
        sources: &[Source<'_>],
        types: &Types,
        source: usize,
        kind: Kind,
        index: u32,
    ) -> Result<EntityType, Error> {
        match self.meaning(sources, source, kind, index)? {
            Meaning::Import(at) => {
                let kept = self.kept_of[kind as usize][at as usize];
                Ok(self.kept[kept as usize].ty)
            }
            Meaning::Defined { source, at } => {
                let ty = sources[source].defined_type(kind, at);
                match joint_type(types, source, ty)? {
                    // That it is exactly of its type need not be asked for.
                    EntityType::FunctionExact(ty) => Ok(EntityType::Function(ty)),
                    ty => Ok(ty),
                }
            }
        }
    }

    /// The joint number of what something means.
    pub(super) fn number(&self, kind: Kind, meaning: Meaning) -> u32 {
        match meaning {
            Meaning::Import(at) => at,
            Meaning::Defined { source, at } if kind == Kind::Global => {
                self.n_kept(kind) + self.global_places[source][at as usize]
            }
            Meaning::Defined { source, at } => {
                self.n_kept(kind) + self.firsts[kind as usize][source] + at
            }
        }
    }
}
