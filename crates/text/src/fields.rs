//! From a byte outside of functions back to the field of the module that it comes from.
//!
//! Apart from lines of operators, for which there is a table: fields are counted, in the binary by printing it, in the text by parsing
//! it.

use std::io;
use std::path::Path;

use wasmprinter::{Config, Print};
use wast::Wat;
use wast::core::{ImportItems, ModuleField, ModuleKind};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::Span;

use crate::locate::{read_u32, sections};
use crate::{TextError, unfold_legacy};

/// The id of the section that has a type for each function.
const FUNCTIONS: u8 = 3;

/// A fault that someone found at a byte of a module, shown at the field of the text that it comes from. None if that is not known.
pub(crate) fn field_error_at(
    message: &str,
    source: &str,
    path: Option<&Path>,
    wasm: &[u8],
    offset: usize,
) -> Option<TextError> {
    let (kind, number) = field_of_byte(wasm, offset)?;
    let source = &*unfold_legacy(source);
    let span = span_of_field(source, &kind, number)?;
    let error = wast::Error::new(span, message.to_owned());
    Some(TextError::without_help(&error, source, path))
}

/// The kind of field at a byte, and how many of this kind come before.
fn field_of_byte(wasm: &[u8], offset: usize) -> Option<(String, usize)> {
    let section = sections(wasm)
        .find(|section| (section.offset..section.offset + section.bytes.len()).contains(&offset))?;
    if section.id == FUNCTIONS {
        // One number for each function.
        let (_, mut at) = read_u32(section.bytes)?;
        let mut number = 0;
        while let Some((_, n)) = read_u32(section.bytes.get(at..)?)
            && section.offset + at + n <= offset
        {
            (at, number) = (at + n, number + 1);
        }
        return Some(("func".to_owned(), number));
    }
    let mut lines = Lines::default();
    let mut config = Config::new();
    config.print_skeleton(true);
    // What cannot be printed comes after what is looked for, or is it.
    let _ = config.print(wasm, &mut lines);
    lines.end();
    let (start, offset) = (section.offset as u64, offset as u64);
    let heads = &lines.heads[..lines.heads.partition_point(|head| head.0 <= offset)];
    let (_, kind) = heads.last().filter(|head| head.0 >= start)?;
    let before = heads.iter().filter(|head| head.1 == *kind).count() - 1;
    Some((kind.clone(), before))
}

/// Where the field of this kind and number is in the text, counted as the encoder counts: imports and exports inside of definitions
/// are fields too.
fn span_of_field(source: &str, kind: &str, number: usize) -> Option<Span> {
    let mut lexer = Lexer::new(source);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).ok()?;
    let mut wat = parser::parse::<Wat>(&buffer).ok()?;
    // Makes fields of what stands inside of others.
    wat.encode().ok()?;
    let Wat::Module(module) = wat else {
        return None;
    };
    let ModuleKind::Text(fields) = module.kind else {
        return None;
    };
    let spans = fields.iter().filter_map(|field| match field {
        ModuleField::Type(field) => Some(("type", field.span)),
        ModuleField::Import(field) => match field.items {
            ImportItems::Single { .. } => Some(("import", field.span)),
            _ => None,
        },
        ModuleField::Func(field) => Some(("func", field.span)),
        ModuleField::Table(field) => Some(("table", field.span)),
        ModuleField::Memory(field) => Some(("memory", field.span)),
        ModuleField::Global(field) => Some(("global", field.span)),
        ModuleField::Export(field) => Some(("export", field.span)),
        ModuleField::Start(func) => Some(("start", func.span())),
        ModuleField::Elem(field) => Some(("elem", field.span)),
        ModuleField::Data(field) => Some(("data", field.span)),
        ModuleField::Tag(field) => Some(("tag", field.span)),
        ModuleField::Rec(_) | ModuleField::Custom(_) => None,
    });
    let mut spans = spans.filter(|(of, _)| *of == kind);
    // Types that functions imply are nowhere.
    let found = spans.nth(number).map(|(_, span)| span);
    found.filter(|span| span.offset() > 0)
}

/// Notes which fields a printed module has, and where.
#[derive(Default)]
struct Lines {
    /// Offset and keyword of each field, in the order of the binary.
    heads: Vec<(u64, String)>,
    offset: u64,
    /// The beginning of the line.
    line: String,
}

/// As much of a line is looked at.
const HEAD_BYTES: usize = 16;

impl Lines {
    fn end(&mut self) {
        let head = self.line.strip_prefix("  (").map(|head| {
            let end = head.find(|c: char| !c.is_ascii_lowercase());
            &head[..end.unwrap_or(head.len())]
        });
        if let Some(head) = head.filter(|head| !head.is_empty()) {
            self.heads.push((self.offset, head.to_owned()));
        }
        self.line.clear();
    }
}

impl Print for Lines {
    fn write_str(&mut self, s: &str) -> io::Result<()> {
        if self.line.len() < HEAD_BYTES {
            self.line.push_str(s);
        }
        Ok(())
    }

    fn newline(&mut self) -> io::Result<()> {
        self.end();
        Ok(())
    }

    fn start_line(&mut self, offset: Option<u64>) {
        self.offset = offset.unwrap_or(self.offset);
    }
}

#[cfg(test)]
mod tests {
    use crate::{Options, error_at, wat_to_wasm_with};

    fn check(source: &str, line: usize, column: usize) {
        let wasm = wat_to_wasm_with(source, None, Options { line_info: true }).unwrap();
        let fault = module::validate(&wasm, module::Features::decodable()).unwrap_err();
        let offset = fault.offset().unwrap();
        let error = error_at(fault.message(), source, None, &wasm, offset).unwrap();
        assert_eq!((error.line(), error.column()), (line, column), "{error}");
    }

    #[test]
    fn fields_are_found() {
        check(
            "(module (func nop)\n (export \"a\" (func 0))\n (export \"b\" (func 1)))",
            3,
            3,
        );
        check(
            "(module\n (global i32 (i32.const 0))\n (global i32 (i64.const 0)))",
            3,
            3,
        );
        check("(module (memory 1)\n (memory 2 1))", 2, 3);
        check("(module (func)\n (func (param i32) nop)\n (start 1))", 3, 9);
        check(
            "(module (table 1 funcref)\n (elem (i32.const 0) func 7))",
            2,
            3,
        );
        check(
            "(module\n (func (type 0))\n (func (type 2)) (type (func)))",
            3,
            3,
        );
        check(
            "(module (memory 1)\n (func (export \"a\"))\n (func (export \"b\") (export \"a\")))",
            3,
            3,
        );
        check(
            "(module (memory 1)\n (data (i32.const 0) \"a\")\n (data (i64.const 0) \"b\"))",
            3,
            3,
        );
    }
}
