//! Guests that wait for others: `memory.atomic.wait` and `memory.atomic.notify`.
//!
//! Apart because nothing else in a store ever blocks. Each shared memory has a lot in which threads wait, by address. The
//! value is compared under the lock of the lot, and notifying takes the lock too, so that no notification is lost between
//! comparing and waiting.

use super::shared::SharedMemory;
use crate::StoreCore;
use ops::{Atomic, Trap};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The results of waiting.
const WOKEN: u64 = 0;
const NOT_EQUAL: u64 = 1;
const TIMED_OUT: u64 = 2;

/// One thread that waits.
#[derive(Default)]
pub(crate) struct Waiter {
    /// Whether it was notified; changed under the lock of the lot.
    notified: AtomicBool,
    changed: Condvar,
}

impl Waiter {
    /// Makes the thread look whether its guest was asked to stop. It may miss this if it is about to wait: ask again.
    pub(crate) fn look(&self) {
        self.changed.notify_all();
    }
}

/// The threads that wait on one memory. It holds no address on which nobody waits.
#[derive(Default)]
pub(crate) struct WaitLot {
    waiters: Mutex<HashMap<u64, VecDeque<Arc<Waiter>>>>,
}

type Waiters = HashMap<u64, VecDeque<Arc<Waiter>>>;

impl WaitLot {
    fn lock(&self) -> MutexGuard<'_, Waiters> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes up to `count` threads, those first that have waited longest.
    fn notify(&self, address: u64, count: u32) -> u32 {
        let mut waiters = self.lock();
        let Some(queue) = waiters.get_mut(&address) else {
            return 0;
        };
        let n = queue.len().min(count as usize);
        for waiter in queue.drain(..n) {
            waiter.notified.store(true, Ordering::Relaxed);
            waiter.changed.notify_all();
        }
        if queue.is_empty() {
            waiters.remove(&address);
        }
        n as u32
    }
}

/// Takes a waiter that was not notified out of its queue.
fn leave(waiters: &mut Waiters, address: u64, waiter: &Arc<Waiter>) {
    if let Some(queue) = waiters.get_mut(&address) {
        queue.retain(|other| !Arc::ptr_eq(other, waiter));
        if queue.is_empty() {
            waiters.remove(&address);
        }
    }
}

impl StoreCore {
    /// `memory.atomic.notify` at an address that was checked.
    pub(super) fn notify(&self, index: u32, address: u64, count: u32) -> u64 {
        match &self.memories[index as usize].shared {
            Some(memory) => memory.lot().notify(address, count).into(),
            // Nobody can wait on it.
            None => 0,
        }
    }

    /// `memory.atomic.wait` at an address that was checked.
    pub(super) fn wait(
        &mut self,
        op: Atomic,
        index: u32,
        address: u64,
        [expected, timeout_ns]: [u64; 2],
    ) -> Result<u64, Trap> {
        let Some(memory) = self.memories[index as usize].shared.clone() else {
            return Err(Trap::ExpectedSharedMemory);
        };
        // A negative timeout never ends, nor does one beyond what the clock can count.
        let timeout = u64::try_from(timeout_ns as i64).ok();
        let end = timeout.and_then(|ns| Instant::now().checked_add(Duration::from_nanos(ns)));
        let waiter = Arc::new(Waiter::default());
        self.interrupt.set_waiter(Some(waiter.clone()));
        let outcome = self.wait_in_lot(&memory, op, address, expected, &waiter, end);
        self.interrupt.set_waiter(None);
        outcome
    }

    fn wait_in_lot(
        &self,
        memory: &SharedMemory,
        op: Atomic,
        address: u64,
        expected: u64,
        waiter: &Arc<Waiter>,
        end: Option<Instant>,
    ) -> Result<u64, Trap> {
        let mut waiters = memory.lot().lock();
        if memory.load(address, op.bytes()) != op.wrap(expected) {
            return Ok(NOT_EQUAL);
        }
        waiters
            .entry(address)
            .or_default()
            .push_back(waiter.clone());
        loop {
            if waiter.notified.load(Ordering::Relaxed) {
                return Ok(WOKEN);
            }
            if self.interrupt.is_requested() {
                leave(&mut waiters, address, waiter);
                return Err(Trap::Interrupted);
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            waiters = match left {
                Some(Duration::ZERO) => {
                    leave(&mut waiters, address, waiter);
                    return Ok(TIMED_OUT);
                }
                Some(left) => {
                    let waited = waiter.changed.wait_timeout(waiters, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => {
                    let waited = waiter.changed.wait(waiters);
                    waited.unwrap_or_else(PoisonError::into_inner)
                }
            };
        }
    }
}
