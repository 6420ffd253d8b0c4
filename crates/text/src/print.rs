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
    /// Instructions are written around their operands: `(i32.add (local.get 0) (i32.const 1))`.
    pub folded: bool,
    /// Bodies and the contents of segments are left out.
    pub skeleton: bool,
    /// Each line begins with the offset in the binary that it comes from, as a comment.
    pub offsets: bool,
    /// Everything without a name gets one, such as `$#func3`.
    pub name_unnamed: bool,
    /// The types on the stack follow each instruction as a comment.
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

/// Binaries of less cannot have a function with folded text of so many bytes.
const SHORT_BYTES: usize = 64 << 10;

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
        .print_operand_stack(options.operand_stack);
    if let Some(indent) = &options.indent {
        config.indent_text(indent.as_str());
    }
    let max = (wasm.len() as u64)
        .saturating_mul(TEXT_BYTES_PER_BYTE_MAX)
        .max(TEXT_BYTES_MAX);
    if options.folded && wasm.len() > SHORT_BYTES {
        config.fold_instructions(false);
        let mut nowhere = io::sink();
        let mut sink = Sink::new(&mut nowhere, max);
        let printed = config.print(wasm, &mut sink);
        // What else is wrong shows again below.
        if printed.is_err() && sink.is_full || sink.longest_func > FOLDED_FUNC_BYTES_MAX {
            return Err(PrintError::TooLarge);
        }
        config.fold_instructions(true);
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

/// Hands on what is printed, up to a limit.
struct Sink<'a> {
    to: &'a mut dyn Write,
    left: u64,
    is_full: bool,
    /// Bytes since the last beginning of a function, and most of them so far.
    func: u64,
    longest_func: u64,
}

impl Sink<'_> {
    fn new(to: &mut dyn Write, left: u64) -> Sink<'_> {
        Sink {
            to,
            left,
            is_full: false,
            func: 0,
            longest_func: 0,
        }
    }
}

impl Print for Sink<'_> {
    fn write_str(&mut self, s: &str) -> io::Result<()> {
        let n = s.len() as u64;
        // The keyword is written alone.
        self.func = if s.starts_with("func") {
            0
        } else {
            self.func + n
        };
        self.longest_func = self.longest_func.max(self.func);
        match self.left.checked_sub(n) {
            Some(left) => self.left = left,
            None => {
                self.is_full = true;
                return Err(io::ErrorKind::FileTooLarge.into());
            }
        }
        self.to.write_all(s.as_bytes())
    }
}
