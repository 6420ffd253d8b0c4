//! The SSA form of functions (floor 3): built from operators, printed, parsed, checked, written back.
//!
//! It stands apart so that optimizations are written once, over a small form that knows WebAssembly's meaning but no machine:
//! the optimizing tier lowers it to machine code, and [`emit()`] makes a body of it again. It knows neither stores nor memory layout nor any code generator.
//!
//! Values are defined once; control flow joins through block parameters; constants are operands, not instructions. Each
//! instruction says its effects ([`Inst::effects`]) and keeps the offset of its operator in the module's bytes.
//!
//! Read first: [`Func`] (the form), [`Inst`] and [`Term`] (what it is made of), [`Builder`] (how it is made).
//!
//! ```
//! use wharf_ir as ir;
//!
//! let text = "\
//! func (i32) -> (i32) {
//! b0(v0: i32):
//!     v1: i32 = i32.mul v0, v0 @2a
//!     v2: i32 = i32.add v1, i32:1
//!     return v2
//! }
//! ";
//! let func = ir::parse(text).unwrap();
//! ir::verify(&func, None).unwrap();
//! assert_eq!(func.to_string(), text);
//! ```
#![forbid(unsafe_code)]

mod build;
mod cfg;
mod edit;
mod emit;
mod entity;
mod exn;
mod func;
mod gc;
mod inline;
mod inst;
mod kinds;
mod parse;
mod places;
mod print;
mod reshape;
mod simplify;
#[cfg(test)]
mod tests;
mod verify;

pub use build::{BuildError, BuildOptions, Builder, CallSite, Expected, ExpectedCallee};
pub use cfg::{Cfg, Preds};
pub use emit::{EmitError, emit, emit_with_places, is_sub, join_heaps};
pub use entity::{Block, EdgeId, InstId, List, NO_OFFSET, Type, Value};
pub use exn::ExnOp;
pub use func::{Def, Edge, Func};
pub use gc::{GcOp, array_element, struct_field};
pub use inline::{InlineSite, has_self_tail_call, inline};
pub use inst::{Callee, Effects, Inst, State, Term};
pub use kinds::RefKinds;
pub use parse::{ParseError, parse};
pub use places::Inlined;
pub use simplify::{Simplified, simplify, simplify_wide};
pub use verify::{VerifyError, verify};
