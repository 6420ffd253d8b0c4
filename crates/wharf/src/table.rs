//! Tables as the host sees them.

use crate::{AsContext, AsContextMut, Ref, Result};
use module::TableType;
use runtime::TableHandle;

/// A table of a store.
///
/// ```
/// use wharf::{Engine, Func, Ref, RefType, Store, Table, TableType};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let table = Table::new(&mut store, TableType::new(RefType::FUNCREF, 2, None), Ref::Func(None))?;
/// let func = Func::wrap(&mut store, || 7);
/// table.set(&mut store, 1, Ref::Func(Some(func)))?;
/// assert_eq!(table.get(&store, 1)?, Some(Ref::Func(Some(func))));
/// assert_eq!(table.get(&store, 2)?, None);
/// # Ok::<(), wharf::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Table(pub(crate) TableHandle);

impl Table {
    /// A table that belongs to no instance, filled with `init`.
    ///
    /// # Errors
    /// If `init` is of another type or store, or a limit of the store is reached.
    pub fn new(mut store: impl AsContextMut, ty: TableType, init: Ref) -> Result<Table> {
        Ok(Table(
            store.as_context_mut().0.new_table(ty, init.to_runtime())?,
        ))
    }

    /// The type of the table, its present size as minimum.
    ///
    /// # Errors
    /// If the table is another store's.
    pub fn ty(&self, store: impl AsContext) -> Result<TableType> {
        Ok(store.as_context().0.table_type(self.0)?)
    }

    /// An element, or `None` past the end.
    ///
    /// # Errors
    /// If the table is another store's.
    pub fn get(&self, store: impl AsContext, index: u64) -> Result<Option<Ref>> {
        let element = store.as_context().0.table_get(self.0, index)?;
        Ok(element.map(Ref::from_runtime))
    }

    /// Sets an element.
    ///
    /// # Errors
    /// If `index` is past the end, the value is of another type, or a handle is another store's.
    pub fn set(&self, mut store: impl AsContextMut, index: u64, value: Ref) -> Result<()> {
        Ok(store
            .as_context_mut()
            .0
            .table_set(self.0, index, value.to_runtime())?)
    }

    /// The number of elements.
    ///
    /// # Errors
    /// If the table is another store's.
    pub fn size(&self, store: impl AsContext) -> Result<u64> {
        Ok(self.ty(store)?.minimum)
    }

    /// Grows the table by `delta` elements of value `init` and gives its old size.
    ///
    /// # Errors
    /// If the maximum or a limit of the store does not allow the size, `init` is of another type, or a handle is another store's.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64, init: Ref) -> Result<u64> {
        Ok(store
            .as_context_mut()
            .0
            .table_grow(self.0, delta, init.to_runtime())?)
    }
}
