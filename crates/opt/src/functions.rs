//! Functions by themselves: built, changed, written back.
//!
//! Apart from what is done with whole modules because functions do not wait for each other: threads take the next one.

use crate::job::{Changed, Job};
use crate::{Error, Options, plan};
use module::{BodyReader, FuncIdx, FuncType, Header, Module, ReadScratch, Survey};
use passes::Callee;
use rewrite::Rewrite;
use std::borrow::Cow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What one thread needs for one function after another.
#[derive(Default)]
pub(crate) struct Worker {
    builder: ir::Builder,
    scratch: ReadScratch,
    survey: Survey,
}

/// What passes over the functions of a module go by.
pub(crate) struct Facts<'a> {
    pub(crate) options: &'a Options<'a>,
    /// By function.
    callees: Cow<'a, [Callee]>,
}

impl<'a> Facts<'a> {
    /// What is to be known of a module.
    ///
    /// # Errors
    /// If a body is not valid.
    pub(crate) fn of(module: &Module, job: &'a Job<'_>) -> Result<Facts<'a>, Error> {
        Ok(Facts {
            options: job.options,
            callees: job.callees(module)?,
        })
    }

    /// What surrounds a function whose parameters are of these types, in a module with this header.
    pub(crate) fn env<'e>(&'e self, header: &'e Header, ty: &'e FuncType) -> passes::Env<'e> {
        passes::Env {
            callees: &self.callees,
            ..passes::Env::new(header, ty.params())
        }
    }

    /// What functions go through.
    pub(crate) fn pipeline(&self) -> &'static [&'static str] {
        plan::pipeline(self.options.only_shorter)
    }
}

impl Worker {
    /// The operators of a function; `None` if it is imported, or they cannot be read.
    pub(crate) fn read(&mut self, module: &Module, func: FuncIdx) -> Option<BodyReader<'_>> {
        let input = module.body(func)?.trusted();
        input.read(&mut self.scratch).ok()
    }

    /// A function in SSA form; `None` if it is imported, cannot be built, or must stay as it is.
    pub(crate) fn build(&mut self, module: &Module, func: FuncIdx) -> Option<&mut ir::Func> {
        let input = module.body(func)?.trusted();
        // Written anew, its exceptions would be of the other encoding, and no engine takes both in one module.
        self.survey.look_at(&input);
        if self.survey.has_legacy() {
            return None;
        }
        let reader = input.read_surveyed(&self.survey, &mut self.scratch).ok()?;
        // A NaN computed here must be one that the deterministic profile allows too, as it may be what runs the module.
        let options = ir::BuildOptions {
            canonical_nans: true,
            ..ir::BuildOptions::default()
        };
        self.builder.build(reader, options).ok()
    }
}

/// What `work` gives for the defined functions, by position.
pub(crate) fn for_each<T: Send + Clone>(
    module: &Module,
    options: &Options<'_>,
    work: impl Fn(&mut Worker, FuncIdx) -> Option<T> + Sync,
) -> Vec<Option<T>> {
    let begin = || (Worker::default(), Vec::new());
    let found = shared_out(module, options, begin, |(worker, mine), func| {
        if let Some(result) = work(worker, func) {
            mine.push((func, result));
        }
    });
    let n_imported = module.header().n_imported_funcs();
    let mut results = vec![None; module.header().n_defined_funcs()];
    for (func, result) in found.into_iter().flat_map(|(_, mine)| mine) {
        results[func.index() - n_imported] = Some(result);
    }
    results
}

/// What threads have after they did `work` for the defined functions, each for those that came to it; they `begin` with this.
pub(crate) fn shared_out<A: Send>(
    module: &Module,
    options: &Options<'_>,
    begin: impl Fn() -> A + Sync,
    work: impl Fn(&mut A, FuncIdx) + Sync,
) -> Vec<A> {
    let header = module.header();
    let (n_imported, n) = (header.n_imported_funcs(), header.n_defined_funcs());
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let thread = || {
        let mut mine = begin();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= n {
                break;
            }
            work(&mut mine, FuncIdx((n_imported + at) as u32));
        }
        done.lock().expect("no thread panics with it").push(mine);
    };
    std::thread::scope(|scope| {
        for _ in 1..options.n_threads.min(n) {
            scope.spawn(thread);
        }
        thread();
    });
    done.into_inner().expect("no thread panics with it")
}

/// The module with the functions that `change` changes, of those that it might change; passes go over them. `None` if none is, or gets
/// longer where that matters.
pub(crate) fn with_changed(
    module: &Module,
    facts: &Facts<'_>,
    might: impl Fn(FuncIdx) -> bool + Sync,
    change: impl Fn(&mut ir::Func) -> bool + Sync,
) -> Result<Option<Changed>, Error> {
    let bodies = for_each(module, facts.options, |worker, func| {
        if !might(func) {
            return None;
        }
        let built = worker.build(module, func)?;
        if !change(built) {
            return None;
        }
        let body = finish(module, facts, func, built, facts.pipeline())?;
        let is_longer = body.len() > module.body(func)?.bytes_len();
        (!is_longer || !facts.options.only_shorter).then_some(body)
    });
    if bodies.iter().all(Option::is_none) {
        return Ok(None);
    }
    let mut better = Rewrite::new(module);
    better.bodies = bodies;
    Ok(Some(Changed::by(module, &better)?))
}

/// Lets a function go through passes, and writes it; `None` if it cannot be written.
pub(crate) fn finish(
    module: &Module,
    facts: &Facts<'_>,
    func: FuncIdx,
    now: &mut ir::Func,
    pipeline: &[&'static str],
) -> Option<Vec<u8>> {
    finish_as(module, module.header(), facts, func, now, pipeline)
}

/// The same, for a function of a module whose header will be another one.
pub(crate) fn finish_as(
    module: &Module,
    header: &Header,
    facts: &Facts<'_>,
    func: FuncIdx,
    now: &mut ir::Func,
    pipeline: &[&'static str],
) -> Option<Vec<u8>> {
    let ty = header.func_type(func);
    let env = facts.env(header, ty);
    match facts.options.on_pass {
        None => passes::run(now, &env, pipeline),
        Some(on_pass) => {
            for pass in pipeline {
                passes::run(now, &env, &[pass]);
                on_pass(pass, func.0, module.func_name(func), now);
            }
        }
    }
    let mut body = Vec::with_capacity(module.body(func)?.bytes_len());
    ir::emit(now, header, ty, &mut body).ok()?;
    Some(body)
}

/// New bodies of the functions that are wanted to go through passes; those that are `None` stay.
pub(crate) fn passed(
    module: &Module,
    facts: &Facts<'_>,
    pipeline: &[&'static str],
    is_wanted: &[bool],
) -> Vec<Option<Vec<u8>>> {
    for_each(module, facts.options, |worker, func| {
        if !is_wanted[func.index()] {
            return None;
        }
        let built = worker.build(module, func)?;
        let body = finish(module, facts, func, built, pipeline)?;
        (!facts.options.only_shorter || body.len() < module.body(func)?.bytes_len()).then_some(body)
    })
}
