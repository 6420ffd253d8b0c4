//! Entering code with arguments in registers: each is where it belongs, results come back, and so does whoever enters code that
//! destroys what it should have kept.

use crate::programs::stack;
use wharf_sys::{
    CodeBlock, CodeMemory, Fault, FaultKind, Registers, Returned, Stack, enter_in_registers,
    fault_trace, init_thread,
};

/// `push rbp; mov rbp, rsp; lea rax, [rdi + 2*rsi]; lea rax, [rax + 4*rdx]; add rax, rcx; add rax, r8; add rax, r9;
/// addsd xmm0, xmm1..xmm7; pop rbp; ret`
const SUM: &[u8] = &[
    0x55, 0x48, 0x89, 0xe5, 0x48, 0x8d, 0x04, 0x77, 0x48, 0x8d, 0x04, 0x90, 0x48, 0x01, 0xc8, 0x4c,
    0x01, 0xc0, 0x4c, 0x01, 0xc8, 0xf2, 0x0f, 0x58, 0xc1, 0xf2, 0x0f, 0x58, 0xc2, 0xf2, 0x0f, 0x58,
    0xc3, 0xf2, 0x0f, 0x58, 0xc4, 0xf2, 0x0f, 0x58, 0xc5, 0xf2, 0x0f, 0x58, 0xc6, 0xf2, 0x0f, 0x58,
    0xc7, 0x5d, 0xc3,
];

/// `push rbp; mov rbp, rsp; xor ebx, ebx; xor r12d, r12d; xor r13d, r13d; xor r14d, r14d; xor r15d, r15d; ud2`
const DESTROY: &[u8] = &[
    0x55, 0x48, 0x89, 0xe5, 0x31, 0xdb, 0x45, 0x31, 0xe4, 0x45, 0x31, 0xed, 0x45, 0x31, 0xf6, 0x45,
    0x31, 0xff, 0x0f, 0x0b,
];

/// Where in [`DESTROY`] the fault is.
const DESTROY_AT: usize = 18;

fn block(code: &[u8]) -> CodeBlock {
    CodeMemory::new(1 << 20).unwrap().publish(code).unwrap()
}

fn run<const FEW: bool>(
    block: &CodeBlock,
    stack: Option<&Stack>,
    first: usize,
    arguments: Registers,
) -> Result<Returned, Fault> {
    init_thread();
    let top = stack.map_or(std::ptr::null_mut(), Stack::top);
    // SAFETY: the programs above keep to the convention or fault, and use no more stack than there is.
    unsafe {
        enter_in_registers::<FEW>(
            top,
            block.range(),
            block.as_ptr(),
            first as *mut u8,
            arguments,
        )
    }
}

const ARGUMENTS: Registers = Registers {
    integers: [10, 100, 1000, 10_000, 100_000],
    floats: [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0],
};

#[test]
fn arguments_are_where_they_belong() {
    let (block, stack) = (block(SUM), stack());
    for stack in [Some(&stack), None] {
        let returned = run::<false>(&block, stack, 1, ARGUMENTS).unwrap();
        assert_eq!(returned.integer, 1 + 20 + 400 + 111_000);
        assert_eq!(returned.float, 127.5);
    }
}

/// `lea rax, [rdi + 2*rsi]; lea rax, [rax + 4*rdx]; ret`
const SUM_FEW: &[u8] = &[0x48, 0x8d, 0x04, 0x77, 0x48, 0x8d, 0x04, 0x90, 0xc3];

#[test]
fn few_arguments_are_where_they_belong() {
    let (block, stack) = (block(SUM_FEW), stack());
    for stack in [Some(&stack), None] {
        let returned = run::<true>(&block, stack, 1, ARGUMENTS).unwrap();
        assert_eq!(returned.integer, 1 + 20 + 400);
    }
}

#[test]
fn registers_survive_a_fault() {
    let (block, stack) = (block(DESTROY), stack());
    for stack in [Some(&stack), None] {
        // More values than there are registers that a function keeps, all needed afterwards.
        let before: [u64; 8] = std::array::from_fn(|at| std::hint::black_box(at as u64 + 1));
        let [a, b, c, d, e, f, g, h] = before;
        for fault in [
            run::<true>(&block, stack, 1, ARGUMENTS).unwrap_err(),
            run::<false>(&block, stack, 1, ARGUMENTS).unwrap_err(),
        ] {
            assert_eq!(fault.kind, FaultKind::IllegalInstruction);
            assert_eq!(fault.pc, block.range().start + DESTROY_AT);
            assert_eq!(fault_trace().pcs(), [fault.pc]);
        }
        assert_eq!([a, b, c, d, e, f, g, h], [1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
