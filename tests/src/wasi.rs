//! The official WASI programs, where `WHARF_WASI_TESTSUITE` names a checkout of them.
//!
//! They are `WebAssembly/wasi-testsuite`, branch `prod/testsuite-base`: each program may have a `.json` file beside it that
//! says how it is run and what it must do. Used in place, because they are many megabytes that are not ours. Beside them
//! those of `WebAssembly/wasi-threads`, of which `WHARF_WASI_THREADS` names a checkout.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::process;
use crate::suite::Test;
use crate::temporary::Temporary;
use crate::tier::Tier;

/// Names the checkout.
const VARIABLE: &str = "WHARF_WASI_TESTSUITE";

/// Names the checkout of the programs with threads.
const VARIABLE_THREADS: &str = "WHARF_WASI_THREADS";

/// The folders of WASI 0.1 programs below the checkout, by the language they were written in.
const LANGUAGES: &[&str] = &["assemblyscript", "c", "rust"];

/// Adds every program on every tier, or says why there are none.
///
/// # Errors
///
/// The checkout is not what it should be.
pub fn collect(tests: &mut Vec<Test>) -> Result<(), String> {
    if let Some(checkout) = checkout(VARIABLE, "WASI programs") {
        for language in LANGUAGES {
            let folder = checkout
                .join("tests")
                .join(language)
                .join("testsuite/wasm32-wasip1");
            add(
                tests,
                &format!("wasi/{language}"),
                &programs(VARIABLE, &folder, "wasm")?,
            );
        }
    }
    if let Some(checkout) = checkout(VARIABLE_THREADS, "programs of wasi-threads") {
        let folder = checkout.join("test/testsuite");
        add(
            tests,
            "threads",
            &programs(VARIABLE_THREADS, &folder, "wat")?,
        );
    }
    Ok(())
}

/// The checkout that a variable names; says what is left out without it.
fn checkout(variable: &str, what: &str) -> Option<PathBuf> {
    let checkout = std::env::var_os(variable);
    if checkout.is_none() {
        println!("skipped: the official {what}; {variable} names no checkout of them");
    }
    checkout.map(PathBuf::from)
}

/// The programs in a folder.
fn programs(variable: &str, folder: &Path, extension: &str) -> Result<Vec<PathBuf>, String> {
    let failed = |error| format!("{variable}: cannot read {}: {error}", folder.display());
    let mut programs = Vec::new();
    for entry in folder.read_dir().map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|end| end == extension) {
            programs.push(path);
        }
    }
    programs.sort();
    Ok(programs)
}

/// Adds programs on every tier.
fn add(tests: &mut Vec<Test>, group: &str, programs: &[PathBuf]) {
    for program in programs {
        let stem = program
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        for &tier in Tier::ALL {
            let name = format!("{}/{group}/{stem}", tier.name());
            let program = program.clone();
            tests.push(Test::new(name, move || check(&program, tier)));
        }
    }
}

fn check(program: &Path, tier: Tier) -> Result<(), String> {
    let spec = Spec::read(&program.with_extension("json"))?;
    let mut args = vec![
        "run".to_owned(),
        "--tier".to_owned(),
        tier.name().to_owned(),
    ];
    for (name, value) in &spec.env {
        args.extend(["--env".to_owned(), format!("{name}={value}")]);
    }
    // Programs change their folder, and run on all tiers at once: each run has a copy.
    let copy = Temporary::new()?;
    if let Some(root) = &spec.root {
        let root = program.with_file_name(root);
        copy_folder(&root, copy.path())
            .map_err(|error| format!("cannot copy {}: {error}", root.display()))?;
        args.extend(["--dir".to_owned(), format!("{}::/", copy.path().display())]);
    }
    args.push(program.to_string_lossy().into_owned());
    args.extend(spec.args.iter().cloned());

    let folder = program.parent().unwrap_or(Path::new("."));
    let ran = process::wharf(&args, folder, &[], None)?;
    let stdout = String::from_utf8_lossy(&ran.stdout);
    let stderr = String::from_utf8_lossy(&ran.stderr);
    if ran.code != Some(spec.exit_code) {
        let expected = spec.exit_code;
        return Err(format!(
            "expected exit code {expected}, found {:?}\n{stdout}{stderr}",
            ran.code
        ));
    }
    match spec.stdout {
        Some(expected) if expected != stdout => Err(format!(
            "expected on standard output: {expected}\nfound: {stdout}\n{stderr}"
        )),
        _ => Ok(()),
    }
}

/// How a program is run, and what it must do.
#[derive(Default)]
struct Spec {
    args: Vec<String>,
    env: Vec<(String, String)>,
    root: Option<PathBuf>,
    exit_code: i32,
    stdout: Option<String>,
}

impl Spec {
    /// Reads the file beside a program; an absent file says that nothing is special.
    fn read(path: &Path) -> Result<Spec, String> {
        let Ok(text) = fs::read_to_string(path) else {
            return Ok(Spec::default());
        };
        let json: Value =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let env = json["env"].as_object().into_iter().flatten();
        Ok(Spec {
            args: json["args"]
                .as_array()
                .into_iter()
                .flatten()
                .map(text)
                .collect(),
            env: env
                .map(|(name, value)| (name.clone(), text(value)))
                .collect(),
            root: json["root"].as_str().map(PathBuf::from),
            exit_code: json["exit_code"]
                .as_i64()
                .and_then(|code| i32::try_from(code).ok())
                .unwrap_or(0),
            stdout: json["stdout"].as_str().map(str::to_owned),
        })
    }
}

/// Copies what a folder holds, leaving out what an interrupted run of another runner may have left there.
fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in from.read_dir()? {
        let (path, name) = {
            let entry = entry?;
            (entry.path(), entry.file_name())
        };
        if name.to_string_lossy().ends_with(".cleanup") {
            continue;
        }
        if path.is_dir() {
            copy_folder(&path, &to.join(name))?;
        } else {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}
