//! Linear memories: reserved address space, an accessible part that grows, and a pool that reuses reservations.
//!
//! Memories that [`abi::is_static`] speaks of come from the pool; all others have a reservation of their own, and may move.

mod atomic;
mod copy;
mod dynamic;
mod reset;
mod shared;
mod wait;

use crate::handle::MemoryHandle;
use crate::loaded::InitImage;
use crate::vm::MemoryDef;
use crate::{Error, StoreCore};
use abi::{MEMORY_GUARD_BYTES, STATIC_MEMORY_BYTES};
use module::MemoryType;
use ops::Trap;
use std::ops::Range;
use std::sync::Mutex;
use sys::Reservation;

pub(crate) use reset::InitialContent;
pub use shared::SharedMemory;
pub(crate) use wait::Waiter;

/// Memories of at most this many bytes are cleared by writing zeros when reused; larger ones give their pages back.
const CLEAR_BY_WRITING_BYTES_MAX: usize = 256 << 10;

/// Reservations kept for reuse by one engine at most.
const POOL_MAX: usize = 64;

/// Address space of one memory, with the part that may be accessed.
pub(crate) struct MemorySpace {
    reservation: Reservation,
    accessible: usize,
    /// Whether some pages show an image when given back, so that the space must be remapped to be zero again.
    image: bool,
}

/// Spaces of 32-bit memories that are not in use: making one costs more than clearing one.
#[derive(Default)]
pub(crate) struct MemoryPool {
    free: Mutex<Vec<MemorySpace>>,
}

impl MemoryPool {
    /// A space whose first `bytes` bytes (a multiple of the page size of the host) are accessible and zero.
    pub(crate) fn take(&self, bytes: usize) -> Result<MemorySpace, Error> {
        let pooled = {
            let mut free = self.free.lock().expect("no panic under the lock");
            let same = free.iter().position(|space| space.accessible == bytes);
            same.map(|at| free.swap_remove(at)).or_else(|| free.pop())
        };
        let mut space = match pooled {
            Some(space) => space,
            None => MemorySpace {
                reservation: Reservation::new((STATIC_MEMORY_BYTES + MEMORY_GUARD_BYTES) as usize)
                    .map_err(|error| Error::os("reserve address space for a memory", error))?,
                accessible: 0,
                image: false,
            },
        };
        space.set_accessible(bytes)?;
        Ok(space)
    }

    /// Clears a space and keeps it, or drops it if there are enough or clearing fails.
    pub(crate) fn give_back(&self, mut space: MemorySpace) {
        if self.free.lock().expect("no panic under the lock").len() >= POOL_MAX
            || space.clear().is_err()
        {
            return;
        }
        self.free
            .lock()
            .expect("no panic under the lock")
            .push(space);
    }
}

impl MemorySpace {
    fn set_accessible(&mut self, bytes: usize) -> Result<(), Error> {
        let (from, to) = (self.accessible, bytes);
        if from == to {
            return Ok(());
        }
        // SAFETY: nobody refers to the space between uses, and growth only adds pages behind those in use.
        let result = unsafe {
            if to > from {
                self.reservation.make_accessible(from..to)
            } else {
                self.reservation.make_inaccessible(to..from)
            }
        };
        result.map_err(|error| Error::os("make memory accessible", error))?;
        self.accessible = bytes;
        Ok(())
    }

    fn clear(&mut self) -> std::io::Result<()> {
        let all = 0..self.accessible;
        // SAFETY: the space is out of use, and only its accessible part is written.
        unsafe {
            if self.image {
                self.reservation.remap_zero(all)?;
                self.accessible = 0;
                self.image = false;
            } else if self.accessible <= CLEAR_BY_WRITING_BYTES_MAX {
                self.reservation.as_ptr().write_bytes(0, self.accessible);
            } else {
                self.reservation.decommit(all)?;
            }
        }
        Ok(())
    }
}

/// A memory of a store.
pub(crate) struct MemoryEntity {
    /// What compiled code reads; stays where it is. That of a shared memory is its own, and this one has no bytes.
    def: Box<MemoryDef>,
    /// `None` for shared memories, and while being dropped.
    space: Option<MemorySpace>,
    /// The memory, if other stores may have it too. Then nothing may refer to its bytes.
    shared: Option<SharedMemory>,
    pub(crate) ty: MemoryType,
}

