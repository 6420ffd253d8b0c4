//! Tags, and the exceptions that are thrown with them.

use crate::{AsContext, AsContextMut, GcRef, Result, Val};
use module::{FuncType, ValType};
use runtime::{AnyHandle, ExnHandle, TagHandle};
use std::fmt;

/// A tag of a store: what tells exceptions apart, and says what they carry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Tag(pub(crate) TagHandle);

impl Tag {
    /// A tag that belongs to no instance, for exceptions that carry values of these types.
    ///
    /// # Errors
    /// If the engine would hold too many types.
    pub fn new(mut store: impl AsContextMut, params: &[ValType]) -> Result<Tag> {
        Ok(Tag(store.as_context_mut().0.new_tag(params)?))
    }

    /// The type of the tag: its parameters are what exceptions carry.
    ///
    /// # Errors
    /// If the tag is another store's.
    pub fn ty(&self, store: impl AsContext) -> Result<FuncType> {
        Ok(store.as_context().0.tag_type(self.0)?)
    }
}

/// An exception: a tag and the values that it carries.
///
/// A host function throws one by returning it as its error; one that no guest catches is the error of the call. The store keeps
/// what it carries until it is dropped.
pub struct Exception(pub(crate) runtime::Exception);

impl Exception {
    /// An exception with these values.
    ///
    /// # Errors
    /// If the values do not fit the tag, something is another store's, or the store's heap is full.
    pub fn new(mut store: impl AsContextMut, tag: Tag, values: &[Val]) -> Result<Exception> {
        let values: Vec<runtime::Val> = values.iter().map(|value| value.to_runtime()).collect();
        let store = store.as_context_mut();
        Ok(Exception(store.0.new_exception(tag.0, &values)?))
    }

    /// The tag.
    pub fn tag(&self) -> Tag {
        Tag(self.0.tag())
    }

    /// The values that the exception carries.
    ///
    /// # Errors
    /// If the exception is another store's.
    pub fn values(&self, store: impl AsContext) -> Result<Vec<Val>> {
        let values = store.as_context().0.exception_values(&self.0)?;
        Ok(values.into_iter().map(Val::from_runtime).collect())
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A reference to an exception that a guest caught. For how long it is valid see [`GcRef`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ExnRef(pub(crate) ExnHandle);

impl ExnRef {
    /// The exception.
    ///
    /// # Errors
    /// If the reference is another store's, or no longer valid.
    pub fn exception(&self, store: impl AsContext) -> Result<Exception> {
        Ok(Exception(store.as_context().0.exception(self.0)?))
    }
}

impl GcRef for ExnRef {
    fn handle(self) -> AnyHandle {
        self.0.0
    }

    fn from_handle(handle: AnyHandle) -> ExnRef {
        ExnRef(ExnHandle(handle))
    }
}
