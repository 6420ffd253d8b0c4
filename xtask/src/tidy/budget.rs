//! How much `unsafe` each crate may hold, and that all others refuse it.
//!
//! The numbers stand in a file of their own, so that a change that adds to them shows it to its reader.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::rust::{code_only, count_word};
use super::{File, Report};

/// One crate a line: its folder, a space, how often it says `unsafe`.
const BUDGET: &str = "xtask/unsafe-budget.txt";

const BUDGET_HEAD: &str = "\
# How often each crate says `unsafe`, outside comments. A number here may only grow together with the code that needs it,
# in one change; `cargo xtask tidy --bless` writes it. Crates that are not listed carry #![forbid(unsafe_code)].
";

/// The crates that may hold `unsafe` at all.
const MAY: &[&str] = &["sys", "gc", "runtime"];

/// Compares what the sources say with the budget, and looks for the lint in every other crate root.
pub fn check(root: &Path, files: &[File], report: &mut Report) -> Result<(), String> {
    let budget = read(root)?;
    let counts = count(files);
    for (name, &n) in &counts {
        let allowed = budget.get(name.as_str()).copied().unwrap_or(0);
        if n > allowed {
            report.problem(format!(
                "crate {name} says `unsafe` {n} times, {BUDGET} allows {allowed}: `cargo xtask tidy --bless` if it must be"
            ));
        } else if n < allowed {
            report.remark(format!(
                "crate {name} says `unsafe` {n} times, {BUDGET} still allows {allowed}"
            ));
        }
    }
    for file in files {
        let is_root = file.path.ends_with("/src/lib.rs")
            || file.path.ends_with("/src/main.rs")
            || matches!(file.path.as_str(), "tests/lib.rs" | "tests/main.rs");
        let is_ours = crate_of(&file.path).is_some_and(|name| !MAY.contains(&name));
        if is_root && is_ours && !code_only(&file.text).contains("#![forbid(unsafe_code)]") {
            report.problem(format!("{}: expected #![forbid(unsafe_code)]", file.path));
        }
    }
    Ok(())
}

/// Writes the budget as the sources are now.
pub fn write(root: &Path, files: &[File]) -> Result<(), String> {
    let mut text = BUDGET_HEAD.to_owned();
    for (name, n) in count(files)
        .iter()
        .filter(|(name, _)| MAY.contains(&name.as_str()))
    {
        text.push_str(&format!("{name} {n}\n"));
    }
    fs::write(root.join(BUDGET), text).map_err(|error| format!("cannot write {BUDGET}: {error}"))
}

fn read(root: &Path) -> Result<BTreeMap<String, usize>, String> {
    let text = fs::read_to_string(root.join(BUDGET))
        .map_err(|error| format!("cannot read {BUDGET}: {error}"))?;
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines
        .map(|line| {
            let (name, n) = line
                .split_once(' ')
                .ok_or_else(|| format!("{BUDGET}: {line}"))?;
            let n = n
                .trim()
                .parse()
                .map_err(|_| format!("{BUDGET}: expected a number: {line}"))?;
            Ok((name.to_owned(), n))
        })
        .collect()
}

fn count(files: &[File]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        if let Some(name) = crate_of(&file.path) {
            *counts.entry(name.to_owned()).or_default() +=
                count_word(&code_only(&file.text), "unsafe");
        }
    }
    counts
}

/// The crate a source file belongs to; fuzzing and benchmarks lie outside the workspace and are their own affair.
fn crate_of(path: &str) -> Option<&str> {
    match path.split('/').collect::<Vec<_>>()[..] {
        ["crates", name, ..] => Some(name),
        [name @ ("xtask" | "tests" | "examples"), ..] => Some(name),
        _ => None,
    }
}
