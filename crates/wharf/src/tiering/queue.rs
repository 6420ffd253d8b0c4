//! What waits to be compiled in the background, and the threads that do it: hottest first.
//!
//! Apart from deciding what is asked for. Threads start when there is work, wait for more, and end with the engine; a process that
//! ends does not wait for them.

use super::loops::Loops;
use super::{Shared, wasm_bytes};
use runtime::{CodeLevel, LoadedModule};
use std::collections::{HashMap, HashSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

/// Jobs that wait at most. What is hot asks again.
const WAITING_MAX: usize = 4096;

/// Functions that wait to be compiled ahead of their first call at most: the latest ones.
const AHEAD_MAX: usize = 1024;

/// A program that has called fewer functions ends too soon for a thread to help.
const CALLED_MIN: u64 = 100;

/// What a job costs apart from what the function's bytes cost, in such bytes.
const JOB_BYTES: u64 = 200;

/// Functions of at least this size get better code from a thread of their own: no other waits for what may take seconds.
const LARGE_BYTES: usize = 64 << 10;

/// Who does a job.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lane {
    Usual,
    Large,
}

impl Lane {
    fn of(module: &LoadedModule, job: Job) -> Lane {
        match wasm_bytes(module, job.func) {
            LARGE_BYTES.. => Lane::Large,
            _ => Lane::Usual,
        }
    }

    fn threads_max(self) -> usize {
        match self {
            Lane::Usual => cores().saturating_sub(1).max(1),
            Lane::Large => 1,
        }
    }
}

/// Something to do.
enum Task {
    /// Better code.
    Better(Arc<LoadedModule>, Job),
    /// The first code of a function that will probably be called.
    First(Arc<LoadedModule>, u32),
}

/// Better code to make.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Job {
    /// Number of the function among the defined ones.
    pub(super) func: u32,
    /// The loop to enter, by the offset of its operator in the module's bytes; `None` for the whole function.
    pub(super) at: Option<u32>,
}

/// What became of a job.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Asked,
    Done,
}

/// What whoever asks for a job is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is done, be it in vain.
    Done,
    /// It waits to be done.
    Soon,
    /// It may be asked for again.
    Later,
}

/// What became of a job that was to be added.
enum Added {
    Waits,
    /// There is no room.
    No,
    /// No thread can be had that would do it.
    NobodyThere,
}

/// What has been asked for in a module.
#[derive(Default)]
struct Asked {
    jobs: Mutex<Jobs>,
    /// A job is done.
    done: Condvar,
}

#[derive(Default)]
struct Jobs {
    states: HashMap<Job, State>,
    /// Functions of which a loop waits for its code: one at a time, as what one loop is entered with goes on to the others.
    in_loops: HashSet<u32>,
    loops: Loops,
}

fn lock<D>(mutex: &Mutex<D>) -> MutexGuard<'_, D> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Asked {
    fn of(module: &LoadedModule) -> Option<&Asked> {
        module.executor_data(Asked::default)
    }

    /// Tells those who wait for a job that it is done.
    fn finish(&self, job: Job) {
        let mut jobs = lock(&self.jobs);
        jobs.states.insert(job, State::Done);
        if job.at.is_some() {
            jobs.in_loops.remove(&job.func);
        }
        drop(jobs);
        self.done.notify_all();
    }
}

/// Jobs that wait, of all modules of an engine.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<Waiting>,
    /// By lane.
    changed: [Condvar; 2],
}

#[derive(Default)]
struct Waiting {
    lanes: [WaitingIn; 2],
    /// To be done in the usual lane; the latest last.
    ahead: VecDeque<(Weak<LoadedModule>, u32)>,
    /// The engine is gone.
    closed: bool,
}

/// What waits in a lane.
#[derive(Default)]
struct WaitingIn {
    jobs: Vec<(Weak<LoadedModule>, Job)>,
    threads: usize,
    idle: usize,
}

impl Queue {
    /// Ends the threads.
    pub(super) fn close(&self) {
        let mut waiting = lock(&self.state);
        waiting.closed = true;
        for lane in &mut waiting.lanes {
            lane.jobs.clear();
        }
        waiting.ahead.clear();
        drop(waiting);
        for changed in &self.changed {
            changed.notify_all();
        }
    }

