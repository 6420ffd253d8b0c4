//! What the documents must hold: names in ARCHITECTURE.md exist, and each crate and dependency has its sentence.
//!
//! Apart from the sources' own habits, because prose goes stale in another way than code: nothing fails to compile.

use super::rust::{code_only, count_word};
use super::{File, Report};

const MAP: &str = "ARCHITECTURE.md";

/// Its table has a row for each outside package, or for several that belong together.
const RATIONALE: &str = "docs/rationale.md";

/// A map that is longer is no map.
const MAP_LINES_MAX: usize = 200;

/// Words that may stand before a name where it is defined.
const DEFINING: &[&str] = &[
    "fn", "struct", "enum", "trait", "mod", "const", "static", "type", "union",
];

/// Checks the map against the sources and the folders of `crates/`.
pub fn check(files: &[File], report: &mut Report) {
    check_dependencies(files, report);
    let Some(map) = files.iter().find(|file| file.path == MAP) else {
        report.problem(format!("{MAP} is missing"));
        return;
    };
    let n_lines = map.text.lines().count();
    if n_lines > MAP_LINES_MAX {
        report.problem(format!(
            "{MAP} has {n_lines} lines, more than {MAP_LINES_MAX}"
        ));
    }
    for name in crate_names(files) {
        if !map.text.contains(&format!("**`{name}`**")) {
            report.problem(format!(
                "{MAP} does not say what crate {name} is and what it must never know"
            ));
        }
    }
    for path in named_paths(&map.text) {
        if !is_defined(path, files) {
            report.problem(format!("{MAP} names `{path}`, which is not defined there"));
        }
    }
}

/// Every package that we stand on says in the rationale why, and nothing else does.
fn check_dependencies(files: &[File], report: &mut Report) {
    let text = |path: &str| {
        files
            .iter()
            .find(|file| file.path == path)
            .map_or("", |file| &file.text)
    };
    let rows = text(RATIONALE)
        .lines()
        .filter_map(|line| line.strip_prefix("| "));
    let explained: Vec<&str> = rows
        .filter_map(|row| row.split(" | ").next())
        .flat_map(|names| names.split(", "))
        .collect();
    let manifest = text("Cargo.toml");
    let section = manifest
        .split_once("[workspace.dependencies]")
        .map_or("", |(_, rest)| rest);
    let section = section.split("\n[").next().unwrap_or_default();
    let names: Vec<&str> = section
        .lines()
        .filter(|line| !line.starts_with('#') && !line.contains("path = "))
        .filter_map(|line| Some(line.split_once(" = ")?.0))
        .collect();
    for name in names.iter().filter(|name| !explained.contains(name)) {
        report.problem(format!("{RATIONALE} does not say why we stand on {name}"));
    }
    for name in explained
        .iter()
        .filter(|name| **name != "package" && !names.contains(name))
    {
        report.problem(format!(
            "{RATIONALE} explains {name}, which nothing depends on"
        ));
    }
}

fn crate_names(files: &[File]) -> Vec<&str> {
    let manifests = files
        .iter()
        .filter_map(|file| file.path.strip_suffix("/Cargo.toml"));
    manifests
        .filter_map(|folder| folder.strip_prefix("crates/"))
        .collect()
}

/// The paths between backticks, such as `module::decode`.
fn named_paths(text: &str) -> Vec<&str> {
    let is_path = |span: &&str| {
        span.contains("::")
            && span
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':'))
    };
    text.split('`').skip(1).step_by(2).filter(is_path).collect()
}

/// Whether the crate that a path begins with defines the name it ends with, and each type between them.
fn is_defined(path: &str, files: &[File]) -> bool {
    let mut names = path.split("::");
    let start = format!("crates/{}/", names.next().unwrap_or_default());
    let sources: Vec<String> = files
        .iter()
        .filter(|file| file.is_rust() && file.path.starts_with(&start))
        .map(|file| code_only(&file.text))
        .collect();
    names.all(|name| {
        let is_here = |word: &str| sources.iter().any(|code| defines(code, word, name));
        // What a macro defines is seen where the crate's root hands it on.
        let is_handed_on = sources
            .iter()
            .any(|code| code.contains(&format!("::{name};")));
        is_handed_on || DEFINING.iter().copied().any(is_here)
    })
}

fn defines(code: &str, word: &str, name: &str) -> bool {
    count_word(code, name) > 0
        && code
            .match_indices(&format!("{word} {name}"))
            .any(|(at, found)| {
                let before = code[..at].chars().next_back();
                let after = code[at + found.len()..].chars().next();
                let is_end =
                    |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '_');
                is_end(before) && is_end(after)
            })
}

#[cfg(test)]
mod tests {
    use super::{File, Report, check};

    fn check_map(map: &str) -> usize {
        check_both(map, "clap")
    }

    fn check_both(map: &str, packages: &str) -> usize {
        let file = |path: &str, text: &str| File {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        let files = [
            file("ARCHITECTURE.md", map),
            file("crates/ops/Cargo.toml", ""),
            file(
                "Cargo.toml",
                "[workspace.dependencies]\nops = { path = \"x\" }\nclap = \"4\"\n[x]\ny = 1",
            ),
            file(
                "docs/rationale.md",
                &format!("| package | for |\n|---|---|\n| {packages} | arguments |\n"),
            ),
            file(
                "crates/ops/src/lib.rs",
                "//! Ops.\npub struct Row;\nimpl Row { pub fn eval(&self) {} }",
            ),
        ];
        let mut report = Report::default();
        check(&files, &mut report);
        report.problems.len()
    }

    #[test]
    fn names_must_exist() {
        assert_eq!(
            check_map("**`ops`** holds `ops::Row::eval` and `Row`; `cargo test` and `.wat`"),
            0
        );
        assert_eq!(check_map("**`ops`** holds `ops::Rows`"), 1);
        assert_eq!(check_map("**`ops`** holds `ops::Row::evaluate`"), 1);
        assert_eq!(check_map("`ops::Row`"), 1);
        assert_eq!(check_map(&format!("**`ops`**{}", "\n".repeat(201))), 1);
    }

    #[test]
    fn dependencies_must_be_explained() {
        assert_eq!(check_both("**`ops`**", "clap, rayon"), 1);
        assert_eq!(check_both("**`ops`**", "rayon"), 2);
    }
}
