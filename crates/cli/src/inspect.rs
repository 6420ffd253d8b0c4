//! `wharf inspect`: what a file is, who made it, what it can do, and what takes its bytes.
//!
//! Apart, as each command is.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use ::inspect::{Capability, FrameKind, Memory, Overview, Purpose, overview};
use clap::Args;
use serde_json::{Value, json};

use crate::failure::Outcome;
use crate::input::Input;
use crate::objdump::{check, plain};
use crate::output;

/// Show what a file is, who made it, and what it can ask of its host
#[derive(Args)]
pub struct Arguments {
    /// The module or component: binary, text, or `-` for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Show everything, not only as much as fits a screen
    #[arg(long)]
    all: bool,

    /// Print one JSON document, with everything in it
    #[arg(long)]
    json: bool,
}

/// Looks at a file. What can be read of a broken one is shown before its fault.
pub fn run(arguments: &Arguments) -> Outcome {
    let mut input = Input::read(&arguments.file)?;
    let wasm = input.take_wasm_without_lines()?;
    let name = input.name();
    let overview = overview(&wasm);
    output::to_stdout(|out| {
        if arguments.json {
            let mut value = json(&overview);
            value["file"] = json!(name);
            return writeln!(out, "{value:#}");
        }
        show(out, &name, &overview, arguments.all)
    })?;
    check(&name, overview.faults)?;
    Ok(ExitCode::SUCCESS)
}

/// How much of each list is shown unless all is wanted.
const SHOWN: usize = 6;

struct Page<'o> {
    out: &'o mut dyn Write,
    all: bool,
}

impl Page<'_> {
    /// The first lines of a list, each behind the same margin, under a title.
    fn list(
        &mut self,
        title: &str,
        lines: impl ExactSizeIterator<Item = String>,
    ) -> io::Result<()> {
        let total = lines.len();
        let shown = if self.all || total <= SHOWN + 1 {
            total
        } else {
            SHOWN
        };
        for (i, line) in lines.take(shown).enumerate() {
            let title = if i == 0 { title } else { "" };
            writeln!(self.out, "{title:<10} {line}")?;
        }
        match total - shown {
            0 => Ok(()),
            more => writeln!(self.out, "{:10} ... {more} more with --all", ""),
        }
    }
}

