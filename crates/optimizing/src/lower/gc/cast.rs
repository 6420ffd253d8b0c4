//! Tests of what references refer to, and casts.
//!
//! Apart because of how types are told apart without calls: an object has the number of its type. A final type has no other
//! number; of others, the row of the number lists the supertypes by depth, and one comparison decides. Only what is more deeply
//! derived than rows are long asks the runtime.
//!
//! What else a reference can be shows in its bits: null is 0, an i31 is odd.

use super::super::Lower;
use super::null_trap;
use crate::code::trap_code;
use crate::signature::POINTER;
use abi::gc::{INFO_KIND_MASK, KIND_ARRAY, KIND_STRUCT, OBJECT_INFO, OBJECT_TYPE};
use abi::{FuncRefLayout, StoreCtxLayout};
use cranelift_codegen::cursor::Cursor;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, BlockArg, BlockCall, InstBuilder, Opcode, Value, types};
use ir::{EdgeId, GcOp, RefKinds};
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

/// What is asked of what is neither null nor an i31.
#[derive(Clone, Copy)]
enum Test {
    Object(ObjectKind),
    Func(TypeIdx),
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
    /// Whether a reference of some kinds is of a type: zero or not.
    pub(super) fn ref_test(&mut self, ty: RefType, value: ir::Value, kinds: RefKinds) -> Value {
        let reference = self.value(value);
        let test = match of(ty.heap) {
            Of::Everything if ty.nullable => return self.iconst(types::I8, 1),
            Of::Everything => return self.is_null(IntCC::NotEqual, reference),
            Of::Nothing if ty.nullable => return self.is_null(IntCC::Equal, reference),
            Of::Nothing => return self.iconst(types::I8, 0),
            Of::I31 => return self.is_i31(reference, ty.nullable),
            Of::Func(ty) => Test::Func(ty),
            Of::Objects { kind, .. } => Test::Object(kind),
        };
        let i31 = matches!(of(ty.heap), Of::Objects { i31: true, .. });
        let Some(is_object) = self.is_object(reference, kinds) else {
            return self.passes(test, reference, None);
        };
        let otherwise = match (ty.nullable, i31) {
            (false, false) => self.iconst(types::I8, 0),
            (true, false) => self.is_null(IntCC::Equal, reference),
            (false, true) => self.is_null(IntCC::NotEqual, reference),
            (true, true) => self.iconst(types::I8, 1),
        };
        let [done, look] = self.blocks_after_current();
        let result = self.pos.func.dfg.append_block_param(done, types::I8);
        let otherwise = [BlockArg::Value(otherwise)];
        self.pos.ins().brif(is_object, look, &[], done, &otherwise);
        self.pos.goto_bottom(look);
        let found = self.passes(test, reference, None);
        let found = if self.pos.func.dfg.value_type(found) == types::I8 {
            found
        } else {
            self.is_null(IntCC::NotEqual, found)
        };
        self.pos.ins().jump(done, &[BlockArg::Value(found)]);
        self.pos.goto_bottom(done);
        result
    }

    /// The reference, which is of the type: else traps.
    pub(super) fn ref_cast(&mut self, ty: RefType, value: ir::Value, kinds: RefKinds) -> Value {
        let reference = self.value(value);
        let failure = trap_code(Trap::CastFailure);
        match of(ty.heap) {
            Of::Everything if ty.nullable => {}
            Of::Everything => {
                self.pos.ins().trapz(reference, failure);
            }
            Of::Objects { kind, i31: false } if !ty.nullable => {
                if kinds.meets(RefKinds::I31) {
                    let odd = self.pos.ins().band_imm_u(reference, 1);
                    self.pos.ins().trapnz(odd, failure);
                }
                let null = null_trap(kinds, Trap::CastFailure);
                let is = self.passes(Test::Object(kind), reference, null);
                self.pos.ins().trapz(is, failure);
            }
            _ => {
                let is = self.ref_test(ty, value, kinds);
                self.pos.ins().trapz(is, failure);
            }
        }
        reference
    }

