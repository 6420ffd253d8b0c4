//! Which code functions get, and when: at their first call some that is there soon, and better code when they turn out to be hot.
//!
//! Apart from compiling whole modules because nothing here is asked for by the embedder: guests ask, by running. The runtime tells
//! when a function is called that has no code, and when one has used up its counter; what is compiled is given back to it to be
//! put in place, which other threads see at once.

mod loops;
mod queue;
mod surroundings;

use crate::config::Config;
use crate::fallback::OPTIMIZED_BYTES_MAX;
use crate::stats::{Count, Counts};
use abi::{CompileEnv, CompileError, CompiledFunc, Compiler, RelocTarget};
use module::{FuncIdx, FuncInput};
use queue::{Answer, Job, Queue};
use runtime::{CodeLevel, LoadedModule, Tiers};
use std::any::Any;
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Instant;
use surroundings::Surroundings;

/// What a function may do in its first code before it gets better code, unless the configuration says otherwise: entries and rounds
/// of loops.
pub(crate) const COUNTER: i32 = 2000;

/// What a function may do more before it asks again, while better code is being made.
const COUNTER_WAITING: i32 = 2000;

/// How many times as much a loop may do before it asks again, if it cannot get better code.
const COUNTER_REFUSED: i32 = 16;

/// In a loop of a function of at least this size, code for the loop is made before that for the function: it takes long, and such
/// functions are mostly called once. Others are called again before their code for a loop would be there.
const LOOP_FIRST_BYTES: usize = 8 << 10;

/// Makes the compiler of final code, when it is first needed.
pub(crate) type MakeCompiler = Box<dyn FnOnce() -> Option<Arc<dyn Compiler>> + Send>;

/// The tiers of an engine.
pub(crate) struct TierManager {
    shared: Arc<Shared>,
}

/// How functions get code at their first call.
pub(crate) enum First {
    /// Final code at once.
    Best,
    /// Code that is there soon, and counts what it does.
    Fast(Arc<dyn Compiler>),
}

/// What the threads that compile share.
struct Shared {
    best: LazyLock<Option<Compiling>, Box<dyn FnOnce() -> Option<Compiling> + Send>>,
    /// Of code that is there soon, if functions get such at first.
    fast: Option<Compiling>,
    queue: Queue,
    counts: Arc<Counts>,
    fuel: bool,
    /// Whether guests wait for better code, so that tests know when it runs.
    waits: bool,
    counter: i32,
}

/// A compiler with reusable memory.
struct Compiling {
    compiler: Arc<dyn Compiler>,
    scratches: Mutex<Vec<Box<dyn Any + Send>>>,
}

impl Compiling {
    fn new(compiler: Arc<dyn Compiler>) -> Compiling {
        Compiling {
            compiler,
            scratches: Mutex::default(),
        }
    }

    /// Calls `work` with memory that nobody else uses meanwhile.
    fn with_scratch<R>(&self, work: impl FnOnce(&dyn Compiler, &mut (dyn Any + Send)) -> R) -> R {
        let scratches = || {
            self.scratches
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        let kept = scratches().pop();
        let mut scratch = kept.unwrap_or_else(|| self.compiler.scratch());
        let result = work(&*self.compiler, &mut *scratch);
        scratches().push(scratch);
        result
    }
}

impl Shared {
    /// Compiles a function, or the rest of one from a loop on.
    fn compile(
        &self,
        with: &Compiling,
        module: &LoadedModule,
        func: u32,
        at: Option<u32>,
    ) -> Result<CompiledFunc, CompileError> {
        let around = Surroundings(module);
        let header = module.module().header();
        let env = CompileEnv {
            header,
            layout: module.layout(),
            fuel: self.fuel,
            around: Some(&around),
        };
        let body = body(module, func);
        with.with_scratch(|compiler, scratch| match at {
            None => compiler.compile(env, body, scratch),
            Some(at) => compiler.compile_loop(env, body, at, scratch),
        })
    }

