//! What each thread has for running compiled code: a stack for signals, a record of the last fault, and a handle by which other
//! threads ask it to stop.

use super::mapping::{self, Access};
use super::signals;
use crate::activation::Fault;
use crate::frames::FaultTrace;
use std::cell::{Cell, UnsafeCell};
use std::io;
use std::mem::{self, MaybeUninit};
use std::ops::Range;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of a thread's signal stack. Ours need little; the host's handlers that we pass faults on to may need more.
const SIGNAL_STACK_BYTES: usize = 128 << 10;

thread_local! {
    /// This thread's state, made by `init_thread` and dropped when the thread ends.
    static STATE: ThreadState = ThreadState::new();
    /// Where `STATE` is, or null before it is made and after it is dropped: what signal handlers may read.
    static STATE_PTR: Cell<*const ThreadState> = const { Cell::new(ptr::null()) };
}

struct ThreadState {
    identity: Arc<Identity>,
    /// Written by signal handlers of this thread, read by the same thread outside of them.
    trace: Box<UnsafeCell<FaultTrace>>,
    signal_stack: Option<SignalStack>,
}

/// Prepares this thread for running compiled code: installs the handlers (once for the process) and gives the thread a signal
/// stack (until it ends). Costs one load when called again.
///
/// # Panics
/// If the system has no memory for a signal stack.
#[inline]
pub fn init_thread() {
    if STATE_PTR.get().is_null() {
        init_thread_slow();
    }
}

#[cold]
fn init_thread_slow() {
    signals::install();
    // A thread that is already dropping its thread-locals runs on with what it has.
    let _ = STATE.try_with(|state| STATE_PTR.set(state));
}

impl ThreadState {
    fn new() -> ThreadState {
        ThreadState {
            identity: Arc::new(Identity::of_this_thread(true)),
            trace: Box::new(UnsafeCell::new(FaultTrace::EMPTY)),
            signal_stack: SignalStack::install().expect("no memory for a thread's signal stack"),
        }
    }
}

impl Drop for ThreadState {
    fn drop(&mut self) {
        STATE_PTR.set(ptr::null());
        self.identity.retire();
        if let Some(stack) = self.signal_stack.take() {
            stack.remove();
        }
    }
}

/// Keeps the frames of a fault for [`fault_trace`]; called in signal handlers.
///
/// # Safety
/// As for [`walk_frames`](crate::walk_frames) from the fault on.
pub unsafe fn record_fault_trace(fault: &Fault, stack: Range<usize>, code_range: Range<usize>) {
    let state = STATE_PTR.get();
    if state.is_null() {
        return;
    }
    // SAFETY: the state is alive while the pointer is set, and only this thread touches the trace: `fault_trace` copies it in
    // host code, where no fault is ours.
    unsafe {
        let trace = &mut *(*state).trace.get();
        trace.record(fault.pc, fault.fp, stack, code_range);
    }
}

/// The frames of compiled code at the last fault of this thread. Taken when it happened: after a nested call on the same stack,
/// the frames themselves are already overwritten. Empty if this thread had none.
pub fn fault_trace() -> FaultTrace {
    let state = STATE_PTR.get();
    if state.is_null() {
        return FaultTrace::EMPTY;
    }
    // SAFETY: as in `record_fault_trace`; no fault of compiled code can happen while this copies.
    unsafe { (*(*state).trace.get()).clone() }
}

/// Whether another thread has asked this one to stop since the last time; called in signal handlers.
pub fn take_interrupt_request() -> bool {
    let state = STATE_PTR.get();
    // SAFETY: the state is alive while the pointer is set, and its identity does not change.
    let identity = unsafe { state.as_ref() }.map(|state| &state.identity);
    identity.is_some_and(|identity| identity.asked.swap(false, Ordering::AcqRel))
}

/// A thread as others see it.
struct Identity {
    thread: libc::pthread_t,
    /// Held while signalling, so that the thread cannot end between the look and the signal.
    alive: Mutex<bool>,
    /// Somebody asked the thread to stop. A signal without it is not ours.
    asked: AtomicBool,
}

impl Identity {
    fn of_this_thread(alive: bool) -> Identity {
        Identity {
            // SAFETY: has no preconditions.
            thread: unsafe { libc::pthread_self() },
            alive: Mutex::new(alive),
            asked: AtomicBool::new(false),
        }
    }

