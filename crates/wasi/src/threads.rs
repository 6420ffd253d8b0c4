//! `wasi-threads`: a guest that starts threads, each an instance of its module on a thread of the
//! host; apart because it alone runs guests, where all else only serves them.
//!
//! Spec: <https://github.com/WebAssembly/wasi-threads>.

use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use wharf::{
    Caller, Error, ExternType, Instance, InstancePre, InterruptHandle, Linker, Module, Result,
    SharedMemory, Store,
};

use crate::ctx::Ctx;

/// Name of the function that starts a thread, and of the one that the guest runs in it.
const SPAWN: (&str, &str) = ("wasi", "thread-spawn");
const START: &str = "wasi_thread_start";

/// Numbers of threads are below this.
const THREAD_IDS_END: u32 = 1 << 29;

/// What a guest gets for a number when there is no thread for it: the error `again`, negative.
const NO_THREAD: i32 = -6;

/// Threads a guest has at most, beside its first, unless told otherwise.
const THREADS_MAX: usize = 1024;

/// One guest and the threads that it starts with `thread-spawn`.
///
/// Each thread is a new instance of the module, in a store of its own, on a thread of the operating
/// system. They share the memories that the module imports as shared ones, which are made here, and
/// all of the [`Ctx`]: descriptors, clocks, hints. The guest is over as soon as its first thread
/// returns, or any of its threads exits or traps; the others are then stopped where they are.
///
/// ```
/// use wharf::{Engine, Linker, Module, Store};
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module
///     (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
///     (import "env" "memory" (memory 1 1 shared))
///     (func (export "wasi_thread_start") (param $id i32) (param $value i32)
///         (i32.atomic.store (i32.const 0) (local.get $value))
///         (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))
///     (func (export "_start")
///         (drop (call $spawn (i32.const 7)))
///         (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
///         (if (i32.ne (i32.atomic.load (i32.const 0)) (i32.const 7)) (then unreachable))))"#)?;
/// let mut linker = Linker::new(&engine);
/// wasi::add_to_linker(&mut linker, |ctx: &mut wasi::Ctx| ctx)?;
///
/// let mut store = Store::new(&engine, wasi::Ctx::builder().build()?);
/// let new_store = move |ctx| Ok(Store::new(&engine, ctx));
/// let threads = wasi::Threads::new(linker, &module, |ctx| ctx, new_store)?;
/// threads.run(&mut store, |store, instance| {
///     instance.get_typed_func::<(), ()>(&mut *store, "_start")?.call(store, ())
/// })?;
/// # Ok::<(), wharf::Error>(())
/// ```
pub struct Threads<T: 'static> {
    group: Arc<Group<T>>,
}

/// Whether `module` imports `thread-spawn`.
pub fn starts_threads(module: &Module) -> bool {
    let mut imports = module.imports();
    imports.any(|import| (&*import.module, &*import.name) == SPAWN)
}

/// What the threads of one guest have in common. The function `thread-spawn` refers to it weakly,
/// since the group holds that function with the other imports.
struct Group<T: 'static> {
    ready: OnceLock<InstancePre<T>>,
    get: fn(&mut T) -> &mut Ctx,
    new_store: Box<dyn Fn(Ctx) -> Result<Store<T>> + Send + Sync>,
    state: Mutex<State>,
    /// Signalled when a thread is gone.
    changed: Condvar,
    /// Whether the guest is over, for hooks that are asked while a thread waits.
    stopping: Arc<AtomicBool>,
}

struct State {
    threads_max: usize,
    /// The number that was given out last.
    last_id: u32,
    /// How each thread is stopped, as soon as it has a store.
    alive: HashMap<u32, Option<InterruptHandle>>,
    /// How the first thread is stopped.
    first: Option<InterruptHandle>,
    /// Why the guest is over, if a thread beside the first was the reason.
    reason: Option<Reason>,
    is_over: bool,
}

enum Reason {
    Error(Error),
    Panic(Box<dyn Any + Send>),
}

