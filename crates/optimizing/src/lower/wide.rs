//! Operators on 128-bit numbers: Cranelift's own, of which an addition is two instructions and a product one.
//!
//! Apart from other numbers because a 128-bit number is two values outside of these operators.

use super::Lower;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use ir::InstId;
use ops::Wide;

impl Lower<'_> {
    /// Code for an operator on 128-bit numbers.
    pub(super) fn wide(&mut self, id: InstId, op: Wide, args: [ir::Value; 4]) {
        let [a, b, c, d] = args;
        let result = match op {
            Wide::I64Add128 => {
                let (a, b) = (self.joined(a, b), self.joined(c, d));
                self.pos.ins().iadd(a, b)
            }
            Wide::I64Sub128 => {
                let (a, b) = (self.joined(a, b), self.joined(c, d));
                self.pos.ins().isub(a, b)
            }
            Wide::I64MulWideS => {
                let [a, b] = [a, b].map(|half| {
                    let half = self.value(half);
                    self.pos.ins().sextend(types::I128, half)
                });
                self.pos.ins().imul(a, b)
            }
            Wide::I64MulWideU => {
                let [a, b] = [a, b].map(|half| {
                    let half = self.value(half);
                    self.pos.ins().uextend(types::I128, half)
                });
                self.pos.ins().imul(a, b)
            }
        };
        let halves = <[Value; 2]>::from(self.pos.ins().isplit(result));
        for (result, half) in self.func.inst_results(id).zip(halves) {
            self.scratch.values[result.index()] = half;
        }
    }

    /// A number of two halves. Where the high one is nothing, Cranelift needs no carry into it.
    fn joined(&mut self, low: ir::Value, high: ir::Value) -> Value {
        let is_short = self.func.const_bits(high) == Some(0);
        let low = self.value(low);
        if is_short {
            return self.pos.ins().uextend(types::I128, low);
        }
        let high = self.value(high);
        self.pos.ins().iconcat(low, high)
    }
}
