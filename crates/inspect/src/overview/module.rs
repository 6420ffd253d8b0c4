//! Looks at a core module.
//!
//! Apart from components, which have none of these sections.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::ops::Range;

use super::makers::{self, Place};
use super::{Ask, Capability, Export, FunctionSize, LARGEST, Memory, Overview, Purpose, asks};
use crate::details::{CustomDetail, Detail, Entity, Items, TypeForm, details};
use crate::frames::frames;
use crate::index_names::{IndexNames, Space};

/// What is known while the sections are read.
#[derive(Default)]
struct Looked {
    /// Types of functions, as words.
    types: Vec<Option<String>>,
    /// The type of each function.
    funcs: Vec<u32>,
    asks: BTreeMap<Capability, Vec<String>>,
    largest: BinaryHeap<Reverse<(usize, u32)>>,
    exports: Vec<(Space, u32, String)>,
    globals: Vec<String>,
    start: Option<u32>,
    is_object: bool,
    is_dynamic: bool,
    modules: Vec<String>,
}

/// More exports than this are counted as they are, but types of more functions are not kept.
const KEPT_MAX: usize = 1_000_000;

pub(super) fn look(file: &[u8], range: Range<usize>, overview: &mut Overview) {
    let names = IndexNames::read(file, range.clone());
    overview.name = names.module().map(str::to_owned);
    let mut looked = Looked::default();
    let mut items = Items::default();
    let mut needs = super::features::Needs::default();
    for frame in frames(file, range) {
        if let Some(custom) = &frame.custom {
            makers::note(overview, Place::Section, custom);
            looked.is_object |= custom == "linking";
            looked.is_dynamic |= custom == "dylink.0";
        }
        let is_told = frame.custom.as_ref().is_none_or(|it| it == "producers");
        if is_told {
            let read = details(file, &frame, &names, &mut items, &mut |detail| {
                looked.note(overview, file, &detail);
            });
            if let Err(fault) = read {
                overview.faults.push(fault.to_string());
            }
        }
        // What cannot be read was reported already, and what was found before it counts.
        let _ = needs.section(file, &frame);
    }
    for (index, name) in
        (0..looked.funcs.len() as u32).filter_map(|i| Some((i, names.get(Space::Func, i)?)))
    {
        if index >= names.imported_funcs() {
            makers::note(overview, Place::Function, &name);
        }
    }
    overview.features = needs.names();
    looked.finish(overview, &names);
}

impl Looked {
    fn note(&mut self, overview: &mut Overview, file: &[u8], detail: &Detail<'_>) {
        match detail {
            Detail::Type { form, .. } => self.types.push(match form {
                TypeForm::Func { params, results } if self.types.len() < KEPT_MAX => {
                    Some(func_words(params, results))
                }
                _ => None,
            }),
            Detail::Import {
                module,
                name,
                entity,
                ..
            } => self.import(overview, module, name, entity),
            Detail::Item { entity, .. } => match entity {
                Entity::Func(ty) => {
                    overview.functions += 1;
                    self.funcs.push(*ty);
                }
                Entity::Memory { limits, page_bytes } => {
                    overview.memories.push(memory(limits, *page_bytes, false));
                }
                Entity::Global { ty, mutable } => self.global(ty, *mutable),
                Entity::Table { .. } | Entity::Tag(_) => {}
            },
            Detail::Export { space, index, name } => {
                makers::note(overview, Place::Export, name);
                self.exports.push((*space, *index, (*name).to_owned()));
            }
            Detail::Start(func) => self.start = Some(*func),
            Detail::Body { func, range } => {
                self.largest.push(Reverse((range.len(), *func)));
                if self.largest.len() > LARGEST {
                    self.largest.pop();
                }
            }
            Detail::Data { range, .. } => {
                overview.data_bytes += range.len();
                makers::note_data(overview, &file[range.clone()]);
            }
            Detail::Custom(CustomDetail::Producer(field, name, version)) => {
                makers::state(overview, field, name, version);
            }
            _ => {}
        }
    }

