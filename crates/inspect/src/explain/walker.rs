//! Reads values one after the other, and tells of each what it is and where it stands.
//!
//! Apart from what is read because here it is decided that no byte is lost, whatever goes wrong.

use std::borrow::Cow;

use wasmparser::{BinaryReader, FromReader};

use super::{Kind, Part, Value};
use crate::frames::reader;

/// Something that cannot be read, which ends the innermost part whose end is known.
pub(super) struct Fault {
    message: String,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>) -> Fault {
        Fault {
            message: message.into(),
        }
    }
}

impl From<wasmparser::Error> for Fault {
    fn from(error: wasmparser::Error) -> Fault {
        Fault::new(error.message())
    }
}

pub(super) type Step<T = ()> = Result<T, Fault>;

/// Where reading stands.
pub(super) struct Walker<'a, 's> {
    pub(super) file: &'a [u8],
    pub(super) reader: BinaryReader<'a>,
    depth: u32,
    each: &'s mut dyn FnMut(Part<'_>),
}

impl<'a, 's> Walker<'a, 's> {
    pub(super) fn new(file: &'a [u8], each: &'s mut dyn FnMut(Part<'_>)) -> Walker<'a, 's> {
        Walker {
            file,
            reader: reader(file, 0..file.len()),
            depth: 0,
            each,
        }
    }

    /// The offset in the file.
    pub(super) fn at(&self) -> usize {
        self.reader.original_position() as usize
    }

    pub(super) fn left(&self) -> usize {
        self.reader.bytes_remaining()
    }

    pub(super) fn eof(&self) -> bool {
        self.left() == 0
    }

    /// Reads, and stays where it is if that fails.
    pub(super) fn take<T>(
        &mut self,
        read: impl FnOnce(&mut BinaryReader<'a>) -> wasmparser::Result<T>,
    ) -> Step<T> {
        let mut ahead = self.reader.clone();
        let read = read(&mut ahead)?;
        self.reader = ahead;
        Ok(read)
    }

    /// The next byte, which stays unread.
    pub(super) fn peek(&self) -> Option<u8> {
        self.reader.clone().read_u8().ok()
    }

    fn tell(
        &mut self,
        start: usize,
        kind: Kind,
        meaning: &str,
        value: Value<'_>,
        note: Cow<'_, str>,
    ) {
        (self.each)(Part {
            range: start..self.reader.original_position() as usize,
            depth: self.depth,
            kind,
            meaning: Cow::Borrowed(meaning),
            value,
            note,
        });
    }

    /// Says what the parts that `inside` reads belong to.
    pub(super) fn group<T>(
        &mut self,
        meaning: &str,
        inside: impl FnOnce(&mut Self) -> Step<T>,
    ) -> Step<T> {
        self.group_noted(meaning, "", inside)
    }

    /// The same, with a note.
    pub(super) fn group_noted<T>(
        &mut self,
        meaning: &str,
        note: &str,
        inside: impl FnOnce(&mut Self) -> Step<T>,
    ) -> Step<T> {
        self.tell(self.at(), Kind::Heading, meaning, Value::None, note.into());
        self.depth += 1;
        let read = inside(self);
        self.depth -= 1;
        read
    }

    /// Reads parts that belong to the one before.
    pub(super) fn deeper(&mut self, inside: impl FnOnce(&mut Self)) {
        self.depth += 1;
        inside(self);
        self.depth -= 1;
    }

    /// Reads a part with a known length: what is wrong in it ends with it, and what is left over is shown.
    pub(super) fn within(&mut self, len: usize, inside: impl FnOnce(&mut Self) -> Step) {
        let at = self.at();
        let end = at + self.left();
        let stop = at.saturating_add(len).min(end);
        self.reader = reader(self.file, at..stop);
        let depth = self.depth;
        let read = inside(self);
        self.depth = depth;
        if let Err(fault) = read {
            self.fault(&fault.message);
        } else if !self.eof() {
            self.fault("more bytes than the contents need");
        }
        // As many as are left can be read.
        let _ = self.rest("not explained");
        self.reader = reader(self.file, stop..end);
        if len > stop - at {
            self.fault(&format!(
                "{} bytes are missing at the end",
                len - (stop - at)
            ));
        }
    }

    /// Says what is wrong here.
    pub(super) fn fault(&mut self, message: &str) {
        self.tell(self.at(), Kind::Fault, message, Value::None, "".into());
    }

    /// Shows the bytes that are left, if there are any.
    pub(super) fn rest(&mut self, meaning: &str) -> Step {
        let left = self.left();
        self.raw(meaning, left).map(drop)
    }

    /// Bytes without meaning to the format.
    pub(super) fn raw(&mut self, meaning: &str, len: usize) -> Step<&'a [u8]> {
        let start = self.at();
        let bytes = self.take(|reader| reader.read_bytes(len))?;
        if len > 0 {
            self.tell(start, Kind::Raw, meaning, Value::None, "".into());
        }
        Ok(bytes)
    }

    /// A byte, and what it stands for.
    pub(super) fn byte(&mut self, meaning: &str, note: impl FnOnce(u8) -> String) -> Step<u8> {
        let start = self.at();
        let byte = self.take(BinaryReader::read_u8)?;
        let note = note(byte);
        self.tell(
            start,
            Kind::Fixed,
            meaning,
            Value::Unsigned(u64::from(byte)),
            note.into(),
        );
        Ok(byte)
    }

    /// A byte whose meaning says it all.
    pub(super) fn marker(&mut self, meaning: &str) -> Step<u8> {
        let start = self.at();
        let byte = self.take(BinaryReader::read_u8)?;
        self.tell(start, Kind::Fixed, meaning, Value::None, "".into());
        Ok(byte)
    }

    /// A byte that is one of some words, by its number.
    pub(super) fn choice(&mut self, meaning: &str, words: &[&str]) -> Step<u8> {
        match self.peek() {
            Some(byte) if usize::from(byte) >= words.len() => {
                Err(Fault::new(format!("{meaning}: {byte:#04x} has no meaning")))
            }
            _ => self.byte(meaning, |byte| words[usize::from(byte)].to_owned()),
        }
    }

    pub(super) fn u32(&mut self, meaning: &str) -> Step<u32> {
        self.u32_noted(meaning, |_| String::new())
    }

    /// A LEB128 number without sign, and what it stands for.
    pub(super) fn u32_noted(
        &mut self,
        meaning: &str,
        note: impl FnOnce(u32) -> String,
    ) -> Step<u32> {
        let start = self.at();
        let number = self.take(BinaryReader::read_var_u32)?;
        let note = note(number);
        self.leb(start, meaning, Value::Unsigned(u64::from(number)), note);
        Ok(number)
    }

    pub(super) fn u64(&mut self, meaning: &str) -> Step<u64> {
        let start = self.at();
        let number = self.take(BinaryReader::read_var_u64)?;
        self.leb(start, meaning, Value::Unsigned(number), String::new());
        Ok(number)
    }

    pub(super) fn s32(&mut self, meaning: &str) -> Step {
        let start = self.at();
        let number = i64::from(self.take(BinaryReader::read_var_i32)?);
        self.leb(start, meaning, Value::Signed(number), String::new());
        Ok(())
    }

    pub(super) fn s64(&mut self, meaning: &str) -> Step {
        let start = self.at();
        let number = self.take(BinaryReader::read_var_i64)?;
        self.leb(start, meaning, Value::Signed(number), String::new());
        Ok(())
    }

    fn leb(&mut self, start: usize, meaning: &str, value: Value<'_>, note: String) {
        let len = self.at() - start;
        let needed = match value {
            Value::Signed(number) => bits_of(number) / 7 + 1,
            Value::Unsigned(number) => (64 - number.leading_zeros()).div_ceil(7).max(1),
            _ => 0,
        };
        let padded = len > needed as usize;
        self.tell(start, Kind::Leb128 { padded }, meaning, value, note.into());
    }

    /// Numbers with fixed lengths.
    pub(super) fn fixed(&mut self, meaning: &str, len: usize) -> Step<u64> {
        let start = self.at();
        let bytes = self.take(|reader| reader.read_bytes(len))?;
        let number = bytes
            .iter()
            .rev()
            .fold(0, |n, byte| n << 8 | u64::from(*byte));
        self.tell(
            start,
            Kind::Fixed,
            meaning,
            Value::Unsigned(number),
            "".into(),
        );
        Ok(number)
    }

    pub(super) fn f32(&mut self, meaning: &str) -> Step {
        let start = self.at();
        let bits = self.take(BinaryReader::read_f32)?.bits();
        self.tell(start, Kind::Fixed, meaning, Value::F32(bits), "".into());
        Ok(())
    }

    pub(super) fn f64(&mut self, meaning: &str) -> Step {
        let start = self.at();
        let bits = self.take(BinaryReader::read_f64)?.bits();
        self.tell(start, Kind::Fixed, meaning, Value::F64(bits), "".into());
        Ok(())
    }

    /// A name: its length, and its text.
    pub(super) fn name(&mut self, meaning: &str) -> Step<&'a str> {
        let len = self.u32(&format!("length of the {meaning}"))? as usize;
        let start = self.at();
        let text = self.take(|reader| Ok(str::from_utf8(reader.read_bytes(len)?)))?;
        let Ok(text) = text else {
            self.reader = reader(self.file, start..start + len + self.left());
            return Err(Fault::new(format!("{meaning}: malformed UTF-8 encoding")));
        };
        if len > 0 {
            self.tell(start, Kind::Text, meaning, Value::Text(text), "".into());
        }
        Ok(text)
    }

    /// Something that the parser reads as a whole, in words.
    pub(super) fn typed<T: FromReader<'a>>(
        &mut self,
        meaning: &str,
        words: impl FnOnce(&T) -> String,
    ) -> Step<T> {
        let start = self.at();
        let read: T = self.take(BinaryReader::read)?;
        let note = words(&read);
        self.tell(start, Kind::Fixed, meaning, Value::None, note.into());
        Ok(read)
    }

    /// A list: how many there are, and each, with a heading if it has several parts.
    pub(super) fn list(
        &mut self,
        count: &str,
        mut item: impl FnMut(&mut Self, u32) -> Step,
    ) -> Step {
        let n = self.u32(count)?;
        // Each item takes bytes, so that a number that is too large soon ends in a fault.
        (0..n).try_for_each(|i| item(self, i))
    }

    /// Something that was read by other means since `start`.
    pub(super) fn told(&mut self, start: usize, meaning: &str, note: &str) {
        self.tell(start, Kind::Fixed, meaning, Value::None, note.into());
    }
}

/// The bits that a number with sign needs without its sign bit.
fn bits_of(number: i64) -> u32 {
    64 - (number ^ number >> 63).leading_zeros()
}
