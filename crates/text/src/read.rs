//! From text to the binary format.
//!
//! Apart from the error type, because this is the only file that drives the parser.

use std::borrow::Cow;
use std::path::Path;

use wast::core::{EncodeOptions, GenerateDwarf};
use wast::lexer::{Lexer, TokenKind};
use wast::parser::{self, ParseBuffer};

use crate::lines::correct_lines;
use crate::{TextError, unfold_legacy};

/// How text becomes binary.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Add DWARF line tables, so that a trap's backtrace names the line of the text. Names (`$fib`) always go into
    /// the name section. Large text whose lines take long to find gets none: lines of megabytes, or very deep nesting.
    pub line_info: bool,
}

/// Whether `bytes` look like WebAssembly text: the first thing after white space and comments is a parenthesis.
///
/// Reads no further than that, so a large module costs nothing; the text may still be malformed.
pub fn is_text(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    loop {
        match rest {
            [b' ' | b'\t' | b'\r' | b'\n', tail @ ..] => rest = tail,
            [b';', b';', tail @ ..] => {
                let end = tail.iter().position(|&b| b == b'\n');
                rest = end.map_or(&[], |end| &tail[end + 1..]);
            }
            [b'(', b';', tail @ ..] => match skip_block_comment(tail) {
                Some(tail) => rest = tail,
                None => return false,
            },
            [b'(', ..] => return true,
            _ => return false,
        }
    }
}

/// The bytes after the end of a block comment whose opening was just read; block comments nest.
fn skip_block_comment(bytes: &[u8]) -> Option<&[u8]> {
    let mut depth = 1_usize;
    let mut at = 0;
    while depth > 0 {
        match bytes.get(at..at + 2)? {
            b"(;" => (depth, at) = (depth + 1, at + 2),
            b";)" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    Some(&bytes[at..])
}

/// The bytes of a module given in either format: binary comes back as it is, unread; text is translated.
///
/// `path` is only used in messages and, with [`Options::line_info`], as the name of the source file.
///
/// # Errors
///
/// The input is not binary and is not UTF-8, or is not well-formed text.
pub fn to_wasm<'a>(
    bytes: &'a [u8],
    path: Option<&Path>,
    options: Options,
) -> Result<Cow<'a, [u8]>, TextError> {
    if bytes.starts_with(b"\0asm") {
        return Ok(Cow::Borrowed(bytes));
    }
    match str::from_utf8(bytes) {
        Ok(source) => wat_to_wasm_with(source, path, options).map(Cow::Owned),
        Err(error) => Err(TextError::not_utf8(bytes, error.valid_up_to(), path)),
    }
}

/// Translates one module from text, with names and without line information.
///
/// # Errors
///
/// As [`wat_to_wasm_with`].
pub fn wat_to_wasm(source: &str, path: Option<&Path>) -> Result<Vec<u8>, TextError> {
    wat_to_wasm_with(source, path, Options::default())
}

/// Translates one module from text.
///
/// The result is well-formed but not validated: text may well describe a module with type errors.
///
/// # Errors
///
/// The text is malformed: unknown tokens, wrong syntax, nesting deeper than the parser's fixed limit, or a name that is
/// not defined.
pub fn wat_to_wasm_with(
    source: &str,
    path: Option<&Path>,
    options: Options,
) -> Result<Vec<u8>, TextError> {
    let source = &*unfold_legacy(source);
    let failed = |error: wast::Error| TextError::new(&error, source, path);
    let mut lexer = Lexer::new(source);
    // Text that reads right to left is well-formed; messages make it visible instead.
    lexer.allow_confusing_unicode(true);
    let line_info = options.line_info && lines_are_found_soon(&lexer, source);
    let mut buffer = ParseBuffer::new_with_lexer(lexer).map_err(failed)?;
    buffer.track_instr_spans(line_info);
    let mut wat = parser::parse::<wast::Wat>(&buffer).map_err(failed)?;
    let mut encode = EncodeOptions::new();
    if line_info {
        let file = path.unwrap_or(Path::new("<input>"));
        encode.dwarf(file, source, GenerateDwarf::Lines);
    }
    let mut wasm = encode.encode_wat(&mut wat).map_err(failed)?;
    if line_info {
        correct_lines(&mut wasm);
    }
    Ok(wasm)
}

/// Text of less is looked up soon whatever it looks like, in bytes.
const SHORT_BYTES: usize = 256 << 10;

/// How many bytes may be looked at for lines, more or less: a second's worth.
const LOOKED_AT_MAX: u64 = 1 << 34;

/// Whether the lines of all operators are found in a time that fits the text.
///
/// The encoder goes from one operator to the next in the order of the binary form, and from there to the start of the line. So
/// each byte is passed as often as parentheses are nested, and a line as often as it has operators.
fn lines_are_found_soon(lexer: &Lexer<'_>, source: &str) -> bool {
    if source.len() < SHORT_BYTES {
        return true;
    }
    let (mut depth, mut deepest) = (0u64, 0);
    for token in lexer.iter(0) {
        match token.map(|token| token.kind) {
            Ok(TokenKind::LParen) => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            Ok(TokenKind::RParen) => depth = depth.saturating_sub(1),
            Ok(_) => {}
            // Whoever parses it says so.
            Err(_) => return true,
        }
    }
    let lines = source.lines().map(|line| (line.len() as u64).pow(2));
    lines.sum::<u64>() + deepest * source.len() as u64 <= LOOKED_AT_MAX
}
