//! Making instances: matching imports, allocating, initializing, starting (specification: module instantiation).

use crate::builtins::BUILTINS;
use crate::func::{FuncEntity, FuncKind};
use crate::handle::{ExternItem, InstanceHandle, InstanceId};
use crate::host::{Adapted, HostFunc};
use crate::instance::Instance;
use crate::reference::Fit;
use crate::store::{StoreCore, StoreInner};
use crate::vm::{FuncRef, GlobalCell, MemoryDef, StoreCtx, TableDef, Vmctx};
use crate::{Error, FuncHandle, LinkError, LoadedModule, SharedMemory};
use abi::{Place, VmctxLayout};
use module::{
    DataMode, ElemItems, ElemMode, ElemSegment, ExportItem, ExternType, FuncIdx, FuncType,
    GlobalIdx, Header, ImportType, MemoryIdx, MemoryType, TableIdx, TableType, TagIdx, TypeIdx,
};
use ops::Trap;
use std::ptr::NonNull;
use std::sync::Arc;

/// What is given for one import.
pub enum Given<'a, T: 'static> {
    /// Nothing: instantiation fails with an error that names the import.
    Nothing,
    /// Something of the store.
    Item(ExternItem),
    /// A function of the host, put into the store for this instance.
    Host(&'a HostFunc<T>),
    /// A memory that several stores share.
    Shared(&'a SharedMemory),
}

impl<T: 'static> StoreInner<T> {
    /// Makes an instance of a module and runs its start function. `given` says what is given for each import, by position.
    ///
    /// # Errors
    /// If an import is missing or of another type, a limit is reached, a segment does not fit, or the start function stops.
    /// As the specification has it, what initialization did to imported memories and tables before it failed stays.
    ///
    /// # Panics
    /// If a host function that the start function calls panics: with its panic.
    pub fn instantiate<'a>(
        &mut self,
        module: &Arc<LoadedModule>,
        mut given: impl FnMut(usize) -> Given<'a, T>,
    ) -> Result<InstanceHandle, Error> {
        self.check_engine(module)?;
        let id = self.next_instance()?;
        let header = module.module().header().clone();
        let mut imports = Imports::default();
        for (index, import) in header.imports().iter().enumerate() {
            let item = match given(index) {
                Given::Nothing => return Err(module.mismatch(index, None)),
                Given::Shared(memory) => ExternItem::Memory(self.import_shared_memory(memory)?),
                Given::Item(item) => item,
                Given::Host(func) => {
                    let adapted = match import.ty {
                        ImportType::Func(asked) => module.adapt_host(asked, func.ty())?,
                        _ => None,
                    };
                    let adapted =
                        adapted.ok_or_else(|| module.mismatch(index, Some(func.extern_type())))?;
                    let func = self.add_host_func(func, Some(id), adapted)?;
                    imports.push(ExternItem::Func(func));
                    continue;
                }
            };
            self.check_item(module, index, item)?;
            imports.push(item);
        }
        self.make(module, id, imports)?;
        self.start(module, id)?;
        Ok(self.instance_handle(id))
    }
}

impl StoreCore {
    /// Checks that a module was made for the store's engine.
    pub(crate) fn check_engine(&self, module: &LoadedModule) -> Result<(), Error> {
        if Arc::ptr_eq(module.engine(), &self.engine) {
            return Ok(());
        }
        Err(Error::misuse(
            "the module was made for another engine than the store",
        ))
    }

    /// The number that the next instance gets, if there may be one more.
    pub(crate) fn next_instance(&self) -> Result<InstanceId, Error> {
        if self.instances.len() >= self.limits.instances_max as usize {
            return Err(Error::limit(format!(
                "the store may hold {} instances at most",
                self.limits.instances_max
            )));
        }
        Ok(InstanceId(self.instances.len() as u32))
    }

    /// Checks that something of the store may be given for an import.
    pub(crate) fn check_item(
        &self,
        module: &LoadedModule,
        index: usize,
        item: ExternItem,
    ) -> Result<(), Error> {
        let import = &module.module().header().imports()[index];
        if self.matches(module, import.ty, item)? {
            return Ok(());
        }
        Err(module.mismatch(index, Some(self.extern_type(item)?)))
    }

    /// Makes an instance of checked imports, up to its start function.
    pub(crate) fn make(
        &mut self,
        module: &Arc<LoadedModule>,
        id: InstanceId,
        imports: Imports,
    ) -> Result<(), Error> {
        self.allocate(module, id, imports)?;
        self.initialize(module, id)
    }