    /// Whether a test as the condition of a branch is better as branches of its own.
    pub(in super::super) fn is_branching_test(op: GcOp) -> bool {
        match op {
            GcOp::RefTest { heap, .. } => matches!(of(heap), Of::Objects { .. } | Of::Func(_)),
            _ => false,
        }
    }

    /// Ends a block by a test: each outcome that shows leads on at once.
    pub(in super::super) fn branch_on_test(
        &mut self,
        ty: RefType,
        value: ir::Value,
        kinds: RefKinds,
        (then, otherwise): (EdgeId, EdgeId),
    ) {
        let reference = self.value(value);
        let (test, i31) = match of(ty.heap) {
            Of::Func(ty) => (Test::Func(ty), false),
            Of::Objects { kind, i31 } => (Test::Object(kind), i31),
            _ => unreachable!("this test has no branches of its own"),
        };
        // Whatever the edges pass on is loaded here, before there are several ways.
        for edge in [then, otherwise] {
            for &arg in self.func.edge_args(edge) {
                self.current(arg);
            }
        }
        let edge = |passes| if passes { then } else { otherwise };
        let (on_null, on_i31) = (edge(ty.nullable), edge(i31));
        let may_be = (kinds.meets(RefKinds::NULL), kinds.meets(RefKinds::I31));
        if may_be == (true, true) && on_null != on_i31 && matches!(test, Test::Object(_)) {
            let [next] = self.blocks_after_current();
            let null = self.edge(on_null);
            self.branch(reference, (next, &[]), null);
            self.pos.goto_bottom(next);
            let odd = self.pos.ins().band_imm_u(reference, 1);
            let odd = self.is_null(IntCC::Equal, odd);
            let [look] = self.blocks_after_current();
            let small = self.edge(on_i31);
            self.branch(odd, (look, &[]), small);
            self.pos.goto_bottom(look);
        } else if let Some(is_object) = self.is_object(reference, kinds) {
            let [look] = self.blocks_after_current();
            let other = self.edge(if may_be.0 { on_null } else { on_i31 });
            self.branch(is_object, (look, &[]), other);
            self.pos.goto_bottom(look);
        }
        let passes = self.passes(test, reference, None);
        let (then, otherwise) = (self.edge(then), self.edge(otherwise));
        let ty = self.pos.func.dfg.value_type(passes);
        let ins = self.pos.ins();
        ins.Brif(Opcode::Brif, ty, then, otherwise, passes);
    }

    fn branch(&mut self, cond: Value, (then, args): (Block, &[BlockArg]), otherwise: BlockCall) {
        let then = self.pos.func.dfg.block_call(then, args);
        let ty = self.pos.func.dfg.value_type(cond);
        let ins = self.pos.ins();
        ins.Brif(Opcode::Brif, ty, then, otherwise, cond);
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

    /// Whether a reference of some kinds is neither null nor an i31: zero or not. `None` if that is certain.
    fn is_object(&mut self, reference: Value, kinds: RefKinds) -> Option<Value> {
        let is_func = self.pos.func.dfg.value_type(reference) == POINTER;
        let may_be_i31 = kinds.meets(RefKinds::I31) && !is_func;
        match (kinds.meets(RefKinds::NULL), may_be_i31) {
            (false, false) => None,
            (true, false) => Some(reference),
            (false, true) => {
                let odd = self.pos.ins().band_imm_u(reference, 1);
                Some(self.is_null(IntCC::Equal, odd))
            }
            (true, true) => {
                // An i31 becomes large, and null wraps.
                let rotated = self.pos.ins().rotr_imm_u(reference, 1);
                let below = self.pos.ins().iadd_imm_s(rotated, -1);
                let max = i64::from(i32::MAX);
                let ins = self.pos.ins();
                Some(ins.icmp_imm_u(IntCC::UnsignedLessThan, below, max))
            }
        }
    }

    /// What an object or function passes: zero or not. Faults with the trap if it is null.
    fn passes(&mut self, test: Test, reference: Value, null: Option<Trap>) -> Value {
        match test {
            Test::Func(ty) => {
                let found = self.func_type(reference);
                self.is_subtype(found, ty)
            }
            Test::Object(kind) => self.object_is(kind, reference, null),
        }
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
