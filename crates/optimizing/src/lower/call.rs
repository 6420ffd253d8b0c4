//! Calls: of functions of the module, of imported ones, through tables, and of the runtime's builtins.
//!
//! Apart because of what calls need to be known by: signatures and names, made once a function.

use super::{Lower, element_type};
use crate::code::{PENDING, trap_code};
use crate::signature::{POINTER, builtin_signature, clif_type, wasm_signature};
use abi::gc::{self, TypeRowLayout};
use abi::{Builtin, FuncRefLayout, Place, StoreCtxLayout, VmctxLayout};
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    DataFlowGraph, ExtFuncData, ExternalName, FuncRef, Inst, InstBuilder, MemFlagsData, SigRef,
    StackSlotData, StackSlotKind, UserExternalName, Value, types,
};
use ir::{Callee, InstId, List};
use module::{FuncIdx, Header, TableIdx, TypeIdx};
use ops::Trap;

/// What the function that is being lowered has called so far.
///
/// By number of the type or function: for which of the lowered functions the entry was made, and the entry.
#[derive(Default)]
pub(super) struct Callees {
    generation: u32,
    signatures: Vec<(u32, SigRef)>,
    funcs: Vec<(u32, FuncRef)>,
    builtins: [Option<SigRef>; Builtin::ALL.len()],
}

impl Callees {
    /// Begins a new function.
    pub(super) fn begin(&mut self, header: &Header) {
        self.generation = self.generation.wrapping_add(1);
        self.builtins = [None; Builtin::ALL.len()];
        let n_types = header.types().len();
        let n_funcs = header.funcs().len();
        if self.generation == 0 || self.signatures.len() != n_types || self.funcs.len() != n_funcs {
            self.generation = 1;
            self.signatures.clear();
            self.signatures.resize(n_types, (0, SigRef::from_u32(0)));
            self.funcs.clear();
            self.funcs.resize(n_funcs, (0, FuncRef::from_u32(0)));
        }
    }

    fn signature(&mut self, pos: &mut FuncCursor<'_>, header: &Header, ty: TypeIdx) -> SigRef {
        let entry = &mut self.signatures[ty.index()];
        if entry.0 != self.generation {
            let signature = pos
                .func
                .import_signature(wasm_signature(header.type_at(ty)));
            *entry = (self.generation, signature);
        }
        entry.1
    }

    fn func(&mut self, pos: &mut FuncCursor<'_>, header: &Header, func: FuncIdx) -> FuncRef {
        if self.funcs[func.index()].0 != self.generation {
            let signature = self.signature(pos, header, header.funcs()[func.index()]);
            let name = UserExternalName::new(0, func.0);
            let name = pos.func.declare_imported_user_function(name);
            let reference = pos.func.import_function(ExtFuncData {
                name: ExternalName::user(name),
                signature,
                colocated: true,
                patchable: false,
            });
            self.funcs[func.index()] = (self.generation, reference);
        }
        self.funcs[func.index()].1
    }
}

/// What a call arrives at.
#[derive(Clone, Copy)]
pub(super) enum Target {
    /// A function of the module.
    Func(FuncRef),
    /// Code at an address, of this signature.
    Address(SigRef, Value),
}

impl Target {
    pub(super) fn signature(self, dfg: &DataFlowGraph) -> SigRef {
        match self {
            Target::Func(callee) => dfg.ext_funcs[callee].signature,
            Target::Address(signature, _) => signature,
        }
    }
}

