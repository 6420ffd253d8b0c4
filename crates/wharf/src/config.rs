//! How an engine runs modules.

use crate::{CacheConfig, Profile, tiering};
use module::Features;
use optimizing::Inlining;
use runtime::Pooling;
use std::sync::Arc;

/// A way to run functions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Tier {
    /// Each function gets code from the compiler of one pass at its first call, and from the optimizing one when it is hot, also
    /// while it runs.
    #[default]
    Auto,
    /// One operator a step: starts at once, runs slowly, and is the judge of the others.
    Interp,
    /// Machine code from the compiler in one pass: compiles fast. The few functions that it cannot compile are the optimizing
    /// compiler's.
    Baseline,
    /// Machine code from the optimizing compiler. The functions that it would take too long for are the baseline compiler's.
    Optimizing,
}

/// Settings of an [`Engine`](crate::Engine).
///
/// ```
/// use wharf::{Config, Engine, Tier};
///
/// let engine = Engine::new(Config::new().tier(Tier::Interp).consume_fuel(true))?;
/// # Ok::<(), wharf::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) tier: Tier,
    pub(crate) features: Features,
    pub(crate) fuel: bool,
    pub(crate) stack_bytes: usize,
    pub(crate) deterministic: bool,
    pub(crate) parallel: bool,
    pub(crate) verify: bool,
    pub(crate) inlining: Inlining,
    pub(crate) gc_stress: bool,
    pub(crate) memories_move: bool,
    pub(crate) lazy: bool,
    pub(crate) tier_up_after: i32,
    pub(crate) tier_up_waits: bool,
    pub(crate) profile: Option<Arc<Profile>>,
    pub(crate) pooling: Pooling,
    pub(crate) cache: Option<CacheConfig>,
}

/// Bounds of [`Config::max_wasm_stack`].
const STACK_BYTES: std::ops::RangeInclusive<usize> = 64 << 10..=1 << 30;

impl Default for Config {
    fn default() -> Config {
        Config {
            tier: Tier::Auto,
            features: Features::default(),
            fuel: false,
            stack_bytes: 1 << 20,
            deterministic: false,
            parallel: true,
            verify: false,
            inlining: Inlining::Usual,
            gc_stress: false,
            memories_move: false,
            lazy: false,
            tier_up_after: tiering::COUNTER,
            tier_up_waits: false,
            profile: None,
            pooling: Pooling::default(),
            cache: None,
        }
    }
}

impl Config {
    /// The default settings.
    pub fn new() -> Config {
        Config::default()
    }

    /// How functions run.
    pub fn tier(&mut self, tier: Tier) -> &mut Config {
        self.tier = tier;
        self
    }

    /// Makes [`Tier::Auto`] be [`Tier::Optimizing`], and nothing be compiled only when it is called: for modules that are compiled in
    /// order to be kept.
    pub fn compile_whole(&mut self) -> &mut Config {
        if self.tier == Tier::Auto {
            self.tier = Tier::Optimizing;
        }
        self.lazy = false;
        self
    }

    /// Says what guests of a module were seen to do (see [`Module::profile`](crate::Module::profile)): when all of it is compiled, code
    /// fits that. Other modules do not care.
    pub fn profile(&mut self, profile: Profile) -> &mut Config {
        self.profile = Some(Arc::new(profile));
        self
    }

    /// The WebAssembly features that modules may use.
    pub fn features(&mut self, features: Features) -> &mut Config {
        self.features = features;
        self
    }

    /// Whether guests consume fuel; see [`Store::set_fuel`](crate::Store::set_fuel). Off by default, since counting costs time.
    pub fn consume_fuel(&mut self, on: bool) -> &mut Config {
        self.fuel = on;
        self
    }

    /// Stack for the guests of one store, in bytes; 1 MiB by default. Kept between 64 KiB and 1 GiB.
    pub fn max_wasm_stack(&mut self, bytes: usize) -> &mut Config {
        self.stack_bytes = bytes.clamp(*STACK_BYTES.start(), *STACK_BYTES.end());
        self
    }

    /// Whether a module computes the same bits in every run, on every tier and every machine. Off by default.
    ///
    /// Where the specification leaves a choice, that of its deterministic profile is made: NaNs are canonical, and relaxed
    /// vector operators mean what their strict counterparts do. The feature `threads` is off, because what threads do depends
    /// on their timing. This costs a little in each operator on floats.
    ///
    /// What stays open is what host functions return (for those of WASI, see `CtxBuilder::deterministic`), and where resources
    /// end: how deep calls go before the stack is exhausted depends on the tier, and whether a memory can grow on the machine
    /// unless [`Limits`](crate::Limits) forbid it first.
    pub fn deterministic(&mut self, on: bool) -> &mut Config {
        self.deterministic = on;
        self
    }

    /// Whether functions are validated and compiled on all cores. On by default.
    pub fn parallel_compilation(&mut self, on: bool) -> &mut Config {
        self.parallel = on;
        self
    }

    /// Whether every allocation of a guest's object collects first. Very slow; for tests of the engine.
    pub fn gc_stress(&mut self, on: bool) -> &mut Config {
        self.gc_stress = on;
        self
    }

    /// What the engine keeps of instances whose stores are dropped, for the next ones of the same
    /// [`InstancePre`](crate::InstancePre): by default 64 instances, each with up to 1 MiB that its guest touched.
    ///
    /// A kept instance is put back into the state it started in, and starts again in a fraction of the time. It goes with its
    /// `InstancePre`.
    pub fn pooling(&mut self, pooling: Pooling) -> &mut Config {
        self.pooling = pooling;
        self
    }

    /// Where [`Tier::Auto`] keeps compiled code for later runs, and finds that of earlier ones. Nowhere by default.
    ///
    /// Code that is found is run as it is: the directory must belong to the user that the process acts for, and be writable by nobody
    /// else, or it is not used. What a module got is written by [`Module::keep_code`](crate::Module::keep_code).
    pub fn cache(&mut self, cache: Option<CacheConfig>) -> &mut Config {
        self.cache = cache;
        self
    }

    /// Which calls the optimizing tier replaces by the bodies of their callees. Those where it usually pays, by default.
    pub fn inlining(&mut self, inlining: Inlining) -> &mut Config {
        self.inlining = inlining;
        self
    }

    /// Whether compilers check their own intermediate forms. Slow; for tests of the engine.
    pub fn verify_compilers(&mut self, on: bool) -> &mut Config {
        self.verify = on;
        self
    }

    /// Whether memories that may move do so whenever they grow: those with 64-bit addresses or custom page sizes that threads do
    /// not share. Slow; for tests of the engine.
    pub fn move_memories(&mut self, on: bool) -> &mut Config {
        self.memories_move = on;
        self
    }

    /// Whether [`Tier::Optimizing`] compiles each function when it is called first, rather than all before any runs. Off by default.
    pub fn lazy_compilation(&mut self, on: bool) -> &mut Config {
        self.lazy = on;
        self
    }

    /// How much a function does in the code that it gets first, in entries and rounds of loops, before [`Tier::Auto`] makes better
    /// code for it. At least 1.
    pub fn tier_up_after(&mut self, count: u32) -> &mut Config {
        self.tier_up_after = i32::try_from(count).unwrap_or(i32::MAX).max(1);
        self
    }

    /// Whether guests wait for better code instead of running on meanwhile. Slow; for tests of the engine.
    pub fn tier_up_waits(&mut self, on: bool) -> &mut Config {
        self.tier_up_waits = on;
        self
    }
}
