//! Stopping guests from outside: interrupt handles and deadlines, at no cost to running code.
//!
//! Compiled code polls nothing. Whoever wants a guest stopped notes it in the store's context and signals the thread; the
//! signal handler abandons the guest if it is in compiled code at that moment. If it is in the host, the host's functions look
//! at the note when they return. One watchdog thread for the process repeats the signal until the guest has noticed, so no
//! moment between the two is lost.

use crate::memory::Waiter;
use crate::vm::StoreCtx;
use abi::VmctxLayout;
use std::cell::UnsafeCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};
use sys::ThreadHandle;

/// Somebody asked; taken back when the guest traps.
const REQUESTED: u64 = 1;
/// The deadline has passed; stays until another is set.
const EXPIRED: u64 = 2;

/// How often a running guest that has not noticed is signalled.
const REPEAT: Duration = Duration::from_millis(1);

/// How often a store with a request is looked at while none of its guests run.
const REPEAT_IDLE: Duration = Duration::from_millis(20);

/// What other threads can do to a store, and the store's context, which signal handlers read.
pub(crate) struct Interrupt {
    ctx: UnsafeCell<StoreCtx>,
    /// Whether a guest of the store is running or suspended.
    running: AtomicBool,
    /// The thread that last entered a guest of the store.
    thread: Mutex<Option<ThreadHandle>>,
    /// When guests of the store must stop.
    deadline: Mutex<Option<Instant>>,
    /// The guest's thread, while it waits on a shared memory.
    waiter: Mutex<Option<Arc<Waiter>>>,
    /// Whether the watchdog has ever been asked to look at the store.
    watched: AtomicBool,
}

// SAFETY: other threads touch only the atomics, the mutex, and the `interrupted` word, atomically.
unsafe impl Send for Interrupt {}
// SAFETY: as above.
unsafe impl Sync for Interrupt {}

impl Interrupt {
    pub(crate) fn new() -> Interrupt {
        Interrupt {
            ctx: UnsafeCell::new(StoreCtx::new()),
            running: AtomicBool::new(false),
            thread: Mutex::new(None),
            deadline: Mutex::new(None),
            waiter: Mutex::new(None),
            watched: AtomicBool::new(false),
        }
    }

    #[inline]
    pub(crate) fn ctx(&self) -> *mut StoreCtx {
        self.ctx.get()
    }

    #[inline]
    fn word(&self) -> &AtomicU64 {
        // SAFETY: the word is valid for the life of `self`, aligned, and accessed only atomically.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.ctx.get()).interrupted) }
    }

    #[inline]
    pub(crate) fn is_requested(&self) -> bool {
        self.word().load(Ordering::Relaxed) != 0
    }

