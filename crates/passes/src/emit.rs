//! Appending code to the block made last, folding what is constant.
//!
//! Apart because passes that make loops write a lot of it, and should read like what they make.

use crate::tight::Linear;
use ir::{Block, EdgeId, Func, Inst, InstId, Simplified, Term, Type, Value, simplify};
use module::MemoryIdx;
use ops::Compute;
use std::ops::Range;

/// Appends to the last block of a function.
pub(crate) struct Emit<'a> {
    pub func: &'a mut Func,
    /// The operator that the code stands for, as an offset in the module's bytes.
    pub offset: u32,
}

impl Emit<'_> {
    /// An operator that computes.
    pub(crate) fn compute(&mut self, op: Compute, args: &[Value]) -> Value {
        let ty = op.result().into();
        match simplify(self.func, &Inst::compute(op, args)) {
            Simplified::Value(value) => value,
            Simplified::Inst(inst) => self.inst(inst, ty),
            Simplified::Keep => self.inst(Inst::compute(op, args), ty),
        }
    }

    /// An instruction with one result.
    pub(crate) fn inst(&mut self, inst: Inst, ty: Type) -> Value {
        self.func.append(inst, self.offset, &[ty])
    }

    /// An i32.
    pub(crate) fn i32(&mut self, number: u32) -> Value {
        self.func.constant(Type::I32, number.into())
    }

    /// An i64.
    pub(crate) fn i64(&mut self, number: u64) -> Value {
        self.func.constant(Type::I64, number.into())
    }

    /// `a and b`, both 0 or 1.
    pub(crate) fn and(&mut self, a: Value, b: Value) -> Value {
        match (self.func.const_bits(a), self.func.const_bits(b)) {
            (Some(1), _) => b,
            (_, Some(1)) => a,
            _ => self.compute(Compute::I32And, &[a, b]),
        }
    }

    /// The size of a memory with 32-bit addresses and pages of 64 KiB, in bytes, as an i64.
    pub(crate) fn memory_bytes(&mut self, memory: MemoryIdx) -> Value {
        let pages = self.inst(Inst::MemorySize { memory }, Type::I32);
        let pages = self.compute(Compute::I64ExtendI32U, &[pages]);
        let log2 = self.i64(16);
        self.compute(Compute::I64Shl, &[pages, log2])
    }

    /// An access that is known to be inside its memory.
    pub(crate) fn in_bounds(&mut self, inst: Inst, result: Option<Type>) -> Value {
        let value = self.func.append(inst, self.offset, result.as_slice());
        let id = InstId::new(self.func.n_insts() as u32 - 1);
        self.func.set_in_bounds(id);
        value
    }

    /// `a + b`, both i32.
    pub(crate) fn add(&mut self, a: Value, b: Value) -> Value {
        if self.func.const_bits(b) == Some(0) {
            return a;
        }
        if self.func.const_bits(a) == Some(0) {
            return b;
        }
        self.compute(Compute::I32Add, &[a, b])
    }

    /// An i32 times a number.
    pub(crate) fn times(&mut self, value: Value, factor: u32) -> Value {
        if factor == 1 {
            return value;
        }
        let factor = self.i32(factor);
        self.compute(Compute::I32Mul, &[value, factor])
    }

    /// What a linear value is, if the values that it is made of are what `now` says.
    pub(crate) fn linear(&mut self, linear: &Linear, now: impl Fn(Value) -> Value) -> Value {
        let mut sum = self.i32(0);
        for &(value, factor) in &linear.terms {
            let part = self.times(now(value), factor);
            sum = self.add(sum, part);
        }
        let number = self.i32(linear.number);
        self.add(sum, number)
    }
}

/// Ends a block with a branch, or a jump if it is known where.
pub(crate) fn end_with_branch(
    func: &mut Func,
    block: Block,
    cond: Value,
    (then, otherwise): (EdgeId, EdgeId),
    place: u32,
) {
    let term = match func.const_bits(cond) {
        Some(0) => Term::Jump(otherwise),
        Some(_) => Term::Jump(then),
        None => Term::Branch {
            cond,
            then,
            otherwise,
        },
    };
    func.end_block(block, term, place);
}

/// Puts new blocks, which stand behind all others, before those that they lead to: for each of these, in order, its new ones.
pub(crate) fn place_before(func: &mut Func, placed: &[(Block, Range<usize>)]) {
    let Some(n_old) = placed.iter().map(|(_, news)| news.start).min() else {
        return;
    };
    let mut order = Vec::with_capacity(func.n_blocks());
    let mut rest = placed.iter().peekable();
    for old in 0..n_old {
        let old = Block::new(old as u32);
        if let Some((_, news)) = rest.next_if(|(block, _)| *block == old) {
            order.extend(news.clone().map(|block| Block::new(block as u32)));
        }
        order.push(old);
    }
    func.arrange_blocks(&order);
}
