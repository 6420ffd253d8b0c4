//! Which parts of a range are free: first fit, neighbours merged. Apart because it is plain arithmetic without memory behind it.

use std::collections::BTreeMap;
use std::ops::Range;

/// The free parts of `0..bytes`.
///
/// **Invariant:** parts are not empty, do not overlap and do not touch.
#[derive(Debug)]
pub struct FreeList {
    /// Start to end.
    parts: BTreeMap<usize, usize>,
}

impl FreeList {
    /// All of `0..bytes` is free.
    pub fn new(bytes: usize) -> FreeList {
        FreeList {
            parts: BTreeMap::from_iter((bytes > 0).then_some((0, bytes))),
        }
    }

    /// Takes `bytes` that start at a multiple of `align`: the lowest there are.
    pub fn take(&mut self, bytes: usize, align: usize) -> Option<Range<usize>> {
        let (part, taken) = self.parts.iter().find_map(|(&start, &end)| {
            let at = start.checked_next_multiple_of(align)?;
            let taken = at..at.checked_add(bytes)?;
            (taken.end <= end).then_some((start..end, taken))
        })?;
        self.parts.remove(&part.start);
        if part.start < taken.start {
            self.parts.insert(part.start, taken.start);
        }
        if taken.end < part.end {
            self.parts.insert(taken.end, part.end);
        }
        Some(taken)
    }

    /// Gives back what was taken. Returns the whole free part that it now belongs to.
    ///
    /// # Panics
    /// If some of it is free already.
    pub fn give(&mut self, range: Range<usize>) -> Range<usize> {
        let before = self.parts.range(..range.end).next_back();
        let before = before.map(|(&start, &end)| start..end);
        assert!(
            before.as_ref().is_none_or(|part| part.end <= range.start),
            "{range:?} was given back twice"
        );
        let mut whole = range.clone();
        if let Some(part) = before.filter(|part| part.end == range.start) {
            whole.start = part.start;
        }
        if let Some(end) = self.parts.remove(&range.end) {
            whole.end = end;
        }
        self.parts.insert(whole.start, whole.end);
        whole
    }

    /// Bytes that are free.
    #[cfg(test)]
    pub fn free_bytes(&self) -> usize {
        self.parts.iter().map(|(start, end)| end - start).sum()
    }
}

#[cfg(test)]
mod tests;
