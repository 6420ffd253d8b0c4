//! Functions of the host: how guests reach closures, and how errors and panics come back.

mod registers;

pub use registers::{RegisterCall, RegisterOutcome};

use crate::call::Pending;
use crate::engine::TrampolineKind;
use crate::func::{FuncEntity, FuncHandle, FuncKind};
use crate::store::StoreInner;
use crate::vm::{FuncRef, StoreCtx};
use crate::{BoxError, Cause, Error, InstanceId, StoreCore, Val, WasmList};
use abi::{HostCtxLayout, Raw};
use module::{ExternType, FuncType, SubType, TypeIdx, ValType};
use ops::Trap;
use std::any::Any;
use std::marker::PhantomData;
use std::mem::offset_of;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::Arc;

/// What a host function is called with, beside its arguments.
pub struct HostCall<'a, T: 'static> {
    /// The store of the caller.
    pub store: &'a mut StoreInner<T>,
    /// The instance that imported the function; `None` if the host itself made the function reachable or calls it.
    pub caller: Option<InstanceId>,
}

/// What compiled code and the entry see of a host function.
#[repr(C)]
pub struct HostCtx {
    _reserved: u64,
    store: *mut StoreCtx,
    /// A [`HostEntry`], or a C function that the trampoline calls with the parameters themselves.
    entry: *const (),
    /// The closure.
    env: *const (),
    n_slots: u32,
    /// Number of the importing instance, or `u32::MAX`.
    caller: u32,
    /// What results must be that the closure's type does not promise to be so.
    checked_results: Option<Box<[ValType]>>,
}

/// What a host function becomes for an import of another type than the closure's.
#[derive(Clone)]
pub(crate) struct Adapted {
    /// The canonical number of the type.
    pub(crate) number: u32,
    /// The results, if they must be checked.
    pub(crate) checked_results: Option<Box<[ValType]>>,
}

const _: () = {
    assert!(offset_of!(HostCtx, store) == HostCtxLayout::STORE as usize);
    assert!(offset_of!(HostCtx, entry) == HostCtxLayout::ENTRY as usize);
};

type HostEntry = unsafe extern "C" fn(*mut HostCtx, *mut Raw) -> u32;

/// What came of calling a closure: a panic comes first.
type Called = std::thread::Result<Result<(), Cause>>;

/// A host function in a store.
pub(crate) struct HostPart {
    pub(crate) ctx: Box<HostCtx>,
    func_ref: Box<FuncRef>,
    call: DirectCall,
    _env: Arc<dyn Any + Send + Sync>,
}

// SAFETY: the addresses inside are those of parts that live as long as this one or its store; closures are `Send + Sync`.
unsafe impl Send for HostPart {}
// SAFETY: as above.
unsafe impl Sync for HostPart {}

/// Calls the closure without compiled code in between.
///
/// # Safety
/// The address of the closure is that of the function's own environment, and the store is one with the function's data type.
type DirectCall =
    unsafe fn(*const (), *mut StoreCore, Option<InstanceId>, &mut [Raw]) -> Result<(), Cause>;

/// A host function for stores with data of type `T`; can be put into any number of them.
pub struct HostFunc<T: 'static> {
    ty: FuncType,
    entry: HostEntry,
    /// As `entry`, for functions whose results must be checked.
    entry_checked: HostEntry,
    /// What compiled code calls instead of `entry` with its arguments in registers, if they have room there.
    register_entry: Option<*const ()>,
    call: DirectCall,
    env: Arc<dyn Any + Send + Sync>,
    _data: PhantomData<fn(T)>,
}

// SAFETY: the address is that of a function, for good; all else is `Send`.
unsafe impl<T> Send for HostFunc<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for HostFunc<T> {}

/// How a closure is called with its arguments in slots, where it leaves its results.
trait SlotCall<T: 'static>: 'static {
    /// The closure.
    type Closure: Send + Sync + 'static;

    /// Calls the closure.
    ///
    /// # Safety
    /// The slots were filled by a caller of the function's type.
    unsafe fn call(
        closure: &Self::Closure,
        host: HostCall<'_, T>,
        slots: &mut [Raw],
    ) -> Result<(), Cause>;
}

/// Closures that get slots.
struct UntypedCall<F>(PhantomData<F>);

