//! The guest's memory as a WASI function sees it: every access checked against its bounds and
//! alignment; apart because nothing else may turn a guest's number into a range of bytes.

use std::cell::OnceCell;
use std::fmt;
use std::ops::Range;

use crate::error::{Fault, FaultKind, Result};

/// Memory that other threads may be writing: nobody refers to its bytes, they are copied.
pub trait SharedBytes {
    /// The size in bytes, which never shrinks.
    fn size(&self) -> u64;

    /// Copies bytes out; false if they do not all lie in the memory.
    fn read(&self, offset: u64, buffer: &mut [u8]) -> bool;

    /// Copies bytes in; false if they do not all fit.
    fn write(&self, offset: u64, bytes: &[u8]) -> bool;
}

/// Where the bytes are.
enum Place<'a> {
    /// The guest is stopped, and the bytes are ours.
    Own(&'a mut [u8]),
    Shared(&'a dyn SharedBytes, OnceCell<Box<Copied>>),
}

/// A copy of some bytes of a shared memory, kept for the time of the call, and the next one.
struct Copied {
    bytes: Box<[u8]>,
    next: OnceCell<Box<Copied>>,
}

impl fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Place::Own(_) => "Own",
            Place::Shared(..) => "Shared",
        })
    }
}

/// The linear memory of the guest for the time of one call.
///
/// **Invariant:** no method panics, whatever address and length the guest chose.
#[derive(Debug)]
pub struct GuestMemory<'a> {
    place: Place<'a>,
}

impl<'a> GuestMemory<'a> {
    /// Wraps all bytes of the memory; address 0 is the first.
    pub fn new(bytes: &'a mut [u8]) -> Self {
        Self {
            place: Place::Own(bytes),
        }
    }

    /// Wraps a memory that threads share.
    pub fn shared(memory: &'a dyn SharedBytes) -> Self {
        Self {
            place: Place::Shared(memory, OnceCell::new()),
        }
    }

    /// Whether other threads may be writing the bytes.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self.place, Place::Shared(..))
    }

    /// The range of `length` bytes at `address`, which must be a multiple of `align`.
    ///
    /// A range of no bytes is never dereferenced, so it is right wherever it lies.
    pub(crate) fn range(
        &self,
        address: u32,
        length: u64,
        align: u32,
    ) -> std::result::Result<Range<usize>, Fault> {
        if length == 0 {
            return Ok(0..0);
        }
        let memory_bytes = match &self.place {
            Place::Own(bytes) => bytes.len() as u64,
            Place::Shared(memory, _) => memory.size(),
        };
        let fault = |kind| Fault {
            kind,
            address,
            length,
            memory_bytes,
        };
        match u64::from(address).checked_add(length) {
            Some(end) if end <= memory_bytes => {
                if !address.is_multiple_of(align) {
                    return Err(fault(FaultKind::Misaligned(align)));
                }
                // Both ends are at most the length of a slice, so they fit.
                Ok(address as usize..end as usize)
            }
            _ => Err(fault(FaultKind::OutOfBounds)),
        }
    }

    /// Checks that `length` bytes at `address` may be written later in the call, so that a bad
    /// address is found before the call has had an effect.
    pub(crate) fn check(
        &self,
        address: u32,
        length: u64,
        align: u32,
    ) -> std::result::Result<(), Fault> {
        self.range(address, length, align).map(drop)
    }

    /// The bytes at `address`: those of a shared memory as they are now.
    pub(crate) fn bytes(&self, address: u32, length: u32) -> std::result::Result<&[u8], Fault> {
        let range = self.range(address, length.into(), 1)?;
        match &self.place {
            Place::Own(bytes) => Ok(&bytes[range]),
            Place::Shared(memory, copies) => {
                let mut bytes = vec![0; range.len()];
                // The range was checked, and the memory does not shrink.
                memory.read(range.start as u64, &mut bytes);
                let mut last = copies;
                while let Some(copy) = last.get() {
                    last = &copy.next;
                }
                let copy = last.get_or_init(|| {
                    Box::new(Copied {
                        bytes: bytes.into(),
                        next: OnceCell::new(),
                    })
                });
                Ok(&copy.bytes)
            }
        }
    }

    /// Lets `fill` write the bytes at `address`; it says how many it wrote, from the first on.
    pub(crate) fn fill(
        &mut self,
        address: u32,
        length: u32,
        fill: impl FnOnce(&mut [u8]) -> Result<usize>,
    ) -> Result<usize> {
        let range = self.range(address, length.into(), 1)?;
        match &mut self.place {
            Place::Own(bytes) => fill(&mut bytes[range]),
            Place::Shared(memory, _) => {
                let mut bytes = vec![0; range.len()];
                let count = fill(&mut bytes)?;
                memory.write(range.start as u64, &bytes[..count]);
                Ok(count)
            }
        }
    }

    /// All bytes, for splitting into several disjoint parts; none of a shared memory.
    pub(crate) fn all_mut(&mut self) -> &mut [u8] {
        match &mut self.place {
            Place::Own(bytes) => bytes,
            Place::Shared(..) => &mut [],
        }
    }

    /// Writes a whole structure that is aligned to `align`.
    pub(crate) fn write(
        &mut self,
        address: u32,
        align: u32,
        bytes: &[u8],
    ) -> std::result::Result<(), Fault> {
        let range = self.range(address, bytes.len() as u64, align)?;
        match &mut self.place {
            Place::Own(memory) => memory[range].copy_from_slice(bytes),
            Place::Shared(memory, _) => _ = memory.write(range.start as u64, bytes),
        }
        Ok(())
    }

    /// Writes a 32-bit value.
    pub(crate) fn write_u32(&mut self, address: u32, value: u32) -> std::result::Result<(), Fault> {
        self.write(address, 4, &value.to_le_bytes())
    }

    /// Writes a 64-bit value.
    pub(crate) fn write_u64(&mut self, address: u32, value: u64) -> std::result::Result<(), Fault> {
        self.write(address, 8, &value.to_le_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edge_is_checked() {
        let mut bytes = [0u8; 16];
        let mut memory = GuestMemory::new(&mut bytes);
        memory.write_u32(12, 0x0403_0201).unwrap();
        assert_eq!(memory.bytes(12, 4).unwrap(), [1, 2, 3, 4]);
        assert_eq!(
            memory.write_u32(16, 0).unwrap_err().kind,
            FaultKind::OutOfBounds
        );
        assert_eq!(
            memory.write_u32(13, 0).unwrap_err().kind,
            FaultKind::OutOfBounds
        );
        assert_eq!(
            memory.write_u64(4, 0).unwrap_err().kind,
            FaultKind::Misaligned(8)
        );
        assert_eq!(
            memory.bytes(u32::MAX, u32::MAX).unwrap_err().kind,
            FaultKind::OutOfBounds
        );
        assert!(memory.bytes(u32::MAX, 0).unwrap().is_empty());
    }

    #[test]
    fn a_fault_says_where_and_how_much() {
        let fault = GuestMemory::new(&mut [0; 8]).bytes(6, 4).unwrap_err();
        assert_eq!(
            fault.to_string(),
            "4 bytes at address 0x6 are outside of the guest's memory of 8 bytes"
        );
    }
}
