//! Branches, calls and returns, and what is counted and looked at on the way: depth, fuel, requests to stop.
//!
//! Apart because only these decide which operator is next.

use super::{Activation, Exit};
use module::{Branch, FuncCode, FuncIdx, FuncType, Op, TableIdx, TypeIdx};
use runtime::{Callee, Cause, Raw};
use std::mem;

/// Slots for the arguments and results of a host function that need no allocation.
const SLOTS_INLINE: usize = 16;

impl<'a> Activation<'a> {
    /// Counts an operator that is about to be executed.
    #[inline]
    pub(super) fn count_fuel(&mut self, op: Op) {
        self.fuel += u64::from(op.fuel());
        if op.flushes_fuel() {
            self.store.exec_charge_fuel(mem::take(&mut self.fuel));
        }
    }

    #[inline]
    pub(super) fn branch(&mut self, branch: Branch) {
        let operands = self.base + self.func.locals().len();
        let height = operands + branch.height as usize;
        self.stack.collapse(height, branch.keep as usize);
        self.pc = branch.target as usize;
    }

    #[inline]
    pub(super) fn br_if(&mut self, at: usize) {
        if self.pop() as u32 != 0 {
            self.branch(self.func.branch(at));
        }
    }

    /// Goes on with the first arm, or else to the second.
    #[inline]
    pub(super) fn if_(&mut self, at: usize) {
        if self.pop() as u32 == 0 {
            self.branch(self.func.branch(at));
        }
    }

    pub(super) fn br_table(&mut self, at: usize, count: u32) {
        let index = (self.pop() as u32).min(count - 1);
        self.branch(self.func.branch_of_table(at, index));
    }

    pub(super) fn select(&mut self) {
        let condition = self.pop() as u32;
        let second = self.pop();
        if condition == 0 {
            self.pop();
            self.push(second);
        }
    }

    pub(super) fn call(&mut self, func: FuncIdx) -> Result<Option<Exit>, Cause> {
        if func.index() >= self.header.n_imported_funcs() {
            self.call_own(func)?;
            return Ok(None);
        }
        let callee = self.store.instance_callee(self.instance, func);
        self.call_any(callee, self.header.func_type(func))
    }

    pub(super) fn call_indirect(
        &mut self,
        ty: TypeIdx,
        table: TableIdx,
    ) -> Result<Option<Exit>, Cause> {
        let callee = self.indirect_callee(ty, table)?;
        self.call_any(callee, self.header.type_at(ty))
    }

    fn indirect_callee(&mut self, ty: TypeIdx, table: TableIdx) -> Result<Callee, Cause> {
        let at = self.pop_index(self.header.tables()[table.index()].table64);
        let table = self.store.instance_table(self.instance, table);
        let callee = self
            .store
            .exec_indirect_callee(self.instance, table, at, ty)?;
        Ok(callee)
    }

    pub(super) fn return_call(&mut self, func: FuncIdx) -> Result<Option<Exit>, Cause> {
        let callee = self.store.instance_callee(self.instance, func);
        self.return_call_any(callee, self.header.func_type(func))
    }

    pub(super) fn return_call_indirect(
        &mut self,
        ty: TypeIdx,
        table: TableIdx,
    ) -> Result<Option<Exit>, Cause> {
        let callee = self.indirect_callee(ty, table)?;
        self.return_call_any(callee, self.header.type_at(ty))
    }

    pub(super) fn call_ref(&mut self, ty: TypeIdx) -> Result<Option<Exit>, Cause> {
        let bits = self.pop() as u64;
        let callee = self.store.exec_ref_callee(bits)?;
        self.call_any(callee, self.header.type_at(ty))
    }

    pub(super) fn return_call_ref(&mut self, ty: TypeIdx) -> Result<Option<Exit>, Cause> {
        let bits = self.pop() as u64;
        let callee = self.store.exec_ref_callee(bits)?;
        self.return_call_any(callee, self.header.type_at(ty))
    }

