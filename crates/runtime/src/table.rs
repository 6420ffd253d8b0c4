//! Tables: elements of eight bytes that compiled code reads directly.

use crate::handle::TableHandle;
use crate::value::Ref;
use crate::vm::TableDef;
use crate::{Error, StoreCore};
use module::{TableType, ValType};
use ops::Trap;
use std::ptr::NonNull;

/// A table of a store.
pub(crate) struct TableEntity {
    /// The elements; `def.base` is their address.
    elements: Vec<u64>,
    /// What compiled code reads: in the vmctx of the defining instance, or `own`.
    pub(crate) def: NonNull<TableDef>,
    _own: Option<Box<TableDef>>,
    pub(crate) ty: TableType,
}

// SAFETY: the definition belongs to the store as the entity does; access needs the store.
unsafe impl Send for TableEntity {}
// SAFETY: as above.
unsafe impl Sync for TableEntity {}

impl TableEntity {
    fn publish(&mut self) {
        let def = TableDef {
            base: self.elements.as_mut_ptr(),
            len: self.elements.len() as u64,
        };
        // SAFETY: the definition lives as long as the store, and no one else refers to it now.
        unsafe { self.def.write(def) };
    }

    /// The elements, as bits.
    pub(crate) fn elements(&self) -> &[u64] {
        &self.elements
    }

    /// Gives the table just these elements again, and memory back if it had grown.
    pub(crate) fn reset(&mut self, elements: &[u64]) {
        if self.elements.len() == elements.len() {
            self.elements.copy_from_slice(elements);
        } else {
            self.elements = elements.into();
            self.publish();
        }
    }

    /// The elements, as bits, to be changed.
    pub(crate) fn elements_mut(&mut self) -> &mut [u64] {
        &mut self.elements
    }

    /// The number of elements that the type allows at most.
    fn maximum(&self) -> u64 {
        self.ty.maximum.unwrap_or(u64::MAX).min(u32::MAX as u64)
    }
}

impl StoreCore {
    /// Makes a table of nulls whose definition is at `def`, or its own if there is none.
    pub(crate) fn add_table(
        &mut self,
        ty: TableType,
        def: Option<NonNull<TableDef>>,
    ) -> Result<u32, Error> {
        if self.tables.len() >= self.limits.tables_max as usize {
            return Err(Error::limit(format!(
                "the store may hold {} tables at most",
                self.limits.tables_max
            )));
        }
        let limit = self.limits.table_elements_max;
        if self
            .table_elements
            .checked_add(ty.minimum)
            .is_none_or(|sum| sum > limit)
        {
            return Err(Error::limit(format!(
                "a table of {} elements exceeds the limit of {limit} elements for all tables of the store",
                ty.minimum
            )));
        }
        let count = usize::try_from(ty.minimum)
            .map_err(|_| Error::limit("the table exceeds the address space"))?;
        let mut own = def.is_none().then(|| {
            Box::new(TableDef {
                base: std::ptr::null_mut(),
                len: 0,
            })
        });
        let def = def.unwrap_or_else(|| NonNull::from(&mut **own.as_mut().expect("made above")));
        let mut elements = Vec::new();
        elements
            .try_reserve_exact(count)
            .map_err(|_| Error::limit("there is no memory for the table"))?;
        elements.resize(count, 0);
        let mut table = TableEntity {
            elements,
            def,
            _own: own,
            ty,
        };
        table.publish();
        self.table_elements += ty.minimum;
        self.tables.push(table);
        Ok(self.tables.len() as u32 - 1)
    }

    fn elements(&self, index: u32) -> &[u64] {
        &self.tables[index as usize].elements
    }

    fn elements_mut(&mut self, index: u32) -> &mut [u64] {
        &mut self.tables[index as usize].elements
    }

    /// `table.get`, as bits.
    pub(crate) fn table_element(&self, index: u32, at: u64) -> Result<u64, Trap> {
        self.elements(index)
            .get(at as usize)
            .copied()
            .ok_or(Trap::TableOutOfBounds)
    }

    /// `table.set`, as bits.
    pub(crate) fn set_table_element(&mut self, index: u32, at: u64, bits: u64) -> Result<(), Trap> {
        *self
            .elements_mut(index)
            .get_mut(at as usize)
            .ok_or(Trap::TableOutOfBounds)? = bits;
        Ok(())
    }

    /// `table.size`.
    pub(crate) fn table_len(&self, index: u32) -> u64 {
        self.elements(index).len() as u64
    }

    /// `table.grow`: the old number of elements, or `None` if the table cannot grow so far.
    pub(crate) fn grow_table(&mut self, index: u32, delta: u64, bits: u64) -> Option<u64> {
        let in_use = self.table_elements.checked_add(delta)?;
        if in_use > self.limits.table_elements_max {
            return None;
        }
        let table = &mut self.tables[index as usize];
        let old = table.elements.len() as u64;
        let new = old
            .checked_add(delta)
            .filter(|&new| new <= table.maximum())?;
        table
            .elements
            .try_reserve_exact(usize::try_from(delta).ok()?)
            .ok()?;
        table.elements.resize(new as usize, bits);
        table.publish();
        self.table_elements = in_use;
        Some(old)
    }

