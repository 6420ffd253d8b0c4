//! Stopping a thread from another one.

use crate::programs::{ADD, CALL_HOST, HostCall, Program, SET_AND_SPIN, SPIN, stack};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use wharf_sys::{Fault, FaultKind, ThreadHandle, init_thread, set_interrupt_filter};

/// Interrupts until `done`.
fn interrupt_until(handle: &ThreadHandle, done: impl Fn() -> bool) {
    while !done() {
        handle.interrupt();
        thread::yield_now();
    }
}

/// Runs `work` on a thread and interrupts that thread until it ends.
fn interrupted<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        let worker = scope.spawn(move || {
            send.send(ThreadHandle::current()).unwrap();
            work()
        });
        interrupt_until(&receive.recv().unwrap(), || worker.is_finished());
        worker.join().unwrap()
    })
}

#[test]
fn an_endless_loop_is_stopped() {
    let program = Program::new(SPIN);
    for _ in 0..20 {
        let fault = interrupted(|| program.run(Some(&stack()), &mut ())).unwrap_err();
        assert_eq!(
            (fault.kind, fault.pc),
            (FaultKind::Interrupt, program.at(0))
        );
    }
}

extern "C" fn spin_inside(call: &mut HostCall) {
    call.outcome = Some(call.program.run(None, &mut ()));
}

#[test]
fn the_innermost_loop_is_stopped() {
    let (outer, inner) = (Program::new(CALL_HOST), Program::new(SPIN));
    let (outer_outcome, inner_outcome) = interrupted(|| {
        // An interrupt may also stop the outer one on its way in; then it starts over.
        loop {
            let mut call = HostCall {
                function: spin_inside,
                program: &inner,
                outcome: None,
            };
            let outcome = outer.run(Some(&stack()), &mut call);
            if let Some(inner_outcome) = call.outcome {
                return (outcome, inner_outcome);
            }
        }
    });
    let stopped =
        |outcome: Result<(), Fault>| outcome.is_err_and(|fault| fault.kind == FaultKind::Interrupt);
    assert!(stopped(inner_outcome));
    // The outer one goes on, unless a later interrupt stopped it on its way out.
    assert!(outer_outcome.is_ok() || stopped(outer_outcome));
}

#[test]
fn a_blocking_call_is_interrupted() {
    let outcome = interrupted(|| {
        let mut pipe = [0; 2];
        // SAFETY: plain system calls with buffers of the right sizes.
        unsafe {
            assert_eq!(libc::pipe(pipe.as_mut_ptr()), 0);
            let outcome = libc::read(pipe[0], (&raw mut pipe).cast(), 1);
            let error = io::Error::last_os_error();
            libc::close(pipe[0]);
            libc::close(pipe[1]);
            (outcome, error.kind())
        }
    });
    assert_eq!(outcome, (-1, io::ErrorKind::Interrupted));
}

#[test]
fn a_thread_that_has_ended_is_left_alone() {
    let handle = thread::spawn(ThreadHandle::current).join().unwrap();
    for _ in 0..100 {
        handle.interrupt();
    }
    assert!(!handle.is_current());
    assert!(ThreadHandle::current().is_current());
}

#[test]
fn a_thread_can_interrupt_itself_in_vain() {
    init_thread();
    ThreadHandle::current().interrupt();
    let mut args = [1u64, 2];
    assert_eq!(Program::new(ADD).run(Some(&stack()), &mut args), Ok(()));
    assert_eq!(args[0], 3);
}

/// `vmctx` is null, or says itself whether to stop.
unsafe extern "C" fn filter(vmctx: *mut u8) -> bool {
    // SAFETY: all tests of this binary give null or an `AtomicBool`.
    vmctx.is_null() || unsafe { (*vmctx.cast::<AtomicBool>()).load(Ordering::Acquire) }
}

#[test]
fn the_filter_decides() {
    // SAFETY: see `filter`.
    unsafe { set_interrupt_filter(filter) };
    let program = Program::new(SET_AND_SPIN);
    let (stop, started) = (AtomicBool::new(false), AtomicU64::new(0));
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        let worker = scope.spawn(|| {
            send.send(ThreadHandle::current()).unwrap();
            let mut started = &started;
            let started: &mut &AtomicU64 = &mut started;
            // The program's argument is the atomic itself.
            let args = (*started).as_ptr();
            // SAFETY: the program writes one aligned word, which others read atomically.
            program.run_with(
                Some(&stack()),
                (&raw const stop).cast_mut().cast(),
                unsafe { &mut *args },
            )
        });
        let handle = receive.recv().unwrap();
        while started.load(Ordering::Acquire) == 0 {
            thread::yield_now();
        }
        for _ in 0..1000 {
            handle.interrupt();
        }
        assert!(!worker.is_finished());
        stop.store(true, Ordering::Release);
        interrupt_until(&handle, || worker.is_finished());
        assert_eq!(
            worker.join().unwrap().unwrap_err().kind,
            FaultKind::Interrupt
        );
    });
}

extern "C" fn count(call: &mut HostCall) {
    call.outcome = Some(Ok(()));
}

#[test]
fn a_storm_of_interrupts_breaks_nothing() {
    let program = Program::new(CALL_HOST);
    let stopped = AtomicUsize::new(0);
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        let worker = scope.spawn(|| {
            send.send(ThreadHandle::current()).unwrap();
            let stack = stack();
            for _ in 0..200_000 {
                let mut call = HostCall {
                    function: count,
                    program: &program,
                    outcome: None,
                };
                match program.run(Some(&stack), &mut call) {
                    Ok(()) => assert_eq!(call.outcome, Some(Ok(()))),
                    Err(fault) => {
                        assert_eq!(fault.kind, FaultKind::Interrupt);
                        assert!(program.block.range().contains(&fault.pc));
                        stopped.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        });
        let handle = receive.recv().unwrap();
        interrupt_until(&handle, || worker.is_finished());
        worker.join().unwrap();
    });
}
