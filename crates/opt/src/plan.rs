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
    let writable = passes::PASSES.iter().filter(|pass| !pass.only_compiled);
    let passes = writable.map(|pass| Named {
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

/// What is done, in order.
pub(crate) enum Todo {
    /// Functions go through passes.
    Passes(Vec<&'static str>),
    /// A stage.
    Stage(&'static Stage),
    /// From now on inlining for speed takes bodies of up to so many bytes.
    Inlines {
        /// The bytes.
        bytes_max: usize,
    },
    /// Some of it is done as long as it changes something, but only so often.
    Rounds {
        /// How often at most.
        n_max: usize,
        /// What is done.
        todo: Vec<Todo>,
    },
}

/// What is to be done for these steps. Passes that follow each other are one pipeline.
pub(crate) fn todo(steps: &[Step]) -> Vec<Todo> {
    let mut all = Vec::new();
    for step in steps {
        match *step {
            Step::Pass(pass) => match all.last_mut() {
                Some(Todo::Passes(passes)) => passes.push(pass),
                _ => all.push(Todo::Passes(vec![pass])),
            },
            Step::Stage(stage) => all.push(Todo::Stage(stage)),
            Step::Level(level) => all.extend(level.todo()),
        }
    }
    all
}

/// What is tried at last where size is all that matters: written once more, functions often get shorter, as they are read in the
/// order in which they were written.
const AGAIN: &[&str] = &["refs", "loads", "dce", "short"];

impl Level {
    fn todo(self) -> Vec<Todo> {
        let usual = Todo::Passes(pipeline(self.is_for_size()).to_vec());
        match self {
            Level::O0 => vec![Todo::Passes(vec!["none"])],
            Level::O1 => vec![Todo::Passes(vec!["fold", "dce"]), stage("reach")],
            Level::O2 | Level::O3 | Level::O4 | Level::Os | Level::Oz => {
                let mut round = vec![usual];
                round.extend(
                    [
                        "globals",
                        "devirtualize",
                        "same",
                        "refine",
                        "signature",
                        "inline",
                        "reach",
                    ]
                    .map(stage),
                );
                let mut all = vec![
                    Todo::Inlines {
                        bytes_max: self.inlined_bytes_max(),
                    },
                    stage("reach"),
                    Todo::Rounds {
                        n_max: self.n_rounds_max(),
                        todo: round,
                    },
                ];
                all.extend(["signature", "same", "reach"].map(stage));
                if self == Level::Oz {
                    all.push(Todo::Passes(AGAIN.to_vec()));
                }
                all.extend(["data", "types", "order"].map(stage));
                all
            }
        }
    }

    /// Bytes of bodies that are put wherever they are called, if that is for speed.
    pub(crate) fn inlined_bytes_max(self) -> usize {
        match self {
            Level::O3 | Level::O4 => 40,
            _ => 20,
        }
    }

    /// How often functions are gone over, as long as something changes.
    fn n_rounds_max(self) -> usize {
        match self {
            Level::O4 => 4,
            _ => 1,
        }
    }
}

/// A stage by its name.
fn stage(name: &str) -> Todo {
    let stage = stage::STAGES.iter().find(|stage| stage.name == name);
    Todo::Stage(stage.unwrap_or_else(|| panic!("there is no stage named {name}")))
}
