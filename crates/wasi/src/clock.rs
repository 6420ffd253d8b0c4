//! The clocks of a guest, over those of the host.

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

    /// The smallest step of the clock in nanoseconds.
    pub(crate) fn resolution(self) -> u64 {
        flat(clock_getres(self.host())).max(1)
    }
}

/// The times of one moment, in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) realtime: u64,
    pub(crate) monotonic: u64,
}

/// The clocks as one guest sees them: its monotonic one does not tell how long the host is up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clocks {
    monotonic_start: u64,
}

impl Clocks {
    /// Clocks that start now.
    pub(crate) fn start() -> Self {
        Self {
            monotonic_start: flat(clock_gettime(ClockId::Monotonic)),
        }
    }

    /// The times that can be waited for.
    pub(crate) fn moment(&self) -> Now {
        Now {
            realtime: self.now(Clock::Realtime),
            monotonic: self.now(Clock::Monotonic),
        }
    }

    /// The time of `clock` in nanoseconds.
    pub(crate) fn now(&self, clock: Clock) -> u64 {
        let now = flat(clock_gettime(clock.host()));
        match clock {
            Clock::Monotonic => now.saturating_sub(self.monotonic_start),
            _ => now,
        }
    }
}

fn flat(time: Timespec) -> u64 {
    nanoseconds(time.tv_sec, u64::try_from(time.tv_nsec).unwrap_or(0))
}
