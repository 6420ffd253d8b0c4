//! One entry of the host into compiled code, and how it ends early. Apart because the assembly, the signal handlers and `enter`
//! share this one structure.

use crate::arch;
use std::cell::Cell;
use std::fmt;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr;
use std::sync::atomic::{Ordering, compiler_fence};

/// A function that the host may enter: `entry(code, vmctx, args)`, System V convention, keeps callee-saved registers when it
/// returns. What the three arguments mean is between the caller of [`enter`] and the function.
pub type EntryFn = unsafe extern "C" fn(code: *const u8, vmctx: *mut u8, args: *mut u8);

/// Why and where compiled code was abandoned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The address of the instruction that faulted or was about to run, never a return address.
    pub pc: usize,
    /// The frame pointer at that moment.
    pub fp: usize,
    /// The stack pointer at that moment.
    pub sp: usize,
    /// What happened.
    pub kind: FaultKind,
}

/// What stopped compiled code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultKind {
    /// An access to memory that is not there or not allowed (SIGSEGV, SIGBUS).
    Memory {
        /// The address accessed; 0 where the processor does not tell, as for addresses that are not canonical.
        address: usize,
    },
    /// An instruction that exists to fault, `ud2` (SIGILL).
    IllegalInstruction,
    /// A division by zero or one whose result does not fit (SIGFPE).
    Arithmetic,
    /// Another thread asked this one to stop, by [`ThreadHandle::interrupt`](crate::ThreadHandle::interrupt).
    Interrupt,
    /// Host code that compiled code had called gave up, by [`raise`].
    Raised,
}

/// What one entry leaves behind for the fault handler. Lives on the host's stack for the time of the call, linked into a list per
/// thread whose head is the innermost entry.
#[repr(C)]
pub struct Activation {
    /// Stack pointer of the frame that `arch::switch` comes back to; written by it before the callee starts.
    pub saved_sp: *mut u8,
    /// Where the callee's frames begin (exclusive, as stacks grow down); written by `arch::switch`.
    pub stack_end: usize,
    /// The entry that was current before this one, or null.
    pub prev: *mut Activation,
    /// Only faults whose program counter lies in here are ours.
    pub code_range: Range<usize>,
    /// What the callee was given; the interrupt filter is asked about it.
    pub vmctx: *mut u8,
    /// Written by whoever abandons the callee.
    pub fault: MaybeUninit<Fault>,
}

thread_local! {
    /// The innermost entry of this thread, or null. Constant and without a destructor, so that reading it in a signal handler is
    /// one load.
    static CURRENT: Cell<*mut Activation> = const { Cell::new(ptr::null_mut()) };
}

/// The innermost entry of this thread, or null.
#[inline]
pub fn current() -> *mut Activation {
    CURRENT.get()
}

/// Calls `entry(code, vmctx, args)` on the stack that ends at `stack_top`; null means the current stack, which is right for a
/// call nested in a host function that compiled code called.
///
/// A fault (SIGSEGV, SIGBUS, SIGILL, SIGFPE) whose program counter lies in `code_range`, an interrupt that arrives while it lies
/// there, and [`raise`] abandon the callee: control comes back with the [`Fault`]. Any other fault goes to the handler that was
/// there before. Entries nest; each catches only the faults of its own callee.
///
/// [`init_thread`](crate::init_thread) must have been called on this thread, or faults may end the process.
///
/// # Safety
/// - `entry` obeys the convention of [`EntryFn`] with these arguments, does not unwind, and stays in `code_range` and in host
///   functions that it may call.
/// - `stack_top` is null or the 16-aligned end of a stack that nothing else runs on; abandoning its frames leaks nothing.
/// - Code in `code_range` may be abandoned at any instruction.
#[inline]
pub unsafe fn enter(
    stack_top: *mut u8,
    code_range: Range<usize>,
    entry: EntryFn,
    code: *const u8,
    vmctx: *mut u8,
    args: *mut u8,
) -> Result<(), Fault> {
    let mut activation = Activation {
        saved_sp: ptr::null_mut(),
        stack_end: 0,
        prev: CURRENT.get(),
        code_range,
        vmctx,
        fault: MaybeUninit::uninit(),
    };
    let activation_ptr = &raw mut activation;
    CURRENT.set(activation_ptr);
    // The handler reads what was just written, on this very thread: the compiler must have stored it.
    compiler_fence(Ordering::SeqCst);
    // SAFETY: the activation is current until the line after; the caller answers for the rest.
    let abandoned = unsafe { arch::switch(activation_ptr, stack_top, entry, code, vmctx, args) };
    compiler_fence(Ordering::SeqCst);
    CURRENT.set(activation.prev);
    if abandoned == 0 {
        return Ok(());
    }
    // SAFETY: `switch` gives nonzero only after somebody who abandoned the callee wrote the fault.
    Err(unsafe { activation.fault.assume_init() })
}

