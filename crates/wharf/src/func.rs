//! Functions: of guests to be called, and of the host to be given.

use crate::{
    AsContext, AsContextMut, Error, Extern, IntoFunc, Result, StoreContext, StoreContextMut, Val,
    WasmParams,
};
use module::{FuncType, HeapType, SubType, TypeKind};
use runtime::{FuncHandle, HostCall, HostFunc, MAIN_MEMORY, TypedHandle};

/// A function of a store.
///
/// ```
/// use wharf::{Engine, Func, Store, Val};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let add = Func::wrap(&mut store, |a: i32, b: i32| a + b);
/// assert_eq!(add.call(&mut store, &[Val::I32(1), Val::I32(2)])?, [Val::I32(3)]);
/// # Ok::<(), wharf::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Func(pub(crate) FuncHandle);

/// A closure of dynamic type as the runtime wants it.
pub(crate) fn dynamic<T: 'static>(
    ty: FuncType,
    call: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
) -> HostFunc<T> {
    HostFunc::dynamic(ty, move |host, params, results| {
        let params: Vec<Val> = params
            .iter()
            .map(|value| Val::from_runtime(*value))
            .collect();
        let mut values: Vec<Val> = results
            .iter()
            .map(|value| Val::from_runtime(*value))
            .collect();
        call(Caller::new(host), &params, &mut values).map_err(Error::into_cause)?;
        for (slot, value) in results.iter_mut().zip(values) {
            *slot = value.to_runtime();
        }
        Ok(())
    })
}

impl Func {
    /// A host function of type `ty`. The closure gets the arguments and fills in the results, which start as zeros and nulls.
    ///
    /// # Errors
    /// If calls of the type cannot be compiled.
    pub fn new<T: 'static>(
        mut store: impl AsContextMut<Data = T>,
        ty: FuncType,
        call: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Result<Func> {
        Ok(Func(
            store.as_context_mut().0.new_host_func(&dynamic(ty, call))?,
        ))
    }

    /// A host function whose type follows from the closure's.
    ///
    /// # Panics
    /// If calls of the type cannot be compiled: types of closures always can.
    pub fn wrap<T: 'static, Params, Results>(
        mut store: impl AsContextMut<Data = T>,
        call: impl IntoFunc<T, Params, Results>,
    ) -> Func {
        let func = store
            .as_context_mut()
            .0
            .new_host_func(&call.into_host_func());
        Func(func.expect("functions of up to twelve parameters compile"))
    }

    /// A host function of a defined type, as [`RecGroup::func_type`](crate::RecGroup::func_type) makes one or a guest has one: it
    /// fits where a reference to just this type is asked for. The closure is as for [`new`](Self::new).
    ///
    /// # Errors
    /// If the engine has no such type of functions, or calls of the type cannot be compiled.
    pub fn new_of_type<T: 'static>(
        mut store: impl AsContextMut<Data = T>,
        ty: HeapType,
        call: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Result<Func> {
        let store = store.as_context_mut().0;
        let (index, func) = match ty {
            HeapType::Concrete(TypeKind::Func, index) => {
                (index, store.engine().defined_type(index))
            }
            _ => {
                return Err(Error::misuse(format!(
                    "{ty} is not a defined type of functions"
                )));
            }
        };
        let func = func
            .as_ref()
            .and_then(SubType::as_func)
            .cloned()
            .unwrap_or_default();
        Ok(Func(store.new_host_func_of(&dynamic(func, call), index)?))
    }

    /// The defined type of the function, for references to just this type.
    ///
    /// # Errors
    /// If the function is another store's.
    pub fn heap_type(&self, store: impl AsContext) -> Result<HeapType> {
        Ok(store.as_context().0.func_heap_type(self.0)?)
    }

    /// The type of the function.
    ///
    /// # Errors
    /// If the function is another store's.
    pub fn ty(&self, store: impl AsContext) -> Result<FuncType> {
        Ok(store.as_context().0.func_type(self.0)?)
    }

    /// Calls the function with values and gives its results.
    ///
    /// # Errors
    /// If the arguments do not fit the type, the guest traps, a host function fails, or a handle is another store's.
    ///
    /// # Panics
    /// If a host function that the guest calls panics: with its panic.
    pub fn call(&self, mut store: impl AsContextMut, params: &[Val]) -> Result<Vec<Val>> {
        let params: Vec<runtime::Val> = params.iter().map(|value| value.to_runtime()).collect();
        let results = store.as_context_mut().0.call(self.0, &params)?;
        Ok(results.into_iter().map(Val::from_runtime).collect())
    }

    /// The function as one of this Rust type, checked once, for quick calls.
    ///
    /// # Errors
    /// If the function has another type, or is another store's.
    pub fn typed<P: WasmParams, R: WasmParams>(
        &self,
        store: impl AsContext,
    ) -> Result<TypedFunc<P, R>> {
        Ok(TypedFunc(TypedHandle::new(store.as_context().0, self.0)?))
    }
}

