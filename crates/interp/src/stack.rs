//! The stack of a store's guests: values, and functions that wait for a call to return.
//!
//! Apart from the loop because it outlives it: while a host function runs the stack lies in the store, and guests that the host
//! function calls go on top. So guests never use the host's stack for their own depth, one limit holds for all of them, and a
//! backtrace shows all of them.
//!
//! ```text
//! values   ... [ locals | operands of A ][ locals | operands of B ]     the arguments that A left are B's first locals
//!              ^ base of A                ^ base of B
//! frames   [ A, behind its call ]                                      B runs: its frame is in the activation
//! ```

use module::FuncIdx;
use ops::Trap;
use runtime::InstanceId;

/// What one value counts against the limit, in bytes. It takes twice as much here, but on the machine stack of compiled code
/// most values take eight bytes or none, and the limit is meant for both.
const VALUE_BYTES: usize = 8;

/// What one function counts against the limit beside its values, in bytes.
const FRAME_BYTES: usize = 32;

/// Host functions that may wait for guests that they called. This is what bounds the use of the host's own stack.
const HOST_CALLS_MAX: usize = 100;

/// Values for which memory is kept between calls from the host.
const VALUES_KEPT: usize = 8 << 10;

/// The stack of a store's guests.
#[derive(Default)]
pub(crate) struct Stack {
    /// Locals and operands, each in the low bits.
    pub(crate) values: Vec<u128>,
    /// The functions that wait, innermost last.
    pub(crate) frames: Vec<Frame>,
    /// Calls from the host that have not returned.
    entries: usize,
}

/// A function that waits for a call to return.
#[derive(Clone, Copy)]
pub(crate) struct Frame {
    /// Whose function it is.
    pub(crate) instance: InstanceId,
    /// The function.
    pub(crate) func: FuncIdx,
    /// The position of the operator that it executes next: the one after the call.
    pub(crate) pc: usize,
    /// The position of its first local among the values.
    pub(crate) base: usize,
}

/// How high a stack was.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    values: usize,
    frames: usize,
    entries: usize,
}

impl Stack {
    /// How high the stack is.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            values: self.values.len(),
            frames: self.frames.len(),
            entries: self.entries,
        }
    }

    /// Takes off what was put on since the mark.
    pub(crate) fn reset(&mut self, mark: Mark) {
        self.values.truncate(mark.values);
        self.frames.truncate(mark.frames);
        self.entries = mark.entries;
        if self.entries == 0 && self.values.capacity() > VALUES_KEPT {
            *self = Stack::default();
        }
    }

    /// Counts a call from the host.
    ///
    /// # Errors
    /// [`Trap::StackOverflow`] if too many host functions wait already.
    pub(crate) fn enter_from_host(&mut self) -> Result<(), Trap> {
        if self.entries > HOST_CALLS_MAX {
            return Err(Trap::StackOverflow);
        }
        self.entries += 1;
        Ok(())
    }

    /// Checks that a function has room for `n_values` beside all that is there.
    ///
    /// # Errors
    /// [`Trap::StackOverflow`] if it has not.
    #[inline]
    pub(crate) fn check_room(&self, n_values: usize, limit_bytes: usize) -> Result<(), Trap> {
        let values = (self.values.len() + n_values) * VALUE_BYTES;
        let frames = (self.frames.len() + 1) * FRAME_BYTES;
        if values + frames > limit_bytes {
            return Err(Trap::StackOverflow);
        }
        Ok(())
    }

    /// Moves the topmost `keep` values down so that they begin at `height`, and drops what is between.
    #[inline]
    pub(crate) fn collapse(&mut self, height: usize, keep: usize) {
        let from = self.values.len() - keep;
        if from != height {
            self.values.copy_within(from.., height);
            self.values.truncate(height + keep);
        }
    }
}