// SAFETY: the address in `def` is that of `space`, which the entity owns; access needs the store.
unsafe impl Send for MemoryEntity {}
// SAFETY: as above.
unsafe impl Sync for MemoryEntity {}

impl MemoryEntity {
    /// The size in bytes.
    pub(crate) fn bytes(&self) -> usize {
        match &self.shared {
            Some(shared) => shared.bytes() as usize,
            None => self.def.bytes as usize,
        }
    }

    /// Where compiled code finds the memory.
    pub(crate) fn def(&self) -> *const MemoryDef {
        match &self.shared {
            Some(shared) => shared.def(),
            None => &*self.def,
        }
    }

    /// The address of the first byte.
    fn base(&self) -> *mut u8 {
        self.def.base
    }

    fn space(&mut self) -> &mut MemorySpace {
        self.space.as_mut().expect("present until dropped")
    }

    /// Gives the address space up for reuse.
    pub(crate) fn retire(mut self, pool: &MemoryPool) {
        if let Some(space) = self.space.take()
            && abi::is_static(&self.ty)
        {
            pool.give_back(space);
        }
    }
}

/// The size up to which memories of a type can grow, whatever the type allows.
fn bytes_max(ty: &MemoryType) -> u64 {
    if ty.memory64 {
        dynamic::MEMORY64_BYTES_MAX
    } else {
        STATIC_MEMORY_BYTES
    }
}

fn to_host_pages(bytes: usize) -> usize {
    bytes.next_multiple_of(sys::page_bytes())
}

impl StoreCore {
    /// Makes a memory, with the image as its first content if one is given.
    pub(crate) fn add_memory(
        &mut self,
        ty: MemoryType,
        image: Option<&InitImage>,
    ) -> Result<u32, Error> {
        if ty.shared {
            return self.new_shared_memory(ty);
        }
        let bytes = u128::from(ty.minimum) << ty.page_size_log2;
        self.check_memory_room(bytes)?;
        let bytes = usize::try_from(bytes)
            .map_err(|_| Error::limit("the memory exceeds the address space"))?;
        if bytes as u64 > bytes_max(&ty) {
            return Err(Error::limit(format!(
                "a memory of {bytes} bytes exceeds the limit of {} bytes for its kind",
                bytes_max(&ty)
            )));
        }
        let accessible = to_host_pages(bytes);
        let mut space = if abi::is_static(&ty) {
            self.engine.memory_pool().take(accessible)?
        } else {
            MemorySpace::dynamic(&ty, accessible)?
        };
        if let Some(image) = image {
            image.write_to(&mut space)?;
        }
        let def = Box::new(MemoryDef {
            base: space.reservation.as_ptr(),
            bytes: bytes as u64,
        });
        self.memory_bytes += bytes as u64;
        self.memories.push(MemoryEntity {
            def,
            space: Some(space),
            ty,
            shared: None,
        });
        Ok(self.memories.len() as u32 - 1)
    }

    /// Whether the limits allow one more memory, of so many bytes.
    fn check_memory_room(&self, bytes: u128) -> Result<(), Error> {
        if self.memories.len() >= self.limits.memories_max as usize {
            return Err(Error::limit(format!(
                "the store may hold {} memories at most",
                self.limits.memories_max
            )));
        }
        let limit = self.limits.memory_bytes_max;
        if bytes + u128::from(self.memory_bytes_in_use()) > u128::from(limit) {
            return Err(Error::limit(format!(
                "a memory of {bytes} bytes exceeds the limit of {limit} bytes for all memories of the store"
            )));
        }
        Ok(())
    }

