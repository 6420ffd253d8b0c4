//! Satisfying imports by name.

use crate::func::dynamic;
use crate::{
    AsContext, AsContextMut, Caller, Engine, Error, Extern, Instance, IntoFunc, Module, Result,
    SharedMemory, Val,
};
use module::{ExternType, FuncType};
use runtime::{Given, HostFunc, InstancePlan};
use std::collections::HashMap;

/// Names what imports are satisfied with.
///
/// Functions of the host defined here belong to no store, so one linker serves any number of stores, on any number of threads.
///
/// ```
/// use wharf::{Engine, Linker, Module, Store};
///
/// let engine = Engine::default();
/// let mut linker = Linker::new(&engine);
/// linker.func_wrap("env", "now", || 1_700_000_000_i64)?;
/// let module = Module::new(&engine, r#"
///     (module (import "env" "now" (func $now (result i64))) (export "now" (func $now)))"#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = linker.instantiate(&mut store, &module)?;
/// let now = instance.get_typed_func::<(), i64>(&mut store, "now")?;
/// assert_eq!(now.call(&mut store, ())?, 1_700_000_000);
/// # Ok::<(), wharf::Error>(())
/// ```
pub struct Linker<T: 'static> {
    engine: Engine,
    modules: HashMap<Box<str>, HashMap<Box<str>, Definition<T>>>,
    shadowing: bool,
}

enum Definition<T: 'static> {
    Item(Extern),
    Host(HostFunc<T>),
    Shared(runtime::SharedMemory),
}

impl<T> Clone for Definition<T> {
    fn clone(&self) -> Definition<T> {
        match self {
            Definition::Item(item) => Definition::Item(*item),
            Definition::Host(func) => Definition::Host(func.clone()),
            Definition::Shared(memory) => Definition::Shared(memory.clone()),
        }
    }
}

impl<T> Definition<T> {
    fn given(&self) -> Given<'_, T> {
        match self {
            Definition::Item(item) => Given::Item(item.to_runtime()),
            Definition::Host(func) => Given::Host(func),
            Definition::Shared(memory) => Given::Shared(memory),
        }
    }
}

impl<T> Clone for Linker<T> {
    fn clone(&self) -> Linker<T> {
        Linker {
            engine: self.engine.clone(),
            modules: self.modules.clone(),
            shadowing: self.shadowing,
        }
    }
}