/// Arguments of compiled code that has all of them in registers.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Registers {
    /// Those behind the first one, in the registers for integers; the bits above a 32-bit value do not matter.
    pub integers: [u64; 5],
    /// Those in the registers for floats; a 32-bit one is in the low bits.
    pub floats: [f64; 8],
}

/// What compiled code left in the registers for results; what it returned is in one of them at most.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Returned {
    /// The first register for integers.
    pub integer: u64,
    /// The first register for floats, of which these are the low bits.
    pub float: f64,
}

/// As [`enter`], for `code` that takes `vmctx` and other arguments in registers and has at most one result, there too. If `FEW`,
/// no arguments but the first two integers are passed, which is quicker.
///
/// # Safety
/// `code` takes arguments and returns as functions of the System V convention do, and keeps the same registers. The rest is as for [`enter`].
#[inline(always)]
pub unsafe fn enter_in_registers<const FEW: bool>(
    stack_top: *mut u8,
    code_range: Range<usize>,
    code: *const u8,
    vmctx: *mut u8,
    arguments: Registers,
) -> Result<Returned, Fault> {
    let mut activation = Activation {
        saved_sp: ptr::null_mut(),
        stack_end: 0,
        prev: CURRENT.get(),
        code_range,
        vmctx,
        fault: MaybeUninit::uninit(),
    };
    let activation_ptr = &raw mut activation;
    CURRENT.set(activation_ptr);
    // As in `enter`.
    compiler_fence(Ordering::SeqCst);
    // SAFETY: as in `enter`.
    let (returned, abandoned) = unsafe {
        if FEW {
            let [first, second, ..] = arguments.integers;
            let few = [first, second];
            arch::switch_in_few_registers(activation_ptr, stack_top, code, vmctx, few)
        } else {
            arch::switch_in_registers(activation_ptr, stack_top, code, vmctx, arguments)
        }
    };
    compiler_fence(Ordering::SeqCst);
    CURRENT.set(activation.prev);
    if !abandoned {
        return Ok(returned);
    }
    // SAFETY: as in `enter`.
    Err(unsafe { activation.fault.assume_init() })
}

/// Ends the innermost [`enter`] of this thread with `fault`: for host functions called by compiled code that cannot go on.
///
/// `fault` is handed over as it is; its kind should be [`FaultKind::Raised`] and its places those of the compiled frame that
/// called the host function.
///
/// # Panics
/// If no entry is active on this thread.
///
/// # Safety
/// The host frames between the compiled code and this call are dropped as by `longjmp`: nothing in them may need a destructor.
pub unsafe fn raise(fault: Fault) -> ! {
    let activation = CURRENT.get();
    assert!(
        !activation.is_null(),
        "a fault was raised outside of any entry into compiled code"
    );
    // SAFETY: the current activation lives on the stack of an `enter` that has not returned, and its callee has started, since
    // it is the callee that called us: `saved_sp` is written.
    unsafe {
        (*activation).fault.write(fault);
        arch::land((*activation).saved_sp)
    }
}

/// Where compiled code goes on that had called out: a place in one of its functions, and the frame of that function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Landing {
    /// The address of the code.
    pub pc: usize,
    /// The stack pointer that the code expects.
    pub sp: usize,
    /// The frame pointer.
    pub fp: usize,
    /// What the code finds in the register that holds results.
    pub value: usize,
}

/// Goes on in compiled code which had called out, without returning to it: for host functions called by compiled code.
///
/// # Safety
/// The frame is one of the innermost entry on this thread and suspended, the code goes on with it there, and needs none of the
/// registers that functions keep. All frames below are dropped as by `longjmp`: nothing in those of the host may need a
/// destructor.
pub unsafe fn land(landing: Landing) -> ! {
    let Landing { pc, sp, fp, value } = landing;
    // SAFETY: the caller's promise.
    unsafe { arch::go_on(pc, sp, fp, value) }
}

/// The frame pointer at which the chain of the innermost entry's frames ends: the caller of its outermost compiled frame has it.
/// `None` outside of any entry.
pub fn entry_fp() -> Option<usize> {
    let activation = CURRENT.get();
    if activation.is_null() {
        return None;
    }
    // SAFETY: as in `raise`, the current activation is alive.
    let saved_sp = unsafe { (*activation).saved_sp };
    Some(saved_sp as usize + arch::SAVED_SP_TO_FP_BYTES)
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FaultKind::Memory { address } => write!(f, "access to memory at {address:#x}"),
            FaultKind::IllegalInstruction => f.write_str("illegal instruction"),
            FaultKind::Arithmetic => f.write_str("arithmetic fault"),
            FaultKind::Interrupt => f.write_str("interrupt"),
            FaultKind::Raised => f.write_str("raised by the host"),
        }
    }
}
