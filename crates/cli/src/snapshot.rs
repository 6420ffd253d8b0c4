//! `wharf snapshot`: initializes a program once, and writes a module that starts where it stood then.
//!
//! Apart, as each command is.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use snapshot::{Refusal, Snapshot};

use crate::engine::{self, EngineOptions};
use crate::failure::{Failure, Outcome};
use crate::input::Input;
use crate::output::cannot_write;
use crate::quantity::parse_duration;
use crate::run::Grants;

/// Initialize a program once, and write a module that starts where it stands then
#[derive(Args)]
#[command(after_help = "\
Calls `_initialize` if the module exports it, and then the function of --init; without that, `wizer-initialize` or
`wizer.initialize` if there is one. What the program computed is in the memories, globals and tables of the result; what was
granted here is not, and must be granted again when the result runs.")]
pub struct Arguments {
    /// The module: binary, text, or `-` for standard input
    file: PathBuf,

    /// Where to write the result
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    /// Call this exported function, which takes and returns nothing
    #[arg(long, value_name = "FUNCTION")]
    init: Option<String>,

    /// Leave what was called exported, although it would run again
    #[arg(long)]
    keep_init: bool,

    /// Export under a name what had another name, instead of what the name meant
    #[arg(long = "rename", value_name = "NEW=OLD", value_parser = parse_rename)]
    renames: Vec<(String, String)>,

    /// Stop it after a time, such as 500ms, 5s, 2m
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    timeout: Option<Duration>,

    /// Suppress progress
    #[arg(short, long)]
    quiet: bool,

    #[command(flatten)]
    grants: Grants,

    #[command(flatten)]
    engine: EngineOptions,
}

/// Initializes and writes.
pub fn run(arguments: &Arguments) -> Outcome {
    let name = arguments.file.as_os_str().as_encoded_bytes();
    let name = arguments.grants.argv0().map_or(name, str::as_bytes);
    let builder = wasi::Ctx::builder().arg(name);
    let deterministic = arguments.engine.is_deterministic();
    let ctx = arguments.grants.open(builder, deterministic)?.build();
    let ctx = ctx.map_err(Failure::new)?;
    let engine = engine::start(&arguments.engine.config()?)?;
    let module = engine::compile(&engine, &mut Input::read(&arguments.file)?, arguments.quiet)?;

    let mut linker = wharf::Linker::new(&engine);
    wasi::add_to_linker(&mut linker, |ctx: &mut wasi::Ctx| ctx).map_err(Failure::new)?;
    let mut store = wharf::Store::new(&engine, ctx);
    // A time beyond what the clock can say is none.
    let deadline = arguments
        .timeout
        .and_then(|time| Instant::now().checked_add(time));
    store.set_deadline(deadline);
    let mut snapshot = Snapshot::default();
    if let Some(init) = &arguments.init {
        snapshot.init(init);
    }
    snapshot.keep_init(arguments.keep_init);
    for (new, old) in &arguments.renames {
        snapshot.rename(old, new);
    }
    let taken = linker
        .instantiate(&mut store, &module)
        .and_then(|instance| snapshot.take(&mut store, instance));
    let ready = taken.map_err(|error| failure(&error))?;
    std::fs::write(&arguments.output, ready)
        .map_err(|error| cannot_write(&arguments.output, &error))?;
    Ok(ExitCode::SUCCESS)
}

fn failure(error: &wharf::Error) -> Failure {
    if error.downcast_ref::<Refusal>().is_some() {
        return Failure::new(format!("there can be no snapshot: {error}"));
    }
    if let Some(exit) = error.downcast_ref::<wasi::Exit>() {
        return Failure::new(format!(
            "the program exited with code {} while it was initialized",
            exit.0
        ));
    }
    match error.trap() {
        Some(_) => Failure::trap(error),
        None => Failure::new(error),
    }
}

fn parse_rename(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((new, old)) if !new.is_empty() && !old.is_empty() => {
            Ok((new.to_owned(), old.to_owned()))
        }
        _ => Err("expected NEW=OLD, each not empty".to_owned()),
    }
}
