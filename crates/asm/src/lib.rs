//! Emission of machine code: instructions to bytes, labels to displacements.
//!
//! Floor 0: it imports nothing of ours and knows no WebAssembly, so that what it says of an instruction set can be compared
//! with a disassembler and nothing else. The compiler in one pass and the trampolines stand on it.
//!
//! Read first: [`x64::Assembler`], [`x64::Mem`], [`x64::VecOp`]. Another machine gets a module of its own beside [`x64`], over
//! the same [`Buffer`].
//!
//! ```
//! use wharf_asm::x64::{Alu, Assembler, Cond, Features, Gpr, Size};
//!
//! let mut a = Assembler::new(Features::default());
//! let again = a.label();
//! a.bind(again);
//! a.alu_imm(Alu::Sub, Size::S32, Gpr::RCX, 1);
//! a.jcc(Cond::NotEqual, again);
//! a.ret();
//! assert_eq!(a.finish(), [0x83, 0xe9, 0x01, 0x75, 0xfb, 0xc3]);
//! ```

#![forbid(unsafe_code)]

mod buffer;
pub mod x64;

pub use buffer::Buffer;
