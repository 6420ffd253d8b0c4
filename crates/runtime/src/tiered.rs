//! A module whose functions get their code one by one, and better code when they turn out to be hot.
//!
//! Apart from modules because whoever decides what is compiled, and when, is above: here code is put in place. That is one store to
//! a function's slot; code that was there before stays, as guests may be in it, until the module goes.

use crate::code::{CodeChunk, CodePiece, Tables};
use crate::kept::Placement;
use crate::lazy;
use crate::seen::CallSite;
use crate::stubs::{Stubs, WideStubs};
use crate::{EngineCore, Error, LoadedModule};
use abi::{CallSiteLayout, CompiledFunc, FuncSlotLayout, Reloc, RelocTarget, Trampolines};
use module::{FuncIdx, Module};
use std::collections::HashMap;
use std::mem::offset_of;
use std::sync::atomic::{AtomicI32, AtomicU8, AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// Who compiles the functions of an engine's modules, and decides when.
pub trait Tiers: Send + Sync {
    /// What makes the code between host and guest.
    fn trampolines(&self) -> &dyn Trampolines;

    /// Publishes code for a function that is being called and has none. Called on the guest's thread and stack, of which half a
    /// mebibyte is left; the function is given by its number among the defined ones.
    ///
    /// # Errors
    /// If the function cannot be compiled, or there is no room for its code: the guest that called it fails with this.
    fn compile(&self, module: &Arc<LoadedModule>, func: u32) -> Result<(), Error>;

    /// Told that the first code of a function has used up its counter: on entry, or in the loop whose operator is at this offset of
    /// the module's bytes. Gives the next value of the counter.
    fn hot(&self, module: &Arc<LoadedModule>, func: u32, at: Option<u32>) -> i32;
}

/// How good the code of a function is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum CodeLevel {
    /// There is none.
    None,
    /// It came fast, and counts what it does.
    First,
    /// It is final.
    Best,
}

/// The slot of a function; `abi` has the offsets.
#[repr(C)]
pub(crate) struct FuncSlot {
    pub(crate) code: AtomicU64,
    pub(crate) counter: AtomicI32,
    /// A [`CodeLevel`].
    pub(crate) level: AtomicU8,
    _reserved: u8,
    /// How often the counter was used up, at most; small values do not count.
    pub(crate) used_up: AtomicU16,
}

const _: () = {
    assert!(offset_of!(FuncSlot, code) == FuncSlotLayout::CODE as usize);
    assert!(offset_of!(FuncSlot, counter) == FuncSlotLayout::COUNTER as usize);
    assert!(size_of::<FuncSlot>() == FuncSlotLayout::SIZE as usize);
};

/// Records that a module has at most. Further call sites share the last one, which then says nothing.
const CALL_SITES_MAX: usize = 1 << 20;

/// Size of the smallest operator that has a record, in bytes.
const SITE_OP_BYTES_MIN: usize = 2;

/// Sizes of a module's chunks, in bytes: each is as large as all before it, within these bounds.
const CHUNK_BYTES: (usize, usize) = (16 << 10, 1 << 20);

/// Code cannot be aligned to more, in bytes.
const ALIGN_MAX: u32 = 64;

/// The code of a module that gets it function by function.
pub(crate) struct TieredCode {
    pub(crate) slots: Box<[FuncSlot]>,
    pub(crate) sites: Box<[CallSite]>,
    /// Address of the first function's stub.
    stubs: usize,
    wide_stubs: Option<WideStubs>,
    /// The value of counters at first.
    pub(crate) counter: i32,
    /// Code that was kept from an earlier run.
    pub(crate) kept: Vec<Arc<CodePiece>>,
    /// Whether code is to be kept for later runs.
    pub(crate) keeps: bool,
    placed: Mutex<Placed>,
    /// Code to enter running loops with, by function and offset of the loop's operator.
    pub(crate) loops: RwLock<HashMap<(u32, u32), usize>>,
}

