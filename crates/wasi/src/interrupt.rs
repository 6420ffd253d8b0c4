//! Waiting that the embedder can end: every place where a guest may block goes through here.

use std::fmt;
use std::os::fd::AsFd;
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno as Host;
use rustix::time::Timespec;

use crate::errno::Errno;
use crate::error::{Error, Interrupted, Result};

/// How long a wait goes on before the hook is asked again, in nanoseconds.
const SLICE_NANOSECONDS: u64 = 10_000_000;

/// The embedder's hook that says whether the guest shall stop.
#[derive(Clone, Default)]
pub(crate) struct Interrupt {
    hook: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interrupt")
            .field("hook", &self.hook.is_some())
            .finish()
    }
}

impl Interrupt {
    pub(crate) fn new(hook: Arc<dyn Fn() -> bool + Send + Sync>) -> Self {
        Self { hook: Some(hook) }
    }

    /// Ends the call when the embedder wants the guest to stop.
    pub(crate) fn check(&self) -> Result {
        match &self.hook {
            Some(hook) if hook() => Err(Error::Interrupted(Interrupted)),
            _ => Ok(()),
        }
    }

    /// The longest wait until the hook must be asked again: `wanted` (no end: `None`), or less
    /// when there is a hook. In nanoseconds.
    pub(crate) fn slice(&self, wanted: Option<u64>) -> Option<u64> {
        match (&self.hook, wanted) {
            (None, wanted) => wanted,
            (Some(_), None) => Some(SLICE_NANOSECONDS),
            (Some(_), Some(wanted)) => Some(wanted.min(SLICE_NANOSECONDS)),
        }
    }

    /// Calls `operation` until a signal does not cut it short, asking the hook in between.
    pub(crate) fn retry<T>(
        &self,
        mut operation: impl FnMut() -> rustix::io::Result<T>,
    ) -> Result<T> {
        loop {
            match operation() {
                Err(Host::INTR) => self.check()?,
                result => return result.map_err(Error::from),
            }
        }
    }

    /// Waits until `events` is possible on `descriptor` without blocking.
    ///
    /// With `nonblock` it does not wait but answers `Errno::Again`. Without a hook there is nothing
    /// to do, as the operation that follows may then block for as long as it likes.
    pub(crate) fn wait(&self, descriptor: impl AsFd, events: PollFlags, nonblock: bool) -> Result {
        if self.hook.is_none() && !nonblock {
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
                Ok(0) | Err(Host::INTR) => {}
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
