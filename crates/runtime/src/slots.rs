//! Instances kept for reuse: whole, with their memories, tables and `vmctx` in place, put back into the state they started in.
//!
//! Apart because nothing of one guest may reach the next: all that a guest can change is listed here, in [`Saved`], and set anew
//! when its store is dropped. A store that held anything else gives that up as ever.
//!
//! A slot serves one [`InstancePlan`](crate::InstancePlan), so its imports, its code and the image of its memory fit already. It
//! goes into a store that is empty, where everything gets the numbers that it had before.

use crate::engine::EngineCore;
use crate::exception::TagEntity;
use crate::func::{FuncEntity, FuncKind};
use crate::gc_heap::is_traced_val;
use crate::global::GlobalEntity;
use crate::instance::Instance;
use crate::memory::{InitialContent, MemoryEntity};
use crate::table::TableEntity;
use crate::vm::StoreCtx;
use crate::{LoadedModule, StoreCore};
use abi::{Raw, VmctxLayout};
use module::{CompositeType, DataMode};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What an engine keeps for instances to come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pooling {
    /// Instances that an engine keeps at most, of all its modules; 0 keeps none.
    pub instances_max: usize,
    /// Bytes of memories that stay with one kept instance at most, though small ones, of up to 128 KiB, always stay whole; and bytes
    /// that its tables may have. What a guest touched beyond is given back to the system, and must come from it again.
    pub instance_bytes_max: usize,
}

impl Default for Pooling {
    fn default() -> Pooling {
        Pooling {
            instances_max: 64,
            instance_bytes_max: 1 << 20,
        }
    }
}

/// Threads that use one pool meet each other only if there are more of them.
const SHARDS: usize = 16;

/// The slots of one plan that no store uses.
pub(crate) struct SlotPool {
    shards: [Shard; SHARDS],
    engine: Arc<EngineCore>,
    /// What the first memory starts with.
    content: Option<InitialContent>,
}

/// On a line of the processor's cache of its own.
#[derive(Default)]
#[repr(align(128))]
struct Shard(Mutex<Vec<Slot>>);

/// The parts of an instance and of the functions that it imported, out of any store.
struct Slot {
    instances: Vec<Instance>,
    funcs: Vec<FuncEntity>,
    memories: Vec<MemoryEntity>,
    tables: Vec<TableEntity>,
    globals: Vec<GlobalEntity>,
    tags: Vec<TagEntity>,
    saved: Saved,
}

/// An instance that a store has from a pool, or gives to one.
pub(crate) struct Home {
    pool: Arc<SlotPool>,
    saved: Saved,
}

/// What of an instance can change, as it was before its start function.
struct Saved {
    n_funcs: usize,
    /// Bytes of each memory.
    memories: Box<[u64]>,
    memory_bytes: u64,
    /// Elements of each table.
    tables: Box<[Box<[u64]>]>,
    table_elements: u64,
    globals: Box<[Raw]>,
    n_tags: usize,
    elems: Box<[Box<[u64]>]>,
    dropped_datas: Box<[bool]>,
}

/// Slots kept by one engine.
#[derive(Default)]
pub(crate) struct SlotCount(AtomicUsize);

impl SlotCount {
    /// Counts one more, unless there are so many.
    fn add(&self, max: usize) -> bool {
        let add = |n| (n < max).then_some(n + 1);
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add)
            .is_ok()
    }

    fn subtract(&self, n: usize) {
        self.0.fetch_sub(n, Ordering::Relaxed);
    }
}

