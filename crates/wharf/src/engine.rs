//! The engine: what all modules and stores share.

use crate::cache::Cache;
use crate::fallback::Fallback;
use crate::stats::{Counts, Stats};
use crate::tiering::{First, TierManager};
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
    /// What compiles modules as a whole.
    whole: Option<Arc<dyn Compiler>>,
    /// What compiles functions one by one.
    tiers: Option<Arc<TierManager>>,
    /// Where code is kept between runs.
    cache: Option<Cache>,
    counts: Arc<Counts>,
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
        let (mut whole, mut tiers) = (None, None);
        let counts = Arc::default();
        let runner = match config.tier {
            Tier::Interp => Runner::Executor(Arc::new(interp::Interp::new())),
            Tier::Optimizing if config.lazy => {
                let compiler: Arc<dyn Compiler> = Arc::new(Fallback::optimizing(config)?);
                let best = Box::new(|| Some(compiler));
                let manager = Arc::new(TierManager::new(config, First::Best, best, &counts));
                tiers = Some(manager.clone());
                Runner::Tiers(manager)
            }
            Tier::Baseline => {
                let compiler: Arc<dyn Compiler> = Arc::new(Fallback::baseline(config));
                whole = Some(compiler);
                Runner::Compiled(Arc::new(baseline::Trampolines))
            }
            Tier::Auto => {
                let fast = baseline::Baseline::new(baseline::Settings {
                    tier_up: true,
                    deterministic: config.deterministic,
                    ..Default::default()
                });
                let first = First::Fast(Arc::new(fast));
                let settings = config.clone();
                // It is not needed before something is hot.
                let best = Box::new(move || optimizing(&settings).ok());
                let manager = Arc::new(TierManager::new(config, first, best, &counts));
                tiers = Some(manager.clone());
                Runner::Tiers(manager)
            }
            Tier::Optimizing => {
                let compiler: Arc<dyn Compiler> = Arc::new(Fallback::optimizing(config)?);
                whole = Some(compiler);
                Runner::Compiled(Arc::new(baseline::Trampolines))
            }
        };
        let core = EngineCore::new(EngineSettings {
            runner,
            stack_bytes: config.stack_bytes,
            fuel: config.fuel,
            deterministic: config.deterministic,
            gc_stress: config.gc_stress,
            memories_move: config.memories_move,
            pooling: config.pooling,
        });
        let mut config = config.clone();
        if config.deterministic {
            config.features = config.features.without("threads")?;
        }
        let cache = match (&config.cache, &tiers) {
            (Some(cache), Some(tiers)) => tiers
                .first_fingerprint()
                .and_then(|first| Cache::new(cache, &config, &first)),
            _ => None,
        };
        Ok(Engine(Arc::new(Inner {
            cache,
            config,
            core,
            whole,
            tiers,
            counts,
        })))
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The features that modules may use.
    pub fn features(&self) -> Features {
        self.0.config.features
    }

    /// What the engine has validated and compiled so far.
    pub fn stats(&self) -> Stats {
        self.0.counts.get()
    }

    pub(crate) fn counts(&self) -> &Arc<Counts> {
        &self.0.counts
    }

    /// Whether both are the same engine.
    pub fn same(a: &Engine, b: &Engine) -> bool {
        Arc::ptr_eq(&a.0, &b.0)
    }

    pub(crate) fn core(&self) -> &Arc<EngineCore> {
        &self.0.core
    }

    /// What compiles modules as a whole before any of their functions run; `None` if nothing does.
    pub(crate) fn compiler(&self) -> Option<&Arc<dyn Compiler>> {
        self.0.whole.as_ref()
    }

    /// What makes the final code of functions, which artifacts hold; `None` if the engine makes none.
    pub(crate) fn best_compiler(&self) -> Option<Arc<dyn Compiler>> {
        if let Some(whole) = self.compiler() {
            return Some(whole.clone());
        }
        let best = self.tiers()?.best()?.clone();
        let config = self.config();
        Some(match config.tier {
            // Its functions have other code where this compiler makes none.
            Tier::Auto => Arc::new(Fallback::after(best, config)),
            _ => best,
        })
    }

    /// Where code of the engine's modules is kept between runs.
    pub(crate) fn cache(&self) -> Option<&Cache> {
        self.0.cache.as_ref()
    }

    /// What compiles functions one by one; `None` if they are not.
    pub(crate) fn tiers(&self) -> Option<&Arc<TierManager>> {
        self.0.tiers.as_ref()
    }
}

pub(crate) fn optimizing_settings(config: &Config) -> optimizing::Settings {
    optimizing::Settings {
        verify: config.verify,
        deterministic: config.deterministic,
        inlining: config.inlining,
        ..Default::default()
    }
}

pub(crate) fn optimizing(config: &Config) -> Result<Arc<dyn Compiler>> {
    let compiler = optimizing::Optimizing::new(optimizing_settings(config));
    let compiler = compiler.map_err(|error| Error::limit(error.to_string()))?;
    Ok(Arc::new(compiler))
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("config", &self.0.config)
            .finish_non_exhaustive()
    }
}
