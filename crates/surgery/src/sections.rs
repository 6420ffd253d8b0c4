//! Sections as ranges of bytes, in modules and components, and files made anew of them.
//!
//! Apart from what asks because it reads nothing but headers: sections that stay are copied as they are, those of proposals that
//! nobody here knows included.

use crate::Error;
use std::borrow::Cow;
use std::ops::Range;

/// How deep modules and components may be nested in each other.
const DEPTH_MAX: usize = 100;

const CUSTOM: u8 = 0;
/// Sections of components that hold whole files.
const CORE_MODULE: u8 = 1;
const COMPONENT: u8 = 4;

/// A custom section.
#[derive(Clone, Copy, Debug)]
pub struct Custom<'a> {
    /// Its name.
    pub name: &'a str,
    /// What follows the name.
    pub data: &'a [u8],
    /// How many components it is nested in; 0 for one of the file itself.
    pub depth: usize,
    /// Whether a component holds it, and not a module.
    pub in_component: bool,
}

/// What becomes of a custom section.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It stays as it is.
    Keep,
    /// It goes.
    Drop,
    /// It has these contents instead; the name stays.
    Replace(Vec<u8>),
}

/// A section as it lies in a file.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    /// What it is.
    pub id: u8,
    /// All of it, in the file.
    pub whole: Range<usize>,
    /// Without its id and size.
    pub contents: Range<usize>,
}

/// What a file says that it is, in its first 8 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Layer {
    Module,
    Component,
}

/// What the file is, whose bytes are the range.
///
/// # Errors
/// If it is no WebAssembly file of a version that we know.
pub(crate) fn layer(bytes: &[u8], range: &Range<usize>) -> Result<Layer, Error> {
    match bytes[range.clone()].get(..8) {
        Some(b"\0asm\x01\0\0\0") => Ok(Layer::Module),
        Some(b"\0asm\x0d\0\x01\0") => Ok(Layer::Component),
        Some([0, b'a', b's', b'm', ..]) => Err(Error::at(
            range.start + 4,
            "unknown version of the binary format",
        )),
        _ => Err(Error::at(range.start, "this is no WebAssembly file")),
    }
}

/// The sections of the file whose bytes are the range.
///
/// # Errors
/// If one is longer than what there is.
pub(crate) fn sections(bytes: &[u8], range: &Range<usize>) -> Result<Vec<Section>, Error> {
    let mut sections = Vec::new();
    let mut at = range.start + 8;
    while at < range.end {
        let start = at;
        let id = bytes[at];
        at += 1;
        let size = read_u32(bytes, &mut at, range.end)? as usize;
        if size > range.end - at {
            return Err(Error::at(start, "a section is longer than the file"));
        }
        let contents = at..at + size;
        at = contents.end;
        sections.push(Section {
            id,
            whole: start..at,
            contents,
        });
    }
    Ok(sections)
}

/// An unsigned number of up to 32 bits at a place before `end`.
pub(crate) fn read_u32(bytes: &[u8], at: &mut usize, end: usize) -> Result<u32, Error> {
    let start = *at;
    let mut value = 0;
    for shift in (0..35).step_by(7) {
        if *at >= end {
            return Err(Error::at(start, "a number is cut off"));
        }
        let byte = bytes[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return u32::try_from(value)
                .map_err(|_| Error::at(start, "a number has more than 32 bits"));
        }
    }
    Err(Error::at(start, "a number has more than 5 bytes"))
}

/// Appends a number as LEB128.
pub(crate) fn write_u32(mut value: u32, out: &mut Vec<u8>) {
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            out.push(byte);
            return;
        }
        out.push(byte | 0x80);
    }
}

/// Appends a section.
///
/// # Errors
/// If it is longer than a section can be.
pub(crate) fn write_section(id: u8, contents: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    let size = u32::try_from(contents.len())
        .map_err(|_| Error::new("a section would be longer than 4 GiB"))?;
    out.push(id);
    write_u32(size, out);
    out.extend_from_slice(contents);
    Ok(())
}

/// Appends a custom section.
///
/// # Errors
/// If it is longer than a section can be.
pub(crate) fn write_custom(name: &str, data: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    let mut contents = Vec::with_capacity(name.len() + data.len() + 5);
    write_u32(name.len() as u32, &mut contents);
    contents.extend_from_slice(name.as_bytes());
    contents.extend_from_slice(data);
    write_section(CUSTOM, &contents, out)
}

