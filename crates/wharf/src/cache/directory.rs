//! The directory that code is kept in: one file an entry, and whom it may belong to.
//!
//! Apart from what the files hold. An entry is machine code, so a file counts only if nobody else can have written it: that is asked
//! of the open file, not of its name. Files are written under other names and then renamed, so that who reads sees a whole one, and
//! several processes can write at once.

use super::entry::{Facts, Key, Stored, read_facts};
use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

/// How entries' names end.
const ENDING: &str = "code";

/// How those of files end that are being written.
const UNFINISHED: &str = "part";

/// A file that is being written for longer was given up.
const UNFINISHED_TIME: Duration = Duration::from_secs(3600);

/// When an entry was used last is known to within this: each use would have to write it.
const USED_PRECISION: Duration = Duration::from_secs(600);

/// Writable by the group or by all.
const OTHERS_WRITE: u32 = 0o022;

/// Where and how much compiled code is kept between runs; see [`Config::cache`](crate::Config::cache).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CacheConfig {
    directory: PathBuf,
    bytes_max: u64,
}

/// An entry of a cache.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CacheEntry {
    /// The name that the module gives itself; may be empty.
    pub name: String,
    /// Size of the module, in bytes.
    pub module_bytes: u64,
    /// Functions that have code.
    pub functions: u64,
    /// Size of the file, in bytes.
    pub bytes: u64,
    /// When it was used last, more or less.
    pub used: SystemTime,
}

impl CacheConfig {
    /// A cache in a directory, which is made when it is first needed, of at most 1 GiB.
    pub fn new(directory: impl Into<PathBuf>) -> CacheConfig {
        CacheConfig {
            directory: directory.into(),
            bytes_max: 1 << 30,
        }
    }

    /// The usual one of the user: `WHARF_CACHE_DIR`, or else `wharf` in `XDG_CACHE_HOME`, or else in `.cache` in `HOME`. `None` if the
    /// environment names no absolute path, or `WHARF_CACHE_DIR` is empty.
    pub fn usual() -> Option<CacheConfig> {
        let from = |variable: &str| {
            let path = PathBuf::from(std::env::var_os(variable)?);
            path.is_absolute().then_some(path)
        };
        let directory = if std::env::var_os("WHARF_CACHE_DIR").is_some() {
            from("WHARF_CACHE_DIR")
        } else {
            let found = from("XDG_CACHE_HOME").map(|path| path.join("wharf"));
            found.or_else(|| Some(from("HOME")?.join(".cache/wharf")))
        };
        directory.map(CacheConfig::new)
    }

