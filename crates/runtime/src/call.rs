//! Entering guests, and coming back: by results, by trap, by a host function's error or panic.

use crate::code::CodeAt;
use crate::engine::TrampolineKind;
use crate::func::FuncKind;
use crate::handle::StoreId;
use crate::reference::Fit;
use crate::store::{StoreCore, StoreInner};
use crate::value::{self, Register, Word};
use crate::vm::FuncRef;
use crate::{Cause, Error, FuncHandle, Raised, Val, WasmList};
use abi::{Raw, TRAP_PENDING};
use module::FuncType;
use ops::Trap;
use std::any::Any;
use std::marker::PhantomData;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use sys::{EntryFn, Fault, FaultKind, Stack, ThreadHandle};

/// Why a guest is about to trap, when only the host knows.
pub(crate) enum Pending {
    /// A trap of a builtin, or an error of a host function.
    Cause(Cause),
    /// A host function panicked: the panic goes on behind the guest.
    Panic(Box<dyn Any + Send>),
}

impl Pending {
    fn is_interruption(&self) -> bool {
        matches!(self, Pending::Cause(Cause::Trap(Trap::Interrupted)))
    }
}

/// Slots that need no allocation.
const SLOTS_INLINE: usize = 16;

/// Slots that most typed calls are content with.
const SLOTS_FEW: usize = 3;

/// A function of a store whose type was checked once, resolved to its entry.
pub struct TypedHandle<P, R> {
    func: FuncHandle,
    func_ref: NonNull<FuncRef>,
    /// Whether references that are given are of the function's type shows only at each call.
    checked: bool,
    /// Whether compiled code can be entered with the parameters in registers.
    in_registers: bool,
    _types: PhantomData<fn(P) -> R>,
}

impl<P, R> Clone for TypedHandle<P, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, R> Copy for TypedHandle<P, R> {}

// SAFETY: the address is followed only while the store that it belongs to is held, which is checked at each call.
unsafe impl<P, R> Send for TypedHandle<P, R> {}
// SAFETY: as above.
unsafe impl<P, R> Sync for TypedHandle<P, R> {}

/// Whether compiled code takes the parameters and gives the results in registers, as C does.
const fn fits_registers<P: WasmList, R: WasmList>() -> bool {
    value::in_registers(P::REGISTERS) && !matches!(R::Result::REGISTER, Register::Other)
}

/// Whether there are two integers at most.
const fn is_few(params: &[Register]) -> bool {
    match params {
        [] | [Register::Integer] | [Register::Integer, Register::Integer] => true,
        [..] => false,
    }
}

/// Where a guest is entered.
struct EntryPlace {
    stack_top: *mut u8,
    /// Addresses where code is.
    code: Range<usize>,
}

impl<P: WasmList, R: WasmList> TypedHandle<P, R> {
    /// Checks that `func` can be called so: its results are of the types, and its parameters at least of the same hierarchies.
    ///
    /// # Errors
    /// If it cannot, or is another store's.
    pub fn new(store: &StoreCore, func: FuncHandle) -> Result<TypedHandle<P, R>, Error> {
        let asked = FuncType::new(P::types(), R::types());
        let found = store.func_type(func)?;
        let types = store.engine.types();
        let params = types.list_fits(asked.params(), found.params());
        let results = types.list_fits(found.results(), asked.results());
        let (Fit::Always | Fit::Maybe, Fit::Always) = (params, results) else {
            return Err(Error::misuse(format!(
                "expected a function of type {asked}, found {found}"
            )));
        };
        let entity = store.func(func)?;
        let is_code = matches!(entity.kind, FuncKind::Wasm { .. }) && store.engine.compiles();
        let checked = params == Fit::Maybe;
        Ok(TypedHandle {
            func,
            func_ref: entity.func_ref,
            checked,
            in_registers: is_code && !checked && const { fits_registers::<P, R>() },
            _types: PhantomData,
        })
    }

    /// The function without its type.
    pub fn func(self) -> FuncHandle {
        self.func
    }

    /// The store that the function belongs to.
    pub fn store(self) -> StoreId {
        self.func.store
    }

    /// Calls the function.
    ///
    /// # Errors
    /// If a reference is not of the type that the function takes, the guest traps, a host function fails, or a handle is another
    /// store's.
    ///
    /// # Panics
    /// If a host function that the guest calls panics: with its panic.
    #[inline]
    pub fn call<T>(self, store: &mut StoreInner<T>, params: P) -> Result<R, Error> {
        const { assert!(P::LEN <= SLOTS_INLINE && R::LEN <= SLOTS_INLINE) };
        if const { fits_registers::<P, R>() } && self.in_registers {
            return self.call_in_registers(store, params);
        }
        // Slots start as zeros, which takes time: nearly all calls need few.
        if const { P::LEN <= SLOTS_FEW && R::LEN <= SLOTS_FEW } {
            self.call_in::<T, SLOTS_FEW>(store, params)
        } else {
            self.call_in::<T, SLOTS_INLINE>(store, params)
        }
    }