/// What was placed so far.
#[derive(Default)]
pub(crate) struct Placed {
    chunks: Vec<Arc<CodeChunk>>,
    chunk_bytes: usize,
    n_sites: usize,
    /// By function: the first of its records, and the offsets of its call sites.
    pub(crate) sites: HashMap<u32, (u32, Box<[u32]>)>,
    code_bytes: CodeBytes,
    /// What functions got that is to be kept for later runs: the latest of each.
    pub(crate) to_keep: HashMap<u32, Placement>,
    /// Likewise code to enter loops with, by function and offset of the loop's operator.
    pub(crate) loops_to_keep: HashMap<(u32, u32), Placement>,
}

/// What code is that is put in place.
#[derive(Clone, Copy)]
enum Part {
    Func(CodeLevel),
    /// Of the loop whose operator is at this offset of the module's bytes.
    Loop(u32),
}

/// How much code a module has, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct CodeBytes {
    /// Functions' first code.
    pub first: u64,
    /// Their final code.
    pub best: u64,
    /// Code to enter running loops with.
    pub loops: u64,
}

impl TieredCode {
    pub(crate) fn new(
        engine: &EngineCore,
        module: &Module,
        counter: i32,
        keeps: bool,
    ) -> Result<TieredCode, Error> {
        let funcs = module.header().n_defined_funcs();
        let stubs = engine.make_stubs()?;
        stubs.ensure(funcs)?;
        let wide_stubs = WideStubs::new(engine.code()?, module.header())
            .map_err(|error| Error::os("place machine code", error))?;
        let is_wide = |func| {
            let wide = wide_stubs.as_ref();
            wide.is_some_and(|wide: &WideStubs| wide.address(func).is_some())
        };
        let slot = |func| FuncSlot {
            code: AtomicU64::new(lazy::thunk(is_wide(func)) as u64),
            counter: AtomicI32::new(counter),
            level: AtomicU8::new(CodeLevel::None as u8),
            _reserved: 0,
            used_up: AtomicU16::new(0),
        };
        let bytes: usize = module.body_ranges().iter().map(|range| range.len()).sum();
        let n_sites = (bytes / SITE_OP_BYTES_MIN + 1).min(CALL_SITES_MAX);
        // SAFETY: zeros are a record of nothing.
        let sites = unsafe { Box::<[CallSite]>::new_zeroed_slice(n_sites).assume_init() };
        let slots = (0..funcs).map(slot).collect();
        Ok(TieredCode {
            slots,
            sites,
            stubs: stubs.base(),
            wide_stubs,
            counter,
            kept: Vec::new(),
            keeps,
            placed: Mutex::default(),
            loops: RwLock::default(),
        })
    }

    /// The address of the slots.
    pub(crate) fn slots(&self) -> *const u8 {
        self.slots.as_ptr().cast()
    }

    /// The address of the records of call sites.
    pub(crate) fn sites(&self) -> *const u8 {
        self.sites.as_ptr().cast()
    }

    pub(crate) fn placed(&self) -> MutexGuard<'_, Placed> {
        self.placed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The code of a function as the slot has it: the best there is, or what compiles it.
    pub(crate) fn code(&self, func: u32) -> *const u8 {
        self.slots[func as usize].code.load(Ordering::Acquire) as *const u8
    }

    /// How a function is reached for good: its final code, or its stub.
    pub(crate) fn entry(&self, func: u32) -> usize {
        let slot = &self.slots[func as usize];
        if slot.level.load(Ordering::Acquire) == CodeLevel::Best as u8 {
            slot.code.load(Ordering::Acquire) as usize
        } else {
            let wide = self.wide_stubs.as_ref();
            let wide = wide.and_then(|wide| wide.address(func as usize));
            wide.unwrap_or_else(|| Stubs::address(self.stubs, func as usize))
        }
    }

    pub(crate) fn level(&self, func: u32) -> CodeLevel {
        match self.slots[func as usize].level.load(Ordering::Acquire) {
            0 => CodeLevel::None,
            1 => CodeLevel::First,
            _ => CodeLevel::Best,
        }
    }