fn show(out: &mut dyn Write, name: &str, it: &Overview, all: bool) -> io::Result<()> {
    let mut page = Page { out, all };
    writeln!(
        page.out,
        "{}: {}, {}",
        plain(name),
        kind(it),
        size(it.bytes as u128)
    )?;
    if let Some(name) = &it.name {
        writeln!(page.out, "{:<10} {}", "name", plain(name))?;
    }
    let makers = it.makers.iter().map(|maker| {
        let what = plain(&maker.what);
        format!(
            "{what}  ({}: {})",
            maker.certainty.word(),
            plain(&maker.evidence)
        )
    });
    page.list("made by", makers)?;
    if !it.features.is_empty() {
        writeln!(page.out, "{:<10} {}", "needs", it.features.join(", "))?;
    }
    if let (None, Some(FrameKind::Module)) = (it.asks.first(), it.is) {
        writeln!(page.out, "{:<10} nothing: it can only compute", "can ask")?;
    }
    let asks = it.asks.iter().map(|ask| {
        let total = ask.imports.len();
        let shown = if all { total } else { total.min(3) };
        let some: Vec<_> = ask.imports[..shown].iter().map(|it| plain(it)).collect();
        let more = match total - shown {
            0 => String::new(),
            more => format!(", {more} more"),
        };
        let (words, meaning) = (ask.what.words(), ask.what.explained());
        format!("{words:<12} {meaning}: {}{more}", some.join(", "))
    });
    // All kinds are shown: what a guest may do is what people look for.
    let limit = std::mem::replace(&mut page.all, true);
    page.list("can ask", asks)?;
    page.all = limit;
    let exports = it.exports.iter().map(|export| {
        let (name, ty) = (plain(&export.name), &export.ty);
        format!("{:<9} {name} {ty}", export.kind)
            .trim_end()
            .to_owned()
    });
    page.list("exports", exports)?;
    page.list("memory", it.memories.iter().map(memory))?;
    if it.data_bytes > 0 {
        writeln!(
            page.out,
            "{:<10} {} of its memory are in the file",
            "data",
            size(it.data_bytes as u128)
        )?;
    }
    if let Some(start) = &it.start_function {
        writeln!(
            page.out,
            "{:<10} {} runs when it is instantiated",
            "start",
            plain(start)
        )?;
    }
    let sections = it.sections.iter().map(|section| {
        let custom = if section.is_custom { "custom " } else { "" };
        let items = section
            .items
            .map_or(String::new(), |n| format!("{n} items"));
        let name = format!("{custom}{}", plain(&section.name));
        let share = 100.0 * section.bytes as f64 / it.bytes.max(1) as f64;
        let bytes = size(section.bytes as u128);
        format!("{bytes:>10} {share:5.1} %  {name:<20} {items}")
            .trim_end()
            .to_owned()
    });
    page.list("sections", sections)?;
    let functions = it.largest.iter().map(|func| {
        let name = func.name.as_deref().map_or(String::new(), |name| {
            ::inspect::demangle::readable(name).into_owned()
        });
        let share = 100.0 * func.bytes as f64 / it.bytes.max(1) as f64;
        let bytes = size(func.bytes as u128);
        let line = format!(
            "{bytes:>10} {share:5.1} %  [{}] {}",
            func.index,
            plain(&name)
        );
        shortened(line.trim_end(), all)
    });
    page.list("functions", functions)?;
    let named = it.largest.len().min(if all { usize::MAX } else { SHOWN });
    if named > 0 && it.functions as usize > named {
        writeln!(
            page.out,
            "{:10} of {} functions; `wharf size` tells more",
            "", it.functions
        )?;
    }
    let limit = if all { usize::MAX } else { SHOWN };
    for (i, nested) in it.nested.iter().enumerate().take(limit) {
        writeln!(page.out)?;
        let name = format!("{name}, part {i} at byte {:#x}", nested.start);
        if all {
            show(page.out, &name, nested, all)?;
        } else {
            let asks: Vec<&str> = nested.asks.iter().map(|it| it.what.words()).collect();
            let asks = if asks.is_empty() {
                "nothing".to_owned()
            } else {
                asks.join(", ")
            };
            writeln!(
                page.out,
                "{}: {}, {}",
                plain(&name),
                kind(nested),
                size(nested.bytes as u128)
            )?;
            writeln!(page.out, "{:<10} {asks}", "can ask")?;
        }
    }
    match it.nested.len().saturating_sub(limit) {
        0 => Ok(()),
        more => writeln!(page.out, "\n{more} more parts with --all"),
    }
}

/// A line that fits a screen.
fn shortened(line: &str, all: bool) -> String {
    const WIDTH: usize = 100;
    match line.char_indices().nth(WIDTH) {
        Some((end, _)) if !all => format!("{}...", &line[..end]),
        _ => line.to_owned(),
    }
}

fn kind(it: &Overview) -> &'static str {
    match it.purpose {
        Purpose::WasiCommand => "core module, a program (WASI command)",
        Purpose::WasiReactor => "core module, a library (WASI reactor)",
        Purpose::Emscripten => "core module for the JavaScript of Emscripten",
        Purpose::WasmBindgen => "core module for the JavaScript of wasm-bindgen",
        Purpose::GoJs => "core module for the JavaScript of Go",
        Purpose::JavaScript => "core module for JavaScript",
        Purpose::Object => "object file for a linker",
        Purpose::DynamicLibrary => "dynamic library",
        Purpose::Plugin => "core module, a library that needs functions of its host",
        Purpose::Library => "core module, a library that needs nothing",
        Purpose::Command => "component, a program (wasi:cli/run)",
        Purpose::HttpHandler => "component, a server (wasi:http/incoming-handler)",
        Purpose::Component => "component",
        Purpose::Unknown => "not WebAssembly",
    }
}

