//! From the binary format to text, for modules and components.
//!
//! Apart from reading, because this is the only file that drives the printer, and holds it to limits: a few bytes can call for text
//! without end, by naming a long name often.

use std::fmt;
use std::io::{self, Write};

use wasmprinter::{Config, Print};

/// How text looks.
#[derive(Clone, Debug, Default)]
pub struct PrintOptions {
    /// Instructions are written around their operands: `(i32.add (local.get 0) (i32.const 1))`. Modules with the legacy form of
    /// exceptions, and those with enormous functions, are written in a row all the same.
    pub folded: bool,
    /// Bodies and the contents of segments are left out.
    pub skeleton: bool,
    /// Each line begins with the offset in the binary that it comes from, as a comment.
    pub offsets: bool,
    /// Everything without a name gets one, such as `$#func3`.
    pub name_unnamed: bool,
    /// The types on the stack follow each instruction as a comment, unless what precedes the functions is not valid.
    pub operand_stack: bool,
    /// What a level is indented by; two spaces if none. Anything else but white space may change the meaning.
    pub indent: Option<String>,
}

/// Why there is no text, or only a part of it.
#[derive(Debug)]
#[non_exhaustive]
pub enum PrintError {
    /// The bytes are no module and no component, or it has no text: what is wrong, and where.
    Malformed(String),
    /// The text would be far larger than that of any module that someone made for use.
    TooLarge,
    /// It cannot be written.
    Io(io::Error),
}

impl fmt::Display for PrintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PrintError::Malformed(message) => f.write_str(message),
            PrintError::TooLarge => f.write_str("the text would be too large"),
            PrintError::Io(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for PrintError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            PrintError::Io(error) => Some(error),
            _ => None,
        }
    }
}

/// Text of any module may have as many bytes.
const TEXT_BYTES_MAX: u64 = 256 << 20;

/// More, if it has no more than so many bytes for each of the binary's. Real modules need some ten.
const TEXT_BYTES_PER_BYTE_MAX: u64 = 64;

/// Folded text of a function is put together in memory: no function may have more.
const FOLDED_FUNC_BYTES_MAX: u64 = 1 << 30;

/// Functions of more lines are not folded: finding operands may take the square of them.
const FOLDED_FUNC_LINES_MAX: u64 = 250_000;

/// Writes a module or component as text, piece by piece as it is read.
///
/// What it says is not validated: most modules that are not valid have a text too.
///
/// # Errors
///
/// See [`PrintError`]; what was written until then stays written.
pub fn print(wasm: &[u8], options: &PrintOptions, to: &mut dyn Write) -> Result<(), PrintError> {
    let mut config = Config::new();
    config
        .fold_instructions(options.folded)
        .print_skeleton(options.skeleton)
        .print_offsets(options.offsets)
        .name_unnamed(options.name_unnamed)
        .print_operand_stack(options.operand_stack && has_stacks(wasm));
    if let Some(indent) = &options.indent {
        config.indent_text(indent.as_str());
    }
    let max = (wasm.len() as u64)
        .saturating_mul(TEXT_BYTES_PER_BYTE_MAX)
        .max(TEXT_BYTES_MAX);
    if options.folded {
        config.fold_instructions(false);
        let mut nowhere = io::sink();
        let mut sink = Sink::new(&mut nowhere, max);
        // What is wrong shows again below.
        let _ = config.print(wasm, &mut sink);
        if sink.is_full || sink.longest_func_bytes > FOLDED_FUNC_BYTES_MAX {
            return Err(PrintError::TooLarge);
        }
        config.fold_instructions(
            !sink.has_legacy_exceptions && sink.longest_func_lines <= FOLDED_FUNC_LINES_MAX,
        );
    }
    let mut sink = Sink::new(to, max);
    config.print(wasm, &mut sink).map_err(|error| {
        if sink.is_full {
            return PrintError::TooLarge;
        }
        match error.downcast::<io::Error>() {
            Ok(error) => PrintError::Io(error),
            Err(error) => PrintError::Malformed(format!("{error:#}")),
        }
    })
}

/// Whether all is valid but for functions, so that a validator can be asked for the types on their stacks.
fn has_stacks(wasm: &[u8]) -> bool {
    match module::validate(wasm, module::Features::decodable()) {
        Ok(()) => true,
        Err(error) => error.func().is_some(),
    }
}

/// The text of a module or component as a whole.
///
/// # Errors
///
/// As [`print`].
pub fn print_to_string(wasm: &[u8], options: &PrintOptions) -> Result<String, PrintError> {
    let mut text = Vec::new();
    print(wasm, options, &mut text)?;
    String::from_utf8(text).map_err(|error| PrintError::Malformed(error.to_string()))
}

