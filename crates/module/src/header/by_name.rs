//! Finding things by their names, quickly enough for host functions that look for the caller's memory at every call.
//!
//! Apart because names are compared as numbers as far as they can be.

use std::cmp::Ordering;

/// The order of some names, each with what decides most comparisons.
#[derive(Debug, Default)]
pub(super) struct ByName {
    sorted: Box<[Entry]>,
}

#[derive(Debug)]
struct Entry {
    key: Key,
    /// Which name it is.
    at: u32,
}

/// The beginning of a name and its length, which are all of a short name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Key {
    /// The first bytes as a number that is greater if the name comes later.
    prefix: u64,
    len: usize,
}

impl Key {
    fn of(name: &str) -> Key {
        let mut prefix = [0; 8];
        let n = name.len().min(8);
        prefix[..n].copy_from_slice(&name.as_bytes()[..n]);
        Key {
            prefix: u64::from_be_bytes(prefix),
            len: name.len(),
        }
    }

    /// The order of two names with these keys; `by_bytes` compares the names if the keys do not decide.
    fn cmp(self, other: Key, by_bytes: impl FnOnce() -> Ordering) -> Ordering {
        // Of two short names with equal prefixes the longer one ends with zero bytes, and comes later.
        let by_len = || match self.len.min(other.len) {
            short if short <= 8 => self.len.cmp(&other.len),
            _ => by_bytes(),
        };
        self.prefix.cmp(&other.prefix).then_with(by_len)
    }
}

impl ByName {
    /// For names of which no two are equal, fewer than 4 Gi.
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a str>) -> ByName {
        let names: Vec<&str> = names.collect();
        let entries = names.iter().enumerate().map(|(at, name)| Entry {
            key: Key::of(name),
            at: at as u32,
        });
        let mut sorted: Box<[Entry]> = entries.collect();
        let name_of = |entry: &Entry| names[entry.at as usize];
        sorted.sort_unstable_by(|a, b| a.key.cmp(b.key, || name_of(a).cmp(name_of(b))));
        ByName { sorted }
    }

    /// Which name it is; `name_of` gives the name with a number.
    pub(super) fn find<'a>(&self, name: &str, name_of: impl Fn(usize) -> &'a str) -> Option<usize> {
        let key = Key::of(name);
        let order = |entry: &Entry| entry.key.cmp(key, || name_of(entry.at as usize).cmp(name));
        let found = self.sorted.binary_search_by(order).ok()?;
        Some(self.sorted[found].at as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::ByName;

    #[test]
    fn every_name_is_found_and_no_other() {
        let names = [
            "",
            "\0",
            "a",
            "a\0",
            "ab",
            "memory",
            "_start",
            "12345678",
            "12345678\0",
            "123456789",
            "1234567\0",
            "12345679",
            "\u{7f}",
            "\u{80}",
            "a long name that goes on",
            "a long name",
        ];
        let by_name = ByName::new(names.into_iter());
        for (at, name) in names.iter().enumerate() {
            assert_eq!(by_name.find(name, |at| names[at]), Some(at), "{name:?}");
        }
        for name in [
            "b",
            "\0\0",
            "1234567",
            "123456780",
            "12345678\0\0",
            "a long name ",
            "memor",
        ] {
            assert_eq!(by_name.find(name, |at| names[at]), None, "{name:?}");
        }
    }
}
