//! The stages by name: what is done with whole modules.
//!
//! Apart from the stages because it is the one place that lists them.

use crate::job::{Changed, Job};
use crate::{
    Error, data, devirtualize, globals, inline, order, reach, refine, same, signature, types,
};
use module::Module;

/// What a stage does: the module as it becomes, or `None` if it stays.
type Run = fn(&Module, &Job<'_>) -> Result<Option<Changed>, Error>;

/// Something that is done with a whole module.
#[derive(Clone, Copy, Debug)]
pub struct Stage {
    /// What plans call it.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// The module as it becomes; `None` if it stays.
    pub(crate) run: Run,
}

/// All stages.
pub const STAGES: &[Stage] = &[
    Stage {
        name: "reach",
        about: "drops functions, globals, tables, memories, segments, tags, types and imports that nothing needs",
        run: reach::run,
    },
    Stage {
        name: "globals",
        about: "makes numbers of globals that never change, and writes none that nothing reads",
        run: globals::run,
    },
    Stage {
        name: "devirtualize",
        about: "calls what is known to be in tables and globals directly",
        run: devirtualize::run,
    },
    Stage {
        name: "signature",
        about: "drops parameters that are not used or always the same, and results that no call uses",
        run: signature::run,
    },
    Stage {
        name: "refine",
        about: "gives parameters, globals and fields the most precise types, and drops fields that are not read or always the same",
        run: refine::run,
    },
    Stage {
        name: "inline",
        about: "puts functions where they are called, if that is one place or they are hardly longer than the call",
        run: inline::run,
    },
    Stage {
        name: "same",
        about: "makes one function of those with the same body",
        run: same::run,
    },
    Stage {
        name: "data",
        about: "leaves out zeros at the start of memories, and joins data segments",
        run: data::run,
    },
    Stage {
        name: "types",
        about: "drops types of objects that nothing names, makes one of those that are the same, and gives those that are named often small numbers",
        run: types::run,
    },
    Stage {
        name: "order",
        about: "gives functions, globals and types that are named often small numbers, and makes one type of those that are the same",
        run: order::run,
    },
];
