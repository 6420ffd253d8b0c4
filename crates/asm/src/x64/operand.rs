//! What instructions are given: registers, sizes, conditions, addresses.
//!
//! Apart because these are words that compilers store and compare, while instructions only read them.

use std::fmt;

use super::pool::Constant;

/// A general register.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Gpr(u8);

#[expect(missing_docs, reason = "names of registers")]
impl Gpr {
    pub const RAX: Gpr = Gpr(0);
    pub const RCX: Gpr = Gpr(1);
    pub const RDX: Gpr = Gpr(2);
    pub const RBX: Gpr = Gpr(3);
    pub const RSP: Gpr = Gpr(4);
    pub const RBP: Gpr = Gpr(5);
    pub const RSI: Gpr = Gpr(6);
    pub const RDI: Gpr = Gpr(7);
    pub const R8: Gpr = Gpr(8);
    pub const R9: Gpr = Gpr(9);
    pub const R10: Gpr = Gpr(10);
    pub const R11: Gpr = Gpr(11);
    pub const R12: Gpr = Gpr(12);
    pub const R13: Gpr = Gpr(13);
    pub const R14: Gpr = Gpr(14);
    pub const R15: Gpr = Gpr(15);
}

impl Gpr {
    /// The register with this number in encodings, modulo 16.
    #[inline]
    pub const fn new(number: u8) -> Gpr {
        Gpr(number & 15)
    }

    /// Its number in encodings, below 16.
    #[inline]
    pub const fn number(self) -> u8 {
        self.0 & 15
    }
}

impl fmt::Debug for Gpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 16] = [
            "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11",
            "r12", "r13", "r14", "r15",
        ];
        f.write_str(NAMES[usize::from(self.number())])
    }
}

/// A vector register, of which we use 128 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Xmm(u8);

impl Xmm {
    /// The register with this number, modulo 16.
    #[inline]
    pub const fn new(number: u8) -> Xmm {
        Xmm(number & 15)
    }

    /// Its number, below 16.
    #[inline]
    pub const fn number(self) -> u8 {
        self.0 & 15
    }
}

impl fmt::Debug for Xmm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "xmm{}", self.0)
    }
}

/// How many bits of a general register or of memory an instruction works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Size {
    /// 8 bits; the rest of a register that is written stays as it was.
    S8,
    /// 16 bits; the rest of a register that is written stays as it was.
    S16,
    /// 32 bits; the upper half of a register that is written becomes zero.
    S32,
    /// 64 bits.
    S64,
}

impl Size {
    /// The size in bytes.
    pub const fn bytes(self) -> u32 {
        1 << self as u32
    }
}

/// A condition on the flags, with its number in encodings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Cond {
    /// OF.
    Overflow = 0,
    /// Not OF.
    NoOverflow = 1,
    /// Unsigned less; carry.
    Below = 2,
    /// Unsigned greater or equal; no carry.
    AboveEqual = 3,
    /// Equal; zero.
    Equal = 4,
    /// Not equal; not zero.
    NotEqual = 5,
    /// Unsigned less or equal.
    BelowEqual = 6,
    /// Unsigned greater.
    Above = 7,
    /// Negative.
    Sign = 8,
    /// Not negative.
    NotSign = 9,
    /// Parity; after a comparison of floats: unordered.
    Parity = 10,
    /// No parity; after a comparison of floats: ordered.
    NoParity = 11,
    /// Signed less.
    Less = 12,
    /// Signed greater or equal.
    GreaterEqual = 13,
    /// Signed less or equal.
    LessEqual = 14,
    /// Signed greater.
    Greater = 15,
}

impl Cond {
    /// All, in the order of their numbers.
    pub const ALL: [Cond; 16] = [
        Cond::Overflow,
        Cond::NoOverflow,
        Cond::Below,
        Cond::AboveEqual,
        Cond::Equal,
        Cond::NotEqual,
        Cond::BelowEqual,
        Cond::Above,
        Cond::Sign,
        Cond::NotSign,
        Cond::Parity,
        Cond::NoParity,
        Cond::Less,
        Cond::GreaterEqual,
        Cond::LessEqual,
        Cond::Greater,
    ];

