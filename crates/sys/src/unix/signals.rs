//! The process-wide signal handlers: faults of compiled code become values, everything else goes where it went before.
//!
//! A handler takes no lock, allocates nothing, and changes only the interrupted thread's own activation and registers. All that
//! follows from a fault happens later, in ordinary code behind [`enter`](crate::enter).

use super::linux::Registers;
use super::thread;
use crate::activation::{self, Activation, Fault, FaultKind};
use libc::{c_int, c_void, siginfo_t};
use std::mem::{self, MaybeUninit};
use std::ptr;
use std::sync::Once;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// The signals by which processors report faults.
const FAULT_SIGNALS: [c_int; 4] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE];

/// The signal that asks a thread to stop. SIGURG, since its default is to be ignored, nothing else in a usual process needs it,
/// it does not queue, and debuggers let it pass.
pub const INTERRUPT_SIGNAL: c_int = libc::SIGURG;

/// What handled each signal before us; indexed by signal number, null until we are installed.
static PREVIOUS: [AtomicPtr<libc::sigaction>; 32] = [const { AtomicPtr::new(ptr::null_mut()) }; 32];

/// An [`InterruptFilter`] as a number, or 0.
static INTERRUPT_FILTER: AtomicUsize = AtomicUsize::new(0);

/// Says whether the entry that was given `vmctx` should stop now. Runs in a signal handler: it may read memory and atomics, and
/// nothing else.
pub type InterruptFilter = unsafe extern "C" fn(vmctx: *mut u8) -> bool;

/// Sets the filter that an interrupt asks before it stops an entry; without one it always does.
///
/// An interrupt is sent to a thread, and the entry it was meant for may have ended and another begun on that thread meanwhile:
/// only who knows what `vmctx` is can tell. The filter is for the whole process, and the last one set holds.
///
/// # Safety
/// The filter must be right for the `vmctx` of every entry that is or will be made.
pub unsafe fn set_interrupt_filter(filter: InterruptFilter) {
    INTERRUPT_FILTER.store(filter as usize, Ordering::Release);
}

/// Installs the handlers, once for the process.
pub fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        for signal in FAULT_SIGNALS {
            // Faults of the handler itself must reach whoever reports crashes, so the signal is not blocked meanwhile.
            install_one(signal, on_fault, libc::SA_NODEFER);
        }
        install_one(INTERRUPT_SIGNAL, on_interrupt, 0);
    });
}

type Handler = unsafe extern "C" fn(c_int, *mut siginfo_t, *mut c_void);

fn install_one(signal: c_int, handler: Handler, flags: c_int) {
    let current = |new: *const libc::sigaction| {
        let mut old = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: both point to proper structures, or null for `new`, which only asks.
        let outcome = unsafe { libc::sigaction(signal, new, old.as_mut_ptr()) };
        assert_eq!(outcome, 0, "the system has no signal {signal}");
        // SAFETY: all zeros is a valid `sigaction`, and the call has filled it in.
        unsafe { old.assume_init() }
    };
    let previous = &PREVIOUS[signal as usize];
    // The handler may run as soon as it is installed, so what it chains to must be known before. It is kept for good: another
    // thread may be reading it at any time.
    previous.store(
        Box::into_raw(Box::new(current(ptr::null()))),
        Ordering::Release,
    );
    // SAFETY: all zeros is a valid `sigaction`: no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = handler as usize;
    // The stack that faulted may be the one that is exhausted, hence the alternate one. No SA_RESTART: who waits in a system
    // call shall notice an interrupt.
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | flags;
    current(&action);
}

/// SIGSEGV, SIGBUS, SIGILL, SIGFPE.
unsafe extern "C" fn on_fault(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel gives a signal handler a live `siginfo_t` and context.
    let (sent_by_kernel, address, mut registers) = unsafe {
        (
            (*info).si_code > 0,
            (*info).si_addr() as usize,
            Registers::of(context),
        )
    };
    let kind = match signal {
        libc::SIGILL => FaultKind::IllegalInstruction,
        libc::SIGFPE => FaultKind::Arithmetic,
        _ => FaultKind::Memory { address },
    };
    match activation_at(&registers) {
        // SAFETY: `activation_at` gives the live activation whose callee was interrupted.
        Some(activation) if sent_by_kernel => unsafe { abandon(activation, &mut registers, kind) },
        // SAFETY: the arguments are the kernel's.
        _ => unsafe { chain(signal, info, context) },
    }
}