    fn retire(&self) {
        *self.alive.lock().unwrap_or_else(PoisonError::into_inner) = false;
    }
}

/// A thread that may be running compiled code, so that another can ask it to stop.
#[derive(Clone)]
pub struct ThreadHandle(Arc<Identity>);

impl ThreadHandle {
    /// The thread that calls this; prepares it as [`init_thread`] does.
    pub fn current() -> ThreadHandle {
        init_thread();
        let identity = STATE.try_with(|state| Arc::clone(&state.identity));
        // Only a thread that is ending has none any more: nobody can interrupt it.
        ThreadHandle(identity.unwrap_or_else(|_| Arc::new(Identity::of_this_thread(false))))
    }

    /// Whether this is the thread that calls it. Costs a load and a compare.
    #[inline]
    pub fn is_current(&self) -> bool {
        // SAFETY: the state is alive while the pointer is set, and its identity does not change.
        let state = unsafe { STATE_PTR.get().as_ref() };
        state.is_some_and(|state| Arc::ptr_eq(&self.0, &state.identity))
    }

    /// Asks the thread to stop. If it is in compiled code at that moment, and the
    /// [filter](crate::set_interrupt_filter) agrees, its innermost [`enter`](crate::enter) ends with
    /// [`FaultKind::Interrupt`](crate::FaultKind::Interrupt); a blocking system call in host code ends with `EINTR`; otherwise
    /// nothing happens, so who wants a thread stopped repeats this until it is. Does nothing once the thread has ended.
    pub fn interrupt(&self) {
        let alive = self.0.alive.lock().unwrap_or_else(PoisonError::into_inner);
        if *alive {
            self.0.asked.store(true, Ordering::Release);
            // SAFETY: the thread is alive and cannot end while we hold the lock.
            unsafe { libc::pthread_kill(self.0.thread, signals::INTERRUPT_SIGNAL) };
        }
    }
}

/// A thread's alternate stack for signals, with a guard page below.
struct SignalStack {
    mapping: *mut u8,
    mapping_bytes: usize,
}

impl SignalStack {
    /// Gives this thread a signal stack, unless it has one that is large enough.
    fn install() -> io::Result<Option<SignalStack>> {
        let current = SignalStack::current();
        let enough =
            current.ss_flags & libc::SS_DISABLE == 0 && current.ss_size >= SIGNAL_STACK_BYTES;
        if enough {
            return Ok(None);
        }
        let guard_bytes = mapping::page_bytes();
        let mapping_bytes = guard_bytes + SIGNAL_STACK_BYTES;
        let stack = SignalStack {
            mapping: mapping::reserve(mapping_bytes, true)?,
            mapping_bytes,
        };
        // SAFETY: the mapping is new and ours, and lives until `remove`.
        unsafe {
            let base = stack.mapping.add(guard_bytes);
            mapping::protect(base, SIGNAL_STACK_BYTES, Access::ReadWrite)?;
            let mut new: libc::stack_t = mem::zeroed();
            new.ss_sp = base.cast();
            new.ss_size = SIGNAL_STACK_BYTES;
            if libc::sigaltstack(&new, ptr::null_mut()) != 0 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(Some(stack))
    }

    fn current() -> libc::stack_t {
        let mut current = MaybeUninit::<libc::stack_t>::zeroed();
        // SAFETY: asks only; all zeros is a valid `stack_t` even if it were not filled in.
        unsafe {
            libc::sigaltstack(ptr::null(), current.as_mut_ptr());
            current.assume_init()
        }
    }

    /// Takes the stack away from the thread and unmaps it. What was there before is not put back: its owner may have freed it.
    fn remove(self) {
        let current = SignalStack::current();
        let range = self.mapping.addr()..self.mapping.addr() + self.mapping_bytes;
        let installed =
            current.ss_flags & libc::SS_DISABLE == 0 && range.contains(&current.ss_sp.addr());
        // SAFETY: disabling a signal stack has no preconditions; the mapping is ours, and the system no longer knows it.
        unsafe {
            let mut disable: libc::stack_t = mem::zeroed();
            disable.ss_flags = libc::SS_DISABLE;
            let removed = !installed || libc::sigaltstack(&disable, ptr::null_mut()) == 0;
            // The thread ends inside of a signal handler: then it still stands on this stack, which is left alone.
            if removed {
                let _ = mapping::unmap(self.mapping, self.mapping_bytes);
            }
        }
    }
}
