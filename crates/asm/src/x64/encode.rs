//! From an opcode and its operands to bytes: prefixes, opcode, ModRM, SIB, displacement, immediate.
//!
//! Apart because it is the one place that knows how instructions look; Intel's manual, volume 2, chapter 2.
//!
//! ```text
//! legacy   [66|F2|F3] [REX 0100WRXB] [0F | 0F38 | 0F3A] opcode modrm [sib] [disp8|disp32] [imm]
//! VEX      C5 [Rvvvv0pp]              opcode modrm ...        map 0F, no X, B, W
//!          C4 [RXBmmmmm] [Wvvvv0pp]   opcode modrm ...        R, X, B and vvvv are inverted
//! ```

use super::assembler::Assembler;
use super::operand::{Base, Gpr, Mem, Xmm};

/// What is the same in all forms of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Opcode {
    /// 0, 0x66, 0xF3 or 0xF2.
    prefix: u8,
    /// 0: one byte; 1: 0F; 2: 0F38; 3: 0F3A.
    map: u8,
    byte: u8,
    /// REX.W or VEX.W.
    wide: bool,
}

impl Opcode {
    /// An opcode of one byte.
    pub(crate) const fn one(byte: u8) -> Opcode {
        Opcode::new(0, 0, byte)
    }

    /// An opcode behind `0F`.
    pub(crate) const fn two(byte: u8) -> Opcode {
        Opcode::new(0, 1, byte)
    }

    pub(crate) const fn new(prefix: u8, map: u8, byte: u8) -> Opcode {
        Opcode {
            prefix,
            map,
            byte,
            wide: false,
        }
    }

    pub(crate) const fn wide(self, wide: bool) -> Opcode {
        Opcode { wide, ..self }
    }

    pub(crate) const fn with_prefix(self, prefix: u8) -> Opcode {
        Opcode { prefix, ..self }
    }

    /// The same instruction with another byte, such as a store instead of a load.
    pub(crate) const fn with_byte(self, byte: u8) -> Opcode {
        Opcode { byte, ..self }
    }

    pub(crate) const fn byte(self) -> u8 {
        self.byte
    }

    /// The bytes from the escape to the opcode, and how many bits they are.
    #[inline(always)]
    const fn escaped(self) -> (u64, u32) {
        let byte = self.byte as u64;
        match self.map {
            0 => (byte, 8),
            1 => (byte << 8 | 0x0F, 16),
            2 => (byte << 16 | 0x380F, 24),
            _ => (byte << 16 | 0x3A0F, 24),
        }
    }
}

/// Bytes behind the displacement.
#[derive(Clone, Copy)]
pub(crate) struct Imm {
    value: u32,
    bytes: u8,
}

impl Imm {
    pub(crate) const NONE: Imm = Imm { value: 0, bytes: 0 };

    #[inline]
    pub(crate) const fn new8(value: u8) -> Imm {
        Imm {
            value: value as u32,
            bytes: 1,
        }
    }

    #[inline]
    pub(crate) const fn new16(value: u16) -> Imm {
        Imm {
            value: value as u32,
            bytes: 2,
        }
    }

    #[inline]
    pub(crate) const fn new32(value: i32) -> Imm {
        Imm {
            value: value.cast_unsigned(),
            bytes: 4,
        }
    }
}

/// What stands before ModRM besides the opcode: one scheme for a legacy instruction, another for AVX.
#[derive(Clone, Copy)]
pub(crate) enum Scheme {
    Legacy,
    /// Legacy, and `spl`, `bpl`, `sil`, `dil` are named by a REX prefix without bits.
    LegacyByte,
    /// VEX with this register as the further operand; 0 where there is none, which is encoded as if it were `xmm0`.
    Vex(u8),
}

/// An operand that a general register or memory can be.
pub trait GprMem: Copy {
    #[doc(hidden)]
    fn emit(self, a: &mut Assembler, operation: Operation);

    #[doc(hidden)]
    fn low_byte_needs_rex(self) -> bool;
}

/// An operand that a vector register or memory can be.
pub trait XmmMem: Copy {
    #[doc(hidden)]
    fn emit(self, a: &mut Assembler, operation: Operation);

    #[doc(hidden)]
    fn is(self, xmm: Xmm) -> bool;
}

/// An instruction but for its operand that is a register or memory.
#[derive(Clone, Copy)]
pub struct Operation {
    pub(crate) opcode: Opcode,
    pub(crate) scheme: Scheme,
    /// The register, or the extension of the opcode.
    pub(crate) reg: u8,
    pub(crate) imm: Imm,
}

impl GprMem for Gpr {
    #[inline]
    fn emit(self, a: &mut Assembler, operation: Operation) {
        a.emit_reg(operation, self.number());
    }

    #[inline]
    fn low_byte_needs_rex(self) -> bool {
        (4..8).contains(&self.number())
    }
}

impl GprMem for Mem {
    #[inline]
    fn emit(self, a: &mut Assembler, operation: Operation) {
        a.emit_mem(operation, self);
    }

    #[inline]
    fn low_byte_needs_rex(self) -> bool {
        false
    }
}

impl XmmMem for Xmm {
    #[inline]
    fn emit(self, a: &mut Assembler, operation: Operation) {
        a.emit_reg(operation, self.number());
    }

    #[inline]
    fn is(self, xmm: Xmm) -> bool {
        self == xmm
    }
}

impl XmmMem for Mem {
    #[inline]
    fn emit(self, a: &mut Assembler, operation: Operation) {
        a.emit_mem(operation, self);
    }

    #[inline]
    fn is(self, _: Xmm) -> bool {
        false
    }
}

