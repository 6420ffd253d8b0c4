//! Runs the oracles on inputs made from consecutive seeds, for a time, on all cores or so many threads; needs no fuzzing
//! engine.
//!
//! `cargo run --release --bin seeded -- [SECONDS] [FIRST_SEED] [THREADS]`

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use wharf_fuzz::{Judged, Random, differential};

/// Bytes that a module is made from, at most.
const INPUT_BYTES_MAX: usize = 20_000;

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|argument| argument.parse::<u64>());
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
    let (modules, calls) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while Instant::now() < end {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let judged = std::panic::catch_unwind(|| one(seed));
                    match judged {
                        Ok(Judged::Agreed(n)) => {
                            modules.fetch_add(1, Ordering::Relaxed);
                            calls.fetch_add(n as u64, Ordering::Relaxed);
                        }
                        Ok(_) => {}
                        Err(_) => {
                            eprintln!("FINDING at seed {seed}");
                            std::process::exit(1);
                        }
                    }
                }
            });
        }
    });
    let (seeds, modules, calls) = (
        next.into_inner() - first,
        modules.into_inner(),
        calls.into_inner(),
    );
    println!("{seeds} seeds from {first}: {modules} modules ran, {calls} calls agreed, no finding");
}

fn one(seed: u64) -> Judged {
    let mut random = Random::new(seed);
    let count = 100 + random.below(INPUT_BYTES_MAX - 100);
    differential(&random.bytes(count))
}
