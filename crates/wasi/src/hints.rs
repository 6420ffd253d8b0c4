//! What the guest was refused and which grant would have allowed it, in one line each, for the
//! embedder to show when the guest fails.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Hints that are kept; the first ones tell most.
const HINTS_MAX: usize = 16;
/// Bytes of a guest's path that a hint repeats.
const PATH_BYTES_MAX: usize = 200;

/// The hints of one guest; clones are the same, for its threads.
#[derive(Debug, Default, Clone)]
pub(crate) struct Hints {
    lines: Arc<Mutex<Vec<String>>>,
}

impl Hints {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        // A line is there or not, whatever panicked.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, line: String) {
        let mut lines = self.lock();
        if lines.len() < HINTS_MAX && !lines.contains(&line) {
            lines.push(line);
        }
    }

    /// A path led out of the granted directory `place`.
    pub(crate) fn escaped(&self, verb: &str, path: &Path, place: &str) {
        self.push(format!(
            "{verb} '{}': it is outside of '{place}', the granted directory it was looked up in; \
             grant its own with --dir HOST::GUEST",
            shown(path)
        ));
    }

    /// A change below the directory `place`, which is granted for reading only.
    pub(crate) fn read_only(&self, verb: &str, path: &Path, place: &str) {
        self.push(format!(
            "{verb} '{}': '{place}' is granted for reading only; grant it with --dir HOST::{place} \
             (without :ro) to allow changes",
            shown(path)
        ));
    }

    /// The guest wants connections from a descriptor that has none to give.
    pub(crate) fn no_listener(&self, fd: u32) {
        self.push(format!(
            "accept a connection on descriptor {fd}: no listening socket was handed over as it; \
             hand one over with --listen ADDRESS"
        ));
    }

    /// The guest wants what would make runs differ.
    pub(crate) fn not_seeded(&self, wish: &str) {
        self.push(format!(
            "{wish}: a deterministic run has neither clocks nor randomness; \
             give it some that are the same each time with --seed NUMBER"
        ));
    }

    /// The guest looked for granted directories and there are none.
    pub(crate) fn no_directories(&self) {
        self.push(
            "the program looked for directories to work in and none is granted; \
             grant one with --dir HOST::GUEST"
                .to_owned(),
        );
    }
}

/// A guest's path fit for a line of text: control characters escaped, and not too long.
fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    let mut line: String = text.chars().flat_map(char::escape_debug).collect();
    if line.len() > PATH_BYTES_MAX {
        line.truncate(line.floor_char_boundary(PATH_BYTES_MAX));
        line.push_str("...");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_few_short_and_printable() {
        let hints = Hints::default();
        for count in 0..100 {
            hints.escaped(
                "open",
                Path::new(&format!("{count}\u{1b}[2J{}", "é".repeat(5000))),
                "/",
            );
        }
        assert_eq!(hints.lines().len(), HINTS_MAX);
        assert!(
            hints
                .lines()
                .iter()
                .all(|line| line.len() < 500 && !line.contains('\u{1b}'))
        );
    }

    #[test]
    fn the_same_hint_is_kept_once() {
        let hints = Hints::default();
        hints.no_directories();
        hints.no_directories();
        assert_eq!(hints.lines().len(), 1);
    }
}
