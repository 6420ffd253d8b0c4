//! The store: owner of everything that guests can reach, and the data of the host beside it.

use crate::any_ref::Handles;
use crate::call::Pending;
use crate::code::CodeCache;
use crate::exception::TagEntity;
use crate::func::FuncEntity;
use crate::global::GlobalEntity;
use crate::handle::{MemoryHandle, StoreId};
use crate::instance::Instance;
use crate::interrupt::{Interrupt, InterruptHandle};
use crate::memory::MemoryEntity;
use crate::owned_root::OwnedRoots;
use crate::slots::Home;
use crate::table::TableEntity;
use crate::vm::StoreCtx;
use crate::{EngineCore, Error, Limits};
use std::any::Any;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Instant;
use sys::{Stack, ThreadHandle};

/// A store with the data of its embedder.
///
/// **Invariant:** the content stays at one address for the store's life, since compiled code holds that address.
pub struct Store<T: 'static>(Box<StoreInner<T>>);

/// The content of a [`Store`].
#[repr(C)]
pub struct StoreInner<T: 'static> {
    /// First, so that the address of one is the address of the other.
    core: StoreCore,
    data: T,
}

/// The part of a store that does not depend on the embedder's data.
pub struct StoreCore {
    pub(crate) id: StoreId,
    pub(crate) engine: Arc<EngineCore>,
    /// Holds what compiled code sees of the store, and what other threads may do to it.
    pub(crate) interrupt: Arc<Interrupt>,
    pub(crate) instances: Vec<Instance>,
    pub(crate) funcs: Vec<FuncEntity>,
    pub(crate) memories: Vec<MemoryEntity>,
    pub(crate) tables: Vec<TableEntity>,
    pub(crate) globals: Vec<GlobalEntity>,
    pub(crate) tags: Vec<TagEntity>,
    /// Where frames were last found to be.
    pub(crate) code_cache: CodeCache,
    /// The garbage-collected heap; made when first needed.
    pub(crate) heap: Option<Box<gc::Heap>>,
    /// References that the runtime itself holds, the latest last.
    pub(crate) roots: Vec<u32>,
    /// References that the host holds. Shared inside because reading a value makes a handle.
    pub(crate) handles: Handles,
    /// References that the host holds until it drops them.
    pub(crate) owned_roots: OwnedRoots,
    /// What the executor keeps between its calls.
    executor_state: Option<Box<dyn Any + Send + Sync>>,
    pub(crate) limits: Limits,
    pub(crate) memory_bytes: u64,
    pub(crate) table_elements: u64,
    /// Guests run on it; mapped at the first call.
    pub(crate) stack: Option<Stack>,
    /// Where guests are suspended while others run on `stack`; only on its way into the call that displaces it.
    pub(crate) displaced: Option<Stack>,
    /// Guests that run or are suspended on the store's stacks.
    pub(crate) guests: u32,
    /// Calls without compiled code in between that have not returned.
    pub(crate) depth: u32,
    /// Frame pointers of the trampolines through which suspended guests called out.
    pub(crate) outer_exits: Vec<usize>,
    /// Why the guest that is about to trap does so, if its code does not say.
    pub(crate) pending: Option<Pending>,
    /// Where the instance goes that is all the store holds.
    pub(crate) home: Option<Home>,
    /// The thread that the interrupt handle knows.
    pub(crate) thread: Option<ThreadHandle>,
}

impl<T> Store<T> {
    /// An empty store.
    pub fn new(engine: &Arc<EngineCore>, data: T) -> Store<T> {
        let core = StoreCore {
            id: StoreId::fresh(),
            engine: engine.clone(),
            interrupt: Arc::new(Interrupt::new()),
            instances: Vec::new(),
            funcs: Vec::new(),
            memories: Vec::new(),
            tables: Vec::new(),
            globals: Vec::new(),
            tags: Vec::new(),
            code_cache: CodeCache::default(),
            heap: None,
            roots: Vec::new(),
            handles: Handles::default(),
            owned_roots: OwnedRoots::default(),
            executor_state: None,
            limits: Limits::default(),
            memory_bytes: 0,
            table_elements: 0,
            stack: None,
            displaced: None,
            guests: 0,
            depth: 0,
            outer_exits: Vec::new(),
            pending: None,
            home: None,
            thread: None,
        };
        Store(Box::new(StoreInner { core, data }))
    }

    /// The embedder's data, out of the store.
    pub fn into_data(self) -> T {
        let StoreInner { core, data } = *self.0;
        drop(core);
        data
    }
}

