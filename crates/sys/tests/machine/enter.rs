//! Entering compiled code, and coming back from it in every way.

use crate::programs::{
    ADD, CALL_HOST, DIVIDE, DIVIDE_AT, HostCall, LOAD, LOAD_AT, PUSH_LOOP, Program, RECURSE,
    THREE_FRAMES, THREE_FRAMES_PCS, UD2, scratch_file, stack,
};
use std::arch::asm;
use wharf_sys::{
    FAULT_TRACE_FRAMES_MAX, Fault, FaultKind, Image, Reservation, entry_fp, fault_trace,
    init_thread, page_bytes, raise, stack_pointer, walk_frames,
};

fn kind(outcome: Result<(), Fault>) -> FaultKind {
    outcome.expect_err("the program should have faulted").kind
}

#[test]
fn returns_and_has_written_its_results() {
    let (program, stack) = (Program::new(ADD), stack());
    let mut args = [40u64, 2];
    assert_eq!(program.run(Some(&stack), &mut args), Ok(()));
    assert_eq!(program.run(None, &mut args), Ok(()));
    assert_eq!(args, [44, 2]);
    assert_eq!(entry_fp(), None);
}

#[test]
fn illegal_instruction() {
    init_thread();
    let (program, stack) = (Program::new(UD2), stack());
    let fault = program.run(Some(&stack), &mut ()).unwrap_err();
    assert_eq!(fault.kind, FaultKind::IllegalInstruction);
    assert_eq!(fault.pc, program.at(0));
    assert_eq!(
        fault.sp,
        stack.top().addr() - 8,
        "only the return address is there"
    );
    assert_eq!(fault_trace().pcs(), [program.at(0)]);
}

#[test]
fn wild_accesses_tell_the_address() {
    init_thread();
    let (program, stack) = (Program::new(LOAD), stack());
    let reservation = Reservation::new(1 << 32).unwrap();
    for address in [0, 1, 4096, reservation.as_ptr().addr() + 12345] {
        let fault = program.run(Some(&stack), &mut { address }).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Memory { address });
        assert_eq!(fault.pc, program.at(LOAD_AT));
    }
    // Not canonical: the processor does not tell which.
    let fault = program
        .run(Some(&stack), &mut { 1usize << 63 })
        .unwrap_err();
    assert_eq!(fault.kind, FaultKind::Memory { address: 0 });
}

#[test]
fn a_file_that_shrinks_faults() {
    init_thread();
    let file = scratch_file("shrinks");
    file.set_len(page_bytes() as u64).unwrap();
    let image = Image::from_file(file.try_clone().unwrap(), 0, page_bytes()).unwrap();
    let reservation = Reservation::new(page_bytes()).unwrap();
    // SAFETY: nobody else uses the reservation.
    unsafe { reservation.map_image(0, &image).unwrap() };
    file.set_len(0).unwrap();
    let address = reservation.as_ptr().addr();
    let outcome = Program::new(LOAD).run(Some(&stack()), &mut { address });
    assert_eq!(kind(outcome), FaultKind::Memory { address });
}

#[test]
fn division() {
    init_thread();
    let (program, stack) = (Program::new(DIVIDE), stack());
    let fault = program.run(Some(&stack), &mut ()).unwrap_err();
    assert_eq!(
        (fault.kind, fault.pc),
        (FaultKind::Arithmetic, program.at(DIVIDE_AT))
    );
}

#[test]
fn exhausted_stack_hits_the_guard() {
    init_thread();
    let stack = stack();
    for code in [PUSH_LOOP, RECURSE] {
        for _ in 0..3 {
            match kind(Program::new(code).run(Some(&stack), &mut ())) {
                FaultKind::Memory { address } => assert!(stack.guard().contains(&address)),
                other => panic!("{other}"),
            }
        }
    }
    // Each frame of the last one is 16 bytes.
    let trace = fault_trace();
    assert_eq!(trace.pcs().len(), FAULT_TRACE_FRAMES_MAX);
    let frames = (stack.top().addr() - stack.bottom().addr()) / 16;
    assert!(
        trace.total().abs_diff(frames) <= 2,
        "{} of {frames}",
        trace.total()
    );
}

