//! Open files: position, size, times, and what the host shall know about them.

use std::num::NonZeroU64;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{Advice, FallocateFlags, SeekFrom, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};

use crate::ctx::Ctx;
use crate::errno::Errno;
use crate::error::Result;
use crate::interrupt::timespec;
use crate::memory::GuestMemory;
use crate::object::{HostFile, Object};
use crate::table::Entry;
use crate::types::{check_flags, fstflags, rights};

/// The host file behind a descriptor, for an operation that only files of the host know.
fn host_file(entry: &Entry) -> std::result::Result<&HostFile, Errno> {
    match &entry.object {
        Object::File(file) => Ok(file),
        Object::Directory(_) => Err(Errno::Badf),
        Object::Input(_) | Object::Output(_) | Object::Discard => Err(Errno::Spipe),
    }
}

/// The same, when the guest may write to it.
fn writable(entry: &Entry) -> std::result::Result<&HostFile, Errno> {
    let file = host_file(entry)?;
    if file.writable {
        Ok(file)
    } else {
        Err(Errno::Badf)
    }
}

/// Runs `operation` with the descriptor of a file or directory of the host.
fn with_descriptor(object: &Object, operation: impl FnOnce(BorrowedFd<'_>) -> Result) -> Result {
    match object {
        Object::File(file) => operation(file.descriptor.as_fd()),
        Object::Directory(directory) => directory.with_listing(|open| operation(open.as_fd())),
        Object::Input(_) | Object::Output(_) | Object::Discard => Err(Errno::Inval.into()),
    }
}

/// Tells the host how a part of the file will be used.
pub(crate) fn fd_advise(
    ctx: &mut Ctx,
    _: &mut GuestMemory<'_>,
    fd: u32,
    offset: u64,
    len: u64,
    advice: u32,
) -> Result {
    let advice = match advice {
        0 => Advice::Normal,
        1 => Advice::Sequential,
        2 => Advice::Random,
        3 => Advice::WillNeed,
        4 => Advice::DontNeed,
        5 => Advice::NoReuse,
        _ => return Err(Errno::Inval.into()),
    };
    if i64::try_from(offset).is_err() || i64::try_from(len).is_err() {
        return Err(Errno::Inval.into());
    }
    let entry = ctx.table.get(fd, rights::FD_ADVISE)?;
    let file = host_file(&entry)?;
    rustix::fs::fadvise(&file.descriptor, offset, NonZeroU64::new(len), advice)?;
    Ok(())
}

/// Makes sure that the part of the file has room on the disk; the file grows if need be.
pub(crate) fn fd_allocate(
    ctx: &mut Ctx,
    _: &mut GuestMemory<'_>,
    fd: u32,
    offset: u64,
    len: u64,
) -> Result {
    let entry = ctx.table.get(fd, rights::FD_ALLOCATE)?;
    let file = writable(&entry)?;
    match offset.checked_add(len) {
        Some(end) if len > 0 && i64::try_from(end).is_ok() => {}
        Some(_) if len == 0 => return Err(Errno::Inval.into()),
        _ => return Err(Errno::Fbig.into()),
    }
    ctx.interrupt
        .retry(|| rustix::fs::fallocate(&file.descriptor, FallocateFlags::empty(), offset, len))
}

/// Waits until the file's data is on the disk.
pub(crate) fn fd_datasync(ctx: &mut Ctx, _: &mut GuestMemory<'_>, fd: u32) -> Result {
    let entry = ctx.table.get(fd, rights::FD_DATASYNC)?;
    with_descriptor(&entry.object, |descriptor| {
        ctx.interrupt.retry(|| rustix::fs::fdatasync(descriptor))
    })
}

/// Waits until data and attributes of the file are on the disk.
pub(crate) fn fd_sync(ctx: &mut Ctx, _: &mut GuestMemory<'_>, fd: u32) -> Result {
    let entry = ctx.table.get(fd, rights::FD_SYNC)?;
    with_descriptor(&entry.object, |descriptor| {
        ctx.interrupt.retry(|| rustix::fs::fsync(descriptor))
    })
}

/// Writes what is known of the file.
pub(crate) fn fd_filestat_get(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    fd: u32,
    stat: u32,
) -> Result {
    let filestat = ctx
        .table
        .get(fd, rights::FD_FILESTAT_GET)?
        .object
        .filestat()?;
    mem.write(stat, 8, &filestat.encode())?;
    Ok(())
}

/// Cuts the file, or lets it grow with zeros.
pub(crate) fn fd_filestat_set_size(
    ctx: &mut Ctx,
    _: &mut GuestMemory<'_>,
    fd: u32,
    size: u64,
) -> Result {
    let entry = ctx.table.get(fd, rights::FD_FILESTAT_SET_SIZE)?;
    let file = writable(&entry)?;
    if i64::try_from(size).is_err() {
        return Err(Errno::Fbig.into());
    }
    ctx.interrupt
        .retry(|| rustix::fs::ftruncate(&file.descriptor, size))
}

/// Sets the times of last access and modification.
pub(crate) fn fd_filestat_set_times(
    ctx: &mut Ctx,
    _: &mut GuestMemory<'_>,
    fd: u32,
    atim: u64,
    mtim: u64,
    flags: u32,
) -> Result {
    check_time_flags(flags)?;
    let entry = ctx.table.get(fd, rights::FD_FILESTAT_SET_TIMES)?;
    let read_only = match &entry.object {
        Object::File(file) => file.read_only,
        Object::Directory(directory) => directory.read_only,
        Object::Input(_) | Object::Output(_) | Object::Discard => false,
    };
    if read_only {
        return Err(Errno::Rofs.into());
    }
    let times = Timestamps {
        last_access: time(
            atim,
            flags & fstflags::ATIM != 0,
            flags & fstflags::ATIM_NOW != 0,
        ),
        last_modification: time(
            mtim,
            flags & fstflags::MTIM != 0,
            flags & fstflags::MTIM_NOW != 0,
        ),
    };
    with_descriptor(&entry.object, |descriptor| {
        Ok(rustix::fs::futimens(descriptor, &times)?)
    })
}

/// A time cannot be set to two values at once.
pub(crate) fn check_time_flags(flags: u32) -> std::result::Result<(), Errno> {
    check_flags(flags, fstflags::ALL)?;
    let both = |pair| flags & pair == pair;
    if both(fstflags::ATIM | fstflags::ATIM_NOW) || both(fstflags::MTIM | fstflags::MTIM_NOW) {
        return Err(Errno::Inval);
    }
    Ok(())
}

fn time(nanoseconds: u64, set: bool, now: bool) -> Timespec {
    match (set, now) {
        (_, true) => Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_NOW,
        },
        (true, _) => timespec(nanoseconds),
        (false, false) => Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_OMIT,
        },
    }
}

