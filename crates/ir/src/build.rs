//! Operators to SSA form, in one pass.
//!
//! Apart from the form itself because it is the only part that sees operators and validation. WebAssembly's control flow is
//! structured, so no general algorithm is needed: a frame per open block, and values of locals found on demand ([`locals`]).
//!
//! ```text
//! module::BodyReader ──> source: operators and, per loop, the locals it assigns
//!                          └──> control: blocks and edges     <──> locals: who defines a local here?
//!                               straight: everything else ──> simplify ──> Func
//! ```
//! Code that cannot be reached is not built, also where a constant condition decides.

mod control;
mod exceptions;
mod gc;
mod guards;
mod locals;
mod osr;
mod source;
mod straight;

use crate::{Callee, Func, Inst, List, Simplified, Term, Type, Value, simplify};
use control::Frame;
use locals::Locals;
use module::{BodyReader, FuncIdx, Header, Op, TypeIdx};
use osr::Osr;
use source::Source;
use std::fmt;
use std::sync::Arc;

/// What the builder adds to the operators.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct BuildOptions {
    /// Whether fuel is counted: see [`module::Op::fuel`].
    pub fuel: bool,
    /// Whether operators that may choose among several NaNs give the canonical one, also where they are computed here.
    pub canonical_nans: bool,
}

/// A call through a table or a reference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallSite {
    /// The offset of its operator in the module's bytes.
    pub offset: u32,
    /// The type that it asks for, if it is through a table.
    pub through_table: Option<TypeIdx>,
    /// Whether it is in a loop of its function.
    pub is_in_loop: bool,
}

/// What a call mostly arrives at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expected {
    /// One function.
    Func(FuncIdx),
    /// These, now one and now another, in order.
    Among(Vec<FuncIdx>),
}

/// What calls mostly arrive at.
pub type ExpectedCallee<'a> = &'a dyn Fn(CallSite) -> Option<Expected>;

/// A function of more values and uses of values than this and so many for each operator is not built: a call of two bytes can
/// have a thousand parameters and results.
const VALUES_MIN: usize = 1 << 18;
const VALUES_PER_OP_MAX: usize = 8;

/// Loops of a function at most. What allocates registers takes the square of their number when a variable lives through all of them,
/// and programs that people run have some hundreds in their largest functions.
pub(crate) const LOOPS_MAX: usize = 8192;

/// Why a function could not be built.
#[derive(Debug)]
pub enum BuildError {
    /// It is not valid.
    Invalid(module::Error),
    /// It is valid, but its control flow and locals are entangled beyond any program's need.
    TooComplex,
    /// It is valid, but its calls pass more values than any program's.
    TooLarge,
    /// It has no loop at the offset that it shall start at, or never gets to it.
    NoLoop,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::Invalid(error) => error.fmt(f),
            BuildError::TooComplex => {
                f.write_str("the control flow of the function is too complex")
            }
            BuildError::TooLarge => f.write_str("the function passes too many values"),
            BuildError::NoLoop => f.write_str("the function has no such loop"),
        }
    }
}

impl std::error::Error for BuildError {}

impl From<module::Error> for BuildError {
    fn from(error: module::Error) -> BuildError {
        BuildError::Invalid(error)
    }
}

