//! The tests that may fail, each with its reason.
//!
//! Apart, because a failure that someone accepted is a fact about the project, kept where it can be read and counted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::suite::Ended;
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

    /// Rewrites the list so that it names only what still fails: lines of tests that passed go, and a line for all tiers of
    /// which only some passed becomes lines for those that did not.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written.
    pub fn forget_passed(path: &Path, ended: &[Ended]) -> Result<(), String> {
        let failed = |error| format!("cannot rewrite {}: {error}", path.display());
        let text = std::fs::read_to_string(path).map_err(failed)?;
        let passed: BTreeSet<&str> = ended
            .iter()
            .filter(|test| test.passed)
            .map(|test| test.name.as_str())
            .collect();
        let mut kept = String::new();
        for line in text.lines() {
            let (name, reason) = line.split_once(": ").unwrap_or((line, ""));
            let mut tiers = Tier::ALL
                .iter()
                .map(|tier| format!("{}/{name}", tier.name()))
                .partition::<Vec<_>, _>(|name| passed.contains(name.as_str()));
            if passed.contains(name) || tiers.1.is_empty() {
                continue;
            }
            if line.starts_with('#') || tiers.0.is_empty() {
                tiers.1 = vec![line.to_owned()];
            } else {
                tiers
                    .1
                    .iter_mut()
                    .for_each(|name| *name = format!("{name}: {reason}"));
            }
            for line in tiers.1 {
                kept.push_str(&line);
                kept.push('\n');
            }
        }
        std::fs::write(path, kept).map_err(failed)
    }

    /// The lines that name none of the tests. Lines for a group that is absent as a whole are left alone: its files are
    /// elsewhere.
    pub fn without_test<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<&str> {
        let names: BTreeSet<&str> = names.flat_map(|name| [name, without_tier(name)]).collect();
        let has_group = |line: &str| {
            let group = line.split('/').find(|part| {
                !["moving", "stress"].contains(part)
                    && Tier::ALL.iter().all(|tier| tier.name() != *part)
            });
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