/// A function whose type is known to Rust.
///
/// ```
/// use wharf::{Engine, Instance, Module, Store};
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"
///     (module (func (export "swap") (param i32 i64) (result i64 i32) local.get 1 local.get 0))"#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let swap = instance.get_typed_func::<(i32, i64), (i64, i32)>(&mut store, "swap")?;
/// assert_eq!(swap.call(&mut store, (1, 2))?, (2, 1));
/// # Ok::<(), wharf::Error>(())
/// ```
pub struct TypedFunc<P: WasmParams, R: WasmParams>(TypedHandle<P::Runtime, R::Runtime>);

impl<P: WasmParams, R: WasmParams> Clone for TypedFunc<P, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: WasmParams, R: WasmParams> Copy for TypedFunc<P, R> {}

impl<P: WasmParams, R: WasmParams> TypedFunc<P, R> {
    /// Calls the function.
    ///
    /// # Errors
    /// If the guest traps, a host function fails, or a handle is another store's.
    ///
    /// # Panics
    /// If a host function that the guest calls panics: with its panic.
    #[inline]
    pub fn call(&self, mut store: impl AsContextMut, params: P) -> Result<R> {
        let results = self.0.call(store.as_context_mut().0, params.to_runtime())?;
        Ok(R::from_runtime(results))
    }

    /// The function without its type.
    pub fn func(&self) -> Func {
        Func(self.0.func())
    }
}

/// What a host function knows of its call: the store, and the instance that imported the function.
pub struct Caller<'a, T: 'static>(HostCall<'a, T>);

impl<'a, T: 'static> Caller<'a, T> {
    pub(crate) fn new(call: HostCall<'a, T>) -> Caller<'a, T> {
        Caller(call)
    }

    /// The store's data.
    pub fn data(&self) -> &T {
        self.0.store.data()
    }

    /// The store's data, to be changed.
    pub fn data_mut(&mut self) -> &mut T {
        self.0.store.data_mut()
    }

    /// The export of the calling instance with this name: the one that imported the function, also when the call came through
    /// a table. `None` if there is no such export, or the host made the function reachable itself.
    pub fn get_export(&self, name: &str) -> Option<Extern> {
        let caller = self.0.store.instance_handle(self.0.caller?);
        let item = self.0.store.export(caller, name).ok()??;
        Some(Extern::from_runtime(item))
    }

    /// The bytes of the caller's memory of this name, with the store's data beside them. The one called `memory`, as tools
    /// call it, is found at once; another is looked for in the exports.
    #[inline]
    pub fn memory_and_data(&mut self, name: &str) -> Option<(&mut [u8], &mut T)> {
        let memory = if name == MAIN_MEMORY {
            self.0.store.main_memory(self.0.caller?)?
        } else {
            self.get_export(name)?.into_memory()?.0
        };
        self.0.store.memory_and_data(memory).ok()
    }

    /// Collects all objects that nothing refers to.
    ///
    /// # Errors
    /// If the system has no memory for it.
    pub fn gc(&mut self) -> Result<()> {
        Ok(self.0.store.collect_garbage()?)
    }

    /// Whether the guest has been asked to stop: a host function that waits should then return, with
    /// [`Trap::Interrupted`](crate::Trap::Interrupted) for instance.
    pub fn is_interrupted(&self) -> bool {
        self.0.store.is_interrupted()
    }

    /// A handle by which another thread stops the guest.
    pub fn interrupt_handle(&self) -> crate::InterruptHandle {
        self.0.store.interrupt_handle()
    }
}

impl<T> AsContext for Caller<'_, T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext(self.0.store)
    }
}

impl<T> AsContextMut for Caller<'_, T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut(self.0.store)
    }
}
