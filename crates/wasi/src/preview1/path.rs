//! Names in directories: looking at them, making, moving and removing them.
//!
//! Every path is resolved by cap-std below the directory of its descriptor; what leads outside is
//! `perm`, as a libc knows it, and leaves a hint.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use cap_fs_ext::{DirExt, SystemTimeSpec};
use cap_std::fs::{Metadata, MetadataExt};
use rustix::fs::FileType;

use crate::ctx::Ctx;
use crate::errno::{Errno, is_escape};
use crate::error::Result;
use crate::hints::Hints;
use crate::memory::GuestMemory;
use crate::object::HostDirectory;
use crate::preview1::file::check_time_flags;
use crate::types::{Filestat, SYMLINK_FOLLOW, check_flags, fstflags, nanoseconds, rights};

/// Bytes of the longest path that is passed on; hosts allow less.
const PATH_BYTES_MAX: u32 = 32 * 1024;

/// The path the guest passed: any bytes but zero, as on the host.
pub(crate) fn guest_path<'m>(
    mem: &'m GuestMemory<'_>,
    address: u32,
    length: u32,
) -> Result<&'m Path> {
    mem.check(address, length.into(), 1)?;
    if length > PATH_BYTES_MAX {
        return Err(Errno::Nametoolong.into());
    }
    let bytes = mem.bytes(address, length)?;
    if bytes.contains(&0) {
        return Err(Errno::Inval.into());
    }
    Ok(Path::new(OsStr::from_bytes(bytes)))
}

/// The error number for what the host said of `path`, with a hint when the sandbox said no.
pub(crate) fn refused(
    hints: &Hints,
    directory: &HostDirectory,
    verb: &str,
    path: &Path,
    error: &io::Error,
) -> Errno {
    if is_escape(error) {
        hints.escaped(verb, path, &directory.place);
    }
    error.into()
}

/// Runs `look` on the directory behind `fd`; `verb` says for a hint what the guest wanted.
fn look<T>(
    ctx: &mut Ctx,
    (fd, needed): (u32, u64),
    verb: &str,
    path: &Path,
    look: impl FnOnce(&HostDirectory) -> io::Result<T>,
) -> Result<T> {
    let entry = ctx.table.get(fd, needed)?;
    let directory = entry.object.directory()?;
    look(directory).map_err(|error| refused(&ctx.hints, directory, verb, path, &error).into())
}

/// The same for a change, which a directory granted for reading does not allow.
fn change<T>(
    ctx: &mut Ctx,
    (fd, needed): (u32, u64),
    verb: &str,
    path: &Path,
    change: impl FnOnce(&HostDirectory) -> io::Result<T>,
) -> Result<T> {
    let entry = ctx.table.get(fd, needed)?;
    let directory = entry.object.directory()?;
    if directory.read_only {
        ctx.hints.read_only(verb, path, &directory.place);
        return Err(Errno::Rofs.into());
    }
    look(ctx, (fd, needed), verb, path, change)
}

