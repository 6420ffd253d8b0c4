//! The heap's address space: loads, stores and copies at 32-bit offsets. Apart because it is all that the collector knows of
//! addresses, and nearly all of its unsafe code.

use abi::gc::{HEAP_BYTES, YOUNG_END, YOUNG_START};
use std::io;
use sys::{Reservation, page_bytes};

/// Accesses are of at most 16 bytes at a field's offset below this beyond an object.
const GUARD_BYTES: usize = 1 << 20;
/// The old space becomes accessible in steps of this, so that calls of the system are few.
const STEP_BYTES: u64 = 4 << 20;

/// 4 GiB of address space, of which the young part and a prefix of the old part are accessible.
#[derive(Debug)]
pub struct Space {
    reservation: Reservation,
    /// One past the accessible young bytes.
    young: u64,
    /// One past the accessible old bytes.
    old: u64,
}

impl Space {
    /// Reserves the space; nothing is accessible yet.
    pub fn new() -> io::Result<Space> {
        Ok(Space {
            reservation: Reservation::new(HEAP_BYTES as usize + GUARD_BYTES)?,
            young: u64::from(YOUNG_START),
            old: u64::from(YOUNG_END),
        })
    }

    /// The address of offset zero.
    pub fn base(&self) -> *mut u8 {
        self.reservation.as_ptr()
    }

    /// Makes young bytes accessible up to `end`.
    pub fn open_young(&mut self, end: u32) -> io::Result<()> {
        let end = u64::from(end.min(YOUNG_END)).next_multiple_of(page_bytes() as u64);
        if end > self.young {
            // SAFETY: nobody relies on faults above the null page but below the old space.
            unsafe {
                self.reservation
                    .make_accessible(self.young as usize..end as usize)?;
            }
            self.young = end;
        }
        Ok(())
    }

