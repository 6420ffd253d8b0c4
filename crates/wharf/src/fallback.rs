//! The compiler in one pass, and the other one for what it cannot compile.
//!
//! Apart from the engine because it is a compiler: code of both calls each other freely.

use crate::Config;
use abi::{CompileEnv, CompileError, CompiledFunc, Compiler};
use baseline::Baseline;
use module::FuncInput;
use std::any::Any;
use std::sync::{Arc, OnceLock};

/// Compiles with the baseline compiler, and what that cannot compile with the optimizing one.
pub(crate) struct Fallback {
    baseline: Baseline,
    config: Config,
    /// Made when it is needed; `None` if this machine has none.
    optimizing: OnceLock<Option<Arc<dyn Compiler>>>,
}

/// A worker's memory: that of both compilers.
struct Scratch {
    baseline: Box<dyn Any + Send>,
    optimizing: Option<Box<dyn Any + Send>>,
}

impl Fallback {
    pub(crate) fn new(config: &Config) -> Fallback {
        Fallback {
            baseline: Baseline::new(baseline::Settings {
                deterministic: config.deterministic,
                ..baseline::Settings::default()
            }),
            config: config.clone(),
            optimizing: OnceLock::new(),
        }
    }

    fn optimizing(&self) -> Option<&Arc<dyn Compiler>> {
        let make = || crate::engine::optimizing(&self.config).ok();
        self.optimizing.get_or_init(make).as_ref()
    }
}

impl Compiler for Fallback {
    fn scratch(&self) -> Box<dyn Any + Send> {
        Box::new(Scratch {
            baseline: self.baseline.scratch(),
            optimizing: None,
        })
    }

    fn compile(
        &self,
        env: CompileEnv<'_>,
        body: FuncInput,
        scratch: &mut (dyn Any + Send),
    ) -> Result<CompiledFunc, CompileError> {
        let scratch: &mut Scratch = scratch.downcast_mut().expect("a scratch of this compiler");
        let again = body.clone();
        let result = self.baseline.compile(env, body, &mut *scratch.baseline);
        if !matches!(result, Err(CompileError::Limit(_))) {
            return result;
        }
        let Some(optimizing) = self.optimizing() else {
            return result;
        };
        let kept = &mut scratch.optimizing;
        let scratch = kept.get_or_insert_with(|| optimizing.scratch());
        optimizing.compile(env, again, &mut **scratch)
    }

    fn fingerprint(&self) -> String {
        let optimizing = self.optimizing().map(|compiler| compiler.fingerprint());
        format!(
            "{}, else {}",
            self.baseline.fingerprint(),
            optimizing.as_deref().unwrap_or("nothing")
        )
    }
}
