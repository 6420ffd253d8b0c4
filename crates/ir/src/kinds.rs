//! What a reference can be: a set of kinds, as coarse as a few compares at run time can tell apart.
//!
//! Apart from types, which do not say as much: a reference that was compared with null is not null, whatever its type.

use std::fmt;
use std::str::FromStr;

/// A set of kinds of references.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RefKinds(u8);

const NAMES: [(&str, RefKinds); 6] = [
    ("null", RefKinds::NULL),
    ("i31", RefKinds::I31),
    ("struct", RefKinds::STRUCT),
    ("array", RefKinds::ARRAY),
    ("func", RefKinds::FUNC),
    ("other", RefKinds::OTHER),
];

impl RefKinds {
    /// Nothing: no value reaches the place.
    pub const NONE: RefKinds = RefKinds(0);
    /// Null.
    pub const NULL: RefKinds = RefKinds(1);
    /// An i31.
    pub const I31: RefKinds = RefKinds(2);
    /// A structure.
    pub const STRUCT: RefKinds = RefKinds(4);
    /// An array.
    pub const ARRAY: RefKinds = RefKinds(8);
    /// A function.
    pub const FUNC: RefKinds = RefKinds(16);
    /// A value of the host or an exception.
    pub const OTHER: RefKinds = RefKinds(32);
    /// Anything.
    pub const ALL: RefKinds = RefKinds(63);

    /// What is in either set.
    pub const fn or(self, other: RefKinds) -> RefKinds {
        RefKinds(self.0 | other.0)
    }

    /// What is in both sets.
    pub const fn and(self, other: RefKinds) -> RefKinds {
        RefKinds(self.0 & other.0)
    }

    /// What is in this set and not in the other.
    pub const fn without(self, other: RefKinds) -> RefKinds {
        RefKinds(self.0 & !other.0)
    }

    /// Whether the sets have something in common.
    pub const fn meets(self, other: RefKinds) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether nothing is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The kinds of the set, one by one.
    pub fn iter(self) -> impl Iterator<Item = RefKinds> {
        let kinds = NAMES.iter().map(|&(_, kind)| kind);
        kinds.filter(move |&kind| self.meets(kind))
    }
}

impl fmt::Display for RefKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = NAMES.iter().filter(|(_, kind)| self.meets(*kind));
        for (nth, (name, _)) in names.enumerate() {
            let space = if nth == 0 { "" } else { " " };
            write!(f, "{space}{name}")?;
        }
        Ok(())
    }
}

impl FromStr for RefKinds {
    type Err = String;

    fn from_str(text: &str) -> Result<RefKinds, String> {
        text.split_whitespace()
            .try_fold(RefKinds::NONE, |kinds, word| {
                let found = NAMES.iter().find(|(name, _)| *name == word);
                let found = found.ok_or_else(|| format!("no kind of references `{word}`"))?;
                Ok(kinds.or(found.1))
            })
    }
}
