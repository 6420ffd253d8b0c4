//! What one guest is granted and has open.

use std::sync::Arc;

use crate::builder::CtxBuilder;
use crate::clock::{Clocks, Now};
use crate::hints::Hints;
use crate::interrupt::Interrupt;
use crate::randomness::Randomness;
use crate::table::Table;

/// Everything the WASI functions of one guest work on: arguments, environment, open descriptors,
/// clocks. Make one for every instance, but those that are threads of one guest: see
/// [`Ctx::for_thread`].
///
/// Nothing of the host is reachable but what the builder was given; by default that is stdio.
///
/// ```
/// let ctx = wasi::Ctx::builder()
///     .args(["prog", "--verbose"])
///     .env("LANG", "C")
///     .preopen(".", "/data", wasi::Access::ReadOnly)
///     .stdin(wasi::Stdin::Null)
///     .build()
///     .unwrap();
/// assert!(ctx.hints().is_empty());
/// ```
#[derive(Debug)]
pub struct Ctx {
    pub(crate) args: Arc<[Vec<u8>]>,
    /// Each as `NAME=value`.
    pub(crate) env: Arc<[Vec<u8>]>,
    pub(crate) table: Arc<Table>,
    pub(crate) clocks: Clocks,
    pub(crate) randomness: Randomness,
    pub(crate) interrupt: Interrupt,
    /// When the wait began that a signal cut short, for the call that goes on with it.
    pub(crate) waiting_since: Option<Now>,
    pub(crate) hints: Hints,
    /// Whether any directory was granted at the start.
    pub(crate) granted_directories: bool,
}

impl Ctx {
    /// Starts with no arguments, no environment, no directories and the embedder's own stdio.
    pub fn builder() -> CtxBuilder {
        CtxBuilder::default()
    }

    /// What the guest was refused so far, and which grant would have allowed it; one line each,
    /// the earliest first, at most 16.
    pub fn hints(&self) -> Vec<String> {
        self.hints.lines()
    }

    /// A context for another thread of the same guest. Both have the same descriptors, so that what
    /// one opens the other can close, and the same arguments, environment, clocks, hints and hook.
    /// A call of one that waits does not hold up the other.
    ///
    /// ```
    /// let output = wasi::OutputBuffer::new();
    /// let ctx = wasi::Ctx::builder().stdout(wasi::Stdout::Buffer(output.clone())).build().unwrap();
    /// let other = ctx.for_thread();
    /// std::thread::spawn(move || drop(other)).join().unwrap();
    /// ```
    pub fn for_thread(&self) -> Ctx {
        Ctx {
            args: Arc::clone(&self.args),
            env: Arc::clone(&self.env),
            table: Arc::clone(&self.table),
            clocks: self.clocks.clone(),
            randomness: self.randomness.clone(),
            interrupt: self.interrupt.clone(),
            waiting_since: None,
            hints: self.hints.clone(),
            granted_directories: self.granted_directories,
        }
    }

    /// Replaces the hook that [`CtxBuilder::interrupt`] describes.
    pub fn set_interrupt(&mut self, hook: impl Fn() -> bool + Send + Sync + 'static) {
        self.interrupt.set_hook(hook);
    }
}
