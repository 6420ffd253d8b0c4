//! `wharf metadata`: what a file says of itself, and saying more.
//!
//! Apart, as each command is; how tables look is in `metadata/table.rs`.

mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;
use surgery::{AddMetadata, Change, Metadata, NOTES};

use crate::failure::Outcome;
use crate::input::Input;
use crate::output::Output;
use crate::product::Product;
use crate::strip::surgery_failure;

/// Show or change what a file says of itself: its name, what made it, who wrote it
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Show(Show),
    Add(Box<Add>),
}

/// Show the name, the producers and the notes of a file, and of what is nested in it
#[derive(Args)]
struct Show {
    /// The file: binary, text, or `-` for standard input
    #[arg(default_value = "-", hide_default_value = true)]
    file: PathBuf,

    /// Print one JSON document
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    output: Output,
}

/// Add or replace the name, producers and notes of a file
#[derive(Args)]
#[command(after_help = "\
  wharf metadata add --name app --language Rust=1.95 --licenses MIT app.wasm -o named.wasm
  wharf metadata add --clear-homepage app.wasm -o without.wasm")]
struct Add {
    /// The file: binary, text, or `-` for standard input
    #[arg(default_value = "-", hide_default_value = true)]
    file: PathBuf,

    /// The name of the module or component
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Remove the name
    #[arg(long, conflicts_with = "name")]
    clear_name: bool,

    /// A language it was written in
    #[arg(long, value_name = "NAME=VERSION", value_parser = parse_producer)]
    language: Vec<(String, String)>,

    /// A tool that made it
    #[arg(long, value_name = "NAME=VERSION", value_parser = parse_producer)]
    processed_by: Vec<(String, String)>,

    /// An SDK it was made with
    #[arg(long, value_name = "NAME=VERSION", value_parser = parse_producer)]
    sdk: Vec<(String, String)>,

    #[command(flatten)]
    notes: Notes,

    #[command(flatten)]
    product: Product,
}

/// One option a note; [`NOTES`] has the names of their sections.
#[derive(Args)]
struct Notes {
    /// What it is
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Remove the description
    #[arg(long, conflicts_with = "description")]
    clear_description: bool,

    /// Who is responsible for it
    #[arg(long, value_name = "TEXT")]
    authors: Option<String>,
    /// Remove the authors
    #[arg(long, conflicts_with = "authors")]
    clear_authors: bool,

    /// Its own version
    #[arg(long, value_name = "TEXT")]
    version: Option<String>,
    /// Remove the version
    #[arg(long, conflicts_with = "version")]
    clear_version: bool,

    /// The revision of its source
    #[arg(long, value_name = "TEXT")]
    revision: Option<String>,
    /// Remove the revision
    #[arg(long, conflicts_with = "revision")]
    clear_revision: bool,

    /// Its licenses, as an SPDX expression
    #[arg(long, value_name = "TEXT")]
    licenses: Option<String>,
    /// Remove the licenses
    #[arg(long, conflicts_with = "licenses")]
    clear_licenses: bool,

    /// Where its source is
    #[arg(long, value_name = "URL")]
    source: Option<String>,
    /// Remove the source
    #[arg(long, conflicts_with = "source")]
    clear_source: bool,

    /// Where to read about it
    #[arg(long, value_name = "URL")]
    homepage: Option<String>,
    /// Remove the homepage
    #[arg(long, conflicts_with = "homepage")]
    clear_homepage: bool,
}

/// Does what was asked.
pub fn run(arguments: Arguments) -> Outcome {
    match arguments.command {
        Command::Show(arguments) => show(&arguments),
        Command::Add(arguments) => add(*arguments),
    }
}

fn show(arguments: &Show) -> Outcome {
    let mut input = Input::read(&arguments.file)?;
    let wasm = input.take_wasm_without_lines()?;
    let metadata = Metadata::read(&wasm).map_err(|error| surgery_failure(&input, &error))?;
    let shown = match arguments.json {
        true => format!("{}\n", to_json(&metadata)),
        false => table::all(&metadata),
    };
    arguments.output.write_text(&shown)?;
    Ok(ExitCode::SUCCESS)
}

fn add(arguments: Add) -> Outcome {
    let fields = [
        ("language", arguments.language),
        ("processed-by", arguments.processed_by),
        ("sdk", arguments.sdk),
    ];
    let mut producers = Vec::new();
    for (field, values) in fields {
        for (name, version) in values {
            producers.push((field.to_owned(), name, version));
        }
    }
    let adds = AddMetadata {
        name: change(arguments.name, arguments.clear_name),
        producers,
        notes: arguments.notes.changes(),
    };
    let mut input = Input::read(&arguments.file)?;
    let wasm = input.take_wasm_without_lines()?;
    let changed = adds
        .apply(&wasm)
        .map_err(|error| surgery_failure(&input, &error))?;
    arguments.product.write(&changed)?;
    Ok(ExitCode::SUCCESS)
}

impl Notes {
    /// What becomes of each note.
    fn changes(self) -> Vec<(&'static str, Change)> {
        let mut asked = [
            ("description", self.description, self.clear_description),
            ("authors", self.authors, self.clear_authors),
            ("version", self.version, self.clear_version),
            ("revision", self.revision, self.clear_revision),
            ("licenses", self.licenses, self.clear_licenses),
            ("source", self.source, self.clear_source),
            ("homepage", self.homepage, self.clear_homepage),
        ];
        let take = |key: &&'static str| {
            let (_, text, clear) = asked.iter_mut().find(|(note, ..)| note == key)?;
            Some((*key, change(text.take(), *clear)))
        };
        NOTES.iter().filter_map(take).collect()
    }
}

fn change(text: Option<String>, clear: bool) -> Change {
    match (text, clear) {
        (Some(text), _) => Change::Set(text),
        (None, true) => Change::Clear,
        (None, false) => Change::Keep,
    }
}

fn parse_producer(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, version)) if !name.is_empty() => Ok((name.to_owned(), version.to_owned())),
        _ => Err("expected NAME=VERSION".to_owned()),
    }
}

/// One document for a file and all that is nested in it.
fn to_json(metadata: &Metadata) -> serde_json::Value {
    let producers = metadata.producers.as_ref().map(|fields| {
        let field = |(field, values): &(String, Vec<(String, String)>)| {
            let pairs = values.iter().cloned();
            let values = pairs.collect::<std::collections::BTreeMap<_, _>>();
            json!([field, values])
        };
        fields.iter().map(field).collect::<Vec<_>>()
    });
    let mut own = json!({
        "name": metadata.name,
        "producers": producers,
        "range": { "start": metadata.range.start, "end": metadata.range.end },
    });
    for key in NOTES {
        let note = metadata.notes.iter().find(|(note, _)| note == key);
        own[key] = json!(note.map(|(_, text)| text));
    }
    match metadata.is_component {
        true => {
            let children: Vec<_> = metadata.children.iter().map(to_json).collect();
            json!({ "component": { "metadata": own, "children": children } })
        }
        false => json!({ "module": own }),
    }
}
