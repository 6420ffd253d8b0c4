//! Moves and arithmetic of general registers.
//!
//! Apart because every function is made of these; Intel's manual, volume 2. Instructions that differ in one number of their
//! encoding are one method with that number as a type: [`Alu`], [`Shift`], [`Unary`], [`Bits`].

use super::Assembler;
use super::encode::{GprMem, Imm, Opcode, Operation, Scheme};
use super::operand::{Cond, Gpr, Mem, Size};

/// Instructions with two operands that share one scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Alu {
    /// Addition.
    Add = 0,
    /// Bitwise or.
    Or = 1,
    /// Addition of the carry as well.
    Adc = 2,
    /// Subtraction of the carry as well.
    Sbb = 3,
    /// Bitwise and.
    And = 4,
    /// Subtraction.
    Sub = 5,
    /// Bitwise exclusive or.
    Xor = 6,
    /// Subtraction for the flags alone.
    Cmp = 7,
}

/// Shifts and rotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Shift {
    /// Rotation to the left.
    Rol = 0,
    /// Rotation to the right.
    Ror = 1,
    /// Shift to the left.
    Shl = 4,
    /// Shift to the right, zeros coming in.
    Shr = 5,
    /// Shift to the right, the sign coming in.
    Sar = 7,
}

/// Instructions with one operand, some with `rdx:rax` besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Unary {
    /// All bits inverted; leaves the flags.
    Not = 2,
    /// Zero minus the operand.
    Neg = 3,
    /// `rdx:rax` = `rax` times the operand, unsigned.
    Mul = 4,
    /// `rdx:rax` = `rax` times the operand, signed.
    Imul = 5,
    /// `rax`, `rdx` = quotient and remainder of `rdx:rax` by the operand, unsigned.
    Div = 6,
    /// `rax`, `rdx` = quotient and remainder of `rdx:rax` by the operand, signed.
    Idiv = 7,
}

/// Instructions that find or count bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bits {
    /// The number of the lowest bit that is set; of zero, ZF and no result.
    Bsf,
    /// The number of the highest bit that is set; of zero, ZF and no result.
    Bsr,
    /// Leading zeros; needs [`super::Features::lzcnt`].
    Lzcnt,
    /// Trailing zeros; needs [`super::Features::bmi1`].
    Tzcnt,
    /// Bits that are set; needs [`super::Features::popcnt`].
    Popcnt,
}

impl Assembler {
    /// `op dst, src`.
    #[inline]
    pub fn alu(&mut self, op: Alu, size: Size, dst: Gpr, src: impl GprMem) {
        let byte = (op as u8) << 3 | 2;
        self.sized(byte, size, dst, src, Imm::NONE);
    }

    /// `op [dst], src`, in memory.
    #[inline]
    pub fn alu_store(&mut self, op: Alu, size: Size, dst: Mem, src: Gpr) {
        self.sized((op as u8) << 3, size, src, dst, Imm::NONE);
    }

    /// `op dst, imm`, the immediate sign-extended to the size.
    #[inline]
    pub fn alu_imm(&mut self, op: Alu, size: Size, dst: impl GprMem, imm: i32) {
        let (byte, imm) = match (size, i8::try_from(imm)) {
            (Size::S8, _) => (0x80, Imm::new8(imm as u8)),
            (_, Ok(short)) => (0x82, Imm::new8(short.cast_unsigned())),
            (Size::S16, _) => (0x80, Imm::new16(imm as u16)),
            (_, Err(_)) => (0x80, Imm::new32(imm)),
        };
        self.extended(byte, size, op as u8, dst, imm);
    }

    /// `test a, b`: the flags of a bitwise and.
    #[inline]
    pub fn test(&mut self, size: Size, a: impl GprMem, b: Gpr) {
        self.sized(0x84, size, b, a, Imm::NONE);
    }

    /// `test a, imm`, the immediate sign-extended to the size.
    #[inline]
    pub fn test_imm(&mut self, size: Size, a: impl GprMem, imm: i32) {
        self.extended(0xF6, size, 0, a, full_imm(size, imm));
    }

    /// `mov dst, src`: 64 bits, or 32 zero-extended.
    #[inline]
    pub fn mov(&mut self, size: Size, dst: Gpr, src: Gpr) {
        self.plain(Opcode::one(0x8B).wide(size == Size::S64), dst, src);
    }