    /// Makes a function run in place of the one that runs now: nothing of it is left but the arguments.
    fn return_call_any(&mut self, callee: Callee, ty: &FuncType) -> Result<Option<Exit>, Cause> {
        match callee {
            Callee::Wasm { instance, func } => {
                self.stack.collapse(self.base, ty.params().len());
                if instance == self.instance {
                    self.begin(self.code.func(self.module, func))?;
                    return Ok(None);
                }
                Ok(Some(Exit::Call { instance, func }))
            }
            Callee::Host(number) => {
                self.call_host(number, ty).inspect_err(|cause| {
                    if let Cause::Exception(_) = cause {
                        // The function has been left: it catches nothing any more.
                        self.pc = self.func.ops().len();
                    }
                })?;
                Ok(self.return_to_caller())
            }
        }
    }

    fn call_any(&mut self, callee: Callee, ty: &FuncType) -> Result<Option<Exit>, Cause> {
        match callee {
            Callee::Wasm { instance, func } if instance == self.instance => {
                self.call_own(func)?;
                Ok(None)
            }
            Callee::Wasm { instance, func } => {
                self.stack.frames.push(self.frame());
                Ok(Some(Exit::Call { instance, func }))
            }
            Callee::Host(number) => {
                self.call_host(number, ty)?;
                Ok(None)
            }
        }
    }

    fn call_own(&mut self, func: FuncIdx) -> Result<(), Cause> {
        self.stack.frames.push(self.frame());
        self.begin(self.code.func(self.module, func))
    }

    /// Makes `func`, whose arguments are on the stack, the function that runs.
    pub(super) fn begin(&mut self, func: &'a FuncCode) -> Result<(), Cause> {
        self.func = func;
        self.pc = 0;
        self.base = self.stack.values.len() - func.n_params();
        let n_locals = func.locals().len() - func.n_params();
        self.stack
            .check_room(n_locals + func.max_height(), self.stack_bytes_max)?;
        // Zero bits are the initial value of every type.
        self.stack.values.resize(self.base + func.locals().len(), 0);
        Ok(self.store.exec_check_stop()?)
    }

    /// Ends the function: its results take the place of its locals, and who called it goes on.
    pub(super) fn return_to_caller(&mut self) -> Option<Exit> {
        self.stack.collapse(self.base, self.func.n_results());
        if self.stack.frames.len() == self.floor {
            return Some(Exit::Done);
        }
        let caller = self
            .stack
            .frames
            .pop()
            .expect("there are more than `floor`");
        if caller.instance != self.instance {
            return Some(Exit::Return(caller));
        }
        self.func = self.code.func(self.module, caller.func);
        (self.pc, self.base) = (caller.pc, caller.base);
        None
    }

    /// Calls a host function. While it runs the stack lies in the store, for guests that it calls.
    fn call_host(&mut self, number: u32, ty: &FuncType) -> Result<(), Cause> {
        let (n_params, n_results) = (ty.params().len(), ty.results().len());
        let n_slots = n_params.max(n_results);
        let mut inline = [Raw::default(); SLOTS_INLINE];
        let mut allocated = Vec::new();
        let slots = if n_slots <= SLOTS_INLINE {
            &mut inline[..n_slots]
        } else {
            allocated.resize(n_slots, Raw::default());
            &mut allocated[..]
        };
        let arguments = self.stack.values.len() - n_params;
        for (slot, bits) in slots.iter_mut().zip(self.stack.values.drain(arguments..)) {
            *slot = Raw::from_u128(bits);
        }
        self.stack.frames.push(self.frame());
        mem::swap(self.store.executor_state(), self.stack);
        let outcome = self.store.exec_call_host(number, slots);
        mem::swap(self.store.executor_state(), self.stack);
        self.stack.frames.pop();
        outcome?;
        let results = slots[..n_results].iter().map(|slot| slot.u128());
        self.stack.values.extend(results);
        Ok(())
    }
}
