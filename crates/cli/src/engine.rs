//! The options that every command which compiles or runs shares, and what they lead to: an engine, and modules in it.
//!
//! Apart, so that `--tier` means the same everywhere and is declared once.

use std::path::Path;

use clap::{Args, ValueEnum};

use crate::failure::Failure;
use crate::input::Input;
use crate::progress::Progress;

/// How modules are compiled.
#[derive(Args)]
#[command(next_help_heading = "Engine")]
pub struct EngineOptions {
    /// How code runs: one operator a step, or as machine code
    #[arg(
        long,
        value_enum,
        value_name = "TIER",
        default_value_t,
        hide_possible_values = true
    )]
    #[arg(
        help = "How code runs: auto, interp (an operator a step), baseline (machine code soon), optimizing (fast machine code)"
    )]
    tier: Tier,

    /// WebAssembly features to allow, such as `+gc` or `gc`, or to refuse, such as `-simd`; `-all` refuses all that came
    /// after the first version
    #[arg(
        long,
        value_name = "[+-]NAME,...",
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    features: Vec<String>,

    /// Compute the same bits in every run on every machine: canonical NaNs, strict vectors, no threads, clocks or randomness
    #[arg(long)]
    deterministic: bool,

    /// Neither read nor write compiled code kept from earlier runs
    #[arg(long)]
    no_cache: bool,
}

/// A way to run code.
#[derive(Clone, Copy, Default, ValueEnum)]
enum Tier {
    #[default]
    Auto,
    Interp,
    Baseline,
    Optimizing,
}

impl EngineOptions {
    /// The settings of an engine with these options.
    ///
    /// # Errors
    ///
    /// A feature has no such name, or does not run yet.
    pub fn config(&self) -> Result<wharf::Config, Failure> {
        let mut config = wharf::Config::new();
        config.tier(match self.tier {
            Tier::Auto => wharf::Tier::Auto,
            Tier::Interp => wharf::Tier::Interp,
            Tier::Baseline => wharf::Tier::Baseline,
            Tier::Optimizing => wharf::Tier::Optimizing,
        });
        config.features(self.features()?);
        config.deterministic(self.deterministic);
        Ok(config)
    }

    /// What modules may use.
    ///
    /// # Errors
    ///
    /// A feature has no such name, or does not run yet.
    pub fn features(&self) -> Result<wharf::Features, Failure> {
        let mut features = usual_features();
        for name in &self.features {
            let changed = match name.strip_prefix('-') {
                Some("all") => Ok(wharf::Features::NONE),
                Some(name) => features.without(name),
                None => match name.strip_prefix('+').unwrap_or(name) {
                    "all" => Ok(wharf::Features::runnable()),
                    "mvp" | "wasm1" => wharf::Features::NONE.with("mutable-global"),
                    name => features.with(name),
                },
            };
            features = changed.map_err(Failure::usage)?;
        }
        Ok(features)
    }

    /// Where compiled code is kept between runs, if it is.
    pub fn cache(&self) -> Option<wharf::CacheConfig> {
        let is_on = !self.no_cache && matches!(self.tier, Tier::Auto);
        is_on.then(wharf::CacheConfig::usual).flatten()
    }

    /// Whether runs must not differ.
    pub fn is_deterministic(&self) -> bool {
        self.deterministic
    }
}

/// What modules may use if nothing else is said: the defaults of the engine, and the legacy encoding of exceptions. It is not part
/// of the standard, but most C++ compilers emit it unless they are told not to.
fn usual_features() -> wharf::Features {
    let features = wharf::Features::default();
    features.with("legacy-exceptions").unwrap_or(features)
}

/// Starts an engine.
///
/// # Errors
///
/// This machine does not allow one with these settings.
pub fn start(config: &wharf::Config) -> Result<wharf::Engine, Failure> {
    wharf::Engine::new(config)
        .map_err(|error| Failure::new(format!("cannot start the engine: {error}")))
}

/// Compiles a module, with a bar if that takes long.
///
/// # Errors
///
/// The module is not valid.
pub fn compile(
    engine: &wharf::Engine,
    input: &mut Input,
    quiet: bool,
) -> Result<wharf::Module, Failure> {
    let identity = input.identity().copied();
    let wasm = input.take_wasm()?;
    let mut progress = Progress::new(quiet);
    let mut update = |n_done, n| progress.update(n_done, n);
    let module = wharf::Module::from_binary_with_progress(engine, wasm, &mut update)
        .map_err(|error| input.failure(&error))?;
    if let Some(identity) = identity {
        module.set_file(&identity);
    }
    Ok(module)
}

/// Compiles the module of a file, or maps one that was compiled already.
///
/// # Errors
///
/// The file cannot be read, the module is not valid, or was compiled for something else.
pub fn load(engine: &wharf::Engine, path: &Path, quiet: bool) -> Result<wharf::Module, Failure> {
    let kept = wharf::Module::from_kept_file(engine, path);
    if let Some(module) = kept.map_err(Failure::new)? {
        return Ok(module);
    }
    let input = &mut Input::read(path)?;
    match input.artifact() {
        None => compile(engine, input, quiet),
        Some(path) => wharf::Module::from_artifact_file(engine, path)
            .map_err(|error| Failure::new(format!("{error}\n  --> {}", input.name()))),
    }
}
