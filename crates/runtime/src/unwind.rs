//! Throwing through frames of compiled code: who catches, and going on there.
//!
//! Apart from exceptions themselves because this is about frames. Blocks that catch leave no trace when they are entered: who
//! throws asks, frame by frame, what the code's tables say of the place where it goes on.

use crate::{Cause, StoreCore};
use ops::Trap;
use sys::Landing;

impl StoreCore {
    /// Goes on in the innermost function of the guest that may catch an exception, or gives what the guest must fail with if
    /// there is none. Only the frames up to the last entry into the guest are asked: behind it is the host.
    ///
    /// # Safety
    /// The store was entered, and its guest called out to the function that calls this one; no frame since then has anything to
    /// drop. The reference is that of an exception of the store.
    pub(crate) unsafe fn throw(this: *mut StoreCore, exception: u32) -> Cause {
        // SAFETY: the guest has lent us the store.
        let store = unsafe { &mut *this };
        // A guest that throws and catches is hardly ever in its own code when it is signalled.
        if store.interrupt.is_requested() {
            return Trap::Interrupted.into();
        }
        if let Some(landing) = store.find_handler(exception) {
            // SAFETY: the frame is that of a suspended function of the guest, whose code goes on there by its tables. All frames
            // below are abandoned, as the caller allows.
            unsafe { sys::land(landing) }
        }
        Cause::Exception(Box::new(store.exn_exception(exception)))
    }

    /// Where the guest that has called out goes on if an exception is thrown.
    fn find_handler(&mut self, exception: u32) -> Option<Landing> {
        // SAFETY: the context belongs to the store.
        let exit_fp = unsafe { (*self.ctx()).exit_fp };
        let mut cache = std::mem::take(&mut self.code_cache);
        let mut landing = None;
        let mut visit = |return_pc: usize, fp: usize| {
            let Some(piece) = cache.find(self.engine.code_map(), return_pc) else {
                return true;
            };
            landing = piece.handler_at(return_pc).map(|(handler, pc)| Landing {
                pc,
                sp: fp - handler.frame_bytes as usize,
                fp,
                value: exception as usize,
            });
            landing.is_none()
        };
        // SAFETY: the guest called out from this frame and is suspended, so all its frames exist; compiled code keeps frame
        // pointers.
        unsafe { sys::walk_suspended(exit_fp, self.engine.code_range(), &mut visit) }
        self.code_cache = cache;
        landing
    }
}
