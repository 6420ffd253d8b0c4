//! Constants behind the code of a function, which instructions read relative to themselves.
//!
//! Apart because their places are known only when the code ends.

use crate::Buffer;

/// A constant of the function that is being emitted: the number of its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constant(pub(crate) u32);

/// The constants of a function, 16 bytes each, so that vector instructions may read them.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    constants: Vec<u128>,
    /// Displacements to be filled in: where, and of which constant.
    uses: Vec<(u32, u32)>,
}

/// How many of the last constants are searched for an equal one: enough for what loops repeat, and no cost that grows with
/// the function.
const SEARCHED: usize = 16;

impl Pool {
    pub(crate) fn clear(&mut self) {
        self.constants.clear();
        self.uses.clear();
    }

    /// Notes that the displacement at `at` is to lead to a constant. What stands there is added.
    pub(crate) fn refer(&mut self, at: usize, constant: u32) {
        self.uses.push((at as u32, constant));
    }

    fn place(&mut self, value: u128) -> Constant {
        let first = self.constants.len().saturating_sub(SEARCHED);
        let found = self.constants[first..].iter().position(|&old| old == value);
        let number = match found {
            Some(found) => first + found,
            None => {
                self.constants.push(value);
                self.constants.len() - 1
            }
        };
        Constant(number as u32)
    }

    /// Appends the constants to the code and fills in displacements.
    pub(crate) fn finish(&mut self, code: &mut Buffer) {
        if self.uses.is_empty() {
            return;
        }
        // int3, so that running into the constants would stop.
        while !code.len().is_multiple_of(16) {
            code.put(0xCC, 1);
        }
        let start = code.len() as u32;
        for constant in &self.constants {
            code.extend(&constant.to_le_bytes());
        }
        for &(at, constant) in &self.uses {
            let addend = code.read32(at as usize);
            let distance = (start + constant * 16).wrapping_sub(at);
            code.write32(at as usize, distance.wrapping_add(addend));
        }
        self.uses.clear();
        self.constants.clear();
    }
}

impl super::Assembler {
    /// Places a constant of 64 bits behind the function.
    pub fn constant64(&mut self, value: u64) -> Constant {
        self.pool.place(value.into())
    }

    /// Places a constant of 128 bits behind the function, at a multiple of 16.
    pub fn constant128(&mut self, value: u128) -> Constant {
        self.pool.place(value)
    }
}
