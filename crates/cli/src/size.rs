//! `wharf size`: where the bytes of a module go, and what keeps them there.
//!
//! Apart, as each command is. The maps are in files of their own.

mod html;
mod paths;
mod svg;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use inspect::anatomy::{Anatomy, shown};
use inspect::size::{GroupBy, Sizes};
use serde_json::{Value, json};

use crate::failure::Outcome;
use crate::input::Input;
use crate::output::{Output, cannot_write};
use table::{Row, Table};

/// Show where the bytes of a module go
#[derive(Args)]
#[command(after_help = "\
Every byte of the file belongs to one item: a function, a segment, a type, an import, a section's header.

What is retained by an item would go with it: its own bytes, and those of all that is reached only through it from the
exports, the start function, and the segments of imported tables and memories.")]
pub struct Arguments {
    /// The module or component: binary, text, or `-` for standard input
    file: PathBuf,

    /// How many rows to show; 0 for all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 25)]
    top: usize,

    /// Sort by what would go with each item, and show that too
    #[arg(long, group = "view")]
    retained: bool,

    /// Show generic functions by what all of their instances take, by names
    #[arg(long, group = "view", alias = "monos")]
    generics: bool,

    /// Show what nothing reaches
    #[arg(long, group = "view")]
    garbage: bool,

    /// Show why an item is there: a function's name or index, an export's name, or `data[3]`
    #[arg(long, group = "view", value_name = "ITEM")]
    paths: Option<String>,

    /// Sum up all bytes by what they belong to
    #[arg(long, group = "view", value_name = "WHAT")]
    by: Option<By>,

    /// Draw a map to a file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,

    /// Write a map that can be zoomed to a file, which needs no other
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Print JSON, with all rows
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    output: Output,
}

/// What bytes are summed up by.
#[derive(Clone, Copy, ValueEnum)]
enum By {
    /// The section
    Section,
    /// The module in a component
    Module,
    /// The crate, or outermost namespace, of functions
    Crate,
    /// The path that functions are in
    Namespace,
    /// The source file, by DWARF's line tables
    File,
}

impl From<By> for GroupBy {
    fn from(by: By) -> GroupBy {
        match by {
            By::Section => GroupBy::Section,
            By::Module => GroupBy::Module,
            By::Crate => GroupBy::Crate,
            By::Namespace => GroupBy::Namespace,
            By::File => GroupBy::File,
        }
    }
}

/// Shows what was asked for.
pub fn run(arguments: &Arguments) -> Outcome {
    let mut input = Input::read(&arguments.file)?;
    let wasm = input.take_wasm_without_lines()?;
    let anatomy = Anatomy::read(&wasm).map_err(|fault| input.fault(&fault))?;
    let mut drawn = false;
    if let Some(path) = &arguments.svg {
        let map = svg::draw(&Sizes::tree(&anatomy), &input.name());
        std::fs::write(path, map).map_err(|error| cannot_write(path, &error))?;
        drawn = true;
    }
    if let Some(path) = &arguments.html {
        let map = html::page(&Sizes::tree(&anatomy), &input.name());
        std::fs::write(path, map).map_err(|error| cannot_write(path, &error))?;
        drawn = true;
    }
    if !drawn || arguments.json || arguments.has_view() {
        let shown = match &arguments.paths {
            Some(word) => paths::show(&anatomy, word, arguments.json)?,
            None => {
                let table = table(&anatomy, arguments);
                match arguments.json {
                    true => table.json(&input.name()),
                    false => table.text(),
                }
            }
        };
        arguments.output.write_text(&shown)?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Arguments {
    fn has_view(&self) -> bool {
        let flags = self.retained || self.generics || self.garbage;
        flags || self.paths.is_some() || self.by.is_some()
    }

    /// How many rows are made: labels of items that are not shown would take time.
    fn n_rows(&self) -> usize {
        match self.top {
            _ if self.json => usize::MAX,
            0 => usize::MAX,
            top => top,
        }
    }
}

/// The table that was asked for.
fn table(anatomy: &Anatomy<'_>, arguments: &Arguments) -> Table {
    let n = arguments.n_rows();
    let whole = anatomy.bytes.len() as u64;
    let bytes = |item: u32| anatomy.items[item as usize].bytes();
    let of_items = |items: &[u32]| {
        let rows = items.iter().take(n);
        let rows = rows.map(|item| Row::of_item(anatomy, *item, vec![bytes(*item)]));
        Table {
            columns: &["bytes", "item"],
            rows: rows.collect(),
            n_all: items.len(),
            sum: Some(items.iter().map(|item| bytes(*item)).sum()),
            whole,
        }
    };
    if let Some(by) = arguments.by {
        let groups = Sizes::grouped(anatomy, by.into());
        let n_all = groups.len();
        let rows = groups.into_iter().take(n).map(|group| Row {
            json: json!({"label": group.label, "bytes": group.bytes, "count": group.n}).to_string(),
            numbers: vec![group.bytes, group.n],
            label: group.label,
        });
        return Table {
            columns: &["bytes", "count", "group"],
            rows: rows.collect(),
            n_all,
            sum: Some(whole),
            whole,
        };
    }
    if arguments.generics {
        return generics(anatomy, n);
    }
    if arguments.garbage {
        return of_items(&Sizes::of(anatomy).garbage());
    }
    if arguments.retained {
        let retained = Sizes::of(anatomy).retained();
        let items = Sizes::by_retained(&retained);
        let rows = items.iter().take(n).map(|item| {
            let numbers = vec![retained[*item as usize], bytes(*item)];
            Row::of_item(anatomy, *item, numbers)
        });
        return Table {
            columns: &["retained", "bytes", "item"],
            rows: rows.collect(),
            n_all: items.len(),
            // What is retained is counted again by whoever retains that.
            sum: None,
            whole,
        };
    }
    of_items(&Sizes::shallow(anatomy))
}

fn generics(anatomy: &Anatomy<'_>, n: usize) -> Table {
    let generics = Sizes::generics(anatomy);
    let n_all = generics.len();
    let sum = generics.iter().map(|generic| generic.savings).sum();
    let rows = generics.into_iter().take(n).map(|generic| {
        let instances = generic
            .instances
            .iter()
            .map(|item| item_json(anatomy, *item));
        let label = shown(&generic.name).into_owned();
        Row {
            json: json!({
                "label": label,
                "bytes": generic.bytes,
                "savings": generic.savings,
                "instances": instances.collect::<Vec<_>>(),
            })
            .to_string(),
            numbers: vec![
                generic.savings,
                generic.bytes,
                generic.instances.len() as u64,
            ],
            label,
        }
    });
    Table {
        columns: &["savings", "bytes", "count", "generic function"],
        rows: rows.collect(),
        n_all,
        sum: Some(sum),
        whole: anatomy.bytes.len() as u64,
    }
}

/// An item as JSON: what it is and where.
fn item_json(anatomy: &Anatomy<'_>, place: u32) -> Value {
    let item = &anatomy.items[place as usize];
    json!({
        "label": anatomy.label(item),
        "kind": item.kind.name(),
        "module": item.module,
        "index": item.index,
        "section": item.section.label(),
        "offset": item.range.start,
        "bytes": item.bytes(),
    })
}
