//! Putting a memory back into its first state where it is: what a kept instance's next guest must find.
//!
//! How depends on what is there to be done. A small memory is written over without asking, which costs neither system calls nor
//! page faults. Of a larger one the kernel says which pages were written, and only those are written over. If they are too many,
//! or the kernel cannot say, all pages are given back, and come again one fault at a time.

use super::{MemoryEntity, MemorySpace, to_host_pages};
use crate::LoadedModule;
use crate::loaded::initial_parts;
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// Memories of at most this many bytes are written over: asking what was written takes as long.
const WRITE_OVER_BYTES_MAX: usize = 128 << 10;

/// Ranges of written pages that are remembered: as many as one question is answered with.
const RANGES_MAX: usize = 64;

/// Contents made for a pool take at most this many bytes; larger ones have an image.
const FLAT_BYTES_MAX: usize = 256 << 10;

/// What the first memory of a module's instances starts with; all else is zero.
pub(crate) struct InitialContent {
    /// Where it starts in the memory.
    offset: usize,
    source: Source,
}

enum Source {
    Flat(Box<[u8]>),
    /// The image of this module.
    Image(Arc<LoadedModule>),
}

impl InitialContent {
    /// The content of a module whose active segments all have constant places in its first memory; `None` if they have not, or
    /// it would be too large.
    pub(crate) fn new(module: &Arc<LoadedModule>) -> Option<InitialContent> {
        if let Some(image) = &module.init_image {
            image.image.bytes()?;
            return Some(InitialContent {
                offset: image.offset,
                source: Source::Image(module.clone()),
            });
        }
        let parts = initial_parts(module.module())?;
        let offset = parts.iter().map(|part| part.0).min().unwrap_or(0);
        let ends = parts.iter().map(|part| part.0 + part.1.len());
        let bytes = ends.max().unwrap_or(0) - offset;
        if bytes > FLAT_BYTES_MAX {
            return None;
        }
        let mut flat = vec![0; bytes];
        for (at, part) in parts {
            flat[at - offset..][..part.len()].copy_from_slice(part);
        }
        Some(InitialContent {
            offset,
            source: Source::Flat(flat.into()),
        })
    }

    fn bytes(&self) -> &[u8] {
        match &self.source {
            Source::Flat(bytes) => bytes,
            Source::Image(module) => {
                let image = module.init_image.as_ref();
                let image = image.expect("the content was made from it");
                image.image.bytes().expect("mapped when it was made")
            }
        }
    }

    /// Writes the part of the content, and of the zeros around it, that lies in a range of the memory.
    fn write_part(&self, range: &Range<usize>, memory: &mut [u8]) {
        let content = self.bytes();
        let start = self.offset.clamp(range.start, range.end);
        let end = (self.offset + content.len()).clamp(start, range.end);
        memory[range.start..start].fill(0);
        if start < end {
            memory[start..end].copy_from_slice(&content[start - self.offset..end - self.offset]);
        }
        memory[end..range.end].fill(0);
    }
}

impl MemoryEntity {
    /// Makes the memory what it was when it had been made with so many bytes and this content. At most `kept_bytes_max` bytes stay
    /// in the machine's memory, or what a small one has.
    ///
    /// # Errors
    /// If the system cannot take memory back. The memory must then not be used again.
    pub(crate) fn reset(
        &mut self,
        bytes: u64,
        content: Option<&InitialContent>,
        kept_bytes_max: usize,
    ) -> io::Result<()> {
        let accessible = to_host_pages(bytes as usize);
        self.def.bytes = bytes;
        let space = self.space();
        space.shrink(accessible)?;
        let write = |range: &Range<usize>, memory: &mut [u8]| match content {
            Some(content) => content.write_part(range, memory),
            None => memory[range.clone()].fill(0),
        };
        let kept_max = kept_bytes_max.max(WRITE_OVER_BYTES_MAX);
        let mut written = [const { 0..0 }; RANGES_MAX];
        let n_written = if accessible <= WRITE_OVER_BYTES_MAX {
            written[0] = 0..accessible;
            Some(1)
        } else {
            space.written(kept_max, &mut written)
        };
        if n_written.is_none() {
            // SAFETY: no guest has the memory, and what is in it shall go.
            unsafe { space.reservation.decommit(0..accessible)? };
        }
        // SAFETY: so many bytes are accessible, and whoever resets a memory has it alone.
        let memory =
            unsafe { std::slice::from_raw_parts_mut(space.reservation.as_ptr(), accessible) };
        match (n_written, content) {
            (Some(n), _) => written[..n].iter().for_each(|range| write(range, memory)),
            (None, Some(content)) if matches!(content.source, Source::Flat(_)) => {
                let at = content.offset;
                let bytes = content.bytes();
                memory[at..at + bytes.len()].copy_from_slice(bytes);
            }
            // Pages that were given back show the image again, or zeros.
            (None, _) => {}
        }
        Ok(())
    }
}

impl MemorySpace {
    /// Makes all but the first bytes inaccessible, and zero once they are accessible again.
    fn shrink(&mut self, accessible: usize) -> io::Result<()> {
        let gone = accessible..self.accessible;
        if gone.is_empty() {
            return Ok(());
        }
        // SAFETY: no guest has the memory; the guard behind it grows.
        unsafe {
            self.reservation.decommit(gone.clone())?;
            self.reservation.make_inaccessible(gone)?;
        }
        self.accessible = accessible;
        Ok(())
    }

    /// How many of the ranges were written, filled in; `None` if that is not known or too much.
    fn written(&self, bytes_max: usize, ranges: &mut [Range<usize>]) -> Option<usize> {
        let pages_max = bytes_max / sys::page_bytes();
        let mut n = 0;
        let known = self
            .reservation
            .written_pages(0..self.accessible, pages_max, |range| {
                if let Some(place) = ranges.get_mut(n) {
                    *place = range;
                }
                n += 1;
            });
        (known && n <= ranges.len()).then_some(n)
    }
}
