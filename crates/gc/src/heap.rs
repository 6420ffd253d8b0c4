//! The heap: its spaces, allocation, and when to collect. Apart from the two collections, which it calls.

use crate::host::{HostValue, Hosts};
use crate::shape::{Kind, Shape};
use crate::space::Space;
use crate::stats::Stats;
use abi::gc::{
    self, ARRAY_ELEMENTS, ARRAY_LEN, HOST_TYPE, HOST_VALUE, INFO_REMEMBERED, KIND_HOST,
    OBJECT_INFO, YOUNG_END, YOUNG_START,
};
use std::io;
use std::time::Instant;

/// As the contract says, in the heap's words.
const YOUNG_OBJECT_BYTES_MAX: u64 = gc::YOUNG_OBJECT_BYTES_MAX as u64;
/// The young space begins with this and grows while much of it survives.
const YOUNG_BYTES_FIRST: u64 = 1 << 20;
/// The old space may grow to this before the first full collection.
const OLD_BYTES_FIRST: u64 = 32 << 20;
/// How often stress collects the old space: every so many collections.
const STRESS_FULL_EVERY: u64 = 8;

/// Calls the function with every root slot of the heap: each holds a reference, which a collection may replace.
pub type RootVisitor<'a> = dyn FnMut(&mut dyn FnMut(&mut u32)) + 'a;

/// Host values whose objects died, to be dropped by whoever may run foreign code.
pub type Dead = Vec<HostValue>;

/// The heap cannot hold what was asked for, even after a full collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted;

/// How a heap behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeapSettings {
    /// Bytes that young and old space may have together.
    pub bytes_max: u64,
    /// Collect at every allocation: finds references that the collector was not told of.
    pub stress: bool,
}

/// A heap of objects for one store.
///
/// **Invariant:** between calls, every object of the spaces has a type whose [`Shape`] is known, and every reference in an object
/// is null, an i31 or an object; every old object that refers to a young one is in the remembered set.
#[derive(Debug)]
pub struct Heap {
    pub(crate) space: Space,
    pub(crate) shapes: Vec<Shape>,
    /// The next young object.
    pub(crate) top: u32,
    /// One past the last byte of the young space in use: where it begins while the old objects alone are more than the limit.
    pub(crate) end: u32,
    /// Bytes of the young space when it is in use.
    young_bytes: u32,
    /// One past the last old object.
    pub(crate) old_top: u64,
    /// A full collection follows when the old space has more bytes than this.
    old_bytes_due: u64,
    /// Bytes of old objects that the limit allows.
    old_bytes_max: u64,
    young_bytes_max: u64,
    pub(crate) remembered: Vec<u32>,
    pub(crate) hosts: Hosts,
    pub(crate) stats: Stats,
    stress: bool,
    /// Under stress: the collection for the next allocation has been made.
    granted: bool,
}

impl Heap {
    /// Reserves a heap.
    ///
    /// # Errors
    /// If the process has no address space or memory left.
    pub fn new(settings: HeapSettings) -> io::Result<Heap> {
        let bytes_max = settings.bytes_max.min(1 << 32);
        let young_bytes_max = (bytes_max / 4)
            .clamp(1 << 16, u64::from(YOUNG_END - YOUNG_START))
            .next_multiple_of(1 << 16);
        // Whatever is young may survive all at once: there is always room for it beyond the limit. Even then all objects end below
        // 4 GiB, so that 32 bits can say where.
        let old_bytes_max = bytes_max
            .saturating_sub(young_bytes_max)
            .min((1 << 32) - (1 << 16) - u64::from(YOUNG_END) - young_bytes_max);
        let mut heap = Heap {
            space: Space::new()?,
            shapes: Vec::new(),
            top: YOUNG_START,
            end: YOUNG_START,
            young_bytes: 0,
            old_top: u64::from(YOUNG_END),
            old_bytes_due: OLD_BYTES_FIRST,
            old_bytes_max,
            young_bytes_max,
            remembered: Vec::new(),
            hosts: Hosts::default(),
            stats: Stats::default(),
            stress: settings.stress,
            granted: false,
        };
        heap.set_shape(HOST_TYPE, Shape::fixed(KIND_HOST, 16, &[]));
        let young_bytes = YOUNG_BYTES_FIRST.min(young_bytes_max) as u32;
        heap.set_young(young_bytes)?;
        heap.open_or_close_young();
        Ok(heap)
    }

    /// Says how objects of a type look. To be called before the first object of the type is made, and not again with another.
    pub fn set_shape(&mut self, ty: u32, shape: Shape) {
        let at = ty as usize;
        if self.shapes.len() <= at {
            self.shapes.resize(at + 1, Shape::NONE);
        }
        self.shapes[at] = shape;
    }

    /// Whether it is known how objects of a type look.
    pub fn has_shape(&self, ty: u32) -> bool {
        let shape = self.shapes.get(ty as usize);
        shape.is_some_and(|shape| *shape != Shape::NONE)
    }

    /// The address of offset zero: what compiled code adds references to.
    pub fn base(&self) -> *mut u8 {
        self.space.base()
    }