    /// Called when the guest traps as interrupted: a request is served once, a deadline stays.
    pub(crate) fn acknowledge(&self) {
        self.word().fetch_and(!REQUESTED, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn set_running(&self, running: bool) {
        self.running.store(running, Ordering::Relaxed);
    }

    pub(crate) fn set_thread(&self, thread: &ThreadHandle) {
        *lock(&self.thread) = Some(thread.clone());
    }

    /// Says what to wake when the guest shall stop, while its thread waits.
    pub(crate) fn set_waiter(&self, waiter: Option<Arc<Waiter>>) {
        *lock(&self.waiter) = waiter;
    }

    pub(crate) fn set_deadline(self: &Arc<Interrupt>, deadline: Option<Instant>) {
        let mut current = lock(&self.deadline);
        *current = deadline;
        self.word().fetch_and(!EXPIRED, Ordering::SeqCst);
        drop(current);
        if let Some(at) = deadline {
            Watchdog::get().add(self, at);
        }
    }

    fn request(self: &Arc<Interrupt>) {
        self.word().fetch_or(REQUESTED, Ordering::SeqCst);
        self.signal();
        Watchdog::get().add(self, Instant::now() + REPEAT);
    }

    /// Called when the store is dropped.
    pub(crate) fn retire(self: &Arc<Interrupt>) {
        if self.watched.load(Ordering::Relaxed) {
            Watchdog::get().forget(self);
        }
    }

    fn signal(&self) {
        if let Some(thread) = &*lock(&self.thread) {
            thread.interrupt();
        }
        if let Some(waiter) = &*lock(&self.waiter) {
            waiter.look();
        }
    }
}

fn lock<D>(mutex: &Mutex<D>) -> MutexGuard<'_, D> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes the signal handler ask the store whose guest it interrupted.
pub(crate) fn install_filter() {
    static ONCE: Once = Once::new();
    // SAFETY: every entry is given a vmctx or host context, whose store context outlives the entry.
    ONCE.call_once(|| unsafe { sys::set_interrupt_filter(is_asked_to_stop) });
}

/// Whether the store of the guest that was entered with `vmctx` has been asked to stop.
unsafe extern "C" fn is_asked_to_stop(vmctx: *mut u8) -> bool {
    // SAFETY: both structures outlive the entry, and the word is only accessed atomically.
    unsafe {
        let ctx = vmctx
            .add(VmctxLayout::STORE as usize)
            .cast::<*mut StoreCtx>()
            .read();
        AtomicU64::from_ptr(&raw mut (*ctx).interrupted).load(Ordering::Relaxed) != 0
    }
}

/// Stops the running guest of a store from any thread.
#[derive(Clone)]
pub struct InterruptHandle(Weak<Interrupt>);

impl InterruptHandle {
    pub(crate) fn new(interrupt: &Arc<Interrupt>) -> InterruptHandle {
        InterruptHandle(Arc::downgrade(interrupt))
    }

    /// Makes the guest that is running in the store trap as interrupted; if none is, the next one does as it starts. Does
    /// nothing once the store is gone.
    pub fn interrupt(&self) {
        if let Some(interrupt) = self.0.upgrade() {
            interrupt.request();
        }
    }
}

/// One thread for the process, started when first needed.
struct Watchdog {
    alarms: Mutex<Alarms>,
    changed: Condvar,
}

/// When to look at which store: one entry a store at most, by the address of its part here.
#[derive(Default)]
struct Alarms {
    by_store: HashMap<usize, (Instant, Weak<Interrupt>)>,
    /// When the watchdog wakes by itself.
    wake: Option<Instant>,
}

impl Watchdog {
    fn get() -> &'static Watchdog {
        static WATCHDOG: OnceLock<Watchdog> = OnceLock::new();
        static STARTED: Once = Once::new();
        let watchdog = WATCHDOG.get_or_init(|| Watchdog {
            alarms: Mutex::default(),
            changed: Condvar::new(),
        });
        STARTED.call_once(|| {
            let thread = std::thread::Builder::new().name("wharf-watchdog".to_string());
            thread
                .spawn(|| watchdog.run())
                .expect("the system can start one more thread");
        });
        watchdog
    }

    /// Looks at a store at this time, or earlier if that is already planned.
    fn add(&self, interrupt: &Arc<Interrupt>, at: Instant) {
        interrupt.watched.store(true, Ordering::Relaxed);
        let mut alarms = lock(&self.alarms);
        let key = Arc::as_ptr(interrupt) as usize;
        let entry = alarms.by_store.entry(key);
        entry
            .and_modify(|(planned, _)| *planned = at.min(*planned))
            .or_insert_with(|| (at, Arc::downgrade(interrupt)));
        if alarms.wake.is_none_or(|wake| at < wake) {
            self.changed.notify_one();
        }
    }

    fn forget(&self, interrupt: &Arc<Interrupt>) {
        let key = Arc::as_ptr(interrupt) as usize;
        lock(&self.alarms).by_store.remove(&key);
    }

    fn run(&self) {
        let mut alarms = lock(&self.alarms);
        loop {
            let now = Instant::now();
            let due = alarms.by_store.extract_if(|_, (at, _)| *at <= now);
            let due: Vec<_> = due.map(|(_, (_, interrupt))| interrupt).collect();
            // Signalling must not happen under the lock.
            drop(alarms);
            for interrupt in due.iter().filter_map(Weak::upgrade) {
                if let Some(at) = look(&interrupt) {
                    self.add(&interrupt, at);
                }
            }
            alarms = lock(&self.alarms);
            alarms.wake = alarms.by_store.values().map(|(at, _)| *at).min();
            alarms = match alarms.wake {
                None => self
                    .changed
                    .wait(alarms)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(wake) => {
                    let wait = wake.saturating_duration_since(Instant::now());
                    let waited = self.changed.wait_timeout(alarms, wait);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

/// Does what is due for a store, and says when to look again.
fn look(interrupt: &Interrupt) -> Option<Instant> {
    let now = Instant::now();
    let deadline = lock(&interrupt.deadline);
    let later = deadline.filter(|at| *at > now);
    if deadline.is_some() && later.is_none() {
        interrupt.word().fetch_or(EXPIRED, Ordering::SeqCst);
    }
    drop(deadline);
    if !interrupt.is_requested() {
        return later;
    }
    let running = interrupt.running.load(Ordering::Relaxed);
    if running {
        interrupt.signal();
    }
    let repeat = now + if running { REPEAT } else { REPEAT_IDLE };
    Some(later.map_or(repeat, |later| later.min(repeat)))
}
