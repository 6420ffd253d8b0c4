//! The host objects behind a guest's descriptors, and what each can do; apart from the functions
//! of the ABI so that later versions of WASI share them.

use std::io::IoSlice;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cap_std::fs::Dir;
use rustix::event::PollFlags;
use rustix::fs::{FileType, OFlags, fcntl_getfl, fcntl_setfl, fstat};

use crate::errno::Errno;
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::types::{Filestat, Filetype, fdflags, rights};

/// Something a descriptor can stand for.
#[derive(Debug)]
pub(crate) enum Object {
    /// Bytes the embedder gave for reading.
    Input(SharedInput),
    /// A buffer of the embedder that takes what is written.
    Output(OutputBuffer),
    /// Takes what is written and forgets it.
    Discard,
    /// A file, terminal, pipe, device or socket of the host.
    File(HostFile),
    /// A granted directory, or one below it.
    Directory(HostDirectory),
}

impl Object {
    /// Its kind as the guest is told.
    pub(crate) fn filetype(&self) -> Filetype {
        match self {
            Object::Input(_) | Object::Output(_) | Object::Discard => Filetype::Unknown,
            Object::File(file) => file.filetype,
            Object::Directory(_) => Filetype::Directory,
        }
    }

    /// The rights that make sense for it, as `fd_fdstat_get` reports them.
    pub(crate) fn rights(&self) -> u64 {
        match self {
            Object::Input(_) => rights::STREAM & !rights::FD_WRITE,
            Object::Output(_) | Object::Discard => rights::STREAM & !rights::FD_READ,
            Object::File(file) => file.rights(),
            Object::Directory(_) => rights::DIRECTORY,
        }
    }

    /// Whether it is a socket that accepts connections.
    pub(crate) fn is_listener(&self) -> bool {
        matches!(self, Object::File(HostFile { listener: true, .. }))
    }

    /// The directory, or `notdir`.
    pub(crate) fn directory(&self) -> std::result::Result<&HostDirectory, Errno> {
        match self {
            Object::Directory(directory) => Ok(directory),
            _ => Err(Errno::Notdir),
        }
    }

    /// What is known of it.
    pub(crate) fn filestat(&self) -> Result<Filestat> {
        Ok(match self {
            Object::Input(input) => {
                Filestat::of_nothing(Filetype::Unknown, input.lock().rest().len() as u64)
            }
            Object::Output(_) | Object::Discard => Filestat::of_nothing(Filetype::Unknown, 0),
            Object::File(file) => Filestat::from(&fstat(&file.descriptor)?),
            Object::Directory(directory) => Filestat::from(&fstat(&directory.dir)?),
        })
    }
}

/// Bytes to read, once.
#[derive(Debug, Default)]
pub(crate) struct Input {
    bytes: Vec<u8>,
    position: usize,
}

impl Input {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, position: 0 }
    }

    /// What has not been read.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.bytes[self.position..]
    }

    /// Goes on by `count` bytes, which are no more than the rest.
    pub(crate) fn advance(&mut self, count: usize) {
        self.position += count;
    }
}

/// An [`Input`] that the threads of a guest read by turns.
#[derive(Debug, Default)]
pub(crate) struct SharedInput(Mutex<Input>);

