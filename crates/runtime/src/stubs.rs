//! Stubs: code through which functions are reached whose own code is not there yet, or changes.
//!
//! Apart from modules because one table serves all of an engine: a stub knows a function's number, and finds the module's slots by
//! the callee's vmctx.
//!
//! ```text
//!   0  fails as the store says        push rbp; mov rbp, rsp; ud2
//!  16  fails for lack of stack        push rbp; mov rbp, rsp; ud2
//!  64  stub of function 0             mov eax, 0; mov r10, [rdi + FUNC_SLOTS]; jmp [r10 + 0]
//!  80  stub of function 1             mov eax, 1; mov r10, [rdi + FUNC_SLOTS]; jmp [r10 + 16]
//! ```

use crate::Error;
use crate::code::CodeMap;
use abi::{FuncSlotLayout, TRAP_PENDING, TrapEntry, VmctxLayout, returns_in_memory};
use module::{Header, TypeIdx};
use ops::Trap;
use std::io;
use std::sync::{Mutex, PoisonError};
use sys::{CodeArena, CodeBlock, CodeMemory, page_bytes};

/// Size of a stub, in bytes.
pub(crate) const STUB_BYTES: usize = 16;

/// Size of what precedes the stubs, in bytes.
const HEAD_BYTES: usize = 64;

/// No module has more functions: a limit of validation.
const STUBS_MAX: usize = 1_000_000;

/// Makes a frame and faults, so that who called is known.
const FAIL: [u8; 6] = [0x55, 0x48, 0x89, 0xe5, 0x0f, 0x0b];

/// Where in [`FAIL`] the fault is.
const FAULT_OFFSET: u32 = 4;

/// The stubs of an engine.
pub(crate) struct Stubs {
    /// Address of what precedes the stubs.
    head: usize,
    arena: Mutex<CodeArena>,
}

impl Stubs {
    /// A table without stubs, as yet.
    pub(crate) fn new(memory: &CodeMemory, map: &CodeMap) -> io::Result<Stubs> {
        let mut arena = memory.arena(HEAD_BYTES + STUBS_MAX * STUB_BYTES)?;
        let mut head = [0xcc; HEAD_BYTES];
        head[..FAIL.len()].copy_from_slice(&FAIL);
        head[STUB_BYTES..STUB_BYTES + FAIL.len()].copy_from_slice(&FAIL);
        let head = arena.push(&head, HEAD_BYTES)?.addr();
        let faults = [
            (0, TRAP_PENDING),
            (STUB_BYTES as u32, Trap::StackOverflow as u8),
        ];
        let traps = faults.map(|(start, code)| TrapEntry {
            offset: start + FAULT_OFFSET,
            code,
        });
        map.add_trampoline(head..head + 2 * STUB_BYTES, traps.into());
        Ok(Stubs {
            head,
            arena: Mutex::new(arena),
        })
    }

    /// The addresses that the code map knows.
    pub(crate) fn known(&self) -> std::ops::Range<usize> {
        self.head..self.head + 2 * STUB_BYTES
    }

    /// Code that fails as the store says.
    pub(crate) fn fail(&self) -> *const u8 {
        self.head as *const u8
    }

    /// Code that fails for lack of stack.
    pub(crate) fn overflow(&self) -> *const u8 {
        (self.head + STUB_BYTES) as *const u8
    }

    /// The address of the first function's stub; those of the others follow, each [`Stubs::address`] further.
    pub(crate) fn base(&self) -> usize {
        self.head + HEAD_BYTES
    }

    /// The address of a function's stub, by its number among the defined functions, from that of the first one's.
    pub(crate) fn address(base: usize, func: usize) -> usize {
        base + func * STUB_BYTES
    }

