//! Loads, stores and sizes of memories.
//!
//! Apart because of bounds, which the optimizing tier describes in the same place: most accesses to 32-bit memories need no check,
//! since a wild one reaches the guard behind the memory and faults.

use crate::emitter::Emitter;
use crate::frame::field;
use crate::kind::Kind;
use crate::regs::{MEMORY, SCRATCH, VMCTX};
use crate::stack::{Operand, XmmOperand};
use abi::{Builtin, MEMORY_GUARD_BYTES, MemoryDefLayout};
use asm::x64::{Alu, Cond, Gpr, Mem, Scale, Shift, Size};
use module::{MemArg, MemoryIdx};
use ops::{Load, Store, Trap};

/// Where an access goes. Whoever is done with it gives back the register that it holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address {
    pub(crate) mem: Mem,
    /// Belongs to the operator, unless it is a home.
    pub(crate) gpr: Option<Gpr>,
}

impl Address {
    /// The register, as an operand to be given back.
    pub(crate) fn operand(self) -> Operand {
        match self.gpr {
            Some(gpr) => Operand::Gpr(gpr),
            None => Operand::Imm(0),
        }
    }
}

impl Emitter<'_> {
    /// Whether the memory lies in a fixed place with a guard behind all that a 32-bit index reaches.
    pub(crate) fn is_guarded(&self, memory: MemoryIdx) -> bool {
        abi::is_static(&self.env.header.memories()[memory.index()])
    }

    /// Pops an address: where an access of so many bytes goes. What is out of bounds traps here, or when it is accessed: say so
    /// with [`Emitter::fault`] right before that instruction. The address does not use the scratch register.
    pub(crate) fn address(&mut self, arg: MemArg, bytes: usize) -> Address {
        let reach = arg.offset.checked_add(bytes as u64);
        if !self.is_guarded(arg.memory) || reach.is_none_or(|reach| reach > MEMORY_GUARD_BYTES) {
            return self.checked_address(arg, reach);
        }
        let offset = arg.offset as i32;
        let entry = self.pop();
        let operand = self.operand(entry);
        if let (Operand::Imm(bits), true) = (operand, self.has_memory && arg.memory.0 == 0)
            && let Ok(disp) = i32::try_from(bits + arg.offset)
        {
            return Address {
                mem: Mem::new(MEMORY, disp),
                gpr: None,
            };
        }
        let index = self.in_gpr(entry.kind, operand);
        if self.has_memory && arg.memory.0 == 0 {
            return Address {
                mem: Mem::indexed(MEMORY, index, Scale::X1, offset),
                gpr: Some(index),
            };
        }
        let base = self.alloc_gpr();
        let at = self.env.layout.memory_base(arg.memory);
        self.asm.load(Size::S64, base, field(VMCTX, at));
        self.asm.alu(Alu::Add, Size::S64, base, index);
        self.release(index);
        Address {
            mem: Mem::new(base, offset),
            gpr: Some(base),
        }
    }

    fn checked_address(&mut self, arg: MemArg, reach: Option<u64>) -> Address {
        let ty = &self.env.header.memories()[arg.memory.index()];
        let (page_size_log2, is_64) = (ty.page_size_log2, ty.memory64);
        let index = self.pop_gpr_mut();
        let base = self.alloc_gpr();
        let def = self.env.layout.memory_def(arg.memory);
        self.asm.load(Size::S64, base, field(VMCTX, def));
        let size = field(base, MemoryDefLayout::BYTES);
        let is_near = reach.is_some_and(|reach| reach <= MEMORY_GUARD_BYTES);
        if is_near && page_size_log2 == 16 {
            self.asm.alu(Alu::Cmp, Size::S64, index, size);
        } else if let Some(reach) = reach {
            self.asm.mov_imm(SCRATCH, reach);
            self.asm.alu(Alu::Add, Size::S64, SCRATCH, index);
            // A 32-bit index and offset cannot overflow.
            if is_64 || arg.offset > u64::from(u32::MAX) {
                self.trap_if(Cond::Below, Trap::MemoryOutOfBounds);
            }
            self.asm.alu(Alu::Cmp, Size::S64, SCRATCH, size);
        } else {
            // No address is that far out.
            let trap = self.trap_label(Trap::MemoryOutOfBounds);
            self.asm.jmp(trap);
        }
        self.trap_if(Cond::Above, Trap::MemoryOutOfBounds);
        // From here on without touching the flags: when the processor speculates beyond the check, it sees the memory's start.
        self.asm
            .load(Size::S64, base, field(base, MemoryDefLayout::BASE));
        let offset = if is_near {
            self.asm
                .lea(Size::S64, index, Mem::indexed(base, index, Scale::X1, 0));
            arg.offset as i32
        } else {
            self.asm.mov_imm(SCRATCH, arg.offset);
            self.asm
                .lea(Size::S64, index, Mem::indexed(index, SCRATCH, Scale::X1, 0));
            self.asm
                .lea(Size::S64, index, Mem::indexed(base, index, Scale::X1, 0));
            0
        };
        self.asm.cmov(Cond::Above, Size::S64, index, base);
        self.release(base);
        Address {
            mem: Mem::new(index, offset),
            gpr: Some(index),
        }
    }

    pub(crate) fn load(&mut self, op: Load, arg: MemArg) {
        use Load::*;
        match op {
            I32Load => self.load_int(arg, Size::S32, None, Kind::I32),
            I64Load => self.load_int(arg, Size::S64, None, Kind::I64),
            I32Load8S => self.load_int(arg, Size::S8, Some(Size::S32), Kind::I32),
            I32Load8U => self.load_int(arg, Size::S8, None, Kind::I32),
            I32Load16S => self.load_int(arg, Size::S16, Some(Size::S32), Kind::I32),
            I32Load16U => self.load_int(arg, Size::S16, None, Kind::I32),
            I64Load8S => self.load_int(arg, Size::S8, Some(Size::S64), Kind::I64),
            I64Load8U => self.load_int(arg, Size::S8, None, Kind::I64),
            I64Load16S => self.load_int(arg, Size::S16, Some(Size::S64), Kind::I64),
            I64Load16U => self.load_int(arg, Size::S16, None, Kind::I64),
            I64Load32S => self.load_int(arg, Size::S32, Some(Size::S64), Kind::I64),
            I64Load32U => self.load_int(arg, Size::S32, None, Kind::I64),
            F32Load => self.load_float(arg, 4, Kind::F32),
            F64Load => self.load_float(arg, 8, Kind::F64),
            V128Load => self.load_float(arg, 16, Kind::V128),
            _ => self.load_vector(op, arg),
        }
    }

    #[inline]
    fn load_int(&mut self, arg: MemArg, from: Size, sign: Option<Size>, kind: Kind) {
        let at = self.address(arg, from.bytes() as usize);
        let to = self.result_gpr_from(&[at.operand()]);
        self.fault(Trap::MemoryOutOfBounds);
        match sign {
            None => self.asm.load(from, to, at.mem),
            Some(size) => self.asm.sign_extend(from, size, to, at.mem),
        }
        self.push_gpr(kind, to);
    }

    #[inline]
    fn load_float(&mut self, arg: MemArg, bytes: usize, kind: Kind) {
        let at = self.address(arg, bytes);
        let to = self.result_xmm();
        self.fault(Trap::MemoryOutOfBounds);
        self.load_xmm(kind, to, at.mem);
        self.release_operand(at.operand());
        self.push_xmm(kind, to);
    }

    pub(crate) fn store(&mut self, op: Store, arg: MemArg) {
        use Store::*;
        match op {
            I32Store8 | I64Store8 => self.store_int(arg, Size::S8),
            I32Store16 | I64Store16 => self.store_int(arg, Size::S16),
            I32Store | I64Store32 => self.store_int(arg, Size::S32),
            I64Store => self.store_int(arg, Size::S64),
            F32Store => self.store_float(arg, 4),
            F64Store => self.store_float(arg, 8),
            V128Store => self.store_float(arg, 16),
        }
    }

    #[inline]
    fn store_int(&mut self, arg: MemArg, size: Size) {
        let entry = self.pop();
        let value = self.operand(entry);
        if let Some(imm) = value.imm32(size) {
            let at = self.address(arg, size.bytes() as usize);
            self.fault(Trap::MemoryOutOfBounds);
            self.asm.store_imm(size, at.mem, imm);
            return self.release_operand(at.operand());
        }
        let value = self.in_gpr(entry.kind, value);
        let at = self.address(arg, size.bytes() as usize);
        self.fault(Trap::MemoryOutOfBounds);
        self.asm.store(size, at.mem, value);
        self.release_operand(at.operand());
        self.release(value);
    }

    #[inline]
    fn store_float(&mut self, arg: MemArg, bytes: usize) {
        let entry = self.pop();
        let value = match self.xmm_operand(entry) {
            XmmOperand::Xmm(xmm) => xmm,
            XmmOperand::Mem(mem) => {
                let xmm = self.alloc_xmm();
                self.load_xmm(entry.kind, xmm, mem);
                xmm
            }
        };
        let at = self.address(arg, bytes);
        self.fault(Trap::MemoryOutOfBounds);
        self.store_xmm(entry.kind, at.mem, value);
        self.release_operand(at.operand());
        self.release_xmm(value);
    }

    fn index_kind_of(&self, memory: MemoryIdx) -> Kind {
        if self.env.header.memories()[memory.index()].memory64 {
            Kind::I64
        } else {
            Kind::I32
        }
    }

    pub(crate) fn memory_size(&mut self, memory: MemoryIdx) {
        let kind = self.index_kind_of(memory);
        let log2 = self.env.header.memories()[memory.index()].page_size_log2;
        let to = self.result_gpr();
        let def = self.env.layout.memory_def(memory);
        self.asm.load(Size::S64, to, field(VMCTX, def));
        self.asm
            .load(Size::S64, to, field(to, MemoryDefLayout::BYTES));
        self.asm.shift_imm(Shift::Shr, Size::S64, to, log2);
        self.push_gpr(kind, to);
    }

    pub(crate) fn memory_grow(&mut self, memory: MemoryIdx) {
        let delta = self.pop_arg();
        let number = Operand::Imm(memory.0.into());
        self.call_builtin(Builtin::memory_grow, &[number, delta], false);
        self.push_builtin_result(self.index_kind_of(memory));
    }
}