impl SlotPool {
    /// A pool for instances of a module, if they can be put back: if nothing of them lies elsewhere or moves.
    ///
    /// A module that imports anything but functions of the host must not come here.
    pub(crate) fn new(module: &Arc<LoadedModule>) -> Option<Arc<SlotPool>> {
        let engine = module.engine().clone();
        let pooling = engine.settings().pooling;
        let (header, datas) = (module.module().header(), module.module().datas());
        let mut types = header.types().iter();
        let has_objects = types.any(|ty| !matches!(ty.composite, CompositeType::Func(_)));
        let mut memories = header.memories().iter();
        let all_stay = memories.all(|ty| abi::is_static(ty) && !ty.shared);
        if pooling.instances_max == 0 || has_objects || !all_stay {
            return None;
        }
        let mut modes = datas.iter().map(|segment| &segment.mode);
        let content = if modes.any(|mode| matches!(mode, DataMode::Active { .. })) {
            Some(InitialContent::new(module)?)
        } else {
            None
        };
        Some(Arc::new(SlotPool {
            shards: Default::default(),
            engine,
            content,
        }))
    }

    fn shard(&self, index: usize) -> &Mutex<Vec<Slot>> {
        &self.shards[index % SHARDS].0
    }

    fn take(&self) -> Option<Slot> {
        let own = own_shard();
        let lock = self.shard(own).lock();
        let mut slot = lock.unwrap_or_else(PoisonError::into_inner).pop();
        // Slots that another thread's stores left are as good.
        for other in 1..SHARDS {
            if slot.is_some() {
                break;
            }
            if let Ok(mut slots) = self.shard(own + other).try_lock() {
                slot = slots.pop();
            }
        }
        if slot.is_some() {
            self.engine.slot_count().subtract(1);
        }
        slot
    }

    fn put(&self, slot: Slot) {
        let max = self.engine.settings().pooling.instances_max;
        if self.engine.slot_count().add(max) {
            let lock = self.shard(own_shard()).lock();
            lock.unwrap_or_else(PoisonError::into_inner).push(slot);
        }
    }
}

impl Drop for SlotPool {
    fn drop(&mut self) {
        for shard in &mut self.shards {
            let slots = shard.0.get_mut().unwrap_or_else(PoisonError::into_inner);
            self.engine.slot_count().subtract(slots.len());
        }
    }
}

/// The number of this thread among those that use pools.
fn own_shard() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static SHARD: usize = THREADS.fetch_add(1, Ordering::Relaxed) % SHARDS;
    }
    SHARD.try_with(|shard| *shard).unwrap_or(0)
}

impl StoreCore {
    /// Whether the store holds nothing yet, so that what is put in gets the first numbers.
    pub(crate) fn is_empty(&self) -> bool {
        self.instances.is_empty()
            && self.funcs.is_empty()
            && self.memories.is_empty()
            && self.tables.is_empty()
            && self.globals.is_empty()
            && self.tags.is_empty()
    }

    /// Takes an instance out of the pool into this store, which is empty. False if there is none, or it exceeds the store's limits:
    /// making one says how.
    pub(crate) fn adopt_slot(&mut self, pool: &Arc<SlotPool>) -> bool {
        let Some(slot) = pool.take() else {
            return false;
        };
        let (saved, limits) = (&slot.saved, &self.limits);
        let fits = limits.instances_max > 0
            && saved.memories.len() <= limits.memories_max as usize
            && saved.memory_bytes <= limits.memory_bytes_max
            && saved.tables.len() <= limits.tables_max as usize
            && saved.table_elements <= limits.table_elements_max;
        if !fits {
            pool.put(slot);
            return false;
        }
        self.memory_bytes = saved.memory_bytes;
        self.table_elements = saved.table_elements;
        self.instances = slot.instances;
        self.funcs = slot.funcs;
        self.memories = slot.memories;
        self.tables = slot.tables;
        self.globals = slot.globals;
        self.tags = slot.tags;
        let ctx = self.ctx();
        for func in &mut self.funcs {
            match &mut func.kind {
                FuncKind::Host(host) => host.move_to(ctx),
                // Those of the host come first.
                FuncKind::Wasm { .. } => break,
            }
        }
        let vmctx = &self.instances[0].vmctx;
        // SAFETY: the field is of this type by the layout, and the vmctx is now the store's.
        unsafe { vmctx.field::<*mut StoreCtx>(VmctxLayout::STORE).write(ctx) };
        self.prepare_ctx();
        self.home = Some(Home {
            pool: pool.clone(),
            saved: slot.saved,
        });
        true
    }