    /// Makes sure that there are stubs for a module with this many defined functions.
    pub(crate) fn ensure(&self, funcs: usize) -> Result<(), Error> {
        if funcs > STUBS_MAX {
            let message = format!("the module has more than {STUBS_MAX} functions");
            return Err(Error::limit(message));
        }
        let mut arena = self.arena.lock().unwrap_or_else(PoisonError::into_inner);
        let used = arena.next(0, 1).expect("nothing always fits").addr() - self.head;
        let needed = HEAD_BYTES + funcs * STUB_BYTES;
        if needed <= used {
            return Ok(());
        }
        let whole = HEAD_BYTES + STUBS_MAX * STUB_BYTES;
        let end = needed.next_multiple_of(page_bytes()).min(whole);
        let numbers = (used - HEAD_BYTES) / STUB_BYTES..(end - HEAD_BYTES) / STUB_BYTES;
        let stubs: Vec<u8> = numbers.flat_map(|func| stub(func, VmctxIn::Rdi)).collect();
        let outcome = arena.push(&stubs, 1);
        outcome.map_err(|error| Error::os("place machine code", error))?;
        Ok(())
    }
}

/// The code of a defined function's stub, which runs anywhere: results in memory or not.
pub(crate) fn stub_code(func: u32, is_wide: bool) -> [u8; STUB_BYTES] {
    let vmctx = if is_wide { VmctxIn::Rsi } else { VmctxIn::Rdi };
    stub(func as usize, vmctx)
}

/// The argument register that holds the callee's vmctx.
#[derive(Clone, Copy, PartialEq, Eq)]
enum VmctxIn {
    Rdi,
    Rsi,
}

/// Stubs of functions whose results are in memory, so that vmctx comes second among the arguments. They are few, and a module has
/// its own.
pub(crate) struct WideStubs {
    block: CodeBlock,
    /// The functions, sorted.
    funcs: Vec<usize>,
}

impl WideStubs {
    /// Those of a module; `None` if it has no such functions.
    pub(crate) fn new(memory: &CodeMemory, header: &Header) -> io::Result<Option<WideStubs>> {
        let types = header.types().len();
        let is_wide = |ty: &TypeIdx| {
            header
                .sub_type(*ty)
                .as_func()
                .is_some_and(returns_in_memory)
        };
        let wide: Vec<bool> = (0..types).map(|ty| is_wide(&TypeIdx(ty as u32))).collect();
        if !wide.contains(&true) {
            return Ok(None);
        }
        let defined = &header.funcs()[header.n_imported_funcs()..];
        let funcs = defined.iter().enumerate();
        let funcs: Vec<usize> = funcs
            .filter(|(_, ty)| wide[ty.index()])
            .map(|(func, _)| func)
            .collect();
        let code: Vec<u8> = funcs
            .iter()
            .flat_map(|func| stub(*func, VmctxIn::Rsi))
            .collect();
        let block = memory.publish(&code)?;
        Ok(Some(WideStubs { block, funcs }))
    }

    /// The address of a function's stub, if it is one of these functions.
    pub(crate) fn address(&self, func: usize) -> Option<usize> {
        let position = self.funcs.binary_search(&func).ok()?;
        Some(self.block.as_ptr().addr() + position * STUB_BYTES)
    }
}

/// The stub of a function.
fn stub(func: usize, vmctx: VmctxIn) -> [u8; STUB_BYTES] {
    let mut code = [0; STUB_BYTES];
    // mov eax, number
    code[0] = 0xb8;
    code[1..5].copy_from_slice(&(func as u32).to_le_bytes());
    // mov r10, [vmctx + FUNC_SLOTS]
    const { assert!(VmctxLayout::FUNC_SLOTS < 128) };
    let from = match vmctx {
        VmctxIn::Rdi => 0x57,
        VmctxIn::Rsi => 0x56,
    };
    code[5..9].copy_from_slice(&[0x4c, 0x8b, from, VmctxLayout::FUNC_SLOTS as u8]);
    // jmp [r10 + its slot]
    code[9..12].copy_from_slice(&[0x41, 0xff, 0xa2]);
    let slot = func as u32 * FuncSlotLayout::SIZE + FuncSlotLayout::CODE;
    code[12..].copy_from_slice(&slot.to_le_bytes());
    code
}