    /// The condition that holds when this one does not.
    #[inline]
    pub const fn negate(self) -> Cond {
        Cond::ALL[self as usize ^ 1]
    }

    /// The condition that holds for `b, a` when this one holds for `a, b`, after a comparison.
    pub const fn swap(self) -> Cond {
        match self {
            Cond::Below => Cond::Above,
            Cond::Above => Cond::Below,
            Cond::BelowEqual => Cond::AboveEqual,
            Cond::AboveEqual => Cond::BelowEqual,
            Cond::Less => Cond::Greater,
            Cond::Greater => Cond::Less,
            Cond::LessEqual => Cond::GreaterEqual,
            Cond::GreaterEqual => Cond::LessEqual,
            other => other,
        }
    }
}

/// What an index register is multiplied by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Scale {
    /// Times 1.
    X1 = 0,
    /// Times 2.
    X2 = 1,
    /// Times 4.
    X4 = 2,
    /// Times 8.
    X8 = 3,
}

/// An address: base, maybe a scaled index, a displacement; or a constant behind the function.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Mem {
    /// What the address starts from.
    pub(crate) base: Base,
    /// The index; `rsp`, which cannot be one, says that there is none.
    pub(crate) index: Gpr,
    pub(crate) scale: Scale,
    /// The displacement, or the number of the constant.
    pub(crate) disp: i32,
}

/// What an address starts from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base {
    Reg(Gpr),
    /// The same, with a displacement of four bytes whatever its value, to be filled in later.
    Wide(Gpr),
    /// A constant of the pool.
    Pool,
}

impl Mem {
    /// `[base + disp]`.
    #[inline]
    pub const fn new(base: Gpr, disp: i32) -> Mem {
        Mem {
            base: Base::Reg(base),
            index: Gpr::RSP,
            scale: Scale::X1,
            disp,
        }
    }

    /// `[base + index * scale + disp]`.
    ///
    /// # Panics
    /// If `index` is `rsp`, which no encoding has as an index.
    #[inline]
    pub const fn indexed(base: Gpr, index: Gpr, scale: Scale, disp: i32) -> Mem {
        assert!(index.0 != Gpr::RSP.0, "rsp cannot be an index");
        Mem {
            base: Base::Reg(base),
            index,
            scale,
            disp,
        }
    }

    /// `[base + disp]` with a displacement of four bytes whatever its value: a linker will write it. It ends where the
    /// instruction ends, or where its immediate begins.
    #[inline]
    pub const fn wide(base: Gpr, disp: i32) -> Mem {
        Mem {
            base: Base::Wide(base),
            ..Mem::new(base, disp)
        }
    }

    /// A constant that [`super::Assembler::constant64`] or [`super::Assembler::constant128`] placed behind the function.
    #[inline]
    pub const fn constant(constant: Constant) -> Mem {
        Mem {
            base: Base::Pool,
            index: Gpr::RSP,
            scale: Scale::X1,
            disp: constant.0.cast_signed(),
        }
    }

    /// The same address `bytes` further, or none if the displacement leaves its 32 bits or this is a constant.
    pub fn offset(self, bytes: i32) -> Option<Mem> {
        if self.base == Base::Pool {
            return None;
        }
        let disp = self.disp.checked_add(bytes)?;
        Some(Mem { disp, ..self })
    }

    /// Whether the address reads this register.
    pub fn uses(self, gpr: Gpr) -> bool {
        let base = match self.base {
            Base::Reg(base) | Base::Wide(base) => base == gpr,
            Base::Pool => false,
        };
        base || self.index != Gpr::RSP && self.index == gpr
    }
}

impl fmt::Debug for Mem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = match self.base {
            Base::Reg(base) | Base::Wide(base) => base,
            Base::Pool => return write!(f, "[constant {}]", self.disp),
        };
        write!(f, "[{base:?}")?;
        if self.index != Gpr::RSP {
            write!(f, "+{:?}*{}", self.index, 1 << self.scale as u8)?;
        }
        write!(f, "{:+}]", self.disp)
    }
}
