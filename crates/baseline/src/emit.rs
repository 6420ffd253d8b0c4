//! Operators to code.
//!
//! | file | holds |
//! |---|---|
//! | `control` | blocks, branches, selection |
//! | `integer` | operators on integers |
//! | `float` | operators on floats and vectors, whose instructions stand in `crate::sequence` |
//! | `vector` | operators on vectors that have immediates |
//! | `compute` | which file an operator that only computes belongs to; those without code of their own |
//! | `memory` | loads, stores, sizes |
//! | `atomic` | atomic accesses |
//! | `bulk` | many bytes or elements at once |
//! | `global` | globals, tables, function references |
//! | `call` | calls in all their forms |
//! | `builtin` | calls of the runtime |
//! | `exceptions` | throwing and catching |
//! | `gc`, `cast` | objects, tests of their types |
//! | `slow` | code that runs rarely, behind the function |

pub(crate) mod atomic;
pub(crate) mod builtin;
pub(crate) mod bulk;
pub(crate) mod call;
pub(crate) mod cast;
pub(crate) mod compute;
pub(crate) mod control;
pub(crate) mod exceptions;
pub(crate) mod float;
pub(crate) mod gc;
pub(crate) mod global;
pub(crate) mod integer;
pub(crate) mod memory;
pub(crate) mod slow;
pub(crate) mod vector;
