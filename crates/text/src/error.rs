//! Why a text could not be read, with the place shown as a person would point at it.
//!
//! Apart, because the look of the message is ours, not the parser's.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::hint::hint;

/// A fault in a text: what, and where.
///
/// Displays as several lines, without a trailing newline:
///
/// ```text
/// unknown operator or unexpected token
///   --> add.wat:3:5
///    |
///  3 |     i32.ad
///    |     ^
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TextError(Box<Place>);

#[derive(Clone, PartialEq, Eq, Debug)]
struct Place {
    message: String,
    help: Option<String>,
    path: Option<PathBuf>,
    /// Counted from 1.
    line: usize,
    /// Counted from 1, in characters.
    column: usize,
    source_line: String,
}

/// Longer source lines are cut around the fault, since minified text may be one line.
const SHOWN_CHARS_MAX: usize = 100;

impl TextError {
    /// A fault that `wast` found in `source`.
    ///
    /// `script` uses this too, for the modules and commands of a `.wast` file.
    pub fn new(error: &wast::Error, source: &str, path: Option<&Path>) -> TextError {
        let mut found = TextError::without_help(error, source, path);
        let offset = error.span().offset().min(source.len());
        found.0.help = hint(source, offset, found.message());
        found
    }

    /// A fault in well-formed text, for which there is nothing to guess.
    pub(crate) fn without_help(
        error: &wast::Error,
        source: &str,
        path: Option<&Path>,
    ) -> TextError {
        let offset = error.span().offset().min(source.len());
        let message = error.message();
        // The parser repeats its own limits in prose; only the first line is the message.
        let message = message.lines().next().unwrap_or_default();
        TextError::at(message, source.as_bytes(), offset, path)
    }

    pub(crate) fn not_utf8(bytes: &[u8], offset: usize, path: Option<&Path>) -> TextError {
        let message = if bytes.len() >= 4 {
            "expected a module, found neither the binary format's first bytes nor UTF-8 text"
        } else {
            "expected a module, found neither binary nor text"
        };
        TextError::at(message, bytes, offset, path)
    }

    fn at(message: &str, bytes: &[u8], offset: usize, path: Option<&Path>) -> TextError {
        let before = &bytes[..offset];
        let line_start = before
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |at| at + 1);
        let line_bytes = bytes[line_start..]
            .split(|&b| b == b'\n')
            .next()
            .unwrap_or_default();
        TextError(Box::new(Place {
            message: message.to_owned(),
            help: None,
            path: path.map(Path::to_owned),
            line: before.iter().filter(|&&b| b == b'\n').count() + 1,
            column: String::from_utf8_lossy(&bytes[line_start..offset])
                .chars()
                .count()
                + 1,
            source_line: String::from_utf8_lossy(line_bytes).into_owned(),
        }))
    }

    /// A fault at a line and column, counted from 1, columns in bytes.
    pub(crate) fn at_line(
        message: &str,
        source: &str,
        line: usize,
        column: usize,
        path: Option<&Path>,
    ) -> TextError {
        let before: usize = source
            .split_inclusive('\n')
            .take(line.saturating_sub(1))
            .map(str::len)
            .sum();
        let offset = (before + column - 1).min(source.len());
        TextError::at(message, source.as_bytes(), offset, path)
    }

    /// What is wrong, in one line.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What was probably meant, in one line, if there is a guess. [`fmt::Display`] leaves it out.
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// The file, as it was named by the caller.
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.0.line
    }

    /// The column, counted from 1, in characters.
    pub fn column(&self) -> usize {
        self.0.column
    }

    /// The source line and a caret below it, as [`fmt::Display`] shows them after the message.
    pub fn snippet(&self) -> String {
        let Place {
            path,
            line,
            column,
            source_line,
            ..
        } = &*self.0;
        let skipped = column.saturating_sub(SHOWN_CHARS_MAX * 2 / 3);
        let shown: String = source_line
            .chars()
            .skip(skipped)
            .take(SHOWN_CHARS_MAX)
            .map(printable)
            .collect();
        let number = line.to_string();
        let gutter = " ".repeat(number.len());
        let caret = " ".repeat(column - 1 - skipped);
        let path = path.as_deref().unwrap_or(Path::new("<text>")).display();
        format!(
            " {gutter}--> {path}:{line}:{column}\n {gutter} |\n {number} | {}\n {gutter} | {caret}^",
            shown.trim_end()
        )
    }
}

/// One character to one column, and nothing that would move the terminal's cursor or reorder the line.
fn printable(c: char) -> char {
    match c {
        '\t' => ' ',
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}' => '\u{fffd}',
        c if c.is_control() => ' ',
        c => c,
    }
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.0.message, self.snippet())
    }
}

impl std::error::Error for TextError {}