    /// Calls the function with its parameters in registers.
    #[inline(always)]
    fn call_in_registers<T>(self, store: &mut StoreInner<T>, params: P) -> Result<R, Error> {
        store.check_store(self.func.store, "function")?;
        let mut arguments = sys::Registers::default();
        params.to_registers(&mut arguments, store)?;
        let core: *mut StoreCore = &raw mut **store;
        // SAFETY: the function belongs to the store and is compiled; the registers hold parameters of its type, which was checked.
        // Nothing but zeros is in those that are left out.
        let returned = unsafe {
            StoreCore::enter(core, self.func_ref, |at, func_ref| {
                let (code, vmctx) = (func_ref.code, func_ref.vmctx);
                if const { is_few(P::REGISTERS) } {
                    sys::enter_in_registers::<true>(at.stack_top, at.code, code, vmctx, arguments)
                } else {
                    sys::enter_in_registers::<false>(at.stack_top, at.code, code, vmctx, arguments)
                }
            })?
        };
        let slot = match R::Result::REGISTER {
            Register::Float => Raw::from_f64(returned.float),
            Register::Integer | Register::Nothing | Register::Other => {
                Raw::from_u64(returned.integer)
            }
        };
        // SAFETY: the function has returned results of its type.
        Ok(unsafe { R::from_slots(&[slot][..R::LEN], store) })
    }

    /// Calls the function with that many slots.
    #[inline(always)]
    fn call_in<T, const SLOTS: usize>(
        self,
        store: &mut StoreInner<T>,
        params: P,
    ) -> Result<R, Error> {
        store.check_store(self.func.store, "function")?;
        let mut slots = [Raw::default(); SLOTS];
        params.to_slots(&mut slots, store)?;
        if P::REFS && self.checked {
            let ty = store.func_type(self.func)?;
            // SAFETY: the slots were just filled with values of types of these hierarchies.
            unsafe { store.check_slots(&slots[..P::LEN], ty.params())? };
        }
        let used = const { if P::LEN > R::LEN { P::LEN } else { R::LEN } };
        let core: *mut StoreCore = &raw mut **store;
        // SAFETY: the slots hold parameters of the function's type, which was checked; the entry belongs to the store.
        unsafe { StoreCore::call_slots(core, self.func.index, self.func_ref, &mut slots[..used])? };
        // SAFETY: the function has filled the slots with results of its type.
        Ok(unsafe { R::from_slots(&slots, store) })
    }
}

impl<T> StoreInner<T> {
    /// Calls a function with values and gives its results.
    ///
    /// # Errors
    /// If the arguments do not fit the type, the guest traps, a host function fails, or a handle is another store's.
    ///
    /// # Panics
    /// If a host function that the guest calls panics: with its panic.
    pub fn call(&mut self, func: FuncHandle, params: &[Val]) -> Result<Vec<Val>, Error> {
        let ty = self.func_type(func)?;
        if ty.params().len() != params.len() {
            let (expected, found) = (ty.params().len(), params.len());
            return Err(Error::misuse(format!(
                "expected {expected} arguments, found {found}"
            )));
        }
        let mut slots = vec![Raw::default(); ty.params().len().max(ty.results().len())];
        for ((slot, value), ty) in slots.iter_mut().zip(params).zip(ty.params()) {
            *slot = self.val_to_raw(*value, *ty)?;
        }
        let func_ref = self.func(func)?.func_ref;
        let core: *mut StoreCore = &raw mut **self;
        // SAFETY: the slots hold parameters of the function's type.
        unsafe { StoreCore::call_slots(core, func.index, func_ref, &mut slots)? };
        let results = ty.results().iter().zip(&slots);
        // SAFETY: the function has filled the slots with results of its type.
        Ok(results
            .map(|(ty, raw)| unsafe { self.val_from_raw(*raw, *ty) })
            .collect())
    }
}

