//! `wharf wasm2wat`: the binary format to text.
//!
//! Apart, as each command is.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use text::{PrintError, PrintOptions};

use crate::failure::{Failure, Outcome};
use crate::input::Input;
use crate::output::Output;

/// The widest indentation, in spaces.
const INDENT_MAX: i64 = 40;

/// Write a module or component as text (.wat)
#[derive(Args)]
#[command(visible_alias = "print")]
#[command(after_help = "Example: wharf wasm2wat app.wasm --skeleton | less")]
pub struct Arguments {
    /// The module or component: binary, text, or `-` for standard input
    #[arg(default_value = "-")]
    file: PathBuf,

    #[command(flatten)]
    output: Output,

    /// Write instructions around their operands: `(i32.add (local.get 0) (i32.const 1))`
    #[arg(short, long, visible_alias = "fold-exprs", alias = "fold-instructions")]
    folded: bool,

    /// Leave out the bodies of functions and the contents of segments
    #[arg(long)]
    skeleton: bool,

    /// Begin each line with the offset in the file that it comes from
    #[arg(short = 'p', long, alias = "print-offsets")]
    offsets: bool,

    /// Give a name to everything that has none
    #[arg(long, visible_alias = "generate-names")]
    name_unnamed: bool,

    /// Follow each instruction with the types on the stack
    #[arg(long, alias = "print-operand-stack")]
    operand_stack: bool,

    /// How many spaces to indent by [default: 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=INDENT_MAX))]
    indent: Option<u8>,

    /// Leave out the names that the file gives its parts
    #[arg(long, visible_alias = "no-debug-names")]
    no_names: bool,

    /// Write each import inside of the definition that it is
    #[arg(long)]
    inline_imports: bool,

    /// Write each export inside of the definition of what it exports
    #[arg(long)]
    inline_exports: bool,
}

/// Reads and writes.
pub fn run(arguments: &Arguments) -> Outcome {
    let mut input = Input::read(&arguments.file)?;
    let wasm = input.take_wasm_without_lines()?;
    let how = How {
        options: PrintOptions {
            folded: arguments.folded,
            skeleton: arguments.skeleton,
            offsets: arguments.offsets,
            name_unnamed: arguments.name_unnamed,
            operand_stack: arguments.operand_stack,
            indent: arguments.indent.map(|n| " ".repeat(n.into())),
        },
        no_names: arguments.no_names,
        inline_imports: arguments.inline_imports,
        inline_exports: arguments.inline_exports,
    };
    write(&input, wasm, &how, &arguments.output)?;
    Ok(ExitCode::SUCCESS)
}

/// How text looks, beyond what the printer knows.
#[derive(Default)]
pub struct How {
    /// The printer's own options.
    pub options: PrintOptions,
    /// Without the names of the file.
    pub no_names: bool,
    /// Imports inside of definitions.
    pub inline_imports: bool,
    /// Exports inside of definitions.
    pub inline_exports: bool,
}

/// Writes a module as text.
///
/// # Errors
///
/// It has no text, or that cannot be written.
pub fn write(input: &Input, mut wasm: Vec<u8>, how: &How, output: &Output) -> Result<(), Failure> {
    let failed = |error: PrintError| match error {
        PrintError::Io(error) => output.cannot_write(&error),
        error => Failure::new(format!("{error}\n  --> {}", input.name())),
    };
    if how.no_names {
        wasm = text::without_names(&wasm);
    }
    if how.inline_imports || how.inline_exports {
        let printed = text::print_to_string(&wasm, &how.options).map_err(failed)?;
        let inlined = text::inline(&printed, how.inline_imports, how.inline_exports);
        return output.write_text(&inlined);
    }
    output.write_pieces(|to: &mut dyn Write| text::print(&wasm, &how.options, to).map_err(failed))
}
