//! What all stores of an engine share: code memory, type numbers, trampolines, and reusable memories and stacks.

use crate::code::{CodeAt, CodeMap};
use crate::interrupt;
use crate::memory::MemoryPool;
use crate::slots::{Pooling, SlotCount};
use crate::stubs::Stubs;
use crate::types::TypeRegistry;
use crate::{Error, Executor, Tiers};
use abi::{Trampolines, TrapEntry};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, RwLock};
use sys::{CodeBlock, CodeMemory, Stack};

/// Address space for the machine code of one engine. Reserved, not used: it costs nothing until code is there.
const CODE_BYTES_MAX: usize = 1 << 30;

/// Stacks kept for reuse by one engine at most.
const STACKS_KEPT_MAX: usize = 16;

/// Stores that keep the stack of their last call for the next one, at most: of more live stores, those that are called in turn use the
/// stacks of the engine in turn. So many stores that are called often pay nothing, and thousands that wait take no stacks.
const STACKS_HELD_MAX: usize = 64;

/// Of a stack that is kept, this much stays in memory; what deeper calls touched is given back.
const STACK_KEPT_BYTES: usize = 64 << 10;

/// Giving memory back takes a system call: it is done each time only where stacks are larger than this, and otherwise
/// once in so many times. What stays for that long is at most [`STACKS_KEPT_MAX`] times as much.
const STACK_TRIMMED_LATER_BYTES_MAX: usize = 1 << 20;

/// How often a stack is given back without being trimmed, and then once with.
const STACK_TRIM_INTERVAL: usize = 16;

/// Stack that a host function may rely on, in bytes: compiled code that calls out with less left traps instead.
pub(crate) const HOST_ROOM_BYTES: usize = 512 << 10;

/// What runs the functions of instances.
#[derive(Clone)]
pub enum Runner {
    /// Machine code that is all there before it runs; this makes what lies between it and the host.
    Compiled(Arc<dyn Trampolines>),
    /// The machine code of several compilers, function by function.
    Tiers(Arc<dyn Tiers>),
    /// An interpreter.
    Executor(Arc<dyn Executor>),
}

/// How an engine runs functions.
#[derive(Clone)]
pub struct EngineSettings {
    /// What runs the functions of instances.
    pub runner: Runner,
    /// Stack for guests of one store, in bytes.
    pub stack_bytes: usize,
    /// Whether code counts fuel.
    pub fuel: bool,
    /// Whether operators that may choose among several NaNs give the canonical one, where an executor or the runtime computes
    /// them; a compiler is told apart.
    pub deterministic: bool,
    /// Whether heaps collect at every allocation, which finds references that the collector is not told of.
    pub gc_stress: bool,
    /// Whether memories that may move do so at every growth: for tests of the engine.
    pub memories_move: bool,
    /// What is kept for instances to come.
    pub pooling: Pooling,
}

/// What all stores of an engine share.
pub struct EngineCore {
    settings: EngineSettings,
    types: TypeRegistry,
    code: OnceLock<CodeMemory>,
    code_map: CodeMap,
    /// Made for the first module whose functions are compiled one by one.
    stubs: OnceLock<Stubs>,
    /// By canonical type number.
    trampolines: RwLock<HashMap<(u32, TrampolineKind), Trampoline>>,
    memory_pool: MemoryPool,
    stacks: Mutex<Vec<Stack>>,
    /// How often a stack came back.
    stacks_returned: AtomicUsize,
    /// Stacks that stores have.
    stacks_held: AtomicUsize,
    slot_count: SlotCount,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum TrampolineKind {
    Entry,
    Host,
    /// To a host function that gets its arguments in registers.
    HostInRegisters,
}

struct Trampoline {
    code: *const u8,
    /// Keeps the code.
    _block: CodeBlock,
}

// SAFETY: the address is only read, and stays valid as long as the block beside it.
unsafe impl Send for Trampoline {}
// SAFETY: as above.
unsafe impl Sync for Trampoline {}

impl EngineCore {
    /// An engine that runs functions as the settings say.
    pub fn new(settings: EngineSettings) -> Arc<EngineCore> {
        interrupt::install_filter();
        Arc::new(EngineCore {
            settings,
            types: TypeRegistry::default(),
            code: OnceLock::new(),
            code_map: CodeMap::default(),
            stubs: OnceLock::new(),
            trampolines: RwLock::default(),
            memory_pool: MemoryPool::default(),
            stacks: Mutex::default(),
            stacks_returned: AtomicUsize::new(0),
            stacks_held: AtomicUsize::new(0),
            slot_count: SlotCount::default(),
        })
    }

    /// How the engine runs functions.
    pub fn settings(&self) -> &EngineSettings {
        &self.settings
    }

    /// What makes the code between host and guest; `None` under an interpreter.
    fn trampolines(&self) -> Option<&dyn Trampolines> {
        match &self.settings.runner {
            Runner::Compiled(trampolines) => Some(&**trampolines),
            Runner::Tiers(tiers) => Some(tiers.trampolines()),
            Runner::Executor(_) => None,
        }
    }

    /// Who compiles functions one by one; `None` if they are not.
    pub(crate) fn tiers(&self) -> Option<&Arc<dyn Tiers>> {
        match &self.settings.runner {
            Runner::Tiers(tiers) => Some(tiers),
            Runner::Compiled(_) | Runner::Executor(_) => None,
        }
    }

    /// The interpreter that runs functions; `None` if a compiler's code does.
    pub(crate) fn executor(&self) -> Option<&Arc<dyn Executor>> {
        match &self.settings.runner {
            Runner::Compiled(_) | Runner::Tiers(_) => None,
            Runner::Executor(executor) => Some(executor),
        }
    }

