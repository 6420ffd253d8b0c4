//! Compiled code that is kept between runs: what it is found by, and when it is worth writing.
//!
//! Apart from artifacts, which people make and name: entries come and go by themselves, and losing one costs time only. So nothing
//! here is ever an error. What a function's code depends on is its module, both compilers, the processor and the settings: the key
//! is a hash of all of that, and so an entry for anything else is not found at all.

mod codec;
mod directory;
mod entry;

use crate::engine::optimizing_settings;
use crate::{Config, Engine};
pub use directory::{CacheConfig, CacheEntry};
use entry::{Contents, Facts, Key};
use module::Bytes;
use runtime::{KeptCode, LoadedModule};
use std::os::unix::fs::MetadataExt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// So much new code is written even if none of it is final, in bytes: less is made again as fast as it is read.
const FIRST_BYTES_MIN: u64 = 16 << 10;

/// An entry is written again for this part of its code, if it is new.
const NEW_PART: u64 = 32;

/// Where an engine keeps code.
pub(crate) struct Cache {
    config: CacheConfig,
    /// The hash of everything that code depends on beside its module.
    settings: blake3::Hash,
}

/// What the code of a module is kept as.
pub(crate) struct Kept {
    key: Key,
    /// How much code there was at first, or when it was written last, and how much of that was new.
    known: AtomicU64,
    new: Mutex<u64>,
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

    /// What the code of a module is kept as, and, if there is some, the module, which was valid when it was written, and its code.
    pub(crate) fn find(
        &self,
        engine: &Engine,
        bytes: &Bytes,
    ) -> (Kept, Option<(module::Module, KeptCode)>) {
        let start = Instant::now();
        let key = self.key(bytes);
        let mut kept = Kept {
            key,
            known: AtomicU64::new(0),
            new: Mutex::new(0),
        };
        let Some(stored) = self.config.read(&key) else {
            return (kept, None);
        };
        let (code_bytes, saved) = (stored.text_bytes(), stored.facts.compile_ns);
        let found = module::decode_trusted(bytes.clone())
            .ok()
            .and_then(|module| {
                let code = stored.into_kept(module.header().n_defined_funcs())?;
                Some((module, code))
            });
        let Some((module, code)) = found else {
            self.config.remove(&key);
            return (kept, None);
        };
        kept.known = AtomicU64::new(code_bytes);
        let bodies = module.body_ranges();
        let funcs = code.funcs.iter();
        let wasm_bytes = funcs.filter_map(|(func, ..)| bodies.get(*func as usize));
        let wasm_bytes = wasm_bytes.map(|body| body.len()).sum();
        let counts = engine.counts();
        let n_funcs = code.funcs.len() as u64;
        counts
            .cached
            .add_all(n_funcs, wasm_bytes, code_bytes as usize, start);
        counts.saved_ns.fetch_add(saved, Ordering::Relaxed);
        (kept, Some((module, code)))
    }

    /// Writes what a module got, if that is worth it; gives whether it did.
    pub(crate) fn keep(&self, engine: &Engine, module: &LoadedModule, kept: &Kept) -> bool {
        let mut written = kept
            .new
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let (first, best) = module.new_code_bytes();
        let new = (first + best).saturating_sub(*written);
        let known = kept.known.load(Ordering::Relaxed);
        let is_much = new >= FIRST_BYTES_MIN || best > 0;
        if new == 0 || !is_much || new < known / NEW_PART {
            return false;
        }
        let (sites, records) = module.call_sites();
        let mut contents = Contents {
            counters: module.counters(),
            sites,
            records,
            ..Contents::default()
        };
        for func in module.new_code() {
            contents.funcs.insert(func.func, (func.level, func.code));
        }
        let names = module.module().names();
        let stats = engine.stats();
        let works = [
            stats.first_call,
            stats.ahead,
            stats.tier_up,
            stats.validated,
        ];
        let time: u128 = works.iter().map(|work| work.time.as_nanos()).sum();
        let mut facts = Facts {
            name: names.module().unwrap_or_default().to_string(),
            module_bytes: module.module().bytes().len() as u64,
            n_defined: module.module().header().n_defined_funcs() as u64,
            compile_ns: u64::try_from(time).unwrap_or(u64::MAX),
            n_funcs: 0,
        };
        // Another process may have added something since.
        if let Some(stored) = self.config.read(&kept.key) {
            facts.compile_ns = facts.compile_ns.saturating_add(stored.facts.compile_ns);
            if let Some(others) = stored.into_contents() {
                contents.merge(others);
            }
        }
        let bytes = contents.bytes(&kept.key, &facts, module);
        let Some(bytes) = bytes else {
            return false;
        };
        let is_written = self.config.write(&kept.key, &bytes).is_ok();
        if is_written {
            *written = first + best;
            kept.known.fetch_add(new, Ordering::Relaxed);
        }
        is_written
    }
}
