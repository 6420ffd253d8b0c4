//! `memory.copy` and `memory.fill`: small ones in place, others by a call of the runtime.
//!
//! Apart because compilers of languages turn short loops and copies of structures into these operators, and most concern a few
//! bytes: the call would take longer than the work. All bytes are loaded before any is stored, so regions may overlap; pieces
//! overlap too, so that a few of them cover every size:
//!
//! ```text
//! 8 to 15 bytes     [ 8 bytes ]                   16 to 32 bytes   [ 16 bytes ]           33 to 64: two at
//!                      [ 8 bytes ]                                      [ 16 bytes ]      each end
//! ```

use super::Lower;
use crate::code::trap_code;
use crate::signature::{POINTER, VECTOR};
use abi::Builtin;
use cranelift_codegen::cursor::Cursor;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    Block, ConstantData, InstBuilder, MemFlags, Opcode, Type, Value, types,
};
use ir::InstId;
use module::MemoryIdx;
use ops::Trap;

/// Copies and fills of a constant size are done in place up to this many bytes.
const CONSTANT_MAX: u64 = 128;

/// One end of a copy, or what is filled.
#[derive(Clone, Copy)]
struct Region {
    /// Address of the first byte.
    at: Value,
    flags: MemFlags,
}

/// Where bytes come from.
#[derive(Clone, Copy)]
enum Source {
    Region(Region),
    /// All bytes are the low one of this i32.
    Byte(ir::Value),
}

/// A piece: an offset from the start, or back from the end, and the type that covers it.
#[derive(Clone, Copy)]
enum Piece {
    Start(u64, Type),
    End(u64, Type),
}

