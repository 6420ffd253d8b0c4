//! What the guest was refused and which grant would have allowed it, in one line each, for the
//! embedder to show when the guest fails.

use std::path::Path;

/// Hints that are kept; the first ones tell most.
const HINTS_MAX: usize = 16;
/// Bytes of a guest's path that a hint repeats.
const PATH_BYTES_MAX: usize = 200;

/// The hints of one guest.
#[derive(Debug, Default)]
pub(crate) struct Hints {
    lines: Vec<String>,
}

impl Hints {
    pub(crate) fn lines(&self) -> &[String] {
        &self.lines
    }

    fn push(&mut self, line: String) {
        if self.lines.len() < HINTS_MAX && !self.lines.contains(&line) {
            self.lines.push(line);
        }
    }

    /// A path led out of the granted directory `place`.
    pub(crate) fn escaped(&mut self, verb: &str, path: &Path, place: &str) {
        self.push(format!(
            "{verb} '{}': it is outside of '{place}', the granted directory it was looked up in; \
             grant its own with --dir HOST::GUEST",
            shown(path)
        ));
    }

    /// A change below the directory `place`, which is granted for reading only.
    pub(crate) fn read_only(&mut self, verb: &str, path: &Path, place: &str) {
        self.push(format!(
            "{verb} '{}': '{place}' is granted for reading only; grant it with --dir HOST::{place} \
             (without :ro) to allow changes",
            shown(path)
        ));
    }

    /// The guest wants connections from a descriptor that has none to give.
    pub(crate) fn no_listener(&mut self, fd: u32) {
        self.push(format!(
            "accept a connection on descriptor {fd}: no listening socket was handed over as it; \
             hand one over with --listen ADDRESS"
        ));
    }

    /// The guest looked for granted directories and there are none.
    pub(crate) fn no_directories(&mut self) {
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
        let mut hints = Hints::default();
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
        let mut hints = Hints::default();
        hints.no_directories();
        hints.no_directories();
        assert_eq!(hints.lines().len(), 1);
    }
}
