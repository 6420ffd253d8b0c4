//! Where we differ from other projects' tests, each with its reason.
//!
//! Apart from `known`, whose tests are meant to pass some day: these are not, and a line may stand for many.

use std::path::Path;
use std::sync::Arc;

use crate::suite::{Test, folder};

/// One pattern a line: the name of a test, in which `*` stands for anything, a colon, the reason; `#` begins a comment.
pub struct Differences {
    /// Patterns and reasons.
    lines: Vec<(String, String)>,
}

impl Differences {
    /// Reads `tests/golden-differences.txt`.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or a line has no reason.
    pub fn read() -> Result<Arc<Differences>, String> {
        Differences::from_file(&folder().join("golden-differences.txt")).map(Arc::new)
    }

    fn from_file(path: &Path) -> Result<Differences, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let is_line = |line: &&str| !line.starts_with('#') && !line.trim().is_empty();
        let mut lines = Vec::new();
        for line in text.lines().filter(is_line) {
            let (pattern, reason) = line
                .split_once(": ")
                .filter(|(_, reason)| !reason.trim().is_empty())
                .ok_or_else(|| {
                    format!(
                        "{}: expected `NAME: REASON`, found `{line}`",
                        path.display()
                    )
                })?;
            lines.push((pattern.to_owned(), reason.to_owned()));
        }
        Ok(Differences { lines })
    }

    /// Why a test differs; none if it does not.
    pub fn reason(&self, name: &str) -> Option<&str> {
        let line = self
            .lines
            .iter()
            .find(|(pattern, _)| matches(pattern, name));
        line.map(|(_, reason)| reason.as_str())
    }

    /// The test of another project of this name (`PROJECT/FILE[RUN]`): one with a reason to differ must differ.
    pub fn test(
        self: &Arc<Self>,
        name: &str,
        run: impl FnOnce() -> Result<(), String> + Send + 'static,
    ) -> Test {
        let (differences, inner) = (self.clone(), name.to_owned());
        Test::new(format!("any/{name}"), move || {
            match (run(), differences.reason(&inner)) {
                (Ok(()), Some(reason)) => Err(format!(
                    "passes, though tests/golden-differences.txt says that it differs: {reason}"
                )),
                (Ok(()), None) | (Err(_), Some(_)) => Ok(()),
                (Err(message), None) => Err(message),
            }
        })
    }

    /// Refuses patterns that begin with `project/` and match none of these names. Those for a folder that is absent as a whole are
    /// left alone: its files are elsewhere.
    ///
    /// # Errors
    ///
    /// Which there are.
    pub fn without_test(&self, project: &str, names: &[String]) -> Result<(), String> {
        let unknown = self
            .lines
            .iter()
            .map(|(pattern, _)| pattern.as_str())
            .filter(|pattern| pattern.split('/').next() == Some(project))
            .filter(|pattern| {
                let folder = pattern
                    .match_indices('/')
                    .nth(1)
                    .map_or(0, |(at, _)| at + 1);
                names
                    .iter()
                    .any(|name| name.starts_with(&pattern[..folder]))
                    && !names.iter().any(|name| matches(pattern, name))
            });
        let unknown: Vec<&str> = unknown.collect();
        match unknown.is_empty() {
            true => Ok(()),
            false => Err(format!(
                "golden-differences.txt lists what is no test: {}",
                unknown.join(", ")
            )),
        }
    }
}

/// Whether a name is what a pattern says, in which `*` stands for anything.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last)
}
