//! Code between host and guest: one piece per function type and direction.
//!
//! Apart from functions because it is made from a type alone, for the code of every tier.

use crate::convention::{Loc, Locs, param_stack_bytes, result_area_bytes, vmctx_gpr};
use crate::kind::Kind;
use crate::regs::{SCRATCH, SCRATCH_XMM};
use crate::stack::xmm_move;
use abi::{CompiledFunc, HostCtxLayout, StoreCtxLayout, TRAP_PENDING, TrapEntry};
use asm::x64::{Alu, Assembler, Cond, Features, Gpr, Label, Mem, Size};
use module::FuncType;
use ops::Trap;

/// Size of a slot, in bytes.
const SLOT_BYTES: i32 = size_of::<abi::Raw>() as i32;

/// Where an entry trampoline keeps the address of the slots.
const SLOTS: Gpr = Gpr::RBX;

/// Makes the code between host and guest, for every tier: by hand, since that takes microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trampolines;

impl abi::Trampolines for Trampolines {
    fn entry(&self, ty: &FuncType) -> CompiledFunc {
        entry(ty)
    }

    fn host(&self, ty: &FuncType) -> CompiledFunc {
        host(ty)
    }

    fn host_in_registers(&self, ty: &FuncType) -> CompiledFunc {
        host_in_registers(ty)
    }
}

fn entry(ty: &FuncType) -> CompiledFunc {
    let (params, results) = (ty.params(), ty.results());
    let area = result_area_bytes(results);
    let has_area = area > 0;
    let stack_bytes = param_stack_bytes(params, has_area);
    // What every processor has is enough.
    let mut asm = Assembler::new(Features::default());
    asm.push(Gpr::RBP);
    asm.mov(Size::S64, Gpr::RBP, Gpr::RSP);
    let below = area + stack_bytes + 16;
    asm.alu_imm(Alu::Sub, Size::S64, Gpr::RSP, below as i32);
    asm.store(Size::S64, Mem::new(Gpr::RBP, -8), SLOTS);
    // C passes the code, vmctx, and the slots.
    asm.mov(Size::S64, SLOTS, Gpr::RDX);
    asm.mov(Size::S64, Gpr::RAX, Gpr::RDI);
    if has_area {
        let at = Mem::new(Gpr::RSP, stack_bytes as i32);
        asm.lea(Size::S64, Gpr::RDI, at);
    }
    let vmctx = vmctx_gpr(has_area);
    if vmctx != Gpr::RSI {
        asm.mov(Size::S64, vmctx, Gpr::RSI);
    }
    let mut locs = Locs::params(has_area);
    for (nth, &ty) in params.iter().enumerate() {
        let kind = Kind::from(ty);
        let from = slot(SLOTS, nth);
        match locs.next(kind) {
            Loc::Gpr(to) => asm.load(kind.size(), to, from),
            Loc::Xmm(to) => asm.vec_unary(xmm_move(kind), to, from),
            Loc::Stack(at) => copy(&mut asm, kind, Mem::new(Gpr::RSP, at as i32), from),
        }
    }
    asm.call(Gpr::RAX);
    let mut locs = Locs::results();
    for (nth, &ty) in results.iter().enumerate() {
        let kind = Kind::from(ty);
        let to = slot(SLOTS, nth);
        match locs.next(kind) {
            Loc::Gpr(from) => asm.store(kind.size(), to, from),
            Loc::Xmm(from) => asm.vec_store(xmm_move(kind), to, from),
            Loc::Stack(at) => copy(&mut asm, kind, to, Mem::new(Gpr::RSP, at as i32)),
        }
    }
    asm.load(Size::S64, SLOTS, Mem::new(Gpr::RBP, -8));
    asm.mov(Size::S64, Gpr::RSP, Gpr::RBP);
    asm.pop(Gpr::RBP);
    asm.ret();
    finish(asm, Vec::new())
}

