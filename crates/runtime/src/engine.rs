//! What all stores of an engine share: code memory, type numbers, trampolines, and reusable memories and stacks.

use crate::interrupt;
use crate::memory::MemoryPool;
use crate::types::TypeRegistry;
use crate::{Error, Executor, LoadedModule};
use abi::{CompiledFunc, Compiler, TrapEntry};
use module::FuncType;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, RwLock, Weak};
use sys::{CodeBlock, CodeMemory, Stack};

/// Address space for the machine code of one engine. Reserved, not used: it costs nothing until code is there.
const CODE_BYTES_MAX: usize = 1 << 30;

/// Stacks kept for reuse by one engine at most.
const STACKS_KEPT_MAX: usize = 16;

/// Of a stack that is kept, this much stays in memory; what deeper calls touched is given back.
const STACK_KEPT_BYTES: usize = 64 << 10;

/// Stack that a host function may rely on, in bytes: compiled code that calls out with less left traps instead.
pub(crate) const HOST_ROOM_BYTES: usize = 512 << 10;

/// What runs the functions of instances.
#[derive(Clone)]
pub enum Runner {
    /// The machine code of a compiler.
    Compiler(Arc<dyn Compiler>),
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
}

/// What all stores of an engine share.
pub struct EngineCore {
    settings: EngineSettings,
    types: TypeRegistry,
    code: OnceLock<CodeMemory>,
    /// Machine code by the address behind its last byte.
    places: RwLock<BTreeMap<usize, Place>>,
    /// By canonical type number.
    trampolines: RwLock<HashMap<(u32, TrampolineKind), Trampoline>>,
    memory_pool: MemoryPool,
    stacks: Mutex<Vec<Stack>>,
}

/// What lies at an address of code memory.
pub(crate) enum CodeAt {
    /// Code of a module, at this offset of its text.
    Module(Arc<LoadedModule>, u32),
    /// A trampoline, with the trap listed for the address if there is one.
    Trampoline(Option<u8>),
}