    /// `memory.grow`: the old size in pages, or `None` if the memory cannot grow so far.
    pub(crate) fn grow_memory(&mut self, index: u32, delta_pages: u64) -> Option<u64> {
        if let Some(shared) = &self.memories[index as usize].shared {
            return self.grow_shared_memory(shared, delta_pages);
        }
        let limit = self.limits.memory_bytes_max;
        let in_use = self.memory_bytes_in_use();
        let memory = &mut self.memories[index as usize];
        let old_pages = memory.def.bytes >> memory.ty.page_size_log2;
        let pages = old_pages.checked_add(delta_pages)?;
        if pages > memory.ty.maximum_pages() {
            return None;
        }
        let bytes = pages.checked_mul(memory.ty.page_bytes())?;
        let added = bytes - memory.def.bytes;
        if bytes > bytes_max(&memory.ty) || in_use.checked_add(added)? > limit {
            return None;
        }
        let accessible = to_host_pages(bytes as usize);
        let moves = self.engine.settings().memories_move && delta_pages > 0;
        memory.make_room(accessible, moves).ok()?;
        memory.def.bytes = bytes;
        self.memory_bytes += added;
        Some(old_pages)
    }

    /// The bytes of a memory; none of a shared one.
    pub(crate) fn memory_slice(&self, index: u32) -> &[u8] {
        let memory = &self.memories[index as usize];
        // SAFETY: that many bytes are accessible; whoever writes them holds the store mutably, so not now.
        unsafe { std::slice::from_raw_parts(memory.def.base, memory.def.bytes as usize) }
    }

    /// The bytes of a memory, to be written; none of a shared one.
    #[inline]
    pub(crate) fn memory_slice_mut(&mut self, index: u32) -> &mut [u8] {
        let memory = &mut self.memories[index as usize];
        // SAFETY: that many bytes are accessible, and the store is held mutably.
        unsafe { std::slice::from_raw_parts_mut(memory.def.base, memory.def.bytes as usize) }
    }

    #[inline]
    fn memory(&self, handle: MemoryHandle) -> Result<&MemoryEntity, Error> {
        self.check_store(handle.store, "memory")?;
        Ok(&self.memories[handle.index as usize])
    }

    /// Makes a memory that belongs to no instance.
    ///
    /// # Errors
    /// If a limit of the store or the machine is reached, or the type is not possible.
    pub fn new_memory(&mut self, ty: MemoryType) -> Result<MemoryHandle, Error> {
        if ty.minimum > ty.maximum_pages() {
            return Err(Error::misuse(format!(
                "a memory of at least {} pages cannot have a maximum of {}",
                ty.minimum,
                ty.maximum_pages()
            )));
        }
        let index = self.add_memory(ty, None)?;
        Ok(MemoryHandle {
            store: self.id,
            index,
        })
    }

    /// The type of a memory, its present size as minimum.
    ///
    /// # Errors
    /// If the handle is another store's.
    pub fn memory_type(&self, handle: MemoryHandle) -> Result<MemoryType, Error> {
        let memory = self.memory(handle)?;
        Ok(MemoryType {
            minimum: memory.bytes() as u64 >> memory.ty.page_size_log2,
            ..memory.ty
        })
    }

    /// The bytes of a memory.
    ///
    /// # Errors
    /// If the handle is another store's, or the memory is shared.
    pub fn memory_data(&self, handle: MemoryHandle) -> Result<&[u8], Error> {
        self.check_unshared(handle)?;
        Ok(self.memory_slice(handle.index))
    }

    /// The bytes of a memory, to be written.
    ///
    /// # Errors
    /// If the handle is another store's, or the memory is shared.
    #[inline]
    pub fn memory_data_mut(&mut self, handle: MemoryHandle) -> Result<&mut [u8], Error> {
        self.check_unshared(handle)?;
        Ok(self.memory_slice_mut(handle.index))
    }

    #[inline]
    fn check_unshared(&self, handle: MemoryHandle) -> Result<(), Error> {
        match self.memory(handle)?.shared {
            None => Ok(()),
            Some(_) => Err(shared_bytes()),
        }
    }

    /// Grows a memory by `delta` pages and gives its old size in pages.
    ///
    /// # Errors
    /// If the handle is another store's, or the maximum or a limit of the store does not allow the size.
    pub fn memory_grow(&mut self, handle: MemoryHandle, delta: u64) -> Result<u64, Error> {
        self.check_store(handle.store, "memory")?;
        self.grow_memory(handle.index, delta)
            .ok_or_else(|| Error::limit(format!("the memory cannot grow by {delta} pages")))
    }