fn host(ty: &FuncType) -> CompiledFunc {
    let (params, results) = (ty.params(), ty.results());
    let has_area = result_area_bytes(results) > 0;
    let incoming = param_stack_bytes(params, has_area);
    let mut asm = Assembler::new(Features::default());
    let context = vmctx_gpr(has_area);
    let area_slot = Mem::new(Gpr::RBP, -8);
    let n_slots = params.len().max(results.len());
    asm.push(Gpr::RBP);
    asm.mov(Size::S64, Gpr::RBP, Gpr::RSP);
    let below = 16 + n_slots as i32 * SLOT_BYTES;
    asm.alu_imm(Alu::Sub, Size::S64, Gpr::RSP, below);
    asm.load(Size::S64, SCRATCH, field(context, HostCtxLayout::STORE));
    let limit = field(SCRATCH, StoreCtxLayout::STACK_LIMIT);
    asm.alu(Alu::Cmp, Size::S64, Gpr::RSP, limit);
    let (is_full, failed) = (asm.label(), asm.label());
    asm.jcc(Cond::Below, is_full);
    asm.store(Size::S64, field(SCRATCH, StoreCtxLayout::EXIT_FP), Gpr::RBP);
    if has_area {
        asm.store(Size::S64, area_slot, Gpr::RDI);
    }
    let mut locs = Locs::params(has_area);
    for (nth, &ty) in params.iter().enumerate() {
        let kind = Kind::from(ty);
        let to = slot(Gpr::RSP, nth);
        match locs.next(kind) {
            Loc::Gpr(from) => asm.store(kind.size(), to, from),
            Loc::Xmm(from) => asm.vec_store(xmm_move(kind), to, from),
            Loc::Stack(at) => copy(&mut asm, kind, to, Mem::new(Gpr::RBP, 16 + at as i32)),
        }
    }
    asm.load(Size::S64, Gpr::RAX, field(context, HostCtxLayout::ENTRY));
    if context != Gpr::RDI {
        asm.mov(Size::S64, Gpr::RDI, context);
    }
    asm.mov(Size::S64, Gpr::RSI, Gpr::RSP);
    asm.call(Gpr::RAX);
    asm.test(Size::S32, Gpr::RAX, Gpr::RAX);
    asm.jcc(Cond::NotEqual, failed);
    let mut locs = Locs::results();
    if has_area {
        asm.load(Size::S64, SCRATCH, area_slot);
    }
    for (nth, &ty) in results.iter().enumerate() {
        let kind = Kind::from(ty);
        let from = slot(Gpr::RSP, nth);
        match locs.next(kind) {
            Loc::Gpr(to) => asm.load(kind.size(), to, from),
            Loc::Xmm(to) => asm.vec_unary(xmm_move(kind), to, from),
            Loc::Stack(at) => {
                // Integers move as well as floats do.
                asm.vec_unary(asm::x64::VecOp::MOVUPS, SCRATCH_XMM, from);
                let moved = if kind.is_xmm() { kind } else { Kind::F64 };
                let to = Mem::new(SCRATCH, at as i32);
                asm.vec_store(xmm_move(moved), to, SCRATCH_XMM);
            }
        }
    }
    asm.mov(Size::S64, Gpr::RSP, Gpr::RBP);
    asm.pop(Gpr::RBP);
    match incoming {
        0 => asm.ret(),
        bytes => asm.ret_pop(bytes as u16),
    }
    fail(asm, is_full, failed)
}

fn host_in_registers(ty: &FuncType) -> CompiledFunc {
    let mut asm = Assembler::new(Features::default());
    asm.push(Gpr::RBP);
    asm.mov(Size::S64, Gpr::RBP, Gpr::RSP);
    asm.load(Size::S64, SCRATCH, field(Gpr::RDI, HostCtxLayout::STORE));
    let limit = field(SCRATCH, StoreCtxLayout::STACK_LIMIT);
    asm.alu(Alu::Cmp, Size::S64, Gpr::RSP, limit);
    let (is_full, failed) = (asm.label(), asm.label());
    asm.jcc(Cond::Below, is_full);
    asm.store(Size::S64, field(SCRATCH, StoreCtxLayout::EXIT_FP), Gpr::RBP);
    asm.call(field(Gpr::RDI, HostCtxLayout::ENTRY));
    // A structure of an integer and another takes the first two registers for results, and each of the two kinds has its own.
    let outcome = match ty.results() {
        [result] if !Kind::from(*result).is_xmm() => Gpr::RDX,
        _ => Gpr::RAX,
    };
    asm.test(Size::S64, outcome, outcome);
    asm.jcc(Cond::NotEqual, failed);
    asm.pop(Gpr::RBP);
    asm.ret();
    fail(asm, is_full, failed)
}

/// Traps for lack of stack, and as pending.
fn fail(mut asm: Assembler, is_full: Label, failed: Label) -> CompiledFunc {
    let mut traps = Vec::new();
    for (label, code) in [(is_full, Trap::StackOverflow as u8), (failed, TRAP_PENDING)] {
        asm.bind(label);
        let offset = asm.offset();
        traps.push(TrapEntry { offset, code });
        asm.ud2();
    }
    finish(asm, traps)
}

fn field(base: Gpr, offset: u32) -> Mem {
    Mem::new(base, offset as i32)
}

fn slot(base: Gpr, nth: usize) -> Mem {
    Mem::new(base, nth as i32 * SLOT_BYTES)
}

/// Copies a value through a register that holds nothing.
fn copy(asm: &mut Assembler, kind: Kind, to: Mem, from: Mem) {
    if kind.is_xmm() {
        asm.vec_unary(xmm_move(kind), SCRATCH_XMM, from);
        asm.vec_store(xmm_move(kind), to, SCRATCH_XMM);
    } else {
        asm.load(kind.size(), SCRATCH, from);
        asm.store(kind.size(), to, SCRATCH);
    }
}

fn finish(mut asm: Assembler, traps: Vec<TrapEntry>) -> CompiledFunc {
    CompiledFunc {
        code: asm.finish().to_vec(),
        align: 16,
        traps,
        ..CompiledFunc::default()
    }
}
