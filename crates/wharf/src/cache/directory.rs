//! The directory that code is kept in: files by what they are for, and whom they may belong to.
//!
//! Apart from what the files hold. An entry is machine code, so a file counts only if nobody else can have written it: that is asked
//! of the open file, not of its name. Files are written under other names and then renamed, and never written to again, so that who
//! reads or maps one sees a whole one for as long as it likes, and several processes can write at once.
//!
//! Whoever may write as the user may have the user's programs do anything, with this directory or without. What the cache promises
//! is that it trusts nobody else, and that accidents show.

use super::entry::{Facts, Key, read_facts};
use super::memo::Stamp;
use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

/// What files are for, as their names end. All but memos are named after the key of what they belong to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Machine code: an entry.
    Code,
    /// The module of an entry.
    Copy,
    /// Empty; its time says when the entry was used last, since the entry's own may not change.
    Used,
    /// What is remembered of a file of the user; named after that.
    Memo,
}

impl Kind {
    const ALL: [Kind; 4] = [Kind::Code, Kind::Copy, Kind::Used, Kind::Memo];

    fn ending(self) -> &'static str {
        match self {
            Kind::Code => "code",
            Kind::Copy => "module",
            Kind::Used => "used",
            Kind::Memo => "file",
        }
    }
}

/// How names of files end that are being written.
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

/// Why a cache was not used, or not as it should be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CacheProblem {
    /// The directory belongs to somebody else, or others can write to it.
    DirectoryOfOthers,
    /// A file in it belongs to somebody else, others can write to it, or it is no file.
    FileOfOthers,
    /// A file was not as it was written, and was removed.
    Damaged,
    /// What a module got could not be written.
    CannotWrite,
}