    /// Whether guests are machine code, so that references are addresses.
    pub(crate) fn compiles(&self) -> bool {
        self.executor().is_none()
    }

    pub(crate) fn types(&self) -> &TypeRegistry {
        &self.types
    }

    pub(crate) fn slot_count(&self) -> &SlotCount {
        &self.slot_count
    }

    pub(crate) fn memory_pool(&self) -> &MemoryPool {
        &self.memory_pool
    }

    /// The memory that code of the engine lies in, reserved at first use.
    pub(crate) fn code(&self) -> Result<&CodeMemory, Error> {
        if let Some(code) = self.code.get() {
            return Ok(code);
        }
        let code = CodeMemory::new(CODE_BYTES_MAX)
            .map_err(|error| Error::os("reserve address space for machine code", error))?;
        Ok(self.code.get_or_init(|| code))
    }

    /// The addresses where code of the engine can lie; empty if there is none yet.
    #[inline]
    pub(crate) fn code_range(&self) -> Range<usize> {
        self.code.get().map_or(0..0, CodeMemory::range)
    }

    /// The stubs, if there are any yet.
    pub(crate) fn stubs(&self) -> Option<&Stubs> {
        self.stubs.get()
    }

    /// The stubs, made now if there are none yet.
    pub(crate) fn make_stubs(&self) -> Result<&Stubs, Error> {
        // Two threads may find none: then each makes some, of which one are kept.
        if self.stubs.get().is_none() {
            let stubs = Stubs::new(self.code()?, &self.code_map)
                .map_err(|error| Error::os("place machine code", error))?;
            if let Err(spare) = self.stubs.set(stubs) {
                self.code_map.forget(&spare.known());
            }
        }
        Ok(self.stubs.get().expect("set above"))
    }

    pub(crate) fn take_stack(&self) -> Result<Stack, Error> {
        let kept = self.stacks.lock().expect("no panic under the lock").pop();
        let stack = match kept {
            Some(stack) => stack,
            None => Stack::new(self.settings.stack_bytes + HOST_ROOM_BYTES)
                .map_err(|error| Error::os("map a stack", error))?,
        };
        self.stacks_held.fetch_add(1, Ordering::Relaxed);
        Ok(stack)
    }

    /// Whether stores have so many stacks that one should not keep its own when no guest is on it.
    pub(crate) fn is_short_of_stacks(&self) -> bool {
        self.stacks_held.load(Ordering::Relaxed) > STACKS_HELD_MAX
    }

    pub(crate) fn give_back_stack(&self, mut stack: Stack) {
        self.stacks_held.fetch_sub(1, Ordering::Relaxed);
        let returned = self.stacks_returned.fetch_add(1, Ordering::Relaxed);
        let trims = self.settings.stack_bytes > STACK_TRIMMED_LATER_BYTES_MAX
            || returned.is_multiple_of(STACK_TRIM_INTERVAL);
        if trims && stack.trim(STACK_KEPT_BYTES).is_err() {
            return;
        }
        let mut stacks = self.stacks.lock().expect("no panic under the lock");
        if stacks.len() < STACKS_KEPT_MAX {
            stacks.push(stack);
        }
    }

    /// Where published code is looked up.
    pub(crate) fn code_map(&self) -> &CodeMap {
        &self.code_map
    }

    /// What lies at an address.
    pub(crate) fn code_at(&self, pc: usize) -> Option<CodeAt> {
        self.code_map.at(pc)
    }

    /// Offers a trampoline that came with a module, so that it need not be compiled again. It is copied: the engine keeps it
    /// longer than the module.
    pub(crate) fn offer_trampoline(
        &self,
        ty: u32,
        kind: TrampolineKind,
        code: &[u8],
        traps: impl Iterator<Item = TrapEntry>,
    ) -> Result<(), Error> {
        let trampolines = self.trampolines.read().expect("no panic under the lock");
        if trampolines.contains_key(&(ty, kind)) {
            return Ok(());
        }
        drop(trampolines);
        self.place_trampoline(ty, kind, code, traps.collect())
            .map(drop)
    }

    /// The trampoline of a type, compiled at first use. Null under an interpreter.
    pub(crate) fn trampoline(&self, ty: u32, kind: TrampolineKind) -> Result<*const u8, Error> {
        let Some(trampolines) = self.trampolines() else {
            return Ok(std::ptr::null());
        };
        let known = |map: &HashMap<_, Trampoline>| map.get(&(ty, kind)).map(|found| found.code);
        if let Some(code) = known(&self.trampolines.read().expect("no panic under the lock")) {
            return Ok(code);
        }
        let func_type = self.types.func(ty);
        let func = match kind {
            TrampolineKind::Entry => trampolines.entry(&func_type),
            TrampolineKind::Host => trampolines.host(&func_type),
            TrampolineKind::HostInRegisters => trampolines.host_in_registers(&func_type),
        };
        self.place_trampoline(ty, kind, &func.code, func.traps)
    }

    fn place_trampoline(
        &self,
        ty: u32,
        kind: TrampolineKind,
        code: &[u8],
        traps: Vec<TrapEntry>,
    ) -> Result<*const u8, Error> {
        let place = |error| Error::os("place machine code", error);
        let block = self.code()?.publish(code).map_err(place)?;
        let mut trampolines = self.trampolines.write().expect("no panic under the lock");
        if let Some(known) = trampolines.get(&(ty, kind)) {
            return Ok(known.code);
        }
        self.code_map.add_trampoline(block.range(), traps);
        let code = block.as_ptr();
        let trampoline = Trampoline {
            code,
            _block: block,
        };
        trampolines.insert((ty, kind), trampoline);
        Ok(code)
    }
}
