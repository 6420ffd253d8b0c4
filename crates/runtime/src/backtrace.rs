//! Where a guest was: its frames, found by walking frame pointers.

use crate::LoadedModule;
use crate::StoreCore;
use crate::code::CodeAt;
use module::FuncIdx;
use std::fmt;
use std::sync::Arc;

/// One guest function in a backtrace.
#[derive(Clone)]
pub struct Frame {
    /// The module that defines the function.
    pub module: Arc<LoadedModule>,
    /// The function.
    pub func: FuncIdx,
    /// Offset in the module's bytes of the operator that was executing, if known.
    pub offset: Option<u32>,
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "func {} at {:?}", self.func.0, self.offset)
    }
}

/// Frames kept of one trap at most: the innermost ones.
const FRAMES_MAX: usize = 64;

impl StoreCore {
    /// The frames of guests that were just abandoned, innermost first; those of suspended outer calls follow.
    pub(crate) fn collect_frames(&self) -> Vec<Frame> {
        let mut frames = Vec::new();
        let trace = sys::fault_trace();
        for (depth, &pc) in trace.pcs().iter().enumerate() {
            // A return address is after its call, which may be the last instruction of an operator.
            if depth == 0 {
                self.push_frame(pc, &mut frames);
            } else {
                self.push_caller(pc, &mut frames);
            }
        }
        if let Some(stack) = &self.stack {
            let bounds = stack.bottom() as usize..stack.top() as usize;
            for &exit_fp in self.outer_exits.iter().rev() {
                self.push_suspended(exit_fp, bounds.clone(), &mut frames);
            }
        }
        frames.truncate(FRAMES_MAX);
        frames
    }

    fn push_frame(&self, pc: usize, frames: &mut Vec<Frame>) {
        if let Some(CodeAt::Piece(piece)) = self.engine.code_at(pc) {
            frames.extend(piece.frames_at(pc));
        }
    }

    /// Adds the frame that goes on at `return_pc`, unless that belongs to no operator: then code that has taken over from it, in
    /// the middle of the function, has shown the function already.
    fn push_caller(&self, return_pc: usize, frames: &mut Vec<Frame>) {
        if let Some(CodeAt::Piece(piece)) = self.engine.code_at(return_pc - 1) {
            let found = piece.frames_at(return_pc - 1);
            frames.extend(found.into_iter().filter(|frame| frame.offset.is_some()));
        }
    }

    /// The frames of guests that are suspended in a host function, whose trampoline has this frame pointer.
    fn push_suspended(
        &self,
        exit_fp: usize,
        stack: std::ops::Range<usize>,
        frames: &mut Vec<Frame>,
    ) {
        let code = self.engine.code_range();
        let mut first = true;
        let mut visit = |pc: usize, _fp: usize| {
            if std::mem::take(&mut first) {
                return true;
            }
            if !code.contains(&pc) {
                return false;
            }
            self.push_caller(pc, frames);
            frames.len() < FRAMES_MAX
        };
        // SAFETY: the frames lie on this store's stack and are suspended, so they are unchanged.
        unsafe { sys::walk_frames(0, exit_fp, stack, &mut visit) }
    }
}
