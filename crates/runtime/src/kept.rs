//! Code of a module that functions got in an earlier run, and what a run leaves for later ones.
//!
//! Apart from code that is made now because it comes and goes as plain data: where it is kept, and whether it can be trusted, is
//! decided above.

use crate::code::{CodeHold, CodePiece, Tables};
use crate::stubs::stub_code;
use crate::tiered::TieredCode;
use crate::{CodeLevel, EngineCore, LoadedModule};
use abi::{CallSiteLayout, CodeImage, CompiledFunc, FuncLocation, Reloc, returns_in_memory};
use module::FuncIdx;
use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use sys::{CodeArena, CodeBlock, CodeMemory, Image};

/// Gives the tables of kept code, whose text is empty. Asked when they are first needed, which in most runs is never.
pub type KeptTables = Box<dyn FnOnce() -> CodeImage + Send>;

/// Code of some functions of a module, to be put in place before any of them runs.
pub struct KeptCode {
    /// The code, linked; it runs anywhere. Calls of functions that it does not hold, or holds only the first code of, go through
    /// stubs in it.
    pub text: KeptText,
    /// By defined function: how good its code is, and where it is in the text.
    pub funcs: Vec<(u32, CodeLevel, FuncLocation)>,
    /// Functions with their counters, and how often these were used up, if not as at first.
    pub counters: Vec<(u32, i32, u16)>,
    /// Functions with the offsets of their call sites in the module's bytes, in the order of their records.
    pub sites: Vec<(u32, Vec<u32>)>,
    /// The records of the call sites.
    pub records: Vec<KeptSite>,
    /// The tables of the functions.
    pub tables: KeptTables,
    /// Code to enter running loops with. It lies behind that of all functions, in this order.
    pub loops: Vec<KeptLoop>,
}

/// The instructions of kept code.
#[derive(Debug)]
pub enum KeptText {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A part of a file that is never written to again: mapped if it starts at a page and may be executed where it is.
    File {
        /// The file.
        file: File,
        /// Where the part starts.
        offset: u64,
        /// Its size.
        bytes: usize,
    },
}

/// Code to enter a function with that is in a loop.
pub struct KeptLoop {
    /// The function, by its number among the defined ones.
    pub func: u32,
    /// The offset of the loop's operator in the module's bytes.
    pub at: u32,
    /// Where it is in the text.
    pub location: FuncLocation,
    /// Its tables.
    pub tables: KeptTables,
}

/// The first content of a module's first defined memory, made in an earlier run.
#[derive(Debug)]
pub struct KeptContent {
    /// Where it starts in the memory.
    pub offset: usize,
    /// The bytes, in whole pages.
    pub image: Image,
}

impl KeptText {
    fn len(&self) -> usize {
        match self {
            KeptText::Bytes(text) => text.len(),
            KeptText::File { bytes, .. } => *bytes,
        }
    }

    fn publish(&self, memory: &CodeMemory) -> io::Result<CodeBlock> {
        match self {
            KeptText::Bytes(text) => memory.publish(text),
            KeptText::File {
                file,
                offset,
                bytes,
            } => memory.publish_file(file, *offset, *bytes).or_else(|_| {
                let mut text = vec![0; *bytes];
                file.read_exact_at(&mut text, *offset)?;
                memory.publish(&text)
            }),
        }
    }
}

impl fmt::Debug for KeptCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptCode")
            .field("text", &self.text.len())
            .field("funcs", &self.funcs.len())
            .field("loops", &self.loops.len())
            .finish_non_exhaustive()
    }
}

/// What was seen at a call site; see [`abi::CallSiteLayout`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct KeptSite {
    /// The function entry that was mostly called, in bytes from the start of the instance's vmctx.
    pub target: u64,
    /// How much more often than others.
    pub hits: i32,
    /// How often others were.
    pub misses: i32,
}

/// Code that a function got in this run.
pub struct KeptFunc {
    /// The function, by its number among the defined ones.
    pub func: u32,
    /// How good it is.
    pub level: CodeLevel,
    /// The code. Its operands that refer to other things may have any value.
    pub code: CompiledFunc,
}

/// Code that was made in this run to enter a function with that is in a loop.
pub struct KeptLoopCode {
    /// The function, by its number among the defined ones.
    pub func: u32,
    /// The offset of the loop's operator in the module's bytes.
    pub at: u32,
    /// The code. Its operands that refer to other things may have any value.
    pub code: CompiledFunc,
}

