//! `wat2wasm`: text to a file of the same name, or where it is said.
//!
//! Apart, as each tool is.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgAction, Parser};

use super::feature_flags::FeatureFlags;
use crate::failure::{Failure, Outcome};
use crate::input::Input;
use crate::output::Output;
use crate::wat2wasm::{check, translate};

/// Translate text to the binary format
#[derive(Parser)]
#[command(name = "wat2wasm", version, args_override_self = true)]
pub struct Arguments {
    /// The text
    file: PathBuf,

    #[command(flatten)]
    features: FeatureFlags,

    /// Where to write the module; `-` is standard output [default: the text's name with .wasm, here]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Show the bytes of the module (`wharf objdump` explains them)
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,

    /// Show the bytes of the module
    #[arg(short, long)]
    dump_module: bool,

    /// Keep the names of functions, locals and the like
    #[arg(long)]
    debug_names: bool,

    /// Write it even if it is not valid
    #[arg(long)]
    no_check: bool,

    /// Not possible: the module is not for linking
    #[arg(short, long)]
    relocatable: bool,

    /// Not possible: numbers always have their shortest form
    #[arg(long)]
    no_canonicalize_leb128s: bool,
}

/// Translates, checks and writes.
pub fn run(arguments: Arguments) -> Outcome {
    if arguments.relocatable {
        return Err(
            Failure::usage("relocatable modules cannot be made from text here")
                .help("compilers make them; text cannot say what a linker needs to know"),
        );
    }
    if arguments.no_canonicalize_leb128s {
        return Err(Failure::usage(
            "numbers can only be written in their shortest form",
        ));
    }
    let mut input = Input::read(&arguments.file)?;
    let mut wasm = translate(&mut input, false)?;
    if !arguments.no_check {
        check(&input, &wasm, arguments.features.features())?;
    }
    if !arguments.debug_names {
        wasm = text::without_names(&wasm);
    }
    if arguments.dump_module || arguments.verbose > 0 {
        Output::to(None).write_text(&hex(&wasm))?;
    }
    // Whoever only looks at the bytes gets no file.
    if !(arguments.dump_module && arguments.output.is_none()) {
        let output = arguments.output.unwrap_or_else(|| beside(&arguments.file));
        Output::to(Some(output)).write_binary(&wasm)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The name of a text with `.wasm` at its end, in the current folder.
fn beside(text: &Path) -> PathBuf {
    let name = text.file_name().filter(|_| text != Path::new("-"));
    name.map_or_else(
        || PathBuf::from("stdin.wasm"),
        |name| Path::new(name).with_extension("wasm"),
    )
}

/// Sixteen bytes a line: where they are, in hexadecimal, and as text.
fn hex(bytes: &[u8]) -> String {
    let mut out = String::new();
    for (line, bytes) in bytes.chunks(16).enumerate() {
        let mut pairs = String::new();
        for pair in bytes.chunks(2) {
            pair.iter().for_each(|b| _ = write!(pairs, "{b:02x}"));
            pairs.push(' ');
        }
        let printable = |b: &u8| char::from(if (b' '..=b'~').contains(b) { *b } else { b'.' });
        let text: String = bytes.iter().map(printable).collect();
        _ = writeln!(out, "{:07x}: {pairs:40} {text}", line * 16);
    }
    out
}