    fn import(&mut self, overview: &mut Overview, module: &str, name: &str, entity: &Entity) {
        makers::note(overview, Place::ImportModule, module);
        makers::note(overview, Place::Import, name);
        let what = match entity {
            Entity::Func(ty) => {
                self.funcs.push(*ty);
                asks::of_function(module, name)
            }
            Entity::Memory { limits, page_bytes } => {
                overview.memories.push(memory(limits, *page_bytes, true));
                Capability::Memory
            }
            Entity::Global { ty, mutable } => {
                self.global(ty, *mutable);
                Capability::Memory
            }
            Entity::Table { .. } | Entity::Tag(_) => Capability::Memory,
        };
        if !self.modules.iter().any(|it| it == module) && self.modules.len() < 100 {
            self.modules.push(module.to_owned());
        }
        let label = match (module.len(), name.len()) {
            (..1000, ..1000) => format!("{module}.{name}"),
            _ => "an import with a very long name".to_owned(),
        };
        self.asks.entry(what).or_default().push(label);
    }

    fn global(&mut self, ty: &str, mutable: bool) {
        self.globals.push(match mutable {
            true => format!("(mut {ty})"),
            false => ty.to_owned(),
        });
    }

    fn finish(mut self, overview: &mut Overview, names: &IndexNames<'_>) {
        let named = |func| {
            names
                .get(Space::Func, func)
                .map(std::borrow::Cow::into_owned)
        };
        let mut largest = std::mem::take(&mut self.largest).into_vec();
        // Reversed, the smallest is the largest.
        largest.sort();
        overview.largest = largest
            .into_iter()
            .map(|Reverse((bytes, index))| FunctionSize {
                index,
                name: named(index),
                bytes,
            })
            .collect();
        overview.start_function = self
            .start
            .map(|func| named(func).unwrap_or_else(|| format!("function {func}")));
        overview.purpose = self.purpose();
        let (types, funcs, globals) = (&self.types, &self.funcs, &self.globals);
        overview.exports = self
            .exports
            .into_iter()
            .map(|(space, index, name)| {
                let func = |it: &u32| types.get(*it as usize).cloned().flatten();
                let (kind, ty) = match space {
                    Space::Func => ("func", funcs.get(index as usize).and_then(func)),
                    Space::Global => ("global", globals.get(index as usize).cloned()),
                    Space::Table => ("table", None),
                    Space::Memory => ("memory", None),
                    _ => ("tag", None),
                };
                Export {
                    name,
                    kind,
                    ty: ty.unwrap_or_default(),
                }
            })
            .collect();
        overview.asks = self
            .asks
            .into_iter()
            .map(|(what, imports)| Ask { what, imports })
            .collect();
        overview.makers.sort_by_key(|maker| maker.certainty);
    }

    fn purpose(&self) -> Purpose {
        let exports = |name: &str| self.exports.iter().any(|(.., it)| it == name);
        let imports = |name: &str| self.modules.iter().any(|it| it == name);
        let is_wasi = imports("wasi_snapshot_preview1") || imports("wasi_unstable");
        let is_emscripten = self
            .asks
            .values()
            .flatten()
            .any(|it| it.starts_with("env.emscripten_") || it.starts_with("env._emscripten_"));
        match () {
            () if self.is_object => Purpose::Object,
            () if self.is_dynamic => Purpose::DynamicLibrary,
            () if imports("gojs") || imports("go") => Purpose::GoJs,
            () if imports("wbg") || imports("__wbindgen_placeholder__") => Purpose::WasmBindgen,
            () if is_emscripten => Purpose::Emscripten,
            () if self.asks.contains_key(&Capability::JavaScript) => Purpose::JavaScript,
            () if exports("_start") && (is_wasi || self.asks.is_empty()) => Purpose::WasiCommand,
            () if is_wasi => Purpose::WasiReactor,
            () if exports("_initialize") => Purpose::WasiReactor,
            () if self.asks.is_empty() => Purpose::Library,
            () => Purpose::Plugin,
        }
    }
}

fn func_words(params: &[String], results: &[String]) -> String {
    let results = match results {
        [] => String::new(),
        [one] => format!(" -> {one}"),
        several => format!(" -> ({})", several.join(", ")),
    };
    format!("({}){results}", params.join(", "))
}

fn memory(limits: &crate::details::Limits, page_bytes: u64, imported: bool) -> Memory {
    let bytes = |pages: u64| u128::from(pages) * u128::from(page_bytes);
    Memory {
        imported,
        initial_bytes: bytes(limits.initial),
        max_bytes: limits.max.map(bytes),
        shared: limits.shared,
        is_64: limits.is_64,
    }
}