    /// Runs the start function of an instance, if it has one.
    pub(crate) fn start(&mut self, module: &LoadedModule, id: InstanceId) -> Result<(), Error> {
        let Some(start) = module.module().header().start() else {
            return Ok(());
        };
        let number = self.instance(id).func_number(start);
        let func_ref = self.funcs[number as usize].func_ref;
        // SAFETY: a start function has neither parameters nor results.
        unsafe { StoreCore::call_slots(self, number, func_ref, &mut []) }
    }
}

impl LoadedModule {
    /// Says that nothing, or something of another type, was given for an import.
    #[cold]
    pub(crate) fn mismatch(&self, index: usize, found: Option<ExternType>) -> Error {
        let header = self.module().header();
        let import = &header.imports()[index];
        Error::from(LinkError {
            index,
            module: import.module.to_string(),
            name: import.name.to_string(),
            expected: header.import_type(index),
            found: found.map(|found| found.to_string()),
        })
    }

    /// How a host function of this type may be given where a module asks for a type: `None` if it cannot, or what it becomes.
    ///
    /// A host function belongs to no type of a guest. So it may be given if it can be called as the guest would: it takes all
    /// that the guest may give, and its results may be what the guest expects. It is then of the type that was asked for.
    pub(crate) fn adapt_host(
        &self,
        asked: TypeIdx,
        found: &FuncType,
    ) -> Result<Option<Option<Adapted>>, Error> {
        let types = self.engine().types();
        let number = self.type_id(asked);
        if types.is_subtype(types.number(found)?, number) {
            return Ok(Some(None));
        }
        let asked = types.func(number);
        let params = types.list_fits(asked.params(), found.params());
        let results = types.list_fits(found.results(), asked.results());
        let checked_results = match (params, results) {
            (Fit::Always, Fit::Always) => None,
            (Fit::Always, Fit::Maybe) => Some(asked.results().into()),
            _ => return Ok(None),
        };
        Ok(Some(Some(Adapted {
            number,
            checked_results,
        })))
    }
}

/// The numbers of what was imported, by kind, and the functions' handles.
#[derive(Default)]
pub(crate) struct Imports {
    funcs: Vec<u32>,
    memories: Vec<u32>,
    tables: Vec<u32>,
    globals: Vec<u32>,
    tags: Vec<u32>,
}

impl Imports {
    pub(crate) fn push(&mut self, item: ExternItem) {
        match item {
            ExternItem::Func(FuncHandle { index, .. }) => self.funcs.push(index),
            ExternItem::Memory(handle) => self.memories.push(handle.index),
            ExternItem::Table(handle) => self.tables.push(handle.index),
            ExternItem::Global(handle) => self.globals.push(handle.index),
            ExternItem::Tag(handle) => self.tags.push(handle.index),
        }
    }
}

/// Whether limits that exist satisfy limits that are asked for (specification: matching of limits).
fn limits_match(asked: (u64, Option<u64>), found: (u64, Option<u64>)) -> bool {
    let maximum = match (asked.1, found.1) {
        (None, _) => true,
        (Some(asked), Some(found)) => found <= asked,
        (Some(_), None) => false,
    };
    found.0 >= asked.0 && maximum
}

impl StoreCore {
    /// The type of anything in the store.
    ///
    /// # Errors
    /// If the handle is another store's.
    pub fn extern_type(&self, item: ExternItem) -> Result<ExternType, Error> {
        Ok(match item {
            ExternItem::Func(func) => ExternType::Func(self.func_type(func)?),
            ExternItem::Table(table) => ExternType::Table(self.table_type(table)?),
            ExternItem::Memory(memory) => ExternType::Memory(self.memory_type(memory)?),
            ExternItem::Global(global) => ExternType::Global(self.global_type(global)?),
            ExternItem::Tag(tag) => ExternType::Tag(self.tag_type(tag)?),
        })
    }

