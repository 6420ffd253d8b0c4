//! Atomic accesses to memories, shared or not.
//!
//! Apart because they never make a reference to the bytes: another thread may be writing them.

use crate::StoreCore;
use ops::{Atomic, AtomicKind, Trap};
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};

/// Reads what is at an aligned address of a memory, and leaves there what the operator says.
macro_rules! access {
    ($atomic:ident $value:ident, $at:ident, $op:ident, $operands:ident) => {{
        // SAFETY: the caller vouches for the address, and whoever else uses the bytes does so atomically or holds the store.
        let cell = unsafe { $atomic::from_ptr($at.cast()) };
        match $op.kind() {
            AtomicKind::Load => cell.load(Ordering::SeqCst).into(),
            AtomicKind::Store => {
                cell.store($op.eval(0, $operands) as $value, Ordering::SeqCst);
                0
            }
            _ => {
                let next = |old: $value| Some($op.eval(old.into(), $operands) as $value);
                let old = cell.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next);
                old.expect("there is always a next value").into()
            }
        }
    }};
}

impl StoreCore {
    /// Any atomic operator on the memory of this number: its result, or 0 if it has none. Operands are zero-extended.
    ///
    /// # Errors
    /// If the address is not aligned or out of bounds, the memory cannot be waited on, or the guest is stopped as it waits.
    pub(crate) fn atomic_access(
        &mut self,
        op: Atomic,
        index: u32,
        address: u64,
        operands: [u64; 2],
    ) -> Result<u64, Trap> {
        let memory = &self.memories[index as usize];
        let size = op.bytes();
        if !address.is_multiple_of(size as u64) {
            return Err(Trap::UnalignedAtomic);
        }
        let range = super::checked_range(address, size as u64, memory.bytes())?;
        // SAFETY: the range lies in the memory, which begins at a page boundary.
        let at = unsafe { memory.base().add(range.start) };
        Ok(match (op.kind(), size) {
            (AtomicKind::Notify, _) => self.notify(index, address, operands[0] as u32),
            (AtomicKind::Wait, _) => return self.wait(op, index, address, operands),
            (_, 1) => access!(AtomicU8 u8, at, op, operands),
            (_, 2) => access!(AtomicU16 u16, at, op, operands),
            (_, 4) => access!(AtomicU32 u32, at, op, operands),
            _ => access!(AtomicU64 u64, at, op, operands),
        })
    }
}
