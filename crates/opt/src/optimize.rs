//! The steps one after the other.
//!
//! Apart from the steps because it alone knows that a module is bytes between them.

use crate::functions::{self, Facts};
use crate::job::{Changed, Job};
use crate::plan::{self, Step, Todo};
use crate::sections::{self, speaks_of_places};
use module::{Features, Module};
use rewrite::Rewrite;
use std::fmt;

/// Called with what a pass made of a function: the name of the pass, the function's number and its name, its new form as text.
pub type OnPass<'a> = &'a (dyn Fn(&str, u32, Option<&str>, &dyn fmt::Display) + Sync);

/// How steps go about it.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Whether functions become what passes made of them only if that is shorter.
    pub only_shorter: bool,
    /// Whether no other module has types of objects in common with this one, but those that imports and exports name: then the others may
    /// change even if objects can get outside.
    pub closed_world: bool,
    /// Whether a custom section stays, by its name. What speaks of places in code goes in any case: [`Report::dropped`].
    pub keeps_custom: &'a (dyn Fn(&str) -> bool + Sync),
    /// Threads, at least 1.
    pub n_threads: usize,
    /// What wants to see functions after each pass. Threads call it as they come.
    pub on_pass: Option<OnPass<'a>>,
}

impl Default for Options<'_> {
    /// Takes what passes make, keeps custom sections, uses all processors.
    fn default() -> Self {
        Options {
            only_shorter: false,
            closed_world: false,
            keeps_custom: &|_| true,
            n_threads: std::thread::available_parallelism().map_or(1, usize::from),
            on_pass: None,
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Report {
    /// The module.
    pub bytes: Vec<u8>,
    /// Custom sections that went because they would no longer be true.
    pub dropped: Vec<String>,
}

/// Why a module could not be optimized.
#[derive(Debug)]
pub enum Error {
    /// It is not valid.
    Invalid(module::Error),
    /// It has something that the encoder does not know.
    Unknown(rewrite::Error),
    /// It is to be linked with others, by what is written beside the code.
    Object,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Invalid(error) => error.fmt(f),
            Error::Unknown(error) => error.fmt(f),
            Error::Object => {
                f.write_str("it is an object file, which a linker has yet to make a module of")
            }
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

/// A module that does the same as `bytes`, after these steps.
///
/// # Errors
/// If it is not valid, or has something that cannot be written.
pub fn optimize(bytes: Vec<u8>, steps: &[Step], options: &Options<'_>) -> Result<Report, Error> {
    let module = decode_valid(bytes)?;
    let customs = || module.custom_sections().map(|section| section.name);
    if customs().any(|name| name == "linking") {
        return Err(Error::Object);
    }
    let dropped: Vec<String> = customs()
        .filter(|name| speaks_of_places(name))
        .map(str::to_owned)
        .collect();
    let keeps = |name: &str| !speaks_of_places(name) && (options.keeps_custom)(name);
    // Names serve whoever looks on, until the end.
    let looks_on = options.on_pass.is_some();
    let keeps_now = |name: &str| keeps(name) || looks_on && name == "name";
    let mut job = Job::new(options, module.header().funcs().len());
    let bytes = sections::retain(module.bytes(), keeps_now);
    drop(module);
    let (mut bytes, _) = run(bytes, &plan::todo(steps), &mut job)?;
    if cfg!(debug_assertions) {
        // Nothing reads what the last step made.
        bytes = decode(bytes)?.bytes().to_vec();
    }
    let bytes = sections::retain(&bytes, keeps);
    Ok(Report { bytes, dropped })
}

/// Does all of this in order: the module then, and whether it is another one.
fn run(mut bytes: Vec<u8>, todo: &[Todo], job: &mut Job<'_>) -> Result<(Vec<u8>, bool), Error> {
    let mut is_other = false;
    for todo in todo {
        let changed;
        (bytes, changed) = match todo {
            Todo::Inlines { bytes_max } => {
                job.inlined_bytes_max = *bytes_max;
                (bytes, false)
            }
            Todo::Rounds { n_max, todo } => rounds(bytes, *n_max, todo, job)?,
            Todo::Stage(stage) => {
                job.begin(&[stage.name]);
                let module = decode(bytes)?;
                took(&module, (stage.run)(&module, job)?, job)
            }
            Todo::Passes(pipeline) => {
                job.begin(pipeline);
                let module = decode(bytes)?;
                took(&module, passes(&module, pipeline, job)?, job)
            }
        };
        is_other |= changed;
    }
    Ok((bytes, is_other))
}

/// Does all of this again as long as it changes something.
fn rounds(
    mut bytes: Vec<u8>,
    n_max: usize,
    todo: &[Todo],
    job: &mut Job<'_>,
) -> Result<(Vec<u8>, bool), Error> {
    let mut is_other = false;
    for _ in 0..n_max {
        let changed;
        (bytes, changed) = run(bytes, todo, job)?;
        is_other |= changed;
        if !changed {
            break;
        }
    }
    Ok((bytes, is_other))
}

/// The module as it is now, and whether that is another one.
fn took(module: &Module, changed: Option<Changed>, job: &mut Job<'_>) -> (Vec<u8>, bool) {
    match changed {
        Some(changed) => {
            job.took(&changed);
            (changed.bytes, true)
        }
        None => (module.bytes().to_vec(), false),
    }
}

/// Lets functions go through passes, those that have to.
fn passes(
    module: &Module,
    pipeline: &[&'static str],
    job: &mut Job<'_>,
) -> Result<Option<Changed>, Error> {
    let revisited = job.revisited(module)?;
    let facts = Facts::of(module, job)?;
    let mut better = Rewrite::new(module);
    better.bodies = functions::passed(module, &facts, pipeline, &revisited);
    let changed = Changed::by(module, &better)?;
    Ok(changed.is_other().then_some(changed))
}

/// Decodes and validates a module.
pub(crate) fn decode_valid(bytes: Vec<u8>) -> Result<Module, module::Error> {
    let mut scratch = module::ReadScratch::default();
    let mut outcome = Ok(());
    let module = module::decode(bytes, &Features::decodable(), &mut |_, input| {
        if outcome.is_ok() {
            outcome = input.validate(&mut scratch);
        }
    })?;
    outcome.map(|()| module)
}

/// Decodes a module that a step has made, whose bodies so need no validation.
pub(crate) fn decode(bytes: Vec<u8>) -> Result<Module, module::Error> {
    if cfg!(debug_assertions) {
        return Ok(decode_valid(bytes).expect("what a step makes is valid"));
    }
    module::decode(bytes, &Features::decodable(), &mut |_, _| {})
}
