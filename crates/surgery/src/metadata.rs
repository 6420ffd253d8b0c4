//! What a file says of itself: its name, what made it, who wrote it.
//!
//! Apart from other custom sections because these have agreed meanings, and are read and written by people: the section
//! `producers` of the tool conventions, and the annotations that registries know.

use crate::Error;
use crate::sections::{
    self, Custom, Fate, Layer, customs, read_u32, visit_files, with_customs, write_custom,
    write_section,
};
use std::ops::Range;
use wasm_metadata::Producers;

/// Sections whose contents are text for people, in the order in which they are shown and added.
pub const NOTES: &[&str] = &[
    "description",
    "authors",
    "version",
    "revision",
    "licenses",
    "source",
    "homepage",
];

/// The section of producers.
const PRODUCERS: &str = "producers";
/// The subsection of either section of names that names the file itself.
const OWN_NAME: u8 = 0;

/// What one field of producers says: its name, then names and versions.
pub type Field = (String, Vec<(String, String)>);

/// What a module or component says of itself.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Metadata {
    /// Whether it is a component.
    pub is_component: bool,
    /// Its name.
    pub name: Option<String>,
    /// Fields such as `language`, each with names and versions; `None` without the section.
    pub producers: Option<Vec<Field>>,
    /// Its notes, by the names of their sections.
    pub notes: Vec<(&'static str, String)>,
    /// Its bytes in the file.
    pub range: Range<usize>,
    /// What is nested in it.
    pub children: Vec<Metadata>,
}

impl Metadata {
    /// Reads what a file says of itself. What cannot be read of names and producers counts as not said.
    ///
    /// # Errors
    /// If sections cannot be told apart.
    pub fn read(bytes: &[u8]) -> Result<Metadata, Error> {
        // The files that hold the one at hand, the outermost first.
        let mut path: Vec<Metadata> = Vec::new();
        visit_files(bytes, &mut |layer, range, depth, sections| {
            leave(&mut path, depth);
            let customs = customs(bytes, layer, depth, sections)?;
            path.push(of_one(layer, range, &customs));
            Ok(())
        })?;
        leave(&mut path, 1);
        path.pop()
            .ok_or_else(|| Error::new("this is no WebAssembly file"))
    }
}

/// Puts files into those that hold them, until only `depth` of them are open.
fn leave(path: &mut Vec<Metadata>, depth: usize) {
    while path.len() > depth.max(1) {
        let child = path.pop();
        if let (Some(parent), Some(child)) = (path.last_mut(), child) {
            parent.children.push(child);
        }
    }
}

