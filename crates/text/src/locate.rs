//! From a byte of a translated module back to its place in the text.
//!
//! Apart from translating, because it reads the line tables as any DWARF and would work for those of a compiler too.

use std::path::Path;

use addr2line::gimli::{self, Dwarf, EndianSlice, LittleEndian};

use crate::TextError;
use crate::fields::field_error_at;

/// A fault that someone found in the binary form, shown in the text that it came from.
///
/// `wasm` must be `source` translated with [`Options::line_info`](crate::Options::line_info), and `offset` a byte of it. Bytes of
/// functions are found by their line, others by the field of the module that they belong to. None if they belong to none.
pub fn error_at(
    message: &str,
    source: &str,
    path: Option<&Path>,
    wasm: &[u8],
    offset: usize,
) -> Option<TextError> {
    match line_of(wasm, offset) {
        Some((line, column)) => Some(TextError::at_line(message, source, line, column, path)),
        None => field_error_at(message, source, path, wasm, offset),
    }
}

/// The line and column, counted from 1, of the operator at `offset`.
fn line_of(wasm: &[u8], offset: usize) -> Option<(usize, usize)> {
    let code = sections(wasm).find(|section| section.id == CODE)?;
    // DWARF counts from the beginning of the code section's contents.
    let address = offset.checked_sub(code.offset)?;
    if address >= code.bytes.len() {
        return None;
    }
    let load = |id: gimli::SectionId| {
        let customs = sections(wasm).filter(|section| section.id == CUSTOM);
        let found = customs
            .filter_map(|section| custom(section.bytes))
            .find(|(name, _)| *name == id.name().as_bytes());
        let bytes = found.map_or(&[][..], |(_, bytes)| bytes);
        Ok::<_, gimli::Error>(EndianSlice::new(bytes, LittleEndian))
    };
    let context = addr2line::Context::from_dwarf(Dwarf::load(load).ok()?).ok()?;
    let location = context.find_location(u64::try_from(address).ok()?).ok()??;
    Some((
        location.line? as usize,
        location.column.unwrap_or(1).max(1) as usize,
    ))
}

pub(crate) const CUSTOM: u8 = 0;
pub(crate) const CODE: u8 = 10;

pub(crate) struct Section<'a> {
    pub(crate) id: u8,
    /// Of the contents, in the module.
    pub(crate) offset: usize,
    pub(crate) bytes: &'a [u8],
}

/// The sections of a module (core specification, 5.5.2), as far as they are well-formed.
pub(crate) fn sections(wasm: &[u8]) -> impl Iterator<Item = Section<'_>> {
    let mut at = 8;
    std::iter::from_fn(move || {
        let id = *wasm.get(at)?;
        let (length, n) = read_u32(wasm.get(at + 1..)?)?;
        let offset = at + 1 + n;
        let bytes = wasm.get(offset..offset.checked_add(length)?)?;
        at = offset + length;
        Some(Section { id, offset, bytes })
    })
}

/// The name and the contents of a custom section (core specification, 5.5.3).
pub(crate) fn custom(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, n) = read_u32(bytes)?;
    bytes.get(n..)?.split_at_checked(length)
}

/// An unsigned LEB128 number and how many bytes it took (core specification, 5.2.2).
pub(crate) fn read_u32(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0_u32;
    for (i, byte) in bytes.iter().take(5).enumerate() {
        value |= u32::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some((value as usize, i + 1));
        }
    }
    None
}

/// A module without its name section, for those who want text or bytes without names. A component stays as it is, and so does what
/// cannot be read.
pub fn without_names(wasm: &[u8]) -> Vec<u8> {
    if wasm.get(4..8) != Some(&[1, 0, 0, 0]) {
        return wasm.to_vec();
    }
    let mut kept = wasm[..8].to_vec();
    let mut start = 8;
    for section in sections(wasm) {
        let end = section.offset + section.bytes.len();
        let is_name =
            section.id == CUSTOM && custom(section.bytes).is_some_and(|(name, _)| name == b"name");
        if !is_name {
            kept.extend_from_slice(&wasm[start..end]);
        }
        start = end;
    }
    kept.extend_from_slice(&wasm[start..]);
    kept
}