/// Makes a directory.
pub(crate) fn path_create_directory(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result {
    let path = guest_path(mem, path, path_len)?;
    let fd = (fd, rights::PATH_CREATE_DIRECTORY);
    change(ctx, fd, "create directory", path, |directory| {
        directory.dir.create_dir(path)
    })
}

/// Writes what is known of the file behind a name.
pub(crate) fn path_filestat_get(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    fd: u32,
    lookup: u32,
    path: u32,
    path_len: u32,
    stat: u32,
) -> Result {
    let filestat = filestat(ctx, mem, fd, lookup, (path, path_len))?;
    mem.write(stat, 8, &filestat.encode())?;
    Ok(())
}

/// What [`path_filestat_get`] writes, whose layout changed between snapshots.
pub(crate) fn filestat(
    ctx: &mut Ctx,
    mem: &GuestMemory<'_>,
    fd: u32,
    lookup: u32,
    (path, path_len): (u32, u32),
) -> Result<Filestat> {
    let follow = check_flags(lookup, SYMLINK_FOLLOW)? != 0;
    let path = guest_path(mem, path, path_len)?;
    let metadata = look(
        ctx,
        (fd, rights::PATH_FILESTAT_GET),
        "look at",
        path,
        |directory| {
            if follow {
                directory.dir.metadata(path)
            } else {
                directory.dir.symlink_metadata(path)
            }
        },
    )?;
    Ok(Filestat::from(&metadata))
}

impl From<&Metadata> for Filestat {
    fn from(metadata: &Metadata) -> Self {
        let time = |seconds, nanos| nanoseconds(seconds, u64::try_from(nanos).unwrap_or(0));
        Self {
            dev: MetadataExt::dev(metadata),
            ino: MetadataExt::ino(metadata),
            filetype: FileType::from_raw_mode(metadata.mode()).into(),
            nlink: MetadataExt::nlink(metadata),
            size: metadata.len(),
            atim: time(metadata.atime(), metadata.atime_nsec()),
            mtim: time(metadata.mtime(), metadata.mtime_nsec()),
            ctim: time(metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// Sets the times of the file behind a name.
#[expect(
    clippy::too_many_arguments,
    reason = "the parameters are those of the ABI"
)]
pub(crate) fn path_filestat_set_times(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    fd: u32,
    lookup: u32,
    path: u32,
    path_len: u32,
    atim: u64,
    mtim: u64,
    flags: u32,
) -> Result {
    let follow = check_flags(lookup, SYMLINK_FOLLOW)? != 0;
    check_time_flags(flags)?;
    let path = guest_path(mem, path, path_len)?;
    let atime = time(
        atim,
        flags & fstflags::ATIM != 0,
        flags & fstflags::ATIM_NOW != 0,
    );
    let mtime = time(
        mtim,
        flags & fstflags::MTIM != 0,
        flags & fstflags::MTIM_NOW != 0,
    );
    change(
        ctx,
        (fd, rights::PATH_FILESTAT_SET_TIMES),
        "set times of",
        path,
        |directory| {
            if follow {
                directory.dir.set_times(path, atime, mtime)
            } else {
                directory.dir.set_symlink_times(path, atime, mtime)
            }
        },
    )
}

fn time(nanoseconds: u64, set: bool, now: bool) -> Option<SystemTimeSpec> {
    if now {
        return Some(SystemTimeSpec::SymbolicNow);
    }
    let time = SystemTime::UNIX_EPOCH + Duration::from_nanos(nanoseconds);
    set.then(|| SystemTimeSpec::Absolute(cap_std::time::SystemTime::from_std(time)))
}

/// Gives a file a second name. Symbolic links are linked themselves, never followed.
#[expect(
    clippy::too_many_arguments,
    reason = "the parameters are those of the ABI"
)]
pub(crate) fn path_link(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    old_fd: u32,
    lookup: u32,
    old: u32,
    old_len: u32,
    new_fd: u32,
    new: u32,
    new_len: u32,
) -> Result {
    if check_flags(lookup, SYMLINK_FOLLOW)? != 0 {
        return Err(Errno::Inval.into());
    }
    let old = (
        old_fd,
        rights::PATH_LINK_SOURCE,
        guest_path(mem, old, old_len)?,
    );
    let new = (
        new_fd,
        rights::PATH_LINK_TARGET,
        guest_path(mem, new, new_len)?,
    );
    between(ctx, old, new, "link", |from, old, to, new| {
        from.hard_link(old, to, new)
    })
}

/// Moves a file or directory to another name, which may be in another directory.
#[expect(
    clippy::too_many_arguments,
    reason = "the parameters are those of the ABI"
)]
pub(crate) fn path_rename(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    old_fd: u32,
    old: u32,
    old_len: u32,
    new_fd: u32,
    new: u32,
    new_len: u32,
) -> Result {
    let old = (
        old_fd,
        rights::PATH_RENAME_SOURCE,
        guest_path(mem, old, old_len)?,
    );
    let new = (
        new_fd,
        rights::PATH_RENAME_TARGET,
        guest_path(mem, new, new_len)?,
    );
    between(ctx, old, new, "rename", |from, old, to, new| {
        from.rename(old, to, new)
    })
}