fn of_one(layer: Layer, range: &Range<usize>, customs: &[Custom<'_>]) -> Metadata {
    let mut metadata = Metadata {
        is_component: layer == Layer::Component,
        range: range.clone(),
        ..Metadata::default()
    };
    for custom in customs {
        if custom.name == names_section(custom) {
            metadata.name = own_name(custom.data).or(metadata.name);
        } else if custom.name == PRODUCERS
            && let Ok(producers) = Producers::from_bytes(custom.data, 0)
        {
            metadata.producers = Some(listed(&producers));
        } else if let Some(key) = NOTES.iter().find(|key| **key == custom.name)
            && let Ok(text) = str::from_utf8(custom.data)
        {
            metadata.notes.push((key, text.to_owned()));
        }
    }
    let place = |key: &str| NOTES.iter().position(|note| *note == key);
    metadata.notes.sort_by_key(|(key, _)| place(key));
    metadata
}

fn listed(producers: &Producers) -> Vec<(String, Vec<(String, String)>)> {
    let owned = |(name, version): (&String, &String)| (name.clone(), version.clone());
    let fields = producers.iter();
    fields
        .map(|(field, values)| (field.clone(), values.iter().map(owned).collect()))
        .collect()
}

/// What a section of names is called beside a given section.
fn names_section(custom: &Custom<'_>) -> &'static str {
    match custom.in_component {
        true => "component-name",
        false => "name",
    }
}

/// The name of the file itself in a section of names.
fn own_name(data: &[u8]) -> Option<String> {
    let (contents, _) = own_name_subsection(data).ok()??;
    let mut at = contents.start;
    let n = read_u32(data, &mut at, contents.end).ok()? as usize;
    let name = data[at..contents.end].get(..n)?;
    str::from_utf8(name).ok().map(str::to_owned)
}

/// Where the subsection of a file's own name has its contents, and where it is itself.
type OwnName = (Range<usize>, Range<usize>);

/// Where the subsection of the file's own name has its contents, and where it is itself.
fn own_name_subsection(data: &[u8]) -> Result<Option<OwnName>, Error> {
    let mut at = 0;
    while at < data.len() {
        let start = at;
        let id = data[at];
        at += 1;
        let size = read_u32(data, &mut at, data.len())? as usize;
        if size > data.len() - at {
            return Err(Error::new(
                "a subsection of names is longer than its section",
            ));
        }
        let contents = at..at + size;
        at = contents.end;
        if id == OWN_NAME {
            return Ok(Some((contents, start..at)));
        }
    }
    Ok(None)
}

/// What becomes of something that a file says.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub enum Change {
    /// It stays as it is.
    #[default]
    Keep,
    /// It goes.
    Clear,
    /// It is said anew.
    Set(String),
}

/// What a file shall say of itself. What is nested in a component stays as it is.
#[derive(Clone, Default, Debug)]
pub struct AddMetadata {
    /// Its name.
    pub name: Change,
    /// Further producers: field, name and version.
    pub producers: Vec<(String, String, String)>,
    /// Notes, by the names of their sections ([`NOTES`]).
    pub notes: Vec<(&'static str, Change)>,
}

impl AddMetadata {
    /// The file with what it shall say. All that is not changed stays byte for byte.
    ///
    /// # Errors
    /// If sections cannot be told apart, or one that is changed cannot be read.
    pub fn apply(&self, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let mut added = Added::default();
        let mut fault = None;
        let mut out = with_customs(bytes, &mut |custom| {
            let fate = match custom.depth {
                0 => self.fate(custom, &mut added),
                _ => Ok(Fate::Keep),
            };
            fate.unwrap_or_else(|error| {
                fault.get_or_insert(error);
                Fate::Keep
            })
        })?;
        if let Some(fault) = fault {
            return Err(fault);
        }
        self.append(&mut out, &added)?;
        Ok(out)
    }

    /// What becomes of a section of the file itself.
    fn fate(&self, custom: &Custom<'_>, added: &mut Added) -> Result<Fate, Error> {
        if custom.name == names_section(custom) {
            added.name = true;
            return Ok(match &self.name {
                Change::Keep => Fate::Keep,
                Change::Clear => Fate::Replace(with_own_name(custom.data, None)?),
                Change::Set(name) => Fate::Replace(with_own_name(custom.data, Some(name))?),
            });
        }
        if custom.name == PRODUCERS && !self.producers.is_empty() && !added.producers {
            added.producers = true;
            let mut producers = Producers::from_bytes(custom.data, 0)
                .map_err(|error| Error::new(format!("the section `producers`: {error}")))?;
            self.add_producers(&mut producers);
            return Ok(Fate::Replace(encoded(&producers)));
        }
        let change = self.notes.iter().find(|(key, _)| *key == custom.name);
        Ok(match change {
            None | Some((_, Change::Keep)) => Fate::Keep,
            Some((_, Change::Clear)) => Fate::Drop,
            Some((key, Change::Set(_))) if added.notes.contains(key) => Fate::Drop,
            Some((key, Change::Set(text))) => {
                added.notes.push(key);
                Fate::Replace(text.clone().into_bytes())
            }
        })
    }

    /// Adds what no section was there for.
    fn append(&self, out: &mut Vec<u8>, added: &Added) -> Result<(), Error> {
        if let (Change::Set(name), false) = (&self.name, added.name) {
            let section = match sections::layer(out, &(0..out.len()))? {
                Layer::Module => "name",
                Layer::Component => "component-name",
            };
            write_custom(section, &with_own_name(&[], Some(name))?, out)?;
        }
        if !self.producers.is_empty() && !added.producers {
            let mut producers = Producers::empty();
            self.add_producers(&mut producers);
            write_custom(PRODUCERS, &encoded(&producers), out)?;
        }
        for (key, change) in &self.notes {
            if let Change::Set(text) = change
                && !added.notes.contains(key)
            {
                write_custom(key, text.as_bytes(), out)?;
            }
        }
        Ok(())
    }

    fn add_producers(&self, producers: &mut Producers) {
        for (field, name, version) in &self.producers {
            producers.add(field, name, version);
        }
    }
}

/// What was said anew in the place where something was said before.
#[derive(Default)]
struct Added {
    name: bool,
    producers: bool,
    notes: Vec<&'static str>,
}

/// A section of names with another name of the file itself; all other names stay.
fn with_own_name(data: &[u8], name: Option<&str>) -> Result<Vec<u8>, Error> {
    let old = own_name_subsection(data)?.map_or(0..0, |(_, whole)| whole);
    let mut out = data[..old.start].to_vec();
    if let Some(name) = name {
        let mut contents = Vec::new();
        write_string(name, &mut contents);
        write_section(OWN_NAME, &contents, &mut out)?;
    }
    out.extend_from_slice(&data[old.end..]);
    Ok(out)
}

/// The contents of a section of producers.
pub(crate) fn encoded(producers: &Producers) -> Vec<u8> {
    let mut out = Vec::new();
    sections::write_u32(producers.iter().count() as u32, &mut out);
    for (field, values) in producers.iter() {
        write_string(field, &mut out);
        sections::write_u32(values.iter().count() as u32, &mut out);
        for (name, version) in values.iter() {
            write_string(name, &mut out);
            write_string(version, &mut out);
        }
    }
    out
}

fn write_string(text: &str, out: &mut Vec<u8>) {
    sections::write_u32(text.len() as u32, out);
    out.extend_from_slice(text.as_bytes());
}