    /// Loads a value into all 64 bits of a register, by the shortest instruction that leaves the flags.
    #[inline]
    pub fn mov_imm(&mut self, dst: Gpr, value: u64) {
        let number = u64::from(dst.number());
        let high = number >> 3;
        let opcode = 0xB8 | number & 7;
        if let Ok(value) = u32::try_from(value) {
            let value = u64::from(value);
            if high == 0 {
                self.code.put(opcode | value << 8, 5);
            } else {
                self.code.put(0x41 | opcode << 8 | value << 16, 6);
            }
        } else if let Ok(value) = i32::try_from(value.cast_signed()) {
            let operation = Operation {
                opcode: Opcode::one(0xC7).wide(true),
                scheme: Scheme::Legacy,
                reg: 0,
                imm: Imm::new32(value),
            };
            self.emit_reg(operation, dst.number());
        } else {
            self.code.put(0x48 | high | opcode << 8, 2);
            self.code.put(value, 8);
        }
    }

    /// `xor dst, dst` of 32 bits: zero, in two or three bytes; writes the flags.
    #[inline]
    pub fn zero(&mut self, dst: Gpr) {
        self.alu(Alu::Xor, Size::S32, dst, dst);
    }

    /// Loads a value of this size, zero-extended to 64 bits.
    #[inline]
    pub fn load(&mut self, size: Size, dst: Gpr, src: Mem) {
        self.zero_extend(size, dst, src);
    }

    /// `movzx dst, src`, or `mov` for sizes that need no extension: the low bits, zero-extended to 64.
    #[inline]
    pub fn zero_extend(&mut self, from: Size, dst: Gpr, src: impl GprMem) {
        let opcode = match from {
            Size::S8 => return self.low_byte(Opcode::two(0xB6), dst, src),
            Size::S16 => Opcode::two(0xB7),
            Size::S32 => Opcode::one(0x8B),
            Size::S64 => Opcode::one(0x8B).wide(true),
        };
        self.plain(opcode, dst, src);
    }

    /// `movsx dst, src`: the low bits, sign-extended to `to`, which is 32 bits (zero above) or 64.
    #[inline]
    pub fn sign_extend(&mut self, from: Size, to: Size, dst: Gpr, src: impl GprMem) {
        let wide = to == Size::S64;
        match from {
            Size::S8 => self.low_byte(Opcode::two(0xBE).wide(wide), dst, src),
            Size::S16 => self.plain(Opcode::two(0xBF).wide(wide), dst, src),
            Size::S32 if wide => self.plain(Opcode::one(0x63).wide(true), dst, src),
            Size::S32 | Size::S64 => self.plain(Opcode::one(0x8B).wide(wide), dst, src),
        }
    }

    /// `mov [dst], src`.
    #[inline]
    pub fn store(&mut self, size: Size, dst: Mem, src: Gpr) {
        self.sized(0x88, size, src, dst, Imm::NONE);
    }

    /// `mov [dst], imm`, the immediate sign-extended to the size.
    #[inline]
    pub fn store_imm(&mut self, size: Size, dst: Mem, imm: i32) {
        self.extended(0xC6, size, 0, dst, full_imm(size, imm));
    }

    /// `lea dst, mem`: the address, or its low 32 bits zero-extended.
    #[inline]
    pub fn lea(&mut self, size: Size, dst: Gpr, mem: Mem) {
        self.plain(Opcode::one(0x8D).wide(size == Size::S64), dst, mem);
    }

    /// `imul dst, src`.
    #[inline]
    pub fn imul(&mut self, size: Size, dst: Gpr, src: impl GprMem) {
        self.plain(Opcode::two(0xAF).wide(size == Size::S64), dst, src);
    }

    /// `imul dst, src, imm`.
    #[inline]
    pub fn imul_imm(&mut self, size: Size, dst: Gpr, src: impl GprMem, imm: i32) {
        let (byte, imm) = match i8::try_from(imm) {
            Ok(short) => (0x6B, Imm::new8(short.cast_unsigned())),
            Err(_) => (0x69, Imm::new32(imm)),
        };
        let operation = Operation {
            opcode: Opcode::one(byte).wide(size == Size::S64),
            scheme: Scheme::Legacy,
            reg: dst.number(),
            imm,
        };
        src.emit(self, operation);
    }

