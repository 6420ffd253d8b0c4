//! Names, producers and target features of several modules, joined.
//!
//! Apart from other sections because they are advice: what cannot be read is left out, and nothing depends on them. Custom sections
//! that may speak of places in code or of numbers are not valid any more, and do not survive.

use super::link::Links;
use super::source::{Kind, Source};
use super::types::Types;
use crate::metadata::encoded;
use crate::sections::write_u32;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use wasm_encoder::{CustomSection, IndirectNameMap, Module, NameMap, NameSection};
use wasm_metadata::Producers;
use wasmparser::{BinaryReader, Name, NameSectionReader};

const TARGET_FEATURES: &str = "target_features";

/// Appends what custom sections become.
pub(super) fn append(
    module: &mut Module,
    sources: &[Source<'_>],
    types: &Types,
    links: &Links<'_>,
    warnings: &mut Vec<String>,
) {
    append_names(module, sources, types, links);
    append_producers(module, sources);
    append_features(module, sources);
    for source in sources {
        let mut lost: Vec<&str> = Vec::new();
        for &(name, data) in &source.customs {
            match name {
                "name" | "producers" | TARGET_FEATURES => {}
                // Descriptions of worlds speak of no numbers, and there may be several.
                name if name.starts_with("component-type:") => {
                    module.section(&CustomSection {
                        name: name.into(),
                        data: data.into(),
                    });
                }
                name => lost.push(if name.starts_with(".debug_") {
                    "DWARF"
                } else {
                    name
                }),
            }
        }
        lost.sort_unstable();
        lost.dedup();
        if !lost.is_empty() {
            warnings.push(format!(
                "of `{}` these sections are lost: {}",
                source.name,
                lost.join(", ")
            ));
        }
    }
}

/// Names by joint numbers.
type Names<'a> = BTreeMap<u32, &'a str>;

/// All names there are.
#[derive(Default)]
struct Joint<'a> {
    module: Option<&'a str>,
    /// By kind.
    things: [Names<'a>; Kind::N],
    types: Names<'a>,
    elems: Names<'a>,
    datas: Names<'a>,
    locals: BTreeMap<u32, Names<'a>>,
    labels: BTreeMap<u32, Names<'a>>,
    fields: BTreeMap<u32, Names<'a>>,
}

fn append_names(module: &mut Module, sources: &[Source<'_>], types: &Types, links: &Links<'_>) {
    let mut joint = Joint::default();
    // Those who define something name it, and those who import it only if they do not.
    for own in [true, false] {
        for at in 0..sources.len() {
            let scope = Scope {
                sources,
                types,
                links,
                at,
                own,
            };
            scope.add_names(&mut joint);
        }
    }
    let mut section = NameSection::new();
    if let Some(name) = joint.module {
        section.module(name);
    }
    let [funcs, tables, memories, globals, tags] = &joint.things;
    let flat = |names: &Names<'_>, write: &mut dyn FnMut(&NameMap)| {
        if !names.is_empty() {
            write(&name_map(names));
        }
    };
    let nested = |names: &BTreeMap<u32, Names<'_>>, write: &mut dyn FnMut(&IndirectNameMap)| {
        if !names.is_empty() {
            let mut map = IndirectNameMap::new();
            for (&index, names) in names {
                map.append(index, &name_map(names));
            }
            write(&map);
        }
    };
    flat(funcs, &mut |map| section.functions(map));
    nested(&joint.locals, &mut |map| section.locals(map));
    nested(&joint.labels, &mut |map| section.labels(map));
    flat(&joint.types, &mut |map| section.types(map));
    flat(tables, &mut |map| section.tables(map));
    flat(memories, &mut |map| section.memories(map));
    flat(globals, &mut |map| section.globals(map));
    flat(&joint.elems, &mut |map| section.elements(map));
    flat(&joint.datas, &mut |map| section.data(map));
    nested(&joint.fields, &mut |map| section.fields(map));
    flat(tags, &mut |map| section.tags(map));
    let custom = section.as_custom();
    if !custom.data.is_empty() {
        module.section(&custom);
    }
}

fn name_map(names: &Names<'_>) -> NameMap {
    let mut map = NameMap::new();
    for (&index, name) in names {
        map.append(index, name);
    }
    map
}

/// The names that one module gives: to what it defines, or to what it imports.
#[derive(Clone, Copy)]
struct Scope<'s, 'a> {
    sources: &'s [Source<'a>],
    types: &'s Types,
    links: &'s Links<'a>,
    at: usize,
    own: bool,
}

