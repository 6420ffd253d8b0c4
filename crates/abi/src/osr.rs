//! Where a running function keeps its values when other code takes over in a loop (on-stack replacement).
//!
//! Apart because two compilers must agree on it: the one whose code leaves, and the one whose code goes on.

use module::ValType;

/// The places of values below a frame address: locals by index, then the operands at the head of a loop, bottom to top, the
/// loop's parameters last.
///
/// Each takes 8 bytes, a vector 16, one below the other, so that the place of a value depends only on those before it. Values of 32
/// bits are the low half of their place; the rest is not defined. References are as compiled code holds them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OsrFrame {
    bytes: u32,
}

impl OsrFrame {
    /// Size of a value's place, in bytes.
    pub const fn value_bytes(ty: ValType) -> u32 {
        match ty {
            ValType::V128 => 16,
            _ => 8,
        }
    }

    /// Gives the next value its place: how many bytes it starts below the frame address.
    ///
    /// # Panics
    /// If the values take 4 GiB, which the limits of validation exclude.
    pub fn push(&mut self, ty: ValType) -> u32 {
        self.bytes = self
            .bytes
            .checked_add(OsrFrame::value_bytes(ty))
            .expect("a function has fewer values");
        self.bytes
    }

    /// Takes back the place of the last value, which has this type.
    pub fn pop(&mut self, ty: ValType) {
        self.bytes -= OsrFrame::value_bytes(ty);
    }

    /// Size of all places, in bytes.
    pub fn bytes(self) -> u32 {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lie_one_below_the_other() {
        let mut frame = OsrFrame::default();
        let types = [ValType::I32, ValType::V128, ValType::F64];
        assert_eq!(types.map(|ty| frame.push(ty)), [8, 24, 32]);
        frame.pop(ValType::F64);
        assert_eq!(frame.push(ValType::V128), 40);
        assert_eq!(frame.bytes(), 40);
    }
}
