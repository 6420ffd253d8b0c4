//! Memories that several stores share, on several threads.
//!
//! Apart because nothing here may be referred to as a slice: guests of other threads read and write at any time. Bytes are
//! copied through atomics, a word at a time where both sides allow it; the space never moves and never shrinks, so an address
//! that was in bounds once stays so.

use super::copy::{copy_in, copy_out};
use super::wait::WaitLot;
use super::{MemoryEntity, MemorySpace, to_host_pages};
use crate::engine::EngineCore;
use crate::handle::MemoryHandle;
use crate::vm::MemoryDef;
use crate::{Error, StoreCore};
use abi::{MEMORY_GUARD_BYTES, MemoryDefLayout, STATIC_MEMORY_BYTES};
use module::MemoryType;
use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use sys::Reservation;

/// Address space for a memory with 64-bit addresses, in bytes at most: it must be reserved at once, whatever the maximum.
const RESERVED_BYTES_MAX: u64 = 64 << 30;

/// A memory that stores of one engine share.
#[derive(Clone)]
pub struct SharedMemory(Arc<SharedSpace>);

/// What is behind all handles of one shared memory.
pub(crate) struct SharedSpace {
    /// What compiled code reads; stays where it is.
    def: SharedDef,
    /// Who grows the memory holds it.
    space: Mutex<Option<MemorySpace>>,
    ty: MemoryType,
    engine: Arc<EngineCore>,
    pub(crate) lot: WaitLot,
}

/// A [`MemoryDef`] whose size others may be reading while it changes.
#[repr(C)]
struct SharedDef {
    base: *mut u8,
    bytes: AtomicU64,
}

const _: () = {
    assert!(std::mem::offset_of!(SharedDef, base) == MemoryDefLayout::BASE as usize);
    assert!(std::mem::offset_of!(SharedDef, bytes) == MemoryDefLayout::BYTES as usize);
    assert!(size_of::<SharedDef>() == MemoryDefLayout::SIZE as usize);
};

// SAFETY: the address in `def` is that of `space`, which lives as long; its bytes are accessed atomically, by guests as the
// memory model of WebAssembly says.
unsafe impl Send for SharedSpace {}
// SAFETY: as above.
unsafe impl Sync for SharedSpace {}

impl SharedMemory {
    /// A memory of this type, all zeros.
    ///
    /// # Errors
    /// If the type is not shared or not possible, or the machine has no room.
    pub fn new(engine: &Arc<EngineCore>, ty: MemoryType) -> Result<SharedMemory, Error> {
        if !ty.shared || ty.maximum.is_none() {
            return Err(Error::misuse(
                "a shared memory needs a shared type with a maximum",
            ));
        }
        if ty.minimum > ty.maximum_pages() {
            return Err(Error::misuse(format!(
                "a memory of at least {} pages cannot have a maximum of {}",
                ty.minimum,
                ty.maximum_pages()
            )));
        }
        let too_large = || Error::limit("the shared memory exceeds the address space for one");
        let bytes_max = ty.maximum_pages().saturating_mul(ty.page_bytes());
        let bytes_max = bytes_max.min(RESERVED_BYTES_MAX);
        let bytes = ty.minimum.checked_mul(ty.page_bytes());
        let bytes = bytes
            .filter(|bytes| *bytes <= bytes_max)
            .ok_or_else(too_large)?;
        let space = if is_pooled(&ty) {
            engine.memory_pool().take(to_host_pages(bytes as usize))?
        } else {
            let reserved = to_host_pages(bytes_max as usize) + MEMORY_GUARD_BYTES as usize;
            let mut space = MemorySpace {
                reservation: Reservation::new(reserved)
                    .map_err(|error| Error::os("reserve address space for a memory", error))?,
                accessible: 0,
                image: false,
            };
            space.set_accessible(to_host_pages(bytes as usize))?;
            space
        };
        Ok(SharedMemory(Arc::new(SharedSpace {
            def: SharedDef {
                base: space.reservation.as_ptr(),
                bytes: AtomicU64::new(bytes),
            },
            space: Mutex::new(Some(space)),
            ty,
            engine: engine.clone(),
            lot: WaitLot::default(),
        })))
    }

    /// The type, its present size as minimum.
    pub fn ty(&self) -> MemoryType {
        MemoryType {
            minimum: self.bytes() >> self.0.ty.page_size_log2,
            ..self.0.ty
        }
    }

    /// The size in bytes; it may have grown when this returns, but never shrinks.
    pub fn bytes(&self) -> u64 {
        self.0.def.bytes.load(Ordering::SeqCst)
    }

