//! Lists of buffers in the guest's memory, checked and turned into slices of that memory, so that
//! a transfer goes straight between the host and the guest; apart because hostile lists end here.

use std::io::{IoSlice, IoSliceMut};

use smallvec::SmallVec;

use crate::errno::Errno;
use crate::error::{Fault, Result};
use crate::memory::GuestMemory;
use crate::types::get_u32;

/// Buffers that one call hands to the host at most (`IOV_MAX`); a longer list is a short transfer.
const BUFFERS_MAX: usize = 1024;
/// Entries of a list that are looked at; a longer list is refused.
const ENTRIES_MAX: u32 = 64 * 1024;
/// Bytes that one call transfers at most, which is also what Linux moves at once.
const TRANSFER_BYTES_MAX: u32 = 0x7fff_f000;

/// Bytes that one call transfers at most from or to a shared memory, through a copy.
const SHARED_TRANSFER_BYTES_MAX: usize = 1 << 20;

/// The non-empty buffers of an `iovec` or `ciovec` array.
///
/// **Invariant:** each lies in the memory it was read from, and together they have at most
/// `TRANSFER_BYTES_MAX` bytes.
#[derive(Debug, Default)]
pub(crate) struct BufferList {
    /// Address and length of each buffer.
    buffers: SmallVec<[(u32, u32); 8]>,
}

impl BufferList {
    /// Reads the array of `count` buffers at `address`: 8 bytes each, address and length.
    pub(crate) fn read(memory: &GuestMemory<'_>, address: u32, count: u32) -> Result<Self> {
        if count > ENTRIES_MAX {
            return Err(Errno::Inval.into());
        }
        memory.check(address, u64::from(count) * 8, 4)?;
        let array = memory.bytes(address, count * 8)?;
        let mut list = Self::default();
        let mut room = TRANSFER_BYTES_MAX;
        for entry in array.chunks_exact(8) {
            let (start, length) = (get_u32(entry, 0), get_u32(entry, 4));
            memory.check(start, length.into(), 1)?;
            let length = length.min(room);
            if length == 0 {
                continue;
            }
            room -= length;
            list.buffers.push((start, length));
            if list.buffers.len() == BUFFERS_MAX || room == 0 {
                break;
            }
        }
        Ok(list)
    }

    /// Bytes in all buffers together.
    pub(crate) fn total(&self) -> usize {
        self.buffers
            .iter()
            .map(|&(_, length)| length as usize)
            .sum()
    }

