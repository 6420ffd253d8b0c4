//! The table of features and tiers in the README, made of what passed.
//!
//! Apart, because no person writes that table: a run of the whole suite compares it, and `UPDATE=1` rewrites it.

use std::fs;

use crate::expect::is_updating;
use crate::suite::{Ended, folder};
use crate::tier::Tier;

const BEGIN: &str = "<!-- features: written by UPDATE=1 cargo test -->\n";
const END: &str = "<!-- features: end -->";

/// A row: what it is called, and which tests stand for it.
struct Row {
    feature: &'static str,
    folder: &'static str,
}

const ROWS: &[Row] = &[
    Row {
        feature: "WebAssembly 2.0, the official suite",
        folder: "spec/2.0/",
    },
    Row {
        feature: "Mutable globals",
        folder: "spec/mutable-global/",
    },
    Row {
        feature: "Sign extension",
        folder: "spec/sign-extension-ops/",
    },
    Row {
        feature: "Saturating conversions",
        folder: "spec/nontrapping-float-to-int-conversions/",
    },
    Row {
        feature: "Multi-value",
        folder: "spec/multi-value/",
    },
    Row {
        feature: "Bulk memory",
        folder: "spec/bulk-memory/",
    },
    Row {
        feature: "Reference types",
        folder: "spec/reference-types/",
    },
    Row {
        feature: "128-bit SIMD",
        folder: "spec/simd/",
    },
    Row {
        feature: "Extended constants",
        folder: "spec/extended-const/",
    },
    Row {
        feature: "WebAssembly 3.0, the official suite",
        folder: "spec/3.0/",
    },
    Row {
        feature: "Tail calls",
        folder: "spec/tail-call/",
    },
    Row {
        feature: "Function references",
        folder: "spec/function-references/",
    },
    Row {
        feature: "Garbage collection",
        folder: "spec/gc/",
    },
    Row {
        feature: "Exceptions",
        folder: "spec/exceptions/",
    },
    Row {
        feature: "Multiple memories",
        folder: "spec/multi-memory/",
    },
    Row {
        feature: "64-bit memories and tables",
        folder: "spec/memory64/",
    },
    Row {
        feature: "Relaxed SIMD",
        folder: "spec/relaxed-simd/",
    },
    Row {
        feature: "Annotations in text",
        folder: "spec/annotations/",
    },
    Row {
        feature: "Threads and atomics",
        folder: "spec/threads/",
    },
    Row {
        feature: "Wide arithmetic",
        folder: "spec/wide-arithmetic/",
    },
    Row {
        feature: "Custom page sizes",
        folder: "spec/custom-page-sizes/",
    },
    Row {
        feature: "Legacy exceptions",
        folder: "spec-gap/legacy-exceptions/",
    },
    Row {
        feature: "WASI 0.1, the official programs",
        folder: "wasi/",
    },
    Row {
        feature: "wasi-threads, the official programs",
        folder: "wasi-threads/",
    },
];

/// Compares the table with how the tests ended. A row without tests in this run keeps what it says.
///
/// # Errors
///
/// The table says something else, or the README cannot be read.
pub fn check(ended: &[Ended]) -> Result<(), String> {
    let path = folder().join("../README.md");
    let text =
        fs::read_to_string(&path).map_err(|error| format!("cannot read README.md: {error}"))?;
    let markers = text
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?)));
    let (before, (old, after)) = markers.ok_or("README.md has no markers for the feature table")?;
    let new = table(ended, old);
    if old == new {
        return Ok(());
    }
    if is_updating() {
        let text = format!("{before}{BEGIN}{new}{END}{after}");
        return fs::write(&path, text).map_err(|error| format!("cannot write README.md: {error}"));
    }
    Err(format!(
        "README.md's feature table is not what passed; UPDATE=1 cargo test rewrites it:\n{new}"
    ))
}

fn table(ended: &[Ended], old: &str) -> String {
    let mut table = String::from("| feature |");
    for tier in Tier::ALL {
        table.push_str(&format!(" {} |", tier.name()));
    }
    table.push_str("\n|---|");
    table.push_str(&"---|".repeat(Tier::ALL.len()));
    table.push('\n');
    for row in ROWS {
        let start = format!("| {} |", row.feature);
        let cells: Option<Vec<String>> = Tier::ALL
            .iter()
            .map(|tier| cell(ended, *tier, row))
            .collect();
        let line = match cells {
            Some(cells) => format!("{start} {} |", cells.join(" | ")),
            None => match old.lines().find(|line| line.starts_with(&start)) {
                Some(line) => line.to_owned(),
                None => format!("{start}{}", " not run |".repeat(Tier::ALL.len())),
            },
        };
        table.push_str(&line);
        table.push('\n');
    }
    table
}

/// What one tier does for one feature, known failures apart; none if no test of it ran.
fn cell(ended: &[Ended], tier: Tier, row: &Row) -> Option<String> {
    let start = format!("{}/{}", tier.name(), row.folder);
    let of_cell = ended
        .iter()
        .filter(|test| !test.is_known && test.name.starts_with(&start));
    let (n_passed, n) = of_cell.fold((0, 0), |(passed, n), test| {
        (passed + u32::from(test.passed), n + 1)
    });
    match n {
        0 => None,
        n if n == n_passed => Some(format!("✓ {n} of {n}")),
        n => Some(format!("{n_passed} of {n}")),
    }
}
