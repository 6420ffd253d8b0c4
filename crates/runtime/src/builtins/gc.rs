//! What compiled code asks of the heap: objects when there is no room for them, and work on many elements.
//!
//! Apart from the other builtins because some of these collect: then references that the guest holds move, and it finds them
//! again in its frames. The work itself is that of the executor.

use super::Caller;
use crate::Cause;
use crate::call::Pending;
use module::{DataIdx, ElemIdx, TypeIdx};
use ops::Trap;

impl Caller<'_> {
    /// The reference; or notes the trap and gives 0.
    fn finish_new(self, outcome: Result<u32, Trap>) -> i32 {
        match self.unless_asked_to_stop(outcome) {
            Ok(object) => object as i32,
            Err(trap) => {
                self.store.pending = Some(Pending::Cause(Cause::Trap(trap)));
                0
            }
        }
    }

    pub(super) fn gc_new_struct(self, _ctx: *mut u8, ty: i32) -> i32 {
        let outcome = self.store.new_struct(ty as u32);
        self.finish_new(outcome)
    }

    pub(super) fn gc_new_array(self, _ctx: *mut u8, ty: i32, len: i32) -> i32 {
        let outcome = self.store.new_array(ty as u32, len as u32);
        self.finish_new(outcome)
    }

    pub(super) fn gc_remember(self, _ctx: *mut u8, object: i32) {
        self.store.heap_mut().remember(object as u32);
    }

    pub(super) fn array_new_data(self, ty: i32, data: i32, src: i32, len: i32) -> i32 {
        let segment = (TypeIdx(ty as u32), DataIdx(data as u32));
        let (src, len) = (src as u32, len as u32);
        let (store, instance) = (&mut *self.store, self.instance);
        let outcome = store
            .exec_check_data(instance, segment, src, len)
            .and_then(|()| {
                let number = store.instance_module(instance).type_id(segment.0);
                let array = store.new_array(number, len)?;
                store.exec_array_init_data(instance, segment.1, (array, 0), src, len)?;
                Ok(array)
            });
        self.finish_new(outcome)
    }

    pub(super) fn array_new_elem(self, ty: i32, elem: i32, src: i32, len: i32) -> i32 {
        let elem = ElemIdx(elem as u32);
        let (src, len) = (src as u32, len as u32);
        let (store, instance) = (&mut *self.store, self.instance);
        let outcome = store
            .exec_check_elem(instance, elem, src, len)
            .and_then(|()| {
                let number = store.instance_module(instance).type_id(TypeIdx(ty as u32));
                let array = store.new_array(number, len)?;
                store.exec_array_init_elem(instance, elem, (array, 0), src, len)?;
                Ok(array)
            });
        self.finish_new(outcome)
    }

    pub(super) fn array_fill(self, array: i32, at: i32, low: i64, high: i64, len: i32) -> i32 {
        let value = u128::from(low as u64) | u128::from(high as u64) << 64;
        let to = (array as u32, at as u32);
        let outcome = self.store.exec_array_fill(to, value, len as u32);
        self.finish(outcome)
    }

    pub(super) fn array_copy(
        self,
        dst_array: i32,
        dst: i32,
        src_array: i32,
        src: i32,
        len: i32,
    ) -> i32 {
        let to = (dst_array as u32, dst as u32);
        let from = (src_array as u32, src as u32);
        let outcome = self.store.exec_array_copy(to, from, len as u32);
        self.finish(outcome)
    }

    pub(super) fn array_init_data(
        self,
        data: i32,
        array: i32,
        dst: i32,
        src: i32,
        len: i32,
    ) -> i32 {
        let (data, to) = (DataIdx(data as u32), (array as u32, dst as u32));
        let (src, len) = (src as u32, len as u32);
        let outcome = self
            .store
            .exec_array_init_data(self.instance, data, to, src, len);
        self.finish(outcome)
    }

    pub(super) fn array_init_elem(
        self,
        elem: i32,
        array: i32,
        dst: i32,
        src: i32,
        len: i32,
    ) -> i32 {
        let (elem, to) = (ElemIdx(elem as u32), (array as u32, dst as u32));
        let (src, len) = (src as u32, len as u32);
        let outcome = self
            .store
            .exec_array_init_elem(self.instance, elem, to, src, len);
        self.finish(outcome)
    }
}
