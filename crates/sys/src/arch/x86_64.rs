//! x86-64, System V convention: the stack switch and the landing pad. Apart because both must agree on one stack frame.
//!
//! ```text
//!   return address   <- rsp on entry of `switch`
//!   rbp of the host  <- rbp of `switch`: the frame pointer at which a walk through compiled frames ends
//!   rbx r12 r13 r14 r15
//!   (padding)        <- Activation::saved_sp, 16-aligned
//! ```
//! A callee that returns has kept rbx, rbp and r12 to r15, so coming back normally only needs rbp. A callee that is abandoned
//! has kept nothing, so the landing pad reloads all of them from the frame.
//!
//! `switch_in_registers` makes the same frame where it is inlined; there the return address is that of the code behind it.

use crate::activation::{Activation, EntryFn, Registers, Returned};
use std::arch::{asm, naked_asm};
use std::mem::offset_of;

/// From `Activation::saved_sp` up to the frame pointer of `switch`.
pub const SAVED_SP_TO_FP_BYTES: usize = 48;

/// Calls `entry(code, vmctx, args)` on `stack_top`, or on the current stack if that is null. Returns 0 if the callee returned and
/// 1 if it was abandoned, in which case the fault is in the activation.
///
/// # Safety
/// `activation` is the thread's current one; the rest as for [`enter`](crate::enter).
#[unsafe(naked)]
pub unsafe extern "C" fn switch(
    activation: *mut Activation,
    stack_top: *mut u8,
    entry: EntryFn,
    code: *const u8,
    vmctx: *mut u8,
    args: *mut u8,
) -> usize {
    naked_asm!(
        ".cfi_startproc",
        "push rbp",
        ".cfi_def_cfa_offset 16",
        ".cfi_offset rbp, -16",
        "mov rbp, rsp",
        ".cfi_def_cfa_register rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, 8",
        ".cfi_offset rbx, -24",
        ".cfi_offset r12, -32",
        ".cfi_offset r13, -40",
        ".cfi_offset r14, -48",
        ".cfi_offset r15, -56",
        "mov [rdi + {saved_sp}], rsp",
        "test rsi, rsi",
        "cmovz rsi, rsp",
        "mov rsp, rsi",
        "mov [rdi + {stack_end}], rsi",
        "mov rax, rdx",
        "mov rdi, rcx",
        "mov rsi, r8",
        "mov rdx, r9",
        "call rax",
        "xor eax, eax",
        "mov rsp, rbp",
        "pop rbp",
        ".cfi_def_cfa rsp, 8",
        "ret",
        ".cfi_endproc",
        saved_sp = const offset_of!(Activation, saved_sp),
        stack_end = const offset_of!(Activation, stack_end),
    )
}

/// Calls `code` on `stack_top`, or on the current stack if that is null, with the arguments in registers: `vmctx` in the first one
/// for integers. Gives what it left in the registers for results, and whether it was abandoned: then the fault is in the activation.
///
/// # Safety
/// As for [`switch`] and [`enter_in_registers`](crate::enter_in_registers).
#[inline(always)]
pub unsafe fn switch_in_registers(
    activation: *mut Activation,
    stack_top: *mut u8,
    code: *const u8,
    vmctx: *mut u8,
    arguments: Registers,
) -> (Returned, bool) {
    let integers = arguments.integers;
    let floats = arguments.floats;
    let (integer, float, abandoned): (u64, f64, u64);
    // Operands take all registers but a few for arguments; who takes r12 to r15 away from the code around is the landing pad, which
    // puts them back.
    // SAFETY: the caller's promise. The stack pointer comes back to where it was, on both ways.
    unsafe {
        asm!(
            "lea r10, [rip + 2f]",
            "push r10",
            "push rbp",
            "mov rbp, rsp",
            "push rbx",
            "push r12",
            "push r13",
            "push r14",
            "push r15",
            "sub rsp, 8",
            "mov [rax + {saved_sp}], rsp",
            "test r11, r11",
            "cmovz r11, rsp",
            "mov rsp, r11",
            "mov [rax + {stack_end}], r11",
            "call r12",
            "mov rsp, rbp",
            "pop rbp",
            "add rsp, 8",
            "xor ecx, ecx",
            "jmp 3f",
            // What the landing pad returns to.
            "2:",
            "mov ecx, 1",
            "3:",
            saved_sp = const offset_of!(Activation, saved_sp),
            stack_end = const offset_of!(Activation, stack_end),
            in("r12") code,
            in("r11") stack_top,
            in("rdi") vmctx,
            in("rsi") integers[0],
            in("rdx") integers[1],
            inlateout("rcx") integers[2] => abandoned,
            in("r8") integers[3],
            in("r9") integers[4],
            inlateout("xmm0") floats[0] => float,
            in("xmm1") floats[1],
            in("xmm2") floats[2],
            in("xmm3") floats[3],
            in("xmm4") floats[4],
            in("xmm5") floats[5],
            in("xmm6") floats[6],
            in("xmm7") floats[7],
            inlateout("rax") activation => integer,
            clobber_abi("sysv64"),
        );
    }
    (Returned { integer, float }, abandoned != 0)
}

