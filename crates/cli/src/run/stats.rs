//! `--stats`: what the engine validated and compiled, and the most memory that the process had.
//!
//! Apart from what stopped the guest: this is told of every run, and on standard error, so that the program's output stays its own.

use std::io::Write;

use clap::ValueEnum;

/// How it is told.
#[derive(Clone, Copy, ValueEnum)]
pub enum Format {
    /// Lines for people.
    Text,
    /// One line that is a JSON object.
    Json,
}

/// Tells it.
pub fn tell(stats: &wharf::Stats, format: Format) {
    let peak = peak_memory_kib();
    let told = match format {
        Format::Text => {
            let peak = peak.map_or(String::new(), |kib| format!("peak memory {kib:>29} KiB\n"));
            format!("{stats}{peak}")
        }
        Format::Json => {
            let peak = peak.map_or("null".to_owned(), |kib| (kib * 1024).to_string());
            let engine = stats.to_json();
            format!("{{\"engine\":{engine},\"peak_memory_bytes\":{peak}}}\n")
        }
    };
    // Nobody can be told that standard error is closed.
    let _ = std::io::stderr().write_all(told.as_bytes());
}

/// The most memory that the process had at any time, where the system tells.
fn peak_memory_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
