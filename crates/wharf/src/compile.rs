//! Validating and compiling functions on all cores, while later bytes may still be missing.
//!
//! Functions are independent once everything before the code is known, except that code of one may become part of another, for
//! which all must be there. Workers take them in order; their results are joined in
//! order, as they come, so that little waits in memory.

use crate::stats::Counts;
use crate::{Engine, Error, Result};
use abi::{
    Around, CallTarget, CodeImage, CodeImageBuilder, CompileEnv, CompileError, CompiledFunc,
    Compiler, Profile, Times, Trampolines, VmctxLayout,
};
use module::{FuncIdx, FuncInput, Header, ImportType, ReadScratch, TypeIdx};
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

/// Less code than this is compiled by the caller: starting threads would take longer.
const PARALLEL_BYTES_MIN: usize = 24 << 10;

/// Told how many functions of how many known so far are done.
pub(crate) type Progress<'p> = &'p mut dyn FnMut(usize, usize);

/// The functions of one module on their way to machine code.
pub(crate) struct Compilation {
    engine: Engine,
    /// Without, functions are only validated.
    compiler: Option<Arc<dyn Compiler>>,
    is_streaming: bool,
    profile: Option<Arc<Profile>>,
    /// Functions that wait for the others.
    early: Vec<FuncInput>,
    job: Option<Given>,
    workers: Vec<JoinHandle<()>>,
    results: (Sender<Outcome>, Receiver<Outcome>),
    /// Given out, by number of functions and bytes.
    n_funcs: usize,
    bytes: usize,
}

/// Number among the defined functions, and the code; `None` if it was only validated.
type Outcome = (usize, Result<Option<CompiledFunc>, CompileError>);

/// What all workers share.
struct Job {
    compiler: Option<Arc<dyn Compiler>>,
    header: Arc<Header>,
    layout: VmctxLayout,
    fuel: bool,
    counts: Arc<Counts>,
    /// What guests of the module have been seen to do.
    profile: Option<Arc<Profile>>,
    /// All functions, if they were all there before the first was compiled.
    all: OnceLock<Vec<FuncInput>>,
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(usize, FuncInput)>,
    /// No more will come.
    closed: bool,
}

/// A job that functions are given to. When no more can come, workers end, whether the module was finished or given up.
struct Given(Arc<Job>);

impl Drop for Given {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        queue.waiting.clear();
        queue.closed = true;
        drop(queue);
        self.0.changed.notify_all();
    }
}

/// The reusable memory of one worker.
enum Scratch {
    Validate(Box<ReadScratch>),
    Compile(Box<dyn Any + Send>),
}