    /// Runs `write` with the buffers as slices of the guest's memory.
    pub(crate) fn with_slices<T>(
        &self,
        memory: &GuestMemory<'_>,
        write: impl FnOnce(&[IoSlice<'_>]) -> T,
    ) -> std::result::Result<T, Fault> {
        if memory.is_shared() {
            return Ok(write(&[IoSlice::new(&self.gather(memory)?)]));
        }
        if let [(start, length)] = self.buffers[..] {
            return Ok(write(&[IoSlice::new(memory.bytes(start, length)?)]));
        }
        let mut slices: SmallVec<[IoSlice<'_>; 8]> = SmallVec::with_capacity(self.buffers.len());
        for &(start, length) in &self.buffers {
            slices.push(IoSlice::new(memory.bytes(start, length)?));
        }
        Ok(write(&slices))
    }

    /// Runs `read` with the buffers as slices of the guest's memory to fill.
    ///
    /// Buffers that overlap cannot all be lent at once; then only the first one is, which the
    /// guest sees as a short read. Those in a shared memory are filled from a buffer of the host;
    /// `count` says of what `read` gives how many bytes it read.
    pub(crate) fn with_slices_mut<T>(
        &self,
        memory: &mut GuestMemory<'_>,
        read: impl FnOnce(&mut [IoSliceMut<'_>]) -> Result<T>,
        count: impl FnOnce(&T) -> usize,
    ) -> Result<T> {
        let [(first, first_length), rest @ ..] = &self.buffers[..] else {
            return read(&mut []);
        };
        if memory.is_shared() {
            let mut bytes = vec![0; self.total().min(SHARED_TRANSFER_BYTES_MAX)];
            let outcome = read(&mut [IoSliceMut::new(&mut bytes)])?;
            self.fill(memory, &bytes[..count(&outcome).min(bytes.len())])?;
            return Ok(outcome);
        }
        if rest.is_empty() || self.overlap() {
            memory.check(*first, (*first_length).into(), 1)?;
            let slice = &mut memory.all_mut()[*first as usize..][..*first_length as usize];
            return read(&mut [IoSliceMut::new(slice)]);
        }
        let mut order: SmallVec<[usize; 8]> = (0..self.buffers.len()).collect();
        order.sort_unstable_by_key(|&index| self.buffers[index].0);
        let mut slices: SmallVec<[Option<IoSliceMut<'_>>; 8]> =
            self.buffers.iter().map(|_| None).collect();
        // Cut the memory from its start; `offset` is the address of what remains.
        let (mut remaining, mut offset) = (memory.all_mut(), 0);
        for index in order {
            let (start, length) = self.buffers[index];
            let skip = start as usize - offset;
            let (slice, after) = remaining[skip..].split_at_mut(length as usize);
            slices[index] = Some(IoSliceMut::new(slice));
            (remaining, offset) = (after, start as usize + length as usize);
        }
        let mut slices: SmallVec<[IoSliceMut<'_>; 8]> = slices.into_iter().flatten().collect();
        read(&mut slices)
    }

    /// The bytes of the buffers, one after the other, as far as one call transfers them.
    fn gather(&self, memory: &GuestMemory<'_>) -> std::result::Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        for &(start, length) in &self.buffers {
            let room = SHARED_TRANSFER_BYTES_MAX - bytes.len();
            let length = length.min(room as u32);
            bytes.extend_from_slice(memory.bytes(start, length)?);
        }
        Ok(bytes)
    }

    /// Whether any two buffers share a byte.
    fn overlap(&self) -> bool {
        let mut sorted = self.buffers.clone();
        sorted.sort_unstable();
        sorted
            .windows(2)
            .any(|pair| u64::from(pair[0].0) + u64::from(pair[0].1) > pair[1].0.into())
    }

    /// Copies as much of `source` into the buffers as they hold; returns the bytes copied.
    pub(crate) fn fill(
        &self,
        memory: &mut GuestMemory<'_>,
        mut source: &[u8],
    ) -> std::result::Result<usize, Fault> {
        let before = source.len();
        for &(start, length) in &self.buffers {
            let length = (length as usize).min(source.len());
            let (part, rest) = source.split_at(length);
            memory.write(start, 1, part)?;
            source = rest;
        }
        Ok(before - source.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    /// A memory of 256 bytes with an array of buffers at address 0.
    fn memory(buffers: &[(u32, u32)]) -> [u8; 256] {
        let mut bytes = [0; 256];
        for (entry, (start, length)) in bytes.chunks_exact_mut(8).zip(buffers) {
            entry[..4].copy_from_slice(&start.to_le_bytes());
            entry[4..].copy_from_slice(&length.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn slices_come_in_the_order_of_the_list() {
        let mut bytes = memory(&[(200, 2), (0, 0), (100, 3)]);
        let mut memory = GuestMemory::new(&mut bytes);
        let list = BufferList::read(&memory, 0, 3).unwrap();
        assert_eq!(list.total(), 5);
        list.with_slices_mut(
            &mut memory,
            |slices| {
                assert_eq!(slices.len(), 2);
                slices[0].copy_from_slice(b"ab");
                slices[1].copy_from_slice(b"cde");
                Ok(5)
            },
            |count| *count,
        )
        .unwrap();
        assert_eq!(memory.bytes(100, 3).unwrap(), b"cde");
        assert_eq!(memory.bytes(200, 2).unwrap(), b"ab");
        let lengths = list.with_slices(&memory, |slices| {
            slices.iter().map(|s| s.len()).sum::<usize>()
        });
        assert_eq!(lengths, Ok(5));
    }

    #[test]
    fn overlapping_buffers_make_a_short_read() {
        let mut bytes = memory(&[(100, 4), (102, 4)]);
        let mut memory = GuestMemory::new(&mut bytes);
        let list = BufferList::read(&memory, 0, 2).unwrap();
        let count = list.with_slices_mut(&mut memory, |slices| Ok(slices.len()), |_| 0);
        assert_eq!(count, Ok(1));
    }

    #[test]
    fn absurd_lists_are_refused() {
        let mut bytes = memory(&[(250, 7), (0, u32::MAX)]);
        let memory = GuestMemory::new(&mut bytes);
        assert!(matches!(
            BufferList::read(&memory, 0, 1),
            Err(Error::Fault(_))
        ));
        assert!(matches!(
            BufferList::read(&memory, 8, 1),
            Err(Error::Fault(_))
        ));
        assert!(matches!(
            BufferList::read(&memory, 0, 33),
            Err(Error::Fault(_))
        ));
        assert!(matches!(
            BufferList::read(&memory, 2, 1),
            Err(Error::Fault(_))
        ));
        let refused = Err(Error::Errno(Errno::Inval));
        assert_eq!(BufferList::read(&memory, 0, u32::MAX).map(drop), refused);
        assert_eq!(
            BufferList::read(&memory, u32::MAX, 0).map(|list| list.total()),
            Ok(0)
        );
    }
}
