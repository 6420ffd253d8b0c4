//! Code that comes piece by piece: a block that is filled from its start. Apart from blocks because these are written once, as a
//! whole.

use super::{CodeBlock, CodeMemory};
use crate::os;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// Addresses that are filled with code from the lowest on. Nothing that was put there is ever changed or freed before all is.
#[derive(Debug)]
pub struct CodeArena {
    block: CodeBlock,
    used: usize,
}

impl CodeMemory {
    /// Takes `bytes` of addresses to be filled with code later. Memory comes with the code.
    ///
    /// # Errors
    /// If no free part is large enough.
    pub fn arena(&self, bytes: usize) -> io::Result<CodeArena> {
        let block = self.take(bytes, super::BLOCK_ALIGN_BYTES)?;
        Ok(CodeArena { block, used: 0 })
    }
}

impl CodeArena {
    /// All the addresses, filled or not.
    pub fn range(&self) -> Range<usize> {
        self.block.range()
    }

    /// What was put there so far.
    pub fn filled(&self) -> &[u8] {
        // SAFETY: the bytes are mapped readable, were written before, and are never written again while the block lives.
        unsafe { std::slice::from_raw_parts(self.block.as_ptr(), self.used) }
    }

    /// Where the next code that must be aligned to a power of two of at most 64 bytes would start, if `bytes` of it still fit.
    pub fn next(&self, bytes: usize, align: usize) -> Option<*const u8> {
        let start = self.start(align);
        let fits = start.checked_add(bytes)? <= self.block.len();
        // SAFETY: the offset is within the block.
        fits.then(|| unsafe { self.block.as_ptr().add(start) })
    }

    fn start(&self, align: usize) -> usize {
        debug_assert!(align.is_power_of_two() && align <= super::BLOCK_ALIGN_BYTES);
        self.used.next_multiple_of(align)
    }

    /// Puts code where [`CodeArena::next`] said, ready to run on every thread that learns of it.
    ///
    /// # Errors
    /// If the system has no memory left; the place is still free then.
    ///
    /// # Panics
    /// If it does not fit.
    pub fn push(&mut self, code: &[u8], align: usize) -> io::Result<*const u8> {
        let address = self.next(code.len(), align);
        let address = address.expect("the caller has looked whether the code fits");
        let start = self.start(align);
        let at = self.block.range.start + start;
        let inner = &self.block.memory.inner;
        inner.file.write_all_at(code, at as u64)?;
        self.used = start + code.len();
        if self.block.reused {
            os::sync_cores();
        }
        Ok(address)
    }
}
