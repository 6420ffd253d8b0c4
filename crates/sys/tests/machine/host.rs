//! Living together with the host's own signal handlers. Each case ends its process or changes its handlers, so it runs in a
//! process of its own: this test binary again, with the case's name in the environment.

use crate::programs::{Program, SET_AND_SPIN, SPIN, UD2, stack};
use libc::{c_int, c_void, siginfo_t};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::{env, hint, mem, process, ptr, thread};
use wharf_sys::{FaultKind, ThreadHandle, init_thread};

const CASE: &str = "WHARF_SYS_TEST_CASE";

/// An address that no host code may touch.
const WILD: usize = 0x1230;

fn run_child(case: &str) -> Output {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([
        "--exact",
        "host::child",
        "--ignored",
        "--nocapture",
        "--test-threads=1",
    ]);
    command.env(CASE, case).output().unwrap()
}

fn check_exit(case: &str, code: i32) {
    let output = run_child(case);
    assert_eq!(output.status.code(), Some(code), "{case}: {output:?}");
}

fn check_signal(case: &str, signal: c_int, message: &str) {
    let output = run_child(case);
    assert_eq!(output.status.signal(), Some(signal), "{case}: {output:?}");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains(message), "{case}: {errors}");
}

#[test]
fn stack_overflow_of_the_host_is_still_reported() {
    check_signal("overflow", libc::SIGABRT, "has overflowed its stack");
}

#[test]
fn stack_overflow_of_a_host_function_called_by_us_ends_the_process() {
    check_signal("overflow-inside", libc::SIGSEGV, "");
}

#[test]
fn a_handler_with_information_is_called() {
    check_exit("information", 42);
}

#[test]
fn a_plain_handler_is_called() {
    check_exit("plain", 43);
}

#[test]
fn the_default_ends_the_process() {
    check_signal("default", libc::SIGSEGV, "");
}

#[test]
fn a_fault_cannot_be_ignored() {
    check_signal("ignored-fault", libc::SIGSEGV, "");
}

#[test]
fn a_signal_that_was_sent_can_be_ignored() {
    check_exit("ignored-signal", 44);
}

#[test]
fn a_signal_that_was_sent_is_not_a_fault() {
    check_signal("sent", libc::SIGSEGV, "");
}

#[test]
fn an_interrupt_signal_that_is_not_ours_goes_to_its_handler() {
    check_exit("foreign", 45);
}

#[test]
#[ignore = "the other tests start it in processes of their own"]
fn child() {
    match env::var(CASE).as_deref() {
        Ok("overflow") => overflow(),
        Ok("overflow-inside") => overflow_inside(),
        Ok("information") => {
            install(
                libc::SIGSEGV,
                on_fault_informed as *const () as usize,
                libc::SA_SIGINFO,
            );
            fault_in_guest_then_host()
        }
        Ok("plain") => {
            install(libc::SIGSEGV, on_fault_plain as *const () as usize, 0);
            fault_in_guest_then_host()
        }
        Ok("default") => {
            install(libc::SIGSEGV, libc::SIG_DFL, 0);
            fault_in_guest_then_host()
        }
        Ok("ignored-fault") => {
            install(libc::SIGSEGV, libc::SIG_IGN, 0);
            fault_in_guest_then_host()
        }
        Ok("ignored-signal") => {
            install(libc::SIGSEGV, libc::SIG_IGN, 0);
            init_thread();
            // SAFETY: ignored.
            unsafe { libc::raise(libc::SIGSEGV) };
            check_guest_faults();
            process::exit(44)
        }
        Ok("sent") => sent(),
        Ok("foreign") => foreign(),
        case => panic!("no such case: {case:?}"),
    }
}

fn install(signal: c_int, handler: usize, flags: c_int) {
    // SAFETY: all zeros is a valid `sigaction`; the handlers below are of the types that the flags say.
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = handler;
        action.sa_flags = flags;
        assert_eq!(libc::sigaction(signal, &action, ptr::null_mut()), 0);
    }
}

fn check_guest_faults() {
    let outcome = Program::new(UD2).run(Some(&stack()), &mut ());
    assert_eq!(outcome.unwrap_err().kind, FaultKind::IllegalInstruction);
}

