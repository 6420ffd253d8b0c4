//! The contract between the engine and a compiler.

use crate::{CompiledFunc, Times, VmctxLayout};
use module::{FuncIdx, FuncInput, FuncType, Header, ValType};
use std::any::Any;
use std::fmt;

/// What a compiler may know about the module that a function belongs to.
#[derive(Clone, Copy)]
pub struct CompileEnv<'a> {
    /// All that precedes the code section.
    pub header: &'a Header,
    /// Where compiled code finds things.
    pub layout: &'a VmctxLayout,
    /// Whether code counts fuel (see [`module::Op::fuel`]).
    pub fuel: bool,
    /// The rest of the module, if it is all there.
    pub around: Option<&'a dyn Around>,
}

/// What is known of a module beyond the function that is being compiled.
pub trait Around: Sync {
    /// The body of a defined function; `None` if the function is imported.
    fn body(&self, func: FuncIdx) -> Option<FuncInput>;

    /// How often a function was entered or went round in loops; 0 if nothing is known.
    fn times(&self, func: FuncIdx) -> Times;

    /// What the call through a table or a reference at this offset of the module's bytes has called mostly.
    fn call_target(&self, site: u32) -> Option<CallTarget>;

    /// Whether a function has code that runs: better code is refused then if it would take very long to make.
    fn has_code(&self, func: FuncIdx) -> bool {
        let _ = func;
        false
    }
}

/// What a place that calls through a table or a reference has called mostly.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CallTarget {
    /// A defined function of the module, called in the same instance.
    pub func: FuncIdx,
    /// Its share of all calls, from 0 to 1.
    pub share: f32,
}

/// A function that could not be compiled.
#[derive(Debug)]
pub enum CompileError {
    /// The function is not valid.
    Invalid(module::Error),
    /// The function is valid but exceeds what the compiler can do, such as a frame over 2 GiB.
    Limit(String),
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CompileError::Invalid(error) => error.fmt(f),
            CompileError::Limit(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for CompileError {}

impl From<module::Error> for CompileError {
    fn from(error: module::Error) -> CompileError {
        CompileError::Invalid(error)
    }
}

/// Registers that results of one class, integers and references or floats and vectors, are given in.
const RESULT_REGISTERS: usize = 8;

/// Whether results of this type are given in memory. Then the address for all that find no register comes first among the arguments,
/// before the callee's vmctx.
pub fn returns_in_memory(ty: &FuncType) -> bool {
    let is_float = |ty: &&ValType| matches!(ty, ValType::F32 | ValType::F64 | ValType::V128);
    let results = ty.results();
    let floats = results.iter().filter(is_float).count();
    floats > RESULT_REGISTERS || results.len() - floats > RESULT_REGISTERS
}

/// A compiler of functions, shared by threads.
///
/// **Convention of compiled code:** Cranelift's `tail` convention with the callee's vmctx as first parameter, then the Wasm
/// parameters. Number types are themselves, function references are 64-bit addresses, other references 32-bit handles.
/// Frame pointers are kept. Compiled code never unwinds: it traps by a hardware fault at a place listed in
/// [`CompiledFunc::traps`].
pub trait Compiler: Send + Sync {
    /// A worker's reusable memory; one per thread, passed to every call on it.
    fn scratch(&self) -> Box<dyn Any + Send>;

    /// Validates and compiles one function.
    fn compile(
        &self,
        env: CompileEnv<'_>,
        body: module::FuncInput,
        scratch: &mut (dyn Any + Send),
    ) -> Result<CompiledFunc, CompileError>;

    /// Compiles a function for entering it in the loop whose operator is at offset `at` of the module's bytes, when it already
    /// runs in other code.
    ///
    /// The code is a function of the convention of compiled code with the parameters `(vmctx, frame)` and the results of the
    /// original: it takes locals and operands from the frame (see [`crate::OsrFrame`]) and enters the loop.
    ///
    /// # Errors
    /// If the function is not valid, the compiler cannot do it, or no such loop can be reached.
    fn compile_loop(
        &self,
        _env: CompileEnv<'_>,
        _body: FuncInput,
        _at: u32,
        _scratch: &mut (dyn Any + Send),
    ) -> Result<CompiledFunc, CompileError> {
        let message = "this compiler does not enter loops from other code";
        Err(CompileError::Limit(message.to_string()))
    }

    /// Names target, compiler version, and every setting that changes code. Artifacts are accepted only for the same text.
    fn fingerprint(&self) -> String;
}

/// Makes the code between host and guest, which is the same whatever compiler made that of functions.
pub trait Trampolines: Send + Sync {
    /// Host to guest: `extern "C" fn(code, vmctx, slots: *mut Raw)` loads the parameters from the slots, calls `code` in the
    /// convention of compiled code, and stores the results into the slots. The slots hold the greater of both counts.
    fn entry(&self, ty: &FuncType) -> CompiledFunc;

    /// Guest to host: code for a function entry whose vmctx is a host function's context. Checks for stack room
    /// (`STACK_LIMIT`, else traps with stack overflow), notes its frame pointer in `EXIT_FP`, passes parameters and results in
    /// slots, calls the host entry, and traps as pending if that returns nonzero.
    fn host(&self, ty: &FuncType) -> CompiledFunc;

    /// As [`host`](Self::host), for a host entry that is `extern "C" fn(ctx, parameters...)` and gives a structure of the result, if
    /// there is one, and then 64 bits, which are not 0 if a trap is pending. The context and all parameters are in registers, the same for
    /// compiled code and for C; there is one result at most, and it is no vector.
    fn host_in_registers(&self, ty: &FuncType) -> CompiledFunc;
}