/// Builds functions, one after another, in the same memory.
///
/// ```
/// use wharf_ir as ir;
///
/// # fn show(bytes: Vec<u8>) -> Result<(), ir::BuildError> {
/// let (mut builder, mut scratch) = (ir::Builder::new(), module::ReadScratch::default());
/// let mut inputs = Vec::new();
/// module::decode(bytes, &module::Features::default(), &mut |_, input| inputs.push(input))?;
/// for input in inputs {
///     let func = builder.build(input.read(&mut scratch)?, ir::BuildOptions::default())?;
///     println!("{func}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct Builder {
    func: Func,
    source: Source,
    locals: Locals,
    stack: Vec<Value>,
    frames: Vec<Frame>,
    /// Positions in `frames` of the blocks that catch.
    scopes: Vec<usize>,
    /// Calls in such blocks, and values that their clauses read.
    n_caught_calls: u32,
    n_fields: u32,
    /// Whether the current place can be reached. If not, operators are skipped.
    alive: bool,
    /// How many blocks were opened since the place became unreachable.
    dead_depth: u32,
    next_loop: usize,
    /// Loops so far that are gone around.
    n_loops: usize,
    n_switches: u32,
    /// Of the current operator: its position among the operators, and its offset in the module's bytes.
    at: usize,
    offset: u32,
    fuel: bool,
    fuel_pending: u32,
    /// Where the body starts, if it has branch hints.
    hinted: Option<u32>,
    /// Where else the function starts.
    osr: Osr,
    /// Calls by their positions among the operators, and what they are expected to arrive at.
    expected: Vec<(usize, Expected)>,
}

impl Builder {
    /// A builder that owns no memory yet.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Validates and builds one function. It is the builder's until the next one is built.
    ///
    /// # Errors
    /// If the function is not valid, or too complex.
    pub fn build(
        &mut self,
        reader: BodyReader<'_>,
        options: BuildOptions,
    ) -> Result<&mut Func, BuildError> {
        self.build_expecting(reader, options, &|_| None)
    }

    /// As [`Builder::build`], where calls through tables and references are expected to arrive at certain functions: such a call
    /// becomes a test whether it does, calls of these functions, and the call that it was.
    ///
    /// # Errors
    /// If the function is not valid, or too complex.
    pub fn build_expecting(
        &mut self,
        mut reader: BodyReader<'_>,
        options: BuildOptions,
        expected: ExpectedCallee<'_>,
    ) -> Result<&mut Func, BuildError> {
        self.source.read(&mut reader)?;
        self.expect(expected);
        let header = Arc::clone(reader.header());
        self.begin(&reader, options, Osr::default());
        self.operators(&header, &reader)?;
        Ok(&mut self.func)
    }

    /// Builds what has been read.
    fn operators(&mut self, header: &Header, reader: &BodyReader<'_>) -> Result<(), BuildError> {
        let values_max = VALUES_MIN + self.source.ops.len() * VALUES_PER_OP_MAX;
        for at in 0..self.source.ops.len() {
            let op = self.source.ops[at];
            self.at = at;
            self.offset = self.source.offsets[at];
            self.op(header, reader, op)?;
            if self.func.n_values() + self.func.pool.len() > values_max {
                return Err(BuildError::TooLarge);
            }
            self.locals.check_limits()?;
        }
        debug_assert!(
            self.frames.is_empty(),
            "the last operator closes the last frame"
        );
        self.locals.finish(&mut self.func)?;
        self.locals.shrink();
        self.source.shrink();
        Ok(())
    }

    /// Entry block, parameters, locals, and the frame of the body.
    fn begin(&mut self, reader: &BodyReader<'_>, options: BuildOptions, osr: Osr) {
        let ty = reader.func_type();
        self.func.clear();
        self.func.canonical_nans = options.canonical_nans;
        self.stack.clear();
        self.frames.clear();
        self.scopes.clear();
        self.n_caught_calls = 0;
        self.n_fields = 0;
        self.alive = true;
        self.dead_depth = 0;
        self.next_loop = 0;
        self.n_loops = 0;
        self.n_switches = 0;
        // No operator is there.
        self.at = usize::MAX;
        self.offset = reader.offset() as u32;
        // The body has been read: what belongs to all of it is told to be at its end.
        self.func.places.start = reader.start() as u32;
        self.func.places.end = self.offset + 1;
        self.fuel = options.fuel;
        self.fuel_pending = 0;
        let has_hints = reader.header().has_branch_hints(reader.func());
        self.hinted = has_hints.then_some(reader.start() as u32);
        self.func
            .results
            .extend(ty.results().iter().map(|&ty| Type::from(ty)));
        self.osr = osr;
        self.begin_inside();
        let entry = self.func.push_block();
        self.locals.clear();
        let first = self.func.pool.len() as u32;
        for &ty in ty.params() {
            let ty = ty.into();
            let value = self.func.push_param(entry, ty);
            self.func.pool.push(value);
            self.locals.declare(ty, value);
        }
        let params = List {
            start: first,
            len: ty.params().len() as u32,
        };
        self.func.set_params(entry, params);
        for &(count, ty) in reader.locals() {
            let ty = ty.into();
            let zero = self.func.constant(ty, 0);
            (0..count).for_each(|_| _ = self.locals.declare(ty, zero));
        }
        self.open_body(ty.results().len() as u32);
        if self.fuel {
            self.append(Inst::FuelCheck, &[]);
        }
    }

