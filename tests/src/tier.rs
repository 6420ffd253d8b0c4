//! The tiers that every test runs on.
//!
//! Apart, because this list is what makes one suite the judge of all tiers.

/// A way to run code, by the name that the command line and the names of tests use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tier {
    /// One operator a step.
    Interp,
    /// Machine code from one pass.
    Baseline,
    /// Machine code from the optimizer.
    Optimizing,
    /// First the one, then the other, as soon as a function is entered or a loop goes round.
    Auto,
}

impl Tier {
    /// Every tier, the judge first.
    pub const ALL: &[Tier] = &[Tier::Interp, Tier::Baseline, Tier::Optimizing, Tier::Auto];

    /// What `--tier` takes and what the names of tests begin with.
    pub fn name(self) -> &'static str {
        match self {
            Tier::Interp => "interp",
            Tier::Baseline => "baseline",
            Tier::Optimizing => "optimizing",
            Tier::Auto => "auto",
        }
    }

    /// The same, for the embedding API.
    pub fn config(self) -> wharf::Config {
        let mut config = wharf::Config::new();
        config.tier(match self {
            Tier::Interp => wharf::Tier::Interp,
            Tier::Baseline => wharf::Tier::Baseline,
            Tier::Optimizing => wharf::Tier::Optimizing,
            Tier::Auto => wharf::Tier::Auto,
        });
        config.tier_up_after(1).tier_up_waits(true);
        config
    }
}
