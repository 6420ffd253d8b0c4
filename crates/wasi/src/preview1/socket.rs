//! Sockets the guest was handed, and the connections it accepts on them.

use std::io::IoSliceMut;
use std::sync::Arc;

use rustix::net::{
    RecvAncillaryBuffer, RecvFlags, ReturnFlags, SendFlags, Shutdown, SocketFlags, accept_with,
    recvmsg, shutdown,
};

use crate::ctx::Ctx;
use crate::errno::Errno;
use crate::error::Result;
use crate::iovec::BufferList;
use crate::memory::GuestMemory;
use crate::object::{HostFile, Object};
use crate::preview1::transfer::send;
use crate::table::Entry;
use crate::types::{check_flags, fdflags, rights};

/// Bits of `riflags`: look without taking, and wait for all bytes.
const RECV_PEEK: u32 = 1;
const RECV_WAITALL: u32 = 2;
/// Bit of `roflags`: the rest of a message was lost.
const RECV_DATA_TRUNCATED: u16 = 1;

/// A descriptor that is a socket.
struct Socket(Arc<Entry>);

impl Socket {
    fn get(ctx: &Ctx, fd: u32, needed: u64) -> std::result::Result<Self, Errno> {
        let entry = ctx.table.get(fd, needed)?;
        match &entry.object {
            Object::File(file) if file.is_socket() => Ok(Self(entry)),
            _ => Err(Errno::Notsock),
        }
    }

    fn file(&self) -> std::result::Result<&HostFile, Errno> {
        match &self.0.object {
            Object::File(file) => Ok(file),
            _ => Err(Errno::Notsock),
        }
    }
}

/// Waits for a connection and writes its new descriptor.
pub(crate) fn sock_accept(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    fd: u32,
    flags: u32,
    accepted: u32,
) -> Result {
    let flags = check_flags(flags, fdflags::NONBLOCK)?;
    mem.check(accepted, 4, 4)?;
    let socket = match Socket::get(ctx, fd, rights::SOCK_ACCEPT) {
        Ok(socket) => socket,
        Err(errno) => {
            ctx.hints.no_listener(fd);
            return Err(errno.into());
        }
    };
    let file = socket.file()?;
    if !file.listener {
        return Err(Errno::Inval.into());
    }
    ctx.table.check_room()?;
    file.before_read(&ctx.interrupt, socket.0.flags())?;
    let connection = ctx
        .interrupt
        .retry(|| accept_with(&file.descriptor, SocketFlags::CLOEXEC))?;
    let file = HostFile::new(connection, true, true)?;
    file.set_flags(flags)?;
    let entry = Entry::with(Object::File(file), flags, (0, 0));
    mem.write_u32(accepted, ctx.table.insert(entry)?)?;
    Ok(())
}

/// Receives into buffers; writes how many bytes came, and whether a message was cut.
#[expect(
    clippy::too_many_arguments,
    reason = "the parameters are those of the ABI"
)]
pub(crate) fn sock_recv(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    fd: u32,
    data: u32,
    data_len: u32,
    flags: u32,
    received: u32,
    out_flags: u32,
) -> Result {
    check_flags(flags, RECV_PEEK | RECV_WAITALL)?;
    let list = BufferList::read(mem, data, data_len)?;
    mem.check(received, 4, 4)?;
    mem.check(out_flags, 2, 2)?;
    let socket = Socket::get(ctx, fd, rights::FD_READ)?;
    let file = socket.file()?;
    let mut host = RecvFlags::empty();
    host.set(RecvFlags::PEEK, flags & RECV_PEEK != 0);
    host.set(RecvFlags::WAITALL, flags & RECV_WAITALL != 0);
    file.before_read(&ctx.interrupt, socket.0.flags())?;
    let receive = |slices: &mut [IoSliceMut<'_>]| {
        ctx.interrupt.retry(|| {
            recvmsg(
                &file.descriptor,
                slices,
                &mut RecvAncillaryBuffer::default(),
                host,
            )
        })
    };
    let message = list.with_slices_mut(mem, receive, |message| message.bytes)?;
    let cut = message.flags.contains(ReturnFlags::TRUNC);
    mem.write_u32(received, message.bytes as u32)?;
    mem.write(
        out_flags,
        2,
        &(if cut { RECV_DATA_TRUNCATED } else { 0 }).to_le_bytes(),
    )?;
    Ok(())
}

/// Sends from buffers; writes how many bytes went.
pub(crate) fn sock_send(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    fd: u32,
    data: u32,
    data_len: u32,
    flags: u32,
    sent: u32,
) -> Result {
    // The spec knows no flag here.
    check_flags(flags, 0)?;
    let list = BufferList::read(mem, data, data_len)?;
    mem.check(sent, 4, 4)?;
    let socket = Socket::get(ctx, fd, rights::FD_WRITE)?;
    let file = socket.file()?;
    file.before_write(&ctx.interrupt, socket.0.flags())?;
    let count = list.with_slices(mem, |slices| {
        ctx.interrupt
            .retry(|| send(file, slices, SendFlags::empty()))
    })??;
    mem.write_u32(sent, count as u32)?;
    Ok(())
}

/// Ends one direction of a connection, or both.
pub(crate) fn sock_shutdown(ctx: &mut Ctx, _: &mut GuestMemory<'_>, fd: u32, how: u32) -> Result {
    let socket = Socket::get(ctx, fd, rights::SOCK_SHUTDOWN)?;
    let how = match how {
        1 => Shutdown::Read,
        2 => Shutdown::Write,
        3 => Shutdown::Both,
        _ => return Err(Errno::Inval.into()),
    };
    Ok(shutdown(&socket.file()?.descriptor, how)?)
}