impl Lower<'_> {
    pub(super) fn memory_copy(
        &mut self,
        id: InstId,
        (to, from): (MemoryIdx, MemoryIdx),
        args: [ir::Value; 3],
    ) {
        let [dst, src, bytes] = args;
        if self.is_guarded(to) && self.is_guarded(from) {
            let count = self.extended(bytes);
            let target = self.region(id, to, dst, count);
            let source = self.region(id, from, src, count);
            self.transfer(bytes, count, target, Source::Region(source), |lower| {
                lower.copy_by_call(to, from, args);
            });
        } else {
            self.copy_by_call(to, from, args);
        }
    }

    pub(super) fn memory_fill(&mut self, id: InstId, memory: MemoryIdx, args: [ir::Value; 3]) {
        let [dst, value, bytes] = args;
        if self.is_guarded(memory) {
            let count = self.extended(bytes);
            let target = self.region(id, memory, dst, count);
            self.transfer(bytes, count, target, Source::Byte(value), |lower| {
                lower.fill_by_call(memory, args);
            });
        } else {
            self.fill_by_call(memory, args);
        }
    }

    fn copy_by_call(&mut self, to: MemoryIdx, from: MemoryIdx, args: [ir::Value; 3]) {
        let to = self.iconst(types::I32, to.0.into());
        let from = self.iconst(types::I32, from.0.into());
        let [dst, src, bytes] = args.map(|value| self.extended(value));
        self.builtin(Builtin::memory_copy, &[to, from, dst, src, bytes]);
    }

    fn fill_by_call(&mut self, memory: MemoryIdx, [dst, value, bytes]: [ir::Value; 3]) {
        let number = self.iconst(types::I32, memory.0.into());
        let (dst, value, bytes) = (self.extended(dst), self.value(value), self.extended(bytes));
        self.builtin(Builtin::memory_fill, &[number, dst, value, bytes]);
    }

    /// The bytes from `start` of a guarded memory; traps if some are outside.
    fn region(&mut self, id: InstId, memory: MemoryIdx, start: ir::Value, count: Value) -> Region {
        let start = self.extended(start);
        if !self.func.is_in_bounds(id) {
            let size = self.memory_bytes(memory);
            // Both are less than 2^32.
            let end = self.pos.ins().iadd(start, count);
            let is_outside = self.pos.ins().icmp(IntCC::UnsignedGreaterThan, end, size);
            self.pos
                .ins()
                .trapnz(is_outside, trap_code(Trap::MemoryOutOfBounds));
        }
        let base = self.memory_base(memory);
        let at = self.pos.ins().iadd(base, start);
        Region {
            at,
            flags: self.memory_flags(memory),
        }
    }

    /// Moves or fills; `by_call` does it for sizes that are too many or too few.
    fn transfer(
        &mut self,
        bytes: ir::Value,
        count: Value,
        target: Region,
        source: Source,
        by_call: impl FnOnce(&mut Self),
    ) {
        match self.func.const_bits(bytes).map(|bits| bits as u64) {
            Some(constant) if constant <= CONSTANT_MAX => {
                let pieces = constant_pieces(constant);
                self.pieces(count, target, source, &pieces);
            }
            Some(_) => by_call(self),
            None => self.transfer_unknown(count, target, source, by_call),
        }
    }

    fn transfer_unknown(
        &mut self,
        count: Value,
        target: Region,
        source: Source,
        by_call: impl FnOnce(&mut Self),
    ) {
        use Piece::{End, Start};
        let [done, call, small, wide, wider, narrow] = self.blocks_after_current();
        self.pos.func.layout.set_cold(call);
        // 16 to 64?
        let over = self.pos.ins().iadd_imm_s(count, -16);
        let is_wide = self
            .pos
            .ins()
            .icmp_imm_u(IntCC::UnsignedLessThanOrEqual, over, 48);
        self.pos.ins().brif(is_wide, wide, &[], small, &[]);

        self.pos.goto_bottom(wide);
        let is_wider = self
            .pos
            .ins()
            .icmp_imm_u(IntCC::UnsignedGreaterThan, over, 16);
        let two = self.pos.func.dfg.make_block();
        self.pos.func.layout.insert_block_after(two, wide);
        self.pos.ins().brif(is_wider, wider, &[], two, &[]);
        self.pos.goto_bottom(two);
        self.pieces(count, target, source, &[Start(0, VECTOR), End(16, VECTOR)]);
        self.pos.ins().jump(done, &[]);

        self.pos.goto_bottom(wider);
        let four = [
            Start(0, VECTOR),
            Start(16, VECTOR),
            End(32, VECTOR),
            End(16, VECTOR),
        ];
        self.pieces(count, target, source, &four);
        self.pos.ins().jump(done, &[]);

        // 8 to 15?
        self.pos.goto_bottom(small);
        let over = self.pos.ins().iadd_imm_s(count, -8);
        let is_narrow = self.pos.ins().icmp_imm_u(IntCC::UnsignedLessThan, over, 8);
        self.pos.ins().brif(is_narrow, narrow, &[], call, &[]);
        self.pos.goto_bottom(narrow);
        self.pieces(
            count,
            target,
            source,
            &[Start(0, types::I64), End(8, types::I64)],
        );
        self.pos.ins().jump(done, &[]);

        self.pos.goto_bottom(call);
        by_call(self);
        self.pos.ins().jump(done, &[]);
        self.pos.goto_bottom(done);
    }

    /// New blocks after the current one, the last of them first.
    pub(super) fn blocks_after_current<const N: usize>(&mut self) -> [Block; N] {
        let current = self.pos.current_block().expect("in a block");
        [(); N].map(|()| {
            let block = self.pos.func.dfg.make_block();
            self.pos.func.layout.insert_block_after(block, current);
            block
        })
    }

    /// Loads or makes all pieces, then stores them.
    fn pieces(&mut self, count: Value, target: Region, source: Source, pieces: &[Piece]) {
        let needs_end = pieces.iter().any(|piece| matches!(piece, Piece::End(..)));
        let end_of = |lower: &mut Self, region: Region| {
            if needs_end {
                lower.pos.ins().iadd(region.at, count)
            } else {
                region.at
            }
        };
        let mut values: Vec<Value> = Vec::with_capacity(pieces.len());
        match source {
            Source::Region(region) => {
                let end = end_of(self, region);
                for &piece in pieces {
                    let (base, offset, ty) = place(piece, region.at, end);
                    let ins = self.pos.ins();
                    let (inst, dfg) = ins.Load(Opcode::Load, ty, region.flags, offset.into(), base);
                    values.push(dfg.first_result(inst));
                }
            }
            Source::Byte(byte) => {
                for &piece in pieces {
                    let (Piece::Start(_, ty) | Piece::End(_, ty)) = piece;
                    values.push(self.repeated(byte, ty));
                }
            }
        }
        let end = end_of(self, target);
        for (&piece, value) in pieces.iter().zip(values) {
            let (base, offset, ty) = place(piece, target.at, end);
            let ins = self.pos.ins();
            ins.Store(Opcode::Store, ty, target.flags, offset.into(), value, base);
        }
    }

    /// The low byte of an i32, in every byte of this type.
    fn repeated(&mut self, byte: ir::Value, ty: Type) -> Value {
        if let Some(bits) = self.func.const_bits(byte) {
            let bytes = [bits as u8; 16];
            if ty == VECTOR {
                let constant = self
                    .pos
                    .func
                    .dfg
                    .constants
                    .insert(ConstantData::from(&bytes[..]));
                return self.pos.ins().vconst(VECTOR, constant);
            }
            let mask = u64::MAX >> (64 - ty.bits());
            let bits = u64::from_le_bytes([bits as u8; 8]) & mask;
            return self.iconst(ty, bits as i64);
        }
        let value = self.value(byte);
        let low = self.pos.ins().ireduce(types::I8, value);
        match ty {
            types::I8 => low,
            VECTOR => self.pos.ins().splat(VECTOR, low),
            _ => {
                let wide = self.pos.ins().uextend(ty, low);
                let mask = u64::MAX >> (64 - ty.bits());
                let ones = self.iconst(ty, (0x0101_0101_0101_0101 & mask) as i64);
                self.pos.ins().imul(wide, ones)
            }
        }
    }
}

fn place(piece: Piece, start: Value, end: Value) -> (Value, i32, Type) {
    match piece {
        Piece::Start(offset, ty) => (start, offset as i32, ty),
        Piece::End(back, ty) => (end, -(back as i32), ty),
    }
}

/// Pieces that cover exactly this many bytes.
fn constant_pieces(bytes: u64) -> Vec<Piece> {
    let widest = match bytes {
        0 => return Vec::new(),
        1 => types::I8,
        2..=3 => types::I16,
        4..=7 => types::I32,
        8..=15 => POINTER,
        _ => VECTOR,
    };
    let width = u64::from(widest.bytes());
    let mut pieces: Vec<Piece> = (0..bytes / width)
        .map(|nth| Piece::Start(nth * width, widest))
        .collect();
    if !bytes.is_multiple_of(width) {
        pieces.push(Piece::Start(bytes - width, widest));
    }
    pieces
}
