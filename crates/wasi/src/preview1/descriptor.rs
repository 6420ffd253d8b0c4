//! Descriptors themselves, whatever they stand for: closing, renumbering, their flags and rights,
//! and how the guest finds those it was given at the start.

use crate::ctx::Ctx;
use crate::errno::Errno;
use crate::error::Result;
use crate::memory::GuestMemory;
use crate::object::Object;
use crate::types::{check_flags, encode_fdstat, fdflags, rights};

/// Closes a descriptor; those given at the start may be closed too.
pub(crate) fn fd_close(ctx: &mut Ctx, _: &mut GuestMemory<'_>, fd: u32) -> Result {
    ctx.table.remove(fd)?;
    Ok(())
}

/// Moves `from` to the open number `to` and closes what `to` stood for.
pub(crate) fn fd_renumber(ctx: &mut Ctx, _: &mut GuestMemory<'_>, from: u32, to: u32) -> Result {
    Ok(ctx.table.renumber(from, to)?)
}

/// Writes kind, flags and rights of a descriptor.
pub(crate) fn fd_fdstat_get(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    fd: u32,
    stat: u32,
) -> Result {
    let entry = ctx.table.any(fd)?;
    let (base, inheriting) = (entry.rights_base(), entry.rights_inheriting());
    mem.write(
        stat,
        8,
        &encode_fdstat(entry.object.filetype(), entry.flags(), base, inheriting),
    )?;
    Ok(())
}

/// Sets the flags of a descriptor, all at once.
pub(crate) fn fd_fdstat_set_flags(
    ctx: &mut Ctx,
    _: &mut GuestMemory<'_>,
    fd: u32,
    flags: u32,
) -> Result {
    let flags = check_flags(flags, fdflags::ALL)?;
    let entry = ctx.table.get(fd, rights::FD_FDSTAT_SET_FLAGS)?;
    if let Object::File(file) = &entry.object {
        file.set_flags(flags)?;
    }
    entry.set_flags(flags);
    Ok(())
}

/// Gives rights up; they can never be widened again.
pub(crate) fn fd_fdstat_set_rights(
    ctx: &mut Ctx,
    _: &mut GuestMemory<'_>,
    fd: u32,
    base: u64,
    inheriting: u64,
) -> Result {
    let entry = ctx.table.any(fd)?;
    if base & !entry.rights_base() != 0 || inheriting & !entry.rights_inheriting() != 0 {
        return Err(Errno::Notcapable.into());
    }
    entry.drop_rights(!base, !inheriting);
    Ok(())
}

/// Tag of a directory in `prestat`.
const PREOPEN_DIRECTORY: u8 = 0;
/// Tag of a socket, which the spec does not name. It keeps libraries looking: they count up from
/// descriptor 3 until one is bad, and pass over tags they do not know.
const PREOPEN_SOCKET: u8 = 1;

/// Writes what was given at the start as descriptor `fd`: a tag (u8) at 0 and, for a directory, the
/// bytes of its name (u32) at 4.
pub(crate) fn fd_prestat_get(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    fd: u32,
    prestat: u32,
) -> Result {
    let entry = ctx.table.any(fd).ok();
    let Some((entry, name)) = entry
        .as_ref()
        .and_then(|entry| Some((entry, entry.preopen.as_ref()?)))
    else {
        if !ctx.granted_directories {
            ctx.hints.no_directories();
        }
        return Err(Errno::Badf.into());
    };
    let directory = matches!(entry.object, Object::Directory(_));
    let mut bytes = [0; 8];
    bytes[0] = if directory {
        PREOPEN_DIRECTORY
    } else {
        PREOPEN_SOCKET
    };
    // Guest paths come from the embedder and are far below 4 GiB.
    bytes[4..].copy_from_slice(&(name.len() as u32).to_le_bytes());
    mem.write(prestat, 4, &bytes)?;
    Ok(())
}

/// Writes the name of a directory given at the start.
pub(crate) fn fd_prestat_dir_name(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result {
    let entry = ctx.table.any(fd)?;
    let name = entry.preopen.as_ref().ok_or(Errno::Badf)?;
    let length = u32::try_from(name.len()).map_err(|_| Errno::Nametoolong)?;
    if path_len < length {
        return Err(Errno::Nametoolong.into());
    }
    mem.write(path, 1, name.as_bytes())?;
    Ok(())
}