/// Kept code that was put in place: its pieces, each with its first function's number.
pub(crate) struct Adopted {
    pub(crate) hold: CodeHold,
    pub(crate) pieces: Vec<(Range<usize>, Tables, u32)>,
}

/// Where code is that is to be kept.
pub(crate) struct Placement {
    pub(crate) level: CodeLevel,
    pub(crate) piece: Arc<CodePiece>,
    pub(crate) arena: Arc<Mutex<CodeArena>>,
    pub(crate) align: u32,
    pub(crate) relocs: Box<[Reloc]>,
}

impl TieredCode {
    /// Puts kept code in place, if it fits the module and there is room for it.
    pub(crate) fn adopt(&self, engine: &EngineCore, kept: KeptCode) -> Option<Adopted> {
        let n_sites: usize = kept.sites.iter().map(|(_, offsets)| offsets.len()).sum();
        let bytes = kept.text.len() as u64;
        let mut end = 0;
        let mut fits = |func: u32, location: FuncLocation| {
            let is_behind = u64::from(location.offset) >= end;
            end = u64::from(location.offset) + u64::from(location.len);
            is_behind && (func as usize) < self.slots.len() && location.len > 0 && end <= bytes
        };
        let in_order = kept.funcs.is_sorted_by(|a, b| a.0 < b.0);
        // The last record is that of many.
        let known = n_sites < self.sites.len() && kept.records.len() <= n_sites;
        let mut funcs = kept.funcs.iter();
        let mut loops = kept.loops.iter();
        let all = funcs.all(|&(func, _, location)| fits(func, location))
            && loops.all(|found| fits(found.func, found.location));
        if !all || !known || !in_order {
            return None;
        }
        let block = kept.text.publish(engine.code().ok()?).ok()?;
        let mut placed = self.placed();
        for (func, offsets) in kept.sites {
            placed.add_sites(func, offsets, self.sites.len());
        }
        for (site, record) in self.sites.iter().zip(&kept.records) {
            site.target.store(record.target, Ordering::Relaxed);
            site.hits.store(record.hits, Ordering::Relaxed);
            site.misses.store(record.misses, Ordering::Relaxed);
        }
        for &(func, counter, used_up) in &kept.counters {
            let Some(slot) = self.slots.get(func as usize) else {
                continue;
            };
            let counter = counter.clamp(1, self.counter.max(1));
            slot.counter.store(counter, Ordering::Relaxed);
            slot.used_up.store(used_up, Ordering::Relaxed);
        }
        let start = block.range().start;
        for (func, level, location) in kept.funcs {
            let slot = &self.slots[func as usize];
            let code = start + location.offset as usize;
            slot.code.store(code as u64, Ordering::Release);
            slot.level.store(level as u8, Ordering::Release);
        }
        // Stubs are behind the loops, and no piece.
        let all_funcs = match kept.loops.first() {
            Some(first) => start..start + first.location.offset as usize,
            None => block.range(),
        };
        let tables = |tables| Tables::Kept(LazyLock::new(tables));
        let mut pieces = vec![(all_funcs, tables(kept.tables), 0)];
        let mut code = self.loops.write().unwrap_or_else(PoisonError::into_inner);
        for found in kept.loops {
            let first = start + found.location.offset as usize;
            let addresses = first..first + found.location.len as usize;
            code.insert((found.func, found.at), first);
            pieces.push((addresses, tables(found.tables), found.func));
        }
        let hold = Arc::new(block);
        Some(Adopted { hold, pieces })
    }
}

impl Placement {
    fn compiled(&self) -> Option<CompiledFunc> {
        let arena = self.arena.lock().unwrap_or_else(PoisonError::into_inner);
        let start = self.piece.addresses().start - arena.range().start;
        let end = self.piece.addresses().end - arena.range().start;
        let code = arena.filled().get(start..end)?.to_vec();
        drop(arena);
        let image = self.piece.image();
        Some(CompiledFunc {
            code,
            align: self.align,
            relocs: self.relocs.to_vec(),
            traps: image.traps.clone(),
            pcs: image.pcs.clone(),
            stack_maps: image.stack_maps.clone(),
            handlers: image.handlers.clone(),
            sites: Vec::new(),
            inlined: image.inlined.clone(),
        })
    }
}

