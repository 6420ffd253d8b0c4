//! Compares what came out with a file, or rewrites the file.
//!
//! Apart, because every kind that keeps outputs keeps them the same way.

use std::fs;
use std::path::Path;

/// Whether expected outputs are being rewritten.
pub fn is_updating() -> bool {
    std::env::var_os("UPDATE").is_some_and(|value| value == "1")
}

/// Compares `actual` with a file; an absent file expects nothing. When updating, makes it so.
///
/// # Errors
///
/// They differ: the message shows the first line that does, and how to accept it.
pub fn check(path: &Path, actual: &str) -> Result<(), String> {
    let expected = fs::read_to_string(path).unwrap_or_default();
    if expected == actual {
        return Ok(());
    }
    if is_updating() {
        let written = if actual.is_empty() {
            fs::remove_file(path)
        } else {
            fs::write(path, actual)
        };
        return written.map_err(|error| format!("cannot write {}: {error}", path.display()));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Err(format!(
        "{name} differs:\n{}\nto accept it: UPDATE=1 cargo test",
        difference(&expected, actual)
    ))
}

/// Compares what came out with what another project expects, which is never rewritten.
///
/// # Errors
///
/// They differ: the message shows the first lines that do.
pub fn compare(what: &str, expected: &str, actual: &str) -> Result<(), String> {
    match expected == actual {
        true => Ok(()),
        false => Err(format!("{what} differs:\n{}", difference(expected, actual))),
    }
}

/// The lines where two texts differ, a few of each, after what they have in common.
fn difference(expected: &str, actual: &str) -> String {
    const SHOWN: usize = 12;
    let (old, new): (Vec<_>, Vec<_>) = (expected.lines().collect(), actual.lines().collect());
    let n_same = old
        .iter()
        .zip(&new)
        .take_while(|(old, new)| old == new)
        .count();
    let n_same_end = old[n_same..].iter().rev().zip(new[n_same..].iter().rev());
    let n_same_end = n_same_end.take_while(|(old, new)| old == new).count();
    let mut shown = format!("  after {n_same} equal lines\n");
    for (mark, lines) in [('-', &old), ('+', &new)] {
        let differing = &lines[n_same..lines.len() - n_same_end];
        for line in differing.iter().take(SHOWN) {
            shown.push_str(&format!("  {mark} {line}\n"));
        }
        if differing.len() > SHOWN {
            shown.push_str(&format!(
                "  {mark} … {} more lines\n",
                differing.len() - SHOWN
            ));
        }
    }
    if expected.lines().eq(actual.lines()) {
        shown.push_str("  only the newline at the end\n");
    }
    shown
}
