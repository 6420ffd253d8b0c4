//! Collects the tests of all kinds, runs them, and judges the run as a whole.
//!
//! Apart from the kinds: what a test does is theirs; names, known failures and the table of the README are the same for
//! all of them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use libtest_mimic::{Arguments, Failed, Trial};

use crate::expect::is_updating;
use crate::known::KnownFailures;
use crate::{
    commands, golden, merging, optimized, process, readme, round_trips, scripts, wabt, wasi,
};

/// A test of any kind, before it is known whether it may fail.
pub struct Test {
    /// `tier/folder/file`.
    pub name: String,
    /// Runs it; what it returns says what differed.
    pub run: Box<dyn FnOnce() -> Result<(), String> + Send>,
}

impl Test {
    /// A test by its name and what it does.
    pub fn new(name: String, run: impl FnOnce() -> Result<(), String> + Send + 'static) -> Test {
        Test {
            name,
            run: Box::new(run),
        }
    }
}

/// How one test ended.
pub struct Ended {
    /// Its name.
    pub name: String,
    /// Whether it did what it says.
    pub passed: bool,
    /// Whether it may fail.
    pub is_known: bool,
}

/// Runs the suite, or is the `wharf` command if a test has started this process as such.
pub fn main() -> ExitCode {
    if process::is_command() {
        return cli::main(std::env::args_os());
    }
    let arguments = Arguments::from_args();
    match run(&arguments) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode, String> {
    let known_failures = folder().join("known-failures.txt");
    let known = Arc::new(KnownFailures::read(&known_failures)?);
    let mut tests = Vec::new();
    scripts::collect(&mut tests)?;
    commands::collect(&mut tests)?;
    wasi::collect(&mut tests)?;
    golden::collect(&mut tests)?;
    wabt::collect(&mut tests)?;
    round_trips::collect(&mut tests)?;
    merging::collect(&mut tests);

    let unknown = known.without_test(tests.iter().map(|test| test.name.as_str()));
    if !unknown.is_empty() {
        return Err(format!(
            "known-failures.txt lists what is no test: {}",
            unknown.join(", ")
        ));
    }
    let ended = Arc::new(Mutex::new(Vec::new()));
    let trials = tests
        .into_iter()
        .map(|test| trial(test, &known, &ended))
        .collect();
    let conclusion = libtest_mimic::run(arguments, trials);

    let is_whole = arguments.filter.is_none() && arguments.skip.is_empty() && !arguments.list;
    let ended = ended
        .lock()
        .expect("no test panics while it notes how it ended");
    if is_updating() {
        KnownFailures::forget_passed(&known_failures, &ended)?;
    }
    if is_whole && let Err(message) = readme::check(&ended) {
        eprintln!("error: {message}");
        return Ok(ExitCode::FAILURE);
    }
    Ok(conclusion.exit_code())
}

fn trial(test: Test, known: &Arc<KnownFailures>, ended: &Arc<Mutex<Vec<Ended>>>) -> Trial {
    let (known, ended, name) = (known.clone(), ended.clone(), test.name.clone());
    Trial::test(test.name, move || {
        let result = (test.run)();
        let passed = result.is_ok();
        let is_known = known.reason(&name).is_some();
        let end = Ended {
            name: name.clone(),
            passed,
            is_known,
        };
        ended.lock().expect("noting cannot panic").push(end);
        match (result, known.reason(&name)) {
            (Ok(()), None) | (Err(_), Some(_)) => Ok(()),
            (Ok(()), Some(_)) if is_updating() => Ok(()),
            // What fails may be what the optimizer drops.
            (Ok(()), Some(_)) if optimized::is_name(&name) => Ok(()),
            (Ok(()), Some(_)) => Err(Failed::from(format!(
                "{name} passes: delete its line from tests/known-failures.txt"
            ))),
            (Err(message), None) => Err(Failed::from(format!(
                "{message}\n\nto run it alone: cargo test -p wharf-tests -- --exact {name}"
            ))),
        }
    })
}

/// The folder that holds the test files.
pub fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder of the suite, relative to it, sorted; an absent folder has none.
///
/// # Errors
///
/// A folder cannot be read.
pub fn files_below(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(inner) = folders.pop() {
        let at = folder.join(&inner);
        if !at.exists() {
            continue;
        }
        let failed = |error| format!("cannot read {}: {error}", at.display());
        for entry in at.read_dir().map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = inner.join(entry.file_name());
            if entry.file_type().map_err(failed)?.is_dir() {
                folders.push(path)
            } else {
                files.push(path)
            }
        }
    }
    files.sort();
    Ok(files)
}
