//! Values of the host that guests hold as `externref`: objects of the heap, dropped when the collector finds them dead.
//!
//! Apart because dropping them runs code of the embedder, at a moment that a guest chooses.

use crate::{AnyHandle, Error, ExternHandle, StoreCore};
use abi::gc::ARRAY_ELEMENTS;
use gc::HostValue;
use std::panic::{AssertUnwindSafe, catch_unwind};

impl StoreCore {
    /// Makes a value of the host that guests can hold. It is dropped when nothing refers to it any more.
    ///
    /// # Errors
    /// If the heap is full.
    pub fn new_extern(&mut self, value: HostValue) -> Result<ExternHandle, Error> {
        self.heap_or_make()?;
        let mut value = Some(value);
        let mut attempt = |heap: &mut gc::Heap| {
            let outcome = heap.alloc_host(value.take()?);
            outcome.map_err(|back| value = Some(back)).ok()
        };
        let object = match self.alloc(&mut attempt) {
            Some(object) => object,
            None => {
                self.make_room(u64::from(ARRAY_ELEMENTS))?;
                self.alloc(&mut attempt).expect("room was made")
            }
        };
        Ok(ExternHandle(self.any_handle(object)))
    }

    /// The host's value behind a handle; `None` if what it refers to is none, but an object that a guest made external.
    ///
    /// # Errors
    /// If the handle is another store's, or no longer valid.
    pub fn extern_value(&self, handle: AnyHandle) -> Result<Option<&HostValue>, Error> {
        let reference = self.any_reference(handle)?;
        if reference & 1 != 0 {
            return Ok(None);
        }
        Ok(self.heap().host(reference))
    }

    /// As [`extern_value`](Self::extern_value), to be changed.
    ///
    /// # Errors
    /// If the handle is another store's, or no longer valid.
    pub fn extern_value_mut(&mut self, handle: AnyHandle) -> Result<Option<&mut HostValue>, Error> {
        let reference = self.any_reference(handle)?;
        if reference & 1 != 0 {
            return Ok(None);
        }
        Ok(self.heap_mut().host_mut(reference))
    }
}

/// Drops values of the host whose objects died. They cannot reach the store, which is held by whoever collects. What they panic
/// with has been told by the panic hook and goes no further, since a guest may be waiting for the collection.
pub(crate) fn drop_dead(dead: Vec<HostValue>) {
    for value in dead {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
            // The payload's own drop could panic again.
            std::mem::forget(payload);
        }
    }
}