    /// The offset of the next young object.
    #[inline]
    pub fn top(&self) -> u32 {
        self.top
    }

    /// One past the last offset for young objects: compiled code allocates while the object ends here or before. Under stress
    /// this is where the space begins, so that it never does.
    #[inline]
    pub fn end(&self) -> u32 {
        if self.stress { YOUNG_START } else { self.end }
    }

    /// Tells that compiled code allocated up to `top`.
    ///
    /// # Panics
    /// If that is not in the young space, or before what was allocated.
    #[inline]
    pub fn set_top(&mut self, top: u32) {
        assert!(
            (self.top..=self.end).contains(&top) && top.is_multiple_of(8),
            "the young space was left at {top:#x}"
        );
        self.top = top;
    }

    /// Bytes of objects, dead ones included.
    pub fn used_bytes(&self) -> u64 {
        u64::from(self.top - YOUNG_START) + self.old_bytes()
    }

    /// Bytes of an object that the heap could hold if it held nothing else.
    pub fn object_bytes_max(&self) -> u64 {
        self.old_bytes_max.max(YOUNG_OBJECT_BYTES_MAX)
    }

    /// What the collector did so far.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Makes an object of a fixed size, all zeros behind its header. `None`: [`make_room`](Self::make_room) first.
    #[inline]
    pub fn alloc(&mut self, ty: u32) -> Option<u32> {
        let bytes = self.shapes[ty as usize].bytes(0);
        self.alloc_bytes(ty, bytes)
    }

    /// Makes an array, all zeros. `None`: [`make_room`](Self::make_room) for [`array_bytes`](Self::array_bytes) first.
    pub fn alloc_array(&mut self, ty: u32, len: u32) -> Option<u32> {
        let bytes = self.array_bytes(ty, len);
        let object = self.alloc_bytes(ty, bytes)?;
        self.space.store(object + ARRAY_LEN, len);
        Some(object)
    }

    /// Bytes of an array of this type with `len` elements.
    pub fn array_bytes(&self, ty: u32, len: u32) -> u64 {
        self.shapes[ty as usize].bytes(len)
    }

    /// Makes an object of `bytes`, which must be what its type and length say, all zeros behind its header. Old objects made here
    /// are in the remembered set if their type has references, so that their first stores need no barrier.
    #[inline]
    pub fn alloc_bytes(&mut self, ty: u32, bytes: u64) -> Option<u32> {
        if self.stress && !std::mem::take(&mut self.granted) {
            return None;
        }
        if bytes > YOUNG_OBJECT_BYTES_MAX {
            return self.alloc_old(ty, bytes);
        }
        let bytes = bytes.next_multiple_of(8) as u32;
        if self.end - self.top < bytes {
            return None;
        }
        let object = self.top;
        self.top += bytes;
        self.space.zero(object, u64::from(bytes));
        self.space.store(object, ty);
        let info = self.shapes[ty as usize].info;
        self.space.store(object + OBJECT_INFO, info);
        Some(object)
    }

    fn alloc_old(&mut self, ty: u32, bytes: u64) -> Option<u32> {
        let bytes = bytes.checked_next_multiple_of(8)?;
        let due = self.old_bytes_due.min(self.old_bytes_max);
        if bytes > due.saturating_sub(self.old_bytes()) {
            return None;
        }
        self.space.open_old(self.old_top + bytes).ok()?;
        let object = u32::try_from(self.old_top).ok()?;
        self.old_top += bytes;
        self.space.zero(object, bytes);
        self.space.store(object, ty);
        let info = self.shapes[ty as usize].info;
        self.space.store(object + OBJECT_INFO, info);
        if self.shapes[ty as usize].has_refs() {
            self.remember(object);
        }
        Some(object)
    }

    /// Makes an object that stands for a value of the host.
    ///
    /// # Errors
    /// The value, if there is no room.
    pub fn alloc_host(&mut self, value: HostValue) -> Result<u32, HostValue> {
        let Some(object) = self.alloc(HOST_TYPE) else {
            return Err(value);
        };
        let index = self.hosts.insert(value);
        self.space.store(object + HOST_VALUE, index);
        self.hosts.young.push(object);
        Ok(object)
    }

    /// The value that an object stands for; `None` if it stands for none.
    pub fn host(&self, object: u32) -> Option<&HostValue> {
        self.hosts.get(self.host_index(object)?)
    }

    /// As [`host`](Self::host), to be changed.
    pub fn host_mut(&mut self, object: u32) -> Option<&mut HostValue> {
        self.hosts.get_mut(self.host_index(object)?)
    }

    fn host_index(&self, object: u32) -> Option<u32> {
        (self.type_of(object)? == HOST_TYPE).then(|| self.space.load(object + HOST_VALUE))
    }

    /// The write barrier's slow half: `object` is old and may refer to young objects from now on.
    #[inline]
    pub fn remember(&mut self, object: u32) {
        let flags = self.space.load(object + OBJECT_INFO);
        if flags & INFO_REMEMBERED == 0 {
            self.space
                .store(object + OBJECT_INFO, flags | INFO_REMEMBERED);
            self.remembered.push(object);
        }
    }

