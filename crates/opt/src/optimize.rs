//! The stages by which a module becomes smaller and faster.
//!
//! Apart from the stages because it is the one place that says which come when.

use crate::functions;
use crate::reach::{self, numbers, reach};
use module::{Features, Module};
use rewrite::Rewrite;
use std::fmt;

/// How much is done, and for what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Level {
    /// What functions go through.
    pipeline: &'static [&'static str],
}

impl Level {
    /// As small as can be.
    pub const SIZE: Level = Level {
        pipeline: &["fold", "dce"],
    };
}

/// Why a module could not be optimized.
#[derive(Debug)]
pub enum Error {
    /// It is not valid.
    Invalid(module::Error),
    /// It has something that the encoder does not know.
    Unknown(rewrite::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Invalid(error) => error.fmt(f),
            Error::Unknown(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<module::Error> for Error {
    fn from(error: module::Error) -> Error {
        Error::Invalid(error)
    }
}

impl From<rewrite::Error> for Error {
    fn from(error: rewrite::Error) -> Error {
        Error::Unknown(error)
    }
}

/// A module that does the same as `bytes` and is smaller.
///
/// # Errors
/// If it is not valid, or has something that cannot be written.
pub fn optimize(bytes: Vec<u8>, level: Level) -> Result<Vec<u8>, Error> {
    let features = Features::decodable();
    let module = decode(bytes, &features)?;
    let n_threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut better = Rewrite::new(&module);
    better.bodies = functions::bodies(&module, n_threads, level.pipeline);
    let module = decode(better.apply()?, &features)?;
    let reached = reach(&module)?;
    let mut smaller = Rewrite::new(&module);
    let reach::Reached {
        types,
        funcs,
        tables,
        memories,
        globals,
        tags,
        elems,
        datas,
    } = &reached;
    smaller.types = numbers(types);
    smaller.funcs = numbers(funcs);
    smaller.tables = numbers(tables);
    smaller.memories = numbers(memories);
    smaller.globals = numbers(globals);
    smaller.tags = numbers(tags);
    smaller.elems = numbers(elems);
    smaller.datas = numbers(datas);
    Ok(smaller.apply()?)
}

/// Decodes and validates a module.
fn decode(bytes: Vec<u8>, features: &Features) -> Result<Module, module::Error> {
    let mut scratch = module::ReadScratch::default();
    let mut outcome = Ok(());
    let module = module::decode(bytes, features, &mut |_, input| {
        if outcome.is_ok() {
            outcome = input.validate(&mut scratch);
        }
    })?;
    outcome.map(|()| module)
}