impl<T: 'static> Linker<T> {
    /// A linker without definitions.
    pub fn new(engine: &Engine) -> Linker<T> {
        Linker {
            engine: engine.clone(),
            modules: HashMap::new(),
            shadowing: false,
        }
    }

    /// The engine that the linker was made for.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Whether a name may be defined again; the last definition then holds. Not by default.
    pub fn allow_shadowing(&mut self, on: bool) -> &mut Linker<T> {
        self.shadowing = on;
        self
    }

    fn insert(
        &mut self,
        module: &str,
        name: &str,
        definition: Definition<T>,
    ) -> Result<&mut Linker<T>> {
        let names = match self.modules.get_mut(module) {
            Some(names) => names,
            None => self.modules.entry(module.into()).or_default(),
        };
        if !self.shadowing && names.contains_key(name) {
            return Err(Error::misuse(format!(
                "import \"{module}\" \"{name}\" is defined twice"
            )));
        }
        names.insert(name.into(), definition);
        Ok(self)
    }

    /// Defines a function whose type follows from the closure's.
    ///
    /// # Errors
    /// If the name is defined already.
    pub fn func_wrap<Params, Results>(
        &mut self,
        module: &str,
        name: &str,
        call: impl IntoFunc<T, Params, Results>,
    ) -> Result<&mut Linker<T>> {
        self.insert(module, name, Definition::Host(call.into_host_func()))
    }

    /// Defines a function of type `ty`. The closure gets the arguments and fills in the results.
    ///
    /// # Errors
    /// If the name is defined already.
    pub fn func_new(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        call: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Result<&mut Linker<T>> {
        self.insert(module, name, Definition::Host(dynamic(ty, call)))
    }

    /// Defines something of a store; the linker then serves only that store.
    ///
    /// # Errors
    /// If the name is defined already.
    pub fn define(
        &mut self,
        module: &str,
        name: &str,
        item: impl Into<Extern>,
    ) -> Result<&mut Linker<T>> {
        self.insert(module, name, Definition::Item(item.into()))
    }

    /// Defines a memory that several stores share; unlike what [`define`](Linker::define) is for, it serves any number of stores.
    ///
    /// # Errors
    /// If the name is defined already.
    pub fn define_shared_memory(
        &mut self,
        module: &str,
        name: &str,
        memory: &SharedMemory,
    ) -> Result<&mut Linker<T>> {
        self.insert(module, name, Definition::Shared(memory.0.clone()))
    }

    /// Whether an import of this name is satisfied.
    pub fn is_defined(&self, module: &str, name: &str) -> bool {
        self.find(module, name).is_some()
    }

    /// Defines all exports of an instance, under `module`.
    ///
    /// # Errors
    /// If a name is defined already, or the instance is another store's.
    pub fn instance(
        &mut self,
        store: impl AsContext,
        module: &str,
        instance: Instance,
    ) -> Result<&mut Linker<T>> {
        for (name, item) in instance.exports(store)? {
            self.define(module, &name, item)?;
        }
        Ok(self)
    }

    /// Defines each function that a module imports and nothing defines yet, as one that fails when called.
    ///
    /// # Errors
    /// Never at present.
    pub fn define_unknown_imports_as_traps(&mut self, module: &Module) -> Result<()> {
        for import in module.imports() {
            let ExternType::Func(ty) = &import.ty else {
                continue;
            };
            if self.find(&import.module, &import.name).is_some() {
                continue;
            }
            let message = format!(
                "unknown import: \"{}\" \"{}\" was called",
                import.module, import.name
            );
            self.func_new(&import.module, &import.name, ty.clone(), move |_, _, _| {
                Err(Error::msg(message.clone()))
            })?;
        }
        Ok(())
    }

    fn find(&self, module: &str, name: &str) -> Option<&Definition<T>> {
        self.modules.get(module)?.get(name)
    }

    /// Makes an instance and runs its start function.
    ///
    /// # Errors
    /// If an import is missing or of another type, a segment does not fit, a limit is reached, or the start function stops.
    ///
    /// # Panics
    /// If a host function that the start function calls panics: with its panic.
    pub fn instantiate(
        &self,
        mut store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<Instance> {
        let imports = module.header().imports();
        let given = |index: usize| {
            let import = &imports[index];
            self.find(&import.module, &import.name)
                .map_or(Given::Nothing, Definition::given)
        };
        Ok(Instance(
            store
                .as_context_mut()
                .0
                .instantiate(module.loaded(), given)?,
        ))
    }

    /// Looks the imports of a module up once, and checks them, for many instances.
    ///
    /// # Errors
    /// If an import is not defined, or is a function of another type.
    pub fn instantiate_pre(&self, module: &Module) -> Result<InstancePre<T>> {
        let imports = module.header().imports();
        let given = |index: usize| {
            let import = &imports[index];
            self.find(&import.module, &import.name)
                .map_or(Given::Nothing, Definition::given)
        };
        Ok(InstancePre {
            module: module.clone(),
            plan: InstancePlan::new(module.loaded(), given)?,
        })
    }
}

/// A module whose imports have been looked up: for making many instances quickly, on any thread.
///
/// If functions of the host are all that the module imports, and it defines no types of objects, some of its instances are kept
/// when their stores are dropped, put back into the state they started in: see [`Config::pooling`](crate::Config::pooling).
///
/// ```
/// use wharf::{Engine, Linker, Module, Store};
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (func (export "id") (result i32) i32.const 1))"#)?;
/// let ready = Linker::<()>::new(&engine).instantiate_pre(&module)?;
/// for _ in 0..3 {
///     let mut store = Store::new(&engine, ());
///     ready.instantiate(&mut store)?;
/// }
/// # Ok::<(), wharf::Error>(())
/// ```
pub struct InstancePre<T: 'static> {
    module: Module,
    plan: InstancePlan<T>,
}

impl<T: 'static> InstancePre<T> {
    /// The module.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// Makes an instance and runs its start function.
    ///
    /// # Errors
    /// If an import is of another type or store, a segment does not fit, a limit is reached, or the start function stops.
    ///
    /// # Panics
    /// If a host function that the start function calls panics: with its panic.
    pub fn instantiate(&self, mut store: impl AsContextMut<Data = T>) -> Result<Instance> {
        let store = store.as_context_mut().0;
        Ok(Instance(store.instantiate_plan(&self.plan)?))
    }
}
