//! The guest's memory as a WASI function sees it: every access checked against its bounds and
//! alignment; apart because nothing else may turn a guest's number into a range of bytes.

use std::ops::Range;

use crate::error::{Fault, FaultKind};

/// The linear memory of the guest for the time of one call.
///
/// **Invariant:** no method panics, whatever address and length the guest chose.
#[derive(Debug)]
pub struct GuestMemory<'a> {
    bytes: &'a mut [u8],
}

impl<'a> GuestMemory<'a> {
    /// Wraps all bytes of the memory; address 0 is the first.
    pub fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes }
    }

    /// The range of `length` bytes at `address`, which must be a multiple of `align`.
    ///
    /// A range of no bytes is never dereferenced, so it is right wherever it lies.
    pub(crate) fn range(
        &self,
        address: u32,
        length: u64,
        align: u32,
    ) -> Result<Range<usize>, Fault> {
        if length == 0 {
            return Ok(0..0);
        }
        let memory_bytes = self.bytes.len() as u64;
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
    pub(crate) fn check(&self, address: u32, length: u64, align: u32) -> Result<(), Fault> {
        self.range(address, length, align).map(drop)
    }

    /// The bytes at `address`.
    pub(crate) fn bytes(&self, address: u32, length: u32) -> Result<&[u8], Fault> {
        let range = self.range(address, length.into(), 1)?;
        Ok(&self.bytes[range])
    }

    /// The bytes at `address`, to be written.
    pub(crate) fn bytes_mut(&mut self, address: u32, length: u32) -> Result<&mut [u8], Fault> {
        let range = self.range(address, length.into(), 1)?;
        Ok(&mut self.bytes[range])
    }

    /// All bytes, for splitting into several disjoint parts.
    pub(crate) fn all_mut(&mut self) -> &mut [u8] {
        self.bytes
    }

    /// Writes a whole structure that is aligned to `align`.
    pub(crate) fn write(&mut self, address: u32, align: u32, bytes: &[u8]) -> Result<(), Fault> {
        let range = self.range(address, bytes.len() as u64, align)?;
        self.bytes[range].copy_from_slice(bytes);
        Ok(())
    }

    /// Writes a 32-bit value.
    pub(crate) fn write_u32(&mut self, address: u32, value: u32) -> Result<(), Fault> {
        self.write(address, 4, &value.to_le_bytes())
    }

    /// Writes a 64-bit value.
    pub(crate) fn write_u64(&mut self, address: u32, value: u64) -> Result<(), Fault> {
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
