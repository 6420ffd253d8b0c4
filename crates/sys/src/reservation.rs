//! Address space taken in advance, of which parts become memory: what linear memories live in. Apart because it is the safe owner
//! of raw mappings.

use crate::image::Image;
use crate::os::{self, Access, page_bytes};
use std::io;
use std::ops::Range;

/// Address space reserved without access; dropped is unmapped.
///
/// Offsets count bytes from the start. Those given to the methods must be multiples of [`page_bytes`] and in order.
///
/// **Invariant:** the range is ours alone until drop, so replacing parts of it cannot hit a mapping of somebody else.
#[derive(Debug)]
pub struct Reservation {
    at: *mut u8,
    bytes: usize,
}

// SAFETY: a reservation is a range of addresses of the process, the same for every thread; what changes the memory in it is
// unsafe and asks its caller for exclusion.
unsafe impl Send for Reservation {}
// SAFETY: as above.
unsafe impl Sync for Reservation {}

impl Reservation {
    /// Reserves `bytes`, rounded up to whole pages and to at least one.
    ///
    /// # Errors
    /// If the process has no address space left.
    pub fn new(bytes: usize) -> io::Result<Reservation> {
        Reservation::with_purpose(bytes, false)
    }

    pub(crate) fn for_stack(bytes: usize) -> io::Result<Reservation> {
        Reservation::with_purpose(bytes, true)
    }

    fn with_purpose(bytes: usize, for_stack: bool) -> io::Result<Reservation> {
        let bytes = round_up_to_pages(bytes.max(1))?;
        let at = os::reserve(bytes, for_stack)?;
        Ok(Reservation { at, bytes })
    }

    /// The first address.
    #[inline]
    pub fn as_ptr(&self) -> *mut u8 {
        self.at
    }

    /// Bytes reserved, a multiple of the page size.
    #[inline]
    #[expect(clippy::len_without_is_empty, reason = "a reservation is never empty")]
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// Allows loads and stores. Contents stay as they are: zero, if the range was never accessible before.
    ///
    /// # Errors
    /// If the system has no memory left to promise.
    ///
    /// # Panics
    /// If `range` is not whole pages of this reservation.
    ///
    /// # Safety
    /// Nobody relies on accesses to `range` faulting.
    pub unsafe fn make_accessible(&self, range: Range<usize>) -> io::Result<()> {
        let Some((at, bytes)) = self.pages(range) else {
            return Ok(());
        };
        // SAFETY: the pages are ours.
        unsafe { os::protect(at, bytes, Access::ReadWrite) }
    }

    /// Makes every access fault. Contents stay: [`decommit`](Self::decommit) forgets them.
    ///
    /// # Errors
    /// If the system has too many mappings.
    ///
    /// # Panics
    /// If `range` is not whole pages of this reservation.
    ///
    /// # Safety
    /// No reference into `range` is used afterwards.
    pub unsafe fn make_inaccessible(&self, range: Range<usize>) -> io::Result<()> {
        let Some((at, bytes)) = self.pages(range) else {
            return Ok(());
        };
        // SAFETY: the pages are ours.
        unsafe { os::protect(at, bytes, Access::None) }
    }

    /// Gives the memory behind `range` back to the system; access stays as it is. Afterwards the range reads as its image, where
    /// one is mapped, and as zeros elsewhere.
    ///
    /// # Errors
    /// If the range is locked in memory.
    ///
    /// # Panics
    /// If `range` is not whole pages of this reservation.
    ///
    /// # Safety
    /// Nobody relies on the contents of `range`.
    pub unsafe fn decommit(&self, range: Range<usize>) -> io::Result<()> {
        let Some((at, bytes)) = self.pages(range) else {
            return Ok(());
        };
        // SAFETY: the pages are ours.
        unsafe { os::discard(at, bytes) }
    }

    /// Calls `each` with the ranges of pages within `range` that hold memory of their own: that were written to, and not given
    /// back by [`decommit`](Self::decommit) since. All other pages read as their image, or as zeros.
    ///
    /// False if that cannot be found out, or if there are more than `pages_max` pages or very many ranges: nothing can then be
    /// concluded.
    ///
    /// # Panics
    /// If `range` is not whole pages of this reservation.
    pub fn written_pages(
        &self,
        range: Range<usize>,
        pages_max: usize,
        mut each: impl FnMut(Range<usize>),
    ) -> bool {
        let offset = range.start;
        let Some((at, bytes)) = self.pages(range) else {
            return true;
        };
        os::written_pages(at, bytes, pages_max, |found| {
            each(offset + found.start..offset + found.end);
        })
    }

    /// Puts `image` at `offset`, readable and writable, copied page by page as it is written to. It covers the image's length
    /// rounded up to pages; the rest of the last page is zero.
    ///
    /// # Errors
    /// If the system has too many mappings. The range may then be unmapped, inaccessible or as before.
    ///
    /// # Panics
    /// If the image does not fit or `offset` is not a multiple of the page size.
    ///
    /// # Safety
    /// Nobody uses what was there before.
    pub unsafe fn map_image(&self, offset: usize, image: &Image) -> io::Result<()> {
        let end = round_up_to_pages(image.len())
            .ok()
            .and_then(|bytes| offset.checked_add(bytes));
        let end = end.expect("an image was mapped beyond the address space");
        let Some((at, bytes)) = self.pages(offset..end) else {
            return Ok(());
        };
        // SAFETY: the pages are ours.
        unsafe { os::map_private(at, bytes, image.file(), image.offset()) }
    }

    /// Replaces whatever is there, images included, by memory without access that is zero once made accessible.
    ///
    /// # Errors
    /// If the system has too many mappings.
    ///
    /// # Panics
    /// If `range` is not whole pages of this reservation.
    ///
    /// # Safety
    /// Nobody uses what was there before.
    pub unsafe fn remap_zero(&self, range: Range<usize>) -> io::Result<()> {
        let Some((at, bytes)) = self.pages(range) else {
            return Ok(());
        };
        // SAFETY: the pages are ours.
        unsafe { os::map_inaccessible(at, bytes) }
    }

    /// The address and length of `range`, or `None` if it is empty.
    fn pages(&self, range: Range<usize>) -> Option<(*mut u8, usize)> {
        let page_bytes = page_bytes();
        assert!(
            range.start <= range.end
                && range.end <= self.bytes
                && range.start.is_multiple_of(page_bytes)
                && range.end.is_multiple_of(page_bytes),
            "expected whole pages of a reservation of {:#x} bytes, found {range:#x?}",
            self.bytes
        );
        // SAFETY: the start is inside of the mapping, or its end.
        let at = unsafe { self.at.add(range.start) };
        (!range.is_empty()).then(|| (at, range.len()))
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // SAFETY: the range is ours, and who has the reservation no longer has pointers into it that may be used. Failing can
        // only mean that the kernel could not split a mapping, which unmapping all of ours does not ask for.
        let _ = unsafe { os::unmap(self.at, self.bytes) };
    }
}

/// The least multiple of the page size that is not less than `bytes`.
pub fn round_up_to_pages(bytes: usize) -> io::Result<usize> {
    bytes
        .checked_next_multiple_of(page_bytes())
        .filter(|&bytes| bytes <= isize::MAX as usize)
        .ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))
}
