//! The command-line tests of wasm-tools, with our commands in place of its own.
//!
//! They are used where cargo keeps the package's sources, because they are not ours. A file says in `;; RUN: ARGS` or `;; FAIL: ARGS`
//! what to run, and what that prints stands beside it. Of a run that must fail, we compare that it does, and the place in
//! the file if one is named: the words are everyone's own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::differences::Differences;
use crate::process::{self, Ran};
use crate::suite::{Test, files_below};
use crate::temporary::Temporary;

/// A command of theirs, and ours in its place.
struct Tool {
    theirs: &'static str,
    ours: &'static [&'static str],
    /// Options that are called otherwise here; by nothing if ours does the same without being asked.
    renamed: &'static [(&'static str, &'static str)],
}

/// The commands that are ours too. Other options are handed on as they are.
const TOOLS: &[Tool] = &[
    Tool {
        theirs: "print",
        ours: &["wasm2wat"],
        renamed: &[],
    },
    Tool {
        theirs: "parse",
        ours: &["wat2wasm", "--no-check"],
        renamed: &[],
    },
    Tool {
        theirs: "validate",
        ours: &["validate"],
        renamed: &[("-f", "--features"), ("-g", "")],
    },
    Tool {
        theirs: "addr2line",
        ours: &["addr2line"],
        renamed: &[],
    },
    Tool {
        theirs: "demangle",
        ours: &["demangle"],
        renamed: &[],
    },
];

/// The commands whose tests are not run, and why not.
const OTHERS: &[(&str, &str)] = &[
    ("component", "there is no tool for making components"),
    ("dump", "objdump shows bytes in a form of its own"),
    ("json-from-wast", "scripts are run as they are"),
    ("metadata", "ours has a form of its own"),
    ("objdump", "ours has a form of its own"),
    ("strip", "its effect is seen by dump and objdump"),
    ("wast", "the round trips read these files"),
    ("wat2wasm", "a second name of parse"),
    ("wit-dylib", "there is no tool for making components"),
];

/// Adds the tests, or says why there are none.
///
/// # Errors
///
/// A file cannot be read, calls a command that has no row, or the list of differences names what is no test.
pub fn collect(tests: &mut Vec<Test>) -> Result<(), String> {
    let Some(package) = package_folder("wasm-tools") else {
        println!(
            "skipped: the tests of wasm-tools' command line; cargo has not fetched the package"
        );
        return Ok(());
    };
    let differences = Differences::read()?;
    let mut names = Vec::new();
    for file in files_below(&package.join("tests/cli"))? {
        let ends = |end| file.extension().is_some_and(|has| has == end);
        if !(ends("wat") || ends("wit") || ends("wast")) {
            continue;
        }
        let path = Path::new("tests/cli").join(&file);
        let text = fs::read(package.join(&path))
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        // One file is not UTF-8, to see what is said then.
        for run in read_runs(&String::from_utf8_lossy(&text))
            .map_err(|message| format!("{}: {message}", path.display()))?
        {
            let label = match &*run.label {
                "" => String::new(),
                label => format!("[{label}]"),
            };
            let name = format!("wasm-tools/{}{label}", file.display());
            names.push(name.clone());
            if run.commands.iter().all(|command| command.ours.is_some()) {
                let (package, path) = (package.clone(), path.clone());
                tests.push(differences.test(&name, move || check(&package, &path, &run)));
            }
        }
    }
    differences.without_test("wasm-tools", &names)
}

/// Where cargo keeps the sources of a package that the suite depends on.
pub fn package_folder(name: &str) -> Option<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--offline", "--format-version", "1"])
        .current_dir(crate::suite::folder())
        .output()
        .ok()?;
    let metadata: Value = serde_json::from_slice(&output.stdout).ok()?;
    let packages = metadata.get("packages")?.as_array()?;
    let package = packages
        .iter()
        .find(|package| package.get("name").and_then(Value::as_str) == Some(name))?;
    let manifest = Path::new(package.get("manifest_path")?.as_str()?);
    manifest.parent().map(Path::to_owned)
}

/// One `RUN` or `FAIL` line.
struct Run {
    label: String,
    must_fail: bool,
    /// The commands that are joined by `|`.
    commands: Vec<Called>,
}

/// One command of it.
struct Called {
    env: Vec<(String, String)>,
    /// The arguments of our command; none if there is none that their tests could judge.
    ours: Option<Vec<String>>,
}

