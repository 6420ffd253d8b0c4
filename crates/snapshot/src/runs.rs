//! The bytes of a memory that are not zero, as few and short pieces.

use std::ops::Range;

/// Zeros between two pieces that cost less than beginning another piece.
const GAP_BYTES: usize = 12;

/// Pieces of one memory at most: engines allow modules 100,000 segments.
const RUNS_MAX: usize = 20_000;

/// Where the bytes are that are not zero, with short gaps in between; larger ones if there are too many pieces.
pub fn runs(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut gap = GAP_BYTES;
    loop {
        let runs = runs_with_gap(bytes, gap);
        if runs.len() <= RUNS_MAX {
            return runs;
        }
        gap *= 4;
    }
}

fn runs_with_gap(bytes: &[u8], gap: usize) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    // Most of a memory is zero, and passed over in larger steps.
    for (block_at, block) in bytes.chunks(64).enumerate() {
        if block.iter().all(|byte| *byte == 0) {
            continue;
        }
        let nonzero = block.iter().enumerate().filter(|(_, byte)| **byte != 0);
        for at in nonzero.map(|(at, _)| block_at * 64 + at) {
            match runs.last_mut() {
                Some(last) if at - last.end <= gap => last.end = at + 1,
                _ => runs.push(at..at + 1),
            }
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::{RUNS_MAX, runs};

    #[test]
    fn zeros_are_left_out_where_it_pays() {
        let mut bytes = vec![0; 1000];
        assert!(runs(&bytes).is_empty());
        for at in [3, 15, 100, 999] {
            bytes[at] = 1;
        }
        assert_eq!(runs(&bytes), [3..16, 100..101, 999..1000]);
    }

    #[test]
    fn there_are_never_too_many() {
        let mut bytes = vec![0; 64 * 3 * RUNS_MAX];
        bytes.iter_mut().step_by(64).for_each(|byte| *byte = 7);
        let runs = runs(&bytes);
        assert!(runs.len() <= RUNS_MAX);
        let covered = |at: usize| runs.iter().any(|run| run.contains(&at));
        assert!((0..bytes.len()).step_by(64 * 1001).all(covered));
    }
}
