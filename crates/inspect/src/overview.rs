//! What a file is, at one look: who made it, what it needs of an engine, what it can ask of its host, what it offers, what takes its bytes.
//!
//! Apart from the sections because each of these facts comes from several of them, and from habits of toolchains that no
//! specification knows.

mod asks;
mod component;
mod features;
mod makers;
mod module;

use crate::frames::{FrameKind, frames};
pub use asks::{Ask, Capability};
pub use makers::{Certainty, Maker};

/// What can be said of a file, or of a module that is nested in it.
#[derive(Clone, PartialEq, Debug)]
pub struct Overview {
    /// What it is by its first bytes; none if it is neither.
    pub is: Option<FrameKind>,
    /// The size in bytes.
    pub bytes: usize,
    /// Where it begins in the file.
    pub start: usize,
    /// The name that it gives itself.
    pub name: Option<String>,
    /// What it is for.
    pub purpose: Purpose,
    /// Who made it, the surest first.
    pub makers: Vec<Maker>,
    /// Its sections by name, the largest first.
    pub sections: Vec<SectionSize>,
    /// How many functions it has itself.
    pub functions: u32,
    /// The largest of them.
    pub largest: Vec<FunctionSize>,
    /// The features that it needs, by the names of the proposals.
    pub features: Vec<&'static str>,
    /// What it can ask of its host.
    pub asks: Vec<Ask>,
    /// What it offers.
    pub exports: Vec<Export>,
    /// Its memories, imported ones included.
    pub memories: Vec<Memory>,
    /// How many bytes of its memories are given by data segments.
    pub data_bytes: usize,
    /// The function that runs when it is instantiated.
    pub start_function: Option<String>,
    /// Modules and components in it.
    pub nested: Vec<Overview>,
    /// What could not be read.
    pub faults: Vec<String>,
}

/// What a file is for, as its imports and exports tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// A program for WASI: it is run once.
    WasiCommand,
    /// A library for WASI: it is initialized, then called.
    WasiReactor,
    /// A program or library of Emscripten with its JavaScript.
    Emscripten,
    /// A library of wasm-bindgen with its JavaScript.
    WasmBindgen,
    /// A program of Go with its JavaScript.
    GoJs,
    /// A module that needs JavaScript of another kind.
    JavaScript,
    /// An object file for a linker.
    Object,
    /// A dynamic library.
    DynamicLibrary,
    /// A library that needs functions of its host.
    Plugin,
    /// A library that needs nothing.
    Library,
    /// A component that can be run.
    Command,
    /// A component that serves HTTP requests.
    HttpHandler,
    /// Any other component.
    Component,
    /// Neither a module nor a component.
    Unknown,
}

/// All sections of one name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SectionSize {
    /// The name; of custom sections their own.
    pub name: String,
    /// Whether they are custom sections.
    pub is_custom: bool,
    /// How many bytes they take, their headers included.
    pub bytes: usize,
    /// How many items they have, if they count them.
    pub items: Option<u64>,
}

/// A function's size.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FunctionSize {
    /// Its index.
    pub index: u32,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The bytes of the body.
    pub bytes: usize,
}

/// Something that a file offers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Export {
    /// What it is called.
    pub name: String,
    /// What it is: `func`, `memory`, `instance`.
    pub kind: &'static str,
    /// Its type in words; empty where the file does not say it simply.
    pub ty: String,
}

/// A memory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Memory {
    /// Whether the host gives it.
    pub imported: bool,
    /// Its size at first, in bytes.
    pub initial_bytes: u128,
    /// Its size at most, in bytes.
    pub max_bytes: Option<u128>,
    /// Whether threads share it.
    pub shared: bool,
    /// Whether addresses have 64 bits.
    pub is_64: bool,
}

/// How many functions are named as the largest.
const LARGEST: usize = 20;

/// Looks at a file.
pub fn overview(file: &[u8]) -> Overview {
    look(file, 0..file.len(), 0)
}

/// Components that are nested deeper are not looked into.
const DEPTH_MAX: usize = 20;

/// Sections behind this many are counted and not told apart.
const NAMES_MAX: usize = 1000;

fn look(file: &[u8], range: std::ops::Range<usize>, depth: usize) -> Overview {
    let is = crate::frames::kind_of(&file[range.clone()]);
    let mut overview = Overview {
        is,
        bytes: range.len(),
        start: range.start,
        name: None,
        purpose: Purpose::Unknown,
        makers: Vec::new(),
        sections: Vec::new(),
        functions: 0,
        largest: Vec::new(),
        features: Vec::new(),
        asks: Vec::new(),
        exports: Vec::new(),
        memories: Vec::new(),
        data_bytes: 0,
        start_function: None,
        nested: Vec::new(),
        faults: Vec::new(),
    };
    match is {
        None => overview
            .faults
            .push("neither a module nor a component begins so".to_owned()),
        Some(FrameKind::Module) => module::look(file, range.clone(), &mut overview),
        Some(FrameKind::Component) => {
            component::look(file, range.clone(), depth, &mut overview);
        }
    }
    sections(file, range, &mut overview);
    overview
}

fn sections(file: &[u8], range: std::ops::Range<usize>, overview: &mut Overview) {
    let mut by_name = std::collections::HashMap::new();
    let mut end = (range.start + 8).min(range.end);
    for frame in frames(file, range.clone()) {
        end = frame.contents.end;
        let is_custom = frame.id == 0;
        let name = match (&frame.custom, by_name.len()) {
            (Some(_), NAMES_MAX..) => "others".to_owned(),
            (Some(custom), _) => custom.chars().take(200).collect(),
            (None, _) => frame.name().to_owned(),
        };
        let section: &mut SectionSize =
            by_name
                .entry((is_custom, name.clone()))
                .or_insert(SectionSize {
                    name,
                    is_custom,
                    bytes: 0,
                    items: None,
                });
        section.bytes += frame.contents.end - frame.header.start;
        let is_list = !(frame.of == FrameKind::Module && matches!(frame.id, 8 | 12));
        if let (Some(count), true) = (frame.count, is_list) {
            *section.items.get_or_insert(0) += u64::from(count);
        }
        if let Some(missing) = frame.missing {
            let at = frame.header.start;
            overview.faults.push(format!(
                "{missing} bytes of the {} section are missing (at byte {at:#x})",
                frame.name()
            ));
        }
    }
    if end < range.end && overview.is.is_some() {
        overview
            .faults
            .push(format!("expected a section (at byte {end:#x})"));
    }
    overview.sections = by_name.into_values().collect();
    overview
        .sections
        .sort_by(|a, b| (b.bytes, &a.name).cmp(&(a.bytes, &b.name)));
}
