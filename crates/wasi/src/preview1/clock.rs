//! What time it is.

use crate::clock::Clock;
use crate::ctx::Ctx;
use crate::errno::Errno;
use crate::error::Result;
use crate::memory::GuestMemory;

/// Writes the smallest step of a clock in nanoseconds.
pub(crate) fn clock_res_get(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    id: u32,
    resolution: u32,
) -> Result {
    let clock = Clock::from_raw(id)?;
    check(ctx)?;
    mem.write_u64(resolution, ctx.clocks.resolution(clock))?;
    Ok(())
}

/// Writes the time of a clock in nanoseconds. The precision asked for is always exceeded.
pub(crate) fn clock_time_get(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    id: u32,
    _precision: u64,
    time: u32,
) -> Result {
    let clock = Clock::from_raw(id)?;
    check(ctx)?;
    mem.write_u64(time, ctx.clocks.look(clock))?;
    Ok(())
}

/// A guest may be denied clocks, so that nothing it does depends on time.
fn check(ctx: &mut Ctx) -> Result {
    if ctx.clocks.are_absent() {
        ctx.hints.not_seeded("ask for the time");
        return Err(Errno::Notsup.into());
    }
    Ok(())
}
