//! Arguments, environment, randomness, and the end of the guest.

use crate::ctx::Ctx;
use crate::errno::Errno;
use crate::error::{Error, Exit, Result};
use crate::memory::GuestMemory;
use crate::randomness::Randomness;

/// Random bytes that are made between two looks at the interrupt hook.
const RANDOM_CHUNK_BYTES: u32 = 1 << 20;

/// Writes the address of each argument to `argv` and the arguments, ended by zero bytes, to
/// `argv_buf`.
pub(crate) fn args_get(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    argv: u32,
    argv_buf: u32,
) -> Result {
    strings(mem, &ctx.args, argv, argv_buf)
}

/// Writes how many arguments there are, and their bytes with the zero bytes.
pub(crate) fn args_sizes_get(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    count: u32,
    size: u32,
) -> Result {
    sizes(mem, &ctx.args, count, size)
}

/// The same as [`args_get`] for the variables, each as `NAME=value`.
pub(crate) fn environ_get(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    environ: u32,
    environ_buf: u32,
) -> Result {
    strings(mem, &ctx.env, environ, environ_buf)
}

/// The same as [`args_sizes_get`] for the variables.
pub(crate) fn environ_sizes_get(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    count: u32,
    size: u32,
) -> Result {
    sizes(mem, &ctx.env, count, size)
}

fn sizes(mem: &mut GuestMemory<'_>, strings: &[Vec<u8>], count: u32, size: u32) -> Result {
    let bytes: usize = strings.iter().map(|string| string.len() + 1).sum();
    // The builder bounds both far below 32 bits.
    mem.write_u32(count, strings.len() as u32)?;
    mem.write_u32(size, bytes as u32)?;
    Ok(())
}

fn strings(
    mem: &mut GuestMemory<'_>,
    strings: &[Vec<u8>],
    mut pointer: u32,
    mut start: u32,
) -> Result {
    for string in strings {
        mem.write_u32(pointer, start)?;
        let length = string.len() as u32;
        let mut bytes = string.clone();
        bytes.push(0);
        mem.write(start, 1, &bytes)?;
        // A write that succeeded lies below 4 GiB; one past the end faults in the next round.
        pointer = pointer.saturating_add(4);
        start = start.saturating_add(length + 1);
    }
    Ok(())
}

/// Ends the guest with `code`.
pub(crate) fn proc_exit(_: &mut Ctx, _: &mut GuestMemory<'_>, code: u32) -> Result {
    Err(Error::Exit(Exit(code as i32)))
}

/// Sends a signal to the guest itself. WASI 0.1 has no handlers, so what POSIX does without one
/// happens: most signals end the guest, with the exit code 128 + number that shells use.
pub(crate) fn proc_raise(_: &mut Ctx, _: &mut GuestMemory<'_>, signal: u32) -> Result {
    const CHLD: u32 = 16;
    const CONT: u32 = 17;
    const STOP: u32 = 18;
    const TTOU: u32 = 21;
    const URG: u32 = 22;
    const WINCH: u32 = 27;
    const LAST: u32 = 30;
    match signal {
        0 | CHLD | CONT | URG | WINCH => Ok(()),
        STOP..=TTOU => Err(Errno::Notsup.into()),
        1..=LAST => Err(Error::Exit(Exit(128 + signal as i32))),
        _ => Err(Errno::Inval.into()),
    }
}

/// Fills `buf` with random bytes: fit for keys, unless the embedder has seeded them.
pub(crate) fn random_get(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    buf: u32,
    buf_len: u32,
) -> Result {
    mem.check(buf, buf_len.into(), 1)?;
    if let Randomness::Absent = ctx.randomness {
        ctx.hints.not_seeded("ask for random bytes");
        return Err(Errno::Notsup.into());
    }
    for done in (0..buf_len).step_by(RANDOM_CHUNK_BYTES as usize) {
        ctx.interrupt.check()?;
        let length = RANDOM_CHUNK_BYTES.min(buf_len - done);
        mem.fill(buf + done, length, |chunk| {
            ctx.randomness.fill(chunk)?;
            Ok(chunk.len())
        })?;
    }
    Ok(())
}

/// Lets other threads of the host run.
pub(crate) fn sched_yield(ctx: &mut Ctx, _: &mut GuestMemory<'_>) -> Result {
    ctx.interrupt.check()?;
    std::thread::yield_now();
    Ok(())
}