impl<T: 'static> Threads<T> {
    /// Completes `linker` for one guest: with `thread-spawn`, and with a memory for each shared one
    /// that `module` imports and nothing defines yet.
    ///
    /// `get` finds the context in the data of a store. `new_store` makes the store of each new
    /// thread around a context for it; limits and deadlines that hold for the guest must be set
    /// there too, as each store has its own. A shared memory counts once in each of them.
    ///
    /// # Errors
    /// If an import is defined by nothing, or a shared memory cannot be made.
    pub fn new(
        mut linker: Linker<T>,
        module: &Module,
        get: fn(&mut T) -> &mut Ctx,
        new_store: impl Fn(Ctx) -> Result<Store<T>> + Send + Sync + 'static,
    ) -> Result<Threads<T>> {
        for import in module.imports() {
            if let ExternType::Memory(ty) = import.ty
                && ty.shared
                && !linker.is_defined(&import.module, &import.name)
            {
                let memory = SharedMemory::new(linker.engine(), ty)?;
                linker.define_shared_memory(&import.module, &import.name, &memory)?;
            }
        }
        let group = Arc::new(Group {
            ready: OnceLock::new(),
            get,
            new_store: Box::new(new_store),
            state: Mutex::new(State {
                threads_max: THREADS_MAX,
                last_id: 0,
                alive: HashMap::new(),
                first: None,
                reason: None,
                is_over: false,
            }),
            changed: Condvar::new(),
            stopping: Arc::default(),
        });
        let weak = Arc::downgrade(&group);
        let spawn = move |caller: Caller<'_, T>, argument: i32| spawn(&weak, caller, argument);
        linker.func_wrap(SPAWN.0, SPAWN.1, spawn)?;
        let ready = linker.instantiate_pre(module)?;
        group.ready.get_or_init(|| ready);
        Ok(Threads { group })
    }

    /// Sets how many threads the guest may have at once beside its first: 1024 by default. One more
    /// is refused with a negative number.
    #[must_use]
    pub fn threads_max(self, threads_max: usize) -> Threads<T> {
        self.group.lock().threads_max = threads_max;
        self
    }

    /// Makes the first instance, in `store`, and runs what `first` calls of it as the first thread.
    /// When this returns, all threads of the guest have ended. It waits for them to notice, which
    /// those in host functions of yours do when these return.
    ///
    /// # Errors
    /// What ended the guest: the error of `first`, or that of the thread that stopped earlier by
    /// itself, such as [`Exit`](crate::Exit) or a trap. The store may not be of use any more then.
    ///
    /// # Panics
    /// If a host function panics in any thread: with its panic.
    pub fn run<R>(
        self,
        store: &mut Store<T>,
        first: impl FnOnce(&mut Store<T>, Instance) -> Result<R>,
    ) -> Result<R> {
        let group = &*self.group;
        group.lock().first = Some(store.interrupt_handle());
        group.prepare(store);

        let ending = Ending(group);
        let instance = group.ready().instantiate(&mut *store);
        let outcome = instance.and_then(|instance| first(store, instance));
        drop(ending);

        match group.lock().reason.take() {
            None => outcome,
            Some(Reason::Error(error)) => Err(error),
            Some(Reason::Panic(payload)) => resume_unwind(payload),
        }
    }
}

/// Ends a guest when its first thread has, also by a panic.
struct Ending<'g, T: 'static>(&'g Group<T>);

impl<T: 'static> Drop for Ending<'_, T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        // The first thread is not running any more.
        state.first = None;
        self.0.end(&mut state, None);
        while !state.alive.is_empty() {
            let waited = self.0.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<T: 'static> Group<T> {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing below panics between two changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ready(&self) -> &InstancePre<T> {
        self.ready.get().expect("set before anybody sees the group")
    }

    /// Makes waits in a store end with the guest, whatever hook the embedder has set for them.
    fn prepare(&self, store: &mut Store<T>) {
        let ctx = (self.get)(store.data_mut());
        ctx.interrupt.also_when(&self.stopping);
    }

    /// Stops all threads, if that has not been done; only the first reason counts.
    fn end(&self, state: &mut State, reason: Option<Reason>) {
        if state.is_over {
            return;
        }
        state.is_over = true;
        state.reason = reason;
        self.stopping.store(true, Ordering::Relaxed);
        let threads = state.alive.values().flatten();
        for thread in threads.chain(&state.first) {
            thread.interrupt();
        }
    }

    /// All that a thread does: runs the guest, frees what that needed, and says how it ended.
    fn thread(&self, id: u32, argument: i32, ctx: Ctx) {
        let guest = AssertUnwindSafe(|| self.guest(id, argument, ctx));
        let reason = match catch_unwind(guest) {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(Reason::Error(error)),
            Err(payload) => Some(Reason::Panic(payload)),
        };
        let mut state = self.lock();
        state.alive.remove(&id);
        if reason.is_some() {
            self.end(&mut state, reason);
        }
        self.changed.notify_all();
    }

    fn guest(&self, id: u32, argument: i32, ctx: Ctx) -> Result<()> {
        let mut store = (self.new_store)(ctx)?;
        self.prepare(&mut store);
        {
            let mut state = self.lock();
            if state.is_over {
                return Ok(());
            }
            state.alive.insert(id, Some(store.interrupt_handle()));
        }
        let instance = self.ready().instantiate(&mut store)?;
        let start = instance.get_typed_func::<(i32, i32), ()>(&mut store, START)?;
        // Numbers of threads fit into 29 bits.
        start.call(&mut store, (id as i32, argument))
    }
}

impl State {
    /// A number that no living thread has.
    fn new_id(&mut self) -> u32 {
        loop {
            self.last_id = (self.last_id + 1) % THREAD_IDS_END;
            if self.last_id != 0 && !self.alive.contains_key(&self.last_id) {
                return self.last_id;
            }
        }
    }
}

/// `thread-spawn`: the number of the new thread, or a negative one.
fn spawn<T: 'static>(
    group: &Weak<Group<T>>,
    mut caller: Caller<'_, T>,
    argument: i32,
) -> Result<i32> {
    let Some(group) = group.upgrade() else {
        return Ok(NO_THREAD);
    };
    let module = group.ready().module();
    if !matches!(module.export(START), Some(ExternType::Func(_))) {
        let message = format!("the program starts a thread, but exports no function `{START}`");
        return Err(Error::msg(message));
    }
    let ctx = (group.get)(caller.data_mut()).for_thread();
    let id = {
        let mut state = group.lock();
        if state.is_over || state.alive.len() >= state.threads_max {
            return Ok(NO_THREAD);
        }
        let id = state.new_id();
        state.alive.insert(id, None);
        id
    };
    let thread = std::thread::Builder::new().name(format!("wasi-thread-{id}"));
    let running = Arc::clone(&group);
    match thread.spawn(move || running.thread(id, argument, ctx)) {
        Ok(_) => Ok(id as i32),
        // The host has no room for one more.
        Err(_) => {
            group.lock().alive.remove(&id);
            group.changed.notify_all();
            Ok(NO_THREAD)
        }
    }
}
