//! Operators that only compute, and globals.
//!
//! Apart because their meanings are not here but in the rows of `ops`: this is only how operands reach them.

use super::Activation;
use module::GlobalIdx;
use ops::{Compute, Lane, Trap, V128, Wide, v128};
use runtime::Raw;

impl Activation<'_> {
    #[inline]
    pub(super) fn compute(&mut self, compute: Compute) -> Result<(), Trap> {
        let values = &mut self.stack.values;
        let n_operands = compute.eval_on(values)?;
        values.truncate(values.len() - n_operands + 1);
        if self.canonical_nans {
            let result = self.pop();
            self.push(compute.with_canonical_nan_bits(result));
        }
        Ok(())
    }

    pub(super) fn wide(&mut self, op: Wide) {
        let values = &mut self.stack.values;
        let first = values.len() - op.n_operands();
        let mut args = [0; 4];
        for (arg, bits) in args.iter_mut().zip(values.drain(first..)) {
            *arg = bits as u64;
        }
        let results = op.eval(&args[..op.n_operands()]);
        values.extend(results.map(u128::from));
    }

    pub(super) fn lane(&mut self, op: Lane, lane: u8) {
        let values = &mut self.stack.values;
        let n_operands = op.eval_on(lane, values);
        values.truncate(values.len() - n_operands + 1);
    }

    pub(super) fn shuffle(&mut self, lanes: [u8; 16]) {
        let b = V128::from_u128(self.pop());
        let a = V128::from_u128(self.pop());
        self.push(v128::i8x16_shuffle(a, b, lanes).to_u128());
    }

    pub(super) fn global_get(&mut self, global: GlobalIdx) {
        let value = self.store.exec_global_get(self.instance, global);
        self.push(value.u128());
    }

    pub(super) fn global_set(&mut self, global: GlobalIdx) {
        let value = Raw::from_u128(self.pop());
        self.store.exec_global_set(self.instance, global, value);
    }
}
