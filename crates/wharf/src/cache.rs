//! Compiled code that is kept between runs: what it is found by, and when it is worth writing.
//!
//! Apart from artifacts, which people make and name: entries come and go by themselves, and losing one costs time only. So nothing
//! here is ever an error. What a function's code depends on is its module, both compilers, the processor and the settings: the key
//! is a hash of all of that, and so an entry for anything else is not found at all.
//!
//! A large module that is run again is copied too. It is then mapped, like its code, and the file that it came from is asked only
//! whether it was changed; see [`memo`].

mod codec;
mod contents;
mod copy;
mod directory;
mod entry;
mod hot;
mod memo;
mod tables;

use crate::engine::optimizing_settings;
use crate::{Config, Engine};
use contents::Contents;
use directory::Kind;
pub use directory::{CacheConfig, CacheEntry, CacheProblem};
use entry::{Facts, Key, Stored};
use memo::{Memo, Stamp, start_of_system};
use module::Bytes;
use runtime::{KeptCode, KeptContent, LoadedModule};
use std::fs::{File, Metadata};
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// What writing an entry takes, in nanoseconds, and what each byte of it does.
const WRITE_NS: (u64, u64) = (300_000, 2);

/// What a byte of first code takes that guests wait for, in nanoseconds, and one of better code; of this only a quarter is counted, as
/// it is made by threads that nobody waits for. Not what it took this time: on a busy machine, nothing would be worth less.
const COMPILE_NS: (u64, u64) = (60, 2400 / 4);

/// Where an engine keeps code.
pub(crate) struct Cache {
    config: CacheConfig,
    /// The hash of everything that code depends on beside its module.
    settings: blake3::Hash,
}

/// What a module is kept as.
pub(crate) struct Kept {
    key: Key,
    state: Mutex<State>,
}

/// What is known of the files of a module.
#[derive(Default)]
struct State {
    /// Whether there was code from an earlier run.
    was_found: bool,
    /// How much new code there was when it was written last, first code and better code.
    written: (u64, u64),
    /// The file that the module came from.
    file: Option<Stamp>,
    /// Our files that are whole.
    copy: Option<Stamp>,
    code: Option<Stamp>,
    /// What is remembered already.
    memo: Option<Memo>,
}

/// A module that was valid when it was kept, and what it got.
pub(crate) struct Found {
    pub(crate) module: module::Module,
    pub(crate) code: KeptCode,
    pub(crate) content: Option<KeptContent>,
}

/// The file that a module's bytes are read from, as it was before: what is kept of the module is known again by it.
///
/// ```no_run
/// # fn main() -> std::io::Result<()> {
/// let mut file = std::fs::File::open("app.wasm")?;
/// let identity = wharf::FileIdentity::of(&file.metadata()?);
/// // Only now it is read.
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileIdentity(Stamp);

impl FileIdentity {
    /// The identity of a file with this metadata, which must have been asked for before the file was read.
    pub fn of(metadata: &Metadata) -> FileIdentity {
        FileIdentity(Stamp::of(metadata))
    }
}

impl Cache {
    /// `None` if it cannot be said which program this is.
    pub(crate) fn new(config: &CacheConfig, settings: &Config, first: &str) -> Option<Cache> {
        // The version does not tell two builds apart.
        let program = std::fs::metadata("/proc/self/exe").ok()?;
        let stamp = (program.len(), program.mtime(), program.mtime_nsec());
        let text = format!(
            "wharf {} {stamp:?} {first} {} fuel={} features={:?}",
            env!("CARGO_PKG_VERSION"),
            optimizing_settings(settings).code_key(),
            settings.fuel,
            settings.features,
        );
        Some(Cache {
            config: config.clone(),
            settings: blake3::hash(text.as_bytes()),
        })
    }