/// Hands on what is printed, up to a limit, and takes note of what is in the way of folding.
struct Sink<'a> {
    to: &'a mut dyn Write,
    left: u64,
    is_full: bool,
    /// Since the last beginning of a function.
    func_bytes: u64,
    func_lines: u64,
    /// The most of any so far.
    longest_func_bytes: u64,
    longest_func_lines: u64,
    has_legacy_exceptions: bool,
}

impl Sink<'_> {
    fn new(to: &mut dyn Write, left: u64) -> Sink<'_> {
        Sink {
            to,
            left,
            is_full: false,
            func_bytes: 0,
            func_lines: 0,
            longest_func_bytes: 0,
            longest_func_lines: 0,
            has_legacy_exceptions: false,
        }
    }
}

impl Print for Sink<'_> {
    fn write_str(&mut self, s: &str) -> io::Result<()> {
        let n = s.len() as u64;
        match s {
            // Keywords are written alone.
            "func" | "func " => (self.func_bytes, self.func_lines) = (0, 0),
            "try" | "delegate" | "rethrow" => self.has_legacy_exceptions = true,
            _ => self.func_bytes += n,
        }
        self.longest_func_bytes = self.longest_func_bytes.max(self.func_bytes);
        match self.left.checked_sub(n) {
            Some(left) => self.left = left,
            None => {
                self.is_full = true;
                return Err(io::ErrorKind::FileTooLarge.into());
            }
        }
        self.to.write_all(s.as_bytes())
    }

    fn newline(&mut self) -> io::Result<()> {
        self.func_lines += 1;
        self.longest_func_lines = self.longest_func_lines.max(self.func_lines);
        self.write_str("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::{PrintError, PrintOptions, print, print_to_string};
    use crate::wat_to_wasm;

    fn folded(wat: &str) -> String {
        let options = PrintOptions {
            folded: true,
            ..PrintOptions::default()
        };
        print_to_string(&wat_to_wasm(wat, None).unwrap(), &options).unwrap()
    }

    #[test]
    fn legacy_exceptions_are_not_folded() {
        let func = |body: &str| format!("(module (tag) (func {body}))");
        assert!(folded(&func("i32.const 0 drop")).contains("(drop\n"));
        for body in [
            "try i32.const 0 drop catch 0 end",
            "try i32.const 0 drop delegate 0",
            "try catch_all i32.const 0 drop rethrow 0 end",
        ] {
            assert!(folded(&func(body)).contains("\n      drop\n"), "{body}");
        }
        let body = "block i32.const 0 drop try_table (catch 0 0) end end";
        assert!(folded(&func(body)).contains("(drop\n"));
    }

    #[test]
    fn text_without_end_is_refused() {
        // A long name that is called often: each call is two bytes.
        let name = "x".repeat(90_000);
        let calls = "call 0 ".repeat(10_000);
        let wat = format!("(module (func ${name} {calls}))");
        let wasm = wat_to_wasm(&wat, None).unwrap();
        for folded in [false, true] {
            let options = PrintOptions {
                folded,
                ..PrintOptions::default()
            };
            let printed = print(&wasm, &options, &mut std::io::sink());
            assert!(matches!(printed, Err(PrintError::TooLarge)));
        }
    }

    #[test]
    fn functions_that_take_long_to_fold_are_not_folded() {
        let body = format!(
            "unreachable {} {}",
            "nop ".repeat(200_000),
            "drop ".repeat(200_000)
        );
        let text = folded(&format!("(module (func {body}))"));
        assert!(text.contains("\n    drop\n"));
    }

    #[test]
    fn damaged_modules_have_a_text_or_none() {
        let wasm = wat_to_wasm(
            r#"(module (import "a" "b" (func $f (param i32))) (memory 1) (table 1 funcref) (global i32 (i32.const 1))
                (func (export "g") (local i64) (block (loop (br_if 1 (i32.const 1)) (call $f (i32.load (i32.const 8)))) ))
                (elem (i32.const 0) func 0) (data (i32.const 0) "abc"))"#,
            None,
        )
        .unwrap();
        for at in 0..wasm.len() {
            for byte in [0, 1, 0x40, 0x7f, 0x80, 0xff, wasm[at] ^ 1] {
                let mut damaged = wasm.clone();
                damaged[at] = byte;
                for folded in [false, true] {
                    let options = PrintOptions {
                        folded,
                        name_unnamed: at % 2 == 0,
                        operand_stack: at % 3 == 0,
                        ..PrintOptions::default()
                    };
                    let _ = print(&damaged, &options, &mut std::io::sink());
                    let _ = print(&damaged[..at], &options, &mut std::io::sink());
                }
            }
        }
    }
}
