//! The guest's descriptors: small numbers that stand for host objects, apart so that no number
//! reaches an object but through here.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::errno::Errno;
use crate::object::Object;
use crate::types::rights;

/// Descriptors a guest may hold open at once.
pub(crate) const DESCRIPTORS_MAX: usize = 16 * 1024;

/// An open descriptor. Threads of a guest use it at once; a call that waits on it keeps it open
/// though another closes the number meanwhile.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) object: Object,
    flags: AtomicU32,
    dropped_base: AtomicU64,
    dropped_inheriting: AtomicU64,
    /// Whether it was there from the start, and under which name the guest finds it.
    pub(crate) preopen: Option<Arc<str>>,
}

impl Entry {
    pub(crate) fn new(object: Object) -> Self {
        Self::with(object, 0, (0, 0))
    }

    /// One with these `fdflags`, and without the rights `dropped`: those for itself, and those for
    /// what is opened through it.
    pub(crate) fn with(object: Object, flags: u32, dropped: (u64, u64)) -> Self {
        Self {
            object,
            flags: flags.into(),
            dropped_base: dropped.0.into(),
            dropped_inheriting: dropped.1.into(),
            preopen: None,
        }
    }

    /// `fdflags` in force.
    pub(crate) fn flags(&self) -> u32 {
        self.flags.load(Ordering::Relaxed)
    }

    /// Changes the `fdflags`.
    pub(crate) fn set_flags(&self, flags: u32) {
        self.flags.store(flags, Ordering::Relaxed);
    }

    /// Rights the guest gave up with `fd_fdstat_set_rights`. All others are as wide as the object
    /// allows: programs ask for narrower rights than they use, and the sandbox is the set of granted
    /// objects, not these bits.
    pub(crate) fn dropped_base(&self) -> u64 {
        self.dropped_base.load(Ordering::Relaxed)
    }

    /// The same for what is opened through the descriptor.
    pub(crate) fn dropped_inheriting(&self) -> u64 {
        self.dropped_inheriting.load(Ordering::Relaxed)
    }

    /// Gives rights up; they never come back.
    pub(crate) fn drop_rights(&self, base: u64, inheriting: u64) {
        self.dropped_base.fetch_or(base, Ordering::Relaxed);
        self.dropped_inheriting
            .fetch_or(inheriting, Ordering::Relaxed);
    }

    /// Rights the guest has for the descriptor itself.
    pub(crate) fn rights_base(&self) -> u64 {
        self.object.rights() & !self.dropped_base()
    }

    /// Rights the guest has for what it opens through the descriptor.
    pub(crate) fn rights_inheriting(&self) -> u64 {
        match self.object {
            Object::Directory(_) => (rights::DIRECTORY | rights::FILE) & !self.dropped_inheriting(),
            _ if self.object.is_listener() => rights::STREAM | rights::SOCK_SHUTDOWN,
            _ => 0,
        }
    }
}

/// All descriptors of a guest, shared by its threads.
///
/// **Invariant:** the lock is held for looking a number up and changing what it stands for, never
/// while anything of the host is called.
#[derive(Debug, Default)]
pub(crate) struct Table {
    slots: Mutex<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    entries: Vec<Option<Arc<Entry>>>,
    /// No slot below this one is free.
    first_free: usize,
}

impl Slots {
    fn slot(&mut self, fd: u32) -> Result<&mut Option<Arc<Entry>>, Errno> {
        let slot = self.entries.get_mut(fd as usize).ok_or(Errno::Badf)?;
        if slot.is_some() {
            Ok(slot)
        } else {
            Err(Errno::Badf)
        }
    }

    fn remove(&mut self, fd: u32) -> Result<Arc<Entry>, Errno> {
        let entry = self.slot(fd)?.take().ok_or(Errno::Badf)?;
        self.first_free = self.first_free.min(fd as usize);
        Ok(entry)
    }
}