    pub(crate) fn set_counter(&self, func: u32, value: i32) {
        let slot = &self.slots[func as usize];
        slot.counter.store(value, Ordering::Relaxed);
        if value < self.counter / 2 {
            return;
        }
        let more = |times: u16| times.checked_add(1);
        // At the maximum it stays.
        let _ = slot
            .used_up
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    pub(crate) fn loop_code(&self, func: u32, at: u32) -> Option<usize> {
        let loops = self.loops.read().unwrap_or_else(PoisonError::into_inner);
        loops.get(&(func, at)).copied()
    }
}

impl Placed {
    /// Makes sure that the last chunk has room.
    fn make_room(
        &mut self,
        module: &LoadedModule,
        bytes: usize,
        align: usize,
    ) -> Result<Arc<CodeChunk>, Error> {
        if let Some(chunk) = self.chunks.last() {
            let arena = chunk.arena.lock().unwrap_or_else(PoisonError::into_inner);
            if arena.next(bytes, align).is_some() {
                return Ok(chunk.clone());
            }
        }
        let place = |error| Error::os("place the machine code of a function", error);
        let chunk_bytes = self.chunk_bytes.clamp(CHUNK_BYTES.0, CHUNK_BYTES.1);
        let chunk_bytes = chunk_bytes.max(bytes);
        let arena = module.engine().code()?.arena(chunk_bytes).map_err(place)?;
        let chunk = CodeChunk::new(arena);
        module.engine().code_map().add_chunk(chunk.clone());
        self.chunk_bytes += chunk_bytes;
        self.chunks.push(chunk.clone());
        Ok(chunk)
    }

    /// Gives a function records for its call sites; the first one's number.
    pub(crate) fn add_sites(&mut self, func: u32, offsets: Vec<u32>, room: usize) -> u32 {
        let first = self.n_sites as u32;
        self.n_sites = (self.n_sites + offsets.len()).min(room);
        self.sites.insert(func, (first, offsets.into()));
        first
    }
}

impl LoadedModule {
    /// Forgets the code, whose module goes.
    pub(crate) fn forget_tiered(&self, tiered: &TieredCode) {
        for piece in &tiered.kept {
            self.engine().code_map().forget(piece.addresses());
        }
        for chunk in &tiered.placed().chunks {
            self.engine().code_map().forget(chunk.addresses());
        }
    }

    /// Puts code of a function in place, unless there is code as good already: gives whether it did. The function is given by its
    /// number among the defined ones.
    ///
    /// # Errors
    /// If there is no room for the code.
    ///
    /// # Panics
    /// If the module's code is all there already.
    pub fn publish(
        self: &Arc<LoadedModule>,
        func: u32,
        code: CompiledFunc,
        level: CodeLevel,
    ) -> Result<bool, Error> {
        let tiered = self.tiered().expect("the module gets code one by one");
        let mut placed = tiered.placed();
        if tiered.level(func) >= level {
            return Ok(false);
        }
        let bytes = code.code.len() as u64;
        let address = self.place(tiered, &mut placed, func, code, Part::Func(level))?;
        let slot = &tiered.slots[func as usize];
        // Whoever sees the level sees the code.
        slot.code.store(address as u64, Ordering::Release);
        slot.level.store(level as u8, Ordering::Release);
        match level {
            CodeLevel::Best => placed.code_bytes.best += bytes,
            _ => placed.code_bytes.first += bytes,
        }
        Ok(true)
    }

    /// Puts code in place for entering a function in the loop whose operator is at this offset of the module's bytes.
    ///
    /// # Errors
    /// If there is no room for the code.
    ///
    /// # Panics
    /// If the module's code is all there already.
    pub fn publish_loop(
        self: &Arc<LoadedModule>,
        func: u32,
        at: u32,
        code: CompiledFunc,
    ) -> Result<(), Error> {
        let tiered = self.tiered().expect("the module gets code one by one");
        let mut placed = tiered.placed();
        let bytes = code.code.len() as u64;
        let address = self.place(tiered, &mut placed, func, code, Part::Loop(at))?;
        placed.code_bytes.loops += bytes;
        let mut loops = tiered.loops.write().unwrap_or_else(PoisonError::into_inner);
        loops.insert((func, at), address);
        Ok(())
    }