impl StoreCore {
    /// Calls a function with its arguments in slots; the results are left there.
    ///
    /// # Safety
    /// `core` is a store held exclusively; `index` and `func_ref` are one of its functions; the slots hold arguments of its
    /// type and are as many as the greater of both counts.
    pub(crate) unsafe fn call_slots(
        core: *mut StoreCore,
        index: u32,
        func_ref: NonNull<FuncRef>,
        slots: &mut [Raw],
    ) -> Result<(), Error> {
        // SAFETY: the caller's promise.
        let this = unsafe { &mut *core };
        // SAFETY: entries live as long as the store.
        if unsafe { (*func_ref.as_ptr()).entry.is_null() } {
            return this.call_without_entry(index, func_ref, slots);
        }
        // SAFETY: the caller's promise.
        unsafe { StoreCore::enter_with_slots(core, func_ref, slots.as_mut_ptr()) }
    }

    /// Calls compiled code by its entry trampoline.
    ///
    /// # Safety
    /// As for [`call_slots`](Self::call_slots), with a function that has such a trampoline.
    unsafe fn enter_with_slots(
        core: *mut StoreCore,
        func_ref: NonNull<FuncRef>,
        slots: *mut Raw,
    ) -> Result<(), Error> {
        // SAFETY: the entry of a function of the store is a trampoline of the function's type, and code and vmctx are the function's
        // own; the rest is the caller's promise.
        unsafe {
            StoreCore::enter(core, func_ref, |at, func_ref| {
                let FuncRef {
                    code, vmctx, entry, ..
                } = func_ref;
                let entry = std::mem::transmute::<*const u8, EntryFn>(entry);
                sys::enter(at.stack_top, at.code, entry, code, vmctx, slots.cast())
            })
        }
    }

    /// Calls a function that has no entry trampoline: one of the host, one under an interpreter, or one called for the first
    /// time, which gets its trampoline now.
    #[cold]
    fn call_without_entry(
        &mut self,
        index: u32,
        func_ref: NonNull<FuncRef>,
        slots: &mut [Raw],
    ) -> Result<(), Error> {
        if !self.engine.compiles() || matches!(self.funcs[index as usize].kind, FuncKind::Host(_)) {
            return self.execute(index, slots);
        }
        // SAFETY: entries live as long as the store; compiled code does not read this field. The slots are those that
        // `call_slots` was promised.
        unsafe {
            let entry = self
                .engine
                .trampoline((*func_ref.as_ptr()).ty, TrampolineKind::Entry)?;
            (*func_ref.as_ptr()).entry = entry;
            StoreCore::enter_with_slots(self, func_ref, slots.as_mut_ptr())
        }
    }

    /// Calls compiled code, by what enters it on a stack.
    ///
    /// # Safety
    /// `core` is a store held exclusively, and `func_ref` one of its functions. `enter` enters compiled code of the function on this stack
    /// by `sys`, and does nothing else.
    #[inline(always)]
    unsafe fn enter<R>(
        core: *mut StoreCore,
        func_ref: NonNull<FuncRef>,
        enter: impl FnOnce(EntryPlace, FuncRef) -> Result<R, Fault>,
    ) -> Result<R, Error> {
        // SAFETY: the store is held exclusively by the caller.
        let this = unsafe { &mut *core };
        let Some(stack_top) = this.ready_stack() else {
            let (mut enter, mut returned) = (Some(enter), None);
            let mut enter_once = |place: EntryPlace, func_ref: FuncRef| {
                let enter = enter.take().expect("entered once");
                returned = Some(enter(place, func_ref)?);
                Ok(())
            };
            // SAFETY: the caller's promise.
            unsafe { StoreCore::enter_unready(core, func_ref, &mut enter_once)? };
            return Ok(returned.expect("it was entered and has returned"));
        };
        this.interrupt.set_running(true);
        this.guests = 1;
        let place = EntryPlace {
            stack_top,
            code: this.engine.code_range(),
        };
        let ctx = this.ctx();
        // SAFETY: the context belongs to the store, and entries live as long as it. The stack is the store's, without a guest on it.
        let outcome = unsafe {
            (*ctx).store = core;
            enter(place, func_ref.read())
        };
        match outcome {
            Ok(returned) => {
                this.guests = 0;
                this.interrupt.set_running(this.depth > 0);
                Ok(returned)
            }
            Err(fault) => Err(this.fail_entry(fault)),
        }
    }

    /// Where to run a guest, if the thread and the store are ready for one and none is suspended: nearly always.
    #[inline(always)]
    fn ready_stack(&self) -> Option<*mut u8> {
        let stack = self.stack.as_ref()?;
        let is_ready = self.guests == 0
            && !self.interrupt.is_requested()
            && self.thread.as_ref().is_some_and(ThreadHandle::is_current);
        is_ready.then(|| stack.top())
    }