impl Lower<'_> {
    /// Leaves the function for another one, in whose place it was called.
    pub(super) fn tail_call(&mut self, callee: Callee, args: List) {
        let ty = callee.ty(self.env.header);
        let (code, vmctx) = match callee {
            Callee::Func(func) if func.index() >= self.env.header.n_imported_funcs() => {
                let args = self.call_args(self.vmctx, args);
                let callees = &mut self.scratch.callees;
                let callee = callees.func(&mut self.pos, self.env.header, func);
                self.pos.ins().return_call(callee, &args);
                self.scratch.args = args;
                return;
            }
            Callee::Func(func) => self.imported(func),
            Callee::Table { table, index, .. } => self.indirect_callee(ty, table, index),
            Callee::Ref { callee, .. } => self.ref_callee(callee),
        };
        let args = self.call_args(vmctx, args);
        let callees = &mut self.scratch.callees;
        let signature = callees.signature(&mut self.pos, self.env.header, ty);
        self.pos.ins().return_call_indirect(signature, code, &args);
        self.scratch.args = args;
    }

    pub(super) fn call(&mut self, id: InstId, func: FuncIdx, args: List) {
        if func.index() >= self.env.header.n_imported_funcs() {
            let args = self.call_args(self.vmctx, args);
            let callees = &mut self.scratch.callees;
            let callee = callees.func(&mut self.pos, self.env.header, func);
            self.emit_call(id, Target::Func(callee), args);
            return;
        }
        let (code, vmctx) = self.imported(func);
        self.call_address(id, self.env.header.funcs()[func.index()], code, vmctx, args);
    }

    /// Code and vmctx of an imported function.
    fn imported(&mut self, func: FuncIdx) -> (Value, Value) {
        let code = self.vmctx_const(POINTER, self.env.layout.imported_func_code(func));
        let vmctx = self.vmctx_const(POINTER, self.env.layout.imported_func_vmctx(func));
        (code, vmctx)
    }

    pub(super) fn call_indirect(
        &mut self,
        id: InstId,
        ty: TypeIdx,
        table: TableIdx,
        index: ir::Value,
        args: List,
    ) {
        let (code, vmctx) = self.indirect_callee(ty, table, index);
        self.call_address(id, ty, code, vmctx, args);
    }

    pub(super) fn call_ref(&mut self, id: InstId, ty: TypeIdx, callee: ir::Value, args: List) {
        let (code, vmctx) = self.ref_callee(callee);
        self.call_address(id, ty, code, vmctx, args);
    }

    /// Code and vmctx of what a reference refers to; null traps.
    fn ref_callee(&mut self, callee: ir::Value) -> (Value, Value) {
        let entry = self.value(callee);
        // The null reference is address 0, where nothing is mapped: reading the code traps.
        let flags = self.flags.func_code(self.pos.func);
        let code = self.load_raw(POINTER, flags, entry, FuncRefLayout::CODE);
        let flags = self.flags.func_entry(self.pos.func);
        let vmctx = self.load_raw(POINTER, flags, entry, FuncRefLayout::VMCTX);
        (code, self.expect_own(vmctx))
    }

    /// A callee's vmctx, which most likely is the caller's. The processor predicts that it is, and the callee need not wait for
    /// what the caller loads to find it, which all its accesses to memory would have to.
    fn expect_own(&mut self, vmctx: Value) -> Value {
        let [join, other] = self.blocks_after_current();
        self.pos.func.layout.set_cold(other);
        let callee = self.pos.func.dfg.append_block_param(join, POINTER);
        let is_own = self.pos.ins().icmp(IntCC::Equal, vmctx, self.vmctx);
        let own = self.vmctx.into();
        self.pos.ins().brif(is_own, join, &[own], other, &[]);
        self.pos.goto_bottom(other);
        self.pos.ins().jump(join, &[vmctx.into()]);
        self.pos.goto_bottom(join);
        callee
    }

    pub(super) fn null_check(&mut self, value: ir::Value) {
        let value = self.value(value);
        self.pos.ins().trapz(value, trap_code(Trap::NullReference));
    }

    /// The entry of a function in a table, or null.
    pub(super) fn table_callee(&mut self, table: TableIdx, index: ir::Value) -> Value {
        debug_assert_eq!(element_type(&self.env, table), ir::Type::FuncRef);
        let (element, _) = self.element(table, index, Trap::UndefinedElement);
        let flags = self.flags.element(self.pos.func);
        self.load_raw(POINTER, flags, element, 0)
    }

    /// Whether a reference is the one that the instance has of a function: entries of its own functions lie in vmctx.
    pub(super) fn func_is(&mut self, id: InstId, value: ir::Value, func: FuncIdx) {
        let is_it = match self.env.layout.func_ref(func) {
            Some(Place::Inline(offset)) => {
                let value = self.value(value);
                let own = self.pos.ins().iadd_imm_s(self.vmctx, i64::from(offset));
                self.pos.ins().icmp(IntCC::Equal, value, own)
            }
            // Imported, or nothing can refer to it.
            Some(Place::Pointer(_)) | None => self.iconst(types::I32, 0),
        };
        self.set(id, is_it);
    }

    /// How many entries of the instance's own functions come after that of `from` up to a reference.
    pub(super) fn func_number(&mut self, id: InstId, value: ir::Value, from: FuncIdx) {
        const NONE: i64 = 1 << 30;
        const { assert!(FuncRefLayout::SIZE.is_power_of_two()) };
        let Some(Place::Inline(offset)) = self.env.layout.func_ref(from) else {
            // Imported, or nothing can refer to it.
            let none = self.iconst(types::I32, NONE);
            return self.set(id, none);
        };
        let value = self.value(value);
        let first = self.pos.ins().iadd_imm_s(self.vmctx, i64::from(offset));
        let apart = self.pos.ins().isub(value, first);
        // Entries of others, and null, are before or far behind: among the instance's own there is nothing else.
        let shift = i64::from(FuncRefLayout::SIZE.trailing_zeros());
        let number = self.pos.ins().ushr_imm_u(apart, shift);
        let is_near = self
            .pos
            .ins()
            .icmp_imm_u(IntCC::UnsignedLessThan, number, NONE);
        // Predicted, and so nothing waits for it.
        let [join, other] = self.blocks_after_current();
        self.pos.func.layout.set_cold(other);
        let found = self.pos.func.dfg.append_block_param(join, types::I32);
        let number = self.pos.ins().ireduce(types::I32, number);
        let number = number.into();
        self.pos.ins().brif(is_near, join, &[number], other, &[]);
        self.pos.goto_bottom(other);
        let none = self.iconst(types::I32, NONE);
        self.pos.ins().jump(join, &[none.into()]);
        self.pos.goto_bottom(join);
        self.set(id, found);
    }

    /// Code and vmctx of a function in a table; traps if there is none of the type.
    fn indirect_callee(
        &mut self,
        ty: TypeIdx,
        table: TableIdx,
        index: ir::Value,
    ) -> (Value, Value) {
        let entry = self.table_callee(table, index);
        // The null reference is address 0, where nothing is mapped: reading the type traps.
        let flags = self.flags.func_type(self.pos.func);
        let found = self.load_raw(types::I32, flags, entry, FuncRefLayout::TYPE);
        self.check_func_type(found, ty);
        let flags = self.flags.func_entry(self.pos.func);
        let code = self.load_raw(POINTER, flags, entry, FuncRefLayout::CODE);
        let vmctx = self.load_raw(POINTER, flags, entry, FuncRefLayout::VMCTX);
        (code, self.expect_own(vmctx))
    }

    /// Traps unless the type with the canonical number `found` is `ty` or a subtype of it.
    fn check_func_type(&mut self, found: Value, ty: TypeIdx) {
        let is_subtype = self.is_subtype(found, ty);
        self.pos
            .ins()
            .trapz(is_subtype, trap_code(Trap::IndirectCallTypeMismatch));
    }

    /// The canonical number of a type of the module.
    pub(super) fn type_number(&mut self, ty: TypeIdx) -> Value {
        let type_ids = self.vmctx_const(POINTER, VmctxLayout::TYPE_IDS);
        let flags = self.flags.constant(self.pos.func);
        self.load_raw(types::I32, flags, type_ids, 4 * ty.0)
    }

    /// Whether the type with the canonical number `found` is `ty` or a subtype of it: zero or not.
    pub(super) fn is_subtype(&mut self, found: Value, ty: TypeIdx) -> Value {
        let expected = self.type_number(ty);
        let flags = self.flags.constant(self.pos.func);
        let defined = self.env.header.types();
        if defined[ty.index()].is_final {
            self.pos.ins().icmp(IntCC::Equal, found, expected)
        } else {
            let supertypes = std::iter::successors(defined[ty.index()].supertype, |sup| {
                defined[sup.index()].supertype
            });
            let depth = supertypes.count();
            if depth < gc::DISPLAY_LEN {
                let store = self.store_ctx();
                let rows = self.load_raw(POINTER, flags, store, StoreCtxLayout::TYPES);
                let number = self.pos.ins().uextend(POINTER, found);
                let shift = i64::from(TypeRowLayout::SIZE.trailing_zeros());
                let row = self.pos.ins().ishl_imm_u(number, shift);
                let row = self.pos.ins().iadd(rows, row);
                let offset = TypeRowLayout::DISPLAY + 4 * depth as u32;
                let ancestor = self.load_raw(types::I32, flags, row, offset);
                self.pos.ins().icmp(IntCC::Equal, ancestor, expected)
            } else {
                let is_subtype = self.builtin(Builtin::subtype, &[found, expected]);
                self.pos.ins().icmp_imm_s(IntCC::NotEqual, is_subtype, 0)
            }
        }
    }

    fn call_address(&mut self, id: InstId, ty: TypeIdx, code: Value, vmctx: Value, args: List) {
        let args = self.call_args(vmctx, args);
        let callees = &mut self.scratch.callees;
        let signature = callees.signature(&mut self.pos, self.env.header, ty);
        self.emit_call(id, Target::Address(signature, code), args);
    }

    fn call_args(&mut self, vmctx: Value, list: List) -> Vec<Value> {
        let mut args = std::mem::take(&mut self.scratch.args);
        args.clear();
        args.push(vmctx);
        args.extend(self.func.list(list).iter().map(|&value| self.value(value)));
        args
    }

    fn emit_call(&mut self, id: InstId, target: Target, args: Vec<Value>) {
        if let Some((tried, caught, unwind)) = self.tried
            && tried == id
        {
            self.try_call(id, target, &args, caught, unwind);
            self.scratch.args = args;
            return;
        }
        let call = match target {
            Target::Func(callee) => self.pos.ins().call(callee, &args),
            Target::Address(signature, code) => {
                self.pos.ins().call_indirect(signature, code, &args)
            }
        };
        self.scratch.args = args;
        self.safepoint(id, call);
        let results = self.pos.func.dfg.inst_results(call);
        for (result, &value) in self.func.inst_results(id).zip(results) {
            self.scratch.values[result.index()] = value;
        }
        self.keep_results(id);
    }

    /// Keeps those references among the results that live across calls.
    pub(super) fn keep_results(&mut self, id: InstId) {
        if self.ref_slots.is_some() {
            for result in self.func.inst_results(id) {
                self.keep_ref(result);
            }
        }
    }

    /// Calls the runtime and traps if it says so; gives the result, if there is one of interest.
    pub(super) fn builtin(&mut self, builtin: Builtin, args: &[Value]) -> Value {
        let call = self.builtin_call(builtin, args);
        if builtin.sig().result.is_none() {
            return self.vmctx;
        }
        let result = self.pos.func.dfg.first_result(call);
        if builtin.sig().traps {
            self.pos.ins().trapnz(result, PENDING);
        }
        result
    }

    /// Calls the runtime.
    ///
    /// The runtime needs more stack than guard pages could watch over, so the room is checked before.
    pub(super) fn builtin_call(&mut self, builtin: Builtin, args: &[Value]) -> Inst {
        if builtin.sig().preserves {
            // Nothing of what a rare call needs counts as constant, or it would be prepared before loops. The builtin itself looks
            // at the stack.
            let flags = self.flags.store_ctx(self.pos.func);
            let table = self.load_raw(POINTER, flags, self.vmctx, VmctxLayout::BUILTINS);
            let code = self.load_raw(POINTER, flags, table, 8 * builtin as u32);
            let mut all = vec![self.store_ctx()];
            all.extend_from_slice(args);
            return self.call_builtin(builtin, code, &all);
        }
        let store = self.store_ctx();
        let flags = self.flags.store_ctx(self.pos.func);
        let limit = self.load_raw(POINTER, flags, store, StoreCtxLayout::STACK_LIMIT);
        let stack = self.pos.ins().get_stack_pointer(POINTER);
        let is_full = self.pos.ins().icmp(IntCC::UnsignedLessThan, stack, limit);
        self.pos
            .ins()
            .trapnz(is_full, trap_code(Trap::StackOverflow));

        let table = self.vmctx_const(POINTER, VmctxLayout::BUILTINS);
        let flags = self.flags.constant(self.pos.func);
        let code = self.load_raw(POINTER, flags, table, 8 * builtin as u32);
        self.call_builtin(builtin, code, args)
    }

    fn call_builtin(&mut self, builtin: Builtin, code: Value, args: &[Value]) -> Inst {
        let func = &mut *self.pos.func;
        let signature = *self.scratch.callees.builtins[builtin as usize]
            .get_or_insert_with(|| func.import_signature(builtin_signature(builtin)));
        let mut all = vec![self.vmctx];
        all.extend_from_slice(args);
        self.pos.ins().call_indirect(signature, code, &all)
    }

    /// Calls the runtime to make an object, or to do something that changes no register, and traps if it could not; gives the
    /// call too, which may have collected.
    pub(super) fn builtin_new(&mut self, builtin: Builtin, args: &[Value]) -> (Inst, Value) {
        let call = self.builtin_call(builtin, args);
        let object = match builtin.sig().result {
            Some(_) => self.pos.func.dfg.first_result(call),
            None => {
                let store = self.store_ctx();
                let flags = self.flags.store_ctx(self.pos.func);
                self.load_raw(types::I32, flags, store, StoreCtxLayout::GC_OBJECT)
            }
        };
        self.pos.ins().trapz(object, PENDING);
        (call, object)
    }

    /// Computes a row by calling its meaning.
    pub(super) fn compute_by_call(&mut self, op: ops::Compute, args: [ir::Value; 3]) -> Value {
        const SLOT_BYTES: i32 = size_of::<abi::Raw>() as i32;
        let n = op.params().len();
        let func = &mut *self.pos.func;
        let slot = *self.compute_slots.get_or_insert_with(|| {
            let bytes = SLOT_BYTES as u32 * args.len() as u32;
            let data = StackSlotData::new(StackSlotKind::ExplicitSlot, bytes, 4);
            func.create_sized_stack_slot(data)
        });
        let slots = self.pos.ins().stack_addr(POINTER, slot, 0);
        let trusted = MemFlagsData::trusted();
        for (nth, &arg) in args[..n].iter().enumerate() {
            let mut value = self.value(arg);
            if self.pos.func.dfg.value_type(value) == types::I8 {
                // A truth that no one else needs as a number.
                value = self.pos.ins().uextend(types::I32, value);
            }
            self.pos
                .ins()
                .store(trusted, value, slots, nth as i32 * SLOT_BYTES);
        }
        let code = self.iconst(types::I32, op.code().into());
        self.builtin(Builtin::compute, &[code, slots]);
        self.pos
            .ins()
            .load(clif_type(op.result().into()), trusted, slots, 0)
    }
}