fn read_runs(text: &str) -> Result<Vec<Run>, String> {
    let mut lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("// ").or(line.strip_prefix(";; ")));
    let mut runs = Vec::new();
    while let Some(line) = lines.next() {
        let (rest, must_fail) = match (line.strip_prefix("RUN"), line.strip_prefix("FAIL")) {
            (Some(rest), _) => (rest, false),
            (_, Some(rest)) => (rest, true),
            _ => continue,
        };
        let (label, command) = match rest
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("]:"))
        {
            Some((label, command)) => (label, command),
            None => ("", rest.strip_prefix(':').ok_or("expected `:`")?),
        };
        let mut command = command.to_owned();
        while command.ends_with('\\') {
            command.pop();
            command.push_str(lines.next().unwrap_or_default());
        }
        let commands = command.split(" | ").map(read_command);
        runs.push(Run {
            label: label.to_owned(),
            must_fail,
            commands: commands.collect::<Result<_, _>>()?,
        });
    }
    Ok(runs)
}

fn read_command(command: &str) -> Result<Called, String> {
    let mut words: Vec<&str> = command.split_whitespace().collect();
    // Their runner sets it for all: text of components in its newer form alone.
    let mut env = vec![("WAST_STRICT_COMPONENT_INDICES".to_owned(), "1".to_owned())];
    let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    while let Some((name, value)) = words.first().and_then(|word| word.split_once('='))
        && is_name(name)
    {
        env.push((name.to_owned(), value.to_owned()));
        words.remove(0);
    }
    let begins = |theirs: &str| {
        let mut both = theirs.split(' ').zip(&words);
        both.all(|(a, b)| a == *b)
    };
    let Some(tool) = TOOLS.iter().find(|tool| begins(tool.theirs)) else {
        return match OTHERS.iter().any(|(theirs, _)| begins(theirs)) {
            true => Ok(Called { env, ours: None }),
            false => Err(format!("no row in golden.rs for the command `{command}`")),
        };
    };
    let rename = |arg: &str| {
        let row = tool.renamed.iter().find(|(theirs, _)| *theirs == arg);
        row.map_or(arg, |(_, ours)| ours).to_owned()
    };
    let args = words.iter().skip(tool.theirs.split(' ').count());
    let args = args.map(|arg| rename(arg)).filter(|arg| !arg.is_empty());
    let ours = tool.ours.iter().map(|arg| (*arg).to_owned()).chain(args);
    let ours = Some(ours.collect());
    Ok(Called { env, ours })
}

fn check(package: &Path, path: &Path, run: &Run) -> Result<(), String> {
    let tmp = Temporary::new()?;
    let tmp_path = tmp.path().to_string_lossy().into_owned();
    let mut input = Vec::new();
    let mut last = None;
    for (at, command) in run.commands.iter().enumerate() {
        let args = command.ours.iter().flatten();
        let args: Vec<String> = args
            .map(|arg| match arg.as_str() {
                "%" => path.to_string_lossy().into_owned(),
                arg => arg.replace("%tmpdir", &tmp_path),
            })
            .collect();
        let ran = process::wharf(&args, package, &command.env, Some(&input))?;
        let must_fail = run.must_fail && at + 1 == run.commands.len();
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        match (ran.code, must_fail) {
            (Some(0), false) | (Some(1 | 2), true) => {}
            (Some(code), _) => {
                return Err(format!("`{}`: exit code {code}\n{said}", args.join(" ")));
            }
            (None, _) => return Err(format!("`{}`: killed by a signal\n{said}", args.join(" "))),
        }
        input.clone_from(&ran.stdout);
        last = Some(ran);
    }
    let ran = last.ok_or("no command")?;
    let label = match &*run.label {
        "" => String::new(),
        label => format!(".{label}"),
    };
    let beside = |end: &str| {
        let file = package.join(format!("{}{label}.{end}", path.display()));
        fs::read_to_string(file).unwrap_or_default()
    };
    let shown = |ran: &Ran| {
        let text = String::from_utf8_lossy(&ran.stdout).replace(&tmp_path, "%tmpdir");
        // Their runner does this to what it expects.
        text.replace('\\', "/").trim_end().to_owned()
    };
    if run.must_fail {
        return check_place(&beside("stderr"), &String::from_utf8_lossy(&ran.stderr));
    }
    crate::expect::compare("stdout", beside("stdout").trim_end(), &shown(&ran))
}

/// Compares the first place that two messages name, as `FILE:LINE:COLUMN`, if the expected one names one.
fn check_place(expected: &str, actual: &str) -> Result<(), String> {
    let place = |text: &str| {
        text.split_whitespace().find_map(|word| {
            let mut numbers = word.rsplitn(3, ':').take(2);
            let column: usize = numbers.next()?.parse().ok()?;
            let line: usize = numbers.next()?.parse().ok()?;
            Some((line, column))
        })
    };
    match place(expected) {
        Some(expected) if Some(expected) != place(actual) => Err(format!(
            "expected a fault at {}:{}, found\n{actual}",
            expected.0, expected.1
        )),
        _ => Ok(()),
    }
}
