//! Tests of what references refer to, and casts.
//!
//! Apart because of how types are told apart without calls: an object has the number of its type. A final type has no other
//! number; of others, the row of the number lists the supertypes by depth, and one comparison decides. Only what is more deeply
//! derived than rows are long asks the runtime.

use crate::emitter::Emitter;
use crate::frame::{AREA_BYTES, field};
use crate::kind::Kind;
use crate::regs::{RegSet, SCRATCH, VMCTX};
use crate::stack::{Operand, Place};
use abi::gc::{
    DISPLAY_LEN, INFO_KIND_MASK, KIND_ARRAY, KIND_STRUCT, OBJECT_INFO, OBJECT_TYPE, TypeRowLayout,
};
use abi::{Builtin, FuncRefLayout, StoreCtxLayout, VmctxLayout};
use asm::x64::{Alu, Cond, Gpr, Label, Mem, Scale, Shift, Size};
use module::{HeapType, RefType, TypeIdx, TypeKind};
use ops::Trap;

/// Which references are of a type, null apart.
#[derive(Clone, Copy)]
enum Of {
    Nothing,
    Everything,
    /// The odd ones.
    I31,
    /// Objects of these kinds, i31 too if so said.
    Kinds {
        structs: bool,
        arrays: bool,
        i31: bool,
    },
    /// Objects of a defined type.
    Object(TypeIdx),
    /// Functions of a type.
    Func(TypeIdx),
}

fn of(heap: HeapType) -> Of {
    let kinds = |structs, arrays, i31| Of::Kinds {
        structs,
        arrays,
        i31,
    };
    match heap {
        HeapType::Any | HeapType::Extern | HeapType::Exn | HeapType::Func => Of::Everything,
        HeapType::None | HeapType::NoExtern | HeapType::NoExn | HeapType::NoFunc => Of::Nothing,
        HeapType::I31 => Of::I31,
        HeapType::Struct => kinds(true, false, false),
        HeapType::Array => kinds(false, true, false),
        HeapType::Eq => kinds(true, true, true),
        HeapType::Concrete(TypeKind::Func, ty) => Of::Func(ty),
        HeapType::Concrete(_, ty) => Of::Object(ty),
    }
}

