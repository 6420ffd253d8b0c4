//! Globals: sixteen-byte cells that compiled code reads and writes directly.

use crate::handle::GlobalHandle;
use crate::vm::GlobalCell;
use crate::{Error, StoreCore, Val};
use abi::Raw;
use module::GlobalType;
use std::ptr::NonNull;

/// A global of a store.
pub(crate) struct GlobalEntity {
    /// In the vmctx of the defining instance, or `own`.
    pub(crate) cell: NonNull<GlobalCell>,
    _own: Option<Box<GlobalCell>>,
    pub(crate) ty: GlobalType,
}

// SAFETY: the cell belongs to the store as the entity does; access needs the store.
unsafe impl Send for GlobalEntity {}
// SAFETY: as above.
unsafe impl Sync for GlobalEntity {}

impl StoreCore {
    /// Makes a global whose cell is at `cell`, or its own if there is none.
    pub(crate) fn add_global(
        &mut self,
        ty: GlobalType,
        value: Raw,
        cell: Option<NonNull<GlobalCell>>,
    ) -> u32 {
        let mut own = cell.is_none().then(|| Box::new(value));
        let cell = cell.unwrap_or_else(|| NonNull::from(&mut **own.as_mut().expect("made above")));
        // SAFETY: the cell lives as long as the store, and no one else refers to it now.
        unsafe { cell.write(value) };
        self.globals.push(GlobalEntity {
            cell,
            _own: own,
            ty,
        });
        self.globals.len() as u32 - 1
    }

    /// The bits of a global.
    pub(crate) fn global_raw(&self, index: u32) -> Raw {
        // SAFETY: the cell lives as long as the store; whoever writes it holds the store mutably, so not now.
        unsafe { self.globals[index as usize].cell.read() }
    }

    /// Sets the bits of a global.
    pub(crate) fn set_global_raw(&mut self, index: u32, value: Raw) {
        // SAFETY: the cell lives as long as the store, which is held mutably.
        unsafe { self.globals[index as usize].cell.write(value) }
    }

    fn global(&self, handle: GlobalHandle) -> Result<&GlobalEntity, Error> {
        self.check_store(handle.store, "global")?;
        Ok(&self.globals[handle.index as usize])
    }

    /// Makes a global that belongs to no instance.
    ///
    /// # Errors
    /// If the value is of another type or store.
    pub fn new_global(&mut self, ty: GlobalType, value: Val) -> Result<GlobalHandle, Error> {
        self.engine.types().check(ty.content)?;
        let raw = self.val_to_raw(value, ty.content)?;
        let index = self.add_global(ty, raw, None);
        Ok(GlobalHandle {
            store: self.id,
            index,
        })
    }

    /// The type of a global.
    ///
    /// # Errors
    /// If the handle is another store's.
    pub fn global_type(&self, handle: GlobalHandle) -> Result<GlobalType, Error> {
        Ok(self.global(handle)?.ty)
    }

    /// The value of a global.
    ///
    /// # Errors
    /// If the handle is another store's.
    pub fn global_get(&self, handle: GlobalHandle) -> Result<Val, Error> {
        let ty = self.global(handle)?.ty.content;
        // SAFETY: the cell holds a value of the global's type.
        Ok(unsafe { self.val_from_raw(self.global_raw(handle.index), ty) })
    }

    /// Sets a global.
    ///
    /// # Errors
    /// If the handle or the value is another store's, the value is of another type, or the global is constant.
    pub fn global_set(&mut self, handle: GlobalHandle, value: Val) -> Result<(), Error> {
        let ty = self.global(handle)?.ty;
        if !ty.mutable {
            return Err(Error::misuse("the global is constant and cannot be set"));
        }
        let raw = self.val_to_raw(value, ty.content)?;
        self.set_global_raw(handle.index, raw);
        Ok(())
    }
}
