//! The sections of a file, nested modules and components included, as far as their sizes can be read.
//!
//! Apart from what is in them because this much is true of files that are broken in any other way.

use std::ops::Range;

use wasmparser::BinaryReader;

use crate::operator::EVERYTHING;

/// What is eight bytes before the first section.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameKind {
    /// A core module.
    Module,
    /// A component.
    Component,
}

/// A section of a module or component, with what frames it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// What the section belongs to.
    pub of: FrameKind,
    /// The section's number among those of its module.
    pub index: usize,
    /// The identifier: the first byte.
    pub id: u8,
    /// The identifier and the size.
    pub header: Range<usize>,
    /// What is in it, cut off where the file ends. Of a custom section the name is a part of it.
    pub contents: Range<usize>,
    /// How many items a vector there says it has, or of a start section the function.
    pub count: Option<u32>,
    /// The name of a custom section.
    pub custom: Option<String>,
    /// How many bytes of the contents are behind the end of the file or of what is around it.
    pub missing: Option<usize>,
}

impl Frame {
    /// What a section is called: `type`, `code`, or for custom sections `custom`.
    pub fn name(&self) -> &'static str {
        match self.of {
            FrameKind::Module => module_section(self.id),
            FrameKind::Component => component_section(self.id),
        }
    }

    /// The nested module or component, if that is what the section is.
    pub fn nested(&self) -> Option<FrameKind> {
        match (self.of, self.id) {
            (FrameKind::Component, 1) => Some(FrameKind::Module),
            (FrameKind::Component, 4) => Some(FrameKind::Component),
            _ => None,
        }
    }

    /// The contents of a custom section behind its name.
    pub fn custom_data(&self, file: &[u8]) -> Option<Range<usize>> {
        self.custom.as_ref()?;
        let mut reader = reader(file, self.contents.clone());
        reader.read_unlimited_string().ok()?;
        Some(reader.original_position() as usize..self.contents.end)
    }
}

/// The name of a section of a core module.
pub(crate) fn module_section(id: u8) -> &'static str {
    const NAMES: [&str; 14] = [
        "custom",
        "type",
        "import",
        "function",
        "table",
        "memory",
        "global",
        "export",
        "start",
        "element",
        "code",
        "data",
        "data count",
        "tag",
    ];
    NAMES.get(usize::from(id)).copied().unwrap_or("unknown")
}

/// The name of a section of a component.
pub(crate) fn component_section(id: u8) -> &'static str {
    const NAMES: [&str; 13] = [
        "custom",
        "core module",
        "core instance",
        "core type",
        "component",
        "instance",
        "alias",
        "type",
        "canonical function",
        "start",
        "import",
        "export",
        "value",
    ];
    NAMES.get(usize::from(id)).copied().unwrap_or("unknown")
}

/// Components deeper than this are not looked into.
pub(crate) const DEPTH_MAX: usize = 100;

/// A reader of a part of a file, which knows where it is.
pub(crate) fn reader(file: &[u8], range: Range<usize>) -> BinaryReader<'_> {
    BinaryReader::new_features(&file[range.clone()], range.start as u64, EVERYTHING)
}

/// What a file is, if it begins as one.
pub(crate) fn kind_of(preamble: &[u8]) -> Option<FrameKind> {
    match preamble.get(..8)? {
        [0, b'a', b's', b'm', _, _, 0, 0] => Some(FrameKind::Module),
        [0, b'a', b's', b'm', _, _, 1, 0] => Some(FrameKind::Component),
        _ => None,
    }
}

/// The sections of one module or component, as far as they can be read; nothing is kept of those that were passed.
pub struct Frames<'a> {
    file: &'a [u8],
    of: FrameKind,
    at: usize,
    end: usize,
    index: usize,
}

/// The sections of a file, or of a module or component that is nested in it and fills `range`.
///
/// There are none if what stands there is neither a module nor a component.
pub fn frames(file: &[u8], range: Range<usize>) -> Frames<'_> {
    let end = range.end.min(file.len());
    let kind = file.get(range.start..end).and_then(kind_of);
    Frames {
        file,
        of: kind.unwrap_or(FrameKind::Module),
        at: kind.map_or(end, |_| range.start + 8),
        end,
        index: 0,
    }
}

impl Iterator for Frames<'_> {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        let mut header = reader(self.file, self.at..self.end);
        let id = header.read_u8().ok()?;
        let size = header.read_var_u32().ok()?;
        let start = header.original_position() as usize;
        let end = start.saturating_add(size as usize).min(self.end);
        let mut frame = Frame {
            of: self.of,
            index: self.index,
            id,
            header: self.at..start,
            contents: start..end,
            count: None,
            custom: None,
            missing: (size as usize).checked_sub(end - start).filter(|n| *n > 0),
        };
        let mut inside = reader(self.file, start..end);
        if id == 0 {
            frame.custom = inside.read_unlimited_string().ok().map(str::to_owned);
        } else if frame.nested().is_none() {
            frame.count = inside.read_var_u32().ok();
        }
        self.at = end;
        self.index += 1;
        Some(frame)
    }
}
