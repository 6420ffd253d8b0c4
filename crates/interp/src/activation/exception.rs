//! Throwing, and finding who catches.
//!
//! Apart from calls because functions of several instances may be left at once. Blocks that catch cost nothing when they are
//! entered: who throws asks each function on the stack, innermost first, what it has around its call.

use super::Activation;
use crate::code::ModuleCode;
use crate::stack::{Frame, Stack};
use module::TagIdx;
use ops::Trap;
use runtime::{Cause, Exception, StoreCore};

impl Activation<'_> {
    #[cold]
    pub(super) fn throw(&mut self, tag: TagIdx) -> Cause {
        self.new_exception(tag)
            .map_or_else(Cause::Trap, |exn| self.throw_exn(exn))
    }

    /// Makes an exception of the payload on the stack, which stays there until nothing more is allocated.
    fn new_exception(&mut self, tag: TagIdx) -> Result<u32, Trap> {
        let instance = self.instance;
        let exn = match self.store.exec_exn_new(instance, tag) {
            Some(exn) => exn,
            None => {
                self.collect(|store| store.exec_exn_room(instance, tag))?;
                let exn = self.store.exec_exn_new(instance, tag);
                exn.expect("room was made")
            }
        };
        let n_values = self.payload_len(tag);
        for nth in 0..n_values {
            let value = self.peek(n_values - 1 - nth);
            self.store.exec_exn_set(exn, nth, value);
        }
        self.drop_operands(n_values);
        Ok(exn)
    }

    fn payload_len(&self, tag: TagIdx) -> usize {
        let ty = self.header.type_at(self.header.tags()[tag.index()]);
        ty.params().len()
    }

    #[cold]
    pub(super) fn throw_ref(&mut self) -> Cause {
        let exn = self.pop() as u32;
        self.throw_exn(exn)
    }

    fn throw_exn(&mut self, exn: u32) -> Cause {
        match self.store.exec_exception(exn) {
            Ok(exception) => Cause::Exception(Box::new(exception)),
            Err(trap) => Cause::Trap(trap),
        }
    }
}

/// The function that catches an exception, at the place where it goes on, with what the handler needs on its operand stack; the
/// functions that it called are gone. `None` if none above the `floor` catches: then nothing has changed.
pub(crate) fn catch(
    store: &mut StoreCore,
    stack: &mut Stack,
    floor: usize,
    exception: &Exception,
) -> Option<Frame> {
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
        let exn = store.exec_exception_ref(exception);
        if let Some(tag) = handler.kind.tag {
            let header = module.module().header();
            let n_values = header.type_at(header.tags()[tag.index()]).params().len();
            let payload = (0..n_values).map(|nth| store.exec_exn_get(exn, nth));
            stack.values.extend(payload);
        }
        if handler.kind.with_ref {
            stack.values.push(exn.into());
        }
        return Some(Frame {
            pc: handler.branch.target as usize,
            ..frame
        });
    }
    None
}