/// A descriptor, the rights it needs, and a path below it.
type Place<'m> = (u32, u64, &'m Path);

/// Runs `operation` between two directories. Both must allow changes: a second name elsewhere
/// would let the guest write to a file it may only read.
fn between(
    ctx: &mut Ctx,
    (old_fd, old_needed, old): Place<'_>,
    (new_fd, new_needed, new): Place<'_>,
    verb: &str,
    operation: impl FnOnce(&cap_std::fs::Dir, &Path, &cap_std::fs::Dir, &Path) -> io::Result<()>,
) -> Result {
    let from = ctx.table.get(old_fd, old_needed)?;
    let to = ctx.table.get(new_fd, new_needed)?;
    let (from, to) = (from.object.directory()?, to.object.directory()?);
    for (directory, path) in [(from, old), (to, new)] {
        if directory.read_only {
            ctx.hints.read_only(verb, path, &directory.place);
            return Err(Errno::Rofs.into());
        }
    }
    operation(&from.dir, old, &to.dir, new)
        .map_err(|error| refused(&ctx.hints, from, verb, old, &error).into())
}

/// Writes what a symbolic link says, cut to the buffer, and how many bytes that are.
#[expect(
    clippy::too_many_arguments,
    reason = "the parameters are those of the ABI"
)]
pub(crate) fn path_readlink(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
    buf: u32,
    buf_len: u32,
    used: u32,
) -> Result {
    let path = guest_path(mem, path, path_len)?;
    let target = look(
        ctx,
        (fd, rights::PATH_READLINK),
        "read link",
        path,
        |directory| directory.dir.read_link(path),
    )?;
    let target = target.as_os_str().as_bytes();
    let length = u32::try_from(target.len()).unwrap_or(u32::MAX).min(buf_len);
    mem.write(buf, 1, &target[..length as usize])?;
    mem.write_u32(used, length)?;
    Ok(())
}

/// Removes an empty directory.
pub(crate) fn path_remove_directory(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result {
    // cap-std reads "dir/" as "dir/.", which no host removes.
    let path = without_slashes_at_end(guest_path(mem, path, path_len)?);
    let fd = (fd, rights::PATH_REMOVE_DIRECTORY);
    change(ctx, fd, "remove directory", path, |directory| {
        directory.dir.remove_dir(path)
    })
}

fn without_slashes_at_end(path: &Path) -> &Path {
    let bytes = path.as_os_str().as_bytes();
    match bytes.iter().rposition(|&byte| byte != b'/') {
        Some(last) => Path::new(OsStr::from_bytes(&bytes[..=last])),
        None => path,
    }
}

/// Makes a symbolic link that says `old`. One that says an absolute path is refused: it could not
/// be followed here, and would lead programs of the host elsewhere.
pub(crate) fn path_symlink(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    old: u32,
    old_len: u32,
    fd: u32,
    new: u32,
    new_len: u32,
) -> Result {
    let old = guest_path(mem, old, old_len)?;
    let new = guest_path(mem, new, new_len)?;
    change(
        ctx,
        (fd, rights::PATH_SYMLINK),
        "make a symbolic link to",
        old,
        |directory| directory.dir.symlink(old, new),
    )
}

/// Removes a name of anything but a directory.
pub(crate) fn path_unlink_file(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result {
    let path = guest_path(mem, path, path_len)?;
    let fd = (fd, rights::PATH_UNLINK_FILE);
    change(ctx, fd, "remove", path, |directory| {
        directory.dir.remove_file(path)
    })
}
