//! The passes by name, and the pipelines that are made of them.

use crate::effects::Callee;
use crate::select::{self, Worth};
use crate::{
    algebra, blocks, compare, dce, dense, fold, gvn, licm, loads, memory, refs, search, short,
};
use ir::Func;
use module::{Header, ValType};

/// What surrounds a function.
#[derive(Clone, Copy)]
pub struct Env<'a> {
    /// Its module.
    pub header: &'a Header,
    /// The types of its parameters; fewer if they are not known.
    pub params: &'a [ValType],
    /// What is known of functions, by index; fewer if it is not known.
    pub callees: &'a [Callee],
}

impl<'a> Env<'a> {
    /// A function of a module of which only the header is known, and the types of its parameters.
    pub const fn new(header: &'a Header, params: &'a [ValType]) -> Env<'a> {
        Env {
            header,
            params,
            callees: &[],
        }
    }
}

/// One pass.
#[derive(Clone, Copy)]
pub struct Pass {
    /// What pipelines call it.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// Whether the function may be something afterwards that machine code can say and WebAssembly cannot: addresses with more bits
    /// than its memory has, longer vectors.
    pub only_compiled: bool,
    run: fn(&mut Func, &Env<'_>),
}

/// All passes.
pub const PASSES: &[Pass] = &[
    Pass {
        name: "none",
        about: "changes nothing: whoever writes functions writes them as they were built",
        only_compiled: false,
        run: |_, _| (),
    },
    Pass {
        name: "refs",
        about: "drops casts, tests, null checks and branches that what references are decides",
        only_compiled: false,
        run: refs::run,
    },
    Pass {
        name: "loads",
        about: "finds loads of objects and globals whose value is known, and accesses of elements that surely exist",
        only_compiled: false,
        run: loads::run,
    },
    Pass {
        name: "fold",
        about: "computes what constants determine, and takes branches that they decide",
        only_compiled: false,
        run: |func, _| fold::run(func),
    },
    Pass {
        name: "algebra",
        about: "computes the same in fewer or cheaper operators",
        only_compiled: false,
        run: |func, env| algebra::run(func, env.header),
    },
    Pass {
        name: "memory",
        about: "finds loads from memories whose value is known, and stores that nobody sees",
        only_compiled: false,
        run: memory::run,
    },
    Pass {
        name: "licm",
        about: "computes before a loop what is the same each time round",
        only_compiled: false,
        run: |func, env| licm::run(func, env.callees),
    },
    Pass {
        name: "select",
        about: "chooses values without a branch where that is short",
        only_compiled: false,
        run: |func, _| select::run(func, Worth::SIZE),
    },
    Pass {
        name: "fast-select",
        about: "chooses values without a branch where that is fast",
        only_compiled: false,
        run: |func, _| select::run(func, Worth::SPEED),
    },
    Pass {
        name: "blocks",
        about: "leads edges past blocks, and joins blocks that follow each other",
        only_compiled: false,
        run: |func, _| blocks::run(func, false),
    },
    Pass {
        name: "tails",
        about: "as blocks, and makes one of blocks that do the same or end alike",
        only_compiled: false,
        run: |func, _| blocks::run(func, true),
    },
    Pass {
        name: "gvn",
        about: "computes once what is computed again where it is known already",
        only_compiled: false,
        run: |func, env| gvn::run(func, env.callees),
    },
    Pass {
        name: "short",
        about: "prefers constants that take fewer bytes",
        only_compiled: false,
        run: |func, _| short::run(func),
    },
    Pass {
        name: "search",
        about: "lets loops that look for a byte look at 32 bytes at a time",
        only_compiled: true,
        run: search::run,
    },
    Pass {
        name: "compare",
        about: "lets loops that compare bytes compare 16 bytes at a time",
        only_compiled: true,
        run: compare::run,
    },
    Pass {
        name: "dense",
        about: "lets loops over arrays run ahead in vectors, or with addresses that cannot wrap around",
        only_compiled: true,
        run: dense::run,
    },
    Pass {
        name: "dce",
        about: "removes what has no effect and is not used",
        only_compiled: false,
        run: |func, env| dce::run(func, env.callees),
    },
];

/// What the optimizing tier runs before it makes machine code. Constants are folded while a function is built already.
pub const COMPILE: &[&str] = &["refs", "loads", "search", "compare", "dense", "dce"];

/// What makes code of modules small; speed is no aim.
pub const SIZE: &[&str] = &[
    "refs", "loads", "fold", "algebra", "gvn", "memory", "blocks", "select", "algebra", "gvn",
    "tails", "dce", "short",
];

/// What makes code of modules fast on whatever engine compiles it next, which vectors that only some machines have might not.
pub const SPEED: &[&str] = &[
    "refs",
    "loads",
    "fold",
    "algebra",
    "gvn",
    "memory",
    "blocks",
    "fast-select",
    "algebra",
    "gvn",
    "licm",
    "dce",
];

/// Runs passes in order.
///
/// # Panics
/// If there is no pass of a name.
pub fn run(func: &mut Func, env: &Env<'_>, pipeline: &[&str]) {
    for name in pipeline {
        let pass = PASSES.iter().find(|pass| pass.name == *name);
        let pass = pass.unwrap_or_else(|| panic!("there is no pass named {name}"));
        (pass.run)(func, env);
    }
}