fn memory(memory: &Memory) -> String {
    let mut text = size(memory.initial_bytes);
    match memory.max_bytes {
        Some(max) => {
            let _ = write!(text, ", at most {}", size(max));
        }
        None => text += ", no limit of its own",
    }
    for (is_so, words) in [
        (memory.imported, ", imported"),
        (memory.shared, ", shared by threads"),
        (memory.is_64, ", 64-bit addresses"),
    ] {
        if is_so {
            text += words;
        }
    }
    text
}

/// A size that people can compare: exact up to some kilobytes.
fn size(bytes: u128) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 10_000 {
        return format!("{bytes} B");
    }
    let mut number = bytes as f64;
    let mut unit = "";
    for next in UNITS {
        number /= 1024.0;
        unit = next;
        if number < 1024.0 {
            break;
        }
    }
    format!("{number:.1} {unit}")
}

/// All facts.
fn json(it: &Overview) -> Value {
    let asks: Vec<Value> = it
        .asks
        .iter()
        .map(|ask| json!({"what": Capability::words(ask.what), "imports": ask.imports}))
        .collect();
    let makers: Vec<Value> = it
        .makers
        .iter()
        .map(|maker| {
            json!({
                "what": maker.what, "certainty": maker.certainty.word(), "evidence": maker.evidence,
            })
        })
        .collect();
    let sections: Vec<Value> = it
        .sections
        .iter()
        .map(|section| {
            json!({
                "name": section.name, "custom": section.is_custom, "bytes": section.bytes,
                "items": section.items,
            })
        })
        .collect();
    let largest: Vec<Value> = it
        .largest
        .iter()
        .map(|func| json!({"index": func.index, "name": func.name, "bytes": func.bytes}))
        .collect();
    let exports: Vec<Value> = it
        .exports
        .iter()
        .map(|export| json!({"name": export.name, "kind": export.kind, "type": export.ty}))
        .collect();
    let memories: Vec<Value> = it
        .memories
        .iter()
        .map(|memory| {
            // Numbers of JSON have 64 bits at most, and 64-bit memories may be as large as 2^64 bytes.
            let limited = |bytes: u128| u64::try_from(bytes).unwrap_or(u64::MAX);
            json!({
                "imported": memory.imported, "initial_bytes": limited(memory.initial_bytes),
                "max_bytes": memory.max_bytes.map(limited), "shared": memory.shared,
                "is_64": memory.is_64,
            })
        })
        .collect();
    json!({
        "is": match it.is {
            Some(FrameKind::Module) => "module",
            Some(FrameKind::Component) => "component",
            None => "unknown",
        },
        "purpose": purpose(it.purpose),
        "bytes": it.bytes,
        "start": it.start,
        "name": it.name,
        "made_by": makers,
        "needs": it.features,
        "can_ask": asks,
        "exports": exports,
        "memories": memories,
        "data_bytes": it.data_bytes,
        "start_function": it.start_function,
        "functions": it.functions,
        "largest_functions": largest,
        "sections": sections,
        "nested": it.nested.iter().map(json).collect::<Vec<_>>(),
        "faults": it.faults,
    })
}

/// One word for programs.
fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::WasiCommand => "wasi-command",
        Purpose::WasiReactor => "wasi-reactor",
        Purpose::Emscripten => "emscripten",
        Purpose::WasmBindgen => "wasm-bindgen",
        Purpose::GoJs => "go-js",
        Purpose::JavaScript => "javascript",
        Purpose::Object => "object",
        Purpose::DynamicLibrary => "dynamic-library",
        Purpose::Plugin => "plugin",
        Purpose::Library => "library",
        Purpose::Command => "command",
        Purpose::HttpHandler => "http-handler",
        Purpose::Component => "component",
        Purpose::Unknown => "unknown",
    }
}