    /// Remembers what the only instance of the store starts with, so that it can go into the pool when the store is dropped.
    ///
    /// Called when the instance is initialized and nothing of it has run.
    pub(crate) fn settle(&mut self, pool: &Arc<SlotPool>) {
        let is_null = |elements: &[u64]| elements.iter().all(|bits| *bits == 0);
        let header = self.instances[0].module.module().header().clone();
        // What refers to objects of a heap cannot be kept without the heap.
        let tables_plain = self
            .tables
            .iter()
            .all(|table| table.ty.element.is_func() || is_null(table.elements()));
        let elems = header.elems().iter().zip(&self.instances[0].elems);
        let elems_plain = elems
            .into_iter()
            .all(|(segment, elements)| segment.ty.is_func() || is_null(elements));
        let globals_plain = self
            .globals
            .iter()
            .all(|global| !is_traced_val(global.ty.content) || global_value(global).u64() == 0);
        let table_bytes = 8 * self.table_elements;
        let bytes_max = pool.engine.settings().pooling.instance_bytes_max as u64;
        if !tables_plain || !elems_plain || !globals_plain || table_bytes > bytes_max {
            return;
        }
        let tables = self.tables.iter().map(|table| table.elements().into());
        let instance = &self.instances[0];
        let saved = Saved {
            n_funcs: self.funcs.len(),
            memories: self
                .memories
                .iter()
                .map(|memory| memory.bytes() as u64)
                .collect(),
            memory_bytes: self.memory_bytes,
            tables: tables.collect(),
            table_elements: self.table_elements,
            globals: self.globals.iter().map(global_value).collect(),
            n_tags: self.tags.len(),
            elems: instance.elems.clone(),
            dropped_datas: instance.dropped_datas.clone(),
        };
        self.home = Some(Home {
            pool: pool.clone(),
            saved,
        });
    }

    /// Gives the store's instance to the pool that it came from or shall go to, as it was before it ran. What else is in the store
    /// stays.
    pub(crate) fn leave_slot(&mut self) {
        let Some(Home { pool, saved }) = self.home.take() else {
            return;
        };
        let bytes_max = pool.engine.settings().pooling.instance_bytes_max;
        let content = pool.content.as_ref();
        for (index, (memory, bytes)) in self.memories.iter_mut().zip(&saved.memories).enumerate() {
            let content = content.filter(|_| index == 0);
            if memory.reset(*bytes, content, bytes_max).is_err() {
                // The system has no room to take memory back: then all of it goes.
                return;
            }
        }
        for (table, elements) in self.tables.iter_mut().zip(&saved.tables) {
            table.reset(elements);
        }
        for (global, value) in self.globals.iter().zip(&saved.globals) {
            // SAFETY: the cell lives as long as the store, which is held mutably, and the value is one that it had.
            unsafe { global.cell.write(*value) };
        }
        let instance = &mut self.instances[0];
        instance.elems.clone_from(&saved.elems);
        instance.dropped_datas.copy_from_slice(&saved.dropped_datas);
        for memory in self.memories.drain(saved.memories.len()..) {
            memory.retire(self.engine.memory_pool());
        }
        self.instances.truncate(1);
        self.funcs.truncate(saved.n_funcs);
        self.tables.truncate(saved.tables.len());
        self.globals.truncate(saved.globals.len());
        self.tags.truncate(saved.n_tags);
        pool.put(Slot {
            instances: std::mem::take(&mut self.instances),
            funcs: std::mem::take(&mut self.funcs),
            memories: std::mem::take(&mut self.memories),
            tables: std::mem::take(&mut self.tables),
            globals: std::mem::take(&mut self.globals),
            tags: std::mem::take(&mut self.tags),
            saved,
        });
    }
}

fn global_value(global: &GlobalEntity) -> Raw {
    // SAFETY: the cell lives as long as the store that holds the entity.
    unsafe { global.cell.read() }
}
