//! The compiler as the engine sees it: functions one at a time, on any thread.
//!
//! Apart from the lowering because it is about memory that is reused and errors that are told, not about meaning.

use crate::code::{codegen_error, compiled_func};
use crate::inlining::Callees;
use crate::lower::{LowerScratch, lower};
use crate::settings::{Inlining, Settings, SettingsError};
use crate::signature::{loop_signature, wasm_signature};
use abi::{CompileEnv, CompileError, CompiledFunc, Compiler, PcEntry};
use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::isa::OwnedTargetIsa;
use ir::{CallSite, Expected};
use module::{FuncIdx, FuncInput, ReadScratch};
use std::any::Any;

/// The optimizing compiler.
///
/// ```
/// use wharf_optimizing::{Optimizing, Settings};
///
/// let compiler = Optimizing::new(Settings::default())?;
/// # Ok::<(), wharf_optimizing::SettingsError>(())
/// ```
pub struct Optimizing {
    pub(crate) settings: Settings,
    /// Whether code may multiply and add in one instruction.
    pub(crate) has_fma: bool,
    pub(crate) isa: OwnedTargetIsa,
}

/// Where the code of a function starts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// At its beginning.
    Entry,
    /// At the loop whose operator is at this offset of the module's bytes, with the values of a frame: see
    /// [`Compiler::compile_loop`].
    Loop(u32),
}

/// A worker's memory.
pub(crate) struct Scratch {
    pub(crate) read: ReadScratch,
    pub(crate) builder: ir::Builder,
    pub(crate) callees: Callees,
    /// The function after calls in it were replaced.
    pub(crate) inlined: ir::Func,
    /// The operator that the code starts with: where it is in the module's bytes.
    pub(crate) first_place: u32,
    pub(crate) lower: LowerScratch,
    pub(crate) context: Context,
    pub(crate) control: ControlPlane,
}

impl Optimizing {
    /// A compiler with these settings, for this machine.
    ///
    /// # Errors
    /// If this machine is not one that code is generated for.
    pub fn new(settings: Settings) -> Result<Optimizing, SettingsError> {
        let isa = settings.isa()?;
        let has = |name| {
            let mut flags = isa.isa_flags().into_iter();
            flags.any(|flag| flag.name == name && flag.as_bool() == Some(true))
        };
        Ok(Optimizing {
            settings,
            has_fma: has("has_avx") && has("has_fma"),
            isa,
        })
    }

    pub(crate) fn new_scratch() -> Scratch {
        Scratch {
            read: ReadScratch::default(),
            builder: ir::Builder::new(),
            callees: Callees::default(),
            inlined: ir::Func::new(),
            first_place: 0,
            lower: LowerScratch::default(),
            context: Context::new(),
            control: ControlPlane::default(),
        }
    }

