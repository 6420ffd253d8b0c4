//! Compiling whole modules, beside V8 and wasmtime: processes of all engines, in turn, on one processor.
//!
//! ```text
//! cargo build --release -p wharf-cli        in the folder above
//! WHARF=../target/release/wharf WASMTIME=wasmtime NODE=node MODULES="a.wasm b.wasm" cargo bench --bench compile
//! ```
//! An engine without a variable is left out. `ROUNDS` says how often each module is compiled, 5 by default. What counts is how long
//! the processor worked for the process, in all its threads, as other programs may run meanwhile; less what it takes for a module
//! without functions. Validation is part of all of them. wasmtime writes what it compiled, but to nowhere.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// Compiles a file in the engine of Node.
const SCRIPT: &str = "const wait = setInterval(() => {}, 1000); \
    WebAssembly.compile(require('fs').readFileSync(process.argv[1])).then(() => process.exit(0), () => process.exit(1))";

/// An engine: its name, the variable that says where it is, and its arguments; `%` is the file.
///
/// `wharf run` compiles before it looks for a function, and there is none of this name.
const ENGINES: &[(&str, &str, &[&str])] = &[
    (
        "wharf baseline",
        "WHARF",
        &["run", "-q", "--tier=baseline", "--invoke=no function", "%"],
    ),
    ("wharf validate", "WHARF", &["validate", "%"]),
    (
        "V8 Liftoff",
        "NODE",
        &[
            "--liftoff-only",
            "--no-wasm-lazy-compilation",
            "-e",
            SCRIPT,
            "%",
        ],
    ),
    (
        "Winch",
        "WASMTIME",
        &[
            "compile",
            "-Ccompiler=winch,cache=n",
            "-o",
            "/dev/null",
            "%",
        ],
    ),
    (
        "wharf optimizing",
        "WHARF",
        &[
            "run",
            "-q",
            "--tier=optimizing",
            "--invoke=no function",
            "%",
        ],
    ),
    (
        "Cranelift",
        "WASMTIME",
        &["compile", "-Ccache=n", "-o", "/dev/null", "%"],
    ),
];

/// A module of nothing but a header.
const EMPTY: &[u8] = b"\0asm\x01\0\0\0";

fn main() -> ExitCode {
    match compare() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn compare() -> Result<(), String> {
    let rounds = std::env::var("ROUNDS").map_or(Ok(5), |n| n.parse());
    let rounds: u32 = rounds.map_err(|_| "ROUNDS must be a number")?;
    let modules = std::env::var("MODULES").unwrap_or_default();
    let engines: Vec<_> = ENGINES
        .iter()
        .filter_map(|(name, variable, args)| Some((*name, std::env::var(variable).ok()?, *args)))
        .collect();
    if engines.is_empty() || modules.is_empty() {
        println!(
            "compile: nothing to compare; set WHARF, WASMTIME, NODE and MODULES to where they are"
        );
        return Ok(());
    }
    let empty = std::env::temp_dir().join(format!("wharf-bench-empty-{}.wasm", std::process::id()));
    fs::write(&empty, EMPTY).map_err(|error| error.to_string())?;
    println!("milliseconds, mean of {rounds}; in brackets their time divided by that of the first");
    for module in modules.split_whitespace() {
        let file = Path::new(module);
        let bytes = fs::metadata(file)
            .map_err(|error| format!("{module}: {error}"))?
            .len();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let mut times = vec![Some(0.0); engines.len()];
        for _ in 0..rounds {
            for ((engine, program, args), time) in engines.iter().zip(&mut times) {
                let with = cpu_time(program, args, file)?;
                let without = cpu_time(program, args, &empty)?;
                let (Some(sum), Some(with), Some(without)) = (*time, with, without) else {
                    if time.take().is_some() {
                        eprintln!("{engine} does not compile {name}");
                    }
                    continue;
                };
                *time = Some(sum + with - without);
            }
        }
        print!("{name} ({:.1} MB)", bytes as f64 / 1e6);
        for ((engine, ..), time) in engines.iter().zip(&times) {
            match (time, times[0]) {
                (Some(time), Some(ours)) => {
                    let each = time / f64::from(rounds);
                    print!("  {engine} {each:.0} [{:.2}]", time / ours);
                }
                _ => print!("  {engine} -"),
            }
        }
        println!();
    }
    fs::remove_file(&empty).map_err(|error| error.to_string())
}

/// Runs a program: how many milliseconds processors worked for it; `None` if it did not compile the file.
fn cpu_time(program: &str, args: &[&str], file: &Path) -> Result<Option<f64>, String> {
    let before = children_ticks()?;
    let file = file.to_string_lossy();
    let args = args.iter().map(|arg| match *arg {
        "%" => &*file,
        other => other,
    });
    let output = Command::new("taskset")
        .args(["-c", "0", program])
        .args(args)
        .stdout(Stdio::null())
        .output();
    let output = output.map_err(|error| format!("cannot run {program}: {error}"))?;
    let message = String::from_utf8_lossy(&output.stderr);
    let compiled = output.status.success() || message.contains("exports no function");
    Ok(compiled.then_some((children_ticks()? - before) * 10.0))
}

/// What processors have worked for children of this process, in hundredths of a second.
fn children_ticks() -> Result<f64, String> {
    let stat = fs::read_to_string("/proc/self/stat").map_err(|error| error.to_string())?;
    // The second field is a name in parentheses, and may hold anything; those wanted are fields 16 and 17.
    let after = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks = |field: usize| {
        fields
            .get(field)
            .and_then(|field| field.parse::<f64>().ok())
    };
    match (ticks(13), ticks(14)) {
        (Some(user), Some(system)) => Ok(user + system),
        _ => Err("/proc/self/stat is not as expected".to_owned()),
    }
}