/// As [`switch_in_registers`], for arguments of which at most two are integers and none floats: others need not be made.
///
/// # Safety
/// As for it.
#[inline(always)]
pub unsafe fn switch_in_few_registers(
    activation: *mut Activation,
    stack_top: *mut u8,
    code: *const u8,
    vmctx: *mut u8,
    integers: [u64; 2],
) -> (Returned, bool) {
    let (integer, float, abandoned): (u64, f64, u64);
    // SAFETY: as in `switch_in_registers`.
    unsafe {
        asm!(
            "lea r10, [rip + 2f]",
            "push r10",
            "push rbp",
            "mov rbp, rsp",
            "push rbx",
            "push r12",
            "push r13",
            "push r14",
            "push r15",
            "sub rsp, 8",
            "mov [rax + {saved_sp}], rsp",
            "test r11, r11",
            "cmovz r11, rsp",
            "mov rsp, r11",
            "mov [rax + {stack_end}], r11",
            "call r9",
            "mov rsp, rbp",
            "pop rbp",
            "add rsp, 8",
            "xor ecx, ecx",
            "jmp 3f",
            "2:",
            "mov ecx, 1",
            "3:",
            saved_sp = const offset_of!(Activation, saved_sp),
            stack_end = const offset_of!(Activation, stack_end),
            in("r9") code,
            in("r11") stack_top,
            in("rdi") vmctx,
            in("rsi") integers[0],
            in("rdx") integers[1],
            lateout("rcx") abandoned,
            lateout("xmm0") float,
            inlateout("rax") activation => integer,
            clobber_abi("sysv64"),
        );
    }
    (Returned { integer, float }, abandoned != 0)
}

/// Returns from `switch` with 1. Reached only by having its address put into the program counter while the stack pointer is an
/// `Activation::saved_sp` and the frame pointer is [`SAVED_SP_TO_FP_BYTES`] above it.
#[unsafe(naked)]
pub unsafe extern "C" fn landing_pad() {
    naked_asm!(
        ".cfi_startproc",
        ".cfi_def_cfa rsp, 64",
        "cld",
        "add rsp, 8",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        ".cfi_def_cfa rsp, 8",
        "mov eax, 1",
        "ret",
        ".cfi_endproc",
    )
}

/// Abandons everything below `saved_sp` and goes to the landing pad.
///
/// # Safety
/// `saved_sp` was left by a `switch` of this thread that has not returned.
#[unsafe(naked)]
pub unsafe extern "C" fn land(saved_sp: *mut u8) -> ! {
    naked_asm!(
        "mov rsp, rdi",
        "jmp {landing_pad}",
        landing_pad = sym landing_pad,
    )
}

/// The stack pointer, more or less: that of the function this is inlined into.
#[inline(always)]
pub fn stack_pointer() -> usize {
    let sp;
    // SAFETY: copies a register.
    unsafe { asm!("mov {}, rsp", out(reg) sp, options(nomem, nostack, preserves_flags)) };
    sp
}

/// Goes on at `pc` with these stack and frame pointers and a value in the register that holds results.
///
/// # Safety
/// As for [`land`](crate::land).
#[unsafe(naked)]
pub unsafe extern "C" fn go_on(pc: usize, sp: usize, fp: usize, value: usize) -> ! {
    naked_asm!("mov rsp, rsi", "mov rbp, rdx", "mov rax, rcx", "jmp rdi",)
}
