//! Changes the modules of a directory, binary or text, and runs the tiers against each other on what is still valid.
//!
//! `cargo run --release --bin mutated -- [--opt] DIRECTORY [SECONDS] [FIRST_SEED]`: the tiers, or modules before and after optimizing them.

use std::path::PathBuf;
use std::time::{Duration, Instant};
use wharf_fuzz::{Random, Tally, differential_module, mutate, optimized_module};

/// Findings after which a run ends.
const FINDINGS_MAX: usize = 10;

fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    let oracle = match arguments.next_if_eq("--opt") {
        Some(_) => optimized_module,
        None => differential_module,
    };
    let directory = arguments.next().expect("a directory of modules");
    let mut numbers = arguments.map(|argument| argument.parse::<u64>().expect("a number"));
    let (seconds, first) = (numbers.next().unwrap_or(60), numbers.next().unwrap_or(0));
    let mut modules: Vec<PathBuf> = std::fs::read_dir(directory)
        .expect("the directory can be read")
        .map(|entry| entry.expect("the directory can be read").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "wasm")
        })
        .collect();
    modules.sort();
    assert!(!modules.is_empty(), "there are no modules to change");
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut tally, mut findings, mut seed) = (Tally::default(), Vec::new(), first);
    while Instant::now() < end && findings.len() < FINDINGS_MAX {
        let mut random = Random::new(seed);
        let path = &modules[random.below(modules.len())];
        let file = std::fs::read(path).expect("modules can be read");
        let module = wharf_text::to_wasm(&file, Some(path), Default::default())
            .expect("modules are well-formed");
        if let Some(bytes) = mutate(&module, &mut random) {
            match std::panic::catch_unwind(|| oracle(&bytes, seed)) {
                Ok(one) => tally.add(one),
                Err(_) => {
                    eprintln!("FINDING at seed {seed}, of {}", path.display());
                    findings.push(seed);
                }
            }
        }
        seed += 1;
    }
    println!(
        "{} seeds from {first}, findings: {findings:?}\n{tally}",
        seed - first
    );
    if !findings.is_empty() {
        std::process::exit(1);
    }
}
