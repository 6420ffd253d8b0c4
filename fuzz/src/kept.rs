//! Code that engines keep in files, and what can happen to such files.

use crate::Random;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use wharf::CacheConfig;

/// What happens to kept code before it is used.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Damage {
    /// Nothing.
    None,
    /// A byte changes.
    Byte,
    /// The end is lost.
    End,
}

thread_local! {
    static PLACE: CacheConfig = {
        static PLACES: AtomicU64 = AtomicU64::new(0);
        let number = PLACES.fetch_add(1, Ordering::Relaxed);
        let name = format!("wharf-fuzz-{}-{number}", std::process::id());
        CacheConfig::new(std::env::temp_dir().join(name))
    };
}

/// Where engines of this thread keep code.
pub fn place() -> CacheConfig {
    PLACE.with(CacheConfig::clone)
}

fn files() -> Vec<PathBuf> {
    let place = std::fs::read_dir(place().directory());
    let files = place.into_iter().flatten();
    files.map(|file| file.expect("readable").path()).collect()
}

impl Damage {
    /// Does it to all that is kept.
    pub fn inflict(self, random: &mut Random) {
        if self == Damage::None {
            return;
        }
        for path in files() {
            let mut bytes = std::fs::read(&path).expect("readable");
            if bytes.is_empty() {
                // It says by its time when the rest was used.
                continue;
            }
            let at = random.below(bytes.len());
            match self {
                Damage::None => {}
                Damage::Byte => bytes[at] ^= 1 << random.below(8),
                Damage::End => bytes.truncate(at),
            }
            std::fs::write(&path, bytes).expect("writable");
        }
    }
}

/// Removes what is kept: no module comes back.
pub fn forget() {
    std::fs::remove_dir_all(place().directory()).ok();
}