enum Place {
    Module {
        start: usize,
        module: Weak<LoadedModule>,
    },
    Trampoline {
        start: usize,
        traps: Vec<TrapEntry>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum TrampolineKind {
    Entry,
    Host,
}

struct Trampoline {
    code: *const u8,
    /// Keeps the code: a block of its own, or the module that brought it.
    _owner: TrampolineOwner,
}

// SAFETY: the address is only read, and stays valid as long as the owner beside it.
unsafe impl Send for Trampoline {}
// SAFETY: as above.
unsafe impl Sync for Trampoline {}

enum TrampolineOwner {
    Block(#[expect(dead_code, reason = "held for its drop")] CodeBlock),
    Module(#[expect(dead_code, reason = "held for its drop")] Arc<CodeBlock>),
}

impl EngineCore {
    /// An engine that runs functions as the settings say.
    pub fn new(settings: EngineSettings) -> Arc<EngineCore> {
        interrupt::install_filter();
        Arc::new(EngineCore {
            settings,
            types: TypeRegistry::default(),
            code: OnceLock::new(),
            places: RwLock::default(),
            trampolines: RwLock::default(),
            memory_pool: MemoryPool::default(),
            stacks: Mutex::default(),
        })
    }

    /// How the engine runs functions.
    pub fn settings(&self) -> &EngineSettings {
        &self.settings
    }

    /// The compiler whose code runs; `None` under an interpreter.
    pub fn compiler(&self) -> Option<&Arc<dyn Compiler>> {
        match &self.settings.runner {
            Runner::Compiler(compiler) => Some(compiler),
            Runner::Executor(_) => None,
        }
    }

    /// The interpreter that runs functions; `None` if a compiler's code does.
    pub(crate) fn executor(&self) -> Option<&Arc<dyn Executor>> {
        match &self.settings.runner {
            Runner::Compiler(_) => None,
            Runner::Executor(executor) => Some(executor),
        }
    }

    /// Whether guests are machine code, so that references are addresses.
    pub(crate) fn compiles(&self) -> bool {
        self.compiler().is_some()
    }

    pub(crate) fn types(&self) -> &TypeRegistry {
        &self.types
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
    pub(crate) fn code_range(&self) -> Range<usize> {
        self.code.get().map_or(0..0, CodeMemory::range)
    }

    pub(crate) fn take_stack(&self) -> Result<Stack, Error> {
        if let Some(stack) = self.stacks.lock().expect("no panic under the lock").pop() {
            return Ok(stack);
        }
        Stack::new(self.settings.stack_bytes + HOST_ROOM_BYTES)
            .map_err(|error| Error::os("map a stack", error))
    }

    pub(crate) fn give_back_stack(&self, mut stack: Stack) {
        let full = self.stacks.lock().expect("no panic under the lock").len() >= STACKS_KEPT_MAX;
        if !full && stack.trim(STACK_KEPT_BYTES).is_ok() {
            self.stacks
                .lock()
                .expect("no panic under the lock")
                .push(stack);
        }
    }

    /// Makes the code of a module known, for traps and backtraces.
    pub(crate) fn register_module(&self, code: Range<usize>, module: Weak<LoadedModule>) {
        let place = Place::Module {
            start: code.start,
            module,
        };
        self.places
            .write()
            .expect("no panic under the lock")
            .insert(code.end, place);
    }

    /// Forgets a module. If its trampolines stay in use, `traps` are those of its text.
    pub(crate) fn forget_module(&self, code: &Range<usize>, traps: Option<Vec<TrapEntry>>) {
        let mut places = self.places.write().expect("no panic under the lock");
        places.remove(&code.end);
        if let Some(traps) = traps {
            places.insert(
                code.end,
                Place::Trampoline {
                    start: code.start,
                    traps,
                },
            );
        }
    }

    /// What lies at an address.
    pub(crate) fn code_at(&self, pc: usize) -> Option<CodeAt> {
        let places = self.places.read().expect("no panic under the lock");
        let (_, place) = places.range(pc + 1..).next()?;
        match place {
            Place::Module { start, module } if pc >= *start => {
                Some(CodeAt::Module(module.upgrade()?, (pc - start) as u32))
            }
            Place::Trampoline { start, traps } if pc >= *start => {
                let offset = (pc - start) as u32;
                let found = traps.binary_search_by_key(&offset, |trap| trap.offset).ok();
                Some(CodeAt::Trampoline(found.map(|at| traps[at].code)))
            }
            _ => None,
        }
    }

    /// Offers trampolines that came with a module, so that they need not be compiled again.
    pub(crate) fn offer_trampoline(
        &self,
        ty: u32,
        kind: TrampolineKind,
        code: *const u8,
        owner: &Arc<CodeBlock>,
    ) {
        let mut trampolines = self.trampolines.write().expect("no panic under the lock");
        trampolines.entry((ty, kind)).or_insert_with(|| Trampoline {
            code,
            _owner: TrampolineOwner::Module(owner.clone()),
        });
    }

    /// The trampoline of a type, compiled at first use. Null under an interpreter.
    pub(crate) fn trampoline(&self, ty: u32, kind: TrampolineKind) -> Result<*const u8, Error> {
        let Some(compiler) = self.compiler() else {
            return Ok(std::ptr::null());
        };
        let known = |map: &HashMap<_, Trampoline>| map.get(&(ty, kind)).map(|found| found.code);
        if let Some(code) = known(&self.trampolines.read().expect("no panic under the lock")) {
            return Ok(code);
        }
        let func = compile_trampoline(&**compiler, &self.types.get(ty), kind)?;
        let block = self
            .code()?
            .publish(&func.code)
            .map_err(|error| Error::os("place machine code", error))?;
        let start = block.as_ptr() as usize;
        let mut trampolines = self.trampolines.write().expect("no panic under the lock");
        if let Some(code) = known(&trampolines) {
            return Ok(code);
        }
        let place = Place::Trampoline {
            start,
            traps: func.traps,
        };
        self.places
            .write()
            .expect("no panic under the lock")
            .insert(start + func.code.len(), place);
        let code = block.as_ptr();
        trampolines.insert(
            (ty, kind),
            Trampoline {
                code,
                _owner: TrampolineOwner::Block(block),
            },
        );
        Ok(code)
    }
}

fn compile_trampoline(
    compiler: &dyn Compiler,
    ty: &FuncType,
    kind: TrampolineKind,
) -> Result<CompiledFunc, Error> {
    let compiled = match kind {
        TrampolineKind::Entry => compiler.entry_trampoline(ty),
        TrampolineKind::Host => compiler.host_trampoline(ty),
    };
    compiled
        .map_err(|error| Error::limit(format!("a call of type {ty} cannot be compiled: {error}")))
}
