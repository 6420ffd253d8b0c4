//! What a module is run by: everything that promises to do what the interpreter does.
//!
//! Apart from [`Way`], which holds for all of them at once: what is compared runs in one way, on many machines.

use crate::Random;
use crate::kept::{self, Damage};
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use wharf::{Config, Engine, Inlining, Module, Result, Tier};

/// One way for a module to get code and an instance.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Machine {
    /// One operator a step: the judge.
    Interp,
    /// Code from one pass.
    Baseline,
    /// Code of the best kind, without code of callees in callers.
    Optimizing,
    /// The same, with it wherever it is possible.
    Inlined,
    /// The same, out of a file.
    Artifact,
    /// Code from one pass first, then better code at the first entry and the first round of each loop, which guests wait for.
    AutoWaits,
    /// The same after so many, beside running guests.
    AutoAfter(u32),
    /// Code that an earlier run got, if nothing happened to the file.
    Cached(Damage),
    /// Code from one pass in an instance that another store used before.
    PooledBaseline,
    /// The same where tiers change.
    PooledAuto,
    /// The module that the optimizer of modules makes of it, run like the judge.
    Rewritten(Recipe),
    /// The same, run by code of the best kind.
    RewrittenCompiled(Recipe),
}

/// What the optimizer of modules does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Recipe {
    /// All of a level, by its place among them.
    Level(usize),
    /// One step, by its place among them.
    Step(usize),
}

impl Recipe {
    fn choose(random: &mut Random) -> Recipe {
        match random.below(3) {
            0 => Recipe::Step(random.below(opt::steps().len())),
            _ => Recipe::Level(random.below(opt::Level::ALL.len())),
        }
    }

    /// Whatever refines types.
    fn refining(random: &mut Random) -> Recipe {
        let mut names = opt::steps().into_iter();
        match names.position(|step| step.name == "refine") {
            Some(at) if random.below(2) == 0 => Recipe::Step(at),
            _ => Recipe::Level(2 + random.below(opt::Level::ALL.len() - 2)),
        }
    }

    fn step(self) -> opt::Step {
        match self {
            Recipe::Level(at) => opt::Step::Level(opt::Level::ALL[at].1),
            Recipe::Step(at) => opt::steps()[at].step,
        }
    }

    /// What becomes of a valid module.
    fn rewrite(self, bytes: &[u8]) -> Vec<u8> {
        let options = opt::Options {
            n_threads: 1,
            ..opt::Options::default()
        };
        let report = opt::optimize(bytes.to_vec(), &[self.step()], &options);
        report.expect("valid modules can be written").bytes
    }
}

/// Entries and rounds after which code changes: few, so that it does in calls of little fuel.
const AFTER: [u32; 4] = [1, 3, 20, 150];

impl Machine {
    /// The judge, and some that it judges: the tiers always, the others now and then.
    pub fn choose(random: &mut Random) -> Vec<Machine> {
        let after = Machine::AutoAfter(AFTER[random.below(AFTER.len())]);
        let best = match random.below(5) {
            0 => Machine::Artifact,
            1 | 2 => Machine::Inlined,
            _ => Machine::Optimizing,
        };
        let mut machines = vec![
            Machine::Interp,
            Machine::Baseline,
            best,
            Machine::AutoWaits,
            after,
        ];
        match random.below(6) {
            0 => machines.push(Machine::PooledBaseline),
            1 => machines.push(Machine::PooledAuto),
            2 | 3 => machines.push(Machine::Cached(match random.below(6) {
                0 => Damage::Byte,
                1 => Damage::End,
                _ => Damage::None,
            })),
            _ => {}
        }
        machines
    }

    /// The judge, and modules that the optimizer made.
    pub fn choose_rewritten(random: &mut Random) -> Vec<Machine> {
        vec![
            Machine::Interp,
            Machine::Rewritten(Recipe::choose(random)),
            Machine::RewrittenCompiled(Recipe::choose(random)),
        ]
    }

    /// The judge, and modules whose types the optimizer has refined.
    pub fn choose_refined(random: &mut Random) -> Vec<Machine> {
        vec![
            Machine::Interp,
            Machine::Rewritten(Recipe::refining(random)),
            Machine::RewrittenCompiled(Recipe::refining(random)),
        ]
    }

    /// Whether it runs another module, which may use less fuel or more.
    pub fn is_rewritten(self) -> bool {
        matches!(self, Machine::Rewritten(_) | Machine::RewrittenCompiled(_))
    }

    /// Whether the instance is one that was used before.
    pub fn is_pooled(self) -> bool {
        matches!(self, Machine::PooledBaseline | Machine::PooledAuto)
    }

    /// The settings that differ from machine to machine.
    pub fn configure(self, config: &mut Config) {
        match self {
            Machine::Interp | Machine::Rewritten(_) => config.tier(Tier::Interp),
            Machine::Baseline | Machine::PooledBaseline => config.tier(Tier::Baseline),
            Machine::Optimizing | Machine::RewrittenCompiled(_) => config.tier(Tier::Optimizing),
            Machine::Inlined | Machine::Artifact => {
                config.tier(Tier::Optimizing).inlining(Inlining::All)
            }
            Machine::AutoWaits => config
                .tier(Tier::Auto)
                .inlining(Inlining::Usual)
                .tier_up_after(1)
                .tier_up_waits(true),
            Machine::AutoAfter(count) => config
                .tier(Tier::Auto)
                .inlining(Inlining::All)
                .tier_up_after(count),
            Machine::Cached(_) => config
                .tier(Tier::Auto)
                .tier_up_after(2)
                .tier_up_waits(true)
                .cache(Some(kept::place())),
            Machine::PooledAuto => config.tier(Tier::Auto).tier_up_after(4),
        };
    }

    /// The module that this machine runs in place of a valid one.
    pub fn rewrite(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Machine::Rewritten(recipe) | Machine::RewrittenCompiled(recipe) => {
                Cow::Owned(recipe.rewrite(bytes))
            }
            _ => Cow::Borrowed(bytes),
        }
    }

    /// A valid module on an engine of this machine.
    pub fn module(self, engine: &Engine, bytes: &[u8]) -> Result<Module> {
        let module = Module::from_binary(engine, bytes.to_vec())?;
        if self != Machine::Artifact {
            return Ok(module);
        }
        static FILES: AtomicU64 = AtomicU64::new(0);
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let name = format!("wharf-fuzz-{}-{number}.wharf", std::process::id());
        let path: PathBuf = std::env::temp_dir().join(name);
        std::fs::write(&path, module.serialize()?)?;
        let again = Module::from_artifact_file(engine, &path);
        std::fs::remove_file(&path)?;
        again
    }
}