impl Table {
    fn lock(&self) -> MutexGuard<'_, Slots> {
        // Every change is whole before anything can panic.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives `entry` the lowest free number, as POSIX does.
    pub(crate) fn insert(&self, entry: Entry) -> Result<u32, Errno> {
        let mut slots = self.lock();
        let start = slots.first_free.min(slots.entries.len());
        let index = slots.entries[start..]
            .iter()
            .position(Option::is_none)
            .map_or(slots.entries.len(), |offset| start + offset);
        if index >= DESCRIPTORS_MAX {
            return Err(Errno::Mfile);
        }
        let entry = Some(Arc::new(entry));
        if index == slots.entries.len() {
            slots.entries.push(entry);
        } else {
            slots.entries[index] = entry;
        }
        slots.first_free = index + 1;
        // Below `DESCRIPTORS_MAX`.
        Ok(index as u32)
    }

    /// Fails when no further descriptor has room, for asking before a file is created.
    pub(crate) fn check_room(&self) -> Result<(), Errno> {
        let slots = self.lock();
        let entries = &slots.entries;
        let full = entries.len() >= DESCRIPTORS_MAX
            && entries[slots.first_free.min(entries.len())..]
                .iter()
                .all(Option::is_some);
        if full { Err(Errno::Mfile) } else { Ok(()) }
    }

    /// The entry of `fd` whatever its rights.
    pub(crate) fn any(&self, fd: u32) -> Result<Arc<Entry>, Errno> {
        let slots = self.lock();
        let slot = slots.entries.get(fd as usize);
        slot.and_then(Option::as_ref).cloned().ok_or(Errno::Badf)
    }

    /// The entry of `fd`, whose rights `needed` the guest must not have given up.
    pub(crate) fn get(&self, fd: u32, needed: u64) -> Result<Arc<Entry>, Errno> {
        let entry = self.any(fd)?;
        if entry.dropped_base() & needed != 0 {
            Err(Errno::Notcapable)
        } else {
            Ok(entry)
        }
    }

    /// Takes `fd` out of the table.
    pub(crate) fn remove(&self, fd: u32) -> Result<Arc<Entry>, Errno> {
        self.lock().remove(fd)
    }

    /// Moves `from` to the open number `to`, whose own object is closed.
    pub(crate) fn renumber(&self, from: u32, to: u32) -> Result<(), Errno> {
        let mut slots = self.lock();
        slots.slot(from)?;
        slots.slot(to)?;
        if from == to {
            return Ok(());
        }
        let entry = slots.remove(from)?;
        let closed = slots.slot(to)?.replace(entry);
        drop(slots);
        // Closing may call the host, so it comes after the lock.
        drop(closed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::SharedInput;

    fn entry() -> Entry {
        Entry::new(Object::Input(SharedInput::default()))
    }

    #[test]
    fn the_lowest_free_number_is_next() {
        let table = Table::default();
        for fd in 0..5 {
            assert_eq!(table.insert(entry()), Ok(fd));
        }
        table.remove(3).unwrap();
        table.remove(1).unwrap();
        assert_eq!(table.insert(entry()), Ok(1));
        assert_eq!(table.insert(entry()), Ok(3));
        assert_eq!(table.insert(entry()), Ok(5));
        assert_eq!(table.remove(9).err(), Some(Errno::Badf));
    }

    #[test]
    fn a_full_table_refuses() {
        let table = Table::default();
        for _ in 0..DESCRIPTORS_MAX {
            table.check_room().unwrap();
            table.insert(entry()).unwrap();
        }
        assert_eq!(table.check_room(), Err(Errno::Mfile));
        assert_eq!(table.insert(entry()), Err(Errno::Mfile));
        table.remove(7).unwrap();
        table.check_room().unwrap();
        assert_eq!(table.insert(entry()), Ok(7));
    }

    #[test]
    fn renumbering_needs_both_ends() {
        let table = Table::default();
        table.insert(entry()).unwrap();
        table.insert(entry()).unwrap();
        assert_eq!(table.renumber(0, 7), Err(Errno::Badf));
        assert_eq!(table.renumber(7, 0), Err(Errno::Badf));
        assert_eq!(table.renumber(1, 1), Ok(()));
        assert_eq!(table.renumber(0, 1), Ok(()));
        assert_eq!(table.any(0).err(), Some(Errno::Badf));
        assert!(table.any(1).is_ok());
    }
}
