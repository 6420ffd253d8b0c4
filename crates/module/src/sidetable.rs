//! A function prepared for interpretation: its operators, and beside them where each branch goes.
//!
//! Apart from the interpreter because it is a fact about the module, computed once per function at its first call. The operators
//! stay as they are in the file, so a step of the interpreter is a step of the program.

mod arity;
mod build;
mod handlers;
mod refs;
#[cfg(test)]
mod tests;

use crate::body::TrustedReader;
use crate::{Error, FuncIdx, Module, Op, TagIdx, ValType};
use build::Builder;
use handlers::Scopes;
pub use handlers::{Handler, HandlerKind};

/// A function as an interpreter wants it.
///
/// ```text
/// ops      [ block ][ local.get 0 ][ br_if 0 ][ end ][ end ]     one per operator of the file
/// offsets  [  0x23 ][        0x25 ][    0x27 ][ 0x29][ 0x2a]     of its first byte
/// side     [   -   ][      -      ][    0    ][  -  ][  -  ]     position of its first branch
/// branches                         [ to 4, keep 0, height 0 ]
/// ```
#[derive(Clone, Debug)]
pub struct FuncCode {
    func: FuncIdx,
    n_params: u32,
    n_results: u32,
    max_height: u32,
    locals: Box<[ValType]>,
    ops: Box<[Op]>,
    offsets: Box<[u32]>,
    side: Box<[u32]>,
    branches: Box<[Branch]>,
    scopes: Scopes,
}

/// Where a branch goes and what becomes of the operand stack.
///
/// The `keep` topmost values move down so that they lie on top of the `height` lowest ones; all between are dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Branch {
    /// The position of the next operator: a `loop` itself, what follows the `else` or `end` of a block, or the last `end`.
    pub target: u32,
    /// How many values are kept.
    pub keep: u32,
    /// How many values of the function's operand stack lie below those kept.
    pub height: u32,
}

impl FuncCode {
    /// Prepares a defined function by its position among the defined ones.
    ///
    /// # Errors
    /// Only if the body was never validated and does not make sense.
    ///
    /// # Panics
    /// If there is no such function.
    pub fn decode(module: &Module, defined: usize) -> Result<FuncCode, Error> {
        let header = &**module.header();
        let func = FuncIdx((header.n_imported_funcs() + defined) as u32);
        let range = module.body_ranges()[defined];
        let bytes = &module.bytes()[range.as_range()];
        let decode = || -> Result<FuncCode, Error> {
            let mut reader = TrustedReader::new(bytes, range.start as usize, header, func)?;
            let mut builder = Builder::new(header, func);
            let mut ops = Vec::with_capacity(bytes.len() / 2);
            let mut offsets = Vec::with_capacity(bytes.len() / 2);
            while let Some((offset, op)) = reader.next()? {
                builder
                    .op(op, reader.labels())
                    .map_err(|error| error.at(offset as usize))?;
                ops.push(op);
                offsets.push(offset);
            }
            let (side, branches, max_height, scopes) = builder.finish();
            let ty = header.func_type(func);
            Ok(FuncCode {
                func,
                n_params: ty.params().len() as u32,
                n_results: ty.results().len() as u32,
                max_height,
                locals: ty.params().iter().copied().chain(reader.locals()).collect(),
                ops: ops.into(),
                offsets: offsets.into(),
                side,
                branches,
                scopes,
            })
        };
        decode().map_err(|error| error.in_func(func))
    }

    /// The function.
    pub fn func(&self) -> FuncIdx {
        self.func
    }

    /// How many parameters it has: the first of its locals.
    pub fn n_params(&self) -> usize {
        self.n_params as usize
    }

    /// How many results it has: what its last `end` leaves on the operand stack.
    pub fn n_results(&self) -> usize {
        self.n_results as usize
    }

    /// The types of its locals, parameters first.
    pub fn locals(&self) -> &[ValType] {
        &self.locals
    }

    /// The operators, as in the file but for the legacy encoding of exceptions, which is translated. The last is the function's
    /// `end`.
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// Where the operator at a position starts in the file, in bytes.
    ///
    /// # Panics
    /// If there is no such operator.
    pub fn offset(&self, op: usize) -> u32 {
        self.offsets[op]
    }

    /// The greatest number of values on the operand stack at once.
    pub fn max_height(&self) -> usize {
        self.max_height as usize
    }

    /// Where the operator at a position goes: `br`, a taken `br_if`, an `if` whose condition is zero, an `else` that is
    /// reached from above, or `return`.
    ///
    /// # Panics
    /// If the operator is no such, or can never be reached.
    #[inline]
    pub fn branch(&self, op: usize) -> Branch {
        self.branches[self.side[op] as usize]
    }

    /// Where an exception goes on that the operator at a position throws or lets through, if this function catches it: in the
    /// innermost handler for one of its tags. `matches` says whether a tag of the module is that of the exception.
    ///
    /// # Panics
    /// If there is no such operator.
    pub fn handler(&self, op: usize, matches: impl FnMut(TagIdx) -> bool) -> Option<Handler> {
        let found = self.scopes.find(op as u32, matches)?;
        Some(Handler {
            branch: self.branches[found.branch as usize],
            kind: HandlerKind {
                tag: found.tag,
                with_ref: found.with_ref,
            },
        })
    }

    /// Where the `br_table` at a position goes for an index, which is at most the number of labels less one.
    ///
    /// # Panics
    /// If the operator is no `br_table` of so many labels, or can never be reached.
    #[inline]
    pub fn branch_of_table(&self, op: usize, index: u32) -> Branch {
        self.branches[self.side[op] as usize + index as usize]
    }
}
