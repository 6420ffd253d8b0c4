//! Operators of garbage-collected objects.
//!
//! Apart from the other operators because they need the types of the module for what they take and give.

use super::Builder;
use crate::{GcOp, Inst, Type, array_element};
use module::{CompositeType, Header, Op, StorageType, TypeIdx};

impl Builder {
    pub(super) fn gc(&mut self, header: &Header, op: Op) {
        let op = match op {
            Op::RefEq => GcOp::RefEq,
            Op::RefI31 => GcOp::RefI31,
            Op::I31Get { signed } => GcOp::I31Get { signed },
            Op::StructNew(ty) => GcOp::StructNew(ty),
            Op::StructNewDefault(ty) => {
                self.default_fields(header, ty);
                GcOp::StructNew(ty)
            }
            Op::StructGet { ty, field, extend } => GcOp::StructGet { ty, field, extend },
            Op::StructSet { ty, field } => GcOp::StructSet { ty, field },
            Op::ArrayNew(ty) => GcOp::ArrayNew(ty),
            Op::ArrayNewDefault(ty) => {
                let len = self.pop();
                self.zero(array_element(header, ty));
                self.stack.push(len);
                GcOp::ArrayNew(ty)
            }
            Op::ArrayNewFixed { ty, len } => {
                return self.gc_with(header, GcOp::ArrayNewFixed(ty), len as usize);
            }
            Op::ArrayNewData { ty, data } => GcOp::ArrayNewData { ty, data },
            Op::ArrayNewElem { ty, elem } => GcOp::ArrayNewElem { ty, elem },
            Op::ArrayGet { ty, extend } => GcOp::ArrayGet { ty, extend },
            Op::ArraySet(ty) => GcOp::ArraySet(ty),
            Op::ArrayLen => GcOp::ArrayLen,
            Op::ArrayFill(ty) => GcOp::ArrayFill(ty),
            Op::ArrayCopy { dst, src } => GcOp::ArrayCopy { dst, src },
            Op::ArrayInitData { ty, data } => GcOp::ArrayInitData { ty, data },
            Op::ArrayInitElem { ty, elem } => GcOp::ArrayInitElem { ty, elem },
            Op::RefTest(ty) => GcOp::ref_test(ty),
            Op::RefCast(ty) => GcOp::ref_cast(ty),
            // Both kinds of references are the same bits.
            Op::AnyConvertExtern | Op::ExternConvertAny => return,
            _ => unreachable!("{op:?} belongs to another group"),
        };
        self.gc_with(header, op, op.params(header, 0).len());
    }

    fn gc_with(&mut self, header: &Header, op: GcOp, n_args: usize) {
        let args = self.pop_list(n_args);
        let inst = Inst::Gc { op, args };
        match op.result(header) {
            Some(ty) => {
                let value = self.emit(inst, ty);
                self.stack.push(value);
            }
            None => {
                self.append(inst, &[]);
            }
        }
    }

    fn default_fields(&mut self, header: &Header, ty: TypeIdx) {
        if let CompositeType::Struct(found) = &header.sub_type(ty).composite {
            for field in &found.fields {
                self.zero(field.storage);
            }
        }
    }

    fn zero(&mut self, storage: StorageType) {
        let ty = Type::from(storage.unpacked());
        let zero = self.func.constant(ty, 0);
        self.stack.push(zero);
    }
}
