//! Binary modules from wabt's description of bytes, in which tests write modules that are not valid.
//!
//! Apart from the tests, because it is a language of its own:
//!
//! ```text
//! magic version                      names for bytes, of instructions too
//! section(TYPE) { count[1] ... }     a section with its size in front; words before brackets say nothing
//! section("name") { ... }            a custom section
//! func { ... }                       a body with its size in front and its end
//! str("text") leb_u32(624485)        with the length in front; a number in LEB128
//! ```

use std::collections::HashMap;
use std::sync::LazyLock;

/// Names for single bytes, in runs that count up.
const NAMES: &[(u8, &str)] = &[
    (0x7b, "v128 f64 f32 i64 i32"),
    (0x70, "funcref"),
    (0x6b, "reference"),
    (0x5e, "array struct function"),
    (0x40, "void"),
    (
        0,
        "USER TYPE IMPORT FUNCTION TABLE MEMORY GLOBAL EXPORT START ELEM CODE DATA DATACOUNT TAG",
    ),
    (0, "NAME_MODULE NAME_FUNCTION NAME_LOCALS"),
    (
        5,
        "LINKING_SEGMENT_INFO LINKING_INIT_FUNCTIONS LINKING_COMDAT_INFO LINKING_SYMBOL_TABLE",
    ),
    (
        1,
        "DYLINK_MEM_INFO DYLINK_NEEDED DYLINK_EXPORT_INFO DYLINK_IMPORT_INFO",
    ),
    (0, "func_kind table_kind memory_kind global_kind"),
    (0x00, "unreachable nop block loop if else try"),
    (
        0x0b,
        "end br br_if br_table return call call_indirect return_call return_call_indirect",
    ),
    (0x19, "catch_all drop select"),
    (0x20, "local.get local.set local.tee global.get global.set"),
    (
        0x28,
        "i32.load i64.load f32.load f64.load i32.load8_s i32.load8_u i32.load16_s i32.load16_u i64.load8_s i64.load8_u \
         i64.load16_s i64.load16_u i64.load32_s i64.load32_u i32.store i64.store f32.store f64.store i32.store8 i32.store16 \
         i64.store8 i64.store16 i64.store32 memory.size memory.grow i32.const i64.const f32.const f64.const",
    ),
    (
        0x45,
        "i32.eqz i32.eq i32.ne i32.lt_s i32.lt_u i32.gt_s i32.gt_u i32.le_s i32.le_u i32.ge_s i32.ge_u i64.eqz i64.eq i64.ne \
         i64.lt_s i64.lt_u i64.gt_s i64.gt_u i64.le_s i64.le_u i64.ge_s i64.ge_u f32.eq f32.ne f32.lt f32.gt f32.le f32.ge \
         f64.eq f64.ne f64.lt f64.gt f64.le f64.ge i32.clz i32.ctz i32.popcnt i32.add i32.sub i32.mul",
    ),
];

/// Names for several bytes.
const LONG_NAMES: &[(&str, &[u8])] = &[
    ("magic", b"\0asm"),
    ("version", &[1, 0, 0, 0]),
    ("memory.init", &[0xfc, 8]),
    ("data.drop", &[0xfc, 9]),
    ("memory.copy", &[0xfc, 10]),
    ("memory.fill", &[0xfc, 11]),
    ("table.init", &[0xfc, 12]),
    ("elem.drop", &[0xfc, 13]),
    ("table.copy", &[0xfc, 14]),
];

static BYTES: LazyLock<HashMap<&str, Vec<u8>>> = LazyLock::new(|| {
    let short = NAMES.iter().flat_map(|(first, names)| {
        let bytes = (*first..).map(|byte| vec![byte]);
        names.split_whitespace().zip(bytes)
    });
    let long = LONG_NAMES
        .iter()
        .map(|(name, bytes)| (*name, bytes.to_vec()));
    short.chain(long).collect()
});

