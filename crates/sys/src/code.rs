//! Machine code in memory. Apart because here, and only here, bytes become instructions.
//!
//! The memory is a file without a name. It is mapped once, readable and executable, and written through its descriptor: there is
//! no writable mapping at any address at any time, and publishing code changes no protection.

mod arena;
mod free_list;

use crate::image::{check_in_file, invalid};
use crate::os::{self, page_bytes};
use crate::reservation::{Reservation, round_up_to_pages};
pub use arena::CodeArena;
use free_list::FreeList;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where blocks start: a line of the instruction cache.
const BLOCK_ALIGN_BYTES: usize = 64;

/// One large range of addresses for machine code, with blocks of it given out. Clones share the range; it is unmapped when the
/// last clone and the last block are gone.
#[derive(Clone, Debug)]
pub struct CodeMemory {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    reservation: Reservation,
    file: File,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: FreeList,
    /// No byte from here on was ever given out.
    fresh: usize,
}

impl CodeMemory {
    /// Takes `bytes_max` of addresses, rounded up to pages, or as much as files may have in this process. Memory comes with the code, so a generous size costs nothing; up to
    /// 2 GiB all blocks can reach each other by relative calls.
    ///
    /// # Errors
    /// If the system has no address space or file descriptor left, or forbids executable memory.
    pub fn new(bytes_max: usize) -> io::Result<CodeMemory> {
        let allowed = usize::try_from(os::file_bytes_max()).unwrap_or(usize::MAX);
        let allowed = allowed - allowed % page_bytes();
        let reservation = Reservation::new(bytes_max.min(allowed.max(page_bytes())))?;
        let bytes = reservation.len();
        let file = os::shared_file("wharf-code", bytes as u64)?;
        // SAFETY: the reservation is new: nobody uses it.
        unsafe { os::map_code(reservation.as_ptr(), bytes, &file, 0)? };
        let state = State {
            free: FreeList::new(bytes),
            fresh: 0,
        };
        let inner = Inner {
            reservation,
            file,
            state: Mutex::new(state),
        };
        Ok(CodeMemory {
            inner: Arc::new(inner),
        })
    }

    /// All executable addresses, of blocks that exist and of others.
    #[inline]
    pub fn range(&self) -> Range<usize> {
        let start = self.inner.reservation.as_ptr().addr();
        start..start + self.inner.reservation.len()
    }

    /// Copies `code` to a block of its own, ready to run on every thread that learns of it.
    ///
    /// # Errors
    /// If no free part is large enough or the system has no memory left.
    pub fn publish(&self, code: &[u8]) -> io::Result<CodeBlock> {
        self.reserve(code.len())?.publish(code)
    }

    /// Takes the addresses of `bytes` of code that is not yet written, for code that must know where it will be.
    ///
    /// # Errors
    /// If no free part is large enough.
    pub fn reserve(&self, bytes: usize) -> io::Result<CodeSpace> {
        self.take(bytes, BLOCK_ALIGN_BYTES).map(CodeSpace)
    }

    /// Maps `bytes` of `file` from `offset`, a multiple of [`page_bytes`], into a block of its own: nothing is read before it
    /// runs, and processes share it. Instructions that the file loses later fault.
    ///
    /// # Errors
    /// If the part is not in the file, no free part of this memory is large enough, or the file may not be executed.
    pub fn publish_file(&self, file: &File, offset: u64, bytes: usize) -> io::Result<CodeBlock> {
        if !offset.is_multiple_of(page_bytes() as u64) {
            return Err(invalid("code in a file must start at a page"));
        }
        check_in_file(file, offset, bytes)?;
        let pages = round_up_to_pages(bytes.max(1))?;
        let mut block = self.take(pages, page_bytes())?;
        block.bytes = bytes;
        block.of_file = true;
        // SAFETY: the block is whole pages and was just given to us alone.
        unsafe { os::map_code_of_file(block.address(), pages, file, offset)? };
        if block.reused {
            os::sync_cores();
        }
        Ok(block)
    }

