//! Code between host and guest: one piece per function type and direction.
//!
//! Apart from functions because it is built from a type alone.

use crate::code::{PENDING, trap_code};
use crate::signature::{POINTER, c_signature, clif_type, wasm_signature};
use abi::{HostCtxLayout, StoreCtxLayout};
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    Function, InstBuilder, MemFlagsData, StackSlotData, StackSlotKind, Value, types,
};
use module::FuncType;
use ops::Trap;

/// Size of a slot, in bytes, and its alignment.
const SLOT_BYTES: i32 = 16;
const SLOT_ALIGN_LOG2: u8 = 4;

/// `extern "C" fn(code, vmctx, slots)`: calls `code` with parameters from the slots and leaves the results there.
pub(crate) fn entry(ty: &FuncType, func: &mut Function) {
    func.signature = c_signature(3, None);
    let mut pos = FuncCursor::new(func);
    let block = pos.func.dfg.make_block();
    let [code, vmctx, slots] = [POINTER; 3].map(|ty| pos.func.dfg.append_block_param(block, ty));
    pos.insert_block(block);
    let mut args = vec![vmctx];
    for (slot, ty) in ty.params().iter().enumerate() {
        let (ty, offset) = (clif_type((*ty).into()), slot as i32 * SLOT_BYTES);
        args.push(pos.ins().load(ty, MemFlagsData::trusted(), slots, offset));
    }
    let callee = pos.func.import_signature(wasm_signature(ty));
    let call = pos.ins().call_indirect(callee, code, &args);
    let results = pos.func.dfg.inst_results(call).to_vec();
    for (slot, value) in results.into_iter().enumerate() {
        let offset = slot as i32 * SLOT_BYTES;
        pos.ins()
            .store(MemFlagsData::trusted(), value, slots, offset);
    }
    pos.ins().return_(&[]);
}

/// Compiled code of a type whose vmctx is a host function's context: calls the host's entry with parameters in slots.
pub(crate) fn host(ty: &FuncType, func: &mut Function) {
    func.signature = wasm_signature(ty);
    let mut pos = FuncCursor::new(func);
    let block = pos.func.dfg.make_block();
    let host = pos.func.dfg.append_block_param(block, POINTER);
    let param = |ty: &module::ValType| {
        pos.func
            .dfg
            .append_block_param(block, clif_type((*ty).into()))
    };
    let params: Vec<Value> = ty.params().iter().map(param).collect();
    pos.insert_block(block);
    let store = pos.ins().load(
        POINTER,
        MemFlagsData::trusted(),
        host,
        HostCtxLayout::STORE as i32,
    );
    check_room(&mut pos, store);
    let frame = pos.ins().get_frame_pointer(POINTER);
    pos.ins().store(
        MemFlagsData::trusted(),
        frame,
        store,
        StoreCtxLayout::EXIT_FP as i32,
    );
    let n_slots = ty.params().len().max(ty.results().len());
    let bytes = n_slots as u32 * SLOT_BYTES as u32;
    let area = StackSlotData::new(StackSlotKind::ExplicitSlot, bytes, SLOT_ALIGN_LOG2);
    let area = pos.func.create_sized_stack_slot(area);
    let slots = pos.ins().stack_addr(POINTER, area, 0);
    for (slot, value) in params.into_iter().enumerate() {
        let offset = slot as i32 * SLOT_BYTES;
        pos.ins()
            .store(MemFlagsData::trusted(), value, slots, offset);
    }
    let entry = pos.func.import_signature(c_signature(2, Some(types::I32)));
    let code = pos.ins().load(
        POINTER,
        MemFlagsData::trusted(),
        host,
        HostCtxLayout::ENTRY as i32,
    );
    let call = pos.ins().call_indirect(entry, code, &[host, slots]);
    let failed = pos.func.dfg.first_result(call);
    pos.ins().trapnz(failed, PENDING);
    let mut results = Vec::with_capacity(ty.results().len());
    for (slot, ty) in ty.results().iter().enumerate() {
        let (ty, offset) = (clif_type((*ty).into()), slot as i32 * SLOT_BYTES);
        results.push(pos.ins().load(ty, MemFlagsData::trusted(), slots, offset));
    }
    pos.ins().return_(&results);
}

/// Traps as stack overflow unless this stack has room for a function of the host. `store` is the address of the store's context.
pub(crate) fn check_room(pos: &mut FuncCursor<'_>, store: Value) {
    let limit = StoreCtxLayout::STACK_LIMIT as i32;
    let limit = pos
        .ins()
        .load(POINTER, MemFlagsData::trusted(), store, limit);
    let stack_pointer = pos.ins().get_stack_pointer(POINTER);
    let over = pos
        .ins()
        .icmp(IntCC::UnsignedLessThan, stack_pointer, limit);
    pos.ins().trapnz(over, trap_code(Trap::StackOverflow));
}
