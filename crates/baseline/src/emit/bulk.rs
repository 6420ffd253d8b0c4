//! Many bytes at once: few of them in place, others by the runtime.
//!
//! Apart from single accesses because compilers of languages turn short loops and copies of structures into these operators, and
//! most concern a few bytes: the call would take longer than the work. All bytes are loaded before any is stored, so regions may
//! overlap; pieces overlap too, so that a few of them cover every size.

use crate::emitter::Emitter;
use crate::frame::field;
use crate::kind::Kind;
use crate::regs::{MEMORY, SCRATCH, VMCTX};
use crate::stack::{Entry, Operand, Place};
use abi::{Builtin, MemoryDefLayout};
use asm::x64::{Alu, Cond, Gpr, Label, Mem, Scale, Size, VecOp, Xmm};
use module::{DataIdx, MemoryIdx};
use ops::Trap;

/// Constant sizes up to this many bytes are done in place.
const CONSTANT_MAX: u64 = 128;

/// Vector registers that pieces go through.
const PIECES: usize = 8;

/// Where bytes come from.
#[derive(Clone, Copy)]
enum Source {
    /// From this address on.
    Address(Gpr),
    /// All are the same: eight of them, and sixteen.
    Byte(Gpr, Xmm),
}

/// A place of a piece.
#[derive(Clone, Copy)]
enum Piece {
    /// So many bytes from the start.
    Start(i32),
    /// So many bytes back from the end.
    End(i32),
}

impl Piece {
    /// Its address in a region of `count` bytes from `base` on.
    fn of(self, base: Gpr, count: Gpr) -> Mem {
        match self {
            Piece::Start(at) => Mem::new(base, at),
            Piece::End(back) => Mem::indexed(base, count, Scale::X1, -back),
        }
    }
}

/// Whether a size is worth a look: unknown, or constant and not great.
fn is_small(bytes: Entry) -> bool {
    constant_of(bytes).is_none_or(|bytes| bytes <= CONSTANT_MAX)
}

fn constant_of(bytes: Entry) -> Option<u64> {
    match bytes.place {
        Place::Const(bytes) => Some(bytes),
        _ => None,
    }
}

