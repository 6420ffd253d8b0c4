//! Instances: a module's own memories, tables, globals and functions in a store.

use crate::handle::{
    ExternItem, GlobalHandle, InstanceHandle, InstanceId, MemoryHandle, TableHandle,
};
use crate::vm::{FuncRef, Vmctx};
use crate::{Error, LoadedModule, StoreCore};
use abi::Place;
use module::{DataIdx, ElemIdx, ExportItem, FuncIdx, GlobalIdx, MemoryIdx, TableIdx, TagIdx};
use ops::Trap;
use std::sync::Arc;

/// An instance of a module in a store: the numbers of its parts in the store.
pub(crate) struct Instance {
    pub(crate) module: Arc<LoadedModule>,
    pub(crate) vmctx: Vmctx,
    /// Imported functions.
    pub(crate) funcs: Box<[u32]>,
    pub(crate) memories: Vec<u32>,
    pub(crate) tables: Vec<u32>,
    pub(crate) globals: Vec<u32>,
    pub(crate) tags: Vec<u32>,
    /// The number of the memory that is exported as [`MAIN_MEMORY`](crate::MAIN_MEMORY); `u32::MAX` if there is none.
    pub(crate) main_memory: u32,
    /// Passive element segments, as reference bits; empty when dropped.
    pub(crate) elems: Box<[Box<[u64]>]>,
    /// Which data segments have been dropped.
    pub(crate) dropped_datas: Box<[bool]>,
}

impl Instance {
    pub(crate) fn module(&self) -> &Arc<LoadedModule> {
        &self.module
    }

    pub(crate) fn memory(&self, memory: MemoryIdx) -> u32 {
        self.memories[memory.index()]
    }

    pub(crate) fn table(&self, table: TableIdx) -> u32 {
        self.tables[table.index()]
    }

    pub(crate) fn global(&self, global: GlobalIdx) -> u32 {
        self.globals[global.index()]
    }

    pub(crate) fn tag(&self, tag: TagIdx) -> u32 {
        self.tags[tag.index()]
    }

    /// The number of an imported function, or `None` if it is defined here.
    pub(crate) fn imported_func(&self, func: FuncIdx) -> Option<u32> {
        self.funcs.get(func.index()).copied()
    }

    /// The number of a function that a reference can be made of.
    ///
    /// # Panics
    /// If none can be: validation has excluded that.
    pub(crate) fn func_number(&self, func: FuncIdx) -> u32 {
        if let Some(number) = self.imported_func(func) {
            return number;
        }
        match self.module.layout().func_ref(func) {
            // SAFETY: the entry was written when the instance was made, before anything could ask for it.
            Some(Place::Inline(offset)) => unsafe { (*self.vmctx.field::<FuncRef>(offset)).func },
            _ => panic!("validation allows references only to functions with an entry"),
        }
    }
}

impl StoreCore {
    #[inline]
    pub(crate) fn instance(&self, id: InstanceId) -> &Instance {
        &self.instances[id.0 as usize]
    }

    fn instance_mut(&mut self, id: InstanceId) -> &mut Instance {
        &mut self.instances[id.0 as usize]
    }

    /// The handle of an instance of this store.
    pub fn instance_handle(&self, id: InstanceId) -> InstanceHandle {
        InstanceHandle {
            store: self.id,
            index: id.0,
        }
    }

    /// The module of an instance.
    ///
    /// # Errors
    /// If the handle is another store's.
    pub fn module_of(&self, handle: InstanceHandle) -> Result<&Arc<LoadedModule>, Error> {
        self.check_store(handle.store, "instance")?;
        Ok(self.instance(InstanceId(handle.index)).module())
    }

    /// The export of an instance with this name.
    ///
    /// # Errors
    /// If the handle is another store's.
    pub fn export(&self, handle: InstanceHandle, name: &str) -> Result<Option<ExternItem>, Error> {
        let item = self.module_of(handle)?.module().header().export(name);
        Ok(item.map(|item| self.export_item(handle, item)))
    }

    /// What an export of an instance's module is in the store.
    pub(crate) fn export_item(&self, handle: InstanceHandle, item: ExportItem) -> ExternItem {
        let (store, instance) = (self.id, self.instance(InstanceId(handle.index)));
        match item {
            ExportItem::Func(func) => {
                ExternItem::Func(self.func_handle(instance.func_number(func)))
            }
            ExportItem::Table(table) => ExternItem::Table(TableHandle {
                store,
                index: instance.table(table),
            }),
            ExportItem::Memory(memory) => ExternItem::Memory(MemoryHandle {
                store,
                index: instance.memory(memory),
            }),
            ExportItem::Global(global) => ExternItem::Global(GlobalHandle {
                store,
                index: instance.global(global),
            }),
            ExportItem::Tag(tag) => ExternItem::Tag(self.tag_handle(instance.tag(tag))),
        }
    }

    /// The memory that an instance exports as [`MAIN_MEMORY`](crate::MAIN_MEMORY): what [`export`](Self::export) would find, but
    /// found once for all calls.
    #[inline]
    pub fn main_memory(&self, instance: InstanceId) -> Option<MemoryHandle> {
        let index = self.instance(instance).main_memory;
        (index != u32::MAX).then_some(MemoryHandle {
            store: self.id,
            index,
        })
    }

    /// All exports of an instance, in order.
    ///
    /// # Errors
    /// If the handle is another store's.
    pub fn exports(&self, handle: InstanceHandle) -> Result<Vec<(String, ExternItem)>, Error> {
        let module = self.module_of(handle)?.clone();
        let exports = module.module().header().exports().iter();
        Ok(exports
            .map(|export| {
                (
                    export.name.to_string(),
                    self.export_item(handle, export.item),
                )
            })
            .collect())
    }

    pub(crate) fn instance_memory_init(
        &mut self,
        id: InstanceId,
        memory: MemoryIdx,
        data: DataIdx,
        dst: u64,
        src: u64,
        len: u64,
    ) -> Result<(), Trap> {
        let instance = self.instance(id);
        let (module, index) = (instance.module.clone(), instance.memory(memory));
        let dropped = instance.dropped_datas[data.index()];
        let bytes = if dropped {
            &[]
        } else {
            module.module().data_bytes(data.index())
        };
        self.init_memory(index, dst, bytes, src, len)
    }

    pub(crate) fn instance_data_drop(&mut self, id: InstanceId, data: DataIdx) {
        self.instance_mut(id).dropped_datas[data.index()] = true;
    }

    pub(crate) fn instance_table_init(
        &mut self,
        id: InstanceId,
        table: TableIdx,
        elem: ElemIdx,
        dst: u64,
        src: u64,
        len: u64,
    ) -> Result<(), Trap> {
        let index = self.instance(id).table(table);
        let items = std::mem::take(&mut self.instance_mut(id).elems[elem.index()]);
        let outcome = self.init_table(index, dst, &items, src, len);
        self.instance_mut(id).elems[elem.index()] = items;
        outcome
    }

    pub(crate) fn instance_elem_drop(&mut self, id: InstanceId, elem: ElemIdx) {
        self.instance_mut(id).elems[elem.index()] = Box::default();
    }
}
