//! Functions without code: the first call of one compiles it.
//!
//! Apart from builtins because it is reached by what a slot holds, as if it were the function itself: every argument is where the
//! function expects it, and must be there again when the function runs.

use crate::call::Pending;
use crate::vectors::{load_arguments, store_arguments};
use crate::vm::StoreCtx;
use crate::{Cause, Error, StoreCore};
use abi::VmctxLayout;
use ops::Trap;
use std::arch::naked_asm;
use std::mem::offset_of;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What slots hold at first, for functions whose results are in memory, or in registers.
pub(crate) fn thunk(returns_in_memory: bool) -> usize {
    let thunk: unsafe extern "C" fn() = if returns_in_memory { second } else { first };
    thunk as *const () as usize
}

/// The number of the function is in `eax`, its vmctx in the register that is given, all else is as for the function.
///
/// ```text
///   return address, in the caller
///   frame pointer of the caller    <- rbp, exit_fp
///   rdi rsi rdx rcx r8 r9
///   xmm0 to xmm7                   <- rsp
/// ```
macro_rules! thunk {
    ($name:ident, $vmctx:literal) => {
        // SAFETY: the instructions are a whole function: they make a frame, note it, and give every argument back.
        #[unsafe(naked)]
        unsafe extern "C" fn $name() {
            naked_asm!(
                ".cfi_startproc",
                concat!("mov r10, [", $vmctx, " + {store}]"),
                "cmp rsp, [r10 + {stack_limit}]",
                "jb 2f",
                "push rbp",
                ".cfi_def_cfa_offset 16",
                ".cfi_offset rbp, -16",
                "mov rbp, rsp",
                ".cfi_def_cfa_register rbp",
                "sub rsp, 176",
                "mov [rbp - 8], rdi",
                "mov [rbp - 16], rsi",
                "mov [rbp - 24], rdx",
                "mov [rbp - 32], rcx",
                "mov [rbp - 40], r8",
                "mov [rbp - 48], r9",
                store_arguments!(),
                "mov [r10 + {exit_fp}], rbp",
                concat!("mov rdi, ", $vmctx),
                "mov esi, eax",
                "call {compile}",
                "mov rdi, [rbp - 8]",
                "mov rsi, [rbp - 16]",
                "mov rdx, [rbp - 24]",
                "mov rcx, [rbp - 32]",
                "mov r8, [rbp - 40]",
                "mov r9, [rbp - 48]",
                load_arguments!(),
                "mov rsp, rbp",
                "pop rbp",
                ".cfi_def_cfa rsp, 8",
                "jmp rax",
                "2:",
                // Only code may fault.
                "jmp [r10 + {overflow}]",
                ".cfi_endproc",
                store = const VmctxLayout::STORE,
                stack_limit = const offset_of!(StoreCtx, stack_limit),
                exit_fp = const offset_of!(StoreCtx, exit_fp),
                overflow = const offset_of!(StoreCtx, overflow),
                compile = sym compile,
            )
        }
    };
}

thunk!(first, "rdi");
thunk!(second, "rsi");

/// Compiles a function of an instance, and gives where the call goes on: its code, or code that fails.
///
/// # Safety
/// `vmctx` is that of an instance which gets its code function by function; its store was entered, and its guest calls the
/// function of this number among the defined ones.
unsafe extern "C" fn compile(vmctx: *mut u8, func: u32) -> *const u8 {
    // SAFETY: the layout of vmctx; the store's exclusive use was lent to the guest by whoever entered it.
    let (store, instance) = unsafe {
        let ctx = vmctx
            .add(VmctxLayout::STORE as usize)
            .cast::<*mut StoreCtx>()
            .read();
        let instance = vmctx
            .add(VmctxLayout::INSTANCE as usize)
            .cast::<u64>()
            .read();
        (&mut *(*ctx).store, instance as usize)
    };
    let store: &mut StoreCore = store;
    let module = store.instances[instance].module.clone();
    let engine = store.engine.clone();
    let tiers = engine.tiers().expect("the engine compiles its functions");
    // A panic must not pass through frames of code.
    let outcome = catch_unwind(AssertUnwindSafe(|| tiers.compile(&module, func)));
    let pending = match outcome {
        Ok(Ok(())) if store.interrupt.is_requested() => {
            Pending::Cause(Cause::Trap(Trap::Interrupted))
        }
        Ok(Ok(())) => {
            let tiered = module.tiered().expect("its functions get code one by one");
            return tiered.code(func);
        }
        Ok(Err(error)) => Pending::Cause(failure(error)),
        Err(payload) => Pending::Panic(payload),
    };
    store.pending = Some(pending);
    engine.stubs().expect("a module has stubs").fail()
}

#[cold]
fn failure(error: Error) -> Cause {
    Cause::Host(Box::new(error))
}
