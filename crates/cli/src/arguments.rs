//! What can be typed: the commands, and that a file alone means `run`.
//!
//! Apart from the commands, each of which declares its own options in its own file.

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::failure::Outcome;
use crate::opt;
use crate::{addr2line, callgraph, demangle, diff, size};
use crate::{
    cache, compile, completion, habits, inspect, metadata, objdump, run, snapshot, strip, validate,
    wasm2wat, wast, wat2wasm,
};
use crate::{merge, mutate, shrink, smith};

/// Runs, checks and compiles WebAssembly.
///
/// `wharf app.wasm ARGS` is short for `wharf run app.wasm ARGS`.
#[derive(Parser)]
#[command(
    name = "wharf",
    bin_name = "wharf",
    version,
    arg_required_else_help = true
)]
#[command(after_help = "Files may be binary (.wasm), text (.wat) or `-` for standard input.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// One variant a command; the file of the same name runs it.
#[derive(Subcommand)]
enum Command {
    Run(run::Arguments),
    Compile(compile::Arguments),
    Snapshot(snapshot::Arguments),
    Opt(opt::Arguments),
    Validate(validate::Arguments),
    Strip(strip::Arguments),
    Metadata(metadata::Arguments),
    Merge(merge::Arguments),
    Shrink(shrink::Arguments),
    Mutate(mutate::Arguments),
    Smith(Box<smith::Arguments>),
    Wast(wast::Arguments),
    #[command(name = "wat2wasm")]
    Wat2Wasm(wat2wasm::Arguments),
    #[command(name = "wasm2wat")]
    Wasm2Wat(wasm2wat::Arguments),
    Size(size::Arguments),
    Addr2line(addr2line::Arguments),
    Callgraph(callgraph::Arguments),
    Demangle(demangle::Arguments),
    Diff(diff::Arguments),
    Inspect(inspect::Arguments),
    Objdump(objdump::Arguments),
    Cache(cache::Arguments),
    Completion(completion::Arguments),
}

/// Does what the arguments say; the first is the program's own name. What it returns is the exit code.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    if let Some(tool) = args.first().and_then(|name| habits::tool(name)) {
        return tool(args);
    }
    let command = Arguments::command();
    let args = with_run_by_default(&command, args);
    let parsed = command
        .try_get_matches_from(args)
        .and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => {
            // A closed terminal is no reason to fail twice.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let outcome: Outcome = match arguments.command {
        Command::Run(arguments) => run::run(arguments),
        Command::Compile(arguments) => compile::run(&arguments),
        Command::Snapshot(arguments) => snapshot::run(&arguments),
        Command::Opt(arguments) => opt::run(arguments),
        Command::Validate(arguments) => validate::run(&arguments),
        Command::Strip(arguments) => strip::run(arguments),
        Command::Metadata(arguments) => metadata::run(arguments),
        Command::Merge(arguments) => merge::run(&arguments),
        Command::Shrink(arguments) => shrink::run(&arguments),
        Command::Mutate(arguments) => mutate::run(&arguments),
        Command::Smith(arguments) => smith::run(*arguments),
        Command::Wast(arguments) => wast::run(&arguments),
        Command::Wat2Wasm(arguments) => wat2wasm::run(&arguments),
        Command::Wasm2Wat(arguments) => wasm2wat::run(&arguments),
        Command::Size(arguments) => size::run(&arguments),
        Command::Addr2line(arguments) => addr2line::run(&arguments),
        Command::Callgraph(arguments) => callgraph::run(&arguments),
        Command::Demangle(arguments) => demangle::run(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Objdump(arguments) => objdump::run(&arguments),
        Command::Cache(arguments) => cache::run(&arguments),
        Command::Completion(arguments) => completion::run(&arguments),
    };
    outcome.unwrap_or_else(|failure| failure.show())
}

/// The whole command line as clap sees it, for completions.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Puts `run` before a file or option that stands where a command could.
fn with_run_by_default(command: &clap::Command, mut args: Vec<OsString>) -> Vec<OsString> {
    const OURS: &[&str] = &["help", "-h", "--help", "-V", "--version"];
    if let Some(first) = args.get(1) {
        let is_ours = OURS.iter().any(|ours| first == OsStr::new(ours))
            || command.find_subcommand(first).is_some();
        if !is_ours {
            args.insert(1, OsString::from("run"));
        }
    }
    args
}

#[cfg(test)]
mod tests {
    use super::{Arguments, with_run_by_default};
    use clap::CommandFactory;

    fn check(args: &[&str], expected: &[&str]) {
        let args = args.iter().map(Into::into).collect();
        assert_eq!(with_run_by_default(&Arguments::command(), args), expected);
    }

    #[test]
    fn the_declarations_are_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_file_alone_is_run() {
        check(&["wharf"], &["wharf"]);
        check(
            &["wharf", "app.wasm", "run"],
            &["wharf", "run", "app.wasm", "run"],
        );
        check(&["wharf", "-"], &["wharf", "run", "-"]);
        check(
            &["wharf", "--dir", ".", "a"],
            &["wharf", "run", "--dir", ".", "a"],
        );
        check(&["wharf", "run", "compile"], &["wharf", "run", "compile"]);
        check(&["wharf", "validate", "a"], &["wharf", "validate", "a"]);
        check(&["wharf", "print", "a"], &["wharf", "print", "a"]);
        check(&["wharf", "--help"], &["wharf", "--help"]);
    }
}