    /// `memory.fill`.
    pub(crate) fn fill_memory(
        &mut self,
        index: u32,
        dst: u64,
        value: u8,
        len: u64,
    ) -> Result<(), Trap> {
        let range = checked_range(dst, len, self.memories[index as usize].bytes())?;
        if self.memories[index as usize].shared.is_some() {
            let base = self.memories[index as usize].base();
            // SAFETY: the range was checked.
            unsafe { copy::fill(base.add(range.start), value, range.len()) };
            return Ok(());
        }
        self.memory_slice_mut(index)[range].fill(value);
        Ok(())
    }

    /// `memory.copy`.
    pub(crate) fn copy_memory(
        &mut self,
        dst: (u32, u64),
        src: (u32, u64),
        len: u64,
    ) -> Result<(), Trap> {
        let to = checked_range(dst.1, len, self.memories[dst.0 as usize].bytes())?;
        let from = checked_range(src.1, len, self.memories[src.0 as usize].bytes())?;
        let is_shared = |index: u32| self.memories[index as usize].shared.is_some();
        if is_shared(dst.0) || is_shared(src.0) {
            let source = self.memories[src.0 as usize].base();
            let target = self.memories[dst.0 as usize].base();
            // SAFETY: both ranges were checked; one of a memory that is not shared is ours alone.
            unsafe {
                copy::copy_across(source.add(from.start), target.add(to.start), from.len());
            }
            return Ok(());
        }
        if dst.0 == src.0 {
            self.memory_slice_mut(dst.0).copy_within(from, to.start);
            return Ok(());
        }
        let source = self.memory_slice(src.0)[from].as_ptr();
        let target = self.memory_slice_mut(dst.0)[to].as_mut_ptr();
        // SAFETY: both ranges were checked, and different memories do not overlap.
        unsafe { std::ptr::copy_nonoverlapping(source, target, len as usize) };
        Ok(())
    }

    /// Copies bytes out.
    pub(crate) fn copy_from_memory(
        &self,
        index: u32,
        src: u64,
        buffer: &mut [u8],
    ) -> Result<(), Trap> {
        let memory = &self.memories[index as usize];
        let from = checked_range(src, buffer.len() as u64, memory.bytes())?;
        // SAFETY: the range was checked; the bytes of a memory that is not shared are only written by who holds the store.
        unsafe { copy::copy_out(memory.base().add(from.start), buffer) };
        Ok(())
    }

    /// `memory.init`, and the copying of active segments.
    pub(crate) fn init_memory(
        &mut self,
        index: u32,
        dst: u64,
        data: &[u8],
        src: u64,
        len: u64,
    ) -> Result<(), Trap> {
        let from = checked_range(src, len, data.len())?;
        let to = checked_range(dst, len, self.memories[index as usize].bytes())?;
        if self.memories[index as usize].shared.is_some() {
            let base = self.memories[index as usize].base();
            // SAFETY: the range was checked.
            unsafe { copy::copy_in(base.add(to.start), &data[from]) };
            return Ok(());
        }
        self.memory_slice_mut(index)[to].copy_from_slice(&data[from]);
        Ok(())
    }
}

#[cold]
fn shared_bytes() -> Error {
    Error::misuse("the bytes of a shared memory cannot be borrowed: read and write copies of them")
}

/// `start..start + len` if that lies within `size`.
fn checked_range(start: u64, len: u64, size: usize) -> Result<Range<usize>, Trap> {
    match start.checked_add(len) {
        Some(end) if end <= size as u64 => Ok(start as usize..end as usize),
        _ => Err(Trap::MemoryOutOfBounds),
    }
}

impl InitImage {
    fn write_to(&self, space: &mut MemorySpace) -> Result<(), Error> {
        debug_assert!(self.offset + self.image.len() <= space.accessible);
        // SAFETY: the space is new and the image lies in its accessible part.
        unsafe { space.reservation.map_image(self.offset, &self.image) }
            .map_err(|error| Error::os("map the initial content of a memory", error))?;
        space.image = true;
        Ok(())
    }
}
