//! Which registers hold what, and how an operator gets one.
//!
//! Apart because everything that emits code draws from here. A register is one of: fixed for the whole function, home of a local
//! for the whole function, or temporary. A temporary one is free, holds an operand of the stack, or belongs to the operator that is
//! being emitted, from the moment it was popped or allocated until it is pushed or released.
//!
//! | register | |
//! |---|---|
//! | `rbx` | vmctx |
//! | `r15` | base of memory 0, if that never moves and is used; else a home |
//! | `r12`-`r14` | homes; calls keep them |
//! | `r8`-`r10`, `xmm8`-`xmm14` | homes that calls lose, or temporaries |
//! | `rax` `rcx` `rdx` `rsi` `rdi`, `xmm0`-`xmm7` | temporaries |
//! | `r11`, `xmm15` | scratch, free between any two instructions of an emitting method |

use crate::emitter::Emitter;
use crate::stack::Place;
use asm::x64::{Gpr, Xmm};

/// vmctx.
pub(crate) const VMCTX: Gpr = Gpr::RBX;
/// The base of memory 0.
pub(crate) const MEMORY: Gpr = Gpr::R15;
/// Never holds anything across methods.
pub(crate) const SCRATCH: Gpr = Gpr::R11;
/// Never holds anything across methods.
pub(crate) const SCRATCH_XMM: Xmm = Xmm::new(15);

/// Registers that calls of compiled code and of the runtime keep, as far as they can be homes.
pub(crate) const KEPT: [Gpr; 4] = [Gpr::R12, Gpr::R13, Gpr::R14, Gpr::R15];
/// General registers that can be homes, but calls lose them.
pub(crate) const LOST: [Gpr; 3] = [Gpr::R10, Gpr::R9, Gpr::R8];
/// How many vector registers can be homes, from `xmm14` downwards.
pub(crate) const XMM_HOMES: u8 = 7;

const TEMPS: u16 = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10;
const XMM_TEMPS: u16 = 0x7fff;

/// A set of registers by number; general ones are bits 0 to 15, vector ones 16 to 31.
pub(crate) type RegSet = u32;

pub(crate) fn gpr_bit(gpr: Gpr) -> RegSet {
    1 << gpr.number()
}

pub(crate) fn xmm_bit(xmm: Xmm) -> RegSet {
    1 << (16 + xmm.number())
}

/// The temporaries of a function.
#[derive(Clone, Debug, Default)]
pub(crate) struct Regs {
    /// Those that are temporary in this function.
    pub(crate) temps: RegSet,
    pub(crate) free: RegSet,
    /// Positions on the stack of the operands in registers that are neither free nor an operator's.
    owners: [u32; 32],
    /// Registers that hold operands of the stack.
    pub(crate) held: RegSet,
}

impl Regs {
    /// All temporaries but the homes.
    pub(crate) fn new(homes: RegSet) -> Regs {
        let temps = (u32::from(TEMPS) | u32::from(XMM_TEMPS) << 16) & !homes;
        Regs {
            temps,
            free: temps,
            owners: [0; 32],
            held: 0,
        }
    }

    /// The operand at this position of the stack is in this register.
    #[inline]
    pub(crate) fn hold(&mut self, bit: RegSet, position: u32) {
        debug_assert!(self.free & bit == 0 && self.temps & bit != 0);
        self.held |= bit;
        self.owners[bit.trailing_zeros() as usize] = position;
    }

    /// The operand in this register is popped: it belongs to the operator.
    #[inline]
    pub(crate) fn unhold(&mut self, bit: RegSet) {
        self.held &= !bit;
    }

    pub(crate) fn owner(&self, bit: RegSet) -> u32 {
        self.owners[bit.trailing_zeros() as usize]
    }

    #[inline]
    pub(crate) fn release(&mut self, bit: RegSet) {
        debug_assert!(self.held & bit == 0);
        self.free |= bit & self.temps;
    }
}

const GPRS: RegSet = 0xffff;
const XMMS: RegSet = 0xffff_0000;

impl Emitter<'_> {
    /// A temporary register for the operator.
    #[inline]
    pub(crate) fn alloc_gpr(&mut self) -> Gpr {
        let free = self.regs.free & GPRS;
        let bit = if free != 0 {
            // The highest first: the lowest are those that instructions and calls want.
            1 << (31 - free.leading_zeros())
        } else {
            self.evict(GPRS)
        };
        self.regs.free &= !bit;
        Gpr::new(bit.trailing_zeros() as u8)
    }

    /// A temporary vector register for the operator.
    #[inline]
    pub(crate) fn alloc_xmm(&mut self) -> Xmm {
        let free = self.regs.free & XMMS;
        let bit = if free != 0 {
            free & free.wrapping_neg()
        } else {
            self.evict(XMMS)
        };
        self.regs.free &= !bit;
        Xmm::new((bit.trailing_zeros() - 16) as u8)
    }

    /// Makes a register of the class free: the one whose operand lies deepest.
    #[cold]
    fn evict(&mut self, class: RegSet) -> RegSet {
        let mut held = self.regs.held & class;
        let mut deepest = (u32::MAX, 0);
        while held != 0 {
            let bit = held & held.wrapping_neg();
            held &= !bit;
            deepest = deepest.min((self.regs.owner(bit), bit));
        }
        let (position, bit) = deepest;
        assert!(bit != 0, "an operator holds all registers");
        self.spill(position as usize);
        bit
    }

    /// This very temporary register for the operator. An operand there moves elsewhere.
    ///
    /// # Panics
    /// If it belongs to the operator already.
    pub(crate) fn take_gpr(&mut self, gpr: Gpr) {
        let bit = gpr_bit(gpr);
        if self.regs.held & bit != 0 {
            let position = self.regs.owner(bit) as usize;
            let others = self.regs.free & GPRS & !bit;
            if others != 0 {
                let to = self.alloc_gpr();
                let kind = self.stack[position].kind;
                self.asm.mov(kind.size(), to, gpr);
                self.regs.unhold(bit);
                self.regs.hold(gpr_bit(to), position as u32);
                self.stack[position].place = Place::Gpr(to);
                return;
            }
            self.spill(position);
        }
        assert!(self.regs.free & bit != 0, "{gpr:?} is taken twice");
        self.regs.free &= !bit;
    }

    /// The same for a vector register.
    pub(crate) fn take_xmm(&mut self, xmm: Xmm) {
        let bit = xmm_bit(xmm);
        if self.regs.held & bit != 0 {
            self.spill(self.regs.owner(bit) as usize);
        }
        assert!(self.regs.free & bit != 0, "{xmm:?} is taken twice");
        self.regs.free &= !bit;
    }

    /// Gives back a register that was popped or allocated. Homes stay what they are.
    #[inline]
    pub(crate) fn release(&mut self, gpr: Gpr) {
        self.regs.release(gpr_bit(gpr));
    }

    /// The same for a vector register.
    #[inline]
    pub(crate) fn release_xmm(&mut self, xmm: Xmm) {
        self.regs.release(xmm_bit(xmm));
    }

    /// Whether the register is a temporary one.
    #[inline]
    pub(crate) fn is_temp(&self, gpr: Gpr) -> bool {
        self.regs.temps & gpr_bit(gpr) != 0
    }

    /// Whether the vector register is a temporary one.
    #[inline]
    pub(crate) fn is_temp_xmm(&self, xmm: Xmm) -> bool {
        self.regs.temps & xmm_bit(xmm) != 0
    }
}