/// From where a position counts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whence {
    Start,
    Current,
    End,
}

/// Moves the position and writes the new one.
pub(crate) fn fd_seek(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    fd: u32,
    offset: u64,
    whence: u32,
    position: u32,
) -> Result {
    let whence = match whence {
        0 => Whence::Start,
        1 => Whence::Current,
        2 => Whence::End,
        _ => return Err(Errno::Inval.into()),
    };
    seek(ctx, mem, fd, offset as i64, whence, position)
}

/// [`fd_seek`] for a `whence` that is already read, as its numbers changed between snapshots.
pub(crate) fn seek(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    fd: u32,
    offset: i64,
    whence: Whence,
    position: u32,
) -> Result {
    mem.check(position, 8, 8)?;
    // Asking where one is needs less than going elsewhere.
    let asks = offset == 0 && matches!(whence, Whence::Current);
    let needed = if asks {
        rights::FD_TELL
    } else {
        rights::FD_SEEK
    };
    let entry = ctx.table.get(fd, needed)?;
    let file = host_file(&entry)?;
    let target = match whence {
        Whence::Start => SeekFrom::Start(u64::try_from(offset).map_err(|_| Errno::Inval)?),
        Whence::Current => SeekFrom::Current(offset),
        Whence::End => SeekFrom::End(offset),
    };
    let reached = rustix::fs::seek(&file.descriptor, target)?;
    mem.write_u64(position, reached)?;
    Ok(())
}

/// Writes the position.
pub(crate) fn fd_tell(ctx: &mut Ctx, mem: &mut GuestMemory<'_>, fd: u32, position: u32) -> Result {
    mem.check(position, 8, 8)?;
    let entry = ctx.table.get(fd, rights::FD_TELL)?;
    let file = host_file(&entry)?;
    let reached = rustix::fs::tell(&file.descriptor)?;
    mem.write_u64(position, reached)?;
    Ok(())
}
