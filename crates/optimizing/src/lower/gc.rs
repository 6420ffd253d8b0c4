//! Garbage-collected objects: one arm an operator, and what all of them need.
//!
//! Apart from memories because objects move. The address of an object is computed anew for each access, from the base of the heap
//! and the 32 bits of the reference, and nothing that is read of an object counts as constant: Cranelift moves constant loads to
//! where they are needed, which may be behind a call during which the object moved.
//!
//! Null has no object, and the first pages of the heap are inaccessible: reading a field of null faults by itself.
//!
//! | file | holds |
//! |---|---|
//! | `alloc` | new objects |
//! | `access` | fields, elements and the write barrier |
//! | `bulk` | many elements at once |
//! | `cast` | tests of types |

mod access;
mod alloc;
mod bulk;
mod cast;

use super::Lower;
use crate::code::trap_code;
use crate::signature::POINTER;
use abi::StoreCtxLayout;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use ir::{GcOp, InstId, List, RefKinds};
use module::{RefType, StorageType};
use ops::Trap;

impl Lower<'_> {
    pub(super) fn gc(&mut self, id: InstId, op: GcOp, list: List) {
        let func = self.func;
        let args = func.list(list);
        let kinds = func.operand_kinds(id);
        match op {
            GcOp::RefEq => {
                let (a, b) = (self.value(args[0]), self.value(args[1]));
                let value = self.pos.ins().icmp(IntCC::Equal, a, b);
                self.set(id, value);
            }
            GcOp::RefI31 => {
                let value = self.value(args[0]);
                let value = self.pos.ins().ishl_imm_u(value, 1);
                let value = self.pos.ins().bor_imm_u(value, 1);
                self.set(id, value);
            }
            GcOp::I31Get { signed } => {
                let value = self.value(args[0]);
                if kinds.meets(RefKinds::NULL) {
                    let null = trap_code(Trap::NullI31Reference);
                    self.pos.ins().trapz(value, null);
                }
                let value = if signed {
                    self.pos.ins().sshr_imm_u(value, 1)
                } else {
                    self.pos.ins().ushr_imm_u(value, 1)
                };
                self.set(id, value);
            }
            GcOp::StructNew(ty) => self.struct_new(id, ty, args),
            GcOp::StructGet { ty, field, extend } => {
                let value = self.struct_get((ty, field), extend, args[0], kinds);
                self.set(id, value);
            }
            GcOp::StructSet { ty, field } => self.struct_set((ty, field), args[0], args[1], kinds),
            GcOp::ArrayNew(ty) => self.array_new(id, ty, args[0], args[1]),
            GcOp::ArrayNewFixed(ty) => self.array_new_fixed(id, ty, args),
            GcOp::ArrayNewData { ty, data } => self.array_new_segment(id, (ty, data.0), args, true),
            GcOp::ArrayNewElem { ty, elem } => {
                self.array_new_segment(id, (ty, elem.0), args, false);
            }
            GcOp::ArrayGet { ty, extend } => {
                let value = self.array_get(id, ty, extend, (args[0], args[1]));
                self.set(id, value);
            }
            GcOp::ArraySet(ty) => self.array_set(id, ty, (args[0], args[1]), args[2]),
            GcOp::ArrayLen => {
                let array = self.value(args[0]);
                let len = self.array_len(array, kinds);
                self.set(id, len);
            }
            GcOp::ArrayFill(_) => self.array_fill(args),
            GcOp::ArrayCopy { .. } => self.array_copy(args),
            GcOp::ArrayInitData { data, .. } => self.array_init(data.0, args, true),
            GcOp::ArrayInitElem { elem, .. } => self.array_init(elem.0, args, false),
            GcOp::RefTest { heap, nullable } => {
                let value = self.ref_test(RefType { heap, nullable }, args[0], kinds);
                self.set(id, value);
            }
            GcOp::RefCast { heap, nullable } => {
                let value = self.ref_cast(RefType { heap, nullable }, args[0], kinds);
                self.set(id, value);
            }
        }
    }

    /// The address of what a reference refers to, or of the inaccessible start of the heap for null.
    fn object(&mut self, reference: Value) -> Value {
        let store = self.store_ctx();
        // The store has a heap for good since an instance with types of objects was made: that of this code, at the latest.
        let flags = self.flags.constant(self.pos.func);
        let base = self.load_raw(POINTER, flags, store, StoreCtxLayout::GC_BASE);
        let offset = self.pos.ins().uextend(POINTER, reference);
        self.pos.ins().iadd(base, offset)
    }
}

/// The trap for null, if a reference of these kinds may be that.
fn null_trap(kinds: RefKinds, trap: Trap) -> Option<Trap> {
    kinds.meets(RefKinds::NULL).then_some(trap)
}

/// What an array of the module stores in each element.
fn element(env: &abi::CompileEnv<'_>, ty: module::TypeIdx) -> StorageType {
    ir::array_element(env.header, ty)
}

/// The type of a stored value in a register.
fn stored_type(storage: StorageType) -> cranelift_codegen::ir::Type {
    match storage {
        StorageType::I8 | StorageType::I16 => types::I32,
        StorageType::Val(ty) => crate::signature::clif_type(ty.into()),
    }
}