impl SharedInput {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self(Mutex::new(Input::new(bytes)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Input> {
        // A position is whole whatever panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes an [`OutputBuffer`] takes unless told otherwise.
const OUTPUT_BYTES_MAX: usize = 64 << 20;

/// A buffer that a guest writes to and the embedder reads; clones share the bytes.
///
/// ```
/// let output = wasi::OutputBuffer::new();
/// let ctx = wasi::Ctx::builder().stdout(wasi::Stdout::Buffer(output.clone())).build().unwrap();
/// assert!(output.bytes().is_empty());
/// # drop(ctx);
/// ```
#[derive(Debug, Clone)]
pub struct OutputBuffer {
    bytes: Arc<Mutex<Vec<u8>>>,
    bytes_max: usize,
}

impl Default for OutputBuffer {
    fn default() -> Self {
        Self::new()
    }
}

impl OutputBuffer {
    /// An empty buffer that takes at most 64 MiB; then the guest is told that no space is left.
    pub fn new() -> Self {
        Self::with_limit(OUTPUT_BYTES_MAX)
    }

    /// An empty buffer that takes at most `bytes_max` bytes.
    pub fn with_limit(bytes_max: usize) -> Self {
        Self {
            bytes: Arc::default(),
            bytes_max,
        }
    }

    /// A copy of what has been written so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.lock().clone()
    }

    /// What has been written so far, as text; bytes that are not UTF-8 are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.lock()).into_owned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        // Nothing can leave the bytes half written, so a panic elsewhere does not matter here.
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends `slices` as far as there is room; returns the bytes taken.
    pub(crate) fn append(&self, slices: &[IoSlice<'_>]) -> std::result::Result<usize, Errno> {
        let mut bytes = self.lock();
        let before = bytes.len();
        for slice in slices {
            let room = self.bytes_max.saturating_sub(bytes.len());
            bytes.extend_from_slice(&slice[..slice.len().min(room)]);
        }
        let taken = bytes.len() - before;
        if taken == 0 && slices.iter().any(|slice| !slice.is_empty()) {
            return Err(Errno::Nospc);
        }
        Ok(taken)
    }
}

/// An open descriptor of the host that is no directory.
#[derive(Debug)]
pub(crate) struct HostFile {
    pub(crate) descriptor: OwnedFd,
    pub(crate) filetype: Filetype,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// Whether it was found below a directory that is granted for reading only.
    pub(crate) read_only: bool,
    /// Whether the host uses the same open file (inherited stdio), so that its flags must stay.
    pub(crate) shared: bool,
    pub(crate) listener: bool,
    pub(crate) terminal: bool,
}

impl HostFile {
    /// Looks at what `descriptor` is.
    ///
    /// # Errors
    /// What the host says when it cannot be examined.
    pub(crate) fn new(
        descriptor: OwnedFd,
        readable: bool,
        writable: bool,
    ) -> std::io::Result<Self> {
        let kind = FileType::from_raw_mode(fstat(&descriptor)?.st_mode);
        let terminal =
            kind == FileType::CharacterDevice && std::io::IsTerminal::is_terminal(&descriptor);
        Ok(Self {
            descriptor,
            filetype: kind.into(),
            readable,
            writable,
            read_only: false,
            shared: false,
            listener: false,
            terminal,
        })
    }

    /// An inherited stream of the embedder.
    pub(crate) fn inherited(descriptor: OwnedFd, readable: bool) -> std::io::Result<Self> {
        let file = Self::new(descriptor, readable, !readable)?;
        Ok(Self {
            shared: true,
            ..file
        })
    }

    /// A socket that accepts connections.
    pub(crate) fn listener(descriptor: OwnedFd) -> std::io::Result<Self> {
        let file = Self::new(descriptor, false, false)?;
        Ok(Self {
            listener: true,
            ..file
        })
    }

    pub(crate) fn is_socket(&self) -> bool {
        self.filetype == Filetype::SocketStream
    }

    fn rights(&self) -> u64 {
        let mut mask = match self.filetype {
            Filetype::RegularFile | Filetype::BlockDevice => rights::FILE,
            // A libc takes a character device without these two rights for a terminal.
            Filetype::CharacterDevice if !self.terminal => {
                rights::STREAM | rights::FD_SEEK | rights::FD_TELL
            }
            _ if self.listener => {
                rights::FD_FDSTAT_SET_FLAGS
                    | rights::FD_FILESTAT_GET
                    | rights::POLL_FD_READWRITE
                    | rights::SOCK_ACCEPT
            }
            _ if self.is_socket() => rights::STREAM | rights::SOCK_SHUTDOWN,
            _ => rights::STREAM,
        };
        if !self.readable {
            mask &= !rights::FD_READ;
        }
        if !self.writable {
            mask &= !(rights::FD_WRITE
                | rights::FD_DATASYNC
                | rights::FD_ALLOCATE
                | rights::FD_FILESTAT_SET_SIZE);
        }
        mask
    }

    /// Waits, with the embedder's hook, until reading does not block; with `nonblock` it does not
    /// wait but fails.
    pub(crate) fn before_read(&self, interrupt: &Interrupt, flags: u32) -> Result {
        self.before(interrupt, flags, PollFlags::IN)
    }

    /// The same for writing.
    pub(crate) fn before_write(&self, interrupt: &Interrupt, flags: u32) -> Result {
        self.before(interrupt, flags, PollFlags::OUT)
    }

    fn before(&self, interrupt: &Interrupt, flags: u32, events: PollFlags) -> Result {
        let nonblock = flags & fdflags::NONBLOCK != 0;
        match self.filetype {
            Filetype::RegularFile | Filetype::BlockDevice => Ok(()),
            // The host itself answers `again` for a descriptor that is ours alone.
            _ if nonblock && !self.shared => Ok(()),
            _ => interrupt.wait(&self.descriptor, events, nonblock),
        }
    }

    /// Passes the flags that the host keeps on to it.
    pub(crate) fn set_flags(&self, flags: u32) -> rustix::io::Result<()> {
        if self.shared {
            return Ok(());
        }
        let mut host = fcntl_getfl(&self.descriptor)?;
        host.set(OFlags::APPEND, flags & fdflags::APPEND != 0);
        host.set(OFlags::NONBLOCK, flags & fdflags::NONBLOCK != 0);
        fcntl_setfl(&self.descriptor, host)
    }

    /// Keeps the promise of the `sync` and `dsync` flags after something was written.
    pub(crate) fn after_write(&self, flags: u32) -> rustix::io::Result<()> {
        if flags & fdflags::SYNC != 0 {
            rustix::fs::fsync(&self.descriptor)
        } else if flags & fdflags::DSYNC != 0 {
            rustix::fs::fdatasync(&self.descriptor)
        } else {
            Ok(())
        }
    }
}

/// A directory of the host that the guest may look into.
#[derive(Debug)]
pub(crate) struct HostDirectory {
    pub(crate) dir: Dir,
    pub(crate) read_only: bool,
    /// The guest's name of the granted directory it belongs to, for hints.
    pub(crate) place: Arc<str>,
    /// Open for reading, with a position of its own; see [`HostDirectory::listing`].
    listing: Mutex<Option<OwnedFd>>,
}

impl HostDirectory {
    pub(crate) fn new(dir: Dir, read_only: bool, place: Arc<str>) -> Self {
        Self {
            dir,
            read_only,
            place,
            listing: Mutex::default(),
        }
    }

    /// Runs `operation` with a descriptor to list entries with, to sync and to set times by, while
    /// no other thread moves its position. `dir` may be only good for resolving paths below it
    /// (`O_PATH`), so this one is opened when it is first needed.
    pub(crate) fn with_listing<T>(
        &self,
        operation: impl FnOnce(&OwnedFd) -> Result<T>,
    ) -> Result<T> {
        let mut listing = self.listing.lock().unwrap_or_else(PoisonError::into_inner);
        let listing = match &*listing {
            Some(open) => open,
            None => {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
                let mode = rustix::fs::Mode::empty();
                listing.insert(rustix::fs::openat(self.dir.as_fd(), c".", flags, mode)?)
            }
        };
        operation(listing)
    }
}
