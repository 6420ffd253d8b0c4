//! What the collector did so far. Apart because embedders and benchmarks read it, and nothing depends on it.

use std::time::{Duration, Instant};

/// Counts and times of a heap's collections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Collections of the young space.
    pub minor: u64,
    /// Collections of the old space.
    pub full: u64,
    /// Bytes that minor collections copied.
    pub promoted_bytes: u64,
    /// Time in collections, all together.
    pub pauses: Duration,
    /// The longest time that the guest waited for one allocation.
    pub longest_pause: Duration,
}

impl Stats {
    pub(crate) fn pause(&mut self, since: Instant) {
        let pause = since.elapsed();
        self.pauses += pause;
        self.longest_pause = self.longest_pause.max(pause);
    }
}
