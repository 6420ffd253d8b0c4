//! Integer operators of both widths under one name.
//!
//! Apart because rules of arithmetic are the same for i32 and i64, and should be written once.

use ir::Type;
use ops::Compute;

/// The width of integers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Width {
    W32,
    W64,
}

impl Width {
    /// Number of bits.
    pub(crate) const fn bits(self) -> u32 {
        match self {
            Width::W32 => 32,
            Width::W64 => 64,
        }
    }

    /// A number with all bits set.
    pub(crate) const fn ones(self) -> u64 {
        match self {
            Width::W32 => u32::MAX as u64,
            Width::W64 => u64::MAX,
        }
    }

    /// The type of such integers.
    pub(crate) const fn ty(self) -> Type {
        match self {
            Width::W32 => Type::I32,
            Width::W64 => Type::I64,
        }
    }

    /// The width of a type.
    pub(crate) const fn of(ty: Type) -> Option<Width> {
        match ty {
            Type::I32 => Some(Width::W32),
            Type::I64 => Some(Width::W64),
            _ => None,
        }
    }

    /// A number as a signed one.
    pub(crate) const fn signed(self, number: u64) -> i64 {
        match self {
            Width::W32 => number as u32 as i32 as i64,
            Width::W64 => number as i64,
        }
    }

    /// Whether a number is zero.
    pub(crate) const fn eqz(self) -> Compute {
        match self {
            Width::W32 => Compute::I32Eqz,
            Width::W64 => Compute::I64Eqz,
        }
    }
}

macro_rules! operators {
    ($($name:ident $op32:ident $op64:ident;)*) => {
        /// An operator on two integers.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum Int {
            $($name,)*
        }

        impl Int {
            /// The operator and its width, if it is one on two integers.
            pub(crate) const fn of(op: Compute) -> Option<(Width, Int)> {
                Some(match op {
                    $(
                        Compute::$op32 => (Width::W32, Int::$name),
                        Compute::$op64 => (Width::W64, Int::$name),
                    )*
                    _ => return None,
                })
            }

            /// The operator for a width.
            pub(crate) const fn op(self, width: Width) -> Compute {
                match (self, width) {
                    $(
                        (Int::$name, Width::W32) => Compute::$op32,
                        (Int::$name, Width::W64) => Compute::$op64,
                    )*
                }
            }
        }
    };
}

operators! {
    Add I32Add I64Add;
    Sub I32Sub I64Sub;
    Mul I32Mul I64Mul;
    DivS I32DivS I64DivS;
    DivU I32DivU I64DivU;
    RemS I32RemS I64RemS;
    RemU I32RemU I64RemU;
    And I32And I64And;
    Or I32Or I64Or;
    Xor I32Xor I64Xor;
    Shl I32Shl I64Shl;
    ShrS I32ShrS I64ShrS;
    ShrU I32ShrU I64ShrU;
    Rotl I32Rotl I64Rotl;
    Rotr I32Rotr I64Rotr;
    Eq I32Eq I64Eq;
    Ne I32Ne I64Ne;
    LtS I32LtS I64LtS;
    LtU I32LtU I64LtU;
    GtS I32GtS I64GtS;
    GtU I32GtU I64GtU;
    LeS I32LeS I64LeS;
    LeU I32LeU I64LeU;
    GeS I32GeS I64GeS;
    GeU I32GeU I64GeU;
}

impl Int {
    /// What gives the same for operands that have changed places.
    pub(crate) const fn swapped(self) -> Option<Int> {
        Some(match self {
            Int::Add | Int::Mul | Int::And | Int::Or | Int::Xor | Int::Eq | Int::Ne => self,
            Int::LtS => Int::GtS,
            Int::LtU => Int::GtU,
            Int::GtS => Int::LtS,
            Int::GtU => Int::LtU,
            Int::LeS => Int::GeS,
            Int::LeU => Int::GeU,
            Int::GeS => Int::LeS,
            Int::GeU => Int::LeU,
            _ => return None,
        })
    }

    /// Whether the result says how the operands compare.
    pub(crate) const fn is_comparison(self) -> bool {
        self.negated().is_some()
    }

    /// The comparison that holds just when this one does not.
    pub(crate) const fn negated(self) -> Option<Int> {
        Some(match self {
            Int::Eq => Int::Ne,
            Int::Ne => Int::Eq,
            Int::LtS => Int::GeS,
            Int::LtU => Int::GeU,
            Int::GtS => Int::LeS,
            Int::GtU => Int::LeU,
            Int::LeS => Int::GtS,
            Int::LeU => Int::GtU,
            Int::GeS => Int::LtS,
            Int::GeU => Int::LtU,
            _ => return None,
        })
    }
}

/// How many bytes a number takes as a constant of code, its operator aside.
pub(crate) fn leb_len(number: i64) -> u32 {
    let significant = 65 - (number ^ (number >> 63)).leading_zeros();
    significant.div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_as_long_as_the_encoder_makes_them() {
        let samples = [
            0,
            1,
            63,
            64,
            -64,
            -65,
            8191,
            8192,
            -8192,
            -8193,
            i64::MAX,
            i64::MIN,
        ];
        for number in samples {
            let mut bytes = Vec::new();
            module::encode::signed(&mut bytes, number);
            assert_eq!(bytes.len() as u32, leb_len(number), "{number}");
        }
    }
}
