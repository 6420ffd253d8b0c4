//! What items are called for people.
//!
//! Apart, because names come from the file, and what is shown must neither be mangled nor command the terminal.

use std::borrow::Cow;
use std::fmt::Write;

use super::{Anatomy, Item, ItemKind, ModuleParts, Section};
use crate::demangle;

/// A name as it can be shown: control characters, and those that turn the direction of text, are escaped.
pub fn shown(name: &str) -> Cow<'_, str> {
    let is_harmless = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}')
    };
    if name.chars().all(is_harmless) {
        return Cow::Borrowed(name);
    }
    let mut escaped = String::with_capacity(name.len() + 8);
    for c in name.chars() {
        match is_harmless(c) {
            true => escaped.push(c),
            false => escaped.extend(c.escape_default()),
        }
    }
    Cow::Owned(escaped)
}

/// The same, cut to so many characters: for names that stand before many others.
pub fn shown_short(name: &str, n_max: usize) -> Cow<'_, str> {
    match name.char_indices().nth(n_max) {
        None => shown(name),
        Some((end, _)) => Cow::Owned(format!("{}…", shown(&name[..end]))),
    }
}

/// The most characters of names of modules in labels of what they hold.
const MODULE_NAME_MAX: usize = 100;

impl<'a> Anatomy<'a> {
    /// What an item is called: a function by its demangled name, others by what they are.
    pub fn label(&self, item: &Item<'a>) -> String {
        let mut label = String::new();
        if self.modules.len() > 1 {
            let _ = write!(label, "{}: ", self.module_label(item.module));
        }
        label.push_str(&self.label_in_module(item));
        label
    }

    /// The same, without the module that it is in.
    pub fn label_in_module(&self, item: &Item<'a>) -> String {
        self.label_within(item, &self.modules[item.module as usize])
    }

    /// The name of a function's first export, by its item.
    pub fn export_of_item(&self, item: u32) -> Option<&'a str> {
        self.exported.get(&item).copied()
    }

    /// What a module in a component is called.
    pub fn module_label(&self, module: u32) -> String {
        let parts = &self.modules[module as usize];
        let word = match (parts.is_component, parts.parent) {
            (_, None) => return "root".to_owned(),
            (true, _) => "component",
            (false, _) => "module",
        };
        let n = parts.number;
        match parts.name {
            Some(name) => format!("{word}[{n}] {}", shown_short(name, MODULE_NAME_MAX)),
            None => format!("{word}[{n}]"),
        }
    }

    /// The name of a function's first export.
    fn export_of(&self, item: &Item<'a>, module: &ModuleParts<'a>) -> Option<&'a str> {
        let place = module.spaces.funcs.get(item.index as usize)?;
        self.exported.get(place).copied()
    }

    fn label_within(&self, item: &Item<'a>, module: &ModuleParts<'a>) -> String {
        let named = |word: &str| match item.name {
            Some(name) => format!("{word}[{}] {}", item.index, shown(name)),
            None => format!("{word}[{}]", item.index),
        };
        match item.kind {
            ItemKind::Header if module.is_component => "component header".to_owned(),
            ItemKind::Header => "module header".to_owned(),
            ItemKind::SectionHeader => match item.section {
                Section::Known(name) => format!("header of section {name}"),
                Section::Custom(name) => format!("header of custom section {}", shown(name)),
            },
            ItemKind::Func => match item.name {
                Some(name) => shown(&demangle::readable(name)).into_owned(),
                None => match self.export_of(item, module) {
                    Some(name) => format!("func[{}] \"{}\"", item.index, shown(name)),
                    None => format!("func[{}]", item.index),
                },
            },
            ItemKind::Import => match module.imports.get(item.index as usize) {
                Some(import) => {
                    let module = shown_short(import.module, MODULE_NAME_MAX);
                    format!("import {module}::{}", shown(import.name))
                }
                None => named("import"),
            },
            ItemKind::Export => match module.exports.get(item.index as usize) {
                Some(export) => format!("export \"{}\"", shown(export.name)),
                None => named("export"),
            },
            ItemKind::Type => {
                let next = module
                    .rec_groups
                    .partition_point(|first| *first <= item.index);
                let end = module.rec_groups.get(next).copied();
                let end = end.unwrap_or(module.types.len() as u32);
                match end - item.index {
                    1 => named("type"),
                    n => format!("{} and {} more", named("type"), n.saturating_sub(1)),
                }
            }
            ItemKind::Table
            | ItemKind::Memory
            | ItemKind::Tag
            | ItemKind::Global
            | ItemKind::Elem
            | ItemKind::Data => named(item.kind.name()),
            ItemKind::FuncTypes => "types of functions".to_owned(),
            ItemKind::Start => "start function's index".to_owned(),
            ItemKind::DataCount => "data count".to_owned(),
            ItemKind::Names => names_of(item.index).to_owned(),
            ItemKind::Custom => match item.section {
                Section::Known(name) => format!("section {name}"),
                Section::Custom(name) => format!("custom section {}", shown(name)),
            },
            ItemKind::Component | ItemKind::Unknown => match item.section {
                Section::Known(name) => format!("section {name}"),
                Section::Custom(name) => format!("rest of custom section {}", shown(name)),
            },
        }
    }
}

/// What a piece of the name section holds.
fn names_of(id: u32) -> &'static str {
    match id {
        0 => "name of the module",
        1 => "names of functions",
        2 => "names of locals",
        3 => "names of labels",
        4 => "names of types",
        5 => "names of tables",
        6 => "names of memories",
        7 => "names of globals",
        8 => "names of elem segments",
        9 => "names of data segments",
        10 => "names of fields",
        11 => "names of tags",
        12 => "names of parameters",
        13 => "names of tag parameters",
        _ => "names of an unknown kind",
    }
}

impl Section<'_> {
    /// What the section is called.
    pub fn label(&self) -> String {
        match self {
            Section::Known(name) => (*name).to_owned(),
            Section::Custom(name) => format!("custom {}", shown(name)),
        }
    }
}
