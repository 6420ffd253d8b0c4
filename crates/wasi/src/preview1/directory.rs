//! Opening what is in a directory, and listing it.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt};
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use rustix::fs::{AtFlags, FileType, OFlags, RawDir, SeekFrom};

use crate::ctx::Ctx;
use crate::errno::Errno;
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::memory::GuestMemory;
use crate::object::{HostDirectory, HostFile, Object};
use crate::preview1::path::{guest_path, refused};
use crate::table::Entry;
use crate::types::{Filetype, SYMLINK_FOLLOW, check_flags, encode_dirent, fdflags, oflags, rights};

/// What `path_open` is asked for.
#[derive(Debug, Clone, Copy)]
struct Wish {
    follow: bool,
    oflags: u32,
    fdflags: u32,
    read: bool,
    write: bool,
}

impl Wish {
    fn has(self, flag: u32) -> bool {
        self.oflags & flag != 0
    }
}

/// Opens a file or directory and writes its new descriptor.
///
/// Of the rights only those to read and to write matter for what is opened; see [`Entry`].
#[expect(
    clippy::too_many_arguments,
    reason = "the parameters are those of the ABI"
)]
pub(crate) fn path_open(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    fd: u32,
    lookup: u32,
    path: u32,
    path_len: u32,
    oflags: u32,
    base: u64,
    inheriting: u64,
    fdflags: u32,
    opened: u32,
) -> Result {
    let wish = Wish {
        follow: check_flags(lookup, SYMLINK_FOLLOW)? != 0,
        oflags: check_flags(oflags, oflags::ALL)?,
        fdflags: check_flags(fdflags, fdflags::ALL)?,
        read: base & rights::FD_READ != 0,
        write: base & rights::FD_WRITE != 0,
    };
    let path = guest_path(mem, path, path_len)?;
    mem.check(opened, 4, 4)?;
    let mut needed = rights::PATH_OPEN;
    if wish.has(oflags::CREAT) {
        needed |= rights::PATH_CREATE_FILE;
    }
    if wish.has(oflags::TRUNC) {
        needed |= rights::PATH_FILESTAT_SET_SIZE;
    }
    let parent = ctx.table.any(fd)?;
    let directory = parent.object.directory()?;
    let dropped = parent.dropped_inheriting();
    if parent.dropped_base() & needed != 0 || (base | inheriting) & dropped != 0 {
        return Err(Errno::Notcapable.into());
    }
    ctx.table.check_room()?;
    let result = match () {
        () if directory.read_only => open_read_only(directory, path, wish),
        () => open(directory, path, wish),
    };
    let object = match result {
        Ok(object) => object,
        Err(Refusal::Host(error)) => {
            return Err(refused(&ctx.hints, directory, "open", path, &error).into());
        }
        Err(Refusal::ReadOnly) => {
            ctx.hints.read_only("open to write", path, &directory.place);
            return Err(Errno::Rofs.into());
        }
    };
    let entry = Entry::with(object, wish.fdflags, (dropped, dropped));
    mem.write_u32(opened, ctx.table.insert(entry)?)?;
    Ok(())
}

/// Why nothing was opened.
enum Refusal {
    Host(io::Error),
    /// The directory is granted for reading only.
    ReadOnly,
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Refusal::Host(error)
    }
}

/// Opens below a directory that is granted for reading only, with the answers of a file system
/// that is mounted so.
fn open_read_only(
    directory: &HostDirectory,
    path: &Path,
    wish: Wish,
) -> std::result::Result<Object, Refusal> {
    let dir = &directory.dir;
    let exists = if wish.follow {
        dir.metadata(path)
    } else {
        dir.symlink_metadata(path)
    };
    match exists {
        Err(error) if error.kind() == io::ErrorKind::NotFound && wish.has(oflags::CREAT) => {
            Err(Refusal::ReadOnly)
        }
        Err(error) => Err(error.into()),
        Ok(_) if wish.has(oflags::CREAT) && wish.has(oflags::EXCL) => {
            Err(io::Error::from(rustix::io::Errno::EXIST).into())
        }
        Ok(metadata) if (wish.write || wish.has(oflags::TRUNC)) && metadata.is_dir() => {
            Err(io::Error::from(rustix::io::Errno::ISDIR).into())
        }
        Ok(_) if wish.write || wish.has(oflags::TRUNC) => Err(Refusal::ReadOnly),
        // Nothing from here on can write, whatever has happened to the name since.
        Ok(_) => open(
            directory,
            path,
            Wish {
                oflags: wish.oflags & !oflags::CREAT,
                ..wish
            },
        ),
    }
}

