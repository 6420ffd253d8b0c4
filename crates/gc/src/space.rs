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
        assert!(self.holds(at, bytes), "zeros of {bytes} bytes at {at:#x}");
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