fn fault_in_guest_then_host() {
    init_thread();
    check_guest_faults();
    // SAFETY: none: this must fault.
    unsafe { ptr::with_exposed_provenance::<u8>(hint::black_box(WILD)).read_volatile() };
    process::exit(1)
}

unsafe extern "C" fn on_fault_informed(signal: c_int, info: *mut siginfo_t, _: *mut c_void) {
    // SAFETY: the kernel's arguments, passed on. The mask is readable at any time.
    let (right, blocked) = unsafe {
        let mut mask: libc::sigset_t = mem::zeroed();
        libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), &mut mask);
        let right = signal == libc::SIGSEGV && (*info).si_addr() as usize == WILD;
        (right, libc::sigismember(&mask, signal) == 1)
    };
    // SAFETY: ends the process.
    unsafe { libc::_exit(if right && blocked { 42 } else { 2 }) }
}

unsafe extern "C" fn on_fault_plain(signal: c_int) {
    // SAFETY: ends the process.
    unsafe { libc::_exit(if signal == libc::SIGSEGV { 43 } else { 2 }) }
}

#[expect(unconditional_recursion, reason = "the stack must overflow")]
fn recurse(depth: usize) -> usize {
    let local = hint::black_box([depth; 100]);
    recurse(depth + 1) + local[depth % 100]
}

fn overflow() {
    let worker = thread::spawn(|| {
        init_thread();
        check_guest_faults();
        recurse(0)
    });
    let _ = worker.join();
}

fn overflow_inside() {
    use crate::programs::{CALL_HOST, HostCall};
    extern "C" fn function(_: &mut HostCall) {
        hint::black_box(recurse(0));
    }
    init_thread();
    let program = &Program::new(CALL_HOST);
    let mut call = HostCall {
        function,
        program,
        outcome: None,
    };
    let _ = program.run(Some(&stack()), &mut call);
    process::exit(1)
}

/// Starts a thread that spins in compiled code, and gives its identity once it does.
fn spin_elsewhere() -> (thread::JoinHandle<FaultKind>, libc::pthread_t, ThreadHandle) {
    static STARTED: AtomicU64 = AtomicU64::new(0);
    static THREAD: AtomicU64 = AtomicU64::new(0);
    let (send, receive) = std::sync::mpsc::channel();
    let worker = thread::spawn(move || {
        send.send(ThreadHandle::current()).unwrap();
        // SAFETY: has no preconditions.
        THREAD.store(unsafe { libc::pthread_self() }, Ordering::Release);
        // SAFETY: the program writes one aligned word, which others read atomically.
        let args = unsafe { &mut *STARTED.as_ptr() };
        let outcome = Program::new(SET_AND_SPIN).run(Some(&stack()), args);
        outcome.unwrap_err().kind
    });
    while STARTED.load(Ordering::Acquire) == 0 {
        thread::yield_now();
    }
    (
        worker,
        THREAD.load(Ordering::Acquire),
        receive.recv().unwrap(),
    )
}

fn sent() {
    install(libc::SIGSEGV, libc::SIG_DFL, 0);
    let (worker, thread, _) = spin_elsewhere();
    // SAFETY: the thread spins.
    unsafe { libc::pthread_kill(thread, libc::SIGSEGV) };
    let _ = worker.join();
    process::exit(1)
}

fn foreign() {
    static SEEN: AtomicUsize = AtomicUsize::new(0);
    unsafe extern "C" fn on_urgent(_: c_int) {
        SEEN.fetch_add(1, Ordering::AcqRel);
    }
    install(libc::SIGURG, on_urgent as *const () as usize, 0);
    let (worker, thread, handle) = spin_elsewhere();
    // SAFETY: the thread spins.
    unsafe { libc::pthread_kill(thread, libc::SIGURG) };
    while SEEN.load(Ordering::Acquire) == 0 {
        thread::yield_now();
    }
    assert!(!worker.is_finished());
    while !worker.is_finished() {
        handle.interrupt();
        thread::yield_now();
    }
    assert_eq!(worker.join().unwrap(), FaultKind::Interrupt);
    assert!(!SPIN.is_empty());
    process::exit(45)
}
