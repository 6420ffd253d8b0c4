//! The habits of every file: heads, names, sizes, no leftovers, nothing of one developer's machine.
//!
//! Apart from the walls, because these read the text of files and know nothing of packages.

use super::rust::{code_only, count_word};
use super::{File, Report};

/// Longer files deserve a look.
const LINES_REMARKED: usize = 500;

/// Longer files need a line with a reason in [`LONG_FILES`].
const LINES_MAX: usize = 800;

/// Files that may be long, one path a line with the reason after it.
const LONG_FILES: &str = "xtask/long-files.txt";

/// Macros that only unfinished code contains.
const LEFTOVER_MACROS: &[&str] = &["todo", "unimplemented", "dbg"];

/// Comments that promise instead of saying.
const LEFTOVER_WORDS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];

/// Beginnings of paths that exist on one machine only. Written in halves, so that this file does not find itself.
const MACHINE_PATHS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/tmp/tar", "get"),
    concat!("/tmp/br", "ief"),
    concat!("/opt/pe", "ers"),
    concat!("/opt/cor", "pora"),
];

/// Hosts and settings that say from where someone downloads packages: no affair of the project.
const REGISTRY_HOSTS: &[&str] = &[
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("registry.npm", "js.org"),
    concat!("files.python", "hosted.org"),
    concat!("proxy.go", "lang.org"),
    concat!("replace-", "with ="),
];

/// Checks every file, then the things that only show in all files together.
pub fn check(files: &[File], report: &mut Report) {
    let long = files
        .iter()
        .find(|file| file.path == LONG_FILES)
        .map_or("", |file| &file.text);
    for file in files {
        check_places(file, report);
        if file.is_rust() {
            check_rust(file, report);
            check_length(file, long, report);
            check_is_reached(file, files, report);
        }
    }
}

fn check_places(file: &File, report: &mut Report) {
    for (number, line) in file.text.lines().enumerate() {
        for path in MACHINE_PATHS {
            // A guest's path may look like this too, but then something stands before it.
            let alone = |at: usize| {
                line[..at]
                    .chars()
                    .next_back()
                    .is_none_or(|c| !c.is_ascii_alphanumeric() && c != '.')
            };
            if line.match_indices(path).any(|(at, _)| alone(at)) {
                report.problem(format!(
                    "{}:{}: a machine's own path: {path}",
                    file.path,
                    number + 1
                ));
            }
        }
        for host in REGISTRY_HOSTS {
            if line.contains(host) {
                report.problem(format!(
                    "{}:{}: a package registry: {host}",
                    file.path,
                    number + 1
                ));
            }
        }
    }
}

fn check_rust(file: &File, report: &mut Report) {
    let path = &file.path;
    let head = file.text.lines().next().unwrap_or_default();
    if !head.starts_with("//! ") {
        report.problem(format!(
            "{path}: expected `//!` and a sentence in the first line: what this file is"
        ));
    } else if head.contains("(being written)") {
        report.problem(format!(
            "{path}: its first line does not say yet what the file is"
        ));
    }
    if path.ends_with("/mod.rs") {
        report.problem(format!(
            "{path}: expected the name of its folder, as in `foo.rs` beside `foo/`"
        ));
    }
    let code = code_only(&file.text);
    for name in LEFTOVER_MACROS {
        if code.contains(&format!("{name}!")) && count_word(&code, name) > 0 {
            report.problem(format!("{path}: {name}! marks unfinished code"));
        }
    }
    for word in LEFTOVER_WORDS {
        if count_word(&file.text, word) > 0 {
            report.problem(format!(
                "{path}: a comment says {word}; write an issue or do it"
            ));
        }
    }
}

fn check_length(file: &File, long_files: &str, report: &mut Report) {
    let n_lines = file.text.lines().count();
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let is_test = name == "tests.rs" || file.path.contains("/tests/");
    let has_reason = long_files
        .lines()
        .filter_map(|line| line.split_once(' '))
        .any(|(path, reason)| path == file.path && !reason.trim().is_empty());
    if is_test || has_reason {
        return;
    }
    if n_lines > LINES_MAX {
        report.problem(format!(
            "{}: {n_lines} lines, more than {LINES_MAX}: divide it, or say why not in {LONG_FILES}",
            file.path
        ));
    } else if n_lines > LINES_REMARKED {
        report.remark(format!(
            "{}: {n_lines} lines: two subjects, or one?",
            file.path
        ));
    }
}

/// A source file that no `mod` names is compiled by no one.
fn check_is_reached(file: &File, files: &[File], report: &mut Report) {
    let Some((package, inner)) = file.path.split_once("/src/") else {
        return;
    };
    if inner.starts_with("bin/") || matches!(inner, "lib.rs" | "main.rs") {
        return;
    }
    let (folder, name) = inner.rsplit_once('/').unwrap_or(("", inner));
    let module = name.trim_end_matches(".rs");
    let parents = match folder {
        "" => vec![
            format!("{package}/src/lib.rs"),
            format!("{package}/src/main.rs"),
        ],
        folder => vec![format!("{package}/src/{folder}.rs")],
    };
    let names_it = |parent: &File| {
        let code = code_only(&parent.text);
        code.contains(&format!("mod {module};")) || parent.text.contains(&format!("{module}.rs\""))
    };
    if !files
        .iter()
        .any(|parent| parents.contains(&parent.path) && names_it(parent))
    {
        report.problem(format!(
            "{}: no `mod {module};` in {}",
            file.path,
            parents.join(" or ")
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::{File, Report, check};

    /// Checks one file of a crate whose root names it.
    fn check_one(path: &str, text: &str) -> Vec<String> {
        let root = "//! Root.\nmod a;\n";
        let files = [
            File {
                path: "crates/x/src/lib.rs".to_owned(),
                text: root.to_owned(),
            },
            File {
                path: path.to_owned(),
                text: text.to_owned(),
            },
        ];
        let mut report = Report::default();
        check(&files, &mut report);
        report.problems
    }

    #[test]
    fn good_files_pass() {
        let text = "//! What.\nfn f() { g(\"todo!\"); } // see ./work/here\n";
        assert_eq!(check_one("crates/x/src/a.rs", text), [""; 0]);
    }

    #[test]
    fn each_fault_is_found() {
        let path = concat!("/wo", "rk/main");
        for text in [
            "fn f() {}",
            "//! What.\nfn f() { todo!() }",
            concat!("//! What.\n// TO", "DO later"),
            &format!("//! What.\nconst P: &str = \"{path}\";"),
            concat!("//! What.\n// from registry.npm", "js.org"),
            &format!("//! What.\n{}", "\n".repeat(801)),
        ] {
            let problems = check_one("crates/x/src/a.rs", text);
            assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        }
        assert_eq!(check_one("crates/x/src/b.rs", "//! Unreached.").len(), 1);
        assert_eq!(check_one("tests/mod.rs", "//! Old style.").len(), 1);
    }
}
