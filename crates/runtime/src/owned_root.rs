//! References that the host owns: each keeps its object alive until it is dropped, on whatever thread and even after the store.
//!
//! Apart from the handles that calls give, which end with the call.

use std::sync::{Arc, Mutex};

/// The references of a store that owners hold.
#[derive(Clone, Default)]
pub(crate) struct OwnedRoots(Arc<Mutex<Slots>>);

#[derive(Default)]
struct Slots {
    /// By the owner's index; null where there is no owner.
    references: Vec<u32>,
    free: Vec<u32>,
}

/// The owner of a reference.
pub(crate) struct OwnedRoot {
    roots: OwnedRoots,
    index: u32,
}

impl OwnedRoots {
    /// Makes a reference an owned one.
    pub(crate) fn own(&self, reference: u32) -> OwnedRoot {
        let mut slots = self.0.lock().expect("no panic under the lock");
        let index = match slots.free.pop() {
            Some(index) => {
                slots.references[index as usize] = reference;
                index
            }
            None => {
                slots.references.push(reference);
                u32::try_from(slots.references.len() - 1).expect("fewer than 4 G owners")
            }
        };
        OwnedRoot {
            roots: self.clone(),
            index,
        }
    }

    /// Calls the function with every reference.
    pub(crate) fn visit(&self, visit: &mut dyn FnMut(&mut u32)) {
        let mut slots = self.0.lock().expect("no panic under the lock");
        slots.references.iter_mut().for_each(visit);
    }

    /// How many references have an owner.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        let slots = self.0.lock().expect("no panic under the lock");
        slots.references.len() - slots.free.len()
    }
}

impl OwnedRoot {
    /// The reference, as of now: a collection may change it.
    pub(crate) fn reference(&self) -> u32 {
        let slots = self.roots.0.lock().expect("no panic under the lock");
        slots.references[self.index as usize]
    }
}

impl Drop for OwnedRoot {
    fn drop(&mut self) {
        let mut slots = self.roots.0.lock().expect("no panic under the lock");
        slots.references[self.index as usize] = 0;
        slots.free.push(self.index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_visited_until_its_owner_is_dropped() {
        let roots = OwnedRoots::default();
        let (first, second) = (roots.own(8), roots.own(16));
        // What a collection does.
        roots.visit(&mut |reference| *reference += 8);
        assert_eq!((first.reference(), second.reference()), (16, 24));
        drop(first);
        let third = roots.own(40);
        assert_eq!((second.reference(), third.reference()), (24, 40));
        assert_eq!(roots.len(), 2);
        // The store may be dropped before.
        drop(roots);
        assert_eq!(third.reference(), 40);
    }
}