    fn place(
        self: &Arc<LoadedModule>,
        tiered: &TieredCode,
        placed: &mut Placed,
        func: u32,
        mut code: CompiledFunc,
        part: Part,
    ) -> Result<usize, Error> {
        if code.align > ALIGN_MAX {
            let message = format!("code must be aligned to {} bytes", code.align);
            return Err(Error::limit(message));
        }
        let align = code.align.max(16) as usize;
        let calls_itself = matches!(part, Part::Func(CodeLevel::Best));
        let first_site = if code.sites.is_empty() {
            0
        } else {
            placed.add_sites(func, std::mem::take(&mut code.sites), tiered.sites.len())
        };
        let chunk = placed.make_room(self, code.code.len(), align)?;
        let mut arena = chunk.arena.lock().unwrap_or_else(PoisonError::into_inner);
        let next = arena.next(code.code.len(), align).expect("room was made");
        let address = next.addr();
        let n_imported = self.module().header().n_imported_funcs() as u32;
        let last_site = tiered.sites.len() as u32 - 1;
        for &reloc in &code.relocs {
            let value = match reloc.target {
                RelocTarget::Func(target) => {
                    let target = target.0 - n_imported;
                    let target = if calls_itself && target == func {
                        address
                    } else {
                        tiered.entry(target)
                    };
                    // Code memory is smaller than the reach of a call.
                    (target as i64 - (address as i64 + i64::from(reloc.offset))) as i32
                }
                RelocTarget::Site(number) => {
                    let record = (first_site + number).min(last_site);
                    (record * CallSiteLayout::SIZE) as i32
                }
            };
            link(&mut code.code, reloc, value);
        }
        let place = |error| Error::os("place the machine code of a function", error);
        arena.push(&code.code, align).map_err(place)?;
        let addresses = address..address + code.code.len();
        let relocs = std::mem::take(&mut code.relocs);
        let (image, this, hold) = (code.into_image(), Arc::downgrade(self), chunk.arena.clone());
        let piece = Arc::new(CodePiece::new(
            addresses,
            Tables::Here(image),
            func,
            this,
            hold,
        ));
        chunk.add(piece.clone());
        if tiered.keeps {
            let placement = Placement {
                level: match part {
                    Part::Func(level) => level,
                    Part::Loop(_) => CodeLevel::Best,
                },
                piece,
                arena: chunk.arena.clone(),
                align: align as u32,
                relocs: relocs.into(),
            };
            match part {
                Part::Func(_) => placed.to_keep.insert(func, placement),
                Part::Loop(at) => placed.loops_to_keep.insert((func, at), placement),
            };
        }
        Ok(address)
    }

    /// How good the code of a function is that calls from now on reach.
    ///
    /// # Panics
    /// If there is no such function.
    pub fn code_level(&self, func: u32) -> CodeLevel {
        self.tiered()
            .map_or(CodeLevel::Best, |tiered| tiered.level(func))
    }

    /// Whether there is code to enter a loop of a function with.
    pub fn has_loop_code(&self, func: u32, at: u32) -> bool {
        let tiered = self.tiered();
        tiered.is_some_and(|tiered| tiered.loop_code(func, at).is_some())
    }

    /// How much code there is, if functions get it one by one.
    pub fn code_bytes_by_level(&self) -> Option<CodeBytes> {
        Some(self.tiered()?.placed().code_bytes)
    }

    /// The number of a defined function among them.
    pub fn defined_func(&self, func: FuncIdx) -> Option<u32> {
        Some(self.module().header().defined_func(func)? as u32)
    }
}

/// Sets an operand.
fn link(code: &mut [u8], reloc: Reloc, value: i32) {
    let at = reloc.offset as usize;
    let value = value.wrapping_add(reloc.addend);
    code[at..at + 4].copy_from_slice(&value.to_le_bytes());
}