    /// Ends the only entry, which failed.
    #[cold]
    #[inline(never)]
    fn fail_entry(&mut self, fault: Fault) -> Error {
        let (pending, frames) = self.what_happened(fault);
        self.guests = 0;
        self.interrupt.set_running(self.depth > 0);
        raise(pending, frames)
    }

    /// As [`enter`](Self::enter), whatever there is to be prepared.
    ///
    /// # Safety
    /// As for it.
    #[cold]
    #[inline(never)]
    unsafe fn enter_unready(
        core: *mut StoreCore,
        func_ref: NonNull<FuncRef>,
        enter: &mut dyn FnMut(EntryPlace, FuncRef) -> Result<(), Fault>,
    ) -> Result<(), Error> {
        // SAFETY: the store is held exclusively by the caller.
        let this = unsafe { &mut *core };
        let other_thread = this.prepare_thread();
        if this.interrupt.is_requested() {
            this.interrupt.acknowledge();
            this.leave_thread(other_thread);
            return Err(Trap::Interrupted.into());
        }
        let (stack_top, displaced) = match &this.stack {
            Some(stack) if this.guests == 0 => (stack.top(), None),
            _ => match this.prepare_stack() {
                Ok(stack_top) => (stack_top, this.displaced.take()),
                Err(error) => {
                    this.leave_thread(other_thread);
                    return Err(error);
                }
            },
        };
        this.interrupt.set_running(true);
        this.guests += 1;
        let place = EntryPlace {
            stack_top,
            code: this.engine.code_range(),
        };
        let ctx = this.ctx();
        // SAFETY: the context belongs to the store, and entries live as long as it. The stack is the store's: without a guest on it, or
        // the one we are on.
        let outcome = unsafe {
            (*ctx).store = core;
            enter(place, func_ref.read())
        };
        let outcome = outcome.map_err(|fault| this.what_happened(fault));
        this.guests -= 1;
        if this.guests > 0 || displaced.is_some() {
            this.leave_nested(displaced);
        }
        if this.guests == 0 {
            this.interrupt.set_running(this.depth > 0);
            this.leave_stack();
        }
        this.leave_thread(other_thread);
        match outcome {
            Ok(()) => Ok(()),
            Err((pending, frames)) => Err(raise(pending, frames)),
        }
    }

    /// Makes the thread ready for guests, and known to interrupt handles; gives the one that was known before, if another.
    #[inline]
    pub(crate) fn prepare_thread(&mut self) -> Option<ThreadHandle> {
        if self.thread.as_ref().is_some_and(ThreadHandle::is_current) {
            return None;
        }
        sys::init_thread();
        let thread = ThreadHandle::current();
        self.interrupt.set_thread(&thread);
        self.thread.replace(thread)
    }

    /// Makes the thread known again on which a guest is suspended, after a nested call on another one.
    #[inline]
    fn leave_thread(&mut self, other: Option<ThreadHandle>) {
        if let Some(other) = other
            && (self.guests > 0 || self.depth > 0)
        {
            self.interrupt.set_thread(&other);
            self.thread = Some(other);
        }
    }

    /// Where to run a guest when the store has no stack yet, or guests are suspended on it.
    ///
    /// Null means the stack that we are on, below the suspended guests. A host function may also have left it, for another
    /// thread say: then the store gets another stack for the time of the call, and the first one waits in `displaced`.
    #[cold]
    fn prepare_stack(&mut self) -> Result<*mut u8, Error> {
        if self.guests > 0 {
            // SAFETY: the context belongs to the store.
            let exit_fp = unsafe { (*self.ctx()).exit_fp };
            if self.stack.as_ref().is_some_and(Stack::is_current) {
                self.outer_exits.push(exit_fp);
                return Ok(std::ptr::null_mut());
            }
            let stack = self.engine.take_stack()?;
            self.outer_exits.push(exit_fp);
            self.displaced = self.stack.replace(stack);
        } else {
            self.stack = Some(self.engine.take_stack()?);
        }
        self.set_stack_limit();
        Ok(self.stack.as_ref().expect("set above").top())
    }

    /// Gives the stack back that no guest is on, if the engine has many stores.
    fn leave_stack(&mut self) {
        if self.engine.is_short_of_stacks()
            && let Some(stack) = self.stack.take()
        {
            self.engine.give_back_stack(stack);
        }
    }

    fn set_stack_limit(&mut self) {
        let stack = self.stack.as_ref().expect("called with a stack");
        let limit = stack.bottom() as usize + crate::engine::HOST_ROOM_BYTES;
        // SAFETY: the context belongs to the store.
        unsafe { (*self.ctx()).stack_limit = limit };
    }

