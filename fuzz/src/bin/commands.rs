//! Feeds every command with damaged files: none may panic, hang, or take more memory than it is worth.
//!
//! `cargo run --release --bin commands -- DIRECTORY [SECONDS] [FIRST_SEED]`: files of the directory, modules or text, are damaged and
//! given to each command, which is this program again, with limits. What it says does not matter, only how it ends.

use std::ffi::OsString;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use wharf_fuzz::{Random, damage};

/// Set for the process that is the command.
const AS_COMMAND: &str = "WHARF_FUZZ_AS_COMMAND";

/// Findings after which a run ends.
const FINDINGS_MAX: usize = 10;

/// How long a command may take: files are small.
const SECONDS_MAX: u64 = 20;

/// How much address space beyond the reservations of memories a command that runs nothing may ask for.
const BYTES_MAX: u64 = 4 << 30;

/// What a command is called with. `IN` and `OTHER` become files, `OUT` one that may be written.
const CALLS: &[&[&str]] = &[
    &["run", "--timeout", "1s", "--max-memory", "64MiB", "IN"],
    &["compile", "IN", "-o", "OUT"],
    &["snapshot", "--timeout", "1s", "IN", "-o", "OUT"],
    &["validate", "IN"],
    &["wast", "IN"],
    &["wat2wasm", "IN", "-o", "OUT"],
    &["wasm2wat", "IN", "-o", "OUT"],
    &["wasm2wat", "-f", "IN", "-o", "OUT"],
    &[
        "wasm2wat",
        "--skeleton",
        "--offsets",
        "--name-unnamed",
        "IN",
    ],
    &["inspect", "IN"],
    &["inspect", "--json", "IN"],
    &["objdump", "-h", "-x", "-d", "-s", "IN"],
    &["objdump", "--bytes", "IN"],
    &["objdump", "--json", "IN"],
    &["size", "IN"],
    &["size", "--retained", "--json", "IN"],
    &["size", "--html", "OUT", "IN"],
    &["size", "--svg", "OUT", "IN"],
    &["size", "--garbage", "IN"],
    &["size", "--generics", "IN"],
    &["size", "--by", "file", "IN"],
    &["size", "--by", "namespace", "IN"],
    &["size", "--paths", "0", "IN"],
    &["callgraph", "IN"],
    &["callgraph", "--from", "0", "--to", "1", "--json", "IN"],
    &["addr2line", "IN", "0x80", "0x200"],
    &["demangle", "IN", "-o", "OUT"],
    &["diff", "IN", "OTHER"],
    &["diff", "--json", "OTHER", "IN"],
    &["strip", "IN", "-o", "OUT"],
    &["strip", "--all", "IN", "-o", "OUT"],
    &["metadata", "show", "IN"],
    &["metadata", "add", "--name", "a", "IN", "-o", "OUT"],
    &["mutate", "IN", "-o", "OUT"],
    &["smith", "IN", "-o", "OUT"],
    &["merge", "IN", "OTHER", "-o", "OUT"],
    &[
        "shrink",
        "--quiet",
        "--allow-empty",
        "--attempts=20",
        "--predicate=grep -q f",
        "IN",
        "-o",
        "OUT",
    ],
    &["opt", "-O3", "IN", "-o", "OUT"],
    &["opt", "-Oz", "IN", "-o", "OUT"],
];

/// Commands that read no files of strangers.
const LEFT_OUT: &[&str] = &["cache", "completion", "help"];

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    if std::env::var_os(AS_COMMAND).is_some() {
        arguments.next();
        let name = OsString::from("wharf");
        return wharf_cli::main(std::iter::once(name).chain(arguments));
    }
    for command in wharf_cli::command().get_subcommands() {
        let name = command.get_name();
        let is_called = CALLS.iter().any(|call| call[0] == name) || LEFT_OUT.contains(&name);
        assert!(is_called, "the command {name} is fed with nothing");
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default| {
        let text = arguments.get(at);
        text.map_or(default, |text| text.parse().expect("a number"))
    };
    let directory = arguments.first().expect("a directory of files");
    let seeds = number(2, 0)..;
    fuzz(
        Path::new(directory),
        Duration::from_secs(number(1, 60)),
        seeds,
    )
}

fn fuzz(directory: &Path, time: Duration, seeds: impl Iterator<Item = u64>) -> ExitCode {
    let entries = std::fs::read_dir(directory).expect("the directory can be read");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("readable").path())
        .collect();
    files.retain(|path| path.is_file());
    files.sort();
    assert!(!files.is_empty(), "there are no files to damage");
    let place = std::env::temp_dir().join(format!("wharf-fuzz-commands-{}", std::process::id()));
    std::fs::create_dir_all(&place).expect("a folder can be made");
    let (input, other, output) = (
        place.join("in.wasm"),
        place.join("other.wasm"),
        place.join("out"),
    );
    let end = Instant::now() + time;
    let (mut n_calls, mut n_findings) = (0, 0);
    for seed in seeds {
        if Instant::now() >= end || n_findings >= FINDINGS_MAX {
            break;
        }
        let mut random = Random::new(seed);
        let mut pick = || std::fs::read(&files[random.below(files.len())]).expect("readable");
        let (file, lender) = (pick(), pick());
        let damaged = damage(&file, &lender, &mut random);
        std::fs::write(&input, &damaged).expect("writable");
        std::fs::write(&other, &lender).expect("writable");
        for call in CALLS {
            let arguments = call.iter().map(|&argument| match argument {
                "IN" => input.clone().into(),
                "OTHER" => other.clone().into(),
                "OUT" => output.clone().into(),
                other => OsString::from(other),
            });
            n_calls += 1;
            if let Some(fault) = fault(arguments) {
                let kept = std::env::temp_dir().join(format!("wharf-fuzz-finding-{seed}.wasm"));
                std::fs::write(&kept, &damaged).expect("writable");
                eprintln!(
                    "FINDING at seed {seed}: {} {fault}; {}",
                    call.join(" "),
                    kept.display()
                );
                n_findings += 1;
            }
        }
    }
    std::fs::remove_dir_all(&place).ok();
    println!("{n_calls} calls, {n_findings} findings");
    ExitCode::from(u8::from(n_findings > 0))
}

/// Runs the command; how it ended badly, if it did.
fn fault(arguments: impl Iterator<Item = OsString>) -> Option<String> {
    let this = std::env::current_exe().expect("this program is a file");
    let mut command = Command::new(this);
    command
        .args(arguments)
        .env(AS_COMMAND, "1")
        .env("WHARF_CACHE_DIR", "");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    // SAFETY: between fork and exec only system calls are made that may be made there.
    unsafe {
        command.pre_exec(|| {
            let limit = |value| libc::rlimit {
                rlim_cur: value,
                rlim_max: value,
            };
            libc::setrlimit(libc::RLIMIT_CPU, &limit(SECONDS_MAX));
            libc::setrlimit(libc::RLIMIT_DATA, &limit(BYTES_MAX));
            libc::setrlimit(libc::RLIMIT_FSIZE, &limit(1 << 30));
            Ok(())
        });
    }
    let output = command.output().expect("this program can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    match (output.status.code(), output.status.signal()) {
        (Some(101), _) => Some(format!("panicked: {}", first_line(&said))),
        (_, Some(signal)) => Some(format!("died of signal {signal}: {}", first_line(&said))),
        _ if said.contains("panicked at") => Some(format!("panicked: {}", first_line(&said))),
        _ => None,
    }
}

fn first_line(said: &str) -> String {
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| !line.is_empty())
        .take(2)
        .collect();
    lines.join(" ")
}
