//! Evaluating constant expressions: initial values of globals, offsets and elements of segments.

use crate::instance::Instance;
use crate::store::StoreCore;
use abi::Raw;
use module::{ConstExpr, Op};
use ops::Value;

impl StoreCore {
    /// The value of a constant expression of an instance, whose imports and earlier globals are in place.
    ///
    /// # Panics
    /// If the expression is not constant: validation has excluded that.
    pub(crate) fn evaluate(&self, instance: &Instance, expr: &ConstExpr) -> Raw {
        let mut stack: Vec<Raw> = Vec::with_capacity(1);
        for op in expr.ops() {
            let value = match *op {
                Op::I32Const(value) => Raw::from_i32(value),
                Op::I64Const(value) => Raw::from_i64(value),
                Op::F32Const(bits) => Raw::from_u32(bits),
                Op::F64Const(bits) => Raw::from_u64(bits),
                Op::V128Const(value) => Raw::from_u128(value.to_u128()),
                Op::RefNull(_) => Raw::default(),
                Op::RefFunc(func) => Raw::from_u64(self.func_bits(instance.func_number(func))),
                Op::GlobalGet(global) => self.global_raw(instance.global(global)),
                Op::Compute(compute) => {
                    let first = stack.len() - compute.params().len();
                    let operands = compute.params().iter().zip(stack.drain(first..));
                    let args: Vec<Value> = operands
                        .map(|(ty, raw)| Value::from_bits(*ty, raw.u128()))
                        .collect();
                    let value = compute.eval(&args).expect("constant operators do not trap");
                    Raw::from_u128(value.to_bits())
                }
                other => panic!("validation has excluded {other:?} in a constant expression"),
            };
            stack.push(value);
        }
        stack.pop().expect("a constant expression leaves a value")
    }
}