impl Operation {
    /// Everything before ModRM, and how many bits it is. `x` and `b` are the registers whose highest bits go into the prefix.
    #[inline(always)]
    fn head(self, x: u8, b: u8) -> (u64, u32) {
        let opcode = self.opcode;
        let further = match self.scheme {
            Scheme::Vex(further) => further,
            Scheme::Legacy => return self.legacy(x, b, false),
            Scheme::LegacyByte => return self.legacy(x, b, true),
        };
        let pp = match opcode.prefix {
            0 => 0,
            0x66 => 1,
            0xF3 => 2,
            _ => 3,
        };
        let r = u64::from(!self.reg >> 3 & 1) << 7;
        let last = u64::from(!further & 15) << 3 | pp;
        let byte = u64::from(opcode.byte);
        if opcode.map == 1 && !opcode.wide && (x | b) & 8 == 0 {
            return (0xC5 | (r | last) << 8 | byte << 16, 24);
        }
        let x = u64::from(!x >> 3 & 1) << 6;
        let b = u64::from(!b >> 3 & 1) << 5;
        let w = u64::from(opcode.wide) << 7;
        let map = u64::from(opcode.map);
        (
            0xC4 | (r | x | b | map) << 8 | (w | last) << 16 | byte << 24,
            32,
        )
    }

    #[inline(always)]
    fn legacy(self, x: u8, b: u8, always_rex: bool) -> (u64, u32) {
        let opcode = self.opcode;
        let mut bytes = u64::from(opcode.prefix);
        let mut bits = if opcode.prefix == 0 { 0 } else { 8 };
        let rex =
            0x40 | u8::from(opcode.wide) << 3 | (self.reg & 8) >> 1 | (x & 8) >> 2 | (b & 8) >> 3;
        // Without a branch, as which registers need it cannot be predicted.
        let has_rex = u32::from(rex != 0x40 || always_rex);
        bytes |= (u64::from(rex) * u64::from(has_rex)) << bits;
        bits += 8 * has_rex;
        let (escaped, escaped_bits) = opcode.escaped();
        (bytes | escaped << bits, bits + escaped_bits)
    }

    #[inline(always)]
    fn mod_rm(self, mode: u8, rm: u8) -> u64 {
        u64::from(mode << 6 | (self.reg & 7) << 3 | rm & 7)
    }
}

impl Assembler {
    /// Emits an instruction whose operand is a register.
    pub(crate) fn emit_reg(&mut self, operation: Operation, rm: u8) {
        let (mut bytes, mut bits) = operation.head(0, rm);
        bytes |= operation.mod_rm(3, rm) << bits;
        bits += 8;
        let imm = operation.imm;
        let room = self.code.room();
        room[..8].copy_from_slice(&bytes.to_le_bytes());
        let mut len = (bits >> 3) as usize;
        room[len & 15..][..4].copy_from_slice(&imm.value.to_le_bytes());
        len += usize::from(imm.bytes);
        self.code.advance(len);
    }

    /// Emits an instruction whose operand is in memory.
    pub(crate) fn emit_mem(&mut self, operation: Operation, mem: Mem) {
        let (base, any_disp) = match mem.base {
            Base::Reg(base) => (base.number(), false),
            Base::Wide(base) => (base.number(), true),
            Base::Pool => return self.emit_constant(operation, mem.disp.cast_unsigned()),
        };
        let index = mem.index.number();
        let (mut bytes, mut bits) = operation.head(index, base);
        // No displacement, one byte, or four, chosen without branches. rbp and r13 as a base always have one: without, their
        // place means something else.
        let is_wide = any_disp || i32::from(mem.disp as i8) != mem.disp;
        let is_short = !is_wide && (mem.disp != 0 || base & 7 == 5);
        let mode = u8::from(is_wide) << 1 | u8::from(is_short);
        let disp_bytes = usize::from(u8::from(is_wide) << 2 | u8::from(is_short));
        // Four as a base says that a SIB byte follows, so rsp and r12 need one as well. Without an index, `rsp` stands in
        // the place of the index and means none; it has no highest bit.
        let has_sib = u32::from(base & 7 == 4 || mem.index != Gpr::RSP);
        let sib = (mem.scale as u8) << 6 | (index & 7) << 3 | base & 7;
        let rm = if has_sib != 0 { 4 } else { base };
        bytes |= (operation.mod_rm(mode, rm) | (u64::from(sib) * u64::from(has_sib)) << 8) << bits;
        bits += 8 + 8 * has_sib;
        let imm = operation.imm;
        let room = self.code.room();
        room[..8].copy_from_slice(&bytes.to_le_bytes());
        let mut len = (bits >> 3) as usize;
        room[len & 15..][..4].copy_from_slice(&mem.disp.to_le_bytes());
        len += disp_bytes;
        room[len & 15..][..4].copy_from_slice(&imm.value.to_le_bytes());
        len += usize::from(imm.bytes);
        self.code.advance(len);
    }

    /// Emits an instruction whose operand is a constant behind the function.
    fn emit_constant(&mut self, operation: Operation, constant: u32) {
        let (mut bytes, mut bits) = operation.head(0, 0);
        bytes |= operation.mod_rm(0, 5) << bits;
        bits += 8;
        let imm = operation.imm;
        self.code.put(bytes, (bits >> 3) as usize);
        self.pool.refer(self.code.len(), constant);
        // The displacement counts from the end of the instruction; the pool adds its own place.
        self.code
            .put(0u32.wrapping_sub(4 + u32::from(imm.bytes)).into(), 4);
        self.code.put(imm.value.into(), usize::from(imm.bytes));
    }
}
