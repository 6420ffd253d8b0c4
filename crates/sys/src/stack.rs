//! Stacks that compiled code runs on. Apart because their guard is what makes exhaustion a fault instead of damage.

use crate::arch::stack_pointer;
use crate::reservation::{Reservation, round_up_to_pages};
use std::io;
use std::ops::Range;

/// Bytes of a stack's guard. Code that moves its stack pointer further than this at once must touch what it skips.
pub const STACK_GUARD_BYTES: usize = 64 << 10;

/// A machine stack; memory comes with the first touch of each page. It grows down, towards a guard where every access faults:
///
/// ```text
///   guard().start        bottom()                        top()
///   |  no access, 64 KiB |  usable                       |
/// ```
#[derive(Debug)]
pub struct Stack {
    reservation: Reservation,
}

impl Stack {
    /// A stack with `bytes` usable, rounded up to whole pages and to at least one.
    ///
    /// # Errors
    /// If the system has no address space or memory left.
    pub fn new(bytes: usize) -> io::Result<Stack> {
        let usable = round_up_to_pages(bytes.max(1))?;
        let total = usable
            .checked_add(STACK_GUARD_BYTES)
            .ok_or(io::ErrorKind::OutOfMemory)?;
        let reservation = Reservation::for_stack(total)?;
        // SAFETY: the reservation is new: nobody relies on it.
        unsafe { reservation.make_accessible(STACK_GUARD_BYTES..total)? };
        Ok(Stack { reservation })
    }

    /// The end of the stack, where its first frame goes: a multiple of the page size.
    #[inline]
    pub fn top(&self) -> *mut u8 {
        // SAFETY: the end of the mapping.
        unsafe { self.reservation.as_ptr().add(self.reservation.len()) }
    }

    /// The lowest usable byte.
    #[inline]
    pub fn bottom(&self) -> *mut u8 {
        // SAFETY: the reservation is the guard and at least a page.
        unsafe { self.reservation.as_ptr().add(STACK_GUARD_BYTES) }
    }

    /// Addresses of the guard: a fault at one of them means that the stack is exhausted.
    #[inline]
    pub fn guard(&self) -> Range<usize> {
        let start = self.reservation.as_ptr().addr();
        start..start + STACK_GUARD_BYTES
    }

    /// Whether `address` lies in the usable part.
    #[inline]
    pub fn contains(&self, address: usize) -> bool {
        (self.bottom().addr()..self.top().addr()).contains(&address)
    }

    /// Whether the caller runs on this stack.
    #[inline]
    pub fn is_current(&self) -> bool {
        self.contains(stack_pointer())
    }

    /// Gives the memory of all but the top `keep_bytes` back, for a stack that waits in a pool after a deep call.
    ///
    /// # Errors
    /// If the stack is locked in memory.
    pub fn trim(&mut self, keep_bytes: usize) -> io::Result<()> {
        let usable = self.reservation.len() - STACK_GUARD_BYTES;
        let keep = round_up_to_pages(keep_bytes)?.min(usable);
        let range = STACK_GUARD_BYTES..self.reservation.len() - keep;
        // SAFETY: nobody runs on the stack, since we have it exclusively, so nobody relies on what is in it.
        unsafe { self.reservation.decommit(range) }
    }
}
