//! `wharf compile`: compiles a module ahead of time, into a file that `run` maps and starts.
//!
//! Apart, as each command is.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::engine::{self, EngineOptions};
use crate::failure::{Failure, Outcome};
use crate::input::Input;
use crate::output::cannot_write;

/// Compile a module ahead of time
#[derive(Args)]
#[command(after_help = "\
The result is machine code for this version of wharf and this kind of CPU; `wharf run` starts it at once, and refuses it \
elsewhere. Like any program, run it only if you trust who made it.")]
pub struct Arguments {
    /// The module: binary, text, or `-` for standard input
    file: PathBuf,

    /// Where to write the result [default: FILE with the ending .wharf]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Compile for `run --fuel`
    #[arg(long)]
    fuel: bool,

    /// What `wharf run --record-profile` saw: the result is made for it
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,

    /// Suppress progress
    #[arg(short, long)]
    quiet: bool,

    #[command(flatten)]
    engine: EngineOptions,
}

/// Compiles and writes.
pub fn run(arguments: &Arguments) -> Outcome {
    let output = match &arguments.output {
        Some(output) => output.clone(),
        None if arguments.file == Path::new("-") => {
            return Err(
                Failure::usage("a module from standard input has no name for its result")
                    .help("say where to write it with -o FILE"),
            );
        }
        None => arguments.file.with_extension("wharf"),
    };
    let mut config = arguments.engine.config()?;
    config.consume_fuel(arguments.fuel).compile_whole();
    let mut expected = None;
    if let Some(path) = &arguments.profile {
        let profile = read_profile(path)?;
        expected = Some(*profile.module());
        config.profile(profile);
    }
    let engine = engine::start(&config)?;
    let module = engine::compile(&engine, &mut Input::read(&arguments.file)?, arguments.quiet)?;
    if expected.is_some_and(|expected| expected != module.hash()) {
        return Err(Failure::new("the profile is that of another module"));
    }
    let artifact = module.serialize().map_err(Failure::new)?;
    std::fs::write(&output, artifact).map_err(|error| cannot_write(&output, &error))?;
    Ok(ExitCode::SUCCESS)
}

fn read_profile(path: &Path) -> Result<wharf::Profile, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("cannot read {shown}: {error}")))?;
    wharf::Profile::parse(&text)
        .map_err(|error| Failure::new(format!("{shown} is not a profile: {error}")))
}
