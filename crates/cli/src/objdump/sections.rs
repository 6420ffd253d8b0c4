//! Sections: their headers, titles and bytes.
//!
//! Apart from what is in them because all options begin with sections.

use std::io::{self, Write};

use inspect::{Frame, FrameKind};

use super::{Module, plain};

/// What `wasm-objdump` calls a section.
pub fn label(frame: &Frame) -> &'static str {
    const LABELS: [&str; 14] = [
        "Custom",
        "Type",
        "Import",
        "Function",
        "Table",
        "Memory",
        "Global",
        "Export",
        "Start",
        "Elem",
        "Code",
        "Data",
        "DataCount",
        "Tag",
    ];
    match frame.of {
        FrameKind::Module => LABELS
            .get(usize::from(frame.id))
            .copied()
            .unwrap_or("Unknown"),
        FrameKind::Component => frame.name(),
    }
}

/// A line for each section.
pub fn headers(out: &mut dyn Write, module: &Module<'_>) -> io::Result<()> {
    for frame in module.frames() {
        let width = match frame.of {
            FrameKind::Module => 9,
            FrameKind::Component => 18,
        };
        let (start, end) = (frame.contents.start, frame.contents.end);
        write!(
            out,
            "{:>width$} start={start:#010x} end={end:#010x} (size={:#010x})",
            label(&frame),
            end - start
        )?;
        match (&frame.custom, frame.count) {
            (Some(name), _) => writeln!(out, " \"{}\"", plain(name))?,
            (None, Some(func)) if frame.id == 8 && frame.of == FrameKind::Module => {
                writeln!(out, " start: {func}")?;
            }
            (None, Some(count)) => writeln!(out, " count: {count}")?,
            (None, None) => writeln!(out)?,
        }
    }
    Ok(())
}

/// The line before a section's items.
pub fn title(out: &mut dyn Write, frame: &Frame) -> io::Result<()> {
    match (frame.id, frame.count) {
        (0 | 8 | 12, _) | (_, None) => writeln!(out, "{}:", label(frame)),
        (_, Some(count)) => writeln!(out, "{}[{count}]:", label(frame)),
    }
}

/// Bytes in lines of sixteen, with their places and as characters.
pub fn hex(out: &mut dyn Write, prefix: &str, bytes: &[u8], start: u64) -> io::Result<()> {
    for (line, at) in bytes.chunks(16).zip((start..).step_by(16)) {
        let mut pairs = String::new();
        for pair in line.chunks(2) {
            pair.iter().for_each(|byte| pairs += &format!("{byte:02x}"));
            pairs += " ";
        }
        let text: String = line
            .iter()
            .map(|&byte| match byte {
                b' '..=b'~' => char::from(byte),
                _ => '.',
            })
            .collect();
        writeln!(out, "{prefix}{at:07x}: {pairs:<40} {text}")?;
    }
    Ok(())
}

/// What is wrong behind the last section that can be read, if the file does not end there.
pub fn broken_end(module: &Module<'_>) -> Option<String> {
    let mut end = (module.range.start + 8).min(module.range.end);
    let mut cut = None;
    for frame in module.frames() {
        end = frame.contents.end;
        cut = frame.missing.map(|missing| (frame.contents.start, missing));
    }
    match cut {
        Some((start, missing)) => Some(format!(
            "{missing} bytes of the last section are missing (at byte {start:#x})"
        )),
        None if end < module.range.end => Some(format!("expected a section (at byte {end:#x})")),
        None => None,
    }
}
