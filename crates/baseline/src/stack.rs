//! The operand stack: what each operand is, as long as possible without code that computes it.
//!
//! Apart because this is where a compiler without a second look finds its speed: constants, locals and conditions become parts of
//! the instruction that needs them.
//!
//! An operand's place in the frame depends only on what lies below it, so that it can be stored there at any time, and is found
//! there where ways through the code meet.

use crate::emitter::Emitter;
use crate::kind::Kind;
use crate::locals::NO_ALIAS;
use crate::regs::{RegSet, SCRATCH, SCRATCH_XMM, gpr_bit, xmm_bit};
use asm::x64::{Cond, Gpr, Mem, Size, VecOp, Xmm};

/// Where an operand is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Place {
    /// In its place of the frame.
    Spilled,
    /// Nowhere: its bits, zero-extended. Vectors are never constants.
    Const(u64),
    /// In a temporary register.
    Gpr(Gpr),
    /// In a temporary vector register.
    Xmm(Xmm),
    /// It is the value of a local, wherever that is.
    Local(u32),
    /// In the flags: 1 if the condition holds, else 0. Only the topmost operand, and only until the next operator.
    Flags(Cond),
}

/// An operand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) place: Place,
    pub(crate) kind: Kind,
    /// Bytes that all locals and all operands up to this one take.
    pub(crate) end: u32,
    /// If it is the value of a local: the position of the next operand below that is the same.
    pub(crate) link: u32,
}

/// An operand as a source of an instruction on general registers.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Operand {
    /// A temporary register, which belongs to the operator now, or a home, which must not be written.
    Gpr(Gpr),
    /// Bits, zero-extended.
    Imm(u64),
    Mem(Mem),
}

impl Operand {
    /// The value as an immediate that an instruction of this size sign-extends, if it is one.
    #[inline]
    pub(crate) fn imm32(self, size: Size) -> Option<i32> {
        match (self, size) {
            (Operand::Imm(bits), Size::S64) => i32::try_from(bits.cast_signed()).ok(),
            (Operand::Imm(bits), _) => Some(bits as i32),
            _ => None,
        }
    }
}

/// An operand as a source of an instruction on vector registers.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum XmmOperand {
    /// A temporary register, which belongs to the operator now, or a home, which must not be written.
    Xmm(Xmm),
    /// So many bytes as the value has, not aligned.
    Mem(Mem),
}

