//! `poll_oneoff`: waiting for the first of several things.

use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::SeekFrom;
use rustix::io::Errno as Host;

use crate::clock::{Clock, Now};
use crate::ctx::Ctx;
use crate::errno::Errno;
use crate::error::{Error, Result};
use crate::interrupt::timespec;
use crate::memory::GuestMemory;
use crate::object::{HostFile, Object};
use crate::table::Entry;
use crate::types::{Event, Filetype, check_flags, eventtype, get_u16, get_u32, get_u64, rights};

/// Subscriptions one call may have; as with the host's poll, more is `inval`.
const SUBSCRIPTIONS_MAX: u32 = 16 * 1024;
/// Time that can be set by hand is looked at this often while waiting for it, in nanoseconds.
const REALTIME_SLICE_NANOSECONDS: u64 = 1_000_000_000;
/// Bit of `subclockflags`: the time is not from now but on the clock itself.
const ABSTIME: u32 = 1;

/// Where the fields of a `subscription` lie, in bytes.
///
/// ```text
/// wasi_snapshot_preview1 (48 bytes):  0 userdata  8 tag (u8)
///     clock: 16 id (u32)  24 timeout  32 precision  40 flags (u16)    descriptor: 16 fd (u32)
/// wasi_unstable (56 bytes): the same, but with a second userdata at 16 that moves the clock by 8
/// ```
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    bytes: u32,
    clock: usize,
}

impl Layout {
    pub(crate) const PREVIEW1: Layout = Layout {
        bytes: 48,
        clock: 16,
    };
    pub(crate) const UNSTABLE: Layout = Layout {
        bytes: 56,
        clock: 24,
    };
}

/// What is waited for.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    Time { clock: Clock, at: u64 },
    Read(u32),
    Write(u32),
}

/// The open descriptor of each subscription, for as long as the wait lasts.
type Entries = [std::result::Result<Option<Arc<Entry>>, Errno>];

#[derive(Debug, Clone, Copy)]
struct Subscription {
    userdata: u64,
    wanted: Wanted,
}

impl Subscription {
    /// Reads a subscription; a time that counts from now is made one on its clock.
    fn read(bytes: &[u8], layout: Layout, now: Now) -> std::result::Result<Self, Errno> {
        let wanted = match bytes[8] {
            eventtype::CLOCK => {
                let at = layout.clock;
                let clock = Clock::from_raw(get_u32(bytes, at))?;
                let timeout = get_u64(bytes, at + 8);
                let flags = check_flags(get_u16(bytes, at + 24).into(), ABSTIME)?;
                let at = match (flags, clock) {
                    (ABSTIME, _) => timeout,
                    (_, Clock::Realtime) => now.realtime.saturating_add(timeout),
                    _ => now.monotonic.saturating_add(timeout),
                };
                Wanted::Time { clock, at }
            }
            eventtype::FD_READ => Wanted::Read(get_u32(bytes, 16)),
            eventtype::FD_WRITE => Wanted::Write(get_u32(bytes, 16)),
            _ => return Err(Errno::Inval),
        };
        Ok(Self {
            userdata: get_u64(bytes, 0),
            wanted,
        })
    }

    /// The descriptor that is waited for, if one is.
    fn entry(&self, ctx: &Ctx) -> std::result::Result<Option<Arc<Entry>>, Errno> {
        match self.wanted {
            Wanted::Time { .. } => Ok(None),
            Wanted::Read(fd) | Wanted::Write(fd) => {
                ctx.table.get(fd, rights::POLL_FD_READWRITE).map(Some)
            }
        }
    }

    fn event(&self, error: Errno) -> Event {
        let eventtype = match self.wanted {
            Wanted::Time { .. } => eventtype::CLOCK,
            Wanted::Read(_) => eventtype::FD_READ,
            Wanted::Write(_) => eventtype::FD_WRITE,
        };
        Event {
            userdata: self.userdata,
            error,
            eventtype,
            nbytes: 0,
            hangup: false,
        }
    }
}

/// Waits until at least one of the `count` subscriptions has happened; writes one event for each
/// that has, and their number.
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
        Layout::PREVIEW1,
        (subscriptions, events, count, happened),
    )
}

