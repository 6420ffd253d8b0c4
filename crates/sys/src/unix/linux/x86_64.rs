//! The registers of an interrupted thread: Linux on x86-64.

use crate::arch;
use libc::{REG_RBP, REG_RIP, REG_RSP, c_void, ucontext_t};

/// The registers that a signal handler sees, and that the thread continues with.
pub struct Registers(*mut ucontext_t);

impl Registers {
    /// # Safety
    /// `context` is the third argument of a running signal handler, and the result is used only during it.
    pub unsafe fn of(context: *mut c_void) -> Registers {
        Registers(context.cast())
    }

    fn get(&self, register: libc::c_int) -> usize {
        // SAFETY: `of` was promised a live context, which holds all general registers.
        unsafe { (*self.0).uc_mcontext.gregs[register as usize] as usize }
    }

    fn set(&mut self, register: libc::c_int, value: usize) {
        // SAFETY: as in `get`; the context is the handler's to change.
        unsafe { (*self.0).uc_mcontext.gregs[register as usize] = value as i64 }
    }

    /// The instruction that was to run.
    pub fn pc(&self) -> usize {
        self.get(REG_RIP)
    }

    /// The frame pointer.
    pub fn fp(&self) -> usize {
        self.get(REG_RBP)
    }

    /// The stack pointer.
    pub fn sp(&self) -> usize {
        self.get(REG_RSP)
    }

    /// Lets the thread continue at the landing pad of the `switch` that left `saved_sp`.
    pub fn land(&mut self, saved_sp: *mut u8) {
        self.set(REG_RIP, arch::landing_pad as *const () as usize);
        self.set(REG_RSP, saved_sp as usize);
        self.set(REG_RBP, saved_sp as usize + arch::SAVED_SP_TO_FP_BYTES);
    }
}
