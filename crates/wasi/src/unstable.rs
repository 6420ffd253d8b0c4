//! The functions of `wasi_unstable`, the snapshot before `wasi_snapshot_preview1`, where they
//! differ: four of them. `sock_accept` did not exist then; all others are the same.
//!
//! Spec: <https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview0/docs.md>.

use crate::ctx::Ctx;
use crate::errno::Errno;
use crate::error::Result;
use crate::memory::GuestMemory;
use crate::preview1::file::{Whence, seek};
use crate::preview1::path::filestat;
use crate::preview1::poll::{Layout, poll_with};
use crate::types::rights;

/// As in the later snapshot, with other numbers for `whence`.
pub(crate) fn fd_seek(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    fd: u32,
    offset: u64,
    whence: u32,
    position: u32,
) -> Result {
    let whence = match whence {
        0 => Whence::Current,
        1 => Whence::End,
        2 => Whence::Start,
        _ => return Err(Errno::Inval.into()),
    };
    seek(ctx, mem, fd, offset as i64, whence, position)
}

/// As in the later snapshot, with a smaller `filestat`.
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
    mem.write(stat, 8, &filestat.encode_unstable())?;
    Ok(())
}

/// As in the later snapshot, with a smaller `filestat`.
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
    mem.write(stat, 8, &filestat.encode_unstable())?;
    Ok(())
}

/// As in the later snapshot, with larger subscriptions.
pub(crate) fn poll_oneoff(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    subscriptions: u32,
    events: u32,
    count: u32,
    happened: u32,
) -> Result {
    poll_with(
        ctx,
        mem,
        Layout::UNSTABLE,
        (subscriptions, events, count, happened),
    )
}
