//! Operators on tables. References are bits: 0 is null.
//!
//! Apart because they come in one shape: indices off the stack, then the store does the rest.

use super::Activation;
use module::{ElemIdx, TableIdx};
use ops::Trap;

impl Activation<'_> {
    /// The number of a table in the store, and whether its indices are 64-bit.
    fn table(&self, table: TableIdx) -> (u32, bool) {
        let number = self.store.instance_table(self.instance, table);
        (number, self.header.tables()[table.index()].table64)
    }

    pub(super) fn table_get(&mut self, table: TableIdx) -> Result<(), Trap> {
        let (number, wide) = self.table(table);
        let at = self.pop_index(wide);
        let bits = self.store.exec_table_get(number, at)?;
        self.push(bits.into());
        Ok(())
    }

    pub(super) fn table_set(&mut self, table: TableIdx) -> Result<(), Trap> {
        let (number, wide) = self.table(table);
        let bits = self.pop() as u64;
        let at = self.pop_index(wide);
        self.store.exec_table_set(number, at, bits)
    }

    pub(super) fn table_size(&mut self, table: TableIdx) {
        let (number, wide) = self.table(table);
        let size = self.store.exec_table_size(number);
        self.push_size(Some(size), wide);
    }

    pub(super) fn table_grow(&mut self, table: TableIdx) {
        let (number, wide) = self.table(table);
        let delta = self.pop_index(wide);
        let bits = self.pop() as u64;
        let size = self.store.exec_table_grow(number, delta, bits);
        self.push_size(size, wide);
    }

    pub(super) fn table_fill(&mut self, table: TableIdx) -> Result<(), Trap> {
        let (number, wide) = self.table(table);
        let count = self.pop_index(wide);
        let bits = self.pop() as u64;
        let dst = self.pop_index(wide);
        self.store.exec_table_fill(number, dst, bits, count)
    }

    pub(super) fn table_copy(&mut self, dst: TableIdx, src: TableIdx) -> Result<(), Trap> {
        let (dst, dst_wide) = self.table(dst);
        let (src, src_wide) = self.table(src);
        let count = self.pop_index(dst_wide && src_wide);
        let from = self.pop_index(src_wide);
        let to = self.pop_index(dst_wide);
        self.store.exec_table_copy((dst, to), (src, from), count)
    }

    pub(super) fn table_init(&mut self, elem: ElemIdx, table: TableIdx) -> Result<(), Trap> {
        let (_, wide) = self.table(table);
        let count = self.pop_index(false);
        let src = self.pop_index(false);
        let dst = self.pop_index(wide);
        self.store
            .exec_table_init(self.instance, table, elem, dst, src, count)
    }
}