    /// Adds a job.
    fn add(&self, shared: &Arc<Shared>, module: &Arc<LoadedModule>, job: Job) -> Added {
        let mut waiting = lock(&self.state);
        let lane = Lane::of(module, job);
        let closed = waiting.closed;
        let to = &mut waiting.lanes[lane as usize];
        if closed || to.jobs.len() >= WAITING_MAX {
            return Added::No;
        }
        if !to.has_thread(shared, lane) {
            return Added::NobodyThere;
        }
        to.jobs.push((Arc::downgrade(module), job));
        drop(waiting);
        self.changed[lane as usize].notify_one();
        Added::Waits
    }

    /// Adds functions to be compiled ahead of their first call.
    fn add_ahead(&self, shared: &Arc<Shared>, module: &Arc<LoadedModule>, funcs: Vec<u32>) {
        let mut waiting = lock(&self.state);
        let lane = Lane::Usual;
        if waiting.closed || !waiting.lanes[lane as usize].has_thread(shared, lane) {
            return;
        }
        for func in funcs {
            if module.code_level(func) == CodeLevel::None {
                waiting.ahead.push_back((Arc::downgrade(module), func));
            }
        }
        let surplus = waiting.ahead.len().saturating_sub(AHEAD_MAX);
        waiting.ahead.drain(..surplus);
        let is_work = !waiting.ahead.is_empty();
        drop(waiting);
        if is_work {
            self.changed[lane as usize].notify_one();
        }
    }

    /// Waits for something to do in a lane: the hottest job first. `None` when the engine is gone.
    fn next(&self, lane: Lane) -> Option<Task> {
        let mut waiting = lock(&self.state);
        loop {
            if waiting.closed {
                return None;
            }
            let mut held = Vec::new();
            if let Some(next) = waiting.lanes[lane as usize].take_hottest(&mut held) {
                // Modules that others have dropped meanwhile go with `held`, and may take the engine with them.
                drop(waiting);
                let (module, job) = next;
                return Some(Task::Better(module, job));
            }
            let ahead = match lane {
                Lane::Usual => waiting.ahead.pop_back(),
                Lane::Large => None,
            };
            if let Some((module, func)) = ahead {
                // As above.
                drop(waiting);
                if let Some(module) = module.upgrade() {
                    return Some(Task::First(module, func));
                }
                waiting = lock(&self.state);
                continue;
            }
            waiting.lanes[lane as usize].idle += 1;
            waiting = self.changed[lane as usize]
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
            waiting.lanes[lane as usize].idle -= 1;
        }
    }
}

impl WaitingIn {
    /// Whether there is a thread for a lane, started now if need be.
    fn has_thread(&mut self, shared: &Arc<Shared>, lane: Lane) -> bool {
        if self.idle == 0 && self.threads < lane.threads_max() {
            let shared = shared.clone();
            let thread = std::thread::Builder::new().name("wharf-tier-up".to_string());
            // On a machine that has no thread left, those that are there do it, or whoever asks.
            if thread.spawn(move || work(&shared, lane)).is_ok() {
                self.threads += 1;
            }
        }
        self.threads > 0
    }

    /// Takes the hottest job. What keeps its module, and others, is to be dropped without the lock.
    fn take_hottest(
        &mut self,
        held: &mut Vec<Arc<LoadedModule>>,
    ) -> Option<(Arc<LoadedModule>, Job)> {
        let mut hottest: Option<(u64, usize)> = None;
        self.jobs.retain(|(module, _)| match module.upgrade() {
            Some(module) => {
                held.push(module);
                true
            }
            None => false,
        });
        for (at, (module, (_, job))) in held.iter().zip(&self.jobs).enumerate() {
            let is_waited_for = job.at.is_some();
            let heat = module.heat(job.func);
            let heat = heat.saturating_mul(if is_waited_for { 4 } else { 1 });
            // What a job gives for the time that it takes.
            let heat =
                heat.saturating_mul(1 << 10) / (JOB_BYTES + wasm_bytes(module, job.func) as u64);
            if hottest.is_none_or(|(most, _)| heat > most) {
                hottest = Some((heat, at));
            }
        }
        let (_, at) = hottest?;
        let (_, job) = self.jobs.swap_remove(at);
        Some((held[at].clone(), job))
    }
}

