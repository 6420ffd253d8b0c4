//! How long references to objects stay valid on the side of the host: scopes, and references that the host owns.

use crate::{AsContext, AsContextMut, Result, StoreContext, StoreContextMut};
use runtime::{AnyHandle, OwnedHandle};
use std::fmt;
use std::marker::PhantomData;

/// A reference to an object of a store's heap: [`AnyRef`](crate::AnyRef), [`EqRef`](crate::EqRef),
/// [`StructRef`](crate::StructRef), [`ArrayRef`](crate::ArrayRef), [`ExternRef`](crate::ExternRef) or
/// [`ExnRef`](crate::ExnRef).
///
/// Such a reference keeps its object alive, and is valid until the scope ends in which it was got: a call of a host function, or
/// a [`RootScope`]. One got outside of any scope is valid as long as its store. Use beyond that is an error, and so is use with
/// another store. Two references are equal in Rust's sense if one is a copy of the other; whether they are to the same object is
/// what [`AnyRef::ref_eq`](crate::AnyRef::ref_eq) tells.
pub trait GcRef: Copy + 'static {
    #[doc(hidden)]
    fn handle(self) -> AnyHandle;

    #[doc(hidden)]
    fn from_handle(handle: AnyHandle) -> Self;
}

/// A store with a scope: references to objects that are got through it are valid until it is dropped.
///
/// Whoever calls guests in a loop and gets references from them opens one for each round, so that the objects can be collected.
///
/// ```
/// use wharf::{AsContextMut, Engine, ExternRef, RootScope, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let value = {
///     let mut scope = RootScope::new(&mut store);
///     let value = ExternRef::new(&mut scope, 7)?;
///     assert!(value.data(&scope)?.is_some());
///     value
/// };
/// assert!(value.data(&store).is_err());
/// # Ok::<(), wharf::Error>(())
/// ```
pub struct RootScope<C: AsContextMut> {
    store: C,
    scope: usize,
}

impl<C: AsContextMut> RootScope<C> {
    /// Opens a scope in a store.
    pub fn new(mut store: C) -> RootScope<C> {
        let scope = store.as_context_mut().0.open_scope();
        RootScope { store, scope }
    }
}

impl<C: AsContextMut> Drop for RootScope<C> {
    fn drop(&mut self) {
        self.store.as_context_mut().0.close_scope(self.scope);
    }
}

impl<C: AsContextMut> AsContext for RootScope<C> {
    type Data = C::Data;

    fn as_context(&self) -> StoreContext<'_, C::Data> {
        self.store.as_context()
    }
}

impl<C: AsContextMut> AsContextMut for RootScope<C> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, C::Data> {
        self.store.as_context_mut()
    }
}

/// A reference that the host owns: its object lives until the last clone is dropped, whatever scopes end meanwhile.
///
/// A value of the host that owns a reference to an object which refers back to the value is never dropped before its store: the
/// collector does not look into values of the host.
///
/// ```
/// use wharf::{Engine, ExternRef, OwnedRef, RootScope, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let owned = {
///     let mut scope = RootScope::new(&mut store);
///     let value = ExternRef::new(&mut scope, "kept")?;
///     OwnedRef::new(&scope, value)?
/// };
/// store.gc()?;
/// let value: ExternRef = owned.get(&mut store)?;
/// assert_eq!(value.data(&store)?.unwrap().downcast_ref(), Some(&"kept"));
/// # Ok::<(), wharf::Error>(())
/// ```
pub struct OwnedRef<R> {
    handle: OwnedHandle,
    _reference: PhantomData<fn() -> R>,
}

impl<R: GcRef> OwnedRef<R> {
    /// Owns what a reference refers to.
    ///
    /// # Errors
    /// If the reference is another store's, or no longer valid.
    pub fn new(store: impl AsContext, reference: R) -> Result<OwnedRef<R>> {
        Ok(OwnedRef {
            handle: store.as_context().0.own(reference.handle())?,
            _reference: PhantomData,
        })
    }

    /// A reference of the present scope to the same object.
    ///
    /// # Errors
    /// If the owned reference is another store's.
    pub fn get(&self, mut store: impl AsContextMut) -> Result<R> {
        let handle = store.as_context_mut().0.owned(&self.handle)?;
        Ok(R::from_handle(handle))
    }
}

impl<R> Clone for OwnedRef<R> {
    fn clone(&self) -> OwnedRef<R> {
        OwnedRef {
            handle: self.handle.clone(),
            _reference: PhantomData,
        }
    }
}

impl<R> fmt::Debug for OwnedRef<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedRef").finish_non_exhaustive()
    }
}
