//! Published machine code: what lies at an address of code memory, for traps, backtraces, collectors and whoever throws.
//!
//! Apart from modules because code of one may lie in many pieces, and code of none, the trampolines, is asked about too.

use crate::{Frame, LoadedModule};
use abi::{CodeImage, Handler, TrapEntry};
use std::any::Any;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock, RwLockReadGuard, Weak};
use sys::CodeArena;

/// Functions of a module that were published together, with their tables. Keeps the code.
pub(crate) struct CodePiece {
    addresses: Range<usize>,
    tables: Tables,
    /// Number among the module's defined functions of the first one here.
    first: u32,
    module: Weak<LoadedModule>,
    _code: CodeHold,
}

/// The tables of a piece, by offset from its start. The text is empty.
pub(crate) enum Tables {
    Here(CodeImage),
    /// To be read when they are first needed, which in most runs is never.
    Kept(LazyLock<CodeImage, Box<dyn FnOnce() -> CodeImage + Send>>),
}

/// What keeps the code of a piece: its block, or the chunk that it shares.
pub(crate) type CodeHold = Arc<dyn Any + Send + Sync>;

impl CodePiece {
    pub(crate) fn new(
        addresses: Range<usize>,
        tables: Tables,
        first: u32,
        module: Weak<LoadedModule>,
        code: CodeHold,
    ) -> CodePiece {
        CodePiece {
            addresses,
            tables,
            first,
            module,
            _code: code,
        }
    }

    pub(crate) fn addresses(&self) -> &Range<usize> {
        &self.addresses
    }

    pub(crate) fn image(&self) -> &CodeImage {
        match &self.tables {
            Tables::Here(image) => image,
            Tables::Kept(image) => image,
        }
    }

    /// Whether code of the piece goes on at `return_pc`.
    fn goes_on_at(&self, return_pc: usize) -> bool {
        self.addresses.start < return_pc && return_pc <= self.addresses.end
    }

    fn offset(&self, pc: usize) -> u32 {
        (pc - self.addresses.start) as u32
    }

    /// The trap listed for an address.
    pub(crate) fn trap_at(&self, pc: usize) -> Option<u8> {
        self.image().trap_at(self.offset(pc))
    }

    /// The places of references in a frame that goes on at an address: how many bytes each lies below the frame pointer.
    pub(crate) fn stack_map_at(&self, return_pc: usize) -> &[u32] {
        self.image().stack_maps.at(self.offset(return_pc))
    }

    /// Where a call goes on that throws and would return to an address, if its function may catch that; and the address of the
    /// landing pad.
    pub(crate) fn handler_at(&self, return_pc: usize) -> Option<(Handler, usize)> {
        let handler = self.image().handler_at(self.offset(return_pc))?;
        Some((
            handler,
            self.addresses.start + handler.landing_offset as usize,
        ))
    }

    /// The guest's places for an address, innermost first: several where calls were replaced by the bodies of their callees, none
    /// in trampolines, or if the module is gone.
    pub(crate) fn frames_at(&self, pc: usize) -> Vec<Frame> {
        let Some(module) = self.module.upgrade() else {
            return Vec::new();
        };
        let first = module.module().header().n_imported_funcs() as u32 + self.first;
        let found = self.image().frames_at(self.offset(pc), first);
        let frame = |(func, offset)| Frame {
            module: module.clone(),
            func,
            offset,
        };
        found.map(frame).collect()
    }
}

/// Addresses of one module that pieces are put into, from the lowest on.
pub(crate) struct CodeChunk {
    pub(crate) arena: Arc<Mutex<CodeArena>>,
    addresses: Range<usize>,
    /// Sorted by address.
    pieces: RwLock<Vec<Arc<CodePiece>>>,
}

impl CodeChunk {
    pub(crate) fn new(arena: CodeArena) -> Arc<CodeChunk> {
        Arc::new(CodeChunk {
            addresses: arena.range(),
            arena: Arc::new(Mutex::new(arena)),
            pieces: RwLock::default(),
        })
    }

    pub(crate) fn addresses(&self) -> &Range<usize> {
        &self.addresses
    }

    /// Adds a piece, which must lie behind all others: whoever fills the arena adds before another can fill.
    pub(crate) fn add(&self, piece: Arc<CodePiece>) {
        let mut pieces = self.pieces.write().unwrap_or_else(PoisonError::into_inner);
        debug_assert!(
            pieces
                .last()
                .is_none_or(|last| last.addresses.end <= piece.addresses.start)
        );
        pieces.push(piece);
    }