impl Emitter<'_> {
    /// Sets the flags: equal if the type with the number in `found`, which is overwritten, is `ty` or a subtype of it. `keep`
    /// belongs to the operator and stays as it is.
    pub(crate) fn compare_subtype(&mut self, found: Gpr, ty: TypeIdx, keep: Option<Gpr>) {
        let types = self.env.header.types();
        if types[ty.index()].is_final {
            self.load_type_number(SCRATCH, ty);
            return self.asm.alu(Alu::Cmp, Size::S32, found, SCRATCH);
        }
        let supertypes = std::iter::successors(types[ty.index()].supertype, |sup| {
            types[sup.index()].supertype
        });
        let depth = supertypes.count();
        if depth >= DISPLAY_LEN {
            return self.compare_subtype_by_call(found, ty, keep);
        }
        let shift = TypeRowLayout::SIZE.trailing_zeros() as u8;
        self.asm.shift_imm(Shift::Shl, Size::S64, found, shift);
        self.asm
            .load(Size::S64, SCRATCH, field(VMCTX, VmctxLayout::STORE));
        self.asm.alu(
            Alu::Add,
            Size::S64,
            found,
            field(SCRATCH, StoreCtxLayout::TYPES),
        );
        self.load_type_number(SCRATCH, ty);
        let ancestor = field(found, TypeRowLayout::DISPLAY + 4 * depth as u32);
        self.asm.alu(Alu::Cmp, Size::S32, SCRATCH, ancestor);
    }

    /// The same by the runtime. All homes are as they were afterwards, so that this may be one way of several.
    fn compare_subtype_by_call(&mut self, found: Gpr, ty: TypeIdx, keep: Option<Gpr>) {
        // Between here and the end of the call nothing else uses the area.
        const { assert!(AREA_BYTES >= 8) };
        self.uses_area = true;
        let area = Mem::new(Gpr::RSP, 0);
        if let Some(keep) = keep {
            self.asm.store(Size::S64, area, keep);
        }
        let number = self.alloc_gpr();
        self.load_type_number(number, ty);
        let args = [Operand::Gpr(found), Operand::Gpr(number)];
        self.call_builtin(Builtin::subtype, &args, false);
        // `found` stays the operator's.
        self.regs.free &= !crate::regs::gpr_bit(found);
        self.asm.alu_imm(Alu::Cmp, Size::S32, Gpr::RAX, 1);
        if let Some(keep) = keep {
            self.asm.load(Size::S64, keep, area);
        }
        self.make_homes();
    }

    /// Makes sure that a test has no effect on what is known of registers, which is otherwise only so for those without calls.
    fn prepare_test(&mut self, ty: RefType) {
        let (Of::Object(ty) | Of::Func(ty)) = of(ty.heap) else {
            return;
        };
        let types = self.env.header.types();
        let supertypes = std::iter::successors(types[ty.index()].supertype, |sup| {
            types[sup.index()].supertype
        });
        if !types[ty.index()].is_final && supertypes.count() >= DISPLAY_LEN {
            self.spill_temps();
            self.save_homes(RegSet::MAX);
            self.make_homes();
        }
    }

    /// Goes to `yes` or `no`, one of which is bound right behind, by what `reference` refers to. It belongs to the operator and
    /// stays as it is.
    ///
    /// Registers are allocated before the first jump: an operand that makes room for one is stored on all ways.
    fn test_ref(&mut self, ty: RefType, reference: Gpr, kind: Kind, yes: Label, no: Label) {
        let on_null = if ty.nullable { yes } else { no };
        match of(ty.heap) {
            Of::Everything if ty.nullable => self.asm.jmp(yes),
            Of::Everything | Of::Nothing => {
                let on_value = if matches!(of(ty.heap), Of::Everything) {
                    yes
                } else {
                    no
                };
                self.asm.test(kind.size(), reference, reference);
                self.asm.jcc(Cond::Equal, on_null);
                self.asm.jmp(on_value);
            }
            Of::I31 => {
                self.asm.test(Size::S32, reference, reference);
                self.asm.jcc(Cond::Equal, on_null);
                self.asm.test_imm(Size::S32, reference, 1);
                self.asm.jcc(Cond::NotEqual, yes);
                self.asm.jmp(no);
            }
            Of::Func(ty) => {
                let found = self.alloc_gpr();
                self.asm.test(Size::S64, reference, reference);
                self.asm.jcc(Cond::Equal, on_null);
                self.asm
                    .load(Size::S32, found, field(reference, FuncRefLayout::TYPE));
                self.compare_subtype(found, ty, Some(reference));
                self.release(found);
                self.asm.jcc(Cond::Equal, yes);
                self.asm.jmp(no);
            }
            Of::Object(ty) => {
                let heap = self.test_object(reference, on_null, no);
                let object = Mem::indexed(heap, reference, Scale::X1, OBJECT_TYPE as i32);
                self.asm.load(Size::S32, heap, object);
                self.compare_subtype(heap, ty, Some(reference));
                self.release(heap);
                self.asm.jcc(Cond::Equal, yes);
                self.asm.jmp(no);
            }
            Of::Kinds {
                structs,
                arrays,
                i31,
            } => {
                let heap = self.test_object(reference, on_null, if i31 { yes } else { no });
                let info = Mem::indexed(heap, reference, Scale::X1, OBJECT_INFO as i32);
                self.asm.load(Size::S32, heap, info);
                self.asm
                    .alu_imm(Alu::And, Size::S32, heap, INFO_KIND_MASK as i32);
                for (asked, kind) in [(structs, KIND_STRUCT), (arrays, KIND_ARRAY)] {
                    if asked {
                        self.asm.alu_imm(Alu::Cmp, Size::S32, heap, kind as i32);
                        self.asm.jcc(Cond::Equal, yes);
                    }
                }
                self.release(heap);
                self.asm.jmp(no);
            }
        }
    }

    /// Goes elsewhere if a reference is null or an i31; gives the address of the heap.
    fn test_object(&mut self, reference: Gpr, on_null: Label, on_i31: Label) -> Gpr {
        let heap = self.alloc_gpr();
        self.asm.test(Size::S32, reference, reference);
        self.asm.jcc(Cond::Equal, on_null);
        self.asm.test_imm(Size::S32, reference, 1);
        self.asm.jcc(Cond::NotEqual, on_i31);
        self.load_heap(heap);
        heap
    }

    pub(crate) fn ref_test(&mut self, ty: RefType) {
        self.prepare_test(ty);
        let kind = self.stack.last().expect("validated").kind;
        let reference = self.pop_gpr_mut();
        let (yes, no, done) = (self.asm.label(), self.asm.label(), self.asm.label());
        self.test_ref(ty, reference, kind, yes, no);
        self.asm.bind(yes);
        self.asm.mov_imm(reference, 1);
        self.asm.jmp(done);
        self.asm.bind(no);
        self.asm.mov_imm(reference, 0);
        self.asm.bind(done);
        self.push(Kind::I32, Place::Gpr(reference));
    }

    pub(crate) fn ref_cast(&mut self, ty: RefType) {
        self.prepare_test(ty);
        let kind = self.stack.last().expect("validated").kind;
        let reference = self.pop_gpr_mut();
        let yes = self.asm.label();
        let no = self.trap_label(Trap::CastFailure);
        self.test_ref(ty, reference, kind, yes, no);
        self.asm.bind(yes);
        self.push(kind, Place::Gpr(reference));
    }

    pub(crate) fn br_on_cast(&mut self, depth: u32, ty: RefType, on_fail: bool) {
        self.prepare_test(ty);
        let kind = self.stack.last().expect("validated").kind;
        let reference = self.pop_gpr_mut();
        let truth = self.alloc_gpr();
        let (yes, no) = (self.asm.label(), self.asm.label());
        self.test_ref(ty, reference, kind, yes, no);
        // What the branch carries is brought in place on its own way; what falls through finds all as it was.
        let (taken, goes_on) = if on_fail { (no, yes) } else { (yes, no) };
        self.asm.bind(taken);
        self.asm.mov_imm(truth, 1);
        let both = self.asm.label();
        self.asm.jmp(both);
        self.asm.bind(goes_on);
        self.asm.mov_imm(truth, 0);
        self.asm.bind(both);
        self.push(kind, Place::Gpr(reference));
        self.asm.test(Size::S32, truth, truth);
        self.release(truth);
        self.branch_if(Cond::NotEqual, depth);
    }
}