    fn op(&mut self, header: &Header, reader: &BodyReader<'_>, op: Op) -> Result<(), BuildError> {
        if !self.alive {
            return self.skip(header, op);
        }
        if self.fuel {
            self.count_fuel(op);
        }
        match op {
            Op::Block(ty) => self.open_block(header, ty),
            Op::Loop(ty) if self.is_inside() => self.open_loop_inside(header, ty)?,
            Op::Loop(ty) => self.open_loop(header, ty)?,
            Op::If(ty) => self.open_if(header, ty, self.hint(reader)),
            Op::Else => self.open_else(),
            Op::End => self.end(header)?,
            Op::Br(depth) => self.br(depth),
            Op::BrIf(depth) => self.br_if(depth, self.hint(reader)),
            Op::BrTable { first, count } => self.br_table(reader.labels(first, count)),
            Op::Return => self.leave(self.func.results.len()),
            Op::ReturnCall(func) => self.tail_call(header, Callee::Func(func)),
            Op::ReturnCallIndirect { ty, table } => {
                let index = self.pop();
                self.guarded_tail_call(header, Callee::Table { ty, table, index });
            }
            Op::ReturnCallRef(ty) => {
                let callee = self.pop();
                self.guarded_tail_call(header, self.known_callee(ty, callee));
            }
            Op::BrOnNull(depth) => self.br_on_null(depth),
            Op::BrOnNonNull(depth) => self.br_on_non_null(depth),
            Op::Unreachable => self.terminate(Term::Trap(ops::Trap::Unreachable)),
            Op::LocalGet(local) => {
                let value = self.locals.get(&mut self.func, local)?;
                self.stack.push(value);
            }
            Op::LocalSet(local) => {
                let value = self.pop();
                self.locals.set(local, value);
            }
            Op::LocalTee(local) => {
                let value = *self.stack.last().expect("validation ensures operands");
                self.locals.set(local, value);
            }
            Op::Nop
            | Op::Drop
            | Op::Select
            | Op::I32Const(_)
            | Op::I64Const(_)
            | Op::F32Const(_)
            | Op::F64Const(_)
            | Op::V128Const(_)
            | Op::Compute(_)
            | Op::Wide(_)
            | Op::Lane(..)
            | Op::Shuffle(_) => self.pure(op),
            Op::Call(_)
            | Op::CallIndirect { .. }
            | Op::CallRef(_)
            | Op::RefAsNonNull
            | Op::GlobalGet(_)
            | Op::GlobalSet(_)
            | Op::RefNull(_)
            | Op::RefIsNull
            | Op::RefFunc(_) => self.stateful(header, op),
            Op::Load(..)
            | Op::Store(..)
            | Op::LoadLane(..)
            | Op::StoreLane(..)
            | Op::Atomic(..)
            | Op::AtomicFence
            | Op::MemorySize(_)
            | Op::MemoryGrow(_)
            | Op::MemoryFill(_)
            | Op::MemoryCopy { .. }
            | Op::MemoryInit { .. }
            | Op::DataDrop(_) => self.memory(header, op),
            Op::TableGet(_)
            | Op::TableSet(_)
            | Op::TableSize(_)
            | Op::TableGrow(_)
            | Op::TableFill(_)
            | Op::TableCopy { .. }
            | Op::TableInit { .. }
            | Op::ElemDrop(_) => self.table(header, op),
            Op::TryTable { ty, first, count } => {
                self.open_try(header, ty, reader.catches(first, count).collect());
            }
            Op::Throw(tag) => self.throw(header, tag),
            Op::ThrowRef => self.throw_ref(),
            Op::BrOnCast { depth, to, on_fail } => self.br_on_cast(depth, to, on_fail),
            Op::RefEq
            | Op::RefI31
            | Op::I31Get { .. }
            | Op::StructNew(_)
            | Op::StructNewDefault(_)
            | Op::StructGet { .. }
            | Op::StructSet { .. }
            | Op::ArrayNew(_)
            | Op::ArrayNewDefault(_)
            | Op::ArrayNewFixed { .. }
            | Op::ArrayNewData { .. }
            | Op::ArrayNewElem { .. }
            | Op::ArrayGet { .. }
            | Op::ArraySet(_)
            | Op::ArrayLen
            | Op::ArrayFill(_)
            | Op::ArrayCopy { .. }
            | Op::ArrayInitData { .. }
            | Op::ArrayInitElem { .. }
            | Op::RefTest(_)
            | Op::RefCast(_)
            | Op::AnyConvertExtern
            | Op::ExternConvertAny => self.gc(header, op),
        }
        Ok(())
    }