fn open(
    directory: &HostDirectory,
    path: &Path,
    wish: Wish,
) -> std::result::Result<Object, Refusal> {
    if wish.has(oflags::DIRECTORY) && wish.has(oflags::CREAT) {
        return Err(io::Error::from(rustix::io::Errno::INVAL).into());
    }
    let creates = wish.has(oflags::CREAT) || wish.has(oflags::TRUNC);
    let mut result = directory
        .dir
        .open_with(path, &options(wish, wish.write || creates));
    // Creating asks cap-std for a descriptor that can write, also where the guest only wants to
    // read. That must not keep it from a file that is there and that it may not write.
    if creates && !wish.write && !wish.has(oflags::EXCL) && !wish.has(oflags::TRUNC) {
        let denied = matches!(
            result
                .as_ref()
                .err()
                .and_then(rustix::io::Errno::from_io_error),
            Some(rustix::io::Errno::ACCESS | rustix::io::Errno::ROFS | rustix::io::Errno::TXTBSY)
        );
        if denied {
            let reading = Wish {
                oflags: wish.oflags & !oflags::CREAT,
                ..wish
            };
            result = directory
                .dir
                .open_with(path, &options(reading, false))
                .or(result);
        }
    }
    let file = result?.into_std();
    if file.metadata()?.is_dir() {
        let dir = Dir::from_std_file(file);
        let place = Arc::clone(&directory.place);
        return Ok(Object::Directory(HostDirectory::new(
            dir,
            directory.read_only,
            place,
        )));
    }
    let mut file = HostFile::new(OwnedFd::from(file), wish.read, wish.write)?;
    file.read_only = directory.read_only;
    Ok(Object::File(file))
}

fn options(wish: Wish, write: bool) -> OpenOptions {
    let mut options = OpenOptions::new();
    options
        .read(wish.read || !write)
        .write(write)
        .create(wish.has(oflags::CREAT))
        .create_new(wish.has(oflags::CREAT) && wish.has(oflags::EXCL))
        .truncate(wish.has(oflags::TRUNC))
        .follow(if wish.follow {
            FollowSymlinks::Yes
        } else {
            FollowSymlinks::No
        });
    let mut host = OFlags::NOCTTY;
    host.set(OFlags::DIRECTORY, wish.has(oflags::DIRECTORY));
    host.set(OFlags::APPEND, write && wish.fdflags & fdflags::APPEND != 0);
    host.set(OFlags::NONBLOCK, wish.fdflags & fdflags::NONBLOCK != 0);
    // Flags of the host are non-negative ints; bits() has the same width without the sign.
    options.custom_flags(host.bits() as i32);
    options
}

/// Bytes of a `dirent` before the name.
const DIRENT_BYTES: usize = 24;
/// Bytes that the host is asked to list at once, at most and at least.
const CHUNK_BYTES_MAX: usize = 32 * 1024;
const CHUNK_BYTES_MIN: usize = 1024;

/// Writes entries of a directory from the place `cookie` on, 0 being the start, and how many bytes
/// that are. The last entry is cut where the buffer ends, so that fewer bytes than it has mean that
/// there are no more entries.
///
/// Cookies are the host's own, so a listing stays right while the directory changes.
pub(crate) fn fd_readdir(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    fd: u32,
    buf: u32,
    buf_len: u32,
    cookie: u64,
    used: u32,
) -> Result {
    mem.check(used, 4, 4)?;
    mem.check(buf, buf_len.into(), 1)?;
    let entry = ctx.table.get(fd, rights::FD_READDIR)?;
    let Object::Directory(directory) = &entry.object else {
        return Err(Errno::Notdir.into());
    };
    if i64::try_from(cookie).is_err() {
        return Err(Errno::Inval.into());
    }
    let count = directory.with_listing(|listing| {
        rustix::fs::seek(listing, SeekFrom::Start(cookie))?;
        mem.fill(buf, buf_len, |target| list(listing, target, &ctx.interrupt))
    })?;
    // No more than `buf_len`.
    mem.write_u32(used, count as u32)?;
    Ok(())
}

/// Fills `target` with entries from where `listing` is; returns the bytes used.
fn list(listing: &OwnedFd, target: &mut [u8], interrupt: &Interrupt) -> Result<usize> {
    let chunk_bytes = target
        .len()
        .saturating_mul(2)
        .clamp(CHUNK_BYTES_MIN, CHUNK_BYTES_MAX);
    let mut chunk = vec![MaybeUninit::uninit(); chunk_bytes];
    let mut entries = RawDir::new(listing, &mut chunk);
    let mut used = 0;
    while used < target.len() {
        if entries.is_buffer_empty() {
            interrupt.check()?;
        }
        let Some(entry) = entries.next() else { break };
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        // The parent's number is nothing a guest needs, and may lie outside of what is granted.
        let ino = if name == b".." { 0 } else { entry.ino() };
        let kind = match entry.file_type() {
            // Not every file system tells the kind with the name.
            FileType::Unknown => {
                rustix::fs::statat(listing, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)
                    .map_or(FileType::Unknown, |stat| {
                        FileType::from_raw_mode(stat.st_mode)
                    })
            }
            kind => kind,
        };
        // A name has at most a few hundred bytes.
        let name_bytes = name.len() as u32;
        let head: [u8; DIRENT_BYTES] = encode_dirent(
            entry.next_entry_cookie(),
            ino,
            name_bytes,
            Filetype::from(kind),
        );
        for part in [&head[..], name] {
            let length = part.len().min(target.len() - used);
            target[used..used + length].copy_from_slice(&part[..length]);
            used += length;
        }
    }
    Ok(used)
}
