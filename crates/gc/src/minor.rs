//! The minor collection: what lives in the young space is copied to the end of the old one, breadth first (Cheney), so that the
//! copies themselves are the list of what is still to be scanned. Apart because it is an algorithm of its own.

use crate::heap::{Dead, Exhausted, Heap, RootVisitor};
use crate::shape::{Kind, Shape};
use crate::space::Space;
use abi::gc::{
    ARRAY_LEN, HOST_VALUE, INFO_COLLECTOR_SHIFT, INFO_REMEMBERED, OBJECT_INFO, YOUNG_END,
    YOUNG_START,
};

/// Flag of an object that was copied; its first word is then where to.
const FORWARDED: u32 = 1 << INFO_COLLECTOR_SHIFT;

/// What copying changes, apart from the objects.
struct Copier<'a> {
    space: &'a Space,
    shapes: &'a [Shape],
    /// Where the next copy goes.
    to: u64,
}

impl Copier<'_> {
    /// Where a referred object is now; copies it on first sight. References that are not to young objects stay as they are.
    #[inline]
    fn forward(&mut self, reference: u32) -> u32 {
        // Null is not below: it wraps.
        if reference & 1 != 0 || reference.wrapping_sub(YOUNG_START) >= YOUNG_END - YOUNG_START {
            return reference;
        }
        let first = self.space.load(reference);
        let flags = self.space.load(reference + OBJECT_INFO);
        if flags & FORWARDED != 0 {
            return first;
        }
        let shape = &self.shapes[first as usize];
        let bytes = match shape.kind {
            Kind::Struct { bytes, .. } => u64::from(bytes),
            _ => shape.bytes(self.space.load(reference + ARRAY_LEN)),
        };
        // Room for all that is young was made before.
        let to = self.to as u32;
        self.to += bytes;
        self.space.copy(reference, to, bytes);
        self.space.store(reference, to);
        self.space.store(reference + OBJECT_INFO, FORWARDED);
        to
    }

    /// Forwards the references in an object.
    #[inline]
    fn scan(&mut self, object: u32) {
        let (space, shapes) = (self.space, self.shapes);
        Heap::each_ref(shapes, space, object, |at| {
            let old = space.load(at);
            let new = self.forward(old);
            if new != old {
                space.store(at, new);
            }
        });
    }
}

impl Heap {
    /// Empties the young space.
    pub(crate) fn minor(
        &mut self,
        roots: &mut RootVisitor<'_>,
        dead: &mut Dead,
    ) -> Result<(), Exhausted> {
        let young_bytes = u64::from(self.top - YOUNG_START);
        if self.space.open_old(self.old_top + young_bytes).is_err() {
            return Err(Exhausted);
        }
        let mut copier = Copier {
            space: &self.space,
            shapes: &self.shapes,
            to: self.old_top,
        };
        roots(&mut |slot| *slot = copier.forward(*slot));
        for &object in &self.remembered {
            copier.scan(object);
            let flags = copier.space.load(object + OBJECT_INFO);
            copier
                .space
                .store(object + OBJECT_INFO, flags & !INFO_REMEMBERED);
        }
        let mut next = self.old_top;
        while next < copier.to {
            let object = next as u32;
            copier.scan(object);
            let shape = &copier.shapes[copier.space.load(object) as usize];
            next += match shape.kind {
                Kind::Struct { bytes, .. } => u64::from(bytes),
                _ => shape.bytes(copier.space.load(object + ARRAY_LEN)),
            };
        }
        let survived = copier.to - self.old_top;
        self.remembered.clear();
        self.old_top = copier.to;
        self.sweep_young_hosts(dead);
        self.top = YOUNG_START;
        self.resize_young(survived);
        self.stats.minor += 1;
        self.stats.promoted_bytes += survived;
        Ok(())
    }

    fn sweep_young_hosts(&mut self, dead: &mut Dead) {
        for object in std::mem::take(&mut self.hosts.young) {
            if self.space.load(object + OBJECT_INFO) & FORWARDED != 0 {
                self.hosts.old.push(self.space.load(object));
            } else {
                dead.extend(self.hosts.remove(self.space.load(object + HOST_VALUE)));
            }
        }
    }
}
