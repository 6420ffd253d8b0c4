//! Operators and types to bytes: the binary format, written.
//!
//! Apart from decoding because no validation is involved: what is written is what is said. Whoever writes a module has functions
//! for its parts here, and puts them together. Spec: binary format of the core specification.

use crate::{BlockType, Catch, Extend, HeapType, MemArg, MemoryIdx, Op, RefType, ValType};

#[cfg(test)]
mod tests;

/// The operator that ends an expression.
pub const END: u8 = 0x0b;

/// Appends an unsigned integer in as few bytes as it needs (LEB128).
pub fn unsigned(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed integer in as few bytes as it needs (LEB128).
pub fn signed(out: &mut Vec<u8>, mut value: i64) {
    loop {
        let byte = value as u8 & 0x7f;
        value >>= 7;
        if (value == 0 && byte & 0x40 == 0) || (value == -1 && byte & 0x40 != 0) {
            out.push(byte);
            return;
        }
        out.push(byte | 0x80);
    }
}

/// How many bytes [`unsigned`] appends.
pub const fn unsigned_len(value: u64) -> usize {
    let bits = 64 - (value | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

/// How many bytes [`signed`] appends.
pub const fn signed_len(value: i64) -> usize {
    let magnitude = if value < 0 { !value } else { value };
    let bits = 65 - magnitude.leading_zeros() as usize;
    bits.div_ceil(7)
}

/// Appends bytes after their number.
pub fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    unsigned(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends the type of a value.
pub fn val_type(out: &mut Vec<u8>, ty: ValType) {
    match ty {
        ValType::I32 => out.push(0x7f),
        ValType::I64 => out.push(0x7e),
        ValType::F32 => out.push(0x7d),
        ValType::F64 => out.push(0x7c),
        ValType::V128 => out.push(0x7b),
        ValType::Ref(ty) => ref_type(out, ty),
    }
}

/// Appends the type of a reference.
pub fn ref_type(out: &mut Vec<u8>, ty: RefType) {
    match (ty.nullable, ty.heap) {
        // What is nullable and has a name is that name alone.
        (true, heap) if !matches!(heap, HeapType::Concrete(..)) => {}
        (true, _) => out.push(0x63),
        (false, _) => out.push(0x64),
    }
    heap_type(out, ty.heap);
}

/// Appends what a reference points to.
pub fn heap_type(out: &mut Vec<u8>, ty: HeapType) {
    out.push(match ty {
        HeapType::NoExn => 0x74,
        HeapType::NoFunc => 0x73,
        HeapType::NoExtern => 0x72,
        HeapType::None => 0x71,
        HeapType::Func => 0x70,
        HeapType::Extern => 0x6f,
        HeapType::Any => 0x6e,
        HeapType::Eq => 0x6d,
        HeapType::I31 => 0x6c,
        HeapType::Struct => 0x6b,
        HeapType::Array => 0x6a,
        HeapType::Exn => 0x69,
        HeapType::Concrete(_, index) => return signed(out, index.0.into()),
    });
}

fn block_type(out: &mut Vec<u8>, ty: BlockType) {
    match ty {
        BlockType::Empty => out.push(0x40),
        BlockType::Value(ty) => val_type(out, ty),
        BlockType::Func(index) => signed(out, index.0.into()),
    }
}

/// Appends the number of an operator, as [`ops::Compute::opcode`] gives it.
fn opcode(out: &mut Vec<u8>, opcode: u32) {
    if opcode >= 0x1_0000 {
        out.push((opcode >> 16) as u8);
        unsigned(out, (opcode & 0xffff).into());
    } else {
        out.push(opcode as u8);
    }
}

/// Appends the immediates of an access of that many bytes, with the alignment that they would naturally have.
fn mem_arg(out: &mut Vec<u8>, arg: MemArg, n_bytes: usize) {
    let align = n_bytes.trailing_zeros();
    if arg.memory == MemoryIdx(0) {
        unsigned(out, align.into());
    } else {
        unsigned(out, u64::from(align | 0x40));
        unsigned(out, arg.memory.0.into());
    }
    unsigned(out, arg.offset);
}

/// Appends an operator.
///
/// `labels` is the list in which `br_table` and `try_table` have what they refer to. What [`Op`] does not keep is written as what it
/// would be without further thought: alignments are natural, and the type that `br_on_cast` comes from is the widest one.
pub fn op(out: &mut Vec<u8>, op: &Op, labels: &[u32]) {
    let with = |out: &mut Vec<u8>, code: u32, immediates: &[u32]| {
        opcode(out, code);
        for &immediate in immediates {
            unsigned(out, immediate.into());
        }
    };
    match *op {
        Op::Unreachable => out.push(0x00),
        Op::Nop => out.push(0x01),
        Op::Block(ty) => {
            out.push(0x02);
            block_type(out, ty);
        }
        Op::Loop(ty) => {
            out.push(0x03);
            block_type(out, ty);
        }
        Op::If(ty) => {
            out.push(0x04);
            block_type(out, ty);
        }
        Op::Else => out.push(0x05),
        Op::End => out.push(END),
        Op::Br(depth) => with(out, 0x0c, &[depth]),
        Op::BrIf(depth) => with(out, 0x0d, &[depth]),
        Op::BrTable { first, count } => {
            with(out, 0x0e, &[count - 1]);
            for &label in &labels[first as usize..][..count as usize] {
                unsigned(out, label.into());
            }
        }
        Op::Return => out.push(0x0f),
        Op::Call(func) => with(out, 0x10, &[func.0]),
        Op::CallIndirect { ty, table } => with(out, 0x11, &[ty.0, table.0]),
        Op::ReturnCall(func) => with(out, 0x12, &[func.0]),
        Op::ReturnCallIndirect { ty, table } => with(out, 0x13, &[ty.0, table.0]),
        Op::CallRef(ty) => with(out, 0x14, &[ty.0]),
        Op::ReturnCallRef(ty) => with(out, 0x15, &[ty.0]),
        Op::Throw(tag) => with(out, 0x08, &[tag.0]),
        Op::ThrowRef => out.push(0x0a),
        Op::TryTable { ty, first, count } => {
            out.push(0x1f);
            block_type(out, ty);
            unsigned(out, count.into());
            let words = &labels[first as usize..][..usize::from(count) * Catch::WORDS];
            for catch in words.chunks(Catch::WORDS).map(Catch::from_words) {
                out.push(u8::from(catch.tag.is_none()) << 1 | u8::from(catch.with_ref));
                if let Some(tag) = catch.tag {
                    unsigned(out, tag.0.into());
                }
                unsigned(out, catch.label.into());
            }
        }
        Op::Drop => out.push(0x1a),
        Op::Select => out.push(0x1b),
        Op::LocalGet(local) => with(out, 0x20, &[local]),
        Op::LocalSet(local) => with(out, 0x21, &[local]),
        Op::LocalTee(local) => with(out, 0x22, &[local]),
        Op::GlobalGet(global) => with(out, 0x23, &[global.0]),
        Op::GlobalSet(global) => with(out, 0x24, &[global.0]),
        Op::I32Const(value) => {
            out.push(0x41);
            signed(out, value.into());
        }
        Op::I64Const(value) => {
            out.push(0x42);
            signed(out, value);
        }
        Op::F32Const(bits) => {
            out.push(0x43);
            out.extend_from_slice(&bits.to_le_bytes());
        }
        Op::F64Const(bits) => {
            out.push(0x44);
            out.extend_from_slice(&bits.to_le_bytes());
        }
        Op::V128Const(value) => {
            opcode(out, 0xfd_000c);
            out.extend_from_slice(&value.0);
        }
        Op::Shuffle(lanes) => {
            opcode(out, 0xfd_000d);
            out.extend_from_slice(&lanes);
        }
        Op::Compute(op) => opcode(out, op.opcode()),
        Op::Lane(op, lane) => {
            opcode(out, op.opcode());
            out.push(lane);
        }
        Op::Wide(op) => opcode(out, op.opcode()),
        Op::Load(op, arg) => {
            opcode(out, op.opcode());
            mem_arg(out, arg, op.bytes());
        }
        Op::Store(op, arg) => {
            opcode(out, op.opcode());
            mem_arg(out, arg, op.bytes());
        }
        Op::LoadLane(op, arg, lane) => {
            opcode(out, op.opcode());
            mem_arg(out, arg, op.bytes());
            out.push(lane);
        }
        Op::StoreLane(op, arg, lane) => {
            opcode(out, op.opcode());
            mem_arg(out, arg, op.bytes());
            out.push(lane);
        }
        Op::Atomic(op, arg) => {
            opcode(out, op.opcode());
            mem_arg(out, arg, op.bytes());
        }
        Op::AtomicFence => {
            opcode(out, 0xfe_0003);
            out.push(0);
        }
        Op::MemorySize(memory) => with(out, 0x3f, &[memory.0]),
        Op::MemoryGrow(memory) => with(out, 0x40, &[memory.0]),
        Op::MemoryFill(memory) => with(out, 0xfc_000b, &[memory.0]),
        Op::MemoryCopy { dst, src } => with(out, 0xfc_000a, &[dst.0, src.0]),
        Op::MemoryInit { data, memory } => with(out, 0xfc_0008, &[data.0, memory.0]),
        Op::DataDrop(data) => with(out, 0xfc_0009, &[data.0]),
        Op::RefNull(ty) => {
            out.push(0xd0);
            heap_type(out, ty.heap);
        }
        Op::RefIsNull => out.push(0xd1),
        Op::RefFunc(func) => with(out, 0xd2, &[func.0]),
        Op::RefEq => out.push(0xd3),
        Op::RefAsNonNull => out.push(0xd4),
        Op::BrOnNull(depth) => with(out, 0xd5, &[depth]),
        Op::BrOnNonNull(depth) => with(out, 0xd6, &[depth]),
        Op::TableGet(table) => with(out, 0x25, &[table.0]),
        Op::TableSet(table) => with(out, 0x26, &[table.0]),
        Op::TableSize(table) => with(out, 0xfc_0010, &[table.0]),
        Op::TableGrow(table) => with(out, 0xfc_000f, &[table.0]),
        Op::TableFill(table) => with(out, 0xfc_0011, &[table.0]),
        Op::TableCopy { dst, src } => with(out, 0xfc_000e, &[dst.0, src.0]),
        Op::TableInit { elem, table } => with(out, 0xfc_000c, &[elem.0, table.0]),
        Op::ElemDrop(elem) => with(out, 0xfc_000d, &[elem.0]),
        Op::StructNew(ty) => with(out, 0xfb_0000, &[ty.0]),
        Op::StructNewDefault(ty) => with(out, 0xfb_0001, &[ty.0]),
        Op::StructGet { ty, field, extend } => {
            with(out, extended(0xfb_0002, extend), &[ty.0, field]);
        }
        Op::StructSet { ty, field } => with(out, 0xfb_0005, &[ty.0, field]),
        Op::ArrayNew(ty) => with(out, 0xfb_0006, &[ty.0]),
        Op::ArrayNewDefault(ty) => with(out, 0xfb_0007, &[ty.0]),
        Op::ArrayNewFixed { ty, len } => with(out, 0xfb_0008, &[ty.0, len]),
        Op::ArrayNewData { ty, data } => with(out, 0xfb_0009, &[ty.0, data.0]),
        Op::ArrayNewElem { ty, elem } => with(out, 0xfb_000a, &[ty.0, elem.0]),
        Op::ArrayGet { ty, extend } => with(out, extended(0xfb_000b, extend), &[ty.0]),
        Op::ArraySet(ty) => with(out, 0xfb_000e, &[ty.0]),
        Op::ArrayLen => opcode(out, 0xfb_000f),
        Op::ArrayFill(ty) => with(out, 0xfb_0010, &[ty.0]),
        Op::ArrayCopy { dst, src } => with(out, 0xfb_0011, &[dst.0, src.0]),
        Op::ArrayInitData { ty, data } => with(out, 0xfb_0012, &[ty.0, data.0]),
        Op::ArrayInitElem { ty, elem } => with(out, 0xfb_0013, &[ty.0, elem.0]),
        Op::RefTest(ty) => {
            opcode(out, 0xfb_0014 + u32::from(ty.nullable));
            heap_type(out, ty.heap);
        }
        Op::RefCast(ty) => {
            opcode(out, 0xfb_0016 + u32::from(ty.nullable));
            heap_type(out, ty.heap);
        }
        Op::BrOnCast { depth, to, on_fail } => {
            opcode(out, 0xfb_0018 + u32::from(on_fail));
            out.push(1 | u8::from(to.nullable) << 1);
            unsigned(out, depth.into());
            heap_type(out, to.widest().heap);
            heap_type(out, to.heap);
        }
        Op::AnyConvertExtern => opcode(out, 0xfb_001a),
        Op::ExternConvertAny => opcode(out, 0xfb_001b),
        Op::RefI31 => opcode(out, 0xfb_001c),
        Op::I31Get { signed } => opcode(out, 0xfb_001e - u32::from(signed)),
    }
}

/// Three operators have numbers one behind the other: plain, with sign, without.
const fn extended(plain: u32, extend: Extend) -> u32 {
    match extend {
        Extend::None => plain,
        Extend::Signed => plain + 1,
        Extend::Unsigned => plain + 2,
    }
}