    fn take(&self, bytes: usize, align: usize) -> io::Result<CodeBlock> {
        let rounded = bytes.max(1).checked_next_multiple_of(BLOCK_ALIGN_BYTES);
        let mut state = self.inner.state();
        let range = rounded.and_then(|rounded| state.free.take(rounded, align));
        let range = range.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::OutOfMemory,
                "the memory for machine code is full",
            )
        })?;
        let reused = range.start < state.fresh;
        state.fresh = state.fresh.max(range.end);
        drop(state);
        let memory = self.clone();
        Ok(CodeBlock {
            memory,
            range,
            bytes,
            reused,
            of_file: false,
        })
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Addresses taken for code that is not there yet. Dropping it gives them back.
#[derive(Debug)]
pub struct CodeSpace(CodeBlock);

impl CodeSpace {
    /// Where the code will start: a multiple of 64.
    pub fn as_ptr(&self) -> *const u8 {
        self.0.as_ptr()
    }

    /// Bytes taken.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no bytes were asked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts the code there.
    ///
    /// # Errors
    /// If the system has no memory left.
    ///
    /// # Panics
    /// If `code` is not exactly as long as what was taken.
    pub fn publish(self, code: &[u8]) -> io::Result<CodeBlock> {
        let CodeSpace(block) = self;
        assert_eq!(code.len(), block.bytes, "code is not as long as its space");
        let inner = &block.memory.inner;
        inner.file.write_all_at(code, block.range.start as u64)?;
        if block.reused {
            os::sync_cores();
        }
        Ok(block)
    }
}

/// Machine code that may run for as long as this lives. Keeps the memory it is in.
#[derive(Debug)]
pub struct CodeBlock {
    memory: CodeMemory,
    /// Where in the memory, padding included.
    range: Range<usize>,
    bytes: usize,
    /// Other code may have been here before.
    reused: bool,
    /// The range is mapped from a file that is not the memory's own.
    of_file: bool,
}

impl CodeBlock {
    /// The first instruction's address, a multiple of 64.
    #[inline]
    pub fn as_ptr(&self) -> *const u8 {
        self.address()
    }

    /// Bytes of code.
    #[inline]
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// Whether there is no code.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// The addresses of the code.
    #[inline]
    pub fn range(&self) -> Range<usize> {
        let start = self.address().addr();
        start..start + self.bytes
    }

    /// The code itself.
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: the bytes are mapped readable and were written before the block was given out; none is written again while
        // the block lives.
        unsafe { std::slice::from_raw_parts(self.address(), self.bytes) }
    }

    fn address(&self) -> *mut u8 {
        // SAFETY: the range lies in the reservation.
        unsafe { self.memory.inner.reservation.as_ptr().add(self.range.start) }
    }
}

impl Drop for CodeBlock {
    fn drop(&mut self) {
        let inner = &self.memory.inner;
        if self.of_file {
            let (offset, bytes) = (self.range.start as u64, self.range.len());
            // SAFETY: the block is whole pages, and who drops it no longer runs it.
            let mapped = unsafe { os::map_code(self.address(), bytes, &inner.file, offset) };
            if mapped.is_err() {
                // The system has too many mappings. The addresses still show the other file and cannot be given out again.
                return;
            }
        }
        let mut state = inner.state();
        let free = state.free.give(self.range.clone());
        let pages = free_pages(&free, &self.range, page_bytes());
        if !pages.is_empty() {
            // While the lock is held, lest somebody publishes there. Failing means only that the memory stays in use.
            let _ = os::punch_hole(&inner.file, pages.start as u64, pages.len() as u64);
        }
    }
}

/// The whole pages that `given` touches and that are `free` altogether.
fn free_pages(free: &Range<usize>, given: &Range<usize>, page_bytes: usize) -> Range<usize> {
    let down = |offset: usize| offset - offset % page_bytes;
    let up = |offset: usize| offset.next_multiple_of(page_bytes);
    let start = up(free.start).max(down(given.start));
    let end = down(free.end).min(up(given.end));
    start..end.max(start)
}