    fn piece_at(&self, pc: usize) -> Option<Arc<CodePiece>> {
        let pieces = self.pieces.read().unwrap_or_else(PoisonError::into_inner);
        let after = pieces.partition_point(|piece| piece.addresses.start <= pc);
        let piece = &pieces[after.checked_sub(1)?];
        piece.addresses.contains(&pc).then(|| piece.clone())
    }
}

/// What lies at an address of code memory.
pub(crate) enum CodeAt {
    /// Code of a module.
    Piece(Arc<CodePiece>),
    /// Code of no module, with the trap listed for the address if there is one.
    Trampoline(Option<u8>),
}

enum Place {
    Piece(Arc<CodePiece>),
    Chunk(Arc<CodeChunk>),
    Trampoline { start: usize, traps: Vec<TrapEntry> },
}

/// All published code of an engine.
#[derive(Default)]
pub(crate) struct CodeMap {
    /// By the address behind the last byte.
    places: RwLock<BTreeMap<usize, Place>>,
}

impl CodeMap {
    /// Makes a piece known. One without code has no place: its range is empty, and its end may be another's.
    pub(crate) fn add_piece(&self, piece: Arc<CodePiece>) {
        let end = piece.addresses.end;
        if !piece.addresses.is_empty() {
            self.add(end, Place::Piece(piece));
        }
    }

    pub(crate) fn add_chunk(&self, chunk: Arc<CodeChunk>) {
        self.add(chunk.addresses.end, Place::Chunk(chunk));
    }

    pub(crate) fn add_trampoline(&self, addresses: Range<usize>, traps: Vec<TrapEntry>) {
        let start = addresses.start;
        self.add(addresses.end, Place::Trampoline { start, traps });
    }

    fn add(&self, end: usize, place: Place) {
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        places.insert(end, place);
    }

    /// Forgets what was added with these addresses.
    pub(crate) fn forget(&self, addresses: &Range<usize>) {
        if !addresses.is_empty() {
            let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
            places.remove(&addresses.end);
        }
    }

    /// What lies at an address.
    pub(crate) fn at(&self, pc: usize) -> Option<CodeAt> {
        let places: RwLockReadGuard<'_, _> =
            self.places.read().unwrap_or_else(PoisonError::into_inner);
        let (_, place) = places.range(pc + 1..).next()?;
        match place {
            Place::Piece(piece) if pc >= piece.addresses.start => {
                Some(CodeAt::Piece(piece.clone()))
            }
            Place::Chunk(chunk) if pc >= chunk.addresses.start => {
                chunk.piece_at(pc).map(CodeAt::Piece)
            }
            Place::Trampoline { start, traps } if pc >= *start => {
                let offset = (pc - start) as u32;
                let found = traps.binary_search_by_key(&offset, |trap| trap.offset).ok();
                Some(CodeAt::Trampoline(found.map(|at| traps[at].code)))
            }
            _ => None,
        }
    }
}

/// Entries of a [`CodeCache`]: a power of two, more than the calls that one recursion usually goes through.
const CACHED: usize = 64;

/// The pieces that frames were last found in. A walk through many frames meets the same few places again and again, and each costs
/// locks to find.
///
/// A piece that is cached keeps its code, so an address that is in it can be no other's.
#[derive(Default)]
pub(crate) struct CodeCache {
    last: Option<Arc<CodePiece>>,
    /// By a hash of the address where a frame goes on; empty until first needed.
    by_address: Vec<Option<Arc<CodePiece>>>,
}

impl CodeCache {
    /// The piece whose code goes on at `return_pc`; `None` for trampolines.
    pub(crate) fn find(&mut self, map: &CodeMap, return_pc: usize) -> Option<&CodePiece> {
        let here = |piece: &Option<Arc<CodePiece>>| {
            piece
                .as_ref()
                .is_some_and(|piece| piece.goes_on_at(return_pc))
        };
        if !here(&self.last) {
            if self.by_address.is_empty() {
                self.by_address.resize(CACHED, None);
            }
            let entry = &mut self.by_address[(return_pc ^ return_pc >> 6) % CACHED];
            if !here(entry) {
                let Some(CodeAt::Piece(piece)) = map.at(return_pc - 1) else {
                    return None;
                };
                *entry = Some(piece);
            }
            self.last = entry.clone();
        }
        self.last.as_deref()
    }
}
