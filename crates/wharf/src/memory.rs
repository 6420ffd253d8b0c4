//! Linear memories as the host sees them.

use crate::{AsContext, AsContextMut, Result, SharedMemory, StoreContext, StoreContextMut};
use module::MemoryType;
use runtime::MemoryHandle;
use std::fmt;

/// A linear memory of a store.
///
/// ```
/// use wharf::{Engine, Memory, MemoryType, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let memory = Memory::new(&mut store, MemoryType::new(1, Some(2)))?;
/// memory.write(&mut store, 10, b"hello")?;
/// assert_eq!(&memory.data(&store)?[10..15], b"hello");
/// assert_eq!(memory.grow(&mut store, 1)?, 1);
/// assert!(memory.grow(&mut store, 1).is_err());
/// # Ok::<(), wharf::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Memory(pub(crate) MemoryHandle);

/// An access outside a memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryAccessError {
    /// Where the access began, in bytes.
    pub offset: usize,
    /// How many bytes it was for.
    pub bytes: usize,
    /// The size of the memory, in bytes.
    pub memory_bytes: usize,
}

impl fmt::Display for MemoryAccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MemoryAccessError {
            offset,
            bytes,
            memory_bytes,
        } = self;
        write!(
            f,
            "an access to {bytes} bytes at {offset:#x} is outside the memory of {memory_bytes} bytes"
        )
    }
}

impl std::error::Error for MemoryAccessError {}

impl Memory {
    /// A memory that belongs to no instance.
    ///
    /// # Errors
    /// If the type is not possible, or a limit of the store or the machine is reached.
    pub fn new(mut store: impl AsContextMut, ty: MemoryType) -> Result<Memory> {
        Ok(Memory(store.as_context_mut().0.new_memory(ty)?))
    }

    /// A shared memory as one of a store. The same memory is always the same one of the store.
    ///
    /// # Errors
    /// If it was made for another engine, or a limit of the store is reached.
    pub fn from_shared(mut store: impl AsContextMut, memory: &SharedMemory) -> Result<Memory> {
        let store = store.as_context_mut();
        Ok(Memory(store.0.import_shared_memory(&memory.0)?))
    }

    /// The memory for other stores, if it is shared.
    ///
    /// # Errors
    /// If the memory is another store's.
    pub fn as_shared(&self, store: impl AsContext) -> Result<Option<SharedMemory>> {
        let memory = store.as_context().0.shared_memory(self.0)?;
        Ok(memory.map(SharedMemory))
    }

    /// The type of the memory, its present size as minimum.
    ///
    /// # Errors
    /// If the memory is another store's.
    pub fn ty(&self, store: impl AsContext) -> Result<MemoryType> {
        Ok(store.as_context().0.memory_type(self.0)?)
    }

    /// All bytes of the memory.
    ///
    /// # Errors
    /// If the memory is another store's, or shared.
    pub fn data<'a, T: 'static>(&self, store: impl Into<StoreContext<'a, T>>) -> Result<&'a [u8]> {
        Ok(store.into().0.memory_data(self.0)?)
    }

    /// All bytes of the memory, to be written.
    ///
    /// # Errors
    /// If the memory is another store's, or shared.
    pub fn data_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<&'a mut [u8]> {
        Ok(store.into().0.memory_data_mut(self.0)?)
    }

    /// All bytes of the memory, to be written, with the store's data beside them.
    ///
    /// # Errors
    /// If the memory is another store's, or shared.
    pub fn data_and_store_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<(&'a mut [u8], &'a mut T)> {
        Ok(store.into().0.memory_and_data(self.0)?)
    }

    /// Copies bytes out of the memory.
    ///
    /// # Errors
    /// [`MemoryAccessError`] if they do not all lie in it; or if the memory is another store's.
    pub fn read(&self, store: impl AsContext, offset: usize, buffer: &mut [u8]) -> Result<()> {
        let store = store.as_context();
        if let Some(shared) = self.as_shared(StoreContext(store.0))? {
            return shared.read(offset, buffer);
        }
        let data = store.0.memory_data(self.0)?;
        let range = offset..offset.saturating_add(buffer.len());
        let source = data
            .get(range)
            .ok_or_else(|| outside(offset, buffer.len(), data.len()))?;
        buffer.copy_from_slice(source);
        Ok(())
    }

    /// Copies bytes into the memory.
    ///
    /// # Errors
    /// [`MemoryAccessError`] if they do not all fit into it; or if the memory is another store's.
    pub fn write(&self, mut store: impl AsContextMut, offset: usize, bytes: &[u8]) -> Result<()> {
        let store = store.as_context_mut();
        if let Some(shared) = self.as_shared(StoreContext(&*store.0))? {
            return shared.write(offset, bytes);
        }
        let data = store.0.memory_data_mut(self.0)?;
        let (range, size) = (offset..offset.saturating_add(bytes.len()), data.len());
        let target = data
            .get_mut(range)
            .ok_or_else(|| outside(offset, bytes.len(), size))?;
        target.copy_from_slice(bytes);
        Ok(())
    }

    /// The size in pages.
    ///
    /// # Errors
    /// If the memory is another store's.
    pub fn size(&self, store: impl AsContext) -> Result<u64> {
        Ok(self.ty(store)?.minimum)
    }

    /// Grows the memory by `delta` pages and gives its old size in pages.
    ///
    /// # Errors
    /// If the maximum or a limit of the store does not allow the size, or the memory is another store's.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64) -> Result<u64> {
        Ok(store.as_context_mut().0.memory_grow(self.0, delta)?)
    }
}

fn outside(offset: usize, bytes: usize, memory_bytes: usize) -> MemoryAccessError {
    MemoryAccessError {
        offset,
        bytes,
        memory_bytes,
    }
}
