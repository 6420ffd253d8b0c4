//! The tests that may fail, each with its reason.
//!
//! Apart, because a failure that someone accepted is a fact about the project, kept where it can be read and counted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// One test a line: its name, a colon, the reason; `#` begins a comment.
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
        self.reasons.get(name).map(String::as_str)
    }

    /// The lines that name none of the tests. Lines for a group that is absent as a whole are left alone: its files are
    /// elsewhere.
    pub fn without_test<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<&str> {
        let names: BTreeSet<&str> = names.collect();
        let group = |name: &str| name.split('/').nth(1).unwrap_or_default().to_owned();
        let groups: BTreeSet<String> = names.iter().map(|name| group(name)).collect();
        let listed = self.reasons.keys().map(String::as_str);
        listed
            .filter(|name| !names.contains(name) && groups.contains(&group(name)))
            .collect()
    }
}