impl LoadedModule {
    /// How many bytes of code functions and loops have got in this run that are to be kept: first code, and better code.
    pub fn new_code_bytes(&self) -> (u64, u64) {
        let (mut first, mut best) = (0, 0);
        if let Some(tiered) = self.tiered() {
            let placed = tiered.placed();
            for placement in placed.to_keep.values().chain(placed.loops_to_keep.values()) {
                let bytes = placement.piece.addresses().len() as u64;
                match placement.level {
                    CodeLevel::Best => best += bytes,
                    _ => first += bytes,
                }
            }
        }
        (first, best)
    }

    /// The code that functions have got in this run, the best of each, if it is to be kept: by function.
    pub fn new_code(&self) -> Vec<KeptFunc> {
        let Some(tiered) = self.tiered() else {
            return Vec::new();
        };
        let placed = tiered.placed();
        let funcs = placed.to_keep.iter();
        let mut funcs: Vec<KeptFunc> = funcs
            .filter_map(|(&func, placement)| {
                Some(KeptFunc {
                    func,
                    level: placement.level,
                    code: placement.compiled()?,
                })
            })
            .collect();
        drop(placed);
        funcs.sort_unstable_by_key(|kept| kept.func);
        funcs
    }

    /// The code that was made in this run to enter loops with, if it is to be kept: of functions that have no final code.
    pub fn new_loop_code(&self) -> Vec<KeptLoopCode> {
        let Some(tiered) = self.tiered() else {
            return Vec::new();
        };
        let placed = tiered.placed();
        let loops = placed.loops_to_keep.iter();
        let loops = loops.filter(|((func, _), _)| tiered.level(*func) < CodeLevel::Best);
        let mut loops: Vec<KeptLoopCode> = loops
            .filter_map(|(&(func, at), placement)| {
                let code = placement.compiled()?;
                Some(KeptLoopCode { func, at, code })
            })
            .collect();
        drop(placed);
        loops.sort_unstable_by_key(|kept| (kept.func, kept.at));
        loops
    }

    /// Functions with their counters, and how often these were used up, if not as at first.
    pub fn counters(&self) -> Vec<(u32, i32, u16)> {
        let Some(tiered) = self.tiered() else {
            return Vec::new();
        };
        let slots = tiered.slots.iter().enumerate();
        let counters = slots.map(|(func, slot)| {
            let counter = slot.counter.load(Ordering::Relaxed);
            (func as u32, counter, slot.used_up.load(Ordering::Relaxed))
        });
        let changed =
            |&(_, counter, used_up): &(_, i32, u16)| used_up > 0 || counter != tiered.counter;
        counters.filter(changed).collect()
    }

    /// Functions with the offsets of their call sites in the module's bytes, in the order of their records, and these.
    pub fn call_sites(&self) -> (Vec<(u32, Vec<u32>)>, Vec<KeptSite>) {
        let Some(tiered) = self.tiered() else {
            return Default::default();
        };
        let placed = tiered.placed();
        let sites = placed.sites.iter();
        let mut sites: Vec<(u32, u32, Vec<u32>)> = sites
            .map(|(&func, (first, offsets))| (*first, func, offsets.to_vec()))
            .collect();
        drop(placed);
        sites.sort_unstable();
        let record = |number: usize| {
            let site = &tiered.sites[number];
            KeptSite {
                target: site.target.load(Ordering::Relaxed),
                hits: site.hits.load(Ordering::Relaxed),
                misses: site.misses.load(Ordering::Relaxed),
            }
        };
        let (mut kept, mut records) = (Vec::new(), Vec::new());
        for (first, func, offsets) in sites {
            let numbers = first as usize..first as usize + offsets.len();
            // Those beyond the last record have none of their own.
            if numbers.end >= tiered.sites.len() {
                break;
            }
            records.extend(numbers.map(record));
            kept.push((func, offsets));
        }
        (kept, records)
    }

    /// The code of a defined function's stub, which runs anywhere and goes on in the code that the function has then.
    ///
    /// # Panics
    /// If there is no such function.
    pub fn stub(&self, func: u32) -> Vec<u8> {
        let header = self.module().header();
        let index = FuncIdx(header.n_imported_funcs() as u32 + func);
        let ty = header.type_at(header.funcs()[index.index()]);
        stub_code(func, returns_in_memory(ty)).to_vec()
    }

    /// What an operand must be set to that refers to a record of a call site, by the record's number.
    pub fn record_offset(number: u32) -> i32 {
        (number * CallSiteLayout::SIZE) as i32
    }
}