/// The custom section of given bytes; `depth` says how deep it is.
fn read_custom<'a>(
    bytes: &'a [u8],
    section: &Section,
    layer: Layer,
    depth: usize,
) -> Result<Custom<'a>, Error> {
    let Range { start, end } = section.contents;
    let mut at = start;
    let n = read_u32(bytes, &mut at, end)? as usize;
    if n > end - at {
        return Err(Error::at(start, "a name is longer than its section"));
    }
    let name = str::from_utf8(&bytes[at..at + n])
        .map_err(|_| Error::at(at, "the name of a custom section is not UTF-8"))?;
    Ok(Custom {
        name,
        data: &bytes[at + n..end],
        depth,
        in_component: layer == Layer::Component,
    })
}

/// What is called for a file: what it is, its place, how deep it is, and its sections.
type Visit<'a> = dyn FnMut(Layer, &Range<usize>, usize, &[Section]) -> Result<(), Error> + 'a;

/// Calls `visit` for each file in a file, the outer one first, with its place, and how deep it is.
///
/// # Errors
/// If one is malformed, or they are nested too deep; or what `visit` returns.
pub(crate) fn visit_files(bytes: &[u8], visit: &mut Visit<'_>) -> Result<(), Error> {
    fn go(
        bytes: &[u8],
        range: &Range<usize>,
        depth: usize,
        visit: &mut Visit<'_>,
    ) -> Result<(), Error> {
        let layer = layer(bytes, range)?;
        let sections = sections(bytes, range)?;
        visit(layer, range, depth, &sections)?;
        for section in &sections {
            if is_file(layer, section.id) {
                go(bytes, &section.contents, deeper(depth, section)?, visit)?;
            }
        }
        Ok(())
    }
    go(bytes, &(0..bytes.len()), 0, visit)
}

/// The custom sections of one file, without those of what is nested in it.
///
/// # Errors
/// If one has no name.
pub(crate) fn customs<'a>(
    bytes: &'a [u8],
    layer: Layer,
    depth: usize,
    sections: &[Section],
) -> Result<Vec<Custom<'a>>, Error> {
    sections
        .iter()
        .filter(|section| section.id == CUSTOM)
        .map(|section| read_custom(bytes, section, layer, depth))
        .collect()
}

fn is_file(layer: Layer, id: u8) -> bool {
    layer == Layer::Component && matches!(id, CORE_MODULE | COMPONENT)
}

fn deeper(depth: usize, section: &Section) -> Result<usize, Error> {
    match depth < DEPTH_MAX {
        true => Ok(depth + 1),
        false => Err(Error::at(
            section.whole.start,
            "components are nested too deep",
        )),
    }
}

/// A file with other custom sections: `decide` is asked about each, also of nested modules and components. Whatever stays is
/// copied byte for byte, but for the sizes of what holds a change.
///
/// # Errors
/// If sections cannot be told apart. What is in them is not looked at.
pub fn with_customs(
    bytes: &[u8],
    decide: &mut dyn FnMut(&Custom<'_>) -> Fate,
) -> Result<Vec<u8>, Error> {
    let changed = changed(bytes, &(0..bytes.len()), 0, decide)?;
    Ok(changed.into_owned())
}

fn changed<'a>(
    bytes: &'a [u8],
    range: &Range<usize>,
    depth: usize,
    decide: &mut dyn FnMut(&Custom<'_>) -> Fate,
) -> Result<Cow<'a, [u8]>, Error> {
    let layer = layer(bytes, range)?;
    let mut out = Vec::new();
    // What is behind this was not written yet, and need not be if nothing changes.
    let mut written = range.start;
    for section in sections(bytes, range)? {
        let replaced = match section.id {
            CUSTOM => {
                let custom = read_custom(bytes, &section, layer, depth)?;
                match decide(&custom) {
                    Fate::Keep => None,
                    Fate::Drop => Some(Vec::new()),
                    Fate::Replace(data) => {
                        let mut section = Vec::new();
                        write_custom(custom.name, &data, &mut section)?;
                        Some(section)
                    }
                }
            }
            id if is_file(layer, id) => {
                let depth = deeper(depth, &section)?;
                match changed(bytes, &section.contents, depth, decide)? {
                    Cow::Borrowed(_) => None,
                    Cow::Owned(inner) => {
                        let mut section = Vec::new();
                        write_section(id, &inner, &mut section)?;
                        Some(section)
                    }
                }
            }
            _ => None,
        };
        if let Some(replaced) = replaced {
            out.extend_from_slice(&bytes[written..section.whole.start]);
            out.extend_from_slice(&replaced);
            written = section.whole.end;
        }
    }
    if written == range.start {
        return Ok(Cow::Borrowed(&bytes[range.clone()]));
    }
    out.extend_from_slice(&bytes[written..range.end]);
    Ok(Cow::Owned(out))
}
