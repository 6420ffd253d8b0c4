//! Stopping guests from outside: interrupt handles and deadlines, at no cost to running code.
//!
//! Compiled code polls nothing. Whoever wants a guest stopped notes it in the store's context and signals the thread; the
//! signal handler abandons the guest if it is in compiled code at that moment. If it is in the host, the host's functions look
//! at the note when they return. One watchdog thread for the process repeats the signal until the guest has noticed, so no
//! moment between the two is lost.

use crate::vm::StoreCtx;
use abi::VmctxLayout;
use std::cell::UnsafeCell;
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
    /// Counts deadlines set, so that an old one does nothing.
    deadline_number: AtomicU64,
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
            deadline_number: AtomicU64::new(0),
        }
    }

    pub(crate) fn ctx(&self) -> *mut StoreCtx {
        self.ctx.get()
    }

    fn word(&self) -> &AtomicU64 {
        // SAFETY: the word is valid for the life of `self`, aligned, and accessed only atomically.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.ctx.get()).interrupted) }
    }

    pub(crate) fn is_requested(&self) -> bool {
        self.word().load(Ordering::Relaxed) != 0
    }

    /// Called when the guest traps as interrupted: a request is served once, a deadline stays.
    pub(crate) fn acknowledge(&self) {
        self.word().fetch_and(!REQUESTED, Ordering::Relaxed);
    }

    pub(crate) fn set_running(&self, running: bool) {
        self.running.store(running, Ordering::Relaxed);
    }

    pub(crate) fn set_thread(&self, thread: &ThreadHandle) {
        *lock(&self.thread) = Some(thread.clone());
    }

    pub(crate) fn set_deadline(self: &Arc<Interrupt>, deadline: Option<Instant>) {
        let number = self.deadline_number.fetch_add(1, Ordering::SeqCst) + 1;
        self.word().fetch_and(!EXPIRED, Ordering::SeqCst);
        if let Some(at) = deadline {
            let kind = AlarmKind::Deadline(number);
            Watchdog::get().add(Alarm {
                at,
                interrupt: Arc::downgrade(self),
                kind,
            });
        }
    }

    fn request(self: &Arc<Interrupt>, bit: u64) {
        self.word().fetch_or(bit, Ordering::SeqCst);
        self.signal();
        let (at, interrupt) = (Instant::now() + REPEAT, Arc::downgrade(self));
        Watchdog::get().add(Alarm {
            at,
            interrupt,
            kind: AlarmKind::Repeat,
        });
    }

    fn signal(&self) {
        if let Some(thread) = &*lock(&self.thread) {
            thread.interrupt();
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
            interrupt.request(REQUESTED);
        }
    }
}

/// Something for the watchdog to do at a time.
struct Alarm {
    at: Instant,
    interrupt: Weak<Interrupt>,
    kind: AlarmKind,
}

enum AlarmKind {
    /// The deadline with this number passes.
    Deadline(u64),
    /// Signal again unless the guest has noticed.
    Repeat,
}

/// One thread for the process, started when first needed.
struct Watchdog {
    alarms: Mutex<Vec<Alarm>>,
    changed: Condvar,
}

impl Watchdog {
    fn get() -> &'static Watchdog {
        static WATCHDOG: OnceLock<Watchdog> = OnceLock::new();
        static STARTED: Once = Once::new();
        let watchdog = WATCHDOG.get_or_init(|| Watchdog {
            alarms: Mutex::new(Vec::new()),
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

    fn add(&self, alarm: Alarm) {
        lock(&self.alarms).push(alarm);
        self.changed.notify_one();
    }

    fn run(&self) {
        let mut alarms = lock(&self.alarms);
        loop {
            let now = Instant::now();
            let mut due = Vec::new();
            alarms.retain_mut(|alarm| {
                let later = alarm.at > now;
                if !later && let Some(interrupt) = alarm.interrupt.upgrade() {
                    due.push((
                        interrupt,
                        std::mem::replace(&mut alarm.kind, AlarmKind::Repeat),
                    ));
                }
                later
            });
            // Dropping the last hold on a store's context, or signalling, must not happen under the lock.
            drop(alarms);
            let again: Vec<Alarm> = due
                .into_iter()
                .filter_map(|(i, kind)| ring(i, kind))
                .collect();
            alarms = lock(&self.alarms);
            alarms.extend(again);
            alarms = match alarms.iter().map(|alarm| alarm.at).min() {
                None => self
                    .changed
                    .wait(alarms)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(next) => {
                    let wait = next.saturating_duration_since(Instant::now());
                    self.changed
                        .wait_timeout(alarms, wait)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
        }
    }
}

/// Does what an alarm is for, and says when to look again.
fn ring(interrupt: Arc<Interrupt>, kind: AlarmKind) -> Option<Alarm> {
    if let AlarmKind::Deadline(number) = kind {
        if interrupt.deadline_number.load(Ordering::SeqCst) != number {
            return None;
        }
        interrupt.word().fetch_or(EXPIRED, Ordering::SeqCst);
    }
    if !interrupt.is_requested() {
        return None;
    }
    let running = interrupt.running.load(Ordering::Relaxed);
    if running {
        interrupt.signal();
    }
    let at = Instant::now() + if running { REPEAT } else { REPEAT_IDLE };
    Some(Alarm {
        at,
        interrupt: Arc::downgrade(&interrupt),
        kind: AlarmKind::Repeat,
    })
}
