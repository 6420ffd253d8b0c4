//! Copies of large modules: their bytes, and what their first memory starts with, to be used where they are.
//!
//! Apart from code because a copy is written once, and code is added to. A module that a program maps must not change while it runs:
//! what was validated would be something else when it is compiled. Files of the user do change, a guest may even be allowed to change
//! its own; files of the cache are only ever replaced.
//!
//! ```text
//! magic (8)  checksum of all after it (32)  key (32)
//! u64 each: bytes of the module, place of the content in the memory, bytes of content
//! zeros up to a page | module | zeros up to a page | content
//! ```

use super::entry::{CHECKED_FROM, Key, is_whole, read_file};
use module::Bytes;
use runtime::{KeptContent, LoadedModule};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use sys::Image;

const MAGIC: &[u8; 8] = b"\x7fwharfM\x01";

/// Bytes of the head.
const HEAD_BYTES: usize = CHECKED_FROM + 32 + 3 * 8;

/// Smaller modules are read and hashed faster than this is worth.
pub(super) const MODULE_BYTES_MIN: usize = 256 << 10;

/// A module as it was kept.
pub(super) struct Copy {
    pub(super) module: Bytes,
    pub(super) content: Option<KeptContent>,
}

/// Where the parts of a copy are.
struct Parts {
    module_at: usize,
    content_at: usize,
    end: usize,
}

impl Parts {
    fn new(module_bytes: usize, content_bytes: usize) -> Option<Parts> {
        let page = sys::page_bytes();
        let module_at = HEAD_BYTES.next_multiple_of(page);
        let module_end = module_at.checked_add(module_bytes)?;
        let content_at = module_end.checked_next_multiple_of(page)?;
        let end = if content_bytes == 0 {
            module_end
        } else {
            content_at.checked_add(content_bytes)?
        };
        Some(Parts {
            module_at,
            content_at,
            end,
        })
    }
}

/// Reads a copy; `None` if it is not the one with this key, or is not whole, which is not looked at if it is known to be.
pub(super) fn read(file: File, key: &Key, is_known: bool) -> Option<Copy> {
    let (bytes, file) = read_file(file)?;
    let head: &[u8; HEAD_BYTES] = bytes.first_chunk()?;
    let (found, numbers) = head[CHECKED_FROM..].split_first_chunk::<32>()?;
    let mut numbers = numbers.chunks_exact(8);
    let mut next = || usize::try_from(u64::from_le_bytes(numbers.next()?.try_into().ok()?)).ok();
    let (module_bytes, offset, content_bytes) = (next()?, next()?, next()?);
    let parts = Parts::new(module_bytes, content_bytes)?;
    if !head.starts_with(MAGIC) || found != key || parts.end != bytes.len() {
        return None;
    }
    if !is_known && !is_whole(&bytes) {
        return None;
    }
    let content = match file {
        Some(file) if content_bytes > 0 => {
            let image = Image::from_file(file, parts.content_at as u64, content_bytes).ok()?;
            Some(KeptContent {
                offset,
                image: image.of_lasting_file(),
            })
        }
        _ => None,
    };
    Some(Copy {
        module: bytes.slice(parts.module_at..parts.module_at + module_bytes),
        content,
    })
}

/// How large the copy of a module is.
pub(super) fn bytes(module: &LoadedModule) -> Option<u64> {
    let content = module.initial_content().map_or(0, |(_, bytes)| bytes.len());
    let parts = Parts::new(module.module().bytes().len(), content)?;
    Some(parts.end as u64)
}

/// Writes the copy of a module to an empty file.
pub(super) fn write(file: &File, key: &Key, module: &LoadedModule) -> io::Result<()> {
    let bytes = module.module().bytes();
    let (offset, content) = module.initial_content().unwrap_or_default();
    let parts = Parts::new(bytes.len(), content.len());
    let parts = parts.ok_or(io::ErrorKind::FileTooLarge)?;
    let mut head = Vec::with_capacity(parts.module_at);
    head.extend_from_slice(MAGIC);
    head.extend_from_slice(&[0; blake3::OUT_LEN]);
    head.extend_from_slice(key);
    for number in [bytes.len(), offset, content.len()] {
        head.extend_from_slice(&(number as u64).to_le_bytes());
    }
    head.resize(parts.module_at, 0);
    let mut hasher = blake3::Hasher::new();
    hasher.update(&head[CHECKED_FROM..]).update(bytes);
    if !content.is_empty() {
        let gap = parts.content_at - parts.module_at - bytes.len();
        hasher.update(&vec![0; gap]).update(content);
    }
    head[8..CHECKED_FROM].copy_from_slice(hasher.finalize().as_bytes());
    // What is not written reads as zeros, and takes no room.
    file.set_len(parts.end as u64)?;
    file.write_all_at(&head, 0)?;
    file.write_all_at(bytes, parts.module_at as u64)?;
    let mut pages = content.chunks(sys::page_bytes()).enumerate().peekable();
    while let Some((first, page)) = pages.next() {
        if is_zero(page) {
            continue;
        }
        let mut end = first + 1;
        while pages.next_if(|(_, page)| !is_zero(page)).is_some() {
            end += 1;
        }
        let start = first * sys::page_bytes();
        let end = content.len().min(end * sys::page_bytes());
        file.write_all_at(&content[start..end], (parts.content_at + start) as u64)?;
    }
    Ok(())
}

fn is_zero(page: &[u8]) -> bool {
    page.iter().all(|byte| *byte == 0)
}
