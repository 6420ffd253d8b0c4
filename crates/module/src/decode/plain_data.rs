//! Data sections as compilers write them: each segment for the first memory, at a constant place.
//!
//! Apart from reading sections in general because some have tens of thousands of segments, and then take most of the time that reading
//! a module's sections takes.

use crate::module::{DataMode, DataSegment, FileRange};
use crate::{ConstExpr, MemoryIdx, Op};

/// Opcodes of a place.
const I32_CONST: u8 = 0x41;
const END: u8 = 0x0b;

/// The segments of a data section whose contents start at `at` and end at `end`, if all are of this kind; `None` too if something is
/// wrong with them.
pub(super) fn read_plain(bytes: &[u8], at: usize, end: usize) -> Option<Vec<DataSegment>> {
    let mut reader = Reader {
        bytes: bytes.get(..end)?,
        at,
    };
    let count = reader.unsigned()? as usize;
    // A segment takes five bytes at least.
    let mut segments = Vec::with_capacity(count.min(end.checked_sub(at)? / 5));
    for _ in 0..count {
        if reader.byte()? != 0 || reader.byte()? != I32_CONST {
            return None;
        }
        let offset = reader.signed()?;
        if reader.byte()? != END {
            return None;
        }
        let size = reader.unsigned()? as usize;
        let start = reader.at;
        reader.at = start.checked_add(size).filter(|at| *at <= end)?;
        segments.push(DataSegment {
            mode: DataMode::Active {
                memory: MemoryIdx(0),
                offset: ConstExpr::new([Op::I32Const(offset)]),
            },
            range: FileRange {
                start: start as u32,
                end: reader.at as u32,
            },
        });
    }
    (reader.at == end).then_some(segments)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    /// A number of at most 28 bits, which is what sizes are.
    fn unsigned(&mut self) -> Option<u32> {
        let mut number = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?;
            number |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// A number whose bits beyond the thirty-second say the same as that, as they must.
    fn signed(&mut self) -> Option<i32> {
        let mut number = 0i64;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            number |= i64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                let unused = 64 - 7 - shift;
                return i32::try_from(number << unused >> unused).ok();
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_specification() {
        let signed = |bytes: &[u8]| {
            let mut reader = Reader { bytes, at: 0 };
            reader.signed().filter(|_| reader.at == bytes.len())
        };
        assert_eq!(signed(&[0x7f]), Some(-1));
        assert_eq!(signed(&[0xc0, 0x00]), Some(64));
        assert_eq!(signed(&[0x40]), Some(-64));
        assert_eq!(signed(&[0x80, 0x80, 0x80, 0x80, 0x78]), Some(i32::MIN));
        assert_eq!(signed(&[0xff, 0xff, 0xff, 0xff, 0x07]), Some(i32::MAX));
        // Bits that do not fit, too many bytes, too few.
        assert_eq!(signed(&[0xff, 0xff, 0xff, 0xff, 0x0f]), None);
        assert_eq!(signed(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x00]), None);
        assert_eq!(signed(&[0x80]), None);
    }

    #[test]
    fn only_whole_sections_of_the_kind_are_read() {
        let section = [2, 0, 0x41, 8, 0x0b, 2, 7, 7, 0, 0x41, 0x7f, 0x0b, 0];
        let read = read_plain(&section, 0, section.len()).unwrap();
        let ranges: Vec<_> = read.iter().map(|data| data.range.as_range()).collect();
        assert_eq!(ranges, [6..8, 13..13]);
        for end in 0..section.len() {
            assert!(read_plain(&section, 0, end).is_none(), "{end}");
        }
        for (at, byte) in [(1, 1), (2, 0x42), (4, 0), (5, 3), (12, 1)] {
            let mut other = section;
            other[at] = byte;
            assert!(read_plain(&other, 0, other.len()).is_none(), "{at}");
        }
    }
}
