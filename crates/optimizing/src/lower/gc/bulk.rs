//! Many elements at once: by calls of the runtime, which copies as fast as the machine can.
//!
//! Apart from single elements because the runtime checks everything, and keeps the write barrier.

use super::super::Lower;
use abi::Builtin;
use cranelift_codegen::ir::{InstBuilder, Value, types};

impl Lower<'_> {
    pub(super) fn array_fill(&mut self, args: &[ir::Value]) {
        let (array, at) = (self.value(args[0]), self.value(args[1]));
        let (low, high) = self.halves(args[2]);
        let len = self.value(args[3]);
        self.builtin(Builtin::array_fill, &[array, at, low, high, len]);
    }

    pub(super) fn array_copy(&mut self, args: &[ir::Value]) {
        let args: Vec<Value> = args.iter().map(|&value| self.value(value)).collect();
        self.builtin(Builtin::array_copy, &args);
    }

    pub(super) fn array_init(&mut self, segment: u32, args: &[ir::Value], is_data: bool) {
        let builtin = if is_data {
            Builtin::array_init_data
        } else {
            Builtin::array_init_elem
        };
        let mut all = vec![self.iconst(types::I32, segment.into())];
        for &value in args {
            let value = self.value(value);
            all.push(value);
        }
        self.builtin(builtin, &all);
    }

    /// The low and the high 64 bits of a value.
    fn halves(&mut self, value: ir::Value) -> (Value, Value) {
        let zero = self.iconst(types::I64, 0);
        let found = self.value(value);
        match self.func.ty(value) {
            ir::Type::I32 | ir::Type::Ref => (self.pos.ins().uextend(types::I64, found), zero),
            ir::Type::I64 | ir::Type::FuncRef => (found, zero),
            ir::Type::F32 => {
                let bits = self.bits(types::I32, found);
                (self.pos.ins().uextend(types::I64, bits), zero)
            }
            ir::Type::F64 => (self.bits(types::I64, found), zero),
            ir::Type::V128 => {
                let lanes = self.lanes(value, types::I64X2);
                let low = self.pos.ins().extractlane(lanes, 0);
                (low, self.pos.ins().extractlane(lanes, 1))
            }
        }
    }
}