/// Runs a program that destroys all registers and faults; its argument is the address in `r12` of the caller's choice.
extern "C" fn destroy_registers() -> u64 {
    let outcome = Program::new(LOAD).run(Some(&stack()), &mut { 0usize });
    u64::from(outcome.is_err())
}

#[test]
fn a_fault_keeps_the_registers_of_the_host() {
    init_thread();
    let (faulted, rbx, r12, r13, r14): (u64, u64, u64, u64, u64);
    // SAFETY: an ordinary call, with rbx kept in r15, which the callee keeps in turn.
    unsafe {
        asm!(
            "mov r15, rbx",
            "mov rbx, 11",
            "call {function}",
            "xchg r15, rbx",
            function = sym destroy_registers,
            out("rax") faulted,
            out("r15") rbx,
            inout("r12") 12u64 => r12,
            inout("r13") 13u64 => r13,
            inout("r14") 14u64 => r14,
            clobber_abi("C"),
        );
    }
    assert_eq!((faulted, rbx, r12, r13, r14), (1, 11, 12, 13, 14));
}

#[test]
fn frames_of_a_fault_are_kept() {
    init_thread();
    let (program, stack) = (Program::new(THREE_FRAMES), stack());
    let expected = THREE_FRAMES_PCS.map(|offset| program.at(offset));
    for stack in [Some(&stack), None] {
        let fault = program.run(stack, &mut ()).unwrap_err();
        assert_eq!(fault.pc, expected[0]);
        let trace = fault_trace();
        assert_eq!((trace.pcs(), trace.total()), (&expected[..], 3));
    }
}

#[test]
fn frames_on_a_stack_of_their_own_can_be_walked_afterwards() {
    init_thread();
    let (program, stack) = (Program::new(THREE_FRAMES), stack());
    let fault = program.run(Some(&stack), &mut ()).unwrap_err();
    let walk = |limit: usize| {
        let mut pcs = Vec::new();
        // SAFETY: the stack is readable.
        unsafe {
            let range = stack.bottom().addr()..stack.top().addr();
            walk_frames(fault.pc, fault.fp, range, &mut |pc, _fp| {
                pcs.push(pc);
                pcs.len() < limit
            });
        }
        pcs
    };
    let expected = THREE_FRAMES_PCS.map(|offset| program.at(offset));
    assert_eq!(walk(100), expected);
    assert_eq!(walk(2), expected[..2]);
}

#[test]
fn damaged_frame_chains_end_the_walk() {
    fn count(stack: &[usize], first: usize) -> usize {
        let mut n = 0;
        let start = stack.as_ptr().addr();
        // SAFETY: the range is the slice.
        unsafe {
            walk_frames(1, first, start..start + size_of_val(stack), &mut |_, _| {
                (n += 1, n < 100).1
            })
        }
        n
    }
    let mut stack = [0usize; 16];
    let start = stack.as_ptr().addr();
    stack[0] = start + 32;
    stack[4] = start;
    assert_eq!(count(&stack, start), 3, "backwards");
    stack[4] = start + 32;
    assert_eq!(count(&stack, start), 3, "itself");
    stack[4] = start + 65;
    assert_eq!(count(&stack, start), 3, "not aligned");
    stack[4] = start + 120;
    assert_eq!(count(&stack, start), 3, "half outside");
    stack[4] = usize::MAX - 7;
    assert_eq!(count(&stack, start), 2, "far outside");
    assert_eq!(count(&stack, usize::MAX - 7), 1);
    assert_eq!(count(&stack, 0), 1);
}

extern "C" fn enter_again(call: &mut HostCall) {
    call.outcome = Some(call.program.run(None, &mut ()));
}

#[test]
fn an_inner_fault_ends_the_inner_entry_only() {
    init_thread();
    let (outer, stack) = (Program::new(CALL_HOST), stack());
    for (code, expected) in [
        (UD2, FaultKind::IllegalInstruction),
        (DIVIDE, FaultKind::Arithmetic),
    ] {
        let program = &Program::new(code);
        let mut call = HostCall {
            function: enter_again,
            program,
            outcome: None,
        };
        assert_eq!(outer.run(Some(&stack), &mut call), Ok(()));
        assert_eq!(kind(call.outcome.unwrap()), expected);
    }
    assert_eq!(
        kind(Program::new(UD2).run(Some(&stack), &mut ())),
        FaultKind::IllegalInstruction
    );
}

