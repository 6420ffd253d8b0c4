//! The engine: what all modules and stores share.

use crate::{Config, Error, Result, Tier};
use abi::Compiler;
use module::Features;
use runtime::{EngineCore, EngineSettings, Runner};
use std::fmt;
use std::sync::Arc;

/// Compiles and runs modules. Cheap to clone; clones are the same engine.
///
/// An engine remembers every defined type that its modules or their host named, also when those are gone, and refuses more than a
/// million of them. Whoever runs programs of strangers gives each stranger an engine, or replaces it now and then.
///
/// ```
/// let engine = wharf::Engine::default();
/// let module = wharf::Module::new(&engine, "(module)")?;
/// # Ok::<(), wharf::Error>(())
/// ```
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    config: Config,
    core: Arc<EngineCore>,
}

impl Default for Engine {
    /// An engine with the default settings.
    ///
    /// # Panics
    /// If this machine cannot run the default tier.
    fn default() -> Engine {
        Engine::new(&Config::default()).expect("the default tier runs on every supported machine")
    }
}

impl Engine {
    /// An engine with these settings.
    ///
    /// # Errors
    /// If this machine cannot run the tier.
    pub fn new(config: &Config) -> Result<Engine> {
        let runner = match config.tier {
            Tier::Interp => Runner::Executor(Arc::new(interp::Interp::new())),
            Tier::Auto | Tier::Optimizing => {
                let settings = optimizing::Settings {
                    verify: config.verify,
                    deterministic: config.deterministic,
                    ..Default::default()
                };
                let compiler = optimizing::Optimizing::new(settings)
                    .map_err(|error| Error::limit(error.to_string()))?;
                Runner::Compiler(Arc::new(compiler))
            }
        };
        let core = EngineCore::new(EngineSettings {
            runner,
            stack_bytes: config.stack_bytes,
            fuel: config.fuel,
            deterministic: config.deterministic,
            gc_stress: config.gc_stress,
            memories_move: config.memories_move,
        });
        let mut config = config.clone();
        if config.deterministic {
            config.features = config.features.without("threads")?;
        }
        Ok(Engine(Arc::new(Inner { config, core })))
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The features that modules may use.
    pub fn features(&self) -> Features {
        self.0.config.features
    }

    /// Whether both are the same engine.
    pub fn same(a: &Engine, b: &Engine) -> bool {
        Arc::ptr_eq(&a.0, &b.0)
    }

    pub(crate) fn core(&self) -> &Arc<EngineCore> {
        &self.0.core
    }

    pub(crate) fn compiler(&self) -> Option<&Arc<dyn Compiler>> {
        self.0.core.compiler()
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("config", &self.0.config)
            .finish_non_exhaustive()
    }
}
