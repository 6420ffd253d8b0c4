//! Every byte of a file, with what it means.
//!
//! Apart from the sections' own layout because this is a tree, in the order of the file.

use std::io::{self, Write};
use std::ops::Range;

use inspect::{Kind, Part, Value};

use super::{Wanted, plain};

/// How many bytes a line shows.
const BYTES: usize = 10;

/// Shows the parts of a file, and gives its faults.
pub fn dump(out: &mut dyn Write, file: &[u8], wanted: &Wanted) -> io::Result<Vec<String>> {
    let mut faults = Vec::new();
    let mut written = Ok(());
    let mut shown = Shown::new(file, wanted);
    inspect::explain(file, &mut |part| {
        if let Kind::Fault = part.kind {
            let at = part.range.start;
            faults.push(format!("{} (at byte {at:#x})", part.meaning));
        }
        if written.is_ok() && shown.has(&part) {
            written = line(out, file, &part);
        }
    });
    written.map(|()| faults)
}

/// The sections that were asked for.
pub struct Shown {
    /// The next one is the last here.
    ranges: Vec<Range<usize>>,
}

impl Shown {
    pub fn new(file: &[u8], wanted: &Wanted) -> Shown {
        let mut ranges = Vec::new();
        if wanted.section.is_none() {
            // What comes at the end of the file belongs to it, too.
            ranges.push(0..file.len() + 1);
        } else {
            let frames = inspect::frames(file, 0..file.len()).filter(|frame| wanted.has(frame));
            ranges.extend(frames.map(|frame| frame.header.start..frame.contents.end));
            ranges.reverse();
        }
        Shown { ranges }
    }

    /// Whether a part is in one of them; parts come in the order of the file.
    pub fn has(&mut self, part: &Part<'_>) -> bool {
        let at = part.range.start;
        while let Some(range) = self.ranges.last()
            && range.end <= at
        {
            self.ranges.pop();
        }
        self.ranges.last().is_some_and(|range| range.contains(&at))
    }
}

/// The words for a part.
fn words(part: &Part<'_>) -> String {
    let value = value(part);
    let meaning = plain(&part.meaning);
    let mut text = match part.kind {
        Kind::Fault => format!("error: {meaning}"),
        Kind::Heading => meaning.into_owned(),
        _ if value.is_empty() && part.note.is_empty() => meaning.into_owned(),
        _ if value.is_empty() => format!("{meaning}:"),
        _ => format!("{meaning}: {value}"),
    };
    if !part.note.is_empty() {
        text += &format!(" {}", plain(&part.note));
    }
    if let Kind::Leb128 { padded } = part.kind {
        let len = part.range.len();
        match (len, padded) {
            (1, _) => {}
            (_, false) => text += &format!("  (LEB128, {len} bytes)"),
            (_, true) => text += &format!("  (LEB128, {len} bytes, more than needed)"),
        }
    }
    text
}

/// The value as text; empty if there is none.
fn value(part: &Part<'_>) -> String {
    match part.value {
        Value::None => String::new(),
        Value::Unsigned(number) => number.to_string(),
        Value::Signed(number) => number.to_string(),
        Value::F32(bits) => f32::from_bits(bits).to_string(),
        Value::F64(bits) => f64::from_bits(bits).to_string(),
        Value::Text(text) => format!("{text:?}"),
    }
}

fn line(out: &mut dyn Write, file: &[u8], part: &Part<'_>) -> io::Result<()> {
    let indent = 2 * part.depth as usize;
    let mut text = words(part);
    let bytes = &file[part.range.clone()];
    if bytes.is_empty() {
        return writeln!(
            out,
            "{:width$} | {:indent$}{text}",
            "",
            "",
            width = 8 + 1 + 3 * BYTES
        );
    }
    for (line, at) in bytes.chunks(BYTES).zip((part.range.start..).step_by(BYTES)) {
        write!(out, "{at:08x}:")?;
        line.iter()
            .try_for_each(|byte| write!(out, " {byte:02x}"))?;
        let padding = 3 * (BYTES - line.len());
        write!(out, "{:padding$} |", "")?;
        if !text.is_empty() {
            write!(out, " {:indent$}{text}", "")?;
            text.clear();
        }
        if let Kind::Raw = part.kind {
            let characters: String = line
                .iter()
                .map(|byte| match byte {
                    b' '..=b'~' => char::from(*byte),
                    _ => '.',
                })
                .collect();
            write!(out, "  {characters}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}
