//! Runs the oracles on inputs made from consecutive seeds, for a time, on all cores or so many threads; needs no fuzzing
//! engine.
//!
//! `cargo run --release --bin seeded -- [--opt | --objects] [SECONDS] [FIRST_SEED] [THREADS]`: the tiers, or modules before and after optimizing
//! them, of any kind or all about objects.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use wharf_fuzz::{Random, Tally, differential, optimized, optimized_objects};

/// Bytes that a module is made from, at most.
const INPUT_BYTES_MAX: usize = 60_000;

/// Findings after which a run ends.
const FINDINGS_MAX: usize = 10;

fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    let mut oracle: fn(&[u8]) -> Tally = differential;
    while let Some(option) = arguments.next_if(|argument| argument.starts_with("--")) {
        oracle = match &*option {
            "--opt" => optimized,
            "--objects" => optimized_objects,
            _ => panic!("there is no {option}"),
        };
    }
    let mut arguments = arguments.map(|argument| argument.parse::<u64>());
    let mut number = |default| {
        arguments
            .next()
            .map_or(Ok(default), |n| n)
            .expect("arguments are numbers")
    };
    let (seconds, first) = (number(60), number(0));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = number(threads as u64);
    let end = Instant::now() + Duration::from_secs(seconds);
    let next = AtomicU64::new(first);
    let findings = Mutex::new(Vec::new());
    let tally = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while Instant::now() < end
                    && findings.lock().expect("no thread dies").len() < FINDINGS_MAX
                {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let judged = std::panic::catch_unwind(|| one(oracle, seed));
                    match judged {
                        Ok(one) => tally.lock().expect("no thread dies").add(one),
                        Err(_) => {
                            eprintln!("FINDING at seed {seed}");
                            findings.lock().expect("no thread dies").push(seed);
                        }
                    }
                }
            });
        }
    });
    let seeds = next.into_inner() - first;
    let tally = tally.into_inner().expect("no thread dies");
    let findings = findings.into_inner().expect("no thread dies");
    println!("{seeds} seeds from {first}, findings: {findings:?}\n{tally}");
    if !findings.is_empty() {
        std::process::exit(1);
    }
}

fn one(oracle: fn(&[u8]) -> Tally, seed: u64) -> Tally {
    let mut random = Random::new(seed);
    let count = 100 + random.below(INPUT_BYTES_MAX - 100);
    oracle(&random.bytes(count))
}
