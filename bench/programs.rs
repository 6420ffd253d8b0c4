//! Whole programs beside wasmtime and V8: processes of all engines, in turn.
//!
//! ```text
//! cargo build --release -p wharf-cli        in the folder above
//! WHARF=../target/release/wharf WASMTIME=wasmtime NODE=node cargo bench --bench gc
//! ```
//! An engine without a variable is left out. `ROUNDS` says how often each program runs, 5 by default. A program is `FOLDER/NAME.wat`;
//! it exports `run`, which takes an amount of work and gives a checksum that must be the same everywhere.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

/// An engine: its name, the variable that says where it is, and its arguments; `%` is the file, `#` the amount of work.
const ENGINES: &[(&str, &str, &[&str])] = &[
    ("wharf", "WHARF", &["run", "--invoke", "run", "%", "#"]),
    (
        "wasmtime",
        "WASMTIME",
        &[
            "run",
            "-W",
            "gc,function-references,exceptions",
            "--invoke",
            "run",
            "%",
            "#",
        ],
    ),
    ("V8", "NODE", &["node.mjs", "%", "#"]),
];

/// Compares the engines on programs, each with an amount of work of about a second.
pub fn main(folder: &str, programs: &[(&str, u32)]) -> ExitCode {
    match compare(folder, programs) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn compare(source: &str, programs: &[(&str, u32)]) -> Result<(), String> {
    let rounds = std::env::var("ROUNDS").map_or(Ok(5), |n| n.parse());
    let rounds: usize = rounds.map_err(|_| "ROUNDS must be a number")?;
    let engines: Vec<_> = ENGINES
        .iter()
        .filter_map(|(name, variable, args)| Some((*name, std::env::var(variable).ok()?, *args)))
        .collect();
    if engines.is_empty() {
        println!("{source}: nothing to compare; set WHARF, WASMTIME and NODE to where they are");
        return Ok(());
    }
    let folder = std::env::temp_dir().join(format!("wharf-bench-{source}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let mut ratios = vec![Vec::new(); engines.len()];
    println!("seconds, median of {rounds}; in brackets our time divided by theirs");
    for (name, work) in programs {
        let wasm =
            wat::parse_file(format!("{source}/{name}.wat")).map_err(|error| error.to_string())?;
        let file = folder.join(format!("{name}.wasm"));
        std::fs::write(&file, wasm).map_err(|error| error.to_string())?;
        let mut times = vec![Vec::new(); engines.len()];
        let mut checksums = Vec::new();
        for _ in 0..rounds {
            for ((_, program, args), times) in engines.iter().zip(&mut times) {
                let (time, checksum) = run(program, args, &file.to_string_lossy(), *work)?;
                times.push(time);
                checksums.push(checksum);
            }
        }
        if checksums.iter().any(|checksum| checksum != &checksums[0]) {
            return Err(format!("{name}: the engines disagree: {checksums:?}"));
        }
        print!("{name:14}");
        let medians: Vec<f64> = times.iter_mut().map(|times| median(times)).collect();
        for (at, (engine, ..)) in engines.iter().enumerate() {
            let ratio = medians[0] / medians[at];
            ratios[at].push(ratio);
            print!("  {engine} {:.3} [{ratio:.2}]", medians[at]);
        }
        println!();
    }
    print!("{:14}", "geometric mean");
    for ((engine, ..), ratios) in engines.iter().zip(&ratios) {
        let sum: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
        print!("  {engine} [{:.2}]", (sum / ratios.len() as f64).exp());
    }
    println!();
    std::fs::remove_dir_all(&folder).map_err(|error| error.to_string())
}

/// Runs a program once: how long the process took, and the checksum that it printed.
fn run(program: &str, args: &[&str], file: &str, work: u32) -> Result<(Duration, String), String> {
    let work = work.to_string();
    let args = args.iter().map(|arg| match *arg {
        "%" => file,
        "#" => &work,
        other => other,
    });
    let start = Instant::now();
    let output = Command::new(program).args(args).output();
    let time = start.elapsed();
    let output = output.map_err(|error| format!("cannot run {program}: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "{program} failed on {file}:\n{}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    let printed = String::from_utf8_lossy(&output.stdout);
    let checksum = printed.split_whitespace().next().unwrap_or_default();
    Ok((time, checksum.to_owned()))
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64()
}
