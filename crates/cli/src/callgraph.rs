//! `wharf callgraph`: who calls whom in a module, for Graphviz or as JSON.
//!
//! Apart, as each command is.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use inspect::anatomy::{Anatomy, shown};
use inspect::callgraph::{CallGraph, NodeKind};
use inspect::size;
use serde_json::json;

use crate::failure::{Failure, Outcome};
use crate::input::Input;
use crate::output::Output;

/// Show who calls whom, for Graphviz
#[derive(Args)]
#[command(after_help = "\
Calls through tables and references are dashed. They lead to what is called, by table and type, and from there to the functions
of that type that are known to be in it. Tables that others may change are marked.

    wharf callgraph app.wasm --from main --depth 3 | dot -Tsvg > calls.svg")]
pub struct Arguments {
    /// The module or component: binary, text, or `-` for standard input
    file: PathBuf,

    /// Only what this function calls, directly or not: its name, export or index
    #[arg(long, value_name = "FUNC")]
    from: Option<String>,

    /// Only what calls this function, directly or not
    #[arg(long, value_name = "FUNC")]
    to: Option<String>,

    /// At most so many calls away
    #[arg(long, value_name = "N")]
    depth: Option<usize>,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    output: Output,
}

/// Shows the graph.
pub fn run(arguments: &Arguments) -> Outcome {
    if arguments.depth.is_some() && arguments.from.is_none() && arguments.to.is_none() {
        return Err(Failure::usage("--depth needs --from or --to"));
    }
    let mut input = Input::read(&arguments.file)?;
    let wasm = input.take_wasm_without_lines()?;
    let anatomy = Anatomy::read(&wasm).map_err(|fault| input.fault(&fault))?;
    let graph = CallGraph::of(&anatomy);
    let mut is_shown = vec![true; graph.nodes.len()];
    for (word, backwards) in [(&arguments.from, false), (&arguments.to, true)] {
        if let Some(word) = word {
            let nodes = nodes_called(&anatomy, &graph, word)?;
            let within = graph.within(&nodes, arguments.depth.unwrap_or(usize::MAX), backwards);
            is_shown
                .iter_mut()
                .zip(within)
                .for_each(|(shown, within)| *shown &= within);
        }
    }
    arguments.output.write_pieces(|to| {
        let written = match arguments.json {
            true => write_json(to, &graph, &is_shown),
            false => write_dot(to, &graph, &is_shown, &input.name()),
        };
        written.map_err(|error| arguments.output.cannot_write(&error))
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The functions that a word means.
fn nodes_called(anatomy: &Anatomy<'_>, graph: &CallGraph, word: &str) -> Result<Vec<u32>, Failure> {
    let found = size::find(anatomy, word).into_iter();
    let nodes: Vec<u32> = found.filter_map(|item| graph.node_of(item)).collect();
    match nodes.is_empty() {
        true => Err(Failure::new(format!("no function is called {word}"))
            .help("say its name, the name of an export, or its index")),
        false => Ok(nodes),
    }
}

fn write_dot(
    to: &mut dyn Write,
    graph: &CallGraph,
    is_shown: &[bool],
    title: &str,
) -> io::Result<()> {
    writeln!(to, "digraph {} {{", quote(&shown(title)))?;
    writeln!(to, "  rankdir=LR;")?;
    writeln!(
        to,
        "  node [shape=box, fontname=\"sans-serif\", fontsize=10];"
    )?;
    for (n, node) in graph.nodes.iter().enumerate().filter(|(n, _)| is_shown[*n]) {
        let style = match node.kind {
            NodeKind::Func if node.is_entry => ", penwidth=2",
            NodeKind::Func => "",
            NodeKind::Import => ", style=rounded, color=gray40",
            NodeKind::ClosedTable | NodeKind::Refs => ", shape=ellipse",
            NodeKind::OpenTable => ", shape=ellipse, peripheries=2",
        };
        writeln!(to, "  n{n} [label={}{style}];", quote(&node.label))?;
    }
    for edge in &graph.edges {
        if is_shown[edge.from as usize] && is_shown[edge.to as usize] {
            let style = if edge.is_indirect {
                " [style=dashed]"
            } else {
                ""
            };
            writeln!(to, "  n{} -> n{}{style};", edge.from, edge.to)?;
        }
    }
    writeln!(to, "}}")
}

/// Text as Graphviz reads it within quotes, where a backslash begins an escape.
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

/// An element a line: there can be more edges than fit in memory as trees.
fn write_json(to: &mut dyn Write, graph: &CallGraph, is_shown: &[bool]) -> io::Result<()> {
    write!(to, "{{\n  \"nodes\": [")?;
    let mut before = "\n";
    for (n, node) in graph.nodes.iter().enumerate().filter(|(n, _)| is_shown[*n]) {
        let node = json!({
            "id": n,
            "kind": node.kind.name(),
            "label": node.label,
            "module": node.module,
            "index": node.index,
            "bytes": node.bytes,
            "entry": node.is_entry,
        });
        write!(to, "{before}    {node}")?;
        before = ",\n";
    }
    write!(to, "\n  ],\n  \"edges\": [")?;
    let mut before = "\n";
    for edge in &graph.edges {
        if is_shown[edge.from as usize] && is_shown[edge.to as usize] {
            let edge = json!({
                "from": edge.from,
                "to": edge.to,
                "indirect": edge.is_indirect,
                "count": edge.count,
            });
            write!(to, "{before}    {edge}")?;
            before = ",\n";
        }
    }
    writeln!(to, "\n  ]\n}}")
}