    /// Makes old bytes accessible up to `end`.
    pub fn open_old(&mut self, end: u64) -> io::Result<()> {
        if end <= self.old {
            return Ok(());
        }
        if end > HEAP_BYTES {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let end = end.next_multiple_of(STEP_BYTES).min(HEAP_BYTES);
        // SAFETY: nobody relies on faults in the old space.
        unsafe {
            self.reservation
                .make_accessible(self.old as usize..end as usize)?;
        }
        self.old = end;
        Ok(())
    }

    /// Gives the memory of old bytes from `keep` on back to the system; they read as zeros if opened again.
    pub fn close_old(&mut self, keep: u64) {
        let keep = keep.next_multiple_of(STEP_BYTES).max(u64::from(YOUNG_END));
        if keep >= self.old {
            return;
        }
        let range = keep as usize..self.old as usize;
        // SAFETY: the caller keeps no objects beyond `keep`. If either call fails the memory stays, which is no fault.
        unsafe {
            if self.reservation.decommit(range.clone()).is_ok()
                && self.reservation.make_inaccessible(range).is_ok()
            {
                self.old = keep;
            }
        }
    }

    /// Whether `bytes` at `at` can be accessed.
    #[inline]
    pub fn holds(&self, at: u32, bytes: u64) -> bool {
        let (at, end) = (u64::from(at), u64::from(at) + bytes);
        if at >= u64::from(YOUNG_END) {
            end <= self.old
        } else {
            at >= u64::from(YOUNG_START) && end <= self.young
        }
    }

    /// Loads a word.
    #[inline]
    pub fn load(&self, at: u32) -> u32 {
        debug_assert!(self.holds(at, 4), "load at {at:#x}");
        // SAFETY: 32-bit offsets and a word lie in the reservation; all its bytes are initialized, and only the thread that has
        // the heap accesses them.
        unsafe { self.base().add(at as usize).cast::<u32>().read_unaligned() }
    }

    /// Stores a word.
    #[inline]
    pub fn store(&self, at: u32, value: u32) {
        debug_assert!(self.holds(at, 4), "store at {at:#x}");
        // SAFETY: as for `load`.
        unsafe {
            self.base()
                .add(at as usize)
                .cast::<u32>()
                .write_unaligned(value);
        }
    }

    /// Loads two words that follow each other.
    #[inline]
    pub fn load_pair(&self, at: u32) -> (u32, u32) {
        debug_assert!(self.holds(at, 8), "load at {at:#x}");
        // SAFETY: as for `load`; the guard is longer than two words.
        let pair = unsafe { self.base().add(at as usize).cast::<u64>().read_unaligned() };
        (pair as u32, (pair >> 32) as u32)
    }

    /// Stores two words one after the other.
    #[inline]
    pub fn store_pair(&self, at: u32, first: u32, second: u32) {
        debug_assert!(self.holds(at, 8), "store at {at:#x}");
        let pair = u64::from(first) | u64::from(second) << 32;
        // SAFETY: as for `load_pair`.
        unsafe {
            self.base()
                .add(at as usize)
                .cast::<u64>()
                .write_unaligned(pair);
        }
    }

    /// Tells the processor that the object at `at` will soon be read, if there is one.
    #[inline]
    pub fn prefetch(&self, at: u32) {
        // SAFETY: this accesses nothing, and 32-bit offsets lie in the reservation.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(self.base().add(at as usize).cast());
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = at;
    }

    /// Copies an object to where none is: `bytes` is a multiple of 8.
    #[inline]
    pub fn copy_object(&self, from: u32, to: u32, bytes: u64) {
        /// Up to here a loop costs less than a call.
        const INLINE_BYTES_MAX: u64 = 64;
        if bytes > INLINE_BYTES_MAX {
            return self.copy(from, to, bytes);
        }
        for at in (0..bytes as u32).step_by(8) {
            let (first, second) = self.load_pair(from + at);
            self.store_pair(to + at, first, second);
        }
    }

    /// Copies bytes, which may overlap.
    #[inline]
    pub fn copy(&self, from: u32, to: u32, bytes: u64) {
        assert!(
            self.holds(from, bytes) && self.holds(to, bytes),
            "copy of {bytes} bytes from {from:#x} to {to:#x}"
        );
        let (from, to) = (from as usize, to as usize);
        // SAFETY: both ranges are accessible, as just asserted.
        unsafe {
            self.base()
                .add(from)
                .copy_to(self.base().add(to), bytes as usize);
        }
    }

    /// Fills with zeros.
    #[inline]
    pub fn zero(&self, at: u32, bytes: u64) {
        /// Up to here a loop costs less than a call.
        const INLINE_BYTES_MAX: u64 = 64;
        assert!(self.holds(at, bytes), "zeros of {bytes} bytes at {at:#x}");
        if bytes <= INLINE_BYTES_MAX && bytes.is_multiple_of(8) {
            for at in (at..at + bytes as u32).step_by(8) {
                self.store_pair(at, 0, 0);
            }
            return;
        }
        // SAFETY: the range is accessible, as just asserted.
        unsafe { self.base().add(at as usize).write_bytes(0, bytes as usize) }
    }

    /// Bytes of the heap.
    ///
    /// # Panics
    /// If they are not all accessible.
    #[inline]
    pub fn bytes(&self, at: u32, bytes: u64) -> &[u8] {
        assert!(self.holds(at, bytes), "{bytes} bytes at {at:#x}");
        // SAFETY: the range is accessible, initialized, and not written while the heap is borrowed.
        unsafe { std::slice::from_raw_parts(self.base().add(at as usize), bytes as usize) }
    }

    /// Bytes of the heap, to be written.
    ///
    /// # Panics
    /// If they are not all accessible.
    #[inline]
    pub fn bytes_mut(&mut self, at: u32, bytes: u64) -> &mut [u8] {
        assert!(self.holds(at, bytes), "{bytes} bytes at {at:#x}");
        // SAFETY: the range is accessible, initialized, and nobody else's while the heap is borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.base().add(at as usize), bytes as usize) }
    }
}
