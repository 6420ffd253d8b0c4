//! Atomic accesses.
//!
//! Apart from plain ones because their addresses must be checked to be aligned, and because instructions that lock take no
//! offset beside the address.

use super::Lower;
use crate::code::{PENDING, trap_code};
use abi::Builtin;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{AtomicRmwOp, InstBuilder, MemFlags, Opcode, Type, Value, types};
use ir::{InstId, List};
use module::MemoryIdx;
use ops::{Atomic, AtomicKind, AtomicRmw, Trap};

/// The type of so many bytes.
fn access_type(bytes: usize) -> Type {
    match bytes {
        1 => types::I8,
        2 => types::I16,
        4 => types::I32,
        _ => types::I64,
    }
}

impl Lower<'_> {
    pub(super) fn atomic(
        &mut self,
        id: InstId,
        op: Atomic,
        memory: MemoryIdx,
        offset: u64,
        args: List,
    ) {
        let args: &[ir::Value] = self.func.list(args);
        if let AtomicKind::Wait | AtomicKind::Notify = op.kind() {
            return self.wait_or_notify(id, op, memory, offset, args);
        }
        let (at, flags) = self.aligned_address(memory, offset, op.bytes(), args[0]);
        let access = access_type(op.bytes());
        let old = match op.kind() {
            AtomicKind::Load => {
                let ins = self.pos.ins();
                let (inst, dfg) = ins.LoadNoOffset(Opcode::AtomicLoad, access, flags, at);
                dfg.first_result(inst)
            }
            AtomicKind::Store => {
                let value = self.narrowed(args[1], access);
                let ins = self.pos.ins();
                ins.StoreNoOffset(Opcode::AtomicStore, access, flags, value, at);
                return;
            }
            AtomicKind::Rmw(rmw) => {
                let rmw = match rmw {
                    AtomicRmw::Add => AtomicRmwOp::Add,
                    AtomicRmw::Sub => AtomicRmwOp::Sub,
                    AtomicRmw::And => AtomicRmwOp::And,
                    AtomicRmw::Or => AtomicRmwOp::Or,
                    AtomicRmw::Xor => AtomicRmwOp::Xor,
                    AtomicRmw::Xchg => AtomicRmwOp::Xchg,
                };
                let operand = self.narrowed(args[1], access);
                let ins = self.pos.ins();
                let (inst, dfg) = ins.AtomicRmw(Opcode::AtomicRmw, access, flags, rmw, at, operand);
                dfg.first_result(inst)
            }
            AtomicKind::Cmpxchg => {
                let expected = self.narrowed(args[1], access);
                let replacement = self.narrowed(args[2], access);
                let ins = self.pos.ins();
                let (inst, dfg) =
                    ins.AtomicCas(Opcode::AtomicCas, access, flags, at, expected, replacement);
                dfg.first_result(inst)
            }
            AtomicKind::Wait | AtomicKind::Notify => unreachable!("lowered above"),
        };
        let ty = match op.value_type() {
            ops::Type::I64 => types::I64,
            _ => types::I32,
        };
        let value = if access == ty {
            old
        } else {
            self.pos.ins().uextend(ty, old)
        };
        self.set(id, value);
    }

    pub(super) fn fence(&mut self) {
        self.pos.ins().fence();
    }

    /// A value cut to the type of an access.
    fn narrowed(&mut self, value: ir::Value, access: Type) -> Value {
        let value = self.number(value);
        if self.pos.func.dfg.value_type(value) == access {
            value
        } else {
            self.pos.ins().ireduce(access, value)
        }
    }

    /// Where an access goes, checked to be aligned.
    fn aligned_address(
        &mut self,
        memory: MemoryIdx,
        offset: u64,
        bytes: usize,
        addr: ir::Value,
    ) -> (Value, MemFlags) {
        if bytes > 1 {
            let index = self.extended(addr);
            self.check_alignment(index, offset, bytes);
        }
        let at = self.address(memory, offset, bytes, addr);
        let exact = match at.offset {
            0 => at.base,
            offset => self.pos.ins().iadd_imm_s(at.base, i64::from(offset)),
        };
        (exact, at.flags)
    }

    /// Traps if `index + offset` is not a multiple of `bytes`, which does not depend on carries out of 64 bits.
    fn check_alignment(&mut self, index: Value, offset: u64, bytes: usize) {
        let reached = self.pos.ins().iadd_imm_s(index, offset as i64);
        let rest = self.pos.ins().band_imm_u(reached, bytes as i64 - 1);
        self.pos
            .ins()
            .trapnz(rest, trap_code(Trap::UnalignedAtomic));
    }

    /// The runtime checks the address, and does the rest.
    fn wait_or_notify(
        &mut self,
        id: InstId,
        op: Atomic,
        memory: MemoryIdx,
        offset: u64,
        args: &[ir::Value],
    ) {
        let number = self.iconst(types::I32, memory.0.into());
        let index = self.extended(args[0]);
        let address = if offset == 0 {
            index
        } else {
            if self.env.header.memories()[memory.index()].memory64 {
                self.check_alignment(index, offset, op.bytes());
            }
            let trap = trap_code(Trap::MemoryOutOfBounds);
            let offset = self.iconst(types::I64, offset as i64);
            self.pos.ins().uadd_overflow_trap(index, offset, trap)
        };
        let outcome = match op {
            Atomic::MemoryAtomicWait32 => {
                let (expected, timeout) = (self.number(args[1]), self.number(args[2]));
                let args = [number, address, expected, timeout];
                self.builtin(Builtin::memory_atomic_wait32, &args)
            }
            Atomic::MemoryAtomicWait64 => {
                let (expected, timeout) = (self.number(args[1]), self.number(args[2]));
                let args = [number, address, expected, timeout];
                self.builtin(Builtin::memory_atomic_wait64, &args)
            }
            _ => {
                let count = self.number(args[1]);
                self.builtin(Builtin::memory_atomic_notify, &[number, address, count])
            }
        };
        let failed = self.pos.ins().icmp_imm_s(IntCC::SignedLessThan, outcome, 0);
        self.pos.ins().trapnz(failed, PENDING);
        let value = self.pos.ins().ireduce(types::I32, outcome);
        self.set(id, value);
    }

    /// A value as a number: truths that Cranelift has in 8 bits are extended.
    fn number(&mut self, value: ir::Value) -> Value {
        let ty = crate::signature::clif_type(self.func.ty(value));
        let found = self.value(value);
        if self.pos.func.dfg.value_type(found) == ty {
            found
        } else {
            self.pos.ins().uextend(ty, found)
        }
    }
}
