//! Instructions that other processors see as one step, and fences.
//!
//! Apart because each needs the `lock` prefix, which is an error on all others.

use super::Assembler;
use super::encode::{GprMem, Imm, Opcode, Operation, Scheme};
use super::int::Alu;
use super::operand::{Gpr, Mem, Size};

impl Assembler {
    /// `lock op [dst], src`.
    ///
    /// # Panics
    /// For `cmp`, which writes nothing.
    pub fn lock_alu(&mut self, op: Alu, size: Size, dst: Mem, src: Gpr) {
        assert!(op != Alu::Cmp, "a comparison cannot be locked");
        self.lock();
        self.alu_store(op, size, dst, src);
    }

    /// `lock xadd [dst], src`: adds, and `src` becomes what was there; of less than 32 bits, its rest stays.
    pub fn lock_xadd(&mut self, size: Size, dst: Mem, src: Gpr) {
        self.lock();
        self.sized_two(0xC0, size, src, dst);
    }

    /// `lock cmpxchg [dst], src`: if `rax` is there, stores `src`, and else loads into `rax`. ZF says which.
    pub fn lock_cmpxchg(&mut self, size: Size, dst: Mem, src: Gpr) {
        self.lock();
        self.sized_two(0xB0, size, src, dst);
    }

    /// `lock cmpxchg16b [dst]`: the same of 16 bytes, with `rdx:rax` and `rcx:rbx`.
    pub fn lock_cmpxchg16b(&mut self, dst: Mem) {
        self.lock();
        let operation = Operation {
            opcode: Opcode::two(0xC7).wide(true),
            scheme: Scheme::Legacy,
            reg: 1,
            imm: Imm::NONE,
        };
        self.emit_mem(operation, dst);
    }

    /// `xchg [dst], src`: one step without a prefix; of less than 32 bits, the rest of `src` stays.
    pub fn xchg_store(&mut self, size: Size, dst: Mem, src: Gpr) {
        self.sized(0x86, size, src, dst, Imm::NONE);
    }

    /// `mfence`.
    pub fn mfence(&mut self) {
        self.code.put(0xF0_AE0F, 3);
    }

    /// `pause`, for loops that wait.
    pub fn pause(&mut self) {
        self.code.put(0x90F3, 2);
    }

    fn lock(&mut self) {
        self.code.put(0xF0, 1);
    }

    /// As `sized`, behind `0F`.
    fn sized_two(&mut self, byte: u8, size: Size, reg: Gpr, mem: Mem) {
        let (opcode, scheme) = match size {
            Size::S8 if reg.low_byte_needs_rex() => (Opcode::two(byte), Scheme::LegacyByte),
            Size::S8 => (Opcode::two(byte), Scheme::Legacy),
            Size::S16 => (Opcode::two(byte | 1).with_prefix(0x66), Scheme::Legacy),
            Size::S32 => (Opcode::two(byte | 1), Scheme::Legacy),
            Size::S64 => (Opcode::two(byte | 1).wide(true), Scheme::Legacy),
        };
        let operation = Operation {
            opcode,
            scheme,
            reg: reg.number(),
            imm: Imm::NONE,
        };
        self.emit_mem(operation, mem);
    }
}
