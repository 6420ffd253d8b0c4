//! Which custom sections go.
//!
//! Apart from taking them out because this is a matter of habits: what the tools that people know take away.

use crate::Error;
use crate::sections::{Fate, with_customs};

/// Regular expressions for names of sections.
#[derive(Clone, Default, Debug)]
pub struct Patterns(regex::RegexSet);

impl Patterns {
    /// Patterns of given texts.
    ///
    /// # Errors
    /// If one is malformed, with what is wrong and where.
    pub fn new(texts: &[String]) -> Result<Patterns, Error> {
        let patterns = regex::RegexSet::new(texts);
        patterns
            .map(Patterns)
            .map_err(|error| Error::new(error.to_string()))
    }
}

/// What to take out of a file.
#[derive(Clone, Default, Debug)]
pub struct Strip {
    /// Every custom section.
    pub all: bool,
    /// The names of functions, locals and so on.
    pub names: bool,
    /// What debuggers read: DWARF, and where source maps are.
    pub debug: bool,
    /// Which tools made the file.
    pub producers: bool,
    /// Sections of these names.
    pub remove: Vec<String>,
    /// Sections whose names match one of these regular expressions somewhere.
    pub remove_matching: Patterns,
    /// Of what would go, sections of these names stay.
    pub keep: Vec<String>,
}

impl Strip {
    /// Whether sections were named that go. If none were, those go that only say something about the file, and names stay.
    fn is_selective(&self) -> bool {
        self.names
            || self.debug
            || self.producers
            || !self.remove.is_empty()
            || !self.remove_matching.0.is_empty()
    }

    /// Whether a custom section goes, by its name.
    pub fn removes(&self, name: &str) -> bool {
        let is_named = |names: &[String]| names.iter().any(|named| named == name);
        let goes = self.all
            || match self.is_selective() {
                true => {
                    (self.names && is_names(name))
                        || (self.debug && is_debug(name))
                        || (self.producers && name == "producers")
                        || is_named(&self.remove)
                        || self.remove_matching.0.is_match(name)
                }
                false => {
                    !is_names(name) && !name.starts_with("component-type:") && name != "dylink.0"
                }
            };
        goes && !is_named(&self.keep)
    }

    /// The file without what goes, in nested modules and components too. All else stays byte for byte.
    ///
    /// # Errors
    /// If sections cannot be told apart. What is in them is not looked at.
    pub fn apply(&self, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        with_customs(bytes, &mut |custom| match self.removes(custom.name) {
            true => Fate::Drop,
            false => Fate::Keep,
        })
    }
}

fn is_names(name: &str) -> bool {
    matches!(name, "name" | "component-name")
}

fn is_debug(name: &str) -> bool {
    // Relocations of sections that are not there are of no use either.
    let about = name.strip_prefix("reloc.").unwrap_or(name);
    about.starts_with(".debug_")
        || matches!(
            name,
            "sourceMappingURL" | "external_debug_info" | ".gdb_index"
        )
}