    /// `not`, `neg`, `mul`, `imul`, `div`, `idiv`.
    #[inline]
    pub fn unary(&mut self, op: Unary, size: Size, operand: impl GprMem) {
        self.extended(0xF6, size, op as u8, operand, Imm::NONE);
    }

    /// `cdq` or `cqo`: `rdx` becomes the sign of `rax`, all over.
    pub fn sign_into_rdx(&mut self, size: Size) {
        match size {
            Size::S64 => self.code.put(0x9948, 2),
            _ => self.code.put(0x99, 1),
        }
    }

    /// Shift or rotation by `cl`, modulo 64 for 64 bits, else modulo 32.
    #[inline]
    pub fn shift_cl(&mut self, op: Shift, size: Size, dst: impl GprMem) {
        self.extended(0xD2, size, op as u8, dst, Imm::NONE);
    }

    /// Shift or rotation by a constant, modulo 64 for 64 bits, else modulo 32.
    #[inline]
    pub fn shift_imm(&mut self, op: Shift, size: Size, dst: impl GprMem, by: u8) {
        self.extended(0xC0, size, op as u8, dst, Imm::new8(by));
    }

    /// `shlx`, `shrx`, `sarx`: shifts by any register and leaves the flags; needs [`super::Features::bmi2`].
    ///
    /// # Panics
    /// For rotations, which have no such form.
    #[inline]
    pub fn shift_by(&mut self, op: Shift, size: Size, dst: Gpr, src: impl GprMem, by: Gpr) {
        let prefix = match op {
            Shift::Shl => 0x66,
            Shift::Shr => 0xF2,
            Shift::Sar => 0xF3,
            Shift::Rol | Shift::Ror => panic!("no rotation by any register"),
        };
        let operation = Operation {
            opcode: Opcode::new(prefix, 2, 0xF7).wide(size == Size::S64),
            scheme: Scheme::Vex(by.number()),
            reg: dst.number(),
            imm: Imm::NONE,
        };
        src.emit(self, operation);
    }

    /// `rorx dst, src, by`: rotation to the right that leaves the flags; needs [`super::Features::bmi2`].
    #[inline]
    pub fn rotate_right_into(&mut self, size: Size, dst: Gpr, src: impl GprMem, by: u8) {
        let operation = Operation {
            opcode: Opcode::new(0xF2, 3, 0xF0).wide(size == Size::S64),
            scheme: Scheme::Vex(0),
            reg: dst.number(),
            imm: Imm::new8(by),
        };
        src.emit(self, operation);
    }

    /// `andn dst, not, src`: `!not & src`; needs [`super::Features::bmi1`].
    #[inline]
    pub fn and_not(&mut self, size: Size, dst: Gpr, not: Gpr, src: impl GprMem) {
        let operation = Operation {
            opcode: Opcode::new(0, 2, 0xF2).wide(size == Size::S64),
            scheme: Scheme::Vex(not.number()),
            reg: dst.number(),
            imm: Imm::NONE,
        };
        src.emit(self, operation);
    }

    /// Finds or counts bits.
    #[inline]
    pub fn bits(&mut self, op: Bits, size: Size, dst: Gpr, src: impl GprMem) {
        let (prefix, byte) = match op {
            Bits::Bsf => (0, 0xBC),
            Bits::Bsr => (0, 0xBD),
            Bits::Tzcnt => (0xF3, 0xBC),
            Bits::Lzcnt => (0xF3, 0xBD),
            Bits::Popcnt => (0xF3, 0xB8),
        };
        let opcode = Opcode::new(prefix, 1, byte).wide(size == Size::S64);
        self.plain(opcode, dst, src);
    }

    /// `bswap dst`.
    pub fn bswap(&mut self, size: Size, dst: Gpr) {
        let number = u64::from(dst.number());
        let rex = 0x40 | u64::from(size == Size::S64) << 3 | number >> 3;
        self.code
            .put(rex | 0x0F << 8 | (0xC8 | number & 7) << 16, 3);
    }