#[test]
fn an_inner_entry_can_exhaust_the_stack() {
    init_thread();
    let (outer, stack) = (Program::new(CALL_HOST), stack());
    let program = &Program::new(RECURSE);
    let mut call = HostCall {
        function: enter_again,
        program,
        outcome: None,
    };
    assert_eq!(outer.run(Some(&stack), &mut call), Ok(()));
    match kind(call.outcome.unwrap()) {
        FaultKind::Memory { address } => assert!(stack.guard().contains(&address)),
        other => panic!("{other}"),
    }
}

const GIVEN_UP: Fault = Fault {
    pc: 1,
    fp: 2,
    sp: 3,
    kind: FaultKind::Raised,
};

extern "C" fn give_up(_call: &mut HostCall) {
    // SAFETY: no frame up to the compiled code has anything to drop.
    unsafe { raise(GIVEN_UP) }
}

#[test]
fn the_host_can_give_up() {
    let (program, stack) = (Program::new(CALL_HOST), stack());
    let mut call = HostCall {
        function: give_up,
        program: &program,
        outcome: None,
    };
    for stack in [Some(&stack), None] {
        assert_eq!(program.run(stack, &mut call), Err(GIVEN_UP));
    }
}

#[test]
#[should_panic = "outside of any entry"]
fn giving_up_outside_is_a_bug() {
    // SAFETY: panics.
    unsafe { raise(GIVEN_UP) }
}

/// Tells where it is, and the frame pointer at which the frames of the entry end.
extern "C" fn look_around(call: &mut HostCall) {
    call.outcome = Some(Err(Fault {
        fp: entry_fp().unwrap(),
        sp: stack_pointer(),
        ..GIVEN_UP
    }));
}

#[test]
fn the_end_of_the_frames_is_known() {
    let (program, stack) = (Program::new(CALL_HOST), stack());
    let mut call = HostCall {
        function: look_around,
        program: &program,
        outcome: None,
    };
    assert_eq!(program.run(Some(&stack), &mut call), Ok(()));
    let Fault { fp: end, sp, .. } = call.outcome.take().unwrap().unwrap_err();
    assert!(stack.contains(sp) && !stack.is_current());
    // The program's own frame is still on its stack: below the return address it saved the frame pointer of its caller.
    // SAFETY: the stack is mapped and nothing runs on it.
    let saved = unsafe { stack.top().cast::<usize>().sub(2).read() };
    assert_eq!(end, saved);
    assert_eq!(entry_fp(), None);
}

#[test]
fn faults_in_many_threads_at_once() {
    let programs = [UD2, DIVIDE, LOAD, RECURSE].map(Program::new);
    std::thread::scope(|scope| {
        for first in 0..8 {
            let programs = &programs;
            scope.spawn(move || {
                init_thread();
                let stack = stack();
                for round in 0..500 {
                    let which = (first + round) % 4;
                    let outcome = programs[which].run(Some(&stack), &mut { 64usize });
                    match (which, kind(outcome)) {
                        (0, FaultKind::IllegalInstruction) | (1, FaultKind::Arithmetic) => {}
                        (2, FaultKind::Memory { address: 64 }) => {}
                        (3, FaultKind::Memory { address }) if stack.guard().contains(&address) => {}
                        (_, other) => panic!("{which}: {other}"),
                    }
                }
            });
        }
    });
}

#[test]
fn a_thread_that_was_not_prepared_survives_ordinary_faults() {
    init_thread();
    let program = Program::new(UD2);
    let run = || kind(program.run(Some(&stack()), &mut ()));
    let outcome = std::thread::scope(|scope| scope.spawn(run).join().unwrap());
    assert_eq!(outcome, FaultKind::IllegalInstruction);
}

#[test]
fn threads_that_end_leave_nothing_behind() {
    let mappings = || {
        std::fs::read_to_string("/proc/self/maps")
            .unwrap()
            .lines()
            .count()
    };
    let program = Program::new(RECURSE);
    let before = mappings();
    for _ in 0..300 {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                init_thread();
                kind(program.run(Some(&stack()), &mut ()))
            });
        });
    }
    assert!(mappings() < before + 150, "signal stacks are unmapped");
}
