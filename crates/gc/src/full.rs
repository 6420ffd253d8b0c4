//! The full collection: marks the old space and slides what lives to its beginning. Apart because it is an algorithm of its own.
//!
//! The bitmap has a bit for each 8 bytes of a live object, not only for its start. The new address of an object is then the
//! number of set bits before it: a running count for each 64 bits, and a population count in one word. So nothing is stored in
//! objects, references are replaced and objects moved in one pass, and most of what that reads of other objects is in the cache.

use crate::heap::{Dead, Heap, RootVisitor};
use crate::shape::Shape;
use crate::space::Space;
use abi::gc::{HOST_VALUE, YOUNG_END, YOUNG_START};

/// Bytes that a bit stands for.
const GRAIN_BYTES: u32 = 8;

/// What lives in the old space.
struct Marks {
    bits: Vec<u64>,
    /// For each word of `bits`, where the first object that it marks will be.
    to: Vec<u32>,
}

impl Marks {
    fn new(old_bytes: u64) -> Marks {
        Marks {
            bits: vec![0; (old_bytes / u64::from(GRAIN_BYTES)).div_ceil(64) as usize],
            to: Vec::new(),
        }
    }

    /// The word and bit of an old object.
    #[inline]
    fn place(object: u32) -> (usize, u32) {
        let grain = (object - YOUNG_END) / GRAIN_BYTES;
        ((grain / 64) as usize, grain % 64)
    }

    #[inline]
    fn is_set(&self, object: u32) -> bool {
        let (word, bit) = Marks::place(object);
        self.bits[word] >> bit & 1 != 0
    }

    /// Marks the start of an object; whether it was not marked before.
    #[inline]
    fn set_start(&mut self, object: u32) -> bool {
        let (word, bit) = Marks::place(object);
        let was = self.bits[word];
        self.bits[word] = was | 1 << bit;
        was >> bit & 1 == 0
    }

    /// Marks all of an object of `bytes`.
    #[inline]
    fn set(&mut self, object: u32, bytes: u64) {
        let (mut word, bit) = Marks::place(object);
        let grains = bytes / u64::from(GRAIN_BYTES);
        let first = grains.min(u64::from(64 - bit));
        self.bits[word] |= (u64::MAX >> (64 - first)) << bit;
        let mut rest = grains - first;
        while rest > 0 {
            word += 1;
            let n = rest.min(64);
            self.bits[word] |= u64::MAX >> (64 - n);
            rest -= n;
        }
    }

    /// Computes where everything goes; the end of it.
    fn place_all(&mut self) -> u64 {
        let mut to = u64::from(YOUNG_END);
        self.to = self
            .bits
            .iter()
            .map(|bits| {
                let here = to as u32;
                to += u64::from(bits.count_ones() * GRAIN_BYTES);
                here
            })
            .collect();
        to
    }

    /// Where a marked object goes.
    #[inline]
    fn forward(&self, object: u32) -> u32 {
        let (word, bit) = Marks::place(object);
        let before = self.bits[word] & ((1 << bit) - 1);
        self.to[word] + before.count_ones() * GRAIN_BYTES
    }
}

/// Whether a reference is to an old object.
#[inline]
fn is_old(reference: u32) -> bool {
    reference & 1 == 0 && reference >= YOUNG_END
}

impl Heap {
    /// Collects the old space; the young one must be empty.
    pub(crate) fn full(&mut self, roots: &mut RootVisitor<'_>, dead: &mut Dead) {
        debug_assert_eq!(self.top, YOUNG_START);
        let mut marks = self.mark(roots);
        self.sweep_old_hosts(&marks, dead);
        let end = marks.place_all();
        let forward = |reference: u32| {
            if is_old(reference) {
                marks.forward(reference)
            } else {
                reference
            }
        };
        roots(&mut |slot| *slot = forward(*slot));
        for object in &mut self.hosts.old {
            *object = forward(*object);
        }
        self.slide(&marks, forward);
        self.old_top = end;
        self.stats.full += 1;
    }

    fn mark(&self, roots: &mut RootVisitor<'_>) -> Marks {
        /// How many objects wait between being announced to the processor and being read: about as many cache misses are
        /// under way at a time. A power of two.
        const AHEAD: usize = 8;
        let mut marks = Marks::new(self.old_bytes());
        // Objects whose start is marked and that are not yet scanned. At most one entry an object: for the smallest half of their
        // bytes, for most a few hundredths.
        let mut gray: Vec<u32> = Vec::new();
        let visit = |marks: &mut Marks, gray: &mut Vec<u32>, reference: u32| {
            if is_old(reference) && marks.set_start(reference) {
                gray.push(reference);
            }
        };
        roots(&mut |slot| visit(&mut marks, &mut gray, *slot));
        let (space, shapes): (&Space, &[Shape]) = (&self.space, &self.shapes);
        // The last objects that were taken from `gray`; 0 where there is none.
        let mut soon = [0; AHEAD];
        let (mut at, mut n_soon) = (0, 0);
        loop {
            let next = gray.pop();
            if let Some(object) = next {
                space.prefetch(object);
                n_soon += 1;
            } else if n_soon == 0 {
                return marks;
            }
            let object = std::mem::replace(&mut soon[at % AHEAD], next.unwrap_or(0));
            at += 1;
            if object == 0 {
                continue;
            }
            n_soon -= 1;
            marks.set(object, self.object_bytes(object));
            Heap::each_ref(shapes, space, object, |at| {
                visit(&mut marks, &mut gray, space.load(at));
            });
        }
    }

    /// Replaces the references in every live object and moves it. Objects go to where earlier ones were, never to a later one.
    fn slide(&self, marks: &Marks, forward: impl Fn(u32) -> u32) {
        let (space, shapes): (&Space, &[Shape]) = (&self.space, &self.shapes);
        // The grain that the walk has reached.
        let mut grain: u64 = 0;
        let mut to = YOUNG_END;
        loop {
            let word = (grain / 64) as usize;
            let Some(bits) = marks.bits.get(word) else {
                break;
            };
            let ahead = bits & (u64::MAX << (grain % 64));
            if ahead == 0 {
                grain = (grain / 64 + 1) * 64;
                continue;
            }
            grain = (grain / 64) * 64 + u64::from(ahead.trailing_zeros());
            let object = YOUNG_END + grain as u32 * GRAIN_BYTES;
            let bytes = self.object_bytes(object);
            Heap::each_ref(shapes, space, object, |at| {
                let old = space.load(at);
                let new = forward(old);
                if new != old {
                    space.store(at, new);
                }
            });
            if object != to {
                space.copy(object, to, bytes);
            }
            to = to.wrapping_add(bytes as u32);
            grain += bytes / u64::from(GRAIN_BYTES);
        }
    }

    fn sweep_old_hosts(&mut self, marks: &Marks, dead: &mut Dead) {
        for object in std::mem::take(&mut self.hosts.old) {
            if marks.is_set(object) {
                self.hosts.old.push(object);
            } else {
                dead.extend(self.hosts.remove(self.space.load(object + HOST_VALUE)));
            }
        }
    }
}
