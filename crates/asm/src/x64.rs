//! x86-64: registers, operands, and one method for each form of instruction that compilers here need.
//!
//! Integer instructions are methods of [`Assembler`] in `int`, `convert`-like moves included; control flow is in `branch`;
//! vector and floating-point instructions are rows ([`VecOp`]) that a few methods in `vector` emit, as legacy SSE or as AVX.
//! How bytes come about stands in `encode` alone.

mod assembler;
mod atomic;
mod branch;
mod encode;
mod int;
mod operand;
mod pool;
mod rows;
#[cfg(test)]
mod tests;
mod vector;

pub use assembler::{Assembler, Features};
pub use branch::{Label, ShortJump};
pub use encode::{GprMem, XmmMem};
pub use int::{Alu, Bits, Shift, Unary};
pub use operand::{Cond, Gpr, Mem, Scale, Size, Xmm};
pub use pool::Constant;
pub use rows::{Round, VecOp, VecShift};
