//! `wharf demangle`: mangled names in a module, on the command line or in a text, as their programmers wrote them.
//!
//! Apart, as each command is.

use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use inspect::demangle;

use crate::failure::{Failure, Outcome};
use crate::input::Input;
use crate::output::Output;

/// Demangle names: of a module's name section, or of a text
#[derive(Args)]
#[command(after_help = "\
Rust's names, old and new, and those of C++ are demangled. All else stays as it is.

    wharf demangle app.wasm -o readable.wasm
    wharf demangle --names _ZN4core3fmt5writeE _Z3food
    wharf run app.wasm 2>&1 | wharf demangle --filter")]
pub struct Arguments {
    /// The module or component: binary, text, or `-` for standard input
    #[arg(default_value = "-")]
    file: PathBuf,

    /// Print the module as text
    #[arg(short = 't', long)]
    wat: bool,

    /// Demangle these names instead of a file
    #[arg(long, value_name = "NAME", num_args = 1.., conflicts_with = "wat")]
    names: Vec<String>,

    /// Copy standard input to standard output, with the names in it demangled
    #[arg(long, conflicts_with_all = ["names", "wat", "output"])]
    filter: bool,

    #[command(flatten)]
    output: Output,
}

/// Demangles what was given.
pub fn run(arguments: &Arguments) -> Outcome {
    if arguments.filter {
        filter(&mut io::stdin().lock(), &mut io::stdout().lock()).or_else(|error| {
            match error.kind() {
                io::ErrorKind::BrokenPipe => Ok(()),
                _ => Err(Failure::new(format!("cannot copy standard input: {error}"))),
            }
        })?;
    } else if !arguments.names.is_empty() {
        let names = arguments.names.iter().map(|name| {
            let demangled = demangle::demangle(name);
            format!("{}\n", demangled.as_deref().unwrap_or(name))
        });
        arguments.output.write_text(&names.collect::<String>())?;
    } else {
        let mut input = Input::read(&arguments.file)?;
        let wasm = input.take_wasm_without_lines()?;
        let failed = |error: &dyn std::fmt::Display, at: Option<u64>| {
            let place = at.map_or(String::new(), |at| format!(": byte {at:#x}"));
            Failure::new(format!("{error}\n  --> {}{place}", input.name()))
        };
        let renamed = surgery::rename(&wasm, &mut demangle::demangle);
        let renamed = renamed.map_err(|error| failed(&error, error.offset()))?;
        match arguments.wat {
            true => {
                let options = text::PrintOptions::default();
                let wat = text::print_to_string(&renamed, &options);
                let wat = wat.map_err(|error| failed(&error, None))?;
                arguments.output.write_text(&wat)?;
            }
            false => arguments.output.write_binary(&renamed)?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Copies line by line, so that it can stand behind a program that runs on.
fn filter(from: &mut dyn BufRead, to: &mut dyn Write) -> io::Result<()> {
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        match str::from_utf8(&line) {
            Ok(text) => to.write_all(demangle::filter(text).as_bytes())?,
            Err(_) => to.write_all(&line)?,
        }
        to.flush()?;
        line.clear();
    }
    Ok(())
}
