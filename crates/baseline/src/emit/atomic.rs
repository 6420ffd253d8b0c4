//! Atomic accesses.
//!
//! Apart from plain ones because their addresses must be aligned, and because the processor has its own registers for some.

use crate::emit::memory::Address;
use crate::emitter::Emitter;
use crate::kind::Kind;
use crate::regs::SCRATCH;
use crate::stack::{Operand, Place};
use abi::Builtin;
use asm::x64::{Alu, Cond, Gpr, Mem, Size, Unary};
use module::MemArg;
use ops::{Atomic, AtomicKind, AtomicRmw, Trap};

impl Emitter<'_> {
    /// An atomic operator.
    pub(crate) fn atomic(&mut self, op: Atomic, arg: MemArg) {
        let kind = Kind::from(op.value_type());
        let size = match op.bytes() {
            1 => Size::S8,
            2 => Size::S16,
            4 => Size::S32,
            _ => Size::S64,
        };
        match op.kind() {
            AtomicKind::Load => {
                let at = self.aligned(arg, size);
                let to = self.result_gpr();
                self.fault(Trap::MemoryOutOfBounds);
                self.asm.load(size, to, at.mem);
                self.release_operand(at.operand());
                self.push_gpr(kind, to);
            }
            AtomicKind::Store => {
                let value = self.pop_gpr_mut();
                let at = self.aligned(arg, size);
                self.fault(Trap::MemoryOutOfBounds);
                self.asm.xchg_store(size, at.mem, value);
                self.release_operand(at.operand());
                self.release(value);
            }
            AtomicKind::Rmw(rmw) => self.atomic_rmw(rmw, kind, size, arg),
            AtomicKind::Cmpxchg => {
                let replacement = self.pop_gpr_but_rax();
                self.pop_into_gpr(Gpr::RAX);
                let at = self.aligned(arg, size);
                self.fault(Trap::MemoryOutOfBounds);
                self.asm.lock_cmpxchg(size, at.mem, replacement);
                self.release_operand(at.operand());
                self.release(replacement);
                self.push_old(kind, size, Gpr::RAX);
            }
            AtomicKind::Wait | AtomicKind::Notify => self.wait_or_notify(op, arg),
        }
    }

    fn atomic_rmw(&mut self, rmw: AtomicRmw, kind: Kind, size: Size, arg: MemArg) {
        let op = match rmw {
            AtomicRmw::Add | AtomicRmw::Sub | AtomicRmw::Xchg => {
                let value = self.pop_gpr_mut();
                if let AtomicRmw::Sub = rmw {
                    self.asm.unary(Unary::Neg, kind.size(), value);
                }
                let at = self.aligned(arg, size);
                self.fault(Trap::MemoryOutOfBounds);
                match rmw {
                    AtomicRmw::Xchg => self.asm.xchg_store(size, at.mem, value),
                    _ => self.asm.lock_xadd(size, at.mem, value),
                }
                self.release_operand(at.operand());
                return self.push_old(kind, size, value);
            }
            AtomicRmw::And => Alu::And,
            AtomicRmw::Or => Alu::Or,
            AtomicRmw::Xor => Alu::Xor,
        };
        // The processor computes these in memory, but does not say what was there.
        let value = self.pop_gpr_but_rax();
        self.take_gpr(Gpr::RAX);
        let at = self.aligned(arg, size);
        self.fault(Trap::MemoryOutOfBounds);
        self.asm.load(size, Gpr::RAX, at.mem);
        let again = self.asm.label_here();
        self.asm.mov(Size::S64, SCRATCH, Gpr::RAX);
        self.asm.alu(op, kind.size(), SCRATCH, value);
        self.asm.lock_cmpxchg(size, at.mem, SCRATCH);
        self.asm.jcc(Cond::NotEqual, again);
        self.release_operand(at.operand());
        self.release(value);
        self.push_old(kind, size, Gpr::RAX);
    }

    /// Pushes what was in memory, of which a temporary register has only the low bits for sure.
    fn push_old(&mut self, kind: Kind, size: Size, old: Gpr) {
        if size != Size::S64 {
            self.asm.zero_extend(size, old, old);
        }
        self.push(kind, Place::Gpr(old));
    }

    /// Pops an operand into a register that is not `rax`, which the instruction needs for itself.
    fn pop_gpr_but_rax(&mut self) -> Gpr {
        let value = self.pop_gpr();
        if value != Gpr::RAX {
            return value;
        }
        let other = self.alloc_gpr();
        self.asm.mov(Size::S64, other, value);
        self.release(value);
        other
    }

    /// Pops an address, and traps if it is not aligned to the size of the access.
    fn aligned(&mut self, arg: MemArg, size: Size) -> Address {
        if size != Size::S8 {
            let entry = self.pop();
            let operand = self.operand(entry);
            let index = self.in_gpr(entry.kind, operand);
            self.check_alignment(arg.offset, size, index);
            if self.is_temp(index) {
                self.push(entry.kind, Place::Gpr(index));
            } else {
                // A home: the operand is still what it was.
                match entry.place {
                    Place::Local(local) => self.push_local(local),
                    _ => unreachable!("only locals have homes"),
                }
            }
        }
        self.address(arg, size.bytes() as usize)
    }

    /// Traps if `index + offset` is not a multiple of the size, which does not depend on carries out of 64 bits.
    fn check_alignment(&mut self, offset: u64, size: Size, index: Gpr) {
        let mask = size.bytes() - 1;
        let rest = offset as u32 & mask;
        let tested = if rest == 0 {
            index
        } else {
            self.asm
                .lea(Size::S32, SCRATCH, Mem::new(index, rest.cast_signed()));
            SCRATCH
        };
        self.asm.test_imm(Size::S8, tested, mask.cast_signed());
        self.trap_if(Cond::NotEqual, Trap::UnalignedAtomic);
    }

    /// The runtime checks the address, and does the rest.
    fn wait_or_notify(&mut self, op: Atomic, arg: MemArg) {
        let builtin = match op {
            Atomic::MemoryAtomicWait32 => Builtin::memory_atomic_wait32,
            Atomic::MemoryAtomicWait64 => Builtin::memory_atomic_wait64,
            _ => Builtin::memory_atomic_notify,
        };
        let n_values = op.operands().len();
        let mut values = [Operand::Imm(0); 2];
        for value in values[..n_values].iter_mut().rev() {
            *value = self.pop_arg();
        }
        let address = if arg.offset == 0 {
            self.pop_arg()
        } else {
            let index = self.pop_gpr_mut();
            if self.env.header.memories()[arg.memory.index()].memory64 {
                let size = if op.bytes() == 8 {
                    Size::S64
                } else {
                    Size::S32
                };
                self.check_alignment(arg.offset, size, index);
            }
            self.asm.mov_imm(SCRATCH, arg.offset);
            self.asm.alu(Alu::Add, Size::S64, index, SCRATCH);
            self.trap_if(Cond::Below, Trap::MemoryOutOfBounds);
            Operand::Gpr(index)
        };
        let number = Operand::Imm(arg.memory.0.into());
        let args = [number, address, values[0], values[1]];
        self.call_builtin(builtin, &args[..2 + n_values], false);
        self.asm.test(Size::S64, Gpr::RAX, Gpr::RAX);
        self.trap_pending_if(Cond::Sign);
        self.push_builtin_result(Kind::I32);
    }
}
