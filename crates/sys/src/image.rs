//! Bytes that many mappings share until they write: the initial contents of memories. Apart because it outlives every mapping.

use crate::os::{self, page_bytes};
use crate::reservation::Reservation;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;

/// Parts of an image are copied together up to this size before they are written.
const JOINED_BYTES_MAX: usize = 256 << 10;

/// Bytes in a file, without a name or given, that many reservations map copy-on-write.
///
/// **Invariant:** an image made from bytes never changes: its file is sealed. One of a file given is as lasting as that.
#[derive(Debug)]
pub struct Image {
    file: File,
    offset: u64,
    bytes: usize,
    /// Whether the file is sealed, or whoever gave it says that it does not change.
    lasts: bool,
    /// The bytes, mapped to be read when first asked for.
    view: OnceLock<Reservation>,
}

impl Image {
    /// An image of `bytes`. Pages of zeros cost no memory.
    ///
    /// # Errors
    /// If the system has no memory or no file descriptor left.
    pub fn new(bytes: &[u8]) -> io::Result<Image> {
        Image::from_parts(bytes.len(), [(0, bytes)])
    }

    /// An image of `bytes` zeros with the parts written over them in order, each at its offset.
    ///
    /// # Errors
    /// If a part does not fit, or the system has no memory or no file descriptor left.
    pub fn from_parts<'a>(
        bytes: usize,
        parts: impl IntoIterator<Item = (usize, &'a [u8])>,
    ) -> io::Result<Image> {
        let file = os::shared_file("wharf-image", bytes as u64)?;
        let mut fresh = 0;
        // Parts that follow each other closely, as thousands do in some modules, are written together.
        let (mut joined, mut joined_at) = (Vec::new(), 0);
        for (offset, part) in parts {
            let end = offset.checked_add(part.len()).filter(|&end| end <= bytes);
            let end = end.ok_or_else(|| invalid("a part of an image lies outside of it"))?;
            let joined_end = joined_at + joined.len();
            let gap = offset.checked_sub(joined_end);
            let follows = gap.is_some_and(|gap| gap < page_bytes() && joined_end >= fresh);
            if !follows || end - joined_at > JOINED_BYTES_MAX {
                write_sparsely(&file, joined_at, &joined, fresh)?;
                fresh = fresh.max(joined_end);
                joined.clear();
                joined_at = offset;
            }
            if part.len() >= JOINED_BYTES_MAX && joined.is_empty() {
                write_sparsely(&file, offset, part, fresh)?;
                fresh = fresh.max(end);
                joined_at = end;
            } else {
                joined.resize(offset - joined_at, 0);
                joined.extend_from_slice(part);
            }
        }
        write_sparsely(&file, joined_at, &joined, fresh)?;
        os::seal(&file)?;
        Ok(Image {
            file,
            offset: 0,
            bytes,
            lasts: true,
            view: OnceLock::new(),
        })
    }

    /// The image that is the part of `file` from `offset`, `bytes` long; both multiples of [`page_bytes`].
    ///
    /// The file should not change: a page not yet written to shows what the file has now, and one that the file has lost faults.
    ///
    /// # Errors
    /// If the part is not whole pages or not in the file.
    pub fn from_file(file: File, offset: u64, bytes: usize) -> io::Result<Image> {
        let page_bytes = page_bytes();
        if !offset.is_multiple_of(page_bytes as u64) || !bytes.is_multiple_of(page_bytes) {
            return Err(invalid("an image in a file must be whole pages"));
        }
        check_in_file(&file, offset, bytes)?;
        Ok(Image {
            file,
            offset,
            bytes,
            lasts: false,
            view: OnceLock::new(),
        })
    }

    /// The same image, of a file that is never written to again: its bytes can be read too.
    pub fn of_lasting_file(self) -> Image {
        Image {
            lasts: true,
            ..self
        }
    }

    /// Length in bytes, as given.
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// The bytes themselves; `None` if the image is part of a file given, which somebody might change, or cannot be mapped.
    pub fn bytes(&self) -> Option<&[u8]> {
        if !self.lasts || self.bytes == 0 {
            return self.lasts.then_some(&[]);
        }
        if self.view.get().is_none() {
            let view = Reservation::new(self.bytes).ok()?;
            // SAFETY: the reservation is new: nobody uses what is in it.
            unsafe { view.map_image(0, self) }.ok()?;
            // Another thread may have been quicker, and its view is as good.
            let _ = self.view.set(view);
        }
        let view = self.view.get()?;
        // SAFETY: the image is mapped there and as long; its file does not change, and nobody has the address to write to.
        Some(unsafe { std::slice::from_raw_parts(view.as_ptr(), self.bytes) })
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }
}

/// Fails if the part of `file` from `offset`, `bytes` long, is not in it.
pub fn check_in_file(file: &File, offset: u64, bytes: usize) -> io::Result<()> {
    let file_bytes = file.metadata()?.len();
    match offset.checked_add(bytes as u64) {
        Some(end) if end <= file_bytes => Ok(()),
        _ => Err(invalid("a part to be mapped is not in its file")),
    }
}

pub fn invalid(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// Writes `part` at `offset`, but leaves pages of zeros out where nothing was written before, which is from `fresh` on.
fn write_sparsely(file: &File, offset: usize, part: &[u8], fresh: usize) -> io::Result<()> {
    let page_bytes = page_bytes();
    let mut done = 0;
    let mut at = 0;
    while at < part.len() {
        // The first piece ends at the next page of the file, all others are pages.
        let piece_bytes = page_bytes - (offset + at) % page_bytes;
        let end = part.len().min(at + piece_bytes);
        if offset + at >= fresh && part[at..end].iter().all(|&byte| byte == 0) {
            file.write_all_at(&part[done..at], (offset + done) as u64)?;
            done = end;
        }
        at = end;
    }
    file.write_all_at(&part[done..], (offset + done) as u64)
}