impl Job {
    fn new(compilation: &Compilation, header: &Arc<Header>) -> Job {
        let engine = &compilation.engine;
        Job {
            compiler: compilation.compiler.clone(),
            header: header.clone(),
            layout: VmctxLayout::new(header),
            fuel: engine.config().fuel,
            counts: engine.counts().clone(),
            profile: compilation.profile.clone(),
            all: OnceLock::new(),
            queue: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn scratch(&self) -> Scratch {
        match &self.compiler {
            Some(compiler) => Scratch::Compile(compiler.scratch()),
            None => Scratch::Validate(Box::default()),
        }
    }

    fn run(
        &self,
        body: FuncInput,
        scratch: &mut Scratch,
    ) -> Result<Option<CompiledFunc>, CompileError> {
        let (start, bytes) = (Instant::now(), body.bytes_len());
        match (scratch, &self.compiler) {
            (Scratch::Compile(scratch), Some(compiler)) => {
                let env = CompileEnv {
                    header: &self.header,
                    layout: &self.layout,
                    fuel: self.fuel,
                    around: self.all.get().map(|_| self as &dyn Around),
                };
                let code = compiler.compile(env, body, &mut **scratch)?;
                self.counts.whole.add(bytes, code.code.len(), start);
                Ok(Some(code))
            }
            (Scratch::Validate(scratch), _) => {
                body.validate(scratch)?;
                self.counts.validated.add(bytes, 0, start);
                Ok(None)
            }
            (Scratch::Compile(_), None) => unreachable!("made only with a compiler"),
        }
    }

    /// Takes functions until there are no more, or one fails.
    fn work(&self, results: &Sender<Outcome>) {
        let mut scratch = self.scratch();
        while let Some((number, body)) = self.next() {
            let outcome = self.run(body, &mut scratch);
            if outcome.is_err() {
                // Those before it have been taken already: the first error of the module is found whatever the timing.
                let mut queue = self.queue();
                queue.waiting.clear();
                queue.closed = true;
                drop(queue);
                self.changed.notify_all();
            }
            if results.send((number, outcome)).is_err() {
                return;
            }
        }
    }

    fn next(&self) -> Option<(usize, FuncInput)> {
        let mut queue = self.queue();
        loop {
            if let Some(next) = queue.waiting.pop_front() {
                return Some(next);
            }
            if queue.closed {
                return None;
            }
            queue = self
                .changed
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Nothing has run yet: the bodies are known, and what other guests did.
impl Around for Job {
    fn body(&self, func: FuncIdx) -> Option<FuncInput> {
        let defined = func.index().checked_sub(self.header.n_imported_funcs())?;
        self.all.get()?.get(defined).cloned()
    }

    fn times(&self, func: FuncIdx) -> Times {
        let profile = self.profile.as_ref();
        profile.map_or(Times::default(), |profile| profile.times(func))
    }

    fn call_target(&self, site: u32) -> Option<CallTarget> {
        self.profile.as_ref()?.call_target(site)
    }
}

impl Compilation {
    /// A compilation whose functions arrive one by one, and are compiled each for itself, at once.
    pub(crate) fn streaming(engine: &Engine) -> Compilation {
        Compilation {
            is_streaming: true,
            ..Compilation::new(engine)
        }
    }

    /// A compilation that begins when all functions are there: code of one can become part of another.
    pub(crate) fn new(engine: &Engine) -> Compilation {
        Compilation::with_compiler(engine, engine.compiler().cloned())
    }

    /// Of a module of which all is to be compiled now, whatever the engine does with others.
    pub(crate) fn with_compiler(
        engine: &Engine,
        compiler: Option<Arc<dyn Compiler>>,
    ) -> Compilation {
        Compilation {
            engine: engine.clone(),
            compiler,
            is_streaming: false,
            profile: None,
            early: Vec::new(),
            job: None,
            workers: Vec::new(),
            results: channel(),
            n_funcs: 0,
            bytes: 0,
        }
    }

    /// With what guests of the module have been seen to do.
    pub(crate) fn with_profile(self, profile: Option<Arc<Profile>>) -> Compilation {
        Compilation { profile, ..self }
    }

    /// Takes the next function of the module.
    pub(crate) fn push(&mut self, header: &Arc<Header>, body: FuncInput) {
        if self.job.is_none() {
            self.job = Some(Given(Arc::new(Job::new(self, header))));
        }
        let job = self.job.as_ref().expect("made above");
        self.bytes += body.bytes_len();
        self.n_funcs += 1;
        if !self.is_streaming {
            self.early.push(body);
            return;
        }
        let mut queue = job.0.queue();
        // A closed queue means that a function has failed: nothing more is needed.
        if !queue.closed {
            queue.waiting.push_back((self.n_funcs - 1, body));
        }
        drop(queue);
        job.0.changed.notify_one();
        if self.workers.is_empty() {
            self.start_workers();
        }
    }

    /// Starts threads if there is enough for them to do.
    fn start_workers(&mut self) {
        if !self.engine.config().parallel || self.bytes < PARALLEL_BYTES_MIN {
            return;
        }
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let Some(Given(job)) = &self.job else {
            return;
        };
        for number in 0..threads {
            let (job, results) = (job.clone(), self.results.0.clone());
            let thread = std::thread::Builder::new().name(format!("wharf-compile-{number}"));
            // A machine that has no thread left compiles with fewer.
            let Ok(worker) = thread.spawn(move || job.work(&results)) else {
                break;
            };
            self.workers.push(worker);
        }
    }

    /// Gives all functions to workers.
    fn begin(&mut self) {
        let Some(Given(job)) = &self.job else {
            return;
        };
        let early = std::mem::take(&mut self.early);
        job.queue()
            .waiting
            .extend(early.iter().cloned().enumerate());
        if job.compiler.is_some() {
            // Nobody has set it before.
            _ = job.all.set(early);
        }
        self.start_workers();
    }

    /// Waits for the last function and joins all of them; `None` if functions were only validated.
    pub(crate) fn finish(
        mut self,
        header: &Header,
        progress: Progress<'_>,
    ) -> Result<Option<CodeImage>> {
        let mut joined = Joined::new(header);
        if !self.is_streaming {
            self.begin();
        }
        if let Some(given) = self.job.take() {
            let job = &given.0;
            job.queue().closed = true;
            job.changed.notify_all();
            let (sender, results) = self.results;
            if self.workers.is_empty() {
                job.work(&sender);
            }
            drop(sender);
            for (done, (number, outcome)) in results.iter().enumerate() {
                joined.add(number, outcome)?;
                progress(done + 1, self.n_funcs);
            }
            joined.check_failed()?;
        }
        for worker in self.workers.drain(..) {
            if let Err(panic) = worker.join() {
                std::panic::resume_unwind(panic);
            }
        }
        joined.finish(self.compiler.as_deref(), header)
    }
}

/// Results joined in the order of functions.
struct Joined {
    image: CodeImageBuilder,
    next: usize,
    early: BTreeMap<usize, Option<CompiledFunc>>,
    failed: Option<(usize, CompileError)>,
}

impl Joined {
    fn new(header: &Header) -> Joined {
        Joined {
            image: CodeImageBuilder::new(header.n_imported_funcs() as u32),
            next: 0,
            early: BTreeMap::new(),
            failed: None,
        }
    }

    fn add(
        &mut self,
        number: usize,
        outcome: Result<Option<CompiledFunc>, CompileError>,
    ) -> Result<()> {
        match outcome {
            Ok(func) => self.early.insert(number, func),
            Err(error) => {
                if self
                    .failed
                    .as_ref()
                    .is_none_or(|(first, _)| number < *first)
                {
                    self.failed = Some((number, error));
                }
                return Ok(());
            }
        };
        while let Some(func) = self.early.remove(&self.next) {
            self.next += 1;
            if let Some(func) = func {
                self.image.push_func(&func).map_err(Error::limit)?;
            }
        }
        Ok(())
    }

    fn check_failed(&mut self) -> Result<()> {
        match self.failed.take() {
            None => Ok(()),
            Some((_, CompileError::Invalid(error))) => Err(Error::module(error)),
            Some((number, CompileError::Limit(message))) => Err(Error::limit(format!(
                "function {number} of the module cannot be compiled: {message}"
            ))),
        }
    }

    /// Adds the trampolines that the module is sure to need.
    fn finish(
        mut self,
        compiler: Option<&dyn Compiler>,
        header: &Header,
    ) -> Result<Option<CodeImage>> {
        if compiler.is_none() {
            return Ok(None);
        }
        let trampolines = baseline::Trampolines;
        for ty in entry_types(header) {
            let func = trampolines.entry(header.type_at(ty));
            self.image.push_entry(ty, &func).map_err(Error::limit)?;
        }
        for ty in host_types(header) {
            let func = trampolines.host(header.type_at(ty));
            self.image.push_host(ty, &func).map_err(Error::limit)?;
        }
        Ok(Some(self.image.finish()))
    }
}

/// One index for each distinct type among those given.
fn distinct(header: &Header, types: impl Iterator<Item = TypeIdx>) -> Vec<TypeIdx> {
    let indices: BTreeSet<TypeIdx> = types.collect();
    let mut seen = std::collections::HashSet::new();
    indices
        .into_iter()
        .filter(|ty| seen.insert(header.type_at(*ty)))
        .collect()
}

/// Types of functions that the host is sure to be able to call.
fn entry_types(header: &Header) -> Vec<TypeIdx> {
    let exported = header
        .exports()
        .iter()
        .filter_map(|export| match export.item {
            module::ExportItem::Func(func) => Some(func),
            _ => None,
        });
    let called = exported.chain(header.start());
    distinct(header, called.map(|func| header.funcs()[func.index()]))
}

/// Types of functions that the host is likely to give.
fn host_types(header: &Header) -> Vec<TypeIdx> {
    let imported = header
        .imports()
        .iter()
        .filter_map(|import| match import.ty {
            ImportType::Func(ty) => Some(ty),
            _ => None,
        });
    distinct(header, imported)
}