impl<T> Deref for Store<T> {
    type Target = StoreInner<T>;

    fn deref(&self) -> &StoreInner<T> {
        &self.0
    }
}

impl<T> DerefMut for Store<T> {
    fn deref_mut(&mut self) -> &mut StoreInner<T> {
        &mut self.0
    }
}

impl<T> StoreInner<T> {
    /// The embedder's data.
    pub fn data(&self) -> &T {
        &self.data
    }

    /// The embedder's data, to be changed.
    pub fn data_mut(&mut self) -> &mut T {
        &mut self.data
    }

    /// The bytes of a memory and the embedder's data, both to be changed.
    ///
    /// # Errors
    /// If the handle is another store's.
    pub fn memory_and_data(&mut self, handle: MemoryHandle) -> Result<(&mut [u8], &mut T), Error> {
        let bytes = self.core.memory_data_mut(handle)?;
        Ok((bytes, &mut self.data))
    }
}

impl<T> Deref for StoreInner<T> {
    type Target = StoreCore;

    fn deref(&self) -> &StoreCore {
        &self.core
    }
}

impl<T> DerefMut for StoreInner<T> {
    fn deref_mut(&mut self) -> &mut StoreCore {
        &mut self.core
    }
}

impl StoreCore {
    /// The identity of the store.
    pub fn id(&self) -> StoreId {
        self.id
    }

    /// The engine of the store.
    pub fn engine(&self) -> &Arc<EngineCore> {
        &self.engine
    }

    #[inline]
    pub(crate) fn ctx(&self) -> *mut StoreCtx {
        self.interrupt.ctx()
    }

    /// Tells the context what code finds there of the engine: the table of types, and where code goes that has no stack left. Both
    /// exist at the latest when the store gets its first instance, in whatever way.
    pub(crate) fn prepare_ctx(&self) {
        // SAFETY: the context belongs to the store; compiled code asks the table only about types of modules.
        unsafe {
            (*self.ctx()).types = self.engine.types().rows();
            if let Some(stubs) = self.engine.stubs() {
                (*self.ctx()).overflow = stubs.overflow();
            }
        }
    }

    /// Sets what the store may use at most. What it already holds stays.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Fuel left; 0 when used up. Meaningful only if the engine counts fuel.
    pub fn fuel(&self) -> u64 {
        // SAFETY: the context lives as long as the store; only guests write the fuel, and none runs while we are borrowed.
        unsafe { (*self.ctx()).fuel }.max(0) as u64
    }

    /// Sets the fuel left, in units of [`module::Op::fuel`]; at most `i64::MAX`.
    pub fn set_fuel(&mut self, fuel: u64) {
        let fuel = i64::try_from(fuel).unwrap_or(i64::MAX);
        // SAFETY: as in `fuel`.
        unsafe { (*self.ctx()).fuel = fuel }
    }

    /// Stops guests of this store from `deadline` on: each then traps as interrupted. `None` takes a deadline back.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.interrupt.set_deadline(deadline);
    }

    /// A handle by which another thread stops the running guest.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        InterruptHandle::new(&self.interrupt)
    }

    /// Whether a guest of this store has been asked to stop and has not noticed yet; for host functions that wait.
    pub fn is_interrupted(&self) -> bool {
        self.interrupt.is_requested()
    }

    /// What the executor keeps in the store, such as its stack; made at first use.
    ///
    /// # Panics
    /// If it was made as another type: an engine has one executor.
    pub fn executor_state<S: Any + Send + Sync + Default>(&mut self) -> &mut S {
        let state = self
            .executor_state
            .get_or_insert_with(|| Box::new(S::default()));
        state
            .downcast_mut()
            .expect("an executor keeps one type of state")
    }

    #[inline]
    pub(crate) fn check_store(&self, store: StoreId, what: &str) -> Result<(), Error> {
        if store == self.id {
            Ok(())
        } else {
            Err(wrong_store(what))
        }
    }
}

#[cold]
fn wrong_store(what: &str) -> Error {
    Error::misuse(format!("the {what} belongs to another store"))
}

impl Drop for StoreCore {
    fn drop(&mut self) {
        self.interrupt.retire();
        self.leave_slot();
        for memory in self.memories.drain(..) {
            memory.retire(self.engine.memory_pool());
        }
        if let Some(stack) = self.stack.take() {
            self.engine.give_back_stack(stack);
        }
    }
}
