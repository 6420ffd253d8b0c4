//! What is done, in which order: by name, or by level.
//!
//! Apart from doing it because it is what the command line says, and a list that grows by rows.

use crate::stage::{self, Stage};

/// How much is done, and for what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// Nothing but writing functions anew.
    O0,
    /// What takes little time.
    O1,
    /// What makes code faster.
    O2,
    /// The same, with more code where that pays.
    O3,
    /// The same, several times.
    O4,
    /// What makes the module smaller, as far as it makes nothing slower.
    Os,
    /// As small as can be.
    Oz,
}

impl Level {
    /// All, by the letter that follows `-O`.
    pub const ALL: &[(&str, Level)] = &[
        ("0", Level::O0),
        ("1", Level::O1),
        ("2", Level::O2),
        ("3", Level::O3),
        ("4", Level::O4),
        ("s", Level::Os),
        ("z", Level::Oz),
    ];

    /// Whether small modules matter more than fast ones.
    pub fn is_for_size(self) -> bool {
        matches!(self, Level::Os | Level::Oz)
    }
}

/// One thing that is done.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// A pass over each function.
    Pass(&'static str),
    /// A stage over the whole module.
    Stage(&'static Stage),
    /// All of a level.
    Level(Level),
}

/// A step that can be named.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// Its name.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// The step.
    pub step: Step,
}

/// All steps that have names: stages, then passes.
pub fn steps() -> Vec<Named> {
    let stages = stage::STAGES.iter().map(|stage| Named {
        name: stage.name,
        about: stage.about,
        step: Step::Stage(stage),
    });
    let passes = passes::PASSES.iter().map(|pass| Named {
        name: pass.name,
        about: pass.about,
        step: Step::Pass(pass.name),
    });
    stages.chain(passes).collect()
}

/// What functions go through.
pub(crate) fn pipeline(for_size: bool) -> &'static [&'static str] {
    match for_size {
        true => passes::SIZE,
        false => passes::SPEED,
    }
}

/// The steps of a level, in order.
pub fn level(level: Level) -> Vec<Step> {
    let passes = |names: &[&'static str]| -> Vec<Step> {
        names.iter().map(|&name| Step::Pass(name)).collect()
    };
    let stages = |names: &[&str]| -> Vec<Step> { names.iter().map(|name| stage(name)).collect() };
    let usual = passes(pipeline(level.is_for_size()));
    match level {
        Level::O0 => passes(&["none"]),
        Level::O1 => [passes(&["fold", "dce"]), stages(&["reach"])].concat(),
        Level::O2 | Level::O3 | Level::O4 | Level::Os | Level::Oz => [
            stages(&["reach"]),
            usual,
            stages(&[
                "globals",
                "devirtualize",
                "same",
                "signature",
                "inline",
                "reach",
                "signature",
                "same",
                "reach",
                "data",
                "types",
                "order",
            ]),
        ]
        .concat(),
    }
}

/// The step of a stage.
fn stage(name: &str) -> Step {
    let stage = stage::STAGES.iter().find(|stage| stage.name == name);
    Step::Stage(stage.unwrap_or_else(|| panic!("there is no stage named {name}")))
}
