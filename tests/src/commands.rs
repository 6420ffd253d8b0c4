//! Tests that are command lines: `tests/cli`, `tests/errors` and `tests/programs`.
//!
//! A `.wat` or `.txt` file says in comments what to run; what that prints stands beside it:
//!
//! ```text
//! ;; RUN: run --invoke add % 1 2          the arguments of `wharf`; output in FILE.stdout and FILE.stderr
//! ;; RUN[mul]: run --invoke mul % 3 4     a second run of the same file: FILE.mul.stdout
//! ;; EXIT[mul]: 134                       the exit code, if not 0
//! ;; LINES: 1                             compare only so many lines of standard error
//! ;; STDIN: %                             the file that the command reads from standard input
//! ;; ENV: COLOR=red                       the only variables it has
//! ```
//!
//! `A && B` runs B after A if A succeeded. A command that begins with `@NAME` is called by that name, as through a symbolic link. `%` is the test's own file, `%dir` its folder, `%tmp` a folder that exists for this test only. A command that says
//! `%tier` runs on every tier and prints the same on all of them.

use std::fs;
use std::path::Path;

use crate::suite::{Test, files_below, folder};
use crate::temporary::Temporary;
use crate::tier::Tier;
use crate::{expect, process};

/// The folders of the suite that hold such files.
const FOLDERS: &[&str] = &["cli", "errors", "programs"];

/// Adds the tests of all these folders.
///
/// # Errors
///
/// A folder or file cannot be read, or a header line makes no sense.
pub fn collect(tests: &mut Vec<Test>) -> Result<(), String> {
    for name in FOLDERS {
        for file in files_below(&folder().join(name))? {
            if !matches!(
                file.extension().and_then(|end| end.to_str()),
                Some("wat" | "txt")
            ) {
                continue;
            }
            let path = folder().join(name).join(&file);
            let text = fs::read_to_string(&path)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            let shown = format!("{name}/{}", file.display());
            for run in read_runs(&text).map_err(|message| format!("{shown}: {message}"))? {
                add(tests, &shown, &path, &run);
            }
        }
    }
    Ok(())
}

fn add(tests: &mut Vec<Test>, shown: &str, path: &Path, run: &Run) {
    let uses_tier = run.commands.iter().flatten().any(|arg| arg == "%tier");
    let tiers: Vec<Option<Tier>> = if uses_tier {
        Tier::ALL.iter().copied().map(Some).collect()
    } else {
        vec![None]
    };
    for tier in tiers {
        let label = if run.label.is_empty() {
            String::new()
        } else {
            format!("[{}]", run.label)
        };
        let name = format!("{}/{shown}{label}", tier.map_or("any", Tier::name));
        let (path, run) = (path.to_owned(), run.clone());
        tests.push(Test::new(name, move || check(&path, &run, tier)));
    }
}

/// One command line with what it is given.
#[derive(Clone, Default)]
struct Run {
    /// Empty for the only or first run of a file.
    label: String,
    /// The arguments of each command, one after the other.
    commands: Vec<Vec<String>>,
    code: i32,
    stderr_lines_max: usize,
    stdin: Option<String>,
    env: Vec<(String, String)>,
}

/// Reads the header lines of a file, in the order of its runs.
fn read_runs(text: &str) -> Result<Vec<Run>, String> {
    let mut runs: Vec<Run> = Vec::new();
    for line in text.lines() {
        let Some(line) = line.strip_prefix(";;").or_else(|| line.strip_prefix('#')) else {
            continue;
        };
        let Some((key, value)) = line.trim().split_once(": ") else {
            continue;
        };
        let (key, label) = match key.strip_suffix(']').and_then(|key| key.split_once('[')) {
            Some((key, label)) => (key, label),
            None => (key, ""),
        };
        if key == "RUN" {
            let words = |command: &str| command.split_whitespace().map(str::to_owned).collect();
            let commands = value.split("&&").map(words).collect();
            runs.push(Run {
                label: label.to_owned(),
                commands,
                stderr_lines_max: usize::MAX,
                ..Run::default()
            });
            continue;
        }
        if !matches!(key, "EXIT" | "LINES" | "STDIN" | "ENV") {
            continue;
        }
        let run = runs.iter_mut().find(|run| run.label == label);
        let run = run.ok_or_else(|| format!("{key}[{label}] stands before its RUN"))?;
        match key {
            "EXIT" => run.code = value.trim().parse().map_err(|_| format!("EXIT: {value}"))?,
            "LINES" => {
                let lines = value.trim().parse();
                run.stderr_lines_max = lines.map_err(|_| format!("LINES: {value}"))?;
            }
            "STDIN" => run.stdin = Some(value.trim().to_owned()),
            _ => {
                let (name, value) = value
                    .split_once('=')
                    .ok_or_else(|| format!("ENV: {value}"))?;
                run.env.push((name.to_owned(), value.to_owned()));
            }
        }
    }
    if runs.is_empty() {
        Err("expected a line `RUN: ARGS`".to_owned())
    } else {
        Ok(runs)
    }
}

fn check(path: &Path, run: &Run, tier: Option<Tier>) -> Result<(), String> {
    let folder = path.parent().expect("a test file lies in a folder");
    let file = path
        .file_name()
        .expect("a test file has a name")
        .to_string_lossy();
    let tmp = Temporary::new()?;
    let replace = |arg: &str| {
        let arg = arg.replace("%tier", tier.map_or("auto", Tier::name));
        let arg = arg
            .replace("%tmp", &tmp.path().to_string_lossy())
            .replace("%dir", ".");
        arg.replace('%', &file)
    };
    let stdin = match &run.stdin {
        Some(name) => {
            fs::read(folder.join(replace(name))).map_err(|error| format!("{name}: {error}"))?
        }
        None => Vec::new(),
    };
    let (mut stdout, mut stderr, mut code) = (String::new(), String::new(), Some(0));
    for args in &run.commands {
        let args: Vec<String> = args.iter().map(|arg| replace(arg)).collect();
        let (name, args) = match args.split_first() {
            Some((first, rest)) if first.starts_with('@') => (&first[1..], rest),
            _ => ("wharf", &args[..]),
        };
        let ran = process::called_as(name, args, folder, &run.env, Some(&stdin))?;
        // The folder's name differs in every run.
        let shown = |bytes: &[u8]| {
            String::from_utf8_lossy(bytes).replace(&*tmp.path().to_string_lossy(), "%tmp")
        };
        stdout.push_str(&shown(&ran.stdout));
        stderr.push_str(&shown(&ran.stderr));
        code = ran.code;
        if code != Some(0) {
            break;
        }
    }
    if code != Some(run.code) {
        let code = code.map_or("a signal".to_owned(), |code| code.to_string());
        return Err(format!(
            "expected exit code {}, found {code}\n{stdout}{stderr}",
            run.code
        ));
    }
    let stderr: String = stderr
        .split_inclusive('\n')
        .take(run.stderr_lines_max)
        .collect();
    let label = if run.label.is_empty() {
        String::new()
    } else {
        format!(".{}", run.label)
    };
    expect::check(&folder.join(format!("{file}{label}.stdout")), &stdout)?;
    expect::check(&folder.join(format!("{file}{label}.stderr")), &stderr)
}
