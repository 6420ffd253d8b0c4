//! `wasm-validate`: a module, and flags for features.
//!
//! Apart, as each tool is.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgAction, Parser};

use super::feature_flags::FeatureFlags;
use crate::failure::{EXIT_OTHER, Outcome};
use crate::validate::validate_all;

/// Check that a module is valid
#[derive(Parser)]
#[command(name = "wasm-validate", version, args_override_self = true)]
pub struct Arguments {
    /// The module
    file: PathBuf,

    #[command(flatten)]
    features: FeatureFlags,

    /// Accepted, and changes nothing
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,

    /// Accepted: names are never checked
    #[arg(long)]
    no_debug_names: bool,

    /// Accepted: custom sections are never checked
    #[arg(long)]
    ignore_custom_section_errors: bool,
}

/// Checks it.
pub fn run(arguments: Arguments) -> Outcome {
    let features = arguments.features.features();
    Ok(match validate_all(features, &[arguments.file]) {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(EXIT_OTHER),
    })
}