impl Emitter<'_> {
    /// Bytes that locals and operands take.
    #[inline]
    pub(crate) fn top_end(&self) -> u32 {
        match self.stack.last() {
            Some(top) => top.end,
            None => self.locals.bytes,
        }
    }

    /// Pushes an operand.
    #[inline]
    pub(crate) fn push(&mut self, kind: Kind, place: Place) {
        let position = self.stack.len() as u32;
        let end = self.top_end() + kind.slot_bytes();
        if end > self.deepest {
            self.deepest = end;
        }
        match place {
            Place::Gpr(gpr) => self.regs.hold(gpr_bit(gpr), position),
            Place::Xmm(xmm) => self.regs.hold(xmm_bit(xmm), position),
            _ => {}
        }
        if kind == Kind::Ref {
            self.refs.push(position);
        }
        self.stack.push(Entry {
            place,
            kind,
            end,
            link: NO_ALIAS,
        });
    }

    /// Pushes a constant that is no vector.
    #[inline]
    pub(crate) fn push_const(&mut self, kind: Kind, bits: u64) {
        self.push(kind, Place::Const(bits));
    }

    /// Pushes what is in a register. That is a temporary one that belongs to the operator, or what [`Emitter::result_gpr`]
    /// gave.
    #[inline]
    pub(crate) fn push_gpr(&mut self, kind: Kind, gpr: Gpr) {
        if self.is_temp(gpr) {
            self.push(kind, Place::Gpr(gpr));
        } else {
            self.finish_set(gpr_bit(gpr));
        }
    }

    /// The same for a vector register.
    #[inline]
    pub(crate) fn push_xmm(&mut self, kind: Kind, xmm: Xmm) {
        if self.is_temp_xmm(xmm) {
            self.push(kind, Place::Xmm(xmm));
        } else {
            self.finish_set(xmm_bit(xmm));
        }
    }

    /// Pushes the value of a local.
    #[inline]
    pub(crate) fn push_local(&mut self, local: u32) {
        let kind = self.locals.get(local).kind;
        if !self.locals.may_alias(local) {
            return self.push_copy(local);
        }
        let position = self.stack.len() as u32;
        self.push(kind, Place::Local(local));
        let alias = self.locals.alias_mut(local);
        let link = std::mem::replace(alias, position);
        self.stack[position as usize].link = link;
    }

    /// Pushes the value of a local that lives in the frame, in a register.
    fn push_copy(&mut self, local: u32) {
        let found = self.locals.get(local);
        let from = self.slot(found.end);
        if found.kind.is_xmm() {
            let to = self.alloc_xmm();
            self.load_xmm(found.kind, to, from);
            self.push(found.kind, Place::Xmm(to));
        } else {
            let to = self.alloc_gpr();
            self.asm.load(found.kind.size(), to, from);
            self.push(found.kind, Place::Gpr(to));
        }
    }

    /// Pops an operand, as it is: a register belongs to the operator from now on.
    #[inline]
    pub(crate) fn pop(&mut self) -> Entry {
        let entry = self.stack.pop().expect("validated");
        match entry.place {
            Place::Gpr(gpr) => self.regs.unhold(gpr_bit(gpr)),
            Place::Xmm(xmm) => self.regs.unhold(xmm_bit(xmm)),
            Place::Local(local) => *self.locals.alias_mut(local) = entry.link,
            _ => {}
        }
        if entry.kind == Kind::Ref {
            self.refs.pop();
        }
        if self.stack.len() < self.flushed {
            self.flushed = self.stack.len();
        }
        entry
    }

    /// Pops an operand and forgets it.
    #[inline]
    pub(crate) fn drop_operand(&mut self) {
        let entry = self.pop();
        self.release_entry(entry);
    }

    /// Gives back the register of a popped operand.
    #[inline]
    pub(crate) fn release_entry(&mut self, entry: Entry) {
        match entry.place {
            Place::Gpr(gpr) => self.release(gpr),
            Place::Xmm(xmm) => self.release_xmm(xmm),
            _ => {}
        }
    }

    /// Drops operands down to a height.
    pub(crate) fn truncate(&mut self, height: usize) {
        while self.stack.len() > height {
            self.drop_operand();
        }
    }

    /// A popped operand as a source. Leaves the flags, unless the operand is in them.
    #[inline]
    pub(crate) fn operand(&mut self, entry: Entry) -> Operand {
        match entry.place {
            Place::Spilled => Operand::Mem(self.slot(entry.end)),
            Place::Const(bits) => Operand::Imm(bits),
            Place::Gpr(gpr) => Operand::Gpr(gpr),
            Place::Local(local) => {
                let found = self.locals.get(local);
                if found.home == 0 {
                    return Operand::Mem(self.slot(found.end));
                }
                self.make_home(found.home);
                Operand::Gpr(Gpr::new(found.home.trailing_zeros() as u8))
            }
            Place::Flags(cond) => {
                let gpr = self.alloc_gpr();
                self.asm.setcc(cond, gpr);
                self.asm.zero_extend(Size::S8, gpr, gpr);
                Operand::Gpr(gpr)
            }
            Place::Xmm(_) => unreachable!("a value of the other class"),
        }
    }

    /// Pops an operand as a source.
    #[inline]
    pub(crate) fn pop_operand(&mut self) -> Operand {
        let entry = self.pop();
        self.operand(entry)
    }

    /// Gives back the register of a source.
    #[inline]
    pub(crate) fn release_operand(&mut self, operand: Operand) {
        if let Operand::Gpr(gpr) = operand {
            self.release(gpr);
        }
    }

    /// A source in a register, which may be a home and so must not be written.
    #[inline]
    pub(crate) fn in_gpr(&mut self, kind: Kind, operand: Operand) -> Gpr {
        match operand {
            Operand::Gpr(gpr) => gpr,
            _ => {
                let gpr = self.alloc_gpr();
                self.load_operand(kind, gpr, operand);
                gpr
            }
        }
    }

    /// Copies a source to a register. Leaves the flags.
    #[inline]
    pub(crate) fn load_operand(&mut self, kind: Kind, to: Gpr, operand: Operand) {
        match operand {
            Operand::Gpr(gpr) if gpr == to => {}
            Operand::Gpr(gpr) => self.asm.mov(kind.size(), to, gpr),
            Operand::Imm(bits) => self.asm.mov_imm(to, bits),
            Operand::Mem(mem) => self.asm.load(kind.size(), to, mem),
        }
    }

    /// Pops an operand into a register, which may be a home and so must not be written.
    #[inline]
    pub(crate) fn pop_gpr(&mut self) -> Gpr {
        let entry = self.pop();
        let operand = self.operand(entry);
        self.in_gpr(entry.kind, operand)
    }

    /// Pops an operand into a temporary register, which may be written.
    #[inline]
    pub(crate) fn pop_gpr_mut(&mut self) -> Gpr {
        let entry = self.pop();
        match self.operand(entry) {
            Operand::Gpr(gpr) if self.is_temp(gpr) => gpr,
            operand => {
                let gpr = self.alloc_gpr();
                self.load_operand(entry.kind, gpr, operand);
                gpr
            }
        }
    }

    /// Pops an operand into this very register, which must be a temporary one.
    pub(crate) fn pop_into_gpr(&mut self, to: Gpr) {
        let entry = self.pop();
        if entry.place == Place::Gpr(to) {
            return;
        }
        let operand = self.operand(entry);
        self.take_gpr(to);
        self.load_operand(entry.kind, to, operand);
        self.release_operand(operand);
    }

    /// Loads a value of 4, 8 or 16 bytes. Leaves the flags.
    #[inline]
    pub(crate) fn load_xmm(&mut self, kind: Kind, to: Xmm, from: Mem) {
        self.asm.vec_unary(xmm_move(kind), to, from);
    }

    /// Stores a value of 4, 8 or 16 bytes.
    #[inline]
    pub(crate) fn store_xmm(&mut self, kind: Kind, to: Mem, from: Xmm) {
        self.asm.vec_store(xmm_move(kind), to, from);
    }

    /// Loads a constant. Leaves the flags.
    pub(crate) fn load_xmm_const(&mut self, kind: Kind, to: Xmm, bits: u64) {
        if bits == 0 {
            return self.asm.vec_zero(to);
        }
        let constant = self.asm.constant64(bits);
        self.load_xmm(kind, to, Mem::constant(constant));
    }

    /// A popped operand as a source of a vector instruction.
    #[inline]
    pub(crate) fn xmm_operand(&mut self, entry: Entry) -> XmmOperand {
        match entry.place {
            Place::Spilled => XmmOperand::Mem(self.slot(entry.end)),
            Place::Const(0) => {
                let xmm = self.alloc_xmm();
                self.asm.vec_zero(xmm);
                XmmOperand::Xmm(xmm)
            }
            Place::Const(bits) => XmmOperand::Mem(Mem::constant(self.asm.constant64(bits))),
            Place::Xmm(xmm) => XmmOperand::Xmm(xmm),
            Place::Local(local) => {
                let found = self.locals.get(local);
                if found.home == 0 {
                    return XmmOperand::Mem(self.slot(found.end));
                }
                self.make_home(found.home);
                XmmOperand::Xmm(Xmm::new((found.home.trailing_zeros() - 16) as u8))
            }
            Place::Gpr(_) | Place::Flags(_) => unreachable!("a value of the other class"),
        }
    }

    /// Pops an operand as a source of a vector instruction.
    #[inline]
    pub(crate) fn pop_xmm_operand(&mut self) -> XmmOperand {
        let entry = self.pop();
        self.xmm_operand(entry)
    }

    /// Gives back the register of a source.
    #[inline]
    pub(crate) fn release_xmm_operand(&mut self, operand: XmmOperand) {
        if let XmmOperand::Xmm(xmm) = operand {
            self.release_xmm(xmm);
        }
    }

    /// Copies a source to a vector register. Leaves the flags.
    #[inline]
    pub(crate) fn load_xmm_operand(&mut self, kind: Kind, to: Xmm, operand: XmmOperand) {
        match operand {
            XmmOperand::Xmm(from) => self.asm.vec_mov(to, from),
            XmmOperand::Mem(mem) => self.load_xmm(kind, to, mem),
        }
    }

    /// Pops an operand into a vector register, which may be a home and so must not be written.
    #[inline]
    pub(crate) fn pop_xmm(&mut self) -> Xmm {
        let entry = self.pop();
        match self.xmm_operand(entry) {
            XmmOperand::Xmm(xmm) => xmm,
            XmmOperand::Mem(mem) => {
                let xmm = self.alloc_xmm();
                self.load_xmm(entry.kind, xmm, mem);
                xmm
            }
        }
    }

    /// Pops an operand into a temporary vector register, which may be written.
    #[inline]
    pub(crate) fn pop_xmm_mut(&mut self) -> Xmm {
        let entry = self.pop();
        match self.xmm_operand(entry) {
            XmmOperand::Xmm(xmm) if self.is_temp_xmm(xmm) => xmm,
            operand => {
                let xmm = self.alloc_xmm();
                self.load_xmm_operand(entry.kind, xmm, operand);
                xmm
            }
        }
    }

    /// Stores an operand in its place of the frame. Leaves the flags.
    pub(crate) fn spill(&mut self, position: usize) {
        let entry = self.stack[position];
        let to = self.slot(entry.end);
        match entry.place {
            Place::Spilled => return,
            Place::Gpr(gpr) => {
                self.asm.store(entry.kind.size(), to, gpr);
                self.regs.unhold(gpr_bit(gpr));
                self.release(gpr);
            }
            Place::Xmm(xmm) => {
                self.store_xmm(entry.kind, to, xmm);
                self.regs.unhold(xmm_bit(xmm));
                self.release_xmm(xmm);
            }
            _ => self.store_entry(entry, to),
        }
        self.stack[position].place = Place::Spilled;
    }

    /// Stores an operand wherever it is to be. Leaves the flags, and the operand where it is.
    pub(crate) fn store_entry(&mut self, entry: Entry, to: Mem) {
        let size = entry.kind.size();
        match entry.place {
            Place::Xmm(xmm) => self.store_xmm(entry.kind, to, xmm),
            Place::Gpr(gpr) => self.asm.store(size, to, gpr),
            Place::Const(bits) => match Operand::Imm(bits).imm32(size) {
                Some(imm) => self.asm.store_imm(size, to, imm),
                None => {
                    self.asm.mov_imm(SCRATCH, bits);
                    self.asm.store(size, to, SCRATCH);
                }
            },
            Place::Flags(_) => unreachable!("conditions do not outlive the next operator"),
            Place::Local(_) | Place::Spilled if entry.kind.is_xmm() => {
                let from = match self.xmm_operand(entry) {
                    XmmOperand::Xmm(xmm) => xmm,
                    XmmOperand::Mem(mem) => {
                        self.load_xmm(entry.kind, SCRATCH_XMM, mem);
                        SCRATCH_XMM
                    }
                };
                self.store_xmm(entry.kind, to, from);
            }
            Place::Local(_) | Place::Spilled => {
                let from = match self.operand(entry) {
                    Operand::Gpr(gpr) => gpr,
                    operand => {
                        self.load_operand(entry.kind, SCRATCH, operand);
                        SCRATCH
                    }
                };
                self.asm.store(size, to, from);
            }
        }
    }

    /// Stores all operands in their places of the frame. Leaves the flags.
    pub(crate) fn flush(&mut self) {
        for position in self.flushed..self.stack.len() {
            if let Place::Local(local) = self.stack[position].place {
                // Those below are stored already, so that none is left of the chain.
                *self.locals.alias_mut(local) = NO_ALIAS;
            }
            self.spill(position);
        }
        self.flushed = self.stack.len();
    }

    /// Stores all operands that are in registers: a call loses them.
    pub(crate) fn spill_temps(&mut self) {
        while self.regs.held != 0 {
            let bit = self.regs.held & self.regs.held.wrapping_neg();
            self.spill(self.regs.owner(bit) as usize);
        }
    }

    /// Copies all operands that are the value of a local which is about to change.
    pub(crate) fn copy_aliases(&mut self, local: u32) {
        if !self.locals.may_alias(local) {
            return;
        }
        let mut position = std::mem::replace(self.locals.alias_mut(local), NO_ALIAS);
        while position != NO_ALIAS {
            let entry = self.stack[position as usize];
            self.copy_alias(position, entry);
            position = entry.link;
        }
    }

    fn copy_alias(&mut self, position: u32, entry: Entry) {
        const GPRS: RegSet = 0xffff;
        let is_xmm = entry.kind.is_xmm();
        let class = if is_xmm { !GPRS } else { GPRS };
        // One register is left to the operator.
        if (self.regs.free & class).count_ones() < 2 {
            return self.spill(position as usize);
        }
        let place = if is_xmm {
            let xmm = self.alloc_xmm();
            let operand = self.xmm_operand(entry);
            self.load_xmm_operand(entry.kind, xmm, operand);
            self.regs.hold(xmm_bit(xmm), position);
            Place::Xmm(xmm)
        } else {
            let gpr = self.alloc_gpr();
            let operand = self.operand(entry);
            self.load_operand(entry.kind, gpr, operand);
            self.regs.hold(gpr_bit(gpr), position);
            Place::Gpr(gpr)
        };
        self.stack[position as usize].place = place;
    }
}

/// The instruction that moves a value of this kind between memory and a vector register.
#[inline]
pub(crate) fn xmm_move(kind: Kind) -> VecOp {
    match kind {
        Kind::F32 => VecOp::MOVSS,
        Kind::F64 => VecOp::MOVSD,
        _ => VecOp::MOVUPS,
    }
}
