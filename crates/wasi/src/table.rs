//! The guest's descriptors: small numbers that stand for host objects, apart so that no number
//! reaches an object but through here.

use std::sync::Arc;

use crate::errno::Errno;
use crate::object::Object;
use crate::types::rights;

/// Descriptors a guest may hold open at once.
pub(crate) const DESCRIPTORS_MAX: usize = 16 * 1024;

/// An open descriptor.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) object: Object,
    /// `fdflags` in force.
    pub(crate) flags: u32,
    /// Rights the guest gave up with `fd_fdstat_set_rights`. All others are as wide as the object
    /// allows: programs ask for narrower rights than they use, and the sandbox is the set of granted
    /// objects, not these bits.
    pub(crate) dropped_base: u64,
    /// The same for what is opened through the descriptor.
    pub(crate) dropped_inheriting: u64,
    /// Whether it was there from the start, and under which name the guest finds it.
    pub(crate) preopen: Option<Arc<str>>,
}

impl Entry {
    pub(crate) fn new(object: Object) -> Self {
        Self {
            object,
            flags: 0,
            dropped_base: 0,
            dropped_inheriting: 0,
            preopen: None,
        }
    }

    /// Rights the guest has for the descriptor itself.
    pub(crate) fn rights_base(&self) -> u64 {
        self.object.rights() & !self.dropped_base
    }

    /// Rights the guest has for what it opens through the descriptor.
    pub(crate) fn rights_inheriting(&self) -> u64 {
        match self.object {
            Object::Directory(_) => (rights::DIRECTORY | rights::FILE) & !self.dropped_inheriting,
            _ if self.object.is_listener() => rights::STREAM | rights::SOCK_SHUTDOWN,
            _ => 0,
        }
    }
}

/// All descriptors of a guest.
#[derive(Debug, Default)]
pub(crate) struct Table {
    slots: Vec<Option<Entry>>,
    /// No slot below this one is free.
    first_free: usize,
}

impl Table {
    /// Gives `entry` the lowest free number, as POSIX does.
    pub(crate) fn insert(&mut self, entry: Entry) -> Result<u32, Errno> {
        let start = self.first_free.min(self.slots.len());
        let index = self.slots[start..]
            .iter()
            .position(Option::is_none)
            .map_or(self.slots.len(), |offset| start + offset);
        if index >= DESCRIPTORS_MAX {
            return Err(Errno::Mfile);
        }
        if index == self.slots.len() {
            self.slots.push(Some(entry));
        } else {
            self.slots[index] = Some(entry);
        }
        self.first_free = index + 1;
        // Below `DESCRIPTORS_MAX`.
        Ok(index as u32)
    }

    /// Fails when no further descriptor has room, for asking before a file is created.
    pub(crate) fn check_room(&self) -> Result<(), Errno> {
        let full = self.slots.len() >= DESCRIPTORS_MAX
            && self.slots[self.first_free.min(self.slots.len())..]
                .iter()
                .all(Option::is_some);
        if full { Err(Errno::Mfile) } else { Ok(()) }
    }

    /// The entry of `fd` whatever its rights.
    pub(crate) fn any(&self, fd: u32) -> Result<&Entry, Errno> {
        self.slots
            .get(fd as usize)
            .and_then(Option::as_ref)
            .ok_or(Errno::Badf)
    }

    /// The same, to be changed.
    pub(crate) fn any_mut(&mut self, fd: u32) -> Result<&mut Entry, Errno> {
        self.slots
            .get_mut(fd as usize)
            .and_then(Option::as_mut)
            .ok_or(Errno::Badf)
    }

    /// The entry of `fd`, whose rights `needed` the guest must not have given up.
    pub(crate) fn get(&self, fd: u32, needed: u64) -> Result<&Entry, Errno> {
        let entry = self.any(fd)?;
        if entry.dropped_base & needed != 0 {
            Err(Errno::Notcapable)
        } else {
            Ok(entry)
        }
    }

    /// The same, to be changed.
    pub(crate) fn get_mut(&mut self, fd: u32, needed: u64) -> Result<&mut Entry, Errno> {
        let entry = self.any_mut(fd)?;
        if entry.dropped_base & needed != 0 {
            Err(Errno::Notcapable)
        } else {
            Ok(entry)
        }
    }

    /// Takes `fd` out of the table.
    pub(crate) fn remove(&mut self, fd: u32) -> Result<Entry, Errno> {
        let slot = self.slots.get_mut(fd as usize).ok_or(Errno::Badf)?;
        let entry = slot.take().ok_or(Errno::Badf)?;
        self.first_free = self.first_free.min(fd as usize);
        Ok(entry)
    }

    /// Moves `from` to the open number `to`, whose own object is closed.
    pub(crate) fn renumber(&mut self, from: u32, to: u32) -> Result<(), Errno> {
        self.any(from)?;
        self.any(to)?;
        if from != to {
            let entry = self.remove(from)?;
            *self.any_mut(to)? = entry;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Input;

    fn entry() -> Entry {
        Entry::new(Object::Input(Input::default()))
    }

    #[test]
    fn the_lowest_free_number_is_next() {
        let mut table = Table::default();
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
        let mut table = Table::default();
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
        let mut table = Table::default();
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
