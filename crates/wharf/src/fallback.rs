//! Two compilers as one: what the first cannot compile, or not in a bounded time, the other does.
//!
//! Apart from the engine because it is a compiler: code of both calls each other freely.

use crate::{Config, Result};
use abi::{CompileEnv, CompileError, CompiledFunc, Compiler};
use baseline::Baseline;
use module::FuncInput;
use std::any::Any;
use std::sync::{Arc, OnceLock};

/// The optimizing compiler takes more time by byte the larger a function is: of larger functions than this, it makes no code.
pub(crate) const OPTIMIZED_BYTES_MAX: usize = 512 << 10;

type Make = Box<dyn Fn() -> Option<Arc<dyn Compiler>> + Send + Sync>;

/// Compiles with one compiler, and what that cannot compile with another.
pub(crate) struct Fallback {
    first: Arc<dyn Compiler>,
    /// The first compiler does not get functions of more bytes.
    bytes_max: usize,
    make_other: Make,
    /// Made when it is needed; `None` if this machine has none.
    other: OnceLock<Option<Arc<dyn Compiler>>>,
}

/// A worker's memory: that of both compilers.
struct Scratch {
    first: Box<dyn Any + Send>,
    other: Option<Box<dyn Any + Send>>,
}

fn baseline(config: &Config) -> Arc<dyn Compiler> {
    Arc::new(Baseline::new(baseline::Settings {
        deterministic: config.deterministic,
        ..baseline::Settings::default()
    }))
}

impl Fallback {
    fn new(first: Arc<dyn Compiler>, bytes_max: usize, make_other: Make) -> Fallback {
        Fallback {
            first,
            bytes_max,
            make_other,
            other: OnceLock::new(),
        }
    }

    /// The baseline compiler, else the optimizing one.
    pub(crate) fn baseline(config: &Config) -> Fallback {
        let settings = config.clone();
        let other: Make = Box::new(move || crate::engine::optimizing(&settings).ok());
        Fallback::new(baseline(config), usize::MAX, other)
    }

    /// The optimizing compiler, else the baseline one.
    pub(crate) fn optimizing(config: &Config) -> Result<Fallback> {
        Ok(Fallback::after(crate::engine::optimizing(config)?, config))
    }

    /// This optimizing compiler, else the baseline one.
    pub(crate) fn after(optimizing: Arc<dyn Compiler>, config: &Config) -> Fallback {
        let settings = config.clone();
        let other: Make = Box::new(move || Some(baseline(&settings)));
        Fallback::new(optimizing, OPTIMIZED_BYTES_MAX, other)
    }

    fn other(&self) -> Option<&Arc<dyn Compiler>> {
        self.other.get_or_init(&self.make_other).as_ref()
    }
}

impl Compiler for Fallback {
    fn scratch(&self) -> Box<dyn Any + Send> {
        Box::new(Scratch {
            first: self.first.scratch(),
            other: None,
        })
    }

    fn compile(
        &self,
        env: CompileEnv<'_>,
        body: FuncInput,
        scratch: &mut (dyn Any + Send),
    ) -> Result<CompiledFunc, CompileError> {
        let scratch: &mut Scratch = scratch.downcast_mut().expect("a scratch of this compiler");
        let mut refused = None;
        if body.bytes_len() <= self.bytes_max {
            let result = self.first.compile(env, body.clone(), &mut *scratch.first);
            let Err(CompileError::Limit(message)) = result else {
                return result;
            };
            refused = Some(CompileError::Limit(message));
        }
        let Some(other) = self.other() else {
            let message = || "the function is too large for the compiler".to_string();
            return Err(refused.unwrap_or_else(|| CompileError::Limit(message())));
        };
        let kept = &mut scratch.other;
        let scratch = kept.get_or_insert_with(|| other.scratch());
        other.compile(env, body, &mut **scratch)
    }

    fn fingerprint(&self) -> String {
        let other = self.other().map(|compiler| compiler.fingerprint());
        format!(
            "{}, else {}",
            self.first.fingerprint(),
            other.as_deref().unwrap_or("nothing")
        )
    }
}
