//! Memories that several stores share.

use crate::{Engine, MemoryAccessError, Result};
use module::MemoryType;

/// A linear memory that guests of several stores use at once, each on a thread of its own.
///
/// Clones are the same memory. Give it to modules with [`Linker::define_shared_memory`](crate::Linker::define_shared_memory),
/// or make it one of a store with [`Memory::from_shared`](crate::Memory::from_shared). No reference to its bytes can be had,
/// since other threads may be writing them: they are copied.
///
/// ```
/// use wharf::{Engine, Linker, MemoryType, Module, SharedMemory, Store};
///
/// let engine = Engine::default();
/// let memory = SharedMemory::new(&engine, MemoryType { shared: true, ..MemoryType::new(1, Some(1)) })?;
/// let module = Module::new(&engine, r#"(module
///     (import "env" "memory" (memory 1 1 shared))
///     (func (export "count") (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))))"#)?;
/// let mut linker = Linker::new(&engine);
/// linker.define_shared_memory("env", "memory", &memory)?;
/// std::thread::scope(|scope| {
///     for _ in 0..3 {
///         scope.spawn(|| {
///             let mut store = Store::new(&engine, ());
///             let instance = linker.instantiate(&mut store, &module)?;
///             instance.get_typed_func::<(), ()>(&mut store, "count")?.call(&mut store, ())
///         });
///     }
/// });
/// let mut count = [0; 4];
/// memory.read(0, &mut count)?;
/// assert_eq!(u32::from_le_bytes(count), 3);
/// # Ok::<(), wharf::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SharedMemory(pub(crate) runtime::SharedMemory);

impl SharedMemory {
    /// A memory of zeros for stores of this engine. Its type must be shared, and so have a maximum.
    ///
    /// # Errors
    /// If the type is not possible, or the machine has no room.
    pub fn new(engine: &Engine, ty: MemoryType) -> Result<SharedMemory> {
        Ok(SharedMemory(runtime::SharedMemory::new(engine.core(), ty)?))
    }

    /// The type of the memory, its present size as minimum.
    pub fn ty(&self) -> MemoryType {
        self.0.ty()
    }

    /// The size in bytes. It never shrinks.
    pub fn bytes(&self) -> u64 {
        self.0.bytes()
    }

    /// Copies bytes out of the memory. Of what guests write meanwhile, each byte may be old or new.
    ///
    /// # Errors
    /// [`MemoryAccessError`] if they do not all lie in it.
    pub fn read(&self, offset: usize, buffer: &mut [u8]) -> Result<()> {
        if self.0.read(offset as u64, buffer) {
            Ok(())
        } else {
            Err(self.outside(offset, buffer.len()).into())
        }
    }

    /// Copies bytes into the memory.
    ///
    /// # Errors
    /// [`MemoryAccessError`] if they do not all fit into it.
    pub fn write(&self, offset: usize, bytes: &[u8]) -> Result<()> {
        if self.0.write(offset as u64, bytes) {
            Ok(())
        } else {
            Err(self.outside(offset, bytes.len()).into())
        }
    }

    /// Grows the memory by `delta` pages and gives its old size in pages; `None` if the type or the machine does not allow it.
    pub fn grow(&self, delta: u64) -> Option<u64> {
        self.0.grow(delta)
    }

    /// Whether both are the same memory.
    pub fn same(a: &SharedMemory, b: &SharedMemory) -> bool {
        a.0.is_same(&b.0)
    }

    fn outside(&self, offset: usize, bytes: usize) -> MemoryAccessError {
        MemoryAccessError {
            offset,
            bytes,
            memory_bytes: self.bytes() as usize,
        }
    }
}
