//! Rules for what is loaded and stored, and where.
//!
//! Apart from arithmetic because here addresses meet offsets: a sum that cannot wrap around is an offset, and a store looks at the low
//! bits only.

use super::{Found, Rules};
use crate::ints::{Int, Width, leb_len};
use ir::{Inst, Simplified, Type, Value};
use module::MemoryIdx;
use ops::{Compute, Load, Store};

impl Rules<'_> {
    /// A load or a store.
    pub(super) fn access(&mut self, inst: &Inst) -> Found {
        match *inst {
            Inst::Load {
                op,
                memory,
                offset,
                addr,
            } => {
                let (addr, offset) = self.address(memory, addr, offset)?;
                Some(Simplified::Inst(Inst::Load {
                    op,
                    memory,
                    offset,
                    addr,
                }))
            }
            Inst::Store {
                op,
                memory,
                offset,
                addr,
                value,
            } => {
                if let Some((op, value)) = self.stored(op, value) {
                    return Some(Simplified::Inst(Inst::Store {
                        op,
                        memory,
                        offset,
                        addr,
                        value,
                    }));
                }
                let (addr, offset) = self.address(memory, addr, offset)?;
                Some(Simplified::Inst(Inst::Store {
                    op,
                    memory,
                    offset,
                    addr,
                    value,
                }))
            }
            _ => None,
        }
    }

    /// The same place, with as much as possible of it in the offset.
    fn address(&mut self, memory: MemoryIdx, addr: Value, offset: u64) -> Option<(Value, u64)> {
        let ty = self.header.memories().get(memory.index())?;
        if ty.memory64 || self.func.ty(addr) != Type::I32 {
            return None;
        }
        let fits = |sum: u64| sum <= u32::MAX.into();
        if let Some(number) = self.number(addr) {
            let sum = number + offset;
            let len = |number: u64, offset: u64| {
                leb_len(i64::from(number as u32 as i32)) + unsigned_len(offset)
            };
            if number == 0 || !fits(sum) || len(0, sum) > len(number, offset) {
                return None;
            }
            return Some((self.func.constant(Type::I32, 0), sum));
        }
        // A comparison of wider integers is an address too, but no sum.
        let (Width::W32, op @ (Int::Add | Int::Or), base, number) = self.int_const(addr)? else {
            return None;
        };
        let ones = self.bits.get(self.func, base)?.ones;
        let is_sum = match op {
            Int::Add => fits(ones + number),
            _ => ones & number == 0,
        };
        let sum = offset + number;
        (is_sum && fits(sum)).then_some((base, sum))
    }

    /// A shorter way to store the same bytes.
    fn stored(&self, op: Store, value: Value) -> Option<(Store, Value)> {
        let (convert, of) = self.compute(value)?;
        let op = match (convert, op) {
            (Compute::I64ExtendI32S | Compute::I64ExtendI32U, Store::I64Store8) => Store::I32Store8,
            (Compute::I64ExtendI32S | Compute::I64ExtendI32U, Store::I64Store16) => {
                Store::I32Store16
            }
            (Compute::I64ExtendI32S | Compute::I64ExtendI32U, Store::I64Store32) => Store::I32Store,
            (Compute::I32WrapI64, Store::I32Store8) => Store::I64Store8,
            (Compute::I32WrapI64, Store::I32Store16) => Store::I64Store16,
            (Compute::I32WrapI64, Store::I32Store) => Store::I64Store32,
            (Compute::I32ReinterpretF32, Store::I32Store) => Store::F32Store,
            (Compute::I64ReinterpretF64, Store::I64Store) => Store::F64Store,
            (Compute::F32ReinterpretI32, Store::F32Store) => Store::I32Store,
            (Compute::F64ReinterpretI64, Store::F64Store) => Store::I64Store,
            _ => return None,
        };
        Some((op, of[0]))
    }

    /// A few bytes that are filled are one store.
    pub(super) fn fill(&mut self, memory: MemoryIdx, args: [Value; 3]) -> Found {
        let byte = self.number(args[1]).map(|byte| byte & 0xff);
        let (op, value) = match (self.number(args[2])?, byte) {
            (1, _) => (Store::I32Store8, args[1]),
            (n @ (2 | 4 | 8), Some(byte @ (0 | 0xff))) => {
                let bytes = byte * 0x0101_0101_0101_0101;
                let (op, ty) = match n {
                    2 => (Store::I32Store16, Type::I32),
                    4 => (Store::I32Store, Type::I32),
                    _ => (Store::I64Store, Type::I64),
                };
                let bits = match ty {
                    Type::I32 => u128::from(bytes as u32),
                    _ => u128::from(bytes),
                };
                (op, self.func.constant(ty, bits))
            }
            _ => return None,
        };
        Some(Simplified::Inst(Inst::Store {
            op,
            memory,
            offset: 0,
            addr: args[0],
            value,
        }))
    }

    /// A few bytes that are copied are loaded and stored.
    pub(super) fn copy(&mut self, dst: MemoryIdx, src: MemoryIdx, args: [Value; 3]) -> Found {
        let (load, store) = match self.number(args[2])? {
            1 => (Load::I32Load8U, Store::I32Store8),
            2 => (Load::I32Load16U, Store::I32Store16),
            4 => (Load::I32Load, Store::I32Store),
            8 => (Load::I64Load, Store::I64Store),
            _ => return None,
        };
        let inst = Inst::Load {
            op: load,
            memory: src,
            offset: 0,
            addr: args[1],
        };
        let id = self.new_inst(self.at, inst, load.result().into());
        Some(Simplified::Inst(Inst::Store {
            op: store,
            memory: dst,
            offset: 0,
            addr: args[0],
            value: self.func.result(id),
        }))
    }
}

/// How many bytes an unsigned number takes.
fn unsigned_len(number: u64) -> u32 {
    (64 - number.leading_zeros()).div_ceil(7).max(1)
}