    /// `setcc dst`: the low byte becomes 1 or 0, the rest stays.
    #[inline]
    pub fn setcc(&mut self, cond: Cond, dst: Gpr) {
        let opcode = Opcode::two(0x90 | cond as u8);
        self.low_byte(opcode, Gpr::new(0), dst);
    }

    /// `cmovcc dst, src`: reads memory whatever the condition; of 32 bits, zero-extends whatever the condition.
    #[inline]
    pub fn cmov(&mut self, cond: Cond, size: Size, dst: Gpr, src: impl GprMem) {
        let opcode = Opcode::two(0x40 | cond as u8).wide(size == Size::S64);
        self.plain(opcode, dst, src);
    }

    /// `xchg a, b`, of registers.
    pub fn xchg(&mut self, size: Size, a: Gpr, b: Gpr) {
        self.plain(Opcode::one(0x87).wide(size == Size::S64), a, b);
    }

    /// `rep stosq`: stores `rax` to `rcx` times 8 bytes from `rdi` on; `rdi` becomes the end, `rcx` zero.
    pub fn rep_stosq(&mut self) {
        self.code.put(0xAB_48F3, 3);
    }

    /// `push src`, 64 bits.
    #[inline]
    pub fn push(&mut self, src: Gpr) {
        self.push_pop(0x50, src);
    }

    /// `pop dst`, 64 bits.
    #[inline]
    pub fn pop(&mut self, dst: Gpr) {
        self.push_pop(0x58, dst);
    }

    #[inline]
    fn push_pop(&mut self, opcode: u64, gpr: Gpr) {
        let number = u64::from(gpr.number());
        if number < 8 {
            self.code.put(opcode | number, 1);
        } else {
            self.code.put(0x41 | (opcode | number & 7) << 8, 2);
        }
    }

    /// An instruction whose sizes are told by prefixes and the lowest bit of its opcode, clear for 8 bits.
    #[inline]
    pub(crate) fn sized(&mut self, byte: u8, size: Size, reg: Gpr, rm: impl GprMem, imm: Imm) {
        let rex = reg.low_byte_needs_rex();
        self.any_size(byte, size, reg.number(), rex, rm, imm);
    }

    /// The same where the place of the register extends the opcode.
    #[inline]
    fn extended(&mut self, byte: u8, size: Size, extension: u8, rm: impl GprMem, imm: Imm) {
        self.any_size(byte, size, extension, false, rm, imm);
    }

    #[inline]
    fn any_size(&mut self, byte: u8, size: Size, reg: u8, rex: bool, rm: impl GprMem, imm: Imm) {
        let (opcode, scheme) = match size {
            Size::S8 if rex || rm.low_byte_needs_rex() => (Opcode::one(byte), Scheme::LegacyByte),
            Size::S8 => (Opcode::one(byte), Scheme::Legacy),
            Size::S16 => (Opcode::one(byte | 1).with_prefix(0x66), Scheme::Legacy),
            Size::S32 => (Opcode::one(byte | 1), Scheme::Legacy),
            Size::S64 => (Opcode::one(byte | 1).wide(true), Scheme::Legacy),
        };
        let operation = Operation {
            opcode,
            scheme,
            reg,
            imm,
        };
        rm.emit(self, operation);
    }

    /// An instruction of which only `rm` is a byte.
    #[inline]
    fn low_byte(&mut self, opcode: Opcode, reg: Gpr, rm: impl GprMem) {
        let scheme = if rm.low_byte_needs_rex() {
            Scheme::LegacyByte
        } else {
            Scheme::Legacy
        };
        rm.emit(
            self,
            Operation {
                opcode,
                scheme,
                reg: reg.number(),
                imm: Imm::NONE,
            },
        );
    }

    #[inline]
    fn plain(&mut self, opcode: Opcode, reg: Gpr, rm: impl GprMem) {
        rm.emit(
            self,
            Operation {
                opcode,
                scheme: Scheme::Legacy,
                reg: reg.number(),
                imm: Imm::NONE,
            },
        );
    }
}

/// An immediate of this size, 32 bits at most.
#[inline]
fn full_imm(size: Size, imm: i32) -> Imm {
    match size {
        Size::S8 => Imm::new8(imm as u8),
        Size::S16 => Imm::new16(imm as u16),
        Size::S32 | Size::S64 => Imm::new32(imm),
    }
}
