//! The store: owner of instances and everything they reach.

use crate::{Engine, GcStats, InterruptHandle, Limits, Result};
use runtime::StoreInner;
use std::fmt;
use std::time::{Duration, Instant};

/// Owns instances, memories, tables, globals and functions, beside data of yours.
///
/// Everything in a store lives until the store is dropped. A store is used by one thread at a time and can move between threads
/// if its data can.
///
/// ```
/// use wharf::{Engine, Instance, Module, Store, Trap};
/// use std::time::Duration;
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (func (export "spin") (loop br 0)))"#)?;
/// let mut store = Store::new(&engine, ());
/// store.set_timeout(Some(Duration::from_millis(10)));
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let spin = instance.get_typed_func::<(), ()>(&mut store, "spin")?;
/// assert_eq!(spin.call(&mut store, ()).unwrap_err().trap(), Some(Trap::Interrupted));
/// # Ok::<(), wharf::Error>(())
/// ```
pub struct Store<T: 'static> {
    inner: runtime::Store<T>,
    engine: Engine,
}

impl<T> Store<T> {
    /// An empty store with this data.
    pub fn new(engine: &Engine, data: T) -> Store<T> {
        Store {
            inner: runtime::Store::new(engine.core(), data),
            engine: engine.clone(),
        }
    }

    pub(crate) fn inner(&self) -> &StoreInner<T> {
        &self.inner
    }

    pub(crate) fn inner_mut(&mut self) -> &mut StoreInner<T> {
        &mut self.inner
    }

    /// The engine that the store was made with.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The data.
    pub fn data(&self) -> &T {
        self.inner.data()
    }

    /// The data, to be changed.
    pub fn data_mut(&mut self) -> &mut T {
        self.inner.data_mut()
    }

    /// The data, out of the store, which is dropped.
    pub fn into_data(self) -> T {
        self.inner.into_data()
    }

    /// Sets what the store may use at most. What it already holds stays.
    pub fn set_limits(&mut self, limits: Limits) {
        self.inner.set_limits(limits);
    }

    /// Fuel left; meaningful only with [`Config::consume_fuel`](crate::Config::consume_fuel).
    pub fn fuel(&self) -> u64 {
        self.inner.fuel()
    }

    /// Sets the fuel left, at most `i64::MAX`. A new store has none.
    ///
    /// Each operator but those that only shape control flow costs one unit. What a call costs depends on nothing but the module
    /// and its inputs. A guest that uses up its fuel traps with [`Trap::OutOfFuel`](crate::Trap::OutOfFuel).
    pub fn set_fuel(&mut self, fuel: u64) {
        self.inner.set_fuel(fuel);
    }

    /// From `deadline` on, guests of the store trap with [`Trap::Interrupted`](crate::Trap::Interrupted). `None` takes it back.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.inner.set_deadline(deadline);
    }

    /// Sets a deadline that is `timeout` from now.
    pub fn set_timeout(&mut self, timeout: Option<Duration>) {
        // A timeout beyond what the clock can say is none.
        self.set_deadline(timeout.and_then(|timeout| Instant::now().checked_add(timeout)));
    }

    /// Collects all objects that nothing refers to.
    ///
    /// # Errors
    /// If the system has no memory for it.
    pub fn gc(&mut self) -> Result<()> {
        Ok(self.inner.collect_garbage()?)
    }

    /// What the collector of garbage did so far, and what the heap holds.
    pub fn gc_stats(&self) -> GcStats {
        self.inner.gc_stats()
    }

    /// A handle by which any thread stops the guest that is running in the store.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        self.inner.interrupt_handle()
    }
}

impl<T: fmt::Debug> fmt::Debug for Store<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("data", self.data())
            .finish_non_exhaustive()
    }
}
