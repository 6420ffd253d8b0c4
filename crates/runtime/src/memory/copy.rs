//! Copies of bytes that other threads may be writing: relaxed atomics, eight bytes at a time where they are aligned.
//!
//! Apart because this is all that the host ever does with the bytes of a shared memory, and it must be read with care.

use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering::Relaxed};

/// Bytes copied at once between two memories.
const CHUNK_BYTES: usize = 512;

/// Copies the bytes at `from` out.
///
/// An aligned access of 1, 2, 4 or 8 bytes is one access, as that of compiled code is.
///
/// # Safety
/// They lie in a memory, and whoever else uses them now does so as guests do, or through this file.
pub(super) unsafe fn copy_out(from: *const u8, to: &mut [u8]) {
    let from = from.cast_mut();
    // SAFETY: each cell lies in the range, aligned as it must be.
    unsafe {
        match to {
            [one] => *one = AtomicU8::from_ptr(from).load(Relaxed),
            [_, _] if from.cast::<u16>().is_aligned() => {
                let cell = AtomicU16::from_ptr(from.cast());
                to.copy_from_slice(&cell.load(Relaxed).to_ne_bytes());
            }
            [_, _, _, _] if from.cast::<u32>().is_aligned() => {
                let cell = AtomicU32::from_ptr(from.cast());
                to.copy_from_slice(&cell.load(Relaxed).to_ne_bytes());
            }
            _ => {
                let head = from.align_offset(8).min(to.len());
                let (first, rest) = to.split_at_mut(head);
                for (at, byte) in first.iter_mut().enumerate() {
                    *byte = AtomicU8::from_ptr(from.add(at)).load(Relaxed);
                }
                let mut at = head;
                let mut words = rest.chunks_exact_mut(8);
                for word in &mut words {
                    let cell = AtomicU64::from_ptr(from.add(at).cast());
                    word.copy_from_slice(&cell.load(Relaxed).to_ne_bytes());
                    at += 8;
                }
                for (nth, byte) in words.into_remainder().iter_mut().enumerate() {
                    *byte = AtomicU8::from_ptr(from.add(at + nth)).load(Relaxed);
                }
            }
        }
    }
}

/// Copies bytes to `to`.
///
/// # Safety
/// As for [`copy_out`].
pub(super) unsafe fn copy_in(to: *mut u8, from: &[u8]) {
    // SAFETY: each cell lies in the range, aligned as it must be.
    unsafe {
        match *from {
            [one] => AtomicU8::from_ptr(to).store(one, Relaxed),
            [a, b] if to.cast::<u16>().is_aligned() => {
                AtomicU16::from_ptr(to.cast()).store(u16::from_ne_bytes([a, b]), Relaxed);
            }
            [a, b, c, d] if to.cast::<u32>().is_aligned() => {
                AtomicU32::from_ptr(to.cast()).store(u32::from_ne_bytes([a, b, c, d]), Relaxed);
            }
            _ => {
                let head = to.align_offset(8).min(from.len());
                let (first, rest) = from.split_at(head);
                for (at, byte) in first.iter().enumerate() {
                    AtomicU8::from_ptr(to.add(at)).store(*byte, Relaxed);
                }
                let mut at = head;
                let (words, last) = rest.as_chunks::<8>();
                for word in words {
                    let cell = AtomicU64::from_ptr(to.add(at).cast());
                    cell.store(u64::from_ne_bytes(*word), Relaxed);
                    at += 8;
                }
                for (nth, byte) in last.iter().enumerate() {
                    AtomicU8::from_ptr(to.add(at + nth)).store(*byte, Relaxed);
                }
            }
        }
    }
}

/// Copies between memories or within one, as if all bytes were read before any is written.
///
/// # Safety
/// As for [`copy_out`], for both ranges.
pub(super) unsafe fn copy_across(from: *const u8, to: *mut u8, bytes: usize) {
    let mut buffer = [0; CHUNK_BYTES];
    let backwards = from.addr() < to.addr();
    let mut done = 0;
    while done < bytes {
        let n = CHUNK_BYTES.min(bytes - done);
        // A chunk is read whole before it is written, and overwrites no byte that is still to be read.
        let at = if backwards { bytes - done - n } else { done };
        // SAFETY: the chunk lies in both ranges.
        unsafe {
            copy_out(from.add(at), &mut buffer[..n]);
            copy_in(to.add(at), &buffer[..n]);
        }
        done += n;
    }
}

/// Sets bytes.
///
/// # Safety
/// As for [`copy_out`].
pub(super) unsafe fn fill(to: *mut u8, value: u8, bytes: usize) {
    let buffer = [value; CHUNK_BYTES];
    let mut done = 0;
    while done < bytes {
        let n = CHUNK_BYTES.min(bytes - done);
        // SAFETY: the chunk lies in the range.
        unsafe { copy_in(to.add(done), &buffer[..n]) };
        done += n;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_and_alignment_is_copied() {
        let source: Vec<u8> = (1..=80).collect();
        for start in 0..16 {
            for length in 0..40 {
                let mut memory = [0_u64; 16];
                let base = memory.as_mut_ptr().cast::<u8>();
                // SAFETY: the ranges lie in the array, which nobody else uses.
                unsafe {
                    copy_in(base.add(start), &source[..length]);
                    let mut back = vec![0; length];
                    copy_out(base.add(start), &mut back);
                    assert_eq!(back, source[..length], "{start} {length}");
                    let all = std::slice::from_raw_parts(base, 128);
                    let written = all.iter().filter(|byte| **byte != 0).count();
                    assert_eq!(written, length, "{start} {length}");
                }
            }
        }
    }

    #[test]
    fn overlapping_ranges_are_copied_as_at_once() {
        for (from, to) in [(0, 1), (1, 0), (3, 700), (700, 3), (0, 512), (5, 5)] {
            let mut memory: Vec<u8> = (0..4096_u32).map(|n| (n % 251) as u8).collect();
            let mut expected = memory.clone();
            expected.copy_within(from..from + 2000, to);
            let base = memory.as_mut_ptr();
            // SAFETY: the ranges lie in the vector, which nobody else uses.
            unsafe { copy_across(base.add(from), base.add(to), 2000) };
            assert_eq!(memory, expected, "{from} {to}");
        }
    }
}
