//! The parts of a block's code that are caught by different things.
//!
//! Apart from the trees because they are cut out of what these have become.

use super::super::tries::{HandlerIdx, Tries};
use super::Piece;
use crate::Block;
use std::ops::Range;

/// The parts of a block and of those that it goes on in, from the ends of its statements and what catches what these throw. `None` if
/// it is all one.
pub(super) fn in_pieces(
    tries: &Tries,
    blocks: &[Range<u32>],
    first: Block,
    statements: Vec<(u32, Option<HandlerIdx>)>,
    entry: Option<(u32, bool)>,
) -> Option<Vec<Piece>> {
    // Statements that can be together.
    let mut runs: Vec<(u32, Option<HandlerIdx>)> = Vec::new();
    if let Some((end, _)) = entry {
        runs.push((end, None));
    }
    let n_entries = runs.len();
    for (end, handler) in statements {
        let n = runs.len();
        match runs.last_mut() {
            Some((last, known))
                if n > n_entries && (handler.is_none() || known.is_none() || *known == handler) =>
            {
                *last = end;
                *known = known.or(handler);
            }
            _ => runs.push((end, handler)),
        }
    }
    if entry.is_none()
        && tries.next(first).is_none()
        && runs.len() < 2
        && runs.iter().all(|run| run.1.is_none())
    {
        return None;
    }
    let mut pieces: Vec<Piece> = Vec::new();
    let mut block = Some(first);
    let mut runs = runs.into_iter().peekable();
    let mut goes_on = entry.is_some();
    while let Some(part) = block {
        let range = blocks[part.index()].clone();
        let mut from = range.start;
        loop {
            let (end, handler) = runs.peek().copied().unwrap_or((range.end, None));
            let to = end.min(range.end);
            if from < to || pieces.is_empty() {
                pieces.push(Piece {
                    block: part,
                    from: from - range.start,
                    to: to - range.start,
                    handler,
                    goes_on,
                });
            }
            from = to;
            goes_on = end > range.end || pieces.len() == 1 && entry.is_some_and(|entry| entry.1);
            if end <= range.end {
                runs.next();
            }
            if from == range.end && (goes_on || runs.peek().is_none_or(|run| run.0 > from)) {
                break;
            }
        }
        block = tries.next(part);
    }
    Some(pieces)
}
