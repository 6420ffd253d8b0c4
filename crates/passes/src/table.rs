//! The passes by name, and the pipelines that are made of them.

use crate::{dce, fold};
use ir::Func;

/// One pass.
#[derive(Clone, Copy)]
pub struct Pass {
    /// What pipelines call it.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    run: fn(&mut Func),
}

/// All passes.
pub const PASSES: &[Pass] = &[
    Pass {
        name: "fold",
        about: "computes what constants determine, and takes branches that they decide",
        run: fold::run,
    },
    Pass {
        name: "dce",
        about: "removes what has no effect and is not used",
        run: dce::run,
    },
];

/// What the optimizing tier runs before it makes machine code. Constants are folded while a function is built already.
pub const COMPILE: &[&str] = &["dce"];

/// Runs passes in order.
///
/// # Panics
/// If there is no pass of a name.
pub fn run(func: &mut Func, pipeline: &[&str]) {
    for name in pipeline {
        let pass = PASSES.iter().find(|pass| pass.name == *name);
        let pass = pass.unwrap_or_else(|| panic!("there is no pass named {name}"));
        (pass.run)(func);
    }
}
