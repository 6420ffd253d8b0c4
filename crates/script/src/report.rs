//! What came of a script.

use std::fmt;
use std::path::PathBuf;

/// A script in which everything came as it must.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// Commands run, assertions included.
    pub commands: usize,
    /// Assertions that held.
    pub assertions: usize,
}

/// A command that did not do what it must.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The line of the command, from 1.
    pub line: usize,
    /// What was expected and what was found.
    pub message: String,
}

/// A script that could not be read, or in which something failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScriptError {
    /// The file, if one was named.
    pub path: Option<PathBuf>,
    /// What failed, in order.
    pub failures: Vec<Failure>,
    /// Assertions that held.
    pub assertions: usize,
}

/// Failures shown of one script.
const SHOWN_MAX: usize = 20;

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self
            .path
            .as_ref()
            .map_or_else(|| "script".into(), |path| path.display().to_string());
        for failure in self.failures.iter().take(SHOWN_MAX) {
            writeln!(f, "{path}:{}: {}", failure.line, failure.message)?;
        }
        if self.failures.len() > SHOWN_MAX {
            writeln!(f, "... and {} more", self.failures.len() - SHOWN_MAX)?;
        }
        write!(
            f,
            "{} failed, {} assertions held",
            self.failures.len(),
            self.assertions
        )
    }
}

impl std::error::Error for ScriptError {}
