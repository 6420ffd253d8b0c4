//! `wharf shrink`: reduces a module as long as a command finds it interesting.
//!
//! Apart, as each command is.

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use surgery::{Error, Judge, Shrink};

use crate::failure::{Failure, Outcome};
use crate::input::Input;
use crate::output::cannot_write;
use crate::quantity::parse_duration;
use crate::strip::surgery_failure;

/// Reduce a module that makes something fail, as long as it fails
#[derive(Args)]
#[command(after_help = "\
The predicate is a command, with arguments, that is called with the path of a module after them and exits with 0 if the module is
still interesting: if it still shows the bug that is looked for. It is better strict than lax, since what is left of a module when
anything counts is nothing. An example of a script:

  #!/bin/sh
  some-tool \"$1\" 2>&1 | grep -q 'index out of bounds'

  wharf shrink bug.wasm --predicate ./is-it-still-there.sh

The smallest module so far is always in the output file, so it can be interrupted at any time.")]
pub struct Arguments {
    /// The module: binary, text, or `-` for standard input
    file: PathBuf,

    /// What says whether a module is interesting
    #[arg(short, long, value_name = "COMMAND")]
    predicate: String,

    /// Where to write the smallest module [default: FILE with the ending .shrunken.wasm]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// How many changes at random may fail in a row before it ends
    #[arg(short, long, default_value_t = 1000)]
    attempts: u32,

    /// What decides about these
    #[arg(short, long, default_value_t = 42)]
    seed: u64,

    /// When the predicate takes longer, the module is not interesting; such as 500ms, 5s, 2m
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "60s")]
    timeout: Duration,

    /// Accept that even the empty module is interesting
    #[arg(long)]
    allow_empty: bool,

    /// Suppress progress
    #[arg(short, long)]
    quiet: bool,
}

/// Reduces, and writes what is left.
pub fn run(arguments: &Arguments) -> Outcome {
    let mut input = Input::read(&arguments.file)?;
    let wasm = input.take_wasm_without_lines()?;
    let mut words = arguments.predicate.split_whitespace();
    let Some(program) = words.next() else {
        return Err(Failure::usage("the predicate is empty"));
    };
    let output = match &arguments.output {
        Some(output) => output.clone(),
        None if arguments.file == Path::new("-") => PathBuf::from("shrunken.wasm"),
        None => arguments.file.with_extension("shrunken.wasm"),
    };
    let mut predicate = Predicate {
        program,
        args: words.collect(),
        // Beside the output, so that it can take its place at once.
        candidate: output.with_extension(format!("candidate-{}.wasm", std::process::id())),
        output,
        timeout: arguments.timeout,
        n_before: wasm.len(),
        n_runs: 0,
        is_watched: !arguments.quiet && std::io::stderr().is_terminal(),
    };
    let shrink = Shrink {
        attempts: arguments.attempts,
        seed: arguments.seed,
        allow_empty: arguments.allow_empty,
    };
    let shrunken = shrink.run(&wasm, &mut predicate);
    // It is gone already if it became the output.
    let _ = fs::remove_file(&predicate.candidate);
    let shrunken = shrunken.map_err(|error| surgery_failure(&input, &error))?;
    fs::write(&predicate.output, &shrunken)
        .map_err(|error| cannot_write(&predicate.output, &error))?;
    if !arguments.quiet {
        eprintln!(
            "{}: {} bytes of {}",
            predicate.output.display(),
            shrunken.len(),
            wasm.len()
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// A command that judges modules.
struct Predicate<'a> {
    program: &'a str,
    args: Vec<&'a str>,
    /// Where the module to be judged is.
    candidate: PathBuf,
    /// Where the smallest interesting one is.
    output: PathBuf,
    timeout: Duration,
    n_before: usize,
    n_runs: u64,
    /// Whether a person sees how far it is.
    is_watched: bool,
}

impl Predicate<'_> {
    fn write_candidate(&self, wasm: &[u8]) -> Result<(), Error> {
        let fault = |error| {
            Error::new(format!(
                "cannot write {}: {error}",
                self.candidate.display()
            ))
        };
        fs::write(&self.candidate, wasm).map_err(fault)
    }
}

impl Judge for Predicate<'_> {
    fn is_interesting(&mut self, wasm: &[u8]) -> Result<bool, Error> {
        self.write_candidate(wasm)?;
        self.n_runs += 1;
        let child = Command::new(self.program)
            .args(&self.args)
            .arg(&self.candidate)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let mut child =
            child.map_err(|error| Error::new(format!("cannot run `{}`: {error}", self.program)))?;
        Ok(wait(&mut child, self.timeout))
    }

    fn take(&mut self, wasm: &[u8]) -> Result<(), Error> {
        self.write_candidate(wasm)?;
        let fault = |error| Error::new(format!("cannot write {}: {error}", self.output.display()));
        fs::rename(&self.candidate, &self.output).map_err(fault)?;
        if self.is_watched {
            eprint!(
                "\r{} bytes of {}, {} modules judged ",
                wasm.len(),
                self.n_before,
                self.n_runs
            );
        }
        Ok(())
    }
}

/// Whether a process ends well, in time. If not in time, it is killed.
fn wait(child: &mut Child, timeout: Duration) -> bool {
    let start = Instant::now();
    let mut pause = Duration::from_micros(200);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if start.elapsed() < timeout => {
                std::thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(20));
            }
            _ => {
                // It may have ended by itself just now.
                let _ = child.kill();
                let _ = child.wait();
                return false;
            }
        }
    }
}