    fn matches(
        &self,
        module: &LoadedModule,
        asked: ImportType,
        item: ExternItem,
    ) -> Result<bool, Error> {
        Ok(match (asked, item) {
            (ImportType::Func(ty), ExternItem::Func(func)) => {
                let found = self.func_type_id(func)?;
                self.engine.types().is_subtype(found, module.type_id(ty))
            }
            (ImportType::Table(asked), ExternItem::Table(table)) => {
                let found: TableType = self.table_type(table)?;
                found.element == module.canonical_ref(asked.element)
                    && found.table64 == asked.table64
                    && limits_match(
                        (asked.minimum, asked.maximum),
                        (found.minimum, found.maximum),
                    )
            }
            (ImportType::Memory(asked), ExternItem::Memory(memory)) => {
                let found: MemoryType = self.memory_type(memory)?;
                found.memory64 == asked.memory64
                    && found.shared == asked.shared
                    && found.page_size_log2 == asked.page_size_log2
                    && limits_match(
                        (asked.minimum, asked.maximum),
                        (found.minimum, found.maximum),
                    )
            }
            (ImportType::Global(asked), ExternItem::Global(global)) => {
                let (found, asked) = (self.global_type(global)?, module.canonical_global(asked));
                found.mutable == asked.mutable
                    && if asked.mutable {
                        found.content == asked.content
                    } else {
                        let types = self.engine.types();
                        types.val_matches(found.content, asked.content)
                    }
            }
            (ImportType::Tag(asked), ExternItem::Tag(tag)) => {
                self.check_store(tag.store, "tag")?;
                self.tags[tag.index as usize].type_id == module.type_id(asked)
            }
            _ => false,
        })
    }

    /// Makes the parts of an instance and writes its vmctx.
    fn allocate(
        &mut self,
        module: &Arc<LoadedModule>,
        id: InstanceId,
        imports: Imports,
    ) -> Result<(), Error> {
        let header = module.module().header();
        let layout = module.layout();
        let vmctx = Vmctx::new(layout.size());
        // SAFETY: the fields are in bounds and of these types by the layout, and the memory is ours alone.
        unsafe {
            vmctx
                .field::<*mut StoreCtx>(VmctxLayout::STORE)
                .write(self.ctx());
            vmctx
                .field::<*const *const u8>(VmctxLayout::BUILTINS)
                .write(BUILTINS.0.as_ptr());
            vmctx
                .field::<*const u32>(VmctxLayout::TYPE_IDS)
                .write(module.type_ids().as_ptr());
            vmctx
                .field::<u64>(VmctxLayout::INSTANCE)
                .write(u64::from(id.0));
            if let Some(tiered) = module.tiered() {
                vmctx
                    .field::<*const u8>(VmctxLayout::FUNC_SLOTS)
                    .write(tiered.slots());
                vmctx
                    .field::<*const u8>(VmctxLayout::CALL_SITES)
                    .write(tiered.sites());
            }
        }
        self.prepare_ctx();
        // From here on the instance is part of the store even if something fails, since entries in it may be referred to.
        self.instances.push(Instance {
            module: module.clone(),
            vmctx,
            funcs: imports.funcs.into(),
            memories: imports.memories,
            tables: imports.tables,
            globals: imports.globals,
            tags: imports.tags,
            main_memory: u32::MAX,
            elems: vec![Box::default(); header.elems().len()].into(),
            dropped_datas: vec![false; module.module().datas().len()].into(),
        });
        self.prepare_heap(module)?;
        self.write_imports(layout, id);
        self.add_memories(module, id)?;
        self.add_tables(module, id)?;
        self.add_funcs(module, id)?;
        self.add_tags(module, id);
        self.write_tags(layout, id);
        self.add_globals(module, id)?;
        self.fill_tables(module.module().header(), id)
    }

    /// Gives defined tables their initial elements, which may refer to functions and globals.
    fn fill_tables(&mut self, header: &Header, id: InstanceId) -> Result<(), Error> {
        for (defined, init) in header.table_inits().iter().enumerate() {
            let Some(init) = init else { continue };
            let index = header.n_imported_tables() + defined;
            let value = self.evaluate(id, init)?.u64();
            let number = self.instance(id).table(TableIdx(index as u32));
            let len = self.table_len(number);
            self.fill_table(number, 0, value, len)
                .expect("all elements are within the table");
        }
        Ok(())
    }

    /// Writes what vmctx says of imported functions, tables and globals.
    fn write_imports(&mut self, layout: &VmctxLayout, id: InstanceId) {
        let instance = self.instance(id);
        for (index, &number) in instance.funcs.iter().enumerate() {
            let func_ref = self.funcs[number as usize].func_ref;
            let func = FuncIdx(index as u32);
            // SAFETY: as in `allocate`; entries of the store stay.
            unsafe {
                let FuncRef { code, vmctx, .. } = func_ref.read();
                instance
                    .vmctx
                    .field::<*const u8>(layout.imported_func_code(func))
                    .write(code);
                instance
                    .vmctx
                    .field::<*mut u8>(layout.imported_func_vmctx(func))
                    .write(vmctx);
            }
            let Some(Place::Pointer(offset)) = layout.func_ref(func) else {
                unreachable!("imported functions are referred to by address")
            };
            // SAFETY: as above.
            unsafe {
                instance
                    .vmctx
                    .field::<*const FuncRef>(offset)
                    .write(func_ref.as_ptr())
            };
        }
        for (index, &number) in instance.tables.iter().enumerate() {
            if let Place::Pointer(offset) = layout.table(TableIdx(index as u32)) {
                let def = self.tables[number as usize].def.as_ptr();
                // SAFETY: as above; definitions of the store stay.
                unsafe { instance.vmctx.field::<*const TableDef>(offset).write(def) };
            }
        }
        for (index, &number) in instance.globals.iter().enumerate() {
            if let Place::Pointer(offset) = layout.global(GlobalIdx(index as u32)) {
                let cell = self.globals[number as usize].cell.as_ptr();
                // SAFETY: as above; cells of the store stay.
                unsafe {
                    instance
                        .vmctx
                        .field::<*const GlobalCell>(offset)
                        .write(cell)
                };
            }
        }
    }

