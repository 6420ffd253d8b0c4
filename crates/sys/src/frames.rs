//! Walking the frames of compiled code by frame pointers. Apart because backtraces, collectors and the fault handler share it.
//!
//! A frame is two words at its frame pointer: the frame pointer of the caller, then the return address.

use std::ops::Range;

/// How many frames of a fault are kept.
pub const FAULT_TRACE_FRAMES_MAX: usize = 256;

/// The frames of compiled code at the moment of a fault, taken before anything could overwrite them.
///
/// A fault in the first instructions of a function, before it has a frame, lacks the function's caller: only interrupts and
/// exhausted stacks fault there.
#[derive(Clone)]
pub struct FaultTrace {
    pcs: [usize; FAULT_TRACE_FRAMES_MAX],
    kept: usize,
    total: usize,
}

impl FaultTrace {
    pub(crate) const EMPTY: FaultTrace = FaultTrace {
        pcs: [0; FAULT_TRACE_FRAMES_MAX],
        kept: 0,
        total: 0,
    };

    /// Program counters, innermost first: where the fault happened, then return addresses. At most
    /// [`FAULT_TRACE_FRAMES_MAX`].
    pub fn pcs(&self) -> &[usize] {
        &self.pcs[..self.kept]
    }

    /// How many frames there were, kept or not.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Takes the frames from (`pc`, `fp`) outwards as long as they are in `code_range`. Allocates nothing.
    ///
    /// # Safety
    /// As for [`walk_frames`].
    pub(crate) unsafe fn record(
        &mut self,
        pc: usize,
        fp: usize,
        stack: Range<usize>,
        code_range: Range<usize>,
    ) {
        (self.kept, self.total) = (0, 0);
        let mut take = |pc: usize, _fp: usize| {
            // A call that never returns may be the last instruction: its return address is the end.
            if pc < code_range.start || pc > code_range.end {
                return false;
            }
            if let Some(place) = self.pcs.get_mut(self.total) {
                *place = pc;
                self.kept += 1;
            }
            self.total += 1;
            true
        };
        // SAFETY: passed on to the caller.
        unsafe { walk_frames(pc, fp, stack, &mut take) }
    }
}

/// Calls `f(pc, fp)` for the frame (`pc`, `fp`) and then for each caller, until `f` gives false or the chain of frame pointers
/// leaves `stack`.
///
/// The first `pc` is the one given, all others are return addresses. A chain that is damaged ends the walk: every frame pointer
/// must be aligned, lie in `stack` and be above the one before, so no walk is longer than the stack.
///
/// # Safety
/// All of `stack` from `fp` on is readable for the time of the walk.
pub unsafe fn walk_frames(
    pc: usize,
    fp: usize,
    stack: Range<usize>,
    f: &mut dyn FnMut(usize, usize) -> bool,
) {
    const WORD: usize = size_of::<usize>();
    let (mut pc, mut fp) = (pc, fp);
    let mut lowest = stack.start;
    loop {
        if !f(pc, fp) {
            return;
        }
        let in_stack = fp >= lowest && fp.saturating_add(2 * WORD) <= stack.end;
        if !in_stack || !fp.is_multiple_of(WORD) {
            return;
        }
        // SAFETY: both words lie in `stack`, which the caller says is readable, and are aligned.
        let (caller_fp, return_pc) = unsafe {
            let frame = fp as *const usize;
            (frame.read(), frame.add(1).read())
        };
        lowest = fp + 2 * WORD;
        (pc, fp) = (return_pc, caller_fp);
        if !stack.contains(&fp) {
            // The caller's frame is on another stack: it is the host's, and its pc is none of ours.
            return;
        }
    }
}

/// Calls `f(return_pc, fp)` for each frame of compiled code above a frame that compiled code made by calling out, innermost
/// first, until `f` gives false: where the frame goes on, and its frame pointer.
///
/// `exit_fp` is the frame pointer of the callee. The frames end where a return address is not in `code_range`.
///
/// # Safety
/// The frame at `exit_fp` and all those above it up to the entry into compiled code exist for the time of the walk, and keep
/// the frame pointers of their callers.
pub unsafe fn walk_suspended(
    exit_fp: usize,
    code_range: Range<usize>,
    f: &mut dyn FnMut(usize, usize) -> bool,
) {
    let mut fp = exit_fp;
    loop {
        // SAFETY: `fp` is that of a frame which exists, as the caller says.
        let (caller_fp, return_pc) = unsafe {
            let frame = fp as *const usize;
            (frame.read(), frame.add(1).read())
        };
        // A call that never returns may be the last instruction: its return address is the end.
        let is_code = code_range.start < return_pc && return_pc <= code_range.end;
        if !is_code || !f(return_pc, caller_fp) {
            return;
        }
        fp = caller_fp;
    }
}
