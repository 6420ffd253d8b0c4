//! Tests of what references refer to, and casts.
//!
//! Apart because of how types are told apart without calls: an object has the number of its type. A final type has no other
//! number; of others, the row of the number lists the supertypes by depth, and one comparison decides. Only what is more deeply
//! derived than rows are long asks the runtime.
//!
//! What else a reference can be shows in its bits: null is 0, an i31 is odd.

use super::super::Lower;
use crate::code::trap_code;
use crate::signature::POINTER;
use abi::gc::{INFO_KIND_MASK, KIND_ARRAY, KIND_STRUCT, OBJECT_INFO, OBJECT_TYPE};
use abi::{FuncRefLayout, StoreCtxLayout};
use cranelift_codegen::cursor::Cursor;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{BlockArg, InstBuilder, Value, types};
use module::{HeapType, RefType, TypeIdx, TypeKind};
use ops::Trap;

/// Which references are of a type, null apart.
#[derive(Clone, Copy)]
enum Of {
    /// None.
    Nothing,
    /// All.
    Everything,
    /// The odd ones.
    I31,
    /// Objects of some kind; i31 too if `i31` says so.
    Objects { kind: ObjectKind, i31: bool },
    /// Functions of a type.
    Func(TypeIdx),
}

#[derive(Clone, Copy)]
enum ObjectKind {
    Struct,
    Array,
    StructOrArray,
    Type(TypeIdx),
}

fn of(heap: HeapType) -> Of {
    let objects = |kind| Of::Objects { kind, i31: false };
    match heap {
        HeapType::Any | HeapType::Extern | HeapType::Exn | HeapType::Func => Of::Everything,
        HeapType::None | HeapType::NoExtern | HeapType::NoExn | HeapType::NoFunc => Of::Nothing,
        HeapType::I31 => Of::I31,
        HeapType::Struct => objects(ObjectKind::Struct),
        HeapType::Array => objects(ObjectKind::Array),
        HeapType::Eq => Of::Objects {
            kind: ObjectKind::StructOrArray,
            i31: true,
        },
        HeapType::Concrete(TypeKind::Func, ty) => Of::Func(ty),
        HeapType::Concrete(_, ty) => objects(ObjectKind::Type(ty)),
    }
}

