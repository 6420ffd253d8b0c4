//! Files from files, damaged in the ways that readers of them find hardest: whether they are still valid does not matter.
//!
//! Apart from [`mutate`](crate::mutate()), whose modules must be valid to be run.

use crate::Random;

/// Numbers that are large where a count or a length is expected, as LEB128.
const LARGE: [&[u8]; 5] = [
    &[0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0x80, 0x80, 0x80, 0x80, 0x08],
    &[0xff, 0xff, 0x3f],
    &[0xff, 0x7f],
    &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
];

/// How many bytes one change moves at most.
const PIECE_MAX: usize = 300;

/// A file that differs from `file` in some places; `other` lends it pieces.
pub fn damage(file: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = file.to_vec();
    for _ in 0..1 + random.below(6) {
        if bytes.is_empty() {
            break;
        }
        let at = random.below(bytes.len());
        let n = (1 + random.below(PIECE_MAX)).min(bytes.len() - at);
        match random.below(9) {
            0 => bytes[at] = random.number() as u8,
            1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes[at] = bytes[at].wrapping_add(1),
            3 => {
                let large = LARGE[random.below(LARGE.len())];
                bytes.splice(at..at + 1, large.iter().copied());
            }
            4 => drop(bytes.drain(at..at + n)),
            5 => {
                let piece = bytes[at..at + n].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            6 if !other.is_empty() => {
                let from = random.below(other.len());
                let piece = &other[from..(from + n).min(other.len())];
                bytes.splice(at..at + n, piece.iter().copied());
            }
            7 if random.below(4) == 0 => bytes.truncate(at),
            _ => bytes[at..at + n].reverse(),
        }
    }
    bytes
}