    /// Collects so that an object of `bytes` can be made next. The values of the host that died are added to `dead`.
    ///
    /// # Errors
    /// If there is no room for it.
    pub fn make_room(
        &mut self,
        bytes: u64,
        roots: &mut RootVisitor<'_>,
        dead: &mut Dead,
    ) -> Result<(), Exhausted> {
        let started = Instant::now();
        let bytes_old = if bytes > YOUNG_OBJECT_BYTES_MAX {
            bytes
        } else {
            0
        };
        if bytes_old > self.old_bytes_max {
            return Err(Exhausted);
        }
        self.minor(roots, dead)?;
        let due = self.old_bytes() + bytes_old > self.old_bytes_due.min(self.old_bytes_max);
        if due || (self.stress && self.stats.minor.is_multiple_of(STRESS_FULL_EVERY)) {
            self.full(roots, dead);
            self.plan(bytes_old);
            if cfg!(debug_assertions) && self.stress {
                self.verify().unwrap_or_else(|fault| panic!("{fault}"));
            }
        }
        self.open_or_close_young();
        self.stats.pause(started);
        self.granted = true;
        if self.old_bytes() + bytes_old > self.old_bytes_max
            || u64::from(self.end - self.top) < bytes.min(YOUNG_OBJECT_BYTES_MAX)
            || self.space.open_old(self.old_top + bytes_old).is_err()
        {
            return Err(Exhausted);
        }
        Ok(())
    }

    /// Collects everything that nothing refers to. The values of the host that died are added to `dead`.
    ///
    /// # Errors
    /// If the system has no memory for what the young space holds.
    pub fn collect(
        &mut self,
        roots: &mut RootVisitor<'_>,
        dead: &mut Dead,
    ) -> Result<(), Exhausted> {
        let started = Instant::now();
        self.minor(roots, dead)?;
        self.full(roots, dead);
        self.plan(0);
        self.open_or_close_young();
        self.stats.pause(started);
        Ok(())
    }

    pub(crate) fn old_bytes(&self) -> u64 {
        self.old_top - u64::from(YOUNG_END)
    }

    /// After a full collection: how much may be allocated before the next, and what memory to keep.
    fn plan(&mut self, bytes_next: u64) {
        let live = self.old_bytes() + bytes_next;
        self.old_bytes_due = (live * 2).max(OLD_BYTES_FIRST);
        // What will be used before the next collection is not given back only to be asked for again.
        let keep = u64::from(YOUNG_END) + self.old_bytes_due;
        self.space.close_old(keep.max(self.old_top));
    }

    /// Lets the emptied young space grow if much of it survived, or collecting read much besides: collecting later costs less then.
    pub(crate) fn resize_young(&mut self, survived: u64) {
        let bytes = u64::from(self.young_bytes);
        if survived > bytes / 8 && bytes < self.young_bytes_max {
            let bytes = (bytes * 2).min(self.young_bytes_max) as u32;
            // Without memory the space stays as it is.
            let _ = self.set_young(bytes);
        }
    }

    fn set_young(&mut self, bytes: u32) -> io::Result<()> {
        self.space.open_young(YOUNG_START + bytes)?;
        self.young_bytes = bytes;
        Ok(())
    }

    /// After a collection: closes the young space while the limit does not allow all that is in the old one. Otherwise whoever
    /// is told that the heap is exhausted could go on and get as much again, and again.
    fn open_or_close_young(&mut self) {
        debug_assert_eq!(self.top, YOUNG_START);
        let is_full = self.old_bytes() > self.old_bytes_max;
        self.end = YOUNG_START + if is_full { 0 } else { self.young_bytes };
    }

    /// Bytes of the object at `object`.
    #[inline]
    pub(crate) fn object_bytes(&self, object: u32) -> u64 {
        let shape = &self.shapes[self.space.load(object) as usize];
        match shape.kind {
            Kind::Struct { bytes, .. } => u64::from(bytes),
            Kind::Array { .. } => shape.bytes(self.space.load(object + 8)),
            _ => shape.bytes(0),
        }
    }

    /// Calls the function with the place of every reference in an object.
    #[inline]
    pub(crate) fn each_ref(
        shapes: &[Shape],
        space: &Space,
        object: u32,
        mut visit: impl FnMut(u32),
    ) {
        match &shapes[space.load(object) as usize].kind {
            Kind::Struct { refs, .. } => {
                let mut refs = *refs;
                while refs != 0 {
                    visit(object + 8 + refs.trailing_zeros() * 4);
                    refs &= refs - 1;
                }
            }
            Kind::Array { refs: true, .. } => {
                let len = space.load(object + 8);
                for i in 0..len {
                    visit(object + ARRAY_ELEMENTS + i * 4);
                }
            }
            Kind::Wide { refs, .. } => refs.iter().for_each(|at| visit(object + at)),
            Kind::None | Kind::Array { refs: false, .. } => {}
        }
    }
}
