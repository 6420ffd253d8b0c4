//! Scripts whose modules go through the optimizer first: what it makes of a module must do the same.
//!
//! Apart from the scripts themselves because these tests judge the optimizer, and need only one tier for that.

use std::path::Path;
use std::sync::LazyLock;

use opt::{Level, Options, Step};

use crate::suite::Test;
use crate::tier::Tier;

/// The tier that runs what the optimizer makes: it starts soonest.
pub const TIER: Tier = Tier::Interp;

/// What modules go through, separated by commas, each word tests of its own: names of stages and passes, and levels such as `Oz`.
/// `all` is each of them.
const VARIABLE: &str = "WHARF_OPT";

/// What they go through if nothing else is asked for.
const USUAL: &str = "O0,Oz,O3";

/// What the names of these tests begin with.
const PREFIX: &str = "opt-";

/// Whether a test is one of these.
pub fn is_name(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// Adds a script once for each step.
pub fn add(tests: &mut Vec<Test>, path: &Path, source: &str, config: &wharf::Config) {
    for &(ref label, step) in steps().unwrap_or_default() {
        let (path, source, config) = (path.to_owned(), source.to_owned(), config.clone());
        let name = format!("{PREFIX}{label}/{}", path.display());
        let check = move || {
            let options = Options {
                n_threads: 1,
                ..Options::default()
            };
            let ended = script::run_with(&source, Some(&path), &config, &|bytes| {
                let report = opt::optimize(bytes, &[step], &options);
                Ok(report
                    .map_err(|error| format!("the optimizer refuses it: {error}"))?
                    .bytes)
            });
            ended.map(drop).map_err(|error| error.to_string())
        };
        tests.push(Test::new(name, check));
    }
}

/// The steps that are asked for, by name.
///
/// # Errors
/// One of the names is that of no step.
pub fn steps() -> Result<&'static [(String, Step)], String> {
    static STEPS: LazyLock<Result<Vec<(String, Step)>, String>> = LazyLock::new(find_steps);
    STEPS.as_ref().map(Vec::as_slice).map_err(String::clone)
}

fn find_steps() -> Result<Vec<(String, Step)>, String> {
    let levels = Level::ALL
        .iter()
        .map(|&(letter, level)| (format!("O{letter}"), Step::Level(level)));
    let named = opt::steps()
        .into_iter()
        .map(|named| (named.name.to_owned(), named.step));
    let all: Vec<(String, Step)> = levels.chain(named).collect();
    let asked = std::env::var(VARIABLE).unwrap_or_else(|_| USUAL.to_owned());
    if asked == "all" {
        return Ok(all);
    }
    let find = |asked: &str| {
        let found = all.iter().find(|(name, _)| name == asked);
        found
            .cloned()
            .ok_or_else(|| format!("{VARIABLE}: there is no step {asked}"))
    };
    asked.split(',').map(find).collect()
}
