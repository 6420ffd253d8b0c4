//! What time it is.

use crate::clock::Clock;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::memory::GuestMemory;

/// Writes the smallest step of a clock in nanoseconds.
pub(crate) fn clock_res_get(
    _: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    id: u32,
    resolution: u32,
) -> Result {
    let clock = Clock::from_raw(id)?;
    mem.write_u64(resolution, clock.resolution())?;
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
    mem.write_u64(time, ctx.clocks.now(clock))?;
    Ok(())
}