impl<T, F> SlotCall<T> for UntypedCall<F>
where
    T: 'static,
    F: Fn(HostCall<'_, T>, &mut [Raw]) -> Result<(), Cause> + Send + Sync + 'static,
{
    type Closure = F;

    #[inline(always)]
    unsafe fn call(closure: &F, host: HostCall<'_, T>, slots: &mut [Raw]) -> Result<(), Cause> {
        closure(host, slots)
    }
}

/// Closures of Rust types; those that are `ALONE` make no use of the store.
struct TypedCall<T, P, R, F, const ALONE: bool>(PhantomData<(T, P, R, F)>);

impl<T, P, R, F, const ALONE: bool> SlotCall<T> for TypedCall<T, P, R, F, ALONE>
where
    T: 'static,
    P: WasmList,
    R: WasmList,
    F: Fn(HostCall<'_, T>, P) -> Result<R, Cause> + Send + Sync + 'static,
{
    type Closure = F;

    #[inline(always)]
    unsafe fn call(closure: &F, host: HostCall<'_, T>, slots: &mut [Raw]) -> Result<(), Cause> {
        // SAFETY: the caller's promise.
        let params = unsafe { P::from_slots(slots, host.store) };
        let store: *mut StoreInner<T> = host.store;
        let results = closure(host, params)?;
        // SAFETY: the borrow given to the closure has ended; the store is still ours.
        results.to_slots(slots, unsafe { &*store }).map_err(misuse)
    }
}

impl<T> Clone for HostFunc<T> {
    fn clone(&self) -> HostFunc<T> {
        HostFunc {
            ty: self.ty.clone(),
            entry: self.entry,
            entry_checked: self.entry_checked,
            register_entry: self.register_entry,
            call: self.call,
            env: self.env.clone(),
            _data: PhantomData,
        }
    }
}

impl<T: 'static> HostFunc<T> {
    /// A function of type `ty`. The slots that it is called with are as many as the greater of both counts.
    ///
    /// Private, since a closure could leave what is not a value of the type.
    fn new<C: SlotCall<T>>(ty: FuncType, closure: C::Closure) -> HostFunc<T> {
        HostFunc {
            ty,
            entry: entry::<T, C, false>,
            entry_checked: entry::<T, C, true>,
            register_entry: None,
            call: call_direct::<T, C>,
            env: Arc::new(closure),
            _data: PhantomData,
        }
    }

    /// A function whose type follows from the closure's.
    pub fn typed<P, R, F>(call: F) -> HostFunc<T>
    where
        P: WasmList,
        R: WasmList,
        F: Fn(HostCall<'_, T>, P) -> Result<R, Cause> + Send + Sync + 'static,
    {
        HostFunc::of_types::<P, R, F, false>(call)
    }

    /// As [`typed`](Self::typed), for a closure that makes no use of the store.
    pub fn typed_alone<P, R, F>(call: F) -> HostFunc<T>
    where
        P: WasmList,
        R: WasmList,
        F: Fn(P) -> Result<R, Cause> + Send + Sync + 'static,
    {
        HostFunc::of_types::<P, R, _, true>(move |_: HostCall<'_, T>, params| call(params))
    }

    fn of_types<P, R, F, const ALONE: bool>(call: F) -> HostFunc<T>
    where
        P: WasmList,
        R: WasmList,
        F: Fn(HostCall<'_, T>, P) -> Result<R, Cause> + Send + Sync + 'static,
    {
        let ty = FuncType::new(P::types(), R::types());
        HostFunc {
            register_entry: registers::entry::<TypedCall<T, P, R, F, ALONE>>(),
            ..HostFunc::new::<TypedCall<T, P, R, F, ALONE>>(ty, call)
        }
    }

    /// A function of type `ty` whose closure gets its arguments as values and fills in its results, which start as zeros and
    /// nulls.
    pub fn dynamic<F>(ty: FuncType, call: F) -> HostFunc<T>
    where
        F: Fn(HostCall<'_, T>, &[Val], &mut [Val]) -> Result<(), Cause> + Send + Sync + 'static,
    {
        let types = ty.clone();
        let with_slots = move |host: HostCall<'_, T>, slots: &mut [Raw]| {
            let HostCall { store, caller } = host;
            let given = types.params().iter().zip(slots.iter());
            // SAFETY: the slots were filled by a caller of this type.
            let params: Vec<Val> = given
                .map(|(ty, raw)| unsafe { store.val_from_raw(*raw, *ty) })
                .collect();
            let mut results: Vec<Val> = types
                .results()
                .iter()
                .map(|ty| Val::default_of(*ty))
                .collect();
            call(HostCall { store, caller }, &params, &mut results)?;
            for ((value, ty), slot) in results.into_iter().zip(types.results()).zip(slots) {
                *slot = store.val_to_raw(value, *ty).map_err(misuse)?;
            }
            Ok(())
        };
        untyped(ty, with_slots)
    }

    /// The type of the function.
    pub fn ty(&self) -> &FuncType {
        &self.ty
    }

    pub(crate) fn extern_type(&self) -> ExternType {
        ExternType::Func(self.ty.clone())
    }
}

fn untyped<T: 'static, F>(ty: FuncType, call: F) -> HostFunc<T>
where
    F: Fn(HostCall<'_, T>, &mut [Raw]) -> Result<(), Cause> + Send + Sync + 'static,
{
    HostFunc::new::<UntypedCall<F>>(ty, call)
}

fn misuse(error: Error) -> Cause {
    Cause::Host(Box::new(error) as BoxError)
}

/// Where trampolines arrive that pass slots: runs the closure and says whether the guest must trap.
unsafe extern "C" fn entry<T: 'static, C: SlotCall<T>, const CHECKED: bool>(
    ctx: *mut HostCtx,
    slots: *mut Raw,
) -> u32 {
    // SAFETY: trampolines pass the context of this very function and as many slots as it says; the store is the one that
    // entered the guest, whose exclusive use the guest's caller has lent us.
    unsafe {
        let core = (*(*ctx).store).store;
        let slots = std::slice::from_raw_parts_mut(slots, (*ctx).n_slots as usize);
        let caller = ((*ctx).caller != u32::MAX).then_some(InstanceId((*ctx).caller));
        let call = AssertUnwindSafe(|| {
            call_direct::<T, C>((*ctx).env, core, caller, slots)?;
            if CHECKED {
                return (*ctx).check_results(&*core, slots);
            }
            Ok(())
        });
        // A panic must not cross the guest's frames: it goes on behind them.
        let called = catch_unwind(call);
        if matches!(called, Ok(Ok(()))) && !(*(*ctx).store).is_asked_to_stop() {
            return 0;
        }
        note_failure(core, called);
        1
    }
}

/// Notes why the guest must trap that has called a closure: it failed, or the guest shall stop.
///
/// # Safety
/// The guest of the store has called us, and nothing is left to be dropped but what we are given.
#[cold]
unsafe fn note_failure(core: *mut StoreCore, called: Called) {
    let pending = match called {
        Ok(Ok(())) => Pending::Cause(Cause::Trap(Trap::Interrupted)),
        Ok(Err(Cause::Exception(exception))) => {
            // SAFETY: the caller's promise.
            let reference = unsafe { (*core).exception_reference(&exception) };
            // We may not come back, and until then nothing is allocated.
            drop(exception);
            // SAFETY: the caller's promise.
            Pending::Cause(unsafe { StoreCore::throw(core, reference) })
        }
        Ok(Err(cause)) => Pending::Cause(cause),
        Err(payload) => Pending::Panic(payload),
    };
    // SAFETY: the caller's promise.
    unsafe { (*core).pending = Some(pending) };
}

impl HostPart {
    /// Makes the function one of the store with this context.
    pub(crate) fn move_to(&mut self, store: *mut StoreCtx) {
        self.ctx.store = store;
    }
}

impl HostCtx {
    /// Checks what the closure's type does not promise of its results.
    ///
    /// # Safety
    /// The slots hold results of the closure's type, which the type of the function fits but for what references refer to.
    unsafe fn check_results(&self, store: &StoreCore, slots: &[Raw]) -> Result<(), Cause> {
        match &self.checked_results {
            // SAFETY: the caller's promise.
            Some(types) => unsafe { store.check_slots(slots, types) }.map_err(misuse),
            None => Ok(()),
        }
    }
}

/// What the host is given during a call, it can no longer use after it, also if the call panics.
struct CallScope {
    core: *mut StoreCore,
    first: usize,
}

impl Drop for CallScope {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: `call_direct` holds the store, and lends it to nobody when its closure has returned or panicked.
        unsafe { (*self.core).close_scope(self.first) }
    }
}

#[inline(always)]
unsafe fn call_direct<T: 'static, C: SlotCall<T>>(
    env: *const (),
    core: *mut StoreCore,
    caller: Option<InstanceId>,
    slots: &mut [Raw],
) -> Result<(), Cause> {
    // SAFETY: by the contract of `DirectCall` this is our closure and a store of our data type, which begins with its core.
    let (closure, store) = unsafe {
        (
            &*env.cast::<C::Closure>(),
            &mut *core.cast::<StoreInner<T>>(),
        )
    };
    let first = store.open_scope();
    let scope = CallScope { core, first };
    // SAFETY: a caller of the function's type has filled the slots.
    let outcome = unsafe { C::call(closure, HostCall { store, caller }, slots) };
    drop(scope);
    // SAFETY: the borrow given to the closure has ended; the store is still ours.
    outcome.map_err(|cause| unsafe { (*core).own_cause(cause) })
}

impl<T: 'static> StoreInner<T> {
    /// Puts a host function into the store.
    ///
    /// # Errors
    /// If calls of the type cannot be compiled.
    pub fn new_host_func(&mut self, func: &HostFunc<T>) -> Result<FuncHandle, Error> {
        self.add_host_func(func, None, None)
    }

    /// Puts a host function into the store, of the type with this index of the engine.
    ///
    /// # Errors
    /// If the engine has no such type of functions, the function was made for another, or calls of the type cannot be compiled.
    pub fn new_host_func_of(
        &mut self,
        func: &HostFunc<T>,
        ty: TypeIdx,
    ) -> Result<FuncHandle, Error> {
        let found = self.engine.types().find(ty);
        if found.as_ref().and_then(SubType::as_func) != Some(&func.ty) {
            return Err(Error::misuse(format!(
                "the engine has no type of functions of number {} with these parameters and results",
                ty.0
            )));
        }
        let adapted = Adapted {
            number: ty.0,
            checked_results: None,
        };
        self.add_host_func(func, None, Some(adapted))
    }

    /// Puts a host function into the store, as an import of `caller`, and perhaps of another type.
    pub(crate) fn add_host_func(
        &mut self,
        func: &HostFunc<T>,
        caller: Option<InstanceId>,
        adapted: Option<Adapted>,
    ) -> Result<FuncHandle, Error> {
        let number = match &adapted {
            Some(adapted) => adapted.number,
            None => self.engine.types().number(&func.ty)?,
        };
        let checked_results = adapted.and_then(|adapted| adapted.checked_results);
        let n_slots = func.ty.params().len().max(func.ty.results().len()) as u32;
        let (entry, kind) = match (&checked_results, func.register_entry) {
            (None, Some(entry)) => (entry, TrampolineKind::HostInRegisters),
            (None, None) => (func.entry as *const (), TrampolineKind::Host),
            (Some(_), _) => (func.entry_checked as *const (), TrampolineKind::Host),
        };
        let mut ctx = Box::new(HostCtx {
            _reserved: 0,
            store: self.ctx(),
            entry,
            env: Arc::as_ptr(&func.env).cast(),
            n_slots,
            caller: caller.map_or(u32::MAX, |instance| instance.0),
            checked_results,
        });
        let func_ref = self.host_func_ref(number, kind, &mut ctx)?;
        let part = HostPart {
            ctx,
            func_ref,
            call: func.call,
            _env: func.env.clone(),
        };
        Ok(self.push_func(FuncEntity {
            func_ref: NonNull::from(&*part.func_ref),
            kind: FuncKind::Host(part),
        }))
    }
}

impl StoreCore {
    fn host_func_ref(
        &mut self,
        number: u32,
        kind: TrampolineKind,
        ctx: &mut HostCtx,
    ) -> Result<Box<FuncRef>, Error> {
        Ok(Box::new(FuncRef {
            code: self.engine.trampoline(number, kind)?,
            vmctx: (&raw mut *ctx).cast(),
            ty: number,
            func: self.funcs.len() as u32,
            // The host calls its own functions directly.
            entry: std::ptr::null(),
        }))
    }

    pub(crate) fn push_func(&mut self, entity: FuncEntity) -> FuncHandle {
        self.funcs.push(entity);
        self.func_handle(self.funcs.len() as u32 - 1)
    }

    /// Calls a host function of the store without compiled code in between.
    ///
    /// # Panics
    /// If the function is an instance's: our bug.
    pub(crate) fn call_host(&mut self, index: u32, slots: &mut [Raw]) -> Result<(), Cause> {
        let FuncKind::Host(part) = &self.funcs[index as usize].kind else {
            panic!("only host functions are called directly")
        };
        let caller = (part.ctx.caller != u32::MAX).then_some(InstanceId(part.ctx.caller));
        let (call, env) = (part.call, part.ctx.env);
        let core: *mut StoreCore = self;
        // SAFETY: a host function is only put into stores of its data type, and functions stay until the store is dropped.
        let mut outcome = unsafe { call(env, core, caller, slots) };
        if outcome.is_ok()
            && let FuncKind::Host(part) = &self.funcs[index as usize].kind
        {
            // SAFETY: the closure has just filled the slots with its results.
            outcome = unsafe { part.ctx.check_results(self, slots) };
        }
        if outcome.is_ok() && self.interrupt.is_requested() {
            return Err(Trap::Interrupted.into());
        }
        outcome
    }
}