/// The signal that asks a thread to stop.
unsafe extern "C" fn on_interrupt(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    if !thread::take_interrupt_request() {
        // SAFETY: the arguments are the kernel's.
        return unsafe { chain(signal, info, context) };
    }
    // SAFETY: the kernel gives a signal handler a live context.
    let mut registers = unsafe { Registers::of(context) };
    let Some(activation) = activation_at(&registers) else {
        return;
    };
    // SAFETY: the only value but 0 ever stored is an `InterruptFilter`.
    let filter: Option<InterruptFilter> =
        unsafe { mem::transmute(INTERRUPT_FILTER.load(Ordering::Acquire)) };
    // SAFETY: the activation is live, and whoever set the filter made it right for every `vmctx`.
    let stop = unsafe { filter.is_none_or(|filter| filter((*activation).vmctx)) };
    if stop {
        // SAFETY: `activation_at` gives the live activation whose callee was interrupted.
        unsafe { abandon(activation, &mut registers, FaultKind::Interrupt) }
    }
}

/// The activation whose compiled code was interrupted, if it was compiled code.
fn activation_at(registers: &Registers) -> Option<*mut Activation> {
    let activation = activation::current();
    // SAFETY: the current activation lives until the `enter` that made it pops it, and that runs on this thread, above us.
    let ours =
        !activation.is_null() && unsafe { (*activation).code_range.contains(&registers.pc()) };
    ours.then_some(activation)
}

/// Lets the interrupted thread continue at its landing pad, with the fault in its activation.
///
/// # Safety
/// `activation` is the thread's current one and its callee was interrupted, with `registers`.
unsafe fn abandon(activation: *mut Activation, registers: &mut Registers, kind: FaultKind) {
    let fault = Fault {
        pc: registers.pc(),
        fp: registers.fp(),
        sp: registers.sp(),
        kind,
    };
    // SAFETY: the activation is live and only this thread touches it. From the frame pointer of running compiled code up to the
    // end of the stack it was entered on everything is mapped.
    unsafe {
        (*activation).fault.write(fault);
        let stack = fault.sp..(*activation).stack_end;
        thread::record_fault_trace(&fault, stack, (*activation).code_range.clone());
        registers.land((*activation).saved_sp);
    }
}

/// Does what would have happened to the signal without us.
///
/// # Safety
/// The arguments are those of a running signal handler.
unsafe fn chain(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let previous = PREVIOUS[signal as usize].load(Ordering::Acquire);
    // SAFETY: stored before our handler was installed, and never freed.
    let previous = unsafe { &*previous };
    // SAFETY: the kernel gives a signal handler a live `siginfo_t`.
    let sent_by_kernel = unsafe { (*info).si_code > 0 };
    match previous.sa_sigaction {
        libc::SIG_DFL | libc::SIG_IGN if signal == INTERRUPT_SIGNAL => {}
        libc::SIG_IGN if !sent_by_kernel => {}
        // A fault cannot be ignored: the kernel itself then takes the default.
        libc::SIG_DFL | libc::SIG_IGN => {
            // SAFETY: plain system calls that may be made in handlers. A fault recurs when we return, with the default action
            // now; a signal that a process sent must be sent again.
            unsafe {
                libc::signal(signal, libc::SIG_DFL);
                if !sent_by_kernel {
                    libc::raise(signal);
                }
            }
        }
        // SAFETY: the kernel would have called it just so.
        _ => unsafe { call_previous(previous, signal, info, context) },
    }
}

/// Calls a handler of the host's, with the signals blocked that it asked for.
///
/// # Safety
/// `previous` has a function; the other arguments are those of a running signal handler.
unsafe fn call_previous(
    previous: &libc::sigaction,
    signal: c_int,
    info: *mut siginfo_t,
    context: *mut c_void,
) {
    let mut mask = previous.sa_mask;
    let mut mask_before = MaybeUninit::uninit();
    // SAFETY: the masks are proper, and these calls may be made in handlers. The function is of the type its flags say.
    unsafe {
        if previous.sa_flags & libc::SA_NODEFER == 0 {
            libc::sigaddset(&mut mask, signal);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, &mask, mask_before.as_mut_ptr());
        if previous.sa_flags & libc::SA_SIGINFO != 0 {
            let handler: Handler = mem::transmute(previous.sa_sigaction);
            handler(signal, info, context);
        } else {
            let handler: unsafe extern "C" fn(c_int) = mem::transmute(previous.sa_sigaction);
            handler(signal);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, mask_before.as_ptr(), ptr::null_mut());
    }
}