    fn key(&self, bytes: &[u8]) -> Key {
        let module = blake3::hash(bytes);
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.settings.as_bytes());
        hasher.update(module.as_bytes());
        *hasher.finalize().as_bytes()
    }

    /// What a module is kept as, and what there is of it.
    pub(crate) fn find(&self, engine: &Engine, bytes: &Bytes) -> (Kept, Option<Found>) {
        let start = Instant::now();
        let key = self.key(bytes);
        let mut state = State::default();
        let stored = self.read(engine, &key, &mut state);
        let found = stored.and_then(|stored| {
            let module = module::decode_trusted(bytes.clone()).ok();
            self.use_stored(engine, &key, module, stored, start)
        });
        let found = found.map(|(module, code)| Found {
            module,
            code,
            content: None,
        });
        (Kept::new(key, state, found.is_some()), found)
    }

    /// What a module is kept as, and what there is of it, if it came from a file that has not changed since.
    pub(crate) fn find_file(&self, engine: &Engine, path: &Path) -> Option<(Kept, Found)> {
        let start = Instant::now();
        let metadata = std::fs::metadata(path).ok()?;
        if !metadata.is_file() || metadata.len() < copy::MODULE_BYTES_MIN as u64 {
            return None;
        }
        let file = Stamp::of(&metadata);
        let memo = self.memo(engine, &file)?;
        let key = memo.key;
        let (found, stamp) = self.open(engine, &key, Kind::Copy)?;
        // Files that other machines serve are not mapped, and so nothing is gained.
        if stamp != memo.copy || !sys::is_on_this_machine(&found) {
            return None;
        }
        let copy = copy::read(found, &key, true)?;
        let mut state = State {
            file: Some(file),
            copy: Some(stamp),
            memo: Some(memo),
            ..State::default()
        };
        let stored = self.read(engine, &key, &mut state)?;
        let module = module::decode_trusted(copy.module).ok();
        let (module, code) = self.use_stored(engine, &key, module, stored, start)?;
        let found = Found {
            module,
            code,
            content: copy.content,
        };
        Some((Kept::new(key, state, true), found))
    }

    fn open(&self, engine: &Engine, name: &Key, kind: Kind) -> Option<(File, Stamp)> {
        let opened = self.config.open(name, kind);
        opened.unwrap_or_else(|problem| {
            engine.counts().set_cache_problem(problem);
            None
        })
    }

    /// What is remembered of a file, if it was not changed since.
    fn memo(&self, engine: &Engine, file: &Stamp) -> Option<Memo> {
        let (mut found, _) = self.open(engine, &file.name(&self.settings), Kind::Memo)?;
        let mut bytes = Vec::new();
        found.read_to_end(&mut bytes).ok()?;
        let memo = Memo::parse(&bytes, &start_of_system()?)?;
        (memo.file == *file).then_some(memo)
    }

    /// Reads the entry with a key. One that is damaged goes.
    fn read(&self, engine: &Engine, key: &Key, state: &mut State) -> Option<Stored> {
        let (file, stamp) = self.open(engine, key, Kind::Code)?;
        let is_known = state.memo.is_some_and(|memo| memo.code == stamp);
        let Some(stored) = Stored::read(file, key, is_known) else {
            self.damaged(engine, key, Kind::Code);
            return None;
        };
        state.code = Some(stamp);
        Some(stored)
    }

    fn damaged(&self, engine: &Engine, key: &Key, kind: Kind) {
        engine.counts().set_cache_problem(CacheProblem::Damaged);
        // Whoever has replaced it meanwhile writes it again, at worst.
        self.config.remove(key, kind);
    }

    /// The code of an entry for a module, counted; the entry goes if it does not fit.
    fn use_stored(
        &self,
        engine: &Engine,
        key: &Key,
        module: Option<module::Module>,
        stored: Stored,
        start: Instant,
    ) -> Option<(module::Module, KeptCode)> {
        let (code_bytes, saved) = (stored.text().len(), stored.facts.compile_ns);
        let found = module.and_then(|module| {
            let code = stored.into_kept(module.header().n_defined_funcs())?;
            Some((module, code))
        });
        let Some((module, code)) = found else {
            self.damaged(engine, key, Kind::Code);
            return None;
        };
        let bodies = module.body_ranges();
        let funcs = code.funcs.iter();
        let wasm_bytes = funcs.filter_map(|(func, ..)| bodies.get(*func as usize));
        let wasm_bytes = wasm_bytes.map(|body| body.len()).sum();
        let counts = engine.counts();
        let n_funcs = code.funcs.len() as u64;
        counts
            .cached
            .add_all(n_funcs, wasm_bytes, code_bytes, start);
        counts.saved_ns.fetch_add(saved, Ordering::Relaxed);
        self.config.touch(key);
        Some((module, code))
    }

    /// Writes what a module got, if that is worth it; gives whether it did.
    pub(crate) fn keep(&self, engine: &Engine, module: &LoadedModule, kept: &Kept) -> bool {
        let mut state = kept.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_written = self.keep_code(engine, module, kept, &mut state);
        if state.was_found {
            self.remember(engine, module, kept, &mut state);
        }
        is_written
    }

    fn keep_code(
        &self,
        engine: &Engine,
        module: &LoadedModule,
        kept: &Kept,
        state: &mut State,
    ) -> bool {
        let (first, best) = module.new_code_bytes();
        let new = (
            first.saturating_sub(state.written.0),
            best.saturating_sub(state.written.1),
        );
        let saves = COMPILE_NS.0 * new.0 + COMPILE_NS.1 * new.1;
        let bytes = state.code.map_or(0, |stamp| stamp.bytes()) + first + best;
        if saves < WRITE_NS.0 + WRITE_NS.1 * bytes {
            return false;
        }
        let mut contents = Contents::of(module);
        let names = module.module().names();
        let mut facts = Facts {
            name: names.module().unwrap_or_default().to_string(),
            module_bytes: module.module().bytes().len() as u64,
            n_defined: module.module().header().n_defined_funcs() as u64,
            compile_ns: compiled_ns(engine),
            n_funcs: 0,
        };
        // Another process may have added something since.
        if let Some(stored) = self.read(engine, &kept.key, state) {
            facts.compile_ns = facts.compile_ns.saturating_add(stored.facts.compile_ns);
            if let Some(others) = Contents::read(&stored) {
                contents.merge(others);
            }
        }
        let Some(bytes) = contents.bytes(&kept.key, &facts, module) else {
            return false;
        };
        let size = bytes.len() as u64;
        let fill = |mut file: &File| file.write_all(&bytes);
        let written = self.config.write(&kept.key, Kind::Code, size, fill);
        if written.is_err() {
            engine.counts().set_cache_problem(CacheProblem::CannotWrite);
            return false;
        }
        self.config.touch(&kept.key);
        self.config.make_room(&kept.key);
        state.written = (first, best);
        // Its times are too new to tell anything.
        state.code = None;
        true
    }

    /// Makes a copy of a large module that was run before, and remembers which file it is of when the times tell.
    fn remember(&self, engine: &Engine, module: &LoadedModule, kept: &Kept, state: &mut State) {
        let large = module.module().bytes().len() >= copy::MODULE_BYTES_MIN;
        let (Some(file), true) = (state.file, large) else {
            return;
        };
        if state.copy.is_none() {
            state.copy = self.whole_copy(engine, module, kept);
        }
        let (Some(copy), Some(start)) = (state.copy, start_of_system()) else {
            return;
        };
        let memo = Memo {
            key: kept.key,
            file,
            copy,
            code: state.code.filter(Stamp::is_settled).unwrap_or_default(),
        };
        if state.memo == Some(memo) || !file.is_settled() || !copy.is_settled() {
            return;
        }
        let bytes = memo.bytes(&start);
        let (name, size) = (file.name(&self.settings), bytes.len() as u64);
        let fill = |mut file: &File| file.write_all(&bytes);
        if self.config.write(&name, Kind::Memo, size, fill).is_ok() {
            state.memo = Some(memo);
        }
    }

    /// The stamp of the copy of a module, which is written if there is none.
    fn whole_copy(&self, engine: &Engine, module: &LoadedModule, kept: &Kept) -> Option<Stamp> {
        let key = &kept.key;
        if let Some((file, stamp)) = self.open(engine, key, Kind::Copy) {
            if copy::read(file, key, false).is_some() {
                return Some(stamp);
            }
            self.damaged(engine, key, Kind::Copy);
        }
        let size = copy::bytes(module)?;
        let fill = |file: &File| copy::write(file, key, module);
        match self.config.write(key, Kind::Copy, size, fill) {
            Ok(()) => self.config.make_room(key),
            Err(_) => engine.counts().set_cache_problem(CacheProblem::CannotWrite),
        }
        // Its times are too new to tell anything.
        None
    }
}

impl Kept {
    fn new(key: Key, state: State, was_found: bool) -> Kept {
        let state = Mutex::new(State { was_found, ..state });
        Kept { key, state }
    }

    /// Says which file the module came from.
    pub(crate) fn set_file(&self, file: &FileIdentity) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.file = Some(file.0);
    }
}

/// How long an engine has worked on what entries hold.
fn compiled_ns(engine: &Engine) -> u64 {
    let stats = engine.stats();
    let works = [
        stats.first_call,
        stats.ahead,
        stats.tier_up,
        stats.loops,
        stats.validated,
    ];
    let time: u128 = works.iter().map(|work| work.time.as_nanos()).sum();
    u64::try_from(time).unwrap_or(u64::MAX)
}
