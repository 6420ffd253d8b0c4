//! The tests that may fail, each with its reason.
//!
//! Apart, because a failure that someone accepted is a fact about the project, kept where it can be read and counted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::tier::Tier;

/// One test a line: its name, a colon, the reason; `#` begins a comment. A name without its tier stands for all of them.
pub struct KnownFailures {
    reasons: BTreeMap<String, String>,
}

impl KnownFailures {
    /// Reads the list.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or a line has no reason.
    pub fn read(path: &Path) -> Result<KnownFailures, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let mut reasons = BTreeMap::new();
        for line in text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        {
            let reason = line
                .split_once(": ")
                .filter(|(_, reason)| !reason.trim().is_empty());
            let (name, reason) = reason.ok_or_else(|| {
                format!("known-failures.txt: expected `NAME: REASON`, found `{line}`")
            })?;
            reasons.insert(name.to_owned(), reason.to_owned());
        }
        Ok(KnownFailures { reasons })
    }

    /// Why a test may fail; none if it may not.
    pub fn reason(&self, name: &str) -> Option<&str> {
        let reason = self
            .reasons
            .get(name)
            .or_else(|| self.reasons.get(without_tier(name)));
        reason.map(String::as_str)
    }

    /// The lines that name none of the tests. Lines for a group that is absent as a whole are left alone: its files are
    /// elsewhere.
    pub fn without_test<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<&str> {
        let names: BTreeSet<&str> = names.flat_map(|name| [name, without_tier(name)]).collect();
        let has_group = |line: &str| {
            let group = line
                .split('/')
                .find(|part| Tier::ALL.iter().all(|tier| tier.name() != *part));
            let start = format!("{}/", group.unwrap_or_default());
            names.iter().any(|name| name.starts_with(&start))
        };
        let listed = self.reasons.keys().map(String::as_str);
        listed
            .filter(|line| !names.contains(line) && has_group(line))
            .collect()
    }
}

/// `spec/2.0/i32.wast` of `interp/spec/2.0/i32.wast`.
fn without_tier(name: &str) -> &str {
    name.split_once('/').map_or(name, |(_, rest)| rest)
}