    /// Builds the IR of a function and lowers it, up to what Cranelift takes.
    pub(crate) fn lower<'s>(
        &self,
        env: CompileEnv<'_>,
        body: FuncInput,
        start: Start,
        scratch: &'s mut Scratch,
    ) -> Result<&'s mut ir::Func, CompileError> {
        let index = body.func();
        let options = ir::BuildOptions {
            fuel: env.fuel,
            canonical_nans: self.settings.deterministic,
        };
        let reader = body.read(&mut scratch.read)?;
        scratch.first_place = match start {
            Start::Entry => reader.offset() as u32,
            Start::Loop(at) => at,
        };
        let may_inline = self.settings.inlining != Inlining::None;
        let (builder, expected) = (&mut scratch.builder, &|site| {
            expected_callee(env, site, may_inline)
        });
        let built = match start {
            Start::Entry => builder.build_expecting(reader, options, expected),
            Start::Loop(at) => builder.build_loop(reader, options, at, expected),
        };
        let func = built.map_err(|error| match error {
            ir::BuildError::Invalid(error) => CompileError::Invalid(error),
            ir::BuildError::TooComplex | ir::BuildError::TooLarge | ir::BuildError::NoLoop => {
                CompileError::Limit(error.to_string())
            }
        })?;
        let verify = |func: &ir::Func| {
            if self.settings.verify {
                ir::verify(func, Some(env.header))
                    .unwrap_or_else(|error| panic!("{error}\n{func}"));
            }
        };
        verify(func);
        let inlined = &mut scratch.inlined;
        let limits = match self.settings.inlining {
            Inlining::None => None,
            Inlining::Usual => Some(&passes::Limits::USUAL),
            Inlining::All => Some(&passes::Limits::HIGH),
        };
        let callees = &mut scratch.callees;
        let is_called = matches!(start, Start::Entry);
        if callees.inline(env, options, limits, (index, is_called), func, inlined) {
            std::mem::swap(func, inlined);
            verify(func);
        }
        let ty = env.header.func_type(index);
        let (params, signature) = match start {
            Start::Entry => (ty.params(), wasm_signature(ty)),
            Start::Loop(_) => (&[][..], loop_signature(ty)),
        };
        let around = passes::Env::new(env.header, params);
        passes::run(func, &around, passes::COMPILE);
        verify(func);
        let has_code = env.around.is_some_and(|around| around.has_code(index));
        if has_code && passes::effort(func) > EFFORT_MAX {
            let message = "making better code of the function would take too long";
            return Err(CompileError::Limit(message.to_string()));
        }
        scratch.context.clear();
        let target = &mut scratch.context.func;
        target.signature = signature;
        lower(self, env, func, target, &mut scratch.lower)?;
        Ok(func)
    }

    /// Compiles a function from where it starts.
    fn finish(
        &self,
        env: CompileEnv<'_>,
        body: FuncInput,
        start: Start,
        scratch: &mut Scratch,
    ) -> Result<CompiledFunc, CompileError> {
        let func = self.lower(env, body, start, scratch)?;
        let inlined = func.inlined().iter().map(|call| abi::inlined::Inlined {
            first: call.first,
            start: call.start,
            func: call.func,
            call: call.call,
        });
        let inlined = inlined.collect();
        let code = self.generate(scratch)?;
        let mut pcs = code.pcs;
        // A guest that runs out of stack, or is interrupted before anything else, is at the first operator.
        if pcs.first().is_none_or(|first| first.offset > 0) {
            let wasm = scratch.first_place;
            pcs.insert(0, PcEntry { offset: 0, wasm });
        }
        Ok(CompiledFunc {
            pcs,
            inlined,
            ..code
        })
    }

    pub(crate) fn generate(&self, scratch: &mut Scratch) -> Result<CompiledFunc, CompileError> {
        let Scratch {
            context, control, ..
        } = scratch;
        if let Err(error) = context.compile(&*self.isa, control) {
            let error = error.inner;
            return Err(codegen_error(&error, &context.func));
        }
        let code = context.compiled_code().expect("compiled above");
        // What runs fastest, which is more than what runs.
        let align = self.isa.function_alignment().preferred;
        compiled_func(code, &context.func, align)
    }
}

/// Functions that have code already get no better code if that is more work than this: see [`passes::effort`].
const EFFORT_MAX: u64 = 2_000_000;

/// A call is tested for what it mostly arrives at if that are at least so many of all.
const EXPECTED_SHARE_MIN: f32 = 0.7;
/// Bodies of at most so many bytes are likely to take the place of calls in loops.
const SMALL_BODY_BYTES: usize = 150;

/// What a call through a table or a reference is expected to arrive at: what was seen there, or what is all that can be.
pub(crate) fn expected_callee(
    env: CompileEnv<'_>,
    site: CallSite,
    may_inline: bool,
) -> Option<Expected> {
    let around = env.around;
    let seen = around.and_then(|around| around.call_target(site.offset));
    if let Some(target) = seen
        && target.share >= EXPECTED_SHARE_MIN
    {
        return Some(Expected::Func(target.func));
    }
    match env.header.elements(site.through_table?) {
        &[only] if seen.is_none() => Some(Expected::Func(only)),
        several @ [_, _, ..] if site.is_in_loop && may_inline => {
            // A jump to one of many calls is no better than the call that it replaces, if these remain calls.
            let is_small = |func: &&FuncIdx| {
                let body = around.and_then(|around| around.body(**func));
                body.is_some_and(|body| body.bytes_len() <= SMALL_BODY_BYTES)
            };
            let n_small = several.iter().filter(is_small).count();
            (2 * n_small >= several.len()).then(|| Expected::Among(several.to_vec()))
        }
        _ => None,
    }
}

impl Compiler for Optimizing {
    fn scratch(&self) -> Box<dyn Any + Send> {
        Box::new(Optimizing::new_scratch())
    }

    fn compile(
        &self,
        env: CompileEnv<'_>,
        body: FuncInput,
        scratch: &mut (dyn Any + Send),
    ) -> Result<CompiledFunc, CompileError> {
        let scratch: &mut Scratch = scratch.downcast_mut().expect("a scratch of this compiler");
        self.finish(env, body, Start::Entry, scratch)
    }

    fn compile_loop(
        &self,
        env: CompileEnv<'_>,
        body: FuncInput,
        at: u32,
        scratch: &mut (dyn Any + Send),
    ) -> Result<CompiledFunc, CompileError> {
        let scratch: &mut Scratch = scratch.downcast_mut().expect("a scratch of this compiler");
        self.finish(env, body, Start::Loop(at), scratch)
    }

    fn fingerprint(&self) -> String {
        self.settings.fingerprint(&self.isa)
    }
}