/// [`poll_oneoff`] for subscriptions of either snapshot.
pub(crate) fn poll_with(
    ctx: &mut Ctx,
    mem: &mut GuestMemory<'_>,
    layout: Layout,
    (subscriptions, events, count, happened): (u32, u32, u32, u32),
) -> Result {
    if count == 0 || count > SUBSCRIPTIONS_MAX {
        return Err(Errno::Inval.into());
    }
    mem.check(subscriptions, u64::from(count) * u64::from(layout.bytes), 8)?;
    mem.check(events, u64::from(count) * 32, 8)?;
    mem.check(happened, 4, 4)?;
    // Times count from the first of the calls that make up one wait.
    let since = ctx
        .waiting_since
        .take()
        .unwrap_or_else(|| ctx.clocks.moment());
    let list: std::result::Result<Vec<Subscription>, Errno> = mem
        .bytes(subscriptions, count * layout.bytes)?
        .chunks_exact(layout.bytes as usize)
        .map(|bytes| Subscription::read(bytes, layout, since))
        .collect();
    let occurred = wait(ctx, &list?);
    if let Err(Error::Interrupted(_)) = occurred {
        ctx.waiting_since = Some(since);
    }
    let occurred = occurred?;
    // One event a subscription at most, so they fit where the check above has looked.
    let encoded: Vec<u8> = occurred.iter().flat_map(|event| event.encode()).collect();
    mem.write(events, 8, &encoded)?;
    mem.write_u32(happened, occurred.len() as u32)?;
    Ok(())
}

/// Subscriptions sorted by how they are waited for.
struct Sorted<'c> {
    /// Those that need no waiting.
    events: Vec<Event>,
    timers: Vec<(&'c Subscription, Clock, u64)>,
    files: Vec<(&'c Subscription, &'c HostFile)>,
    polled: Vec<PollFd<'c>>,
}

impl<'c> Sorted<'c> {
    fn new(ctx: &Ctx, subscriptions: &'c [Subscription], entries: &'c Entries) -> Self {
        let mut sorted = Sorted {
            events: vec![],
            timers: vec![],
            files: vec![],
            polled: vec![],
        };
        for (subscription, entry) in subscriptions.iter().zip(entries) {
            match (subscription.wanted, entry) {
                (Wanted::Time { .. }, _) if ctx.clocks.are_absent() => {
                    sorted.events.push(subscription.event(Errno::Notsup));
                }
                // Processor time stands still while the guest waits for it.
                (
                    Wanted::Time {
                        clock: Clock::ProcessCputime | Clock::ThreadCputime,
                        ..
                    },
                    _,
                ) => {
                    sorted.events.push(subscription.event(Errno::Notsup));
                }
                (Wanted::Time { clock, at }, _) => sorted.timers.push((subscription, clock, at)),
                (_, Err(errno)) => sorted.events.push(subscription.event(*errno)),
                (_, Ok(None)) => sorted.events.push(subscription.event(Errno::Badf)),
                (Wanted::Read(_), Ok(Some(entry))) => {
                    sorted.add(subscription, entry, PollFlags::IN);
                }
                (Wanted::Write(_), Ok(Some(entry))) => {
                    sorted.add(subscription, entry, PollFlags::OUT);
                }
            }
        }
        sorted
    }

    fn add(&mut self, subscription: &'c Subscription, entry: &'c Entry, events: PollFlags) {
        let reads = events == PollFlags::IN;
        match ready(entry, reads) {
            Ready::Now { nbytes, hangup } => {
                let event = Event {
                    nbytes,
                    hangup,
                    ..subscription.event(Errno::Success)
                };
                self.events.push(event);
            }
            Ready::Never(errno) => self.events.push(subscription.event(errno)),
            Ready::Host(file) => {
                self.files.push((subscription, file));
                self.polled.push(PollFd::new(&file.descriptor, events));
            }
        }
    }

    /// Nanoseconds until the first timer is over; `None` without timers.
    fn until_first_timer(&self, ctx: &Ctx) -> Option<u64> {
        let left = |&(_, clock, at): &(&Subscription, Clock, u64)| {
            let left = at.saturating_sub(ctx.clocks.now(clock));
            if clock == Clock::Realtime && !ctx.clocks.is_virtual() {
                left.min(REALTIME_SLICE_NANOSECONDS)
            } else {
                left
            }
        };
        self.timers.iter().map(left).min()
    }

