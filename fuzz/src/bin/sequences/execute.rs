//! Runs instructions on operands in memory. Apart because it is all that is unsafe.

use std::ptr::{copy_nonoverlapping, null_mut};

/// Bytes of code at most.
const CODE_BYTES: usize = 64 << 10;

/// What code reads and writes, by `rdi`: operands first.
pub type Data = [u128; 6];

/// Offset of the result.
pub const RESULT: i32 = 64;

/// Offset of the trap, 0 for none.
pub const TRAP: i32 = 80;

/// Memory that holds code.
pub struct Code {
    memory: *mut u8,
}

impl Code {
    /// Memory for code.
    pub fn new() -> Code {
        let access = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: the system chooses the place.
        let memory = unsafe { libc::mmap(null_mut(), CODE_BYTES, access, kind, -1, 0) };
        assert_ne!(memory, libc::MAP_FAILED, "no memory for code");
        Code {
            memory: memory.cast(),
        }
    }

    /// Puts a function there in place of the one before.
    pub fn load(&mut self, code: &[u8]) {
        assert!(code.len() <= CODE_BYTES, "too much code");
        // SAFETY: it is so large, ours, and runs only in `run`.
        unsafe { copy_nonoverlapping(code.as_ptr(), self.memory, code.len()) }
    }

    /// Calls it.
    pub fn run(&self, data: &mut Data) {
        // SAFETY: what is loaded is a sequence between loads from `data` and stores to it, and ends with a return.
        unsafe {
            let function: extern "C" fn(*mut u128) = std::mem::transmute(self.memory);
            function(data.as_mut_ptr());
        }
    }
}
