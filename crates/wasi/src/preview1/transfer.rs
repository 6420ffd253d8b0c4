//! Bytes in and out of descriptors, straight between the host and the guest's memory.

use std::io::{IoSlice, IoSliceMut};

use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};

use crate::ctx::Ctx;
use crate::errno::Errno;
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::iovec::BufferList;
use crate::memory::GuestMemory;
use crate::object::{HostFile, Object};
use crate::types::rights;

/// Reads at the descriptor's position.
pub(crate) fn fd_read(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    nread: u32,
) -> Result {
    let list = BufferList::read(mem, iovs, iovs_len)?;
    mem.check(nread, 4, 4)?;
    let entry = ctx.table.get(fd, rights::FD_READ)?;
    let count = match &entry.object {
        Object::Input(input) => {
            let mut input = input.lock();
            let count = list.fill(mem, input.rest())?;
            input.advance(count);
            count
        }
        Object::Output(_) | Object::Discard => return Err(Errno::Badf.into()),
        Object::Directory(_) => return Err(Errno::Isdir.into()),
        Object::File(file) => {
            let file = readable(file)?;
            if list.total() > 0 {
                file.before_read(&ctx.interrupt, entry.flags())?;
            }
            read(&ctx.interrupt, mem, &list, |slices| {
                rustix::io::readv(&file.descriptor, slices)
            })?
        }
    };
    mem.write_u32(nread, count as u32)?;
    Ok(())
}

/// Reads at `offset`, whatever the descriptor's position, which stays.
pub(crate) fn fd_pread(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    offset: u64,
    nread: u32,
) -> Result {
    let list = BufferList::read(mem, iovs, iovs_len)?;
    mem.check(nread, 4, 4)?;
    let entry = ctx.table.get(fd, rights::FD_READ | rights::FD_SEEK)?;
    let file = positioned(&entry.object)?;
    let file = readable(file)?;
    let offset = host_offset(offset)?;
    let count = read(&ctx.interrupt, mem, &list, |slices| {
        rustix::io::preadv(&file.descriptor, slices, offset)
    })?;
    mem.write_u32(nread, count as u32)?;
    Ok(())
}

/// Writes at the descriptor's position, or at the end with the `append` flag.
pub(crate) fn fd_write(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    nwritten: u32,
) -> Result {
    let list = BufferList::read(mem, iovs, iovs_len)?;
    mem.check(nwritten, 4, 4)?;
    let entry = ctx.table.get(fd, rights::FD_WRITE)?;
    let count = match &entry.object {
        Object::Input(_) | Object::Directory(_) => return Err(Errno::Badf.into()),
        Object::Output(buffer) => list.with_slices(mem, |slices| buffer.append(slices))??,
        Object::Discard => list.total(),
        Object::File(file) => {
            let file = writable(file)?;
            if list.total() > 0 {
                file.before_write(&ctx.interrupt, entry.flags())?;
            }
            let count = write(&ctx.interrupt, mem, &list, |slices| {
                if file.is_socket() {
                    send(file, slices, SendFlags::empty())
                } else {
                    rustix::io::writev(&file.descriptor, slices)
                }
            })?;
            file.after_write(entry.flags())?;
            count
        }
    };
    mem.write_u32(nwritten, count as u32)?;
    Ok(())
}

/// Writes at `offset`, whatever the descriptor's position, which stays.
pub(crate) fn fd_pwrite(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    offset: u64,
    nwritten: u32,
) -> Result {
    let list = BufferList::read(mem, iovs, iovs_len)?;
    mem.check(nwritten, 4, 4)?;
    let entry = ctx.table.get(fd, rights::FD_WRITE | rights::FD_SEEK)?;
    let file = match positioned(&entry.object) {
        Err(Errno::Isdir) => return Err(Errno::Badf.into()),
        file => writable(file?)?,
    };
    let offset = host_offset(offset)?;
    let count = write(&ctx.interrupt, mem, &list, |slices| {
        rustix::io::pwritev(&file.descriptor, slices, offset)
    })?;
    file.after_write(entry.flags())?;
    mem.write_u32(nwritten, count as u32)?;
    Ok(())
}

/// Writes `slices` to a socket; a peer that is gone is an error number, never a signal.
pub(crate) fn send(
    file: &HostFile,
    slices: &[IoSlice<'_>],
    flags: SendFlags,
) -> rustix::io::Result<usize> {
    let mut no_control = SendAncillaryBuffer::default();
    sendmsg(
        &file.descriptor,
        slices,
        &mut no_control,
        flags | SendFlags::NOSIGNAL,
    )
}

fn read(
    interrupt: &Interrupt,
    mem: &mut GuestMemory<'_>,
    list: &BufferList,
    mut operation: impl FnMut(&mut [IoSliceMut<'_>]) -> rustix::io::Result<usize>,
) -> Result<usize> {
    let read = |slices: &mut [IoSliceMut<'_>]| interrupt.retry(|| operation(slices));
    list.with_slices_mut(mem, read, |count| *count)
}

fn write(
    interrupt: &Interrupt,
    mem: &GuestMemory<'_>,
    list: &BufferList,
    mut operation: impl FnMut(&[IoSlice<'_>]) -> rustix::io::Result<usize>,
) -> Result<usize> {
    list.with_slices(mem, |slices| interrupt.retry(|| operation(slices)))?
}

/// The host file behind an object that has positions.
fn positioned(object: &Object) -> std::result::Result<&HostFile, Errno> {
    match object {
        Object::File(file) => Ok(file),
        Object::Directory(_) => Err(Errno::Isdir),
        Object::Input(_) | Object::Output(_) | Object::Discard => Err(Errno::Spipe),
    }
}

fn readable(file: &HostFile) -> std::result::Result<&HostFile, Errno> {
    if file.readable {
        Ok(file)
    } else {
        Err(Errno::Badf)
    }
}

fn writable(file: &HostFile) -> std::result::Result<&HostFile, Errno> {
    if file.writable {
        Ok(file)
    } else {
        Err(Errno::Badf)
    }
}

/// The host counts positions with a sign.
fn host_offset(offset: u64) -> std::result::Result<u64, Errno> {
    if offset > i64::MAX as u64 {
        Err(Errno::Inval)
    } else {
        Ok(offset)
    }
}
