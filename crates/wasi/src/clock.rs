//! The clocks of a guest: those of the host, or one that only the guest itself moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::time::{ClockId, Timespec, clock_getres, clock_gettime};

use crate::errno::Errno;
use crate::types::nanoseconds;

/// A clock of WASI 0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// Time since 1970.
    Realtime,
    /// Time since the guest's context was made; never set.
    Monotonic,
    /// Processor time of the whole process, the embedder's part included.
    ProcessCputime,
    /// Processor time of the thread that runs the guest.
    ThreadCputime,
}

impl Clock {
    /// The clock with the guest's number.
    pub(crate) fn from_raw(id: u32) -> Result<Self, Errno> {
        match id {
            0 => Ok(Clock::Realtime),
            1 => Ok(Clock::Monotonic),
            2 => Ok(Clock::ProcessCputime),
            3 => Ok(Clock::ThreadCputime),
            _ => Err(Errno::Inval),
        }
    }

    fn host(self) -> ClockId {
        match self {
            Clock::Realtime => ClockId::Realtime,
            Clock::Monotonic => ClockId::Monotonic,
            Clock::ProcessCputime => ClockId::ProcessCPUTime,
            Clock::ThreadCputime => ClockId::ThreadCPUTime,
        }
    }
}

/// The times of one moment, in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) realtime: u64,
    pub(crate) monotonic: u64,
}

/// What a virtual clock shows first, in nanoseconds since 1970: the beginning of the year 2024.
const VIRTUAL_START_NANOSECONDS: u64 = 1_704_067_200_000_000_000;
/// How far a virtual clock moves whenever it is looked at, in nanoseconds: a guest that waits in a loop gets to the end.
const VIRTUAL_STEP_NANOSECONDS: u64 = 1_000;

/// The clocks as one guest sees them.
#[derive(Debug, Clone)]
pub(crate) enum Clocks {
    /// Those of the host; the monotonic one does not tell how long the host is up.
    Host {
        /// What the host's monotonic clock showed at the start.
        monotonic_start: u64,
    },
    /// Nanoseconds since the start, which pass when the guest looks and when it waits: the same in every run.
    Virtual(Arc<AtomicU64>),
    /// None: asking for the time fails.
    Absent,
}

impl Clocks {
    /// The host's clocks; the monotonic one starts now.
    pub(crate) fn host() -> Self {
        Self::Host {
            monotonic_start: flat(clock_gettime(ClockId::Monotonic)),
        }
    }

    /// A clock that only the guest moves.
    pub(crate) fn virtual_() -> Self {
        Self::Virtual(Arc::default())
    }

    /// Whether time passes only by [`Clocks::skip`] and by looking.
    pub(crate) fn is_virtual(&self) -> bool {
        matches!(self, Clocks::Virtual(_))
    }

    /// Whether there are clocks at all.
    pub(crate) fn are_absent(&self) -> bool {
        matches!(self, Clocks::Absent)
    }

    /// The smallest step of a clock in nanoseconds.
    pub(crate) fn resolution(&self, clock: Clock) -> u64 {
        match self {
            Clocks::Host { .. } => flat(clock_getres(clock.host())).max(1),
            Clocks::Virtual(_) | Clocks::Absent => VIRTUAL_STEP_NANOSECONDS,
        }
    }

    /// The times that can be waited for.
    pub(crate) fn moment(&self) -> Now {
        Now {
            realtime: self.now(Clock::Realtime),
            monotonic: self.now(Clock::Monotonic),
        }
    }

    /// The time of `clock` in nanoseconds. Looking does not move a virtual clock; see [`Clocks::look`].
    pub(crate) fn now(&self, clock: Clock) -> u64 {
        match self {
            Clocks::Host { monotonic_start } => {
                let now = flat(clock_gettime(clock.host()));
                match clock {
                    Clock::Monotonic => now.saturating_sub(*monotonic_start),
                    _ => now,
                }
            }
            Clocks::Virtual(passed) => {
                let passed = passed.load(Ordering::Relaxed);
                match clock {
                    Clock::Realtime => passed.saturating_add(VIRTUAL_START_NANOSECONDS),
                    _ => passed,
                }
            }
            Clocks::Absent => 0,
        }
    }

    /// What the guest sees when it asks for the time.
    pub(crate) fn look(&self, clock: Clock) -> u64 {
        let now = self.now(clock);
        self.skip(VIRTUAL_STEP_NANOSECONDS);
        now
    }

    /// Lets time pass on a virtual clock, in nanoseconds; others do not care.
    pub(crate) fn skip(&self, nanoseconds: u64) {
        if let Clocks::Virtual(passed) = self {
            let later = passed.load(Ordering::Relaxed).saturating_add(nanoseconds);
            passed.store(later, Ordering::Relaxed);
        }
    }
}

fn flat(time: Timespec) -> u64 {
    nanoseconds(time.tv_sec, u64::try_from(time.tv_nsec).unwrap_or(0))
}
