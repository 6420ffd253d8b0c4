//! Which sections stay: custom ones as was asked, others if something is in them.
//!
//! Apart because the file is looked at as a list of sections, and of their contents hardly anything matters.

use module::encode;

/// Whether a custom section is about places in the code, which change.
pub(crate) fn speaks_of_places(name: &str) -> bool {
    name.starts_with(".debug_")
        || name.starts_with("reloc.")
        || name.starts_with("metadata.code.")
        || matches!(name, "sourceMappingURL" | "external_debug_info")
}

/// The numbers of sections that are no lists.
const CUSTOM: u8 = 0;
const START: u8 = 8;

/// A valid module without the custom sections that `keeps` does not keep, and without sections that are empty.
pub(crate) fn retain(module: &[u8], keeps: impl Fn(&str) -> bool) -> Vec<u8> {
    let (preamble, mut rest) = module.split_at(8);
    let mut out = preamble.to_vec();
    out.reserve(rest.len());
    while let Some((&id, after)) = rest.split_first() {
        let Some((size, contents)) = unsigned(after) else {
            break;
        };
        let (contents, after) = contents.split_at(size.min(contents.len()));
        rest = after;
        let name = || {
            let (len, name) = unsigned(contents)?;
            str::from_utf8(name.get(..len)?).ok()
        };
        let stays = match id {
            CUSTOM => name().is_none_or(&keeps),
            START => true,
            _ => contents != [0],
        };
        if stays {
            out.push(id);
            encode::bytes(&mut out, contents);
        }
    }
    out
}

/// A number in LEB128, and what follows it.
fn unsigned(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0;
    for (at, &byte) in bytes.iter().enumerate().take(5) {
        value |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[at + 1..]));
        }
    }
    None
}