    /// Makes the defined memories and writes where all memories are.
    fn add_memories(&mut self, module: &LoadedModule, id: InstanceId) -> Result<(), Error> {
        let header = module.module().header();
        for index in header.n_imported_memories()..header.memories().len() {
            let image = module
                .init_image
                .as_ref()
                .filter(|image| image.memory.index() == index);
            let number = self.add_memory(header.memories()[index], image)?;
            self.instances[id.0 as usize].memories.push(number);
        }
        let instance = &mut self.instances[id.0 as usize];
        if let Some(memory) = module.main_memory {
            instance.main_memory = instance.memory(memory);
        }
        let (layout, instance) = (module.layout(), self.instance(id));
        for (index, &number) in instance.memories.iter().enumerate() {
            let def: *const MemoryDef = self.memories[number as usize].def();
            let memory = MemoryIdx(index as u32);
            // SAFETY: as in `allocate`; definitions of the store stay, and static memories do not move. The base never changes
            // while others may run.
            unsafe {
                instance
                    .vmctx
                    .field::<*mut u8>(layout.memory_base(memory))
                    .write((*def).base);
                instance
                    .vmctx
                    .field::<*const MemoryDef>(layout.memory_def(memory))
                    .write(def);
            }
        }
        Ok(())
    }

    fn add_tables(&mut self, module: &LoadedModule, id: InstanceId) -> Result<(), Error> {
        let (header, layout) = (module.module().header(), module.layout());
        for index in header.n_imported_tables()..header.tables().len() {
            let Place::Inline(offset) = layout.table(TableIdx(index as u32)) else {
                unreachable!("defined tables lie in vmctx")
            };
            let def = NonNull::new(self.instance(id).vmctx.field::<TableDef>(offset));
            let number = self.add_table(module.canonical_table(header.tables()[index]), def)?;
            self.instances[id.0 as usize].tables.push(number);
        }
        Ok(())
    }

    /// Writes the entries of defined functions that references can be made of.
    fn add_funcs(&mut self, module: &Arc<LoadedModule>, id: InstanceId) -> Result<(), Error> {
        let header = module.module().header();
        for index in header.n_imported_funcs()..header.funcs().len() {
            let func = FuncIdx(index as u32);
            let Some(Place::Inline(offset)) = module.layout().func_ref(func) else {
                continue;
            };
            let vmctx = &self.instance(id).vmctx;
            let place = vmctx.field::<FuncRef>(offset);
            let entry = module.func_ref(func, vmctx.as_ptr());
            let number = self.funcs.len() as u32;
            // SAFETY: as in `allocate`.
            unsafe {
                place.write(FuncRef {
                    func: number,
                    ..entry
                })
            };
            let func_ref = NonNull::new(place).expect("a field of vmctx is not null");
            self.funcs.push(FuncEntity {
                func_ref,
                kind: FuncKind::Wasm { instance: id, func },
            });
        }
        Ok(())
    }

    fn add_tags(&mut self, module: &LoadedModule, id: InstanceId) {
        let header = module.module().header();
        let mut exported = vec![None; header.tags().len()];
        for export in header.exports() {
            if let ExportItem::Tag(tag) = export.item {
                exported[tag.index()] = Some(&*export.name);
            }
        }
        let names = module.module().names();
        let tags = header.tags().iter().zip(exported).enumerate();
        for (index, (ty, exported)) in tags.skip(header.n_imported_tags()) {
            let name = names.tag(TagIdx(index as u32)).or(exported);
            let ty = module.type_id(*ty);
            let number = self.add_tag(ty, name.map(Box::from));
            self.instances[id.0 as usize].tags.push(number);
        }
    }

