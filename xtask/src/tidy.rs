//! The checks that keep the house in order: walls between crates, and the habits of every source file.
//!
//! Each check is a file below; this one runs them all and collects what they say. They run under `cargo test` too, so
//! that no one can forget them.

mod budget;
mod docs;
mod rust;
mod sources;
mod walls;

use std::fs;
use std::path::{Path, PathBuf};

/// What the checks found.
#[derive(Default, Debug)]
pub struct Report {
    /// What must be mended, one line each.
    pub problems: Vec<String>,
    /// What deserves a look, one line each.
    pub remarks: Vec<String>,
    /// How many files were read.
    pub n_files: usize,
}

impl Report {
    fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }

    fn remark(&mut self, text: impl Into<String>) {
        self.remarks.push(text.into());
    }
}

/// Runs every check on the project in `root`.
///
/// # Errors
///
/// A file cannot be read, or cargo does not answer.
pub fn check(root: &Path) -> Result<Report, String> {
    let mut report = Report::default();
    let files = read_files(root)?;
    report.n_files = files.len();
    walls::check(root, &mut report)?;
    sources::check(&files, &mut report);
    docs::check(&files, &mut report);
    budget::check(root, &files, &mut report)?;
    Ok(report)
}

/// Writes the number of `unsafe` in each crate into the budget, as it is now.
///
/// # Errors
///
/// A file cannot be read or written.
pub fn write_unsafe_budget(root: &Path) -> Result<(), String> {
    budget::write(root, &read_files(root)?)
}

/// A text file of the project.
struct File {
    /// Below the root, with forward slashes.
    path: String,
    text: String,
}

impl File {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// All text files of the project, sorted by path; what is not UTF-8 is data and is left out.
fn read_files(root: &Path) -> Result<Vec<File>, String> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let at = root.join(&folder);
        let failed = |error| format!("cannot read {}: {error}", at.display());
        for entry in fs::read_dir(&at).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = folder.join(entry.file_name());
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                // Build output and what fuzzing keeps for itself are not sources.
                let skipped = ["target", ".git", "corpus", "artifacts", "node_modules"];
                if !skipped.iter().any(|name| entry.file_name() == *name) {
                    folders.push(path);
                }
            } else if kind.is_file()
                // In a second working tree this is a file that says where the repository is.
                && entry.file_name() != ".git"
                && let Ok(text) = fs::read_to_string(entry.path())
            {
                let path = path.to_string_lossy().replace('\\', "/");
                files.push(File { path, text });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_house_is_in_order() {
        let report = super::check(&crate::root()).unwrap();
        assert!(
            report.n_files > 20,
            "the project has more files than {}",
            report.n_files
        );
        assert!(
            report.problems.is_empty(),
            "\n{}\n",
            report.problems.join("\n")
        );
    }
}
