//! What a function becomes on its way to machine code, as text.
//!
//! Apart because nothing but a reader's curiosity needs it; it is off unless asked for.

use crate::Optimizing;
use crate::compiler::Start;
use abi::{CompileEnv, CompileError};
use module::FuncInput;

/// The forms of one function, as text.
#[derive(Clone, Debug)]
pub struct Dump {
    /// Our SSA form.
    pub ir: String,
    /// Cranelift's form, before it optimizes.
    pub clif: String,
    /// Cranelift's form after it has optimized.
    pub clif_optimized: String,
    /// The machine code in Cranelift's assembly.
    pub code: String,
}

impl Optimizing {
    /// Compiles a function as [`abi::Compiler::compile`] does, and tells what it was on the way.
    ///
    /// # Errors
    /// As [`abi::Compiler::compile`].
    pub fn dump(&self, env: CompileEnv<'_>, body: FuncInput) -> Result<Dump, CompileError> {
        self.dump_from(env, body, Start::Entry)
    }

    /// The same for what [`abi::Compiler::compile_loop`] makes.
    ///
    /// # Errors
    /// As [`abi::Compiler::compile_loop`].
    pub fn dump_loop(
        &self,
        env: CompileEnv<'_>,
        body: FuncInput,
        at: u32,
    ) -> Result<Dump, CompileError> {
        self.dump_from(env, body, Start::Loop(at))
    }

    fn dump_from(
        &self,
        env: CompileEnv<'_>,
        body: FuncInput,
        start: Start,
    ) -> Result<Dump, CompileError> {
        let mut scratch = Optimizing::new_scratch();
        let ir = self.lower(env, body, start, &mut scratch)?.to_string();
        let clif = scratch.context.func.to_string();
        scratch.context.set_disasm(true);
        self.generate(&mut scratch)?;
        let code = scratch
            .context
            .compiled_code()
            .and_then(|code| code.vcode.clone());
        let clif_optimized = scratch.context.func.to_string();
        Ok(Dump {
            ir,
            clif,
            clif_optimized,
            code: code.unwrap_or_default(),
        })
    }
}