fn cores() -> usize {
    static CORES: LazyLock<usize> =
        LazyLock::new(|| std::thread::available_parallelism().map_or(1, usize::from));
    *CORES
}

/// What a thread does.
fn work(shared: &Shared, lane: Lane) {
    while let Some(task) = shared.queue.next(lane) {
        match task {
            Task::Better(module, job) => finish(shared, &module, job),
            Task::First(module, func) => {
                let fast = shared.fast.as_ref();
                if let Some(fast) = fast.filter(|_| module.code_level(func) == CodeLevel::None) {
                    // Whoever calls the function learns why it cannot be compiled.
                    let first = || shared.compile_first(fast, &module, func, &shared.counts.ahead);
                    let _ = catch_unwind(AssertUnwindSafe(first));
                }
            }
        }
    }
}

/// Has functions compiled that the one that is running calls, if there is a core to do it.
pub(super) fn compile_ahead(shared: &Arc<Shared>, module: &Arc<LoadedModule>, funcs: Vec<u32>) {
    let called = shared.counts.first_call.functions();
    if called >= CALLED_MIN && !funcs.is_empty() && cores() > 1 {
        shared.queue.add_ahead(shared, module, funcs);
    }
}

/// Does a job and tells those who wait for it.
fn finish(shared: &Shared, module: &Arc<LoadedModule>, job: Job) {
    // What cannot be compiled stays as it is, for whatever reason.
    let _ = catch_unwind(AssertUnwindSafe(|| shared.run(module, job)));
    if let Some(asked) = Asked::of(module) {
        asked.finish(job);
    }
}

/// Notes that a function is in the loop at this offset; gives the loop to enter, if one is chosen, and how often it was looked.
pub(super) fn see(module: &Arc<LoadedModule>, func: u32, at: u32) -> (Option<u32>, u32) {
    let Some(asked) = Asked::of(module) else {
        return (Some(at), 0);
    };
    let mut jobs = lock(&asked.jobs);
    let Jobs { states, loops, .. } = &mut *jobs;
    let is_refused = |at| {
        let job = Job { func, at: Some(at) };
        states.get(&job) == Some(&State::Done) && !module.has_loop_code(func, at)
    };
    loops.see(func, at, |at| !is_refused(at), || super::body(module, func))
}

/// Asks for a job to be done, once.
pub(super) fn ask(shared: &Arc<Shared>, module: &Arc<LoadedModule>, job: Job) -> Answer {
    let Some(asked) = Asked::of(module) else {
        return Answer::Done;
    };
    // An earlier run may have left it.
    if job.at.is_some_and(|at| module.has_loop_code(job.func, at)) {
        return Answer::Done;
    }
    let mut jobs = lock(&asked.jobs);
    match jobs.states.get(&job) {
        Some(State::Done) => return Answer::Done,
        Some(State::Asked) => {}
        None => {
            if job.at.is_some() && jobs.in_loops.contains(&job.func) {
                return Answer::Later;
            }
            let added = shared.queue.add(shared, module, job);
            if matches!(added, Added::No) {
                return Answer::Later;
            }
            jobs.states.insert(job, State::Asked);
            if job.at.is_some() {
                jobs.in_loops.insert(job.func);
            }
            if matches!(added, Added::NobodyThere) {
                drop(jobs);
                // Without a stack for it, it is given up.
                let done = super::with_room(|| finish(shared, module, job));
                done.unwrap_or_else(|_| asked.finish(job));
                return Answer::Done;
            }
        }
    }
    if !shared.waits {
        return Answer::Soon;
    }
    while jobs.states.get(&job) != Some(&State::Done) {
        jobs = asked
            .done
            .wait(jobs)
            .unwrap_or_else(PoisonError::into_inner);
    }
    Answer::Done
}