    /// Writes what vmctx says of tags.
    fn write_tags(&mut self, layout: &VmctxLayout, id: InstanceId) {
        let instance = self.instance(id);
        for (index, &number) in instance.tags.iter().enumerate() {
            let offset = layout.tag(TagIdx(index as u32));
            // SAFETY: as in `write_imports`.
            unsafe { instance.vmctx.field::<u32>(offset).write(number) };
        }
    }

    fn add_globals(&mut self, module: &LoadedModule, id: InstanceId) -> Result<(), Error> {
        let (header, layout) = (module.module().header(), module.layout());
        for (defined, init) in header.global_inits().iter().enumerate() {
            let index = header.n_imported_globals() + defined;
            let value = self.evaluate(id, init)?;
            let Place::Inline(offset) = layout.global(GlobalIdx(index as u32)) else {
                unreachable!("defined globals lie in vmctx")
            };
            let cell = NonNull::new(self.instance(id).vmctx.field::<GlobalCell>(offset));
            let number = self.add_global(
                module.canonical_global(header.globals()[index]),
                value,
                cell,
            );
            self.instances[id.0 as usize].globals.push(number);
        }
        Ok(())
    }

    /// Copies active segments, elements first.
    fn initialize(&mut self, module: &Arc<LoadedModule>, id: InstanceId) -> Result<(), Error> {
        if let Err(trap) = self.initialize_tables(module.module().header(), id) {
            self.forget_image(module, id);
            return Err(trap.into());
        }
        let imaged = module.init_image.as_ref().map(|image| image.memory);
        for (index, segment) in module.module().datas().iter().enumerate() {
            let DataMode::Active { memory, offset } = &segment.mode else {
                continue;
            };
            self.instances[id.0 as usize].dropped_datas[index] = true;
            if imaged == Some(*memory) {
                continue;
            }
            let bytes = module.module().data_bytes(index);
            let instance = self.instance(id);
            let number = instance.memory(*memory);
            let at = self.offset_value(
                id,
                offset,
                module.module().header().memories()[memory.index()].memory64,
            )?;
            self.init_memory(number, at, bytes, 0, bytes.len() as u64)?;
        }
        Ok(())
    }

    fn initialize_tables(&mut self, header: &Header, id: InstanceId) -> Result<(), Trap> {
        for (index, segment) in header.elems().iter().enumerate() {
            match &segment.mode {
                ElemMode::Declared => {}
                ElemMode::Passive => {
                    let items = self.elem_items(id, segment)?;
                    self.instances[id.0 as usize].elems[index] = items;
                }
                ElemMode::Active { table, offset } => {
                    let at =
                        self.offset_value(id, offset, header.tables()[table.index()].table64)?;
                    let items = self.elem_items(id, segment)?;
                    let number = self.instance(id).table(*table);
                    self.init_table(number, at, &items, 0, items.len() as u64)?;
                }
            }
        }
        Ok(())
    }

    fn elem_items(&mut self, id: InstanceId, segment: &ElemSegment) -> Result<Box<[u64]>, Trap> {
        let exprs = match &segment.items {
            ElemItems::Funcs(funcs) => {
                let instance = self.instance(id);
                let bits = |func| self.func_bits(instance.func_number(func));
                return Ok(funcs.iter().map(|func| bits(*func)).collect());
            }
            ElemItems::Exprs(exprs) => exprs,
        };
        if segment.ty.is_func() {
            let values = exprs.iter().map(|expr| Ok(self.evaluate(id, expr)?.u64()));
            return values.collect();
        }
        // Each may be an object that the making of the next one moves.
        let first = self.roots.len();
        for expr in exprs {
            match self.evaluate(id, expr) {
                Ok(value) => self.roots.push(value.u32()),
                Err(trap) => {
                    self.roots.truncate(first);
                    return Err(trap);
                }
            }
        }
        Ok(self.roots.drain(first..).map(u64::from).collect())
    }

    fn offset_value(
        &mut self,
        id: InstanceId,
        offset: &module::ConstExpr,
        wide: bool,
    ) -> Result<u64, Trap> {
        let raw = self.evaluate(id, offset)?;
        Ok(if wide {
            raw.u64()
        } else {
            u64::from(raw.u32())
        })
    }

    /// Takes the image of a memory back whose segments were never reached: functions that an imported table got may see it.
    fn forget_image(&mut self, module: &LoadedModule, id: InstanceId) {
        if let Some(image) = &module.init_image {
            let number = self.instance(id).memory(image.memory);
            // The image ends with a page of the host, the memory maybe before.
            let written = &mut self.memory_slice_mut(number)[image.offset..];
            let n_bytes = image.image.len().min(written.len());
            written[..n_bytes].fill(0);
        }
    }
}