    /// Moves what has happened to the events.
    fn collect(&mut self, ctx: &Ctx) {
        for ((subscription, file), polled) in self.files.iter().zip(&self.polled) {
            let flags = polled.revents();
            if !flags.is_empty() {
                let hangup = flags.intersects(PollFlags::HUP | PollFlags::ERR);
                let reads = matches!(subscription.wanted, Wanted::Read(_));
                let nbytes = if reads {
                    rustix::io::ioctl_fionread(&file.descriptor).unwrap_or(0)
                } else {
                    0
                };
                let error = if flags.contains(PollFlags::NVAL) {
                    Errno::Badf
                } else {
                    Errno::Success
                };
                self.events.push(Event {
                    nbytes,
                    hangup,
                    ..subscription.event(error)
                });
            }
        }
        for &(subscription, clock, at) in &self.timers {
            if ctx.clocks.now(clock) >= at {
                self.events.push(subscription.event(Errno::Success));
            }
        }
    }
}

/// Whether an object can be read or written without waiting.
enum Ready<'c> {
    Now {
        nbytes: u64,
        hangup: bool,
    },
    Never(Errno),
    /// The host must be asked.
    Host(&'c HostFile),
}

fn ready(entry: &Entry, reads: bool) -> Ready<'_> {
    match (&entry.object, reads) {
        (Object::Input(input), true) => {
            let nbytes = input.lock().rest().len() as u64;
            Ready::Now {
                nbytes,
                hangup: nbytes == 0,
            }
        }
        (Object::Output(_) | Object::Discard, false) => Ready::Now {
            nbytes: 0,
            hangup: false,
        },
        (Object::Input(_) | Object::Output(_) | Object::Discard | Object::Directory(_), _) => {
            Ready::Never(Errno::Badf)
        }
        (Object::File(file), true) if !file.readable && !file.listener => Ready::Never(Errno::Badf),
        (Object::File(file), false) if !file.writable => Ready::Never(Errno::Badf),
        (Object::File(file), reads) if file.filetype == Filetype::RegularFile => Ready::Now {
            nbytes: if reads { bytes_left(file) } else { 0 },
            hangup: false,
        },
        (Object::File(file), _) => Ready::Host(file),
    }
}

/// Bytes between the position and the end of a file.
fn bytes_left(file: &HostFile) -> u64 {
    let size = rustix::fs::fstat(&file.descriptor).map_or(0, |stat| stat.st_size);
    let position = rustix::fs::seek(&file.descriptor, SeekFrom::Current(0)).unwrap_or(0);
    u64::try_from(size).unwrap_or(0).saturating_sub(position)
}

/// Waits until something has happened; what that is has at least one entry.
fn wait(ctx: &Ctx, subscriptions: &[Subscription]) -> Result<Vec<Event>> {
    let entries = subscriptions.iter().map(|wanted| wanted.entry(ctx));
    let entries: Vec<_> = entries.collect();
    let mut sorted = Sorted::new(ctx, subscriptions, &entries);
    loop {
        ctx.interrupt.check()?;
        let left = sorted.until_first_timer(ctx);
        // On a virtual clock there is no waiting: what the host has not ready now comes too late.
        let skipped = left.filter(|_| ctx.clocks.is_virtual());
        let timeout = if sorted.events.is_empty() && skipped.is_none() {
            ctx.interrupt.slice(left)
        } else {
            Some(0)
        };
        match poll(&mut sorted.polled, timeout.map(timespec).as_ref()) {
            Ok(0) if sorted.events.is_empty() => ctx.clocks.skip(skipped.unwrap_or(0)),
            Ok(_) => {}
            Err(Host::INTR) => {
                ctx.interrupt.after_signal()?;
                continue;
            }
            Err(error) => return Err(Error::from(error)),
        }
        sorted.collect(ctx);
        if !sorted.events.is_empty() {
            return Ok(sorted.events);
        }
    }
}
