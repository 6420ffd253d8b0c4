//! Validating and compiling functions on all cores, while later bytes may still be missing.
//!
//! Functions are independent once everything before the code is known, except that code of one may become part of another, for
//! which all must be there. Workers, and in the end the caller too, take them in order, some at a time, since passing on a single
//! one can take as long as compiling it; their results are joined in order, as they come, so that little waits in memory.

mod joined;

use crate::stats::Counts;
use crate::{Engine, Result};
use abi::{
    Around, CallTarget, CodeImage, CompileEnv, CompileError, CompiledFunc, Compiler, Profile,
    Times, VmctxLayout,
};
use joined::{Joined, Outcome};
use module::{FuncIdx, FuncInput, Header, ReadScratch};
use std::any::Any;
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

/// Less code than this is compiled by the caller: starting threads would take longer.
const PARALLEL_BYTES_MIN: usize = 24 << 10;

/// Functions are passed on when they have so much code, in bytes.
const BATCH_BYTES: usize = 16 << 10;

/// There are so many batches for each thread, if that makes them smaller: threads should end at about the same time.
const BATCHES_PER_THREAD: usize = 8;

/// Told how many functions of how many known so far are done.
pub(crate) type Progress<'p> = &'p mut dyn FnMut(usize, usize);

/// The functions of one module on their way to machine code.
pub(crate) struct Compilation {
    engine: Engine,
    /// Without, functions are only validated.
    compiler: Option<Arc<dyn Compiler>>,
    is_streaming: bool,
    profile: Option<Arc<Profile>>,
    /// Functions that wait for others, and their code in bytes.
    early: Vec<FuncInput>,
    early_bytes: usize,
    job: Option<Given>,
    workers: Vec<JoinHandle<()>>,
    results: (Sender<Outcome>, Receiver<Outcome>),
    /// Given out, by number of functions and bytes.
    n_funcs: usize,
    bytes: usize,
}

/// Functions that one thread takes at a time.
struct Batch {
    /// Number of the first among the defined functions.
    first: usize,
    bodies: Vec<FuncInput>,
}

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
    waiting: VecDeque<Batch>,
    /// No more will come.
    closed: bool,
}

/// A job that functions are given to. When no more can come, workers end, whether the module was finished or given up.
struct Given(Arc<Job>);

impl Drop for Given {
    fn drop(&mut self) {
        self.0.give_up();
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

    /// Does what is to be done with the functions of a batch, until one fails.
    fn run_batch(&self, batch: Batch, scratch: &mut Scratch) -> Outcome {
        let Batch { first, bodies } = batch;
        let mut outcome = Outcome::new(first);
        for body in bodies {
            match self.run(body, scratch) {
                Ok(code) => outcome.push(code),
                Err(error) => {
                    outcome.failed = Some(error);
                    // Those before have been taken already: the first error of the module is found whatever the timing.
                    self.give_up();
                    break;
                }
            }
        }
        outcome
    }

    /// Takes functions until there are no more, or one fails.
    fn work(&self, results: &Sender<Outcome>) {
        let mut scratch = self.scratch();
        while let Some(batch) = self.next() {
            if results.send(self.run_batch(batch, &mut scratch)).is_err() {
                return;
            }
        }
    }

    /// The next functions; waits for them if more can come.
    fn next(&self) -> Option<Batch> {
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

    fn push(&self, batch: Batch) {
        let mut queue = self.queue();
        // A closed queue means that a function has failed: nothing more is needed.
        if !queue.closed {
            queue.waiting.push_back(batch);
        }
        drop(queue);
        self.changed.notify_one();
    }

    /// No more functions will come.
    fn close(&self) {
        self.queue().closed = true;
        self.changed.notify_all();
    }

    /// What nobody has taken yet is not needed.
    fn give_up(&self) {
        self.queue().waiting.clear();
        self.close();
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
            early_bytes: 0,
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
        self.bytes += body.bytes_len();
        self.early_bytes += body.bytes_len();
        self.n_funcs += 1;
        self.early.push(body);
        if self.is_streaming && self.early_bytes >= BATCH_BYTES {
            self.flush();
        }
    }

    /// Passes on the functions of a stream that have come since the last time.
    fn flush(&mut self) {
        let Some(Given(job)) = &self.job else {
            return;
        };
        if self.early.is_empty() {
            return;
        }
        let bodies = std::mem::take(&mut self.early);
        self.early_bytes = 0;
        let first = self.n_funcs - bodies.len();
        job.push(Batch { first, bodies });
        if self.workers.is_empty() {
            // The caller will wait for bytes most of the time.
            self.start_workers(thread_count());
        }
    }

    /// Starts threads if there is enough for them to do.
    fn start_workers(&mut self, n: usize) {
        if !self.engine.config().parallel || self.bytes < PARALLEL_BYTES_MIN {
            return;
        }
        let Some(Given(job)) = &self.job else {
            return;
        };
        for number in 0..n {
            let (job, results) = (job.clone(), self.results.0.clone());
            let thread = std::thread::Builder::new().name(format!("wharf-compile-{number}"));
            // A machine that has no thread left compiles with fewer.
            let Ok(worker) = thread.spawn(move || job.work(&results)) else {
                break;
            };
            self.workers.push(worker);
        }
    }

    /// Passes on all functions.
    fn begin(&mut self) {
        let Some(Given(job)) = &self.job else {
            return;
        };
        let early = std::mem::take(&mut self.early);
        let n_threads = if self.bytes < PARALLEL_BYTES_MIN {
            1
        } else {
            thread_count()
        };
        let bytes_max = BATCH_BYTES.min(self.bytes / (n_threads * BATCHES_PER_THREAD));
        for batch in batches(&early, bytes_max) {
            job.push(batch);
        }
        if job.compiler.is_some() {
            // Nobody has set it before.
            _ = job.all.set(early);
        }
        // The caller works too.
        self.start_workers(n_threads - 1);
    }

    /// Works on what is left, waits for the last function and joins all of them; `None` if functions were only validated.
    pub(crate) fn finish(
        mut self,
        header: &Header,
        progress: Progress<'_>,
    ) -> Result<Option<CodeImage>> {
        let mut joined = Joined::new(header);
        if self.is_streaming {
            self.flush();
        } else {
            self.begin();
        }
        if let Some(given) = self.job.take() {
            let job = &given.0;
            job.close();
            let (sender, results) = self.results;
            // Only workers send: results end with them.
            drop(sender);
            let mut scratch = None;
            while let Some(batch) = job.next() {
                let scratch = scratch.get_or_insert_with(|| job.scratch());
                joined.add(job.run_batch(batch, scratch))?;
                for outcome in results.try_iter() {
                    joined.add(outcome)?;
                }
                progress(joined.n_done(), self.n_funcs);
            }
            for outcome in results {
                joined.add(outcome)?;
                progress(joined.n_done(), self.n_funcs);
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

/// How many threads can usefully compile.
fn thread_count() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Functions in batches that end with the function that makes them as large as this, in bytes.
fn batches(bodies: &[FuncInput], bytes_max: usize) -> impl Iterator<Item = Batch> {
    let mut first = 0;
    std::iter::from_fn(move || {
        let left = &bodies[first..];
        let mut bytes = 0;
        let fits = left.iter().take_while(|body| {
            let fits = bytes < bytes_max.max(1);
            bytes += body.bytes_len();
            fits
        });
        let n = fits.count();
        let batch = Batch {
            first,
            bodies: left[..n].to_vec(),
        };
        first += n;
        (n > 0).then_some(batch)
    })
}
