//! Calls from the host: into a function of an instance, and out again by results, trap, error or panic.
//!
//! Apart from the loop because this is the only part that knows who called.

use crate::activation::{Activation, Exit, exception};
use crate::code::ModuleCode;
use crate::stack::{Frame, Stack};
use module::FuncIdx;
use runtime::{Cause, Executor, InstanceId, Raised, Raw, StoreCore};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Frames kept of one trap at most: the innermost ones.
const FRAMES_MAX: usize = 64;

/// The interpreter. It has no state of its own: what it keeps lies in stores and modules.
#[derive(Clone, Copy, Debug, Default)]
pub struct Interp;

impl Interp {
    /// An interpreter, for any number of engines.
    pub const fn new() -> Interp {
        Interp
    }
}

impl Executor for Interp {
    fn execute(
        &self,
        store: &mut StoreCore,
        instance: InstanceId,
        func: FuncIdx,
        slots: &mut [Raw],
    ) -> Result<(), Raised> {
        let mut stack = mem::take(store.executor_state::<Stack>());
        let mark = stack.mark();
        let run = AssertUnwindSafe(|| enter(store, &mut stack, instance, func, slots));
        match catch_unwind(run) {
            Ok(outcome) => {
                stack.reset(mark);
                *store.executor_state() = stack;
                outcome
            }
            // The panic of a host function, while the stack lay in the store.
            Err(panic) => {
                store.executor_state::<Stack>().reset(mark);
                resume_unwind(panic)
            }
        }
    }

    fn visit_roots(&self, store: &mut StoreCore, visit: &mut dyn FnMut(&mut u32)) {
        let mut stack = mem::take(store.executor_state::<Stack>());
        let mut end = stack.values.len();
        for frame in stack.frames.iter().rev() {
            let module = store.instance_module(frame.instance);
            let code = ModuleCode::of(module);
            let values = &mut stack.values[frame.base..end];
            // What the operator took is gone, or belongs to the function that it called.
            let at = frame.pc.saturating_sub(1);
            for &slot in &*code.ref_slots(module, frame.func, at) {
                let Some(value) = values.get_mut(slot as usize) else {
                    break;
                };
                let mut reference = *value as u32;
                visit(&mut reference);
                *value = reference.into();
            }
            end = frame.base;
        }
        *store.executor_state() = stack;
    }
}

/// Puts the arguments on the stack, runs the function and takes the results off.
fn enter(
    store: &mut StoreCore,
    stack: &mut Stack,
    instance: InstanceId,
    func: FuncIdx,
    slots: &mut [Raw],
) -> Result<(), Raised> {
    if let Err(trap) = stack.enter_from_host() {
        return Err(raise(store, stack, trap.into()));
    }
    let base = stack.values.len();
    let header = store.instance_module(instance).module().header();
    let ty = header.func_type(func);
    let (n_params, n_results) = (ty.params().len(), ty.results().len());
    let arguments = slots[..n_params].iter().map(|slot| slot.u128());
    stack.values.extend(arguments);
    run(store, stack, instance, func)?;
    let results = &stack.values[base..];
    assert_eq!(results.len(), n_results, "a function leaves its results");
    for (slot, &bits) in slots.iter_mut().zip(results) {
        *slot = Raw::from_u128(bits);
    }
    Ok(())
}

/// Runs a function whose arguments are on the stack until it has left its results there.
fn run(
    store: &mut StoreCore,
    stack: &mut Stack,
    instance: InstanceId,
    func: FuncIdx,
) -> Result<(), Raised> {
    // Each round runs functions of one instance, so that what does not change is looked up once.
    let floor = stack.frames.len();
    let mut next = Exit::Call { instance, func };
    loop {
        let (instance, func) = match next {
            Exit::Call { instance, func } => (instance, func),
            Exit::Return(Frame { instance, func, .. }) => (instance, func),
            Exit::Done => return Ok(()),
        };
        let module = store.instance_module(instance).clone();
        let mut activation = Activation::new(store, stack, floor, instance, &module, func);
        let outcome = match next {
            Exit::Return(frame) => activation.resume(frame),
            _ => activation.start(),
        };
        match outcome {
            Ok(exit) => next = exit,
            Err(cause) => {
                let innermost = activation.frame();
                stack.frames.push(innermost);
                if let Cause::Exception(exception) = &cause {
                    let catcher = exception::catch(store, stack, floor, exception);
                    if let Some(frame) = catcher {
                        next = Exit::Return(frame);
                        continue;
                    }
                }
                return Err(raise(store, stack, cause));
            }
        }
    }
}

/// The cause with all functions that are on the stack, whoever entered them.
#[cold]
fn raise(store: &StoreCore, stack: &Stack, cause: Cause) -> Raised {
    let innermost_first = stack.frames.iter().rev().take(FRAMES_MAX);
    let frames = innermost_first.map(|frame| {
        let module = store.instance_module(frame.instance);
        let code = ModuleCode::of(module).func(module, frame.func);
        runtime::Frame {
            module: module.clone(),
            func: frame.func,
            // What a function that has not begun would execute first, else what it executed last.
            offset: Some(code.offset(frame.pc.saturating_sub(1))),
        }
    });
    Raised {
        cause,
        frames: frames.collect(),
    }
}
