//! `wharf addr2line`: where in the source the bytes of a module come from.
//!
//! Apart, as each command is.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use inspect::addr2line::{self, Found, Frame, Locator, SourceMap};
use inspect::anatomy::{Anatomy, shown};
use serde_json::{Value, json};

use crate::failure::{Failure, Outcome};
use crate::input::Input;
use crate::output::Output;

/// Say where in the source addresses of a module come from
#[derive(Args)]
#[command(after_help = "\
An address is an offset in the file: 0x1f, @1f or 31. Functions that were inlined come first, below each other those that they are in.
Without DWARF, a source map counts that the module names and that lies beside it, or else only the function is known.")]
pub struct Arguments {
    /// The module or component: binary, text, or `-` for standard input
    file: PathBuf,

    /// Offsets in the file
    #[arg(value_name = "ADDR")]
    addresses: Vec<String>,

    /// Addresses are offsets in the contents of the code section, as DWARF counts
    #[arg(long, alias = "code")]
    code_section_relative: bool,

    /// The source map
    #[arg(long, value_name = "FILE")]
    source_map: Option<PathBuf>,

    /// Print JSON
    #[arg(long)]
    json: bool,

    /// Text has line tables in any case
    #[arg(long, value_name = "WHAT", hide = true)]
    generate_dwarf: Option<String>,

    /// The same
    #[arg(short = 'g', hide = true)]
    generate_full_dwarf: bool,

    #[command(flatten)]
    output: Output,
}

/// Looks up all addresses.
pub fn run(arguments: &Arguments) -> Outcome {
    let mut input = Input::read(&arguments.file)?;
    let wasm = input.take_wasm()?;
    let anatomy = Anatomy::read(&wasm).map_err(|fault| input.fault(&fault))?;
    let mut locator = Locator::new(&anatomy, source_map(&anatomy, arguments)?);
    let mut text = String::new();
    let mut rows = Vec::new();
    for address in &arguments.addresses {
        let parsed = parse(address).ok_or_else(|| {
            Failure::usage(format!("{address} is no address")).help("write 0x1f, @1f or 31")
        })?;
        let found = locator.find(parsed, arguments.code_section_relative);
        let found = found.ok_or_else(|| {
            Failure::new("offsets in the code section need a file with exactly one core module")
        })?;
        if found == Found::NoModule {
            return Err(Failure::new(format!(
                "{address} lies in no module of the file"
            )));
        }
        match arguments.json {
            true => rows.push(to_json(parsed, &found)),
            false => write_found(&mut text, address, &found),
        }
    }
    if arguments.json {
        text = format!("{:#}\n", Value::from(rows));
    }
    arguments.output.write_text(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn parse(address: &str) -> Option<u64> {
    match address
        .strip_prefix("0x")
        .or_else(|| address.strip_prefix('@'))
    {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => address.parse().ok(),
    }
}

/// The source map that was named, or the one that the module names, if that lies in the module's folder: a module shall not make us
/// read other files.
fn source_map(anatomy: &Anatomy<'_>, arguments: &Arguments) -> Result<Option<SourceMap>, Failure> {
    let beside = || {
        let url = addr2line::source_map_url(anatomy)?;
        let name = Path::new(url.strip_prefix("./").unwrap_or(url));
        let is_name = name.file_name() == Some(name.as_os_str());
        let path = arguments.file.parent()?.join(name);
        (is_name && arguments.file != Path::new("-") && path.is_file()).then_some(path)
    };
    let Some(path) = arguments.source_map.clone().or_else(beside) else {
        return Ok(None);
    };
    let json = std::fs::read(&path).map_err(|error| crate::input::cannot_read(&path, &error))?;
    let map = SourceMap::parse(&json);
    let map = map.map_err(|error| Failure::new(format!("{error}\n  --> {}", path.display())))?;
    Ok(Some(map))
}

fn write_found(text: &mut String, address: &str, found: &Found) {
    let _ = match found {
        Found::Frames(frames) => {
            for (i, frame) in frames.iter().enumerate() {
                match i {
                    0 => drop(write!(text, "{address}: ")),
                    _ => text.push('\t'),
                }
                write_frame(text, frame);
            }
            return;
        }
        Found::Func { name, offset } => writeln!(text, "{address}: {}+{offset:#x}", shown(name)),
        Found::NoFunc => writeln!(text, "{address}: in no function"),
        Found::NoModule => writeln!(text, "{address}: in no module"),
    };
}

fn write_frame(text: &mut String, frame: &Frame) {
    text.push_str(&shown(frame.function.as_deref().unwrap_or("<unnamed>")));
    if let Some(file) = &frame.file {
        let _ = write!(text, " {}", shown(file));
    }
    for number in [frame.line, frame.column].into_iter().flatten() {
        let _ = write!(text, ":{number}");
    }
    text.push('\n');
}

fn to_json(address: u64, found: &Found) -> Value {
    match found {
        Found::Frames(frames) => {
            let frames = frames.iter().map(|frame| {
                json!({
                    "function": frame.function,
                    "file": frame.file,
                    "line": frame.line,
                    "column": frame.column,
                })
            });
            json!({"address": address, "frames": frames.collect::<Vec<_>>()})
        }
        Found::Func { name, offset } => {
            json!({"address": address, "function": name, "offset": offset})
        }
        Found::NoFunc | Found::NoModule => json!({"address": address}),
    }
}