    #[cold]
    fn leave_nested(&mut self, displaced: Option<Stack>) {
        if let Some(first) = displaced {
            let used = self.stack.replace(first);
            self.set_stack_limit();
            self.engine
                .give_back_stack(used.expect("the nested call had one"));
        }
        let exit_fp = self.outer_exits.pop().expect("pushed at a nested entry");
        // SAFETY: the context belongs to the store.
        unsafe { (*self.ctx()).exit_fp = exit_fp };
    }

    /// What a fault of compiled code means, and where the guests were.
    #[cold]
    fn what_happened(&mut self, fault: Fault) -> (Pending, Vec<crate::Frame>) {
        let frames = self.collect_frames();
        let pending = self.pending.take();
        let trap = |trap| Pending::Cause(Cause::Trap(trap));
        let happened = match (fault.kind, pending) {
            // A host function had failed already: the interrupt came on the way out, and stays asked for.
            (FaultKind::Interrupt, Some(pending)) if !pending.is_interruption() => {
                return (pending, frames);
            }
            (FaultKind::Interrupt, Some(pending)) => pending,
            (FaultKind::Interrupt, None) => trap(Trap::Interrupted),
            (FaultKind::Memory { address }, _) if self.in_guard(address) => {
                trap(Trap::StackOverflow)
            }
            (_, pending) => match (self.listed_trap(fault.pc), pending) {
                (Some(TRAP_PENDING), Some(pending)) => pending,
                // The thunk of a builtin found no room on the stack to ask for more.
                (Some(TRAP_PENDING), None) => trap(Trap::StackOverflow),
                (Some(code), _) => trap(Trap::from_code(code).unwrap_or_else(|| unlisted(fault))),
                (None, _) => unlisted(fault),
            },
        };
        if happened.is_interruption() {
            self.interrupt.acknowledge();
        }
        (happened, frames)
    }

    fn in_guard(&self, address: usize) -> bool {
        let stack = self.stack.as_ref();
        stack.is_some_and(|stack| stack.guard().contains(&address))
    }

    fn listed_trap(&self, pc: usize) -> Option<u8> {
        match self.engine.code_at(pc)? {
            CodeAt::Piece(piece) => piece.trap_at(pc),
            CodeAt::Trampoline(code) => code,
        }
    }

    /// Calls a function through the engine's executor, or one of the host directly.
    fn execute(&mut self, index: u32, slots: &mut [Raw]) -> Result<(), Error> {
        let other_thread = self.prepare_thread();
        if self.interrupt.is_requested() {
            self.interrupt.acknowledge();
            self.leave_thread(other_thread);
            return Err(Trap::Interrupted.into());
        }
        self.interrupt.set_running(true);
        self.depth += 1;
        // A panic of a host function passes through, but not past this call still being counted.
        let outcome = catch_unwind(AssertUnwindSafe(|| self.execute_counted(index, slots)));
        self.depth -= 1;
        if self.depth == 0 && self.guests == 0 {
            self.interrupt.set_running(false);
        }
        self.leave_thread(other_thread);
        let outcome = outcome.unwrap_or_else(|payload| resume_unwind(payload));
        outcome.map_err(|raised| {
            if matches!(raised.cause, Cause::Trap(Trap::Interrupted)) {
                self.interrupt.acknowledge();
            }
            raised.into()
        })
    }

    fn execute_counted(&mut self, index: u32, slots: &mut [Raw]) -> Result<(), Raised> {
        match self.funcs[index as usize].kind {
            FuncKind::Wasm { instance, func } => {
                let executor = self.engine.executor().cloned();
                let executor = executor.expect("an engine without a compiler has an executor");
                executor.execute(self, instance, func, slots)
            }
            FuncKind::Host(_) => self.call_host(index, slots).map_err(Raised::from),
        }
    }
}

/// The error of a guest that stopped; or goes on with the panic of the host that stopped it.
fn raise(pending: Pending, frames: Vec<crate::Frame>) -> Error {
    match pending {
        Pending::Cause(cause) => Raised { cause, frames }.into(),
        Pending::Panic(payload) => resume_unwind(payload),
    }
}

/// Compiled code faulted where it must not: nothing it did can be trusted any more.
#[cold]
fn unlisted(fault: Fault) -> ! {
    eprintln!(
        "wharf: compiled code faulted at {:#x} ({}), where no trap is listed; this is a bug of the engine, and the process ends",
        fault.pc, fault.kind
    );
    std::process::abort()
}
