//! Host functions that compiled code calls with their arguments in registers, as C functions: most of those with Rust types.
//!
//! Apart from those that get slots because here the conventions of compiled code and of C meet: both pass the context and then
//! numbers and references in the same registers, as long as there are enough of these.

use super::{CallScope, Called, HostCtx, TypedCall};
use crate::host::HostCall;
use crate::store::StoreInner;
use crate::value::{Register, Word, in_registers};
use crate::{Cause, InstanceId, StoreCore, WasmList};
use abi::Raw;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a C function gives back: in registers, if the word is in one.
#[repr(C)]
pub struct RegisterOutcome<W> {
    value: W,
    /// 0 for success, else a trap is pending.
    failed: u64,
}

/// A host function that can be called with its parameters as they are.
pub trait RegisterCall: 'static {
    /// The parameters.
    type Params: WasmList;
    /// The results.
    type Results: WasmList;

    /// Calls the function with the parameters that the store gives.
    ///
    /// # Safety
    /// Compiled code of a store of the function's data type calls, with a context of this very function.
    unsafe fn call(
        ctx: *mut HostCtx,
        params: impl FnOnce(&StoreCore) -> Self::Params,
    ) -> RegisterOutcome<<Self::Results as WasmList>::Result>;
}

/// The C function for a call; `None` if registers do not hold its parameters or results.
pub(super) fn entry<C: RegisterCall>() -> Option<*const ()> {
    let fits = const {
        in_registers(C::Params::REGISTERS)
            && !matches!(<C::Results as WasmList>::Result::REGISTER, Register::Other)
    };
    fits.then(C::Params::register_entry::<C>)
}

impl<T, P, R, F, const ALONE: bool> RegisterCall for TypedCall<T, P, R, F, ALONE>
where
    T: 'static,
    P: WasmList,
    R: WasmList,
    F: Fn(HostCall<'_, T>, P) -> Result<R, Cause> + Send + Sync + 'static,
{
    type Params = P;
    type Results = R;

    #[inline(always)]
    unsafe fn call(
        ctx: *mut HostCtx,
        params: impl FnOnce(&StoreCore) -> P,
    ) -> RegisterOutcome<R::Result> {
        // SAFETY: as the caller says, the context is of this function, and the store of its data type. Whoever entered the guest
        // has the store exclusively, and has lent it to us.
        let called = unsafe {
            let call = AssertUnwindSafe(|| {
                let core = (*(*ctx).store).store;
                let function = &*(*ctx).env.cast::<F>();
                let store = &mut *core.cast::<StoreInner<T>>();
                // Without references, who is not given the store leaves none behind.
                let _scope = if const { !ALONE || P::REFS || R::REFS } {
                    let first = store.open_scope();
                    Some(CallScope { core, first })
                } else {
                    None
                };
                let caller = ((*ctx).caller != u32::MAX).then_some(InstanceId((*ctx).caller));
                let params = params(store);
                function(HostCall { store, caller }, params)
                    .and_then(|results| {
                        let mut slot = [Raw::default()];
                        // The borrow given to the function has ended.
                        let slots = &mut slot[..R::LEN];
                        results.to_slots(slots, &*core).map_err(super::misuse)?;
                        Ok(R::Result::from_raw(slot[0]))
                    })
                    .map_err(|cause| (*core).own_cause(cause))
            });
            // A panic must not cross the guest's frames: it goes on behind them.
            catch_unwind(call)
        };
        match called {
            // SAFETY: as above.
            Ok(Ok(value)) => match unsafe { (*(*ctx).store).is_asked_to_stop() } {
                false => RegisterOutcome { value, failed: 0 },
                // SAFETY: as above.
                true => unsafe { stop(ctx) },
            },
            called => {
                let called = called.map(|outcome| outcome.map(drop));
                // SAFETY: as above; what the function was given it has dropped.
                unsafe { fail(ctx, called) }
            }
        }
    }
}

/// Notes that the guest must trap because somebody has asked it to.
///
/// # Safety
/// As for [`fail`].
#[cold]
#[inline(never)]
unsafe fn stop<W: Word>(ctx: *mut HostCtx) -> RegisterOutcome<W> {
    // SAFETY: the caller's promise.
    unsafe { fail(ctx, Ok(Ok(()))) }
}

/// Notes why the guest must trap.
///
/// # Safety
/// As for [`RegisterCall::call`], with a function that failed, or has given its results to a guest that shall stop.
#[cold]
#[inline(never)]
unsafe fn fail<W: Word>(ctx: *mut HostCtx, called: Called) -> RegisterOutcome<W> {
    // SAFETY: the caller's promise.
    unsafe { super::note_failure((*(*ctx).store).store, called) }
    RegisterOutcome {
        value: W::default(),
        failed: 1,
    }
}
