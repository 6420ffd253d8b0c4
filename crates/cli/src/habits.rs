//! What the program does when it is called by the name of a tool that build scripts know: a symbolic link is enough.
//!
//! Apart from the commands because these flags are others' and stay as they are. Each tool is a file that declares them and
//! calls what the command calls.

mod feature_flags;
mod wasm2wat;
mod wasm_objdump;
mod wasm_opt;
mod wasm_strip;
mod wasm_validate;
mod wat2wasm;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use crate::failure::Outcome;

/// A tool: takes all arguments, the name first.
type Tool = fn(Vec<OsString>) -> ExitCode;

/// What each name means.
const TOOLS: &[(&str, Tool)] = &[
    ("wasm-opt", wasm_opt::main),
    ("wasm-strip", |args| call(args, wasm_strip::run)),
    ("wasm2wat", |args| call(args, wasm2wat::run)),
    ("wat2wasm", |args| call(args, wat2wasm::run)),
    ("wasm-objdump", |args| call(args, wasm_objdump::run)),
    ("wasm-validate", |args| call(args, wasm_validate::run)),
];

/// The tool that the program was called as, if it was.
pub fn tool(name: &OsStr) -> Option<Tool> {
    let stem = Path::new(name).file_stem()?;
    let row = TOOLS.iter().find(|(name, _)| stem == OsStr::new(name));
    row.map(|(_, tool)| *tool)
}

/// Parses what the tool accepts, and does it.
fn call<A: Parser>(args: Vec<OsString>, run: fn(A) -> Outcome) -> ExitCode {
    match A::try_parse_from(args) {
        Ok(arguments) => run(arguments).unwrap_or_else(|failure| failure.show()),
        Err(error) => {
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        }
    }
}