impl Emitter<'_> {
    pub(crate) fn memory_fill(&mut self, memory: MemoryIdx) {
        let bytes = self.stack[self.stack.len() - 1];
        if !self.is_guarded(memory) || !is_small(bytes) {
            return self.fill_by_call(memory);
        }
        self.spill_temps();
        // One way calls and loads all that calls lose; the other must find it loaded.
        self.make_homes();
        let clean = self.clean;
        let first = self.stack.len() - 3;
        let operands = [
            self.stack[first],
            self.stack[first + 1],
            self.stack[first + 2],
        ];
        let dst = self.copy_operand(operands[0]);
        let count = self.copy_operand(operands[2]);
        self.checked_start(memory, dst, count);
        let word = self.alloc_gpr();
        match operands[1].place {
            Place::Const(byte) => self.asm.mov_imm(word, u64::from_le_bytes([byte as u8; 8])),
            _ => {
                let value = self.copy_operand(operands[1]);
                self.asm.zero_extend(Size::S8, word, value);
                self.asm.mov_imm(SCRATCH, u64::from_le_bytes([1; 8]));
                self.asm.imul(Size::S64, word, SCRATCH);
                self.release(value);
            }
        }
        let vector = self.alloc_xmm();
        self.asm.xmm_from_gpr(Size::S64, vector, word);
        self.asm.vec(VecOp::PUNPCKLQDQ, vector, vector, vector);
        let (call, done) = (self.asm.label(), self.asm.label());
        let source = Source::Byte(word, vector);
        let constant = constant_of(operands[2]);
        self.pieces(constant, dst, count, source, call, done);
        for gpr in [dst, count, word] {
            self.release(gpr);
        }
        self.release_xmm(vector);
        match constant {
            Some(_) => self.truncate(first),
            None => {
                self.asm.bind(call);
                self.fill_by_call(memory);
                self.make_homes();
            }
        }
        self.asm.bind(done);
        self.clean = clean;
    }

    pub(crate) fn memory_copy(&mut self, to: MemoryIdx, from: MemoryIdx) {
        let bytes = self.stack[self.stack.len() - 1];
        if !self.is_guarded(to) || !self.is_guarded(from) || !is_small(bytes) {
            return self.copy_by_call(to, from);
        }
        self.spill_temps();
        // One way calls and loads all that calls lose; the other must find it loaded.
        self.make_homes();
        let clean = self.clean;
        let first = self.stack.len() - 3;
        let operands = [
            self.stack[first],
            self.stack[first + 1],
            self.stack[first + 2],
        ];
        let [dst, src, count] = operands.map(|entry| self.copy_operand(entry));
        self.checked_start(to, dst, count);
        self.checked_start(from, src, count);
        let (call, done) = (self.asm.label(), self.asm.label());
        let constant = constant_of(operands[2]);
        self.pieces(constant, dst, count, Source::Address(src), call, done);
        for gpr in [dst, src, count] {
            self.release(gpr);
        }
        match constant {
            Some(_) => self.truncate(first),
            None => {
                self.asm.bind(call);
                self.copy_by_call(to, from);
                self.make_homes();
            }
        }
        self.asm.bind(done);
        self.clean = clean;
    }

    /// A copy of an operand that stays on the stack, which holds none in temporary registers.
    fn copy_operand(&mut self, entry: Entry) -> Gpr {
        let operand = self.operand(entry);
        let gpr = self.alloc_gpr();
        self.load_operand(entry.kind, gpr, operand);
        gpr
    }

    /// Makes an index of a guarded memory an address; traps if so many bytes from there are not in the memory.
    fn checked_start(&mut self, memory: MemoryIdx, index: Gpr, count: Gpr) {
        let end = self.alloc_gpr();
        // Both are less than 2^32.
        let sum = Mem::indexed(index, count, Scale::X1, 0);
        self.asm.lea(Size::S64, end, sum);
        let def = self.env.layout.memory_def(memory);
        self.asm.load(Size::S64, SCRATCH, field(VMCTX, def));
        let size = field(SCRATCH, MemoryDefLayout::BYTES);
        self.asm.alu(Alu::Cmp, Size::S64, end, size);
        self.trap_if(Cond::Above, Trap::MemoryOutOfBounds);
        self.release(end);
        if self.has_memory && memory.0 == 0 {
            self.asm.alu(Alu::Add, Size::S64, index, MEMORY);
        } else {
            let base = field(VMCTX, self.env.layout.memory_base(memory));
            self.asm.alu(Alu::Add, Size::S64, index, base);
        }
    }

    /// Moves or fills and goes to `done`, or goes to `call` if the size is too great or too small. A constant size falls through.
    fn pieces(
        &mut self,
        constant: Option<u64>,
        dst: Gpr,
        count: Gpr,
        source: Source,
        call: Label,
        done: Label,
    ) {
        if let Some(bytes) = constant {
            return self.constant_pieces(bytes as i32, dst, source);
        }
        let over = self.alloc_gpr();
        let (small, wider) = (self.asm.label(), self.asm.label());
        // 16 to 64?
        self.asm.lea(Size::S32, over, Mem::new(count, -16));
        self.asm.alu_imm(Alu::Cmp, Size::S32, over, 48);
        self.asm.jcc(Cond::Above, small);
        self.asm.alu_imm(Alu::Cmp, Size::S32, over, 16);
        self.asm.jcc(Cond::Above, wider);
        self.vectors(dst, count, source, &[Piece::Start(0), Piece::End(16)]);
        self.asm.jmp(done);
        self.asm.bind(wider);
        let four = [
            Piece::Start(0),
            Piece::Start(16),
            Piece::End(32),
            Piece::End(16),
        ];
        self.vectors(dst, count, source, &four);
        self.asm.jmp(done);
        // 8 to 15?
        self.asm.bind(small);
        self.asm.lea(Size::S32, over, Mem::new(count, -8));
        self.asm.alu_imm(Alu::Cmp, Size::S32, over, 8);
        self.asm.jcc(Cond::AboveEqual, call);
        match source {
            Source::Address(src) => {
                self.asm.load(Size::S64, over, Mem::new(src, 0));
                self.asm
                    .load(Size::S64, SCRATCH, Piece::End(8).of(src, count));
                self.asm.store(Size::S64, Mem::new(dst, 0), over);
                self.asm
                    .store(Size::S64, Piece::End(8).of(dst, count), SCRATCH);
            }
            Source::Byte(word, _) => {
                self.asm.store(Size::S64, Mem::new(dst, 0), word);
                self.asm
                    .store(Size::S64, Piece::End(8).of(dst, count), word);
            }
        }
        self.asm.jmp(done);
        self.release(over);
    }

    /// Loads 16 bytes at each place, then stores them.
    fn vectors(&mut self, dst: Gpr, count: Gpr, source: Source, pieces: &[Piece]) {
        let mut loaded = [None; PIECES];
        for (xmm, piece) in loaded.iter_mut().zip(pieces) {
            *xmm = Some(self.loaded(source, |src| piece.of(src, count)));
        }
        for (xmm, piece) in loaded.into_iter().flatten().zip(pieces) {
            self.store_xmm(Kind::V128, piece.of(dst, count), xmm);
            if let Source::Address(_) = source {
                self.release_xmm(xmm);
            }
        }
    }

    /// 16 bytes of a source.
    fn loaded(&mut self, source: Source, at: impl FnOnce(Gpr) -> Mem) -> Xmm {
        match source {
            Source::Address(src) => {
                let xmm = self.alloc_xmm();
                self.load_xmm(Kind::V128, xmm, at(src));
                xmm
            }
            Source::Byte(_, vector) => vector,
        }
    }

    /// Pieces that cover exactly this many bytes.
    fn constant_pieces(&mut self, bytes: i32, dst: Gpr, source: Source) {
        if bytes >= 16 {
            let n = (bytes as usize).div_ceil(16);
            let start = |nth: usize| (nth as i32 * 16).min(bytes - 16);
            let mut loaded = [None; PIECES];
            for (nth, xmm) in loaded.iter_mut().enumerate().take(n) {
                *xmm = Some(self.loaded(source, |src| Mem::new(src, start(nth))));
            }
            for (nth, xmm) in loaded.into_iter().flatten().enumerate() {
                self.store_xmm(Kind::V128, Mem::new(dst, start(nth)), xmm);
                if let Source::Address(_) = source {
                    self.release_xmm(xmm);
                }
            }
            return;
        }
        let size = match bytes {
            0 => return,
            1 => Size::S8,
            2..=3 => Size::S16,
            4..=7 => Size::S32,
            _ => Size::S64,
        };
        let last = bytes - size.bytes() as i32;
        match source {
            Source::Address(src) => {
                let word = self.alloc_gpr();
                self.asm.load(size, word, Mem::new(src, 0));
                self.asm.load(size, SCRATCH, Mem::new(src, last));
                self.asm.store(size, Mem::new(dst, 0), word);
                self.asm.store(size, Mem::new(dst, last), SCRATCH);
                self.release(word);
            }
            Source::Byte(word, _) => {
                self.asm.store(size, Mem::new(dst, 0), word);
                self.asm.store(size, Mem::new(dst, last), word);
            }
        }
    }

    fn fill_by_call(&mut self, memory: MemoryIdx) {
        let bytes = self.pop_arg();
        let value = self.pop_arg();
        let dst = self.pop_arg();
        let number = Operand::Imm(memory.0.into());
        self.call_builtin(Builtin::memory_fill, &[number, dst, value, bytes], false);
        self.check_builtin();
    }

    fn copy_by_call(&mut self, to: MemoryIdx, from: MemoryIdx) {
        let bytes = self.pop_arg();
        let src = self.pop_arg();
        let dst = self.pop_arg();
        let (to, from) = (Operand::Imm(to.0.into()), Operand::Imm(from.0.into()));
        self.call_builtin(Builtin::memory_copy, &[to, from, dst, src, bytes], false);
        self.check_builtin();
    }

    pub(crate) fn memory_init(&mut self, data: DataIdx, memory: MemoryIdx) {
        let bytes = self.pop_arg();
        let src = self.pop_arg();
        let dst = self.pop_arg();
        let (memory, data) = (Operand::Imm(memory.0.into()), Operand::Imm(data.0.into()));
        self.call_builtin(
            Builtin::memory_init,
            &[memory, data, dst, src, bytes],
            false,
        );
        self.check_builtin();
    }

    pub(crate) fn data_drop(&mut self, data: DataIdx) {
        let data = Operand::Imm(data.0.into());
        self.call_builtin(Builtin::data_drop, &[data], false);
    }
}
