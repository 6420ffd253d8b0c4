//! Everything the engine asks of the operating system and of the bare processor: address space, machine code, stacks,
//! faults. Apart because it is the one room that may call the OS, and because it knows no WebAssembly.
//!
//! Floor 2. Read first: [`Reservation`] (address space), [`CodeMemory`] (machine code that is never writable where it runs),
//! [`enter`] (a call into compiled code that survives the faults of that code).
//!
//! ```
//! # use wharf_sys as sys;
//! use sys::{CodeMemory, Stack, enter, init_thread};
//!
//! // mov qword [rdx], 42; ret
//! let code = CodeMemory::new(1 << 20)?.publish(&[0x48, 0xc7, 0x02, 42, 0, 0, 0, 0xc3])?;
//! let stack = Stack::new(64 << 10)?;
//! let mut result = 0u64;
//! init_thread();
//! // SAFETY: the bytes above are a function of the System V convention that writes eight bytes through its third argument.
//! let outcome = unsafe {
//!     let entry = std::mem::transmute::<*const u8, sys::EntryFn>(code.as_ptr());
//!     let range = code.as_ptr() as usize..code.as_ptr() as usize + code.len();
//!     enter(stack.top(), range, entry, code.as_ptr(), std::ptr::null_mut(), (&raw mut result).cast())
//! };
//! assert_eq!((outcome, result), (Ok(()), 42));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! **Invariants.** No address is ever writable and executable, and no address of code memory is ever writable at all. A fault
//! outside compiled code is never swallowed: it goes to whoever handled it before us. Signal handlers take no lock, allocate
//! nothing and touch only memory of their own thread.
//!
//! **Ports.** What differs by processor is in `arch/`, by operating system in `unix/`; all else is written once.

#[cfg(not(target_os = "linux"))]
compile_error!(
    "wharf-sys runs on Linux only so far; a port to this system needs, beside src/unix/linux.rs, its own: a shared memory \
     file for images and code, the registers of an interrupted thread, and a way to make other cores see new code"
);
#[cfg(not(target_arch = "x86_64"))]
compile_error!(
    "wharf-sys runs on x86-64 only so far; a port to this processor needs, beside src/arch/x86_64.rs, its own: the stack \
     switch, the landing pad of faults, and the registers of src/unix/linux/x86_64.rs"
);

mod activation;
mod arch;
mod code;
mod file_view;
mod frames;
mod image;
mod on_stack;
mod reservation;
mod stack;
mod unix;

use unix as os;

pub use activation::{
    EntryFn, Fault, FaultKind, Landing, Registers, Returned, enter, enter_in_registers, entry_fp,
    land, raise,
};
pub use arch::stack_pointer;
pub use code::{CodeArena, CodeBlock, CodeMemory, CodeSpace};
pub use file_view::{FileView, is_on_this_machine};
pub use frames::{FAULT_TRACE_FRAMES_MAX, FaultTrace, walk_frames, walk_suspended};
pub use image::Image;
pub use on_stack::on_new_stack;
pub use os::{
    InterruptFilter, ThreadHandle, fault_trace, file_bytes_max, init_thread, page_bytes,
    set_interrupt_filter, thread_count, user_id,
};
pub use reservation::Reservation;
pub use stack::{STACK_GUARD_BYTES, Stack};