/// The bytes that a text describes.
///
/// # Errors
///
/// The text has another form.
pub fn assemble(source: &[u8]) -> Result<Vec<u8>, String> {
    let source = String::from_utf8_lossy(source);
    let mut reader = Reader { rest: &source };
    let bytes = reader.bytes()?;
    match reader.next() {
        None => Ok(bytes),
        Some(word) => Err(format!("expected no `{word}`")),
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// Everything up to what closes, which is left.
    fn bytes(&mut self) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        while let Some(word) = self.peek().filter(|word| !matches!(*word, "}" | "]" | ")")) {
            self.next();
            let follows = self.peek().unwrap_or_default();
            match (word, follows) {
                ("section", "(") => {
                    let (id, name) = self.section()?;
                    let mut contents = name;
                    contents.extend(self.between("{", "}")?);
                    out.push(id);
                    unsigned(&mut out, contents.len() as u64);
                    out.extend(contents);
                }
                ("func", "{") => {
                    let mut body = self.between("{", "}")?;
                    body.push(0x0b);
                    unsigned(&mut out, body.len() as u64);
                    out.extend(body);
                }
                ("str" | "leb_i32" | "leb_i64" | "leb_u32" | "f32" | "f64", "(") => {
                    self.expect("(")?;
                    let value = self.next().ok_or("expected a value")?;
                    value_bytes(&mut out, word, value)?;
                    self.expect(")")?;
                }
                (_, "[") => out.extend(self.between("[", "]")?),
                _ => match BYTES.get(word) {
                    Some(bytes) => out.extend(bytes),
                    None => match quoted(word) {
                        Some(text) => out.extend(text.bytes()),
                        None => out.push(
                            number(word)?
                                .try_into()
                                .map_err(|_| format!("{word} is no byte"))?,
                        ),
                    },
                },
            }
        }
        Ok(out)
    }

    /// The number of a section, and the name that a custom section begins with.
    fn section(&mut self) -> Result<(u8, Vec<u8>), String> {
        self.expect("(")?;
        let word = self.next().ok_or("expected a section")?;
        self.expect(")")?;
        if let Some(name) = quoted(word) {
            let mut bytes = Vec::new();
            value_bytes(&mut bytes, "str", word)?;
            debug_assert!(bytes.ends_with(name.as_bytes()));
            return Ok((0, bytes));
        }
        let id = BYTES.get(word).and_then(|bytes| bytes.first());
        id.map(|id| (*id, Vec::new()))
            .ok_or_else(|| format!("no section {word}"))
    }

    fn between(&mut self, open: &str, close: &str) -> Result<Vec<u8>, String> {
        self.expect(open)?;
        let bytes = self.bytes()?;
        self.expect(close)?;
        Ok(bytes)
    }

    fn expect(&mut self, word: &str) -> Result<(), String> {
        match self.next() {
            Some(found) if found == word => Ok(()),
            found => Err(format!("expected `{word}`, found {found:?}")),
        }
    }

    fn peek(&mut self) -> Option<&'a str> {
        Reader { rest: self.rest }.next()
    }

    fn next(&mut self) -> Option<&'a str> {
        loop {
            self.rest = self.rest.trim_start();
            match self.rest.strip_prefix(";;") {
                Some(comment) => self.rest = comment.find('\n').map_or("", |end| &comment[end..]),
                None => break,
            }
        }
        let first = self.rest.chars().next()?;
        let end = match first {
            '(' | ')' | '[' | ']' | '{' | '}' => 1,
            '"' | '\'' => 2 + self.rest[1..].find(first)?,
            _ => {
                let is_end = |c: char| c.is_whitespace() || "()[]{};\"'".contains(c);
                self.rest.find(is_end).unwrap_or(self.rest.len()).max(1)
            }
        };
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(word)
    }
}

fn quoted(word: &str) -> Option<&str> {
    let quote = word.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    word.strip_prefix(quote)?.strip_suffix(quote)
}

fn number(word: &str) -> Result<i64, String> {
    let (sign, digits) = word
        .strip_prefix('-')
        .map_or((1, word), |digits| (-1, digits));
    let value = match digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        Some(digits) => i64::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    value
        .map(|value| sign * value)
        .map_err(|_| format!("what is `{word}`?"))
}

fn value_bytes(out: &mut Vec<u8>, kind: &str, value: &str) -> Result<(), String> {
    match kind {
        "str" => {
            let text = quoted(value).ok_or("expected a string")?;
            unsigned(out, text.len() as u64);
            out.extend(text.bytes());
        }
        "leb_u32" => unsigned(
            out,
            number(value)?.try_into().map_err(|_| "a negative number")?,
        ),
        "f32" => out.extend(
            value
                .parse::<f32>()
                .map_err(|error| error.to_string())?
                .to_le_bytes(),
        ),
        "f64" => out.extend(
            value
                .parse::<f64>()
                .map_err(|error| error.to_string())?
                .to_le_bytes(),
        ),
        _ => signed(out, number(value)?),
    }
    Ok(())
}

/// Unsigned LEB128.
fn unsigned(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Signed LEB128.
fn signed(out: &mut Vec<u8>, mut value: i64) {
    while !(-0x40..0x40).contains(&value) {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8 & 0x7f);
}
