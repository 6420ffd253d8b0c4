//! Throwing, and finding who catches.
//!
//! Apart from calls because functions of several instances may be left at once. Blocks that catch cost nothing when they are
//! entered: who throws asks each function on the stack, innermost first, what it has around its call.

use super::Activation;
use crate::code::ModuleCode;
use crate::stack::{Frame, Stack};
use module::{ExceptionPlace, TagIdx};
use ops::Trap;
use runtime::{Cause, Exception, Raw, StoreCore};

impl Activation<'_> {
    #[cold]
    pub(super) fn throw(&mut self, tag: TagIdx) -> Cause {
        let ty = self.header.type_at(self.header.tags()[tag.index()]);
        let first = self.stack.values.len() - ty.params().len();
        let payload = self.stack.values.drain(first..);
        let payload = payload.map(Raw::from_u128).collect();
        let exception = self.store.exec_new_exception(self.instance, tag, payload);
        Cause::Exception(Box::new(exception))
    }

    #[cold]
    pub(super) fn throw_ref(&mut self) -> Cause {
        let bits = self.pop() as u64;
        self.throw_held(bits)
    }

    #[cold]
    pub(super) fn rethrow(&mut self, at: usize) -> Cause {
        let height = self.func.branch(at).height as usize;
        let bits = self.stack.values[self.base + self.func.locals().len() + height] as u64;
        self.throw_held(bits)
    }

    fn throw_held(&mut self, bits: u64) -> Cause {
        match self.store.exec_held_exception(bits) {
            Ok(exception) => Cause::Exception(Box::new(exception)),
            Err(trap) => Cause::Trap(trap),
        }
    }
}

/// The function that catches an exception, at the place where it goes on, with what the handler needs on its operand stack; the
/// functions that it called are gone. `None` if none above the `floor` catches: then nothing has changed.
///
/// # Errors
/// [`Trap::AllocationTooLarge`] if guests hold too many exceptions.
pub(crate) fn catch(
    store: &mut StoreCore,
    stack: &mut Stack,
    floor: usize,
    exception: &Exception,
) -> Result<Option<Frame>, Trap> {
    for at in (floor..stack.frames.len()).rev() {
        let frame = stack.frames[at];
        let module = store.instance_module(frame.instance).clone();
        let func = ModuleCode::of(&module).func(&module, frame.func);
        let Some(op) = frame.pc.checked_sub(1) else {
            continue;
        };
        let thrown = exception.tag();
        let handler = func.handler(op, |tag| store.is_instance_tag(frame.instance, tag, thrown));
        let Some(handler) = handler else {
            continue;
        };
        stack.frames.truncate(at);
        let height = frame.base + func.locals().len() + handler.branch.height as usize;
        stack.values.truncate(height);
        let place = handler.kind.exception;
        let held = match place {
            ExceptionPlace::Nowhere => 0,
            _ => store.exec_hold_exception(exception.clone())?,
        };
        if place == ExceptionPlace::Below {
            stack.values.push(held.into());
        }
        if handler.kind.payload {
            let slots = exception.slots().iter();
            stack.values.extend(slots.map(|slot| slot.u128()));
        }
        if place == ExceptionPlace::Above {
            stack.values.push(held.into());
        }
        return Ok(Some(Frame {
            pc: handler.branch.target as usize,
            ..frame
        }));
    }
    Ok(None)
}
