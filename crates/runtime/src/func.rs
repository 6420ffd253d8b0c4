//! Functions of a store: their entries, which references point to, and what lies behind them.

use crate::handle::StoreId;
use crate::host::HostPart;
use crate::vm::FuncRef;
use crate::{Error, InstanceId, StoreCore};
use module::{FuncIdx, FuncType, HeapType, TypeIdx, TypeKind};
use std::ptr::NonNull;

/// A function of a store.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FuncHandle {
    pub(crate) store: StoreId,
    pub(crate) index: u32,
}

impl FuncHandle {
    /// The store that the handle belongs to.
    pub fn store(self) -> StoreId {
        self.store
    }
}

/// What a function of a store is.
pub(crate) enum FuncKind {
    /// Defined by an instance.
    Wasm { instance: InstanceId, func: FuncIdx },
    /// Given by the host.
    Host(HostPart),
}

/// A function of a store with its entry.
pub(crate) struct FuncEntity {
    /// Where references point to: in the vmctx of the defining instance, or in the host part.
    pub(crate) func_ref: NonNull<FuncRef>,
    pub(crate) kind: FuncKind,
}

// SAFETY: the entry belongs to the store as the entity does; access needs the store.
unsafe impl Send for FuncEntity {}
// SAFETY: as above.
unsafe impl Sync for FuncEntity {}

impl StoreCore {
    /// The function behind a handle.
    ///
    /// # Errors
    /// If the handle is another store's.
    pub(crate) fn func(&self, handle: FuncHandle) -> Result<&FuncEntity, Error> {
        self.check_store(handle.store, "function")?;
        Ok(&self.funcs[handle.index as usize])
    }

    pub(crate) fn func_handle(&self, index: u32) -> FuncHandle {
        FuncHandle {
            store: self.id,
            index,
        }
    }

    /// The type of a function.
    ///
    /// # Errors
    /// If the handle is another store's.
    pub fn func_type(&self, handle: FuncHandle) -> Result<FuncType, Error> {
        let ty = self.func_type_id(handle)?;
        Ok(self.engine.types().func(ty))
    }

    /// The defined type of a function.
    ///
    /// # Errors
    /// If the handle is another store's.
    pub fn func_heap_type(&self, handle: FuncHandle) -> Result<HeapType, Error> {
        let number = TypeIdx(self.func_type_id(handle)?);
        Ok(HeapType::Concrete(TypeKind::Func, number))
    }

    /// The canonical number of a function's type.
    pub(crate) fn func_type_id(&self, handle: FuncHandle) -> Result<u32, Error> {
        let func = self.func(handle)?;
        // SAFETY: entries live as long as the store that holds the entity.
        Ok(unsafe { func.func_ref.as_ref() }.ty)
    }

    /// The bits that stand for a function reference in tables, globals and slots of this store.
    ///
    /// Compiled code holds the entry's address; under an interpreter, which follows no pointers, it is the number plus one.
    pub(crate) fn func_bits(&self, index: u32) -> u64 {
        if self.engine.compiles() {
            self.funcs[index as usize].func_ref.as_ptr() as u64
        } else {
            u64::from(index) + 1
        }
    }

    /// The function that reference bits stand for, or `None` for null.
    ///
    /// # Safety
    /// `bits` come from a slot, table or global of this store that holds a function reference.
    pub(crate) unsafe fn func_from_bits(&self, bits: u64) -> Option<FuncHandle> {
        if bits == 0 {
            return None;
        }
        let index = if self.engine.compiles() {
            // SAFETY: by the caller's promise these are the address of a function entry of this store.
            unsafe { (*(bits as *const FuncRef)).func }
        } else {
            u32::try_from(bits - 1).expect("function bits are a number under an interpreter")
        };
        Some(self.func_handle(index))
    }
}
