//! `wharf merge`: makes one module of several.
//!
//! Apart, as each command is.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use surgery::{ExportConflicts, MergeInput};

use crate::failure::{Failure, Outcome};
use crate::input::Input;
use crate::product::Product;
use crate::strip::surgery_failure;

/// Make one module of several that import from each other
#[derive(Args)]
#[command(after_help = "\
An import from a module that is among the files means what that file exports; other imports stay. All exports stay, start functions
run in the order of the files, and names are kept. Imports and exports must have the same types as if the modules were linked.

  wharf merge app.wasm lib.wasm -o all.wasm              app imports from \"lib\"
  wharf merge app.wasm libc.wasm=env -o all.wasm         app imports from \"env\"

Memories are not joined: each module keeps its own, unless it imports another's.")]
pub struct Arguments {
    /// The modules, binary or text, each with what imports call it if that is not the file's name without its ending
    #[arg(required = true, value_name = "FILE[=NAME]")]
    files: Vec<String>,

    /// If exports have the same name, give all but the first another one, such as `run_1`
    #[arg(long, conflicts_with = "skip_export_conflicts")]
    rename_export_conflicts: bool,

    /// If exports have the same name, keep the first
    #[arg(long)]
    skip_export_conflicts: bool,

    /// Do not say what was lost, or may be a mistake
    #[arg(short, long)]
    quiet: bool,

    #[command(flatten)]
    product: Product,
}

/// Merges, and writes the result.
pub fn run(arguments: &Arguments) -> Outcome {
    let conflicts = match (
        arguments.rename_export_conflicts,
        arguments.skip_export_conflicts,
    ) {
        (true, _) => ExportConflicts::Rename,
        (_, true) => ExportConflicts::Skip,
        _ => ExportConflicts::Refuse,
    };
    let mut files = Vec::new();
    for file in &arguments.files {
        let (path, name) = file_and_name(file);
        let mut input = Input::read(&path)?;
        let wasm = input.take_wasm_without_lines()?;
        files.push((input, name, wasm));
    }
    let inputs: Vec<MergeInput<'_>> = files
        .iter()
        .map(|(_, name, wasm)| MergeInput { name, wasm })
        .collect();
    let merged = surgery::merge(&inputs, conflicts).map_err(|fault| match fault.input {
        Some(at) => surgery_failure(&files[at].0, &fault.error),
        None => Failure::new(fault.error),
    })?;
    if !arguments.quiet {
        for warning in &merged.warnings {
            eprintln!("warning: {warning}");
        }
    }
    arguments.product.write(&merged.wasm)?;
    Ok(ExitCode::SUCCESS)
}

/// `FILE` or `FILE=NAME`. A file whose own name has a `=` is taken as it is.
fn file_and_name(file: &str) -> (PathBuf, String) {
    if !Path::new(file).exists()
        && let Some((path, name)) = file.rsplit_once('=')
    {
        return (path.into(), name.to_owned());
    }
    let path = PathBuf::from(file);
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into());
    (path, stem.unwrap_or_default())
}
