//! The minor collection: what lives in the young space is copied to the end of the old one, breadth first (Cheney), so that the
//! copies themselves are the list of what is still to be scanned. Apart because it is an algorithm of its own.

use crate::heap::{Dead, Exhausted, Heap, RootVisitor};
use crate::shape::{Kind, Shape};
use crate::space::Space;
use abi::gc::{
    ARRAY_ELEMENTS, ARRAY_LEN, HOST_VALUE, INFO_COLLECTOR_SHIFT, INFO_REMEMBERED, OBJECT_INFO,
    STRUCT_FIELDS, YOUNG_END, YOUNG_START,
};

/// Flag of an object that was copied; its first word is then where to.
const FORWARDED: u32 = 1 << INFO_COLLECTOR_SHIFT;

/// Bytes of most places that hold a root.
const ROOT_BYTES: u64 = 8;

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
        let (first, info) = self.space.load_pair(reference);
        if info & FORWARDED != 0 {
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
        self.space.copy_object(reference, to, bytes);
        self.space.store_pair(reference, to, FORWARDED);
        to
    }

    /// Forwards the reference at a place.
    #[inline]
    fn forward_at(&mut self, at: u32) {
        let old = self.space.load(at);
        let new = self.forward(old);
        if new != old {
            self.space.store(at, new);
        }
    }

    /// Forwards the references in an object; its size in bytes.
    #[inline]
    fn scan(&mut self, object: u32) -> u64 {
        let shapes = self.shapes;
        let shape = &shapes[self.space.load(object) as usize];
        match &shape.kind {
            Kind::Struct { bytes, refs } => {
                let mut refs = *refs;
                while refs != 0 {
                    self.forward_at(object + STRUCT_FIELDS + refs.trailing_zeros() * 4);
                    refs &= refs - 1;
                }
                u64::from(*bytes)
            }
            Kind::Array { refs, .. } => {
                let len = self.space.load(object + ARRAY_LEN);
                if *refs {
                    self.scan_elements(object + ARRAY_ELEMENTS, len);
                }
                shape.bytes(len)
            }
            Kind::Wide { bytes, refs } => {
                refs.iter().for_each(|at| self.forward_at(object + at));
                u64::from(*bytes)
            }
            Kind::None => shape.bytes(0),
        }
    }

    fn scan_elements(&mut self, first: u32, len: u32) {
        /// How many elements ahead the processor is told of objects.
        const AHEAD: u32 = 16;
        let (near, last) = (len.saturating_sub(AHEAD), first + len * 4);
        for at in (first..first + near * 4).step_by(4) {
            self.space.prefetch(self.space.load(at + AHEAD * 4));
            self.forward_at(at);
        }
        for at in (first + near * 4..last).step_by(4) {
            self.forward_at(at);
        }
    }

    /// Scans copies from `next` on, and what they add to them.
    fn scan_copies(&mut self, mut next: u64) {
        /// How many bytes ahead the processor is told of objects that copies may refer to.
        const AHEAD: u64 = 128;
        // Where that was done: at what is no reference it does no harm.
        let mut told = next;
        while next < self.to {
            let end = (next + AHEAD).min(self.to);
            while told < end {
                let (a, b) = self.space.load_pair(told as u32);
                self.space.prefetch(a);
                self.space.prefetch(b);
                told += 8;
            }
            next += self.scan(next as u32);
        }
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
        // What is read though nothing of it may be young, in bytes.
        let mut scanned = 0;
        roots(&mut |slot| {
            *slot = copier.forward(*slot);
            scanned += ROOT_BYTES;
        });
        for &object in &self.remembered {
            scanned += copier.scan(object);
            let flags = copier.space.load(object + OBJECT_INFO);
            copier
                .space
                .store(object + OBJECT_INFO, flags & !INFO_REMEMBERED);
        }
        copier.scan_copies(self.old_top);
        let survived = copier.to - self.old_top;
        self.remembered.clear();
        self.old_top = copier.to;
        self.sweep_young_hosts(dead);
        self.top = YOUNG_START;
        self.resize_young(survived + scanned / 4);
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
