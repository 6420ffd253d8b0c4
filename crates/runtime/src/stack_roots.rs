//! References in the frames of compiled code: where a collector finds them, and sets them anew.
//!
//! Apart from backtraces because those are told to people and may be cut short, while a collector must see every frame: also
//! those of guests that wait for host functions which have entered other guests, on whatever stack they are.

use crate::StoreCore;

impl StoreCore {
    /// Calls `visit(return_pc, fp)` for each frame of compiled code in the store, trampolines among them, innermost first:
    /// where it goes on, and its frame pointer.
    ///
    /// Every guest of the store must be suspended: in a builtin or in a host function. That is so whenever the host runs.
    pub(crate) fn visit_code_frames(&self, mut visit: impl FnMut(usize, usize)) {
        if self.guests == 0 {
            return;
        }
        // SAFETY: the context belongs to the store.
        let innermost = unsafe { (*self.ctx()).exit_fp };
        let exits = self.outer_exits.iter().rev().copied();
        for exit_fp in std::iter::once(innermost).chain(exits) {
            let mut each = |return_pc, fp| {
                visit(return_pc, fp);
                true
            };
            // SAFETY: the guest called out from this frame and is suspended, so all its frames exist; compiled code keeps frame
            // pointers.
            unsafe { sys::walk_suspended(exit_fp, self.engine.code_range(), &mut each) }
        }
    }

    /// Calls `visit` with the place of each reference that suspended guests hold in their frames. What it leaves there is what
    /// the guests go on with.
    pub(crate) fn visit_stack_roots(&mut self, mut visit: impl FnMut(&mut u32)) {
        let mut cache = std::mem::take(&mut self.code_cache);
        self.visit_code_frames(|return_pc, fp| {
            let Some(piece) = cache.find(self.engine.code_map(), return_pc) else {
                return;
            };
            for place in piece.stack_map_at(return_pc) {
                // SAFETY: the compiler says that a reference lies there in a frame that goes on here. The frame is suspended,
                // and the store held exclusively.
                visit(unsafe { &mut *((fp - *place as usize) as *mut u32) });
            }
        });
        self.code_cache = cache;
    }
}
