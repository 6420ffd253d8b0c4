//! Waiting that the embedder can end: every place where a guest may block goes through here.

use std::fmt;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno as Host;
use rustix::time::Timespec;

use crate::errno::Errno;
use crate::error::{Error, Interrupted, Result};

/// How long a wait goes on before the hook is asked again, in nanoseconds.
const SLICE_NANOSECONDS: u64 = 10_000_000;

/// How a guest that waits learns that the embedder wants it to stop.
#[derive(Clone, Default)]
pub(crate) enum Interrupt {
    /// It does not: waits end by what is waited for alone.
    #[default]
    Never,
    /// The embedder gave a hook to ask. The other thing is whether the guest of which this is a
    /// thread is over.
    Hook(Arc<dyn Fn() -> bool + Send + Sync>, Option<Arc<AtomicBool>>),
    /// A signal cuts the wait short, and whoever made the call finds out whether it meant the guest;
    /// if not, the call is made again.
    Signal,
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Interrupt::Never => "Never",
            Interrupt::Hook(..) => "Hook",
            Interrupt::Signal => "Signal",
        })
    }
}

impl Interrupt {
    /// Replaces the hook, and nothing else.
    pub(crate) fn set_hook(&mut self, hook: impl Fn() -> bool + Send + Sync + 'static) {
        let over = match self {
            Interrupt::Hook(_, over) => over.take(),
            Interrupt::Never | Interrupt::Signal => None,
        };
        *self = Interrupt::Hook(Arc::new(hook), over);
    }

    /// Ends waits also when `over` becomes true. Waits that a signal ends need no word of it.
    pub(crate) fn also_when(&mut self, over: &Arc<AtomicBool>) {
        if let Interrupt::Hook(_, slot) = self {
            *slot = Some(Arc::clone(over));
        }
    }

    /// Ends the call when the embedder's hook wants the guest to stop.
    pub(crate) fn check(&self) -> Result {
        match self {
            Interrupt::Hook(hook, over)
                if hook()
                    || over
                        .as_ref()
                        .is_some_and(|over| over.load(Ordering::Relaxed)) =>
            {
                Err(Error::Interrupted(Interrupted))
            }
            _ => Ok(()),
        }
    }

    /// Ends the call, or lets it go on, after a signal cut a wait short.
    pub(crate) fn after_signal(&self) -> Result {
        match self {
            Interrupt::Signal => Err(Error::Interrupted(Interrupted)),
            Interrupt::Never | Interrupt::Hook(..) => self.check(),
        }
    }

    /// The longest wait until the hook must be asked again: `wanted` (no end: `None`), or less
    /// when there is a hook. In nanoseconds.
    pub(crate) fn slice(&self, wanted: Option<u64>) -> Option<u64> {
        match (self, wanted) {
            (Interrupt::Never | Interrupt::Signal, wanted) => wanted,
            (Interrupt::Hook(..), None) => Some(SLICE_NANOSECONDS),
            (Interrupt::Hook(..), Some(wanted)) => Some(wanted.min(SLICE_NANOSECONDS)),
        }
    }

    /// Calls `operation` until no signal cuts it short, or the embedder wants the guest to stop.
    pub(crate) fn retry<T>(
        &self,
        mut operation: impl FnMut() -> rustix::io::Result<T>,
    ) -> Result<T> {
        loop {
            match operation() {
                Err(Host::INTR) => self.after_signal()?,
                result => return result.map_err(Error::from),
            }
        }
    }

    /// Waits until `events` is possible on `descriptor` without blocking.
    ///
    /// With `nonblock` it does not wait but answers `Errno::Again`. Without a hook there is nothing
    /// to do, as the operation that follows may then block for as long as it likes.
    pub(crate) fn wait(&self, descriptor: impl AsFd, events: PollFlags, nonblock: bool) -> Result {
        if !matches!(self, Interrupt::Hook(..)) && !nonblock {
            return Ok(());
        }
        let timeout = if nonblock {
            Timespec::default()
        } else {
            timespec(SLICE_NANOSECONDS)
        };
        loop {
            self.check()?;
            let mut polled = [PollFd::new(&descriptor, events)];
            match poll(&mut polled, Some(&timeout)) {
                Ok(0) if nonblock => return Err(Errno::Again.into()),
                Ok(0) => {}
                Err(Host::INTR) => self.after_signal()?,
                // What poll cannot wait for does not block either.
                Ok(_) | Err(_) => return Ok(()),
            }
        }
    }
}

/// A span of nanoseconds as the host wants it.
pub(crate) fn timespec(nanoseconds: u64) -> Timespec {
    // Both parts are far below the limits of their types.
    Timespec {
        tv_sec: (nanoseconds / 1_000_000_000) as i64,
        tv_nsec: (nanoseconds % 1_000_000_000) as _,
    }
}
