//! Values of the host that guests can hold.

use crate::{AnyRef, AsContext, AsContextMut, GcRef, Result, StoreContext, StoreContextMut};
use runtime::{AnyHandle, ExternHandle};
use std::any::Any;

/// A value of the host that guests can hold and pass around but not look into: `(ref extern)`.
///
/// The value is dropped when the collector finds that nothing refers to it any more: no guest, no reference of the host that is
/// valid (see [`GcRef`]), no table and no global; at the latest with its store. Its drop runs in the middle of an allocation or
/// of [`Store::gc`](crate::Store::gc); a panic of it goes no further than the panic hook.
///
/// A guest can also make a reference of its own external; such an `ExternRef` has no value of the host.
///
/// ```
/// use wharf::{Engine, ExternRef, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let greeting = ExternRef::new(&mut store, "hello".to_string())?;
/// let value = greeting.data(&store)?.expect("a value of the host");
/// assert_eq!(value.downcast_ref::<String>().unwrap(), "hello");
/// # Ok::<(), wharf::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ExternRef(pub(crate) ExternHandle);

impl ExternRef {
    /// Puts a value into the store.
    ///
    /// # Errors
    /// If the store's heap is full.
    pub fn new(mut store: impl AsContextMut, value: impl Any + Send + Sync) -> Result<ExternRef> {
        let value = store.as_context_mut().0.new_extern(Box::new(value))?;
        Ok(ExternRef(value))
    }

    /// The external reference to what an internal one refers to (specification: `extern.convert_any`).
    pub fn convert_any(value: impl Into<AnyRef>) -> ExternRef {
        ExternRef(ExternHandle(value.into().0))
    }

    /// The value; `None` if it is no value of the host, but a reference that a guest made external.
    ///
    /// # Errors
    /// If the reference is another store's, or no longer valid.
    pub fn data<'a, T: 'static>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> Result<Option<&'a (dyn Any + Send + Sync)>> {
        let value = store.into().0.extern_value(self.handle())?;
        Ok(value.map(|value| &**value))
    }

    /// As [`data`](Self::data), to be changed.
    ///
    /// # Errors
    /// If the reference is another store's, or no longer valid.
    pub fn data_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<Option<&'a mut (dyn Any + Send + Sync)>> {
        let value = store.into().0.extern_value_mut(self.handle())?;
        Ok(value.map(|value| &mut **value))
    }

    /// Whether both refer to the same value of the host, or the same object.
    ///
    /// # Errors
    /// If a reference is another store's, or no longer valid.
    pub fn ref_eq(&self, store: impl AsContext, other: ExternRef) -> Result<bool> {
        Ok(store.as_context().0.ref_eq(self.handle(), other.handle())?)
    }
}

impl GcRef for ExternRef {
    fn handle(self) -> AnyHandle {
        self.0.0
    }

    fn from_handle(handle: AnyHandle) -> ExternRef {
        ExternRef(ExternHandle(handle))
    }
}