    /// Copies bytes out of the memory, if they all lie in it. Bytes that guests write meanwhile may be old or new.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> bool {
        let Some(at) = self.place(offset, buffer.len()) else {
            return false;
        };
        // SAFETY: the range lies in the memory.
        unsafe { copy_out(at, buffer) };
        true
    }

    /// Copies bytes into the memory, if they all fit into it.
    pub fn write(&self, offset: u64, bytes: &[u8]) -> bool {
        let Some(at) = self.place(offset, bytes.len()) else {
            return false;
        };
        // SAFETY: the range lies in the memory.
        unsafe { copy_in(at, bytes) };
        true
    }

    /// Grows the memory by `delta` pages, and gives its old size in pages; `None` if the type or the machine does not allow it.
    pub fn grow(&self, delta: u64) -> Option<u64> {
        self.grow_within(delta, u64::MAX)
    }

    /// Grows the memory if that adds at most so many bytes.
    fn grow_within(&self, delta: u64, added_max: u64) -> Option<u64> {
        let shared = &*self.0;
        let mut space = shared.space.lock().unwrap_or_else(PoisonError::into_inner);
        let space = space.as_mut().expect("present until dropped");
        let old_bytes = self.bytes();
        let old_pages = old_bytes >> shared.ty.page_size_log2;
        let pages = old_pages.checked_add(delta)?;
        if pages > shared.ty.maximum_pages() {
            return None;
        }
        let bytes = pages.checked_mul(shared.ty.page_bytes())?;
        let reserved = space.reservation.len() as u64 - MEMORY_GUARD_BYTES;
        if bytes > reserved || bytes - old_bytes > added_max {
            return None;
        }
        let accessible = to_host_pages(bytes as usize);
        if accessible > space.accessible {
            space.set_accessible(accessible).ok()?;
        }
        shared.def.bytes.store(bytes, Ordering::SeqCst);
        Some(old_pages)
    }

    fn place(&self, offset: u64, bytes: usize) -> Option<*mut u8> {
        let end = offset.checked_add(bytes as u64)?;
        // SAFETY: the range lies in the memory.
        (end <= self.bytes()).then(|| unsafe { self.0.def.base.add(offset as usize) })
    }

    /// Whether two handles are of the same memory.
    pub fn is_same(&self, other: &SharedMemory) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn base(&self) -> *mut u8 {
        self.0.def.base
    }

    pub(super) fn def(&self) -> *const MemoryDef {
        (&raw const self.0.def).cast()
    }

    /// The 4 or 8 bytes at an aligned address in the memory.
    pub(super) fn load(&self, address: u64, bytes: usize) -> u64 {
        let at = self.place(address, bytes).expect("the address was checked");
        // SAFETY: the range lies in the memory and is aligned; guests write it as the memory model of WebAssembly says.
        unsafe {
            match bytes {
                4 => AtomicU32::from_ptr(at.cast()).load(Ordering::SeqCst).into(),
                _ => AtomicU64::from_ptr(at.cast()).load(Ordering::SeqCst),
            }
        }
    }

    pub(super) fn lot(&self) -> &WaitLot {
        &self.0.lot
    }
}

/// Whether spaces for memories of this type are all alike.
fn is_pooled(ty: &MemoryType) -> bool {
    !ty.memory64 && ty.maximum_pages().saturating_mul(ty.page_bytes()) <= STATIC_MEMORY_BYTES
}

impl Drop for SharedSpace {
    fn drop(&mut self) {
        let space = self.space.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(space) = space.take()
            && is_pooled(&self.ty)
        {
            self.engine.memory_pool().give_back(space);
        }
    }
}

impl fmt::Debug for SharedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedMemory({:?})", self.ty())
    }
}

impl StoreCore {
    /// Makes a shared memory known to the store. The same memory always gets the same handle.
    ///
    /// # Errors
    /// If it was made for another engine, or a limit of the store is reached.
    pub fn import_shared_memory(&mut self, memory: &SharedMemory) -> Result<MemoryHandle, Error> {
        if !Arc::ptr_eq(&memory.0.engine, &self.engine) {
            return Err(Error::misuse(
                "the memory was made for another engine than the store",
            ));
        }
        let known = self.memories.iter().position(|known| {
            let known = known.shared.as_ref();
            known.is_some_and(|known| known.is_same(memory))
        });
        let index = match known {
            Some(index) => index as u32,
            None => self.add_shared_memory(memory.clone())?,
        };
        Ok(MemoryHandle {
            store: self.id,
            index,
        })
    }

    /// The memory behind a handle, for other stores, if it is shared.
    ///
    /// # Errors
    /// If the handle is another store's.
    pub fn shared_memory(&self, handle: MemoryHandle) -> Result<Option<SharedMemory>, Error> {
        self.check_store(handle.store, "memory")?;
        Ok(self.memories[handle.index as usize].shared.clone())
    }

    /// Makes a shared memory of the store's own, which others may get.
    pub(super) fn new_shared_memory(&mut self, ty: MemoryType) -> Result<u32, Error> {
        self.check_memory_room(u128::from(ty.minimum) << ty.page_size_log2)?;
        let memory = SharedMemory::new(&self.engine, ty)?;
        self.add_shared_memory(memory)
    }

    fn add_shared_memory(&mut self, memory: SharedMemory) -> Result<u32, Error> {
        self.check_memory_room(memory.bytes().into())?;
        self.memories.push(MemoryEntity {
            // No slice is ever made of a shared memory, so this one has no bytes.
            def: Box::new(MemoryDef {
                base: memory.base(),
                bytes: 0,
            }),
            space: None,
            ty: memory.0.ty,
            shared: Some(memory),
        });
        Ok(self.memories.len() as u32 - 1)
    }

    /// `memory.grow` of a shared memory. Growth by other stores counts against this one's limit when this one grows it.
    pub(super) fn grow_shared_memory(&self, memory: &SharedMemory, delta: u64) -> Option<u64> {
        // Threads that grow shared memories do so by turns, or together they would take the same room twice.
        static TURN: Mutex<()> = Mutex::new(());
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let room = self
            .limits
            .memory_bytes_max
            .saturating_sub(self.memory_bytes_in_use());
        memory.grow_within(delta, room)
    }

    /// Bytes of all memories, those that are shared included.
    pub(super) fn memory_bytes_in_use(&self) -> u64 {
        let shared = self
            .memories
            .iter()
            .filter_map(|memory| memory.shared.as_ref());
        shared.fold(self.memory_bytes, |sum, memory| {
            sum.saturating_add(memory.bytes())
        })
    }
}
