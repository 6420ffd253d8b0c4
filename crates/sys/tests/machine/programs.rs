//! Tiny functions in machine code, and a place to run them. The arguments are `rdi` = code, `rsi` = vmctx, `rdx` = args.

use std::fs::File;
use std::{env, fs, process, ptr};
use wharf_sys::{CodeBlock, CodeMemory, EntryFn, Fault, Stack, enter};

/// `args[0] += args[1]`
pub const ADD: &[u8] = &[
    0x48, 0x8b, 0x02, // mov rax, [rdx]
    0x48, 0x03, 0x42, 0x08, // add rax, [rdx + 8]
    0x48, 0x89, 0x02, // mov [rdx], rax
    0xc3, // ret
];

/// Reads the address in `args[0]`, having destroyed all registers that a function should keep. The load is at byte 20.
pub const LOAD: &[u8] = &[
    0x31, 0xdb, // xor ebx, ebx
    0x45, 0x31, 0xe4, // xor r12d, r12d
    0x45, 0x31, 0xed, // xor r13d, r13d
    0x45, 0x31, 0xf6, // xor r14d, r14d
    0x45, 0x31, 0xff, // xor r15d, r15d
    0x31, 0xed, // xor ebp, ebp
    0xfd, // std
    0x48, 0x8b, 0x02, // mov rax, [rdx]
    0x48, 0x8b, 0x18, // mov rbx, [rax]
    0x0f, 0x0b, // ud2
];
pub const LOAD_AT: usize = 20;

/// An illegal instruction at once.
pub const UD2: &[u8] = &[0x0f, 0x0b];

/// One divided by zero; the division is at byte 8.
pub const DIVIDE: &[u8] = &[
    0xb8, 1, 0, 0, 0,    // mov eax, 1
    0x99, // cdq
    0x31, 0xc9, // xor ecx, ecx
    0xf7, 0xf9, // idiv ecx
    0xc3, // ret
];
pub const DIVIDE_AT: usize = 8;

/// Pushes for ever.
pub const PUSH_LOOP: &[u8] = &[
    0x50, // push rax
    0xeb, 0xfd, // jmp -3
];

/// Calls itself for ever, with frames; the return address is byte 9.
pub const RECURSE: &[u8] = &[
    0x55, // push rbp
    0x48, 0x89, 0xe5, // mov rbp, rsp
    0xe8, 0xf7, 0xff, 0xff, 0xff, // call -9
];

/// `f` calls `g` calls `h`, which faults; returning to byte 9 of `f` and to byte 20 of `g`, faulting at byte 26 of `h`.
pub const THREE_FRAMES: &[u8] = &[
    0x55, 0x48, 0x89, 0xe5, // f: push rbp; mov rbp, rsp
    0xe8, 2, 0, 0, 0, // call g
    0x5d, 0xc3, // pop rbp; ret
    0x55, 0x48, 0x89, 0xe5, // g: push rbp; mov rbp, rsp
    0xe8, 2, 0, 0, 0, // call h
    0x5d, 0xc3, // pop rbp; ret
    0x55, 0x48, 0x89, 0xe5, // h: push rbp; mov rbp, rsp
    0x0f, 0x0b, // ud2
];
pub const THREE_FRAMES_PCS: [usize; 3] = [26, 20, 9];

/// Nothing, for ever.
pub const SPIN: &[u8] = &[0xeb, 0xfe]; // jmp -2

/// Sets `args[0]` to one, then nothing for ever.
pub const SET_AND_SPIN: &[u8] = &[
    0x48, 0xc7, 0x02, 1, 0, 0, 0, // mov qword [rdx], 1
    0xeb, 0xfe, // jmp -2
];

/// Calls the host function in `args[0]` with `args`, then returns.
pub const CALL_HOST: &[u8] = &[
    0x55, // push rbp
    0x48, 0x89, 0xe5, // mov rbp, rsp
    0x48, 0x89, 0xd7, // mov rdi, rdx
    0xff, 0x12, // call [rdx]
    0x5d, // pop rbp
    0xc3, // ret
];

/// The arguments of [`CALL_HOST`], with what the host function needs.
#[repr(C)]
pub struct HostCall<'a> {
    pub function: extern "C" fn(&mut HostCall),
    pub program: &'a Program,
    pub outcome: Option<Result<(), Fault>>,
}

/// A published program.
pub struct Program {
    pub block: CodeBlock,
}

impl Program {
    pub fn new(code: &[u8]) -> Program {
        let memory = CodeMemory::new(1 << 16).unwrap();
        let block = memory.publish(code).unwrap();
        Program { block }
    }

    /// The address of a byte of it.
    pub fn at(&self, offset: usize) -> usize {
        self.block.range().start + offset
    }

    /// Runs it on a stack, or on the current one.
    pub fn run<T>(&self, stack: Option<&Stack>, args: &mut T) -> Result<(), Fault> {
        self.run_with(stack, ptr::null_mut(), args)
    }

    pub fn run_with<T>(
        &self,
        stack: Option<&Stack>,
        vmctx: *mut u8,
        args: &mut T,
    ) -> Result<(), Fault> {
        let code = self.block.as_ptr();
        let top = stack.map_or(ptr::null_mut(), Stack::top);
        // SAFETY: the programs above obey the convention, and each test gives the arguments that its program needs.
        unsafe {
            let entry = std::mem::transmute::<*const u8, EntryFn>(code);
            enter(
                top,
                self.block.range(),
                entry,
                code,
                vmctx,
                ptr::from_mut(args).cast(),
            )
        }
    }
}

pub fn stack() -> Stack {
    Stack::new(256 << 10).unwrap()
}

/// An empty file without a name; `name` only keeps the tests apart for a moment.
pub fn scratch_file(name: &str) -> File {
    let path = env::temp_dir().join(format!("wharf-sys-{name}-{}", process::id()));
    let mut options = File::options();
    let file = options
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)
        .unwrap();
    fs::remove_file(&path).unwrap();
    file
}