    /// `table.fill`.
    pub(crate) fn fill_table(
        &mut self,
        index: u32,
        dst: u64,
        bits: u64,
        count: u64,
    ) -> Result<(), Trap> {
        let range = checked_range(dst, count, self.elements(index).len())?;
        self.elements_mut(index)[range].fill(bits);
        Ok(())
    }

    /// `table.copy`.
    pub(crate) fn copy_table(
        &mut self,
        dst: (u32, u64),
        src: (u32, u64),
        count: u64,
    ) -> Result<(), Trap> {
        let to = checked_range(dst.1, count, self.elements(dst.0).len())?;
        let from = checked_range(src.1, count, self.elements(src.0).len())?;
        if dst.0 == src.0 {
            self.elements_mut(dst.0).copy_within(from, to.start);
        } else {
            let copied = self.elements(src.0)[from].to_vec();
            self.elements_mut(dst.0)[to].copy_from_slice(&copied);
        }
        Ok(())
    }

    /// `table.init`, and the copying of active segments.
    pub(crate) fn init_table(
        &mut self,
        index: u32,
        dst: u64,
        items: &[u64],
        src: u64,
        count: u64,
    ) -> Result<(), Trap> {
        let from = checked_range(src, count, items.len())?;
        let to = checked_range(dst, count, self.elements(index).len())?;
        self.elements_mut(index)[to].copy_from_slice(&items[from]);
        Ok(())
    }

    fn table(&self, handle: TableHandle) -> Result<&TableEntity, Error> {
        self.check_store(handle.store, "table")?;
        Ok(&self.tables[handle.index as usize])
    }

    /// Makes a table that belongs to no instance, filled with `init`.
    ///
    /// # Errors
    /// If a limit of the store is reached, or `init` is of another type or store.
    pub fn new_table(&mut self, ty: TableType, init: Ref) -> Result<TableHandle, Error> {
        if ty.maximum.is_some_and(|max| max < ty.minimum) {
            return Err(Error::misuse(
                "the minimum of the table exceeds its maximum",
            ));
        }
        self.engine.types().check(ValType::Ref(ty.element))?;
        let bits = self.ref_to_bits(init, ty.element)?;
        let index = self.add_table(ty, None)?;
        self.elements_mut(index).fill(bits);
        Ok(TableHandle {
            store: self.id,
            index,
        })
    }

    /// The type of a table, its present size as minimum.
    ///
    /// # Errors
    /// If the handle is another store's.
    pub fn table_type(&self, handle: TableHandle) -> Result<TableType, Error> {
        let table = self.table(handle)?;
        Ok(TableType {
            minimum: table.elements.len() as u64,
            ..table.ty
        })
    }

    /// An element, or `None` past the end.
    ///
    /// # Errors
    /// If the handle is another store's.
    pub fn table_get(&self, handle: TableHandle, at: u64) -> Result<Option<Ref>, Error> {
        let table = self.table(handle)?;
        let Some(&bits) = table.elements.get(at as usize) else {
            return Ok(None);
        };
        // SAFETY: elements are references of the table's type.
        Ok(Some(unsafe { self.ref_from_bits(bits, table.ty.element) }))
    }

    /// Sets an element.
    ///
    /// # Errors
    /// If the handle or the value is another store's, the value is of another type, or `at` is past the end.
    pub fn table_set(&mut self, handle: TableHandle, at: u64, value: Ref) -> Result<(), Error> {
        let element = self.table(handle)?.ty.element;
        let bits = self.ref_to_bits(value, element)?;
        Ok(self.set_table_element(handle.index, at, bits)?)
    }

    /// Grows a table by `delta` elements of value `init` and gives its old size.
    ///
    /// # Errors
    /// If the handle or the value is another store's, or the maximum or a limit of the store does not allow the size.
    pub fn table_grow(&mut self, handle: TableHandle, delta: u64, init: Ref) -> Result<u64, Error> {
        let element = self.table(handle)?.ty.element;
        let bits = self.ref_to_bits(init, element)?;
        self.grow_table(handle.index, delta, bits)
            .ok_or_else(|| Error::limit(format!("the table cannot grow by {delta} elements")))
    }
}

/// `start..start + len` if that lies within `size`.
fn checked_range(start: u64, len: u64, size: usize) -> Result<std::ops::Range<usize>, Trap> {
    match start.checked_add(len) {
        Some(end) if end <= size as u64 => Ok(start as usize..end as usize),
        _ => Err(Trap::TableOutOfBounds),
    }
}
