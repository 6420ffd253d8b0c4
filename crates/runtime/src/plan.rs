//! Instances of one module with the same imports, prepared once: imports found and checked, and instances kept for reuse.

use crate::handle::{ExternItem, InstanceHandle, InstanceId};
use crate::host::{Adapted, HostFunc};
use crate::instantiate::{Given, Imports};
use crate::slots::SlotPool;
use crate::store::{StoreCore, StoreInner};
use crate::{Error, LoadedModule, SharedMemory};
use module::ImportType;
use std::sync::Arc;

/// A module with what is given for its imports, for any number of instances in any stores of its engine, on any threads.
///
/// If functions of the host are all that it imports, and its instances can be put back into their first state, some are kept
/// when their stores are dropped: see [`Pooling`](crate::Pooling).
pub struct InstancePlan<T: 'static> {
    module: Arc<LoadedModule>,
    imports: Box<[Planned<T>]>,
    pool: Option<Arc<SlotPool>>,
}

/// What is given for one import.
enum Planned<T: 'static> {
    /// Checked when the store is known.
    Item(ExternItem),
    Host(HostFunc<T>, Option<Adapted>),
    Shared(SharedMemory),
}

impl<T: 'static> InstancePlan<T> {
    /// A plan for a module; `given` says what is given for each import, by position.
    ///
    /// # Errors
    /// If nothing is given for an import, or a function of the host of another type.
    pub fn new<'a>(
        module: &Arc<LoadedModule>,
        mut given: impl FnMut(usize) -> Given<'a, T>,
    ) -> Result<InstancePlan<T>, Error> {
        let imports = module.module().header().imports().iter().enumerate();
        let imports = imports.map(|(index, import)| {
            Ok(match (given(index), import.ty) {
                (Given::Host(func), ImportType::Func(asked)) => {
                    let adapted = module.adapt_host(asked, func.ty())?;
                    let adapted =
                        adapted.ok_or_else(|| module.mismatch(index, Some(func.extern_type())))?;
                    Planned::Host(func.clone(), adapted)
                }
                (Given::Host(func), _) => {
                    return Err(module.mismatch(index, Some(func.extern_type())));
                }
                (Given::Nothing, _) => return Err(module.mismatch(index, None)),
                (Given::Item(item), _) => Planned::Item(item),
                (Given::Shared(memory), _) => Planned::Shared(memory.clone()),
            })
        });
        let imports = imports.collect::<Result<Box<[Planned<T>]>, Error>>()?;
        let mut planned = imports.iter();
        let pool = match planned.all(|planned| matches!(planned, Planned::Host(..))) {
            true => SlotPool::new(module),
            false => None,
        };
        Ok(InstancePlan {
            module: module.clone(),
            imports,
            pool,
        })
    }
}

impl<T: 'static> StoreInner<T> {
    /// Makes an instance as planned, and runs its start function.
    ///
    /// # Errors
    /// If an import is of another type or store, a limit is reached, a segment does not fit, or the start function stops.
    ///
    /// # Panics
    /// If a host function that the start function calls panics: with its panic.
    pub fn instantiate_plan(&mut self, plan: &InstancePlan<T>) -> Result<InstanceHandle, Error> {
        let module = &plan.module;
        self.check_engine(module)?;
        let pool = plan.pool.as_ref().filter(|_| self.is_empty());
        if let Some(pool) = pool
            && self.adopt_slot(pool)
        {
            let id = InstanceId(0);
            self.start(module, id)?;
            return Ok(self.instance_handle(id));
        }
        let id = self.next_instance()?;
        let mut imports = Imports::default();
        for (index, planned) in plan.imports.iter().enumerate() {
            match planned {
                Planned::Host(func, adapted) => {
                    let func = self.add_host_func(func, Some(id), adapted.clone())?;
                    imports.push(ExternItem::Func(func));
                }
                Planned::Item(item) => {
                    self.check_item(module, index, *item)?;
                    imports.push(*item);
                }
                Planned::Shared(memory) => {
                    let item = ExternItem::Memory(self.import_shared_memory(memory)?);
                    self.check_item(module, index, item)?;
                    imports.push(item);
                }
            }
        }
        self.make(module, id, imports)?;
        if let Some(pool) = pool {
            let core: &mut StoreCore = self;
            core.settle(pool);
        }
        self.start(module, id)?;
        Ok(self.instance_handle(id))
    }
}