impl fmt::Display for CacheProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CacheProblem::DirectoryOfOthers => {
                "the directory belongs to somebody else, or others can write to it"
            }
            CacheProblem::FileOfOthers => {
                "a file in the directory belongs to somebody else, others can write to it, or it is no file"
            }
            CacheProblem::Damaged => "a file was damaged; it was removed",
            CacheProblem::CannotWrite => "the directory cannot be written to, or there is no room",
        })
    }
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
    /// Size of its files, in bytes.
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
        for group in self.groups()? {
            let ending = Kind::Code.ending();
            let code = |path: &&(PathBuf, u64)| path.0.extension().is_some_and(|e| e == ending);
            let Some((path, _)) = group.files.iter().find(code) else {
                continue;
            };
            let Ok(Some((mut file, stamp))) = open(path) else {
                continue;
            };
            if let Some(facts) = read_facts(&mut file, stamp.bytes()) {
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
                    bytes: group.bytes(),
                    used: group.used,
                });
            }
        }
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.used));
        Ok(entries)
    }

    /// Removes everything; gives how many files went, and their bytes.
    ///
    /// # Errors
    /// If the directory cannot be changed, or others can write to it.
    pub fn clear(&self) -> io::Result<(u64, u64)> {
        let (mut n_files, mut n_bytes) = (0, 0);
        for group in self.groups()? {
            for (path, bytes) in group.files {
                match std::fs::remove_file(path) {
                    Ok(()) => {
                        n_files += 1;
                        n_bytes += bytes;
                    }
                    // Another process was quicker.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok((n_files, n_bytes))
    }

    /// Our files, those together that belong together. None if there is no such directory.
    fn groups(&self) -> io::Result<Vec<Group>> {
        let files = match std::fs::read_dir(&self.directory) {
            Ok(files) => files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        self.is_there().map_err(|problem| {
            io::Error::new(io::ErrorKind::PermissionDenied, problem.to_string())
        })?;
        let mut groups: HashMap<OsString, Group> = HashMap::new();
        for file in files {
            let path = file?.path();
            let (Some(stem), Some(ending)) = (path.file_stem(), path.extension()) else {
                continue;
            };
            let is_unfinished = ending == UNFINISHED;
            if !is_unfinished && !Kind::ALL.iter().any(|kind| ending == kind.ending()) {
                continue;
            }
            // Another process may have removed it.
            let Ok(metadata) = std::fs::symlink_metadata(&path) else {
                continue;
            };
            let stem = stem.to_owned();
            let group = groups.entry(stem).or_insert_with(|| Group {
                files: Vec::new(),
                used: SystemTime::UNIX_EPOCH,
                is_unfinished,
            });
            group.used = group.used.max(metadata.modified()?);
            group.files.push((path, metadata.len()));
        }
        Ok(groups.into_values().collect())
    }

    /// Whether there is such a directory, if it is ours alone.
    fn is_there(&self) -> Result<bool, CacheProblem> {
        match std::fs::metadata(&self.directory) {
            Ok(found) if is_private(&found) => Ok(found.is_dir()),
            Ok(_) => Err(CacheProblem::DirectoryOfOthers),
            Err(_) => Ok(false),
        }
    }

    fn path(&self, name: &Key, kind: Kind) -> PathBuf {
        let name = blake3::Hash::from_bytes(*name).to_hex();
        self.directory.join(format!("{name}.{}", kind.ending()))
    }

    /// Opens a file, if there is one and only we can have written it.
    pub(super) fn open(
        &self,
        name: &Key,
        kind: Kind,
    ) -> Result<Option<(File, Stamp)>, CacheProblem> {
        if !self.is_there()? {
            return Ok(None);
        }
        open(&self.path(name, kind))
    }

    /// Removes a file that turned out not to fit.
    pub(super) fn remove(&self, name: &Key, kind: Kind) {
        let _ = std::fs::remove_file(self.path(name, kind));
    }

    /// Remembers that an entry was used now.
    pub(super) fn touch(&self, key: &Key) {
        let path = self.path(key, Kind::Used);
        let is_recent = |file: &File| {
            let used = file.metadata().and_then(|found| found.modified());
            used.is_ok_and(|used| used.elapsed().is_ok_and(|time| time <= USED_PRECISION))
        };
        // A directory that is only read keeps no times.
        let _ = match open(&path) {
            Ok(Some((file, _))) if is_recent(&file) => Ok(()),
            Ok(Some((file, _))) => file.set_modified(SystemTime::now()),
            Ok(None) => new_file(&path).map(drop),
            Err(_) => Ok(()),
        };
    }

    /// Writes a file of so many bytes, which `fill` puts into it.
    pub(super) fn write(
        &self,
        name: &Key,
        kind: Kind,
        bytes: u64,
        fill: impl FnOnce(&File) -> io::Result<()>,
    ) -> io::Result<()> {
        // One that is larger than this would leave no room for others; and who exceeds what a process may write is ended.
        if bytes > self.bytes_max / 2 || bytes > sys::file_bytes_max() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.directory)?;
        if self.is_there() != Ok(true) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        static WRITTEN: AtomicU32 = AtomicU32::new(0);
        let (process, number) = (std::process::id(), WRITTEN.fetch_add(1, Ordering::Relaxed));
        let path = self.path(name, kind);
        let ending = kind.ending();
        let unfinished = path.with_extension(format!("{ending}-{process}-{number}.{UNFINISHED}"));
        let file = new_file(&unfinished)?;
        let written = fill(&file).and_then(|()| std::fs::rename(&unfinished, &path));
        if written.is_err() {
            let _ = std::fs::remove_file(&unfinished);
        }
        written
    }

    /// Removes what was not used for longest until the rest is small enough; what has this key stays.
    pub(super) fn make_room(&self, key: &Key) {
        let Ok(mut groups) = self.groups() else {
            return;
        };
        let kept = blake3::Hash::from_bytes(*key).to_hex();
        groups.sort_by_key(|group| group.used);
        let mut bytes: u64 = groups.iter().map(Group::bytes).sum();
        for group in groups {
            let age = group.used.elapsed().unwrap_or_default();
            let goes = if group.is_unfinished {
                age > UNFINISHED_TIME
            } else {
                bytes > self.bytes_max && !group.is_named(&kept)
            };
            for (path, size) in group.files.iter().filter(|_| goes) {
                if std::fs::remove_file(path).is_ok() {
                    bytes -= size;
                }
            }
        }
    }
}

/// Files that belong together.
struct Group {
    /// With their sizes.
    files: Vec<(PathBuf, u64)>,
    /// When the latest of them was changed.
    used: SystemTime,
    is_unfinished: bool,
}

impl Group {
    fn bytes(&self) -> u64 {
        self.files.iter().map(|(_, bytes)| bytes).sum()
    }

    fn is_named(&self, name: &str) -> bool {
        let mut files = self.files.iter();
        files.any(|(path, _)| path.file_stem().is_some_and(|stem| stem == name))
    }
}

fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path)
}

/// Opens a file, if it is one that only we can have written.
fn open(path: &Path) -> Result<Option<(File, Stamp)>, CacheProblem> {
    let Ok(named) = std::fs::symlink_metadata(path) else {
        return Ok(None);
    };
    // A pipe in its place must not be waited for, and a link may lead anywhere.
    if !named.is_file() {
        return Err(CacheProblem::FileOfOthers);
    }
    let Ok(file) = File::open(path) else {
        return Err(CacheProblem::FileOfOthers);
    };
    let opened = file.metadata().map_err(|_| CacheProblem::FileOfOthers)?;
    // Who looks at the file first and opens then may open another.
    let is_same = (opened.dev(), opened.ino()) == (named.dev(), named.ino());
    if !is_same || !is_private(&opened) {
        return Err(CacheProblem::FileOfOthers);
    }
    let stamp = Stamp::of(&opened);
    Ok(Some((file, stamp)))
}

/// Whether a file or directory is ours, and nobody else can change it.
fn is_private(metadata: &Metadata) -> bool {
    metadata.uid() == sys::user_id() && metadata.mode() & OTHERS_WRITE == 0
}