    /// How many bytes of files there may be: beyond, those go first that were not used for longest.
    pub fn bytes_max(mut self, bytes: u64) -> CacheConfig {
        self.bytes_max = bytes;
        self
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The entries, the latest used first. None if there is no such directory.
    ///
    /// # Errors
    /// If the directory cannot be read, or others can write to it.
    pub fn entries(&self) -> io::Result<Vec<CacheEntry>> {
        let mut entries = Vec::new();
        for (path, _) in self.files()? {
            let Some((mut file, metadata)) = open(&path) else {
                continue;
            };
            if let Some(facts) = read_facts(&mut file, metadata.len()) {
                let Facts {
                    name,
                    module_bytes,
                    n_funcs,
                    ..
                } = facts;
                entries.push(CacheEntry {
                    name,
                    module_bytes,
                    functions: n_funcs,
                    bytes: metadata.len(),
                    used: metadata.modified()?,
                });
            }
        }
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.used));
        Ok(entries)
    }

    /// Removes all entries; gives how many files went, and their bytes.
    ///
    /// # Errors
    /// If the directory cannot be changed, or others can write to it.
    pub fn clear(&self) -> io::Result<(u64, u64)> {
        let (mut files, mut bytes) = (0, 0);
        for (path, metadata) in self.files()? {
            match std::fs::remove_file(path) {
                Ok(()) => {
                    files += 1;
                    bytes += metadata.len();
                }
                // Another process was quicker.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok((files, bytes))
    }

    /// Our files, entries and unfinished ones. None if there is no such directory.
    fn files(&self) -> io::Result<Vec<(PathBuf, Metadata)>> {
        let directory = match std::fs::read_dir(&self.directory) {
            Ok(directory) => directory,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        if !is_private(&std::fs::metadata(&self.directory)?) {
            let message = "the directory belongs to somebody else, or others can write to it";
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
        }
        let mut files = Vec::new();
        for file in directory {
            let path = file?.path();
            let ending = path.extension().and_then(|ending| ending.to_str());
            if !ending.is_some_and(|ending| [ENDING, UNFINISHED].contains(&ending)) {
                continue;
            }
            if let Ok(metadata) = std::fs::symlink_metadata(&path) {
                files.push((path, metadata));
            }
        }
        Ok(files)
    }

    fn path(&self, key: &Key) -> PathBuf {
        let name = blake3::Hash::from_bytes(*key).to_hex();
        self.directory.join(format!("{name}.{ENDING}"))
    }

    /// Reads the entry with a key. One that is damaged goes.
    pub(super) fn read(&self, key: &Key) -> Option<Stored> {
        let path = self.path(key);
        if !std::fs::metadata(&self.directory).is_ok_and(|found| is_private(&found)) {
            return None;
        }
        let (mut file, metadata) = open(&path)?;
        let Some(stored) = Stored::read(&mut file, metadata.len(), key) else {
            // Whoever has replaced it meanwhile writes it again, at worst.
            let _ = std::fs::remove_file(&path);
            return None;
        };
        let used = metadata.modified().ok()?;
        if used.elapsed().is_ok_and(|time| time > USED_PRECISION) {
            // A file system that is only read keeps no times.
            let _ = file.set_modified(SystemTime::now());
        }
        Some(stored)
    }

    /// Removes the entry with a key, which turned out not to fit.
    pub(super) fn remove(&self, key: &Key) {
        let _ = std::fs::remove_file(self.path(key));
    }

    /// Writes the entry with a key, and makes room for it.
    pub(super) fn write(&self, key: &Key, bytes: &[u8]) -> io::Result<()> {
        // One that is larger than this would leave no room for others.
        if bytes.len() as u64 > (self.bytes_max / 2).min(sys::file_bytes_max()) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.directory)?;
        if !is_private(&std::fs::metadata(&self.directory)?) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        static WRITTEN: AtomicU32 = AtomicU32::new(0);
        let (process, number) = (std::process::id(), WRITTEN.fetch_add(1, Ordering::Relaxed));
        let path = self.path(key);
        let unfinished = path.with_extension(format!("{process}-{number}.{UNFINISHED}"));
        let written = || {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(0o600);
            options.open(&unfinished)?.write_all(bytes)?;
            std::fs::rename(&unfinished, &path)
        };
        let outcome = written();
        match outcome {
            Ok(()) => self.make_room(&path),
            // Of a process that had the same number.
            Err(_) => drop(std::fs::remove_file(&unfinished)),
        }
        outcome
    }

    /// Removes files that were not used for longest until the rest is small enough; what was just written stays.
    fn make_room(&self, written: &Path) {
        let Ok(mut files) = self.files() else {
            return;
        };
        let used = |metadata: &Metadata| metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        files.sort_by_cached_key(|(_, metadata)| used(metadata));
        let mut bytes: u64 = files.iter().map(|(_, metadata)| metadata.len()).sum();
        for (path, metadata) in files {
            let is_unfinished = path.extension().is_some_and(|ending| ending == UNFINISHED);
            let age = used(&metadata).elapsed().unwrap_or_default();
            let goes = if is_unfinished {
                age > UNFINISHED_TIME
            } else {
                bytes > self.bytes_max && path != written
            };
            if goes && std::fs::remove_file(&path).is_ok() {
                bytes -= metadata.len();
            }
        }
    }
}

/// Opens a file, if it is one that only we can have written.
fn open(path: &Path) -> Option<(File, Metadata)> {
    // Who looks at the file first and opens then may open another; a pipe in its place must not be waited for.
    if !std::fs::symlink_metadata(path).ok()?.is_file() {
        return None;
    }
    let file = File::open(path).ok()?;
    let metadata = file.metadata().ok()?;
    (metadata.is_file() && is_private(&metadata)).then_some((file, metadata))
}

/// Whether a file or directory is ours, and nobody else can change it.
fn is_private(metadata: &Metadata) -> bool {
    metadata.uid() == sys::user_id() && metadata.mode() & OTHERS_WRITE == 0
}
