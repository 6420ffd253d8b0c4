//! The bytes of the code that is being emitted.
//!
//! Apart because emission is what a compiler in one pass does most: an instruction is composed in registers and stored by
//! writes of a fixed size into room that was reserved with one check, in safe Rust.

/// Bytes that [`Buffer::room`] makes sure of: the longest instruction has 15, and writes may reach a little beyond its end.
const ROOM: usize = 32;

/// Code that grows at its end. One is used for many functions, so that growing happens a few times only.
#[derive(Debug, Default)]
pub struct Buffer {
    /// The code, and room behind it whose content means nothing.
    bytes: Vec<u8>,
    /// Bytes of code.
    len: usize,
}

impl Buffer {
    /// Forgets the code, not the room.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Bytes of code so far: the offset of what comes next.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no code.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The code so far.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Room behind the code for an instruction. What is written there becomes code by [`Buffer::advance`].
    #[inline]
    pub(crate) fn room(&mut self) -> &mut [u8; ROOM] {
        if self.bytes.len() - self.len < ROOM {
            self.grow(ROOM);
        }
        let room = &mut self.bytes[self.len..self.len + ROOM];
        room.try_into().expect("the slice has this length")
    }

    /// Makes the next `n` bytes code.
    ///
    /// At most what [`Buffer::room`] reserved; [`Buffer::as_slice`] would panic for more.
    #[inline]
    pub(crate) fn advance(&mut self, n: usize) {
        debug_assert!(n <= ROOM);
        self.len += n;
    }

    /// Appends up to eight bytes, the lowest of `bytes` first.
    #[inline]
    pub(crate) fn put(&mut self, bytes: u64, n: usize) {
        self.room()[..8].copy_from_slice(&bytes.to_le_bytes());
        self.advance(n);
    }

    /// Appends bytes of any number.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        if self.bytes.len() - self.len < bytes.len() {
            self.grow(bytes.len());
        }
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    /// The four bytes at `at`, the lowest first.
    #[inline]
    pub(crate) fn read32(&self, at: usize) -> u32 {
        let bytes = &self.bytes[at..at + 4];
        u32::from_le_bytes(bytes.try_into().expect("the slice has four bytes"))
    }

    /// Replaces the four bytes at `at`.
    #[inline]
    pub(crate) fn write32(&mut self, at: usize, value: u32) {
        self.bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    /// Replaces the byte at `at`.
    #[inline]
    pub(crate) fn write8(&mut self, at: usize, value: u8) {
        self.bytes[at] = value;
    }

    /// Takes back code from `len` on.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, more: usize) {
        let wanted = (self.bytes.len() * 2).max(self.len + more).max(4096);
        self.bytes.resize(wanted, 0);
    }
}