    /// Does a job. What cannot be compiled or placed stays as it is.
    fn run(&self, module: &Arc<LoadedModule>, job: Job) {
        if job.at.is_none() && module.code_level(job.func) == CodeLevel::Best {
            return;
        }
        let start = Instant::now();
        let compiled = self.best.as_ref();
        let compiled = compiled.map(|best| self.compile(best, module, job.func, job.at));
        let Some(Ok(code)) = compiled else {
            self.counts.refused.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let (count, bytes) = match job.at {
            None => (&self.counts.tier_up, code.code.len()),
            Some(_) => (&self.counts.loops, code.code.len()),
        };
        let placed = match job.at {
            None => module.publish(job.func, code, CodeLevel::Best),
            Some(at) => module.publish_loop(job.func, at, code).map(|()| true),
        };
        match placed {
            Ok(false) => {}
            Ok(true) => count.add(wasm_bytes(module, job.func), bytes, start),
            Err(_) => drop(self.counts.refused.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// Makes a function's first code, if it has none yet, and gives the functions that it calls.
    fn compile_first(
        &self,
        fast: &Compiling,
        module: &Arc<LoadedModule>,
        func: u32,
        count: &Count,
    ) -> Result<Vec<u32>, FirstError> {
        let start = Instant::now();
        let code = self
            .compile(fast, module, func, None)
            .map_err(|_| FirstError::Compile)?;
        let imported = module.module().header().n_imported_funcs() as u32;
        let callees = code.relocs.iter().filter_map(|reloc| match reloc.target {
            RelocTarget::Func(callee) => Some(callee.0 - imported),
            RelocTarget::Site(_) => None,
        });
        let callees = callees.collect();
        let bytes = code.code.len();
        let placed = module.publish(func, code, CodeLevel::First);
        // Others may call the function first at the same time.
        if placed.map_err(FirstError::Place)? {
            count.add(wasm_bytes(module, func), bytes, start);
        }
        Ok(callees)
    }
}

/// Stack for compiling well, in bytes.
const STACK_BYTES: usize = 4 << 20;

/// Does work for a guest that takes more stack than guests have.
fn with_room<R>(work: impl FnOnce() -> R) -> std::io::Result<R> {
    sys::on_new_stack(STACK_BYTES, work)
}

/// Why a function has no first code.
enum FirstError {
    Compile,
    Place(runtime::Error),
}

fn body(module: &LoadedModule, func: u32) -> FuncInput {
    let first = module.module().header().n_imported_funcs() as u32;
    let body = module.module().body(FuncIdx(first + func));
    // Modules are loaded when all their functions have been validated.
    body.expect("the runtime names defined functions").trusted()
}

/// The size of a function's body.
fn wasm_bytes(module: &LoadedModule, func: u32) -> usize {
    module.module().body_ranges()[func as usize].len()
}

impl TierManager {
    pub(crate) fn new(
        config: &Config,
        first: First,
        best: MakeCompiler,
        counts: &Arc<Counts>,
    ) -> TierManager {
        let fast = match first {
            First::Best => None,
            First::Fast(compiler) => Some(Compiling::new(compiler)),
        };
        TierManager {
            shared: Arc::new(Shared {
                best: LazyLock::new(Box::new(|| best().map(Compiling::new))),
                fast,
                queue: Queue::default(),
                counts: counts.clone(),
                fuel: config.fuel,
                waits: config.tier_up_waits,
                counter: config.tier_up_after,
            }),
        }
    }

    /// Names what makes first code of functions; `None` if their code is final at once.
    pub(crate) fn first_fingerprint(&self) -> Option<String> {
        let fast = self.shared.fast.as_ref();
        fast.map(|fast| fast.compiler.fingerprint())
    }

    /// The compiler of final code; `None` if this machine has none.
    pub(crate) fn best(&self) -> Option<&Arc<dyn Compiler>> {
        self.shared.best.as_ref().map(|best| &best.compiler)
    }

    /// Makes final code for a function whose first call waits for it.
    ///
    /// Compiling well takes more stack than guests have.
    fn compile_best(&self, module: &Arc<LoadedModule>, func: u32) -> Result<(), runtime::Error> {
        let limit = |message: String| runtime::Error::limit(message);
        let start = Instant::now();
        let Some(best) = &*self.shared.best else {
            return Err(limit("this machine has no optimizing compiler".to_string()));
        };
        let work = || self.shared.compile(best, module, func, None);
        let compiled = with_room(work)
            .unwrap_or_else(|error| Err(CompileError::Limit(format!("no stack for it: {error}"))));
        let code = compiled.map_err(|error| {
            let index = module.module().header().n_imported_funcs() as u32 + func;
            limit(format!(
                "function {index} of the module cannot be compiled: {error}"
            ))
        })?;
        let bytes = code.code.len();
        if module.publish(func, code, CodeLevel::Best)? {
            let count = &self.shared.counts.first_call;
            count.add(wasm_bytes(module, func), bytes, start);
        }
        Ok(())
    }
}

impl Tiers for TierManager {
    fn trampolines(&self) -> &dyn abi::Trampolines {
        &baseline::Trampolines
    }

    fn compile(&self, module: &Arc<LoadedModule>, func: u32) -> Result<(), runtime::Error> {
        let shared = &self.shared;
        let Some(fast) = &shared.fast else {
            return self.compile_best(module, func);
        };
        match shared.compile_first(fast, module, func, &shared.counts.first_call) {
            Ok(callees) => {
                queue::compile_ahead(shared, module, callees);
                Ok(())
            }
            // What the fast compiler cannot do, the other may.
            Err(FirstError::Compile) => self.compile_best(module, func),
            Err(FirstError::Place(error)) => Err(error),
        }
    }

    fn hot(&self, module: &Arc<LoadedModule>, func: u32, at: Option<u32>) -> i32 {
        let shared = &self.shared;
        let bytes = wasm_bytes(module, func);
        if bytes > OPTIMIZED_BYTES_MAX {
            // Making better code takes long, on a thread that all modules of the engine share.
            shared.counts.refused.fetch_add(1, Ordering::Relaxed);
            return i32::MAX;
        }
        let whole = Job { func, at: None };
        let Some(at) = at else {
            return match queue::ask(shared, module, whole) {
                Answer::Soon => COUNTER_WAITING.min(shared.counter),
                _ => shared.counter,
            };
        };
        let (chosen, nth) = if shared.waits {
            // Every loop gets its code.
            (Some(at), 0)
        } else {
            queue::see(module, func, at)
        };
        let part = chosen.map(|at| Job { func, at: Some(at) });
        let is_large = bytes >= LOOP_FIRST_BYTES;
        let jobs = if is_large || shared.waits {
            // If there is code for the loop then, the function asks for more when it is entered again.
            [part, Some(whole)]
        } else {
            // Who is still in the loop when the whole is there is not at the end of it soon.
            [Some(whole), part]
        };
        // A large function is not compiled before it is known which of its loops comes first.
        let is_undecided = is_large && chosen.is_none();
        let jobs = jobs.iter().flatten().filter(|_| !is_undecided);
        let mut answers = jobs.map(|job| queue::ask(shared, module, *job));
        let next = match answers.find(|answer| *answer != Answer::Done) {
            _ if chosen.is_none() => loops::step(nth),
            Some(_) => loops::long_step(COUNTER_WAITING, nth),
            // There is code, for the loop around: the function is on its way there, or stays where it is.
            None if chosen != Some(at) => loops::step(nth),
            // It was refused, or is there now.
            None => return shared.counter.saturating_mul(COUNTER_REFUSED),
        };
        next.min(shared.counter)
    }
}

impl Drop for TierManager {
    fn drop(&mut self) {
        self.shared.queue.close();
    }
}