impl Lower<'_> {
    /// Whether a reference is of a type: zero or not.
    pub(super) fn ref_test(&mut self, ty: RefType, reference: ir::Value) -> Value {
        let reference = self.value(reference);
        match of(ty.heap) {
            Of::Everything if ty.nullable => self.iconst(types::I8, 1),
            Of::Everything => self.is_null(IntCC::NotEqual, reference),
            Of::Nothing if ty.nullable => self.is_null(IntCC::Equal, reference),
            Of::Nothing => self.iconst(types::I8, 0),
            Of::I31 => self.is_i31(reference, ty.nullable),
            Of::Func(of) => {
                let null = self.iconst(types::I8, ty.nullable.into());
                self.with_object(reference, null, |lower| {
                    let found = lower.func_type(reference);
                    lower.is_subtype(found, of)
                })
            }
            Of::Objects { kind, i31 } => {
                let otherwise = match (ty.nullable, i31) {
                    (false, false) => self.iconst(types::I8, 0),
                    (true, false) => self.is_null(IntCC::Equal, reference),
                    (false, true) => self.is_null(IntCC::NotEqual, reference),
                    (true, true) => self.iconst(types::I8, 1),
                };
                let is_object = self.is_object(reference);
                self.with_object(is_object, otherwise, |lower| {
                    lower.object_is(kind, reference, None)
                })
            }
        }
    }

    /// The reference, which is of the type: else traps.
    pub(super) fn ref_cast(&mut self, ty: RefType, value: ir::Value) -> Value {
        let reference = self.value(value);
        let failure = trap_code(Trap::CastFailure);
        match of(ty.heap) {
            Of::Everything if ty.nullable => {}
            Of::Everything => {
                self.pos.ins().trapz(reference, failure);
            }
            Of::Objects { kind, i31: false } if !ty.nullable => {
                let odd = self.pos.ins().band_imm_u(reference, 1);
                self.pos.ins().trapnz(odd, failure);
                let is = self.object_is(kind, reference, Some(Trap::CastFailure));
                self.pos.ins().trapz(is, failure);
            }
            _ => {
                let is = self.ref_test(ty, value);
                self.pos.ins().trapz(is, failure);
            }
        }
        reference
    }

    fn is_null(&mut self, equal: IntCC, reference: Value) -> Value {
        self.pos.ins().icmp_imm_u(equal, reference, 0)
    }

    fn is_i31(&mut self, reference: Value, nullable: bool) -> Value {
        let odd = self.pos.ins().band_imm_u(reference, 1);
        let odd = self.pos.ins().ireduce(types::I8, odd);
        if nullable {
            let null = self.is_null(IntCC::Equal, reference);
            return self.pos.ins().bor(odd, null);
        }
        odd
    }

    /// Whether a reference is neither null nor an i31.
    fn is_object(&mut self, reference: Value) -> Value {
        // An i31 becomes large, and null wraps.
        let rotated = self.pos.ins().rotr_imm_u(reference, 1);
        let below = self.pos.ins().iadd_imm_s(rotated, -1);
        self.pos
            .ins()
            .icmp_imm_u(IntCC::UnsignedLessThan, below, i64::from(i32::MAX))
    }

    /// What `test` finds if `is_object`, else `otherwise`.
    fn with_object(
        &mut self,
        is_object: Value,
        otherwise: Value,
        test: impl FnOnce(&mut Self) -> Value,
    ) -> Value {
        let [done, look] = self.blocks_after_current();
        let result = self.pos.func.dfg.append_block_param(done, types::I8);
        let otherwise = [BlockArg::Value(otherwise)];
        self.pos.ins().brif(is_object, look, &[], done, &otherwise);
        self.pos.goto_bottom(look);
        let found = test(self);
        self.pos.ins().jump(done, &[BlockArg::Value(found)]);
        self.pos.goto_bottom(done);
        result
    }

    /// The type of a function that is not null.
    fn func_type(&mut self, entry: Value) -> Value {
        let flags = self.flags.func_entry(self.pos.func);
        self.load_raw(types::I32, flags, entry, FuncRefLayout::TYPE)
    }

    /// Whether an object is of a kind; faults with the trap if the reference is null.
    fn object_is(&mut self, kind: ObjectKind, reference: Value, null: Option<Trap>) -> Value {
        if let ObjectKind::Type(ty) = kind {
            let base = self.object(reference);
            let flags = self.flags.object_header(self.pos.func, null);
            let found = self.load_raw(types::I32, flags, base, OBJECT_TYPE);
            return self.is_subtype(found, ty);
        }
        let base = self.object_of_host(reference);
        let flags = self.flags.object_header(self.pos.func, null);
        let info = self.load_raw(types::I32, flags, base, OBJECT_INFO);
        let kind_bits = self.pos.ins().band_imm_u(info, i64::from(INFO_KIND_MASK));
        let is = |lower: &mut Self, kind: u32| {
            lower
                .pos
                .ins()
                .icmp_imm_u(IntCC::Equal, kind_bits, i64::from(kind))
        };
        match kind {
            ObjectKind::Struct => is(self, KIND_STRUCT),
            ObjectKind::Array => is(self, KIND_ARRAY),
            _ => {
                let (a, b) = (is(self, KIND_STRUCT), is(self, KIND_ARRAY));
                self.pos.ins().bor(a, b)
            }
        }
    }

    /// The address of an object for a module that may have no types of objects: then the store may get its heap while this code
    /// runs, when the host makes a value.
    fn object_of_host(&mut self, reference: Value) -> Value {
        let store = self.store_ctx();
        let flags = self.flags.store_ctx(self.pos.func);
        let base = self.load_raw(POINTER, flags, store, StoreCtxLayout::GC_BASE);
        let offset = self.pos.ins().uextend(POINTER, reference);
        self.pos.ins().iadd(base, offset)
    }
}
