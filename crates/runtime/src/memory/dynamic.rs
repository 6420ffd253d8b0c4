//! Memories that may move: those with 64-bit addresses, and those with pages of another size.
//!
//! Apart because their place is not what compiled code relies on: it reads base and size from the memory's definition before
//! every access. So they get address space for all that they can become only while there is plenty, and move otherwise.

use super::{MemoryEntity, MemorySpace, bytes_max, to_host_pages};
use crate::Error;
use abi::MEMORY_GUARD_BYTES;
use module::MemoryType;
use std::io;
use sys::Reservation;

/// Memories with 64-bit addresses have at most this many bytes: so much can be reserved for each of a thousand.
pub(super) const MEMORY64_BYTES_MAX: u64 = 64 << 30;

impl MemorySpace {
    /// A space of its own for a memory of the type, its first `accessible` bytes accessible and zero.
    pub(super) fn dynamic(ty: &MemoryType, accessible: usize) -> Result<MemorySpace, Error> {
        let mut space = MemorySpace {
            reservation: reserve(ty, accessible)
                .map_err(|error| Error::os("reserve address space for a memory", error))?,
            accessible: 0,
            image: false,
        };
        space.set_accessible(accessible)?;
        Ok(space)
    }

    /// Whether so many accessible bytes and the guard fit.
    fn has_room(&self, accessible: usize) -> bool {
        self.reservation.len() - MEMORY_GUARD_BYTES as usize >= accessible
    }
}

impl MemoryEntity {
    /// Makes `accessible` bytes accessible, elsewhere if `moves` and the memory can, or if there is no room here.
    pub(super) fn make_room(&mut self, accessible: usize, moves: bool) -> Result<(), Error> {
        let may_move = !abi::is_static(&self.ty) && !self.ty.shared;
        if may_move && (moves || !self.space().has_room(accessible)) {
            return self.move_to_larger(accessible);
        }
        if accessible > self.space().accessible {
            self.space().set_accessible(accessible)?;
        }
        Ok(())
    }

    fn move_to_larger(&mut self, accessible: usize) -> Result<(), Error> {
        let space = MemorySpace::dynamic(&self.ty, accessible)?;
        let n_bytes = self.bytes();
        // SAFETY: the bytes are accessible, and whoever grows a memory holds its store alone.
        let old = unsafe { std::slice::from_raw_parts(self.def.base, n_bytes) };
        // SAFETY: the new space is as large, and nobody else knows it.
        let new = unsafe { std::slice::from_raw_parts_mut(space.reservation.as_ptr(), n_bytes) };
        // Pages that nobody wrote to stay without memory.
        let page_bytes = sys::page_bytes();
        let zeros = vec![0; page_bytes];
        for (from, to) in old.chunks(page_bytes).zip(new.chunks_mut(page_bytes)) {
            if from != &zeros[..from.len()] {
                to.copy_from_slice(from);
            }
        }
        self.def.base = space.reservation.as_ptr();
        self.space = Some(space);
        Ok(())
    }
}

/// Address space for all that a memory of the type can become; if there is not so much, for twice what it needs now.
fn reserve(ty: &MemoryType, accessible: usize) -> io::Result<Reservation> {
    let guard = MEMORY_GUARD_BYTES as usize;
    let most = u128::from(ty.maximum_pages()) << ty.page_size_log2;
    let most = most.min(bytes_max(ty).into()) as usize;
    let most = to_host_pages(most.max(accessible));
    Reservation::new(most + guard).or_else(|error| {
        let room = accessible.saturating_mul(2).min(most);
        if room == most {
            return Err(error);
        }
        Reservation::new(room + guard)
    })
}
