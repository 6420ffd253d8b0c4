//! Instances of modules.

use crate::{
    AsContext, AsContextMut, Error, Extern, Func, Global, InstanceState, Memory, Module, Result,
    StoreContext, Table, TypedFunc, WasmParams,
};
use runtime::{Given, InstanceHandle};

/// An instance of a module in a store.
///
/// ```
/// use wharf::{Engine, Func, Instance, Module, Store};
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"
///     (module (import "" "log" (func $log (param i32))) (start $main) (func $main i32.const 42 call $log))"#)?;
/// let mut store = Store::new(&engine, Vec::new());
/// let log = Func::wrap(&mut store, |mut caller: wharf::Caller<'_, Vec<i32>>, n: i32| caller.data_mut().push(n));
/// Instance::new(&mut store, &module, &[log.into()])?;
/// assert_eq!(store.data(), &[42]);
/// # Ok::<(), wharf::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Instance(pub(crate) InstanceHandle);

impl Instance {
    /// Makes an instance with its imports given by position, and runs its start function. [`Linker`](crate::Linker) gives them
    /// by name.
    ///
    /// # Errors
    /// If an import is missing or of another type, a segment does not fit, a limit is reached, or the start function stops.
    ///
    /// # Panics
    /// If a host function that the start function calls panics: with its panic.
    pub fn new(
        mut store: impl AsContextMut,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Instance> {
        let given = |index: usize| match imports.get(index) {
            Some(item) => Given::Item(item.to_runtime()),
            None => Given::Nothing,
        };
        Ok(Instance(
            store
                .as_context_mut()
                .0
                .instantiate(module.loaded(), given)?,
        ))
    }

    /// The export of this name. `None` also if the instance is another store's.
    pub fn get_export(&self, store: impl AsContext, name: &str) -> Option<Extern> {
        let item = store.as_context().0.export(self.0, name).ok()??;
        Some(Extern::from_runtime(item))
    }

    /// The exported function of this name.
    pub fn get_func(&self, store: impl AsContext, name: &str) -> Option<Func> {
        self.get_export(store, name)?.into_func()
    }

    /// The exported function of this name as one of this Rust type.
    ///
    /// # Errors
    /// If there is no such function, or it has another type.
    pub fn get_typed_func<P: WasmParams, R: WasmParams>(
        &self,
        store: impl AsContext,
        name: &str,
    ) -> Result<TypedFunc<P, R>> {
        let func = self.get_func(&store, name);
        let func = func
            .ok_or_else(|| Error::misuse(format!("the instance exports no function \"{name}\"")))?;
        func.typed(store)
    }

    /// The exported memory of this name.
    pub fn get_memory(&self, store: impl AsContext, name: &str) -> Option<Memory> {
        self.get_export(store, name)?.into_memory()
    }

    /// The exported table of this name.
    pub fn get_table(&self, store: impl AsContext, name: &str) -> Option<Table> {
        self.get_export(store, name)?.into_table()
    }

    /// The exported global of this name.
    pub fn get_global(&self, store: impl AsContext, name: &str) -> Option<Global> {
        self.get_export(store, name)?.into_global()
    }

    /// The exported tag of this name.
    pub fn get_tag(&self, store: impl AsContext, name: &str) -> Option<crate::Tag> {
        self.get_export(store, name)?.into_tag()
    }

    /// What the instance's own memories, globals, tables and segments hold now, exported or not.
    ///
    /// # Errors
    /// If the instance is another store's.
    pub fn state<'a, T: 'static>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> Result<InstanceState<'a>> {
        Ok(store.into().0.instance_state(self.0)?)
    }

    /// All exports, in order.
    ///
    /// # Errors
    /// If the instance is another store's.
    pub fn exports(&self, store: impl AsContext) -> Result<Vec<(String, Extern)>> {
        let exports = store.as_context().0.exports(self.0)?;
        Ok(exports
            .into_iter()
            .map(|(name, item)| (name, Extern::from_runtime(item)))
            .collect())
    }
}