impl<'a> Scope<'_, 'a> {
    fn add_names(self, joint: &mut Joint<'a>) {
        for &(name, data) in &self.sources[self.at].customs {
            if name != "name" {
                continue;
            }
            let reader = NameSectionReader::new(BinaryReader::new(data, 0));
            for name in reader.into_iter().map_while(Result::ok) {
                self.add(name, joint);
            }
        }
    }

    fn add(self, name: Name<'a>, joint: &mut Joint<'a>) {
        let mut things = |kind: Kind, map| {
            add_flat(map, &mut joint.things[kind as usize], |index| {
                self.number(kind, index)
            });
        };
        match name {
            Name::Function(map) => things(Kind::Func, map),
            Name::Table(map) => things(Kind::Table, map),
            Name::Memory(map) => things(Kind::Memory, map),
            Name::Global(map) => things(Kind::Global, map),
            Name::Tag(map) => things(Kind::Tag, map),
            // What follows belongs to its module alone.
            _ if !self.own => {}
            Name::Module { name, .. } => {
                joint.module.get_or_insert(name);
            }
            Name::Type(map) => add_flat(map, &mut joint.types, |index| self.ty(index)),
            Name::Element(map) => add_flat(map, &mut joint.elems, |index| {
                self.segment(index, |source| source.elems.len())
            }),
            Name::Data(map) => add_flat(map, &mut joint.datas, |index| {
                self.segment(index, |source| source.datas.len())
            }),
            Name::Local(map) => {
                add_nested(map, &mut joint.locals, |index| {
                    self.number(Kind::Func, index)
                });
            }
            Name::Label(map) => {
                add_nested(map, &mut joint.labels, |index| {
                    self.number(Kind::Func, index)
                });
            }
            Name::Field(map) => add_nested(map, &mut joint.fields, |index| self.ty(index)),
            Name::Parameter(_) | Name::TagParameter(_) | Name::Unknown { .. } => {}
        }
    }

    /// The joint number of something that is defined here, or is not, whichever is asked for.
    fn number(self, kind: Kind, index: u32) -> Option<u32> {
        let source = &self.sources[self.at];
        if (index >= source.n_imported(kind)) != self.own {
            return None;
        }
        let meaning = self.links.meaning(self.sources, self.at, kind, index);
        Some(self.links.number(kind, meaning.ok()?))
    }

    fn ty(self, index: u32) -> Option<u32> {
        self.types.joint(self.at, index).ok()
    }

    fn segment(self, index: u32, n: impl Fn(&Source<'_>) -> usize) -> Option<u32> {
        let (before, this) = (&self.sources[..self.at], &self.sources[self.at]);
        let first: usize = before.iter().map(&n).sum();
        ((index as usize) < n(this)).then_some(first as u32 + index)
    }
}

fn add_flat<'a>(
    map: wasmparser::NameMap<'a>,
    names: &mut Names<'a>,
    number: impl Fn(u32) -> Option<u32>,
) {
    for naming in map.into_iter().map_while(Result::ok) {
        if let Some(number) = number(naming.index) {
            names.entry(number).or_insert(naming.name);
        }
    }
}

fn add_nested<'a>(
    map: wasmparser::IndirectNameMap<'a>,
    names: &mut BTreeMap<u32, Names<'a>>,
    number: impl Fn(u32) -> Option<u32>,
) {
    for naming in map.into_iter().map_while(Result::ok) {
        if let Some(number) = number(naming.index) {
            add_flat(naming.names, names.entry(number).or_default(), Some);
        }
    }
}

fn append_producers(module: &mut Module, sources: &[Source<'_>]) {
    let mut joint = Producers::empty();
    for source in sources {
        for &(name, data) in &source.customs {
            if name == "producers"
                && let Ok(producers) = Producers::from_bytes(data, 0)
            {
                joint.merge(&producers);
            }
        }
    }
    if !joint.is_empty() {
        module.section(&CustomSection {
            name: "producers".into(),
            data: encoded(&joint).into(),
        });
    }
}

/// What compilers say that their code uses: a list of texts, each behind a sign.
fn append_features(module: &mut Module, sources: &[Source<'_>]) {
    let mut joint: BTreeSet<(&str, u8)> = BTreeSet::new();
    for source in sources {
        for &(name, data) in &source.customs {
            if name == TARGET_FEATURES {
                joint.extend(features(data).unwrap_or_default());
            }
        }
    }
    if joint.is_empty() {
        return;
    }
    let mut data = Vec::new();
    write_u32(joint.len() as u32, &mut data);
    for (feature, sign) in joint {
        data.push(sign);
        write_u32(feature.len() as u32, &mut data);
        data.extend_from_slice(feature.as_bytes());
    }
    module.section(&CustomSection {
        name: TARGET_FEATURES.into(),
        data: Cow::Owned(data),
    });
}

fn features(data: &[u8]) -> wasmparser::Result<Vec<(&str, u8)>> {
    let mut reader = BinaryReader::new(data, 0);
    let n = reader.read_var_u32()?;
    let mut features = Vec::new();
    for _ in 0..n {
        let sign = reader.read_u8()?;
        features.push((reader.read_string()?, sign));
    }
    Ok(features)
}