    /// What an operator is where the place cannot be reached: only what may make it reachable again counts.
    fn skip(&mut self, header: &Header, op: Op) -> Result<(), BuildError> {
        match op {
            Op::Block(_) | Op::If(_) | Op::TryTable { .. } => self.dead_depth += 1,
            Op::Loop(_) => {
                self.dead_depth += 1;
                self.next_loop += 1;
            }
            Op::Else if self.dead_depth == 0 => self.open_else(),
            Op::End if self.dead_depth == 0 => self.end(header)?,
            Op::End => self.dead_depth -= 1,
            _ => {}
        }
        Ok(())
    }

    /// Whether the branch that is the current operator is likely to be taken, if the toolchain knows.
    fn hint(&self, reader: &BodyReader<'_>) -> Option<bool> {
        let start = self.hinted?;
        let offset = self.offset.checked_sub(start)?;
        reader.header().branch_hint(reader.func(), offset)
    }

    fn count_fuel(&mut self, op: Op) {
        self.fuel_pending += op.fuel();
        if op.flushes_fuel() && self.fuel_pending > 0 {
            let units = std::mem::take(&mut self.fuel_pending);
            self.append(Inst::Fuel { units }, &[]);
        }
    }

    /// Appends an instruction as it is; gives its first result.
    fn append(&mut self, inst: Inst, results: &[Type]) -> Value {
        self.func.push_inst(inst, self.offset, results)
    }

    /// Appends an instruction with one result, or finds the result without it.
    fn emit(&mut self, inst: Inst, ty: Type) -> Value {
        match simplify(&mut self.func, &inst) {
            Simplified::Keep => self.append(inst, &[ty]),
            Simplified::Value(value) => value,
            Simplified::Inst(inst) => self.append(inst, &[ty]),
        }
    }

    fn pop(&mut self) -> Value {
        self.stack.pop().expect("validation ensures operands")
    }

    fn pops<const N: usize>(&mut self) -> [Value; N] {
        let at = self.stack.len() - N;
        let values = self.stack[at..].try_into().expect("N values");
        self.stack.truncate(at);
        values
    }

    /// Takes the top `n` values of the stack as a list, the last one from the top.
    fn pop_list(&mut self, n: usize) -> List {
        let at = self.stack.len() - n;
        let list = self.func.make_list(&self.stack[at..]);
        self.stack.truncate(at);
        list
    }
}
